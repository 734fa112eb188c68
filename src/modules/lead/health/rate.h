/* How much usually comes from a source, by hour of the week, and what may be said of now: whether silence has lasted
 * too long, whether too much goes wrong. Pure: no database, no clock. */
#pragma once

#include "base/base.h"

#define RATE_HOURS 168      /* Monday 00:00 first */
#define RATE_WEEKS 8        /* that are remembered */
#define RATE_FADE 0.85      /* what a week older counts for */
#define RATE_LEARN_DAYS 7   /* before that nothing is said */
#define RATE_ARRIVED_MIN 30 /* in what is remembered; with fewer nothing is said */

typedef struct {
	int64_t hour; /* since 1970 */
	int64_t arrived, bad;
} HourCount;

/* The hour of the week an hour is like: a holiday is like a Sunday. arg is the caller's. */
typedef int (*RateSlot)(void *arg, int64_t hour);

typedef struct {
	double per_hour[RATE_HOURS];
	int64_t arrived, bad; /* in what is remembered */
	int64_t hours;        /* of it */
	RateSlot slot;
	void *arg;
} Rate;

/* counts ascend by hour; only those from first_hour to before now_hour are looked at, and of them the newest weeks. */
void rate_learn(const HourCount *counts, size_t n, int64_t first_hour, int64_t now_hour, RateSlot slot, void *arg,
                Rate *ret);
/* Enough is known to say what is usual. */
bool rate_is_known(const Rate *rate);
/* How many are usual between two moments. */
double rate_expected(const Rate *rate, int64_t from_ms, int64_t to_ms);
/* The first moment after from by which so many are usual; INT64_MAX when that is not before until. */
int64_t rate_reaches(const Rate *rate, int64_t from_ms, double expected, int64_t until_ms);
/* The chance of k or more out of n when each has the chance p. */
double binomial_tail(int64_t n, int64_t k, double p);
