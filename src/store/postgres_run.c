/* The threads of PostgreSQL: each takes jobs from its queue and runs them on its own connection. A job is run again
 * when the server gave it up over another one or went away before COMMIT was sent. When it goes away after that,
 * nobody can tell whether the job is done: it is answered with ERR_STORE and never run twice. */
#include "store/postgres_int.h"

#include "base/random.h"
#include <string.h>
#include <time.h>

#define PG_TRIES_MAX 20
#define PG_POLL_US 20000

static void pause_us(int64_t us)
{
	struct timespec pause = {us / 1000000, us % 1000000 * 1000};
	(void)nanosleep(&pause, NULL);
}

static bool job_is_late(const PgConn *conn, const Job *job)
{
	Queue *q = conn->writes ? &conn->store->writes : &conn->store->reads;
	return clock_monotonic_us() - job->queued_us > STORE_WAIT_MS * 1000 || queue_is_closing(q);
}

/* Waits for a connection as long as the job may; false without one. */
static bool conn_ready(PgConn *conn, const Job *job)
{
	for (;;) {
		if (conn->pg && PQstatus(conn->pg) == CONNECTION_OK)
			return true;
		if (clock_monotonic_us() >= conn->retry_at_us && pg_connect(conn))
			return true;
		if (job_is_late(conn, job)) {
			log_error("store", "no connection to PostgreSQL: %s", conn->error ? conn->error : "lost");
			return false;
		}
		pause_us(PG_POLL_US);
	}
}

/* Nothing was written: whatever becomes of this, the job has its answer. */
static void tx_let_go(Tx *tx)
{
	PgConn *conn = tx->conn;
	Tx last = {.store = tx->store, .conn = conn};
	pg_gather_drop(conn->gather);
	if (conn->in_tx && !tx->dead) {
		if (conn->unsure)
			(void)pg_sync(&last, NULL, NULL); /* else its failure would swallow the ROLLBACK */
		pg_put(conn, "ROLLBACK");
		(void)pg_sync(&last, "ROLLBACK", NULL);
	}
	if (last.dead || tx->dead)
		pg_disconnect(conn);
	else if (conn->forget)
		pg_forget(conn);
	conn->in_tx = false;
	tx_end(&last);
}

static int tx_commit(Tx *tx)
{
	PgConn *conn = tx->conn;
	PGresult *result = NULL;

	int r = pg_gather_flush(tx);
	if (r < 0 || !conn->in_tx)
		return r;
	int64_t began_us = clock_monotonic_us();
	pg_put(conn, "COMMIT");
	r = pg_sync(tx, "COMMIT", &result);
	histogram_add(&conn->store->commits, &histogram_latency, clock_monotonic_us() - began_us);
	histogram_add(&conn->store->batches, &histogram_sizes, 1);
	/* A statement that was sent before and failed keeps the server from reaching COMMIT; a lost connection tells
	 * nothing. */
	if (tx->dead)
		tx->retry = false;
	if (r < 0)
		return r;
	bool committed = strcmp(PQcmdStatus(result), "COMMIT") == 0;
	PQclear(result);
	conn->in_tx = !committed;
	return committed ? 0 : tx_fail(tx, ERR_STORE, "PostgreSQL rolled back instead of committing");
}

static int job_try(PgConn *conn, const Job *job, bool *ret_again)
{
	Tx tx;
	tx_begin(&tx, conn->store, conn);
	int r = tx_run(&tx, job);
	if (r == 0 && conn->writes)
		r = tx_commit(&tx);
	if (r < 0 || !conn->writes)
		tx_let_go(&tx);
	if (r < 0)
		tx_rolled_back(&tx);
	else
		tx_committed(&tx);
	*ret_again = r < 0 && tx.retry;
	tx_end(&tx);
	return r;
}

static int job_run(PgConn *conn, const Job *job)
{
	for (int tries = 1;; tries++) {
		bool again = false;
		if (!conn_ready(conn, job))
			return ERR_STORE;
		int r = job_try(conn, job, &again);
		if (!again || tries >= PG_TRIES_MAX)
			return r;
		/* Two that met must not meet again in step. */
		pause_us((int64_t)(random_u64() % 2000) * tries);
	}
}

void *pg_worker_main(void *arg)
{
	PgConn *conn = arg;
	Queue *q = conn->writes ? &conn->store->writes : &conn->store->reads;
	Job job;

	(void)pg_connect(conn); /* so that the first job finds it; a failure is met again by conn_ready */
	while (queue_pop_wait(q, &job))
		job.done(job.arg, job_run(conn, &job));
	return NULL;
}
