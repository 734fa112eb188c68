/* Time. Business time rides on the monotonic clock plus the largest difference to the wall clock seen so far: a wall
 * clock set forward is followed, one set back is not, and timers go on firing either way. */
#include "base/clock.h"

#include "base/base_int.h"
#include <assert.h>
#include <time.h>

#define NS_PER_MS INT64_C(1000000)

static int64_t read_ns(clockid_t which)
{
	struct timespec t;
	int r = clock_gettime(which, &t);
	assert(r == 0);
	return (int64_t)t.tv_sec * (1000 * NS_PER_MS) + t.tv_nsec;
}

/* Raises *cell to at least value and returns what it then holds. */
static int64_t raise_to(_Atomic int64_t *cell, int64_t value)
{
	int64_t seen = atomic_load(cell);
	while (seen < value && !atomic_compare_exchange_weak(cell, &seen, value))
		;
	return seen < value ? value : seen;
}

int64_t clock_combine(Clock *clock, int64_t real_ns, int64_t mono_ns)
{
	/* Being interrupted between the two readings makes the difference too small, never too large. */
	int64_t guard_ns = raise_to(&clock->guard_ns, real_ns - mono_ns);
	return (mono_ns + guard_ns) / NS_PER_MS + atomic_load(&clock->offset_ms);
}

int64_t clock_now_ms(Clock *clock)
{
	int64_t real_ns = read_ns(CLOCK_REALTIME);
	return clock_combine(clock, real_ns, read_ns(CLOCK_MONOTONIC));
}

int64_t clock_steady_ms(Clock *clock)
{
	return clock_now_ms(clock) - atomic_load(&clock->offset_ms);
}

void clock_start_at(Clock *clock, int64_t steady_ms)
{
	(void)raise_to(&clock->guard_ns, steady_ms * NS_PER_MS - read_ns(CLOCK_MONOTONIC));
}

void clock_move_to(Clock *clock, int64_t now_ms)
{
	int64_t offset_ms = atomic_load(&clock->offset_ms);
	int64_t wanted = offset_ms + (now_ms - clock_now_ms(clock));
	(void)raise_to(&clock->offset_ms, wanted);
}

int64_t clock_real_ms(void)
{
	return read_ns(CLOCK_REALTIME) / NS_PER_MS;
}

int64_t clock_monotonic_ms(void)
{
	return read_ns(CLOCK_MONOTONIC) / NS_PER_MS;
}

int64_t clock_monotonic_us(void)
{
	return read_ns(CLOCK_MONOTONIC) / 1000;
}
