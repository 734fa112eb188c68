/* WorkTime against a minute-by-minute count that uses the C library's own time zones, and cases people would notice. */
#include "event/worktime.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/clock.h"
#include "event/calendar.h"

static int64_t utc(const char *text)
{
	struct tm tm = {0};
	CHECK(strptime(text, "%Y-%m-%d %H:%M", &tm) != NULL);
	return (int64_t)timegm(&tm) * SECOND_MS;
}

/* A moment given by the clock of Shanghai. */
static int64_t cn(const char *text)
{
	return utc(text) - 8 * HOUR_MS;
}

static void check_time(int64_t actual, int64_t expected)
{
	if (actual != expected)
		g_test_message("%+lld min off", (long long)((actual - expected) / MINUTE_MS));
	CHECK_INT(actual, expected);
}

/* The slow truth */

enum { SLOW_DAYS = 9, SLOW_MARGIN = 2, SLOW_MINUTES = SLOW_DAYS * 1440 };

typedef struct {
	int64_t start_min;                 /* UTC minute of slot 0 */
	int64_t wall[SLOW_MINUTES];        /* minutes of the local clock since 1970 */
	bool open[SLOW_MINUTES];
} Slow;

static void slow_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

/* First slot whose local clock shows that minute or later. */
static int slow_first(const Slow *slow, int64_t wall)
{
	for (int i = 0; i < SLOW_MINUTES; i++) {
		if (slow->wall[i] >= wall)
			return i;
	}
	return SLOW_MINUTES;
}

static bool slow_listed(const char *const *days, int64_t day)
{
	char text[16];
	time_t seconds = day * 86400;
	struct tm tm;
	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d", &tm);
	for (; *days != NULL; days++) {
		if (strcmp(*days, text) == 0)
			return true;
	}
	return false;
}

static void slow_build(Slow *slow, const WorkPlan *plan, int64_t start_min)
{
	*slow = (Slow){.start_min = start_min};
	for (int i = 0; i < SLOW_MINUTES; i++) {
		time_t seconds = (start_min + i) * 60;
		struct tm tm;
		localtime_r(&seconds, &tm);
		slow->wall[i] = timegm(&tm) / 60;
	}
	for (int64_t day = slow->wall[0] / 1440; day <= slow->wall[SLOW_MINUTES - 1] / 1440; day++) {
		if (slow_listed(plan->days_off, day))
			continue;
		time_t seconds = day * 86400;
		struct tm tm;
		gmtime_r(&seconds, &tm);
		int week = slow_listed(plan->days_on, day) ? 4 : (tm.tm_wday + 6) % 7;
		for (int s = 0; s < 4; s++) {
			int from = slow_first(slow, day * 1440 + plan->week[week][s].from_min);
			int to = slow_first(slow, day * 1440 + plan->week[week][s].to_min);
			for (int i = from; i < to; i++)
				slow->open[i] = true;
		}
	}
}

/* Random plans */

static const char *const zones[] = {"Asia/Shanghai", "America/New_York", "Europe/Berlin", "America/Sao_Paulo",
	"Africa/Cairo", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "Africa/Casablanca", "America/St_Johns"};

static WorkPlan random_plan(GRand *rand, const char *zone)
{
	WorkPlan plan = {.zone = zone, .days_off = holidays_cn_off, .days_on = holidays_cn_on};
	for (int day = 0; day < 7; day++) {
		int spans = g_rand_int_range(rand, 0, 4);
		for (int i = 0; i < spans; i++) {
			int from = g_rand_int_range(rand, 0, 1440);
			plan.week[day][i] = (WorkSpan){from, from + g_rand_int_range(rand, 1, 1441)};
		}
	}
	return plan;
}

static void compare_add(const WorkTime *w, const Slow *slow, GRand *rand, int at)
{
	int want = g_rand_int_range(rand, 1, 900), passed = 0, i = at;
	while (i < SLOW_MINUTES - SLOW_MARGIN * 1440 && passed < want)
		passed += slow->open[i++];
	if (passed < want)
		return;
	int64_t at_ms = (slow->start_min + at) * MINUTE_MS, end_ms = (slow->start_min + i) * MINUTE_MS;
	check_time(worktime_add(w, at_ms, want * MINUTE_MS), end_ms);
	check_time(worktime_between(w, at_ms, end_ms), want * MINUTE_MS);
	/* Half a minute less ends half a minute earlier: a count of milliseconds, not of minutes. */
	check_time(worktime_add(w, at_ms, want * MINUTE_MS - 30000), end_ms - 30000);
}

static void compare_next(const WorkTime *w, const Slow *slow, int at)
{
	int i = at;
	while (i < SLOW_MINUTES - SLOW_MARGIN * 1440 && !slow->open[i])
		i++;
	if (i < SLOW_MINUTES - SLOW_MARGIN * 1440)
		check_time(worktime_next_open(w, (slow->start_min + at) * MINUTE_MS), (slow->start_min + i) * MINUTE_MS);
}

static void compare(const WorkPlan *plan, int64_t start_min, GRand *rand)
{
	static Slow slow;
	WorkTime *w = worktime_new(NULL, plan);
	CHECK(w != NULL);
	slow_zone(plan->zone);
	slow_build(&slow, plan, start_min);
	for (int i = SLOW_MARGIN * 1440; i < SLOW_MINUTES - SLOW_MARGIN * 1440; i++)
		CHECK_INT(worktime_is_open(w, (start_min + i) * MINUTE_MS), slow.open[i]);
	for (int n = 0; n < 200; n++) {
		int at = g_rand_int_range(rand, SLOW_MARGIN * 1440, SLOW_MINUTES - SLOW_MARGIN * 1440);
		compare_next(w, &slow, at);
		compare_add(w, &slow, rand, at);
	}
	talloc_free(w);
}

TEST(worktime, agrees_with_a_count_of_minutes)
{
	for (guint32 seed = 1; seed <= 150; seed++) {
		GRand *rand = g_rand_new_with_seed(seed);
		WorkPlan plan = random_plan(rand, zones[seed % ARRAY_LEN(zones)]);
		int64_t start = utc("2014-01-01 00:00") / MINUTE_MS + g_rand_int_range(rand, 0, 13 * 365) * 1440;
		g_test_message("seed %u zone %s", seed, plan.zone);
		compare(&plan, start, rand);
		g_rand_free(rand);
	}
	slow_zone("UTC");
}

/* The days around every change of clocks in some years, and of the year. */
TEST(worktime, agrees_on_days_when_clocks_change)
{
	static const struct {
		const char *zone, *start;
	} cases[] = {
		{"America/New_York", "2026-03-04 00:00"}, {"America/New_York", "2026-10-28 00:00"},
		{"Europe/Berlin", "2026-03-25 00:00"}, {"Europe/Berlin", "2026-10-21 00:00"},
		{"America/Sao_Paulo", "2018-10-31 00:00"}, {"America/Sao_Paulo", "2018-02-13 00:00"},
		{"Africa/Cairo", "2024-04-22 00:00"}, {"Africa/Cairo", "2024-10-27 00:00"},
		{"Australia/Lord_Howe", "2026-04-01 00:00"}, {"Pacific/Apia", "2011-12-26 00:00"},
		{"Asia/Shanghai", "2025-12-28 00:00"}, {"Pacific/Apia", "2025-12-28 00:00"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (guint32 seed = 1; seed <= 5; seed++) {
			GRand *rand = g_rand_new_with_seed(seed);
			WorkPlan plan = random_plan(rand, cases[i].zone);
			g_test_message("%s %s seed %u", cases[i].zone, cases[i].start, seed);
			compare(&plan, utc(cases[i].start) / MINUTE_MS, rand);
			g_rand_free(rand);
		}
	}
	slow_zone("UTC");
}

/* Cases a person would name */

static WorkPlan office(const char *zone)
{
	WorkPlan plan = {.zone = zone, .days_off = holidays_cn_off, .days_on = holidays_cn_on};
	for (int day = 0; day < 5; day++)
		plan.week[day][0] = (WorkSpan){9 * 60, 18 * 60};
	return plan;
}

TEST(worktime, stops_over_night_and_weekend)
{
	WorkPlan plan = office("Asia/Shanghai");
	WorkTime *w = worktime_new(NULL, &plan);
	/* Thursday evening, 3 minutes before closing: two of the five minutes are worked on Friday morning. */
	check_time(worktime_add(w, cn("2026-11-19 17:57"), 5 * MINUTE_MS), cn("2026-11-20 09:02"));
	check_time(worktime_add(w, cn("2026-11-20 17:57"), 5 * MINUTE_MS), cn("2026-11-23 09:02"));
	check_time(worktime_add(w, cn("2026-11-20 17:55"), 5 * MINUTE_MS), cn("2026-11-20 18:00"));
	check_time(worktime_next_open(w, cn("2026-11-20 18:00")), cn("2026-11-23 09:00"));
	check_time(worktime_add(w, cn("2026-11-21 12:00"), 0), cn("2026-11-21 12:00"));
	CHECK(worktime_is_open(w, cn("2026-11-20 17:59")));
	CHECK(!worktime_is_open(w, cn("2026-11-20 18:00")));
	check_time(worktime_between(w, cn("2026-11-16 00:00"), cn("2026-11-23 00:00")), 45 * HOUR_MS);
	check_time(worktime_between(w, cn("2026-11-16 12:00"), cn("2026-11-16 12:00")), 0);
	check_time(worktime_between(w, cn("2026-11-17 12:00"), cn("2026-11-16 12:00")), 0);
	talloc_free(w);
}

TEST(worktime, knows_national_day_2026_and_its_make_up_days)
{
	WorkPlan plan = office("Asia/Shanghai");
	WorkTime *w = worktime_new(NULL, &plan);
	check_time(worktime_add(w, cn("2026-09-30 17:58"), 5 * MINUTE_MS), cn("2026-10-08 09:03"));
	CHECK(worktime_is_open(w, cn("2026-09-20 10:00")));  /* Sunday, made up */
	CHECK(worktime_is_open(w, cn("2026-10-10 10:00")));  /* Saturday, made up */
	CHECK(!worktime_is_open(w, cn("2026-10-11 10:00"))); /* an ordinary Sunday */
	talloc_free(w);
}

TEST(worktime, knows_spring_festival_2026_and_its_make_up_saturdays)
{
	WorkPlan plan = office("Asia/Shanghai");
	plan.week[4][0].to_min = 17 * 60; /* Fridays are shorter, and so are make-up days */
	WorkTime *w = worktime_new(NULL, &plan);
	check_time(worktime_add(w, cn("2026-02-13 16:58"), 5 * MINUTE_MS), cn("2026-02-14 09:03"));
	check_time(worktime_add(w, cn("2026-02-14 16:58"), 5 * MINUTE_MS), cn("2026-02-24 09:03"));
	check_time(worktime_next_open(w, cn("2026-02-15 00:00")), cn("2026-02-24 09:00"));
	CHECK(worktime_is_open(w, cn("2026-02-28 16:59")));
	CHECK(!worktime_is_open(w, cn("2026-02-28 17:00")));
	talloc_free(w);
}

TEST(worktime, gives_a_shift_to_the_day_it_starts)
{
	WorkPlan plan = {.zone = "Asia/Shanghai", .days_off = holidays_cn_off, .days_on = holidays_cn_on};
	for (int day = 0; day < 7; day++)
		plan.week[day][0] = (WorkSpan){22 * 60, 30 * 60};
	WorkTime *w = worktime_new(NULL, &plan);
	/* The night into National Day is worked to its end, the night that starts on it is not. */
	CHECK(worktime_is_open(w, cn("2026-10-01 05:59")));
	CHECK(!worktime_is_open(w, cn("2026-10-01 06:00")));
	CHECK(!worktime_is_open(w, cn("2026-10-01 23:00")));
	CHECK(!worktime_is_open(w, cn("2026-10-08 05:00")));
	CHECK(worktime_is_open(w, cn("2026-10-08 22:00")));
	check_time(worktime_add(w, cn("2026-10-01 05:58"), 5 * MINUTE_MS), cn("2026-10-08 22:03"));
	check_time(worktime_between(w, cn("2026-09-30 12:00"), cn("2026-10-01 12:00")), 8 * HOUR_MS);
	talloc_free(w);
}

TEST(worktime, joins_shifts_that_meet_or_overlap)
{
	WorkPlan plan = {.zone = "Asia/Shanghai"};
	for (int day = 0; day < 7; day++) {
		plan.week[day][0] = (WorkSpan){8 * 60, 16 * 60};
		plan.week[day][1] = (WorkSpan){15 * 60, 24 * 60};
		plan.week[day][2] = (WorkSpan){22 * 60, 32 * 60};
	}
	WorkTime *w = worktime_new(NULL, &plan);
	check_time(worktime_between(w, cn("2026-12-01 00:00"), cn("2027-02-01 00:00")), 62 * DAY_MS);
	check_time(worktime_add(w, cn("2026-12-31 23:00"), 10 * DAY_MS), cn("2027-01-10 23:00"));
	talloc_free(w);
}

TEST(worktime, counts_the_hours_that_exist_on_days_with_a_change_of_clocks)
{
	WorkPlan plan = {.zone = "America/New_York"};
	for (int day = 0; day < 7; day++)
		plan.week[day][0] = (WorkSpan){0, 24 * 60};
	WorkTime *w = worktime_new(NULL, &plan);
	int64_t start, end;
	worktime_day(w, utc("2026-03-08 12:00"), &start, &end);
	check_time(start, utc("2026-03-08 05:00"));
	check_time(end - start + 1, 23 * HOUR_MS);
	check_time(worktime_between(w, start, end + 1), 23 * HOUR_MS);
	worktime_day(w, utc("2026-11-01 12:00"), &start, &end);
	check_time(end - start + 1, 25 * HOUR_MS);
	talloc_free(w);
	plan.zone = "Europe/Berlin";
	for (int day = 0; day < 7; day++)
		plan.week[day][0] = (WorkSpan){2 * 60 + 30, 9 * 60};
	w = worktime_new(NULL, &plan);
	/* 02:30 does not exist on 29 March: the shift begins at 03:00 summer time. */
	check_time(worktime_next_open(w, utc("2026-03-28 23:30")), utc("2026-03-29 01:00"));
	/* 02:30 comes twice on 25 October: the shift begins with the first. */
	check_time(worktime_next_open(w, utc("2026-10-24 23:00")), utc("2026-10-25 00:30"));
	talloc_free(w);
}

TEST(worktime, knows_days_without_midnight)
{
	WorkPlan plan = {.zone = "America/Sao_Paulo"};
	WorkTime *w = worktime_new(NULL, &plan);
	int64_t start, end;
	worktime_day(w, utc("2018-11-04 12:00"), &start, &end);
	check_time(start, utc("2018-11-04 03:00"));
	check_time(end - start + 1, 23 * HOUR_MS);
	talloc_free(w);
	plan.zone = "Africa/Cairo";
	w = worktime_new(NULL, &plan);
	worktime_day(w, utc("2024-04-26 12:00"), &start, &end);
	check_time(start, utc("2024-04-25 22:00"));
	check_time(end - start + 1, 23 * HOUR_MS);
	talloc_free(w);
}

/* Ten in the morning, day after day, each exactly once and a day's length apart, whatever midnight does. */
static void check_tens(const char *zone, const char *around, int64_t shift_ms)
{
	WorkPlan plan = {.zone = zone};
	WorkTime *w = worktime_new(NULL, &plan);
	int64_t noon = utc(around), before = worktime_moment(w, noon, -3, 600), odd = 0;
	char date[WORKTIME_DATE_SIZE], last[WORKTIME_DATE_SIZE] = "";
	for (int day = -2; day <= 3; day++) {
		int64_t at = worktime_moment(w, noon, day, 600), start, end;
		odd += at - before - DAY_MS;
		CHECK(strcmp(last, worktime_date(w, noon, day, date)) < 0);
		memcpy(last, date, sizeof last);
		worktime_day(w, at, &start, &end);
		check_time(start, worktime_moment(w, noon, day, 0));
		check_time(end + 1, worktime_moment(w, noon, day + 1, 0));
		CHECK(start < at && at < end);
		CHECK_TEXT(worktime_date(w, start, 0, date), last);
		CHECK_TEXT(worktime_date(w, end, 0, date), last);
		before = at;
	}
	check_time(odd, shift_ms);
	talloc_free(w);
}

TEST(worktime, finds_ten_on_days_without_midnight)
{
	check_tens("America/Sao_Paulo", "2018-11-04 12:00", -HOUR_MS);
	check_tens("America/Sao_Paulo", "2018-02-18 12:00", HOUR_MS);
	check_tens("Africa/Cairo", "2024-04-26 12:00", -HOUR_MS);
	check_tens("Africa/Cairo", "2024-11-01 12:00", HOUR_MS);
	check_tens("Asia/Beirut", "2024-03-31 12:00", -HOUR_MS);
	check_tens("Asia/Beirut", "2024-10-27 12:00", HOUR_MS);
	check_tens("Asia/Shanghai", "2026-11-28 12:00", 0);
}

TEST(worktime, never_opens_when_nothing_is_planned)
{
	WorkPlan plan = {.zone = "Asia/Shanghai"};
	WorkTime *w = worktime_new(NULL, &plan);
	check_time(worktime_next_open(w, cn("2026-11-23 12:00")), INT64_MAX);
	check_time(worktime_add(w, cn("2026-11-23 12:00"), 1), INT64_MAX);
	check_time(worktime_between(w, cn("2026-11-23 12:00"), cn("2029-11-23 12:00")), 0);
	talloc_free(w);
}

TEST(worktime, stays_sane_far_away)
{
	WorkPlan plan = office("Asia/Shanghai");
	WorkTime *w = worktime_new(NULL, &plan);
	const int64_t far[] = {INT64_MIN / 2, -1, utc("2099-12-31 23:59"), utc("2150-01-01 00:00"), INT64_MAX / 2};
	for (size_t i = 0; i < ARRAY_LEN(far); i++) {
		(void)worktime_is_open(w, far[i]);
		(void)worktime_next_open(w, far[i]);
		(void)worktime_add(w, far[i], HOUR_MS);
	}
	CHECK(!worktime_is_open(w, far[3]));
	check_time(worktime_next_open(w, far[3]), INT64_MAX);
	check_time(worktime_add(w, far[3], 1), INT64_MAX);
	check_time(worktime_between(w, far[0], far[1]), 0);
	talloc_free(w);
}

TEST(worktime, refuses_plans_that_cannot_be)
{
	WorkPlan plan = office("Asia/Peking");
	CHECK(worktime_new(NULL, &plan) == NULL);
	plan.zone = "../../../etc/localtime";
	CHECK(worktime_new(NULL, &plan) == NULL);
	plan.zone = "Asia/Shanghai";
	plan.week[0][0] = (WorkSpan){600, 600};
	CHECK(worktime_new(NULL, &plan) == NULL);
	plan.week[0][0] = (WorkSpan){600, 2 * 1440 + 1};
	CHECK(worktime_new(NULL, &plan) == NULL);
	plan.week[0][0] = (WorkSpan){0, 0};
	plan.week[0][1] = (WorkSpan){600, 700};
	CHECK(worktime_new(NULL, &plan) == NULL);
	const char *const bad[] = {"2026-02-30", NULL};
	plan = office("Asia/Shanghai");
	plan.days_off = bad;
	CHECK(worktime_new(NULL, &plan) == NULL);
}

static void *asking_thread(void *arg)
{
	const WorkTime *w = arg;
	for (int year = 2020; year < 2040; year++)
		CHECK(worktime_add(w, utc("2020-01-06 00:00") + (year - 2020) * 365 * DAY_MS, HOUR_MS) < INT64_MAX);
	return NULL;
}

TEST(worktime, is_shared_between_threads)
{
	WorkPlan plan = office("Asia/Shanghai");
	WorkTime *w = worktime_new(NULL, &plan);
	pthread_t thread[4];
	for (size_t i = 0; i < ARRAY_LEN(thread); i++)
		CHECK_INT(pthread_create(&thread[i], NULL, asking_thread, w), 0);
	for (size_t i = 0; i < ARRAY_LEN(thread); i++)
		CHECK_INT(pthread_join(thread[i], NULL), 0);
	talloc_free(w);
}

TEST(worktime, answers_within_a_microsecond_or_so)
{
	WorkPlan plan = office("Asia/Shanghai");
	WorkTime *w = worktime_new(NULL, &plan);
	int64_t at = cn("2026-11-20 17:57"), sum = 0;
	sum += worktime_add(w, at, 5 * MINUTE_MS);
	int64_t start = clock_monotonic_us();
	for (int i = 0; i < 100000; i++)
		sum += worktime_add(w, at + i * MINUTE_MS / 8, 5 * MINUTE_MS);
	int64_t each_ns = (clock_monotonic_us() - start) / 100;
	g_test_message("worktime_add takes %lld ns (checksum %lld)", (long long)each_ns, (long long)sum);
	CHECK(each_ns < 20000); /* under sanitizers on a busy machine; about 100 in a release */
	talloc_free(w);
}
