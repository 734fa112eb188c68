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

/* ---- what everybody carries stays true, whatever happens ---- */

static int counts_compare(Call *c, void *arg)
{
	(void)arg;
	Ground *ground;
	Load *fresh;
	int r = ground_open(c, &ground);
	if (r == 0)
		r = place_load(c, ground->roster, &fresh);
	for (int i = 0; r == 0 && i < ground->roster->n_people; i++) {
		CHECK_INT(ground->load->open[i], fresh->open[i]);
		CHECK_INT(people_has(ground->load->full, i), people_has(fresh->full, i));
		CHECK_INT(people_has(ground->load->at_limit, i), people_has(fresh->at_limit, i));
	}
	return r;
}

/* Places two leads and fails: nothing of it may stay. */
static int place_and_fail(Call *c, void *arg)
{
	(void)arg;
	for (int i = 0; i < 2; i++) {
		Record *lead = record_new(c, meta_object_of(c, "lead"));
		int r = lead_place(c, lead, &(PlaceInfo){.create = true});
		if (r < 0)
			return r;
	}
	return call_fail(c, ERR_CONFLICT, "test", "no", "no");
}

static int nested_fails(Tx *tx, void *arg)
{
	(void)tx;
	return place_and_fail(arg, NULL);
}

static int place_and_fail_inside(Call *c, void *arg)
{
	Id change;
	int r = record_change(c, &change);
	if (r < 0)
		return r;
	CHECK_INT(tx_nested(c->tx, nested_fails, c), ERR_CONFLICT);
	c->err = 0;
	c->err_code = c->err_detail = NULL;
	r = counts_compare(c, arg);
	Record *lead = record_new(c, meta_object_of(c, "lead"));
	return r < 0 ? r : lead_place(c, lead, &(PlaceInfo){.create = true});
}

static void fails(World *w)
{
	Call *c = call_new_system(NULL, &w->house, NULL, "test");
	CHECK_INT(call_write_wait(c, place_and_fail, NULL), ERR_CONFLICT);
	talloc_free(c);
}

static void counts_body(World *w)
{
	uint32_t dice = 2463534242;
	const char *code;
	Id last = ID_NIL;
	for (int i = 0; i < 60; i++) {
		dice ^= dice << 13, dice ^= dice >> 17, dice ^= dice << 5;
		Identity me = world_who(w, w->people[dice % 3], ROLE_SALESPERSON);
		switch (dice / 8 % 8) {
		case 0:
			fails(w);
			break;
		case 1:
			world_do(w, NULL, place_and_fail_inside, NULL);
			break;
		case 2:
			world_change(w, "user", me.user, dice / 64 % 2 ? "{\"active\":false}" : "{\"active\":true}");
			break;
		case 3:
			world_to(w, clock_now_ms(&w->clock) + 2 * MINUTE_MS);
			break;
		case 4:
			(void)world_ask(w, &me, "POST", "/leads/:id/return", last, "{\"reason\":\"x\"}", &code);
			break;
		case 5:
			(void)world_ask(w, &me, "POST", "/leads/:id/touch", last,
				"{\"method\":\"call\",\"summary\":\"spoke about the offer and the next steps\"}", &code);
			break;
		default:
			last = world_lead(w, "{\"name\":\"a\"}");
		}
		world_do(w, NULL, counts_compare, NULL);
	}
}

TEST(place, counts_stay_true_through_failures_and_moves)
{
	world_each(3, counts_body);
}

/* ---- one that had to wait for another ---- */

#define WAITED_MS 50

static int moved_late(Call *c, void *arg)
{
	Record *lead;
	const Id *id = arg;
	c->now_ms -= WAITED_MS;
	int r = record_load_any(c, "lead", *id, &lead);
	return r < 0 ? r : lead_place(c, lead, &(PlaceInfo){.kind = "freeze"});
}

static void waited_body(World *w)
{
	Id lead = world_lead(w, "{\"name\":\"a\"}");
	world_do(w, NULL, moved_late, &lead);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM assignment"), 2);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM assignment a JOIN assignment b ON b.lead = a.lead "
		"AND b.lead_version > a.lead_version AND b.at < a.at"), 0);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM lead WHERE updated_at < created_at"), 0);
}

TEST(place, a_move_is_not_earlier_than_the_one_before)
{
	world_each(2, waited_body);
}

/* ---- many at once ---- */

typedef struct {
	World *w;
	int failures;
} Crowd;

static int place_one(Call *c, void *arg)
{
	(void)arg;
	Record *lead = record_new(c, meta_object_of(c, "lead"));
	record_set_text(lead, "name", "crowd");
	return lead_place(c, lead, &(PlaceInfo){.create = true});
}

static void *leads_come(void *arg)
{
	Crowd *crowd = arg;
	for (int i = 0; i < 15; i++) {
		Call *c = call_new_system(NULL, &crowd->w->house, NULL, "test");
		crowd->failures += call_write_wait(c, place_one, NULL) < 0;
		talloc_free(c);
	}
	return NULL;
}

static int absence_flip(Call *c, void *arg)
{
	Record *user;
	int r = record_load_any(c, "user", *(Id *)arg, &user);
	if (r < 0)
		return r;
	record_set(user, "absent", value_bool(!record_int(user, "absent")));
	return record_update(c, user, RECORD_AS_HOUSE);
}

static void *people_come_and_go(void *arg)
{
	Crowd *crowd = arg;
	for (int i = 0; i < 10; i++) {
		Call *c = call_new_system(NULL, &crowd->w->house, NULL, "test");
		crowd->failures += call_write_wait(c, absence_flip, &crowd->w->people[0]) < 0;
		talloc_free(c);
	}
	return NULL;
}

static void crowd_body(World *w)
{
	Crowd crowd[4] = {{w, 0}, {w, 0}, {w, 0}, {w, 0}};
	pthread_t thread[4];
	for (int i = 0; i < 4; i++)
		CHECK_INT(pthread_create(&thread[i], NULL, i == 3 ? people_come_and_go : leads_come, &crowd[i]), 0);
	for (int i = 0; i < 4; i++) {
		CHECK_INT(pthread_join(thread[i], NULL), 0);
		CHECK_INT(crowd[i].failures, 0);
	}
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM lead"), 45);
	CHECK_INT(world_count(w,
		"SELECT COALESCE(MAX(n), 0) FROM (SELECT COUNT(*) AS n FROM lead WHERE owner IS NOT NULL GROUP BY owner) "
		"AS carried"), 3);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM lead WHERE owner IS NULL AND waiting_since IS NULL"), 0);
	world_do(w, NULL, counts_compare, NULL);
}

TEST(place, nobody_gets_too_much_when_many_come_at_once)
{
	world_each(4, crowd_body);
}
