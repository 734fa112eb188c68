/* Copies of a SQLite file: what they hold, what they cost the writer, and how they end early. */
#include "store/store_fixture.h"

#include "base/err.h"
#include "store/copy.h"
#include "store/page/page_copy.h"
#include "store/store_int.h"
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COPY_ROWS 3000

/* ---- pages ---- */

static sqlite3 *open_file(const char *path)
{
	sqlite3 *db = NULL;
	CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

static void run(sqlite3 *db, const char *sql)
{
	CHECK_INT(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* One text of one row. */
static char *ask(TALLOC_CTX *ctx, sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement = NULL;
	CHECK_INT(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	CHECK_INT(sqlite3_step(statement), SQLITE_ROW);
	char *text = talloc_strdup(ctx, (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	return text;
}

static void fill(sqlite3 *db, int rows)
{
	char *sql = sqlite3_mprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
				    " INSERT INTO t (body) SELECT hex(randomblob(500)) FROM n", rows);
	run(db, sql);
	sqlite3_free(sql);
}

typedef struct {
	TALLOC_CTX *ctx;
	char *from, *to;
	sqlite3 *db;
	PageCopy *copy;
} Pages;

static void pages_open(Pages *p)
{
	TestStore *f = test_store_open(NULL, false, NULL);
	p->ctx = f;
	p->from = talloc_asprintf(f, "%s/pages.db", f->folder);
	p->to = talloc_asprintf(f, "%s/copy.db", f->folder);
	p->db = open_file(p->from);
	run(p->db, "PRAGMA journal_mode=WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT);"
		   " CREATE INDEX tb ON t (body)");
	fill(p->db, COPY_ROWS);
	p->copy = page_copy_new(f, p->to);
	CHECK(p->copy != NULL);
}

/* Sets the copy right from one moment of the original; the bytes that took. */
static int64_t pages_settle(Pages *p)
{
	const _Atomic bool stop = false;
	int64_t written = 0;
	run(p->db, "BEGIN; SELECT count(*) FROM t");
	CHECK_INT(page_copy_settle(p->copy, p->db, &stop, &written), SQLITE_OK);
	run(p->db, "ROLLBACK");
	return written;
}

/* The copy stands alone, is whole, and says what the original says. */
static void pages_compare(Pages *p)
{
	const char *sum = "SELECT count(*) || ' ' || coalesce(sum(id), 0) || ' ' || coalesce(max(body), '') FROM t";
	CHECK_INT(page_copy_sync(p->copy), SQLITE_OK);
	sqlite3 *copy = open_file(p->to);
	CHECK_TEXT(ask(p->ctx, copy, "PRAGMA journal_mode"), "delete");
	CHECK_TEXT(ask(p->ctx, copy, "PRAGMA integrity_check"), "ok");
	CHECK_TEXT(ask(p->ctx, copy, sum), ask(p->ctx, p->db, sum));
	CHECK_TEXT(ask(p->ctx, copy, "PRAGMA page_count"), ask(p->ctx, p->db, "PRAGMA page_count"));
	sqlite3_close(copy);
}

static void pages_close(Pages *p)
{
	page_copy_free(p->copy);
	sqlite3_close(p->db); /* takes the log away */
	CHECK_INT(unlink(p->from) + unlink(p->to), 0);
	test_store_close(p->ctx);
}

TEST(copy, takes_only_pages_that_differ)
{
	Pages p;
	pages_open(&p);
	int64_t whole = pages_settle(&p);
	CHECK(whole > COPY_ROWS * 1000);
	pages_compare(&p);
	CHECK_INT(pages_settle(&p), 0);
	run(p.db, "UPDATE t SET body = 'changed' WHERE id = 7");
	int64_t little = pages_settle(&p);
	CHECK(little > 0 && little < 10 * PAGE_BYTES);
	pages_compare(&p);
	pages_close(&p);
}

/* What a look without a snapshot brings may be anything: pages of several moments, halves of pages. */
TEST(copy, sets_right_whatever_the_looks_brought)
{
	Pages p;
	uint8_t *rubbish = NULL;
	int64_t written = 0;
	pages_open(&p);
	rubbish = talloc_array(p.ctx, uint8_t, PAGES_AT_ONCE * PAGE_BYTES);
	for (size_t i = 0; i < PAGES_AT_ONCE * PAGE_BYTES; i++)
		rubbish[i] = (uint8_t)(i * 31 + i / 4096);
	CHECK_INT(page_copy_take(p.copy, 0, rubbish, PAGES_AT_ONCE, &written), SQLITE_OK);
	CHECK_INT(written, PAGES_AT_ONCE * PAGE_BYTES);
	CHECK(pages_settle(&p) > 0);
	pages_compare(&p);
	pages_close(&p);
}

TEST(copy, follows_a_file_that_grows_and_shrinks)
{
	Pages p;
	pages_open(&p);
	pages_settle(&p);
	fill(p.db, 2 * COPY_ROWS);
	pages_settle(&p);
	pages_compare(&p);
	run(p.db, "DELETE FROM t WHERE id > 10; VACUUM");
	pages_settle(&p);
	pages_compare(&p);
	fill(p.db, COPY_ROWS);
	pages_settle(&p);
	pages_compare(&p);
	pages_close(&p);
}

TEST(copy, an_early_end_is_told_apart)
{
	Pages p;
	const _Atomic bool stop = true;
	int64_t written = 0;
	pages_open(&p);
	CHECK_INT(page_copy_settle(p.copy, p.db, &stop, &written), SQLITE_INTERRUPT);
	CHECK(page_copy_new(p.ctx, p.to) == NULL); /* never over a file that is there */
	pages_close(&p);
}

/* ---- beside a writer ---- */

typedef struct {
	const char *from, *to;
	CopyWatch watch;
	int result;
	char *error;
} Beside;

static void *beside_main(void *arg)
{
	Beside *b = arg;
	b->result = sqlite_copy(NULL, b->from, b->to, &b->watch, &b->error);
	return NULL;
}

static pthread_t beside_start(Beside *b)
{
	pthread_t thread = thread_start(beside_main, b);
	while (atomic_load(&b->watch.total) == 0)
		sched_yield();
	return thread;
}

TEST(copy, lets_the_log_start_over_while_it_copies)
{
	TestStore *f = test_store_open(NULL, false, NULL);
	Beside slow = {.from = f->config.path, .watch = {.bytes_per_second = 4096}};
	Beside second = {.from = f->config.path};
	keys_make(f->store);
	keys_write(f, COPY_ROWS);
	test_store_reopen(f); /* so that the rows are in the file, not in its log */
	slow.to = talloc_asprintf(f, "%s/slow.db", f->folder);
	second.to = talloc_asprintf(f, "%s/second.db", f->folder);
	pthread_t thread = beside_start(&slow);
	beside_main(&second);
	CHECK_INT(second.result, ERR_CONFLICT);
	CHECK(strstr(second.error, "under way") != NULL);

	int64_t longest = keys_write(f, LOG_ROWS);
	CHECK(!sqlite_copy_holds_snapshot(f->config.path));
	CHECK(longest > 0 && longest < LOG_BYTES_MAX);
	atomic_store(&slow.watch.stop, true);
	pthread_join(thread, NULL);
	CHECK_INT(slow.result, ERR_BUSY);
	CHECK(strstr(slow.error, "stopped") != NULL);
	talloc_free(slow.error);
	talloc_free(second.error);
	CHECK_INT(unlink(slow.to), 0);
	test_store_close(f);
}

TEST(copy, is_one_moment_beside_a_writer)
{
	TestStore *f = test_store_open(NULL, false, NULL);
	Beside b = {.from = f->config.path};
	keys_make(f->store);
	keys_write(f, COPY_ROWS);
	b.to = talloc_asprintf(f, "%s/beside.db", f->folder);
	pthread_t thread = thread_start(beside_main, &b);
	keys_write(f, 10 * COPY_ROWS);
	pthread_join(thread, NULL);
	CHECK_INT(b.result, 0);
	sqlite3 *copy = open_file(b.to);
	CHECK_TEXT(ask(f, copy, "PRAGMA integrity_check"), "ok");
	int64_t rows = strtoll(ask(f, copy, "SELECT count(*) FROM random_key"), NULL, 10);
	CHECK(rows >= COPY_ROWS && rows <= 11 * COPY_ROWS);
	CHECK_INT(atomic_load(&b.watch.done), atomic_load(&b.watch.total));
	sqlite3_close(copy);
	CHECK_INT(unlink(b.to), 0);
	test_store_close(f);
}
