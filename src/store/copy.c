/* The pace of a copy: bytes are counted, and whoever is ahead of the pace rests. */
#include "store/copy.h"

#include "base/clock.h"
#include <errno.h>
#include <time.h>

#define REST_US_MAX 50000 /* so that a stop is seen soon */

static void rest(int64_t us)
{
	struct timespec time = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &time, &time) == EINTR)
		continue;
}

bool copy_pace(CopyWatch *watch, int64_t bytes, int64_t began_us)
{
	int64_t done = atomic_fetch_add(&watch->done, bytes) + bytes;
	if (watch->bytes_per_second <= 0)
		return !atomic_load(&watch->stop);
	int64_t due_us = began_us + done * 1000000 / watch->bytes_per_second;
	for (int64_t left_us; !atomic_load(&watch->stop) && (left_us = due_us - clock_monotonic_us()) > 0;)
		rest(left_us < REST_US_MAX ? left_us : REST_US_MAX);
	return !atomic_load(&watch->stop);
}
