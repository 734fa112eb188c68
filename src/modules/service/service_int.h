/* What the files of this room share; no other folder includes this. */
#pragma once

#include "call/module.h"
#include "event/alert.h"
#include "event/outside.h"
#include "modules/service/beat.h"
#include "net/client.h"
#include "record/record.h"

#define SERVICES_MAX 400            /* entered by hand, or by themselves */
#define SERVICE_EVERY_S 20          /* between two probes, unless it says so */
#define SERVICE_EVERY_MAX_S 3600
#define SERVICE_SLOW_MS 2000
#define PROBE_DEADLINE_MS 4000
#define PROBE_CODE_MAX 48
#define PROBE_DETAIL_MAX 200
#define AFFECTS_MAX 50              /* sources, and channels, that hang on one service */
#define SENTENCE_MAX 2000
#define HOURS_KEPT (31 * 24)
#define OUTAGE_KEEP_MS (400 * DAY_MS)
#define EXPIRY_KIND "service.expiry"
#define PURGE_KIND "service.purge"

extern const char *const service_migrations[];

/* One line of the list: what was entered, and for partners of other rooms what they say. Texts in the Call's memory. */
typedef struct {
	Id id;
	const char *kind;               /* "http", "tcp", "mail", "channel", "source" */
	const char *name, *address, *method, *expect_text, *allowed_host;
	const char *contact, *cost, *note;
	const json_t *affects;          /* {"sources":[id],"channels":[id]}; never NULL */
	Id owner;
	const char *owner_name;
	int64_t expect_status, every_s, slow_ms, sla, expires_ms; /* sla in hundredths of a percent; 0: none */
	bool enabled, entered;          /* entered: an administrator wrote something about it */
	OutsideItem item;               /* of another room; name NULL: it is not */
	/* as the heartbeats have it */
	const char *state, *code, *detail;
	int64_t since_ms, checked_ms, took_ms;
} Service;

/* ---- service.c ---- */
NODISCARD int services_load(Call *c, Service **ret, size_t *ret_n);
NODISCARD int service_load(Call *c, Id id, Service *ret);
/* Up, slow, down, unknown or off: heartbeats and what the other room says, the worse of both. */
const char *service_state(const Service *s);
bool service_is_probed(const Service *s);

/* ---- probe.c ---- */
typedef struct {
	bool good, ours;                /* ours: it says nothing about the service */
	char code[PROBE_CODE_MAX], detail[PROBE_DETAIL_MAX];
	int64_t took_ms;
	int status;
} Verdict;
/* Texts of the request in ctx. */
void probe_request(TALLOC_CTX *ctx, const Service *s, NetRequest *ret);
void probe_judge(const Service *s, const NetAnswer *answer, Verdict *ret);
/* Nothing came in time. */
void probe_late(Verdict *ret, int64_t took_ms);
/* Why this address cannot be probed, as net_url_fault. */
const char *probe_fault(const char *kind, const char *address, const char *allowed_host);

/* ---- hours.c ---- */
#define TIME_BUCKETS 24
typedef struct {
	int64_t hour;                   /* since 1970 */
	int64_t seen_ms, down_ms, probes, failed;
	int64_t times[TIME_BUCKETS + 1];
} Hour;
void hour_took(Hour *h, int64_t took_ms);
void hour_sum(Hour *into, const Hour *h);
/* The time within which that share of the answers came, by the upper bound of its bucket; 0: no answers. */
int64_t hour_percentile(const Hour *h, int percent);
/* Hundredths of a percent; -1: not seen. */
int64_t hour_availability(const Hour *h);
NODISCARD int hour_store(Call *c, Id service, const Hour *h);
/* Of one service, ascending, from that hour on. */
NODISCARD int hours_load(Call *c, Id service, int64_t from_hour, Hour **ret, size_t *ret_n);
/* The sums of each service since that hour, in the order of `services`: all of it, or without how long answers took,
 * which is quick for a month. */
NODISCARD int hours_total(Call *c, const Service *services, size_t n, int64_t from_hour, Hour *out);
NODISCARD int hours_seen(Call *c, const Service *services, size_t n, int64_t from_hour, Hour *out);

/* ---- outage.c ---- */
/* A beat changed: state, history, alerts. */
NODISCARD int outage_note(Call *c, const Service *s, const Beat *beat, BeatState before, const char *code,
	const char *detail);
/* Tells other rooms which of their partners are not to be relied upon now. */
NODISCARD int outage_apply(Call *c);
/* To the administrators and the owner of the service; zh and en are sentences. */
NODISCARD int outage_tell(Call *c, const Service *s, const char *reason, const char *zh, const char *en,
	int64_t life_ms);
/* "受影响：..." or "" */
const char *affected_words(Call *c, const Service *s, Lang lang);

/* ---- expiry.c ---- */
NODISCARD int expiry_schedule(Call *c, Id service, int64_t expires_ms);
extern const TimerKind service_timers[];

/* ---- watch.c ---- */
struct Watch;
NODISCARD int watch_start(House *house);
void watch_run(House *house);
void watch_stop(House *house);
/* Waits until every heartbeat due by now is sent, judged and written down. */
void watch_catch_up(House *house);
/* What is watched has changed, here or in another process. */
NODISCARD int watch_changed(Call *c, Id service);

/* ---- api.c, edit.c ---- */
extern const Endpoint service_endpoints[];
NODISCARD int service_answer(Call *c, Id id);
NODISCARD int service_create(Call *c);
NODISCARD int service_patch(Call *c);
NODISCARD int service_delete(Call *c);
