/* Leads that nobody follows up (L14): which of them return to their pool, and the shelf where they lie until somebody
 * claims them. When they return stands in idle_sweep.c.
 *
 * A lead's last follow-up is the later of its last touch and its assignment. */
#include <string.h>

#include "modules/lead/idle_sweep.h"
#include "record/access.h"

/* The later of last touch and assignment; the index lead_idle is over this very expression. */
#define FOLLOWED "CASE WHEN last_touch_at IS NOT NULL AND last_touch_at > COALESCE(assigned_at, created_at) " \
	"THEN last_touch_at ELSE COALESCE(assigned_at, created_at) END"
/* In contact or qualified. Said by what it is not, or SQLite would rather go by its index of the status. */
#define OPEN_ONES "owner IS NOT NULL AND deleted_at IS NULL AND status <> 'new' AND status <> 'converted' " \
	"AND status <> 'invalid'"

#define SHELF_MAX 50

static int64_t followed_at(const Record *lead)
{
	int64_t touched = record_int(lead, "last_touch_at"), assigned = record_int(lead, "assigned_at");
	int64_t held = assigned ? assigned : record_int(lead, "created_at");
	return touched > held ? touched : held;
}

static int idle_tell(Call *c, const Roster *roster, const Record *lead, const char *reason, int64_t at, int64_t until)
{
	Buf *buf = buf_new(c, IDLE_ALERT_MAX);
	JsonOut out = json_out(buf);
	json_object_begin(&out);
	card_time(&out, "at", at);
	json_member_int(&out, "days", roster->policy.return_days);
	card_news(&out, roster, lead, c->now_ms);
	json_object_end(&out);
	return alert_send(c, &(Alert){.receiver = record_ref(lead, "owner"), .reason = reason, .object = "lead",
		.record = record_id(lead), .data = buf->data, .expires_ms = until});
}

static IdleRule lead_rule(const Policy *policy)
{
	return (IdleRule){policy->return_days, policy->return_warn_days, policy->return_from};
}

static int lead_applies(Call *c, const Policy *policy, const Record *lead, bool *ret)
{
	(void)c;
	*ret = record_int(lead, "deleted_at") == 0 && !id_is_nil(record_ref(lead, "owner")) &&
	       policy_returns(policy, record_text(lead, "status"));
	return 0;
}

static int lead_warn(Call *c, const Roster *roster, const Record *lead, int64_t due_ms)
{
	return idle_tell(c, roster, lead, "lead.idle_soon", due_ms, due_ms);
}

static int lead_give_back(Call *c, Ground *ground, Record *lead, int64_t *ret_later_ms)
{
	const Policy *policy = &ground->roster->policy;
	int64_t protected_until = record_int(lead, "protected_until");
	if (protected_until > c->now_ms) { /* the rule is shorter than the protection: that one is a promise */
		*ret_later_ms = protected_until;
		return 0;
	}
	int r = idle_tell(c, ground->roster, lead, "lead.idle_returned", c->now_ms, 0);
	Placement p = {.kind = "idle", .owner = -1, .idle = true, .wait_reason = "idle",
		.reason = talloc_asprintf(c, "%d", policy->return_days)};
	if (roster_pool(ground->roster, record_ref(lead, "pool")) < 0)
		p.pool = policy->fallback_pool;
	return r < 0 ? r : place_put(c, ground, lead, &p);
}

const IdleKind idle_leads = {.number = 1, .object = "lead", .rule = lead_rule, .followed_at = followed_at,
	.applies = lead_applies, .warn = lead_warn, .give_back = lead_give_back,
	.next = "SELECT id, " FOLLOWED " FROM lead WHERE " OPEN_ONES " AND " FOLLOWED " >= $1 AND " FOLLOWED " <= $2 "
		"AND NOT (" FOLLOWED " = $1 AND id <= $3) ORDER BY " FOLLOWED ", id LIMIT $4"};

/* ---- asked by others ---- */

int idle_returns_at(Call *c, const Roster *roster, const Record *lead, int64_t *ret)
{
	return idle_due(c, &idle_leads, &roster->policy, lead, ret);
}

int idle_count(Call *c, const Policy *policy, int64_t max, int64_t *ret)
{
	*ret = 0;
	if (policy->return_days == 0)
		return 0;
	return db_int(c->tx, ret, "SELECT COUNT(*) FROM (SELECT status FROM lead WHERE " OPEN_ONES " AND " FOLLOWED
		" <= $1 ORDER BY " FOLLOWED " LIMIT $2) AS idle WHERE (status = 'contacting' AND $3 = 1) "
		"OR (status = 'qualified' AND $4 = 1)", value_time(c->now_ms - policy->return_days * DAY_MS), value_int(max),
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

static const char *const migrations[] = {
	"CREATE TABLE idle_notice (lead {ID} PRIMARY KEY, followed {TIME} NOT NULL, told {TIME} NOT NULL, "
	"due {TIME} NOT NULL);"
	"CREATE INDEX idle_notice_due ON idle_notice (due, lead);"
	"CREATE TABLE idle_mark (one {INT} PRIMARY KEY, days {INT} NOT NULL, warn_days {INT} NOT NULL, "
	"statuses {INT} NOT NULL, at {TIME} NOT NULL, lead {ID} NOT NULL);"
	"CREATE INDEX lead_idle ON lead ((" FOLLOWED "), id) WHERE " OPEN_ONES ";"
	"CREATE INDEX lead_shelf ON lead (pool, id) WHERE owner IS NULL AND deleted_at IS NULL AND wait_reason = 'idle'",
	"ALTER TABLE idle_notice ADD COLUMN kind {INT} NOT NULL DEFAULT 1;"
	"DROP INDEX idle_notice_due;"
	"CREATE INDEX idle_notice_due ON idle_notice (kind, due, lead)",
	NULL,
};

const Module idle_module = {.name = "idle", .endpoints = endpoints, .migrations = migrations};
