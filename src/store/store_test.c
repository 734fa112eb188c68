/* What every user of the store relies on, proved on both engines. */
#include "store/store_fixture.h"

#include "base/err.h"
#include "base/limits.h"
#include <stdatomic.h>
#include <string.h>

static Value bytes(const char *text, size_t len)
{
	return value_bytes(text, len);
}

/* ---- values ---- */

static int values_make(Tx *tx, void *arg)
{
	(void)arg;
	return db_ddl(tx, "CREATE TABLE v (seq {SERIAL}, i {INT}, b {BOOL}, at {TIME}, t {TEXT}, y {BYTES}, d {ID})");
}

typedef struct {
	Value i, b, at, t, y, d;
} Sample;

static const char long_text[] = "榫卯 🧩 \xF0\xA0\xAE\xB7 e\xCC\x81 ' \" \\ \n end";

static Sample sample_at(size_t which)
{
	const Id id = {{0, 1, 2, 0xff, 0xfe, 7, 0x80, 8, 9, 10, 11, 12, 13, 14, 15, 0}};
	const Sample samples[] = {
		{value_int(INT64_MAX), value_bool(true), value_time(INT64_MIN), value_text(long_text), bytes("a\0b\xff", 4),
			value_id(id)},
		{value_int(INT64_MIN), value_bool(false), value_time(0), value_text(""), bytes("", 0), value_id(id)},
		{value_decimal(-12345, 2), value_null(), value_null(), value_null(), value_null(), value_null()},
	};
	return samples[which];
}

static int values_write(Tx *tx, void *arg)
{
	int64_t *seq = arg;
	for (size_t i = 0; i < 3; i++) {
		Sample s = sample_at(i);
		int r = db_exec(tx, "INSERT INTO v (d, y, t, at, b, i) VALUES ($6, $5, $4, $3, $2, $1)", s.i, s.b, s.at,
				s.t, s.y, s.d);
		if (r == 0)
			r = db_changes(tx) == 1 ? 0 : ERR_INTERNAL;
		if (r < 0)
			return r;
	}
	return db_int(tx, seq, "SELECT max(seq) FROM v");
}

static void value_check(const Rows *rows, int column, Value expected, ValueType type)
{
	Value read = rows_value(rows, column, type, expected.scale);
	CHECK(value_equal(&read, &expected));
	CHECK_INT(rows_is_null(rows, column), value_is_null(&expected));
}

static int values_read(Tx *tx, void *arg)
{
	(void)arg;
	ROWS rows = NULL;
	int r = db_query(tx, &rows, "SELECT i, b, at, t, y, d FROM v ORDER BY seq");
	for (size_t i = 0; r == 0 && i < 3; i++) {
		Sample s = sample_at(i);
		CHECK(rows_next(rows));
		value_check(rows, 0, s.i, i == 2 ? VALUE_DECIMAL : VALUE_INT);
		value_check(rows, 1, s.b, VALUE_BOOL);
		value_check(rows, 2, s.at, VALUE_TIME);
		value_check(rows, 3, s.t, VALUE_TEXT);
		value_check(rows, 4, s.y, VALUE_BYTES);
		value_check(rows, 5, s.d, VALUE_ID);
	}
	CHECK(!rows_next(rows));
	CHECK_INT(rows_error(rows), 0);
	return r;
}

BOTH(keeps_every_kind_of_value)
{
	int64_t seq = 0;
	CHECK_INT(store_write_wait(f->store, values_make, NULL), 0);
	CHECK_INT(store_write_wait(f->store, values_write, &seq), 0);
	CHECK_INT(seq, 3);
	CHECK_INT(store_read_wait(f->store, values_read, NULL), 0);
}

static int arguments_by_number(Tx *tx, void *arg)
{
	(void)arg;
	int64_t n = 0;
	int r = db_int(tx, &n, "SELECT count(*) FROM item WHERE n > $2 AND n <= $1 AND n - $2 < 2 AND name = $3",
		       value_int(3), value_int(1), value_text("水滴"));
	CHECK_INT(n, 1);
	return r;
}

static int null_cells(Tx *tx, void *arg)
{
	(void)arg;
	size_t len = 9;
	ROWS rows = NULL;
	int r = db_query(tx, &rows, "SELECT t, i, d, y FROM v WHERE t IS NULL");
	if (r < 0)
		return r;
	CHECK(rows_next(rows));
	CHECK(rows_text(rows, 0) == NULL);
	CHECK_INT(rows_int(rows, 0), 0);
	CHECK(id_is_nil(rows_id(rows, 2)));
	CHECK(rows_bytes(rows, 3, &len) == NULL);
	CHECK_INT(len, 0);
	CHECK_TEXT(rows_text(rows, 1), "-12345");
	return 0;
}

BOTH(reads_null_as_nothing)
{
	int64_t seq = 0;
	CHECK_INT(store_write_wait(f->store, values_make, NULL), 0);
	CHECK_INT(store_write_wait(f->store, values_write, &seq), 0);
	CHECK_INT(store_read_wait(f->store, null_cells, NULL), 0);
}

static int totals(Tx *tx, void *arg)
{
	(void)arg;
	int64_t n = 0;
	ROWS rows = NULL;
	int r = db_int(tx, &n, "SELECT sum(n) FROM item");
	CHECK_INT(n, 5000000000 + 7);
	if (r == 0)
		r = db_query(tx, &rows, "SELECT avg(n), n FROM item WHERE n < $1 GROUP BY n", value_int(100));
	CHECK(rows_next(rows));
	CHECK_INT(rows_int(rows, 0), 7);
	Id id = ID_NIL;
	CHECK_INT(db_id(tx, &id, "SELECT id FROM item WHERE n = $1", value_int(7)), 0);
	CHECK(!id_is_nil(id));
	CHECK_INT(db_int(tx, &n, "SELECT n FROM item WHERE n = $1", value_int(8)), ERR_NOT_FOUND);
	return r;
}

static int insert_two_sizes(Tx *tx, void *arg)
{
	(void)arg;
	int r = item_insert(tx, 7);
	return r < 0 ? r : item_insert(tx, 5000000000);
}

BOTH(reads_totals_as_integers)
{
	items_make(f->store);
	CHECK_INT(store_write_wait(f->store, insert_two_sizes, NULL), 0);
	CHECK_INT(store_read_wait(f->store, totals, NULL), 0);
}

static int names_sorted(Tx *tx, void *arg)
{
	static const char *const names[] = {"中", "a", "Z", "é", "aa", "_"};
	char *sorted = talloc_strdup(tx_mem(tx), "");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		int r = db_exec(tx, "INSERT INTO item (id, n, name) VALUES ($1, $2, $3)", value_id(id_new(1)),
				value_int((int64_t)i), value_text(names[i]));
		if (r < 0)
			return r;
	}
	ROWS rows = NULL;
	int r = db_query(tx, &rows, "SELECT name FROM item WHERE name >= $1 ORDER BY name", value_text("_"));
	while (r == 0 && rows_next(rows))
		sorted = talloc_asprintf_append(sorted, "%s ", rows_text(rows, 0));
	CHECK_TEXT(sorted, "_ a aa é 中 ");
	(void)arg;
	return r;
}

BOTH(compares_text_bytewise)
{
	items_make(f->store);
	CHECK_INT(store_write_wait(f->store, names_sorted, NULL), 0);
}

static int wrong_count(Tx *tx, void *arg)
{
	(void)arg;
	return db_exec(tx, "DELETE FROM item WHERE n = $1", value_int(1), value_int(2));
}

static int nul_in_text(Tx *tx, void *arg)
{
	(void)arg;
	return db_exec(tx, "DELETE FROM item WHERE name = $1", value_text_n("a\0b", 3));
}

static int bad_sql(Tx *tx, void *arg)
{
	(void)arg;
	int r = db_exec(tx, "DELETE FROM nowhere");
	CHECK(strstr(tx_error(tx), "nowhere") != NULL);
	return r;
}

BOTH(refuses_what_cannot_be_meant)
{
	items_make(f->store);
	CHECK_INT(store_write_wait(f->store, wrong_count, NULL), ERR_INTERNAL);
	CHECK_INT(store_write_wait(f->store, nul_in_text, NULL), ERR_INVALID);
	CHECK_INT(store_write_wait(f->store, bad_sql, NULL), ERR_STORE);
}

static int walk_nested(Tx *tx, void *arg)
{
	int64_t *pairs = arg;
	ROWS outer = NULL;
	int r = db_query(tx, &outer, "SELECT n FROM item ORDER BY n");
	while (r == 0 && rows_next(outer)) {
		ROWS inner = NULL;
		r = db_query(tx, &inner, "SELECT n FROM item ORDER BY n");
		while (r == 0 && rows_next(inner))
			*pairs += rows_int(outer, 0) * rows_int(inner, 0);
	}
	return r;
}

static int insert_one_to_three(Tx *tx, void *arg)
{
	(void)arg;
	int r = 0;
	for (int64_t n = 1; n <= 3 && r == 0; n++)
		r = item_insert(tx, n);
	return r;
}

BOTH(takes_arguments_by_their_number)
{
	items_make(f->store);
	CHECK_INT(store_write_wait(f->store, insert_one_to_three, NULL), 0);
	CHECK_INT(store_read_wait(f->store, arguments_by_number, NULL), 0);
}

BOTH(runs_a_statement_inside_itself)
{
	int64_t pairs = 0;
	items_make(f->store);
	CHECK_INT(store_write_wait(f->store, insert_one_to_three, NULL), 0);
	CHECK_INT(store_read_wait(f->store, walk_nested, &pairs), 0);
	CHECK_INT(pairs, 36);
}

static int leave_rows_open(Tx *tx, void *arg)
{
	(void)arg;
	Rows *rows = NULL;
	int r = db_query(tx, &rows, "SELECT n FROM item");
	CHECK(rows_next(rows));
	return r;
}

BOTH(closes_rows_that_a_job_forgot)
{
	items_make(f->store);
	CHECK_INT(store_write_wait(f->store, insert_one_to_three, NULL), 0);
	CHECK_INT(store_write_wait(f->store, leave_rows_open, NULL), 0);
	CHECK_INT(store_read_wait(f->store, leave_rows_open, NULL), 0);
	CHECK_INT(items_count(f->store), 3);
}

static int many_statements(Tx *tx, void *arg)
{
	(void)arg;
	char sql[64]; /* the same address with other words each time */
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 700; i++) {
			int64_t n = 0;
			(void)snprintf(sql, sizeof sql, "SELECT count(*) + %d FROM item", i);
			int r = db_int_n(tx, &n, sql, NULL, 0);
			if (r < 0)
				return r;
			CHECK_INT(n, i);
		}
	}
	return 0;
}

BOTH(keeps_a_bounded_number_of_statements)
{
	items_make(f->store);
	CHECK_INT(store_read_wait(f->store, many_statements, NULL), 0);
	CHECK_INT(store_write_wait(f->store, many_statements, NULL), 0);
}

/* ---- failing ---- */

static int insert_n(Tx *tx, void *arg)
{
	return item_insert(tx, *(int64_t *)arg);
}

BOTH(answers_conflict_for_a_duplicate)
{
	int64_t n = 1;
	items_make(f->store);
	CHECK_INT(store_write_wait(f->store, insert_n, &n), 0);
	CHECK_INT(store_write_wait(f->store, insert_n, &n), ERR_CONFLICT);
	CHECK_INT(items_count(f->store), 1);
}

static int make_child(Tx *tx, void *arg)
{
	(void)arg;
	return db_ddl(tx, "CREATE TABLE child (id {ID} PRIMARY KEY REFERENCES item (id))");
}

static int insert_orphan(Tx *tx, void *arg)
{
	(void)arg;
	return db_exec(tx, "INSERT INTO child (id) VALUES ($1)", value_id(id_new(5)));
}

BOTH(answers_conflict_for_a_missing_parent)
{
	items_make(f->store);
	CHECK_INT(store_write_wait(f->store, make_child, NULL), 0);
	CHECK_INT(store_write_wait(f->store, insert_orphan, NULL), ERR_CONFLICT);
}

static int ignore_conflict(Tx *tx, void *arg)
{
	(void)arg;
	CHECK_INT(item_insert(tx, 10), 0);
	CHECK_INT(item_insert(tx, 10), ERR_CONFLICT);
	CHECK_INT(item_insert(tx, 11), ERR_CONFLICT); /* spoiled */
	return 0;
}

BOTH(commits_nothing_of_a_spoiled_transaction)
{
	items_make(f->store);
	CHECK_INT(store_write_wait(f->store, ignore_conflict, NULL), ERR_CONFLICT);
	CHECK_INT(items_count(f->store), 0);
}

typedef struct {
	Gate *gate;
	int64_t n;
	int fail;
} Planned;

static int planned_job(Tx *tx, void *arg)
{
	Planned *p = arg;
	if (p->gate)
		gate_pass(p->gate);
	int r = item_insert(tx, p->n);
	return r < 0 ? r : p->fail;
}

typedef struct {
	Planned plan;
	Tally *tally;
	int result;
} Asked;

static int asked_job(Tx *tx, void *arg)
{
	return planned_job(tx, &((Asked *)arg)->plan);
}

static void asked_done(void *arg, int result)
{
	Asked *asked = arg;
	asked->result = result;
	tally_done(asked->tally, result);
}

BOTH(undoes_a_failed_job_alone)
{
	Gate gate = GATE_CLOSED;
	Tally tally = TALLY_EMPTY;
	Asked asked[] = {
		{{&gate, 1, ERR_DENIED}, &tally, 99}, /* the first of a batch */
		{{NULL, 2, 0}, &tally, 99},
		{{NULL, 3, ERR_STALE}, &tally, 99},
		{{NULL, 2, 0}, &tally, 99}, /* a duplicate */
		{{NULL, 4, 0}, &tally, 99},
	};
	items_make(f->store);
	for (size_t i = 0; i < ARRAY_LEN(asked); i++)
		CHECK_INT(store_write(f->store, asked_job, asked_done, &asked[i]), 0);
	gate_open(&gate);
	tally_await(&tally, ARRAY_LEN(asked));
	CHECK_INT(asked[0].result, ERR_DENIED);
	CHECK_INT(asked[2].result, ERR_STALE);
	CHECK_INT(asked[4].result, 0);
	/* On PostgreSQL the two run side by side: either may be the second. */
	CHECK_INT(asked[1].result + asked[3].result, ERR_CONFLICT);
	CHECK_INT(items_count(f->store), 2);
}

/* ---- hooks and inner savepoints ---- */

typedef struct {
	char said[64];
	Store *store;
} Diary;

static void say(Diary *diary, char c)
{
	size_t len = strlen(diary->said);
	diary->said[len] = c;
	diary->said[len + 1] = '\0';
}

static void say_a(void *arg) { say(arg, 'a'); }
static void say_b(void *arg) { say(arg, 'b'); }
static void say_x(void *arg) { say(arg, 'x'); }
static void say_y(void *arg) { say(arg, 'y'); }

static int hooked_well(Tx *tx, void *arg)
{
	tx_on_commit(tx, say_a, arg);
	tx_on_rollback(tx, say_x, arg);
	tx_on_commit(tx, say_b, arg);
	tx_on_rollback(tx, say_y, arg);
	return item_insert(tx, 1);
}

static int hooked_badly(Tx *tx, void *arg)
{
	int r = hooked_well(tx, arg);
	return r < 0 ? r : ERR_DENIED;
}

BOTH(runs_hooks_in_order)
{
	Diary diary = {"", f->store};
	items_make(f->store);
	CHECK_INT(store_write_wait(f->store, hooked_badly, &diary), ERR_DENIED);
	CHECK_TEXT(diary.said, "yx"); /* undoing goes backwards */
	diary.said[0] = '\0';
	CHECK_INT(store_write_wait(f->store, hooked_well, &diary), 0);
	CHECK_TEXT(diary.said, "ab");
}

static int nested_inner_conflict(Tx *tx, void *arg)
{
	tx_on_commit(tx, say_b, arg);
	tx_on_rollback(tx, say_y, arg);
	int r = item_insert(tx, 2);
	return r < 0 ? r : item_insert(tx, 1);
}

static int nested_middle(Tx *tx, void *arg)
{
	int r = item_insert(tx, 20);
	CHECK_INT(tx_nested(tx, nested_inner_conflict, arg), ERR_CONFLICT);
	return r < 0 ? r : item_insert(tx, 21);
}

static int nested_refuses(Tx *tx, void *arg)
{
	int r = nested_middle(tx, arg);
	return r < 0 ? r : ERR_DENIED;
}

static int nested_outer(Tx *tx, void *arg)
{
	tx_on_commit(tx, say_a, arg);
	int r = item_insert(tx, 1);
	CHECK_INT(tx_nested(tx, nested_inner_conflict, arg), ERR_CONFLICT);
	CHECK_INT(tx_nested(tx, nested_refuses, arg), ERR_DENIED);
	CHECK_INT(tx_nested(tx, nested_middle, arg), 0);
	return r < 0 ? r : item_insert(tx, 3);
}

BOTH(undoes_an_inner_savepoint_alone)
{
	Diary diary = {"", f->store};
	items_make(f->store);
	CHECK_INT(store_write_wait(f->store, nested_outer, &diary), 0);
	CHECK_TEXT(diary.said, "yyya"); /* b never: each of its savepoints was undone */
	CHECK_INT(items_count(f->store), 4);
}

static int send_conflict(Tx *tx, void *arg)
{
	(void)arg;
	int r = db_send(tx, "INSERT INTO item (id, n) VALUES ($1, $2)", value_id(id_new(1)), value_int(5));
	if (r == 0)
		r = db_send(tx, "INSERT INTO item (id, n) VALUES ($1, $2)", value_id(id_new(1)), value_int(5));
	return tx_is_postgres(tx) ? 0 : r;
}

static int send_conflict_inside(Tx *tx, void *arg)
{
	int r = item_insert(tx, 4);
	CHECK_INT(tx_nested(tx, send_conflict, arg), ERR_CONFLICT);
	return r < 0 ? r : item_insert(tx, 6);
}

static int send_many(Tx *tx, void *arg)
{
	(void)arg;
	int r = 0;
	for (int64_t n = 100; n < 1100 && r == 0; n++)
		r = db_send(tx, "INSERT INTO item (id, n) VALUES ($1, $2)", value_id(id_new(1)), value_int(n));
	return r;
}

BOTH(sends_without_waiting_and_misses_no_failure)
{
	items_make(f->store);
	CHECK_INT(store_write_wait(f->store, send_conflict, NULL), ERR_CONFLICT);
	CHECK_INT(items_count(f->store), 0);
	CHECK_INT(store_write_wait(f->store, send_conflict_inside, NULL), 0);
	CHECK_INT(items_count(f->store), 2);
	CHECK_INT(store_write_wait(f->store, send_many, NULL), 0);
	CHECK_INT(items_count(f->store), 1002);
}

/* ---- queues, readers, closing ---- */

static int gate_job(Tx *tx, void *arg)
{
	(void)tx;
	gate_pass(arg);
	return 0;
}

static int empty_job(Tx *tx, void *arg)
{
	(void)tx;
	(void)arg;
	return 0;
}

typedef struct {
	Gate gate;
	Tally *tally;
} Blocker;

static int blocker_job(Tx *tx, void *arg)
{
	return gate_job(tx, &((Blocker *)arg)->gate);
}

static void blocker_done(void *arg, int result)
{
	tally_done(((Blocker *)arg)->tally, result);
}

BOTH(refuses_work_beyond_the_queue)
{
	Tally tally = TALLY_EMPTY;
	Blocker blockers[] = {
		{GATE_CLOSED, &tally}, {GATE_CLOSED, &tally}, {GATE_CLOSED, &tally}, {GATE_CLOSED, &tally}};
	int writers = store_is_postgres(f->store) ? 4 : 1, queued = 0;
	for (int i = 0; i < writers; i++) {
		CHECK_INT(store_write(f->store, blocker_job, blocker_done, &blockers[i]), 0);
		gate_await_reached(&blockers[i].gate);
	}
	while (store_write(f->store, empty_job, tally_done, &tally) == 0)
		queued++;
	CHECK_INT(queued, LIMIT_QUEUE_WRITES);
	CHECK_INT(store_backlog(f->store), LIMIT_QUEUE_WRITES);
	CHECK_INT(store_write(f->store, empty_job, tally_done, &tally), ERR_BUSY);
	CHECK_INT(tally_count(&tally), 0);
	for (int i = 0; i < writers; i++)
		gate_open(&blockers[i].gate);
	tally_await(&tally, queued + writers);
	CHECK_INT(tally.failed, 0);
}

typedef struct {
	Gate gate;
	Tally tally;
	int64_t before, after;
} Snapshot;

static int snapshot_job(Tx *tx, void *arg)
{
	Snapshot *s = arg;
	int r = db_int(tx, &s->before, "SELECT count(*) FROM item");
	gate_pass(&s->gate);
	return r < 0 ? r : db_int(tx, &s->after, "SELECT count(*) FROM item");
}

static void snapshot_done(void *arg, int result)
{
	tally_done(&((Snapshot *)arg)->tally, result);
}

BOTH(shows_readers_one_moment)
{
	Snapshot s = {GATE_CLOSED, TALLY_EMPTY, -1, -1};
	int64_t n = 1;
	items_make(f->store);
	CHECK_INT(store_read(f->store, snapshot_job, snapshot_done, &s), 0);
	gate_await_reached(&s.gate);
	CHECK_INT(store_write_wait(f->store, insert_n, &n), 0);
	CHECK_INT(items_count(f->store), 1); /* the other reader */
	gate_open(&s.gate);
	tally_await(&s.tally, 1);
	CHECK_INT(s.tally.failed, 0);
	CHECK_INT(s.before, 0);
	CHECK_INT(s.after, 0);
}

BOTH(keeps_readers_from_writing)
{
	int64_t n = 1;
	items_make(f->store);
	CHECK_INT(store_read_wait(f->store, insert_n, &n), ERR_STORE);
	CHECK_INT(items_count(f->store), 0);
}

BOTH(closes_after_the_queued_work)
{
	enum { JOBS = 100 };
	Tally tally = TALLY_EMPTY;
	Gate gate = GATE_CLOSED;
	Asked asked[JOBS];
	items_make(f->store);
	for (int i = 0; i < JOBS; i++) {
		asked[i] = (Asked){{i == 0 ? &gate : NULL, i, 0}, &tally, 99};
		CHECK_INT(store_write(f->store, asked_job, asked_done, &asked[i]), 0);
	}
	gate_open(&gate);
	test_store_reopen(f);
	CHECK_INT(tally_count(&tally), JOBS);
	CHECK_INT(tally.failed, 0);
	CHECK_INT(items_count(f->store), JOBS);
}

/* ---- migrations ---- */

BOTH(migrates_each_step_once)
{
	static const char *const first[] = {
		"CREATE TABLE note (id {ID} PRIMARY KEY, body {TEXT}); -- a note; with a semicolon\n"
		"INSERT INTO note (body, id) SELECT 'a;b{c}', id FROM note; "
		"CREATE INDEX note_body ON note (body);", NULL};
	static const char *const second[] = {"", "ALTER TABLE note ADD COLUMN at {TIME}", NULL};
	static const char *const broken[] = {"", "", "CREATE TABLE half (id {ID}); CREATE TABLE note (id {ID})", NULL};
	static const char *const fixed[] = {"", "", "CREATE TABLE half (id {ID})", NULL};
	char *error = NULL;

	CHECK_INT(store_migrate(f->store, &(Migration){"note", first}, 1, &error), 0);
	CHECK_INT(store_migrate(f->store, &(Migration){"note", first}, 1, &error), 0);
	CHECK_INT(store_migrate(f->store, &(Migration){"note", second}, 1, &error), 0);
	CHECK(store_migrate(f->store, &(Migration){"note", broken}, 1, &error) < 0);
	CHECK(strstr(error, "Step 3") != NULL);
	CHECK_INT(store_migrate(f->store, &(Migration){"note", fixed}, 1, &error), 0); /* half was not left behind */
	CHECK_INT(store_migrate(f->store, &(Migration){"note", first}, 1, &error), ERR_CONFLICT);
	CHECK(strstr(error, "newer version") != NULL);
}

static int bad_word(Tx *tx, void *arg)
{
	(void)arg;
	return db_ddl(tx, "CREATE TABLE t (a {VARCHAR})");
}

BOTH(knows_no_other_ddl_words)
{
	CHECK_INT(store_write_wait(f->store, bad_word, NULL), ERR_INTERNAL);
}

static int add_column(Tx *tx, void *arg)
{
	(void)arg;
	return db_ddl(tx, "ALTER TABLE item ADD COLUMN extra {INT}");
}

static int read_all_columns(Tx *tx, void *arg)
{
	(void)arg;
	ROWS rows = NULL;
	int r = db_query(tx, &rows, "SELECT * FROM item");
	CHECK(r < 0 || rows_next(rows));
	return r;
}

BOTH(reads_on_after_a_column_was_added)
{
	int64_t n = 1;
	items_make(f->store);
	CHECK_INT(store_write_wait(f->store, insert_n, &n), 0);
	for (int i = 0; i < 4; i++)
		CHECK_INT(store_read_wait(f->store, read_all_columns, NULL), 0);
	CHECK_INT(store_write_wait(f->store, add_column, NULL), 0);
	for (int i = 0; i < 4; i++)
		CHECK_INT(store_read_wait(f->store, read_all_columns, NULL), 0);
}

/* ---- keys ---- */

static int keys_give(Tx *tx, void *arg)
{
	int64_t first = 0, second = 0, found = 0;
	(void)arg;
	int r = db_insert(tx, &first, "INSERT INTO v (i) VALUES ($1)", value_int(71));
	if (r == 0)
		r = db_insert(tx, &second, "INSERT INTO v (i) VALUES ($1)", value_int(72));
	if (r == 0)
		r = db_int(tx, &found, "SELECT seq FROM v WHERE i = $1", value_int(71));
	CHECK_INT(first, found);
	CHECK(second > first);
	return r;
}

BOTH(gives_the_key_of_an_inserted_row)
{
	CHECK_INT(store_write_wait(f->store, values_make, NULL), 0);
	CHECK_INT(store_write_wait(f->store, keys_give, NULL), 0);
}

/* ---- many at once ---- */

static int add_to_counter(Tx *tx, void *arg)
{
	(void)arg;
	int64_t n = 0;
	return db_int(tx, &n, "UPDATE item SET n = n + 1 WHERE name = '水滴' RETURNING n");
}

BOTH(loses_no_update)
{
	enum { JOBS = 500 };
	Tally tally = TALLY_EMPTY;
	int64_t n = 0;
	items_make(f->store);
	CHECK_INT(store_write_wait(f->store, insert_n, &n), 0);
	for (int i = 0; i < JOBS; i++)
		CHECK_INT(store_write(f->store, add_to_counter, tally_done, &tally), 0);
	tally_await(&tally, JOBS);
	CHECK_INT(tally.failed, 0);
	int64_t expected = JOBS;
	CHECK_INT(store_write_wait(f->store, insert_n, &expected), ERR_CONFLICT);
}
