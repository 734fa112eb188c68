/* What the PostgreSQL files share. Connections stay in libpq's pipeline mode: commands are put on the way without
 * waiting, and pg_sync reads all the answers up to now. */
#pragma once

#include "store/store_int.h"
#include <libpq-fe.h>

#define PG_PENDING_MAX 256 /* commands under way before their answers are read */

typedef struct PgParams {
	const char **value;
	int *len, *format;
	char (*scratch)[40];
	size_t cap;
} PgParams;

typedef struct PgGather PgGather;

typedef struct PgConn {
	Store *store;
	PGconn *pg; /* NULL while there is no connection */
	Cache *cache;
	PgParams params;
	PgGather *gather;
	bool writes;
	bool in_tx;  /* BEGIN was put */
	bool unsure; /* a command under way may still fail */
	bool broken; /* a command could not even be put on the way: the connection is of no use any more */
	bool forget; /* the kept statements no longer fit the tables */
	int pending; /* commands whose answers were not read */
	uint64_t names;
	int64_t changes;
	int64_t retry_at_us, backoff_us;
	char *error; /* of the last attempt to connect */
} PgConn;

typedef struct PgStatement {
	Prepared base;
	PgConn *conn;
	char name[24];
	size_t n_args;
	Oid *type; /* [n_args] */
} PgStatement;

/* ---- postgres_conn.c ---- */

/* A plain connection, for PQfinish; whether it was made tells PQstatus. */
PGconn *pg_dial(const Store *store);
/* A connection not yet made, in its own talloc root. */
PgConn *pg_conn_new(Store *store, bool writes);
/* False and conn->error when it cannot be made. */
bool pg_connect(PgConn *conn);
void pg_disconnect(PgConn *conn);
/* Puts a command without parameters on the way; failures come out of pg_sync. */
void pg_put(PgConn *conn, const char *sql);
/* Counts a command that libpq was given; sent: its answer. */
void pg_sent(PgConn *conn, int sent);
/* Reads the answers of all that is under way: 0 or the first failure, remembered in tx. The answer of the last command
 * goes to *ret_last (PQclear it) unless ret_last is NULL. sql: the last statement, for the sentence of the failure; or
 * NULL. */
int pg_sync(Tx *tx, const char *sql, PGresult **ret_last);
/* Drops the kept statements, here and on the server. */
void pg_forget(PgConn *conn);

/* ---- postgres_gather.c: rows that db_send inserts, held back until there are many ---- */

PgGather *pg_gather_new(TALLOC_CTX *ctx);
/* Takes the row if the statement is a plain INSERT of one; false: it is to be sent by itself. *ret: a failure of what
 * went on its way. */
bool pg_gather_take(Tx *tx, const char *sql, const Value *args, size_t n, int *ret);
/* Before a statement is sent whose answer nobody waits for: rows of the tables it names go first. */
int pg_gather_before(Tx *tx, const char *sql);
/* Before anything else: all rows go. */
int pg_gather_flush(Tx *tx);
void pg_gather_drop(PgGather *gather);

/* ---- postgres.c ---- */

/* Puts the statement on the way; waits only when too much is under way. */
int pg_statement_send(Tx *tx, const char *sql, const Value *args, size_t n);

/* ---- postgres_value.c ---- */

/* Fills conn->params for the statement; the values stay borrowed. */
int pg_params_fill(Tx *tx, const PgStatement *s, const Value *args);
int64_t pg_value_int(Oid type, const char *bytes, int len);
/* Text of a number or id; texts and bytes as they are. */
const char *pg_value_text(TALLOC_CTX *ctx, Oid type, const char *bytes, int len, size_t *ret_len);

/* ---- postgres_run.c ---- */
void *pg_worker_main(void *arg);
