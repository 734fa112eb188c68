/* Cursors: the sort values of the last row of a page, sealed with the house's secret over object and order, so that
 * a cursor of another list, or one that was made up, is refused. Base64url of a tag and the values. */
#include "record/record_int.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define CURSOR_MAX (16 * 1024)
#define TAG_SIZE crypto_shorthash_BYTES

_Static_assert(crypto_shorthash_KEYBYTES == RECORD_SECRET_SIZE, "the secret is the key");

static void put_value(Buf *b, const Value *v)
{
	buf_putc(b, (char)v->type);
	if (v->type == VALUE_NULL)
		return;
	if (v->type == VALUE_TEXT) {
		buf_append(b, &v->len, sizeof(v->len));
		buf_append(b, v->text, v->len);
	} else if (v->type == VALUE_ID) {
		buf_append(b, v->id.byte, sizeof(v->id.byte));
	} else {
		buf_append(b, &v->i, sizeof(v->i));
	}
}

/* The tag covers what the values mean as well: object, fields and directions. */
static void seal(Call *c, const ObjectDef *object, const Sort *sort, const Buf *values, unsigned char tag[TAG_SIZE])
{
	Buf *b = buf_new(c, CURSOR_MAX + 1024);
	buf_puts(b, object->name);
	for (int i = 0; i < sort->n; i++) {
		buf_putc(b, sort->keys[i].descending ? '-' : '+');
		buf_puts(b, sort->keys[i].field->name);
	}
	buf_putc(b, '\0');
	buf_append(b, values->data, values->len);
	crypto_shorthash(tag, (const unsigned char *)b->data, b->len, c->house->phases->secret);
	talloc_free(b);
}

const char *cursor_write(Call *c, const ObjectDef *object, const Sort *sort, const Record *last)
{
	Buf *values = buf_new(c, CURSOR_MAX);
	for (int i = 0; i < sort->n; i++)
		put_value(values, &last->values[sort->keys[i].field->index]);
	assert(!buf_failed(values)); /* long texts are not sortable */
	Buf *whole = buf_new(c, CURSOR_MAX + TAG_SIZE);
	unsigned char tag[TAG_SIZE];
	seal(c, object, sort, values, tag);
	buf_append(whole, tag, sizeof(tag));
	buf_append(whole, values->data, values->len);
	size_t size = sodium_base64_encoded_len(whole->len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *text = talloc_size(c, size);
	assert(text != NULL);
	return sodium_bin2base64(text, size, (const unsigned char *)whole->data, whole->len,
	                         sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static bool take(const char **at, const char *end, void *out, size_t n)
{
	if ((size_t)(end - *at) < n)
		return false;
	memcpy(out, *at, n);
	*at += n;
	return true;
}

static bool take_value(Call *c, const char **at, const char *end, const FieldDef *field, Value *ret)
{
	uint8_t type;
	ValueType wanted = meta_value_type(field);
	*ret = (Value){.type = wanted, .scale = meta_scale(field)};
	if (!take(at, end, &type, 1) || (type != VALUE_NULL && type != wanted))
		return false;
	if (type == VALUE_NULL) {
		*ret = value_null();
		return true;
	}
	if (wanted == VALUE_ID)
		return take(at, end, ret->id.byte, sizeof(ret->id.byte));
	if (wanted != VALUE_TEXT)
		return take(at, end, &ret->i, sizeof(ret->i));
	if (!take(at, end, &ret->len, sizeof(ret->len)) || (size_t)(end - *at) < ret->len)
		return false;
	ret->text = talloc_strndup(c, *at, ret->len);
	*at += ret->len;
	return true;
}

bool cursor_read(Call *c, const ObjectDef *object, const Sort *sort, const char *text, Value *ret_values)
{
	size_t len = strlen(text), n = 0;
	if (len > CURSOR_MAX)
		return false;
	char *bytes = talloc_size(c, len + 1);
	assert(bytes != NULL);
	if (sodium_base642bin((unsigned char *)bytes, len, text, len, NULL, &n, NULL,
	                      sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 || n < TAG_SIZE)
		return false;
	Buf values = {.data = bytes + TAG_SIZE, .len = n - TAG_SIZE};
	unsigned char tag[TAG_SIZE];
	seal(c, object, sort, &values, tag);
	if (sodium_memcmp(tag, bytes, TAG_SIZE) != 0)
		return false;
	const char *at = values.data, *end = values.data + values.len;
	for (int i = 0; i < sort->n; i++) {
		if (!take_value(c, &at, end, sort->keys[i].field, &ret_values[i]))
			return false;
	}
	return at == end;
}
