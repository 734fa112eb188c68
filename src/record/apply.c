/* Values from outside: each JSON value against the type of its field, all faults at once. What needs knowledge of
 * the world (phone numbers, mail addresses, regions) is left to the hooks of PHASE_NORMALISE, which run after all
 * fields are set. */
#include "record/record_int.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "call/when.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTACT_MAX 254 /* characters of a phone or mail address */

static bool fault_type(Call *c, const FieldDef *f, const char *en, const char *zh)
{
	(void)call_fault(c, f->name, "type", "%s is expected.", "应为%s。", c->lang == LANG_EN ? en : zh);
	return false;
}

static bool fault_range(Call *c, const FieldDef *f)
{
	(void)call_fault(c, f->name, "range", "The number is too large.", "数值超出范围。");
	return false;
}

/* --- texts --- */

/* Bytes of the blank character at the start of text, 0 if it begins with no blank; the ideographic space and the
 * no-break space are blanks as well. */
static size_t blank_len(const char *text, size_t len)
{
	if (len == 0)
		return 0;
	if (strchr(" \t\r\n\v\f", *text) != NULL && *text != '\0')
		return 1;
	if (len >= 2 && memcmp(text, "\xc2\xa0", 2) == 0)
		return 2;
	return len >= 3 && (memcmp(text, "\xe3\x80\x80", 3) == 0 || memcmp(text, "\xef\xbb\xbf", 3) == 0) ? 3 : 0;
}

static void trim(const char **text, size_t *len)
{
	for (size_t n; (n = blank_len(*text, *len)) > 0; *len -= n)
		*text += n;
	for (;;) {
		const char *end = *text + *len;
		size_t n = *len >= 1 && blank_len(end - 1, 1) == 1 ? 1
		           : *len >= 2 && blank_len(end - 2, 2) == 2 ? 2
		           : *len >= 3 && blank_len(end - 3, 3) == 3 ? 3 : 0;
		if (n == 0)
			return;
		*len -= n;
	}
}

static bool is_control(unsigned char b, bool many_lines)
{
	if (b == '\n' || b == '\t' || b == '\r')
		return !many_lines;
	return b < 0x20 || b == 0x7f;
}

static size_t text_max(const FieldDef *f)
{
	if (f->max > 0)
		return (size_t)f->max;
	return f->type == FIELD_PHONE || f->type == FIELD_EMAIL ? CONTACT_MAX : LIMIT_TEXT_FIELD;
}

static bool check_text(Call *c, const FieldDef *f, const char *text, size_t len)
{
	size_t characters = 0;
	if (!utf8_valid(text, len)) {
		(void)call_fault(c, f->name, "utf8", "This is not valid UTF-8.", "不是有效的 UTF-8 文本。");
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (is_control((unsigned char)text[i], f->type == FIELD_LONG_TEXT)) {
			(void)call_fault(c, f->name, "control_character", "Control characters are not allowed.", "不能包含控制字符。");
			return false;
		}
		characters += ((unsigned char)text[i] & 0xc0) != 0x80;
	}
	if (characters > text_max(f)) {
		(void)call_fault(c, f->name, "too_long", "At most %zu characters are allowed; this has %zu.",
		                 "最多 %zu 个字符，当前 %zu 个。", text_max(f), characters);
		return false;
	}
	return true;
}

static bool check_choice(Call *c, const FieldDef *f, const char *text, size_t len)
{
	for (int i = 0; i < f->n_choices; i++) {
		if (strlen(f->choices[i].value) == len && memcmp(f->choices[i].value, text, len) == 0)
			return true;
	}
	(void)call_fault(c, f->name, "choice", "\"%.*s\" is not one of the choices.", "“%.*s”不在可选项中。",
	                 (int)(len < 60 ? len : 60), text);
	return false;
}

static bool read_text(Call *c, TALLOC_CTX *ctx, const FieldDef *f, const json_t *json, Value *ret)
{
	if (!json_is_string(json))
		return fault_type(c, f, "Text", "文本");
	const char *text = json_string_value(json);
	size_t len = json_string_length(json);
	trim(&text, &len);
	if (len == 0) {
		*ret = value_null();
		return true;
	}
	if (f->type == FIELD_CHOICE ? !check_choice(c, f, text, len) : !check_text(c, f, text, len))
		return false;
	if (f->type == FIELD_DATE && !when_day_valid(text, len))
		return fault_type(c, f, "A date such as 2026-11-23", "日期（如 2026-11-23）");
	const char *copy = talloc_strndup(ctx, text, len);
	assert(copy != NULL);
	*ret = value_text_n(copy, len);
	return true;
}

/* --- numbers --- */

bool decimal_parse(const char *text, int scale, int64_t *ret)
{
	bool negative = *text == '-';
	const char *at = text + (*text == '-' || *text == '+');
	int64_t value = 0;
	int digits = 0, fraction = -1;
	for (; *at != '\0'; at++) {
		if (*at == '.' && fraction < 0) {
			fraction = 0;
			continue;
		}
		if (*at < '0' || *at > '9')
			return false;
		digits++;
		if (fraction >= scale) {
			if (*at != '0')
				return false;
			continue;
		}
		fraction += fraction >= 0;
		if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *at - '0', &value))
			return false;
	}
	for (int i = fraction < 0 ? 0 : fraction; i < scale; i++) {
		if (__builtin_mul_overflow(value, 10, &value))
			return false;
	}
	*ret = negative ? -value : value;
	return digits > 0;
}

/* The shortest decimal that reads back as the same double: what the sender wrote, up to 15 digits. Plain notation
 * only. */
static bool decimal_from_real(double real, int scale, int64_t *ret)
{
	char text[64];
	if (!(real > -1e18 && real < 1e18))
		return false;
	for (int digits = 0; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*f", digits, real);
		if (strtod(text, NULL) == real)
			break;
	}
	return decimal_parse(text, scale, ret);
}

static bool read_decimal(Call *c, const FieldDef *f, const json_t *json, Value *ret)
{
	uint8_t scale = meta_scale(f);
	int64_t scaled = 0;
	char digits[24];
	bool ok;
	if (json_is_string(json)) {
		const char *text = json_string_value(json);
		if (*text == '\0') {
			*ret = value_null();
			return true;
		}
		ok = decimal_parse(text, scale, &scaled);
	} else if (json_is_integer(json)) {
		snprintf(digits, sizeof(digits), "%lld", (long long)json_integer_value(json));
		ok = decimal_parse(digits, scale, &scaled);
	} else {
		ok = json_is_real(json) && decimal_from_real(json_real_value(json), scale, &scaled);
	}
	if (!ok) {
		(void)call_fault(c, f->name, "decimal", "A number with at most %d digits after the point is expected.",
		                 "应为数字，小数最多 %d 位。", (int)scale);
		return false;
	}
	*ret = value_decimal(scaled, scale);
	return true;
}

static bool read_int(Call *c, const FieldDef *f, const json_t *json, Value *ret)
{
	if (json_is_real(json) && !(json_real_value(json) > -9e18 && json_real_value(json) < 9e18))
		return fault_range(c, f);
	if (!json_is_integer(json))
		return fault_type(c, f, "A whole number", "整数");
	*ret = value_int(json_integer_value(json));
	return true;
}

static bool read_time(Call *c, const FieldDef *f, const json_t *json, Value *ret)
{
	int64_t ms = json_integer_value(json);
	if (json_is_string(json) && json_string_length(json) == 0) {
		*ret = value_null();
		return true;
	}
	bool ok = json_is_integer(json) ||
	          (json_is_string(json) && when_parse(json_string_value(json), json_string_length(json), &ms));
	if (!ok)
		return fault_type(c, f, "A time such as 2026-11-23T10:00:00+08:00", "时间（如 2026-11-23T10:00:00+08:00）");
	*ret = value_time(ms);
	return true;
}

/* --- references and JSON --- */

static bool read_ref(Call *c, const FieldDef *f, const json_t *json, Value *ret)
{
	Id id;
	if (json_is_string(json) && json_string_length(json) == 0) {
		*ret = value_null();
		return true;
	}
	if (!json_is_string(json) || !id_parse(json_string_value(json), json_string_length(json), &id))
		return fault_type(c, f, "An id", "标识");
	*ret = value_id(id);
	if (f->ref == NULL)
		return true;
	const ObjectDef *object = meta_object_of(c, f->ref);
	Record *target = NULL;
	int r = object == NULL ? ERR_NOT_FOUND : record_find(c, c, object, id, &target);
	bool found = r == 0 && value_is_null(&target->values[FIELD_AT_DELETED_AT]) && access_check(c, target) == 0;
	talloc_free(target);
	if (r < 0 && r != ERR_NOT_FOUND)
		(void)call_store_failed(c, r);
	else if (!found)
		(void)call_fault(c, f->name, "unknown_reference", "What this refers to does not exist, or you may not see it.",
		                 "引用的数据不存在，或您无权查看。");
	return found;
}

static bool read_json(Call *c, TALLOC_CTX *ctx, const FieldDef *f, const json_t *json, Value *ret)
{
	size_t size = json_dumpb(json, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
	if (size == 0 || size > RECORD_JSON_MAX) {
		(void)call_fault(c, f->name, "too_long", "At most %d bytes of JSON are allowed.", "JSON 最多 %d 字节。",
		                 RECORD_JSON_MAX);
		return false;
	}
	char *text = talloc_size(ctx, size + 1);
	assert(text != NULL);
	(void)json_dumpb(json, text, size, JSON_COMPACT | JSON_ENCODE_ANY);
	text[size] = '\0';
	*ret = value_text_n(text, size);
	return true;
}

bool value_from_json(Call *c, TALLOC_CTX *ctx, const FieldDef *f, const json_t *json, Value *ret)
{
	if (json_is_null(json)) {
		*ret = value_null();
		return true;
	}
	switch (f->type) {
	case FIELD_TEXT:
	case FIELD_LONG_TEXT:
	case FIELD_PHONE:
	case FIELD_EMAIL:
	case FIELD_DATE:
	case FIELD_CHOICE: return read_text(c, ctx, f, json, ret);
	case FIELD_INT: return read_int(c, f, json, ret);
	case FIELD_DECIMAL:
	case FIELD_MONEY: return read_decimal(c, f, json, ret);
	case FIELD_BOOL:
		if (!json_is_boolean(json))
			return fault_type(c, f, "true or false", "true 或 false");
		*ret = value_bool(json_is_true(json));
		return true;
	case FIELD_TIME: return read_time(c, f, json, ret);
	case FIELD_REF: return read_ref(c, f, json, ret);
	case FIELD_JSON: return read_json(c, ctx, f, json, ret);
	}
	return false;
}

static bool history_decimal(const FieldDef *f, const json_t *json, Value *ret)
{
	int64_t scaled;
	if (!json_is_string(json) || !decimal_parse(json_string_value(json), meta_scale(f), &scaled))
		return false;
	*ret = value_decimal(scaled, meta_scale(f));
	return true;
}

static bool history_id(const json_t *json, Value *ret)
{
	Id id;
	if (!json_is_string(json) || !id_parse(json_string_value(json), json_string_length(json), &id))
		return false;
	*ret = value_id(id);
	return true;
}

bool value_from_history(TALLOC_CTX *ctx, const FieldDef *f, const json_t *json, Value *ret)
{
	*ret = value_null();
	if (json_is_null(json))
		return true;
	switch (meta_value_type(f)) {
	case VALUE_BOOL:
		*ret = value_bool(json_is_true(json));
		return json_is_boolean(json);
	case VALUE_INT:
		*ret = value_int(json_integer_value(json));
		return json_is_integer(json);
	case VALUE_TIME:
		*ret = value_time(json_integer_value(json));
		return json_is_integer(json);
	case VALUE_DECIMAL:
		return history_decimal(f, json, ret);
	case VALUE_ID:
		return history_id(json, ret);
	default:
		if (json_is_string(json))
			*ret = value_text_n(talloc_strndup(ctx, json_string_value(json), json_string_length(json)),
			                    json_string_length(json));
		return json_is_string(json);
	}
}

/* --- a whole form --- */

/* The field an outsider may write under that name; NULL and a fault if there is none. */
static const FieldDef *writable_field(Call *c, const Record *r, const char *name)
{
	const FieldDef *f = meta_field(r->object, name);
	if (f == NULL || f->hidden) {
		(void)call_fault(c, name, "unknown_field", "There is no such field.", "没有这个字段。");
		return NULL;
	}
	bool own_id = f->index == FIELD_AT_ID && !r->stored;
	if (f->read_only && !own_id) {
		(void)call_fault(c, name, "read_only", "This field cannot be written.", "此字段不可修改。");
		return NULL;
	}
	return f;
}

/* An id that the sender made, as a phone without a line does, has the form of ours; whether it is free, the INSERT
 * tells. */
static void check_own_id(Call *c, const Record *r)
{
	const Value *id = &r->values[FIELD_AT_ID];
	if (!r->stored && !value_is_null(id) && !id_is_v7(id->id))
		(void)call_fault(c, "id", "id_form", "An id of a new record is a UUID of version 7.", "新数据的标识必须是第 7 版 UUID。");
}

int record_apply_json(Call *c, Record *r, const json_t *fields)
{
	if (!json_is_object(fields))
		return call_fail(c, ERR_INVALID, "body_not_object", "The fields must be a JSON object.", "字段必须是 JSON 对象。");
	const char *name;
	json_t *json;
	json_object_foreach((json_t *)fields, name, json) {
		const FieldDef *f = writable_field(c, r, name);
		Value value;
		if (f != NULL && value_from_json(c, r, f, json, &value))
			record_set_at(r, f->index, value);
		if (c->err < 0 && c->err != ERR_INVALID)
			return c->err;
	}
	check_own_id(c, r);
	PhaseInfo info = {.kind = r->stored ? WRITE_UPDATE : WRITE_CREATE, .record = r};
	int err = phase_run(c, PHASE_NORMALISE, &info);
	return err < 0 ? err : c->err;
}
