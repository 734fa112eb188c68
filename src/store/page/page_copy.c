/* A copy that takes only what is new to it. Digests are keyed at random: nobody can make two pages that look alike. */
#include "store/page/page_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "base/os_fault.h"

#define DRAIN_BYTES (2 * 1024 * 1024) /* on its way to the disk at once: syncs of the writer wait behind no more */
/* Bytes of the first page that name the journal, and what they say of a database without a write-ahead log. */
#define HEADER_WRITE_VERSION 18
#define HEADER_READ_VERSION 19
#define HEADER_NO_LOG 1

struct PageCopy {
	int fd;
	uint64_t *digests; /* of the pages held; 0: never written */
	int64_t n, room;
	int64_t dirty_from, dirty_to; /* bytes written and not drained */
	uint8_t key[crypto_shorthash_KEYBYTES];
};

PageCopy *page_copy_new(TALLOC_CTX *ctx, const char *path)
{
	PageCopy *copy = talloc_zero(ctx, PageCopy);
	copy->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (copy->fd < 0) {
		talloc_free(copy);
		return NULL;
	}
	crypto_shorthash_keygen(copy->key);
	return copy;
}

void page_copy_free(PageCopy *copy)
{
	if (copy)
		close(copy->fd);
	talloc_free(copy);
}

static uint64_t page_digest(const PageCopy *copy, const uint8_t *page)
{
	uint64_t digest;
	_Static_assert(sizeof(digest) == crypto_shorthash_BYTES, "a digest is one word");
	crypto_shorthash((unsigned char *)&digest, page, PAGE_BYTES, copy->key);
	return digest ? digest : 1;
}

static void digests_reach(PageCopy *copy, int64_t pages)
{
	if (pages > copy->room) {
		int64_t room = copy->room * 2 > pages ? copy->room * 2 : pages;
		copy->digests = talloc_realloc(copy, copy->digests, uint64_t, (size_t)room);
		memset(copy->digests + copy->room, 0, (size_t)(room - copy->room) * sizeof(uint64_t));
		copy->room = room;
	}
	if (pages > copy->n)
		copy->n = pages;
}

/* A full disk has a code of its own, as SQLite gives it. */
static int io_code(void)
{
	return is_disk_full(errno) ? SQLITE_FULL : SQLITE_IOERR;
}

static int file_write(PageCopy *copy, const uint8_t *data, int64_t bytes, int64_t offset)
{
	if (copy->dirty_to == copy->dirty_from)
		copy->dirty_from = copy->dirty_to = offset;
	copy->dirty_from = offset < copy->dirty_from ? offset : copy->dirty_from;
	copy->dirty_to = offset + bytes > copy->dirty_to ? offset + bytes : copy->dirty_to;
	for (ssize_t done; bytes > 0; data += done, offset += done, bytes -= done) {
		done = pwrite(copy->fd, data, (size_t)bytes, offset);
		if (done < 0 && errno == EINTR)
			done = 0;
		if (done < 0)
			return io_code();
	}
	return SQLITE_OK;
}

int page_copy_take(PageCopy *copy, int64_t first, uint8_t *pages, int n, int64_t *written)
{
	if (first == 0)
		pages[HEADER_WRITE_VERSION] = pages[HEADER_READ_VERSION] = HEADER_NO_LOG;
	digests_reach(copy, first + n);
	int code = SQLITE_OK;
	for (int from = 0, to; from < n && code == SQLITE_OK; from = to + 1) {
		for (to = from; to < n; to++) {
			uint64_t digest = page_digest(copy, pages + (size_t)to * PAGE_BYTES);
			if (digest == copy->digests[first + to])
				break;
			copy->digests[first + to] = digest;
		}
		int64_t bytes = (int64_t)(to - from) * PAGE_BYTES;
		*written += bytes;
		code = file_write(copy, pages + (size_t)from * PAGE_BYTES, bytes,
				  (first + from) * PAGE_BYTES);
	}
	return code;
}

int page_copy_drain(PageCopy *copy)
{
	const unsigned how = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
	for (int64_t at = copy->dirty_from; at < copy->dirty_to; at += DRAIN_BYTES)
		if (sync_file_range(copy->fd, at, DRAIN_BYTES, how) < 0)
			return io_code();
	(void)posix_fadvise(copy->fd, copy->dirty_from, copy->dirty_to - copy->dirty_from, POSIX_FADV_DONTNEED);
	copy->dirty_from = copy->dirty_to = 0;
	return SQLITE_OK;
}

bool page_copy_read(PageCopy *copy, void *buf, int n, int64_t offset)
{
	return pread(copy->fd, buf, (size_t)n, offset) == n;
}

int page_copy_cut(PageCopy *copy, int64_t pages)
{
	return ftruncate(copy->fd, pages * PAGE_BYTES) < 0 ? io_code() : SQLITE_OK;
}

int page_copy_sync(PageCopy *copy)
{
	int code = page_copy_drain(copy);
	return code == SQLITE_OK && fsync(copy->fd) < 0 ? io_code() : code;
}
