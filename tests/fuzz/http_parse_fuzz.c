/* Fuzzes the request parser: whatever comes in, feeding it whole and feeding it in pieces must agree, and every text it
 * offers must lie inside its own memory. The first byte of the input is the size of the pieces. */
#include "http/parse.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* Feeds up to the end of one request in pieces; returns how many bytes it took. */
static size_t feed(HttpParse *p, const char *bytes, size_t len, size_t piece, HttpParseResult *ret)
{
	size_t at = 0;
	*ret = PARSE_MORE;
	while (*ret == PARSE_MORE && at < len) {
		size_t n = len - at < piece ? len - at : piece, used = 0;
		/* A copy of its own, so that AddressSanitizer sees a read beyond the piece. */
		char *copy = malloc(n);
		memcpy(copy, bytes + at, n);
		*ret = http_parse_feed(p, copy, n, &used);
		free(copy);
		require(used <= n && (used == n || *ret != PARSE_MORE));
		at += used;
	}
	return at;
}

static void compare(const HttpParse *a, const HttpParse *b, HttpParseResult result)
{
	require(a->refusal == b->refusal);
	if (result == PARSE_REFUSED)
		return; /* what is known of a refused request may depend on how it came */
	require(strcmp(http_parse_method(a), http_parse_method(b)) == 0);
	require(strcmp(http_parse_target(a), http_parse_target(b)) == 0);
	require(a->n_fields == b->n_fields);
	for (int i = 0; i < a->n_fields; i++)
		require(strcmp(a->head + a->field[i].value, b->head + b->field[i].value) == 0);
	require(a->body_len == b->body_len && (a->body_len == 0 || memcmp(a->body, b->body, a->body_len) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	size_t piece = data[0] % 64 + 1, len = size - 1;
	const char *bytes = (const char *)data + 1;
	while (len > 0) {
		TALLOC_CTX *ctx = talloc_new(NULL);
		HttpParse *whole = talloc(ctx, HttpParse), *split = talloc(ctx, HttpParse);
		HttpParseResult whole_result, split_result;
		http_parse_init(whole, talloc_new(ctx));
		http_parse_init(split, talloc_new(ctx));
		size_t used = feed(whole, bytes, len, len, &whole_result);
		size_t split_used = feed(split, bytes, len, piece, &split_result);
		require(whole_result == split_result);
		if (whole_result != PARSE_REFUSED)
			require(used == split_used);
		if (whole_result == PARSE_DONE)
			require(http_parse_target(whole)[0] == '/');
		compare(whole, split, whole_result);
		talloc_free(ctx);
		if (whole_result != PARSE_DONE)
			break;
		bytes += used;
		len -= used;
	}
	return 0;
}
