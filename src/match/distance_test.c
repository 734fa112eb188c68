#include "base/check.h"
#include "match/match_int.h"

#include <string.h>

/* The textbook, as the judge of the fast forms. */
static size_t distance_plain(const uint32_t *a, size_t n, const uint32_t *b, size_t m)
{
	static size_t table[DISTANCE_MAX + 1][DISTANCE_MAX + 1];
	for (size_t i = 0; i <= n; i++)
		for (size_t j = 0; j <= m; j++) {
			size_t best = i == 0 ? j : i;
			if (i > 0 && j > 0) {
				best = table[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
				best = MIN(best, MIN(table[i - 1][j], table[i][j - 1]) + 1);
			}
			table[i][j] = best;
		}
	return table[n][m];
}

static size_t random_text(GRand *r, uint32_t *out, size_t max, uint32_t letters)
{
	size_t len = (size_t)g_rand_int_range(r, 0, (int)max + 1);
	for (size_t i = 0; i < len; i++)
		out[i] = 0x4e00 + (uint32_t)g_rand_int_range(r, 0, (int)letters);
	return len;
}

static void compare_forms(GRand *r, size_t max, int rounds)
{
	static Pattern pattern;
	uint32_t a[DISTANCE_MAX], b[DISTANCE_MAX];
	for (int i = 0; i < rounds; i++) {
		size_t n = random_text(r, a, max, i % 2 ? 4 : 200), m = random_text(r, b, max, i % 2 ? 4 : 200);
		if (i % 3 == 0 && n > 2) { /* near pairs too */
			memcpy(b, a, n * sizeof(*a));
			m = n;
			b[n / 2] = 'x';
		}
		size_t expected = distance_plain(a, n, b, m), limit = (size_t)g_rand_int_range(r, 0, (int)max + 1);
		pattern_prepare(&pattern, a, n);
		CHECK_INT(pattern_distance(&pattern, b, m, DISTANCE_MAX), expected);
		size_t got = pattern_distance(&pattern, b, m, limit);
		CHECK(expected <= limit ? got == expected : got > limit);
	}
}

TEST(distance, fast_forms_agree_with_the_textbook)
{
	GRand *r = g_rand_new_with_seed(7);
	compare_forms(r, 12, 20000);
	compare_forms(r, 64, 1500);
	compare_forms(r, 255, 150);
	g_rand_free(r);
}

TEST(fold, writes_and_reads_back)
{
	uint32_t chars[16], again[16];
	char text[64];
	size_t count = fold_text("Ａb（\xf0\xa0\xae\xb7é", chars, ARRAY_LEN(chars));
	CHECK_INT(count, 5);
	CHECK_INT(chars[0], 'a');
	CHECK_INT(chars[2], '(');
	CHECK_INT(chars[3], 0x20bb7);
	size_t bytes = fold_write(chars, count, text, sizeof(text));
	CHECK_INT(fold_bytes(chars, count), bytes);
	CHECK_INT(fold_read(text, bytes, again), count);
	CHECK(memcmp(chars, again, count * sizeof(*chars)) == 0);
	CHECK_INT(fold_write(chars + 3, 1, text, 4), 0); /* does not fit */
}
