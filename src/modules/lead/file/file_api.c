/* Files over the API: the body of an upload is the file itself, its name is in the query. */
#include <string.h>

#include "base/limits.h"
#include "call/when.h"
#include "modules/lead/file/file_int.h"
#include "modules/lead/guard.h"
#include "net/client.h"

/* ---- upload ---- */

typedef struct {
	Attachment a;
	Record *file;
	bool was_there;
} Adding;

static int refuse_activity(Call *c)
{
	return call_fault(c, "activity", "not_found", "This lead has no such activity.", "该线索没有这条跟进记录。");
}

static int activity_check(Call *c, Id lead, Id activity)
{
	Record *of;
	if (id_is_nil(activity))
		return 0;
	int r = record_load_any(c, "activity", activity, &of);
	if (r == ERR_NOT_FOUND || (r == 0 && !id_equal(record_ref(of, "lead"), lead))) {
		c->err = 0;
		return refuse_activity(c);
	}
	return r;
}

/* The same upload of the same person came before: who made the id made it once. */
static int again_find(Call *c, Adding *adding, Id lead)
{
	ROWS rows = NULL;
	adding->was_there = false;
	int r = db_query(c->tx, &rows, "SELECT lead, sha256, created_by FROM file WHERE id = $1",
	                 value_id(adding->a.id));
	if (r < 0)
		return call_store_failed(c, r);
	if (!rows_next(rows))
		return call_store_failed(c, rows_error(rows));
	adding->was_there = id_equal(rows_id(rows, 0), lead) && strcmp(rows_text(rows, 1), adding->a.hash) == 0 &&
	                    id_equal(rows_id(rows, 2), c->who.user);
	rows_close(&rows);
	if (!adding->was_there)
		return call_fail(c, ERR_CONFLICT, "exists", "Another file has this id.", "该标识已用于其他附件。");
	return record_load_any(c, "file", adding->a.id, &adding->file);
}

/* Asked before the disk is filled, and again when the row is written. A repeat is recognised before the lead is
 * looked at: by then it may be somebody else's, and who sends again only wants to hear that it is here. */
static int add_check(Call *c, void *arg)
{
	Adding *adding = arg;
	Record *lead;
	int r = id_is_nil(adding->a.id) ? 0 : again_find(c, adding, call_id(c, "id"));
	if (r < 0 || adding->was_there)
		return r;
	r = guard_load(c, call_id(c, "id"), "edit", &lead);
	if (r == 0)
		r = activity_check(c, record_id(lead), adding->a.activity);
	if (r == 0)
		r = attach_allowed(c, record_id(lead));
	return r;
}

static int add_write(Call *c, void *arg)
{
	Adding *adding = arg;
	Record *lead;
	/* Two at once: the other one may have come in between. */
	int r = id_is_nil(adding->a.id) ? 0 : again_find(c, adding, call_id(c, "id"));
	if (r < 0 || adding->was_there)
		return r;
	r = guard_load(c, call_id(c, "id"), "edit", &lead);
	if (r == 0)
		r = activity_check(c, record_id(lead), adding->a.activity);
	return r < 0 ? r : attach_create(c, lead, &adding->a, &adding->file);
}

static void write_address(JsonOut *o, Id file)
{
	char id[ID_TEXT_SIZE], path[ID_TEXT_SIZE + 20];
	snprintf(path, sizeof path, "/api/v1/files/%s", id_text(file, id));
	json_member_text(o, "url", path);
}

static void added_write(Call *c, const Adding *adding)
{
	JsonOut *o = &c->json;
	char at[WHEN_TEXT_SIZE];
	const Record *file = adding->file;
	json_object_begin(o);
	json_member_id(o, "id", record_id(file));
	json_member_text(o, "name", record_text(file, "name"));
	json_member_text(o, "kind", record_text(file, "kind"));
	json_member_text(o, "media_type", record_text(file, "media_type"));
	json_member_int(o, "bytes", record_int(file, "bytes"));
	json_member_text(o, "at", when_text(record_int(file, "created_at"), at));
	json_member_id(o, "activity", record_ref(file, "activity"));
	write_address(o, record_id(file));
	if (!id_is_nil(c->change))
		json_member_id(o, "_change", c->change);
	json_object_end(o);
	c->status = adding->was_there ? 200 : 201;
}

static int refuse_type(Call *c)
{
	return call_fail(c, ERR_MEDIA_TYPE, "unwelcome_type",
	                 "Files of this kind are not taken. Photos (JPEG, PNG, WebP, HEIC), sound, PDF, office documents "
	                 "without macros, text and CSV are.",
	                 "不接受这种文件。可以上传照片（JPEG、PNG、WebP、HEIC）、录音、PDF、不含宏的办公文档、文本和 CSV。");
}

/* POST /leads/:id/files */
static int file_add(Call *c)
{
	char hash[CONTENT_HASH_TEXT];
	const char *name = call_text(c, "name");
	const FileType *type = file_type_of(c->bytes, c->bytes_len, name);
	if (c->bytes_len == 0)
		return call_fail(c, ERR_INVALID, "empty_file", "The file is empty.", "文件是空的。");
	if (!type)
		return refuse_type(c);
	content_hash(c->bytes, c->bytes_len, hash);
	Adding adding = {.a = {.id = call_id(c, "file"),
	                       .activity = call_id(c, "activity"),
	                       .name = file_name_clean(c, name, type),
	                       .media_type = type->media_type,
	                       .kind = file_kind_name(type->kind),
	                       .hash = hash,
	                       .bytes = (int64_t)c->bytes_len}};
	int r = call_write_wait(c, add_check, &adding);
	if (r == 0 && adding.was_there) {
		added_write(c, &adding);
		return 0;
	}
	if (r == 0)
		r = call_store_failed(c, content_keep(c->house->data_dir, c->bytes, c->bytes_len, hash));
	if (r == 0)
		r = call_write_wait(c, add_write, &adding);
	if (r == 0)
		added_write(c, &adding);
	return r;
}

/* ---- list ---- */

static void file_write(Call *c, const Rows *rows)
{
	JsonOut *o = &c->json;
	char at[WHEN_TEXT_SIZE];
	json_object_begin(o);
	json_member_id(o, "id", rows_id(rows, 0));
	json_member_text(o, "name", rows_text(rows, 1));
	json_member_text(o, "kind", rows_text(rows, 2));
	json_member_text(o, "media_type", rows_text(rows, 3));
	json_member_int(o, "bytes", rows_int(rows, 4));
	json_member_text(o, "at", when_text(rows_int(rows, 5), at));
	json_member_id(o, "activity", rows_id(rows, 6));
	json_key(o, "by");
	if (rows_is_null(rows, 7))
		json_put_null(o);
	else {
		json_object_begin(o);
		json_member_id(o, "id", rows_id(rows, 7));
		json_member_text(o, "name", rows_text(rows, 8));
		json_object_end(o);
	}
	write_address(o, rows_id(rows, 0));
	json_object_end(o);
}

/* GET /leads/:id/files */
static int files_list(Call *c)
{
	Record *lead;
	ROWS rows = NULL;
	int r = record_load(c, "lead", call_id(c, "id"), &lead);
	if (r < 0)
		return r;
	r = db_query(c->tx, &rows,
	             "SELECT f.id, f.name, f.kind, f.media_type, f.bytes, f.created_at, f.activity, f.created_by, p.name "
	             "FROM file f LEFT JOIN person p ON p.id = f.created_by "
	             "WHERE f.lead = $1 AND f.deleted_at IS NULL ORDER BY f.created_at DESC, f.id DESC LIMIT $2",
	             value_id(record_id(lead)), value_int(LIMIT_FILES_RECORD));
	return r < 0 ? call_store_failed(c, r) : call_items(c, rows, file_write);
}

/* ---- content ---- */

static int load_job(Call *c, void *arg)
{
	return record_load(c, "file", call_id(c, "id"), arg);
}

/* Both ways of RFC 6266: old readers get the letters they know. */
static const char *disposition_of(Call *c, const char *name, bool shown)
{
	static const char fine[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	Buf *out = buf_new(c, LIMIT_FILE_NAME * 20);
	buf_puts(out, shown ? "inline; filename=\"" : "attachment; filename=\"");
	for (const char *p = name; *p; p++)
		if (((unsigned char)*p & 0xc0) != 0x80)
			buf_putc(out, strchr(fine, *p) ? *p : '_');
	buf_printf(out, "\"; filename*=UTF-8''%s", net_percent(c, name));
	return out->data;
}

/* GET /files/:id */
static int file_show(Call *c)
{
	Record *file = NULL;
	char *bytes = NULL;
	size_t len = 0;
	int r = call_read_wait(c, load_job, &file);
	if (r < 0)
		return r;
	const char *hash = record_text(file, "sha256"), *kind = record_text(file, "kind");
	r = content_read(c, c->house->data_dir, hash, &bytes, &len);
	if (r == ERR_NOT_FOUND)
		return call_fail(c, r, "content_missing",
		                 "The content of this file is missing on the server. Tell the administrator: `tenon verify` "
		                 "says more.",
		                 "服务器上缺少该附件的内容，请联系管理员（tenon verify 可查看详情）。");
	if (r < 0)
		return call_store_failed(c, r);
	CallContent *content = talloc_zero(c, CallContent);
	bool shown = strcmp(kind, "file") != 0 && !call_flag(c, "download", false);
	*content = (CallContent){.type = record_text(file, "media_type"),
	                         .disposition = disposition_of(c, record_text(file, "name"), shown),
	                         .bytes = bytes,
	                         .len = len};
	c->etag = talloc_asprintf(c, "\"%s\"", hash);
	c->content = content;
	return 0;
}

/* DELETE /files/:id */
static int file_remove(Call *c)
{
	Record *file;
	int r = record_load(c, "file", call_id(c, "id"), &file);
	if (r == 0)
		r = record_delete(c, file, RECORD_QUIET);
	if (r < 0)
		return r;
	json_object_begin(&c->json);
	json_member_id(&c->json, "change", c->change);
	json_object_end(&c->json);
	return 0;
}

/* ---- the rows ---- */

#define LEAD_PARAM {"id", PARAM_ID, PARAM_IN_PATH, true, .help = "Id of the lead"}
#define FILE_PARAM {"id", PARAM_ID, PARAM_IN_PATH, true, .help = "Id of the file"}

static const Param add_params[] = {
	LEAD_PARAM,
	{"name", PARAM_TEXT, PARAM_IN_QUERY, .max = 500, .help = "Name of the file; its type is told by its content"},
	{"activity", PARAM_ID, PARAM_IN_QUERY, .help = "The activity of this lead that the file belongs to"},
	{"file", PARAM_ID, PARAM_IN_QUERY, .help = "Id of the file, if the sender makes it: sent twice, it is there once"},
	{"content", PARAM_BYTES, PARAM_IN_BODY, .help = "The file itself, at most 10 MB"},
	{0},
};
static const Param list_params[] = {LEAD_PARAM, {0}};
static const Param show_params[] = {
	FILE_PARAM,
	{"download", PARAM_BOOL, PARAM_IN_QUERY, .help = "To be saved, not shown"},
	{0},
};
static const Param remove_params[] = {FILE_PARAM, {0}};

const Endpoint file_endpoints[] = {
	{"POST", "/leads/:id/files", "lead.work", CALL_WORKER, add_params, file_add,
	 "Add a file to a lead: the body is the file, durable before the answer"},
	{"GET", "/leads/:id/files", "record.read", CALL_READ, list_params, files_list, "The files of a lead, newest first"},
	{"GET", "/files/:id", "record.read", CALL_WORKER, show_params, file_show, "The content of a file, or a range of it",
	 "application/octet-stream"},
	{"DELETE", "/files/:id", "lead.work", CALL_WRITE, remove_params, file_remove,
	 "Delete a file; POST /changes/:id/undo brings it back"},
	{0},
};
