/* Copies of a whole database, taken beside whoever writes, and the way back. Every function has a connection of its
 * own and is called from a thread that may wait; none needs a Store.
 *
 * SQLite: the file as it lies, looked at until little changes, then set right from one read snapshot, the moment of the
 * copy. While that snapshot is held, a lock on the file PATH-copy tells the writer, of this process or another, to let
 * its log grow instead of standing still for it (sqlite_wal.c).
 * PostgreSQL: one REPEATABLE READ READ ONLY transaction; a table is one file in COPY's text form. */
#pragma once

#include "base/base.h"
#include "base/err.h"
#include <stdatomic.h>

typedef struct CopyWatch {
	int64_t bytes_per_second; /* pace; 0: as fast as it goes */
	_Atomic int64_t done;     /* bytes copied */
	_Atomic int64_t total;    /* bytes to copy as far as known; 0: not yet */
	_Atomic bool stop;        /* ends the copy with ERR_BUSY */
} CopyWatch;

/* On failure an Err and an English sentence in *ret_error, talloc'd on ctx. */

/* Copies the SQLite file `from`, which must exist, to the new file `to`: in rollback-journal form, synced, needing no
 * file beside it. ERR_CONFLICT: another copy of it is under way. */
NODISCARD int sqlite_copy(TALLOC_CTX *ctx, const char *from, const char *to, CopyWatch *watch, char **ret_error);
/* True while a copy of that file, by whatever process, needs the log as it is. */
bool sqlite_copy_holds_snapshot(const char *path);

/* Writes the schema into the folder: tables.sql, keys.sql, counters.sql (a statement a line) and NAME.copy a table. */
NODISCARD int postgres_copy_out(TALLOC_CTX *ctx, const char *database, const char *schema, const char *folder,
				CopyWatch *watch, char **ret_error);
/* Makes the schema from such a folder, all or nothing. One that has tables is refused with ERR_CONFLICT, unless `aside`
 * names the schema that it is renamed to. */
NODISCARD int postgres_copy_in(TALLOC_CTX *ctx, const char *database, const char *schema, const char *folder,
			       const char *aside, char **ret_error);
/* *ret: whether the schema has tables. */
NODISCARD int postgres_has_tables(TALLOC_CTX *ctx, const char *database, const char *schema, bool *ret,
				  char **ret_error);

/* ---- copy.c: for the two above ---- */

/* Counts bytes and pauses as the pace wants it; began_us is clock_monotonic_us at the start of the copy. False when the
 * copy is to stop. */
bool copy_pace(CopyWatch *watch, int64_t bytes, int64_t began_us);
