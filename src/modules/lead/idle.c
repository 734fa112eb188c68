/* Leads that nobody follows up return to their pool (L14): the owner is warned, and when still nothing happened the
 * lead lies in its pool until somebody claims it. A sweep by one timer, in bounded steps: it goes along an index of
 * open leads by their last follow-up, from a mark on: a million leads cost nothing until one of them is due.
 *
 * A lead's last follow-up is the later of its last touch and its assignment. Days are 24 hours. It returns return_days
 * after that, but never earlier than return_warn_days after its owner was warned: also on the day the rule begins. */
#include <string.h>

#include "modules/lead/lead_int.h"
#include "record/access.h"

/* The later of last touch and assignment; the index lead_idle is over this very expression. */
#define FOLLOWED "CASE WHEN last_touch_at IS NOT NULL AND last_touch_at > COALESCE(assigned_at, created_at) " \
	"THEN last_touch_at ELSE COALESCE(assigned_at, created_at) END"
/* In contact or qualified. Said by what it is not, or SQLite would rather go by its index of the status. */
#define OPEN_ONES "owner IS NOT NULL AND deleted_at IS NULL AND status <> 'new' AND status <> 'converted' " \
	"AND status <> 'invalid'"

#define SHELF_MAX 50
#define ALERT_DATA_MAX (16 * 1024)

/* How far the sweep has come, and by which numbers. */
typedef struct {
	int64_t at;
	Id lead;
} Mark;

static int64_t followed_at(const Record *lead)
{
	int64_t touched = record_int(lead, "last_touch_at"), assigned = record_int(lead, "assigned_at");
	int64_t held = assigned ? assigned : record_int(lead, "created_at");
	return touched > held ? touched : held;
}

static int64_t return_ms(const Policy *policy)
{
	return policy->return_days * DAY_MS;
}

static int64_t warn_ms(const Policy *policy)
{
	return policy->return_warn_days * DAY_MS;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* ---- the mark ---- */

/* Other numbers than last time: everything is looked at again. */
static int mark_load(Call *c, const Policy *policy, Mark *ret)
{
	ROWS rows = NULL;
	*ret = (Mark){0};
	int r = db_query(c->tx, &rows, "SELECT at, lead FROM idle_mark WHERE one = 1 AND days = $1 AND warn_days = $2 "
		"AND statuses = $3", value_int(policy->return_days), value_int(policy->return_warn_days),
		value_int(policy->return_from));
	if (r == 0 && rows_next(rows))
		*ret = (Mark){rows_int(rows, 0), rows_id(rows, 1)};
	return r < 0 ? r : rows_error(rows);
}

static int mark_store(Call *c, const Policy *policy, const Mark *mark)
{
	return db_exec(c->tx, "INSERT INTO idle_mark (one, days, warn_days, statuses, at, lead) "
		"VALUES (1, $1, $2, $3, $4, $5) ON CONFLICT (one) DO UPDATE SET days = excluded.days, "
		"warn_days = excluded.warn_days, statuses = excluded.statuses, at = excluded.at, lead = excluded.lead",
		value_int(policy->return_days), value_int(policy->return_warn_days), value_int(policy->return_from),
		value_time(mark->at), (Value){.type = VALUE_ID, .id = mark->lead});
}

/* ---- noticing and warning ---- */

typedef struct {
	Id lead;
	int64_t followed;
} Noticed;

/* The next leads behind the mark whose last follow-up is no later than until. */
static int noticed_read(Call *c, const Mark *mark, int64_t until, int max, Noticed *out, int *ret_n)
{
	ROWS rows = NULL;
	int n = 0, r = db_query(c->tx, &rows,
		"SELECT id, " FOLLOWED " FROM lead WHERE " OPEN_ONES " AND " FOLLOWED " >= $1 AND " FOLLOWED " <= $2 "
		"AND NOT (" FOLLOWED " = $1 AND id <= $3) ORDER BY " FOLLOWED ", id LIMIT $4", value_time(mark->at),
		value_time(until), (Value){.type = VALUE_ID, .id = mark->lead}, value_int(max));
	while (r == 0 && n < max && rows_next(rows))
		out[n++] = (Noticed){rows_id(rows, 0), rows_int(rows, 1)};
	*ret_n = n;
	return r < 0 ? r : rows_error(rows);
}

static int idle_tell(Call *c, const Roster *roster, const Record *lead, const char *reason, int64_t at, int64_t until)
{
	Buf *buf = buf_new(c, ALERT_DATA_MAX);
	JsonOut out = json_out(buf);
	json_object_begin(&out);
	card_time(&out, "at", at);
	json_member_int(&out, "days", roster->policy.return_days);
	card_news(&out, roster, lead, c->now_ms);
	json_object_end(&out);
	return alert_send(c, &(Alert){.receiver = record_ref(lead, "owner"), .reason = reason, .object = "lead",
		.record = record_id(lead), .data = buf->data, .expires_ms = until});
}

/* The warning given before counts, as long as nothing happened to the lead since. */
static int told_before(Call *c, const Noticed *one, int64_t *ret)
{
	int r = db_int(c->tx, ret, "SELECT told FROM idle_notice WHERE lead = $1 AND followed = $2", value_id(one->lead),
		value_time(one->followed));
	if (r == ERR_NOT_FOUND)
		*ret = 0;
	return r == ERR_NOT_FOUND ? 0 : r;
}

static int lead_notice(Call *c, const Roster *roster, const Noticed *one)
{
	const Policy *policy = &roster->policy;
	Record *lead;
	int64_t told = 0;
	int r = record_load_any(c, "lead", one->lead, &lead);
	if (r < 0 || !policy_returns(policy, record_text(lead, "status")))
		return r;
	r = told_before(c, one, &told);
	if (r < 0)
		return r;
	bool first = told == 0;
	told = first ? c->now_ms : told;
	int64_t due = later(one->followed + return_ms(policy), told + warn_ms(policy));
	r = db_exec(c->tx, "INSERT INTO idle_notice (lead, followed, told, due) VALUES ($1, $2, $3, $4) "
		"ON CONFLICT (lead) DO UPDATE SET followed = excluded.followed, told = excluded.told, due = excluded.due",
		value_id(one->lead), value_time(one->followed), value_time(told), value_time(due));
	if (r < 0 || !first || policy->return_warn_days == 0)
		return r;
	return idle_tell(c, roster, lead, "lead.idle_soon", due, due);
}

static int notice_step(Call *c, const Roster *roster, bool *ret_more)
{
	const Policy *policy = &roster->policy;
	Noticed *found = talloc_array(c, Noticed, LEAD_STEP_MAX);
	Mark mark;
	int n = 0, r = mark_load(c, policy, &mark);
	if (r == 0)
		r = noticed_read(c, &mark, c->now_ms - return_ms(policy) + warn_ms(policy), LEAD_STEP_MAX, found, &n);
	for (int i = 0; r == 0 && i < n; i++)
		r = lead_notice(c, roster, &found[i]);
	if (n)
		mark = (Mark){found[n - 1].followed, found[n - 1].lead};
	*ret_more = n == LEAD_STEP_MAX;
	return r < 0 ? r : mark_store(c, policy, &mark);
}

/* ---- returning ---- */

static int notice_drop(Call *c, Id lead)
{
	return db_exec(c->tx, "DELETE FROM idle_notice WHERE lead = $1", value_id(lead));
}

static int lead_release(Call *c, Ground *ground, Record *lead)
{
	const Policy *policy = &ground->roster->policy;
	int64_t protected_until = record_int(lead, "protected_until");
	if (protected_until > c->now_ms) /* the rule is shorter than the protection: that one is a promise */
		return db_exec(c->tx, "UPDATE idle_notice SET due = $2 WHERE lead = $1", value_id(record_id(lead)),
			value_time(protected_until));
	int r = idle_tell(c, ground->roster, lead, "lead.idle_returned", c->now_ms, 0);
	Placement p = {.kind = "idle", .owner = -1, .idle = true, .wait_reason = "idle",
		.reason = talloc_asprintf(c, "%d", policy->return_days)};
	if (roster_pool(ground->roster, record_ref(lead, "pool")) < 0)
		p.pool = policy->fallback_pool;
	if (r == 0)
		r = place_put(c, ground, lead, &p);
	return r < 0 ? r : notice_drop(c, record_id(lead));
}

/* The lead may have been touched, handed over, closed or deleted since it was noticed. */
static int lead_due(Call *c, Ground *ground, const Noticed *one)
{
	Record *lead;
	int r = record_load_any(c, "lead", one->lead, &lead);
	if (r == ERR_NOT_FOUND) {
		call_reset(c);
		return notice_drop(c, one->lead);
	}
	if (r < 0)
		return r;
	bool stands = record_int(lead, "deleted_at") == 0 && !id_is_nil(record_ref(lead, "owner")) &&
	              followed_at(lead) == one->followed &&
	              policy_returns(&ground->roster->policy, record_text(lead, "status"));
	if (!stands)
		return notice_drop(c, one->lead);
	int64_t due = one->followed + return_ms(&ground->roster->policy);
	if (due > c->now_ms) /* the rule became longer */
		return db_exec(c->tx, "UPDATE idle_notice SET due = $2 WHERE lead = $1", value_id(one->lead), value_time(due));
	return lead_release(c, ground, lead);
}

static int return_step(Call *c, Ground *ground, bool *ret_more)
{
	Noticed *due = talloc_array(c, Noticed, LEAD_STEP_MAX);
	int n = 0;
	{
		ROWS rows = NULL;
		int r = db_query(c->tx, &rows, "SELECT lead, followed FROM idle_notice WHERE due <= $1 ORDER BY due, lead "
			"LIMIT $2", value_time(c->now_ms), value_int(LEAD_STEP_MAX));
		while (r == 0 && n < LEAD_STEP_MAX && rows_next(rows))
			due[n++] = (Noticed){rows_id(rows, 0), rows_int(rows, 1)};
		if (r < 0 || (r = rows_error(rows)) < 0)
			return r;
	}
	int r = 0;
	for (int i = 0; r == 0 && i < n; i++)
		r = lead_due(c, ground, &due[i]);
	*ret_more = n == LEAD_STEP_MAX;
	return r;
}

/* ---- the timer ---- */

/* The nearest moment at which there is something to do. Nothing that is followed up from now on is due within a day,
 * because the warning comes less than return_days before; so a day is near enough. */
static int next_due(Call *c, const Policy *policy, int64_t *ret)
{
	int64_t due = 0, next = c->now_ms + DAY_MS;
	Mark mark;
	Noticed first;
	int n = 0, r = db_int(c->tx, &due, "SELECT COALESCE(MIN(due), 0) FROM idle_notice");
	if (r == 0)
		r = mark_load(c, policy, &mark);
	if (r == 0)
		r = noticed_read(c, &mark, INT64_MAX / 2, 1, &first, &n);
	if (due && due < next)
		next = due;
	int64_t notice = n ? first.followed + return_ms(policy) - warn_ms(policy) : next;
	*ret = later(notice < next ? notice : next, c->now_ms);
	return r;
}

int idle_soon(Call *c)
{
	return timer_set(c, TIMER_IDLE, ID_NIL, c->now_ms, NULL);
}

static int on_idle(Call *c)
{
	Ground *ground;
	bool more_notices = false, more_returns = false;
	int r = ground_open(c, &ground);
	if (r < 0)
		return r;
	const Policy *policy = &ground->roster->policy;
	if (policy->return_days == 0)
		return 0; /* the next policy that is saved sets the timer again */
	r = notice_step(c, ground->roster, &more_notices);
	if (r == 0)
		r = return_step(c, ground, &more_returns);
	int64_t next = c->now_ms;
	if (r == 0 && !more_notices && !more_returns)
		r = next_due(c, policy, &next);
	return r < 0 ? call_store_failed(c, r) : timer_set(c, TIMER_IDLE, ID_NIL, next, NULL);
}

/* ---- asked by others ---- */

int idle_returns_at(Call *c, const Roster *roster, const Record *lead, int64_t *ret)
{
	*ret = 0;
	if (id_is_nil(record_ref(lead, "owner")) || record_int(lead, "deleted_at") ||
	    !policy_returns(&roster->policy, record_text(lead, "status")))
		return 0;
	int64_t followed = followed_at(lead), due = 0;
	int r = db_int(c->tx, &due, "SELECT due FROM idle_notice WHERE lead = $1 AND followed = $2",
		value_id(record_id(lead)), value_time(followed));
	if (r < 0 && r != ERR_NOT_FOUND)
		return r;
	/* Not noticed yet: it will be warned of at its time, or now if that is over. */
	int64_t noticed = later(followed + return_ms(&roster->policy) - warn_ms(&roster->policy), c->now_ms);
	*ret = r == 0 ? due : noticed + warn_ms(&roster->policy);
	return 0;
}

int idle_count(Call *c, const Policy *policy, int64_t max, int64_t *ret)
{
	*ret = 0;
	if (policy->return_days == 0)
		return 0;
	return db_int(c->tx, ret, "SELECT COUNT(*) FROM (SELECT status FROM lead WHERE " OPEN_ONES " AND " FOLLOWED
		" <= $1 ORDER BY " FOLLOWED " LIMIT $2) AS idle WHERE (status = 'contacting' AND $3 = 1) "
		"OR (status = 'qualified' AND $4 = 1)", value_time(c->now_ms - return_ms(policy)), value_int(max),
		value_int((policy->return_from & POLICY_CONTACTING) != 0),
		value_int((policy->return_from & POLICY_QUALIFIED) != 0));
}

/* ---- the shelf: what returned and may be claimed ---- */

/* The newest leads first. */
static int shelf_read(Call *c, Id pool, Id after, int max, Id *out, int *ret_n)
{
	static const Id LAST = {{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}};
	ROWS rows = NULL;
	int n = 0, r = db_query(c->tx, &rows, "SELECT id FROM lead WHERE owner IS NULL AND deleted_at IS NULL "
		"AND wait_reason = 'idle' AND pool = $1 AND id < $2 ORDER BY id DESC LIMIT $3", value_id(pool),
		value_id(id_is_nil(after) ? LAST : after), value_int(max));
	while (r == 0 && n < max && rows_next(rows))
		out[n++] = rows_id(rows, 0);
	*ret_n = n;
	return r < 0 ? r : rows_error(rows);
}

static int shelf_lead_write(Call *c, const Roster *roster, Id id)
{
	Record *lead;
	int r = record_load_any(c, "lead", id, &lead);
	if (r < 0)
		return r;
	json_object_begin(&c->json);
	card_members(&c->json, roster, lead, c->now_ms);
	card_time(&c->json, "last_touch_at", record_int(lead, "last_touch_at"));
	json_member_int(&c->json, "touches", record_int(lead, "touches"));
	json_object_end(&c->json);
	return 0;
}

static int shelf_pool_write(Call *c, const Roster *roster, int pool, Id after)
{
	Id ids[SHELF_MAX];
	int n = 0, r = shelf_read(c, roster->pools[pool].id, after, SHELF_MAX, ids, &n);
	json_object_begin(&c->json);
	json_member_id(&c->json, "id", roster->pools[pool].id);
	json_member_text(&c->json, "name", roster->pools[pool].name);
	json_member_int(&c->json, "claim_limit", roster->pools[pool].claim_limit);
	json_key(&c->json, "items");
	json_array_begin(&c->json);
	for (int i = 0; r == 0 && i < n; i++)
		r = shelf_lead_write(c, roster, ids[i]);
	json_array_end(&c->json);
	json_member_id(&c->json, "next", n == SHELF_MAX ? ids[n - 1] : ID_NIL);
	json_object_end(&c->json);
	return r;
}

/* GET /pools/shelf: the caller's pools with what lies in them; with "pool" only that one, from "after" on */
static int idle_shelf(Call *c)
{
	const Roster *roster;
	const Access *access;
	Id wanted = call_id(c, "pool");
	int r = roster_of(c, &roster);
	if (r == 0)
		r = access_of(c, &access);
	if (r < 0)
		return call_store_failed(c, r);
	int person = roster_person(roster, c->who.user);
	json_object_begin(&c->json);
	json_member_int(&c->json, "stock_max", roster->policy.stock_max);
	json_member_int(&c->json, "cooling_days", roster->policy.cooling_days);
	json_key(&c->json, "pools");
	json_array_begin(&c->json);
	for (int i = 0; r == 0 && i < roster->n_pools; i++) {
		Id pool = roster->pools[i].id;
		bool mine = roster_in_pool(roster, i, person) || access_sees(access, ID_NIL, ID_NIL, ID_NIL, pool);
		if (mine && (id_is_nil(wanted) || id_equal(wanted, pool)))
			r = shelf_pool_write(c, roster, i, call_id(c, "after"));
	}
	json_array_end(&c->json);
	json_object_end(&c->json);
	return call_store_failed(c, r);
}

/* ---- the card ---- */

static const Param shelf_params[] = {
	{"pool", PARAM_ID, PARAM_IN_QUERY},
	{"after", PARAM_ID, PARAM_IN_QUERY},
	{0},
};

static const Endpoint endpoints[] = {
	{"GET", "/pools/shelf", "lead.work", CALL_READ, shelf_params, idle_shelf,
		"Leads that returned for want of follow-up and wait to be claimed, by pool"},
	{0},
};

static const TimerKind timers[] = {{TIMER_IDLE, on_idle}, {0}};

static const char *const migrations[] = {
	"CREATE TABLE idle_notice (lead {ID} PRIMARY KEY, followed {TIME} NOT NULL, told {TIME} NOT NULL, "
	"due {TIME} NOT NULL);"
	"CREATE INDEX idle_notice_due ON idle_notice (due, lead);"
	"CREATE TABLE idle_mark (one {INT} PRIMARY KEY, days {INT} NOT NULL, warn_days {INT} NOT NULL, "
	"statuses {INT} NOT NULL, at {TIME} NOT NULL, lead {ID} NOT NULL);"
	"CREATE INDEX lead_idle ON lead ((" FOLLOWED "), id) WHERE " OPEN_ONES ";"
	"CREATE INDEX lead_shelf ON lead (pool, id) WHERE owner IS NULL AND deleted_at IS NULL AND wait_reason = 'idle'",
	NULL,
};

const Module idle_module = {.name = "idle", .endpoints = endpoints, .timers = timers, .migrations = migrations};
