/* Customers that nobody follows up return to a pool, where the policy says so (L14), and are claimed from there.
 *
 * A customer's last follow-up is the later of the moment since when its owner has it and its last activity: an activity
 * of the customer, of its contacts and opportunities or of leads it is known from, and any work on its opportunities.
 * Its contacts go with it. */
#include "call/gate.h"
#include "modules/lead/pooled.h"
#include "record/phase.h"

#define HELD_ONES "owner IS NOT NULL AND deleted_at IS NULL"
#define CONTACTS_MAX 500 /* of one customer, that go with it */
/* Whom the policy keeps out of it: a customer with an open opportunity, or with one that was won. */
#define KEEPING(account, open, won) "SELECT 1 FROM opportunity WHERE account = " account " AND deleted_at IS NULL " \
	"AND ((" open " = 1 AND COALESCE(stage, 'contact') NOT IN ('won', 'lost')) OR (" won " = 1 AND stage = 'won'))"

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

/* ---- how customers return and are claimed ---- */

static PoolRule rule(const Policy *policy)
{
	return (PoolRule){policy->account_days, policy->account_warn_days, policy->account_keep, policy->account_stock_max};
}

static int applies(Call *c, const Policy *policy, const Record *account, bool *ret)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, KEEPING("$1", "$2", "$3") " LIMIT 1", value_id(record_id(account)),
		value_int((policy->account_keep & POLICY_KEEP_OPEN) != 0),
		value_int((policy->account_keep & POLICY_KEEP_WON) != 0));
	*ret = r == 0 && !rows_next(rows);
	return r < 0 ? r : rows_error(rows);
}

static int give_back(Call *c, Ground *ground, Record *account, const char *days)
{
	return to_pool(c, account, ground->roster->policy.account_pool, "idle", days);
}

static void news(JsonOut *out, const Roster *roster, const Record *account, int64_t now_ms)
{
	(void)roster, (void)now_ms;
	json_member_text(out, "name", record_text(account, "name"));
	json_member_text(out, "company", record_text(account, "name"));
}

static void card(JsonOut *out, const Roster *roster, const Record *account, int64_t now_ms)
{
	(void)roster, (void)now_ms;
	json_member_id(out, "id", record_id(account));
	json_member_text(out, "name", record_text(account, "name"));
	json_member_text(out, "city", record_text(account, "city"));
	card_time(out, "last_touch_at", record_int(account, "last_touch_at"));
	card_time(out, "returned_at", record_int(account, "returned_at"));
}

const Pooled pooled_accounts = {.number = 2, .object = "account", .soon = "account.idle_soon",
	.returned = "account.idle_returned", POOLED_SQL("account", "held_at", HELD_ONES, "account_move", "", ""),
	.idle = "SELECT COUNT(*) FROM (SELECT id FROM account a WHERE " HELD_ONES " AND " POOLED_FOLLOWED("held_at")
		" <= $1 AND NOT EXISTS (" KEEPING("a.id", "$3", "$4") ") LIMIT $2) AS idle",
	.needs_pool = true,
	.rule = rule, .applies = applies, .give_back = give_back, .news = news, .card = card,
	.not_found = {"There is no such customer.", "客户不存在。"},
	.not_in_pool = {"The customer lies in a pool that you do not belong to.", "该客户所在的线索池不包含您。"},
	.cooling = {"You held this customer before; it is open to your colleagues first. You can claim it again from %s.",
		"您曾是该客户的负责人，现优先留给同事；%s 起您可以再次领取。"},
	.stock_limit = {"You hold %d customers, and that is the limit. Give one back, then claim another.",
		"您负责的客户已达上限 %d 家，请先退回再领取。"},
	.claim_limit = {"You have claimed %d customers from this pool today; that is the limit.",
		"今天您已从该线索池领取 %d 家客户，已达上限。"}};

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

/* ---- by hand ---- */

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
	int r = claim_load(c, &pooled_accounts, &ground, &account);
	if (r < 0)
		return r;
	if (!id_is_nil(record_ref(account, "owner")))
		return call_fail(c, ERR_CONFLICT, "already_taken", "%s has this customer already.", "该客户已由%s负责。",
			roster_name(ground->roster, record_ref(account, "owner")));
	r = claim_check(c, &pooled_accounts, ground->roster, account);
	if (r < 0)
		return r;
	Id pool = record_ref(account, "pool");
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
	int r = claim_load(c, &pooled_accounts, &ground, &account);
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
static const Endpoint endpoints[] = {
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
	"CREATE INDEX account_idle ON account ((" POOLED_FOLLOWED("held_at") "), id) WHERE " HELD_ONES ";"
	"CREATE INDEX account_shelf ON account (pool, id) WHERE owner IS NULL AND deleted_at IS NULL AND pool IS NOT NULL",
	NULL,
};

const Module idle_account_module = {.name = "idle_account", .endpoints = endpoints, .migrations = migrations,
	.start = accounts_start};
