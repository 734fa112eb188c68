/* Which channels of a person an alert goes out on, which one stands in, and what an upgrade makes of older rows. SQLite
 * always, PostgreSQL when TENON_TEST_DATABASE names one. */
#include "base/check.h"
#include "event/alert.h"
#include "modules/channel/channel_int.h"
#include "store/test_store.h"

#define LIST_MAX 6

typedef struct {
	TestStore *place;
	House house;
	Clock clock;
	Id person, alert, channels[LIST_MAX];
} World;

/* One channel of the list: A always, S spare; then what is wrong with it: . nothing, o out, b breaker, x off. */
typedef struct {
	World *w;
	const char *list;
	Lanes lanes;
} Ask;

static void migrate(World *w, const char *const *channel_steps)
{
	char *error = NULL;
	const Migration parts[] = {{"alert", alert_migrations}, {"channel", channel_steps}};
	CHECK_INT(store_migrate(w->house.store, parts, ARRAY_LEN(parts), &error), 0);
}

static World *world_open(bool postgres)
{
	World *w = talloc_zero(NULL, World);
	w->place = test_store_open(w, postgres, NULL);
	w->house = (House){.clock = &w->clock, .store = w->place->store};
	w->person = id_new(1);
	w->alert = id_new(1);
	for (int i = 0; i < LIST_MAX; i++)
		w->channels[i] = id_new(1);
	return w;
}

static void each_engine(void (*body)(World *w))
{
	for (int i = 0; i < (test_store_has_postgres() ? 2 : 1); i++) {
		World *w = world_open(i == 1);
		body(w);
		test_store_close(w->place);
		talloc_free(w);
	}
}

static int alert_make(Call *c, const World *w)
{
	return db_exec(c->tx,
	               "INSERT INTO alert (id, receiver, reason, merge_key, urgent, count, at, expires) "
	               "VALUES ($1, $2, 'lead.assigned', 'k', 1, 3, 1, 9000000000000)",
	               value_id(w->alert), value_id(w->person));
}

static int channel_make(Call *c, Id id, char fault)
{
	return db_exec(c->tx,
	               "INSERT INTO channel (id, kind, name, settings, enabled, rate, created_at, breaker, retry_at, "
	               "outage) VALUES ($1, 'webhook', 'x', '{}', $2, 0, 1, $3, $4, $5)",
	               value_id(id), value_bool(fault != 'x'), value_text(fault == 'b' ? "open" : "closed"),
	               value_time(c->now_ms + HOUR_MS), value_text(fault == 'o' ? "down" : NULL));
}

static int list_make(Tx *tx, void *arg)
{
	const Ask *ask = arg;
	World *w = ask->w;
	Call *c = call_new_system(tx_mem(tx), &w->house, tx, "test");
	int r = db_exec(tx, "DELETE FROM channel");
	r = r < 0 ? r : db_exec(tx, "DELETE FROM channel_route");
	r = r < 0 ? r : db_exec(tx, "DELETE FROM alert");
	r = r < 0 ? r : alert_make(c, w);
	for (int i = 0; r == 0 && ask->list[2 * i]; i++) {
		r = channel_make(c, w->channels[i], ask->list[2 * i + 1]);
		if (r == 0)
			r = db_exec(tx,
			            "INSERT INTO channel_route (person, channel, place, address, spare) "
			            "VALUES ($1, $2, $3, '', $4)",
			            value_id(w->person), value_id(w->channels[i]), value_int(i),
			            value_bool(ask->list[2 * i] == 'S'));
	}
	return r;
}

static int lanes_job(Tx *tx, void *arg)
{
	Ask *ask = arg;
	Call *c = call_new_system(tx_mem(tx), &ask->w->house, tx, "test");
	return lanes_load(c, ask->w->alert, ask->w->person, &ask->lanes);
}

static void lanes_ask(World *w, const char *list, Ask *ask)
{
	*ask = (Ask){.w = w, .list = list};
	CHECK_INT(store_write_wait(w->house.store, list_make, ask), 0);
	CHECK_INT(store_read_wait(w->house.store, lanes_job, ask), 0);
}

/* want: the places the alert goes to, as digits. */
static void lanes_are(World *w, const char *list, const char *want)
{
	Ask ask;
	lanes_ask(w, list, &ask);
	char got[LANES_MAX + 1] = "";
	for (int i = 0; i < ask.lanes.n; i++)
		got[i] = (char)('0' + ask.lanes.of[i].place);
	CHECK_TEXT(got, want);
}

static void chooses(World *w)
{
	migrate(w, channel_migrations);
	lanes_are(w, "", "");
	lanes_are(w, "A.", "0");
	lanes_are(w, "A.A.A.", "012");
	lanes_are(w, "A.S.A.S.", "02");
	lanes_are(w, "S.S.A.", "02");   /* what stands first begins */
	lanes_are(w, "AbS.A.", "12");   /* the spare one at once for what rests */
	lanes_are(w, "AxS.A.", "12");
	lanes_are(w, "AxA.", "1");
	lanes_are(w, "AoSbS.A.", "23");
	lanes_are(w, "AoA.", "1");      /* not tried in vain where another will do */
	lanes_are(w, "AbA.", "01");     /* it tells when it is well again */
	lanes_are(w, "AoAo", "01");     /* nobody is left out */
	lanes_are(w, "AoSo", "0");
	lanes_are(w, "Ax", "");
	Ask ask;
	lanes_ask(w, "AxS.", &ask);
	CHECK(id_equal(ask.lanes.of[0].lane, w->channels[0]) && id_equal(ask.lanes.of[0].channel, w->channels[1]));
	CHECK(ask.lanes.urgent && ask.lanes.count == 3);
	CHECK_TEXT(ask.lanes.reason, "lead.assigned");
}

TEST(route, an_alert_goes_out_on_every_lane)
{
	each_engine(chooses);
}

typedef struct {
	World *w;
	int place;
	int64_t next;
} Next;

static int next_job(Tx *tx, void *arg)
{
	Next *n = arg;
	Id channel;
	n->next = -1;
	Call *c = call_new_system(tx_mem(tx), &n->w->house, tx, "test");
	return route_next(c, n->w->person, n->place, &channel, &n->next);
}

static void next_is(World *w, const char *list, int place, int64_t want)
{
	Ask ask = {.w = w, .list = list};
	Next n = {.w = w, .place = place};
	CHECK_INT(store_write_wait(w->house.store, list_make, &ask), 0);
	CHECK_INT(store_read_wait(w->house.store, next_job, &n), 0);
	CHECK_INT(n.next, want);
}

static void stands_in(World *w)
{
	migrate(w, channel_migrations);
	next_is(w, "A.A.", 0, -1);
	next_is(w, "A.S.", 0, 1);
	next_is(w, "A.S.S.", 1, 2);
	next_is(w, "A.SbS.", 0, 2);
	next_is(w, "A.A.S.", 0, -1);  /* the spare one is the second's */
	next_is(w, "A.AxS.", 0, -1);
	next_is(w, "A.A.S.", 1, 2);
	next_is(w, "A.S.A.S.", 1, -1);
}

TEST(route, a_spare_channel_stands_in_within_its_lane)
{
	each_engine(stands_in);
}

static int removed_job(Tx *tx, void *arg)
{
	World *w = arg;
	int64_t spares = 0;
	Call *c = call_new_system(tx_mem(tx), &w->house, tx, "test");
	CHECK_INT(routes_hand_on(c, w->channels[1]), 0);
	CHECK_INT(db_int(tx, &spares, "SELECT SUM(place * 10 + spare) FROM channel_route"), 0);
	CHECK_INT(spares, 0 + 10 + 20 + 31); /* of the two spare ones the first begins the lane now */
	return 0;
}

static void hands_on(World *w)
{
	migrate(w, channel_migrations);
	Ask ask = {.w = w, .list = "A.A.S.S."};
	CHECK_INT(store_write_wait(w->house.store, list_make, &ask), 0);
	CHECK_INT(store_write_wait(w->house.store, removed_job, w), 0);
}

TEST(route, the_spare_one_begins_when_its_channel_goes)
{
	each_engine(hands_on);
}

static int old_rows(Tx *tx, void *arg)
{
	const World *w = arg;
	int r = 0;
	for (int i = 0; r == 0 && i < 3; i++) {
		r = db_exec(tx, "INSERT INTO channel_route (person, channel, place, address) VALUES ($1, $2, $3, '')",
		            value_id(w->person), value_id(w->channels[i]), value_int(i));
		if (r == 0)
			r = db_exec(tx,
			            "INSERT INTO outbox (receiver, channel, place, alert, reason, urgent, state, tries, made_at, "
			            "next_at, valid_until) VALUES ($1, $2, $3, $4, 'x', 0, $3, 0, 1, 1, 1)",
			            value_id(w->person), value_id(w->channels[i]), value_int(i), value_id(w->alert));
	}
	return r;
}

static int upgraded_rows(Tx *tx, void *arg)
{
	(void)arg;
	int64_t open = 0, spares = 0;
	CHECK_INT(db_int(tx, &open, "SELECT COUNT(*) FROM outbox WHERE lane = channel"), 0);
	CHECK_INT(open, 2); /* what waits and what is on its way; what is over needs none */
	CHECK_INT(db_int(tx, &spares, "SELECT COUNT(*) FROM channel_route WHERE spare <> 0"), 0);
	CHECK_INT(spares, 0);
	return 0;
}

static void upgrades(World *w)
{
	const char *const before[] = {channel_migrations[0], channel_migrations[1], channel_migrations[2], NULL};
	migrate(w, before);
	CHECK_INT(store_write_wait(w->house.store, old_rows, w), 0);
	migrate(w, channel_migrations);
	CHECK_INT(store_read_wait(w->house.store, upgraded_rows, NULL), 0);
}

TEST(route, an_upgrade_sends_over_every_channel_chosen_before)
{
	each_engine(upgrades);
}
