/* A database of its own for one test of any floor: SQLite in a new folder, or a new schema of the PostgreSQL database
 * that TENON_TEST_DATABASE names. */
#pragma once

#include "store/store.h"

typedef struct TestStore {
	const char *folder;
	StoreConfig config;
	Store *store;
} TestStore;

bool test_store_has_postgres(void);
/* more: further settings, or NULL. NULL when the engine is not there: the test was marked as skipped. */
TestStore *test_store_open(TALLOC_CTX *ctx, bool postgres, const StoreConfig *more);
/* Closes and opens the same database again. */
void test_store_reopen(TestStore *t);
/* Closes and removes it. */
void test_store_close(TestStore *t);
