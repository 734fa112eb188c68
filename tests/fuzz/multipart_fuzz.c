/* Fuzzes the reading of multipart/form-data: the first line of the input is the Content-Type, the rest the body. What
 * comes out lies inside the body, in order, and names and texts are UTF-8. */
#include "http/multipart.h"

#include "base/limits.h"
#include "base/utf8.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_parts(const HttpParts *parts, const char *body, size_t len)
{
	const char *at = body;
	require(parts->n <= LIMIT_MULTIPART_PARTS);
	for (size_t i = 0; i < parts->n; i++) {
		const HttpPart *part = &parts->part[i];
		require(part->bytes >= at && part->bytes + part->len <= body + len);
		at = part->bytes + part->len;
		require(part->name[0] != '\0' && utf8_valid(part->name, strlen(part->name)));
		require(part->file_name || utf8_valid(part->bytes, part->len));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	const uint8_t *eol = size ? memchr(data, '\n', size) : NULL;
	size_t head = eol ? (size_t)(eol - data) : size, len = eol ? size - head - 1 : 0;
	char *type = talloc_strndup(ctx, (const char *)data, head);
	char *body = malloc(len ? len : 1); /* its end is watched */
	if (len)
		memcpy(body, eol + 1, len);
	const char *fault = NULL;
	HttpParts *parts = http_multipart_parse(ctx, type, body, len, &fault);
	if (parts)
		check_parts(parts, body, len);
	else
		require(http_multipart_fault(fault, true) && http_multipart_fault(fault, false));
	free(body);
	talloc_free(ctx);
	return 0;
}
