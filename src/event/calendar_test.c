/* Calendars from the JSON of a record, and the table of holidays against its second source. */
#include "event/calendar.h"

#include <string.h>

#include "base/check.h"
#include "event/event_test.h"

#define NOON_CN(day) ((day) * DAY_MS + 4 * HOUR_MS)

static const char week_text[] =
	"{\"mon\":[[\"09:00\",\"12:00\"],[\"13:30\",\"18:00\"]],\"tue\":[[\"22:00\",\"32:00\"]],\"sun\":[]}";

/* Monday 2026-11-23 00:00 in Shanghai */
#define MONDAY INT64_C(1795363200000)

TEST(calendar, reads_spans_of_the_week)
{
	CalendarFault fault;
	const CalendarText text = {.zone = "Asia/Shanghai", .week = week_text, .holidays = "none"};
	WorkTime *w = calendar_parse(NULL, &text, &fault);
	CHECK(w != NULL);
	int64_t start, end;
	worktime_day(w, MONDAY, &start, &end);
	CHECK_INT(start, MONDAY);
	CHECK(worktime_is_open(w, MONDAY + 9 * HOUR_MS));
	CHECK(!worktime_is_open(w, MONDAY + 12 * HOUR_MS));
	CHECK(worktime_is_open(w, MONDAY + 13 * HOUR_MS + 30 * MINUTE_MS));
	CHECK(worktime_is_open(w, MONDAY + (48 + 7) * HOUR_MS));  /* Tuesday's night */
	CHECK(!worktime_is_open(w, MONDAY + (48 + 8) * HOUR_MS));
	CHECK_INT(worktime_between(w, MONDAY, MONDAY + 7 * DAY_MS), (3 + 4) * HOUR_MS + 30 * MINUTE_MS + 10 * HOUR_MS);
	talloc_free(w);
}

TEST(calendar, lets_the_company_overrule_the_holidays)
{
	CalendarFault fault;
	const CalendarText text = {.week = "{\"thu\":[[\"09:00\",\"18:00\"]],\"fri\":[[\"09:00\",\"18:00\"]]}",
		.holidays = "cn",
		.days_off = "[\"2026-10-10\"]", .days_on = "[\"2026-10-01\"]"};
	WorkTime *w = calendar_parse(NULL, &text, &fault);
	CHECK(w != NULL);
	const int64_t oct_1 = 20727;
	CHECK(worktime_is_open(w, NOON_CN(oct_1)));      /* works on National Day */
	CHECK(!worktime_is_open(w, NOON_CN(oct_1 + 1))); /* as everybody else on the 2nd */
	CHECK(!worktime_is_open(w, NOON_CN(oct_1 + 9))); /* and does not make up for it */
	CHECK(worktime_is_open(w, NOON_CN(oct_1 - 11))); /* but does on 20 September */
	talloc_free(w);
}

static void check_fault(CalendarText text, const char *field, const char *code)
{
	CalendarFault fault = {0};
	CHECK(calendar_parse(NULL, &text, &fault) == NULL);
	CHECK_TEXT(fault.field, field);
	CHECK_TEXT(fault.code, code);
	CHECK(fault.en != NULL && fault.zh != NULL);
}

TEST(calendar, says_what_is_wrong)
{
	check_fault((CalendarText){.zone = "Mars/Olympus"}, "zone", "unknown_zone");
	check_fault((CalendarText){.week = "[]"}, "week", "bad_week");
	check_fault((CalendarText){.week = "{\"mon\":"}, "week", "bad_week");
	check_fault((CalendarText){.week = "{\"monday\":[]}"}, "week", "bad_week");
	check_fault((CalendarText){.week = "{\"mon\":[[\"9:00\",\"18:00\"]]}"}, "week", "bad_week");
	check_fault((CalendarText){.week = "{\"mon\":[[\"09:00\"]]}"}, "week", "bad_week");
	check_fault((CalendarText){.week = "{\"mon\":[[\"18:00\",\"09:00\"]]}"}, "week", "bad_span");
	check_fault((CalendarText){.week = "{\"mon\":[[\"22:00\",\"32:01\"]]}"}, "week", "bad_span");
	check_fault((CalendarText){.week = "{\"mon\":[[\"25:00\",\"26:00\"]]}"}, "week", "bad_span");
	check_fault((CalendarText){.holidays = "us"}, "holidays", "unknown_table");
	check_fault((CalendarText){.days_off = "[\"2026-1-1\"]"}, "days_off", "bad_date");
	check_fault((CalendarText){.days_off = "[\"2026-02-30\"]"}, "days_off", "bad_date");
	check_fault((CalendarText){.days_on = "[7]"}, "days_on", "bad_date");
	check_fault((CalendarText){.days_on = "[\"2026-13-01\"]"}, "days_on", "bad_date");
	check_fault((CalendarText){.days_off = "[\"2026-01-01\"]", .days_on = "[\"2026-01-01\"]"}, "days_on", "on_and_off");
}

/* The second source, row by row */
static void check_holiday(const CheckRow *row, void *arg)
{
	size_t *place = arg;
	bool on = strcmp(row->verdict, "on") == 0;
	const char *const *table = on ? holidays_cn_on : holidays_cn_off;
	CHECK_TEXT(table[place[on]++], row->name);
}

TEST(calendar, holds_the_holidays_both_sources_agree_on)
{
	size_t place[2] = {0, 0};
	CHECK_INT(check_rows(TESTS_DIR "/data/holidays/cn.tsv", check_holiday, place), 89 + 19);
	CHECK(holidays_cn_off[place[0]] == NULL);
	CHECK(holidays_cn_on[place[1]] == NULL);
}

TEST(calendar, works_office_hours_by_default)
{
	WorkTime *w = calendar_default(NULL);
	CHECK(worktime_is_open(w, MONDAY + 9 * HOUR_MS));
	CHECK(!worktime_is_open(w, MONDAY + 18 * HOUR_MS));
	CHECK(!worktime_is_open(w, MONDAY + 5 * DAY_MS + 12 * HOUR_MS));
	talloc_free(w);
}

static int calendar_create(Call *c, void *arg)
{
	Record *r = record_new(c, meta_object_of(c, "calendar"));
	record_set_text(r, "name", "night");
	record_set_text(r, "week", arg);
	int err = record_create(c, r, RECORD_AS_HOUSE);
	if (err < 0) {
		CHECK_TEXT(c->faults->field, "week");
		CHECK_TEXT(c->faults->code, "bad_span");
		return err;
	}
	CalendarFault fault;
	WorkTime *w = calendar_of(c, r, &fault);
	CHECK(w != NULL && worktime_is_open(w, MONDAY + 23 * HOUR_MS));
	return 0;
}

TEST(calendar, is_checked_before_a_record_is_written)
{
	TestHouse *t = test_house_new(NULL);
	CHECK_INT(calendar_module.start(&t->house), 0);
	CHECK_INT(test_write(t, 0, calendar_create, "{\"mon\":[[\"22:00\",\"30:00\"]]}"), 0);
	CHECK_INT(test_write(t, 0, calendar_create, "{\"mon\":[[\"22:00\",\"06:00\"]]}"), ERR_INVALID);
	CHECK_INT(test_count(t, "SELECT COUNT(*) FROM calendar WHERE name = $1", value_text("night")), 1);
	test_house_free(t);
}
