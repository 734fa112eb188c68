/* The streaming JSON writer. It never writes invalid JSON: bytes that are not UTF-8 become U+FFFD, and a level that
 * was opened knows whether it needs a comma. Clean runs of text are copied in one piece. */
#include "base/json.h"

#include "base/utf8.h"
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 63
#define BYTES_OF(c) (UINT64_C(0x0101010101010101) * (c))
#define HIGH_BITS BYTES_OF(0x80)

JsonOut json_out(Buf *buf)
{
	return (JsonOut){.buf = buf};
}

/* Whether the current level needs a comma before the item that comes now. */
static bool needs_comma(JsonOut *o)
{
	uint64_t bit = UINT64_C(1) << o->depth;
	bool needs = o->depth > 0 && (o->has_item & bit) != 0;
	o->has_item |= bit;
	return needs;
}

static void next_item(JsonOut *o)
{
	if (needs_comma(o))
		buf_putc(o->buf, ',');
}

static void before_value(JsonOut *o)
{
	if (o->after_key)
		o->after_key = false;
	else
		next_item(o);
}

static void level_begin(JsonOut *o, char bracket)
{
	before_value(o);
	assert(o->depth < DEPTH_MAX);
	buf_putc(o->buf, bracket);
	o->depth++;
	o->has_item &= ~(UINT64_C(1) << o->depth);
}

static void level_end(JsonOut *o, char bracket)
{
	assert(o->depth > 0 && !o->after_key);
	o->depth--;
	buf_putc(o->buf, bracket);
}

void json_object_begin(JsonOut *o)
{
	level_begin(o, '{');
}

void json_object_end(JsonOut *o)
{
	level_end(o, '}');
}

void json_array_begin(JsonOut *o)
{
	level_begin(o, '[');
}

void json_array_end(JsonOut *o)
{
	level_end(o, ']');
}

/* True if none of eight bytes is a control character, a quote, a backslash or beyond ASCII. */
static bool is_clean_word(const char *p)
{
	uint64_t w;
	memcpy(&w, p, sizeof(w));
	uint64_t quote = w ^ BYTES_OF('"'), slash = w ^ BYTES_OF('\\');
	uint64_t dirty = (w - BYTES_OF(0x20)) | (quote - BYTES_OF(1)) | (slash - BYTES_OF(1)) | w;
	return (dirty & HIGH_BITS) == 0;
}

/* Length of the character at the start of text, 0 if it may not stand between quotes as it is. */
static size_t clean_char_len(const char *text, size_t len)
{
	const unsigned char *c = (const unsigned char *)text;
	if (c[0] < 0x80)
		return c[0] >= 0x20 && c[0] != '"' && c[0] != '\\';
	/* Most Chinese characters: no three bytes that begin so are overlong or a surrogate. */
	if (c[0] >= 0xe3 && c[0] <= 0xe9 && len >= 3 && (c[1] & 0xc0) == 0x80 && (c[2] & 0xc0) == 0x80)
		return 3;
	return utf8_char_len(text, len);
}

/* Length of the beginning of text that may stand between quotes as it is. */
static size_t clean_len(const char *text, size_t len)
{
	size_t at = 0;
	while (at < len) {
		if (len - at >= 8 && is_clean_word(text + at)) {
			at += 8;
			continue;
		}
		size_t step = clean_char_len(text + at, len - at);
		if (step == 0)
			break;
		at += step;
	}
	return at;
}

static void write_escape(Buf *b, unsigned char c)
{
	static const char named[] = "\bb\tt\nn\ff\rr\"\"\\\\";
	if (c >= 0x80) {
		buf_append(b, "\xef\xbf\xbd", 3);
		return;
	}
	const char *pair = c == 0 ? NULL : strchr(named, c);
	/* A found 'b', 't', ... cannot be: only control characters, quote and backslash come here. */
	if (pair != NULL) {
		char escape[2] = {'\\', pair[1]};
		buf_append(b, escape, sizeof(escape));
		return;
	}
	buf_printf(b, "\\u%04x", c);
}

/* Between quotes, without a look at the bytes. */
static void write_clean(Buf *b, const char *text, size_t len)
{
	char *p = buf_room(b, len + 2);
	if (p == NULL)
		return;
	*p++ = '"';
	if (len > 0)
		memcpy(p, text, len);
	p += len;
	*p++ = '"';
	buf_wrote(b, p);
}

static void write_string(Buf *b, const char *text, size_t len)
{
	size_t run = clean_len(text, len);
	if (run == len) {
		write_clean(b, text, len);
		return;
	}
	buf_putc(b, '"');
	for (; len > 0; run = clean_len(text, len)) {
		buf_append(b, text, run);
		text += run;
		len -= run;
		if (len == 0)
			break;
		write_escape(b, (unsigned char)*text);
		text++;
		len--;
	}
	buf_putc(b, '"');
}

static void write_key(Buf *b, bool with_comma, const char *key, size_t len)
{
	char *p = buf_room(b, len + 4);
	if (p == NULL)
		return;
	*p = ',';
	p += with_comma;
	*p++ = '"';
	memcpy(p, key, len);
	p += len;
	*p++ = '"';
	*p++ = ':';
	buf_wrote(b, p);
}

void json_key(JsonOut *o, const char *key)
{
	size_t len = strlen(key);
	assert(o->depth > 0 && !o->after_key);
	if (clean_len(key, len) == len) {
		write_key(o->buf, needs_comma(o), key, len);
	} else {
		next_item(o);
		write_string(o->buf, key, len);
		buf_putc(o->buf, ':');
	}
	o->after_key = true;
}

void json_put_raw(JsonOut *o, const char *json, size_t len)
{
	before_value(o);
	buf_append(o->buf, json, len);
}

void json_put_null(JsonOut *o)
{
	json_put_raw(o, "null", 4);
}

void json_put_bool(JsonOut *o, bool b)
{
	json_put_raw(o, b ? "true" : "false", b ? 4 : 5);
}

/* Digits of u, right-aligned before end; returns where they begin. */
static char *digits_before(char *end, uint64_t u)
{
	do {
		*--end = (char)('0' + u % 10);
		u /= 10;
	} while (u > 0);
	return end;
}

static uint64_t magnitude(int64_t i)
{
	return i < 0 ? -(uint64_t)i : (uint64_t)i;
}

void json_put_int(JsonOut *o, int64_t i)
{
	char text[24], *end = text + sizeof(text);
	char *p = digits_before(end, magnitude(i));
	if (i < 0)
		*--p = '-';
	json_put_raw(o, p, (size_t)(end - p));
}

void json_put_text(JsonOut *o, const char *text)
{
	if (text == NULL)
		json_put_null(o);
	else
		json_put_text_n(o, text, strlen(text));
}

void json_put_text_n(JsonOut *o, const char *text, size_t len)
{
	before_value(o);
	write_string(o->buf, text, len);
}

void json_put_id(JsonOut *o, Id id)
{
	char text[ID_TEXT_SIZE];
	if (id_is_nil(id)) {
		json_put_null(o);
		return;
	}
	before_value(o);
	write_clean(o->buf, id_text(id, text), ID_TEXT_SIZE - 1);
}

/* 12345 with scale 2 is "123.45": always exactly scale digits behind the point. */
static void put_decimal(JsonOut *o, int64_t scaled, uint8_t scale)
{
	char text[300], *end = text + sizeof(text);
	char *p = digits_before(end, magnitude(scaled));
	while (end - p <= scale)
		*--p = '0';
	if (scale > 0) {
		size_t whole = (size_t)(end - p) - scale;
		memmove(p - 1, p, whole);
		p--;
		p[whole] = '.';
	}
	if (scaled < 0)
		*--p = '-';
	json_put_text_n(o, p, (size_t)(end - p));
}

static void put_base64(JsonOut *o, const char *bytes, size_t len)
{
	size_t size = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL);
	if (size > o->buf->max) {
		o->buf->failed = true;
		return;
	}
	char *text = talloc_size(o->buf, size);
	assert(text != NULL);
	(void)sodium_bin2base64(text, size, (const unsigned char *)bytes, len, sodium_base64_VARIANT_ORIGINAL);
	json_put_text_n(o, text, size - 1);
	talloc_free(text);
}

void json_put_value(JsonOut *o, const Value *v)
{
	switch (v->type) {
	case VALUE_NULL:
		json_put_null(o);
		return;
	case VALUE_BOOL:
		json_put_bool(o, v->i != 0);
		return;
	case VALUE_INT:
	case VALUE_TIME:
		json_put_int(o, v->i);
		return;
	case VALUE_DECIMAL:
		put_decimal(o, v->i, v->scale);
		return;
	case VALUE_TEXT:
		json_put_text_n(o, v->text, v->len);
		return;
	case VALUE_ID:
		json_put_id(o, v->id);
		return;
	case VALUE_BYTES:
		put_base64(o, v->text, v->len);
		return;
	}
}

static int append_piece(const char *bytes, size_t len, void *buf)
{
	buf_append(buf, bytes, len);
	return 0;
}

void json_put_tree(JsonOut *o, const json_t *tree)
{
	before_value(o);
	if (tree == NULL)
		buf_puts(o->buf, "null");
	else
		(void)json_dump_callback(tree, append_piece, o->buf, JSON_COMPACT | JSON_ENCODE_ANY);
}

void json_member_text(JsonOut *o, const char *key, const char *text)
{
	json_key(o, key);
	json_put_text(o, text);
}

void json_member_int(JsonOut *o, const char *key, int64_t i)
{
	json_key(o, key);
	json_put_int(o, i);
}

void json_member_bool(JsonOut *o, const char *key, bool b)
{
	json_key(o, key);
	json_put_bool(o, b);
}

void json_member_id(JsonOut *o, const char *key, Id id)
{
	json_key(o, key);
	json_put_id(o, id);
}
