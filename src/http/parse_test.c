/* Tests of the request parser without sockets. A verdict of the case tables is the number of complete requests, then
 * "+" if an incomplete one follows, or ":code" of the refusal that follows. */
#include "base/check.h"
#include "http/parse.h"

#include <string.h>

/* Feeds up to the end of one request in pieces; returns how many bytes it took. */
static size_t feed(HttpParse *p, const char *bytes, size_t len, size_t piece, HttpParseResult *ret)
{
	size_t at = 0;
	*ret = PARSE_MORE;
	while (*ret == PARSE_MORE && at < len) {
		size_t n = len - at < piece ? len - at : piece, used = 0;
		char *copy = g_memdup2(bytes + at, n); /* lets AddressSanitizer see a read beyond the piece */
		*ret = http_parse_feed(p, copy, n, &used);
		g_free(copy);
		at += used;
	}
	return at;
}

static char *verdict_of(const char *bytes, size_t len, size_t piece)
{
	int n = 0;
	for (;;) {
		TALLOC_CTX *ctx = talloc_new(NULL);
		HttpParse *p = talloc(ctx, HttpParse);
		HttpParseResult result;
		http_parse_init(p, ctx);
		size_t used = feed(p, bytes, len, piece, &result);
		bytes += used;
		len -= used;
		const char *code = result == PARSE_REFUSED ? p->refusal->code : NULL;
		bool is_idle = result == PARSE_MORE && used == 0;
		talloc_free(ctx);
		if (is_idle)
			return g_strdup_printf("%d", n);
		if (code != NULL)
			return g_strdup_printf("%d:%s", n, code);
		if (result == PARSE_MORE)
			return g_strdup_printf("%d+", n);
		n++;
	}
}

static void check_verdict(const CheckRow *row, void *arg)
{
	static const size_t pieces[] = {1, 2, 7, 1 << 20};
	GString *wrong = arg;
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		char *verdict = verdict_of(row->bytes, row->len, pieces[i]);
		if (strcmp(verdict, row->verdict) != 0)
			g_string_append_printf(wrong, "%s: %s in pieces of %zu, expected %s\n", row->name, verdict, pieces[i],
			                       row->verdict);
		g_free(verdict);
	}
}

static size_t check_table(const char *path)
{
	GString *wrong = g_string_new(NULL);
	size_t n = check_rows(path, check_verdict, wrong);
	if (wrong->len > 0)
		g_error("%s:\n%s", path, wrong->str);
	g_string_free(wrong, TRUE);
	return n;
}

TEST(parse, agrees_with_the_cases_of_llhttp)
{
	CHECK(check_table(TESTS_DIR "/data/http/llhttp.tsv") >= 90);
}

TEST(parse, refuses_what_two_parsers_could_read_differently)
{
	CHECK(check_table(TESTS_DIR "/data/http/strict.tsv") >= 60);
}

TEST(parse, has_words_for_every_refusal)
{
	for (int kind = 0; kind < REFUSE_KINDS; kind++) {
		const HttpRefusal *refusal = http_refusal((HttpRefusalKind)kind);
		CHECK(refusal->status >= 400 && refusal->status < 600);
		CHECK(refusal->code != NULL && refusal->title != NULL);
		CHECK(refusal->detail_en != NULL && refusal->detail_zh != NULL);
		CHECK(g_utf8_validate(refusal->detail_zh, -1, NULL));
	}
}

static HttpParseResult parse_text(HttpParse *p, TALLOC_CTX *ctx, const char *text)
{
	HttpParseResult result;
	http_parse_init(p, ctx);
	(void)feed(p, text, strlen(text), SIZE_MAX, &result);
	return result;
}

TEST(parse, tells_method_target_fields_and_body)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	HttpParse p;
	CHECK_INT(parse_text(&p, ctx, "POST /a//b%20c?d=e HTTP/1.1\r\nHOST: x\r\nX-Twice: \t one \r\n"
	                     "x-twice: two\r\nEmpty:\r\n"
	                     "Content-Length: 3\r\n\r\nabc"), PARSE_DONE);
	CHECK_TEXT(http_parse_method(&p), "POST");
	CHECK_TEXT(http_parse_target(&p), "/a//b%20c?d=e");
	CHECK_TEXT(http_parse_field(&p, "host"), "x");
	CHECK_TEXT(http_parse_field(&p, "X-TWICE"), "one");
	CHECK_TEXT(http_parse_field(&p, "empty"), "");
	CHECK(http_parse_field(&p, "absent") == NULL);
	CHECK_TEXT(p.body, "abc");
	CHECK(http_parse_keeps_alive(&p));
	CHECK_INT(parse_text(&p, ctx, "GET http://shop.example/x?y HTTP/1.1\r\nHost: x\r\nConnection: foo, Close\r\n\r\n"),
	          PARSE_DONE);
	CHECK_TEXT(http_parse_target(&p), "/x?y");
	CHECK(!http_parse_keeps_alive(&p));
	talloc_free(ctx);
}

TEST(parse, joins_chunks_and_drops_trailers)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	HttpParse p;
	CHECK_INT(parse_text(&p, ctx, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n"
	                     "3\r\nabc\r\n00A;name=\"v\"\r\n0123456789\r\n0\r\nAuthorization: admin\r\n\r\n"), PARSE_DONE);
	CHECK_TEXT(p.body, "abc0123456789");
	CHECK(http_parse_field(&p, "authorization") == NULL);
	talloc_free(ctx);
}

TEST(parse, keeps_what_is_known_of_a_refused_request)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	HttpParse p;
	CHECK_INT(parse_text(&p, ctx, "POST /capture/key  HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{\"a\": 12}"),
	          PARSE_REFUSED);
	CHECK_TEXT(p.refusal->code, "space_in_url");
	CHECK_TEXT(http_parse_method(&p), "POST");
	CHECK_TEXT(http_parse_target(&p), "/capture/key ");
	CHECK_TEXT(p.body, "{\"a\": 12}");
	CHECK_INT(parse_text(&p, ctx, "POST /capture/key\n HTTP/1.1\r\nHost: x\r\n\r\n"), PARSE_REFUSED);
	CHECK_TEXT(p.refusal->code, "bare_line_feed");
	CHECK_TEXT(http_parse_method(&p), "POST");
	CHECK_TEXT(http_parse_target(&p), "/capture/key");
	talloc_free(ctx);
}

static char *long_request(const char *before, size_t n, const char *after)
{
	char *fill = g_strnfill(n, 'a'), *text = g_strconcat(before, fill, after, NULL);
	g_free(fill);
	return text;
}

static void check_long(const char *before, size_t n, const char *after, const char *expected)
{
	static const size_t pieces[] = {1, 1000, 1 << 20};
	char *text = long_request(before, n, after);
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		char *verdict = verdict_of(text, strlen(text), pieces[i]);
		CHECK_TEXT(verdict, expected);
		g_free(verdict);
	}
	g_free(text);
}

TEST(parse, bounds_lines_fields_and_bodies)
{
	check_long("GET /", LIMIT_HTTP_LINE - 16, " HTTP/1.1\r\nHost: x\r\n\r\n", "1");
	check_long("GET /", LIMIT_HTTP_LINE - 15, " HTTP/1.1\r\nHost: x\r\n\r\n", "0:url_too_long");
	check_long("GET /", LIMIT_HTTP_LINE * 2, "", "0:url_too_long");
	check_long("GET / HTTP/1.1\r\nHost: x\r\nX: ", LIMIT_HTTP_HEADERS - 16, "\r\n\r\n", "1");
	check_long("GET / HTTP/1.1\r\nHost: x\r\nX: ", LIMIT_HTTP_HEADERS - 15, "\r\n\r\n", "0:headers_too_large");
	check_long("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;", 300, "\r\na\r\n", "0:bad_chunk");
	GString *many = g_string_new("GET / HTTP/1.1\r\n");
	for (int i = 0; i < LIMIT_HTTP_HEADER_COUNT; i++)
		g_string_append(many, i == 0 ? "Host: x\r\nA: b\r\n" : "A: b\r\n");
	char *verdict = verdict_of(many->str, many->len, 1 << 20);
	CHECK_TEXT(verdict, "0:too_many_headers");
	g_free(verdict);
	g_string_free(many, TRUE);
}

/* A body that is announced but does not come must not cost memory. */
TEST(parse, takes_memory_only_for_what_has_come)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	HttpParse p;
	CHECK_INT(parse_text(&p, ctx, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10485760\r\n\r\nabc"), PARSE_MORE);
	CHECK(talloc_total_size(ctx) < 100000);
	CHECK_INT(parse_text(&p, ctx, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10485761\r\n\r\n"), PARSE_REFUSED);
	CHECK_INT(p.refusal->status, 413);
	talloc_free(ctx);
}

/* tests/fuzz/http_parse_fuzz.c */
int fuzz_http_parse(const uint8_t *data, size_t size);

static void replay(const CheckRow *row, void *arg)
{
	(void)arg;
	fuzz_http_parse((const uint8_t *)row->bytes, row->len);
}

TEST(parse, survives_the_fuzz_seeds)
{
	CHECK(check_files(TESTS_DIR "/fuzz/seeds/http_parse", replay, NULL) > 0);
}
