/* Making and comparing values. Texts stay borrowed until value_copy. */
#include "base/value.h"

#include <assert.h>
#include <string.h>

Value value_null(void)
{
	return (Value){.type = VALUE_NULL};
}

Value value_bool(bool b)
{
	return (Value){.type = VALUE_BOOL, .i = b};
}

Value value_int(int64_t i)
{
	return (Value){.type = VALUE_INT, .i = i};
}

Value value_decimal(int64_t scaled, uint8_t scale)
{
	return (Value){.type = VALUE_DECIMAL, .scale = scale, .i = scaled};
}

Value value_time(int64_t ms)
{
	return (Value){.type = VALUE_TIME, .i = ms};
}

Value value_text(const char *text)
{
	return text == NULL ? value_null() : value_text_n(text, strlen(text));
}

Value value_text_n(const char *text, size_t len)
{
	assert(len <= UINT32_MAX);
	return text == NULL ? value_null() : (Value){.type = VALUE_TEXT, .len = (uint32_t)len, .text = text};
}

Value value_id(Id id)
{
	return id_is_nil(id) ? value_null() : (Value){.type = VALUE_ID, .id = id};
}

Value value_bytes(const void *bytes, size_t len)
{
	assert(len <= UINT32_MAX);
	return bytes == NULL ? value_null() : (Value){.type = VALUE_BYTES, .len = (uint32_t)len, .text = bytes};
}

bool value_is_null(const Value *v)
{
	return v->type == VALUE_NULL;
}

bool value_equal(const Value *a, const Value *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case VALUE_NULL:
		return true;
	case VALUE_BOOL:
	case VALUE_INT:
	case VALUE_TIME:
		return a->i == b->i;
	case VALUE_DECIMAL:
		return a->i == b->i && a->scale == b->scale;
	case VALUE_ID:
		return id_equal(a->id, b->id);
	case VALUE_TEXT:
	case VALUE_BYTES:
		return a->len == b->len && (a->len == 0 || memcmp(a->text, b->text, a->len) == 0);
	}
	return false;
}

Value value_copy(TALLOC_CTX *ctx, const Value *v)
{
	Value copy = *v;
	if (v->type != VALUE_TEXT && v->type != VALUE_BYTES)
		return copy;
	char *text = talloc_size(ctx, (size_t)v->len + 1);
	assert(text != NULL);
	if (v->len > 0)
		memcpy(text, v->text, v->len);
	text[v->len] = '\0';
	copy.text = text;
	return copy;
}
