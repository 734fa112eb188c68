/* A look from outside: one connection of either engine and plain SQL. It writes only to copies. */
#include "store/inspect.h"

#include "store/store_int.h"
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdlib.h>

#define CELLS_MAX 16

struct Inspection {
	sqlite3 *db;
	PGconn *pg;
	char *error;
};

static int fail(Inspection *i)
{
	TALLOC_FREE(i->error);
	i->error = talloc_strdup(i, i->pg ? PQerrorMessage(i->pg) : sqlite3_errmsg(i->db));
	return ERR_STORE;
}

static int inspect_run(Inspection *i, const char *sql)
{
	if (!i->pg)
		return sqlite3_exec(i->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail(i);
	PGresult *result = PQexec(i->pg, sql);
	ExecStatusType status = PQresultStatus(result);
	PQclear(result);
	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? 0 : fail(i);
}

/* ---- opening ---- */

static int open_postgres(Inspection *i, const InspectConfig *config)
{
	char *sql = talloc_asprintf(i, "SET search_path TO \"%s\"", config->schema);
	i->pg = PQconnectdb(config->database);
	if (PQstatus(i->pg) != CONNECTION_OK)
		return fail(i);
	int r = inspect_run(i, sql);
	return r < 0 ? r : inspect_run(i, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
}

static int attach(Inspection *i, const char *path)
{
	char *sql = sqlite3_mprintf("ATTACH %Q AS receipts", path);
	int r = inspect_run(i, sql);
	sqlite3_free(sql);
	return r;
}

static int open_sqlite(Inspection *i, const InspectConfig *config)
{
	if (sqlite3_open_v2(config->records, &i->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return fail(i);
	sqlite3_busy_timeout(i->db, STORE_WAIT_MS);
	int r = config->receipts ? attach(i, config->receipts) : 0;
	if (r < 0 || config->writes)
		return r;
	r = inspect_run(i, "PRAGMA query_only=ON; BEGIN");
	/* The order matters: what is taken in between the two moments must not look lost. */
	if (r == 0 && config->receipts)
		r = inspect_run(i, "SELECT count(*) FROM receipts.sqlite_schema");
	return r < 0 ? r : inspect_run(i, "SELECT count(*) FROM main.sqlite_schema");
}

Inspection *inspect_open(TALLOC_CTX *ctx, const InspectConfig *config, char **ret_error)
{
	Inspection *i = talloc_zero(ctx, Inspection);
	int r = config->database ? open_postgres(i, config) : open_sqlite(i, config);
	if (r == 0)
		return i;
	*ret_error = talloc_asprintf(ctx, "%s cannot be read: %s", config->database ? "The database" : config->records,
				     i->error);
	inspect_close(i);
	return NULL;
}

void inspect_close(Inspection *i)
{
	if (!i)
		return;
	if (i->pg)
		PQfinish(i->pg);
	sqlite3_close(i->db);
	talloc_free(i);
}

bool inspect_is_postgres(const Inspection *i)
{
	return i->pg != NULL;
}

const char *inspect_error(const Inspection *i)
{
	return i->error ? i->error : "";
}

/* ---- rows ---- */

static int rows_postgres(Inspection *i, const char *sql, InspectRow row, void *arg)
{
	PGresult *result = PQexec(i->pg, sql);
	const char *cells[CELLS_MAX];
	int n = PQnfields(result), r = PQresultStatus(result) == PGRES_TUPLES_OK && n <= CELLS_MAX ? 0 : fail(i);
	bool more = true;
	for (int at = 0; r == 0 && more && at < PQntuples(result); at++) {
		for (int k = 0; k < n; k++)
			cells[k] = PQgetisnull(result, at, k) ? NULL : PQgetvalue(result, at, k);
		more = row(arg, cells, n);
	}
	PQclear(result);
	return r;
}

static int rows_sqlite(Inspection *i, const char *sql, InspectRow row, void *arg)
{
	sqlite3_stmt *s = NULL;
	const char *cells[CELLS_MAX];
	int code = sqlite3_prepare_v2(i->db, sql, -1, &s, NULL);
	int n = code == SQLITE_OK ? sqlite3_column_count(s) : 0;
	if (code != SQLITE_OK || n > CELLS_MAX) {
		sqlite3_finalize(s);
		return fail(i);
	}
	bool more = true;
	while (more && (code = sqlite3_step(s)) == SQLITE_ROW) {
		for (int k = 0; k < n; k++)
			cells[k] = (const char *)sqlite3_column_text(s, k);
		more = row(arg, cells, n);
	}
	int r = code == SQLITE_ROW || code == SQLITE_DONE ? 0 : fail(i);
	sqlite3_finalize(s);
	return r;
}

int inspect_rows(Inspection *i, const char *sql, InspectRow row, void *arg)
{
	return i->pg ? rows_postgres(i, sql, row, arg) : rows_sqlite(i, sql, row, arg);
}

static bool number_row(void *arg, const char *const *cells, int n)
{
	(void)n;
	*(int64_t *)arg = cells[0] ? strtoll(cells[0], NULL, 10) : 0;
	return false;
}

int inspect_number(Inspection *i, const char *sql, int64_t *ret)
{
	*ret = 0;
	return inspect_rows(i, sql, number_row, ret);
}

int inspect_write(Inspection *i, const char *sql, int64_t *ret)
{
	int r = i->pg ? ERR_INTERNAL : inspect_run(i, sql);
	*ret = r == 0 ? sqlite3_changes64(i->db) : 0;
	return r;
}
