/* Folders of files: listed, hashed, copied, synced, removed. Failures leave errno. */
#pragma once

#include "store/copy.h"

#define TREE_HASH_TEXT 65 /* BLAKE2b-256 as hexadecimal, with its NUL */

/* Paths of all regular files below root, relative to it, sorted; links are not followed. An absent root has none. */
NODISCARD bool tree_list(TALLOC_CTX *ctx, const char *root, char ***ret, size_t *ret_n);
NODISCARD bool tree_remove(const char *root);
/* Makes the folder and those above it. */
NODISCARD bool folder_make(const char *path);
NODISCARD bool folder_sync(const char *path);
bool file_exists(const char *path);
/* path is the folder root or lies in it, links followed; what does not exist yet counts by the folders above it. */
bool tree_holds(const char *root, const char *path);
/* Reads no faster than the watch says, and ends with EINTR when it is to stop; NULL: as fast as it goes. */
NODISCARD bool file_hash(const char *path, const CopyWatch *watch, int64_t *ret_bytes, char ret_hash[TREE_HASH_TEXT]);
/* A new file with the same bytes and rights, synced; its folder is made. */
NODISCARD bool file_copy(const char *from, const char *to);
/* A new or replaced file with this text, synced, there whole or not at all. */
NODISCARD bool file_write(const char *path, const char *text);
/* NULL when it cannot be read or is longer than max. */
char *file_read(TALLOC_CTX *ctx, const char *path, size_t max);
