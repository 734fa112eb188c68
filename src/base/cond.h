/* Conditions that wait by the monotonic clock: setting the wall clock neither shortens nor lengthens a wait. */
#pragma once

#include <pthread.h>

#include "base/base.h"

/* Before the first wait; freed with pthread_cond_destroy. */
void cond_init(pthread_cond_t *cond);
/* Waits, under the lock, until woken or until that moment of clock_monotonic_us(); false when the time is over. May
 * wake for no reason, as conditions do. */
bool cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t at_us);
