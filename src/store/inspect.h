/* A look at a workspace's tables from outside of any Store: for checks, of a house that runs, of one that does not, and
 * of copies. One connection, one moment of the database (with two SQLite files: first of `receipts`, then of
 * `records`), plain SQL that both engines understand; a name is found in whichever file has it. */
#pragma once

#include "base/base.h"
#include "base/err.h"

typedef struct Inspection Inspection;

typedef struct {
	const char *records, *receipts; /* SQLite: the two files, which must exist; receipts may be NULL */
	bool writes;                    /* SQLite: for copies that nobody else uses; inspect_write is allowed */
	const char *database, *schema;  /* PostgreSQL; then the files are ignored */
} InspectConfig;

/* NULL and an English sentence in *ret_error, talloc'd on ctx, on failure. */
Inspection *inspect_open(TALLOC_CTX *ctx, const InspectConfig *config, char **ret_error);
void inspect_close(Inspection *inspection);
bool inspect_is_postgres(const Inspection *inspection);
/* Sentence of the engine about the last failure. */
const char *inspect_error(const Inspection *inspection);

/* The cells of a row as text, NULL for NULL; false ends the walk. */
typedef bool (*InspectRow)(void *arg, const char *const *cells, int n);
/* 0, or ERR_STORE. */
NODISCARD int inspect_rows(Inspection *inspection, const char *sql, InspectRow row, void *arg);
/* The integer of a one-row query. */
NODISCARD int inspect_number(Inspection *inspection, const char *sql, int64_t *ret);
/* Runs one statement that writes, at once durable; *ret: rows changed. */
NODISCARD int inspect_write(Inspection *inspection, const char *sql, int64_t *ret);
