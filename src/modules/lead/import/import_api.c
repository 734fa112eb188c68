/* Imports over the API: a file comes in pieces, is looked at, tried and run (L4). */
#include "modules/lead/import/import_int.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/limits.h"
#include "event/follow.h"

#define LIST_MAX 50

typedef struct {
	Import import;
	const char *state; /* to be set */
	json_t *columns;
} Ask;

/* ---- loading ---- */

static int no_such_import(Call *c)
{
	return call_fail(c, ERR_NOT_FOUND, "no_such_import", "There is no such import.", "没有这个导入任务。");
}

static int found(Call *c, int r, Import *ret)
{
	if (r == ERR_NOT_FOUND)
		return no_such_import(c);
	if (r == 0)
		import_place(c, c->house, ret);
	if (r == 0 && c->who.role != ROLE_ADMINISTRATOR && !id_equal(ret->who, c->who.user))
		return no_such_import(c);
	return call_store_failed(c, r);
}

static int import_of(Call *c, Import *ret)
{
	return found(c, import_load(c->tx, c, call_id(c, "id"), ret), ret);
}

/* To be changed: nobody else does until the end of the transaction. */
static int import_held(Call *c, Import *ret)
{
	return found(c, import_hold(c->tx, c, call_id(c, "id"), ret), ret);
}

/* While the thread counts rows, the number is in memory only. */
static void looked_add(Call *c, Import *import)
{
	Importer *importer = c->house->importer;
	pthread_mutex_lock(&importer->lock);
	if (strcmp(import->state.state, "checking") == 0 && id_equal(importer->current, import->state.id))
		import->state.done = importer->looked;
	pthread_mutex_unlock(&importer->lock);
}

static int import_show(Call *c)
{
	Import import;
	int r = import_of(c, &import);
	if (r < 0)
		return r;
	looked_add(c, &import);
	import_write(&c->json, &import, true);
	return 0;
}

static int imports_list(Call *c)
{
	ROWS rows = NULL;
	Id ids[LIST_MAX];
	int n = 0, r = db_query(c->tx, &rows, "SELECT id, who FROM import ORDER BY id DESC LIMIT 200");
	if (r < 0)
		return call_store_failed(c, r);
	while (n < LIST_MAX && rows_next(rows))
		if (c->who.role == ROLE_ADMINISTRATOR || id_equal(rows_id(rows, 1), c->who.user))
			ids[n++] = rows_id(rows, 0);
	json_object_begin(&c->json);
	json_key(&c->json, "items");
	json_array_begin(&c->json);
	for (int i = 0; r == 0 && i < n; i++) {
		Import import;
		r = import_load(c->tx, c, ids[i], &import);
		if (r == 0)
			import_write(&c->json, &import, false);
	}
	json_array_end(&c->json);
	json_object_end(&c->json);
	return call_store_failed(c, r);
}

/* ---- making one, and its file ---- */

static int import_make(Call *c)
{
	Id id = id_new(c->now_ms), source = call_id(c, "source");
	char text[ID_TEXT_SIZE];
	const char *folder = talloc_asprintf(c, "%s/" IMPORT_FOLDER, c->house->data_dir);
	Record *record;
	int r = record_load(c, "source", source, &record);
	if (r < 0)
		return r;
	(void)mkdir(folder, 0700);
	Import import = {.state = {.id = id, .state = "new"},
	                 .name = call_text(c, "name"),
	                 .own_file = true,
	                 .path = talloc_asprintf(c, "%s/%s", folder, id_text(id, text)),
	                 .source = source,
	                 .who = c->who.user,
	                 .at = c->now_ms,
	                 .way = "pool"};
	r = import_insert(c, &import);
	if (r < 0)
		return call_store_failed(c, r);
	c->status = 201;
	import_write(&c->json, &import, false);
	return 0;
}

static int load_job(Call *c, void *arg)
{
	return import_of(c, arg);
}

static int disk_failed(Call *c)
{
	return call_fail(c, ERR_FULL, "disk_full", "The piece could not be stored; is the disk full?",
	                 "无法保存文件，磁盘可能已满。");
}

/* The piece at its place, on disk before the answer; a piece that came before is written again. */
static int piece_write(Call *c, const Import *import, int64_t offset, const void *bytes, size_t len)
{
	struct stat is;
	(void)mkdir(talloc_asprintf(c, "%s/" IMPORT_FOLDER, c->house->data_dir), 0700);
	int fd = open(import->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	bool fine = fd >= 0 && fstat(fd, &is) == 0;
	if (fine && offset > is.st_size) {
		close(fd);
		return call_fail(c, ERR_CONFLICT, "gap", "The file has %lld bytes so far; go on there.",
		                 "文件目前有 %lld 字节，请从该处继续。", (long long)is.st_size);
	}
	fine = fine && pwrite(fd, bytes, len, offset) == (ssize_t)len && fdatasync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return fine ? 0 : disk_failed(c);
}

static int is_in(Call *c, const Import *import, const char *states)
{
	if (strstr(states, import->state.state))
		return 0;
	return call_fail(c, ERR_CONFLICT, "wrong_state", "The import is \"%s\"; this cannot be done now.",
	                 "导入任务当前状态为“%s”，不能执行此操作。", import->state.state);
}

/* Cancelled while the piece was written: then its file must not stay. */
static int size_job(Call *c, void *arg)
{
	const Import *import = arg;
	Import now;
	int r = import_held(c, &now);
	if (r < 0 || (r = is_in(c, &now, "new checked")) < 0) {
		(void)unlink(import->path);
		return r;
	}
	return call_store_failed(c, db_exec(c->tx, "UPDATE import SET size = $2 WHERE id = $1",
	                                    value_id(import->state.id), value_int(import->size)));
}

static int import_data(Call *c)
{
	Import import;
	const char *text = call_text(c, "data");
	size_t max = strlen(text) / 4 * 3 + 3, len;
	uint8_t *bytes = talloc_array(c, uint8_t, max);
	int64_t offset = call_int(c, "offset", 0);
	if (sodium_base642bin(bytes, max, text, strlen(text), "\r\n", &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return call_fault(c, "data", "bad_base64", "The piece must be base64.", "内容应为 base64 编码。");
	if (offset + (int64_t)len > SHEET_FILE_MAX)
		return call_fail(c, ERR_TOO_LARGE, "file_too_large", "The file is larger than 512 MB; divide it.",
		                 "文件超过 512 MB，请拆分后再导入。");
	int r = call_read_wait(c, load_job, &import);
	if (r < 0 || (r = is_in(c, &import, "new checked")) < 0 || (r = piece_write(c, &import, offset, bytes, len)) < 0)
		return r;
	import.size = offset + (int64_t)len;
	r = call_write_wait(c, size_job, &import);
	if (r < 0)
		return r;
	json_object_begin(&c->json);
	json_member_int(&c->json, "size", import.size);
	json_object_end(&c->json);
	return 0;
}

/* ---- looking ---- */

static int no_file(Call *c, const Import *import)
{
	bool elsewhere = import->own_file && import->size > 0 && follow_has_others(c->house) &&
	                 is_in(c, import, "new checked checking running failed") == 0;
	call_reset(c);
	return elsewhere ? call_fail(c, ERR_CONFLICT, "file_elsewhere", "The file lies with another server of this house. "
	                             "Let the servers share the folder imports/.",
	                             "文件在另一台服务器上。请让各服务器共用 imports/ 文件夹。")
	                 : call_fail(c, ERR_CONFLICT, "no_file", "The file has not come yet, or the import is over.",
	                             "文件尚未上传，或导入已结束。");
}

static int import_look(Call *c)
{
	Import import;
	SheetFault fault = {0};
	int r = call_read_wait(c, load_job, &import);
	if (r < 0)
		return r;
	if (access(import.path, R_OK) != 0)
		return no_file(c, &import);
	json_object_begin(&c->json);
	if (!table_look(c, import.path, &c->json, &fault)) {
		buf_clear(c->out);
		c->json = json_out(c->out);
		return call_fail(c, ERR_INVALID, fault.reason, "%s", "%s", c->lang == LANG_EN ? fault.en : fault.zh);
	}
	json_object_end(&c->json);
	return 0;
}

/* ---- trying and running ---- */

static int columns_check(Call *c, const json_t *columns)
{
	size_t i;
	json_t *field;
	if (columns && (!json_is_array(columns) || json_array_size(columns) > SHEET_CELLS_MAX))
		return call_fault(c, "columns", "not_a_list", "Give one field a column, in order.", "请按列的顺序给出字段。");
	json_array_foreach ((json_t *)columns, i, field)
		if (!json_is_string(field) || !column_field_known(c, json_string_value(field)))
			return call_fault(c, "columns", "unknown_field", "No field is called so: column %zu.",
			                  "第 %zu 列指定的字段不存在。", i + 1);
	return 0;
}

static const char *columns_text(Call *c, const json_t *columns)
{
	if (!columns)
		return NULL;
	Buf *text = buf_new(c, IMPORT_JSON_MAX);
	JsonOut o = json_out(text);
	json_put_tree(&o, columns);
	return text->data;
}

static void wake_on_commit(void *importer)
{
	importer_wake(importer);
}

/* The thread has something to do; the answer is the import as it stands now. */
static int import_set_off(Call *c)
{
	Import import;
	tx_on_commit(c->tx, wake_on_commit, c->house->importer);
	int r = import_of(c, &import);
	if (r == 0)
		import_write(&c->json, &import, true);
	return r;
}

static int import_check(Call *c)
{
	Import import;
	int r = import_held(c, &import);
	if (r < 0 || (r = is_in(c, &import, "new checked failed")) < 0)
		return r;
	const json_t *columns = call_json(c, "columns");
	if ((r = columns_check(c, columns)) < 0)
		return r;
	const char *kept = columns ? columns_text(c, columns) : import.columns, *way = call_text(c, "way");
	r = db_exec(c->tx,
	            "UPDATE import SET state = 'checking', columns = $2, way = $3, pool = $4, report = NULL, error = NULL,"
	            " done = 0 WHERE id = $1",
	            value_id(import.state.id), value_text(kept), value_text(way ? way : import.way),
	            value_id(call_id(c, "pool")));
	return r < 0 ? call_store_failed(c, r) : import_set_off(c);
}

static int import_begin(Call *c)
{
	Import import;
	int r = import_held(c, &import);
	if (r < 0 || (r = is_in(c, &import, "checked")) < 0)
		return r;
	r = db_exec(c->tx, "UPDATE import SET state = 'running', done = 0, taken = 0, repeated = 0, bad = 0 WHERE id = $1",
	            value_id(import.state.id));
	return r < 0 ? call_store_failed(c, r) : import_set_off(c);
}

typedef struct {
	Importer *importer;
	Id id;
	const char *file; /* NULL: not ours to remove */
} Cancelled;

/* The file goes too; a thread that still reads it has its own hold of it. */
static void cancelled(void *arg)
{
	const Cancelled *it = arg;
	importer_cancel(it->importer, it->id);
	if (it->file)
		(void)unlink(it->file);
}

static Cancelled *cancelled_new(Call *c, const Import *import)
{
	Cancelled *it = talloc_zero(tx_mem(c->tx), Cancelled);
	*it = (Cancelled){c->house->importer, import->state.id, import->own_file ? talloc_strdup(it, import->path) : NULL};
	return it;
}

/* What was imported stays; the rest is not. */
static int import_stop_it(Call *c)
{
	Import import;
	int r = import_held(c, &import);
	if (r < 0 || (r = is_in(c, &import, "new checked checking running failed")) < 0)
		return r;
	if ((r = import_state_set(c->tx, import.state.id, "cancelled", NULL)) < 0)
		return call_store_failed(c, r);
	tx_on_commit(c->tx, cancelled, cancelled_new(c, &import));
	import.state.state = "cancelled";
	import_write(&c->json, &import, true);
	return 0;
}

static const Param id_params[] = {{"id", PARAM_ID, PARAM_IN_PATH, true, .help = "Import"}, {0}};
static const Param make_params[] = {
	{"name", PARAM_TEXT, PARAM_IN_BODY, true, .max = 200, .help = "Name of the file"},
	{"source", PARAM_ID, PARAM_IN_BODY, true, .help = "Source of its leads"},
	{0},
};
static const Param data_params[] = {
	{"id", PARAM_ID, PARAM_IN_PATH, true, .help = "Import"},
	{"offset", PARAM_INT, PARAM_IN_BODY, true, .min = 0, .max = SHEET_FILE_MAX, .help = "Place of the first byte"},
	{"data", PARAM_TEXT, PARAM_IN_BODY, true, .max = IMPORT_CHUNK_MAX / 3 * 4 + 8,
     .help = "Bytes as base64, 4 MB at most"},
	{0},
};
static const Param check_params[] = {
	{"id", PARAM_ID, PARAM_IN_PATH, true, .help = "Import"},
	{"columns", PARAM_JSON, .help = "Field of each column in order: name, phone ..., at, owner, extra (kept) or \"\""},
	{"way", PARAM_TEXT, .choices = "rules|pool|owner", .help = "Who gets the leads"},
	{"pool", PARAM_ID, .help = "Where they wait when nobody gets them"},
	{0},
};

const Endpoint import_endpoints[] = {
	{"GET", "/imports", "lead.assign", CALL_READ, NULL, imports_list, "Imports, newest first"},
	{"POST", "/imports", "lead.assign", CALL_WRITE, make_params, import_make, "Begin an import of a CSV or XLSX file"},
	{"GET", "/imports/:id", "lead.assign", CALL_READ, id_params, import_show, "How an import stands, with its dry run"},
	{"POST", "/imports/:id/data", "lead.assign", CALL_WORKER, data_params, import_data, "A piece of the file"},
	{"POST", "/imports/:id/look", "lead.assign", CALL_WORKER, id_params, import_look,
     "Columns, first rows and a guess what they are"},
	{"POST", "/imports/:id/check", "lead.assign", CALL_WRITE, check_params, import_check,
     "Dry run: what would become of every row"},
	{"POST", "/imports/:id/run", "lead.assign", CALL_WRITE, id_params, import_begin, "Import what was checked"},
	{"POST", "/imports/:id/cancel", "lead.assign", CALL_WRITE, id_params, import_stop_it,
     "Stop; what was imported stays"},
	{0},
};
