/* What lies in a folder of backups: reading, comparing, checking, listing, rotating. */
#include "modules/care/backup_int.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "modules/care/verify.h"

#define DAYS_OF_WEEK 7
#define CHECK_BYTES_MAX (64 * 1024)
#define STEPS_BYTES_MAX (1024 * 1024)

bool house_lacks_receipts(TALLOC_CTX *ctx, const HousePlace *house, Said *said)
{
	char *error = NULL;
	int64_t taken = 0;
	InspectConfig config = house_inspection(ctx, house);
	if (house->database || !file_exists(config.records) || file_exists(config.receipts))
		return false;
	const char *missing = config.receipts;
	config.receipts = NULL;
	Inspection *look = inspect_open(ctx, &config, &error);
	if (look && inspect_number(look, "SELECT count(*) FROM taken", &taken) < 0)
		taken = 0; /* a house that never got so far */
	inspect_close(look);
	if (taken > 0)
		said_set(ctx, said, 0, "%s is missing: it holds what came in from outside. Put it back from a backup. If "
			 "there is none, the leads are still there: make an empty one (touch %s) and go on.",
			 "缺少 %s：其中是从外部收到的原始内容。请从备份中恢复；如果没有备份，线索仍在，可建一个空文件（touch %s）后继续。",
			 missing, missing);
	return taken > 0;
}

json_t *manifest_load(TALLOC_CTX *ctx, const char *path, Said *said)
{
	char *file = talloc_asprintf(ctx, "%s/" MANIFEST, path);
	JsonFault fault;
	errno = 0;
	char *text = file_read(ctx, file, MANIFEST_BYTES_MAX);
	bool is_closed = !text && errno == EACCES;
	json_t *m = text ? json_parse(ctx, text, strlen(text), &fault) : NULL;
	const char *format = m ? json_text(m, "format") : NULL;
	if (format && strcmp(format, "tenon-backup") == 0 && json_int(m, "format_version", 0) == 1)
		return m;
	const char *en = is_closed ? "The backup %s cannot be read: permission denied. Run this as its owner."
			 : !text ? "%s is no whole backup: it has no manifest.json. Name a folder tenon-* that tenon backup made."
			 : !m   ? "The manifest.json of %s is damaged. Use another backup."
			 : format ? "The backup %s was written by a newer version of this program. Restore it with that version."
				  : "%s is no backup of this program.";
	const char *zh = is_closed ? "没有权限读取备份 %s，请用其所有者执行。"
			 : !text ? "%s 不是完整的备份：没有 manifest.json。请指定 tenon backup 生成的某个 tenon-* 文件夹。"
			 : !m   ? "备份 %s 的 manifest.json 已损坏，请换一个备份。"
			 : format ? "备份 %s 是由更新版本的程序写的，请用那个版本恢复。"
				  : "%s 不是本程序的备份。";
	said_set(ctx, said, 0, en, zh, path);
	return NULL;
}

static void check_read(TALLOC_CTX *ctx, const char *path, Backup *b)
{
	JsonFault fault;
	char *text = file_read(ctx, talloc_asprintf(ctx, "%s/" CHECK_FILE, path), CHECK_BYTES_MAX);
	json_t *check = text ? json_parse(ctx, text, strlen(text), &fault) : NULL;
	if (!check)
		return;
	b->checked_ms = json_int(check, "checked_ms", 0);
	b->check_good = json_flag(check, "good", false);
	b->check_en = json_text(check, "en");
	b->check_zh = json_text(check, "zh");
}

static BackupKind kind_parse(const char *text)
{
	for (BackupKind k = BACKUP_SCHEDULED; k <= BACKUP_UPGRADE; k++)
		if (text && strcmp(text, backup_kind_name(k)) == 0)
			return k;
	return BACKUP_MANUAL; /* which nothing removes */
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

int backup_read(TALLOC_CTX *ctx, const char *path, Backup *ret, Said *said)
{
	json_t *m = manifest_load(ctx, path, said), *file;
	size_t i;
	if (!m)
		return ERR_NOT_FOUND;
	const char *slash = strrchr(path, '/');
	Backup b = {.path = talloc_strdup(ctx, path), .name = talloc_strdup(ctx, slash ? slash + 1 : path),
		    .engine = or_empty(json_text(m, "engine")), .program = or_empty(json_text(m, "program")),
		    .origin = or_empty(json_text(m, "origin")), .kind = kind_parse(json_text(m, "kind")),
		    .made_ms = json_int(m, "made_ms", 0), .rows = json_int(m, "rows_total", 0),
		    .reopened = json_int(m, "reopened", 0), .without_key = json_flag(m, "without_key", false)};
	json_array_foreach(json_object_get(m, "files"), i, file)
		b.bytes += json_int(file, "bytes", 0);
	check_read(ctx, path, &b);
	*ret = b;
	return 0;
}

/* Of PostgreSQL: a row a line, cells behind tabs. */
static int steps_of_text(char *text, InspectRow row, void *arg)
{
	char *rest = text;
	for (char *line; (line = strsep(&rest, "\n"));) {
		const char *cells[2] = {strsep(&line, "\t"), strsep(&line, "\t")};
		if (cells[1] && !row(arg, cells, ARRAY_LEN(cells)))
			break;
	}
	return 0;
}

int backup_steps(TALLOC_CTX *ctx, const char *path, InspectRow row, void *arg)
{
	char *error = NULL, *text = file_read(ctx, talloc_asprintf(ctx, "%s/" TABLES_FOLDER "/migration.copy", path),
		STEPS_BYTES_MAX);
	if (text)
		return steps_of_text(text, row, arg);
	InspectConfig config = {.records = talloc_asprintf(ctx, "%s/tenon.db", path)};
	Inspection *look = file_exists(config.records) ? inspect_open(ctx, &config, &error) : NULL;
	if (!look)
		return ERR_STORE;
	int r = inspect_rows(look, "SELECT part, number FROM migration", row, arg);
	inspect_close(look);
	return r;
}

/* A name from a manifest stays inside the backup. */
static bool is_inside(const char *name)
{
	return name[0] != '/' && !strstr(name, "..");
}

int backup_compare(TALLOC_CTX *ctx, const char *path, const CopyWatch *watch, Said *said)
{
	json_t *m = manifest_load(ctx, path, said), *file;
	size_t i;
	char hash[TREE_HASH_TEXT];
	if (!m)
		return ERR_INVALID;
	json_array_foreach(json_object_get(m, "files"), i, file) {
		const char *name = or_empty(json_text(file, "name")), *wanted = or_empty(json_text(file, "blake2b"));
		int64_t bytes = 0, size = json_int(file, "bytes", -1);
		bool read = is_inside(name) && file_hash(talloc_asprintf(ctx, "%s/%s", path, name), watch, &bytes, hash);
		if (watch && atomic_load(&watch->stop))
			return said_set(ctx, said, ERR_BUSY, "The check was stopped.", "检查被中止。");
		if (!read)
			return said_set(ctx, said, ERR_INVALID,
				   "The backup is damaged: its file %s is missing or cannot be read.",
				   "备份已损坏：文件 %s 缺失或无法读取。", name);
		if (bytes != size || strcmp(hash, wanted) != 0)
			return said_set(ctx, said, ERR_INVALID,
				   "The backup is damaged: its file %s is not what was written (%lld bytes, %lld expected).",
				   "备份已损坏：文件 %s 与写入时不同（现有 %lld 字节，应有 %lld 字节）。", name,
				   (long long)bytes, (long long)size);
	}
	return 0;
}

/* ---- the check of a copy ---- */

static int check_inside(TALLOC_CTX *ctx, const char *path, Said *said)
{
	Finding *findings = NULL;
	size_t n = 0;
	VerifyConfig config = {.tables = {.records = talloc_asprintf(ctx, "%s/tenon.db", path),
					  .receipts = talloc_asprintf(ctx, "%s/receipts.db", path)},
			       .data_dir = path};
	if (!file_exists(config.tables.records))
		return 0; /* of PostgreSQL: the hashes are the check */
	if (!file_exists(config.tables.receipts))
		config.tables.receipts = NULL;
	int r = verify_run(ctx, &config, &findings, &n, said);
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (!findings[i].serious)
			continue;
		*said = findings[i].said;
		return ERR_INVALID;
	}
	return r;
}

static void check_write(TALLOC_CTX *ctx, const char *path, int64_t now_ms, int result, const Said *said)
{
	Buf *text = buf_new(ctx, CHECK_BYTES_MAX);
	JsonOut o = json_out(text);
	json_object_begin(&o);
	json_member_int(&o, "checked_ms", now_ms);
	json_member_bool(&o, "good", result == 0);
	if (result < 0) {
		json_member_text(&o, "en", said->en);
		json_member_text(&o, "zh", said->zh);
	}
	json_object_end(&o);
	(void)!file_write(talloc_asprintf(ctx, "%s/" CHECK_FILE, path), text->data); /* on a read-only medium: not kept */
}

int backup_check(TALLOC_CTX *ctx, const char *path, int64_t now_ms, const CopyWatch *watch, Said *said)
{
	int r = backup_compare(ctx, path, watch, said);
	if (r == 0)
		r = check_inside(ctx, path, said);
	if (r != ERR_BUSY && file_exists(talloc_asprintf(ctx, "%s/" MANIFEST, path)))
		check_write(ctx, path, now_ms, r, said);
	return r;
}

/* ---- lists ---- */

static int newest_first(const void *a, const void *b)
{
	const Backup *x = a, *y = b;
	if (x->made_ms != y->made_ms)
		return x->made_ms < y->made_ms ? 1 : -1;
	return strcmp(y->name, x->name);
}

void backup_list(TALLOC_CTX *ctx, const char *folder, Backup **ret, size_t *ret_n)
{
	Backup *list = talloc_array(ctx, Backup, BACKUPS_MAX);
	size_t n = 0;
	DIR *dir = opendir(folder);
	for (struct dirent *e; dir && n < BACKUPS_MAX && (e = readdir(dir));) {
		Said unsaid = {0};
		if (e->d_name[0] == '.')
			continue;
		char *path = talloc_asprintf(list, "%s/%s", folder, e->d_name);
		if (file_exists(talloc_asprintf(path, "%s/" MANIFEST, path)) &&
		    backup_read(list, path, &list[n], &unsaid) == 0)
			n++;
	}
	if (dir)
		closedir(dir);
	qsort(list, n, sizeof *list, newest_first);
	*ret = list;
	*ret_n = n;
}

int backup_rotate(const char *folder, const char *origin, int daily, int weekly)
{
	Backup *list;
	size_t n;
	int removed = 0, days = 0, weeks = 0;
	int64_t day = -1, week = -1;
	TALLOC_CTX *ctx = talloc_new(NULL);
	backup_list(ctx, folder, &list, &n);
	for (size_t i = 0; i < n; i++) {
		if (list[i].kind != BACKUP_SCHEDULED || strcmp(list[i].origin, origin) != 0 || !*origin)
			continue;
		int64_t its_day = list[i].made_ms / DAY_MS, its_week = its_day / DAYS_OF_WEEK;
		bool is_first = day < 0, keep = is_first;
		if (its_day != day && days < daily)
			keep = true, days++;
		if (its_week != week && weeks < weekly)
			keep = true, weeks++;
		day = its_day;
		week = its_week;
		if (!keep && tree_remove(list[i].path))
			removed++;
	}
	talloc_free(ctx);
	return removed;
}
