/* The database of one workspace. Two engines behind one header: SQLite (one writer thread, group commit, reader
 * threads) and PostgreSQL (parallel transactions). SQL text is a literal, or comes from store/builder.h; parameters
 * are $1, $2, ...
 *
 * Work is handed over as jobs. A writing job runs inside a transaction (SQLite: in a savepoint of the batch); done is
 * called only after COMMIT is durable, or after the roll-back. A job may be run again from its start (lost connection,
 * serialisation failure): it must not have effects outside the transaction except through tx_on_commit. */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include "base/metrics.h"
#include "base/value.h"

typedef struct Store Store;
typedef struct Tx Tx;
typedef struct Rows Rows;

typedef struct {
	const char *path;      /* SQLite: the file, made if absent */
	const char *database;  /* PostgreSQL: postgres://... ; then path is ignored */
	const char *schema;    /* PostgreSQL schema of the workspace, made if absent */
	int readers;           /* reader threads; 0: 2 */
	int writers;           /* PostgreSQL only: parallel writers; 0: 4. Together with the readers at most 60 */
	bool full_sync;        /* SQLite: synchronous=FULL, else NORMAL */
	int cache_kb;          /* SQLite: pages the writer keeps in memory at most; 0: 56 MB */
	int gather_us;         /* SQLite: how long the writer waits for more jobs before it starts a batch; 0: none */
} StoreConfig;

/* NULL and a sentence a person can act on in *ret_error (talloc'd on ctx) on failure. */
Store *store_open(TALLOC_CTX *ctx, const StoreConfig *config, char **ret_error);
/* Runs what is queued, then closes. */
void store_close(Store *store);
bool store_is_postgres(const Store *store);

typedef int (*StoreJob)(Tx *tx, void *arg);        /* 0 commits, an Err rolls back */
typedef void (*StoreDone)(void *arg, int result);  /* result: 0, the job's Err, or ERR_STORE / ERR_FULL / ERR_BUSY */

/* Queues a job; done runs on a store thread and must be quick. ERR_BUSY (and done is not called) when the queue is
 * full. */
NODISCARD int store_write(Store *store, StoreJob job, StoreDone done, void *arg);
NODISCARD int store_read(Store *store, StoreJob job, StoreDone done, void *arg);
/* store_write for short jobs of which many come: PostgreSQL too then makes several that wait durable by one COMMIT. If
 * that fails, each is run again alone. */
NODISCARD int store_write_joined(Store *store, StoreJob job, StoreDone done, void *arg);
/* The same and waits; for start-up, command line, own threads and tests. Never from a thread of that store. */
NODISCARD int store_write_wait(Store *store, StoreJob job, void *arg);
NODISCARD int store_read_wait(Store *store, StoreJob job, void *arg);
/* Jobs waiting to be written. */
int store_backlog(Store *store);
/* How long COMMITs took (histogram_latency), and how many jobs each made durable (histogram_sizes). */
const Histogram *store_commits(const Store *store);
const Histogram *store_batches(const Store *store);

/* Hooks run on the store thread: after the COMMIT in the order given and before done, or after the roll-back, the last
 * given first, as undoing wants it. Those given inside a tx_nested that failed: the commit ones are dropped, the
 * roll-back ones run at once. On SQLite a later job of the same batch may run before the commit hooks of an earlier
 * one, and a COMMIT that fails runs the roll-back hooks of all its jobs, the last job first. */
void tx_on_commit(Tx *tx, void (*fn)(void *arg), void *arg);
void tx_on_rollback(Tx *tx, void (*fn)(void *arg), void *arg);
/* Memory that lives until the transaction ends (just before done); a job that is run again gets a new one. */
TALLOC_CTX *tx_mem(Tx *tx);
Store *tx_store(Tx *tx);
bool tx_is_postgres(const Tx *tx);
/* Sentence of the engine about the last failure in this transaction; for logs, not for users. */
const char *tx_error(const Tx *tx);
/* Until the transaction ends nobody else holds this name; what was committed before is seen by the statement that
 * follows. For what is judged before it is written and has no row to be locked. On SQLite there is one writer
 * anyway. */
NODISCARD int tx_lock(Tx *tx, const char *name);
/* Inner savepoint: fn's failure undoes only what fn wrote, and the transaction goes on. Returns fn's result, or the
 * failure of a statement that fn did not pass on. May be nested. */
NODISCARD int tx_nested(Tx *tx, StoreJob fn, void *arg);

/* Statements are prepared once a connection and kept. db_exec returns 0 or an Err: ERR_CONFLICT on a unique or foreign
 * key violation, ERR_FULL on a full disk, ERR_INVALID for a value its column cannot hold, ERR_INTERNAL for a wrong
 * number of parameters, ERR_STORE else. db_query gives rows to be stepped and closed; PostgreSQL holds all of them in
 * memory, so a scan of a whole table goes by pages. A failed statement spoils the transaction (or the tx_nested around
 * it) on both engines: everything after it answers the same Err and nothing is committed. What may fail and be
 * survived runs in tx_nested. */
#define DB_ARGS_(...) (const Value[]){__VA_ARGS__}, sizeof((const Value[]){__VA_ARGS__}) / sizeof(Value)
#define db_exec(tx, sql, ...) db_exec_n((tx), "" sql "", DB_ARGS_(__VA_ARGS__))
/* Like db_exec for who does not need the outcome now: on PostgreSQL it is sent without waiting for an answer, which
 * spares a round trip; a failure comes out of the next db_exec, db_query or tx_nested, or fails the COMMIT. */
#define db_send(tx, sql, ...) db_send_n((tx), "" sql "", DB_ARGS_(__VA_ARGS__))
#define db_query(tx, ret_rows, sql, ...) db_query_n((tx), (ret_rows), "" sql "", DB_ARGS_(__VA_ARGS__))
NODISCARD int db_exec_n(Tx *tx, const char *sql, const Value *args, size_t n);
NODISCARD int db_send_n(Tx *tx, const char *sql, const Value *args, size_t n);
NODISCARD int db_query_n(Tx *tx, Rows **ret_rows, const char *sql, const Value *args, size_t n);
/* Rows changed by the last db_exec (not db_send). */
int64_t db_changes(const Tx *tx);

/* True while there is a row; false at the end or on failure (then rows_failed). Cells are valid until the next step. */
bool rows_next(Rows *rows);
int rows_error(const Rows *rows);
void rows_close(Rows **rows);
#define ROWS CLEANUP(rows_close) Rows *
bool rows_is_null(const Rows *rows, int column);
int64_t rows_int(const Rows *rows, int column);     /* 0 for NULL; a fraction is cut off */
Id rows_id(const Rows *rows, int column);           /* ID_NIL for NULL */
const char *rows_text(const Rows *rows, int column); /* NULL for NULL */
const void *rows_bytes(const Rows *rows, int column, size_t *ret_len);
/* The cell read as the wanted type; text and bytes borrowed until the next step. */
Value rows_value(const Rows *rows, int column, ValueType type, uint8_t scale);

/* One integer or one id out of a one-row query; ERR_NOT_FOUND when there is no row. */
#define db_int(tx, ret, sql, ...) db_int_n((tx), (ret), "" sql "", DB_ARGS_(__VA_ARGS__))
#define db_id(tx, ret, sql, ...) db_id_n((tx), (ret), "" sql "", DB_ARGS_(__VA_ARGS__))
NODISCARD int db_int_n(Tx *tx, int64_t *ret, const char *sql, const Value *args, size_t n);
NODISCARD int db_id_n(Tx *tx, Id *ret, const char *sql, const Value *args, size_t n);

/* Inserts one row into a table whose key is a {SERIAL} named seq, and gives the key: cheaper than RETURNING, for which
 * SQLite opens a table of its own at every run. */
#define db_insert(tx, ret_seq, sql, ...) db_insert_n((tx), (ret_seq), "" sql "", DB_ARGS_(__VA_ARGS__))
NODISCARD int db_insert_n(Tx *tx, int64_t *ret_seq, const char *sql, const Value *args, size_t n);
/* Draws n keys of such a table ahead: rows that are given theirs (db_serial_next, written into the column seq) can go
 * by db_send. Only PostgreSQL has round trips to spare: on SQLite nothing is drawn. One table a transaction; keys that
 * are left over are lost with it. They are drawn under the number of the transaction, so that whoever looks for gaps
 * (event/gaps.h) finds it running as long as a key may still be used. */
NODISCARD int db_serials_draw(Tx *tx, const char *table, size_t n);
/* The next one drawn; 0: none is left. */
int64_t db_serial_next(Tx *tx);

/* Migrations: numbered, applied once each in one transaction a part, remembered in table migration(part, number, at).
 * DDL words written portably: ID, INT, BOOL (0/1), TIME, TEXT, BYTES, SERIAL (int64 key that ascends by itself,
 * primary key). They become BLOB/INTEGER/TEXT on SQLite and uuid/bigint/smallint/text COLLATE "C"/bytea/bigint
 * identity on PostgreSQL. Written in braces: "CREATE TABLE event (seq {SERIAL}, at {TIME} NOT NULL, object {TEXT} NOT
 * NULL)". {COMPACT} behind the closing bracket keeps the rows in the primary key's own tree on SQLite: half the work
 * for tables of short rows. {ID} PRIMARY KEY is an ordinary key; foreign keys must not be DEFERRABLE (a late failure
 * would take the whole batch with it). */
typedef struct {
	const char *part;         /* "record", "event", "lead" ... */
	const char *const *steps; /* NULL-terminated; a step may hold several statements separated by ';' */
} Migration;
/* *ret_error: a sentence for the operator; it lives with the store. */
NODISCARD int store_migrate(Store *store, const Migration *migrations, size_t n, char **ret_error);
/* DDL from the catalogue, {WORDS} replaced as above; identifiers must come from meta/. */
NODISCARD int db_ddl(Tx *tx, const char *ddl);
