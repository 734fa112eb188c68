/* Working time. The open intervals of a UTC year are worked out once, at first use, as a sorted table with running
 * sums; a question is then a binary search. Tables are published by compare-and-swap, so a WorkTime is shared without
 * locks and looks immutable. It must not know of calendars' JSON, databases or the present. */
#include "event/worktime.h"

#include <assert.h>
#include <glib.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define YEAR_FIRST 1970
#define YEAR_END 2100
#define YEARS (YEAR_END - YEAR_FIRST)
#define SPANS_A_DAY 4
#define DAY_MIN 1440
#define DAY_SECONDS INT64_C(86400)
#define SEARCH_MS (400 * DAY_MS)
#define FRIDAY 4
#define JULIAN_1970 719163 /* GLib's number of 1970-01-01 */

typedef struct {
	int64_t from, to;  /* ms UTC, half open */
	int64_t before;    /* open time of the year before this interval */
} Open;

typedef struct {
	int64_t total;     /* open ms in the year */
	size_t n;
	Open open[];
} OpenYear;

struct WorkTime {
	GTimeZone *zone;
	WorkSpan week[7][SPANS_A_DAY];
	int32_t *days_off, *days_on; /* days since 1970, sorted */
	size_t n_off, n_on;
	_Atomic(OpenYear *) years[YEARS];
};

/* Calendar arithmetic */

/* Days from 1970-01-01 to the date of the Gregorian calendar. */
static int32_t days_of_date(int year, int month, int day)
{
	int y = month > 2 ? year : year - 1;
	int shifted = (month + 9) % 12; /* March is 0: the leap day ends the year */
	int era_years = y + 4800;       /* keeps divisions positive */
	return 365 * era_years + era_years / 4 - era_years / 100 + era_years / 400 + (153 * shifted + 2) / 5 + day -
	       1 - 2472632;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int64_t year_start_ms(int year)
{
	return days_of_date(year, 1, 1) * DAY_MS;
}

/* UTC year of a moment, clamped to one before and one after the years that are known. */
static int year_of(int64_t at_ms)
{
	if (at_ms < 0)
		return YEAR_FIRST - 1;
	if (at_ms >= year_start_ms(YEAR_END))
		return YEAR_END;
	int year = YEAR_FIRST + (int)(at_ms / (DAY_MS * 366));
	while (at_ms >= year_start_ms(year + 1))
		year++;
	return year;
}

/* Monday is 0; 1970-01-01 was a Thursday. */
static int weekday_of(int32_t day)
{
	return (int)((day + 3) % 7 + 7) % 7;
}

static bool date_parse(const char *text, int32_t *ret)
{
	int year, month, day, end = 0;
	if (strlen(text) != 10 || sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &end) != 3 || end != 10)
		return false;
	if (!g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year))
		return false;
	*ret = days_of_date(year, month, day);
	return true;
}

/* The time zone */

static int64_t offset_at(GTimeZone *zone, int64_t utc_s)
{
	int interval = g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, utc_s);
	return g_time_zone_get_offset(zone, interval < 0 ? 0 : interval);
}

/* First second in (low, high] with another offset than low's; there is one. */
static int64_t transition_between(GTimeZone *zone, int64_t low, int64_t high)
{
	int64_t before = offset_at(zone, low);
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;
		if (offset_at(zone, middle) == before)
			low = middle;
		else
			high = middle;
	}
	return high;
}

/* The first moment at which the local clock shows wall_s or later: in a gap its end, of a repeated hour the first
 * pass. */
static int64_t utc_of_wall(GTimeZone *zone, int64_t wall_s)
{
	int64_t low = wall_s - DAY_SECONDS, high = wall_s + DAY_SECONDS;
	int64_t before = offset_at(zone, low), after = offset_at(zone, high);
	if (before == after)
		return wall_s - before;
	int64_t transition = transition_between(zone, low, high);
	if (wall_s - before < transition)
		return wall_s - before;
	return wall_s - after < transition ? transition : wall_s - after;
}

/* Building a year */

static int day_compare(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
	return (x > y) - (x < y);
}

static bool day_listed(const int32_t *days, size_t n, int32_t day)
{
	return n > 0 && bsearch(&day, days, n, sizeof(*days), day_compare) != NULL;
}

static const WorkSpan *day_spans(const WorkTime *w, int32_t day)
{
	static const WorkSpan closed[SPANS_A_DAY];
	if (day_listed(w->days_off, w->n_off, day))
		return closed;
	return w->week[day_listed(w->days_on, w->n_on, day) ? FRIDAY : weekday_of(day)];
}

static int open_compare(const void *a, const void *b)
{
	const Open *x = a, *y = b;
	return (x->from > y->from) - (x->from < y->from);
}

/* Joins what overlaps or touches and fills in the running sums. */
static void year_settle(OpenYear *year)
{
	if (year->n > 1)
		qsort(year->open, year->n, sizeof(*year->open), open_compare);
	size_t n = 0;
	for (size_t i = 0; i < year->n; i++) {
		Open next = year->open[i];
		if (n > 0 && next.from <= year->open[n - 1].to) {
			if (next.to > year->open[n - 1].to)
				year->open[n - 1].to = next.to;
		} else {
			year->open[n++] = next;
		}
	}
	year->n = n;
	for (size_t i = 0; i < n; i++) {
		year->open[i].before = year->total;
		year->total += year->open[i].to - year->open[i].from;
	}
}

static void year_add_day(OpenYear *year, const WorkTime *w, int32_t day, const int64_t limits[2])
{
	const WorkSpan *spans = day_spans(w, day);
	for (int i = 0; i < SPANS_A_DAY && spans[i].to_min > spans[i].from_min; i++) {
		int64_t from = utc_of_wall(w->zone, day * DAY_SECONDS + spans[i].from_min * 60) * SECOND_MS;
		int64_t to = utc_of_wall(w->zone, day * DAY_SECONDS + spans[i].to_min * 60) * SECOND_MS;
		from = from < limits[0] ? limits[0] : from;
		to = to > limits[1] ? limits[1] : to;
		if (from < to)
			year->open[year->n++] = (Open){.from = from, .to = to};
	}
}

/* A year is cut out of UTC: local days three before and two after cover every zone and night shift. */
static OpenYear *year_build(const WorkTime *w, int number)
{
	int32_t first = days_of_date(number, 1, 1) - 3, last = days_of_date(number + 1, 1, 1) + 2;
	size_t size = sizeof(OpenYear) + (size_t)(last - first) * SPANS_A_DAY * sizeof(Open);
	/* A context of its own, because it may be made on any thread. */
	OpenYear *year = talloc_zero_size(NULL, size);
	talloc_set_name_const(year, "OpenYear");
	const int64_t limits[2] = {year_start_ms(number), year_start_ms(number + 1)};
	for (int32_t day = first; day < last; day++)
		year_add_day(year, w, day, limits);
	year_settle(year);
	return talloc_realloc_size(NULL, year, sizeof(OpenYear) + year->n * sizeof(Open));
}

/* The table of a year; NULL outside the years that are known. */
static const OpenYear *year_get(const WorkTime *w, int number)
{
	if (number < YEAR_FIRST || number >= YEAR_END)
		return NULL;
	_Atomic(OpenYear *) *slot = (_Atomic(OpenYear *) *)&w->years[number - YEAR_FIRST];
	OpenYear *year = atomic_load_explicit(slot, memory_order_acquire);
	if (year != NULL)
		return year;
	OpenYear *made = year_build(w, number);
	if (atomic_compare_exchange_strong(slot, &year, made))
		return made;
	talloc_free(made);
	return year;
}

/* Questions */

/* Place of the first interval that ends after at. */
static size_t open_find(const OpenYear *year, int64_t at_ms)
{
	size_t low = 0, high = year->n;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (year->open[middle].to > at_ms)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

bool worktime_is_open(const WorkTime *w, int64_t at_ms)
{
	const OpenYear *year = year_get(w, year_of(at_ms));
	if (year == NULL)
		return false;
	size_t i = open_find(year, at_ms);
	return i < year->n && year->open[i].from <= at_ms;
}

int64_t worktime_next_open(const WorkTime *w, int64_t at_ms)
{
	for (int number = year_of(at_ms); number < YEAR_END && year_start_ms(number) <= at_ms + SEARCH_MS; number++) {
		const OpenYear *year = year_get(w, number);
		size_t i = year == NULL ? 0 : open_find(year, at_ms);
		if (year == NULL || i == year->n)
			continue;
		int64_t from = year->open[i].from;
		if (from - at_ms > SEARCH_MS)
			return INT64_MAX;
		return from > at_ms ? from : at_ms;
	}
	return INT64_MAX;
}

/* Open time of the year before the moment. */
static int64_t year_used(const OpenYear *year, int64_t at_ms)
{
	size_t i = open_find(year, at_ms);
	if (i == year->n)
		return year->total;
	const Open *open = &year->open[i];
	return open->before + (at_ms > open->from ? at_ms - open->from : 0);
}

/* The earliest moment of the year with that much open time behind it; 0 < used <= total. */
static int64_t year_moment(const OpenYear *year, int64_t used)
{
	size_t low = 0, high = year->n;
	while (high - low > 1) {
		size_t middle = (low + high) / 2;
		if (year->open[middle].before < used)
			low = middle;
		else
			high = middle;
	}
	return year->open[low].from + (used - year->open[low].before);
}

int64_t worktime_add(const WorkTime *w, int64_t at_ms, int64_t duration_ms)
{
	if (duration_ms <= 0)
		return at_ms;
	int64_t left = duration_ms;
	int empty = 0;
	for (int number = year_of(at_ms); number < YEAR_END && empty < 3; number++) {
		const OpenYear *year = year_get(w, number);
		if (year == NULL)
			continue;
		int64_t used = year_used(year, at_ms);
		if (left <= year->total - used)
			return year_moment(year, used + left);
		left -= year->total - used;
		empty = year->total == 0 ? empty + 1 : 0;
	}
	return INT64_MAX;
}

int64_t worktime_between(const WorkTime *w, int64_t from_ms, int64_t to_ms)
{
	if (to_ms <= from_ms)
		return 0;
	int64_t sum = 0;
	int last = year_of(to_ms);
	for (int number = year_of(from_ms); number <= last; number++) {
		const OpenYear *year = year_get(w, number);
		if (year != NULL)
			sum += year_used(year, to_ms) - year_used(year, from_ms);
	}
	return sum;
}

static int64_t local_day(const WorkTime *w, int64_t at_ms)
{
	int64_t utc_s = floor_div(at_ms, SECOND_MS);
	return floor_div(utc_s + offset_at(w->zone, utc_s), DAY_SECONDS);
}

void worktime_day(const WorkTime *w, int64_t at_ms, int64_t *ret_start, int64_t *ret_end)
{
	*ret_start = worktime_moment(w, at_ms, 0, 0);
	*ret_end = worktime_moment(w, at_ms, 1, 0) - 1;
}

int64_t worktime_moment(const WorkTime *w, int64_t at_ms, int days, int minute)
{
	return utc_of_wall(w->zone, (local_day(w, at_ms) + days) * DAY_SECONDS + minute * 60) * SECOND_MS;
}

const char *worktime_date(const WorkTime *w, int64_t at_ms, int days, char out[static WORKTIME_DATE_SIZE])
{
	GDate date;
	g_date_clear(&date, 1);
	g_date_set_julian(&date, (guint32)(local_day(w, at_ms) + days + JULIAN_1970));
	(void)g_date_strftime(out, WORKTIME_DATE_SIZE, "%Y-%m-%d", &date);
	return out;
}

bool worktime_works_on(const WorkTime *w, int64_t at_ms, int days)
{
	const WorkSpan *first = day_spans(w, (int32_t)local_day(w, at_ms) + days);
	return first->to_min > first->from_min;
}

/* Making */

/* GLib joins the name to the folder of zones: nothing but a name may reach it. */
static bool zone_named(const char *zone)
{
	return zone != NULL && zone[0] != '\0' && zone[0] != '/' && strstr(zone, "..") == NULL && strlen(zone) < 64 &&
	       zone[strspn(zone, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/")] == '\0';
}

static bool span_possible(const WorkSpan *span)
{
	return span->from_min >= 0 && span->from_min < DAY_MIN && span->to_min > span->from_min &&
	       span->to_min <= 2 * DAY_MIN;
}

/* Copies the spans; unused ones must come last. */
static bool week_copy(WorkTime *w, const WorkPlan *plan)
{
	for (int day = 0; day < 7; day++) {
		bool ended = false;
		for (int i = 0; i < SPANS_A_DAY; i++) {
			const WorkSpan *span = &plan->week[day][i];
			if (span->from_min == 0 && span->to_min == 0)
				ended = true;
			else if (ended || !span_possible(span))
				return false;
			w->week[day][i] = *span;
		}
	}
	return true;
}

static bool days_copy(WorkTime *w, const char *const *texts, int32_t **ret_days, size_t *ret_n)
{
	size_t n = 0;
	while (texts != NULL && texts[n] != NULL)
		n++;
	int32_t *days = talloc_array(w, int32_t, n + 1);
	for (size_t i = 0; i < n; i++) {
		if (!date_parse(texts[i], &days[i]))
			return false;
	}
	qsort(days, n, sizeof(*days), day_compare);
	*ret_days = days;
	*ret_n = n;
	return true;
}

static int worktime_destroy(WorkTime *w)
{
	if (w->zone != NULL)
		g_time_zone_unref(w->zone);
	for (size_t i = 0; i < YEARS; i++)
		talloc_free(atomic_load(&w->years[i]));
	return 0;
}

WorkTime *worktime_new(TALLOC_CTX *ctx, const WorkPlan *plan)
{
	WorkTime *w = talloc_zero(ctx, WorkTime);
	assert(w != NULL);
	talloc_set_destructor(w, worktime_destroy);
	w->zone = zone_named(plan->zone) ? g_time_zone_new_identifier(plan->zone) : NULL;
	if (w->zone != NULL && week_copy(w, plan) && days_copy(w, plan->days_off, &w->days_off, &w->n_off) &&
	    days_copy(w, plan->days_on, &w->days_on, &w->n_on))
		return w;
	talloc_free(w);
	return NULL;
}
