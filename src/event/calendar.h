/* Calendars: the WorkTime of a `calendar` record. Its field `week` is {"mon":[["09:00","18:00"]],...,"sun":[]}; a
 * span may end up to "32:00" (night shift, belongs to the day it starts); at most four spans a day. `holidays` "cn"
 * takes the built-in table of Chinese public holidays and make-up days, the lists `days_off` and `days_on` overrule
 * it. */
#pragma once

#include "event/worktime.h"
#include "record/record.h"

/* Latest end of a span, minutes from the midnight its day begins with. */
#define CALENDAR_SPAN_END_MAX (32 * 60)
/* Days in each of the lists days_off and days_on. */
#define CALENDAR_DAYS_MAX 1000

/* The fields of a calendar; each text may be NULL: Asia/Shanghai, never open, no table, no days. */
typedef struct {
	const char *zone, *week, *holidays, *days_off, *days_on;
} CalendarText;

/* Why a calendar is refused; all literals. */
typedef struct {
	const char *field, *code, *en, *zh;
} CalendarFault;

/* NULL and *ret_fault when a field cannot be understood. */
WorkTime *calendar_parse(TALLOC_CTX *ctx, const CalendarText *text, CalendarFault *ret_fault);
/* Monday to Friday 09:00 to 18:00 in Shanghai with Chinese holidays: for who has no calendar. */
WorkTime *calendar_default(TALLOC_CTX *ctx);
/* The WorkTime of a calendar record. */
WorkTime *calendar_of(TALLOC_CTX *ctx, const Record *record, CalendarFault *ret_fault);
/* Its start registers the check that refuses a calendar record nobody could work by. */
extern const struct Module calendar_module;

/* "2026-10-01", sorted, NULL-terminated. */
extern const char *const holidays_cn_off[], *const holidays_cn_on[];
