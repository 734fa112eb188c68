/* The tables, what is loaded of them, the metrics, and the room's card. */
#include <string.h>

#include "event/timer.h"
#include "modules/service/service_int.h"

const char *const service_migrations[] = {
	"CREATE TABLE service (id {ID} PRIMARY KEY, kind {TEXT} NOT NULL, name {TEXT}, address {TEXT}, method {TEXT}, "
	"expect_status {INT} NOT NULL, expect_text {TEXT}, allowed_host {TEXT}, every_s {INT} NOT NULL, "
	"slow_ms {INT} NOT NULL, sla {INT} NOT NULL, contact {TEXT}, owner {ID}, cost {TEXT}, note {TEXT}, "
	"expires_at {TIME}, affects {TEXT}, enabled {BOOL} NOT NULL, created_at {TIME} NOT NULL, deleted_at {TIME});"
	"CREATE TABLE service_state (service {ID} PRIMARY KEY, state {TEXT} NOT NULL, since {TIME} NOT NULL, "
	"checked_at {TIME}, took_ms {INT} NOT NULL, code {TEXT}, detail {TEXT});"
	"CREATE TABLE service_hour (service {ID} NOT NULL, hour {INT} NOT NULL, seen_ms {INT} NOT NULL, "
	"down_ms {INT} NOT NULL, probes {INT} NOT NULL, failed {INT} NOT NULL, times {TEXT} NOT NULL, "
	"PRIMARY KEY (service, hour)) {COMPACT};"
	"CREATE TABLE service_outage (seq {SERIAL}, service {ID} NOT NULL, began_at {TIME} NOT NULL, "
	"told_at {TIME} NOT NULL, "
	"ended_at {TIME}, code {TEXT}, detail {TEXT});"
	"CREATE INDEX service_outage_of ON service_outage (service, seq)",
	NULL,
};

/* ---- loading ---- */

#define SERVICE_ROWS \
	"SELECT s.id, s.kind, s.name, s.address, s.method, s.expect_status, s.expect_text, s.allowed_host, s.every_s, " \
	"s.slow_ms, s.sla, s.contact, s.owner, p.name, s.cost, s.note, s.expires_at, s.affects, s.enabled " \
	"FROM service s LEFT JOIN person p ON p.id = s.owner WHERE s.deleted_at IS NULL " \
	"ORDER BY s.created_at, s.id LIMIT $1"

static const char *kept(Call *c, const Rows *rows, int column)
{
	const char *text = rows_text(rows, column);
	return text && text[0] ? talloc_strdup(c, text) : NULL;
}

static Service service_read(Call *c, const Rows *rows)
{
	JsonFault fault;
	const char *affects = rows_text(rows, 17);
	json_t *parsed = affects ? json_parse(c, affects, strlen(affects), &fault) : NULL;
	return (Service){
		.id = rows_id(rows, 0), .kind = kept(c, rows, 1), .name = kept(c, rows, 2), .address = kept(c, rows, 3),
		.method = kept(c, rows, 4), .expect_status = rows_int(rows, 5), .expect_text = kept(c, rows, 6),
		.allowed_host = kept(c, rows, 7), .every_s = rows_int(rows, 8), .slow_ms = rows_int(rows, 9),
		.sla = rows_int(rows, 10), .contact = kept(c, rows, 11), .owner = rows_id(rows, 12),
		.owner_name = kept(c, rows, 13), .cost = kept(c, rows, 14), .note = kept(c, rows, 15),
		.expires_ms = rows_int(rows, 16), .affects = parsed ? parsed : json_own(c, json_object()),
		.enabled = rows_int(rows, 18) != 0, .entered = true, .state = beat_name(BEAT_UNKNOWN),
	};
}

static Service *find(Service *all, size_t n, Id id)
{
	for (size_t i = 0; i < n; i++)
		if (id_equal(all[i].id, id))
			return &all[i];
	return NULL;
}

/* Partners of another room: those that were entered get what it says, the others come by themselves or not at all. */
static int items_add(Call *c, const OutsideKind *kind, Service *all, size_t *n)
{
	OutsideItem *items = NULL;
	size_t n_items = 0;
	int r = kind->list(c, &items, &n_items);
	for (size_t i = 0; r == 0 && i < n_items; i++) {
		Service *s = find(all, *n, items[i].id);
		if (!s && kind->by_itself && *n < SERVICES_MAX) {
			s = &all[(*n)++];
			*s = (Service){.id = items[i].id, .kind = kind->kind, .every_s = SERVICE_EVERY_S,
				.slow_ms = SERVICE_SLOW_MS, .affects = json_own(c, json_object()), .enabled = true,
				.state = beat_name(BEAT_UNKNOWN)};
		}
		if (!s)
			continue;
		s->item = items[i];
		s->name = items[i].name;
	}
	return r;
}

static int states_add(Call *c, Service *all, size_t n)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
	                 "SELECT service, state, since, checked_at, took_ms, code, detail FROM service_state");
	while (r == 0 && rows_next(rows)) {
		Service *s = find(all, n, rows_id(rows, 0));
		if (!s)
			continue;
		s->state = beat_name(beat_state(rows_text(rows, 1)));
		s->since_ms = rows_int(rows, 2);
		s->checked_ms = rows_int(rows, 3);
		s->took_ms = rows_int(rows, 4);
		s->code = kept(c, rows, 5);
		s->detail = kept(c, rows, 6);
	}
	return r < 0 ? r : rows_error(rows);
}

/* What another room has forgotten is no service any more. */
static size_t drop_orphans(const Call *c, Service *all, size_t n)
{
	size_t kept_n = 0;
	for (size_t i = 0; i < n; i++)
		if (all[i].item.name || !outside_kind(c->house, all[i].kind))
			all[kept_n++] = all[i];
	return kept_n;
}

int services_load(Call *c, Service **ret, size_t *ret_n)
{
	ROWS rows = NULL;
	Service *all = talloc_zero_array(c, Service, SERVICES_MAX);
	size_t n = 0;
	int r = db_query(c->tx, &rows, SERVICE_ROWS, value_int(SERVICES_MAX));
	while (r == 0 && n < SERVICES_MAX && rows_next(rows))
		all[n++] = service_read(c, rows);
	r = r < 0 ? r : rows_error(rows);
	for (const OutsideKind *const *k = outside_kinds(c->house); r == 0 && *k; k++)
		r = items_add(c, *k, all, &n);
	if (r == 0)
		r = states_add(c, all, n = drop_orphans(c, all, n));
	*ret = all;
	*ret_n = n;
	return call_store_failed(c, r);
}

int service_load(Call *c, Id id, Service *ret)
{
	Service *all = NULL;
	size_t n = 0;
	int r = services_load(c, &all, &n);
	const Service *s = r == 0 ? find(all, n, id) : NULL;
	if (r == 0 && !s)
		return call_fail(c, ERR_NOT_FOUND, "not_found", "There is no such service.", "没有这个外部服务。");
	if (r == 0)
		*ret = *s;
	return r;
}

/* ---- what is true of one ---- */

bool service_is_probed(const Service *s)
{
	bool known = !s->item.name || (s->item.url && strcmp(s->item.state, "off") != 0);
	return s->enabled && known && (s->item.name || s->address);
}

const char *service_state(const Service *s)
{
	if (!s->enabled || (s->item.name && strcmp(s->item.state, "off") == 0))
		return "off";
	if (s->item.name && (!service_is_probed(s) || strcmp(s->item.state, "down") == 0))
		return s->item.state;
	return s->state;
}

/* ---- metrics ---- */

typedef struct {
	House *house;
	Buf *out;
} Measure;

static int measure_job(Tx *tx, void *arg)
{
	const Measure *m = arg;
	Service *all = NULL;
	size_t n = 0;
	Call *c = call_new_system(tx_mem(tx), m->house, tx, "metrics");
	int r = services_load(c, &all, &n);
	if (r < 0 || n == 0)
		return r;
	metrics_head(m->out, "tenon_service_up", "gauge", "1: the outside service answers, 0: it is down.");
	for (size_t i = 0; i < n; i++) {
		const char *state = service_state(&all[i]);
		if (strcmp(state, "off") == 0 || strcmp(state, "unknown") == 0)
			continue;
		const char *labels = talloc_asprintf(c, "%s,%s", metrics_label(c, "service", all[i].name),
		                                     metrics_label(c, "kind", all[i].kind));
		metrics_sample(m->out, "tenon_service_up", labels, strcmp(state, "down") != 0);
	}
	return 0;
}

static void service_measure(House *house, Buf *out)
{
	Measure m = {house, buf_new(out, 1024 * 1024)};
	if (store_read_wait(house->store, measure_job, &m) == 0 && !buf_failed(m.out) && m.out->len > 0)
		buf_append(out, m.out->data, m.out->len);
	talloc_free(m.out);
}

const Module service_module = {
	.name = "service",
	.endpoints = service_endpoints,
	.timers = service_timers,
	.migrations = service_migrations,
	.start = watch_start,
	.run = watch_run,
	.stop = watch_stop,
	.clock_moved = watch_catch_up,
	.measure = service_measure,
};
