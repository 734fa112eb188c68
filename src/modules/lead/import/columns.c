/* Guesses what a column is by its header in Chinese or English, and by what stands below it. */
#include "modules/lead/import/import_int.h"

#include <string.h>

#include "match/match.h"
#include "modules/lead/intake/understand.h"

#define HEADER_MAX 100

/* Fields that only an import has. */
static const struct {
	const char *field, *names;
} own[] = {
	{"owner", " 负责人 销售 归属人 跟进人 所属销售 业务员 销售人员 owner sales salesperson assigned_to "},
	{"at", " 时间 日期 创建时间 提交时间 录入时间 登记时间 咨询时间 来电时间 留言时间 created_at create_time created "
           "time date datetime submitted_at timestamp "},
};

/* Parts of longer headers, in the order in which they decide: "客户公司电话" is a phone. */
static const struct {
	const char *field, *part;
} parts[] = {
	{"company", "客户名称"}, {"phone", "手机"},    {"phone", "电话"},   {"phone", "mobile"},  {"phone", "phone"},
	{"phone", "联系方式"},   {"email", "邮箱"},    {"email", "邮件"},   {"email", "mail"},    {"at", "时间"},
	{"at", "日期"},          {"code", "信用代码"}, {"company", "公司"}, {"company", "企业"},  {"company", "单位"},
	{"company", "company"},  {"province", "省份"}, {"city", "城市"},    {"district", "区县"}, {"owner", "负责人"},
	{"owner", "销售"},       {"name", "姓名"},     {"name", "联系人"},  {"name", "客户名"},   {"message", "备注"},
	{"message", "需求"},     {"message", "留言"},  {"message", "内容"},
};

/* "* 手机号（必填）:" -> "手机号"; lower case. */
static void header_clean(const char *header, char out[static HEADER_MAX])
{
	static const char *const dropped[] = {"\xEF\xBB\xBF", "　", "＊",      "：", " ", "\t", "*", ":",
	                                      "\r",           "\n", "\xC2\xA0"};
	size_t n = 0;
	while (*header && n < HEADER_MAX - 1) {
		if (*header == '(' || strncmp(header, "（", strlen("（")) == 0 || *header == '[' ||
		    strncmp(header, "【", strlen("【")) == 0)
			break;
		size_t skip = 0;
		for (size_t i = 0; i < ARRAY_LEN(dropped) && !skip; i++)
			if (strncmp(header, dropped[i], strlen(dropped[i])) == 0)
				skip = strlen(dropped[i]);
		if (skip && *header == ' ' && n > 0 && (unsigned char)header[1] < 0x80 && header[1] > ' ')
			out[n++] = '_'; /* "phone number" */
		if (!skip)
			out[n++] = g_ascii_tolower(*header);
		header += skip ? skip : 1;
	}
	out[n] = '\0';
}

static const char *guess_by_name(TALLOC_CTX *ctx, const char *name)
{
	const char *padded = talloc_asprintf(ctx, " %s ", name), *field = enquiry_field(ctx, name);
	for (size_t i = 0; i < ARRAY_LEN(own) && !field; i++)
		if (strstr(own[i].names, padded))
			field = own[i].field;
	for (size_t i = 0; i < ARRAY_LEN(parts) && !field; i++)
		if (strstr(name, parts[i].part))
			field = parts[i].field;
	return field;
}

/* Most of what stands there is a phone number, or a mail address. */
static const char *guess_by_content(const char *const *samples, size_t n)
{
	Phone phone;
	char email[255];
	size_t filled = 0, phones = 0, emails = 0;
	for (size_t i = 0; i < n; i++) {
		if (!*samples[i])
			continue;
		filled++;
		phones += phone_parse(samples[i], &phone);
		emails += email_parse(samples[i], email, NULL, NULL);
	}
	if (filled && phones * 10 >= filled * 8)
		return "phone";
	return filled && emails * 10 >= filled * 8 ? "email" : NULL;
}

const char *column_guess(TALLOC_CTX *ctx, const char *header, const char *const *samples, size_t n)
{
	char name[HEADER_MAX];
	header_clean(header, name);
	const char *field = *name ? guess_by_name(ctx, name) : NULL;
	if (!field)
		field = guess_by_content(samples, n);
	return field ? field : "extra";
}

bool columns_are_header(TALLOC_CTX *ctx, const char *const *cell, int n)
{
	char name[HEADER_MAX];
	bool has_name = false, has_value = false;
	for (int i = 0; i < n; i++) {
		header_clean(cell[i], name);
		has_name |= *name && guess_by_name(ctx, name);
		has_value |= guess_by_content(&cell[i], 1) != NULL;
	}
	return has_name || !has_value;
}

bool column_field_known(TALLOC_CTX *ctx, const char *field)
{
	const char *known = enquiry_field(ctx, field);
	bool is_word = strcmp(field, "at") == 0 || strcmp(field, "owner") == 0 || strcmp(field, "extra") == 0;
	return !*field || is_word || (known && strcmp(known, field) == 0);
}
