/* Working time: whole-minute arithmetic over weekly hours, shifts (also across midnight), holidays and make-up days,
 * in a real time zone. Pure: no database, no clock. A shift belongs to the day it starts, also when it ends in a
 * holiday. On the day the clocks change a span begins and ends at the first moment the local clock shows that time or
 * later. Years 1970 to 2099; outside them nothing is open. The first question about a year costs about a millisecond,
 * all others under one microsecond. */
#pragma once

#include "base/base.h"

typedef struct {
	int from_min, to_min;     /* minutes from local midnight; to_min may exceed 1440 (night shift) */
} WorkSpan;

typedef struct WorkTime WorkTime; /* immutable, shared between threads */

typedef struct {
	const char *zone;               /* "Asia/Shanghai" */
	WorkSpan week[7][4];            /* Monday first; unused spans are {0,0} and come last */
	const char *const *days_off;    /* "2026-10-01", NULL-terminated, may be NULL: no work starts on that day */
	const char *const *days_on;     /* make-up days: worked as the Friday of the week plan; days_off rules over it */
} WorkPlan;

/* NULL on an unknown zone, an impossible span (longer than to the end of the next day) or date. */
WorkTime *worktime_new(TALLOC_CTX *ctx, const WorkPlan *plan);
bool worktime_is_open(const WorkTime *w, int64_t at_ms);
/* The first moment >= at that is open; INT64_MAX if none within 400 days. */
int64_t worktime_next_open(const WorkTime *w, int64_t at_ms);
/* The earliest moment when `duration_ms` of working time have passed since at (at itself for 0 or less); INT64_MAX if
 * the work never opens again. */
int64_t worktime_add(const WorkTime *w, int64_t at_ms, int64_t duration_ms);
/* Working time between two moments (0 if to <= from). */
int64_t worktime_between(const WorkTime *w, int64_t from_ms, int64_t to_ms);
/* First and last millisecond of the local day that contains at (for "the working day", "today"). */
void worktime_day(const WorkTime *w, int64_t at_ms, int64_t *ret_start, int64_t *ret_end);
/* The same of the day that lies so many days after it: the first moment at which the local clock of that day shows the
 * minute (of the day, from 0) or later. Also of a day that has no midnight, or no such minute. */
int64_t worktime_moment(const WorkTime *w, int64_t at_ms, int days, int minute);
#define WORKTIME_DATE_SIZE 11
/* The date of that day, "2026-11-28". */
const char *worktime_date(const WorkTime *w, int64_t at_ms, int days, char out[static WORKTIME_DATE_SIZE]);
/* Does any work start on that day? */
bool worktime_works_on(const WorkTime *w, int64_t at_ms, int days);
