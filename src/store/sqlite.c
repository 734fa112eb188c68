/* SQLite: connections, statements and cells. Who runs a transaction and when is the business of sqlite_writer.c and of
 * the readers below; the write-ahead log is kept short by sqlite_wal.c. */
#include "store/sqlite_int.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/os_fault.h"

#define WRITER_CACHE_KB 57344
#define READER_CACHE_KB 16384

typedef struct {
	Prepared base;
	SqliteConn *conn;
	sqlite3_stmt *handle;
	int n_marks;    /* what SQLite counts: distinct names */
	uint16_t *mark; /* [n_marks] the n of $n at each of them */
	size_t n_args;  /* the greatest n */
} SqliteStatement;

typedef struct {
	Rows base;
	SqliteStatement *statement;
} SqliteRows;

/* ---- errors ---- */

/* SQLite calls a file that may not grow (quota, limit of the file system) an I/O error, and keeps the reason only in
 * errno. */
static int statement_step(sqlite3_stmt *statement)
{
	errno = 0;
	int code = sqlite3_step(statement);
	bool cannot_grow = is_disk_full(errno);
	return (code & 0xff) == SQLITE_IOERR && cannot_grow ? SQLITE_FULL : code;
}

int sqlite_err(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE: return 0;
	case SQLITE_FULL: return ERR_FULL;
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return ERR_BUSY;
	case SQLITE_CONSTRAINT: break;
	default: return ERR_STORE;
	}
	switch (code) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
	case SQLITE_CONSTRAINT_FOREIGNKEY: return ERR_CONFLICT;
	default: return ERR_STORE;
	}
}

bool sqlite_lost_transaction(const SqliteConn *conn)
{
	return sqlite3_get_autocommit(conn->db) != 0;
}

static int tx_fail_sqlite(Tx *tx, int code, const char *sql)
{
	SqliteConn *conn = tx->conn;
	/* Whatever ran after this would run outside of any transaction. */
	if (sqlite_lost_transaction(conn))
		tx->dead = true;
	return tx_fail(tx, sqlite_err(code), "SQLite %d: %s, in: %.300s", code, sqlite3_errmsg(conn->db), sql);
}

/* ---- statements ---- */

static int statement_free(SqliteStatement *s)
{
	sqlite3_finalize(s->handle);
	return 0;
}

/* SQLite numbers $n by first appearance; the n is in the name. */
static bool statement_read_marks(SqliteStatement *s)
{
	s->n_marks = sqlite3_bind_parameter_count(s->handle);
	s->mark = talloc_array(s, uint16_t, (unsigned)s->n_marks + 1);
	for (int i = 0; i < s->n_marks; i++) {
		const char *name = sqlite3_bind_parameter_name(s->handle, i + 1);
		long n = name && name[0] == '$' ? strtol(name + 1, NULL, 10) : 0;
		if (n < 1 || n > UINT16_MAX)
			return false;
		s->mark[i] = (uint16_t)n;
		if ((size_t)n > s->n_args)
			s->n_args = (size_t)n;
	}
	return true;
}

static int statement_prepare(Tx *tx, SqliteStatement **ret, const char *sql, unsigned flags)
{
	SqliteConn *conn = tx->conn;
	SqliteStatement *s = talloc_zero(tx_mem(tx), SqliteStatement);
	const char *tail = "";

	s->conn = conn;
	s->base.sql = talloc_strdup(s, sql);
	talloc_set_destructor(s, statement_free);
	int code = sqlite3_prepare_v3(conn->db, sql, -1, flags, &s->handle, &tail);
	if (code != SQLITE_OK)
		return tx_fail_sqlite(tx, code, sql);
	if (!s->handle || tail[strspn(tail, " \t\r\n;")] != '\0')
		return tx_fail(tx, ERR_INTERNAL, "not one statement: %.300s", sql);
	if (!statement_read_marks(s))
		return tx_fail(tx, ERR_INTERNAL, "parameters other than $1, $2, ...: %.300s", sql);
	*ret = s;
	return 0;
}

/* The kept statement, or a new one: kept too, unless rows of the same statement are open. */
static int statement_get(Tx *tx, SqliteStatement **ret, const char *sql)
{
	SqliteConn *conn = tx->conn;
	Prepared *found = cache_find(conn->cache, sql);

	if (found && !found->busy) {
		*ret = (SqliteStatement *)found;
		return 0;
	}
	int r = statement_prepare(tx, ret, sql, found ? 0 : SQLITE_PREPARE_PERSISTENT);
	if (r == 0 && !found)
		cache_add(conn->cache, &(*ret)->base);
	return r;
}

static int value_bind(sqlite3_stmt *handle, int index, const Value *v, sqlite3_destructor_type lifetime)
{
	const char *bytes = v->type == VALUE_TEXT || v->type == VALUE_BYTES ? (v->text ? v->text : "") : NULL;
	switch (v->type) {
	case VALUE_NULL: return sqlite3_bind_null(handle, index);
	case VALUE_BOOL:
	case VALUE_INT:
	case VALUE_DECIMAL:
	case VALUE_TIME: return sqlite3_bind_int64(handle, index, v->i);
	case VALUE_TEXT: return sqlite3_bind_text64(handle, index, bytes, v->len, lifetime, SQLITE_UTF8);
	case VALUE_ID: return sqlite3_bind_blob64(handle, index, v->id.byte, sizeof v->id.byte, lifetime);
	case VALUE_BYTES: return sqlite3_bind_blob64(handle, index, bytes, v->len, lifetime);
	}
	return SQLITE_MISUSE;
}

static int statement_bind(Tx *tx, SqliteStatement *s, const Value *args, size_t n, sqlite3_destructor_type lifetime)
{
	if (n != s->n_args)
		return tx_fail(tx, ERR_INTERNAL, "%zu parameters given, %zu wanted: %.300s", n, s->n_args, s->base.sql);
	for (int i = 0; i < s->n_marks; i++) {
		const Value *v = &args[s->mark[i] - 1];
		/* PostgreSQL refuses it, and C would cut it: the same answer on both. */
		if (v->type == VALUE_TEXT && v->len > 0 && memchr(v->text, '\0', v->len))
			return tx_fail(tx, ERR_INVALID, "text with a NUL byte for $%d: %.300s", s->mark[i],
				       s->base.sql);
		int code = value_bind(s->handle, i + 1, v, lifetime);
		if (code != SQLITE_OK)
			return tx_fail_sqlite(tx, code, s->base.sql);
	}
	return 0;
}

/* A statement that was made for this once only is not in the cache. */
static void statement_release(SqliteStatement *s)
{
	sqlite3_reset(s->handle);
	s->base.busy = false;
	if (talloc_parent(s) != s->conn->cache)
		talloc_free(s);
}

static int statement_run(Tx *tx, SqliteStatement *s)
{
	int code;
	do
		code = statement_step(s->handle);
	while (code == SQLITE_ROW);
	return code == SQLITE_DONE ? 0 : tx_fail_sqlite(tx, code, s->base.sql);
}

static int sqlite_exec(Tx *tx, const char *sql, const Value *args, size_t n)
{
	SqliteStatement *s = NULL;
	int r = statement_get(tx, &s, sql);
	if (r < 0)
		return r;
	r = statement_bind(tx, s, args, n, SQLITE_STATIC);
	if (r == 0)
		r = statement_run(tx, s);
	statement_release(s);
	return r;
}

static int sqlite_query(Tx *tx, Rows **ret_rows, const char *sql, const Value *args, size_t n)
{
	SqliteStatement *s = NULL;
	int r = statement_get(tx, &s, sql);
	if (r < 0)
		return r;
	/* The caller's texts may be gone when the rows are stepped. */
	r = statement_bind(tx, s, args, n, SQLITE_TRANSIENT);
	if (r < 0) {
		statement_release(s);
		return r;
	}
	SqliteRows *rows = talloc_zero(tx_mem(tx), SqliteRows);
	s->base.busy = true;
	rows->statement = s;
	rows_opened(tx, &rows->base);
	*ret_rows = &rows->base;
	return 0;
}

static int sqlite_run(Tx *tx, const char *sql)
{
	SqliteStatement *s = NULL;
	int r = statement_prepare(tx, &s, sql, 0);
	if (r < 0)
		return r;
	r = statement_run(tx, s);
	talloc_free(s);
	return r;
}

static int64_t sqlite_changes(const Tx *tx)
{
	const SqliteConn *conn = tx->conn;
	return sqlite3_changes64(conn->db);
}

static int64_t sqlite_last_seq(const Tx *tx)
{
	const SqliteConn *conn = tx->conn;
	return sqlite3_last_insert_rowid(conn->db);
}

int sqlite_word(sqlite3_stmt *statement)
{
	int code = statement_step(statement);
	sqlite3_reset(statement);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int sqlite_tx_word(Tx *tx, sqlite3_stmt *statement)
{
	int code = sqlite_word(statement);
	return code == SQLITE_OK ? 0 : tx_fail_sqlite(tx, code, sqlite3_sql(statement));
}

static int sqlite_mark(Tx *tx)
{
	return sqlite_tx_word(tx, ((SqliteConn *)tx->conn)->save);
}

static int sqlite_keep(Tx *tx)
{
	return sqlite_tx_word(tx, ((SqliteConn *)tx->conn)->release);
}

static int sqlite_undo(Tx *tx)
{
	int r = sqlite_tx_word(tx, ((SqliteConn *)tx->conn)->back);
	return r < 0 ? r : sqlite_keep(tx);
}

/* ---- rows ---- */

static sqlite3_stmt *rows_handle(const Rows *rows)
{
	return ((const SqliteRows *)rows)->statement->handle;
}

static bool sqlite_rows_next(Rows *rows)
{
	if (rows->tx->dead) {
		rows->error = rows->tx->failed;
		return false;
	}
	int code = statement_step(rows_handle(rows));
	if (code == SQLITE_ROW)
		return true;
	if (code != SQLITE_DONE)
		rows->error = tx_fail_sqlite(rows->tx, code, ((SqliteRows *)rows)->statement->base.sql);
	return false;
}

static void sqlite_rows_free(Rows *rows)
{
	statement_release(((SqliteRows *)rows)->statement);
	talloc_free(rows);
}

static bool sqlite_cell_is_null(const Rows *rows, int column)
{
	return sqlite3_column_type(rows_handle(rows), column) == SQLITE_NULL;
}

static int64_t sqlite_cell_int(const Rows *rows, int column)
{
	return sqlite3_column_int64(rows_handle(rows), column);
}

static const char *sqlite_cell_text(const Rows *rows, int column, size_t *ret_len)
{
	const unsigned char *text = sqlite3_column_text(rows_handle(rows), column);
	*ret_len = (size_t)sqlite3_column_bytes(rows_handle(rows), column);
	return (const char *)text;
}

static const void *sqlite_cell_bytes(const Rows *rows, int column, size_t *ret_len)
{
	const void *bytes = sqlite3_column_blob(rows_handle(rows), column);
	*ret_len = (size_t)sqlite3_column_bytes(rows_handle(rows), column);
	return bytes || sqlite_cell_is_null(rows, column) ? bytes : "";
}

/* ---- connections ---- */

static int conn_free(SqliteConn *conn)
{
	sqlite3_stmt *words[] = {conn->begin, conn->commit, conn->rollback, conn->save, conn->release, conn->back};
	TALLOC_FREE(conn->cache);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		sqlite3_finalize(words[i]);
	int code = sqlite3_close(conn->db);
	assert(code == SQLITE_OK); /* else a statement outlived its connection */
	return 0;
}

static bool conn_prepare_words(SqliteConn *conn, bool writes)
{
	const struct { sqlite3_stmt **ret; const char *sql; } words[] = {
		{&conn->begin, writes ? "BEGIN IMMEDIATE" : "BEGIN"},
		{&conn->commit, "COMMIT"},
		{&conn->rollback, "ROLLBACK"},
		{&conn->save, "SAVEPOINT inner_mark"},
		{&conn->release, "RELEASE inner_mark"},
		{&conn->back, "ROLLBACK TO inner_mark"},
	};
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		int code = sqlite3_prepare_v3(conn->db, words[i].sql, -1, SQLITE_PREPARE_PERSISTENT,
					      words[i].ret, NULL);
		if (code != SQLITE_OK)
			return false;
	}
	return true;
}

/* Automatic checkpoints are off: they would run inside the writer, and they made its p99. secure_delete, on in Debian,
 * costs writes. Caches fill as they are used. */
static const char pragmas_of_all[] =
	"PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=67108864;"
	"PRAGMA foreign_keys=ON; PRAGMA secure_delete=OFF; PRAGMA trusted_schema=OFF;";

static const char *pragmas_of_role(const Store *store, bool writes)
{
	if (!writes)
		return "PRAGMA query_only=ON;";
	return store->config.full_sync ? "PRAGMA synchronous=FULL;" : "PRAGMA synchronous=NORMAL;";
}

static int cache_set(const Store *store, sqlite3 *db, bool writes)
{
	char pragma[64];
	int kb = !writes ? READER_CACHE_KB : store->config.cache_kb ? store->config.cache_kb : WRITER_CACHE_KB;
	snprintf(pragma, sizeof pragma, "PRAGMA cache_size=-%d", kb);
	return sqlite3_exec(db, pragma, NULL, NULL, NULL);
}

/* A connection in its own talloc root: it is handed whole to the thread that uses it. */
static SqliteConn *conn_open(Store *store, bool writes, char **ret_error)
{
	SqliteConn *conn = talloc_zero(NULL, SqliteConn);
	conn->store = store;
	conn->cache = cache_new(conn);
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (writes ? SQLITE_OPEN_CREATE : 0);
	int code = sqlite3_open_v2(store->config.path, &conn->db, flags, NULL);
	if (code == SQLITE_OK) {
		sqlite3_extended_result_codes(conn->db, 1);
		sqlite3_busy_timeout(conn->db, STORE_WAIT_MS);
		code = sqlite3_exec(conn->db, pragmas_of_all, NULL, NULL, NULL);
	}
	if (code == SQLITE_OK)
		code = sqlite3_exec(conn->db, pragmas_of_role(store, writes), NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = cache_set(store, conn->db, writes);
	talloc_set_destructor(conn, conn_free);
	if (code == SQLITE_OK && conn_prepare_words(conn, writes))
		return conn;
	*ret_error = talloc_asprintf(NULL, "The database file %s cannot be opened: %s. Check that the folder exists, "
		"that it may be written and that no other program holds the file.", store->config.path,
		sqlite3_errmsg(conn->db));
	talloc_free(conn);
	return NULL;
}

/* ---- readers ---- */

static int reader_run(SqliteConn *conn, const Job *job)
{
	Tx tx;
	tx_begin(&tx, conn->store, conn);
	int code = sqlite_word(conn->begin);
	int r = code == SQLITE_OK ? tx_run(&tx, job) : sqlite_err(code);
	if (!sqlite_lost_transaction(conn))
		(void)sqlite_word(conn->rollback); /* nothing was written; it only lets the snapshot go */
	if (r == 0)
		tx_committed(&tx);
	else
		tx_rolled_back(&tx);
	tx_end(&tx);
	return r;
}

static void *reader_main(void *arg)
{
	SqliteConn *conn = arg;
	Job job;
	while (queue_pop_wait(&conn->store->reads, &job))
		job.done(job.arg, reader_run(conn, &job));
	return NULL;
}

/* ---- opening ---- */

/* Without the statistics SQLite's threads meet at no common lock for memory. */
static void sqlite_configure(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static int sqlite_open_conns(Store *store, SqliteState *state, char **ret_error)
{
	state->writer = conn_open(store, true, ret_error);
	if (!state->writer)
		return ERR_STORE;
	state->checkpointer.conn = conn_open(store, true, ret_error);
	if (!state->checkpointer.conn)
		return ERR_STORE;
	while (state->n_readers < store->config.readers) {
		SqliteConn *reader = conn_open(store, false, ret_error);
		if (!reader)
			return ERR_STORE;
		state->readers[state->n_readers++] = reader;
	}
	return 0;
}

static void sqlite_close_conns(SqliteState *state)
{
	for (int i = 0; i < state->n_readers; i++)
		talloc_free(state->readers[i]);
	TALLOC_FREE(state->checkpointer.conn);
	TALLOC_FREE(state->writer); /* the last one: SQLite checkpoints and removes the log */
}

static int sqlite_open(Store *store, char **ret_error)
{
	static pthread_once_t configured = PTHREAD_ONCE_INIT; /* the library's setting is the process's */
	pthread_once(&configured, sqlite_configure);

	SqliteState *state = talloc_zero(store, SqliteState);
	store->state = state;
	int r = sqlite_open_conns(store, state, ret_error);
	if (r < 0) {
		sqlite_close_conns(state);
		return r;
	}
	wal_start(store);
	store_thread(store, sqlite_writer_main, store);
	for (int i = 0; i < state->n_readers; i++)
		store_thread(store, reader_main, state->readers[i]);
	return 0;
}

static void sqlite_close(Store *store)
{
	store_join(store);
	wal_stop(store);
	sqlite_close_conns(store->state);
}

const Engine engine_sqlite = {
	.postgres = false,
	.open = sqlite_open,
	.close = sqlite_close,
	.exec = sqlite_exec,
	.send = sqlite_exec,
	.query = sqlite_query,
	.run = sqlite_run,
	.changes = sqlite_changes,
	.last_seq = sqlite_last_seq,
	.mark = sqlite_mark,
	.keep = sqlite_keep,
	.undo = sqlite_undo,
	.rows_next = sqlite_rows_next,
	.rows_free = sqlite_rows_free,
	.cell_is_null = sqlite_cell_is_null,
	.cell_int = sqlite_cell_int,
	.cell_text = sqlite_cell_text,
	.cell_bytes = sqlite_cell_bytes,
};
