/* Every row of the table of L6-L9 played through the real store with a clock that is moved: misses, hops, hours,
 * freezes, nights, weekends, days off; people who leave (F6) and come back. */
#include <string.h>

#include "modules/lead/lead_world.h"

#define TOUCH "{\"method\":\"call\",\"summary\":\"spoke about the offer and the next steps\"}"
#define MINUTE MINUTE_MS

static Id owner_of(World *w, Id lead)
{
	return record_ref(world_get(w, "lead", lead), "owner");
}

static const char *text_of(World *w, Id lead, const char *field)
{
	return record_text(world_get(w, "lead", lead), field);
}

static int64_t int_of(World *w, const char *object, Id id, const char *field)
{
	return record_int(world_get(w, object, id), field);
}

static int64_t now(World *w)
{
	return clock_now_ms(&w->clock);
}

static int person_of(World *w, Id id)
{
	for (int i = 0; i < w->n_people; i++)
		if (id_equal(w->people[i], id))
			return i;
	return -1;
}

/* ---- +5 min without a touch (L7) ---- */

static void miss_body(World *w)
{
	Id lead = world_lead(w, "{\"name\":\"a\"}");
	Record *before = world_get(w, "lead", lead);
	int first = person_of(w, record_ref(before, "owner"));
	world_to(w, record_int(before, "respond_by") - MINUTE);
	CHECK_INT(person_of(w, owner_of(w, lead)), first);
	world_to(w, record_int(before, "respond_by"));
	Record *after = world_get(w, "lead", lead);
	CHECK_INT(person_of(w, record_ref(after, "owner")), 1 - first);
	CHECK_INT(record_int(after, "hops"), 1);
	CHECK_INT(record_int(after, "respond_by"), record_int(before, "respond_by") + 5 * MINUTE);
	CHECK_INT(record_int(after, "protected_until"), record_int(after, "assigned_at") + 2 * HOUR_MS);
	CHECK_INT(record_int(after, "first_assigned_at"), record_int(before, "first_assigned_at"));
	CHECK_INT(int_of(w, "user", w->people[first], "misses"), 1);
	CHECK_INT(world_count(w,
		"SELECT COUNT(*) FROM alert a JOIN person p ON p.id = a.receiver WHERE a.reason = 'lead.missed' "
		"AND p.login = 'head'"), 1);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM event WHERE kind = 'lead.moved'"), 1);
}

TEST(clock, a_miss_passes_the_lead_and_its_protection_on)
{
	world_each(2, miss_body);
}

/* ---- three hops (L8) ---- */

static void hops_body(World *w)
{
	Id lead = world_lead(w, "{\"name\":\"a\"}");
	unsigned seen = 0;
	for (int hop = 0; hop < 3; hop++) {
		int person = person_of(w, owner_of(w, lead));
		CHECK(person >= 0 && !(seen & 1u << person));
		seen |= 1u << person;
		world_to(w, int_of(w, "lead", lead, "respond_by"));
	}
	CHECK(id_equal(owner_of(w, lead), w->head));
	CHECK_TEXT(text_of(w, lead, "clock"), "escalated");
	CHECK_INT(int_of(w, "lead", lead, "hops"), 3);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM assignment WHERE kind = 'escalated' AND reason = 'hops'"), 1);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM event WHERE kind = 'lead.escalated'"), 1);
	int64_t decisions = world_count(w, "SELECT COUNT(*) FROM assignment");
	world_to(w, now(w) + 2 * DAY_MS);
	CHECK(id_equal(owner_of(w, lead), w->head)); /* nothing moves by itself any more */
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM assignment"), decisions);
}

TEST(clock, the_third_hop_brings_the_supervisor)
{
	world_each(5, hops_body);
}

/* ---- two hours since the first assignment (L8) ---- */

static void hours_body(World *w)
{
	Id lead = world_lead(w, "{\"name\":\"a\"}");
	int64_t first = int_of(w, "lead", lead, "first_assigned_at");
	world_to(w, first + 5 * MINUTE);
	CHECK(id_is_nil(owner_of(w, lead))); /* nobody else is there */
	CHECK_TEXT(text_of(w, lead, "wait_reason"), "held_before");
	world_to(w, first + 2 * HOUR_MS - MINUTE);
	CHECK(id_is_nil(owner_of(w, lead)));
	world_to(w, first + 2 * HOUR_MS);
	CHECK(id_equal(owner_of(w, lead), w->head));
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM assignment WHERE kind = 'escalated' AND reason = 'time'"), 1);
}

TEST(clock, two_hours_bring_the_supervisor_too)
{
	world_each(1, hours_body);
}

static void lunch_body(World *w)
{
	world_change(w, "calendar", w->calendar, "{\"week\":{\"mon\":[[\"09:00\",\"11:00\"],[\"14:00\",\"18:00\"]]}}");
	Id lead = world_lead(w, "{\"name\":\"a\"}");
	int64_t first = int_of(w, "lead", lead, "first_assigned_at");
	world_to(w, first + 4 * HOUR_MS); /* an hour of work, three of lunch */
	CHECK(id_is_nil(owner_of(w, lead)));
	world_to(w, first + 5 * HOUR_MS);
	CHECK(id_equal(owner_of(w, lead), w->head));
}

TEST(clock, the_two_hours_are_working_hours)
{
	world_each(1, lunch_body);
}

/* ---- a touch ---- */

static void touch_body(World *w)
{
	Id lead = world_lead(w, "{\"name\":\"a\"}");
	int owner = person_of(w, owner_of(w, lead));
	Identity me = world_who(w, w->people[owner], ROLE_SALESPERSON);
	const char *code;
	world_change(w, "user", w->people[owner], "{\"misses\":2}");
	(void)world_ask(w, &me, "POST", "/leads/:id/touch", lead, "{\"method\":\"call\",\"summary\":\"called, no answer\"}",
		&code);
	CHECK_TEXT(code, "summary_too_short");
	(void)world_ask(w, &me, "POST", "/leads/:id/touch", lead,
		"{\"method\":\"call\",\"summary\":\"已电话沟通客户需求下周三上门演示报价待确认\"}", NULL);
	Record *r = world_get(w, "lead", lead);
	CHECK_TEXT(record_text(r, "status"), "contacting");
	CHECK_TEXT(record_text(r, "clock"), "stopped");
	CHECK_INT(record_int(r, "touches"), 1);
	CHECK(record_int(r, "first_touch_at") > 0);
	CHECK_INT(int_of(w, "user", w->people[owner], "misses"), 0);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM timer WHERE kind = 'lead.due'"), 0);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM activity WHERE first_touch = 1"), 1);
	world_to(w, now(w) + 5 * HOUR_MS);
	CHECK_INT(person_of(w, owner_of(w, lead)), owner);
}

TEST(clock, a_touch_ends_the_countdown_and_clears_the_misses)
{
	world_each(2, touch_body);
}

/* ---- protection (L6) ---- */

static void wait_for_grabs(World *w, int64_t n)
{
	int64_t deadline = clock_monotonic_ms() + 60000;
	while (world_count(w, "SELECT COUNT(*) FROM cross_grab") < n && clock_monotonic_ms() < deadline)
		;
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM cross_grab"), n);
}

static void protection_body(World *w)
{
	Id lead = world_lead(w, "{\"name\":\"a\"}");
	int owner = person_of(w, owner_of(w, lead));
	Identity other = world_who(w, w->people[1 - owner], ROLE_SALESPERSON), head = world_who(w, w->head,
		ROLE_SUPERVISOR);
	const char *code;
	(void)world_ask(w, &other, "POST", "/leads/:id/touch", lead, TOUCH, &code);
	CHECK_TEXT(code, "protected");
	(void)world_ask(w, &other, "PATCH", "/records/lead/:id", lead, "{\"city\":\"上海\"}", &code);
	CHECK_TEXT(code, "protected");
	(void)world_ask(w, &other, "POST", "/leads/:id/claim", lead, NULL, &code);
	CHECK_TEXT(code, "already_taken");
	(void)world_ask(w, &head, "PATCH", "/records/lead/:id", lead, "{\"city\":\"上海\"}", &code);
	CHECK_TEXT(code, "protected");
	wait_for_grabs(w, 4);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM cross_grab WHERE act = 'edit'"), 2);
	Identity me = world_who(w, w->people[owner], ROLE_SALESPERSON);
	(void)world_ask(w, &me, "PATCH", "/records/lead/:id", lead, "{\"city\":\"上海\"}", NULL);
	(void)world_ask(w, &me, "POST", "/leads/:id/touch", lead, TOUCH, NULL);
	(void)world_ask(w, &head, "POST", "/leads/:id/touch", lead, TOUCH, &code);
	CHECK_TEXT(code, "protected");
	world_to(w, now(w) + 2 * HOUR_MS + MINUTE);
	(void)world_ask(w, &head, "PATCH", "/records/lead/:id", lead, "{\"city\":\"北京\"}", NULL);
	(void)world_ask(w, &other, "POST", "/leads/:id/touch", lead, TOUCH, &code);
	CHECK_TEXT(code, "not_found"); /* not his to see */
}

TEST(clock, protection_refuses_everybody_else_and_counts)
{
	world_each(2, protection_body);
}

/* ---- three misses in a row (L9) ---- */

static void freeze_body(World *w)
{
	Id lead[3];
	world_change(w, "user", w->people[1], "{\"absent\":true}");
	for (int i = 0; i < 3; i++)
		lead[i] = world_lead(w, "{\"name\":\"a\"}");
	world_to(w, now(w) + 3 * MINUTE);
	world_change(w, "user", w->people[0], "{\"capacity\":9}");
	Policy policy = world_policy_now(w);
	policy.load_max = 9;
	world_policy(w, &policy);
	Id late = world_lead(w, "{\"name\":\"late\"}"); /* still running when the freeze comes */
	CHECK(id_equal(owner_of(w, late), w->people[0]));
	world_to(w, int_of(w, "lead", lead[2], "respond_by") + 1000);
	Record *user = world_get(w, "user", w->people[0]);
	CHECK_INT(record_int(user, "misses"), 3);
	CHECK(record_int(user, "frozen_until") > now(w));
	CHECK_INT(record_int(user, "frozen_until"), WORLD_MONDAY_10 + 14 * HOUR_MS); /* midnight */
	CHECK(id_is_nil(owner_of(w, late)));
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM assignment WHERE kind = 'freeze'"), 1);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM event WHERE kind = 'person.frozen'"), 1);
	CHECK(id_is_nil(owner_of(w, world_lead(w, "{\"name\":\"new\"}")))); /* nothing new for the frozen */
	Identity head = world_who(w, w->head, ROLE_SUPERVISOR), me = world_who(w, w->people[0], ROLE_SALESPERSON);
	const char *code;
	(void)world_ask(w, &me, "POST", "/users/:id/release", w->people[0], NULL, &code);
	CHECK_TEXT(code, "denied");
	(void)world_ask(w, &head, "POST", "/users/:id/release", w->people[0], NULL, NULL);
	user = world_get(w, "user", w->people[0]);
	CHECK_INT(record_int(user, "frozen_until"), 0);
	CHECK_INT(record_int(user, "misses"), 0);
	/* drained at once */
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM lead WHERE name = 'new' AND owner IS NOT NULL"), 1);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM event WHERE kind = 'person.released'"), 1);
}

TEST(clock, three_misses_in_a_row_freeze_until_the_supervisor_lifts_it)
{
	world_each(2, freeze_body);
}

static void thaw_body(World *w)
{
	world_change(w, "user", w->people[0], "{\"misses\":2}");
	Id lead = world_lead(w, "{\"name\":\"a\"}");
	world_to(w, int_of(w, "lead", lead, "respond_by"));
	CHECK(int_of(w, "user", w->people[0], "frozen_until") > now(w));
	world_to(w, WORLD_MONDAY_10 + 14 * HOUR_MS);
	CHECK_INT(int_of(w, "user", w->people[0], "frozen_until"), 0);
	CHECK_INT(int_of(w, "user", w->people[0], "misses"), 0);
}

TEST(clock, a_freeze_ends_with_the_working_day)
{
	world_each(1, thaw_body);
}

/* ---- nights, weekends, days off ---- */

static void weekend_body(World *w)
{
	world_to(w, WORLD_MONDAY_10 + 4 * DAY_MS + 8 * HOUR_MS - 2 * MINUTE); /* Friday 17:58 */
	Id lead = world_lead(w, "{\"name\":\"a\"}");
	int64_t at = int_of(w, "lead", lead, "assigned_at");
	CHECK_TEXT(text_of(w, lead, "clock"), "running");
	CHECK_INT(int_of(w, "lead", lead, "respond_by"), at + 5 * MINUTE + 2 * DAY_MS + 15 * HOUR_MS); /* Monday 09:03 */
	world_to(w, at + 2 * DAY_MS);
	CHECK_INT(int_of(w, "lead", lead, "hops"), 0);
	world_to(w, int_of(w, "lead", lead, "respond_by"));
	CHECK_INT(int_of(w, "lead", lead, "hops"), 1);
}

TEST(clock, a_countdown_sleeps_over_the_weekend)
{
	world_each(2, weekend_body);
}

static void day_off_body(World *w)
{
	world_change(w, "calendar", w->calendar, "{\"days_off\":[\"2026-11-24\"]}");
	world_to(w, WORLD_MONDAY_10 + 8 * HOUR_MS - 2 * MINUTE); /* Monday 17:58, Tuesday is off */
	Id lead = world_lead(w, "{\"name\":\"a\"}");
	CHECK_INT(int_of(w, "lead", lead, "respond_by"), int_of(w, "lead", lead,
		"assigned_at") + 5 * MINUTE + DAY_MS + 15 * HOUR_MS);
}

TEST(clock, a_countdown_sleeps_over_a_day_off)
{
	world_each(1, day_off_body);
}

static void shift_body(World *w)
{
	Id late = world_make(w, "calendar",
		"{\"name\":\"late\",\"week\":{\"mon\":[[\"18:00\",\"26:00\"]],\"tue\":[[\"18:00\",\"26:00\"]]}}");
	world_change(w, "user", w->people[1], talloc_asprintf(w, "{\"calendar\":\"%s\"}", id_text(late,
		(char[ID_TEXT_SIZE]){0})));
	world_to(w, WORLD_MONDAY_10 + 13 * HOUR_MS + 58 * MINUTE); /* Monday 23:58 */
	Id lead = world_lead(w, "{\"name\":\"a\"}");
	CHECK(id_equal(owner_of(w, lead), w->people[1]));
	CHECK_INT(int_of(w, "lead", lead, "respond_by"), int_of(w, "lead", lead, "assigned_at") + 5 * MINUTE);
	world_to(w, int_of(w, "lead", lead, "respond_by")); /* after midnight: missed, the day people are at home */
	CHECK(id_equal(owner_of(w, lead), w->people[0]));
	CHECK_TEXT(text_of(w, lead, "clock"), "held");
	CHECK_INT(int_of(w, "lead", lead, "respond_by"), WORLD_MONDAY_10 + 23 * HOUR_MS + 5 * MINUTE); /* Tuesday 09:05 */
}

TEST(clock, the_night_shift_counts_through_midnight_and_hands_over_to_the_morning)
{
	world_each(2, shift_body);
}

static void on_call_body(World *w)
{
	Policy policy = world_policy_now(w);
	policy.out_of_hours = POLICY_ON_CALL;
	policy.on_call = w->people[1];
	world_policy(w, &policy);
	world_to(w, WORLD_MONDAY_10 + 12 * HOUR_MS);
	Id lead = world_lead(w, "{\"name\":\"a\"}");
	CHECK(id_equal(owner_of(w, lead), w->people[1]));
	CHECK_TEXT(text_of(w, lead, "clock"), "running");
	CHECK_INT(int_of(w, "lead", lead, "respond_by"), int_of(w, "lead", lead, "assigned_at") + 5 * MINUTE);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM alert WHERE reason = 'lead.assigned'"), 1);
}

TEST(clock, the_person_on_call_counts_in_real_time)
{
	world_each(2, on_call_body);
}

static void to_pool_body(World *w)
{
	Policy policy = world_policy_now(w);
	policy.out_of_hours = POLICY_TO_POOL;
	policy.out_of_hours_pool = w->fallback;
	world_policy(w, &policy);
	world_to(w, WORLD_MONDAY_10 + 12 * HOUR_MS);
	Id first = world_lead(w, "{\"name\":\"a\"}"), second = world_lead(w, "{\"name\":\"b\"}");
	CHECK(id_is_nil(owner_of(w, first)));
	CHECK_TEXT(text_of(w, first, "wait_reason"), "off_hours");
	world_to(w, WORLD_MONDAY_10 + 23 * HOUR_MS); /* the shift starts */
	CHECK(id_equal(owner_of(w, first), w->people[0]));
	CHECK(id_equal(owner_of(w, second), w->people[0]));
	CHECK_INT(int_of(w, "lead", first, "respond_by"), WORLD_MONDAY_10 + 23 * HOUR_MS + 5 * MINUTE);
}

TEST(clock, what_waited_overnight_drains_when_a_shift_starts)
{
	world_each(1, to_pool_body);
}

/* ---- people who leave and come back (F6) ---- */

static void disabled_body(World *w)
{
	Id lead[4];
	for (int i = 0; i < 4; i++)
		lead[i] = world_lead(w, "{\"name\":\"a\"}");
	world_make(w, "lead", talloc_asprintf(w, "{\"name\":\"talked to\",\"status\":\"contacting\",\"owner\":\"%s\"}",
		id_text(w->people[0], (char[ID_TEXT_SIZE]){0})));
	world_change(w, "user", w->people[0], "{\"active\":false}");
	int moved = 0;
	for (int i = 0; i < 4; i++)
		CHECK(!id_equal(owner_of(w, lead[i]), w->people[0]));
	moved = (int)world_count(w, "SELECT COUNT(*) FROM assignment WHERE kind = 'absent'");
	CHECK_INT(moved, 2);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM alert WHERE reason = 'person.away' AND data LIKE '%\"open\":1%'"),
		1);
	for (int i = 0; i < 6; i++)
		CHECK(!id_equal(owner_of(w, world_lead(w, "{\"name\":\"b\"}")), w->people[0]));
}

TEST(clock, field_failure_F6_the_disabled_are_never_picked_and_their_leads_move)
{
	world_each(2, disabled_body);
}

static void absent_body(World *w)
{
	Identity me = world_who(w, w->people[0], ROLE_SALESPERSON);
	Id lead = world_lead(w, "{\"name\":\"a\"}");
	int64_t until = now(w) + HOUR_MS;
	(void)world_ask(w, &me, "POST", "/users/:id/absence", w->people[0],
		talloc_asprintf(w, "{\"absent\":true,\"until\":%lld}", (long long)until), NULL);
	CHECK(id_is_nil(owner_of(w, lead)));
	Id other = world_lead(w, "{\"name\":\"b\"}");
	CHECK(id_is_nil(owner_of(w, other)));
	CHECK_TEXT(text_of(w, other, "wait_reason"), "absent");
	world_to(w, until + 1000);
	CHECK_INT(int_of(w, "user", w->people[0], "absent"), 0);
	CHECK(id_equal(owner_of(w, other), w->people[0])); /* drained on return */
	CHECK(id_is_nil(owner_of(w, lead)));               /* he held that one before */
}

TEST(clock, an_absence_moves_leads_and_its_end_brings_new_ones)
{
	world_each(1, absent_body);
}

static void supervisor_leaves_body(World *w)
{
	Id lead = world_lead(w, "{\"name\":\"a\"}");
	world_to(w, now(w) + 2 * HOUR_MS + MINUTE);
	CHECK(id_equal(owner_of(w, lead), w->head));
	world_change(w, "user", w->head, "{\"absent\":true}");
	CHECK_TEXT(record_text(world_get(w, "user", owner_of(w, lead)), "login"), "admin");
	CHECK_TEXT(text_of(w, lead, "clock"), "escalated");
}

TEST(clock, what_came_up_to_a_supervisor_goes_further_up)
{
	world_each(1, supervisor_leaves_body);
}

static void follow_up_body(World *w)
{
	Id lead = world_lead(w, "{\"name\":\"a\"}");
	Identity me = world_who(w, w->people[0], ROLE_SALESPERSON);
	int64_t at = now(w) + HOUR_MS;
	(void)world_ask(w, &me, "POST", "/leads/:id/touch", lead, talloc_asprintf(w,
		"{\"method\":\"call\",\"summary\":\"spoke about the offer and the next steps\",\"next_follow_up_at\":%lld}",
		(long long)at), NULL);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM alert WHERE reason = 'lead.follow_up'"), 0);
	world_to(w, at);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM alert WHERE reason = 'lead.follow_up'"), 1);
}

TEST(clock, a_follow_up_is_recalled)
{
	world_each(1, follow_up_body);
}

static int many_come(Call *c, void *arg)
{
	int r = 0;
	for (int i = 0; r == 0 && i < *(int *)arg; i++)
		r = lead_place(c, record_new(c, meta_object_of(c, "lead")), &(PlaceInfo){.create = true});
	return r;
}

static void many_body(World *w)
{
	int n = LEAD_STEP_MAX + 50;
	Policy policy = world_policy_now(w);
	policy.load_max = 1000;
	world_policy(w, &policy);
	world_change(w, "user", w->people[0], "{\"capacity\":1000}");
	world_change(w, "user", w->people[1], "{\"capacity\":1000,\"absent\":true}");
	world_do(w, NULL, many_come, &n);
	world_change(w, "user", w->people[1], "{\"absent\":false}");
	world_change(w, "user", w->people[0], "{\"active\":false}");
	world_to(w, now(w) + 1000);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM assignment WHERE kind = 'absent'"), n);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM lead l JOIN person p ON p.id = l.owner WHERE p.login = 'p1'"), n);
}

TEST(clock, more_leads_than_one_transaction_moves_follow_by_a_timer)
{
	world_each(2, many_body);
}

static void backlog_body(World *w)
{
	int n = LEAD_STEP_MAX + 50;
	world_change(w, "user", w->people[0], "{\"absent\":true}");
	world_do(w, NULL, many_come, &n);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM lead WHERE waiting_since IS NOT NULL"), n);
	Policy policy = world_policy_now(w);
	policy.load_max = 1000;
	world_policy(w, &policy);
	world_change(w, "user", w->people[0], "{\"capacity\":1000,\"absent\":false}");
	world_to(w, now(w) + 1000);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM lead WHERE owner IS NOT NULL"), n);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM assignment WHERE kind = 'drain'"), n);
}

TEST(clock, a_long_backlog_drains_step_by_step)
{
	world_each(1, backlog_body);
}
