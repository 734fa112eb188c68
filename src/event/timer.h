/* Durable timers: rows in the database, run by one thread in order of due time, each as a writing Call of the module
 * that owns the kind (call/module.h TimerKind). The Call's now_ms is the due time if the test clock jumps over it,
 * else the present: a jump of hours plays every step in its own time. Missed ones run at start.
 *
 * The row is deleted in the transaction of the handler, before it runs: the handler may set the timer again. A
 * handler that fails undoes only itself; it is tried again after 1 s, 5 s, 30 s, 2 min, 10 min and then every hour,
 * and each failure is logged. Several timers share a transaction, so a handler must not keep effects outside it but
 * by tx_on_commit. */
#pragma once

#include "call/call.h"

typedef struct Timers Timers;

extern const char *const timer_migrations[];

/* Sets the timer of (kind, subject), replacing one that stands. subject may be nil. payload: JSON text or NULL. */
NODISCARD int timer_set(Call *c, const char *kind, Id subject, int64_t due_ms, const char *payload);
/* The same, but one that stands and is due earlier stays as it is. */
NODISCARD int timer_set_earliest(Call *c, const char *kind, Id subject, int64_t due_ms, const char *payload);
NODISCARD int timer_cancel(Call *c, const char *kind, Id subject);

/* Puts itself into house->timers before its thread runs; nothing needs to be assigned. */
Timers *timers_start(TALLOC_CTX *ctx, House *house);
/* Lets the timers under way finish and ends the thread. Before store_close. */
void timers_stop(Timers *timers);
/* Moves the test clock to `to_ms`, running every timer due on the way at its own time; returns when all have run,
 * also those that were set by these. Never from a store thread. 0, or the Err that kept a timer from being run or put
 * off. */
NODISCARD int timers_advance(Timers *timers, int64_t to_ms);
extern const struct Module timer_module; /* the table */
