/* Requests against Param tables: one reader a type, each taking a JSON value (texts of path and query are turned
 * into one first), so that both roads into the house obey the same rules. */
#include "call/param.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "call/when.h"

#include <errno.h>
#include <string.h>

static int fault_type(Call *c, const Param *p, const char *en, const char *zh)
{
	return call_fault(c, p->name, "type", "%s is expected.", "应为%s。", c->lang == LANG_EN ? en : zh);
}

/* Characters of a well-formed text; -1 if it has control characters other than tab, line feed, carriage return. */
static int64_t count_characters(const char *text, size_t len)
{
	int64_t n = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned char b = (unsigned char)text[i];
		if ((b < 0x20 && b != '\t' && b != '\n' && b != '\r') || b == 0x7f)
			return -1;
		n += (b & 0xc0) != 0x80;
	}
	return n;
}

static bool is_choice(const char *choices, const char *text)
{
	size_t len = strlen(text);
	for (const char *at = choices; len > 0; at++) {
		const char *end = strchrnul(at, '|');
		if ((size_t)(end - at) == len && memcmp(at, text, len) == 0)
			return true;
		if (*end == '\0')
			break;
		at = end;
	}
	return false;
}

static int check_text(Call *c, const Param *p, const json_t *value)
{
	if (!json_is_string(value))
		return fault_type(c, p, "Text", "文本");
	const char *text = json_string_value(value);
	int64_t max = p->max > 0 ? p->max : LIMIT_TEXT_FIELD, n = count_characters(text, json_string_length(value));
	if (n < 0)
		return call_fault(c, p->name, "control_character", "Control characters are not allowed.", "不能包含控制字符。");
	if (p->choices != NULL && !is_choice(p->choices, text))
		return call_fault(c, p->name, "choice", "One of %s is expected.", "应为以下之一：%s。", p->choices);
	if (n < p->min)
		return call_fault(c, p->name, "too_short", "At least %lld characters are needed.", "至少需要 %lld 个字符。",
		                  (long long)p->min);
	if (n > max)
		return call_fault(c, p->name, "too_long", "At most %lld characters are allowed.", "最多 %lld 个字符。",
		                  (long long)max);
	return json_object_set(c->params, p->name, (json_t *)value);
}

static int check_int(Call *c, const Param *p, const json_t *value)
{
	if (!json_is_integer(value))
		return fault_type(c, p, "A whole number", "整数");
	int64_t i = json_integer_value(value);
	bool bounded = p->min != 0 || p->max != 0;
	if (bounded && (i < p->min || i > p->max))
		return call_fault(c, p->name, "range", "A number from %lld to %lld is expected.", "应为 %lld 到 %lld 之间的数。",
		                  (long long)p->min, (long long)p->max);
	return json_object_set(c->params, p->name, (json_t *)value);
}

static int check_bool(Call *c, const Param *p, const json_t *value)
{
	if (!json_is_boolean(value))
		return fault_type(c, p, "true or false", "true 或 false");
	return json_object_set(c->params, p->name, (json_t *)value);
}

static bool is_id(const json_t *value)
{
	Id id;
	return json_is_string(value) && id_parse(json_string_value(value), json_string_length(value), &id);
}

static int check_id(Call *c, const Param *p, const json_t *value)
{
	if (!is_id(value))
		return fault_type(c, p, "An id", "标识");
	return json_object_set(c->params, p->name, (json_t *)value);
}

static int check_time(Call *c, const Param *p, const json_t *value)
{
	int64_t ms = json_integer_value(value);
	bool ok = json_is_integer(value) ||
	          (json_is_string(value) && when_parse(json_string_value(value), json_string_length(value), &ms));
	if (!ok)
		return fault_type(c, p, "A time such as 2026-11-23T10:00:00+08:00", "时间（如 2026-11-23T10:00:00+08:00）");
	return json_object_set_new(c->params, p->name, json_integer(ms));
}

static int check_ids(Call *c, const Param *p, const json_t *value)
{
	if (!json_is_array(value))
		return fault_type(c, p, "A list of ids", "标识列表");
	if (json_array_size(value) > LIMIT_BATCH)
		return call_fault(c, p->name, "too_long", "At most %d ids are allowed.", "最多 %d 个标识。", LIMIT_BATCH);
	for (size_t i = 0; i < json_array_size(value); i++) {
		if (!is_id(json_array_get(value, i)))
			return fault_type(c, p, "A list of ids", "标识列表");
	}
	return json_object_set(c->params, p->name, (json_t *)value);
}

static int check_value(Call *c, const Param *p, const json_t *value)
{
	switch (p->type) {
	case PARAM_TEXT: return check_text(c, p, value);
	case PARAM_INT: return check_int(c, p, value);
	case PARAM_BOOL: return check_bool(c, p, value);
	case PARAM_ID: return check_id(c, p, value);
	case PARAM_TIME: return check_time(c, p, value);
	case PARAM_IDS: return check_ids(c, p, value);
	case PARAM_JSON: return json_object_set(c->params, p->name, (json_t *)value);
	case PARAM_BODY:
	case PARAM_BYTES:
	case PARAM_END: break;
	}
	return 0;
}

/* A whole decimal number and nothing else; a JSON null when it is none, which no reader takes. */
static json_t *int_from_text(const char *text)
{
	char *end;
	errno = 0;
	long long i = strtoll(text, &end, 10);
	bool starts_well = (*text >= '0' && *text <= '9') || (*text == '-' && text[1] >= '0' && text[1] <= '9');
	return starts_well && *end == '\0' && errno == 0 ? json_integer(i) : json_null();
}

static json_t *ids_from_text(const char *text)
{
	json_t *list = json_array();
	for (const char *at = text; *text != '\0'; at++) {
		const char *end = strchrnul(at, ',');
		(void)json_array_append_new(list, json_stringn(at, (size_t)(end - at)));
		if (*end == '\0' || json_array_size(list) > LIMIT_BATCH)
			break;
		at = end;
	}
	return list;
}

static json_t *tree_from_text(Call *c, const char *text)
{
	JsonFault fault;
	json_t *tree = json_parse(c, text, strlen(text), &fault);
	return tree != NULL ? json_incref(tree) : json_null();
}

/* The JSON value that a text of the path or the query stands for. */
static json_t *value_from_text(Call *c, const Param *p, const char *text)
{
	switch (p->type) {
	case PARAM_INT: return int_from_text(text);
	case PARAM_TIME: {
		json_t *ms = int_from_text(text);
		return json_is_integer(ms) ? ms : json_string(text);
	}
	case PARAM_BOOL:
		if (strcmp(text, "true") == 0 || strcmp(text, "1") == 0)
			return json_true();
		return strcmp(text, "false") == 0 || strcmp(text, "0") == 0 ? json_false() : json_null();
	case PARAM_IDS: return ids_from_text(text);
	case PARAM_JSON: return tree_from_text(c, text);
	default: return json_string(text);
	}
}

static void check_absent(Call *c, const Param *p)
{
	if (p->required)
		(void)call_fault(c, p->name, "required", "This is required.", "此项必填。");
}

static void check_outer(Call *c, const Param *p, const char *text)
{
	/* An empty query parameter (?search=) is what an empty form field sends: nothing was given. */
	if (text == NULL || *text == '\0') {
		check_absent(c, p);
		return;
	}
	json_t *value = utf8_valid(text, strlen(text)) ? value_from_text(c, p, text) : NULL;
	if (value == NULL) {
		(void)call_fault(c, p->name, "utf8", "This is not valid UTF-8.", "不是有效的 UTF-8 文本。");
		return;
	}
	(void)check_value(c, p, json_own(c, value));
}

static void check_inner(Call *c, const Param *p, const json_t *body)
{
	const json_t *value = json_object_get(body, p->name);
	if (value == NULL || json_is_null(value))
		check_absent(c, p);
	else
		(void)check_value(c, p, value);
}

static const Param *find_param(const Param *params, const char *name)
{
	for (const Param *p = params; p != NULL && p->type != PARAM_END; p++) {
		if (p->type == PARAM_BODY || (p->place == PARAM_IN_BODY && strcmp(p->name, name) == 0))
			return p;
	}
	return NULL;
}

static void refuse_unknown(Call *c, const Param *params, const json_t *body)
{
	const char *name;
	json_t *value;
	int n = 0;
	json_object_foreach((json_t *)body, name, value) {
		/* Ten are enough to show what went wrong; a hostile body may have thousands. */
		if (find_param(params, name) == NULL && ++n <= 10)
			(void)call_fault(c, name, "unknown_parameter", "This is not known here.", "未知的参数。");
	}
}

int param_check(Call *c, const Param *params, const json_t *body, ParamFind find, void *arg)
{
	if (body != NULL && !json_is_object(body))
		return call_fail(c, ERR_INVALID, "body_not_object", "The body must be a JSON object.", "请求体必须是 JSON 对象。");
	for (const Param *p = params; p != NULL && p->type != PARAM_END; p++) {
		if (p->type == PARAM_BODY)
			c->body = body != NULL ? (json_t *)body : json_own(c, json_object());
		else if (p->type == PARAM_BYTES)
			continue; /* what is in it is the handler's */
		else if (p->place == PARAM_IN_BODY)
			check_inner(c, p, body);
		else
			check_outer(c, p, find(arg, p->place, p->name));
	}
	if (body != NULL)
		refuse_unknown(c, params, body);
	return c->err;
}
