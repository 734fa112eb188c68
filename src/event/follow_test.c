/* Two houses on one schema of PostgreSQL stand for two processes. On SQLite there is nothing to follow. */
#include "event/follow.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "call/gate.h"
#include "event/event_test.h"
#include "event/hub.h"
#include "meta/meta.h"
#include "record/phase.h"
#include "record/record.h"

#define WAIT_MS 10000
#define MANY 3000 /* more than one look reads */

/* What a house was told of the object "account". */
typedef struct {
	pthread_mutex_t lock;
	size_t tellings, records;
	Id last;
	int fail; /* so many tellings are answered with a failure */
} Heard;

typedef struct {
	TestHouse *t; /* the first house, which owns the schema */
	House second;
	Clock clock;
	Heard heard[2];
} Two;

static int heard_add(Call *c, const Id *records, size_t n, void *arg)
{
	(void)c;
	Heard *h = arg;
	pthread_mutex_lock(&h->lock);
	bool fails = h->fail > 0;
	if (fails) {
		h->fail--;
	} else {
		h->tellings++;
		h->records += n;
		h->last = records[n - 1];
	}
	pthread_mutex_unlock(&h->lock);
	return fails ? ERR_BUSY : 0;
}

static void second_open(Two *two)
{
	const StoreConfig config = {.database = two->t->place->config.database, .schema = two->t->place->config.schema};
	char *error = NULL;
	two->second = (House){.clock = &two->clock, .modules = two->t->modules, .data_dir = two->t->place->folder};
	two->second.store = store_open(two->t, &config, &error);
	if (two->second.store == NULL)
		g_error("%s", error);
	two->second.meta = meta_open(two->t, two->second.store, &error);
	two->second.gate = gate_new(two->t, &two->second);
	two->second.phases = phases_new(two->t);
}

static void follow_begin(Two *two, House *house, int which)
{
	CHECK_INT(follow_open(two->t, house), 0);
	follow_on(house, "account", heard_add, &two->heard[which]);
	follow_start(house);
}

/* False on SQLite. */
static bool two_open(Two *two, bool both)
{
	*two = (Two){.heard = {{.lock = PTHREAD_MUTEX_INITIALIZER}, {.lock = PTHREAD_MUTEX_INITIALIZER}}};
	if (!test_store_has_postgres()) {
		g_test_skip("TENON_TEST_DATABASE is not set");
		return false;
	}
	two->t = test_house_new(NULL);
	follow_begin(two, &two->t->house, 0);
	second_open(two);
	if (both)
		follow_begin(two, &two->second, 1);
	return true;
}

static void two_close(Two *two)
{
	follow_stop(&two->second);
	store_close(two->second.store);
	follow_stop(&two->t->house);
	test_house_free(two->t);
}

typedef struct {
	House *house;
	int n;
	int result; /* what the job ends with */
} Accounts;

static int account_make(Call *c, int i)
{
	Record *r = record_new(c, meta_object_of(c, "account"));
	record_set_text(r, "name", talloc_asprintf(c, "account %d", i));
	return record_create(c, r, RECORD_AS_HOUSE);
}

static int accounts_run(Tx *tx, void *arg)
{
	const Accounts *a = arg;
	Call *c = call_new_system(tx_mem(tx), a->house, tx, "test");
	int r = 0;
	for (int i = 0; r == 0 && i < a->n; i++)
		r = account_make(c, i);
	return r < 0 ? r : a->result;
}

static void accounts_make(House *house, int n)
{
	Accounts a = {house, n, 0};
	CHECK_INT(store_write_wait(house->store, accounts_run, &a), 0);
}

static size_t heard_records(Heard *h)
{
	pthread_mutex_lock(&h->lock);
	size_t n = h->records;
	pthread_mutex_unlock(&h->lock);
	return n;
}

typedef struct {
	Heard *heard;
	size_t records;
} Until;

static bool heard_enough(void *arg)
{
	const Until *until = arg;
	return heard_records(until->heard) >= until->records;
}

static void await_heard(Heard *h, size_t records)
{
	CHECK(test_wait(heard_enough, &(Until){h, records}, WAIT_MS));
	CHECK_INT((int64_t)heard_records(h), (int64_t)records);
}

TEST(follow, is_nothing_on_sqlite)
{
	House house = {0};
	follow_on(&house, "account", heard_add, NULL);
	follow_start(&house);
	CHECK(!follow_has_others(&house));
	CHECK_INT(follow_catch_up(&(Call){.house = &house}), 0);
	follow_stop(&house);
}

TEST(follow, tells_each_what_the_other_wrote)
{
	Two two;
	if (!two_open(&two, true))
		return;
	CHECK(follow_has_others(&two.second));
	CHECK(follow_has_others(&two.t->house)); /* the second began only when the first had noticed it */
	accounts_make(&two.t->house, 3);
	await_heard(&two.heard[1], 3);
	accounts_make(&two.second, 2);
	await_heard(&two.heard[0], 2);
	CHECK_INT((int64_t)heard_records(&two.heard[1]), 3); /* its own are not told */
	two_close(&two);
}

TEST(follow, reads_page_after_page)
{
	Two two;
	if (!two_open(&two, true))
		return;
	accounts_make(&two.t->house, MANY);
	await_heard(&two.heard[1], MANY);
	two_close(&two);
}

TEST(follow, a_lone_process_reads_nothing_and_misses_nothing_later)
{
	Two two;
	if (!two_open(&two, false))
		return;
	accounts_make(&two.t->house, 5);
	CHECK(!follow_has_others(&two.t->house));
	follow_begin(&two, &two.second, 1);
	accounts_make(&two.second, 4);
	await_heard(&two.heard[0], 4);
	two_close(&two);
}

TEST(follow, what_is_undone_is_not_told)
{
	Two two;
	if (!two_open(&two, true))
		return;
	Accounts undone = {&two.t->house, 7, ERR_CONFLICT};
	CHECK_INT(store_write_wait(two.t->house.store, accounts_run, &undone), ERR_CONFLICT);
	accounts_make(&two.t->house, 1);
	await_heard(&two.heard[1], 1);
	two_close(&two);
}

TEST(follow, a_failed_telling_is_repeated)
{
	Two two;
	if (!two_open(&two, true))
		return;
	two.heard[1].fail = 2;
	accounts_make(&two.t->house, 3);
	await_heard(&two.heard[1], 3);
	two_close(&two);
}

static int caught_up_run(Tx *tx, void *arg)
{
	Two *two = arg;
	Accounts a = {&two->t->house, 6, 0};
	CHECK_INT(store_write_wait(two->t->house.store, accounts_run, &a), 0); /* another store's thread: may wait */
	Call *c = call_new_system(tx_mem(tx), &two->second, tx, "test");
	CHECK_INT(follow_catch_up(c), 0);
	CHECK_INT((int64_t)heard_records(&two->heard[1]), 6);
	return 0;
}

TEST(follow, catching_up_knows_all_that_is_committed)
{
	Two two;
	if (!two_open(&two, true))
		return;
	CHECK_INT(store_write_wait(two.second.store, caught_up_run, &two), 0);
	two_close(&two);
}

typedef struct {
	Two *two;
	atomic_int done;
} Late;

/* A smaller number is committed after a larger one. */
static int late_run(Tx *tx, void *arg)
{
	Late *late = arg;
	Call *c = call_new_system(tx_mem(tx), &late->two->t->house, tx, "test");
	int r = account_make(c, 1);
	accounts_make(&late->two->second, 1);                 /* a larger number, committed, at the second house */
	Accounts other = {&late->two->t->house, 1, 0};
	r = r < 0 ? r : accounts_run(tx, &other);
	(void)test_wait(heard_enough, &(Until){&late->two->heard[0], 1}, WAIT_MS); /* and read by the first */
	return r;
}

TEST(follow, a_smaller_number_that_comes_later_is_told)
{
	Two two;
	if (!two_open(&two, true))
		return;
	Late late = {.two = &two};
	CHECK_INT(store_write_wait(two.t->house.store, late_run, &late), 0);
	await_heard(&two.heard[1], 2);
	await_heard(&two.heard[0], 1);
	two_close(&two);
}

typedef struct {
	Two *two;
	int which;
} Writer;

static void *writer_main(void *arg)
{
	const Writer *w = arg;
	for (int i = 0; i < 60; i++)
		accounts_make(w->which ? &w->two->second : &w->two->t->house, 1 + i % 4);
	return NULL;
}

TEST(follow, many_writers_on_both_sides_are_told_exactly_once)
{
	Two two;
	if (!two_open(&two, true))
		return;
	pthread_t threads[6];
	Writer writers[6];
	for (int i = 0; i < 6; i++) {
		writers[i] = (Writer){&two, i % 2};
		pthread_create(&threads[i], NULL, writer_main, &writers[i]);
	}
	for (int i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
	await_heard(&two.heard[0], 3 * 150);
	await_heard(&two.heard[1], 3 * 150);
	two_close(&two);
}
