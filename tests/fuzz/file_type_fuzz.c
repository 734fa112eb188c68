/* Fuzzes the recognising of files and the cleaning of their names: the first line of the input is the name, the rest
 * the content. A name that comes out is UTF-8, short, no path and not empty. */
#include "file/type.h"

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

static void check_name(TALLOC_CTX *ctx, const char *name, const FileType *type)
{
	const char *clean = file_name_clean(ctx, name, type);
	size_t len = strlen(clean);
	require(len > 0 && len <= LIMIT_FILE_NAME * 4 && utf8_valid(clean, len));
	require(!strpbrk(clean, "/\\\"<>|\r\n\t") && clean[0] != '.');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	const uint8_t *eol = size ? memchr(data, '\n', size) : NULL;
	size_t head = eol ? (size_t)(eol - data) : size, len = eol ? size - head - 1 : 0;
	char *name = talloc_strndup(ctx, (const char *)data, head);
	char *content = malloc(len ? len : 1); /* its end is watched */
	if (len)
		memcpy(content, eol + 1, len);
	const FileType *type = file_type_of(content, len, name);
	check_name(ctx, name, type);
	free(content);
	talloc_free(ctx);
	return 0;
}
