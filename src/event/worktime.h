/* Working time: whole-minute arithmetic over weekly hours, shifts (also across midnight), holidays and make-up days, in a
 * real time zone. Pure: no database, no clock. */
#pragma once

#include "base/base.h"

typedef struct {
	int from_min, to_min;     /* minutes from local midnight; to_min may exceed 1440 (night shift) */
} WorkSpan;

typedef struct WorkTime WorkTime; /* immutable, shared between threads */

typedef struct {
	const char *zone;               /* "Asia/Shanghai" */
	WorkSpan week[7][4];            /* Monday first; unused spans are {0,0} */
	const char *const *days_off;    /* "2026-10-01", sorted, NULL-terminated: no work starts on that day */
	const char *const *days_on;     /* make-up days: worked as the Friday of the week plan */
} WorkPlan;

/* NULL on an unknown zone or an impossible span. */
WorkTime *worktime_new(TALLOC_CTX *ctx, const WorkPlan *plan);
bool worktime_is_open(const WorkTime *w, int64_t at_ms);
/* The first moment >= at that is open; INT64_MAX if none within 400 days. */
int64_t worktime_next_open(const WorkTime *w, int64_t at_ms);
/* The moment when `duration_ms` of working time have passed since at. */
int64_t worktime_add(const WorkTime *w, int64_t at_ms, int64_t duration_ms);
/* Working time between two moments (0 if to <= from). */
int64_t worktime_between(const WorkTime *w, int64_t from_ms, int64_t to_ms);
/* First and last moment of the local day that contains at (for "the working day", "today"). */
void worktime_day(const WorkTime *w, int64_t at_ms, int64_t *ret_start, int64_t *ret_end);
