/* Content under its hash: DATA/files/ab/<SHA-256 as hexadecimal>. The same bytes are kept once. Whoever keeps or holds
 * it makes it young, and young content is never dropped: there is time to write the row that names it. A lock in the
 * folder makes keeping and dropping exclude each other, also between processes that share it. Any thread; each call
 * waits for the disk. */
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
/* It is there and as if it were kept just now. ERR_NOT_FOUND, ERR_STORE. */
NODISCARD int content_hold(const char *data_dir, const char *hash);
/* Tells the content of one of CONTENT_FOLDERS folders that was last kept or held before that moment of real time. */
#define CONTENT_FOLDERS 256
typedef void (*ContentOld)(void *arg, const char *hash);
void content_old(const char *data_dir, int folder, int64_t before_ms, ContentOld tell, void *arg);
/* Removes it, unless it was kept or held since, or somebody is keeping something at this moment. *ret_bytes: what was
 * given back, 0: it stays. */
void content_drop(const char *data_dir, const char *hash, int64_t before_ms, int64_t *ret_bytes);
/* The name of the lock inside files/: no content. */
#define CONTENT_LOCK ".lock"
/* 64 hexadecimal digits in lower case. */
bool content_is_hash(const char *text);
void content_hash(const void *bytes, size_t len, char ret_hash[CONTENT_HASH_TEXT]);
