/* From packs and custom fields to a catalogue. Everything of one catalogue hangs on its own talloc tree without a
 * parent, so that any thread may drop the last reference. Knows no database. */
#include "meta/meta_int.h"

#include <glib.h>
#include <stdarg.h>
#include <string.h>

#define OBJECTS_MAX 500
#define INDEXES_MAX 30

static const char *const object_members[] = {"name", "table", "zh", "en", "zh_plural", "en_plural", "title", "scope",
	"read",
	"write", "history", "bumps_people", "fields", "indexes", "sparse_indexes"};

/* State of one build; the first error wins. */
typedef struct {
	TALLOC_CTX *ctx;    /* of the error */
	Catalogue *catalogue;
	ObjectDef *objects; /* the catalogue's, still writable */
	const CustomField *custom;
	int n_custom;
	const char *file;
	char *error;
} Build;

PRINTF_LIKE(2, 3)
static bool build_fail(Build *b, const char *format, ...)
{
	if (b->error)
		return false;
	va_list args;
	va_start(args, format);
	char *reason = talloc_vasprintf(b->ctx, format, args);
	va_end(args);
	b->error = talloc_asprintf(b->ctx, "%s: %s", b->file, reason);
	talloc_free(reason);
	return false;
}

static const char *keep(Build *b, const json_t *definition, const char *key)
{
	return talloc_strdup(b->catalogue, json_text(definition, key));
}

static FieldDef *own_field(const ObjectDef *object, const char *name)
{
	return (FieldDef *)meta_field(object, name);
}

static bool take_field(Build *b, ObjectDef *object, const json_t *definition, bool custom)
{
	FieldDef *field = (FieldDef *)&object->fields[object->n_fields];
	MetaFault fault = {.ctx = b->ctx};
	const char *name = json_text(definition, "name");
	if (!field_read(b->catalogue, definition, field, &fault))
		return build_fail(b, "object %s, field %s: %s", object->name, name ? name : "without name", fault.en);
	if (own_field(object, field->name))
		return build_fail(b, "object %s: the field %s is there twice", object->name, field->name);
	if (object->n_fields >= META_FIELDS_MAX)
		return build_fail(b, "object %s: more than %d fields", object->name, META_FIELDS_MAX);
	field->index = object->n_fields;
	field->custom = custom;
	object->n_fields++;
	field_enter(field, (uint16_t *)object->by_name);
	return true;
}

/* A pack may have learnt a field that an administrator had added under the same name: then the pack's definition rules,
 * if it keeps the values in the same form. */
static bool take_custom_field(Build *b, ObjectDef *object, const char *definition)
{
	JsonFault syntax;
	const json_t *json = json_parse(b->ctx, definition, strlen(definition), &syntax);
	if (!json)
		return build_fail(b, "object %s: a custom field is no JSON: %s", object->name, syntax.reason);
	const char *name = json_text(json, "name");
	const FieldDef *packed = name ? own_field(object, name) : NULL;
	if (!packed || packed->custom)
		return take_field(b, object, json, true);
	FieldDef custom;
	MetaFault fault = {.ctx = b->ctx};
	if (field_read(b->catalogue, json, &custom, &fault) && meta_value_type(&custom) == meta_value_type(packed))
		return true;
	return build_fail(b, "object %s: the custom field %s stands in the way of a field of the pack with another type",
		object->name, name);
}

static bool take_fields(Build *b, ObjectDef *object, const json_t *list)
{
	size_t n = json_array_size(list);
	if (n == 0)
		return build_fail(b, "object %s has no fields", object->name);
	FieldDef *fields = talloc_zero_array(b->catalogue, FieldDef, (unsigned)(FIELD_AT_OWN + n + (size_t)b->n_custom));
	memcpy(fields, field_common(), sizeof(FieldDef) * FIELD_AT_OWN);
	uint16_t *by_name = talloc_zero_array(b->catalogue, uint16_t, META_SLOTS);
	for (int i = 0; i < FIELD_AT_OWN; i++)
		field_enter(&fields[i], by_name);
	object->fields = fields;
	object->n_fields = FIELD_AT_OWN;
	object->by_name = by_name;
	for (size_t i = 0; i < n; i++)
		if (!take_field(b, object, json_array_get(list, i), false))
			return false;
	for (int i = 0; i < b->n_custom; i++)
		if (strcmp(b->custom[i].object, object->name) == 0 && !take_custom_field(b, object, b->custom[i].definition))
			return false;
	return true;
}

static bool check_index(Build *b, const ObjectDef *object, const char *columns)
{
	char **names = g_strsplit(columns, ",", -1);
	bool good = names[0] != NULL;
	for (int i = 0; names[i]; i++)
		if (!own_field(object, names[i]))
			good = build_fail(b, "object %s: the index \"%s\" names the unknown column \"%s\"", object->name, columns,
				names[i]);
	g_strfreev(names);
	return good || build_fail(b, "object %s: an index without columns", object->name);
}

static bool take_indexes(Build *b, const ObjectDef *object, const json_t *list, const char *const **ret)
{
	size_t n = json_array_size(list);
	if (n > INDEXES_MAX)
		return build_fail(b, "object %s: more than %d indexes", object->name, INDEXES_MAX);
	const char **indexes = talloc_zero_array(b->catalogue, const char *, (unsigned)n + 1);
	for (size_t i = 0; i < n; i++) {
		const char *columns = json_string_value(json_array_get(list, i));
		if (!columns || !check_index(b, object, columns))
			return build_fail(b, "object %s: an index is a text like \"owner,status\"", object->name);
		indexes[i] = talloc_strdup(b->catalogue, columns);
	}
	*ret = indexes;
	return true;
}

static bool check_members(Build *b, const json_t *definition, const char *name)
{
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)definition, key, value) {
		bool known = false;
		for (size_t i = 0; i < ARRAY_LEN(object_members) && !known; i++)
			known = strcmp(object_members[i], key) == 0;
		if (!known)
			return build_fail(b, "object %s: unknown member \"%s\"", name, key);
	}
	return true;
}

/* "parent:lead": the row rule is that of the record the field lead refers to. */
static bool check_scope(Build *b, const ObjectDef *object)
{
	const char *scope = object->scope;
	if (strcmp(scope, "all") == 0)
		return true;
	bool owner = strcmp(scope, "owner") == 0;
	const char *through = owner ? "owner" : strncmp(scope, "parent:", 7) == 0 ? scope + 7 : NULL;
	const FieldDef *field = through ? own_field(object, through) : NULL;
	if (field && field->type == FIELD_REF)
		return true;
	return build_fail(b, "object %s: the scope \"%s\" must be all, owner (with a ref field owner) or parent:FIELD",
		object->name, scope);
}

static bool check_texts(Build *b, const ObjectDef *object)
{
	if (!object->table || !field_name_valid(object->table))
		return build_fail(b, "object %s: bad table name", object->name);
	if (!object->zh || !object->en)
		return build_fail(b, "object %s: labels zh and en are missing", object->name);
	if (!object->title || !own_field(object, object->title))
		return build_fail(b, "object %s: \"title\" must be the name of one of its fields", object->name);
	if (!object->read_right || !object->write_right)
		return build_fail(b, "object %s: the rights \"read\" and \"write\" are missing", object->name);
	return check_scope(b, object);
}

static bool take_object(Build *b, const json_t *definition)
{
	const char *name = json_text(definition, "name");
	if (!name || !field_name_valid(name))
		return build_fail(b, "the object name \"%s\" is not like lead_source: a-z, 0-9, _", name ? name : "");
	if (meta_object(b->catalogue, name))
		return build_fail(b, "the object %s is there twice", name);
	if (b->catalogue->n_objects >= OBJECTS_MAX)
		return build_fail(b, "more than %d objects", OBJECTS_MAX);
	ObjectDef *object = &b->objects[b->catalogue->n_objects];
	*object = (ObjectDef){.name = keep(b, definition, "name"), .table = keep(b, definition, "table"),
		.zh = keep(b, definition, "zh"), .en = keep(b, definition, "en"), .zh_plural = keep(b, definition, "zh_plural"),
		.en_plural = keep(b, definition, "en_plural"), .title = keep(b, definition, "title"),
		.scope = keep(b, definition, "scope"), .read_right = keep(b, definition, "read"),
		.write_right = keep(b, definition, "write"), .keeps_history = json_flag(definition, "history", false),
		.bumps_people = json_flag(definition, "bumps_people", false)};
	/* Chinese has no plural; an object without rule is everybody's. */
	object->zh_plural = object->zh_plural ? object->zh_plural : object->zh;
	object->en_plural = object->en_plural ? object->en_plural : object->en;
	object->scope = object->scope ? object->scope : "all";
	if (!check_members(b, definition, name) || !take_fields(b, object, json_object_get(definition, "fields")) ||
		!take_indexes(b, object, json_object_get(definition, "indexes"), &object->indexes) ||
		!take_indexes(b, object, json_object_get(definition, "sparse_indexes"), &object->sparse_indexes) ||
		!check_texts(b, object))
		return false;
	b->catalogue->n_objects++;
	return true;
}

static bool take_pack(Build *b, const EmbeddedFile *pack)
{
	JsonFault fault;
	b->file = pack->name;
	const json_t *json = json_parse(b->ctx, (const char *)pack->bytes, pack->size, &fault);
	if (!json)
		return build_fail(b, "no valid JSON at byte %zu: %s", fault.offset, fault.reason);
	const json_t *list = json_object_get(json, "objects");
	if (!json_is_array(list))
		return build_fail(b, "there is no list \"objects\"");
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!take_object(b, json_array_get(list, i)))
			return false;
	return true;
}

/* What can only be said when all objects are known: references, and no two objects on one table. */
static bool check_whole(Build *b)
{
	b->file = "packs";
	for (int i = 0; i < b->catalogue->n_objects; i++) {
		const ObjectDef *object = &b->objects[i];
		for (int k = 0; k < i; k++)
			if (strcmp(b->objects[k].table, object->table) == 0)
				return build_fail(b, "the objects %s and %s share the table %s", b->objects[k].name, object->name,
					object->table);
		for (int k = FIELD_AT_OWN; k < object->n_fields; k++) {
			const char *ref = object->fields[k].ref;
			if (ref && !meta_object(b->catalogue, ref))
				return build_fail(b, "object %s, field %s refers to the unknown object %s", object->name,
					object->fields[k].name, ref);
		}
	}
	return true;
}

Catalogue *pack_build(TALLOC_CTX *ctx, const EmbeddedFile *packs, const CustomField *custom, int n_custom,
	char **ret_error)
{
	Catalogue *catalogue = talloc_zero(NULL, Catalogue);
	Build b = {.ctx = talloc_new(ctx), .catalogue = catalogue, .custom = custom, .n_custom = n_custom, .file = "packs"};
	b.objects = talloc_zero_array(catalogue, ObjectDef, OBJECTS_MAX);
	catalogue->objects = b.objects;
	catalogue->version = 1 + n_custom;
	atomic_init(&catalogue->references, 1);
	bool good = true;
	for (const EmbeddedFile *pack = packs; pack->name && good; pack++)
		good = take_pack(&b, pack);
	if (!good || !check_whole(&b)) {
		*ret_error = talloc_strdup(ctx, b.error);
		talloc_free(catalogue);
		catalogue = NULL;
	}
	talloc_free(b.ctx);
	return catalogue;
}
