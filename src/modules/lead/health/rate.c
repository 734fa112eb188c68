/* Weighted means by hour of the week. Hours of few arrivals lean on the same hour of other days of their kind. */
#include "modules/lead/health/rate.h"

#include <math.h>
#include <string.h>

#define LEAN 1.0 /* weeks that the other days of the kind count for */
#define WEEK_HOURS (RATE_HOURS * 1)

typedef struct {
	double sum, weight;
} Mean;

static bool is_weekend(int slot)
{
	return slot >= 5 * 24;
}

/* The other days of the kind, hour by hour. */
static double day_mean(const Mean mean[RATE_HOURS], int slot)
{
	double sum = 0, weight = 0;
	for (int day = is_weekend(slot) ? 5 : 0; day < (is_weekend(slot) ? 7 : 5); day++) {
		sum += mean[day * 24 + slot % 24].sum;
		weight += mean[day * 24 + slot % 24].weight;
	}
	return weight > 0 ? sum / weight : 0;
}

void rate_learn(const HourCount *counts, size_t n, int64_t first_hour, int64_t now_hour, RateSlot slot, void *arg,
                Rate *ret)
{
	Mean mean[RATE_HOURS] = {0};
	int64_t oldest = now_hour - RATE_WEEKS * WEEK_HOURS, from = first_hour > oldest ? first_hour : oldest;
	size_t at = 0;
	*ret = (Rate){.slot = slot, .arg = arg, .hours = now_hour > from ? now_hour - from : 0};
	for (int64_t hour = from; hour < now_hour; hour++) {
		while (at < n && counts[at].hour < hour)
			at++;
		const HourCount *count = at < n && counts[at].hour == hour ? &counts[at] : NULL;
		double weight = pow(RATE_FADE, (double)((now_hour - hour) / WEEK_HOURS));
		Mean *m = &mean[slot(arg, hour)];
		m->weight += weight;
		m->sum += count ? weight * (double)count->arrived : 0;
		ret->arrived += count ? count->arrived : 0;
		ret->bad += count ? count->bad : 0;
	}
	for (int i = 0; i < RATE_HOURS; i++)
		ret->per_hour[i] = (mean[i].sum + LEAN * day_mean(mean, i)) / (mean[i].weight + LEAN);
}

bool rate_is_known(const Rate *rate)
{
	return rate->hours >= RATE_LEARN_DAYS * 24 && rate->arrived >= RATE_ARRIVED_MIN;
}

double rate_expected(const Rate *rate, int64_t from_ms, int64_t to_ms)
{
	double sum = 0;
	while (from_ms < to_ms) {
		int64_t hour = from_ms / HOUR_MS, end = (hour + 1) * HOUR_MS < to_ms ? (hour + 1) * HOUR_MS : to_ms;
		sum += rate->per_hour[rate->slot(rate->arg, hour)] * (double)(end - from_ms) / (double)HOUR_MS;
		from_ms = end;
	}
	return sum;
}

int64_t rate_reaches(const Rate *rate, int64_t from_ms, double expected, int64_t until_ms)
{
	for (double sum = 0; from_ms < until_ms;) {
		int64_t hour = from_ms / HOUR_MS, end = (hour + 1) * HOUR_MS;
		double an_hour = rate->per_hour[rate->slot(rate->arg, hour)];
		double part = an_hour * (double)(end - from_ms) / (double)HOUR_MS;
		if (sum + part >= expected) {
			int64_t at = from_ms + (int64_t)ceil((expected - sum) / an_hour * (double)HOUR_MS);
			return at < until_ms ? at : INT64_MAX;
		}
		sum += part;
		from_ms = end;
	}
	return INT64_MAX;
}

double binomial_tail(int64_t n, int64_t k, double p)
{
	double sum = 0;
	if (k <= 0 || p >= 1)
		return 1;
	if (p <= 0)
		return 0;
	for (int64_t i = k; i <= n; i++) {
		double log_term = lgamma((double)n + 1) - lgamma((double)i + 1) - lgamma((double)(n - i) + 1) +
		                  (double)i * log(p) + (double)(n - i) * log1p(-p);
		double term = exp(log_term);
		sum += term;
		if (term < sum * 1e-12 && (double)i > (double)n * p)
			break;
	}
	return sum < 1 ? sum : 1;
}
