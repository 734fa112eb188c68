/* Timers on a real database: order, replacement, restart, failure, and the clock that jumps. */
#include "event/timer.h"

#include <pthread.h>
#include <string.h>

#include "base/check.h"
#include "event/event_test.h"

#define RUNS_MAX 6000

/* What ran, in order. */
typedef struct {
	pthread_mutex_t lock;
	int n;
	struct {
		int64_t now_ms;
		char payload[16];
	} run[RUNS_MAX];
} Runs;

static Runs runs = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void runs_clear(void)
{
	pthread_mutex_lock(&runs.lock);
	runs.n = 0;
	pthread_mutex_unlock(&runs.lock);
}

static int runs_count(void)
{
	pthread_mutex_lock(&runs.lock);
	int n = runs.n;
	pthread_mutex_unlock(&runs.lock);
	return n;
}

static bool runs_reached(void *arg)
{
	return runs_count() >= *(int *)arg;
}

static void check_runs(int n)
{
	CHECK(test_wait(runs_reached, &n, 30000));
	CHECK_INT(runs_count(), n);
}

typedef struct {
	int64_t now_ms;
	char payload[16];
} Ran;

static void ran_note(void *arg)
{
	const Ran *ran = arg;
	pthread_mutex_lock(&runs.lock);
	if (runs.n < RUNS_MAX) {
		runs.run[runs.n].now_ms = ran->now_ms;
		memcpy(runs.run[runs.n].payload, ran->payload, sizeof(ran->payload));
	}
	runs.n++;
	pthread_mutex_unlock(&runs.lock);
}

static const char *payload_name(const Call *c)
{
	const char *name = json_text(call_json(c, "payload"), "name");
	return name == NULL ? "" : name;
}

/* Counts as run once it is committed. */
static int handle_note(Call *c)
{
	Ran *ran = talloc_zero(tx_mem(c->tx), Ran);
	ran->now_ms = c->now_ms;
	g_strlcpy(ran->payload, payload_name(c), sizeof(ran->payload));
	tx_on_commit(c->tx, ran_note, ran);
	return 0;
}

/* Every five minutes, named in the payload how often still. */
static int handle_chain(Call *c)
{
	int left = (int)json_int(call_json(c, "payload"), "left", 0);
	int r = handle_note(c);
	if (r < 0 || left == 0)
		return r;
	const char *payload = talloc_asprintf(c, "{\"left\":%d}", left - 1);
	return timer_set(c, "test.chain", call_id(c, "subject"), c->now_ms + 5 * MINUTE_MS, payload);
}

/* Writes a row and fails, until a row of another kind says it may pass. */
static int handle_fail(Call *c)
{
	int64_t may_pass = 0;
	int r = timer_set(c, "test.never", call_id(c, "subject"), c->now_ms + 900 * DAY_MS, NULL);
	if (r == 0)
		r = db_int(c->tx, &may_pass, "SELECT COUNT(*) FROM timer WHERE kind = $1", value_text("test.pass"));
	if (r < 0)
		return r;
	return may_pass > 0 ? handle_note(c) : call_fail(c, ERR_CONFLICT, "test", "not yet", "还不行");
}

/* A statement of its own that cannot work: on PostgreSQL it spoils the transaction. */
static int handle_broken(Call *c)
{
	return db_exec(c->tx, "INSERT INTO timer (kind) VALUES ($1)", value_text("test.null"));
}

static int handle_cancel(Call *c)
{
	int r = timer_cancel(c, "test.note", ID_NIL);
	return r < 0 ? r : handle_note(c);
}

static const TimerKind kinds[] = {{"test.note", handle_note}, {"test.chain", handle_chain}, {"test.fail", handle_fail},
	{"test.broken", handle_broken}, {"test.cancel", handle_cancel}, {0}};
static const Module test_module = {.name = "test", .timers = kinds};

/* Setting from a test */

typedef struct {
	const char *kind;
	Id subject;
	int64_t due_ms;
	const char *payload;
	bool earliest;
} Set;

static int set_run(Call *c, void *arg)
{
	const Set *s = arg;
	return s->earliest ? timer_set_earliest(c, s->kind, s->subject, s->due_ms, s->payload)
	                   : timer_set(c, s->kind, s->subject, s->due_ms, s->payload);
}

static void set(TestHouse *t, const char *kind, Id subject, int64_t due_ms, const char *payload)
{
	Set s = {kind, subject, due_ms, payload, false};
	CHECK_INT(test_write(t, 0, set_run, &s), 0);
}

static Id subject_of_number(int n)
{
	Id id = {{1}};
	id.byte[14] = (uint8_t)(n >> 8);
	id.byte[15] = (uint8_t)n;
	return id;
}

static int64_t timers_left(TestHouse *t)
{
	return test_count(t, "SELECT COUNT(*) FROM timer WHERE kind <> $1", value_text(""));
}

static TestHouse *house(void)
{
	runs_clear();
	return test_house_new(&test_module);
}

TEST(timer, runs_in_order_of_due_time_what_was_missed)
{
	TestHouse *t = house();
	int64_t now = clock_now_ms(&t->clock);
	set(t, "test.note", subject_of_number(1), now - 1000, "{\"name\":\"third\"}");
	set(t, "test.note", subject_of_number(2), now - 3000, "{\"name\":\"first\"}");
	set(t, "test.note", subject_of_number(3), now - 2000, "{\"name\":\"second\"}");
	Timers *timers = timers_start(t, &t->house);
	check_runs(3);
	CHECK_TEXT(runs.run[0].payload, "first");
	CHECK_TEXT(runs.run[1].payload, "second");
	CHECK_TEXT(runs.run[2].payload, "third");
	CHECK(runs.run[0].now_ms >= now); /* missed ones run in the present */
	CHECK_INT(timers_left(t), 0);
	timers_stop(timers);
	test_house_free(t);
}

TEST(timer, wakes_for_a_new_one_and_not_before_it_is_due)
{
	TestHouse *t = house();
	Timers *timers = timers_start(t, &t->house);
	int64_t due = clock_now_ms(&t->clock) + 150;
	set(t, "test.note", ID_NIL, due, NULL);
	check_runs(1);
	CHECK(runs.run[0].now_ms >= due);
	g_test_message("ran %lld ms after it was due", (long long)(runs.run[0].now_ms - due));
	timers_stop(timers);
	test_house_free(t);
}

TEST(timer, replaces_one_that_stands)
{
	TestHouse *t = house();
	Timers *timers = timers_start(t, &t->house);
	int64_t now = clock_now_ms(&t->clock);
	set(t, "test.note", ID_NIL, now + HOUR_MS, "{\"name\":\"old\"}");
	set(t, "test.note", ID_NIL, now + 2 * HOUR_MS, "{\"name\":\"new\"}");
	CHECK_INT(timers_left(t), 1);
	CHECK_INT(timers_advance(timers, now + 90 * MINUTE_MS), 0);
	CHECK_INT(runs_count(), 0);
	CHECK_INT(timers_advance(timers, now + 2 * HOUR_MS), 0);
	check_runs(1);
	CHECK_TEXT(runs.run[0].payload, "new");
	timers_stop(timers);
	test_house_free(t);
}

TEST(timer, keeps_the_earliest_if_asked_to)
{
	TestHouse *t = house();
	int64_t now = clock_now_ms(&t->clock);
	Set later = {"test.note", ID_NIL, now + 2 * HOUR_MS, "{\"name\":\"later\"}", true};
	Set sooner = {"test.note", ID_NIL, now + HOUR_MS, "{\"name\":\"sooner\"}", true};
	CHECK_INT(test_write(t, 0, set_run, &later), 0);
	CHECK_INT(test_write(t, 0, set_run, &sooner), 0);
	CHECK_INT(test_write(t, 0, set_run, &later), 0);
	CHECK_INT(test_count(t, "SELECT due FROM timer WHERE kind = $1", value_text("test.note")), now + HOUR_MS);
	test_house_free(t);
}

TEST(timer, survives_a_restart)
{
	TestHouse *t = house();
	Timers *timers = timers_start(t, &t->house);
	int64_t now = clock_now_ms(&t->clock);
	set(t, "test.note", subject_of_number(1), now + HOUR_MS, "{\"name\":\"kept\"}");
	timers_stop(timers);
	test_house_reopen(t, 2 * HOUR_MS); /* it comes back two hours later */
	timers = timers_start(t, &t->house);
	check_runs(1);
	CHECK_TEXT(runs.run[0].payload, "kept");
	CHECK(runs.run[0].now_ms >= now + 2 * HOUR_MS);
	timers_stop(timers);
	test_house_free(t);
}

TEST(timer, waits_when_the_clock_was_set_back)
{
	TestHouse *t = house();
	clock_move_to(&t->clock, clock_real_ms() + 3 * HOUR_MS);
	int64_t due = clock_now_ms(&t->clock) + MINUTE_MS;
	set(t, "test.note", ID_NIL, due, NULL);
	test_house_reopen(t, 0); /* three hours earlier */
	Timers *timers = timers_start(t, &t->house);
	CHECK_INT(timers_advance(timers, due - 30 * SECOND_MS), 0); /* real time runs on meanwhile */
	CHECK_INT(runs_count(), 0);
	CHECK_INT(timers_advance(timers, due), 0);
	check_runs(1);
	CHECK(runs.run[0].now_ms >= due && runs.run[0].now_ms < due + 30 * SECOND_MS);
	timers_stop(timers);
	test_house_free(t);
}

TEST(timer, plays_chained_ones_each_at_its_own_time)
{
	TestHouse *t = house();
	Timers *timers = timers_start(t, &t->house);
	int64_t start = clock_now_ms(&t->clock) + MINUTE_MS;
	set(t, "test.chain", subject_of_number(1), start, "{\"left\":20}");
	set(t, "test.note", subject_of_number(2), start + 7 * MINUTE_MS, "{\"name\":\"between\"}");
	CHECK_INT(timers_advance(timers, start + HOUR_MS), 0);
	CHECK_INT(runs_count(), 14);
	for (int i = 0, chained = 0; i < 14; i++) {
		bool between = strcmp(runs.run[i].payload, "between") == 0;
		int64_t due = between ? start + 7 * MINUTE_MS : start + 5 * MINUTE_MS * chained++;
		CHECK_INT(runs.run[i].now_ms, due);
	}
	CHECK_TEXT(runs.run[2].payload, "between");
	CHECK(clock_now_ms(&t->clock) >= start + HOUR_MS);
	CHECK(clock_now_ms(&t->clock) < start + HOUR_MS + 30 * SECOND_MS);
	CHECK_INT(timers_left(t), 1);
	timers_stop(timers);
	test_house_free(t);
}

TEST(timer, tries_a_failing_one_again_later_and_lets_others_pass)
{
	TestHouse *t = house();
	Timers *timers = timers_start(t, &t->house);
	int64_t due = clock_now_ms(&t->clock) + HOUR_MS;
	set(t, "test.broken", subject_of_number(1), due, NULL);
	set(t, "test.fail", subject_of_number(2), due, NULL);
	set(t, "test.unknown", subject_of_number(3), due, NULL);
	set(t, "test.note", subject_of_number(4), due, NULL);
	CHECK_INT(timers_advance(timers, due), 0);
	check_runs(1);
	CHECK_INT(timers_left(t), 3);
	/* What the failing handler wrote is undone, and so is the deletion of the row. */
	CHECK_INT(test_count(t, "SELECT COUNT(*) FROM timer WHERE kind = $1", value_text("test.never")), 0);
	CHECK_INT(test_count(t, "SELECT SUM(attempts) FROM timer WHERE next_at = $1", value_time(due + SECOND_MS)), 3);
	CHECK_INT(test_count(t, "SELECT COUNT(*) FROM timer WHERE error = $1", value_text("还不行")), 1);
	CHECK_INT(timers_advance(timers, due + 6 * SECOND_MS), 0); /* again after 1 s and 5 s more */
	CHECK_INT(test_count(t, "SELECT SUM(attempts) FROM timer WHERE next_at = $1", value_time(due + 36 * SECOND_MS)), 9);
	set(t, "test.pass", ID_NIL, due + 900 * DAY_MS, NULL);
	CHECK_INT(timers_advance(timers, due + 37 * SECOND_MS), 0);
	check_runs(2);
	CHECK_INT(runs.run[1].now_ms, due + 36 * SECOND_MS);
	CHECK_INT(test_count(t, "SELECT COUNT(*) FROM timer WHERE kind = $1", value_text("test.fail")), 0);
	timers_stop(timers);
	test_house_free(t);
}

TEST(timer, leaves_out_one_that_another_cancelled_in_the_same_batch)
{
	TestHouse *t = house();
	int64_t now = clock_now_ms(&t->clock);
	set(t, "test.cancel", ID_NIL, now - 2000, "{\"name\":\"cancel\"}");
	set(t, "test.note", ID_NIL, now - 1000, "{\"name\":\"cancelled\"}");
	Timers *timers = timers_start(t, &t->house);
	CHECK_INT(timers_advance(timers, now + SECOND_MS), 0);
	check_runs(1);
	CHECK_TEXT(runs.run[0].payload, "cancel");
	timers_stop(timers);
	test_house_free(t);
}

static int set_many(Call *c, void *arg)
{
	int64_t due = *(int64_t *)arg;
	for (int i = 0; i < 5000; i++) {
		int r = timer_set(c, "test.note", subject_of_number(i), due, NULL);
		if (r < 0)
			return r;
	}
	return 0;
}

TEST(timer, runs_five_thousand_due_at_once_in_seconds)
{
	TestHouse *t = house();
	Timers *timers = timers_start(t, &t->house);
	int64_t due = clock_now_ms(&t->clock) + HOUR_MS;
	CHECK_INT(test_write(t, 0, set_many, &due), 0);
	int64_t start = clock_monotonic_ms();
	CHECK_INT(timers_advance(timers, due), 0);
	check_runs(5000);
	int64_t took = clock_monotonic_ms() - start;
	g_test_message("5000 timers took %lld ms", (long long)took);
	CHECK(took < 30000); /* under sanitizers */
	timers_stop(timers);
	test_house_free(t);
}

/* Writers set timers while the clock is advanced and the thread runs: none is lost, none runs twice. */
static void *writer_thread(void *arg)
{
	TestHouse *t = arg;
	for (int i = 0; i < 200; i++)
		set(t, "test.note", subject_of_number(i), clock_now_ms(&t->clock) + i % 50, NULL);
	return NULL;
}

TEST(timer, takes_turns_with_writers_and_advances)
{
	TestHouse *t = house();
	Timers *timers = timers_start(t, &t->house);
	pthread_t writer;
	CHECK_INT(pthread_create(&writer, NULL, writer_thread, t), 0);
	for (int i = 0; i < 50; i++)
		CHECK_INT(timers_advance(timers, clock_now_ms(&t->clock) + 100), 0);
	pthread_join(writer, NULL);
	check_runs(200);
	CHECK_INT(timers_left(t), 0);
	timers_stop(timers);
	test_house_free(t);
}
