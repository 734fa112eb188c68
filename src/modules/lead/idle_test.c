/* Leads without follow-up: warned of, returned, claimed by others; and what stands in the way (L14). */
#include "modules/lead/lead_world.h"

static const char TOUCH[] = "{\"method\":\"call\",\"summary\":\"spoke about the offer and the next steps\"}";

static void rule(World *w, int days, int warn, int cooling, int stock)
{
	Policy policy = world_policy_now(w);
	policy.return_days = days;
	policy.return_warn_days = warn;
	policy.cooling_days = cooling;
	policy.stock_max = stock;
	world_policy(w, &policy);
}

static Id touched(World *w, Identity *ret_owner)
{
	Id lead = world_lead(w, "{\"name\":\"Ada\",\"company\":\"Tenon\"}");
	*ret_owner = world_who(w, record_ref(world_get(w, "lead", lead), "owner"), ROLE_SALESPERSON);
	(void)world_ask(w, ret_owner, "POST", "/leads/:id/touch", lead, TOUCH, NULL);
	return lead;
}

static Id owner_of(World *w, Id lead)
{
	return record_ref(world_get(w, "lead", lead), "owner");
}

static int64_t alerts(World *w, const char *reason)
{
	return world_count(w, talloc_asprintf(w, "SELECT COUNT(*) FROM alert WHERE reason = '%s'", reason));
}

static void returned_body(World *w)
{
	Identity me;
	rule(w, 10, 3, 0, 0);
	Id lead = touched(w, &me);
	int64_t at = record_int(world_get(w, "lead", lead), "last_touch_at");
	world_to(w, at + 7 * DAY_MS - MINUTE_MS);
	CHECK_INT(alerts(w, "lead.idle_soon"), 0);
	world_to(w, at + 7 * DAY_MS + MINUTE_MS);
	CHECK_INT(alerts(w, "lead.idle_soon"), 1);
	world_to(w, at + 10 * DAY_MS - MINUTE_MS);
	CHECK(id_equal(owner_of(w, lead), me.user));
	world_to(w, at + 10 * DAY_MS + MINUTE_MS);
	Record *r = world_get(w, "lead", lead);
	CHECK(id_is_nil(record_ref(r, "owner")));
	CHECK_TEXT(record_text(r, "wait_reason"), "idle");
	CHECK_TEXT(record_text(r, "status"), "new");
	CHECK_INT(alerts(w, "lead.idle_returned"), 1);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM assignment WHERE kind = 'idle'"), 1);
	world_to(w, at + 12 * DAY_MS);
	CHECK(id_is_nil(owner_of(w, lead))); /* nobody is made to take it, nobody is told that it waits */
	CHECK_INT(alerts(w, "lead.waiting"), 0);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM idle_notice"), 0);
}

TEST(idle, warns_then_returns_to_the_pool)
{
	world_each(2, returned_body);
}

static void kept_body(World *w)
{
	Identity me;
	rule(w, 10, 3, 0, 0);
	Id lead = touched(w, &me);
	int64_t at = record_int(world_get(w, "lead", lead), "last_touch_at");
	world_to(w, at + 8 * DAY_MS);
	(void)world_ask(w, &me, "POST", "/leads/:id/touch", lead, TOUCH, NULL);
	int64_t again = record_int(world_get(w, "lead", lead), "last_touch_at");
	world_to(w, again + 7 * DAY_MS - MINUTE_MS);
	CHECK(id_equal(owner_of(w, lead), me.user));
	CHECK_INT(alerts(w, "lead.idle_soon"), 0); /* the first one expired with its reason */
	world_to(w, again + 7 * DAY_MS + MINUTE_MS);
	CHECK_INT(alerts(w, "lead.idle_soon"), 1);
	world_to(w, again + 10 * DAY_MS + MINUTE_MS);
	CHECK(id_is_nil(owner_of(w, lead)));
}

TEST(idle, a_touch_begins_the_days_anew)
{
	world_each(1, kept_body);
}

static void late_body(World *w)
{
	Identity me;
	Id lead = touched(w, &me);
	int64_t at = record_int(world_get(w, "lead", lead), "last_touch_at");
	world_to(w, at + 40 * DAY_MS);
	rule(w, 10, 3, 0, 0);
	world_to(w, at + 40 * DAY_MS + MINUTE_MS);
	CHECK_INT(alerts(w, "lead.idle_soon"), 1);
	CHECK(id_equal(owner_of(w, lead), me.user)); /* not before it was warned of */
	rule(w, 20, 2, 0, 0); /* other numbers: the warning that was given counts */
	world_to(w, at + 42 * DAY_MS - MINUTE_MS);
	CHECK(id_equal(owner_of(w, lead), me.user));
	world_to(w, at + 42 * DAY_MS + MINUTE_MS);
	CHECK(id_is_nil(owner_of(w, lead)));
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM alert WHERE reason = 'lead.idle_soon' AND count = 1"), 1);
}

TEST(idle, a_new_rule_warns_first)
{
	world_each(1, late_body);
}

static void closed_body(World *w)
{
	Identity me;
	rule(w, 10, 0, 0, 0);
	Id gone = touched(w, &me), bad = touched(w, &me), far = touched(w, &me);
	int64_t at = record_int(world_get(w, "lead", far), "last_touch_at");
	world_change(w, "lead", gone, "{\"status\":\"converted\"}");
	(void)world_ask(w, &me, "POST", "/leads/:id/invalid", bad, "{\"reason\":\"x\"}", NULL);
	Policy policy = world_policy_now(w);
	policy.return_from = POLICY_QUALIFIED;
	world_policy(w, &policy);
	world_to(w, at + 30 * DAY_MS);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM assignment WHERE kind = 'idle'"), 0);
	policy.return_from = POLICY_QUALIFIED | POLICY_CONTACTING;
	world_policy(w, &policy);
	world_to(w, at + 30 * DAY_MS + MINUTE_MS);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM assignment WHERE kind = 'idle'"), 1);
	CHECK(id_is_nil(owner_of(w, far)));
}

TEST(idle, only_open_leads_of_the_statuses_return)
{
	world_each(1, closed_body);
}

static void claim_body(World *w)
{
	Identity me;
	const char *code;
	rule(w, 10, 0, 5, 2);
	Id lead = touched(w, &me);
	Identity other = world_who(w, w->people[id_equal(me.user, w->people[0])], ROLE_SALESPERSON);
	int64_t at = record_int(world_get(w, "lead", lead), "last_touch_at");
	world_to(w, at + 10 * DAY_MS + MINUTE_MS);
	(void)world_ask(w, &me, "POST", "/leads/:id/claim", lead, NULL, &code);
	CHECK_TEXT(code, "cooling");
	const json_t *mine = world_ask(w, &other, "POST", "/leads/:id/claim", lead, NULL, NULL);
	CHECK_TEXT(json_text(mine, "clock"), "running");
	CHECK_TEXT(json_text(mine, "status"), "new");
	(void)world_ask(w, &other, "POST", "/leads/:id/touch", lead, TOUCH, NULL);
	world_to(w, at + 20 * DAY_MS + HOUR_MS);
	CHECK(id_is_nil(owner_of(w, lead)));
	(void)world_ask(w, &me, "POST", "/leads/:id/claim", lead, NULL, NULL); /* cooled down meanwhile */
	CHECK(id_equal(owner_of(w, lead), me.user));
}

TEST(idle, the_former_owner_cools_down)
{
	world_each(2, claim_body);
}

static void stock_body(World *w)
{
	Identity me;
	const char *code;
	rule(w, 10, 0, 0, 2);
	Id lead = touched(w, &me);
	int64_t at = record_int(world_get(w, "lead", lead), "last_touch_at");
	world_to(w, at + 10 * DAY_MS + MINUTE_MS);
	Id fresh[2] = {touched(w, &me), touched(w, &me)};
	(void)world_ask(w, &me, "POST", "/leads/:id/claim", lead, NULL, &code);
	CHECK_TEXT(code, "stock_limit");
	(void)world_ask(w, &me, "POST", "/leads/:id/invalid", fresh[0], "{\"reason\":\"x\"}", NULL);
	(void)world_ask(w, &me, "POST", "/leads/:id/claim", lead, NULL, NULL);
	CHECK(id_equal(owner_of(w, lead), me.user));
	CHECK(id_equal(owner_of(w, fresh[1]), me.user));
}

TEST(idle, a_full_stock_claims_nothing)
{
	world_each(1, stock_body);
}

static int copy_leads(Call *c, void *arg)
{
	return db_exec(c->tx, "UPDATE lead SET last_touch_at = $1, status = 'contacting', clock = 'stopped', "
		"first_touch_at = $1", value_time(*(int64_t *)arg));
}

static void many_body(World *w)
{
	int64_t long_ago = WORLD_MONDAY_10;
	for (int i = 0; i < LEAD_STEP_MAX * 2 + 7; i++)
		(void)world_lead(w, "{\"name\":\"many\"}");
	world_do(w, NULL, copy_leads, &long_ago);
	int64_t owned = world_count(w, "SELECT COUNT(*) FROM lead WHERE owner IS NOT NULL");
	world_to(w, WORLD_MONDAY_10 + 30 * DAY_MS);
	rule(w, 10, 0, 0, 0);
	world_to(w, WORLD_MONDAY_10 + 30 * DAY_MS + MINUTE_MS);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM lead WHERE wait_reason = 'idle'"), owned);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM idle_notice"), 0);
}

TEST(idle, many_return_in_steps)
{
	world_each(1, many_body);
}

typedef struct {
	Id change;
} Undo;

static int undo_run(Call *c, void *arg)
{
	return record_undo(c, ((Undo *)arg)->change);
}

static int change_find(Call *c, void *arg)
{
	return db_id(c->tx, &((Undo *)arg)->change,
		"SELECT change FROM history WHERE object = 'lead' ORDER BY seq DESC LIMIT 1");
}

static void undo_body(World *w)
{
	Identity me, admin = {.role = ROLE_ADMINISTRATOR, .user = w->head};
	Undo undo;
	rule(w, 10, 0, 0, 0);
	Id lead = touched(w, &me);
	int64_t at = record_int(world_get(w, "lead", lead), "last_touch_at");
	world_to(w, at + 10 * DAY_MS + MINUTE_MS);
	CHECK(id_is_nil(owner_of(w, lead)));
	world_do(w, NULL, change_find, &undo);
	world_do(w, &admin, undo_run, &undo);
	Record *r = world_get(w, "lead", lead);
	CHECK(id_equal(record_ref(r, "owner"), me.user));
	CHECK_TEXT(record_text(r, "status"), "contacting");
	CHECK_INT(record_int(r, "last_touch_at"), at);
}

TEST(idle, a_return_can_be_undone)
{
	world_each(1, undo_body);
}
