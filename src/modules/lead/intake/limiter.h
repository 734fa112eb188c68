/* How often one visitor may knock: so many times a minute and an hour, counted in sliding windows of real time. */
#pragma once

#include "base/id.h"

typedef struct Limiter Limiter;

Limiter *limiter_new(TALLOC_CTX *ctx);
/* Counts one knock of `visitor` at `door`. 0: let in; else the seconds after which to try again. A refused knock does
 * not count. Thread-safe. */
int limiter_knock(Limiter *limiter, Id door, const char *visitor, int a_minute, int an_hour, int64_t now_ms);
