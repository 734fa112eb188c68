/* The endpoints of records: thin; what they do stands in record.h. The right is the object's, so it is checked here
 * by the gate once the object is known. */
#include "record/record_int.h"

#include "base/limits.h"
#include "base/random.h"
#include "call/gate.h"
#include "call/module.h"

#include <assert.h>
#include <string.h>

int api_object(Call *c, const ObjectDef **ret)
{
	const char *name = call_text(c, "object");
	const ObjectDef *object = name == NULL ? NULL : meta_object_of(c, name);
	if (object == NULL)
		return call_fail(c, ERR_NOT_FOUND, "unknown_object", "There is no object \"%s\"; GET /objects lists them.",
		                 "没有名为“%s”的对象；GET /objects 可查看全部对象。", name != NULL ? name : "");
	int r = gate_check(c, object->read_right);
	if (r < 0)
		return r;
	*ret = object;
	return 0;
}

int api_record(Call *c, bool deleted, Record **ret)
{
	const ObjectDef *object;
	int r = api_object(c, &object);
	if (r < 0)
		return r;
	if (!deleted)
		return record_load(c, object->name, call_id(c, "id"), ret);
	r = record_load_any(c, object->name, call_id(c, "id"), ret);
	if (r == 0)
		r = access_check(c, *ret);
	return r == ERR_NOT_FOUND && c->err == 0 ? refuse_not_found(c, object) : call_store_failed(c, r);
}

/* The record with "_change" if this call wrote. */
static void answer(Call *c, const Record *record)
{
	Buf *b = buf_new(c, LIMIT_RESPONSE_BODY);
	JsonOut out = json_out(b);
	record_write(record, &out);
	c->etag = talloc_asprintf(c, "\"%lld\"", (long long)record->values[FIELD_AT_VERSION].i);
	buf_append(c->out, b->data, b->len);
	if (id_is_nil(c->change))
		return;
	char change[ID_TEXT_SIZE];
	c->out->data[--c->out->len] = '\0'; /* the closing brace */
	buf_printf(c->out, ",\"_change\":\"%s\"}", id_text(c->change, change));
}

static RecordQuery query_of(Call *c, const ObjectDef *object)
{
	return (RecordQuery){
		.object = object->name,
		.filter = call_text(c, "filter"),
		.sort = call_text(c, "sort"),
		.search = call_text(c, "search"),
		.after = call_text(c, "after"),
		.limit = (int)call_int(c, "limit", LIMIT_PAGE_DEFAULT),
		.bin = call_flag(c, "bin", false),
	};
}

static int api_list(Call *c)
{
	const ObjectDef *object;
	const char *next;
	int r = api_object(c, &object);
	if (r < 0)
		return r;
	RecordQuery query = query_of(c, object);
	r = record_query_write(c, &query, &c->json, &next);
	if (r == 0)
		c->link_next = next;
	return r;
}

static int api_count(Call *c)
{
	const ObjectDef *object;
	int64_t n = 0;
	int r = api_object(c, &object);
	if (r < 0)
		return r;
	RecordQuery query = query_of(c, object);
	r = record_count(c, &query, RECORD_COUNT_MAX + 1, &n);
	if (r < 0)
		return r;
	json_object_begin(&c->json);
	json_member_int(&c->json, "count", n > RECORD_COUNT_MAX ? RECORD_COUNT_MAX : n);
	json_member_bool(&c->json, "more", n > RECORD_COUNT_MAX);
	json_object_end(&c->json);
	return 0;
}

static int api_create(Call *c)
{
	const ObjectDef *object;
	int r = api_object(c, &object);
	if (r < 0)
		return r;
	r = gate_check(c, object->write_right);
	if (r < 0)
		return r;
	Record *record = record_new(c, object);
	r = record_apply_json(c, record, c->body);
	if (r == 0)
		r = record_create(c, record, 0);
	if (r < 0)
		return r;
	char id[ID_TEXT_SIZE];
	c->status = 201;
	c->location = talloc_asprintf(c, "/api/v1/records/%s/%s", object->name, id_text(record_id(record), id));
	answer(c, record);
	return 0;
}

static int api_get(Call *c)
{
	Record *record;
	int r = api_record(c, false, &record);
	if (r < 0)
		return r;
	answer(c, record);
	return 0;
}

static int api_update(Call *c)
{
	Record *record;
	int r = api_record(c, false, &record);
	if (r == 0)
		r = gate_check(c, record->object->write_right);
	if (r == 0)
		r = record_apply_json(c, record, c->body);
	if (r == 0)
		r = record_update(c, record, 0);
	if (r < 0)
		return r;
	answer(c, record);
	return 0;
}

static int api_delete(Call *c)
{
	Record *record;
	int r = api_record(c, false, &record);
	if (r == 0)
		r = record_delete(c, record, 0);
	if (r < 0)
		return r;
	json_object_begin(&c->json);
	json_member_id(&c->json, "change", c->change);
	json_object_end(&c->json);
	return 0;
}

static int api_restore(Call *c)
{
	Record *record;
	int r = api_record(c, true, &record);
	if (r == 0)
		r = record_restore(c, record, 0);
	if (r < 0)
		return r;
	answer(c, record);
	return 0;
}

/* --- start --- */

static int secret_make(Tx *tx, void *arg)
{
	int64_t n = 0;
	/* Two processes that start at once must end up with one secret. */
	int r = tx_is_postgres(tx) ? db_exec(tx, "LOCK TABLE record_secret IN EXCLUSIVE MODE") : 0;
	if (r == 0)
		r = db_int(tx, &n, "SELECT COUNT(*) FROM record_secret");
	if (r < 0 || n > 0)
		return r;
	random_bytes(arg, RECORD_SECRET_SIZE);
	return db_exec(tx, "INSERT INTO record_secret (secret) VALUES ($1)", value_bytes(arg, RECORD_SECRET_SIZE));
}

/* Always read back: it may have been there, or another process may have been first. */
static int secret_read(Tx *tx, void *arg)
{
	ROWS rows = NULL;
	int r = db_query(tx, &rows, "SELECT secret FROM record_secret ORDER BY secret LIMIT 1");
	if (r < 0)
		return r;
	if (!rows_next(rows))
		return rows_error(rows) < 0 ? rows_error(rows) : ERR_INTERNAL;
	size_t len = 0;
	const void *bytes = rows_bytes(rows, 0, &len);
	if (len != RECORD_SECRET_SIZE)
		return ERR_INTERNAL;
	memcpy(arg, bytes, len);
	return 0;
}

static int record_start(House *house)
{
	uint8_t *secret = house->phases->secret;
	int r = store_write_wait(house->store, secret_make, secret);
	return r < 0 ? r : store_read_wait(house->store, secret_read, secret);
}

/* --- the card --- */

#define OBJECT_PARAM \
	{"object", PARAM_TEXT, PARAM_IN_PATH, .required = true, .max = 63, .help = "Name of the object, such as lead"}
#define ID_PARAM {"id", PARAM_ID, PARAM_IN_PATH, .required = true, .help = "Id of the record"}
#define FILTER_PARAM {"filter", PARAM_TEXT, PARAM_IN_QUERY, .max = LIMIT_EXPR_TEXT, .help = "Formula that must hold"}
#define SEARCH_PARAM \
	{"search", PARAM_TEXT, PARAM_IN_QUERY, .max = RECORD_SEARCH_MAX, .help = "Text in one of the searchable fields"}
#define BIN_PARAM {"bin", PARAM_BOOL, PARAM_IN_QUERY, .help = "Deleted ones instead"}
#define LIMIT_PARAM {"limit", PARAM_INT, PARAM_IN_QUERY, .min = 1, .max = LIMIT_PAGE, .help = "Rows of the page"}
#define BODY_PARAM {"fields", PARAM_BODY, PARAM_IN_BODY, .required = true, .help = "Fields of the object by name"}
#define PARAMS_END {.type = PARAM_END}

static const Param list_params[] = {
	OBJECT_PARAM, FILTER_PARAM, SEARCH_PARAM, BIN_PARAM, LIMIT_PARAM,
	{"sort", PARAM_TEXT, PARAM_IN_QUERY, .max = 300, .help = "Fields by comma, - for descending: -created_at,name"},
	{"after", PARAM_TEXT, PARAM_IN_QUERY, .max = 8000, .help = "Cursor: next of the page before"},
	PARAMS_END,
};
static const Param count_params[] = {OBJECT_PARAM, FILTER_PARAM, SEARCH_PARAM, BIN_PARAM, PARAMS_END};
static const Param create_params[] = {OBJECT_PARAM, BODY_PARAM, PARAMS_END};
static const Param record_params[] = {OBJECT_PARAM, ID_PARAM, PARAMS_END};
static const Param update_params[] = {OBJECT_PARAM, ID_PARAM, BODY_PARAM, PARAMS_END};
static const Param history_params[] = {
	OBJECT_PARAM, ID_PARAM, LIMIT_PARAM,
	{"after", PARAM_INT, PARAM_IN_QUERY, .min = 1, .max = INT64_MAX, .help = "next of the page before"},
	PARAMS_END,
};
static const Param batch_params[] = {
	OBJECT_PARAM,
	{"action", PARAM_TEXT, PARAM_IN_BODY, .required = true, .choices = "update|delete|restore",
		.help = "What to do with each"},
	{"ids", PARAM_IDS, PARAM_IN_BODY, .required = true, .help = "Ids of the records"},
	{"fields", PARAM_JSON, PARAM_IN_BODY, .help = "For update: fields by name"},
	PARAMS_END,
};
static const Param undo_params[] = {ID_PARAM, PARAMS_END};

static const Endpoint endpoints[] = {
	{"GET", "/records/:object", "signed_in", CALL_READ, list_params, api_list, "List records"},
	{"POST", "/records/:object", "signed_in", CALL_WRITE, create_params, api_create, "Create a record"},
	{"POST", "/records/:object/batch", "signed_in", CALL_WRITE, batch_params, api_batch,
		"Update, delete or restore many records"},
	{"GET", "/records/:object/:id", "signed_in", CALL_READ, record_params, api_get, "Read a record"},
	{"PATCH", "/records/:object/:id", "signed_in", CALL_WRITE, update_params, api_update, "Change fields of a record"},
	{"DELETE", "/records/:object/:id", "signed_in", CALL_WRITE, record_params, api_delete, "Put a record into the bin"},
	{"POST", "/records/:object/:id/restore", "signed_in", CALL_WRITE, record_params, api_restore,
		"Take a record out of the bin"},
	{"GET", "/records/:object/:id/history", "signed_in", CALL_READ, history_params, api_history,
		"What was changed, when, by whom"},
	{"POST", "/changes/:id/undo", "signed_in", CALL_WRITE, undo_params, api_undo, "Undo a change"},
	{"GET", "/count/:object", "signed_in", CALL_READ, count_params, api_count, "Count records, up to 10,000"},
	{0},
};

const Module record_module = {
	.name = "record",
	.endpoints = endpoints,
	.migrations = record_migrations,
	.start = record_start,
};
