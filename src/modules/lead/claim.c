/* Who may claim a waiting lead (L14): not frozen, of its pool, not its former owner while it cools, below the stock
 * limit, and within the claims of the day. Every refusal says until when or how many. */
#include "call/gate.h"
#include "modules/lead/lead_int.h"

static int claims_left(Call *c, const Roster *roster, int person, int pool)
{
	int64_t start, end, used = 0;
	worktime_day(roster_worktime(roster, person), c->now_ms, &start, &end);
	int r = db_int(c->tx, &used,
		"SELECT COUNT(*) FROM assignment WHERE at >= $1 AND owner = $2 AND pool = $3 AND kind = 'claim'",
		value_time(start), value_id(c->who.user), value_id(roster->pools[pool].id));
	if (r < 0)
		return call_store_failed(c, r);
	if (used < roster->pools[pool].claim_limit)
		return 0;
	return call_fail(c, ERR_CONFLICT, "claim_limit",
		"You have claimed %d leads from this pool today; that is the limit.",
		"今天您已从该线索池领取 %d 条，已达上限。", (int)used);
}

/* Whoever let it go, or had it taken for want of follow-up, leaves it to the others for a while. */
static int cooling_check(Call *c, const Roster *roster, const Record *lead)
{
	if (roster->policy.cooling_days == 0)
		return 0;
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT at FROM assignment WHERE lead = $1 AND before_owner = $2 "
		"AND kind IN ('return', 'idle') ORDER BY at DESC LIMIT 1", value_id(record_id(lead)), value_id(c->who.user));
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
		"You held this lead before; it is open to your colleagues first. You can claim it again from %s.",
		"您曾持有该线索，现优先留给同事；%s 起您可以再次领取。", roster_local_time(roster, until, text));
}

static int stock_check(Call *c, const Roster *roster)
{
	int64_t max = roster->policy.stock_max, open = 0;
	if (max == 0)
		return 0;
	int r = db_int(c->tx, &open, "SELECT COUNT(*) FROM (SELECT 1 FROM lead WHERE owner = $1 AND status IN ('new', "
		"'contacting', 'qualified') AND deleted_at IS NULL LIMIT $2) AS open_leads", value_id(c->who.user),
		value_int(max));
	if (r < 0)
		return call_store_failed(c, r);
	if (open < max)
		return 0;
	return call_fail(c, ERR_CONFLICT, "stock_limit",
		"You hold %d open leads, and that is the limit. Close or return one, then claim another.",
		"您持有的未结线索已达上限 %d 条，请先处理或退回后再领取。", (int)open);
}

int claim_allowed(Call *c, const Roster *roster, const Record *lead, int person)
{
	if (person < 0 || roster_is_frozen(&roster->people[person], c->now_ms))
		return call_fail(c, ERR_CONFLICT, "frozen", "You get no new leads today; ask your supervisor to release you.",
			"您今天已被熔断，暂不能领取线索，请联系主管解除。");
	int pool = roster_pool(roster, record_ref(lead, "pool"));
	if (!roster_in_pool(roster, pool, person) && !gate_may(c, "lead.assign"))
		return call_fail(c, ERR_DENIED, "not_in_pool", "The lead waits in a pool that you do not belong to.",
			"该线索所在的线索池不包含您。");
	int r = cooling_check(c, roster, lead);
	if (r == 0)
		r = stock_check(c, roster);
	return r < 0 || pool < 0 ? r : claims_left(c, roster, person, pool);
}
