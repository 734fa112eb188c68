/* Warning of and giving back what nobody follows up. One timer goes along an index of held records by their last
 * follow-up, from a mark on, in bounded steps: a million records cost nothing until one of them is due.
 *
 * Days are 24 hours. A record returns `days` after its last follow-up, but never earlier than `warn_days` after its
 * owner was warned: also on the day the rule begins. */
#include "modules/lead/pooled.h"
#include "record/phase.h"

#define ALERT_MAX (16 * 1024)

/* How far the sweep has come. */
typedef struct {
	int64_t at;
	Id id;
} Mark;

typedef struct {
	Id id;
	int64_t followed;
} Noticed;

/* One kind being swept in one transaction. */
typedef struct {
	Call *c;
	Ground *ground; /* to give back with; NULL where nothing is */
	const Roster *roster;
	const Pooled *kind;
	PoolRule rule;
} Sweep;

static const Pooled *const kinds[] = {&pooled_leads, &pooled_accounts};

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t days_ms(int days)
{
	return days * DAY_MS;
}

/* What POOLED_FOLLOWED says, of a record. */
static int64_t followed_at(const Pooled *kind, const Record *r)
{
	int64_t held = record_int(r, kind->held_since);
	return later(record_int(r, "last_touch_at"), held ? held : record_int(r, "created_at"));
}

static int applies(Call *c, const Pooled *kind, const Policy *policy, const Record *r, bool *ret)
{
	*ret = record_int(r, "deleted_at") == 0 && !id_is_nil(record_ref(r, "owner"));
	return *ret ? kind->applies(c, policy, r, ret) : 0;
}

/* Its owner hears that it returns at that moment, or that it did. */
static int owner_tell(const Sweep *s, const Record *r, const char *reason, int64_t at, int64_t until)
{
	Buf *buf = buf_new(s->c, ALERT_MAX);
	JsonOut out = json_out(buf);
	json_object_begin(&out);
	card_time(&out, "at", at);
	json_member_int(&out, "days", s->rule.days);
	s->kind->news(&out, s->roster, r, s->c->now_ms);
	json_object_end(&out);
	return alert_send(s->c, &(Alert){.receiver = record_ref(r, "owner"), .reason = reason, .object = s->kind->object,
		.record = record_id(r), .data = buf->data, .expires_ms = until});
}

/* ---- the mark ---- */

static int mark_load(const Sweep *s, Mark *ret)
{
	ROWS rows = NULL;
	*ret = (Mark){0};
	int r = db_query(s->c->tx, &rows, "SELECT at, lead FROM idle_mark WHERE one = $1 AND days = $2 AND warn_days = $3 "
		"AND statuses = $4", value_int(s->kind->number), value_int(s->rule.days), value_int(s->rule.warn_days),
		value_int(s->rule.bits));
	if (r == 0 && rows_next(rows))
		*ret = (Mark){rows_int(rows, 0), rows_id(rows, 1)};
	return r < 0 ? r : rows_error(rows);
}

static int mark_store(const Sweep *s, const Mark *mark)
{
	return db_exec(s->c->tx, "INSERT INTO idle_mark (one, days, warn_days, statuses, at, lead) "
		"VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (one) DO UPDATE SET days = excluded.days, "
		"warn_days = excluded.warn_days, statuses = excluded.statuses, at = excluded.at, lead = excluded.lead",
		value_int(s->kind->number), value_int(s->rule.days), value_int(s->rule.warn_days), value_int(s->rule.bits),
		value_time(mark->at), (Value){.type = VALUE_ID, .id = mark->id});
}

/* ---- noticing and warning ---- */

/* What was followed up no later than this is noticed: the sweep is there, or behind. */
static int64_t noticed_until(const Sweep *s)
{
	return s->c->now_ms - days_ms(s->rule.days) + days_ms(s->rule.warn_days);
}

/* The next ones behind the mark whose last follow-up is no later than until. */
static int noticed_read(const Sweep *s, const Mark *mark, int64_t until, int max, Noticed *out, int *ret_n)
{
	ROWS rows = NULL;
	const Value values[] = {value_time(mark->at), value_time(until), {.type = VALUE_ID, .id = mark->id},
		value_int(max)};
	int n = 0, r = db_query_n(s->c->tx, &rows, s->kind->next, values, ARRAY_LEN(values));
	while (r == 0 && n < max && rows_next(rows))
		out[n++] = (Noticed){rows_id(rows, 0), rows_int(rows, 1)};
	*ret_n = n;
	return r < 0 ? r : rows_error(rows);
}

/* The warning given before counts, as long as nothing happened to the record since. */
static int told_before(Call *c, const Noticed *one, int64_t *ret)
{
	int r = db_int(c->tx, ret, "SELECT told FROM idle_notice WHERE lead = $1 AND followed = $2", value_id(one->id),
		value_time(one->followed));
	if (r == ERR_NOT_FOUND)
		*ret = 0;
	return r == ERR_NOT_FOUND ? 0 : r;
}

/* not_before: what came back behind the sweep stays with its owner until then, whatever was told before. */
static int notice_put(const Sweep *s, const Noticed *one, int64_t not_before)
{
	Call *c = s->c;
	Record *record;
	bool stands = false;
	int64_t told = 0;
	int r = record_load_any(c, s->kind->object, one->id, &record);
	if (r == 0)
		r = applies(c, s->kind, &s->roster->policy, record, &stands);
	if (r == 0 && stands)
		r = told_before(c, one, &told);
	if (r < 0 || !stands)
		return r;
	bool first = told == 0;
	told = first ? c->now_ms : told;
	int64_t due = later(one->followed + days_ms(s->rule.days), told + days_ms(s->rule.warn_days));
	due = later(due, not_before);
	r = db_exec(c->tx, "INSERT INTO idle_notice (lead, followed, told, due, kind) VALUES ($1, $2, $3, $4, $5) "
		"ON CONFLICT (lead) DO UPDATE SET followed = excluded.followed, told = excluded.told, due = excluded.due",
		value_id(one->id), value_time(one->followed), value_time(told), value_time(due), value_int(s->kind->number));
	return r < 0 || !first || s->rule.warn_days == 0 ? r : owner_tell(s, record, s->kind->soon, due, due);
}

static int notice_step(const Sweep *s, bool *ret_more)
{
	Noticed *found = talloc_array(s->c, Noticed, LEAD_STEP_MAX);
	Mark mark;
	int n = 0, r = mark_load(s, &mark);
	if (r == 0)
		r = noticed_read(s, &mark, noticed_until(s), LEAD_STEP_MAX, found, &n);
	for (int i = 0; r == 0 && i < n; i++)
		r = notice_put(s, &found[i], 0);
	if (n)
		mark = (Mark){found[n - 1].followed, found[n - 1].id};
	*ret_more = n == LEAD_STEP_MAX;
	return r < 0 ? r : mark_store(s, &mark);
}

/* ---- returning ---- */

static int notice_drop(Call *c, Id id)
{
	return db_exec(c->tx, "DELETE FROM idle_notice WHERE lead = $1", value_id(id));
}

static int notice_put_off(Call *c, Id id, int64_t due)
{
	return db_exec(c->tx, "UPDATE idle_notice SET due = $2 WHERE lead = $1", value_id(id), value_time(due));
}

/* What was promised to its owner stands, also when the rule is shorter. */
static int record_give_back(const Sweep *s, Record *record)
{
	Call *c = s->c;
	int64_t promised = s->kind->promised_until ? record_int(record, s->kind->promised_until) : 0;
	if (promised > c->now_ms)
		return notice_put_off(c, record_id(record), promised);
	int r = owner_tell(s, record, s->kind->returned, c->now_ms, 0);
	if (r == 0)
		r = s->kind->give_back(c, s->ground, record, talloc_asprintf(c, "%d", s->rule.days));
	return r < 0 ? r : notice_drop(c, record_id(record));
}

/* The record may have been followed up, handed over, closed or deleted since it was noticed. */
static int record_due(const Sweep *s, const Noticed *one)
{
	Record *record;
	bool stands = false;
	int r = record_load_any(s->c, s->kind->object, one->id, &record);
	if (r == ERR_NOT_FOUND) {
		call_reset(s->c);
		return notice_drop(s->c, one->id);
	}
	if (r == 0)
		r = applies(s->c, s->kind, &s->roster->policy, record, &stands);
	if (r < 0)
		return r;
	if (!stands || followed_at(s->kind, record) != one->followed)
		return notice_drop(s->c, one->id);
	int64_t due = one->followed + days_ms(s->rule.days);
	return due > s->c->now_ms ? notice_put_off(s->c, one->id, due) /* the rule became longer */
	                          : record_give_back(s, record);
}

static int due_read(const Sweep *s, Noticed *out, int *ret_n)
{
	ROWS rows = NULL;
	int n = 0, r = db_query(s->c->tx, &rows, "SELECT lead, followed FROM idle_notice WHERE kind = $1 AND due <= $2 "
		"ORDER BY due, lead LIMIT $3", value_int(s->kind->number), value_time(s->c->now_ms), value_int(LEAD_STEP_MAX));
	while (r == 0 && n < LEAD_STEP_MAX && rows_next(rows))
		out[n++] = (Noticed){rows_id(rows, 0), rows_int(rows, 1)};
	*ret_n = n;
	return r < 0 ? r : rows_error(rows);
}

static int return_step(const Sweep *s, bool *ret_more)
{
	Noticed *due = talloc_array(s->c, Noticed, LEAD_STEP_MAX);
	int n = 0, r = due_read(s, due, &n);
	for (int i = 0; r == 0 && i < n; i++)
		r = record_due(s, &due[i]);
	*ret_more = n == LEAD_STEP_MAX;
	return r;
}

/* ---- the timer ---- */

/* The nearest moment at which there is something to do. Nothing that is followed up from now on is due within a day,
 * because the warning comes less than `days` before; so a day is near enough. */
static int next_due(const Sweep *s, int64_t *ret)
{
	int64_t due = 0, now = s->c->now_ms, next = now + DAY_MS;
	Mark mark;
	Noticed first;
	int n = 0, r = db_int(s->c->tx, &due, "SELECT COALESCE(MIN(due), 0) FROM idle_notice WHERE kind = $1",
		value_int(s->kind->number));
	if (r == 0)
		r = mark_load(s, &mark);
	if (r == 0)
		r = noticed_read(s, &mark, INT64_MAX / 2, 1, &first, &n);
	if (due && due < next)
		next = due;
	int64_t notice = n ? first.followed + days_ms(s->rule.days) - days_ms(s->rule.warn_days) : next;
	*ret = later(notice < next ? notice : next, now);
	return r;
}

static int sweep(const Sweep *s, int64_t *ret_next)
{
	bool more_notices = false, more_returns = false;
	*ret_next = s->c->now_ms;
	int r = notice_step(s, &more_notices);
	if (r == 0)
		r = return_step(s, &more_returns);
	return r < 0 || more_notices || more_returns ? r : next_due(s, ret_next);
}

static int on_idle(Call *c)
{
	Ground *ground;
	int64_t next = INT64_MAX;
	int r = ground_open(c, &ground);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(kinds); i++) {
		Sweep s = {c, ground, ground->roster, kinds[i], kinds[i]->rule(&ground->roster->policy)};
		int64_t soon = INT64_MAX;
		if (s.rule.days)
			r = sweep(&s, &soon);
		next = soon < next ? soon : next;
	}
	if (r < 0)
		return call_store_failed(c, r);
	/* nothing is on: the next policy that is saved sets the timer again */
	return next == INT64_MAX ? 0 : timer_set(c, TIMER_IDLE, ID_NIL, next, NULL);
}

int idle_soon(Call *c)
{
	return timer_set(c, TIMER_IDLE, ID_NIL, c->now_ms, NULL);
}

int idle_due(Call *c, const Pooled *kind, const Policy *policy, const Record *r, int64_t *ret)
{
	PoolRule rule = kind->rule(policy);
	bool stands = false;
	*ret = 0;
	int err = rule.days ? applies(c, kind, policy, r, &stands) : 0;
	if (err < 0 || !stands)
		return err;
	int64_t followed = followed_at(kind, r), due = 0;
	err = db_int(c->tx, &due, "SELECT due FROM idle_notice WHERE lead = $1 AND followed = $2", value_id(record_id(r)),
		value_time(followed));
	if (err < 0 && err != ERR_NOT_FOUND)
		return err;
	/* Not noticed yet: it will be warned of at its time, or now if that is over. */
	int64_t noticed = later(followed + days_ms(rule.days) - days_ms(rule.warn_days), c->now_ms);
	*ret = err == 0 ? due : noticed + days_ms(rule.warn_days);
	return 0;
}

int idle_count(Call *c, const Pooled *kind, const Policy *policy, int64_t max, int64_t *ret)
{
	PoolRule rule = kind->rule(policy);
	const Value values[] = {value_time(c->now_ms - days_ms(rule.days)), value_int(max), value_int((rule.bits & 1) != 0),
		value_int((rule.bits & 2) != 0)};
	*ret = 0;
	return rule.days ? db_int_n(c->tx, ret, kind->idle, values, ARRAY_LEN(values)) : 0;
}

/* ---- what comes back behind the sweep ---- */

/* An undo, the bin or another status may give somebody a record whose last follow-up the sweep has passed. It is
 * noticed here, and stays for a day at least: an undo is not undone at once. */
static int idle_follow(Call *c, const PhaseInfo *info, void *arg)
{
	const Pooled *kind = arg;
	const Record *record = info->record;
	bool came = info->kind == WRITE_RESTORE || phase_changed(info, "owner") || phase_changed(info, "last_touch_at") ||
	            phase_changed(info, kind->held_since) || (kind->status && phase_changed(info, kind->status));
	if (!info->before || !came || id_is_nil(record_ref(record, "owner")))
		return 0;
	const Roster *roster;
	int r = roster_of(c, &roster);
	if (r < 0)
		return call_store_failed(c, r);
	Sweep s = {c, NULL, roster, kind, kind->rule(&roster->policy)};
	Noticed one = {record_id(record), followed_at(kind, record)};
	if (!s.rule.days || one.followed > noticed_until(&s))
		return 0;
	int64_t until = c->now_ms + days_ms(s.rule.warn_days > 1 ? s.rule.warn_days : 1);
	r = notice_put(&s, &one, until);
	if (r == 0)
		r = timer_set_earliest(c, TIMER_IDLE, ID_NIL, until, NULL);
	return call_store_failed(c, r);
}

static int idle_start(House *house)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		phase_add(house->phases, PHASE_AFTER, kinds[i]->object, idle_follow, (void *)kinds[i]);
	return 0;
}

static const TimerKind timers[] = {{TIMER_IDLE, on_idle}, {0}};

const Module idle_sweep_module = {.name = "idle_sweep", .timers = timers, .start = idle_start};
