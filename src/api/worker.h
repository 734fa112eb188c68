/* A few threads for slow computing (passwords, replays) that must hold up neither a loop nor the writer. */
#pragma once

#include "base/base.h"

typedef struct Workers Workers;

Workers *workers_start(TALLOC_CTX *ctx, int threads);
/* False when too much is waiting already. */
NODISCARD bool workers_run(Workers *workers, void (*fn)(void *arg), void *arg);
/* Runs what waits, then ends the threads. */
void workers_stop(Workers *workers);
