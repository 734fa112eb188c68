/* The one source of time. Business time can be moved forward by tests (--test-clock); real time cannot. */
#pragma once

#include "base/base.h"
#include <stdatomic.h>

/* Zero-initialise, or start with a kept offset: Clock clock = {.offset_ms = kept}; */
typedef struct Clock {
	_Atomic int64_t offset_ms; /* business time minus real time */
	_Atomic int64_t guard_ns;  /* largest (real - monotonic) seen: what keeps time from running backwards */
} Clock;

/* Business time, milliseconds UTC. Never runs backwards within a process, even if the system clock is set back: it then
 * goes on at its usual pace from where it was. */
int64_t clock_now_ms(Clock *clock);
/* Business time without what tests moved it by: what has to outlive the process. */
int64_t clock_steady_ms(Clock *clock);
/* Steady time is steady_ms at least from now on, whatever the wall clock says: where the process before left it. */
void clock_start_at(Clock *clock, int64_t steady_ms);
/* Moves business time so that it reads now_ms at this instant; ignored if that would run it backwards. */
void clock_move_to(Clock *clock, int64_t now_ms);
/* Real wall time, for sessions and rate limits. */
int64_t clock_real_ms(void);
/* Monotonic time, for measuring and deadlines of input and output. */
int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);
