/* The way back: compare, move aside what is there, put in what was kept. A file in the folder says that a restore was
 * begun; it goes away when all is in place, and until then nobody serves the folder. */
#include "modules/care/backup_int.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os_fault.h"

#define OPEN_MARK "restoring"
#define ASIDE_MAX 100 /* restores within one second */

static const char *const database_files[] = {"tenon.db",    "tenon.db-wal",    "tenon.db-shm",    "tenon.db-copy",
					     "receipts.db", "receipts.db-wal", "receipts.db-shm", "receipts.db-copy"};

typedef struct {
	TALLOC_CTX *ctx;
	const char *path, *data_dir, *database;
	char *aside, *schema_aside;
	bool without_key;
	Said *said;
} Restore;

bool backup_restore_is_open(const char *data_dir)
{
	char *mark = talloc_asprintf(NULL, "%s/" OPEN_MARK, data_dir);
	bool open = file_exists(mark);
	talloc_free(mark);
	return open;
}

InspectConfig house_inspection(TALLOC_CTX *ctx, const HousePlace *house)
{
	return (InspectConfig){.records = talloc_asprintf(ctx, "%s/tenon.db", house->data_dir),
			       .receipts = talloc_asprintf(ctx, "%s/receipts.db", house->data_dir),
			       .database = house->database,
			       .schema = BACKUP_SCHEMA};
}

static int fail(Restore *t, const char *what)
{
	int err = is_disk_full(errno) ? ERR_FULL : ERR_STORE;
	return said_fault(t->ctx, t->said, err, errno,
			  "The restore was not finished: %s: %s. Run it again when that is cured.",
			  "恢复没有完成：%s：%s。排除故障后请重新执行。", what);
}

static char *below(Restore *t, const char *name)
{
	return talloc_asprintf(t->ctx, "%s/%s", t->data_dir, name);
}

/* ---- is it allowed ---- */

static int engine_check(Restore *t)
{
	Backup b;
	int r = backup_read(t->ctx, t->path, &b, t->said);
	if (r < 0)
		return r;
	t->without_key = b.without_key;
	bool is_postgres = strcmp(b.engine, "postgres") == 0;
	if (is_postgres == (t->database != NULL))
		return 0;
	return said_set(t->ctx, t->said, ERR_CONFLICT,
		   is_postgres ? "This backup is of a PostgreSQL database: name one with --database postgres://..."
			       : "This backup is of SQLite files: leave --database out.",
		   is_postgres ? "这是 PostgreSQL 数据库的备份：请用 --database postgres://... 指定数据库。"
			       : "这是 SQLite 文件的备份：请去掉 --database。");
}

/* What is moved aside, or written over, must not be the backup itself. */
static int apart_check(Restore *t)
{
	if (!tree_holds(t->path, t->data_dir) && !tree_holds(below(t, "files"), t->path))
		return 0;
	return said_set(t->ctx, t->said, ERR_CONFLICT,
			"%s and the backup %s lie in each other. Name another folder with --data.",
			"%s 与备份 %s 互相包含。请用 --data 换一个文件夹。", t->data_dir, t->path);
}

static int lock_take(Restore *t, int *ret_lock)
{
	if (!folder_make(t->data_dir))
		return fail(t, t->data_dir);
	*ret_lock = open(below(t, "tenon.lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (*ret_lock < 0)
		return fail(t, below(t, "tenon.lock"));
	if (flock(*ret_lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return said_set(t->ctx, t->said, ERR_CONFLICT, "A tenon is running on %s. Stop it first.",
		   "%s 上有 tenon 正在运行，请先停止。", t->data_dir);
}

static int holds_data(Restore *t, bool *ret)
{
	*ret = file_exists(below(t, "tenon.db")) || file_exists(below(t, "receipts.db")) ||
	       file_exists(below(t, "files"));
	char *error = NULL;
	bool tables = false;
	int r = t->database ? postgres_has_tables(t->ctx, t->database, BACKUP_SCHEMA, &tables, &error) : 0;
	*ret |= tables;
	return r < 0 ? said_set(t->ctx, t->said, r, "%s", "%s", error) : 0;
}

static int place_check(Restore *t, bool force, bool *ret_holds)
{
	int r = holds_data(t, ret_holds);
	if (r < 0 || force || !*ret_holds)
		return r;
	return said_set(t->ctx, t->said, ERR_CONFLICT,
		   "%s holds data. Name an empty folder, or add --force: what is there is then moved aside and kept.",
		   "%s 里已有数据。请换一个空文件夹，或加上 --force：原有数据会移到旁边并保留。",
		   t->database ? "The database" : t->data_dir);
}

/* ---- moving ---- */

static int move_one(Restore *t, const char *name)
{
	char *from = below(t, name), *to = talloc_asprintf(t->ctx, "%s/%s", t->aside, name);
	return !file_exists(from) || rename(from, to) == 0 ? 0 : fail(t, from);
}

/* A place of its own, also for the second restore within a second. */
static int aside_make(Restore *t, int64_t now_ms)
{
	char *stamp = backup_stamp(t->ctx, now_ms);
	for (int i = 1; i < ASIDE_MAX; i++) {
		char *name = i == 1 ? stamp : talloc_asprintf(t->ctx, "%s-%d", stamp, i);
		t->aside = talloc_asprintf(t->ctx, "%s/before-restore-%s", t->data_dir, name);
		t->schema_aside = talloc_asprintf(t->ctx, BACKUP_SCHEMA "_before_%s", name);
		for (char *c = t->schema_aside; *c; c++)
			*c = *c == '-' ? '_' : *c;
		if (mkdir(t->aside, 0750) == 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	return fail(t, t->aside);
}

static int move_aside(Restore *t, int64_t now_ms)
{
	int made = aside_make(t, now_ms);
	if (made < 0)
		return made;
	char **loose;
	size_t n;
	if (!loose_files(t->ctx, t->data_dir, &loose, &n))
		return fail(t, t->data_dir);
	int r = 0;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(database_files); i++)
		r = move_one(t, database_files[i]);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (!strchr(loose[i], '/') && !(t->without_key && is_secret_key(loose[i])))
			r = move_one(t, loose[i]);
	return r < 0 ? r : move_one(t, "files");
}

static int put_files(Restore *t)
{
	json_t *m = manifest_load(t->ctx, t->path, t->said), *file;
	size_t i;
	if (!m)
		return ERR_INVALID;
	json_array_foreach(json_object_get(m, "files"), i, file) {
		const char *name = json_text(file, "name");
		if (!name)
			return said_set(t->ctx, t->said, ERR_INVALID, "The manifest.json of %s is damaged.",
					"备份 %s 的 manifest.json 已损坏。", t->path);
		if (t->database && strncmp(name, TABLES_FOLDER "/", sizeof TABLES_FOLDER) == 0)
			continue;
		char *to = below(t, name);
		if (strcmp(name, "test-clock") == 0)
			(void)unlink(to);
		if (!file_copy(talloc_asprintf(t->ctx, "%s/%s", t->path, name), to))
			return fail(t, to);
	}
	return folder_sync(t->data_dir) ? 0 : fail(t, t->data_dir);
}

static int put_tables(Restore *t)
{
	char *error = NULL, *folder = talloc_asprintf(t->ctx, "%s/" TABLES_FOLDER, t->path);
	if (!t->database)
		return 0;
	int r = postgres_copy_in(t->ctx, t->database, BACKUP_SCHEMA, folder, t->schema_aside, &error);
	return r < 0 ? said_set(t->ctx, t->said, r, "The restore was not finished: %s", "恢复没有完成：%s", error) : 0;
}

static int restore_run(Restore *t, bool holds, int64_t now_ms)
{
	char *mark = below(t, OPEN_MARK);
	if (!file_write(mark, t->path) || !folder_sync(t->data_dir))
		return fail(t, mark);
	int r = holds ? move_aside(t, now_ms) : 0;
	if (r == 0)
		r = put_files(t);
	if (r == 0)
		r = put_tables(t);
	if (r == 0 && (unlink(mark) < 0 || !folder_sync(t->data_dir)))
		r = fail(t, mark);
	return r;
}

int backup_restore(TALLOC_CTX *ctx, const char *path, const HousePlace *house, bool force, bool locked, int64_t now_ms,
		   char **ret_aside, Said *said)
{
	Restore t = {.ctx = ctx, .path = path, .data_dir = house->data_dir, .database = house->database, .said = said};
	int lock = -1;
	bool holds = false;
	int r = engine_check(&t);
	if (r == 0)
		r = apart_check(&t);
	if (r == 0)
		r = backup_compare(ctx, path, NULL, said);
	if (r == 0 && !locked)
		r = lock_take(&t, &lock);
	if (r == 0)
		r = place_check(&t, force, &holds);
	if (r == 0)
		r = restore_run(&t, holds, now_ms);
	if (lock >= 0)
		close(lock);
	if (r == 0 && holds)
		*ret_aside = house->database ? talloc_asprintf(ctx, "%s, schema %s", t.aside, t.schema_aside) : t.aside;
	else if (r == 0)
		*ret_aside = NULL;
	return r;
}
