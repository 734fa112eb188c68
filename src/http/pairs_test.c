/* Tests of query strings, form bodies and path segments, and of whose address is believed. */
#include "base/check.h"
#include "http/http_int.h"

#include <string.h>

static HttpPairs *parse(TALLOC_CTX *ctx, const char *text, size_t max)
{
	return http_pairs_parse(ctx, text, strlen(text), max);
}

TEST(pairs, decodes_keys_and_values_in_order)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	HttpPairs *pairs = parse(ctx, "name=%E7%8E%8B+%e5%B0%8F%E6%98%8E&a=1&a=2&&empty=&bare&x=a%3Db=c", 10);
	CHECK(pairs != NULL);
	CHECK_INT(pairs->n, 6);
	CHECK_TEXT(http_pairs_get(pairs, "name"), "王 小明");
	CHECK_TEXT(http_pairs_get(pairs, "a"), "1");
	CHECK_TEXT(pairs->pair[2].value, "2");
	CHECK_TEXT(http_pairs_get(pairs, "empty"), "");
	CHECK_TEXT(http_pairs_get(pairs, "bare"), "");
	CHECK_TEXT(http_pairs_get(pairs, "x"), "a=b=c");
	CHECK(http_pairs_get(pairs, "absent") == NULL);
	CHECK_INT(parse(ctx, "", 10)->n, 0);
	talloc_free(ctx);
}

TEST(pairs, refuses_what_is_malformed_or_too_much)
{
	static const char *const bad[] = {
		"a=%", "a=%1", "a=%zz", "%", "a=%00", "a=%ff", "a=\xe6\xa6", "a=1&b=2&c=3&d=4", "a=%+1",
	};
	TALLOC_CTX *ctx = talloc_new(NULL);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK(parse(ctx, bad[i], 3) == NULL);
	CHECK(parse(ctx, "a=1&b=2&c=3&", 3) != NULL);
	talloc_free(ctx);
}

TEST(pairs, decodes_path_segments)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	CHECK_TEXT(http_path_decode(ctx, "a%2Fb+c%20", 10), "a/b+c ");
	CHECK(http_path_decode(ctx, "a%2", 3) == NULL);
	CHECK(http_path_decode(ctx, "a%2F", 3) == NULL);
	talloc_free(ctx);
}

/* tests/fuzz/pairs_fuzz.c */
int fuzz_pairs(const uint8_t *data, size_t size);

static void replay(const CheckRow *row, void *arg)
{
	(void)arg;
	fuzz_pairs((const uint8_t *)row->bytes, row->len);
}

TEST(pairs, survives_the_fuzz_seeds)
{
	CHECK(check_files(TESTS_DIR "/fuzz/seeds/pairs", replay, NULL) > 0);
}

TEST(address, believes_proxies_from_the_right)
{
	static const char *const proxies[] = {"10.0.0.1", "2001:DB8:0::5", NULL};
	static const struct {
		const char *peer, *first, *second, *visitor;
	} rows[] = {
		{"8.8.8.8", "1.2.3.4", NULL, "8.8.8.8"}, /* a stranger's claim */
		{"127.0.0.1", "1.2.3.4", NULL, "1.2.3.4"},
		{"::1", "6.6.6.6, 1.2.3.4", NULL, "1.2.3.4"}, /* the visitor wrote 6.6.6.6 himself */
		{"127.0.0.1", "6.6.6.6, 1.2.3.4 , 10.0.0.1", NULL, "1.2.3.4"},
		{"10.0.0.1", "6.6.6.6", "1.2.3.4,2001:db8::5", "1.2.3.4"},
		{"10.0.0.2", "1.2.3.4", NULL, "10.0.0.2"},
		{"127.0.0.1", "1.2.3.4:5678", NULL, "1.2.3.4"},
		{"127.0.0.1", "[2001:db8::7]:443", NULL, "2001:db8::7"},
		{"127.0.0.1", "::ffff:1.2.3.4", NULL, "1.2.3.4"},
		{"127.0.0.1", "1.2.3.4, unknown", NULL, "127.0.0.1"},
		{"127.0.0.1", "1.2.3.4, nonsense, 10.0.0.1", NULL, "10.0.0.1"},
		{"127.0.0.1", "", NULL, "127.0.0.1"},
	};
	TALLOC_CTX *ctx = talloc_new(NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *forwarded[] = {rows[i].first, rows[i].second};
		CHECK_TEXT(address_of_visitor(ctx, rows[i].peer, forwarded, rows[i].second != NULL ? 2 : 1, proxies),
		           rows[i].visitor);
	}
	talloc_free(ctx);
}
