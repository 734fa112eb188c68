/* What is true of SQLite alone: group commit, the bound on its log, a full disk. */
#include "store/store_fixture.h"

#include "base/err.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- group commit ---- */

typedef struct {
	Gate gate;
	Tally first, second;
	int done_seen_inside;
} Group;

static int group_first(Tx *tx, void *arg)
{
	gate_pass(&((Group *)arg)->gate);
	return item_insert(tx, 1);
}

static int group_second(Tx *tx, void *arg)
{
	Group *group = arg;
	group->done_seen_inside = tally_count(&group->first);
	return item_insert(tx, 1);
}

static void group_first_done(void *arg, int result)
{
	tally_done(&((Group *)arg)->first, result);
}

static void group_second_done(void *arg, int result)
{
	tally_done(&((Group *)arg)->second, result);
}

TEST(sqlite, answers_a_batch_only_after_its_commit)
{
	TestStore *f = test_store_open(NULL, false, NULL);
	Group group = {GATE_CLOSED, TALLY_EMPTY, TALLY_EMPTY, -1};
	items_make(f->store);
	CHECK_INT(store_write(f->store, group_first, group_first_done, &group), 0);
	gate_await_reached(&group.gate);
	CHECK_INT(store_write(f->store, group_second, group_second_done, &group), 0);
	gate_open(&group.gate);
	tally_await(&group.second, 1);
	CHECK_INT(group.done_seen_inside, 0); /* the first ran, but was not durable yet */
	CHECK_INT(group.first.last_result, 0);
	CHECK_INT(group.second.last_result, ERR_CONFLICT);
	CHECK_INT(items_count(f->store), 1);
	test_store_close(f);
}

TEST(sqlite, gathers_but_still_answers)
{
	TestStore *f = test_store_open(NULL, false, &(StoreConfig){.gather_us = 2000, .full_sync = true});
	items_make(f->store);
	CHECK_INT(items_count(f->store), 0);
	test_store_close(f);
}

TEST(sqlite, says_why_a_file_cannot_be_opened)
{
	char *error = NULL;
	TALLOC_CTX *ctx = talloc_new(NULL);
	CHECK(store_open(ctx, &(StoreConfig){.path = "/nowhere/at/all.db"}, &error) == NULL);
	CHECK(strstr(error, "/nowhere/at/all.db") != NULL);
	talloc_free(ctx);
}

/* ---- the log ---- */

TEST(sqlite, keeps_the_log_bounded)
{
	TestStore *f = test_store_open(NULL, false, NULL);
	keys_make(f->store);
	int64_t longest = keys_write(f, LOG_ROWS);
	CHECK(longest > 0);
	g_test_message("longest log: %lld MB", (long long)longest / 1048576);
	CHECK(longest < LOG_BYTES_MAX);
	test_store_close(f);
}

/* ---- full disk ---- */

#define BIG (256 * 1024)

typedef struct {
	int64_t n;
	int undone;
} Filling;

static void count_undone(void *arg)
{
	((Filling *)arg)->undone++;
}

static int insert_big(Tx *tx, void *arg)
{
	Filling *filling = arg;
	char *text = talloc_array(tx_mem(tx), char, BIG);
	memset(text, 'y', BIG);
	tx_on_rollback(tx, count_undone, filling);
	return db_exec(tx, "INSERT INTO item (id, n, name) VALUES ($1, $2, $3)", value_id(id_new(1)),
		       value_int(filling->n++), value_text_n(text, BIG));
}

/* Writes until the disk is full; the rows acknowledged before. */
static int fill_until_full(Store *store)
{
	Filling filling = {0, 0};
	int r = 0, written = -1;
	for (; r == 0 && written < 1000; written++)
		r = store_write_wait(store, insert_big, &filling);
	CHECK_INT(r, ERR_FULL);
	CHECK_INT(filling.undone, 1);
	return written;
}

/* A job far beyond the disk, between two small ones: SQLite may give up the whole transaction in the middle of the
 * batch. */
typedef struct {
	Gate gate;
	Tally *tally;
	int64_t n;
	int count, result;
} Flood;

static int flood_job(Tx *tx, void *arg)
{
	Flood *flood = arg;
	Filling filling = {flood->n, 0};
	int r = 0;
	if (flood->count == 1)
		gate_pass(&flood->gate);
	for (int i = 0; i < flood->count && r == 0; i++)
		r = db_exec(tx, "INSERT INTO item (id, n, name) VALUES ($1, $2, hex(zeroblob(131072)))",
			    value_id(id_new(1)), value_int(filling.n++));
	return r;
}

static void flood_done(void *arg, int result)
{
	Flood *flood = arg;
	flood->result = result;
	tally_done(flood->tally, result);
}

static void flood_run(Store *store)
{
	Tally tally = TALLY_EMPTY;
	Flood floods[] = {
		{GATE_CLOSED, &tally, 1, 1, 99}, {GATE_CLOSED, &tally, 100, 800, 99}, {GATE_CLOSED, &tally, 2, 1, 99}};
	gate_open(&floods[2].gate);
	for (size_t i = 0; i < ARRAY_LEN(floods); i++)
		CHECK_INT(store_write(store, flood_job, flood_done, &floods[i]), 0);
	gate_open(&floods[0].gate);
	tally_await(&tally, ARRAY_LEN(floods));
	CHECK_INT(floods[1].result, ERR_FULL);
	CHECK_INT(items_count(store), 3 - tally.failed); /* acknowledged or not, never half */
}

TEST(sqlite, survives_a_job_larger_than_the_disk)
{
	TestStore *f = test_store_open(NULL, false, NULL);
	struct rlimit old, small;
	void (*old_handler)(int) = signal(SIGXFSZ, SIG_IGN);
	items_make(f->store);
	CHECK_INT(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 4 * 1024 * 1024;
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &small), 0);
	flood_run(f->store);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &old), 0);
	CHECK_INT(store_write_wait(f->store, insert_big, &(Filling){1000000, 0}), 0);
	test_store_close(f);
	(void)signal(SIGXFSZ, old_handler);
}

TEST(sqlite, answers_full_when_a_file_may_not_grow)
{
	TestStore *f = test_store_open(NULL, false, NULL);
	struct rlimit old, small;
	void (*old_handler)(int) = signal(SIGXFSZ, SIG_IGN);
	items_make(f->store);
	CHECK_INT(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 4 * 1024 * 1024;
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &small), 0);
	int written = fill_until_full(f->store);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &old), 0);
	CHECK(written > 2);
	CHECK_INT(items_count(f->store), written);
	CHECK_INT(store_write_wait(f->store, insert_big, &(Filling){1000000, 0}), 0); /* and it goes on */
	test_store_reopen(f);
	CHECK_INT(items_count(f->store), written + 1);
	test_store_close(f);
	(void)signal(SIGXFSZ, old_handler);
}

TEST(sqlite, answers_full_on_a_full_disk)
{
	char folder[] = "/tmp/tenon-full-XXXXXX", *error = NULL;
	CHECK(mkdtemp(folder) != NULL);
	if (mount("tmpfs", folder, "tmpfs", 0, "size=6m") != 0) {
		g_test_skip("only root may mount a small disk");
		CHECK_INT(rmdir(folder), 0);
		return;
	}
	TALLOC_CTX *ctx = talloc_new(NULL);
	StoreConfig config = {.path = talloc_asprintf(ctx, "%s/store.db", folder), .full_sync = true};
	Store *store = store_open(ctx, &config, &error);
	items_make(store);
	int written = fill_until_full(store);
	CHECK(written > 2);
	CHECK_INT(items_count(store), written);
	store_close(store);
	store = store_open(ctx, &config, &error);
	CHECK(store != NULL);
	CHECK_INT(items_count(store), written);
	store_close(store);
	talloc_free(ctx);
	CHECK_INT(umount(folder), 0);
	CHECK_INT(rmdir(folder), 0);
}
