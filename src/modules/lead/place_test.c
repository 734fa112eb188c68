/* A lead finds its person, waits, is held, drains: through the real store. */
#include "modules/lead/lead_world.h"

static Id owner_of(World *w, Id lead)
{
	return record_ref(world_get(w, "lead", lead), "owner");
}

static const char *clock_of(World *w, Id lead)
{
	return record_text(world_get(w, "lead", lead), "clock");
}

static void assigned_body(World *w)
{
	Id lead = world_lead(w, "{\"name\":\"王小明\",\"phone\":\"+8613800138000\"}");
	Record *r = world_get(w, "lead", lead);
	CHECK(id_equal(record_ref(r, "owner"), w->people[0]));
	CHECK(id_equal(record_ref(r, "team"), w->team));
	CHECK(id_equal(record_ref(r, "pool"), w->pool));
	CHECK_TEXT(record_text(r, "clock"), "running");
	int64_t at = record_int(r, "assigned_at");
	CHECK_INT(record_int(r, "respond_by"), at + 5 * MINUTE_MS);
	CHECK_INT(record_int(r, "protected_until"), at + 2 * HOUR_MS);
	CHECK_INT(record_int(r, "score"), 48 + 6 + 2);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM assignment WHERE kind = 'first'"), 1);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM event WHERE kind = 'lead.assigned'"), 1);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM timer WHERE kind = 'lead.due'"), 1);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM alert WHERE reason = 'lead.assigned'"), 1);
}

TEST(place, gives_a_lead_its_owner_clock_and_protection)
{
	world_each(1, assigned_body);
}

static void full_body(World *w)
{
	Id lead[4];
	for (int i = 0; i < 4; i++)
		lead[i] = world_lead(w, "{\"name\":\"a\"}");
	for (int i = 0; i < 3; i++)
		CHECK(id_equal(owner_of(w, lead[i]), w->people[0]));
	Record *r = world_get(w, "lead", lead[3]);
	CHECK(id_is_nil(record_ref(r, "owner")));
	CHECK(id_equal(record_ref(r, "pool"), w->fallback));
	CHECK_TEXT(record_text(r, "wait_reason"), "load");
	CHECK_TEXT(record_text(r, "clock"), "none");
	CHECK(record_int(r, "waiting_since") > 0);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM alert WHERE reason = 'lead.waiting'"), 1);
}

TEST(place, lets_a_lead_wait_when_all_hands_are_full)
{
	world_each(1, full_body);
}

static void turns_body(World *w)
{
	int got[3] = {0};
	for (int i = 0; i < 9; i++) {
		Id owner = owner_of(w, world_lead(w, "{\"name\":\"a\"}"));
		for (int p = 0; p < 3; p++)
			got[p] += id_equal(owner, w->people[p]);
	}
	for (int p = 0; p < 3; p++)
		CHECK_INT(got[p], 3);
}

TEST(place, shares_leads_evenly)
{
	world_each(3, turns_body);
}

static void drain_body(World *w)
{
	Id lead[5];
	for (int i = 0; i < 5; i++)
		lead[i] = world_lead(w, "{\"name\":\"a\"}");
	Identity me = world_who(w, w->people[0], ROLE_SALESPERSON);
	const char *touch = "{\"method\":\"call\",\"summary\":\"spoke about the offer and the next steps\"}";
	(void)world_ask(w, &me, "POST", "/leads/:id/touch", lead[0], touch, NULL);
	CHECK(id_equal(owner_of(w, lead[3]), w->people[0])); /* the oldest of those that waited */
	CHECK(id_is_nil(owner_of(w, lead[4])));
	(void)world_ask(w, &me, "POST", "/leads/:id/touch", lead[1], touch, NULL);
	CHECK(id_equal(owner_of(w, lead[4]), w->people[0]));
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM assignment WHERE kind = 'drain'"), 2);
}

TEST(place, drains_the_oldest_first_after_a_touch)
{
	world_each(1, drain_body);
}

static void held_body(World *w)
{
	world_to(w, WORLD_MONDAY_10 + 10 * HOUR_MS); /* Monday 20:00 */
	Id lead = world_lead(w, "{\"name\":\"night\"}");
	Record *r = world_get(w, "lead", lead);
	int64_t opening = WORLD_MONDAY_10 + 23 * HOUR_MS;
	CHECK_TEXT(record_text(r, "clock"), "held");
	CHECK(id_equal(record_ref(r, "owner"), w->people[0]));
	CHECK_INT(record_int(r, "respond_by"), opening + 5 * MINUTE_MS);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM alert"), 0);
	(void)world_lead(w, "{\"name\":\"night too\"}");
	world_to(w, opening + MINUTE_MS);
	CHECK_TEXT(clock_of(w, lead), "running");
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM alert WHERE reason = 'lead.held'"), 1);
}

TEST(place, holds_the_countdown_until_opening_and_sums_up_once)
{
	world_each(1, held_body);
}
