/* A SQLite file system of one file, so that SQLite's backup writes into a PageCopy. The file looks empty when it is
 * opened: SQLite then reads no page before it writes it. Nobody else knows the file, so there are no locks; it keeps no
 * journal, and is made durable by its owner. */
#include "store/page/page_copy.h"

#include <stdio.h>
#include <string.h>

#define STEP_PAGES 1024
#define NAME_MAX_BYTES 64

typedef struct {
	sqlite3_vfs vfs;
	char name[NAME_MAX_BYTES];
	PageCopy *copy;
	int64_t bytes; /* the length as SQLite sees it */
	int64_t written;
} PageVfs;

typedef struct {
	sqlite3_file base;
	PageVfs *disk;
} PageFile;

static int vfs_close(sqlite3_file *file)
{
	(void)file;
	return SQLITE_OK;
}

static int vfs_read(sqlite3_file *file, void *buf, int n, sqlite3_int64 offset)
{
	PageVfs *disk = ((PageFile *)file)->disk;
	if (offset + n <= disk->bytes)
		return page_copy_read(disk->copy, buf, n, offset) ? SQLITE_OK : SQLITE_IOERR_READ;
	memset(buf, 0, (size_t)n);
	return SQLITE_IOERR_SHORT_READ;
}

static int vfs_write(sqlite3_file *file, const void *data, int n, sqlite3_int64 offset)
{
	PageVfs *disk = ((PageFile *)file)->disk;
	uint8_t page[PAGE_BYTES];
	if (n != PAGE_BYTES || offset % PAGE_BYTES != 0)
		return SQLITE_IOERR_WRITE;
	memcpy(page, data, sizeof(page));
	if (offset + n > disk->bytes)
		disk->bytes = offset + n;
	return page_copy_take(disk->copy, offset / PAGE_BYTES, page, 1, &disk->written);
}

static int vfs_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	((PageFile *)file)->disk->bytes = size;
	return SQLITE_OK;
}

static int vfs_size(sqlite3_file *file, sqlite3_int64 *ret)
{
	*ret = ((PageFile *)file)->disk->bytes;
	return SQLITE_OK;
}

static int vfs_nothing(sqlite3_file *file, int how)
{
	(void)file, (void)how;
	return SQLITE_OK;
}

static int vfs_reserved(sqlite3_file *file, int *ret)
{
	(void)file;
	*ret = 0;
	return SQLITE_OK;
}

static int vfs_control(sqlite3_file *file, int op, void *arg)
{
	(void)file, (void)op, (void)arg;
	return SQLITE_NOTFOUND;
}

static int vfs_sector(sqlite3_file *file)
{
	(void)file;
	return PAGE_BYTES;
}

static int vfs_traits(sqlite3_file *file)
{
	(void)file;
	return 0;
}

static const sqlite3_io_methods FILE_METHODS = {
	.iVersion = 1,
	.xClose = vfs_close,
	.xRead = vfs_read,
	.xWrite = vfs_write,
	.xTruncate = vfs_truncate,
	.xSync = vfs_nothing,
	.xFileSize = vfs_size,
	.xLock = vfs_nothing,
	.xUnlock = vfs_nothing,
	.xCheckReservedLock = vfs_reserved,
	.xFileControl = vfs_control,
	.xSectorSize = vfs_sector,
	.xDeviceCharacteristics = vfs_traits,
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
	(void)name;
	file->pMethods = NULL;
	if (!(flags & SQLITE_OPEN_MAIN_DB))
		return SQLITE_CANTOPEN;
	*(PageFile *)file = (PageFile){.base = {.pMethods = &FILE_METHODS}, .disk = vfs->pAppData};
	if (ret_flags)
		*ret_flags = flags;
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	(void)vfs, (void)name, (void)sync;
	return SQLITE_OK;
}

/* There is no journal left by anybody. */
static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret)
{
	(void)vfs, (void)name, (void)flags;
	*ret = 0;
	return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int room, char *ret)
{
	(void)vfs;
	return snprintf(ret, (size_t)room, "%s", name) < room ? SQLITE_OK : SQLITE_CANTOPEN;
}

/* Time, sleep and the like are those of the system; they do not look at the file system they belong to. */
static void vfs_init(PageVfs *disk, PageCopy *copy)
{
	snprintf(disk->name, sizeof(disk->name), "page-copy-%p", (void *)disk);
	disk->copy = copy;
	disk->vfs = *sqlite3_vfs_find(NULL);
	disk->vfs.iVersion = 2;
	disk->vfs.pNext = NULL;
	disk->vfs.zName = disk->name;
	disk->vfs.pAppData = disk;
	disk->vfs.szOsFile = sizeof(PageFile);
	disk->vfs.xOpen = vfs_open;
	disk->vfs.xDelete = vfs_delete;
	disk->vfs.xAccess = vfs_access;
	disk->vfs.xFullPathname = vfs_full_path;
}

static int backup_all(PageCopy *copy, sqlite3 *target, sqlite3 *source, const _Atomic bool *stop)
{
	sqlite3_backup *backup = sqlite3_backup_init(target, "main", source, "main");
	if (!backup)
		return sqlite3_errcode(target);
	int code;
	do
		code = atomic_load(stop) ? SQLITE_INTERRUPT : sqlite3_backup_step(backup, STEP_PAGES);
	while (code == SQLITE_OK);
	int64_t pages = sqlite3_backup_pagecount(backup);
	int end = sqlite3_backup_finish(backup);
	if (code != SQLITE_DONE || end != SQLITE_OK)
		return code != SQLITE_DONE ? code : end;
	return page_copy_cut(copy, pages);
}

int page_copy_settle(PageCopy *copy, sqlite3 *source, const _Atomic bool *stop, int64_t *written)
{
	PageVfs disk = {0};
	sqlite3 *target = NULL;
	vfs_init(&disk, copy);
	int code = sqlite3_vfs_register(&disk.vfs, 0);
	if (code != SQLITE_OK)
		return code;
	code = sqlite3_open_v2("copy", &target, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
			       disk.name);
	if (code == SQLITE_OK)
		code = sqlite3_exec(target, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = backup_all(copy, target, source, stop);
	sqlite3_close(target);
	sqlite3_vfs_unregister(&disk.vfs);
	*written += disk.written;
	return code;
}
