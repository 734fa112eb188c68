/* Fuzzes JSON in and out: the flat checker and the parser must agree on what is JSON, and a tree that is written must
 * read back the same. */
#include "base/json.h"
#include "base/limits.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* The parser may refuse for these reasons what is well-formed. */
static bool is_beyond_syntax(const char *reason)
{
	return strcmp(reason, "duplicate key") == 0 || strcmp(reason, "\\u0000 is not accepted") == 0 ||
	       strcmp(reason, "number too large") == 0;
}

static void check_round_trip(TALLOC_CTX *ctx, json_t *tree, size_t size)
{
	JsonFault fault;
	Buf *b = buf_new(ctx, 16 * size + 1024);
	JsonOut o = json_out(b);
	json_put_tree(&o, tree);
	require(!buf_failed(b));
	json_t *again = json_parse(ctx, b->data, b->len, &fault);
	require(again != NULL && json_equal(tree, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	JsonFault fault = {0};
	char *copy = malloc(size > 0 ? size : 1);
	memcpy(copy, data, size);
	bool is_json = json_check(copy, size, LIMIT_JSON_DEPTH, &fault);
	require(is_json || (fault.reason != NULL && fault.offset <= size));
	json_t *tree = json_parse(ctx, copy, size, &fault);
	require((tree != NULL) <= is_json);
	require(tree != NULL || !is_json || is_beyond_syntax(fault.reason));
	if (tree != NULL)
		check_round_trip(ctx, tree, size);
	/* Any bytes can be written as a text. */
	Buf *b = buf_new(ctx, 8 * size + 16);
	JsonOut o = json_out(b);
	json_put_text_n(&o, copy, size);
	require(json_check(b->data, b->len, 1, &fault));
	free(copy);
	talloc_free(ctx);
	return 0;
}
