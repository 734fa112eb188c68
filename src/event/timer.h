/* Durable timers: rows in the database, run by one thread in order of due time, each as a writing Call of the module that
 * owns the kind (call/module.h TimerKind). The Call's now_ms is the due time if the test clock jumps over it, else the
 * present: a jump of hours plays every step in its own time. Missed ones run at start. */
#pragma once

#include "call/call.h"

typedef struct Timers Timers;

extern const char *const timer_migrations[];

/* Sets the timer of (kind, subject), replacing one that stands. payload: JSON text or NULL. */
NODISCARD int timer_set(Call *c, const char *kind, Id subject, int64_t due_ms, const char *payload);
NODISCARD int timer_cancel(Call *c, const char *kind, Id subject);

Timers *timers_start(TALLOC_CTX *ctx, House *house);
void timers_stop(Timers *timers);
/* Moves the test clock to `to_ms`, running every timer due on the way at its own time; returns when all have run. */
NODISCARD int timers_advance(Timers *timers, int64_t to_ms);
