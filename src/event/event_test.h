/* A house for the tests of this floor: database (SQLite in a folder of its own, or a schema of TENON_TEST_DATABASE),
 * catalogue, gate, phases and a clock that can be moved. */
#pragma once

#include "base/clock.h"
#include "call/call.h"
#include "call/module.h"
#include "store/test_store.h"

typedef struct {
	House house;
	Clock clock;
	const Module *modules[4];
	TestStore *place;
} TestHouse;

/* extra: one more module card, or NULL. No timers or hub are started. */
TestHouse *test_house_new(const Module *extra);
/* Closes and opens again the same database, as a restart does; the clock then reads real time plus offset_ms. */
void test_house_reopen(TestHouse *t, int64_t offset_ms);
/* Closes and removes the database. */
void test_house_free(TestHouse *t);

/* Runs fn in a writing transaction as the house; now_ms 0: the present. */
int test_write(TestHouse *t, int64_t now_ms, int (*fn)(Call *c, void *arg), void *arg);
/* Makes a person of that role with a session. */
Identity test_person(TestHouse *t, const char *login, const char *role);
/* The number of rows a statement counts. */
#define test_count(t, sql, ...) test_count_n((t), "" sql "", DB_ARGS_(__VA_ARGS__))
int64_t test_count_n(TestHouse *t, const char *sql, const Value *args, size_t n);
/* True once check says so, looked at every few milliseconds for at most wait_ms. */
bool test_wait(bool (*check)(void *arg), void *arg, int64_t wait_ms);
