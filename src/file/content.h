/* Content under its hash: DATA/files/ab/<SHA-256 as hexadecimal>. The same bytes are kept once. Nothing is removed
 * here: a row that was deleted can come back, and others may share the content. Any thread; each call waits for the
 * disk. */
#pragma once

#include "base/base.h"
#include "base/err.h"

#define CONTENT_HASH_TEXT 65

/* Makes the folder, and removes what a process that died left half written. 0 or ERR_STORE. */
NODISCARD int content_begin(const char *data_dir);
/* Keeps the bytes: file and folders are synced when it returns 0. ERR_FULL, ERR_STORE. */
NODISCARD int content_keep(const char *data_dir, const void *bytes, size_t len, char ret_hash[CONTENT_HASH_TEXT]);
/* The whole content, at most LIMIT_FILE bytes. ERR_NOT_FOUND: it is missing; ERR_STORE: it cannot be read. */
NODISCARD int content_read(TALLOC_CTX *ctx, const char *data_dir, const char *hash, char **ret, size_t *ret_len);
/* 64 hexadecimal digits in lower case. */
bool content_is_hash(const char *text);
void content_hash(const void *bytes, size_t len, char ret_hash[CONTENT_HASH_TEXT]);
