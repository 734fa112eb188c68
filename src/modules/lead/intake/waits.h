/* Visitors who wait for something to become known about a receipt: that it is durable, or what became of it. */
#pragma once

#include "modules/lead/intake/receipt.h"

typedef struct Waits Waits;

/* outcome NULL: the time is up. Called once, on the thread that tells, or on the watch thread. */
typedef void (*WaitFn)(void *arg, const Outcome *outcome);

Waits *waits_start(TALLOC_CTX *ctx);
/* Everybody who still waits is told NULL. */
void waits_stop(Waits *waits);
void waits_add(Waits *waits, Id receipt, int64_t for_ms, WaitFn fn, void *arg);
void waits_tell(Waits *waits, const Outcome *outcome);
