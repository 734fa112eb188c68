/* Names of fields as people write them in forms, and paths into any JSON. Nothing is thrown away: the rest is extra. */
#include "modules/lead/intake/understand.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "http/http.h"
#include "modules/lead/intake/letter.h"

#define FORM_PAIRS_MAX 200
#define EXTRA_MAX 100 /* unknown keys kept */
#define KEY_MAX 100

typedef struct {
	const char *names; /* separated by blanks; the first is the field's own */
	size_t at;         /* place in Enquiry */
} FieldNames;

#define AT(member) offsetof(Enquiry, member)

static const FieldNames known[] = {
	{"name 姓名 名字 称呼 联系人 contact contact_name full_name fullname your_name", AT(name)},
	{"phone 电话 手机 手机号 手机号码 联系电话 电话号码 联系方式 mobile tel telephone phone_number mobile_phone "
     "cellphone",
     AT(phone)},
	{"email 邮箱 电子邮箱 邮件 电子邮件 mail e_mail email_address", AT(email)},
	{"company 公司 公司名称 企业 企业名称 单位 单位名称 company_name organization organisation", AT(company)},
	{"province 省 省份 所在省 所在省份 state", AT(province)},
	{"city 市 城市 所在城市", AT(city)},
	{"district 区 区县 县 所在区 所在区县 county area", AT(district)},
	{"message 留言 需求 备注 内容 咨询内容 咨询 描述 问题 comment comments content remark note requirement description",
     AT(message)},
	{"code 统一社会信用代码 信用代码 税号 credit_code uscc", AT(code)},
	{"consent 同意 隐私同意 授权 agree privacy", AT(consent)},
	{"page 页面 落地页 page_url url landing_page", AT(page)},
	{"referrer 来路 referer", AT(referrer)},
	{"utm_source", AT(utm_source)},
	{"utm_medium", AT(utm_medium)},
	{"utm_campaign", AT(utm_campaign)},
	{"device 设备", AT(device)},
	{"language 语言 lang", AT(language)},
	{"screen 屏幕", AT(screen)},
	{"dwell_ms 停留", AT(dwell_ms)},
	{"pages_seen", AT(pages_seen)},
	{"form_ms", AT(form_ms)},
	{"longitude 经度 lng lon", AT(longitude)},
	{"latitude 纬度 lat", AT(latitude)},
	{"qr_code", AT(qr)},
	{"external_user", AT(external_user)},
	{"website_url_confirm _hp", AT(trap)},
};

static const char **field_slot(Enquiry *e, const FieldNames *field)
{
	return (const char **)(void *)((char *)e + field->at);
}

/* Lower case for ASCII, blanks and dashes as underscores, blanks around dropped. */
static void key_normalise(const char *key, char out[static KEY_MAX])
{
	size_t n = 0;
	key += strspn(key, " \t");
	for (; *key && n < KEY_MAX - 1; key++)
		out[n++] = *key == '-' || *key == ' ' ? '_' : (char)tolower((unsigned char)*key);
	while (n > 0 && out[n - 1] == '_')
		n--;
	out[n] = '\0';
}

static bool names_hold(const char *names, const char *key)
{
	size_t len = strlen(key);
	while (*names) {
		size_t n = strcspn(names, " ");
		if (n == len && memcmp(names, key, n) == 0)
			return true;
		names += n + (names[n] == ' ');
	}
	return false;
}

static const FieldNames *field_find(const char *raw_key)
{
	char key[KEY_MAX];
	key_normalise(raw_key, key);
	for (size_t i = 0; *key && i < ARRAY_LEN(known); i++)
		if (names_hold(known[i].names, key))
			return &known[i];
	return NULL;
}

const char *enquiry_field(TALLOC_CTX *ctx, const char *name)
{
	const FieldNames *field = field_find(name);
	return field ? talloc_strndup(ctx, field->names, strcspn(field->names, " ")) : NULL;
}

static const char *trimmed(TALLOC_CTX *ctx, const char *text)
{
	static const char blanks[] = " \t\r\n\v\f";
	text += strspn(text, blanks);
	size_t n = strlen(text);
	while (n > 0 && strchr(blanks, text[n - 1]))
		n--;
	return n ? talloc_strndup(ctx, text, n) : NULL;
}

/* Scalars as text; NULL for null, lists and objects. */
static const char *scalar_text(TALLOC_CTX *ctx, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING: return trimmed(ctx, json_string_value(value));
	case JSON_INTEGER: return talloc_asprintf(ctx, "%lld", (long long)json_integer_value(value));
	case JSON_REAL: return talloc_asprintf(ctx, "%.15g", json_real_value(value));
	case JSON_TRUE: return "true";
	case JSON_FALSE: return "false";
	default: return NULL;
	}
}

static void field_put(TALLOC_CTX *ctx, Enquiry *e, const FieldNames *field, const json_t *value)
{
	const char **slot = field_slot(e, field);
	if (json_is_object(value) || json_is_array(value)) {
		if (!e->fault)
			e->fault = talloc_strndup(ctx, field->names, strcspn(field->names, " "));
	} else if (!*slot)
		*slot = scalar_text(ctx, value);
}

static void extra_put(TALLOC_CTX *ctx, Enquiry *e, const char *key, json_t *value)
{
	if (!e->extra)
		e->extra = json_own(ctx, json_object());
	if (json_object_size(e->extra) < EXTRA_MAX)
		json_object_set(e->extra, key, value);
}

static void read_by_names(TALLOC_CTX *ctx, json_t *root, Enquiry *e)
{
	const char *key;
	json_t *value;
	json_object_foreach (root, key, value) {
		const FieldNames *field = field_find(key);
		if (field)
			field_put(ctx, e, field, value);
		else
			extra_put(ctx, e, key, value);
	}
}

const json_t *json_path(const json_t *value, const char *path)
{
	if (path[0] == '$')
		path += path[1] == '.' ? 2 : 1;
	while (*path && value) {
		if (*path == '[') {
			char *end;
			long i = strtol(path + 1, &end, 10);
			value = *end == ']' && i >= 0 ? json_array_get(value, (size_t)i) : NULL;
			path = *end ? end + 1 : end;
		} else {
			char key[KEY_MAX];
			size_t n = strcspn(path, ".[");
			if (n >= sizeof key)
				return NULL;
			memcpy(key, path, n);
			key[n] = '\0';
			value = json_object_get(value, key);
			path += n;
		}
		path += *path == '.';
	}
	return value;
}

/* The mapping says where each field lies; the whole body stays in extra, for nothing is thrown away. */
static void read_by_mapping(TALLOC_CTX *ctx, json_t *root, const json_t *mapping, Enquiry *e)
{
	const char *name;
	json_t *path;
	json_object_foreach ((json_t *)mapping, name, path) {
		const FieldNames *field = field_find(name);
		const json_t *value = json_is_string(path) ? json_path(root, json_string_value(path)) : NULL;
		if (field && value)
			field_put(ctx, e, field, value);
		else if (value)
			extra_put(ctx, e, name, (json_t *)value);
	}
	extra_put(ctx, e, "body", root);
}

static json_t *form_read(TALLOC_CTX *ctx, const char *body, size_t len)
{
	HttpPairs *pairs = http_pairs_parse(ctx, body, len, FORM_PAIRS_MAX);
	if (!pairs)
		return NULL;
	json_t *root = json_own(ctx, json_object());
	for (size_t i = 0; i < pairs->n; i++) {
		const char *before = json_text(root, pairs->pair[i].key);
		const char *text = before ? talloc_asprintf(ctx, "%s, %s", before, pairs->pair[i].value) : pairs->pair[i].value;
		json_object_set_new(root, pairs->pair[i].key, json_string(text));
	}
	return root;
}

bool enquiry_is_form(const char *content_type, const char *body, size_t len)
{
	size_t start = 0;
	while (start < len && isspace((unsigned char)body[start]))
		start++;
	return content_type && strncasecmp(content_type, "application/x-www-form-urlencoded", 33) == 0 &&
	       (start == len || body[start] != '{');
}

bool enquiry_read(TALLOC_CTX *ctx, const char *content_type, const char *body, size_t len, const json_t *mapping,
                  Enquiry *ret, const char **ret_reason, const char **ret_detail)
{
	JsonFault fault = {0};
	bool form = enquiry_is_form(content_type, body, len), mail = letter_is(content_type, body, len);
	TALLOC_CTX *tree = talloc_new(ctx); /* what is kept of it is copied, or counted into extra */
	*ret = (Enquiry){0};
	json_t *root = mail ? letter_read(tree, content_type, body, len, &ret->noise)
	               : form ? form_read(tree, body, len)
	                      : json_parse(tree, body, len, &fault);
	if (!root) {
		*ret_reason = form ? "bad_form" : "bad_json";
		*ret_detail = form ? NULL : talloc_asprintf(ctx, "%s (byte %zu)", fault.reason, fault.offset);
		return false;
	}
	if (!json_is_object(root)) {
		*ret_reason = "not_an_object";
		*ret_detail = NULL;
		return false;
	}
	if (json_is_object(mapping) && json_object_size(mapping) > 0)
		read_by_mapping(ctx, root, mapping, ret);
	else
		read_by_names(ctx, root, ret);
	talloc_free(tree);
	return true;
}

void enquiry_move(TALLOC_CTX *ctx, Enquiry *e)
{
	size_t size = 0;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		const char *text = *field_slot(e, &known[i]);
		size += text ? strlen(text) + 1 : 0;
	}
	char *at = size ? talloc_size(ctx, size) : NULL;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		const char **slot = field_slot(e, &known[i]);
		if (!*slot)
			continue;
		size_t len = strlen(*slot) + 1;
		*slot = memcpy(at, *slot, len);
		at += len;
	}
	e->fault = talloc_strdup(ctx, e->fault);
	e->extra = e->extra ? json_own(ctx, json_incref(e->extra)) : NULL;
}

bool enquiry_consents(const Enquiry *e)
{
	static const char *const refusals[] = {"false", "0", "no", "off", "否", "不同意", "refused", "denied"};
	for (size_t i = 0; e->consent && i < ARRAY_LEN(refusals); i++)
		if (strcasecmp(e->consent, refusals[i]) == 0)
			return false;
	return true;
}

bool enquiry_is_empty(const Enquiry *e)
{
	return !e->name && !e->phone && !e->email && !e->company && !e->message;
}
