/* The transaction as a job sees it: hooks, memory, the inner savepoint, statements and cells. All of it is
 * engine-neutral and passes through the engine's table. A failed statement spoils the transaction on both engines
 * alike, as PostgreSQL has it: a job that passes on one engine passes on the other. */
#include "store/store_int.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#define ENGINE(tx) ((tx)->store->engine)

void tx_begin(Tx *tx, Store *store, void *conn)
{
	*tx = (Tx){.store = store, .conn = conn};
}

TALLOC_CTX *tx_mem(Tx *tx)
{
	if (!tx->mem)
		tx->mem = talloc_new(NULL);
	return tx->mem;
}

void tx_end(Tx *tx)
{
	TALLOC_FREE(tx->mem);
}

Store *tx_store(Tx *tx)
{
	return tx->store;
}

bool tx_is_postgres(const Tx *tx)
{
	return ENGINE(tx)->postgres;
}

const char *tx_error(const Tx *tx)
{
	return tx->error ? tx->error : "";
}

int tx_fail(Tx *tx, int err, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	tx->error = talloc_vasprintf(tx_mem(tx), format, ap);
	va_end(ap);
	tx->failed = err;
	/* The others are for the asker; whether they matter is known above. */
	if (err == ERR_STORE || err == ERR_FULL || err == ERR_INTERNAL)
		log_warn("store", "%s", tx->error);
	return err;
}

/* ---- hooks ---- */

static Hook *hook_push(Tx *tx, Hook *before, void (*fn)(void *arg), void *arg)
{
	Hook *hook = talloc(tx_mem(tx), Hook);
	*hook = (Hook){.fn = fn, .arg = arg, .before = before};
	return hook;
}

void tx_on_commit(Tx *tx, void (*fn)(void *arg), void *arg)
{
	tx->on_commit = hook_push(tx, tx->on_commit, fn, arg);
}

void tx_on_rollback(Tx *tx, void (*fn)(void *arg), void *arg)
{
	tx->on_rollback = hook_push(tx, tx->on_rollback, fn, arg);
}

static Hook *hook_reverse(Hook *last)
{
	Hook *reversed = NULL;
	while (last) {
		Hook *before = last->before;
		last->before = reversed;
		reversed = last;
		last = before;
	}
	return reversed;
}

void tx_committed(Tx *tx)
{
	for (Hook *hook = hook_reverse(tx->on_commit); hook; hook = hook->before)
		hook->fn(hook->arg);
	tx->on_commit = tx->on_rollback = NULL;
}

/* Undoes down to the hook that stood on top at the savepoint, the last given first. */
static void hook_unwind(Tx *tx, Hook *commit_top, Hook *rollback_top)
{
	for (Hook *hook = tx->on_rollback; hook != rollback_top; hook = hook->before)
		hook->fn(hook->arg);
	tx->on_commit = commit_top;
	tx->on_rollback = rollback_top;
}

void tx_rolled_back(Tx *tx)
{
	hook_unwind(tx, NULL, NULL);
}

/* ---- running ---- */

static void rows_close_down_to(Tx *tx, const Rows *keep)
{
	while (tx->open_rows && tx->open_rows != keep) {
		Rows *rows = tx->open_rows;
		rows_close(&rows);
	}
}

int tx_run(Tx *tx, const Job *job)
{
	int r = job->fn(tx, job->arg);
	assert(r <= 0);
	rows_close_down_to(tx, NULL);
	return r < 0 ? r : tx->failed;
}

int tx_nested(Tx *tx, StoreJob fn, void *arg)
{
	if (tx->failed)
		return tx->failed;
	int r = ENGINE(tx)->mark(tx);
	if (r < 0)
		return r;
	Hook *commit_top = tx->on_commit, *rollback_top = tx->on_rollback;
	const Rows *rows_top = tx->open_rows;

	r = fn(tx, arg);
	assert(r <= 0);
	rows_close_down_to(tx, rows_top);
	if (r == 0)
		r = tx->failed;
	if (r == 0)
		r = ENGINE(tx)->keep(tx);
	if (r == 0)
		return 0;
	hook_unwind(tx, commit_top, rollback_top);
	if (tx->dead || tx->retry)
		return r;
	tx->failed = 0;
	int undone = ENGINE(tx)->undo(tx);
	return undone < 0 ? undone : r;
}

int db_exec_n(Tx *tx, const char *sql, const Value *args, size_t n)
{
	return tx->failed ? tx->failed : ENGINE(tx)->exec(tx, sql, args, n);
}

int db_send_n(Tx *tx, const char *sql, const Value *args, size_t n)
{
	return tx->failed ? tx->failed : ENGINE(tx)->send(tx, sql, args, n);
}

int db_query_n(Tx *tx, Rows **ret_rows, const char *sql, const Value *args, size_t n)
{
	return tx->failed ? tx->failed : ENGINE(tx)->query(tx, ret_rows, sql, args, n);
}

int tx_lock(Tx *tx, const char *name)
{
	if (!tx_is_postgres(tx))
		return 0;
	return db_send(tx, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", value_text(name));
}

int64_t db_changes(const Tx *tx)
{
	return ENGINE(tx)->changes(tx);
}

int db_int_n(Tx *tx, int64_t *ret, const char *sql, const Value *args, size_t n)
{
	ROWS rows = NULL;
	int r = db_query_n(tx, &rows, sql, args, n);
	if (r < 0)
		return r;
	if (rows_next(rows)) {
		*ret = rows_int(rows, 0);
		return 0;
	}
	r = rows_error(rows);
	return r < 0 ? r : ERR_NOT_FOUND;
}

int db_id_n(Tx *tx, Id *ret, const char *sql, const Value *args, size_t n)
{
	ROWS rows = NULL;
	int r = db_query_n(tx, &rows, sql, args, n);
	if (r < 0)
		return r;
	if (rows_next(rows)) {
		*ret = rows_id(rows, 0);
		return 0;
	}
	r = rows_error(rows);
	return r < 0 ? r : ERR_NOT_FOUND;
}

int db_insert_n(Tx *tx, int64_t *ret_seq, const char *sql, const Value *args, size_t n)
{
	if (!ENGINE(tx)->last_seq)
		return db_int_n(tx, ret_seq, talloc_asprintf(tx_mem(tx), "%s RETURNING seq", sql), args, n);
	int r = db_exec_n(tx, sql, args, n);
	if (r == 0)
		*ret_seq = ENGINE(tx)->last_seq(tx);
	return r;
}

int db_serials_draw(Tx *tx, const char *table, size_t n)
{
	ROWS rows = NULL;
	if (ENGINE(tx)->last_seq)
		return 0;
	int r = db_query(tx, &rows,
	                 "SELECT nextval($1::text::regclass) FROM pg_current_xact_id(), generate_series(1, $2::integer)",
	                 value_text(talloc_asprintf(tx_mem(tx), "%s_seq_seq", table)), value_int((int64_t)n));
	if (r < 0)
		return r;
	tx->serials = talloc_array(tx_mem(tx), int64_t, (unsigned)n);
	tx->n_serials = tx->serial_at = 0;
	while (tx->n_serials < n && rows_next(rows))
		tx->serials[tx->n_serials++] = rows_int(rows, 0);
	return rows_error(rows);
}

int64_t db_serial_next(Tx *tx)
{
	return tx->serial_at < tx->n_serials ? tx->serials[tx->serial_at++] : 0;
}

int db_ddl(Tx *tx, const char *ddl)
{
	if (tx->failed)
		return tx->failed;
	char *expanded = ddl_expand(tx_mem(tx), ddl, tx_is_postgres(tx));
	if (!expanded)
		return tx_fail(tx, ERR_INTERNAL, "unknown {WORD} in DDL: %s", ddl);
	const char *rest = expanded;
	for (char *statement; (statement = ddl_next(expanded, &rest));) {
		int r = ENGINE(tx)->run(tx, statement);
		if (r < 0)
			return r;
	}
	talloc_free(expanded);
	return 0;
}

/* ---- rows ---- */

void rows_opened(Tx *tx, Rows *rows)
{
	rows->tx = tx;
	rows->next_open = tx->open_rows;
	tx->open_rows = rows;
}

void rows_close(Rows **rows)
{
	Rows *closing = *rows;
	if (!closing)
		return;
	*rows = NULL;
	Rows **link = &closing->tx->open_rows;
	while (*link && *link != closing)
		link = &(*link)->next_open;
	assert(*link == closing); /* else its transaction had ended */
	*link = closing->next_open;
	ENGINE(closing->tx)->rows_free(closing);
}

bool rows_next(Rows *rows)
{
	return rows->error == 0 && ENGINE(rows->tx)->rows_next(rows);
}

int rows_error(const Rows *rows)
{
	return rows->error;
}

bool rows_is_null(const Rows *rows, int column)
{
	return ENGINE(rows->tx)->cell_is_null(rows, column);
}

int64_t rows_int(const Rows *rows, int column)
{
	return ENGINE(rows->tx)->cell_int(rows, column);
}

Id rows_id(const Rows *rows, int column)
{
	size_t len;
	const void *bytes = rows_bytes(rows, column, &len);
	Id id = ID_NIL;
	if (bytes && len == sizeof id)
		memcpy(&id, bytes, sizeof id);
	return id;
}

const char *rows_text(const Rows *rows, int column)
{
	size_t len;
	return ENGINE(rows->tx)->cell_text(rows, column, &len);
}

const void *rows_bytes(const Rows *rows, int column, size_t *ret_len)
{
	return ENGINE(rows->tx)->cell_bytes(rows, column, ret_len);
}

static Value rows_value_text(const Rows *rows, int column)
{
	size_t len;
	const char *text = ENGINE(rows->tx)->cell_text(rows, column, &len);
	return value_text_n(text, len);
}

static Value rows_value_bytes(const Rows *rows, int column)
{
	size_t len;
	const void *bytes = rows_bytes(rows, column, &len);
	return value_bytes(bytes, len);
}

Value rows_value(const Rows *rows, int column, ValueType type, uint8_t scale)
{
	if (type == VALUE_NULL || rows_is_null(rows, column))
		return value_null();
	switch (type) {
	case VALUE_BOOL: return value_bool(rows_int(rows, column) != 0);
	case VALUE_INT: return value_int(rows_int(rows, column));
	case VALUE_DECIMAL: return value_decimal(rows_int(rows, column), scale);
	case VALUE_TIME: return value_time(rows_int(rows, column));
	case VALUE_TEXT: return rows_value_text(rows, column);
	case VALUE_ID: return value_id(rows_id(rows, column));
	case VALUE_BYTES: return rows_value_bytes(rows, column);
	case VALUE_NULL: break;
	}
	return value_null();
}
