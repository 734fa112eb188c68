/* What a customer sends, in words: a text is itself, of everything else it is told what it is. */
#include "modules/lead/pull/kf_words.h"

#include <string.h>

#define FROM_CUSTOMER 3
#define BODY_MAX (64 * 1024)

KfCode kf_code(int64_t code)
{
	static const struct {
		int64_t code;
		KfCode kind;
	} rows[] = {
		{-1, KF_LIMITED},        {45009, KF_LIMITED},     {45033, KF_LIMITED},   {40014, KF_OLD_TOKEN},
		{41001, KF_OLD_TOKEN},   {42001, KF_OLD_TOKEN},   {95007, KF_OLD_PUSH},  {40001, KF_SECRET},
		{40013, KF_SECRET},      {40091, KF_SECRET},      {41002, KF_SECRET},    {41004, KF_SECRET},
		{48002, KF_NOT_ALLOWED}, {48007, KF_NOT_ALLOWED}, {50003, KF_NOT_ALLOWED}, {60011, KF_NOT_ALLOWED},
		{95017, KF_NOT_ALLOWED}, {40056, KF_NOT_ALLOWED}, {60020, KF_ADDRESS},   {95000, KF_NO_ACCOUNT},
		{95004, KF_NO_ACCOUNT},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].code == code)
			return rows[i].kind;
	return KF_OTHER;
}

const char *kf_reason(KfCode code)
{
	static const char *const reasons[] = {[KF_OTHER] = "kf_unknown", [KF_OLD_TOKEN] = "kf_secret",
		[KF_OLD_PUSH] = "pull_limited", [KF_LIMITED] = "pull_limited", [KF_SECRET] = "kf_secret",
		[KF_NOT_ALLOWED] = "kf_not_allowed", [KF_ADDRESS] = "kf_address", [KF_NO_ACCOUNT] = "kf_no_account"};
	return reasons[code];
}

static bool is_customers(const json_t *message)
{
	return json_int(message, "origin", 0) == FROM_CUSTOMER && json_text(message, "external_userid");
}

static const char *text_or(const json_t *object, const char *key)
{
	const char *text = json_text(object, key);
	return text ? text : "";
}

static const char *words_of(TALLOC_CTX *ctx, const json_t *message)
{
	static const char *const named[][2] = {{"image", "[图片]"}, {"voice", "[语音]"}, {"video", "[视频]"},
	                                       {"file", "[文件]"}, {"business_card", "[名片]"}, {"channels", "[视频号]"}};
	const char *type = text_or(message, "msgtype");
	const json_t *part = json_object_get(message, type);
	if (strcmp(type, "text") == 0)
		return json_text(part, "content");
	if (strcmp(type, "location") == 0)
		return talloc_asprintf(ctx, "[位置] %s %s", text_or(part, "name"), text_or(part, "address"));
	if (strcmp(type, "link") == 0 || strcmp(type, "miniprogram") == 0)
		return talloc_asprintf(ctx, "[链接] %s %s", text_or(part, "title"), text_or(part, "url"));
	for (size_t i = 0; i < ARRAY_LEN(named); i++)
		if (strcmp(named[i][0], type) == 0)
			return named[i][1];
	return NULL;
}

static const char *name_of(const json_t *customers, const char *id)
{
	size_t i;
	json_t *one;
	json_array_foreach((json_t *)customers, i, one)
		if (strcmp(text_or(one, "external_userid"), id) == 0 && *text_or(one, "nickname"))
			return json_text(one, "nickname");
	return "微信客户";
}

const char *kf_enquiry(TALLOC_CTX *ctx, const json_t *message, const json_t *customers)
{
	const char *words = is_customers(message) ? words_of(ctx, message) : NULL;
	if (!words || !*words)
		return NULL;
	const char *id = json_text(message, "external_userid");
	Buf *out = buf_new(ctx, BODY_MAX);
	JsonOut o = json_out(out);
	json_object_begin(&o);
	json_member_text(&o, "name", name_of(customers, id));
	json_member_text(&o, "message", words);
	json_member_text(&o, "external_user", id);
	json_member_text(&o, "kf_account", json_text(message, "open_kfid"));
	json_member_text(&o, "msgid", json_text(message, "msgid"));
	json_member_int(&o, "sent_at", json_int(message, "send_time", 0));
	json_object_end(&o);
	return buf_failed(out) ? NULL : out->data;
}

static bool is_earlier(const json_t *messages, size_t n, const char *id)
{
	for (size_t i = 0; i < n; i++)
		if (is_customers(json_array_get(messages, i)) &&
		    strcmp(json_text(json_array_get(messages, i), "external_userid"), id) == 0)
			return true;
	return false;
}

int kf_customers_write(JsonOut *o, const json_t *messages)
{
	size_t i;
	json_t *message;
	int n = 0;
	json_array_begin(o);
	json_array_foreach((json_t *)messages, i, message) {
		if (n == KF_CUSTOMERS_MAX || !is_customers(message) ||
		    is_earlier(messages, i, json_text(message, "external_userid")))
			continue;
		json_put_text(o, json_text(message, "external_userid"));
		n++;
	}
	json_array_end(o);
	return n;
}
