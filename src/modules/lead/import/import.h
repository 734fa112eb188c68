/* Importing a file of leads (L4): what the command line needs of it. The rest is spoken over the API. */
#pragma once

#include "call/call.h"

typedef struct {
	const char *path;    /* absolute; the file is read where it lies */
	const char *source;  /* key */
	const char *columns; /* JSON array of field names, one a column, or NULL: guessed from the header */
	const char *way;     /* "rules", "pool", "owner" */
	bool dry_run;
} ImportOrder;

/* How an import stands; texts in the memory it was asked for with. */
typedef struct {
	Id id;
	const char *state; /* "new", "checking", "checked", "running", "done", "cancelled", "failed" */
	const char *error; /* why it failed, a sentence */
	int64_t rows, done;
	int64_t taken, repeated, bad, in_file;
	const char *report; /* JSON of the dry run, or NULL */
	Id holder; /* the process that carries it out; nil on SQLite */
} ImportState;

/* Makes an import and waits for its end, or for that of an unfinished one of the same file: it goes on where it
 * stopped. told is called now and then. 0, or an Err with a sentence in *ret_error. */
NODISCARD int import_order(TALLOC_CTX *ctx, House *house, const ImportOrder *order,
                           void (*told)(const ImportState *state), ImportState *ret, const char **ret_error);
