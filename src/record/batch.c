/* Many records in one call and one change: each in a savepoint of its own, so that one that fails leaves the others
 * alone. */
#include "record/record_int.h"

#include "base/limits.h"
#include "call/gate.h"

#include <assert.h>
#include <string.h>

typedef enum { BATCH_UPDATE, BATCH_DELETE, BATCH_RESTORE } BatchAction;

typedef struct {
	Call *c;
	const ObjectDef *object;
	BatchAction action;
	const json_t *fields;
	Id id;
} BatchItem;

static int item_write(Call *c, const BatchItem *item, Record *record)
{
	if (item->action == BATCH_DELETE)
		return record_delete(c, record, 0);
	if (item->action == BATCH_RESTORE)
		return record_restore(c, record, 0);
	int r = record_apply_json(c, record, item->fields);
	return r < 0 ? r : record_update(c, record, 0);
}

static int item_run(UNUSED Tx *tx, void *arg)
{
	const BatchItem *item = arg;
	Record *record = NULL;
	int r = item->action == BATCH_RESTORE ? record_load_any(item->c, item->object->name, item->id, &record)
	                                      : record_load(item->c, item->object->name, item->id, &record);
	return r < 0 ? r : item_write(item->c, item, record);
}

/* The reason goes into the answer and the call is as if nothing had failed. */
static void item_failed(Call *c, const BatchItem *item, int err, JsonOut *failed)
{
	const FieldFault *fault = c->faults;
	(void)call_store_failed(c, err);
	json_object_begin(failed);
	json_member_id(failed, "id", item->id);
	json_member_text(failed, "code", fault != NULL ? fault->code : c->err_code);
	json_member_text(failed, "detail", fault != NULL ? fault->detail : c->err_detail);
	json_object_end(failed);
	c->err = 0;
	c->err_code = c->err_detail = NULL;
	c->faults = NULL;
}

static Id id_of(const json_t *text)
{
	Id id = ID_NIL;
	(void)!id_parse(json_string_value(text), json_string_length(text), &id);
	return id;
}

/* 0, or an Err that ends the whole batch: the store is gone, and so is the transaction. */
static int batch_run(Call *c, BatchItem *item, JsonOut *failed, int *ret_done)
{
	const json_t *ids = call_json(c, "ids");
	*ret_done = 0;
	for (size_t i = 0; i < json_array_size(ids); i++) {
		item->id = id_of(json_array_get(ids, i));
		int r = tx_nested(c->tx, item_run, item);
		if (r == ERR_STORE || r == ERR_FULL)
			return call_store_failed(c, r);
		if (r < 0)
			item_failed(c, item, r, failed);
		else
			(*ret_done)++;
	}
	return 0;
}

static int batch_action(Call *c, BatchItem *item)
{
	const char *action = call_text(c, "action");
	item->action = strcmp(action, "delete") == 0    ? BATCH_DELETE
	               : strcmp(action, "restore") == 0 ? BATCH_RESTORE
	                                                : BATCH_UPDATE;
	item->fields = call_json(c, "fields");
	if (item->action == BATCH_UPDATE && !json_is_object(item->fields))
		return call_fault(c, "fields", "required", "Say which fields to change.", "请填写要修改的字段。");
	return 0;
}

int api_batch(Call *c)
{
	BatchItem item = {.c = c};
	Id change;
	int r = api_object(c, &item.object);
	if (r == 0)
		r = gate_check(c, item.object->write_right);
	if (r == 0)
		r = batch_action(c, &item);
	if (r == 0)
		r = record_change(c, &change);
	if (r < 0)
		return r;
	Buf *b = buf_new(c, LIMIT_RESPONSE_BODY);
	JsonOut failed = json_out(b);
	int done = 0;
	json_array_begin(&failed);
	r = batch_run(c, &item, &failed, &done);
	json_array_end(&failed);
	if (r < 0)
		return r;
	json_object_begin(&c->json);
	json_member_int(&c->json, "done", done);
	json_key(&c->json, "failed");
	json_put_raw(&c->json, b->data, b->len);
	json_member_id(&c->json, "change", change);
	json_object_end(&c->json);
	return 0;
}
