/* The threads of PostgreSQL: each takes jobs from its queue and runs them on its own connection, small ones that may
 * join several at once. A job is run again when the server gave it up over another one or went away before COMMIT was
 * sent. When it goes away after that, nobody can tell whether the job is done: it is answered with ERR_STORE and never
 * run twice. */
#include "store/postgres_int.h"

#include "base/random.h"
#include <string.h>
#include <time.h>

#define PG_TRIES_MAX 20
#define PG_POLL_US 20000
#define PG_JOINED_MAX 32 /* jobs of one transaction */

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

static int tx_commit(Tx *tx, size_t jobs)
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
	histogram_add(&conn->store->batches, &histogram_sizes, (int64_t)jobs);
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

/* What became of a transaction: sure unless the connection went while COMMIT was under way. */
typedef struct {
	int result;
	bool again; /* running it again may cure the failure */
	bool sure;
} Fate;

/* Runs the jobs in one transaction. */
static Fate jobs_try(PgConn *conn, const Job *job, size_t n)
{
	Tx tx;
	int r = 0;
	tx_begin(&tx, conn->store, conn);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = tx_run(&tx, &job[i]);
	bool commits = r == 0 && conn->writes;
	if (commits)
		r = tx_commit(&tx, n);
	Fate fate = {.result = r, .again = r < 0 && tx.retry, .sure = r == 0 || !commits || !tx.dead};
	if (r < 0 || !conn->writes)
		tx_let_go(&tx);
	if (r < 0)
		tx_rolled_back(&tx);
	else
		tx_committed(&tx);
	tx_end(&tx);
	return fate;
}

static int job_run(PgConn *conn, const Job *job)
{
	for (int tries = 1;; tries++) {
		if (!conn_ready(conn, job))
			return ERR_STORE;
		Fate fate = jobs_try(conn, job, 1);
		if (!fate.again || tries >= PG_TRIES_MAX)
			return fate.result;
		/* Two that met must not meet again in step. */
		pause_us((int64_t)(random_u64() % 2000) * tries);
	}
}

/* Together; should that fail for certain, one after the other. */
static void jobs_run(PgConn *conn, const Job *job, size_t n)
{
	Fate fate = {.result = ERR_STORE, .sure = true};
	if (n > 1 && conn_ready(conn, job))
		fate = jobs_try(conn, job, n);
	bool alone = fate.result < 0 && fate.sure;
	for (size_t i = 0; i < n; i++)
		job[i].done(job[i].arg, alone ? job_run(conn, &job[i]) : fate.result);
}

/* A share of what waits, so that the other connections have work as well. */
static size_t share_of(Queue *q, const PgConn *conn)
{
	size_t share = (size_t)queue_count(q) / (size_t)conn->store->config.writers;
	return share < PG_JOINED_MAX - 1 ? share : PG_JOINED_MAX - 1;
}

void *pg_worker_main(void *arg)
{
	PgConn *conn = arg;
	Queue *q = conn->writes ? &conn->store->writes : &conn->store->reads;
	Job job[PG_JOINED_MAX];

	(void)pg_connect(conn); /* so that the first job finds it; a failure is met again by conn_ready */
	while (queue_pop_wait(q, &job[0])) {
		size_t joined = job[0].joins ? queue_pop_joining(q, &job[0], &job[1], share_of(q, conn)) : 0;
		jobs_run(conn, job, 1 + joined);
	}
	return NULL;
}
