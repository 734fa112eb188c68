/* The look at all sources: counts are written down, silence and jumps are told once, and so is their end. The next look
 * is set to the very moment at which silence of some source could be told. */
#include "modules/lead/health/health_int.h"

#include <string.h>

#include "base/limits.h"
#include "call/when.h"
#include "event/alert.h"
#include "event/timer.h"

/* ---- counts ---- */

typedef struct {
	Pulse *pulse;
	PulseCount *counts;
	size_t n;
} Taken;

static void counts_return(void *arg)
{
	const Taken *taken = arg;
	pulse_put_back(taken->pulse, taken->counts, taken->n);
}

static int count_write(Tx *tx, const PulseCount *k)
{
	int r = db_exec(
		tx,
		"INSERT INTO source_hour (source, hour, arrived, bad) VALUES ($1, $2, $3, $4) ON CONFLICT (source, hour)"
		" DO UPDATE SET arrived = source_hour.arrived + excluded.arrived, bad = source_hour.bad + excluded.bad",
		value_id(k->source), value_int(k->hour), value_int(k->arrived), value_int(k->bad));
	if (r < 0)
		return r;
	int64_t first = k->last_at ? k->last_at : k->bad_at;
	r = db_exec(
		tx,
		"INSERT INTO source_state (source, first_at, last_at) VALUES ($1, $2, $2) ON CONFLICT (source) DO UPDATE"
		" SET last_at = CASE WHEN excluded.last_at > source_state.last_at THEN excluded.last_at ELSE"
		" source_state.last_at END",
		value_id(k->source), value_time(first));
	if (r < 0 || !*k->reason)
		return r;
	return db_exec(tx, "UPDATE source_state SET bad_at = $2, reason = $3, detail = $4 WHERE source = $1",
	               value_id(k->source), value_time(k->bad_at), value_text(k->reason),
	               value_text(*k->detail ? k->detail : NULL));
}

int health_flush(Call *c)
{
	Taken *taken = talloc_zero(tx_mem(c->tx), Taken);
	taken->pulse = c->house->intake->pulse;
	taken->counts = pulse_take(taken, taken->pulse, false, &taken->n);
	tx_on_rollback(c->tx, counts_return, taken);
	int r = 0;
	for (size_t i = 0; r == 0 && i < taken->n; i++)
		if (!id_is_nil(taken->counts[i].source))
			r = count_write(c->tx, &taken->counts[i]);
	if (r == 0)
		r = db_exec(c->tx, "UPDATE health_mark SET at = $1", value_time(c->now_ms));
	if (r == 0)
		r = db_exec(c->tx, "DELETE FROM source_hour WHERE hour < $1",
		            value_int(c->now_ms / HOUR_MS - (RATE_WEEKS + 1) * RATE_HOURS));
	return call_store_failed(c, r);
}

/* ---- telling ---- */

static const char *words(Call *c, const SourceHealth *s, const Judgement *j, int64_t told_from)
{
	char since[WHEN_TEXT_SIZE], due[WHEN_TEXT_SIZE];
	Buf *data = buf_new(c, 2048);
	JsonOut o = json_out(data);
	json_object_begin(&o);
	json_member_text(&o, "name", s->name);
	json_member_text(&o, "since", when_text(told_from, since));
	if (j->silent_at != INT64_MAX)
		json_member_text(&o, "due", when_text(j->silent_at, due));
	json_member_int(&o, "expected", (int64_t)(rate_expected(&j->rate, s->last_at, c->now_ms) + 0.5));
	json_member_int(&o, "share", j->arrived_day > 0 ? j->bad_day * 100 / j->arrived_day : 0);
	json_member_int(&o, "usual", (int64_t)(j->usual_share * 100 + 0.5));
	json_member_text(&o, "fault", s->reason);
	json_object_end(&o);
	return data->data;
}

static int tell(Call *c, const SourceHealth *s, const char *reason, const char *data)
{
	char id[ID_TEXT_SIZE];
	ROWS rows = NULL;
	Alert alert = {.reason = reason,
	               .expires_ms = c->now_ms + HEALTH_ALERT_MS,
	               .object = "source",
	               .record = s->id,
	               .data = data,
	               .urgent = true,
	               .merge_key = talloc_asprintf(c, "%s %s", reason, id_text(s->id, id))};
	int r =
		db_query(c->tx, &rows, "SELECT id FROM person WHERE role = $1 AND active = $2 AND deleted_at IS NULL LIMIT 20",
	             value_text("administrator"), value_bool(true));
	if (r < 0)
		return call_store_failed(c, r);
	Id receiver[20];
	int n = 0;
	while (n < (int)ARRAY_LEN(receiver) && rows_next(rows))
		receiver[n++] = rows_id(rows, 0);
	for (int i = 0; r == 0 && i < n; i++) {
		alert.receiver = receiver[i];
		r = alert_send(c, &alert);
	}
	if (r < 0)
		return r;
	return record_event(c, &(EventRow){.kind = "source.health", .object = "source", .record = s->id, .data = data});
}

static int state_keep(Call *c, const SourceHealth *s)
{
	pulse_await(c->house->intake->pulse, s->id, s->silent_since != 0);
	return call_store_failed(
		c, db_exec(c->tx, "UPDATE source_state SET silent_since = $2, jump_since = $3, calm_at = $4 WHERE source = $1",
	               value_id(s->id), s->silent_since ? value_time(s->silent_since) : value_null(),
	               s->jump_since ? value_time(s->jump_since) : value_null(),
	               s->calm_at ? value_time(s->calm_at) : value_null()));
}

/* ---- one source ---- */

/* Enough came since that a return to the usual can be told, or a day has passed. */
static bool has_calmed(const Judgement *j, int64_t now_ms, int64_t since)
{
	bool now_fine =
		j->arrived_now >= HEALTH_JUMP_MIN && binomial_tail(j->arrived_now, j->bad_now, j->usual_share) > 0.05;
	return now_fine || (!j->jumps && now_ms - since >= DAY_MS);
}

static int source_look(Call *c, SourceHealth *s, HealthClock *clock, int64_t *next)
{
	Judgement j;
	health_judge(s, clock, c->now_ms, &j);
	bool is_silent = j.silent_at <= c->now_ms, was_silent = s->silent_since != 0, was_jumping = s->jump_since != 0;
	const char *reason = NULL;
	int64_t from = s->last_at;
	if (!s->enabled)
		s->silent_since = s->jump_since = 0;
	else if (is_silent && !was_silent) {
		s->silent_since = s->last_at;
		reason = "source.silent";
	} else if (was_silent && s->last_at > s->silent_since) {
		from = s->silent_since;
		s->silent_since = 0;
		reason = "source.back";
	} else if (j.jumps && !was_jumping) {
		s->jump_since = from = c->now_ms;
		reason = "source.jump";
	} else if (was_jumping && has_calmed(&j, c->now_ms, s->jump_since)) {
		from = s->jump_since;
		s->jump_since = 0;
		s->calm_at = c->now_ms;
		reason = "source.calm";
	}
	if (s->enabled && !is_silent && j.silent_at < *next)
		*next = j.silent_at;
	bool changed = reason || was_silent != (s->silent_since != 0) || was_jumping != (s->jump_since != 0);
	int r = changed ? state_keep(c, s) : 0;
	return r < 0 || !reason ? r : tell(c, s, reason, words(c, s, &j, from));
}

static int health_look(Call *c)
{
	SourceHealth *sources;
	size_t n;
	const Roster *roster;
	int64_t next = c->now_ms + HEALTH_LOOK_MS;
	int r = health_flush(c);
	if (r < 0 || (r = roster_of(c, &roster)) < 0 || (r = health_load(c, false, &sources, &n)) < 0)
		return call_store_failed(c, r);
	HealthClock *clock = talloc_zero(c, HealthClock);
	clock->work = roster_default_worktime(roster);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = sources[i].last_at ? source_look(c, &sources[i], clock, &next) : 0;
	return r < 0 ? r : timer_set(c, TIMER_HEALTH, ID_NIL, next, NULL);
}

const TimerKind health_timers[] = {
	{TIMER_HEALTH, health_look},
	{0},
};
