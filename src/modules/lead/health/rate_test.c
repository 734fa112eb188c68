/* What is usual, and when silence or faults are not. */
#include "base/check.h"
#include "base/random.h"
#include "modules/lead/health/rate.h"

#include <math.h>

/* The week begins with hour 0; no holidays. */
static int plain_slot(void *arg, int64_t hour)
{
	(void)arg;
	return (int)(hour % RATE_HOURS);
}

/* Nine to six on five days, so many an hour. */
static size_t office_fill(HourCount *counts, int64_t hours, int64_t an_hour)
{
	size_t n = 0;
	for (int64_t h = 0; h < hours; h++)
		if (h % RATE_HOURS < 120 && h % 24 >= 9 && h % 24 < 18)
			counts[n++] = (HourCount){h, an_hour, 0};
	return n;
}

TEST(rate, learns_hours_of_the_week)
{
	static HourCount counts[5000];
	Rate rate;
	size_t n = office_fill(counts, 4 * RATE_HOURS, 6);
	rate_learn(counts, n, 0, 4 * RATE_HOURS, plain_slot, NULL, &rate);
	CHECK(rate_is_known(&rate));
	CHECK(fabs(rate.per_hour[10] - 6) < 1e-9 && rate.per_hour[3] == 0 && rate.per_hour[130] == 0);
	CHECK(fabs(rate_expected(&rate, 9 * HOUR_MS, 18 * HOUR_MS) - 54) < 1e-6);
	CHECK(fabs(rate_expected(&rate, 10 * HOUR_MS, 10 * HOUR_MS + 30 * MINUTE_MS) - 3) < 1e-6);
	rate_learn(counts, n, 0, 3 * 24, plain_slot, NULL, &rate);
	CHECK(!rate_is_known(&rate));
}

TEST(rate, says_when_silence_has_lasted_too_long)
{
	static HourCount counts[5000];
	Rate rate;
	size_t n = office_fill(counts, 4 * RATE_HOURS, 6);
	int64_t monday = 4 * RATE_HOURS * HOUR_MS, six = monday + 17 * HOUR_MS;
	rate_learn(counts, n, 0, 4 * RATE_HOURS, plain_slot, NULL, &rate);
	CHECK_INT(rate_reaches(&rate, monday + 9 * HOUR_MS, 12, monday + DAY_MS), monday + 11 * HOUR_MS);
	/* six of twelve before the evening, the other six in the first hour of the next morning */
	CHECK_INT(rate_reaches(&rate, six, 12, monday + 3 * DAY_MS), monday + DAY_MS + 10 * HOUR_MS);
	CHECK_INT(rate_reaches(&rate, six, 12, monday + DAY_MS) == INT64_MAX, 1);
}

TEST(rate, forgets_and_leans_on_days_of_the_kind)
{
	static HourCount counts[5000];
	Rate rate;
	size_t n = office_fill(counts, RATE_WEEKS * RATE_HOURS, 2);
	for (size_t i = 0; i < n; i++)
		if (counts[i].hour >= (RATE_WEEKS - 2) * RATE_HOURS)
			counts[i].arrived = 10;
	rate_learn(counts, n, 0, RATE_WEEKS * RATE_HOURS, plain_slot, NULL, &rate);
	CHECK(rate.per_hour[10] > 4 && rate.per_hour[10] < 8);
	HourCount once = {RATE_HOURS + 10, 20, 0}; /* one Monday only */
	rate_learn(&once, 1, 0, 2 * RATE_HOURS, plain_slot, NULL, &rate);
	CHECK(rate.per_hour[10] > rate.per_hour[34] && rate.per_hour[34] > 0 && rate.per_hour[130] == 0);
}

TEST(rate, counts_the_chance_of_faults)
{
	CHECK(fabs(binomial_tail(5, 5, 0.5) - 0.03125) < 1e-9);
	CHECK(fabs(binomial_tail(10, 1, 0.1) - (1 - pow(0.9, 10))) < 1e-9);
	CHECK(binomial_tail(1000, 100, 0.02) < 1e-20 && binomial_tail(1000, 20, 0.02) > 0.4);
	CHECK(binomial_tail(10, 0, 0.1) == 1 && binomial_tail(10, 3, 0) == 0);
}
