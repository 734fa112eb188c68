/* The bookkeeping of numbers not seen yet. */
#include "event/gaps.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/random.h"

#define NOW 1000000

/* "5-7 90-" */
static const char *shown(Gaps *g)
{
	char *from, *to;
	gaps_begin_look(g, g, &from, &to);
	return talloc_asprintf(g, "%s|%s", from, to);
}

TEST(gaps, ranges_are_split_shortened_and_closed)
{
	Gaps *g = gaps_new(NULL, 10);
	CHECK(gaps_take(g, 10, 1, NOW));
	CHECK_TEXT(shown(g), "11|9223372036854775807");
	CHECK(gaps_take(g, 15, 1, NOW));
	CHECK_TEXT(shown(g), "11,16|14,9223372036854775807");
	CHECK(gaps_take(g, 12, 1, NOW));
	CHECK_TEXT(shown(g), "11,13,16|11,14,9223372036854775807");
	CHECK(!gaps_take(g, 12, 1, NOW));
	CHECK(!gaps_take(g, 9, 1, NOW));
	CHECK(gaps_take(g, 11, 1, NOW));
	CHECK(gaps_take(g, 14, 1, NOW));
	CHECK(gaps_take(g, 13, 1, NOW));
	CHECK_TEXT(shown(g), "16|9223372036854775807");
	CHECK_INT(gaps_count(g), 0);
	talloc_free(g);
}

TEST(gaps, a_smaller_number_may_come_later)
{
	Gaps *g = gaps_new(NULL, 1);
	CHECK(gaps_take(g, 3, 100, NOW));
	gaps_begin_look(g, g, &(char *){NULL}, &(char *){NULL});
	gaps_end_look(g, INT64_MAX, 99, 101, NOW + 60000); /* 99 was running when 1-2 were found missing */
	CHECK_INT(gaps_count(g), 1);
	CHECK(gaps_take(g, 2, 101, NOW));
	gaps_begin_look(g, g, &(char *){NULL}, &(char *){NULL});
	gaps_end_look(g, INT64_MAX, 100, 101, NOW + 1000); /* too soon to be sure */
	CHECK_INT(gaps_count(g), 1);
	gaps_begin_look(g, g, &(char *){NULL}, &(char *){NULL});
	gaps_end_look(g, INT64_MAX, 100, 101, NOW + GAPS_AGE_MIN_MS); /* all that ran then have ended */
	CHECK_INT(gaps_count(g), 0);
	CHECK(!gaps_take(g, 1, 101, NOW));
	talloc_free(g);
}

TEST(gaps, what_a_look_did_not_reach_is_kept)
{
	Gaps *g = gaps_new(NULL, 1);
	CHECK(gaps_take(g, 5, 10, NOW));
	CHECK(gaps_take(g, 9, 10, NOW));
	gaps_begin_look(g, g, &(char *){NULL}, &(char *){NULL});
	gaps_end_look(g, 5, 20, 20, NOW + 10000); /* a page that ended with 5 */
	CHECK_TEXT(shown(g), "6,10|8,9223372036854775807");
	talloc_free(g);
}

TEST(gaps, one_of_our_own_tells_nothing_of_those_between)
{
	Gaps *g = gaps_new(NULL, 1);
	gaps_begin_look(g, g, &(char *){NULL}, &(char *){NULL});
	CHECK(gaps_take(g, 4, 0, NOW)); /* written here while the look runs */
	gaps_end_look(g, INT64_MAX, 50, 60, NOW + 10000); /* 1-3 may be of a transaction younger than this snapshot */
	CHECK_INT(gaps_count(g), 1);
	gaps_begin_look(g, g, &(char *){NULL}, &(char *){NULL});
	gaps_end_look(g, INT64_MAX, 60, 70, NOW + 20000); /* now it is known who may have them: all below 70 */
	CHECK_INT(gaps_count(g), 1);
	gaps_begin_look(g, g, &(char *){NULL}, &(char *){NULL});
	gaps_end_look(g, INT64_MAX, 70, 80, NOW + 30000);
	CHECK_INT(gaps_count(g), 0);
	talloc_free(g);
}

TEST(gaps, what_was_given_back_is_looked_for_again)
{
	Gaps *g = gaps_new(NULL, 1);
	for (int64_t seq = 1; seq <= 5; seq++)
		CHECK(gaps_take(g, seq, 0, NOW));
	gaps_give_back(g, 3, NOW);
	gaps_give_back(g, 3, NOW);
	gaps_give_back(g, 77, NOW); /* unknown anyway */
	CHECK_TEXT(shown(g), "3,6|3,9223372036854775807");
	CHECK(gaps_take(g, 3, 9, NOW));
	CHECK_INT(gaps_count(g), 0);
	talloc_free(g);
}

TEST(gaps, are_cut_below_a_number)
{
	Gaps *g = gaps_new(NULL, 1);
	CHECK(gaps_take(g, 5, 0, NOW));
	CHECK(gaps_take(g, 10, 0, NOW));
	gaps_cut(g, 7);
	CHECK_TEXT(shown(g), "8,11|9,9223372036854775807");
	gaps_cut(g, 9);
	CHECK_TEXT(shown(g), "11|9223372036854775807");
	gaps_cut(g, 3);
	gaps_cut(g, 20);
	CHECK_TEXT(shown(g), "21|9223372036854775807");
	talloc_free(g);
}

TEST(gaps, an_old_one_is_given_up_whoever_still_runs)
{
	Gaps *g = gaps_new(NULL, 1);
	CHECK(gaps_take(g, 2, 100, NOW));
	gaps_begin_look(g, g, &(char *){NULL}, &(char *){NULL});
	gaps_end_look(g, INT64_MAX, 1, 200, NOW + GAPS_AGE_MAX_MS);
	CHECK_INT(gaps_count(g), 0);
	talloc_free(g);
}

/* Two processes draw numbers, commit out of order and undo some: each number that was committed is taken once. */
TEST(gaps, every_number_is_taken_exactly_once)
{
	enum { N = 5000 };
	static bool known[N + 1];
	Gaps *g = gaps_new(NULL, 1);
	for (int i = 0; i < N * 4; i++) {
		int64_t seq = (int64_t)(random_u64() % N) + 1;
		CHECK_INT(gaps_has(g, seq), !known[seq]);
		CHECK_INT(gaps_take(g, seq, (int64_t)(random_u64() % 2), NOW), !known[seq]);
		known[seq] = true;
		if (random_u64() % 16 == 0) {
			gaps_give_back(g, seq, NOW);
			known[seq] = false;
		}
	}
	for (int64_t seq = 1; seq <= N; seq++)
		CHECK_INT(gaps_take(g, seq, 1, NOW), !known[seq]);
	CHECK_INT(gaps_count(g), 0);
	talloc_free(g);
}

TEST(gaps, their_number_is_bounded)
{
	Gaps *g = gaps_new(NULL, 1);
	for (int64_t i = 1; i <= GAPS_MAX + 100; i++)
		CHECK(gaps_take(g, i * 2, 0, NOW));
	CHECK(gaps_count(g) < GAPS_MAX);
	talloc_free(g);
}
