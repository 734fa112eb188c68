/* Files against rows: what a row or a receipt names must lie in files/ as it was written; what nobody names is told.
 * The tables are read first: what comes while the folder is looked at is at worst told as nobody's. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "file/content.h"
#include "modules/care/tree.h"
#include "modules/care/verify_int.h"

#define EXAMPLES 3
#define UNDO_SPARE_MS DAY_MS /* the sweep may be at work while this looks */
#define NAME_SHOWN 12 /* digits of a hash that tell it from others */

typedef char Hash[CONTENT_HASH_TEXT];

typedef struct {
	Verify *v;
	const char *data_dir;
	Hash *named;
	size_t n, cap;
} Files;

static void name_add(Files *f, const char *hash)
{
	if (!hash || !content_is_hash(hash))
		return;
	if (f->n == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 256;
		f->named = talloc_realloc(f->v->ctx, f->named, Hash, f->cap);
	}
	memcpy(f->named[f->n++], hash, CONTENT_HASH_TEXT);
}

/* The content of a row that is in the bin stays for as long as it can come out of it. */
static bool row_read(void *arg, const char *const *cells, int n)
{
	const Files *f = arg;
	int64_t now_ms = f->v->now_ms, deleted_ms = cells[1] ? strtoll(cells[1], NULL, 10) : 0;
	(void)n;
	if (!deleted_ms || (now_ms && deleted_ms > now_ms - (LIMIT_FILE_UNDO_DAYS * DAY_MS - UNDO_SPARE_MS)))
		name_add(arg, cells[0]);
	return true;
}

static bool notes_read(void *arg, const char *const *cells, int n)
{
	JsonFault fault;
	size_t i;
	json_t *note;
	TALLOC_CTX *mem = talloc_new(NULL);
	json_t *all = cells[0] ? json_parse(mem, cells[0], strlen(cells[0]), &fault) : NULL;
	(void)n;
	json_array_foreach (all, i, note)
		name_add(arg, json_text(note, "sha256"));
	talloc_free(mem);
	return true;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Each once, in order. */
static void names_sort(Files *f)
{
	size_t n = 0;
	if (f->n)
		qsort(f->named, f->n, sizeof *f->named, by_text);
	for (size_t i = 0; i < f->n; i++)
		if (i == 0 || strcmp(f->named[i], f->named[n - 1]) != 0)
			memmove(f->named[n++], f->named[i], sizeof *f->named);
	f->n = n;
}

/* A backup of an older version has neither. */
static int column_is_there(const Verify *v, const char *table, const char *column, bool *ret)
{
	int64_t n = 0;
	const char *sql = inspect_is_postgres(v->look)
	                    ? "SELECT count(*) FROM information_schema.columns WHERE table_schema = current_schema() "
	                      "AND table_name = '%s' AND column_name = '%s'"
	                    : "SELECT count(*) FROM pragma_table_info('%s') WHERE name = '%s'";
	int r = inspect_number(v->look, talloc_asprintf(v->ctx, sql, table, column), &n);
	*ret = n > 0;
	return r;
}

static int names_load(Files *f)
{
	bool has_rows = false, has_notes = false;
	int r = column_is_there(f->v, "file", "sha256", &has_rows);
	if (r == 0)
		r = column_is_there(f->v, "receipt", "files", &has_notes);
	if (r == 0 && has_rows)
		r = inspect_rows(f->v->look, "SELECT sha256, CASE WHEN deleted_at IS NULL THEN NULL ELSE updated_at END "
		                 "FROM file", row_read, f);
	if (r == 0 && has_notes)
		r = inspect_rows(f->v->look, "SELECT files FROM receipt WHERE files IS NOT NULL", notes_read, f);
	names_sort(f);
	return r;
}

/* ---- what was found ---- */

typedef struct {
	const char *check;
	bool serious;
	const char *en, *zh;
	int64_t n;
	Buf *examples;
} Tally;

static void tally_add(const Files *f, Tally *t, const char *name)
{
	if (!t->examples)
		t->examples = buf_new(f->v->ctx, 1024);
	if (t->n++ < EXAMPLES)
		buf_printf(t->examples, "%s%.*s", t->examples->len ? ", " : "", NAME_SHOWN, name);
}

static void tally_tell(const Files *f, const Tally *t)
{
	if (t->n == 0)
		return;
	Finding *found = finding_add(f->v, t->check, t->serious, t->n);
	said_set(f->v->ctx, &found->said, 0, "%lld %s", "%lld %s", (long long)t->n,
	         talloc_asprintf(f->v->ctx, "%s (%s)", t->en, t->examples->data));
	found->said.zh = talloc_asprintf(f->v->ctx, "%lld %s（%s）", (long long)t->n, t->zh, t->examples->data);
}

/* Thorough: every byte is read. */
static void content_check(const Files *f, const char *hash, Tally *missing, Tally *damaged)
{
	Hash is;
	char *bytes = NULL;
	size_t len = 0;
	if (!f->v->thorough) {
		if (!file_exists(talloc_asprintf(f->v->ctx, "%s/files/%.2s/%s", f->data_dir, hash, hash)))
			tally_add(f, missing, hash);
		return;
	}
	int r = content_read(f->v->ctx, f->data_dir, hash, &bytes, &len);
	if (r == 0)
		content_hash(bytes, len, is);
	if (r == ERR_NOT_FOUND)
		tally_add(f, missing, hash);
	else if (r < 0 || strcmp(is, hash) != 0)
		tally_add(f, damaged, hash);
	talloc_free(bytes);
}

/* Nobody's, or half written by a process that died; also what was put there by hand. */
static void folder_check(const Files *f, Tally *orphan)
{
	char **list;
	size_t n, i;
	char *root = talloc_asprintf(f->v->ctx, "%s/files", f->data_dir);
	if (!file_exists(root) || !tree_list(f->v->ctx, root, &list, &n))
		return;
	for (i = 0; i < n; i++) {
		const char *slash = strrchr(list[i], '/'), *name = slash ? slash + 1 : list[i];
		bool named = f->n && bsearch(name, f->named, f->n, sizeof *f->named, by_text);
		if (!named && strcmp(name, CONTENT_LOCK) != 0)
			tally_add(f, orphan, name);
	}
}

int verify_files(Verify *v, const char *data_dir)
{
	Files f = {.v = v, .data_dir = data_dir};
	Tally missing = {"file_missing", true, "files are named by rows but are not in files/", "个附件有记录但 files/ 中没有内容",
	                 0, NULL};
	Tally damaged = {"file_damaged", true, "files are not what was kept", "个附件的内容与保存时不同", 0, NULL};
	Tally orphan = {"file_orphan", false,
	                "files lie in files/ but nothing names them any more; they are swept by themselves",
	                "个文件在 files/ 中但已没有记录引用，会自动清理", 0, NULL};
	int r = names_load(&f);
	if (r < 0)
		return r;
	for (size_t i = 0; i < f.n; i++)
		content_check(&f, f.named[i], &missing, &damaged);
	folder_check(&f, &orphan);
	tally_tell(&f, &missing);
	tally_tell(&f, &damaged);
	tally_tell(&f, &orphan);
	return 0;
}
