/* Tests of JSON in and out. tests/data/json holds the public suite of parser cases. */
#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"

#include <string.h>

static bool accepts(const char *text, int depth)
{
	JsonFault fault = {0};
	/* An exact copy on the heap lets AddressSanitizer see a read past the end. */
	char *exact = g_memdup2(text, strlen(text));
	bool ok = json_check(exact, strlen(text), depth, &fault);
	g_free(exact);
	CHECK(ok || fault.reason != NULL);
	return ok;
}

static void check_suite_row(const CheckRow *row, void *arg)
{
	int *seen = arg;
	JsonFault fault = {0};
	char *exact = g_memdup2(row->bytes, row->len);
	bool ok = json_check(exact, row->len, LIMIT_JSON_DEPTH, &fault);
	TALLOC_CTX *ctx = talloc_new(NULL);
	json_t *tree = json_parse(ctx, exact, row->len, &fault);
	if ((row->verdict[0] == 'y' && !ok) || (row->verdict[0] == 'n' && ok))
		g_error("%s: %s", row->name, ok ? "accepted" : fault.reason);
	CHECK(tree == NULL || ok);
	talloc_free(ctx);
	g_free(exact);
	seen[row->verdict[0] == 'y' ? 0 : row->verdict[0] == 'n' ? 1 : 2]++;
}

TEST(json, passes_the_public_suite)
{
	int seen[3] = {0};
	size_t n = check_rows(TESTS_DIR "/data/json/cases.tsv", check_suite_row, seen);
	CHECK_INT(n, 316);
	CHECK_INT(seen[0], 95);
	CHECK_INT(seen[1], 186);
}

TEST(json, bounds_nesting_without_recursion)
{
	enum { DEEP = 100000 };
	char *deep = g_malloc(5 * DEEP + 1);
	memset(deep, '[', DEEP);
	deep[DEEP] = '\0';
	CHECK(!accepts(deep, LIMIT_JSON_DEPTH));
	for (int i = 0; i < DEEP; i++)
		memcpy(deep + 5 * i, "{\"a\":", 5);
	deep[5 * DEEP] = '\0';
	CHECK(!accepts(deep, 1 << 30));
	g_free(deep);
	CHECK(accepts("[[[]]]", 3));
	CHECK(!accepts("[[[]]]", 2));
	CHECK(!accepts("[{\"a\":[}]", 9));
}

TEST(json, names_the_fault_and_its_place)
{
	JsonFault fault = {0};
	CHECK(!json_check("{\"a\":1,}", 8, 9, &fault));
	CHECK_INT(fault.offset, 7);
	CHECK_TEXT(fault.reason, "key in quotes expected");
	CHECK(!json_check("[\"榫\xe5\"]", 8, 9, &fault));
	CHECK_INT(fault.offset, 5);
	CHECK_TEXT(fault.reason, "invalid UTF-8");
	CHECK(!json_check("[1 2]", 5, 9, &fault));
	CHECK_INT(fault.offset, 3);
}

TEST(json, parse_is_strict)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	JsonFault fault = {0};
	static const char twice[] = "{\"a\":1,\"a\":2}", huge[] = "[123456789012345678901]", nul[] = "[\"\\u0000\"]";
	CHECK(json_parse(ctx, twice, strlen(twice), &fault) == NULL);
	CHECK_TEXT(fault.reason, "duplicate key");
	CHECK(json_parse(ctx, huge, strlen(huge), &fault) == NULL);
	CHECK_TEXT(fault.reason, "number too large");
	CHECK(json_parse(ctx, nul, strlen(nul), &fault) == NULL);
	static const char good[] = "{\"t\":\"榫卯\",\"n\":9223372036854775807,\"b\":true,"
	                           "\"id\":\"018bcfe5-6800-7abc-8def-0123456789ab\",\"x\":\"no id\"}";
	json_t *tree = json_parse(ctx, good, strlen(good), &fault);
	CHECK(tree != NULL);
	CHECK_TEXT(json_text(tree, "t"), "榫卯");
	CHECK(json_text(tree, "n") == NULL && json_text(tree, "absent") == NULL);
	CHECK_INT(json_int(tree, "n", 5), INT64_MAX);
	CHECK_INT(json_int(tree, "t", 5), 5);
	CHECK(json_flag(tree, "b", false) && json_flag(tree, "absent", true));
	CHECK_INT(id_time_ms(json_id(tree, "id")), 1700000000000);
	CHECK(id_is_nil(json_id(tree, "x")) && id_is_nil(json_id(tree, "absent")));
	talloc_free(ctx);
}

TEST(json, writes_commas_by_itself)
{
	Buf *b = buf_new(NULL, 4096);
	JsonOut o = json_out(b);
	json_object_begin(&o);
	json_member_int(&o, "min", INT64_MIN);
	json_key(&o, "list");
	json_array_begin(&o);
	json_put_null(&o);
	json_object_begin(&o);
	json_object_end(&o);
	json_array_begin(&o);
	json_put_raw(&o, "{\"r\":1}", 7);
	json_put_bool(&o, true);
	json_array_end(&o);
	json_array_end(&o);
	json_member_text(&o, "none", NULL);
	json_member_id(&o, "nil", ID_NIL);
	json_member_bool(&o, "no", false);
	json_object_end(&o);
	CHECK_TEXT(b->data, "{\"min\":-9223372036854775808,\"list\":[null,{},[{\"r\":1},true]],\"none\":null,\"nil\":null,"
	                    "\"no\":false}");
	talloc_free(b);
}

TEST(json, writes_each_kind_of_value)
{
	Buf *b = buf_new(NULL, 4096);
	JsonOut o = json_out(b);
	Value values[] = {value_decimal(12345, 2), value_decimal(-5, 3), value_decimal(7, 0), value_time(1700000000000),
	                  value_bytes("\x00\xff\x10", 3), value_text("榫"), value_null(), value_bool(true),
	                  value_decimal(INT64_MIN, 4)};
	json_array_begin(&o);
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		json_put_value(&o, &values[i]);
	json_array_end(&o);
	CHECK_TEXT(b->data, "[\"123.45\",\"-0.005\",\"7\",1700000000000,\"AP8Q\",\"榫\",null,true,"
	                    "\"-922337203685477.5808\"]");
	talloc_free(b);
}

/* Every text of up to three interesting bytes, in every position of an 8-byte word, survives writing and reading. */
TEST(json, writes_only_what_reads_back)
{
	static const unsigned char odd[] = {0x01, 0x08, 0x1f, 0x20, '"', '\\', '/', 'b', 'n', 0x7f, 0x80, 0xc3, 0xa9, 0xff};
	TALLOC_CTX *ctx = talloc_new(NULL);
	Buf *b = buf_new(ctx, 4096);
	for (size_t i = 0; i < 8 * ARRAY_LEN(odd) * ARRAY_LEN(odd); i++) {
		char text[24];
		memset(text, 'x', sizeof(text));
		text[i % 8] = (char)odd[i / 8 % ARRAY_LEN(odd)];
		text[i % 8 + 1] = (char)odd[i / 8 / ARRAY_LEN(odd)];
		buf_clear(b);
		JsonOut o = json_out(b);
		json_put_text_n(&o, text, sizeof(text));
		JsonFault fault = {0};
		json_t *tree = json_parse(ctx, b->data, b->len, &fault);
		CHECK(tree != NULL);
		if (g_utf8_validate(text, sizeof(text), NULL)) {
			CHECK_INT(json_string_length(tree), sizeof(text));
			CHECK(memcmp(json_string_value(tree), text, sizeof(text)) == 0);
		}
	}
	talloc_free(ctx);
}

TEST(json, writes_trees)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	JsonFault fault = {0};
	static const char text[] = "{\"a\":[1,\"榫\",null]}";
	json_t *tree = json_parse(ctx, text, strlen(text), &fault);
	Buf *b = buf_new(ctx, 4096);
	JsonOut o = json_out(b);
	json_array_begin(&o);
	json_put_int(&o, 1);
	json_put_tree(&o, tree);
	json_array_end(&o);
	CHECK_TEXT(b->data, "[1,{\"a\":[1,\"榫\",null]}]");
	talloc_free(ctx);
}

TEST(json, check_is_fast)
{
	static const char body[] =
		"{\"name\":\"王小明\",\"phone\":\"13800138000\",\"email\":\"wang@example.com\","
		"\"company\":\"上海华信科技有限公司\",\"province\":\"上海\","
		"\"message\":\"The quick brown fox jumps over the lazy dog and asks for a quotation of 20 seats "
		"in the standard edition, please call back in the afternoon.\","
		"\"utm_source\":\"search\",\"n\":[1,2.5,-3e7,true]}";
	JsonFault fault;
	int64_t start = clock_monotonic_us();
	for (int i = 0; i < 10000; i++)
		CHECK(json_check(body, sizeof(body) - 1, LIMIT_JSON_DEPTH, &fault));
	double each_us = (double)(clock_monotonic_us() - start) / 10000;
	g_test_message("%.2f us for %zu bytes", each_us, sizeof(body) - 1);
	CHECK(each_us < 50); /* about 1 alone; the room is for sanitizers and busy machines */
}

/* tests/fuzz/json_fuzz.c */
int fuzz_json(const uint8_t *data, size_t size);

static void replay(const CheckRow *row, void *arg)
{
	(void)arg;
	fuzz_json((const uint8_t *)row->bytes, row->len);
}

TEST(json, survives_the_fuzz_seeds)
{
	CHECK(check_files(TESTS_DIR "/fuzz/seeds/json", replay, NULL) > 0);
}
