/* The card of the health of sources, and what is loaded of them. */
#include "modules/lead/health/health_int.h"

#include <string.h>

#include "base/log.h"
#include "event/failure.h"
#include "event/outside.h"
#include "event/timer.h"

static const char *const migrations[] = {
	"CREATE TABLE source_hour (source {ID} NOT NULL, hour {INT} NOT NULL, arrived {INT} NOT NULL, bad {INT} NOT NULL,"
	" PRIMARY KEY (source, hour)) {COMPACT};"
	"CREATE TABLE source_state (source {ID} NOT NULL PRIMARY KEY, first_at {TIME} NOT NULL, last_at {TIME} NOT NULL,"
	" bad_at {TIME}, reason {TEXT}, detail {TEXT}, silent_since {TIME}, jump_since {TIME}, calm_at {TIME});"
	"CREATE TABLE health_mark (at {TIME} NOT NULL);"
	"INSERT INTO health_mark (at) VALUES (0)",
	NULL,
};

/* ---- loading ---- */

/* A server that the house cannot ask (lead/pull) comes before what was wrong with single arrivals. */
static void fetching_fault(Call *c, const Rows *rows, SourceHealth *s)
{
	if (!rows_int(rows, 12))
		return;
	s->pull_at = rows_int(rows, 12);
	s->pull_reason = talloc_strdup(c, rows_text(rows, 13));
	s->pull_detail = talloc_strdup(c, rows_text(rows, 14));
}

static int sources_load(Call *c, SourceHealth **ret, size_t *ret_n)
{
	ROWS rows = NULL;
	SourceHealth *all = NULL;
	size_t n = 0;
	int r =
		db_query(c->tx, &rows,
	             "SELECT s.id, s.name, s.key, s.enabled, h.first_at, h.last_at, h.bad_at, h.reason, h.detail,"
	             " h.silent_since, h.jump_since, h.calm_at, p.failed_at, p.reason, p.detail FROM source s"
	             " LEFT JOIN source_state h ON h.source = s.id LEFT JOIN pull p ON p.source = s.id AND p.fails > 0"
	             " WHERE s.deleted_at IS NULL ORDER BY s.created_at, s.id");
	while (r == 0 && rows_next(rows)) {
		all = talloc_realloc(c, all, SourceHealth, n + 1);
		all[n++] = (SourceHealth){
			.id = rows_id(rows, 0),
			.name = talloc_strdup(c, rows_text(rows, 1)),
			.key = talloc_strdup(c, rows_text(rows, 2)),
			.enabled = rows_int(rows, 3) != 0,
			.first_at = rows_int(rows, 4),
			.last_at = rows_int(rows, 5),
			.bad_at = rows_int(rows, 6),
			.reason = talloc_strdup(c, rows_text(rows, 7)),
			.detail = talloc_strdup(c, rows_text(rows, 8)),
			.silent_since = rows_int(rows, 9),
			.jump_since = rows_int(rows, 10),
			.calm_at = rows_int(rows, 11),
		};
		fetching_fault(c, rows, &all[n - 1]);
	}
	*ret = all;
	*ret_n = n;
	return r < 0 ? r : rows_error(rows);
}

static SourceHealth *source_of(SourceHealth *all, size_t n, Id id)
{
	for (size_t i = 0; i < n; i++)
		if (id_equal(all[i].id, id))
			return &all[i];
	return NULL;
}

static void hour_add(Call *c, SourceHealth *s, HourCount count)
{
	if (s->n && s->hours[s->n - 1].hour == count.hour) {
		s->hours[s->n - 1].arrived += count.arrived;
		s->hours[s->n - 1].bad += count.bad;
		return;
	}
	if ((s->n & (s->n - 1)) == 0)
		s->hours = talloc_realloc(c, s->hours, HourCount, s->n ? s->n * 2 : 1);
	s->hours[s->n++] = count;
}

static int hours_load(Call *c, SourceHealth *all, size_t n)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
	                 "SELECT source, hour, arrived, bad FROM source_hour WHERE hour >= $1 ORDER BY source,"
	                 " hour",
	                 value_int(c->now_ms / HOUR_MS - (RATE_WEEKS + 1) * RATE_HOURS));
	SourceHealth *s = NULL;
	while (r == 0 && rows_next(rows)) {
		Id id = rows_id(rows, 0);
		if (!s || !id_equal(s->id, id))
			s = source_of(all, n, id);
		if (s)
			hour_add(c, s, (HourCount){rows_int(rows, 1), rows_int(rows, 2), rows_int(rows, 3)});
	}
	return r < 0 ? r : rows_error(rows);
}

/* What is in memory only. Its hours are the newest, so they go to the end. */
static void fresh_add(Call *c, SourceHealth *all, size_t n)
{
	size_t n_counts;
	PulseCount *counts = pulse_take(c, c->house->intake->pulse, true, &n_counts);
	for (size_t i = 0; i < n_counts; i++) {
		SourceHealth *s = source_of(all, n, counts[i].source);
		if (!s || (s->n && counts[i].hour < s->hours[s->n - 1].hour))
			continue;
		hour_add(c, s, (HourCount){counts[i].hour, counts[i].arrived, counts[i].bad});
		s->first_at = s->first_at ? s->first_at : counts[i].last_at;
		s->last_at = counts[i].last_at > s->last_at ? counts[i].last_at : s->last_at;
		if (counts[i].bad_at > s->bad_at) {
			s->bad_at = counts[i].bad_at;
			s->reason = counts[i].reason;
			s->detail = *counts[i].detail ? counts[i].detail : NULL;
		}
	}
}

int health_load(Call *c, bool fresh, SourceHealth **ret, size_t *ret_n)
{
	int r = sources_load(c, ret, ret_n);
	if (r == 0)
		r = hours_load(c, *ret, *ret_n);
	if (r == 0 && fresh)
		fresh_add(c, *ret, *ret_n);
	return r;
}

/* ---- start and stop ---- */

typedef struct {
	House *house;
	int64_t mark;
} Start;

static int mark_read(Tx *tx, void *arg)
{
	Start *start = arg;
	ROWS rows = NULL;
	int r = db_int(tx, &start->mark, "SELECT at FROM health_mark");
	if (r == 0)
		r = db_query(tx, &rows, "SELECT source FROM source_state WHERE silent_since IS NOT NULL");
	while (r == 0 && rows_next(rows))
		pulse_await(start->house->intake->pulse, rows_id(rows, 0), true);
	return r < 0 ? r : rows_error(rows);
}

/* What came since the counts were last written down: after a crash they are only on the log. What was imported has no
 * visitor and is no arrival. */
static int rest_read(Tx *tx, void *arg)
{
	const Start *start = arg;
	Pulse *pulse = start->house->intake->pulse;
	int64_t oldest = clock_now_ms(start->house->clock) - DAY_MS;
	ROWS rows = NULL;
	int r = db_query(tx, &rows,
	                 "SELECT source, at, state, reason, detail FROM receipt WHERE id > $1 AND at > $2 AND"
	                 " visitor IS NOT NULL ORDER BY id",
	                 value_id(id_new(start->mark > oldest ? start->mark : oldest)), value_time(start->mark));
	while (r == 0 && rows_next(rows)) {
		pulse_arrived(pulse, rows_id(rows, 0), rows_int(rows, 1));
		if (strcmp(rows_text(rows, 2), "quarantined") == 0)
			pulse_bad(pulse, rows_id(rows, 0), rows_int(rows, 1), rows_text(rows, 3), rows_text(rows, 4));
	}
	return r < 0 ? r : rows_error(rows);
}

static int look_soon(Tx *tx, void *arg)
{
	Call *c = call_new_system(tx_mem(tx), arg, tx, "start");
	return timer_set_earliest(c, TIMER_HEALTH, ID_NIL, c->now_ms + MINUTE_MS, NULL);
}

/* Silence is this room's own word for a source that is down. */
static int sources_tell_of(Call *c, OutsideItem **ret, size_t *ret_n)
{
	SourceHealth *all = NULL;
	size_t n = 0;
	int r = sources_load(c, &all, &n);
	OutsideItem *items = talloc_zero_array(c, OutsideItem, n + 1);
	for (size_t i = 0; r == 0 && i < n; i++)
		items[i] = (OutsideItem){.id = all[i].id, .name = all[i].name, .type = "source",
			.code = all[i].silent_since ? failure_code(FAILURE_SILENT) : NULL,
			.state = !all[i].enabled        ? "off"
		             : all[i].silent_since  ? "down"
		             : all[i].last_at       ? "up"
		                                    : "unknown"};
	*ret = items;
	*ret_n = n;
	return call_store_failed(c, r);
}

static const OutsideKind source_outside = {.kind = "source", .list = sources_tell_of};

static int health_start(House *house)
{
	outside_add(house, &source_outside);
	Start start = {.house = house};
	int r = store_read_wait(house->store, mark_read, &start);
	if (r == 0)
		r = store_read_wait(receipt_log_store(house->intake->log), rest_read, &start);
	return r < 0 ? r : store_write_wait(house->store, look_soon, house);
}

static int last_flush(Tx *tx, void *arg)
{
	return health_flush(call_new_system(tx_mem(tx), arg, tx, "stop"));
}

static void health_stop(House *house)
{
	if (store_write_wait(house->store, last_flush, house) < 0)
		log_warn("health", "the last counts of arrivals could not be written; they are read from the log at start");
}

const Module health_module = {.name = "health",
                              .endpoints = health_endpoints,
                              .timers = health_timers,
                              .migrations = migrations,
                              .start = health_start,
                              .stop = health_stop};
