/* What is true of PostgreSQL alone: jobs are run again after a lost connection, a deadlock or a serialisation failure.
 * */
#include "store/store_fixture.h"

#include "base/err.h"
#include <libpq-fe.h>
#include <stdatomic.h>
#include <string.h>

typedef struct {
	PGconn *outside; /* not one of the store's connections */
	int runs, undone;
	int kills; /* how many of the first runs lose their connection */
	bool at_commit;
} Victim;

static void count_undone(void *arg)
{
	((Victim *)arg)->undone++;
}

static void kill_backend(Victim *v, int64_t pid)
{
	char sql[80];
	(void)snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%lld, 5000)", (long long)pid);
	PGresult *result = PQexec(v->outside, sql);
	CHECK_TEXT(PQgetvalue(result, 0, 0), "t");
	PQclear(result);
}

static int victim_job(Tx *tx, void *arg)
{
	Victim *v = arg;
	int64_t pid = 0;
	tx_on_rollback(tx, count_undone, v);
	int r = item_insert(tx, 1);
	if (r == 0)
		r = db_int(tx, &pid, "SELECT pg_backend_pid()");
	if (r == 0 && v->runs++ < v->kills)
		kill_backend(v, pid);
	return r < 0 || v->at_commit ? r : item_insert(tx, 2);
}

TEST(postgres, runs_a_job_again_when_its_connection_is_lost)
{
	TestStore *f = test_store_open(NULL, true, NULL);
	if (!f)
		return;
	Victim v = {.outside = PQconnectdb(f->config.database), .kills = 3};
	items_make(f->store);
	CHECK_INT(store_write_wait(f->store, victim_job, &v), 0);
	CHECK_INT(v.runs, 4);
	CHECK_INT(v.undone, 3);
	CHECK_INT(items_count(f->store), 2);
	PQfinish(v.outside);
	test_store_close(f);
}

TEST(postgres, does_not_repeat_a_job_whose_commit_is_unknown)
{
	TestStore *f = test_store_open(NULL, true, NULL);
	if (!f)
		return;
	Victim v = {.outside = PQconnectdb(f->config.database), .kills = 1, .at_commit = true};
	items_make(f->store);
	CHECK_INT(store_write_wait(f->store, victim_job, &v), ERR_STORE);
	CHECK_INT(v.runs, 1);
	CHECK_INT(items_count(f->store), 0);
	PQfinish(v.outside);
	test_store_close(f);
}

static int read_victim_job(Tx *tx, void *arg)
{
	Victim *v = arg;
	int64_t pid = 0, n = 0;
	int r = db_int(tx, &pid, "SELECT pg_backend_pid()");
	if (r == 0 && v->runs++ < v->kills)
		kill_backend(v, pid);
	return r < 0 ? r : db_int(tx, &n, "SELECT count(*) FROM item");
}

TEST(postgres, reads_again_when_its_connection_is_lost)
{
	TestStore *f = test_store_open(NULL, true, NULL);
	if (!f)
		return;
	Victim v = {.outside = PQconnectdb(f->config.database), .kills = 1};
	items_make(f->store);
	CHECK_INT(store_read_wait(f->store, read_victim_job, &v), 0);
	CHECK_INT(v.runs, 2);
	PQfinish(v.outside);
	test_store_close(f);
}

/* Two jobs take two rows in opposite order, each after the other has its first: one must be given up and run again. */
typedef struct {
	_Atomic int *arrived;
	int64_t first, second;
	int runs;
	Tally *tally;
} Crossing;

static int lock_row(Tx *tx, int64_t n)
{
	return db_exec(tx, "UPDATE item SET name = name || '.' WHERE n = $1", value_int(n));
}

static int crossing_job(Tx *tx, void *arg)
{
	Crossing *c = arg;
	int r = lock_row(tx, c->first);
	c->runs++;
	atomic_fetch_add(c->arrived, 1);
	while (atomic_load(c->arrived) < 2)
		(void)sched_yield();
	return r < 0 ? r : lock_row(tx, c->second);
}

static void crossing_done(void *arg, int result)
{
	tally_done(((Crossing *)arg)->tally, result);
}

static int insert_pair(Tx *tx, void *arg)
{
	(void)arg;
	int r = item_insert(tx, 1);
	return r < 0 ? r : item_insert(tx, 2);
}

static int count_dots(Tx *tx, void *arg)
{
	return db_int(tx, (int64_t *)arg, "SELECT count(*) FROM item WHERE name = '水滴..'");
}

TEST(postgres, runs_a_deadlocked_job_again)
{
	TestStore *f = test_store_open(NULL, true, NULL);
	if (!f)
		return;
	Tally tally = TALLY_EMPTY;
	_Atomic int arrived = 0;
	Crossing a = {&arrived, 1, 2, 0, &tally}, b = {&arrived, 2, 1, 0, &tally};
	int64_t rows = 0;
	items_make(f->store);
	CHECK_INT(store_write_wait(f->store, insert_pair, NULL), 0);
	CHECK_INT(store_write(f->store, crossing_job, crossing_done, &a), 0);
	CHECK_INT(store_write(f->store, crossing_job, crossing_done, &b), 0);
	tally_await(&tally, 2);
	CHECK_INT(tally.failed, 0);
	CHECK_INT(a.runs + b.runs, 3);
	CHECK_INT(store_read_wait(f->store, count_dots, &rows), 0);
	CHECK_INT(rows, 2);
	test_store_close(f);
}

static int number_shapes(Tx *tx, void *arg)
{
	(void)arg;
	ROWS rows = NULL;
	int r = db_query(tx, &rows, "SELECT 0::numeric, 9223372036854775807::numeric, -9223372036854775808::numeric, "
		"1e30::numeric, -20000.00123::numeric, 'NaN'::numeric, 1.5::float8, true, 7::int2, -7::int4, "
		"0.5::numeric, 120000000::numeric");
	if (r < 0)
		return r;
	CHECK(rows_next(rows));
	CHECK_INT(rows_int(rows, 0), 0);
	CHECK(rows_int(rows, 1) == INT64_MAX);
	CHECK(rows_int(rows, 2) == INT64_MIN);
	CHECK(rows_int(rows, 3) == INT64_MAX);
	CHECK_INT(rows_int(rows, 4), -20000);
	CHECK_TEXT(rows_text(rows, 4), "-20000.00123");
	CHECK_INT(rows_int(rows, 5), 0);
	CHECK_INT(rows_int(rows, 6), 1);
	CHECK_INT(rows_int(rows, 7), 1);
	CHECK_INT(rows_int(rows, 8), 7);
	CHECK_INT(rows_int(rows, 9), -7);
	CHECK_TEXT(rows_text(rows, 10), "0.5");
	CHECK_TEXT(rows_text(rows, 11), "120000000");
	return 0;
}

static int parameter_shapes(Tx *tx, void *arg)
{
	(void)arg;
	int64_t n = 0;
	int r = db_int(tx, &n, "SELECT count(*) WHERE 5::int2 = $1 AND 5::int4 = $2 AND 5::numeric = $3 "
		"AND 5::float8 = $4 AND $5::boolean AND '5' = $6::text AND 5::numeric = $7",
		value_int(5), value_int(5), value_decimal(5, 0), value_int(5), value_bool(true), value_int(5), value_text("5"));
	CHECK_INT(n, 1);
	return r;
}

static int too_large_for_int4(Tx *tx, void *arg)
{
	(void)arg;
	int64_t n = 0;
	return db_int(tx, &n, "SELECT 1 WHERE 5::int4 = $1", value_int(5000000000));
}

TEST(postgres, converts_the_types_it_meets)
{
	TestStore *f = test_store_open(NULL, true, NULL);
	if (!f)
		return;
	CHECK_INT(store_read_wait(f->store, number_shapes, NULL), 0);
	CHECK_INT(store_read_wait(f->store, parameter_shapes, NULL), 0);
	CHECK_INT(store_read_wait(f->store, too_large_for_int4, NULL), ERR_INVALID);
	test_store_close(f);
}

TEST(postgres, says_why_a_server_cannot_be_used)
{
	char *error = NULL;
	TALLOC_CTX *ctx = talloc_new(NULL);
	StoreConfig nobody = {.database = "postgres://nobody@127.0.0.1:1/x", .schema = "a"};
	CHECK(store_open(ctx, &nobody, &error) == NULL);
	CHECK(strstr(error, "does not answer") != NULL);
	CHECK(store_open(ctx, &(StoreConfig){.database = "postgres://x", .schema = "a\"b"}, &error) == NULL);
	CHECK(strstr(error, "no schema name") != NULL);
	talloc_free(ctx);
}
