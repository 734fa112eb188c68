/* Customers that nobody follows up return to a pool, where the policy says so (L14), and are claimed from there.
 *
 * A customer's last follow-up is the later of the moment since when its owner has it and its last activity: an activity
 * of the customer, of its contacts and opportunities or of leads it is known from, and any work on its opportunities.
 * Its contacts go with it. */
#include <string.h>

#include "call/gate.h"
#include "modules/lead/idle_sweep.h"
#include "record/access.h"
#include "record/phase.h"

/* The index account_idle is over this very expression. */
#define FOLLOWED "CASE WHEN last_touch_at IS NOT NULL AND last_touch_at > COALESCE(held_at, created_at) " \
	"THEN last_touch_at ELSE COALESCE(held_at, created_at) END"
#define HELD_ONES "owner IS NOT NULL AND deleted_at IS NULL"
#define SHELF_MAX 50
#define CONTACTS_MAX 500 /* of one customer, that go with it */

/* ---- the kind of the sweep ---- */

static int64_t followed_at(const Record *account)
{
	int64_t touched = record_int(account, "last_touch_at"), held = record_int(account, "held_at");
	held = held ? held : record_int(account, "created_at");
	return touched > held ? touched : held;
}

static IdleRule account_rule(const Policy *policy)
{
	return (IdleRule){policy->account_days, policy->account_warn_days, policy->account_keep};
}

/* Whom the policy keeps out of it: a customer with an open opportunity, or with one that was won. */
static int is_kept(Call *c, const Policy *policy, Id account, bool *ret)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT 1 FROM opportunity WHERE account = $1 AND deleted_at IS NULL AND "
		"(($2 = 1 AND COALESCE(stage, 'contact') NOT IN ('won', 'lost')) OR ($3 = 1 AND stage = 'won')) LIMIT 1",
		value_id(account), value_int((policy->account_keep & POLICY_KEEP_OPEN) != 0),
		value_int((policy->account_keep & POLICY_KEEP_WON) != 0));
	if (r < 0)
		return r;
	*ret = rows_next(rows);
	return rows_error(rows);
}

static int account_applies(Call *c, const Policy *policy, const Record *account, bool *ret)
{
	bool held = record_int(account, "deleted_at") == 0 && !id_is_nil(record_ref(account, "owner")), kept = false;
	int r = held && policy->account_keep ? is_kept(c, policy, record_id(account), &kept) : 0;
	*ret = held && !kept;
	return r;
}

static int account_tell(Call *c, const Roster *roster, const Record *account, const char *reason, int64_t at,
	int64_t until)
{
	Buf *buf = buf_new(c, IDLE_ALERT_MAX);
	JsonOut out = json_out(buf);
	json_object_begin(&out);
	card_time(&out, "at", at);
	json_member_int(&out, "days", roster->policy.account_days);
	json_member_text(&out, "name", record_text(account, "name"));
	json_member_text(&out, "company", record_text(account, "name"));
	json_object_end(&out);
	return alert_send(c, &(Alert){.receiver = record_ref(account, "owner"), .reason = reason, .object = "account",
		.record = record_id(account), .data = buf->data, .expires_ms = until});
}

static int account_warn(Call *c, const Roster *roster, const Record *account, int64_t due_ms)
{
	return account_tell(c, roster, account, "account.idle_soon", due_ms, due_ms);
}

/* ---- from one hand to another ---- */

static int move_note(Call *c, const Record *account, const char *kind, Id owner, Id before, Id pool,
	const char *reason)
{
	return db_exec(c->tx, "INSERT INTO account_move (id, account, at, kind, owner, before_owner, pool, reason) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", value_id(id_new(c->now_ms)), value_id(record_id(account)),
		value_time(c->now_ms), value_text(kind), value_id(owner), value_id(before), value_id(pool), value_text(reason));
}

/* Those of the former owner (nil: those that lie in the pool with it) go to the new one. */
static int contacts_move(Call *c, const Record *account, Id from, Id to, Id team)
{
	Id *ids = talloc_array(c, Id, CONTACTS_MAX);
	int n = 0, r;
	{
		ROWS rows = NULL;
		r = db_query(c->tx, &rows, "SELECT id, owner FROM contact WHERE account = $1 AND deleted_at IS NULL "
			"ORDER BY id LIMIT $2", value_id(record_id(account)), value_int(CONTACTS_MAX));
		while (r == 0 && n < CONTACTS_MAX && rows_next(rows))
			if (id_equal(rows_id(rows, 1), from))
				ids[n++] = rows_id(rows, 0);
		if (r < 0 || (r = rows_error(rows)) < 0)
			return r;
	}
	for (int i = 0; r == 0 && i < n; i++) {
		Record *contact;
		r = record_load_any(c, "contact", ids[i], &contact);
		if (r < 0)
			return r;
		record_set_ref(contact, "owner", to);
		record_set_ref(contact, "team", team);
		r = record_update(c, contact, RECORD_AS_HOUSE);
	}
	return r;
}

static int to_pool(Call *c, Record *account, Id pool, const char *kind, const char *reason)
{
	Id before = record_ref(account, "owner");
	record_set_ref(account, "owner", ID_NIL);
	record_set_ref(account, "team", ID_NIL);
	record_set_ref(account, "pool", pool);
	record_set_time(account, "returned_at", c->now_ms);
	int r = record_update(c, account, RECORD_AS_HOUSE);
	if (r == 0)
		r = contacts_move(c, account, before, ID_NIL, ID_NIL);
	return r < 0 ? r : move_note(c, account, kind, ID_NIL, before, pool, reason);
}

static int account_give_back(Call *c, Ground *ground, Record *account, int64_t *ret_later_ms)
{
	const Policy *policy = &ground->roster->policy;
	*ret_later_ms = 0;
	int r = account_tell(c, ground->roster, account, "account.idle_returned", c->now_ms, 0);
	return r < 0 ? r : to_pool(c, account, policy->account_pool, "idle",
		talloc_asprintf(c, "%d", policy->account_days));
}

const IdleKind idle_accounts = {.number = 2, .object = "account", .rule = account_rule, .followed_at = followed_at,
	.applies = account_applies, .warn = account_warn, .give_back = account_give_back,
	.next = "SELECT id, " FOLLOWED " FROM account WHERE " HELD_ONES " AND " FOLLOWED " >= $1 AND " FOLLOWED " <= $2 "
		"AND NOT (" FOLLOWED " = $1 AND id <= $3) ORDER BY " FOLLOWED ", id LIMIT $4"};

int idle_account_count(Call *c, const Policy *policy, int64_t max, int64_t *ret)
{
	*ret = 0;
	if (policy->account_days == 0)
		return 0;
	return db_int(c->tx, ret, "SELECT COUNT(*) FROM (SELECT id FROM account a WHERE " HELD_ONES " AND " FOLLOWED
		" <= $1 AND NOT EXISTS (SELECT 1 FROM opportunity o WHERE o.account = a.id AND o.deleted_at IS NULL AND "
		"(($3 = 1 AND COALESCE(o.stage, 'contact') NOT IN ('won', 'lost')) OR ($4 = 1 AND o.stage = 'won'))) "
		"LIMIT $2) AS idle", value_time(c->now_ms - policy->account_days * DAY_MS), value_int(max),
		value_int((policy->account_keep & POLICY_KEEP_OPEN) != 0),
		value_int((policy->account_keep & POLICY_KEEP_WON) != 0));
}

/* ---- what is a follow-up ---- */

/* Since when the present owner has it; who holds it is in no pool. */
static int before_account(Call *c, const PhaseInfo *info, void *arg)
{
	(void)arg;
	if (info->kind == WRITE_DELETE || !phase_changed(info, "owner") || id_is_nil(record_ref(info->record, "owner")))
		return 0;
	record_set_time(info->record, "held_at", c->now_ms);
	record_set_ref(info->record, "pool", ID_NIL);
	record_set(info->record, "returned_at", value_null());
	return 0;
}

/* A mark on the row, not a change of the record: whoever edits it meanwhile is not in the way. What is made together
 * with the customer, as by a conversion, is no later follow-up: the whole can be undone. */
static int touched(Call *c, Id account)
{
	if (id_is_nil(account))
		return 0;
	return db_exec(c->tx, "UPDATE account SET last_touch_at = $2 WHERE id = $1 AND COALESCE(last_touch_at, 0) < $2 "
		"AND COALESCE(held_at, created_at) < $2", value_id(account), value_time(c->now_ms));
}

static int account_of(Call *c, const Record *activity, Id *ret)
{
	*ret = record_ref(activity, "account");
	if (!id_is_nil(*ret))
		return 0;
	int r = db_id(c->tx, ret, "SELECT account FROM (SELECT account, 1 AS place FROM opportunity WHERE id = $1 "
		"UNION ALL SELECT account, 2 FROM contact WHERE id = $2 "
		"UNION ALL SELECT known_account, 3 FROM lead WHERE id = $3) AS found WHERE account IS NOT NULL "
		"ORDER BY place LIMIT 1", value_id(record_ref(activity, "opportunity")),
		value_id(record_ref(activity, "contact")), value_id(record_ref(activity, "lead")));
	if (r == ERR_NOT_FOUND)
		*ret = ID_NIL;
	return r == ERR_NOT_FOUND ? 0 : r;
}

static int after_activity(Call *c, const PhaseInfo *info, void *arg)
{
	(void)arg;
	Id account = ID_NIL;
	if (info->kind != WRITE_CREATE)
		return 0;
	int r = account_of(c, info->record, &account);
	return call_store_failed(c, r < 0 ? r : touched(c, account));
}

static int after_opportunity(Call *c, const PhaseInfo *info, void *arg)
{
	(void)arg;
	bool moved = info->kind == WRITE_CREATE || (info->kind == WRITE_UPDATE && (phase_changed(info, "stage") ||
		phase_changed(info, "amount") || phase_changed(info, "expected_on")));
	return moved ? call_store_failed(c, touched(c, record_ref(info->record, "account"))) : 0;
}

/* ---- claiming ---- */

static int cooling_check(Call *c, const Roster *roster, Id account)
{
	if (roster->policy.cooling_days == 0)
		return 0;
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT at FROM account_move WHERE account = $1 AND before_owner = $2 "
		"AND kind IN ('idle', 'return') ORDER BY id DESC LIMIT 1", value_id(account), value_id(c->who.user));
	int64_t at = r == 0 && rows_next(rows) ? rows_int(rows, 0) : 0;
	if (r == 0)
		r = rows_error(rows);
	if (r < 0)
		return call_store_failed(c, r);
	int64_t until = at + roster->policy.cooling_days * DAY_MS;
	if (at == 0 || until <= c->now_ms)
		return 0;
	char text[ROSTER_LOCAL_SIZE];
	return call_fail(c, ERR_CONFLICT, "cooling",
		"You held this customer before; it is open to your colleagues first. You can claim it again from %s.",
		"您曾是该客户的负责人，现优先留给同事；%s 起您可以再次领取。", roster_local_time(roster, until, text));
}

static int stock_check(Call *c, const Roster *roster)
{
	int64_t max = roster->policy.account_stock_max, held = 0;
	if (max == 0)
		return 0;
	int r = db_int(c->tx, &held, "SELECT COUNT(*) FROM (SELECT 1 FROM account WHERE owner = $1 AND deleted_at IS NULL "
		"LIMIT $2) AS held", value_id(c->who.user), value_int(max));
	if (r < 0)
		return call_store_failed(c, r);
	if (held < max)
		return 0;
	return call_fail(c, ERR_CONFLICT, "stock_limit",
		"You hold %d customers, and that is the limit. Give one back, then claim another.",
		"您负责的客户已达上限 %d 家，请先退回再领取。", (int)held);
}

static int quota_check(Call *c, const Roster *roster, int person, int pool)
{
	int64_t start, end, used = 0;
	worktime_day(roster_worktime(roster, person), c->now_ms, &start, &end);
	int r = db_int(c->tx, &used, "SELECT COUNT(*) FROM account_move WHERE owner = $1 AND at >= $2 AND pool = $3 "
		"AND kind = 'claim'", value_id(c->who.user), value_time(start), value_id(roster->pools[pool].id));
	if (r < 0)
		return call_store_failed(c, r);
	if (used < roster->pools[pool].claim_limit)
		return 0;
	return call_fail(c, ERR_CONFLICT, "claim_limit",
		"You have claimed %d customers from this pool today; that is the limit.",
		"今天您已从该线索池领取 %d 家客户，已达上限。", (int)used);
}

static int claim_check(Call *c, const Roster *roster, const Record *account, int person)
{
	int pool = roster_pool(roster, record_ref(account, "pool"));
	if (person < 0 || !roster->people[person].active)
		return call_fail(c, ERR_DENIED, "not_in_pool", "You belong to no pool.", "您不属于任何线索池。");
	if (pool < 0 || (!roster_in_pool(roster, pool, person) && !gate_may(c, "lead.assign")))
		return call_fail(c, ERR_DENIED, "not_in_pool", "The customer lies in a pool that you do not belong to.",
			"该客户所在的线索池不包含您。");
	int r = cooling_check(c, roster, record_id(account));
	if (r == 0)
		r = stock_check(c, roster);
	return r < 0 ? r : quota_check(c, roster, person, pool);
}

/* The account of the path, not in the bin. */
static int account_load(Call *c, Ground **ret_ground, Record **ret)
{
	int r = ground_open(c, ret_ground); /* one decision at a time: two who claim at once are told apart */
	if (r == 0)
		r = record_load_any(c, "account", call_id(c, "id"), ret);
	if (r == ERR_NOT_FOUND || (r == 0 && record_int(*ret, "deleted_at")))
		return call_fail(c, ERR_NOT_FOUND, "not_found", "There is no such customer.", "客户不存在。");
	return call_store_failed(c, r);
}

static int account_answer(Call *c, const Record *account)
{
	record_write(account, &c->json);
	return 0;
}

/* POST /accounts/:id/claim. Not what one may see decides here but what pool one belongs to. */
static int account_claim(Call *c)
{
	Ground *ground;
	Record *account;
	int r = account_load(c, &ground, &account);
	if (r < 0)
		return r;
	const Roster *roster = ground->roster;
	if (!id_is_nil(record_ref(account, "owner")))
		return call_fail(c, ERR_CONFLICT, "already_taken", "%s has this customer already.", "该客户已由%s负责。",
			roster_name(roster, record_ref(account, "owner")));
	Id pool = record_ref(account, "pool");
	r = claim_check(c, roster, account, roster_person(roster, c->who.user));
	if (r < 0)
		return r;
	record_set_ref(account, "owner", c->who.user);
	record_set_ref(account, "team", c->who.team);
	r = record_update(c, account, RECORD_AS_HOUSE);
	if (r == 0)
		r = contacts_move(c, account, ID_NIL, c->who.user, c->who.team);
	if (r == 0)
		r = move_note(c, account, "claim", c->who.user, ID_NIL, pool, NULL);
	return r < 0 ? call_store_failed(c, r) : account_answer(c, account);
}

/* POST /accounts/:id/return */
static int account_return(Call *c)
{
	Ground *ground;
	Record *account;
	int r = account_load(c, &ground, &account);
	if (r < 0)
		return r;
	if (id_is_nil(record_ref(account, "owner")))
		return call_fail(c, ERR_CONFLICT, "already_waiting", "The customer has no owner.", "该客户没有负责人。");
	if (!id_equal(record_ref(account, "owner"), c->who.user) && !gate_may(c, "lead.assign"))
		return call_fail(c, ERR_DENIED, "not_owner", "Only the owner of a customer, or a supervisor, does this.",
			"只有客户负责人或主管可以执行此操作。");
	const Policy *policy = &ground->roster->policy;
	r = to_pool(c, account, id_is_nil(policy->account_pool) ? policy->fallback_pool : policy->account_pool, "return",
		call_text(c, "reason"));
	return r < 0 ? call_store_failed(c, r) : account_answer(c, account);
}

/* ---- the shelf ---- */

static void shelf_row(JsonOut *out, const Rows *rows)
{
	json_object_begin(out);
	json_member_id(out, "id", rows_id(rows, 0));
	json_member_text(out, "name", rows_text(rows, 1));
	json_member_text(out, "city", rows_text(rows, 2));
	card_time(out, "last_touch_at", rows_int(rows, 3));
	card_time(out, "returned_at", rows_int(rows, 4));
	json_object_end(out);
}

static int shelf_pool(Call *c, const Roster *roster, int pool, Id after)
{
	static const Id LAST = {{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}};
	ROWS rows = NULL;
	Id last = ID_NIL;
	int n = 0, r = db_query(c->tx, &rows, "SELECT id, name, city, last_touch_at, returned_at FROM account "
		"WHERE pool = $1 AND owner IS NULL AND deleted_at IS NULL AND id < $2 ORDER BY id DESC LIMIT $3",
		value_id(roster->pools[pool].id), value_id(id_is_nil(after) ? LAST : after), value_int(SHELF_MAX));
	json_object_begin(&c->json);
	json_member_id(&c->json, "id", roster->pools[pool].id);
	json_member_text(&c->json, "name", roster->pools[pool].name);
	json_member_int(&c->json, "claim_limit", roster->pools[pool].claim_limit);
	json_key(&c->json, "items");
	json_array_begin(&c->json);
	while (r == 0 && rows_next(rows)) {
		shelf_row(&c->json, rows);
		last = rows_id(rows, 0);
		n++;
	}
	json_array_end(&c->json);
	json_member_id(&c->json, "next", n == SHELF_MAX ? last : ID_NIL);
	json_object_end(&c->json);
	return r < 0 ? r : rows_error(rows);
}

/* GET /accounts/shelf: customers that lie in pools of the caller */
static int account_shelf(Call *c)
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
	json_member_int(&c->json, "stock_max", roster->policy.account_stock_max);
	json_member_int(&c->json, "cooling_days", roster->policy.cooling_days);
	json_key(&c->json, "pools");
	json_array_begin(&c->json);
	for (int i = 0; r == 0 && i < roster->n_pools; i++) {
		Id pool = roster->pools[i].id;
		bool mine = roster_in_pool(roster, i, person) || access_sees(access, ID_NIL, ID_NIL, ID_NIL, pool);
		if (mine && (id_is_nil(wanted) || id_equal(wanted, pool)))
			r = shelf_pool(c, roster, i, call_id(c, "after"));
	}
	json_array_end(&c->json);
	json_object_end(&c->json);
	return call_store_failed(c, r);
}

/* ---- the card ---- */

static int accounts_start(House *house)
{
	phase_add(house->phases, PHASE_BEFORE, "account", before_account, NULL);
	phase_add(house->phases, PHASE_AFTER, "activity", after_activity, NULL);
	phase_add(house->phases, PHASE_AFTER, "opportunity", after_opportunity, NULL);
	return 0;
}

static const Param id_params[] = {{"id", PARAM_ID, PARAM_IN_PATH, true}, {0}};
static const Param return_params[] = {
	{"id", PARAM_ID, PARAM_IN_PATH, true},
	{"reason", PARAM_TEXT, PARAM_IN_BODY, true, .max = 500},
	{0},
};
static const Param shelf_params[] = {
	{"pool", PARAM_ID, PARAM_IN_QUERY},
	{"after", PARAM_ID, PARAM_IN_QUERY},
	{0},
};

static const Endpoint endpoints[] = {
	{"GET", "/accounts/shelf", "lead.work", CALL_READ, shelf_params, account_shelf,
		"Customers that returned and wait to be claimed, by pool"},
	{"POST", "/accounts/:id/claim", "lead.work", CALL_WRITE, id_params, account_claim,
		"Take a customer out of its pool"},
	{"POST", "/accounts/:id/return", "lead.work", CALL_WRITE, return_params, account_return,
		"Give a customer back to the pool"},
	{0},
};

static const char *const migrations[] = {
	"CREATE TABLE account_move (id {ID} PRIMARY KEY, account {ID} NOT NULL, at {TIME} NOT NULL, kind {TEXT} NOT NULL, "
	"owner {ID}, before_owner {ID}, pool {ID}, reason {TEXT});"
	"CREATE INDEX account_move_account ON account_move (account);"
	"CREATE INDEX account_move_owner ON account_move (owner, at);"
	"CREATE INDEX account_idle ON account ((" FOLLOWED "), id) WHERE " HELD_ONES ";"
	"CREATE INDEX account_shelf ON account (pool, id) WHERE owner IS NULL AND deleted_at IS NULL AND pool IS NOT NULL",
	NULL,
};

const Module idle_account_module = {.name = "idle_account", .endpoints = endpoints, .migrations = migrations,
	.start = accounts_start};
