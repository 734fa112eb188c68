/* What the files about backups share. */
#pragma once

#include "modules/care/backup.h"
#include "modules/care/tree.h"

#define MANIFEST "manifest.json"
#define CHECK_FILE "check.json"
#define MANIFEST_BYTES_MAX (64 * 1024 * 1024)
#define TABLES_FOLDER "tables" /* of a backup of PostgreSQL */

/* 2026-11-28 08:30:00 UTC as 20261128-083000 */
char *backup_stamp(TALLOC_CTX *ctx, int64_t ms);
/* The one file that opens what is sealed. */
bool is_secret_key(const char *name);
/* Files of the house beside its databases: files/..., *.key, the test clock; relative paths. */
bool loose_files(TALLOC_CTX *ctx, const char *data_dir, char ***ret, size_t *ret_n);
/* The manifest as parsed; NULL and a sentence. */
json_t *manifest_load(TALLOC_CTX *ctx, const char *path, Said *said);
const char *backup_kind_name(BackupKind kind);
