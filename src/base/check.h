/* Unit tests on GLib's GTest. TEST(room, what_it_proves) { ... } registers itself; a test program is check_main.c and
 * the *_test.c files of one floor. Run one by name: ./test room/what_it_proves */
#pragma once

#include "base/base.h"
#include <glib.h>

typedef struct CheckCase {
	const char *path;
	void (*fn)(void);
	struct CheckCase *next;
} CheckCase;

void check_register(CheckCase *test_case);

/* One line of a table of cases under tests/data: a verdict, a name and bytes, separated by tabs. In the bytes \\, \n,
 * \r, \t and \xHH are escapes. Lines that are empty or begin with '#' are skipped. */
typedef struct {
	const char *verdict, *name, *bytes; /* bytes are NUL-terminated after len */
	size_t len;
} CheckRow;

/* Calls fn for each row and returns their number; a file that cannot be read fails the test. */
size_t check_rows(const char *path, void (*fn)(const CheckRow *row, void *arg), void *arg);
/* Calls fn for each file of a folder (verdict is NULL) and returns their number: fuzz seeds. */
size_t check_files(const char *folder, void (*fn)(const CheckRow *row, void *arg), void *arg);

#define TEST(room, name)                                                                       \
	static void test_##room##_##name(void);                                                \
	static CheckCase case_##room##_##name = {"/" #room "/" #name, test_##room##_##name, NULL}; \
	__attribute__((constructor)) static void register_##room##_##name(void)                \
	{                                                                                      \
		check_register(&case_##room##_##name);                                         \
	}                                                                                      \
	static void test_##room##_##name(void)

#define CHECK(condition) g_assert_true(condition)
#define CHECK_INT(actual, expected) g_assert_cmpint((actual), ==, (expected))
#define CHECK_TEXT(actual, expected) g_assert_cmpstr((actual), ==, (expected))
