/* Copy of a SQLite file beside its writer. A read snapshot held for as long as gigabytes take would keep the writer's
 * log from starting over, and writing home what it had grown to would hold up commits when the copy ends. So the pages
 * are first taken as they lie in the file, without any moment they belong to, several times until few change between
 * two looks. Only then is a snapshot held, for the seconds that reading everything once takes, and what differs from it
 * is set right: the copy is that snapshot. */
#include "store/copy.h"

#include "store/page/page_copy.h"
#include "store/sqlite_int.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define LOOKS_MAX 6                          /* at the file without a snapshot */
#define FEW_BYTES (INT64_C(32) * 1024 * 1024) /* so little may be left for the snapshot */
#define DRAIN_BYTES (2 * 1024 * 1024)        /* written between two drains */

/* Bytes of PATH-copy: each is a lock. */
enum { LOCK_COPY, LOCK_SNAPSHOT };

_Static_assert(PAGE_BYTES == SQLITE_PAGE_BYTES, "pages are copied as they are");

typedef struct {
	const char *from, *to;
	sqlite3 *source;
	sqlite3_file *file; /* of the source */
	PageCopy *target;
	uint8_t *pages;
	int lock;
	int64_t began_us, undrained;
	CopyWatch *watch;
} SqliteCopy;

/* ---- locks ---- */

static int lock_open(const char *path, int flags)
{
	char *name = talloc_asprintf(NULL, "%s-copy", path);
	int fd = open(name, flags | O_CLOEXEC, 0644);
	talloc_free(name);
	return fd;
}

/* Locks of an open file, not of the process: threads of one process exclude each other, and whoever dies lets go. */
static bool lock_set(int fd, short type, int which)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = which, .l_len = 1};
	return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

bool sqlite_copy_holds_snapshot(const char *path)
{
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = LOCK_SNAPSHOT, .l_len = 1};
	int fd = lock_open(path, O_RDONLY);
	bool held = fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	if (fd >= 0)
		close(fd);
	return held;
}

/* ---- pages ---- */

static int copy_open(SqliteCopy *c)
{
	int code = sqlite3_open_v2(c->from, &c->source, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_busy_timeout(c->source, STORE_WAIT_MS);
	if (code == SQLITE_OK)
		code = sqlite3_exec(c->source, "PRAGMA query_only=ON; SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
	/* Through SQLite's own handle: closing another one would drop the locks that it holds on the file. */
	if (code == SQLITE_OK)
		code = sqlite3_file_control(c->source, "main", SQLITE_FCNTL_FILE_POINTER, &c->file);
	if (code != SQLITE_OK)
		return code;
	c->target = page_copy_new(NULL, c->to);
	if (!c->target)
		return SQLITE_CANTOPEN;
	c->pages = talloc_array(c->target, uint8_t, PAGES_AT_ONCE * PAGE_BYTES);
	return SQLITE_OK;
}

/* Keeps the pace, and keeps what is on its way to the disk short. */
static int copy_rests(SqliteCopy *c, int64_t written)
{
	int code = SQLITE_OK;
	c->undrained += written;
	if (c->undrained >= DRAIN_BYTES) {
		c->undrained = 0;
		code = page_copy_drain(c->target);
	}
	if (!copy_pace(c->watch, written, c->began_us) && code == SQLITE_OK)
		code = SQLITE_INTERRUPT;
	return code;
}

/* One look at the whole file, in no snapshot: a page may be half old and half new, the snapshot sets it right. */
static int copy_look(SqliteCopy *c, int64_t *fresh)
{
	sqlite3_int64 bytes;
	int code = c->file->pMethods->xFileSize(c->file, &bytes);
	bool first = *fresh < 0;
	*fresh = 0;
	if (first)
		atomic_fetch_add(&c->watch->total, bytes);
	for (int64_t at = 0, pages = bytes / PAGE_BYTES; code == SQLITE_OK && at < pages; at += PAGES_AT_ONCE) {
		int n = pages - at < PAGES_AT_ONCE ? (int)(pages - at) : PAGES_AT_ONCE;
		int64_t written = 0;
		code = c->file->pMethods->xRead(c->file, c->pages, n * PAGE_BYTES, at * PAGE_BYTES);
		if (code == SQLITE_OK)
			code = page_copy_take(c->target, at, c->pages, n, &written);
		if (!first)
			atomic_fetch_add(&c->watch->total, written);
		*fresh += written;
		if (code == SQLITE_OK)
			code = copy_rests(c, written);
	}
	/* It became shorter meanwhile. */
	return code == SQLITE_IOERR_SHORT_READ ? SQLITE_OK : code;
}

static int copy_looks(SqliteCopy *c)
{
	int64_t fresh = -1, before;
	for (int look = 0; look < LOOKS_MAX; look++) {
		before = fresh;
		int code = copy_look(c, &fresh);
		if (code != SQLITE_OK)
			return code;
		bool shrinks = before < 0 || fresh < before - before / 4;
		if (fresh <= FEW_BYTES || !shrinks)
			break;
	}
	return SQLITE_OK;
}

/* The first read takes the snapshot. Nothing waits for the disk while it is held. */
static int copy_settle(SqliteCopy *c)
{
	int64_t written = 0;
	if (!lock_set(c->lock, F_WRLCK, LOCK_SNAPSHOT))
		return SQLITE_BUSY;
	int code = sqlite3_exec(c->source, "BEGIN; SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = page_copy_settle(c->target, c->source, &c->watch->stop, &written);
	(void)sqlite3_exec(c->source, "ROLLBACK", NULL, NULL, NULL);
	(void)lock_set(c->lock, F_UNLCK, LOCK_SNAPSHOT);
	atomic_fetch_add(&c->watch->total, written);
	atomic_fetch_add(&c->watch->done, written);
	return code;
}

static int copy_fail(TALLOC_CTX *ctx, SqliteCopy *c, int code, char **ret_error)
{
	const char *reason = code == SQLITE_INTERRUPT ? "it was stopped"
			     : code == SQLITE_FULL    ? "the disk is full"
						      : sqlite3_errstr(code);
	*ret_error = talloc_asprintf(ctx, "The copy of %s was not finished: %s.", c->from, reason);
	return code == SQLITE_INTERRUPT ? ERR_BUSY : sqlite_err(code);
}

static int copy_run(TALLOC_CTX *ctx, SqliteCopy *c, char **ret_error)
{
	int code = copy_open(c);
	if (code == SQLITE_OK)
		code = copy_looks(c);
	if (code == SQLITE_OK)
		code = copy_settle(c);
	if (code == SQLITE_OK)
		code = page_copy_sync(c->target);
	int r = code == SQLITE_OK ? 0 : copy_fail(ctx, c, code, ret_error);
	page_copy_free(c->target);
	sqlite3_close(c->source);
	return r;
}

int sqlite_copy(TALLOC_CTX *ctx, const char *from, const char *to, CopyWatch *watch, char **ret_error)
{
	SqliteCopy c = {.from = from, .to = to, .watch = watch, .began_us = clock_monotonic_us()};
	/* Several files share one watch: the pace counts from where this one begins. */
	if (watch->bytes_per_second > 0)
		c.began_us -= atomic_load(&watch->done) * 1000000 / watch->bytes_per_second;
	c.lock = lock_open(from, O_RDWR | O_CREAT);
	if (c.lock < 0) {
		*ret_error = talloc_asprintf(ctx, "%s-copy cannot be written: %s.", from, strerror(errno));
		return ERR_STORE;
	}
	int r = ERR_CONFLICT;
	if (lock_set(c.lock, F_WRLCK, LOCK_COPY))
		r = copy_run(ctx, &c, ret_error);
	else
		*ret_error = talloc_asprintf(ctx, "Another copy of %s is under way.", from);
	close(c.lock);
	return r;
}
