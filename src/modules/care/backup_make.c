/* Making a backup: copy, set straight, count, hash, rename. */
#include "modules/care/backup_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/os_fault.h"
#include "call/when.h"
#include "file/content.h"

#define PARTIAL_END ".partial"
#define PARTIAL_LOCK "lock"
#define NICE_OF_COPIES 10
#define LOCK_TRIES 3
#define NAMES_MAX 100           /* backups of the same second */
#define ROOM_SPARE (16 << 20)   /* what must be left on the disk */

typedef struct {
	TALLOC_CTX *ctx;
	const HousePlace *house;
	const char *to, *partial;
	int lock;
	bool made_to; /* there was no such folder before */
	CopyWatch *watch;
	Backup *backup;
	JsonOut json;
	Said *said;
} Making;

char *backup_stamp(TALLOC_CTX *ctx, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	char text[32];
	(void)gmtime_r(&seconds, &tm);
	(void)strftime(text, sizeof text, "%Y%m%d-%H%M%S", &tm);
	return talloc_strdup(ctx, text);
}

const char *backup_kind_name(BackupKind kind)
{
	static const char *const names[] = {"manual", "scheduled", "upgrade"};
	return names[kind];
}

static int is_key(const struct dirent *e)
{
	size_t n = strlen(e->d_name);
	return (n > 4 && strcmp(e->d_name + n - 4, ".key") == 0) || strcmp(e->d_name, "test-clock") == 0;
}

bool is_secret_key(const char *name)
{
	return strcmp(name, "secret.key") == 0;
}

bool loose_files(TALLOC_CTX *ctx, const char *data_dir, char ***ret, size_t *ret_n)
{
	char **files = NULL, *root = talloc_asprintf(ctx, "%s/files", data_dir);
	size_t n = 0;
	if (file_exists(root) && !tree_list(ctx, root, &files, &n))
		return false;
	size_t whole = 0;
	for (size_t i = 0; i < n; i++)
		if (!strstr(files[i], ".new-") && strcmp(files[i], CONTENT_LOCK) != 0) /* being written: nobody was told yet */
			files[whole++] = talloc_asprintf(ctx, "files/%s", files[i]);
	n = whole;
	DIR *dir = opendir(data_dir);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		if (!is_key(e))
			continue;
		files = talloc_realloc(ctx, files, char *, n + 1);
		files[n++] = talloc_strdup(ctx, e->d_name);
	}
	if (dir)
		closedir(dir);
	*ret = files;
	*ret_n = n;
	return dir != NULL;
}

/* Of this thread alone: whoever serves people goes first, on the processor and on the disk. */
static void give_way(void)
{
	(void)setpriority(PRIO_PROCESS, 0, NICE_OF_COPIES);
	(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0));
}

static int disk_fail(Making *m, const char *what)
{
	int err = is_disk_full(errno) ? ERR_FULL : ERR_STORE;
	int cause = errno;
	if (err == ERR_FULL)
		return said_set(m->ctx, m->said, err, "The disk is full: %s could not be written. Nothing half was left.",
			   "磁盘已满：无法写入 %s。没有留下不完整的备份。", what);
	return said_fault(m->ctx, m->said, err, cause, "%s could not be written: %s.", "无法写入 %s：%s。", what);
}

static char *house_file(Making *m, const char *name)
{
	return talloc_asprintf(m->ctx, "%s/%s", m->house->data_dir, name);
}

static char *partial_file(Making *m, const char *name)
{
	return talloc_asprintf(m->ctx, "%s/%s", m->partial, name);
}

/* ---- the folder ---- */

/* What a process that died left behind: nobody holds its lock any more. */
static void sweep(const char *to)
{
	DIR *dir = opendir(to);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		size_t n = strlen(e->d_name), end = strlen(PARTIAL_END);
		if (strncmp(e->d_name, ".tenon-", 7) != 0 || n < end || strcmp(e->d_name + n - end, PARTIAL_END) != 0)
			continue;
		char *path = talloc_asprintf(NULL, "%s/%s", to, e->d_name);
		char *lock = talloc_asprintf(path, "%s/" PARTIAL_LOCK, path);
		int fd = open(lock, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			(void)!tree_remove(path);
		else if (fd < 0)
			(void)rmdir(path); /* died before it had a lock: empty */
		if (fd >= 0)
			close(fd);
		talloc_free(path);
	}
	if (dir)
		closedir(dir);
}

/* Another backup that sweeps may take the folder away before it is locked: then once more. */
static bool folder_lock(Making *m)
{
	if (mkdir(m->partial, 0700) < 0 && errno != EEXIST)
		return false;
	if (m->lock >= 0)
		close(m->lock);
	m->lock = open(partial_file(m, PARTIAL_LOCK), O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	return m->lock >= 0 && flock(m->lock, LOCK_EX | LOCK_NB) == 0 && file_exists(partial_file(m, PARTIAL_LOCK));
}

bool backup_place_is_bad(const HousePlace *house, const char *to)
{
	char *files = talloc_asprintf(NULL, "%s/files", house->data_dir);
	bool bad = tree_holds(files, to);
	talloc_free(files);
	return bad;
}

static int folder_begin(Making *m, int64_t now_ms)
{
	if (backup_place_is_bad(m->house, m->to))
		return said_set(m->ctx, m->said, ERR_INVALID,
				"%s lies in files/ of the data folder: each backup would hold those before it. Name another folder.",
				"%s 在数据文件夹的 files/ 里，每份备份都会包含之前的备份。请换一个文件夹。", m->to);
	m->made_to = !file_exists(m->to);
	if (!folder_make(m->to))
		return disk_fail(m, m->to);
	sweep(m->to);
	m->partial = talloc_asprintf(m->ctx, "%s/.tenon-%s-%d" PARTIAL_END, m->to, backup_stamp(m->ctx, now_ms),
				     (int)getpid());
	for (int tries = 0; tries < LOCK_TRIES; tries++)
		if (folder_lock(m))
			return 0;
	return disk_fail(m, m->partial);
}

/* Nothing half stays, nor an empty folder that looks like a place with backups. */
static void folder_take_back(Making *m)
{
	if (m->partial)
		(void)!tree_remove(m->partial);
	if (m->made_to)
		(void)rmdir(m->to);
}

static int folder_publish(Making *m, int64_t now_ms)
{
	char *stamp = backup_stamp(m->ctx, now_ms), *path = talloc_asprintf(m->ctx, "%s/tenon-%s", m->to, stamp);
	for (int i = 2; file_exists(path) && i < NAMES_MAX; i++)
		path = talloc_asprintf(m->ctx, "%s/tenon-%s-%d", m->to, stamp, i);
	if (unlink(partial_file(m, PARTIAL_LOCK)) < 0 || !folder_sync(m->partial) ||
	    rename(m->partial, path) < 0 || !folder_sync(m->to))
		return disk_fail(m, path);
	m->backup->path = path;
	m->backup->name = strrchr(path, '/') + 1;
	return 0;
}

/* ---- copying ---- */

static int64_t file_bytes(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 ? st.st_size : 0;
}

static int64_t loose_bytes(Making *m)
{
	char **files;
	size_t n;
	int64_t bytes = 0;
	if (!loose_files(m->ctx, m->house->data_dir, &files, &n))
		return 0;
	for (size_t i = 0; i < n; i++)
		bytes += file_bytes(house_file(m, files[i]));
	return bytes;
}

/* Better told at once than after an hour. */
static int room_check(Making *m)
{
	struct statvfs disk;
	int64_t needed = file_bytes(house_file(m, "tenon.db")) + file_bytes(house_file(m, "receipts.db")) +
			 loose_bytes(m);
	if (m->house->database || statvfs(m->to, &disk) < 0)
		return 0;
	int64_t free_bytes = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
	if (free_bytes > needed + ROOM_SPARE)
		return 0;
	return said_set(m->ctx, m->said, ERR_FULL,
		   "The disk of %s has %lld MB left and the backup needs %lld MB. Make room, or name another folder.",
		   "%s 所在磁盘剩余 %lld MB，备份需要 %lld MB。请清理空间，或换一个文件夹。", m->to,
		   (long long)(free_bytes >> 20), (long long)((needed + ROOM_SPARE) >> 20));
}

static int copy_fail(Making *m, int err, const char *error)
{
	if (err == ERR_FULL)
		return said_set(m->ctx, m->said, err,
				"The disk is full: the backup was not made and nothing half was left. Make room, or name another "
				"folder.",
				"磁盘已满：备份没有完成，没有留下不完整的备份。请清理空间，或换一个文件夹。");
	return said_set(m->ctx, m->said, err, "The backup was not made. %s", "备份没有完成。%s", error ? error : "");
}

static int copy_sqlite(Making *m, const char *name)
{
	char *error = NULL, *from = house_file(m, name);
	int r = sqlite_copy(m->ctx, from, partial_file(m, name), m->watch, &error);
	return r < 0 ? copy_fail(m, r, error) : 0;
}

static int copy_postgres(Making *m)
{
	char *error = NULL, *folder = partial_file(m, TABLES_FOLDER);
	if (mkdir(folder, 0700) < 0)
		return disk_fail(m, folder);
	int r = postgres_copy_out(m->ctx, m->house->database, BACKUP_SCHEMA, folder, m->watch, &error);
	if (r == 0 && !folder_sync(folder))
		return disk_fail(m, folder);
	return r < 0 ? copy_fail(m, r, error) : 0;
}

/* The order is the guarantee: see backup.h. */
static int copy_databases(Making *m)
{
	if (m->house->database)
		return copy_postgres(m);
	if (!file_exists(house_file(m, "tenon.db")))
		return said_set(m->ctx, m->said, ERR_NOT_FOUND, "There is no data in %s.", "%s 里没有数据。",
			   m->house->data_dir);
	if (house_lacks_receipts(m->ctx, m->house, m->said))
		return ERR_NOT_FOUND;
	int r = copy_sqlite(m, "tenon.db");
	return r < 0 || !file_exists(house_file(m, "receipts.db")) ? r : copy_sqlite(m, "receipts.db");
}

static int copy_loose(Making *m)
{
	char **files;
	size_t n;
	if (!loose_files(m->ctx, m->house->data_dir, &files, &n))
		return disk_fail(m, m->house->data_dir);
	for (size_t i = 0; i < n; i++) {
		if (m->backup->without_key && is_secret_key(files[i]))
			continue;
		if (file_copy(house_file(m, files[i]), partial_file(m, files[i])))
			continue;
		if (errno != ENOENT) /* removed meanwhile: no part of the house any more */
			return disk_fail(m, files[i]);
	}
	return 0;
}

/* ---- setting straight ---- */

static int reopen_receipts(Making *m)
{
	InspectConfig config = {.records = partial_file(m, "tenon.db"), .receipts = partial_file(m, "receipts.db"),
				.writes = true};
	char *error = NULL;
	if (m->house->database || !file_exists(config.receipts))
		return 0;
	Inspection *i = inspect_open(m->ctx, &config, &error);
	if (!i)
		return copy_fail(m, ERR_STORE, error);
	int r = inspect_write(i, "UPDATE receipt SET state = 'pending', reason = NULL, detail = NULL, lead = NULL,"
			      " duplicate_of = NULL WHERE state IN ('taken', 'duplicate') AND NOT EXISTS"
			      " (SELECT 1 FROM taken t WHERE t.receipt = receipt.id)", &m->backup->reopened);
	if (r < 0)
		r = copy_fail(m, r, inspect_error(i));
	inspect_close(i);
	return r;
}

/* ---- the manifest ---- */

static bool origin_row(void *arg, const char *const *cells, int n)
{
	Making *m = arg;
	unsigned char hash[crypto_generichash_BYTES_MIN];
	char *hex = talloc_array(m->ctx, char, 2 * sizeof hash + 1);
	(void)n;
	crypto_generichash(hash, sizeof hash, (const unsigned char *)cells[0], cells[0] ? strlen(cells[0]) : 0, NULL, 0);
	m->backup->origin = sodium_bin2hex(hex, 2 * sizeof hash + 1, hash, sizeof hash);
	return false;
}

typedef struct {
	Making *m;
	Inspection *look;
	int failed;
} Counting;

static bool count_table(void *arg, const char *const *cells, int n)
{
	Counting *c = arg;
	int64_t rows;
	(void)n;
	char *sql = talloc_asprintf(c->m->ctx, "SELECT count(*) FROM \"%s\"", cells[0]);
	c->failed = inspect_number(c->look, sql, &rows);
	talloc_free(sql);
	if (c->failed < 0)
		return false;
	json_member_int(&c->m->json, cells[0], rows);
	c->m->backup->rows += rows;
	return true;
}

static int count_sqlite(Making *m)
{
	char *error = NULL, *receipts = partial_file(m, "receipts.db");
	InspectConfig config = {.records = partial_file(m, "tenon.db"),
				.receipts = file_exists(receipts) ? receipts : NULL};
	Inspection *i = inspect_open(m->ctx, &config, &error);
	if (!i)
		return copy_fail(m, ERR_STORE, error);
	Counting c = {m, i, 0};
	int r = inspect_rows(i, "SELECT hex(secret) FROM record_secret", origin_row, m);
	json_key(&m->json, "rows");
	json_object_begin(&m->json);
	if (r == 0)
		r = inspect_rows(i, config.receipts ? "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT"
				 " LIKE 'sqlite%' UNION SELECT name FROM receipts.sqlite_schema WHERE type = 'table' AND"
				 " name NOT LIKE 'sqlite%' ORDER BY 1" : "SELECT name FROM sqlite_schema WHERE type ="
				 " 'table' AND name NOT LIKE 'sqlite%' ORDER BY 1", count_table, &c);
	json_object_end(&m->json);
	if (r < 0 || c.failed < 0)
		r = copy_fail(m, ERR_STORE, inspect_error(i));
	inspect_close(i);
	return r;
}

/* COPY writes a row a line. */
static int64_t lines_of(const char *path)
{
	FILE *f = fopen(path, "re");
	int64_t n = 0;
	char piece[16384];
	for (size_t len; f && (len = fread(piece, 1, sizeof piece, f)) > 0;)
		for (const char *p = piece; (p = memchr(p, '\n', len - (size_t)(p - piece))); p++)
			n++;
	if (f)
		(void)fclose(f);
	return n;
}

static int count_postgres(Making *m)
{
	char **files, *folder = partial_file(m, TABLES_FOLDER);
	size_t n;
	if (!tree_list(m->ctx, folder, &files, &n))
		return disk_fail(m, folder);
	json_key(&m->json, "rows");
	json_object_begin(&m->json);
	for (size_t i = 0; i < n; i++) {
		char *end = strstr(files[i], ".copy"), *path = talloc_asprintf(m->ctx, "%s/%s", folder, files[i]);
		if (!end)
			continue;
		int64_t rows = lines_of(path);
		m->backup->rows += rows;
		json_member_int(&m->json, talloc_strndup(m->ctx, files[i], (size_t)(end - files[i])), rows);
		char *secret = strcmp(files[i], "record_secret.copy") == 0 ? file_read(m->ctx, path, 4096) : NULL;
		if (secret)
			(void)origin_row(m, (const char *const *)&secret, 1);
	}
	json_object_end(&m->json);
	return 0;
}

static int write_files(Making *m)
{
	JsonOut *o = &m->json;
	char **files, hash[TREE_HASH_TEXT];
	size_t n;
	if (!tree_list(m->ctx, m->partial, &files, &n))
		return disk_fail(m, m->partial);
	json_key(o, "files");
	json_array_begin(o);
	for (size_t i = 0; i < n; i++) {
		int64_t bytes;
		if (strcmp(files[i], PARTIAL_LOCK) == 0)
			continue;
		if (!file_hash(partial_file(m, files[i]), m->watch, &bytes, hash))
			return disk_fail(m, files[i]);
		m->backup->bytes += bytes;
		json_object_begin(o);
		json_member_text(o, "name", files[i]);
		json_member_int(o, "bytes", bytes);
		json_member_text(o, "blake2b", hash);
		json_object_end(o);
	}
	json_array_end(o);
	return 0;
}

static int manifest_write(Making *m)
{
	Backup *b = m->backup;
	Buf *text = buf_new(m->ctx, MANIFEST_BYTES_MAX);
	char when[WHEN_TEXT_SIZE];
	m->json = json_out(text);
	json_object_begin(&m->json);
	json_member_text(&m->json, "format", "tenon-backup");
	json_member_int(&m->json, "format_version", 1);
	json_member_text(&m->json, "engine", b->engine);
	json_member_text(&m->json, "program", b->program);
	json_member_text(&m->json, "kind", backup_kind_name(b->kind));
	json_member_text(&m->json, "made_at", when_text(b->made_ms, when));
	json_member_int(&m->json, "made_ms", b->made_ms);
	json_member_int(&m->json, "reopened", b->reopened);
	json_member_bool(&m->json, "without_key", b->without_key);
	int r = m->house->database ? count_postgres(m) : count_sqlite(m);
	if (r == 0)
		r = write_files(m);
	if (r < 0)
		return r;
	json_member_int(&m->json, "rows_total", b->rows);
	json_member_text(&m->json, "origin", b->origin);
	json_object_end(&m->json);
	if (buf_failed(text))
		return said_set(m->ctx, m->said, ERR_TOO_LARGE, "The house has too many files for one manifest.",
			   "文件太多，清单放不下。");
	return file_write(partial_file(m, MANIFEST), text->data) ? 0 : disk_fail(m, MANIFEST);
}

int backup_make(TALLOC_CTX *ctx, const HousePlace *house, const BackupOrder *order, CopyWatch *watch, Backup *ret,
		Said *said)
{
	Backup b = {.engine = house->database ? "postgres" : "sqlite", .program = TENON_VERSION, .kind = order->kind,
		    .made_ms = order->now_ms, .origin = "", .without_key = order->without_key};
	Making m = {.ctx = ctx, .house = house, .to = order->to, .watch = watch, .backup = &b, .said = said, .lock = -1};
	give_way();
	int r = folder_begin(&m, order->now_ms);
	if (r == 0)
		r = room_check(&m);
	if (r == 0)
		r = copy_databases(&m);
	if (r == 0)
		r = copy_loose(&m);
	if (r == 0)
		r = reopen_receipts(&m);
	if (r == 0)
		r = manifest_write(&m);
	if (r == 0)
		r = folder_publish(&m, order->now_ms);
	if (r < 0)
		folder_take_back(&m);
	if (m.lock >= 0)
		close(m.lock);
	if (r == 0)
		*ret = b;
	return r;
}
