/* What a file is, told by its bytes: photos, voice notes, documents. The list is short on purpose: nothing that a
 * browser would run, nothing that an office program would run. */
#pragma once

#include "base/base.h"

typedef enum { FILE_PHOTO, FILE_VOICE, FILE_DOCUMENT } FileKind;

typedef struct {
	const char *media_type; /* "image/jpeg" */
	FileKind kind;
	const char *ending; /* of a name: ".jpg" */
	const char *endings; /* others that are as good: ".jpeg .jfif", or "" */
} FileType;

/* The type of these bytes, or NULL: unwelcome. The name only tells a CSV from other text; it may be NULL. */
const FileType *file_type_of(const void *bytes, size_t len, const char *name);
/* "photo", "voice", "file". */
const char *file_kind_name(FileKind kind);
/* The last part of a name as sent (NULL: none), without control characters and what file systems refuse, at most
 * LIMIT_FILE_NAME characters, with an ending that fits the type (NULL: as it is). Never empty. */
char *file_name_clean(TALLOC_CTX *ctx, const char *name, const FileType *type);
