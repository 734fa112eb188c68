/* Who may claim what waits in a pool (L14): who belongs to the pool, is not frozen, is not its former owner while it
 * cools, is below the stock limit and within the claims of the day. Every refusal says until when or how many. And the
 * shelf: what lies there. */
#include "call/gate.h"
#include "modules/lead/pooled.h"
#include "record/access.h"

#define SHELF_MAX 50

/* ---- may it be claimed ---- */

int claim_load(Call *c, const Pooled *kind, Ground **ret_ground, Record **ret)
{
	int r = ground_open(c, ret_ground);
	if (r == 0)
		r = record_load_any(c, kind->object, call_id(c, "id"), ret);
	if (r == ERR_NOT_FOUND || (r == 0 && record_int(*ret, "deleted_at")))
		return call_fail(c, ERR_NOT_FOUND, "not_found", kind->not_found.en, kind->not_found.zh);
	return call_store_failed(c, r);
}

static int pool_check(Call *c, const Pooled *kind, const Roster *roster, int person, int pool)
{
	if (person < 0 || !roster->people[person].active)
		return call_fail(c, ERR_DENIED, "not_in_pool", "You belong to no pool.", "您不属于任何线索池。");
	if (kind->freezes && roster_is_frozen(&roster->people[person], c->now_ms))
		return call_fail(c, ERR_CONFLICT, "frozen", "You get no new leads today; ask your supervisor to release you.",
			"您今天已被熔断，暂不能领取线索，请联系主管解除。");
	bool may_assign = (pool >= 0 || !kind->needs_pool) && gate_may(c, "lead.assign");
	if (!may_assign && !roster_in_pool(roster, pool, person))
		return call_fail(c, ERR_DENIED, "not_in_pool", kind->not_in_pool.en, kind->not_in_pool.zh);
	return 0;
}

/* Whoever let it go, or had it taken for want of follow-up, leaves it to the others for a while. */
static int cooling_check(Call *c, const Pooled *kind, const Roster *roster, Id record)
{
	if (roster->policy.cooling_days == 0)
		return 0;
	int64_t at = 0;
	const Value values[] = {value_id(record), value_id(c->who.user)};
	int r = db_int_n(c->tx, &at, kind->let_go, values, ARRAY_LEN(values));
	if (r < 0)
		return r == ERR_NOT_FOUND ? 0 : call_store_failed(c, r);
	int64_t until = at + roster->policy.cooling_days * DAY_MS;
	int64_t told = (until + MINUTE_MS - 1) / MINUTE_MS * MINUTE_MS; /* at that minute it is over */
	char text[ROSTER_LOCAL_SIZE];
	return until <= c->now_ms ? 0 : call_fail(c, ERR_CONFLICT, "cooling", kind->cooling.en, kind->cooling.zh,
		roster_local_time(roster, told, text));
}

static int stock_check(Call *c, const Pooled *kind, const Roster *roster)
{
	int64_t max = kind->rule(&roster->policy).stock_max, held = 0;
	if (max == 0)
		return 0;
	const Value values[] = {value_id(c->who.user), value_int(max)};
	int r = db_int_n(c->tx, &held, kind->stock, values, ARRAY_LEN(values));
	if (r < 0)
		return call_store_failed(c, r);
	return held < max ? 0 : call_fail(c, ERR_CONFLICT, "stock_limit", kind->stock_limit.en, kind->stock_limit.zh,
		(int)held);
}

static int quota_check(Call *c, const Pooled *kind, const Roster *roster, int person, int pool)
{
	int64_t start, end, used = 0;
	worktime_day(roster_worktime(roster, person), c->now_ms, &start, &end);
	const Value values[] = {value_id(c->who.user), value_time(start), value_id(roster->pools[pool].id)};
	int r = db_int_n(c->tx, &used, kind->claims, values, ARRAY_LEN(values));
	if (r < 0)
		return call_store_failed(c, r);
	return used < roster->pools[pool].claim_limit ? 0 : call_fail(c, ERR_CONFLICT, "claim_limit",
		kind->claim_limit.en, kind->claim_limit.zh, (int)used);
}

int claim_check(Call *c, const Pooled *kind, const Roster *roster, const Record *record)
{
	int person = roster_person(roster, c->who.user), pool = roster_pool(roster, record_ref(record, "pool"));
	int r = pool_check(c, kind, roster, person, pool);
	if (r == 0)
		r = cooling_check(c, kind, roster, record_id(record));
	if (r == 0)
		r = stock_check(c, kind, roster);
	return r < 0 || pool < 0 ? r : quota_check(c, kind, roster, person, pool);
}

/* ---- the shelf ---- */

static int ids_read(Call *c, const Pooled *kind, Id pool, Id after, Id out[SHELF_MAX], int *ret_n)
{
	static const Id LAST = {{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}};
	ROWS rows = NULL;
	const Value values[] = {value_id(pool), value_id(id_is_nil(after) ? LAST : after), value_int(SHELF_MAX)};
	int n = 0, r = db_query_n(c->tx, &rows, kind->shelf, values, ARRAY_LEN(values));
	while (r == 0 && n < SHELF_MAX && rows_next(rows))
		out[n++] = rows_id(rows, 0);
	*ret_n = n;
	return r < 0 ? r : rows_error(rows);
}

static int record_put(Call *c, const Pooled *kind, const Roster *roster, Id id)
{
	Record *record;
	int r = record_load_any(c, kind->object, id, &record);
	if (r < 0)
		return r;
	json_object_begin(&c->json);
	kind->card(&c->json, roster, record, c->now_ms);
	json_object_end(&c->json);
	return 0;
}

static int pool_put(Call *c, const Pooled *kind, const Roster *roster, int pool)
{
	Id ids[SHELF_MAX];
	int n = 0, r = ids_read(c, kind, roster->pools[pool].id, call_id(c, "after"), ids, &n);
	json_object_begin(&c->json);
	json_member_id(&c->json, "id", roster->pools[pool].id);
	json_member_text(&c->json, "name", roster->pools[pool].name);
	json_member_int(&c->json, "claim_limit", roster->pools[pool].claim_limit);
	json_key(&c->json, "items");
	json_array_begin(&c->json);
	for (int i = 0; r == 0 && i < n; i++)
		r = record_put(c, kind, roster, ids[i]);
	json_array_end(&c->json);
	json_member_id(&c->json, "next", n == SHELF_MAX ? ids[n - 1] : ID_NIL);
	json_object_end(&c->json);
	return r;
}

static int shelf(Call *c, const Pooled *kind)
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
	json_member_int(&c->json, "stock_max", kind->rule(&roster->policy).stock_max);
	json_member_int(&c->json, "cooling_days", roster->policy.cooling_days);
	json_key(&c->json, "pools");
	json_array_begin(&c->json);
	for (int i = 0; r == 0 && i < roster->n_pools; i++) {
		Id pool = roster->pools[i].id;
		bool mine = roster_in_pool(roster, i, person) || access_sees(access, ID_NIL, ID_NIL, ID_NIL, pool);
		if (mine && (id_is_nil(wanted) || id_equal(wanted, pool)))
			r = pool_put(c, kind, roster, i);
	}
	json_array_end(&c->json);
	json_object_end(&c->json);
	return call_store_failed(c, r);
}

/* GET /pools/shelf, GET /accounts/shelf: the caller's pools with what lies in them, newest first; with "pool" only that
 * one, from "after" on */
static int shelf_of_leads(Call *c)
{
	return shelf(c, &pooled_leads);
}

static int shelf_of_accounts(Call *c)
{
	return shelf(c, &pooled_accounts);
}

/* ---- the card ---- */

static const Param shelf_params[] = {
	{"pool", PARAM_ID, PARAM_IN_QUERY},
	{"after", PARAM_ID, PARAM_IN_QUERY},
	{0},
};

static const Endpoint endpoints[] = {
	{"GET", "/pools/shelf", "lead.work", CALL_READ, shelf_params, shelf_of_leads,
		"Leads that returned for want of follow-up and wait to be claimed, by pool"},
	{"GET", "/accounts/shelf", "lead.work", CALL_READ, shelf_params, shelf_of_accounts,
		"Customers that returned and wait to be claimed, by pool"},
	{0},
};

const Module claim_module = {.name = "claim", .endpoints = endpoints};
