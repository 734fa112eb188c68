/* Connections to PostgreSQL: making them, losing them, and reading the answers of what is under way. */
#include "store/postgres_int.h"

#include <stdio.h>
#include <string.h>

#define PG_BACKOFF_MIN_US 50000
#define PG_BACKOFF_MAX_US 1000000

static int conn_free(PgConn *conn)
{
	pg_disconnect(conn);
	TALLOC_FREE(conn->cache);
	return 0;
}

PgConn *pg_conn_new(Store *store, bool writes)
{
	PgConn *conn = talloc_zero(NULL, PgConn);
	conn->store = store;
	conn->writes = writes;
	conn->cache = cache_new(conn);
	conn->gather = pg_gather_new(conn);
	talloc_set_destructor(conn, conn_free);
	return conn;
}

void pg_disconnect(PgConn *conn)
{
	PGconn *pg = conn->pg;
	conn->pg = NULL; /* first: freed statements then have no server to tell */
	cache_clear(conn->cache);
	pg_gather_drop(conn->gather);
	if (pg)
		PQfinish(pg);
	conn->in_tx = conn->unsure = conn->forget = conn->broken = false;
	conn->pending = 0;
}

static void notice_ignore(void *arg, const char *message)
{
	(void)arg;
	(void)message;
}

PGconn *pg_dial(const Store *store)
{
	static const char *const keys[] = {"dbname", "client_encoding", "application_name", "connect_timeout",
		"keepalives_idle", "tcp_user_timeout", NULL};
	const char *const values[] = {store->config.database, "UTF8", "tenon", "5", "30", "10000", NULL};
	PGconn *pg = PQconnectdbParams(keys, values, 1);
	PQsetNoticeProcessor(pg, notice_ignore, NULL);
	return pg;
}

#define PG_STILL_MAX_MS 10000 /* between two statements of a write */

static bool pg_command(PGconn *pg, const char *sql)
{
	PGresult *result = PQexec(pg, sql);
	ExecStatusType status = PQresultStatus(result);
	PQclear(result);
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

static bool pg_prepare_session(PGconn *pg, const PgConn *conn)
{
	char sql[200];
	/* The schema's name was checked when the store was opened. Alone on the path: no other workspace can be met by
	 * chance. A process that stands still in the middle of a write holds locks for which all others wait. */
	(void)snprintf(sql, sizeof sql, "SET search_path TO \"%s\"; SET idle_in_transaction_session_timeout TO %d",
	               conn->store->config.schema, conn->writes ? PG_STILL_MAX_MS : 0);
	return PQstatus(pg) == CONNECTION_OK && pg_command(pg, sql) && PQenterPipelineMode(pg);
}

bool pg_connect(PgConn *conn)
{
	pg_disconnect(conn);
	TALLOC_FREE(conn->error);
	PGconn *pg = pg_dial(conn->store);
	if (pg_prepare_session(pg, conn)) {
		conn->pg = pg;
		conn->backoff_us = 0;
		return true;
	}
	conn->error = talloc_strdup(conn, PQerrorMessage(pg));
	PQfinish(pg);
	int64_t longer_us = conn->backoff_us ? conn->backoff_us * 2 : PG_BACKOFF_MIN_US;
	conn->backoff_us = longer_us < PG_BACKOFF_MAX_US ? longer_us : PG_BACKOFF_MAX_US;
	conn->retry_at_us = clock_monotonic_us() + conn->backoff_us;
	return false;
}

void pg_put(PgConn *conn, const char *sql)
{
	pg_sent(conn, PQsendQueryParams(conn->pg, sql, 0, NULL, NULL, NULL, NULL, 1));
}

void pg_sent(PgConn *conn, int sent)
{
	if (sent)
		conn->pending++;
	else
		conn->broken = true;
}

/* ---- failures ---- */

typedef struct {
	const char *state; /* SQLSTATE, or its class */
	int err;
	bool retry; /* running the job again may cure it */
} PgFault;

static const PgFault pg_faults[] = {
	{"23505", ERR_CONFLICT, false}, /* unique */
	{"23503", ERR_CONFLICT, false}, /* foreign key */
	{"23001", ERR_CONFLICT, false}, /* restrict */
	{"40001", ERR_BUSY, true},      /* serialisation */
	{"40P01", ERR_BUSY, true},      /* deadlock */
	{"25P03", ERR_STORE, true},     /* this process stood still in the middle of it */
	{"26000", ERR_STORE, true},     /* the prepared statement is gone */
	{"53100", ERR_FULL, false},     /* disk */
	{"57P01", ERR_STORE, true},     /* the server shuts down */
	{"57P02", ERR_STORE, true},     /* it crashed */
	{"57P03", ERR_STORE, true},     /* it is starting */
	{"22", ERR_INVALID, false},     /* a value does not fit */
	{"08", ERR_STORE, true},        /* connection */
};

static PgFault pg_fault(const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	if (!state)
		return (PgFault){"", ERR_STORE, true}; /* libpq's own: the connection broke */
	/* A column was added while the statement was kept. */
	if (strcmp(state, "0A000") == 0 && message && strstr(message, "cached plan"))
		return (PgFault){"26000", ERR_STORE, true};
	for (size_t i = 0; i < ARRAY_LEN(pg_faults); i++)
		if (strncmp(state, pg_faults[i].state, strlen(pg_faults[i].state)) == 0)
			return pg_faults[i];
	return (PgFault){"", ERR_STORE, false};
}

static void tx_fail_pg(Tx *tx, const PGresult *result, const char *sql)
{
	PgConn *conn = tx->conn;
	PgFault fault = pg_fault(result);
	if (strcmp(fault.state, "26000") == 0)
		conn->forget = true;
	tx->retry = fault.retry;
	/* Without the details: they quote what is in the row. */
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	(void)tx_fail(tx, fault.err, "PostgreSQL %s: %s, at: %.300s", state ? state : "",
		      message ? message : PQresultErrorMessage(result), sql ? sql : "what was sent before");
}

static void tx_fail_lost(Tx *tx)
{
	PgConn *conn = tx->conn;
	tx->dead = tx->retry = true;
	if (!tx->failed)
		(void)tx_fail(tx, ERR_STORE, "PostgreSQL: connection lost: %s", PQerrorMessage(conn->pg));
}

/* The next answer up to the sync point: NULL there, and when the connection is lost. The NULL after each command is
 * skipped. */
static PGresult *pg_next_answer(PgConn *conn, bool *ret_lost)
{
	for (;;) {
		PGresult *result = PQgetResult(conn->pg);
		if (!result && PQstatus(conn->pg) == CONNECTION_OK)
			continue;
		*ret_lost = !result;
		if (result && PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
			PQclear(result);
			return NULL;
		}
		return result;
	}
}

int pg_sync(Tx *tx, const char *sql, PGresult **ret_last)
{
	PgConn *conn = tx->conn;
	PGresult *last = NULL, *result;
	bool lost = conn->broken || PQpipelineSync(conn->pg) == 0;
	bool failed = false;

	while (!lost && (result = pg_next_answer(conn, &lost))) {
		ExecStatusType status = PQresultStatus(result);
		if (status == PGRES_FATAL_ERROR && !failed) {
			tx_fail_pg(tx, result, sql);
			failed = true;
		}
		PQclear(last);
		last = result;
	}
	conn->pending = 0;
	conn->unsure = false;
	if (lost || PQstatus(conn->pg) != CONNECTION_OK) {
		tx_fail_lost(tx);
		failed = true;
	}
	if (ret_last && !failed)
		*ret_last = last;
	else
		PQclear(last);
	return failed ? tx->failed : 0;
}

void pg_forget(PgConn *conn)
{
	PGconn *pg = conn->pg;
	conn->pg = NULL; /* all at once instead of one by one */
	cache_clear(conn->cache);
	conn->pg = pg;
	conn->forget = false;
	Tx alone = {.store = conn->store, .conn = conn};
	pg_put(conn, "DEALLOCATE ALL");
	if (pg_sync(&alone, "DEALLOCATE ALL", NULL) < 0)
		pg_disconnect(conn); /* a new one starts with nothing kept */
	tx_end(&alone);
}
