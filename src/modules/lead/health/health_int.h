/* What the files of this room share. */
#pragma once

#include "call/module.h"
#include "event/worktime.h"
#include "modules/lead/health/rate.h"
#include "modules/lead/intake/take.h"

#define HEALTH_SILENCE_P 1e-5  /* silence as long as this comes about by chance so rarely */
#define HEALTH_JUMP_P 1e-4     /* as many faults */
#define HEALTH_JUMP_MIN 5      /* and at least so many */
#define HEALTH_LOOK_MS HOUR_MS /* at the latest so long after the look before */
#define HEALTH_ALERT_MS (7 * DAY_MS)
#define HEALTH_DAYS_KEPT 80 /* days remembered by the clock */

/* Hours of the week with holidays, by the working time of the house. */
typedef struct {
	const WorkTime *work;
	int64_t day[HEALTH_DAYS_KEPT];
	bool worked[HEALTH_DAYS_KEPT];
} HealthClock;
int health_slot(void *clock, int64_t hour);

/* A source as it stands in the tables. Texts in the memory it was loaded with. */
typedef struct {
	Id id;
	const char *name, *key;
	bool enabled;
	int64_t first_at, last_at, bad_at;
	const char *reason, *detail;
	int64_t silent_since, jump_since, calm_at; /* 0: it is not; calm_at: since when it has been well again */
	int64_t pull_at; /* last fault of asking its server, 0: there is none now */
	const char *pull_reason, *pull_detail;
	HourCount *hours;
	size_t n;
} SourceHealth;

/* What may be said of a source now. */
typedef struct {
	Rate rate;
	int64_t silent_at; /* when silence can be told of, or could be; INT64_MAX: not within the next hour */
	int64_t arrived_day, bad_day, arrived_now, bad_now; /* of the last 24 hours, of this hour and the one before */
	double usual_share;                                 /* in quarantine, 0 to 1 */
	bool jumps;
} Judgement;

/* health.c: sources with their hours; with the counts that are in memory only when `fresh`. */
NODISCARD int health_load(Call *c, bool fresh, SourceHealth **ret, size_t *ret_n);
/* judge.c */
void health_judge(const SourceHealth *s, HealthClock *clock, int64_t now_ms, Judgement *ret);
/* watch.c */
extern const TimerKind health_timers[];
NODISCARD int health_flush(Call *c);
extern const Endpoint health_endpoints[];
