/* A fresh store for one test, on either engine. PostgreSQL is tested where TENON_TEST_DATABASE names a database in
 * which schemas may be made; each test makes its own and drops it. */
#pragma once

#include "base/check.h"
#include "store/store.h"
#include <pthread.h>

typedef struct Fixture {
	TALLOC_CTX *ctx;
	char *folder;
	StoreConfig config;
	Store *store;
} Fixture;

/* False when the engine is not there: the test was marked as skipped. */
bool fixture_open(Fixture *f, bool postgres, const StoreConfig *config);
/* Closes and opens the same database again. */
void fixture_reopen(Fixture *f);
void fixture_close(Fixture *f);
void fixture_run(bool postgres, void (*test)(Fixture *f));

/* One test body, run on both engines as store/NAME_sqlite and store/NAME_postgres. */
#define BOTH(name)                                                  \
	static void name(Fixture *f);                               \
	TEST(store, name##_sqlite) { fixture_run(false, name); }    \
	TEST(store, name##_postgres) { fixture_run(true, name); }   \
	static void name(Fixture *f)

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
