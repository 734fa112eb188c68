/* From the hours of a source to a judgement: is it silent, does too much of it go to quarantine. Pure. */
#include "modules/lead/health/health_int.h"

#include <math.h>

int health_slot(void *arg, int64_t hour)
{
	HealthClock *clock = arg;
	int64_t start, end;
	worktime_day(clock->work, hour * HOUR_MS, &start, &end);
	int64_t day = (start + DAY_MS / 2) / DAY_MS;
	size_t at = (size_t)day % HEALTH_DAYS_KEPT;
	if (clock->day[at] != day) {
		clock->day[at] = day;
		clock->worked[at] = worktime_next_open(clock->work, start) <= end;
	}
	int weekday = (int)((day + 3) % 7);
	if (weekday < 5 && !clock->worked[at])
		weekday = 6; /* a holiday is like a Sunday */
	return weekday * 24 + (int)((hour * HOUR_MS - start) / HOUR_MS % 24);
}

static void window_sum(const SourceHealth *s, int64_t from_hour, int64_t *arrived, int64_t *bad)
{
	int64_t calm = s->calm_at ? s->calm_at / HOUR_MS + 1 : 0;
	for (size_t i = s->n; i-- > 0 && s->hours[i].hour >= from_hour;)
		if (s->hours[i].hour >= calm) {
			*arrived += s->hours[i].arrived;
			*bad += s->hours[i].bad;
		}
}

static bool is_unusual(int64_t arrived, int64_t bad, double usual)
{
	return bad >= HEALTH_JUMP_MIN && binomial_tail(arrived > bad ? arrived : bad, bad, usual) < HEALTH_JUMP_P;
}

/* What was usual before the last day; something is always allowed for. */
static double usual_share(const SourceHealth *s, int64_t before_hour)
{
	double arrived = 20, bad = 1;
	for (size_t i = 0; i < s->n && s->hours[i].hour < before_hour; i++) {
		arrived += (double)s->hours[i].arrived;
		bad += (double)s->hours[i].bad;
	}
	return bad / arrived < 0.98 ? bad / arrived : 0.98;
}

void health_judge(const SourceHealth *s, HealthClock *clock, int64_t now_ms, Judgement *ret)
{
	int64_t now_hour = now_ms / HOUR_MS, learn_to = s->silent_since ? s->last_at / HOUR_MS + 1 : now_hour;
	*ret = (Judgement){.silent_at = INT64_MAX};
	rate_learn(s->hours, s->n, s->first_at / HOUR_MS, learn_to, health_slot, clock, &ret->rate);
	if (rate_is_known(&ret->rate))
		ret->silent_at = rate_reaches(&ret->rate, s->last_at, -log(HEALTH_SILENCE_P), now_ms + HEALTH_LOOK_MS);
	window_sum(s, now_hour - 23, &ret->arrived_day, &ret->bad_day);
	window_sum(s, now_hour - 1, &ret->arrived_now, &ret->bad_now);
	ret->usual_share = usual_share(s, now_hour - 23);
	ret->jumps = is_unusual(ret->arrived_day, ret->bad_day, ret->usual_share) ||
	             is_unusual(ret->arrived_now, ret->bad_now, ret->usual_share);
}
