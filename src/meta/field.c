/* Field definitions: from JSON to FieldDef and back. Strict, because a wrong definition found later is found by a
 * person in the middle of work: unknown members, choices without choices and the like are refused with the reason.
 * Knows no database. */
#include "meta/meta_int.h"

#include <stdarg.h>
#include <string.h>

#include "base/limits.h"

#define SCALE_MAX 10
#define SCALE_DEFAULT 2
#define MONEY_SCALE 4
#define NAME_MAX_LEN 63 /* PostgreSQL cuts longer column names */
#define LABEL_MAX 60
#define CHOICES_MAX 1000
#define TEXT_MAX 100000

static const struct {
	const char *name;
	FieldType type;
} type_names[] = {
	{"text", FIELD_TEXT}, {"long_text", FIELD_LONG_TEXT}, {"phone", FIELD_PHONE}, {"email", FIELD_EMAIL},
	{"int", FIELD_INT}, {"decimal", FIELD_DECIMAL}, {"money", FIELD_MONEY}, {"bool", FIELD_BOOL},
	{"time", FIELD_TIME}, {"date", FIELD_DATE}, {"choice", FIELD_CHOICE}, {"ref", FIELD_REF}, {"json", FIELD_JSON},
};

static const char *const members[] = {"name", "zh", "en", "type", "required", "read_only", "hidden", "unique",
	"searchable", "max", "scale", "default", "ref", "choices"};

static const FieldDef common_fields[FIELD_AT_OWN] = {
	{.name = "id", .zh = "编号", .en = "ID", .type = FIELD_REF, .required = true, .read_only = true, .index = 0},
	{.name = "version", .zh = "版本", .en = "Version", .type = FIELD_INT, .read_only = true, .index = 1},
	{.name = "created_at", .zh = "创建时间", .en = "Created at", .type = FIELD_TIME, .read_only = true, .index = 2},
	{.name = "created_by", .zh = "创建人", .en = "Created by", .type = FIELD_REF, .ref = "user", .read_only = true,
		.index = 3},
	{.name = "updated_at", .zh = "更新时间", .en = "Updated at", .type = FIELD_TIME, .read_only = true, .index = 4},
	{.name = "deleted_at", .zh = "删除时间", .en = "Deleted at", .type = FIELD_TIME, .read_only = true, .index = 5},
};

bool meta_refuse(MetaFault *fault, const char *member, const char *code, const char *en, const char *zh, ...)
{
	if (fault->code)
		return false;
	va_list args, again;
	va_start(args, zh);
	va_copy(again, args);
	fault->member = talloc_strdup(fault->ctx, member);
	fault->code = code;
	fault->en = talloc_vasprintf(fault->ctx, en, args);
	fault->zh = talloc_vasprintf(fault->ctx, zh, again);
	va_end(again);
	va_end(args);
	return false;
}

bool field_name_valid(const char *name)
{
	size_t len = strlen(name);
	if (len == 0 || len > NAME_MAX_LEN || name[0] < 'a' || name[0] > 'z')
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

const FieldDef *field_common(void)
{
	return common_fields;
}

static bool members_known(const json_t *definition, MetaFault *fault)
{
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)definition, key, value) {
		bool known = false;
		for (size_t i = 0; i < ARRAY_LEN(members) && !known; i++)
			known = strcmp(members[i], key) == 0;
		if (!known)
			return meta_refuse(fault, key, "unknown_member", "\"%s\" is no property of a field; leave it out",
				"字段没有属性 \"%s\"，请去掉", key);
	}
	return true;
}

static bool read_label(TALLOC_CTX *ctx, const json_t *definition, const char *key, const char **ret, MetaFault *fault)
{
	const char *text = json_text(definition, key);
	if (!text || !*text || strlen(text) > LABEL_MAX * 4)
		return meta_refuse(fault, key, "label", "give a label \"%s\" of 1 to %d characters",
			"请填写标签 \"%s\"，1 到 %d 个字", key, LABEL_MAX);
	if (strpbrk(text, "[]"))
		return meta_refuse(fault, key, "label",
			"the label \"%s\" (%s) must not contain square brackets: formulas use them",
			"标签 \"%s\"（%s）不能含方括号：公式要用它们", text, key);
	*ret = talloc_strdup(ctx, text);
	return true;
}

static bool read_type(const json_t *definition, FieldType *ret, MetaFault *fault)
{
	const char *text = json_text(definition, "type");
	for (size_t i = 0; text && i < ARRAY_LEN(type_names); i++)
		if (strcmp(type_names[i].name, text) == 0) {
			*ret = type_names[i].type;
			return true;
		}
	return meta_refuse(fault, "type", "unknown_type",
		"unknown type \"%s\"; known are text long_text phone email int decimal money bool time date choice ref json",
		"未知类型 \"%s\"；可用的有 text long_text phone email int decimal money bool time date choice ref json",
		text ? text : "");
}

static bool read_flag(const json_t *definition, const char *key, bool *ret, MetaFault *fault)
{
	const json_t *value = json_object_get(definition, key);
	if (value && !json_is_boolean(value))
		return meta_refuse(fault, key, "type", "\"%s\" must be true or false", "\"%s\" 只能是 true 或 false", key);
	*ret = json_is_true(value);
	return true;
}

static bool read_number(const json_t *definition, const char *key, int max, int *number, MetaFault *fault)
{
	const json_t *value = json_object_get(definition, key);
	if (!value)
		return true;
	if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > max)
		return meta_refuse(fault, key, "range", "\"%s\" must be a whole number from 0 to %d",
			"\"%s\" 必须是 0 到 %d 的整数", key, max);
	*number = (int)json_integer_value(value);
	return true;
}

static bool read_choice(TALLOC_CTX *ctx, const json_t *item, const FieldDef *field, Choice *ret, MetaFault *fault)
{
	const char *value = json_text(item, "value");
	if (!value || !*value || strlen(value) > NAME_MAX_LEN)
		return meta_refuse(fault, "choices", "choice",
			"each choice needs a \"value\" of 1 to %d bytes, a \"zh\" and an \"en\"",
			"每个选项都要有 \"value\"（1 到 %d 字节）、\"zh\" 和 \"en\"", NAME_MAX_LEN);
	for (int i = 0; i < field->n_choices; i++)
		if (strcmp(field->choices[i].value, value) == 0)
			return meta_refuse(fault, "choices", "duplicate", "the choice \"%s\" is there twice", "选项 \"%s\" 重复",
				value);
	ret->value = talloc_strdup(ctx, value);
	return read_label(ctx, item, "zh", &ret->zh, fault) && read_label(ctx, item, "en", &ret->en, fault);
}

static bool read_choices(TALLOC_CTX *ctx, const json_t *definition, FieldDef *field, MetaFault *fault)
{
	const json_t *list = json_object_get(definition, "choices");
	if (field->type != FIELD_CHOICE) {
		return !list || meta_refuse(fault, "choices", "not_a_choice", "only a field of type choice has choices",
			"只有单选类型（choice）的字段才有选项");
	}
	size_t n = json_array_size(list);
	if (n == 0 || n > CHOICES_MAX)
		return meta_refuse(fault, "choices", "no_choices",
			"a choice field needs 1 to %d choices; with none nobody could ever fill it in",
			"单选字段需要 1 到 %d 个选项；没有选项就谁也填不了", CHOICES_MAX);
	Choice *choices = talloc_zero_array(ctx, Choice, (unsigned)n);
	field->choices = choices;
	for (size_t i = 0; i < n; i++) {
		if (!read_choice(ctx, json_array_get(list, i), field, &choices[i], fault))
			return false;
		field->n_choices++;
	}
	return true;
}

static bool read_ref(TALLOC_CTX *ctx, const json_t *definition, FieldDef *field, MetaFault *fault)
{
	const char *ref = json_text(definition, "ref");
	bool given = json_object_get(definition, "ref") != NULL;
	if (field->type != FIELD_REF)
		return !given || meta_refuse(fault, "ref", "not_a_ref", "only a field of type ref refers to an object",
			"只有引用类型（ref）的字段才指向对象");
	if (!ref || !*ref)
		return meta_refuse(fault, "ref", "no_ref", "say in \"ref\" which object the field refers to",
			"请在 \"ref\" 里写明该字段指向哪个对象");
	field->ref = talloc_strdup(ctx, ref);
	return true;
}

/* Whether a JSON value can be the default of the field. */
static bool default_fits(const FieldDef *field, const json_t *value)
{
	switch (field->type) {
	case FIELD_INT:
	case FIELD_TIME:
		return json_is_integer(value);
	case FIELD_DECIMAL:
	case FIELD_MONEY:
		return json_is_integer(value) || json_is_string(value);
	case FIELD_BOOL:
		return json_is_boolean(value);
	case FIELD_REF:
		return false;
	case FIELD_JSON:
		return true;
	case FIELD_CHOICE:
		for (int i = 0; i < field->n_choices; i++)
			if (json_is_string(value) && strcmp(field->choices[i].value, json_string_value(value)) == 0)
				return true;
		return false;
	default:
		return json_is_string(value);
	}
}

static bool read_default(TALLOC_CTX *ctx, const json_t *definition, FieldDef *field, MetaFault *fault)
{
	const json_t *value = json_object_get(definition, "default");
	if (!value || json_is_null(value))
		return true;
	if (!default_fits(field, value))
		return meta_refuse(fault, "default", "default", "the default value of \"%s\" does not fit its type",
			"字段 \"%s\" 的默认值与类型不符", field->name);
	Buf *text = buf_new(ctx, TEXT_MAX);
	JsonOut out = json_out(text);
	json_put_tree(&out, value);
	field->default_text = text->data;
	return true;
}

static bool read_sizes(const json_t *definition, FieldDef *field, MetaFault *fault)
{
	field->scale = field->type == FIELD_MONEY ? MONEY_SCALE : field->type == FIELD_DECIMAL ? SCALE_DEFAULT : 0;
	if (json_object_get(definition, "scale") && field->type != FIELD_DECIMAL)
		return meta_refuse(fault, "scale", "not_a_decimal", "only a field of type decimal has a scale",
			"只有小数类型（decimal）的字段才有小数位数");
	return read_number(definition, "scale", SCALE_MAX, &field->scale, fault) &&
		read_number(definition, "max", TEXT_MAX, &field->max, fault);
}

static bool read_flags(const json_t *definition, FieldDef *field, MetaFault *fault)
{
	if (!read_flag(definition, "required", &field->required, fault) ||
		!read_flag(definition, "read_only", &field->read_only, fault) ||
		!read_flag(definition, "hidden", &field->hidden, fault) ||
		!read_flag(definition, "unique", &field->unique, fault) ||
		!read_flag(definition, "searchable", &field->searchable, fault))
		return false;
	ValueType held = meta_value_type(field);
	if (field->searchable && held != VALUE_TEXT)
		return meta_refuse(fault, "searchable", "not_text", "only text can be searched: \"%s\" is none",
			"只有文本才能搜索，\"%s\" 不是文本", field->name);
	return true;
}

bool field_read(TALLOC_CTX *ctx, const json_t *definition, FieldDef *ret, MetaFault *fault)
{
	*ret = (FieldDef){0};
	if (!json_is_object(definition))
		return meta_refuse(fault, "", "syntax", "a field is a JSON object", "字段定义应是一个 JSON 对象");
	const char *name = json_text(definition, "name");
	if (!name || !field_name_valid(name))
		return meta_refuse(fault, "name", "bad_name",
			"the name \"%s\" must begin with a letter a-z and hold only a-z, 0-9 and _, at most 63",
			"名称 \"%s\" 须以小写字母开头，只含小写字母、数字和下划线，最多 63 个", name ? name : "");
	ret->name = talloc_strdup(ctx, name);
	return members_known(definition, fault) && read_label(ctx, definition, "zh", &ret->zh, fault) &&
		read_label(ctx, definition, "en", &ret->en, fault) && read_type(definition, &ret->type, fault) &&
		read_choices(ctx, definition, ret, fault) && read_ref(ctx, definition, ret, fault) &&
		read_sizes(definition, ret, fault) && read_flags(definition, ret, fault) &&
		read_default(ctx, definition, ret, fault);
}

const char *meta_type_name(FieldType type)
{
	for (size_t i = 0; i < ARRAY_LEN(type_names); i++)
		if (type_names[i].type == type)
			return type_names[i].name;
	return "text";
}

ValueType meta_value_type(const FieldDef *field)
{
	switch (field->type) {
	case FIELD_INT:
		return VALUE_INT;
	case FIELD_DECIMAL:
	case FIELD_MONEY:
		return VALUE_DECIMAL;
	case FIELD_BOOL:
		return VALUE_BOOL;
	case FIELD_TIME:
		return VALUE_TIME;
	case FIELD_REF:
		return VALUE_ID;
	default:
		return VALUE_TEXT;
	}
}

uint8_t meta_scale(const FieldDef *field)
{
	return meta_value_type(field) == VALUE_DECIMAL ? (uint8_t)field->scale : 0;
}

static void write_choices(const FieldDef *field, JsonOut *out)
{
	json_key(out, "choices");
	json_array_begin(out);
	for (int i = 0; i < field->n_choices; i++) {
		json_object_begin(out);
		json_member_text(out, "value", field->choices[i].value);
		json_member_text(out, "zh", field->choices[i].zh);
		json_member_text(out, "en", field->choices[i].en);
		json_object_end(out);
	}
	json_array_end(out);
}

void field_write(const FieldDef *field, JsonOut *out)
{
	json_object_begin(out);
	json_member_text(out, "name", field->name);
	json_member_text(out, "zh", field->zh);
	json_member_text(out, "en", field->en);
	json_member_text(out, "type", meta_type_name(field->type));
	json_member_bool(out, "required", field->required);
	json_member_bool(out, "read_only", field->read_only);
	json_member_bool(out, "unique", field->unique);
	json_member_bool(out, "searchable", field->searchable);
	json_member_bool(out, "custom", field->custom);
	if (field->ref)
		json_member_text(out, "ref", field->ref);
	if (field->type == FIELD_CHOICE)
		write_choices(field, out);
	if (meta_value_type(field) == VALUE_DECIMAL)
		json_member_int(out, "scale", field->scale);
	if (meta_value_type(field) == VALUE_TEXT)
		json_member_int(out, "max", field->max ? field->max : LIMIT_TEXT_FIELD);
	if (field->default_text) {
		json_key(out, "default");
		json_put_raw(out, field->default_text, strlen(field->default_text));
	}
	json_object_end(out);
}
