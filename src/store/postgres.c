/* PostgreSQL: statements, rows and opening. Every statement is prepared once a connection; its parameters and its rows
 * travel in binary. Who runs a transaction, and runs it again, is the business of postgres_run.c. */
#include "store/postgres_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PG_VERSION_MIN 150000

typedef struct {
	Rows base;
	PGresult *result;
	int row;
} PgRows;

typedef struct {
	PgConn *conn[STORE_THREADS_MAX];
	int n;
} PgState;

/* ---- statements ---- */

static int statement_free(PgStatement *s)
{
	char sql[48];
	if (!s->conn->pg)
		return 0;
	(void)snprintf(sql, sizeof sql, "DEALLOCATE %s", s->name);
	pg_put(s->conn, sql);
	return 0;
}

static void pg_begin(PgConn *conn)
{
	if (conn->in_tx)
		return;
	conn->in_tx = true;
	pg_put(conn, conn->writes ? "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
				  : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
}

static int statement_describe(Tx *tx, PgStatement *s)
{
	PGresult *described = NULL;
	PGconn *pg = s->conn->pg;

	pg_sent(s->conn, PQsendPrepare(pg, s->name, s->base.sql, 0, NULL));
	pg_sent(s->conn, PQsendDescribePrepared(pg, s->name));
	int r = pg_sync(tx, s->base.sql, &described);
	if (r < 0)
		return r;
	s->n_args = (size_t)PQnparams(described);
	s->type = talloc_array(s, Oid, (unsigned)s->n_args + 1);
	for (size_t i = 0; i < s->n_args; i++)
		s->type[i] = PQparamtype(described, (int)i);
	PQclear(described);
	return 0;
}

static int statement_get(Tx *tx, PgStatement **ret, const char *sql)
{
	PgConn *conn = tx->conn;
	Prepared *found = cache_find(conn->cache, sql);
	if (found) {
		*ret = (PgStatement *)found;
		return 0;
	}
	PgStatement *s = talloc_zero(tx_mem(tx), PgStatement);
	s->conn = conn;
	s->base.sql = talloc_strdup(s, sql);
	(void)snprintf(s->name, sizeof s->name, "s%llu", (unsigned long long)++conn->names);
	int r = statement_describe(tx, s);
	if (r < 0)
		return r;
	talloc_set_destructor(s, statement_free);
	cache_add(conn->cache, &s->base);
	*ret = s;
	return 0;
}

/* Puts the statement on the way. */
static int statement_put(Tx *tx, const char *sql, const Value *args, size_t n)
{
	PgConn *conn = tx->conn;
	PgStatement *s = NULL;

	pg_begin(conn);
	int r = statement_get(tx, &s, sql);
	if (r < 0)
		return r;
	if (n != s->n_args)
		return tx_fail(tx, ERR_INTERNAL, "%zu parameters given, %zu wanted: %.300s", n, s->n_args, sql);
	r = pg_params_fill(tx, s, args);
	if (r < 0)
		return r;
	const PgParams *p = &conn->params;
	pg_sent(conn, PQsendQueryPrepared(conn->pg, s->name, (int)n, p->value, p->len, p->format, 1));
	conn->unsure = true;
	return 0;
}

static int postgres_exec(Tx *tx, const char *sql, const Value *args, size_t n)
{
	PGresult *result = NULL;
	PgConn *conn = tx->conn;
	int r = pg_gather_flush(tx);
	if (r == 0)
		r = statement_put(tx, sql, args, n);
	if (r == 0)
		r = pg_sync(tx, sql, &result);
	if (r < 0)
		return r;
	conn->changes = strtoll(PQcmdTuples(result), NULL, 10);
	PQclear(result);
	return 0;
}

int pg_statement_send(Tx *tx, const char *sql, const Value *args, size_t n)
{
	const PgConn *conn = tx->conn;
	int r = statement_put(tx, sql, args, n);
	return r == 0 && conn->pending >= PG_PENDING_MAX ? pg_sync(tx, NULL, NULL) : r;
}

static int postgres_send(Tx *tx, const char *sql, const Value *args, size_t n)
{
	int r = 0;
	if (pg_gather_take(tx, sql, args, n, &r))
		return r;
	r = pg_gather_before(tx, sql);
	return r < 0 ? r : pg_statement_send(tx, sql, args, n);
}

static int rows_destroy(PgRows *rows)
{
	PQclear(rows->result);
	return 0;
}

static int postgres_query(Tx *tx, Rows **ret_rows, const char *sql, const Value *args, size_t n)
{
	PGresult *result = NULL;
	int r = pg_gather_flush(tx);
	if (r == 0)
		r = statement_put(tx, sql, args, n);
	if (r == 0)
		r = pg_sync(tx, sql, &result);
	if (r < 0)
		return r;
	PgRows *rows = talloc_zero(tx_mem(tx), PgRows);
	rows->result = result;
	rows->row = -1;
	talloc_set_destructor(rows, rows_destroy);
	rows_opened(tx, &rows->base);
	*ret_rows = &rows->base;
	return 0;
}

static int postgres_run(Tx *tx, const char *sql)
{
	int r = pg_gather_flush(tx);
	if (r < 0)
		return r;
	pg_begin(tx->conn);
	pg_put(tx->conn, sql);
	return pg_sync(tx, sql, NULL);
}

static int64_t postgres_changes(const Tx *tx)
{
	return ((const PgConn *)tx->conn)->changes;
}

/* ---- inner savepoint ---- */

/* What was sent before belongs outside: its failure must come out before the savepoint is set. The savepoint's own
 * words cannot fail, so they travel with the next statement. */
static int postgres_mark(Tx *tx)
{
	PgConn *conn = tx->conn;
	pg_begin(conn);
	int r = pg_gather_flush(tx);
	if (r == 0 && conn->unsure)
		r = pg_sync(tx, NULL, NULL);
	if (r == 0)
		pg_put(conn, "SAVEPOINT inner_mark");
	return r;
}

static int postgres_keep(Tx *tx)
{
	PgConn *conn = tx->conn;
	int r = pg_gather_flush(tx);
	if (r == 0 && conn->unsure)
		r = pg_sync(tx, NULL, NULL);
	if (r == 0)
		pg_put(conn, "RELEASE inner_mark");
	return r;
}

static int postgres_undo(Tx *tx)
{
	PgConn *conn = tx->conn;
	pg_gather_drop(conn->gather);
	if (conn->unsure && pg_sync(tx, NULL, NULL) < 0) {
		if (tx->dead || tx->retry)
			return tx->failed;
		tx->failed = 0; /* it is being undone */
	}
	pg_put(conn, "ROLLBACK TO inner_mark");
	pg_put(conn, "RELEASE inner_mark");
	return 0;
}

/* ---- rows ---- */

static bool postgres_rows_next(Rows *rows)
{
	PgRows *r = (PgRows *)rows;
	if (r->row + 1 >= PQntuples(r->result))
		return false;
	r->row++;
	return true;
}

static void postgres_rows_free(Rows *rows)
{
	talloc_free(rows);
}

static bool postgres_cell_is_null(const Rows *rows, int column)
{
	const PgRows *r = (const PgRows *)rows;
	return PQgetisnull(r->result, r->row, column) != 0;
}

static int64_t postgres_cell_int(const Rows *rows, int column)
{
	const PgRows *r = (const PgRows *)rows;
	if (postgres_cell_is_null(rows, column))
		return 0;
	return pg_value_int(PQftype(r->result, column), PQgetvalue(r->result, r->row, column),
			    PQgetlength(r->result, r->row, column));
}

static const char *postgres_cell_text(const Rows *rows, int column, size_t *ret_len)
{
	const PgRows *r = (const PgRows *)rows;
	*ret_len = 0;
	if (postgres_cell_is_null(rows, column))
		return NULL;
	return pg_value_text((TALLOC_CTX *)(uintptr_t)r, PQftype(r->result, column),
			     PQgetvalue(r->result, r->row, column), PQgetlength(r->result, r->row, column), ret_len);
}

static const void *postgres_cell_bytes(const Rows *rows, int column, size_t *ret_len)
{
	const PgRows *r = (const PgRows *)rows;
	*ret_len = (size_t)PQgetlength(r->result, r->row, column);
	return postgres_cell_is_null(rows, column) ? NULL : PQgetvalue(r->result, r->row, column);
}

/* ---- opening ---- */

static bool schema_exists(PGconn *pg, const char *schema)
{
	static const char sql[] = "SELECT 1 FROM pg_namespace WHERE nspname = $1";
	PGresult *result = PQexecParams(pg, sql, 1, NULL, &schema, NULL, NULL, 0);
	bool exists = PQntuples(result) == 1;
	PQclear(result);
	return exists;
}

static bool schema_make(PGconn *pg, const char *schema)
{
	char sql[128];
	if (schema_exists(pg, schema))
		return true;
	(void)snprintf(sql, sizeof sql, "CREATE SCHEMA \"%s\"", schema);
	PQclear(PQexec(pg, sql));
	return schema_exists(pg, schema); /* made by us, or by another process at this moment */
}

/* The first connection: is this a server that we can stand on? */
static char *postgres_probe(const Store *store)
{
	if (!sql_is_identifier(store->config.schema))
		return talloc_asprintf(NULL, "\"%s\" is no schema name: lower-case letters, digits and _ only, "
				       "63 at most.", store->config.schema);
	PGconn *pg = PQconnectdb(store->config.database);
	const char *encoding = PQparameterStatus(pg, "server_encoding");
	char *error = NULL;
	if (PQstatus(pg) != CONNECTION_OK)
		error = talloc_asprintf(NULL, "PostgreSQL does not answer: %s", PQerrorMessage(pg));
	else if (PQserverVersion(pg) < PG_VERSION_MIN)
		error = talloc_asprintf(NULL, "PostgreSQL 15 or newer is needed; this server is %s.",
					PQparameterStatus(pg, "server_version"));
	else if (!encoding || strcmp(encoding, "UTF8") != 0)
		error = talloc_asprintf(NULL, "The database must have the encoding UTF8; this one has %s.", encoding);
	else if (!schema_make(pg, store->config.schema))
		error = talloc_asprintf(NULL, "The schema \"%s\" cannot be made: %s", store->config.schema,
					PQerrorMessage(pg));
	PQfinish(pg);
	return error;
}

static void postgres_start(Store *store, PgState *state, bool writes)
{
	PgConn *conn = pg_conn_new(store, writes);
	state->conn[state->n++] = conn;
	store_thread(store, pg_worker_main, conn);
}

static int postgres_open(Store *store, char **ret_error)
{
	*ret_error = postgres_probe(store);
	if (*ret_error)
		return ERR_STORE;
	PgState *state = talloc_zero(store, PgState);
	store->state = state;
	for (int i = 0; i < store->config.writers; i++)
		postgres_start(store, state, true);
	for (int i = 0; i < store->config.readers; i++)
		postgres_start(store, state, false);
	return 0;
}

static void postgres_close(Store *store)
{
	PgState *state = store->state;
	store_join(store);
	for (int i = 0; i < state->n; i++)
		talloc_free(state->conn[i]);
}

const Engine engine_postgres = {
	.postgres = true,
	.open = postgres_open,
	.close = postgres_close,
	.exec = postgres_exec,
	.send = postgres_send,
	.query = postgres_query,
	.run = postgres_run,
	.changes = postgres_changes,
	.mark = postgres_mark,
	.keep = postgres_keep,
	.undo = postgres_undo,
	.rows_next = postgres_rows_next,
	.rows_free = postgres_rows_free,
	.cell_is_null = postgres_cell_is_null,
	.cell_int = postgres_cell_int,
	.cell_text = postgres_cell_text,
	.cell_bytes = postgres_cell_bytes,
};
