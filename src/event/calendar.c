/* Turns the fields of a calendar record into a WorkPlan, with a sentence for every way they can be wrong. */
#include "event/calendar.h"

#include <stdlib.h>
#include <string.h>

#include "call/module.h"
#include "record/phase.h"

#define SPANS_A_DAY 4

static const char *const day_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static const CalendarFault fault_zone = {"zone", "unknown_zone",
	"There is no time zone of that name; write it like Asia/Shanghai.",
	"没有这个时区；请写成 Asia/Shanghai 这样的名称。"};
static const CalendarFault fault_week = {"week", "bad_week",
	"The week is an object with the days mon to sun, each a list of spans like [\"09:00\",\"18:00\"], at most "
	"four a day.",
	"每周时段应为 mon 到 sun 的对象，每天是 [\"09:00\",\"18:00\"] 这样的时段列表，每天最多四段。"};
static const CalendarFault fault_span = {"week", "bad_span",
	"A span begins before 24:00 and ends after its beginning, at the latest at 32:00 (08:00 of the next day).",
	"时段须在 24:00 之前开始，结束须晚于开始，最晚到 32:00（次日 08:00）。"};
static const CalendarFault fault_holidays = {"holidays", "unknown_table", "Choose cn or none.", "请选择 cn 或 none。"};
static const CalendarFault fault_days_off = {"days_off", "bad_date",
	"The list holds dates like \"2026-10-01\", at most 1000.",
	"列表中应为 \"2026-10-01\" 这样的日期，最多 1000 个。"};
static const CalendarFault fault_days_on = {"days_on", "bad_date",
	"The list holds dates like \"2026-10-01\", at most 1000.",
	"列表中应为 \"2026-10-01\" 这样的日期，最多 1000 个。"};
static const CalendarFault fault_both = {"days_on", "on_and_off", "A date is in both lists; take it out of one.",
	"同一日期同时在休息日和工作日列表中；请从其中一个移除。"};

/* The week */

/* "09:00" to minutes; -1 if it is no time of day, or later than 47:59. */
static int minutes_parse(const char *text)
{
	if (text == NULL || strlen(text) != 5 || text[2] != ':')
		return -1;
	for (int i = 0; i < 5; i++) {
		if (i != 2 && (text[i] < '0' || text[i] > '9'))
			return -1;
	}
	int hours = (text[0] - '0') * 10 + text[1] - '0', minutes = (text[3] - '0') * 10 + text[4] - '0';
	return hours < 48 && minutes < 60 ? hours * 60 + minutes : -1;
}

static const CalendarFault *span_parse(const json_t *pair, WorkSpan *ret)
{
	if (!json_is_array(pair) || json_array_size(pair) != 2)
		return &fault_week;
	int from = minutes_parse(json_string_value(json_array_get(pair, 0)));
	int to = minutes_parse(json_string_value(json_array_get(pair, 1)));
	if (from < 0 || to < 0)
		return &fault_week;
	if (from >= 24 * 60 || to <= from || to > CALENDAR_SPAN_END_MAX)
		return &fault_span;
	*ret = (WorkSpan){from, to};
	return NULL;
}

static const CalendarFault *day_parse(const json_t *spans, WorkSpan day[static SPANS_A_DAY])
{
	if (!json_is_array(spans) || json_array_size(spans) > SPANS_A_DAY)
		return &fault_week;
	for (size_t i = 0; i < json_array_size(spans); i++) {
		const CalendarFault *fault = span_parse(json_array_get(spans, i), &day[i]);
		if (fault != NULL)
			return fault;
	}
	return NULL;
}

static const CalendarFault *week_parse(TALLOC_CTX *mem, const char *text, WorkPlan *plan)
{
	JsonFault ignored;
	if (text == NULL)
		return NULL;
	const json_t *week = json_parse(mem, text, strlen(text), &ignored);
	if (json_is_null(week))
		return NULL;
	if (!json_is_object(week))
		return &fault_week;
	size_t known = 0;
	for (size_t i = 0; i < ARRAY_LEN(day_names); i++) {
		const json_t *spans = json_object_get(week, day_names[i]);
		if (spans == NULL)
			continue;
		known++;
		const CalendarFault *fault = day_parse(spans, plan->week[i]);
		if (fault != NULL)
			return fault;
	}
	return known == json_object_size(week) ? NULL : &fault_week;
}

/* The days */

static bool date_shaped(const char *text)
{
	static const char shape[] = "dddd-dd-dd";
	if (text == NULL || strlen(text) != sizeof(shape) - 1)
		return false;
	for (size_t i = 0; shape[i] != '\0'; i++) {
		if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
			return false;
	}
	return true;
}

/* A NULL-terminated list of the dates in a JSON array; NULL when it is none. */
static const char **days_parse(TALLOC_CTX *mem, const char *text)
{
	JsonFault ignored;
	const json_t *list = text == NULL ? NULL : json_parse(mem, text, strlen(text), &ignored);
	if (text != NULL && !json_is_null(list) && !json_is_array(list))
		return NULL;
	size_t n = json_array_size(list);
	if (n > CALENDAR_DAYS_MAX)
		return NULL;
	const char **days = talloc_zero_array(mem, const char *, n + 1);
	for (size_t i = 0; i < n; i++) {
		days[i] = json_string_value(json_array_get(list, i));
		if (!date_shaped(days[i]))
			return NULL;
	}
	return days;
}

static bool days_have(const char *const *days, const char *day)
{
	for (; *days != NULL; days++) {
		if (strcmp(*days, day) == 0)
			return true;
	}
	return false;
}

static size_t days_count(const char *const *days)
{
	size_t n = 0;
	while (days[n] != NULL)
		n++;
	return n;
}

/* The dates of the table that the company's own list does not contradict, then its own. */
static const char *const *days_join(TALLOC_CTX *mem, const char *const *table, const char *const *own,
                                    const char *const *against)
{
	const char **all = talloc_zero_array(mem, const char *, days_count(table) + days_count(own) + 1);
	size_t n = 0;
	for (; *table != NULL; table++) {
		if (!days_have(against, *table))
			all[n++] = *table;
	}
	for (; *own != NULL; own++)
		all[n++] = *own;
	return all;
}

static const CalendarFault *days_plan(TALLOC_CTX *mem, const CalendarText *text, WorkPlan *plan)
{
	static const char *const none[] = {NULL};
	bool cn = text->holidays != NULL && strcmp(text->holidays, "cn") == 0;
	if (text->holidays != NULL && !cn && strcmp(text->holidays, "none") != 0)
		return &fault_holidays;
	const char **off = days_parse(mem, text->days_off), **on = days_parse(mem, text->days_on);
	if (off == NULL)
		return &fault_days_off;
	if (on == NULL)
		return &fault_days_on;
	for (size_t i = 0; off[i] != NULL; i++) {
		if (days_have(on, off[i]))
			return &fault_both;
	}
	plan->days_off = days_join(mem, cn ? holidays_cn_off : none, off, on);
	plan->days_on = days_join(mem, cn ? holidays_cn_on : none, on, off);
	return NULL;
}

/* What is still wrong when every part looked right: the zone, or a date like 2026-02-30. */
static const CalendarFault *plan_fault(TALLOC_CTX *mem, const WorkPlan *plan)
{
	WorkPlan without = *plan;
	without.days_off = without.days_on = NULL;
	if (worktime_new(mem, &without) == NULL)
		return &fault_zone;
	without.days_off = plan->days_off;
	return worktime_new(mem, &without) == NULL ? &fault_days_off : &fault_days_on;
}

WorkTime *calendar_parse(TALLOC_CTX *ctx, const CalendarText *text, CalendarFault *ret_fault)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	WorkPlan plan = {.zone = text->zone == NULL ? "Asia/Shanghai" : text->zone};
	WorkTime *w = NULL;
	const CalendarFault *fault = week_parse(mem, text->week, &plan);
	if (fault == NULL)
		fault = days_plan(mem, text, &plan);
	if (fault == NULL) {
		w = worktime_new(ctx, &plan);
		fault = w == NULL ? plan_fault(mem, &plan) : NULL;
	}
	if (fault != NULL)
		*ret_fault = *fault;
	talloc_free(mem);
	return w;
}

WorkTime *calendar_default(TALLOC_CTX *ctx)
{
	WorkPlan plan = {.zone = "Asia/Shanghai", .days_off = holidays_cn_off, .days_on = holidays_cn_on};
	for (int day = 0; day < 5; day++)
		plan.week[day][0] = (WorkSpan){9 * 60, 18 * 60};
	return worktime_new(ctx, &plan);
}

WorkTime *calendar_of(TALLOC_CTX *ctx, const Record *record, CalendarFault *ret_fault)
{
	const CalendarText text = {
		.zone = record_text(record, "zone"),
		.week = record_text(record, "week"),
		.holidays = record_text(record, "holidays"),
		.days_off = record_text(record, "days_off"),
		.days_on = record_text(record, "days_on"),
	};
	return calendar_parse(ctx, &text, ret_fault);
}

/* PHASE_VALIDATE of calendar records. */
static int calendar_check(Call *c, const PhaseInfo *info, void *arg UNUSED)
{
	CalendarFault fault;
	if (info->kind == WRITE_DELETE || calendar_of(c, info->record, &fault) != NULL)
		return 0;
	return call_fault(c, fault.field, fault.code, fault.en, fault.zh);
}

static int calendar_start(House *house)
{
	phase_add(house->phases, PHASE_VALIDATE, "calendar", calendar_check, NULL);
	return 0;
}

const Module calendar_module = {.name = "calendar", .start = calendar_start};
