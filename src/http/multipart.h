/* multipart/form-data (RFC 7578): a form with files, read from a whole body. Nothing is decoded but names; the contents
 * stay where they are. */
#pragma once

#include "base/base.h"

typedef struct {
	const char *name;      /* UTF-8, not empty */
	const char *file_name; /* NULL: a field of text. As sent, perhaps ""; any bytes but NUL: to be cleaned */
	const char *bytes;     /* inside the body; of a text: UTF-8 without NUL */
	size_t len;
} HttpPart;

typedef struct {
	HttpPart *part;
	size_t n;
} HttpParts;

bool http_is_multipart(const char *content_type);
/* The parts in their order, at most LIMIT_MULTIPART_PARTS. NULL, and in *ret_fault a stable word for what is wrong
 * ("unfinished"), when the body is not as it must be. */
HttpParts *http_multipart_parse(TALLOC_CTX *ctx, const char *content_type, const char *body, size_t len,
                                const char **ret_fault);
/* The fault that is a matter of size. */
#define MULTIPART_TOO_MANY "too_many_parts"
/* The sentence of a fault; NULL for a word that is none. */
const char *http_multipart_fault(const char *word, bool in_chinese);
