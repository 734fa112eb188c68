/* Records in memory: values by field, what was touched, reading a row, showing a record. Knows neither rights nor
 * writing. */
#include "record/record.h"

#include "call/when.h"
#include "record/record_int.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_ROOM 1024 /* bytes of text a record usually holds: one piece of memory then serves it all */

Record *record_blank(TALLOC_CTX *ctx, const ObjectDef *object)
{
	size_t values = (size_t)object->n_fields * sizeof(Value), words = (size_t)(object->n_fields + 63) / 64;
	Record *r = talloc_pooled_object(ctx, Record, 16, (unsigned)(2 * values + words * 8 + TEXT_ROOM));
	assert(r != NULL);
	*r = (Record){.object = object, .values = talloc_zero_size(r, values)};
	r->touched = talloc_zero_array(r, uint64_t, (unsigned)words);
	assert(r->values != NULL && r->touched != NULL);
	return r;
}

/* Strings of the catalogue's defaults: plain ones are copied without a parser. */
static Value default_text(Record *r, const FieldDef *field, const char *json)
{
	for (int i = 0; i < field->n_choices; i++) {
		size_t len = strlen(field->choices[i].value);
		if (strncmp(json + 1, field->choices[i].value, len) == 0 && json[len + 1] == '"')
			return value_text_n(field->choices[i].value, len);
	}
	json_t *text = json_loads(json, JSON_DECODE_ANY, NULL);
	Value copy = value_copy(r, &(Value){.type = VALUE_NULL});
	if (json_is_string(text))
		copy = value_text(talloc_strdup(r, json_string_value(text)));
	json_decref(text);
	return copy;
}

static Value default_of(Record *r, const FieldDef *field)
{
	const char *json = field->default_text;
	Value value = value_null();
	int64_t i = 0;
	switch (meta_value_type(field)) {
	case VALUE_BOOL:
		return value_bool(strcmp(json, "true") == 0);
	case VALUE_INT:
		return value_int(strtoll(json, NULL, 10));
	case VALUE_TIME:
		return value_time(strtoll(json, NULL, 10));
	case VALUE_DECIMAL:
		if (decimal_parse(json[0] == '"' ? talloc_strndup(r, json + 1, strlen(json) - 2) : json, meta_scale(field), &i))
			value = value_decimal(i, meta_scale(field));
		return value;
	case VALUE_TEXT:
		return field->type == FIELD_JSON ? value_text(json) : default_text(r, field, json);
	default:
		return value;
	}
}

Record *record_new(TALLOC_CTX *ctx, const ObjectDef *object)
{
	Record *r = record_blank(ctx, object);
	for (int i = FIELD_AT_OWN; i < object->n_fields; i++) {
		const FieldDef *field = &object->fields[i];
		if (field->default_text != NULL && strcmp(field->default_text, "null") != 0)
			r->values[i] = default_of(r, field);
	}
	return r;
}

Record *record_from_row(TALLOC_CTX *ctx, const Plan *plan, const Rows *rows)
{
	Record *r = record_blank(ctx, plan->object);
	r->stored = true;
	for (int i = 0; i < plan->object->n_fields; i++) {
		Value cell = rows_value(rows, i, plan->types[i], plan->scales[i]);
		r->values[i] = cell.type == VALUE_TEXT ? value_copy(r, &cell) : cell;
	}
	return r;
}

static int index_at(const Record *r, const char *field)
{
	const FieldDef *f = meta_field(r->object, field);
	assert(f != NULL);
	return f->index;
}

Id record_id(const Record *r)
{
	return record_ref_at(r, FIELD_AT_ID);
}

const Value *record_get(const Record *r, const char *field)
{
	return &r->values[index_at(r, field)];
}

const char *record_text(const Record *r, const char *field)
{
	const Value *v = record_get(r, field);
	return v->type == VALUE_TEXT ? v->text : NULL;
}

int64_t record_int(const Record *r, const char *field)
{
	const Value *v = record_get(r, field);
	assert(v->type != VALUE_TEXT && v->type != VALUE_ID);
	return v->type == VALUE_NULL ? 0 : v->i;
}

Id record_ref_at(const Record *r, int index)
{
	return index >= 0 && r->values[index].type == VALUE_ID ? r->values[index].id : ID_NIL;
}

Id record_ref(const Record *r, const char *field)
{
	return record_ref_at(r, index_at(r, field));
}

bool record_touched_at(const Record *r, int index)
{
	return (r->touched[index / 64] >> (index % 64) & 1) != 0;
}

void record_set_at(Record *r, int index, Value value)
{
	const FieldDef *field = &r->object->fields[index];
	assert(value.type == VALUE_NULL || value.type == meta_value_type(field));
	assert(value.type != VALUE_DECIMAL || value.scale == meta_scale(field));
	if (r->stored && r->before == NULL) {
		r->before = talloc_memdup(r, r->values, (size_t)r->object->n_fields * sizeof(Value));
		assert(r->before != NULL);
	}
	r->values[index] = value.type == VALUE_TEXT ? value_copy(r, &value) : value;
	r->touched[index / 64] |= UINT64_C(1) << (index % 64);
}

void record_set(Record *r, const char *field, Value value)
{
	record_set_at(r, index_at(r, field), value);
}

void record_set_text(Record *r, const char *field, const char *text)
{
	record_set(r, field, text == NULL || *text == '\0' ? value_null() : value_text(text));
}

void record_set_int(Record *r, const char *field, int64_t i)
{
	int index = index_at(r, field);
	bool is_bool = meta_value_type(&r->object->fields[index]) == VALUE_BOOL;
	record_set_at(r, index, is_bool ? value_bool(i != 0) : value_int(i));
}

void record_set_time(Record *r, const char *field, int64_t ms)
{
	record_set(r, field, value_time(ms));
}

void record_set_ref(Record *r, const char *field, Id id)
{
	record_set(r, field, value_id(id));
}

bool record_changed(const Record *r, const char *field)
{
	int index = index_at(r, field);
	if (!record_touched_at(r, index))
		return !r->stored && !value_is_null(&r->values[index]);
	return r->before == NULL ? !value_is_null(&r->values[index]) : !value_equal(&r->before[index], &r->values[index]);
}

void record_settle(Record *r)
{
	memset(r->touched, 0, (size_t)(r->object->n_fields + 63) / 64 * sizeof(uint64_t));
	r->before = NULL;
	r->stored = true;
}

void value_write(const FieldDef *field, const Value *value, JsonOut *out)
{
	char at[WHEN_TEXT_SIZE];
	if (value->type == VALUE_TIME)
		json_put_text_n(out, when_text(value->i, at), WHEN_TEXT_SIZE - 1);
	else if (field->type == FIELD_JSON && value->type == VALUE_TEXT)
		json_put_raw(out, value->text, value->len);
	else
		json_put_value(out, value);
}

void record_write(const Record *r, JsonOut *out)
{
	json_object_begin(out);
	for (int i = 0; i < r->object->n_fields; i++) {
		const FieldDef *field = &r->object->fields[i];
		if (field->hidden)
			continue;
		json_key(out, field->name);
		value_write(field, &r->values[i], out);
	}
	json_object_end(out);
}
