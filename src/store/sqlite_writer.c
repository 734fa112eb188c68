/* The one writer of a SQLite file: runs queued jobs back to back and makes them durable with one COMMIT. Each job
 * stands in a savepoint, but for the first of a batch, whose savepoint is the transaction. Nobody hears of a job
 * before the COMMIT of its batch: not even one that failed, for it may have failed over what an earlier job of the
 * batch wrote. */
#include "store/sqlite_int.h"

#include <time.h>

typedef struct {
	Job job;
	Tx tx;
	int result;
} Entry;

typedef struct {
	Store *store;
	SqliteConn *conn;
	Entry *entry; /* [STORE_BATCH_JOBS] */
	int n;
	bool is_open; /* BEGIN was run */
	int n_inside; /* jobs that stand in the open transaction */
} Batch;

static void batch_rollback(Batch *b)
{
	if (!sqlite_lost_transaction(b->conn))
		(void)sqlite_word(b->conn->rollback);
	b->is_open = false;
	b->n_inside = 0;
}

/* Every job that had succeeded so far is lost; the last one undoes first. */
static void batch_lose(Batch *b, int err)
{
	batch_rollback(b);
	for (int i = b->n - 1; i >= 0; i--) {
		if (b->entry[i].result < 0)
			continue;
		tx_rolled_back(&b->entry[i].tx);
		b->entry[i].result = err;
	}
}

static int batch_begin(Batch *b)
{
	int code = sqlite_word(b->conn->begin);
	if (code != SQLITE_OK) {
		int err = sqlite_err(code);
		log_error("store", "BEGIN failed: %s", sqlite3_errmsg(b->conn->db));
		return err;
	}
	b->is_open = true;
	return 0;
}

static int batch_undo_job(Batch *b, bool in_savepoint)
{
	if (!in_savepoint) {
		batch_rollback(b);
		return 0;
	}
	int code = sqlite_word(b->conn->back);
	if (code == SQLITE_OK)
		code = sqlite_word(b->conn->release);
	return sqlite_err(code);
}

/* A job failed: undoes it alone, or the batch when SQLite gave up the transaction under it. */
static void batch_fail_job(Batch *b, Entry *e, bool in_savepoint)
{
	int err = 0;
	tx_rolled_back(&e->tx);
	if (sqlite_lost_transaction(b->conn))
		err = e->result;
	else
		err = batch_undo_job(b, in_savepoint);
	if (err < 0) {
		log_error("store", "a batch of %d was lost: %s", b->n_inside, tx_error(&e->tx));
		batch_lose(b, err);
	}
}

static void batch_run_job(Batch *b, const Job *job)
{
	Entry *e = &b->entry[b->n++];
	e->job = *job;
	tx_begin(&e->tx, b->store, b->conn);
	e->result = b->is_open ? 0 : batch_begin(b);
	if (e->result < 0)
		return;

	bool in_savepoint = b->n_inside > 0;
	if (in_savepoint)
		e->result = sqlite_err(sqlite_word(b->conn->save));
	if (e->result == 0)
		e->result = tx_run(&e->tx, job);
	if (e->result == 0 && in_savepoint)
		e->result = sqlite_err(sqlite_word(b->conn->release));
	if (e->result < 0)
		batch_fail_job(b, e, in_savepoint);
	else
		b->n_inside++;
}

static void batch_commit(Batch *b)
{
	if (!b->is_open)
		return;
	int64_t began_us = clock_monotonic_us();
	int code = sqlite_word(b->conn->commit);
	histogram_add(&b->store->commits, &histogram_latency, clock_monotonic_us() - began_us);
	histogram_add(&b->store->batches, &histogram_sizes, b->n_inside);
	if (code != SQLITE_OK) {
		int err = sqlite_err(code);
		log_error("store", "COMMIT of %d jobs failed: %s", b->n_inside, sqlite3_errmsg(b->conn->db));
		batch_lose(b, err == ERR_FULL ? ERR_FULL : ERR_STORE);
	}
	b->is_open = false;
	b->n_inside = 0;
}

static void batch_finish(Batch *b)
{
	for (int i = 0; i < b->n; i++) {
		Entry *e = &b->entry[i];
		if (e->result == 0)
			tx_committed(&e->tx);
		tx_end(&e->tx);
		e->job.done(e->job.arg, e->result);
	}
	b->n = 0;
}

static void batch_gather(const Batch *b)
{
	int gather_us = b->store->config.gather_us;
	if (gather_us <= 0 || queue_is_closing(&b->store->writes) || queue_count(&b->store->writes) >= STORE_BATCH_JOBS)
		return;
	struct timespec pause = {gather_us / 1000000, gather_us % 1000000 * 1000L};
	(void)nanosleep(&pause, NULL);
}

static void batch_run(Batch *b, const Job *first)
{
	Job job = *first;
	int64_t until_us = clock_monotonic_us() + STORE_BATCH_US;
	do
		batch_run_job(b, &job);
	while (b->n < STORE_BATCH_JOBS && clock_monotonic_us() < until_us && queue_pop(&b->store->writes, &job));
	batch_commit(b);
	batch_finish(b);
}

void *sqlite_writer_main(void *arg)
{
	Store *store = arg;
	SqliteState *state = store->state;
	Batch batch = {.store = store, .conn = state->writer};
	Job job;

	batch.entry = talloc_array(NULL, Entry, STORE_BATCH_JOBS);
	while (queue_pop_wait(&store->writes, &job)) {
		batch_gather(&batch);
		batch_run(&batch, &job);
		wal_bound(store);
	}
	talloc_free(batch.entry);
	return NULL;
}
