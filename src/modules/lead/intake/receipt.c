#include "modules/lead/intake/receipt.h"

#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "store/builder.h"

/* Receipts wait a moment for each other: half as many syncs for a third of a millisecond. */
#define GATHER_US 300
#define CACHE_KB 8192 /* receipts come in the order of their ids: few pages are touched twice */

struct ReceiptLog {
	Store *store;
	bool own_file;
};

static const char *const state_names[] = {"pending", "taken", "duplicate", "quarantined"};

const char *const receipt_migrations[] = {
	"CREATE TABLE receipt (id {ID} NOT NULL PRIMARY KEY, at {TIME} NOT NULL, source {ID}, source_key {TEXT} NOT NULL,"
	" visitor {TEXT}, content_type {TEXT}, headers {TEXT}, body {BYTES} NOT NULL, dedupe_key {TEXT}, dedupe_body "
	"{TEXT},"
	" state {TEXT} NOT NULL, reason {TEXT}, detail {TEXT}, lead {ID}, duplicate_of {ID},"
	" released {BOOL} NOT NULL DEFAULT 0);"
	"CREATE INDEX receipt_pending ON receipt (id) WHERE state = 'pending';"
	"CREATE INDEX receipt_quarantined ON receipt (id) WHERE state = 'quarantined';"
	"CREATE TABLE receipt_act (seq {SERIAL}, receipt {ID} NOT NULL, at {TIME} NOT NULL, who {TEXT} NOT NULL, act "
	"{TEXT} NOT NULL);"
	"CREATE INDEX receipt_act_receipt ON receipt_act (receipt)",
	"ALTER TABLE receipt ADD COLUMN files {TEXT}",
	"CREATE INDEX receipt_files ON receipt (id) WHERE files IS NOT NULL",
	NULL,
};

/* Several processes ask the table whether a delivery came before; one of the two texts is there at most. */
const char *const receipt_shared_migrations[] = {
	"CREATE INDEX receipt_dedupe ON receipt ((coalesce(dedupe_key, dedupe_body)))",
	NULL,
};

#define RECEIPT_COLUMNS                                                                                          \
	"id, at, source, source_key, visitor, content_type, headers, body, dedupe_key, dedupe_body, state, reason, " \
	"detail, lead, "                                                                                             \
	"duplicate_of, released, files"

const char *receipt_state_name(ReceiptState state)
{
	return state_names[state];
}

bool receipt_state_parse(const char *text, ReceiptState *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(state_names); i++)
		if (strcmp(text, state_names[i]) == 0) {
			*ret = (ReceiptState)i;
			return true;
		}
	return false;
}

static bool log_migrate(ReceiptLog *log)
{
	char *error = NULL;
	const Migration parts[] = {{RECEIPT_PART, receipt_migrations},
		{RECEIPT_SHARED_PART, receipt_shared_migrations}};
	if (store_migrate(log->store, parts, log->own_file ? 1 : 2, &error) == 0)
		return true;
	log_error("intake", "the tables of receipts could not be made: %s", error ? error : "unknown");
	return false;
}

ReceiptLog *receipt_log_open(TALLOC_CTX *ctx, House *house)
{
	ReceiptLog *log = talloc_zero(ctx, ReceiptLog);
	log->store = house->store;
	log->own_file = !store_is_postgres(house->store);
	if (log->own_file) {
		char *error = NULL;
		StoreConfig config = {.path = talloc_asprintf(log, "%s/receipts.db", house->data_dir),
		                      .readers = 1,
		                      .cache_kb = CACHE_KB,
		                      .full_sync = true,
		                      .gather_us = GATHER_US};
		log->store = store_open(log, &config, &error);
		if (!log->store) {
			log_error("intake", "the log of receipts could not be opened: %s", error ? error : "unknown");
			return NULL;
		}
	}
	return log_migrate(log) ? log : NULL;
}

void receipt_log_close(ReceiptLog *log)
{
	if (log->own_file)
		store_close(log->store);
}

int receipt_log_aside(ReceiptLog *log, Tx *tx, StoreJob job, void *arg)
{
	return tx_is_postgres(tx) ? job(tx, arg) : store_read_wait(log->store, job, arg);
}

Store *receipt_log_store(ReceiptLog *log)
{
	return log->store;
}

#define RECEIPT_INSERT                   \
	"INSERT INTO receipt (" RECEIPT_COLUMNS \
	") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"

/* put: db_send_n, or db_exec_n for who asks afterwards whether there is a new row. */
static int receipt_put(Tx *tx, const Receipt *r, const char *sql, int (*put)(Tx *, const char *, const Value *, size_t))
{
	const Value args[] = {
		value_id(r->id), value_time(r->at), value_id(r->source), value_text(r->source_key), value_text(r->visitor),
		value_text(r->content_type), value_text(r->headers), value_bytes(r->body, r->body_len),
		value_text(r->dedupe_key), value_text(r->dedupe_body), value_text(state_names[r->state]),
		value_text(r->reason), value_text(r->detail), value_id(r->lead), value_id(r->duplicate_of),
		value_bool(r->released), value_text(r->files),
	};
	return put(tx, sql, args, ARRAY_LEN(args));
}

int receipt_write(Tx *tx, void *arg)
{
	return receipt_put(tx, arg, RECEIPT_INSERT, db_send_n);
}

int receipt_write_once(Tx *tx, const Receipt *r)
{
	return receipt_put(tx, r, RECEIPT_INSERT " ON CONFLICT (id) DO NOTHING", db_exec_n);
}

int receipt_append(ReceiptLog *log, Receipt *receipt, StoreDone done)
{
	return store_write_joined(log->store, receipt_write, done, receipt);
}

static int original_find(Tx *tx, Receipt *r, const char *digest)
{
	int64_t window_ms = r->dedupe_key ? RECEIPT_KEY_WINDOW_MS : RECEIPT_BODY_WINDOW_MS;
	int err = db_id(tx, &r->original,
	                "SELECT id FROM receipt WHERE coalesce(dedupe_key, dedupe_body) = $1 AND at > $2 "
	                "ORDER BY at, id LIMIT 1",
	                value_text(digest), value_time(r->at - window_ms));
	return err == ERR_NOT_FOUND ? 0 : err;
}

static int receipt_write_shared(Tx *tx, void *arg)
{
	Receipt *r = arg;
	const char *digest = r->dedupe_key ? r->dedupe_key : r->dedupe_body;
	r->original = ID_NIL;
	int err = digest ? tx_lock(tx, digest) : 0; /* nobody else decides about the same delivery */
	if (err == 0 && digest)
		err = original_find(tx, r, digest);
	return err < 0 || !id_is_nil(r->original) ? err : receipt_write(tx, r);
}

int receipt_append_shared(ReceiptLog *log, Receipt *receipt, StoreDone done)
{
	return store_write_joined(log->store, receipt_write_shared, done, receipt);
}

int receipt_settle(Tx *tx, const Outcome *outcomes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const Outcome *o = &outcomes[i];
		int r = db_send(tx,
		                "UPDATE receipt SET state = $2, reason = $3, detail = $4, lead = $5, duplicate_of = $6"
		                " WHERE id = $1 AND state = 'pending'",
		                value_id(o->receipt), value_text(state_names[o->state]), value_text(o->reason),
		                value_text(o->detail), value_id(o->lead), value_id(o->duplicate_of));
		if (r < 0)
			return r;
	}
	return 0;
}

static const char *kept_text(TALLOC_CTX *ctx, const Rows *rows, int column)
{
	return talloc_strdup(ctx, rows_text(rows, column));
}

static void receipt_read(const Rows *rows, TALLOC_CTX *ctx, Receipt *ret)
{
	size_t len = 0;
	const void *body = rows_bytes(rows, 7, &len);
	*ret = (Receipt){
		.id = rows_id(rows, 0),
		.at = rows_int(rows, 1),
		.source = rows_id(rows, 2),
		.source_key = kept_text(ctx, rows, 3),
		.visitor = kept_text(ctx, rows, 4),
		.content_type = kept_text(ctx, rows, 5),
		.headers = kept_text(ctx, rows, 6),
		.body_len = len,
		.dedupe_key = kept_text(ctx, rows, 8),
		.dedupe_body = kept_text(ctx, rows, 9),
		.reason = kept_text(ctx, rows, 11),
		.detail = kept_text(ctx, rows, 12),
		.lead = rows_id(rows, 13),
		.duplicate_of = rows_id(rows, 14),
		.released = rows_int(rows, 15) != 0,
		.files = kept_text(ctx, rows, 16),
	};
	char *copy = talloc_array(ctx, char, len + 1);
	if (len)
		memcpy(copy, body, len);
	copy[len] = '\0';
	ret->body = copy;
	(void)!receipt_state_parse(rows_text(rows, 10), &ret->state);
}

int receipt_load(Tx *tx, TALLOC_CTX *ctx, Id id, Receipt *ret)
{
	ROWS rows = NULL;
	int r = db_query(tx, &rows, "SELECT " RECEIPT_COLUMNS " FROM receipt WHERE id = $1", value_id(id));
	if (r < 0)
		return r;
	if (!rows_next(rows))
		return rows_error(rows) ? rows_error(rows) : ERR_NOT_FOUND;
	receipt_read(rows, ctx, ret);
	return 0;
}

static int receipts_read(Rows *rows, TALLOC_CTX *ctx, size_t max, Receipt **ret, size_t *ret_n)
{
	Receipt *all = talloc_array(ctx, Receipt, max);
	size_t n = 0;
	while (n < max && rows_next(rows))
		receipt_read(rows, all, &all[n++]);
	*ret = all;
	*ret_n = n;
	return rows_error(rows);
}

int receipt_pending(Tx *tx, TALLOC_CTX *ctx, Id after, size_t max, Receipt **ret, size_t *ret_n)
{
	ROWS rows = NULL;
	Value from = id_is_nil(after) ? value_id(id_new(0)) : value_id(after);
	int r = db_query(tx, &rows,
	                 "SELECT " RECEIPT_COLUMNS " FROM receipt WHERE state = 'pending' AND id > $1 ORDER BY id LIMIT $2",
	                 from, value_int((int64_t)max));
	return r < 0 ? r : receipts_read(rows, ctx, max, ret, ret_n);
}

int receipt_notes(Tx *tx, Id after, int max, ReceiptNotes tell, void *arg, Id *ret_last)
{
	ROWS rows = NULL;
	Value from = id_is_nil(after) ? value_id(id_new(0)) : value_id(after);
	int r = db_query(tx, &rows,
	                 "SELECT id, files FROM receipt WHERE files IS NOT NULL AND id > $1 ORDER BY id LIMIT $2", from,
	                 value_int(max));
	*ret_last = ID_NIL;
	for (int n = 0; r == 0 && rows_next(rows);) {
		tell(arg, rows_text(rows, 1));
		if (++n == max)
			*ret_last = rows_id(rows, 0);
	}
	return r < 0 ? r : rows_error(rows);
}

int receipt_pending_before(Tx *tx, TALLOC_CTX *ctx, int64_t before_ms, size_t max, Receipt **ret, size_t *ret_n)
{
	ROWS rows = NULL;
	int r = db_query(tx, &rows,
	                 "SELECT " RECEIPT_COLUMNS " FROM receipt WHERE state = 'pending' AND at < $1 ORDER BY id LIMIT $2",
	                 value_time(before_ms), value_int((int64_t)max));
	return r < 0 ? r : receipts_read(rows, ctx, max, ret, ret_n);
}

int receipt_reopen(Tx *tx, const Receipt *receipt, const char *body, const char *who, int64_t now_ms)
{
	const char *text = body ? body : receipt->body;
	size_t len = body ? strlen(body) : receipt->body_len;
	int r = db_exec(tx,
	                "UPDATE receipt SET state = 'pending', reason = NULL, detail = NULL, released = 1, body = $2, "
	                "content_type = $3 WHERE id = $1 AND state = 'quarantined'",
	                value_id(receipt->id), value_bytes(text, len),
	                value_text(body && body[0] == '{' ? "application/json" : receipt->content_type));
	if (r < 0 || db_changes(tx) == 0)
		return r < 0 ? r : ERR_CONFLICT;
	return db_exec(tx, "INSERT INTO receipt_act (receipt, at, who, act) VALUES ($1, $2, $3, $4)", value_id(receipt->id),
	               value_time(now_ms), value_text(who), value_text(body ? "corrected" : "replayed"));
}

static void query_filters(Sql *sql, const ReceiptQuery *q)
{
	sql_add(sql, " WHERE 1 = 1");
	if (q->state) {
		/* a literal lets the planner use the partial index */
		if (strcmp(q->state, "quarantined") == 0)
			sql_add(sql, " AND state = 'quarantined'");
		else if (strcmp(q->state, "pending") == 0)
			sql_add(sql, " AND state = 'pending'");
		else {
			sql_add(sql, " AND state = ");
			sql_arg(sql, value_text(q->state));
		}
	}
	if (q->reason) {
		sql_add(sql, " AND reason = ");
		sql_arg(sql, value_text(q->reason));
	}
	if (!id_is_nil(q->source)) {
		sql_add(sql, " AND source = ");
		sql_arg(sql, value_id(q->source));
	}
	if (!id_is_nil(q->before)) {
		sql_add(sql, " AND id < ");
		sql_arg(sql, value_id(q->before));
	}
}

static void query_search(Sql *sql, const char *search)
{
	if (sql->postgres)
		sql_add(sql, " AND position(");
	else
		sql_add(sql, " AND instr(body, ");
	sql_arg(sql, value_bytes(search, strlen(search)));
	if (sql->postgres)
		sql_add(sql, " in body) > 0");
	else
		sql_add(sql, ") > 0");
}

int receipt_query(Tx *tx, TALLOC_CTX *ctx, const ReceiptQuery *q, Receipt **ret, size_t *ret_n)
{
	Sql *sql = sql_new(ctx, tx_is_postgres(tx));
	sql_add(sql, "SELECT " RECEIPT_COLUMNS " FROM receipt");
	query_filters(sql, q);
	if (q->search && *q->search)
		query_search(sql, q->search);
	sql_add(sql, " ORDER BY id DESC LIMIT ");
	sql_arg(sql, value_int(q->limit));
	ROWS rows = NULL;
	int r = sql_query(tx, &rows, sql);
	return r < 0 ? r : receipts_read(rows, ctx, (size_t)q->limit, ret, ret_n);
}
