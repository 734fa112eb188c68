/* What the files of this folder share: the queue, the transaction, the table of an engine, the statement cache. */
#pragma once

#include "store/store.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include <glib.h>
#include <pthread.h>

#define STORE_QUEUE_READS LIMIT_QUEUE_WRITES
#define STORE_THREADS_MAX 64
#define STORE_BATCH_JOBS 2000     /* SQLite: jobs of one COMMIT at most */
#define STORE_BATCH_US 20000      /* SQLite: no job is added to a batch that has run this long */
#define STORE_WAIT_MS 10000       /* how long a job waits for a lost database before ERR_STORE */
#define STORE_STATEMENTS 300      /* prepared statements kept a connection */

/* ---- queue.c: a bounded ring between whoever asks and the store's threads ---- */

typedef struct Job {
	StoreJob fn;
	StoreDone done;
	void *arg;
	int64_t queued_us; /* clock_monotonic_us */
	bool joins;        /* may share its transaction with others of the same fn */
} Job;

typedef struct Queue {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	Job *ring;
	int first, count, size;
	bool closing;
} Queue;

void queue_init(TALLOC_CTX *ctx, Queue *q, int size);
void queue_done(Queue *q);
/* False when the queue is full or closing. */
bool queue_push(Queue *q, const Job *job);
/* False when nothing waits. */
bool queue_pop(Queue *q, Job *ret);
/* Takes those next in line that join `job`, at most max. */
size_t queue_pop_joining(Queue *q, const Job *job, Job *ret, size_t max);
/* Waits for a job; false only when the queue is closing and empty. */
bool queue_pop_wait(Queue *q, Job *ret);
int queue_count(Queue *q);
bool queue_is_closing(Queue *q);
void queue_close(Queue *q);

/* ---- cache.c: prepared statements of one connection, by their text ---- */

/* Head of an engine's statement; talloc'd, its destructor gives the handle back. */
typedef struct Prepared {
	const char *sql;
	uint64_t used;
	bool busy; /* rows of it are open: must neither be run again nor evicted */
} Prepared;

typedef struct Cache {
	GHashTable *by_sql;
	Prepared *recent[256]; /* by address of the text: spares hashing it, for literals */
	uint64_t tick;
} Cache;

Cache *cache_new(TALLOC_CTX *ctx);
Prepared *cache_find(Cache *cache, const char *sql);
/* Takes the statement over; may evict the one unused longest. */
void cache_add(Cache *cache, Prepared *statement);
void cache_drop(Cache *cache, Prepared *statement);
void cache_clear(Cache *cache);

/* ---- engines ---- */

typedef struct Engine {
	bool postgres;
	/* Opens and starts the threads; on failure leaves nothing behind. */
	int (*open)(Store *store, char **ret_error);
	/* The queues are closing: joins the threads and closes. */
	void (*close)(Store *store);
	int (*exec)(Tx *tx, const char *sql, const Value *args, size_t n);
	int (*send)(Tx *tx, const char *sql, const Value *args, size_t n);
	int (*query)(Tx *tx, Rows **ret_rows, const char *sql, const Value *args, size_t n);
	/* One statement of DDL, not kept. */
	int (*run)(Tx *tx, const char *sql);
	int64_t (*changes)(const Tx *tx);
	/* Key of the row inserted last; NULL: the engine wants RETURNING. */
	int64_t (*last_seq)(const Tx *tx);
	/* Inner savepoint: set, keep, undo. */
	int (*mark)(Tx *tx);
	int (*keep)(Tx *tx);
	int (*undo)(Tx *tx);

	bool (*rows_next)(Rows *rows);
	void (*rows_free)(Rows *rows);
	bool (*cell_is_null)(const Rows *rows, int column);
	int64_t (*cell_int)(const Rows *rows, int column);
	const char *(*cell_text)(const Rows *rows, int column, size_t *ret_len);
	const void *(*cell_bytes)(const Rows *rows, int column, size_t *ret_len);
} Engine;

extern const Engine engine_sqlite, engine_postgres;

struct Store {
	const Engine *engine;
	void *state; /* the engine's own */
	StoreConfig config;
	Queue writes, reads;
	Histogram commits, batches;
	pthread_t threads[STORE_THREADS_MAX];
	int n_threads;
};

/* A thread that leaves signals to the others; asserts that it starts. */
pthread_t thread_start(void *(*fn)(void *arg), void *arg);
/* Starts a thread of the store, for store_join. */
void store_thread(Store *store, void *(*fn)(void *arg), void *arg);
void store_join(Store *store);

/* Head of an engine's rows. */
struct Rows {
	Tx *tx;
	int error;
	Rows *next_open;
};

typedef struct Hook {
	void (*fn)(void *arg);
	void *arg;
	struct Hook *before; /* the one given before this one */
} Hook;

struct Tx {
	Store *store;
	void *conn; /* the engine's connection */
	TALLOC_CTX *mem; /* made at first need */
	Hook *on_commit, *on_rollback;
	Rows *open_rows;
	const char *error;
	int64_t *serials; /* drawn ahead, and not used before serial_at */
	size_t n_serials, serial_at;
	int failed; /* a statement failed: nothing more runs until the savepoint is undone */
	bool dead;  /* the whole transaction is gone: no savepoint can help */
	bool retry; /* it failed for a reason that running it again may cure */
};

/* ---- tx.c ---- */

void tx_begin(Tx *tx, Store *store, void *conn);
/* Runs the job's function and closes rows it left open; its Err, or that of a failure it ignored. */
int tx_run(Tx *tx, const Job *job);
void tx_committed(Tx *tx);
void tx_rolled_back(Tx *tx);
/* Frees the memory of the transaction. */
void tx_end(Tx *tx);
/* Remembers the failure, returns err. */
int tx_fail(Tx *tx, int err, const char *format, ...) PRINTF_LIKE(3, 4);
void rows_opened(Tx *tx, Rows *rows);

/* ---- ddl.c ---- */

/* Replaces {WORDS}; NULL on an unknown one. */
char *ddl_expand(TALLOC_CTX *ctx, const char *ddl, bool postgres);
/* Cuts the next statement off *rest (comments and blanks before it skipped); NULL at the end. */
char *ddl_next(TALLOC_CTX *ctx, const char **rest);
/* [a-z][a-z0-9_]{0,62} */
bool sql_is_identifier(const char *text);
