/* The catalogue over the API: read by the browser and by integrators, extended by administrators. A new field is a
 * row, a column and a new snapshot: all three or none. */
#include "meta/meta_int.h"

#include <string.h>

#include "base/limits.h"
#include "call/gate.h"
#include "call/module.h"

#define DEFINITION_MAX (256 * 1024)

static void write_object(const ObjectDef *object, JsonOut *out)
{
	json_object_begin(out);
	json_member_text(out, "name", object->name);
	json_member_text(out, "zh", object->zh);
	json_member_text(out, "en", object->en);
	json_member_text(out, "zh_plural", object->zh_plural);
	json_member_text(out, "en_plural", object->en_plural);
	json_member_text(out, "title", object->title);
	json_member_text(out, "read", object->read_right);
	json_member_text(out, "write", object->write_right);
	json_member_bool(out, "history", object->keeps_history);
	json_key(out, "fields");
	json_array_begin(out);
	for (int i = 0; i < object->n_fields; i++)
		if (!object->fields[i].hidden)
			field_write(&object->fields[i], out);
	json_array_end(out);
	json_object_end(out);
}

static int objects_list(Call *c)
{
	const Catalogue *catalogue = meta_of(c);
	json_object_begin(&c->json);
	json_member_int(&c->json, "version", catalogue->version);
	json_key(&c->json, "objects");
	json_array_begin(&c->json);
	for (int i = 0; i < catalogue->n_objects; i++)
		if (gate_may(c, catalogue->objects[i].read_right))
			write_object(&catalogue->objects[i], &c->json);
	json_array_end(&c->json);
	json_object_end(&c->json);
	return 0;
}

static int object_find(Call *c, const ObjectDef **ret)
{
	const char *name = call_text(c, "object");
	const ObjectDef *object = meta_object_of(c, name ? name : "");
	if (!object || !gate_may(c, object->read_right))
		return call_fail(c, ERR_NOT_FOUND, "unknown_object", "There is no object \"%s\"; GET /objects lists them.",
			"没有名为“%s”的对象；GET /objects 可查看全部对象。", name ? name : "");
	*ret = object;
	return 0;
}

static int object_get(Call *c)
{
	const ObjectDef *object = NULL;
	int r = object_find(c, &object);
	if (r < 0)
		return r;
	write_object(object, &c->json);
	return 0;
}

/* What an outsider may not say of a field, and what only the whole catalogue can tell. */
static int field_check(Call *c, const ObjectDef *object, const FieldDef *field)
{
	if (field->hidden || field->read_only)
		return call_fault(c, field->hidden ? "hidden" : "read_only", "not_allowed",
			"A custom field can be neither hidden nor read-only.", "自定义字段不能设为隐藏或只读。");
	if (meta_field(object, field->name))
		return call_fault(c, "name", "duplicate", "%s has a field \"%s\" already; choose another name.",
			"“%s”已有字段“%s”，请换一个名称。", c->lang == LANG_ZH ? object->zh : object->en, field->name);
	if (field->ref && !meta_object_of(c, field->ref))
		return call_fault(c, "ref", "unknown_object", "There is no object \"%s\" to refer to.",
			"没有可引用的对象“%s”。", field->ref);
	if (object->n_fields >= META_FIELDS_MAX)
		return call_fail(c, ERR_CONFLICT, "too_many_fields", "An object has at most %d fields.",
			"一个对象最多 %d 个字段。", META_FIELDS_MAX);
	return 0;
}

static int field_insert(Call *c, const ObjectDef *object, const FieldDef *field)
{
	Buf *definition = buf_new(c, DEFINITION_MAX);
	JsonOut out = json_out(definition);
	json_put_tree(&out, c->body);
	if (buf_failed(definition))
		return call_fail(c, ERR_TOO_LARGE, "definition_too_large", "The definition of the field is too large.",
			"字段定义太大。");
	int r = db_exec(c->tx,
		"INSERT INTO meta_field (id, object, name, definition, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6)",
		value_id(id_new(c->now_ms)), value_text(object->name), value_text(field->name), value_text(definition->data),
		value_time(c->now_ms), value_id(c->who.user));
	return r < 0 ? call_store_failed(c, r) : 0;
}

/* A catalogue on its way into force; hangs on the transaction. */
typedef struct {
	Meta *meta;
	Catalogue *catalogue;
} Pending;

static void pending_commit(void *arg)
{
	Pending *pending = arg;
	meta_swap(pending->meta, pending->catalogue);
}

static void pending_rollback(void *arg)
{
	Pending *pending = arg;
	meta_release(pending->catalogue);
}

static int catalogue_extend(Call *c, Catalogue **ret)
{
	char *error = NULL;
	int r = meta_rebuild(c->house->meta, c->tx, c, ret, &error);
	if (r == ERR_INVALID)
		return call_fail(c, ERR_INVALID, "bad_catalogue", "The field does not fit into the catalogue: %s",
			"该字段无法加入目录：%s", error);
	if (r < 0)
		return call_store_failed(c, r);
	Pending *pending = talloc(tx_mem(c->tx), Pending);
	*pending = (Pending){.meta = c->house->meta, .catalogue = *ret};
	tx_on_commit(c->tx, pending_commit, pending);
	tx_on_rollback(c->tx, pending_rollback, pending);
	return 0;
}

static int field_add(Call *c)
{
	const ObjectDef *object = NULL;
	int r = object_find(c, &object);
	if (r < 0)
		return r;
	FieldDef field;
	MetaFault fault = {.ctx = c};
	if (!field_read(c, c->body, &field, &fault))
		return call_fault(c, fault.member, fault.code, "%s", "%s", c->lang == LANG_ZH ? fault.zh : fault.en);
	r = field_check(c, object, &field);
	/* One at a time, so that each new snapshot holds the fields of the one before. */
	if (r == 0 && tx_is_postgres(c->tx))
		r = db_exec(c->tx, "LOCK TABLE meta_field IN EXCLUSIVE MODE");
	if (r == 0)
		r = field_insert(c, object, &field);
	Catalogue *catalogue = NULL;
	if (r == 0)
		r = catalogue_extend(c, &catalogue);
	if (r < 0)
		return call_store_failed(c, r);
	const ObjectDef *extended = meta_object(catalogue, object->name);
	r = schema_apply_object(c->tx, extended);
	if (r < 0)
		return call_store_failed(c, r);
	c->status = 201;
	field_write(meta_field(extended, field.name), &c->json);
	return 0;
}

static const Param object_params[] = {
	{.name = "object", .type = PARAM_TEXT, .place = PARAM_IN_PATH, .required = true, .max = 63,
		.help = "name of the object, for example lead"},
	{.type = PARAM_END},
};

static const Param field_params[] = {
	{.name = "object", .type = PARAM_TEXT, .place = PARAM_IN_PATH, .required = true, .max = 63,
		.help = "name of the object, for example lead"},
	{.name = "field", .type = PARAM_BODY, .place = PARAM_IN_BODY, .required = true,
		.help = "name, zh, en, type and what the type needs: choices, ref, scale, max,"
			" required, unique, searchable, default"},
	{.type = PARAM_END},
};

static const Endpoint endpoints[] = {
	{"GET", "/objects", "signed_in", CALL_READ, NULL, objects_list, "List the objects with their fields"},
	{"GET", "/objects/:object", "signed_in", CALL_READ, object_params, object_get, "One object with its fields"},
	{"POST", "/objects/:object/fields", "settings.manage", CALL_WRITE, field_params, field_add, "Add a custom field"},
	{0},
};

const Module meta_module = {.name = "meta", .endpoints = endpoints, .migrations = meta_migrations};
