/* What the tests of both engines share: one test on a fresh store of either, rows to write and look for, gates to wait
 * at. */
#pragma once

#include "base/check.h"
#include "store/test_store.h"
#include <pthread.h>

void fixture_run(bool postgres, void (*test)(TestStore *t));

/* One test body, run on both engines as store/NAME_sqlite and store/NAME_postgres. */
#define BOTH(name)                                                  \
	static void name(TestStore *f);                               \
	TEST(store, name##_sqlite) { fixture_run(false, name); }    \
	TEST(store, name##_postgres) { fixture_run(true, name); }   \
	static void name(TestStore *f)

/* A gate that a job waits at until the test opens it. */
typedef struct Gate {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	bool is_reached, is_open;
} Gate;

#define GATE_CLOSED {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false}
void gate_pass(Gate *gate);
void gate_await_reached(Gate *gate);
void gate_open(Gate *gate);

/* Counts done calls; a StoreDone whose arg is a Tally. */
typedef struct Tally {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	int done, failed, last_result;
} Tally;

#define TALLY_EMPTY {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0}
void tally_done(void *arg, int result);
void tally_await(Tally *tally, int count);
int tally_count(Tally *tally);

/* Number of rows of table item. */
int64_t items_count(Store *store);
/* Makes table item (id, n UNIQUE, name). */
void items_make(Store *store);
NODISCARD int item_insert(Tx *tx, int64_t n);

/* So many rows under random keys, each of which touches a page of its own, that the log of SQLite outgrows its
 * bound. */
#define LOG_ROWS 200000
#define LOG_BYTES_MAX (80 * 1024 * 1024) /* WAL_PAGES_HARD and what one batch adds */

/* Makes table random_key. */
void keys_make(Store *store);
/* Writes rows into it as fast as they are taken; the most bytes that the log had meanwhile. */
int64_t keys_write(TestStore *f, int rows);
