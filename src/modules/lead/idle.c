/* Leads that nobody follows up (L14): which of them return to their pool.
 *
 * A lead's last follow-up is the later of its last touch and its assignment. */
#include "modules/lead/pooled.h"

/* In contact or qualified. Said by what it is not, or SQLite would rather go by its index of the status. */
#define OPEN_ONES "owner IS NOT NULL AND deleted_at IS NULL AND status <> 'new' AND status <> 'converted' " \
	"AND status <> 'invalid'"

static PoolRule rule(const Policy *policy)
{
	return (PoolRule){policy->return_days, policy->return_warn_days, policy->return_from, policy->stock_max};
}

static int applies(Call *c, const Policy *policy, const Record *lead, bool *ret)
{
	(void)c;
	*ret = policy_returns(policy, record_text(lead, "status"));
	return 0;
}

static int give_back(Call *c, Ground *ground, Record *lead, const char *days)
{
	Placement p = {.kind = "idle", .owner = -1, .idle = true, .wait_reason = "idle", .reason = days};
	if (roster_pool(ground->roster, record_ref(lead, "pool")) < 0)
		p.pool = ground->roster->policy.fallback_pool;
	return place_put(c, ground, lead, &p);
}

static void card(JsonOut *out, const Roster *roster, const Record *lead, int64_t now_ms)
{
	card_members(out, roster, lead, now_ms);
	card_time(out, "last_touch_at", record_int(lead, "last_touch_at"));
	json_member_int(out, "touches", record_int(lead, "touches"));
}

const Pooled pooled_leads = {.number = 1, .object = "lead", .soon = "lead.idle_soon", .returned = "lead.idle_returned",
	POOLED_SQL("lead", "assigned_at", OPEN_ONES, "assignment", " AND status IN ('new', 'contacting', 'qualified')",
		" AND wait_reason = 'idle'"),
	.idle = "SELECT COUNT(*) FROM (SELECT status FROM lead WHERE " OPEN_ONES " AND " POOLED_FOLLOWED("assigned_at")
		" <= $1 ORDER BY " POOLED_FOLLOWED("assigned_at") " LIMIT $2) AS idle WHERE (status = 'contacting' AND $3 = 1) "
		"OR (status = 'qualified' AND $4 = 1)",
	.status = "status", .promised_until = "protected_until", .freezes = true,
	.rule = rule, .applies = applies, .give_back = give_back, .news = card_news, .card = card,
	.not_found = {"There is no such lead.", "线索不存在。"},
	.not_in_pool = {"The lead waits in a pool that you do not belong to.", "该线索所在的线索池不包含您。"},
	.cooling = {"You held this lead before; it is open to your colleagues first. You can claim it again from %s.",
		"您曾持有该线索，现优先留给同事；%s 起您可以再次领取。"},
	.stock_limit = {"You hold %d open leads, and that is the limit. Close or return one, then claim another.",
		"您持有的未结线索已达上限 %d 条，请先处理或退回后再领取。"},
	.claim_limit = {"You have claimed %d leads from this pool today; that is the limit.",
		"今天您已从该线索池领取 %d 条，已达上限。"}};

static const char *const migrations[] = {
	"CREATE TABLE idle_notice (lead {ID} PRIMARY KEY, followed {TIME} NOT NULL, told {TIME} NOT NULL, "
	"due {TIME} NOT NULL);"
	"CREATE INDEX idle_notice_due ON idle_notice (due, lead);"
	"CREATE TABLE idle_mark (one {INT} PRIMARY KEY, days {INT} NOT NULL, warn_days {INT} NOT NULL, "
	"statuses {INT} NOT NULL, at {TIME} NOT NULL, lead {ID} NOT NULL);"
	"CREATE INDEX lead_idle ON lead ((" POOLED_FOLLOWED("assigned_at") "), id) WHERE " OPEN_ONES ";"
	"CREATE INDEX lead_shelf ON lead (pool, id) WHERE owner IS NULL AND deleted_at IS NULL AND wait_reason = 'idle'",
	"ALTER TABLE idle_notice ADD COLUMN kind {INT} NOT NULL DEFAULT 1;"
	"DROP INDEX idle_notice_due;"
	"CREATE INDEX idle_notice_due ON idle_notice (kind, due, lead)",
	NULL,
};

const Module idle_module = {.name = "idle", .migrations = migrations};
