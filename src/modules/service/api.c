/* The list of services, one with its history, and a probe at once. */
#include <string.h>

#include "base/cond.h"
#include "call/when.h"
#include "event/failure.h"
#include "modules/service/service_int.h"

#define OUTAGES_SHOWN 50
#define MONTH_HOURS (30 * 24)
#define NOW_WAIT_MS (PROBE_DEADLINE_MS + 6 * SECOND_MS) /* it may have to wait its turn */

static void write_time(JsonOut *o, const char *key, int64_t ms)
{
	char text[WHEN_TEXT_SIZE];
	json_member_text(o, key, ms ? when_text(ms, text) : NULL);
}

static void write_number(JsonOut *o, const char *key, int64_t n, bool known)
{
	json_key(o, key);
	if (known)
		json_put_int(o, n);
	else
		json_put_null(o);
}

static void write_entered(JsonOut *o, const Service *s)
{
	json_member_id(o, "id", s->id);
	json_member_text(o, "kind", s->kind);
	json_member_text(o, "type", s->item.type);
	json_member_text(o, "name", s->name);
	json_member_text(o, "address", s->item.name ? s->item.url : s->address);
	json_member_text(o, "method", s->method);
	write_number(o, "expect_status", s->expect_status, s->expect_status > 0);
	json_member_text(o, "expect_text", s->expect_text);
	json_member_text(o, "allowed_host", s->item.name ? s->item.allowed_host : s->allowed_host);
	json_member_int(o, "every_s", s->every_s);
	json_member_int(o, "slow_ms", s->slow_ms);
	write_number(o, "sla", s->sla, s->sla > 0);
	json_member_text(o, "contact", s->contact);
	json_key(o, "owner");
	if (id_is_nil(s->owner))
		json_put_null(o);
	else {
		json_object_begin(o);
		json_member_id(o, "id", s->owner);
		json_member_text(o, "name", s->owner_name);
		json_object_end(o);
	}
	json_member_text(o, "cost", s->cost);
	json_member_text(o, "note", s->note);
	write_time(o, "expires_at", s->expires_ms);
	json_key(o, "affects");
	json_put_tree(o, s->affects);
	json_member_bool(o, "enabled", s->enabled);
	json_member_bool(o, "entered", s->entered);
}

static void write_found(Call *c, const Service *s, const Hour *day, const Hour *month)
{
	JsonOut *o = &c->json;
	bool probed = service_is_probed(s), theirs = s->item.name && s->item.code && strcmp(s->item.state, "down") == 0;
	json_member_text(o, "state", service_state(s));
	json_member_bool(o, "probed", probed);
	write_time(o, "since", s->since_ms);
	write_time(o, "checked_at", s->checked_ms);
	json_member_text(o, "code", theirs ? s->item.code : s->code);
	json_member_text(o, "detail", theirs ? s->item.detail : s->detail);
	const char *said = c->lang == LANG_EN ? s->item.said_en : s->item.said_zh;
	json_member_text(o, "said", theirs && said ? said : failure_said(c, theirs ? s->item.code : s->code, c->lang));
	json_member_text(o, "outage", s->item.outage);
	json_member_int(o, "people", s->item.people);
	json_member_int(o, "alone", s->item.alone);
	write_number(o, "p50_ms", hour_percentile(day, 50), hour_percentile(day, 50) > 0);
	write_number(o, "p95_ms", hour_percentile(day, 95), hour_percentile(day, 95) > 0);
	write_number(o, "availability", hour_availability(month), hour_availability(month) >= 0);
	write_number(o, "down_ms", month->down_ms, month->seen_ms > 0);
}

static int services_write(Call *c)
{
	Service *all = NULL;
	size_t n = 0;
	int r = services_load(c, &all, &n);
	Hour *day = talloc_zero_array(c, Hour, n + 1), *month = talloc_zero_array(c, Hour, n + 1);
	int64_t hour = c->now_ms / HOUR_MS;
	if (r == 0)
		r = hours_total(c, all, n, hour - 23, day);
	if (r == 0)
		r = hours_seen(c, all, n, hour - MONTH_HOURS + 1, month);
	json_object_begin(&c->json);
	json_key(&c->json, "items");
	json_array_begin(&c->json);
	for (size_t i = 0; r == 0 && i < n; i++) {
		json_object_begin(&c->json);
		write_entered(&c->json, &all[i]);
		write_found(c, &all[i], &day[i], &month[i]);
		json_object_end(&c->json);
	}
	json_array_end(&c->json);
	json_object_end(&c->json);
	return call_store_failed(c, r);
}

/* ---- one ---- */

static void hour_write(JsonOut *o, const Hour *h)
{
	json_object_begin(o);
	write_time(o, "at", h->hour * HOUR_MS);
	json_member_int(o, "probes", h->probes);
	json_member_int(o, "failed", h->failed);
	json_member_int(o, "down_ms", h->down_ms);
	json_member_int(o, "p50_ms", hour_percentile(h, 50));
	json_member_int(o, "p95_ms", hour_percentile(h, 95));
	json_object_end(o);
}

static void hours_write(Call *c, const Hour *hours, size_t n, Hour *day)
{
	json_key(&c->json, "hours");
	json_array_begin(&c->json);
	for (size_t i = 0; i < n; i++)
		if (hours[i].hour >= c->now_ms / HOUR_MS - 23) {
			hour_sum(day, &hours[i]);
			hour_write(&c->json, &hours[i]);
		}
	json_array_end(&c->json);
}

static int outages_write(Call *c, Id service)
{
	JsonOut *o = &c->json;
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
	                 "SELECT began_at, told_at, ended_at, code, detail FROM service_outage WHERE service = $1 "
	                 "ORDER BY seq DESC LIMIT $2",
	                 value_id(service), value_int(OUTAGES_SHOWN));
	json_key(o, "outages");
	json_array_begin(o);
	while (r == 0 && rows_next(rows)) {
		json_object_begin(o);
		write_time(o, "began_at", rows_int(rows, 0));
		write_time(o, "told_at", rows_int(rows, 1));
		write_time(o, "ended_at", rows_int(rows, 2));
		json_member_text(o, "code", rows_text(rows, 3));
		json_member_text(o, "detail", rows_text(rows, 4));
		json_member_text(o, "said", failure_said(c, rows_text(rows, 3), c->lang));
		json_object_end(o);
	}
	json_array_end(o);
	return r < 0 ? r : rows_error(rows);
}

int service_answer(Call *c, Id id)
{
	Service s;
	Hour *hours = NULL, day = {0}, month = {0};
	size_t n = 0;
	int r = service_load(c, id, &s);
	if (r == 0)
		r = hours_load(c, id, c->now_ms / HOUR_MS - MONTH_HOURS + 1, &hours, &n);
	if (r < 0)
		return call_store_failed(c, r);
	json_object_begin(&c->json);
	write_entered(&c->json, &s);
	hours_write(c, hours, n, &day);
	for (size_t i = 0; i < n; i++)
		hour_sum(&month, &hours[i]);
	write_found(c, &s, &day, &month);
	r = outages_write(c, id);
	json_object_end(&c->json);
	return call_store_failed(c, r);
}

static int service_get(Call *c)
{
	return service_answer(c, call_id(c, "id"));
}

/* ---- a probe now ---- */

/* Shared by the caller, who waits, and the net; whoever leaves last frees it. */
typedef struct {
	pthread_mutex_t lock;
	pthread_cond_t done;
	_Atomic int refs;
	bool over;
	Service service;
	Verdict verdict;
} Now;

static void now_leave(Now *now)
{
	if (atomic_fetch_sub(&now->refs, 1) > 1)
		return;
	pthread_mutex_destroy(&now->lock);
	pthread_cond_destroy(&now->done);
	talloc_free(now);
}

static void on_now(void *arg, const NetAnswer *answer)
{
	Now *now = arg;
	pthread_mutex_lock(&now->lock);
	probe_judge(&now->service, answer, &now->verdict);
	now->over = true;
	pthread_cond_signal(&now->done);
	pthread_mutex_unlock(&now->lock);
	now_leave(now);
}

static int now_load(Call *c, void *arg)
{
	Now *now = arg;
	Service s;
	int r = service_load(c, call_id(c, "id"), &s);
	if (r == 0 && !(s.item.name ? s.item.url : s.address))
		return call_fail(c, ERR_CONFLICT, "no_address", "There is nothing to probe here: it has no address of its own.",
		                 "没有可探测的地址。");
	if (r < 0)
		return r;
	now->service = (Service){.kind = talloc_strdup(now, s.kind), .expect_status = s.expect_status,
		.address = talloc_strdup(now, s.item.name ? s.item.url : s.address), .method = talloc_strdup(now, s.method),
		.expect_text = talloc_strdup(now, s.expect_text),
		.allowed_host = talloc_strdup(now, s.item.name ? s.item.allowed_host : s.allowed_host)};
	return 0;
}

static void now_wait(Now *now)
{
	int64_t until_us = clock_monotonic_us() + NOW_WAIT_MS * 1000;
	bool in_time = true;
	pthread_mutex_lock(&now->lock);
	while (!now->over && in_time)
		in_time = cond_wait_until(&now->done, &now->lock, until_us);
	if (!now->over)
		probe_late(&now->verdict, NOW_WAIT_MS);
	pthread_mutex_unlock(&now->lock);
}

static int service_probe(Call *c)
{
	NetRequest request;
	Now *now = talloc_zero(NULL, Now);
	cond_init(&now->done);
	pthread_mutex_init(&now->lock, NULL);
	atomic_init(&now->refs, 1);
	int r = call_read_wait(c, now_load, now);
	if (r == 0) {
		probe_request(now, &now->service, &request);
		atomic_fetch_add(&now->refs, 1);
		r = net_send(c->house->net, &request, on_now, now);
		if (r < 0) {
			atomic_fetch_sub(&now->refs, 1);
			r = call_store_failed(c, r);
		}
	}
	if (r == 0) {
		now_wait(now);
		json_object_begin(&c->json);
		json_member_bool(&c->json, "ok", now->verdict.good);
		json_member_text(&c->json, "code", now->verdict.code);
		json_member_text(&c->json, "detail", now->verdict.detail);
		json_member_text(&c->json, "said", failure_said(c, now->verdict.code, c->lang));
		json_member_int(&c->json, "status", now->verdict.status);
		json_member_int(&c->json, "took_ms", now->verdict.took_ms);
		json_object_end(&c->json);
	}
	now_leave(now);
	return r;
}

/* ---- the table ---- */

static const Param id_params[] = {{"id", PARAM_ID, PARAM_IN_PATH, true, .help = "Service"}, {0}};

#define CHANGEABLE \
	{"address", PARAM_TEXT, PARAM_IN_BODY, .max = 500, \
	 .help = "https://, tls://host:port, tcp://host:port, smtps://, smtp://"}, \
	{"method", PARAM_TEXT, PARAM_IN_BODY, .choices = "GET|HEAD", .help = "Of http; GET unless told"}, \
	{"expect_status", PARAM_INT, PARAM_IN_BODY, .min = 0, .max = 599, .help = "0: anything below 400"}, \
	{"expect_text", PARAM_TEXT, PARAM_IN_BODY, .max = 200, .help = "Has to stand in the answer"}, \
	{"allowed_host", PARAM_TEXT, PARAM_IN_BODY, .max = 255, .help = "Host that may be private and without TLS"}, \
	{"every_s", PARAM_INT, PARAM_IN_BODY, .min = 10, .max = SERVICE_EVERY_MAX_S, .help = "Between probes; 20"}, \
	{"slow_ms", PARAM_INT, PARAM_IN_BODY, .min = 1, .max = PROBE_DEADLINE_MS, .help = "Slower is slow; 2000"}, \
	{"sla", PARAM_INT, PARAM_IN_BODY, .min = 0, .max = 10000, \
	 .help = "Promised availability, hundredths of a percent; 0: none"}, \
	{"contact", PARAM_TEXT, PARAM_IN_BODY, .max = 200, .help = "Who to call at the partner"}, \
	{"owner", PARAM_TEXT, PARAM_IN_BODY, .max = 36, .help = "Person who cares for it; gets its alerts; \"\": nobody"}, \
	{"cost", PARAM_TEXT, PARAM_IN_BODY, .max = 200, .help = "What it costs"}, \
	{"note", PARAM_TEXT, PARAM_IN_BODY, .max = 2000, .help = "Anything else"}, \
	{"expires_at", PARAM_TEXT, PARAM_IN_BODY, .max = 40, \
	 .help = "When the subscription ends, RFC 3339; \"\": it does not"}, \
	{"affects", PARAM_JSON, PARAM_IN_BODY, .help = "{\"sources\":[id],\"channels\":[id]} that hang on it"}, \
	{"enabled", PARAM_BOOL, PARAM_IN_BODY, .help = "Switched on"}

static const Param create_params[] = {
	{"kind", PARAM_TEXT, PARAM_IN_BODY, true, .choices = "http|tcp|mail|source", .help = "Channels come by themselves"},
	{"name", PARAM_TEXT, PARAM_IN_BODY, .max = 60, .help = "As people see it; of a source: its own"},
	{"subject", PARAM_ID, PARAM_IN_BODY, .help = "Of kind source: which one"},
	CHANGEABLE,
	{0},
};
static const Param patch_params[] = {
	{"id", PARAM_ID, PARAM_IN_PATH, true, .help = "Service, or a channel"},
	{"name", PARAM_TEXT, PARAM_IN_BODY, .max = 60, .help = "As people see it"},
	CHANGEABLE,
	{0},
};

const Endpoint service_endpoints[] = {
	{"GET", "/services", "settings.manage", CALL_READ, NULL, services_write,
     "Outside services with state, availability of 30 days and latency of the day; channels are there by themselves"},
	{"POST", "/services", "settings.manage", CALL_WRITE, create_params, service_create, "Put a service on the list"},
	{"GET", "/services/:id", "settings.manage", CALL_READ, id_params, service_get,
     "One service with the hours of the day and its outages"},
	{"PATCH", "/services/:id", "settings.manage", CALL_WRITE, patch_params, service_patch,
     "Change a service, or write something about a channel"},
	{"DELETE", "/services/:id", "settings.manage", CALL_WRITE, id_params, service_delete,
     "Take a service off the list; of a channel: what was written about it"},
	{"POST", "/services/:id/probe", "settings.manage", CALL_WORKER, id_params, service_probe,
     "Probe now and tell what came of it; the history is not touched"},
	{0},
};
