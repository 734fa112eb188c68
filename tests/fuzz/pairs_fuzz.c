/* Fuzzes the decoding of query strings, form bodies and path segments: what comes out is valid UTF-8 without NUL, no
 * longer than what went in. */
#include "http/http.h"

#include "base/utf8.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	char *copy = malloc(size > 0 ? size : 1);
	memcpy(copy, data, size);
	HttpPairs *pairs = http_pairs_parse(ctx, copy, size, 100);
	size_t total = 0;
	for (size_t i = 0; pairs != NULL && i < pairs->n; i++) {
		const HttpPair *pair = &pairs->pair[i];
		require(strlen(pair->value) == pair->value_len);
		require(utf8_valid(pair->key, strlen(pair->key)) && utf8_valid(pair->value, pair->value_len));
		require(http_pairs_get(pairs, pair->key) != NULL);
		total += strlen(pair->key) + pair->value_len;
	}
	require(total <= size);
	char *segment = http_path_decode(ctx, copy, size);
	require(segment == NULL || (strlen(segment) <= size && utf8_valid(segment, strlen(segment))));
	free(copy);
	talloc_free(ctx);
	return 0;
}
