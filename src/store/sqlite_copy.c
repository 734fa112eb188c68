/* Copy of a SQLite file beside its writer. The source connection holds one read snapshot from the first page to the
 * last, so that commits neither change what is copied nor make SQLite begin again; what was written is synced piece by
 * piece, so that the syncs of the writer never wait behind gigabytes. */
#include "store/copy.h"

#include "store/sqlite_int.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define STEP_PAGES 128                     /* half a megabyte */
#define SYNC_BYTES (2 * 1024 * 1024)       /* copied between two syncs */

typedef struct {
	const char *from, *to;
	sqlite3 *source, *target;
	int lock, file;
	int64_t began_us, unsynced;
	CopyWatch *watch;
} SqliteCopy;

static char *lock_path(TALLOC_CTX *ctx, const char *path)
{
	return talloc_asprintf(ctx, "%s-copy", path);
}

static int copy_lock(const char *path)
{
	char *name = lock_path(NULL, path);
	int fd = open(name, O_RDONLY | O_CREAT | O_CLOEXEC, 0644);
	talloc_free(name);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		return -EWOULDBLOCK;
	}
	return fd >= 0 ? fd : -errno;
}

bool sqlite_copy_runs(const char *path)
{
	char *name = lock_path(NULL, path);
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	talloc_free(name);
	bool runs = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0;
	if (fd >= 0)
		close(fd);
	return runs;
}

static int copy_open(SqliteCopy *c)
{
	int code = sqlite3_open_v2(c->from, &c->source, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_busy_timeout(c->source, STORE_WAIT_MS);
	/* The first read takes the snapshot. */
	if (code == SQLITE_OK)
		code = sqlite3_exec(c->source, "PRAGMA query_only=ON; BEGIN; SELECT count(*) FROM sqlite_schema", NULL,
				    NULL, NULL);
	if (code != SQLITE_OK)
		return code;
	code = sqlite3_open_v2(c->to, &c->target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
			       NULL);
	if (code == SQLITE_OK)
		code = sqlite3_exec(c->target, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", NULL, NULL, NULL);
	return code;
}

/* What the writer of the original wants on the disk must not wait behind what we wrote here. */
static bool copy_sync(SqliteCopy *c, int64_t bytes)
{
	c->unsynced += bytes;
	if (c->unsynced < SYNC_BYTES)
		return true;
	c->unsynced = 0;
	if (c->file < 0)
		c->file = open(c->to, O_RDWR | O_CLOEXEC);
	if (c->file < 0 || fdatasync(c->file) < 0)
		return false;
	(void)posix_fadvise(c->file, 0, 0, POSIX_FADV_DONTNEED);
	return true;
}

static int copy_pages(SqliteCopy *c)
{
	int code = SQLITE_OK;
	sqlite3_backup *backup = sqlite3_backup_init(c->target, "main", c->source, "main");
	if (!backup)
		return sqlite3_errcode(c->target);
	int64_t left = -1;
	do {
		errno = 0;
		code = sqlite3_backup_step(backup, STEP_PAGES);
		if ((code & 0xff) == SQLITE_IOERR && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
			code = SQLITE_FULL;
		int64_t now = sqlite3_backup_remaining(backup);
		int64_t bytes = (left < 0 ? sqlite3_backup_pagecount(backup) - now : left - now) * SQLITE_PAGE_BYTES;
		if (left < 0)
			atomic_fetch_add(&c->watch->total, (int64_t)sqlite3_backup_pagecount(backup) * SQLITE_PAGE_BYTES);
		left = now;
		if (code == SQLITE_OK && !copy_sync(c, bytes))
			code = errno == ENOSPC || errno == EDQUOT ? SQLITE_FULL : SQLITE_IOERR;
		if (!copy_pace(c->watch, bytes, c->began_us) && code == SQLITE_OK)
			code = SQLITE_INTERRUPT;
	} while (code == SQLITE_OK);
	int end = sqlite3_backup_finish(backup);
	return code == SQLITE_DONE ? end : code;
}

/* The copy stands alone: no log beside it, and on the disk. */
static int copy_finish(SqliteCopy *c)
{
	(void)sqlite3_exec(c->source, "ROLLBACK", NULL, NULL, NULL);
	int code = sqlite3_exec(c->target, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
	int closed = sqlite3_close(c->target);
	c->target = NULL;
	if (code != SQLITE_OK || closed != SQLITE_OK)
		return code != SQLITE_OK ? code : closed;
	if (c->file < 0)
		c->file = open(c->to, O_RDWR | O_CLOEXEC);
	return c->file >= 0 && fsync(c->file) == 0 ? SQLITE_OK : SQLITE_IOERR;
}

static int copy_fail(TALLOC_CTX *ctx, SqliteCopy *c, int code, char **ret_error)
{
	const char *target = c->target ? sqlite3_errmsg(c->target) : "";
	const char *reason = code == SQLITE_INTERRUPT ? "it was stopped"
			     : code == SQLITE_FULL    ? "the disk is full"
			     : c->target && sqlite3_errcode(c->target) != SQLITE_OK ? target
										    : sqlite3_errstr(code);
	*ret_error = talloc_asprintf(ctx, "The copy of %s was not finished: %s.", c->from, reason);
	return code == SQLITE_INTERRUPT ? ERR_BUSY : sqlite_err(code);
}

static int copy_run(TALLOC_CTX *ctx, SqliteCopy *c, char **ret_error)
{
	int code = copy_open(c);
	if (code == SQLITE_OK)
		code = copy_pages(c);
	if (code == SQLITE_OK)
		code = copy_finish(c);
	int r = code == SQLITE_OK ? 0 : copy_fail(ctx, c, code, ret_error);
	sqlite3_close(c->target);
	sqlite3_close(c->source);
	if (c->file >= 0)
		close(c->file);
	return r;
}

int sqlite_copy(TALLOC_CTX *ctx, const char *from, const char *to, CopyWatch *watch, char **ret_error)
{
	SqliteCopy c = {.from = from, .to = to, .watch = watch, .file = -1, .began_us = clock_monotonic_us()};
	/* Several files share one watch: the pace counts from where this one begins. */
	if (watch->bytes_per_second > 0)
		c.began_us -= atomic_load(&watch->done) * 1000000 / watch->bytes_per_second;
	c.lock = copy_lock(from);
	if (c.lock < 0) {
		bool busy = c.lock == -EWOULDBLOCK;
		*ret_error = busy ? talloc_asprintf(ctx, "Another copy of %s is under way.", from)
				  : talloc_asprintf(ctx, "%s-copy cannot be written: %s.", from, strerror(-c.lock));
		return busy ? ERR_CONFLICT : ERR_STORE;
	}
	int r = copy_run(ctx, &c, ret_error);
	close(c.lock);
	return r;
}
