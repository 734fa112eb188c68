/* Unit tests on GLib's GTest. TEST(room, what_it_proves) { ... } registers itself; a test program is check_main.c and the
 * *_test.c files of one floor. Run one by name: ./test room/what_it_proves */
#pragma once

#include "base/base.h"
#include <glib.h>

typedef struct CheckCase {
	const char *path;
	void (*fn)(void);
	struct CheckCase *next;
} CheckCase;

void check_register(CheckCase *test_case);

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
