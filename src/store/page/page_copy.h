/* The file that a copy of a SQLite database becomes. It knows the digest of every page it holds and takes only pages
 * that differ, so that the same database can be handed over again and again while it changes, and the last time costs
 * little more than reading it. One thread. Functions that can fail return a SQLite result code. */
#pragma once

#include "base/base.h"
#include <sqlite3.h>
#include <stdatomic.h>

#define PAGE_BYTES 4096
#define PAGES_AT_ONCE 128 /* pages in one hand-over at most: half a megabyte */

typedef struct PageCopy PageCopy;

/* Makes the file, which must not exist; NULL when that fails. */
PageCopy *page_copy_new(TALLOC_CTX *ctx, const char *path);
/* Takes pages `first`, counted from 0, and those after it. The first page of all is changed in place: what is kept says
 * that the database needs no log beside it. *written grows by the bytes that differed. */
NODISCARD int page_copy_take(PageCopy *copy, int64_t first, uint8_t *pages, int n, int64_t *written);
/* Has the disk take what was written so far, a piece at a time, without a barrier for whoever else writes. */
NODISCARD int page_copy_drain(PageCopy *copy);
/* Fills `buf` from `offset` on; false when the file ends before. */
bool page_copy_read(PageCopy *copy, void *buf, int n, int64_t offset);
/* Gives the file its final length. */
NODISCARD int page_copy_cut(PageCopy *copy, int64_t pages);
/* Makes the file durable. */
NODISCARD int page_copy_sync(PageCopy *copy);
/* Closes the file. NULL is ignored. */
void page_copy_free(PageCopy *copy);

/* ---- page_vfs.c ---- */

/* Brings the copy to the moment that the read transaction of `source` sees, whatever it held before: SQLite's own
 * backup, whose pages go to page_copy_take. `stop` ends it with SQLITE_INTERRUPT. */
NODISCARD int page_copy_settle(PageCopy *copy, sqlite3 *source, const _Atomic bool *stop, int64_t *written);
