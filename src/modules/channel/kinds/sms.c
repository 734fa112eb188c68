/* SMS. The interface is that of every kind; the dialect spoken here is 阿里云短信 (dysmsapi, RPC, HMAC-SHA1). The approved
 * template has to have the variables title and name. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "modules/channel/kind.h"

#define VARIABLE_MAX 105 /* bytes: 35 characters, the most a variable may have */
#define HOST "https://dysmsapi.aliyuncs.com"

static const char *params_of(TALLOC_CTX *ctx, const Card *card)
{
	Buf *out = buf_new(ctx, 2048);
	JsonOut o = json_out(out);
	json_object_begin(&o);
	json_member_text(&o, "title", text_cut(ctx, card->title, VARIABLE_MAX));
	json_member_text(&o, "name", text_cut(ctx, card->n_lines ? card->lines[0].value : "-", VARIABLE_MAX));
	json_object_end(&o);
	return out->data;
}

/* In order of the names, as the signature wants it. */
static char *query_of(TALLOC_CTX *ctx, const Errand *e, const char *phone)
{
	char at[32];
	time_t s = (time_t)(e->now_ms / SECOND_MS);
	struct tm tm;
	gmtime_r(&s, &tm);
	strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", &tm);
	const char *const pairs[][2] = {
		{"AccessKeyId", conf_text(e->conf, "access_key")},
		{"Action", "SendSms"},
		{"Format", "JSON"},
		{"OutId", e->card->id},
		{"PhoneNumbers", phone},
		{"RegionId", "cn-hangzhou"},
		{"SignName", conf_text(e->conf, "sign_name")},
		{"SignatureMethod", "HMAC-SHA1"},
		{"SignatureNonce", talloc_asprintf(ctx, "%s-%lld", e->card->id, (long long)e->now_ms)},
		{"SignatureVersion", "1.0"},
		{"TemplateCode", conf_text(e->conf, "template")},
		{"TemplateParam", params_of(ctx, e->card)},
		{"Timestamp", at},
		{"Version", "2017-05-25"},
	};
	Buf *out = buf_new(ctx, 16 * 1024);
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		buf_printf(out, "%s%s=%s", i ? "&" : "", pairs[i][0], net_percent(ctx, pairs[i][1]));
	return out->data;
}

/* +8613812345678 or 13812345678: digits of the mainland. */
static const char *phone_of(TALLOC_CTX *ctx, const char *address)
{
	const char *text = strncmp(address, "+86", 3) == 0 ? address + 3 : address;
	bool good = strlen(text) == 11 && strspn(text, "0123456789") == 11 && text[0] == '1';
	return good ? talloc_strdup(ctx, text) : NULL;
}

static bool build(TALLOC_CTX *ctx, const Errand *e, Parcel *ret, const char **ret_why)
{
	const char *phone = phone_of(ctx, e->address);
	*ret_why = "bad_address";
	if (!phone)
		return false;
	char *query = query_of(ctx, e, phone);
	const char *signature = sign_aliyun(ctx, conf_text(e->conf, "secret"), "POST", query);
	char *body = talloc_asprintf(ctx, "Signature=%s&%s", net_percent(ctx, signature), query);
	ret->request = (NetRequest){.method = "POST", .url = talloc_asprintf(ctx, "%s/", conf_text(e->conf, "server")),
		.headers = {"Content-Type: application/x-www-form-urlencoded"}, .body = body, .len = strlen(body),
		.allowed_host = e->conf->allowed_host};
	return true;
}

/* Codes are words here, and come with any HTTP status. */
static void judge(const NetAnswer *a, Verdict *ret)
{
	static const struct {
		const char *begins;
		VerdictKind kind;
		int64_t wait_ms;
	} rows[] = {
		{"OK", VERDICT_DONE, 0},
		{"isv.BUSINESS_LIMIT_CONTROL", VERDICT_RECEIVER, 0},
		{"isv.MOBILE_NUMBER_ILLEGAL", VERDICT_RECEIVER, 0},
		{"isv.BLACK_KEY_CONTROL_LIMIT", VERDICT_RECEIVER, 0},
		{"isp.", VERDICT_RETRY, 0},
		{"Throttling", VERDICT_LIMITED, MINUTE_MS},
		{"isv.", VERDICT_CHANNEL, 0},
		{"Signature", VERDICT_CHANNEL, 0},
		{"InvalidAccessKeyId", VERDICT_CHANNEL, 0},
	};
	JsonFault fault;
	TALLOC_CTX *ctx = talloc_new(NULL);
	const json_t *body = a->result == NET_OK ? json_parse(ctx, a->body, a->len, &fault) : NULL;
	const char *code = json_text(body, "Code");
	if (!code && !judge_transport(a, ret))
		verdict_set(ret, VERDICT_RETRY, "strange_answer", a->body);
	if (code) {
		verdict_set(ret, VERDICT_RETRY, code, json_text(body, "Message"));
		for (size_t i = ARRAY_LEN(rows); i-- > 0;) /* the earlier and more exact row wins */
			if (strncmp(code, rows[i].begins, strlen(rows[i].begins)) == 0)
				ret->kind = rows[i].kind, ret->wait_ms = rows[i].wait_ms;
	}
	talloc_free(ctx);
}

static const Setting settings[] = {
	{"access_key", SETTING_TEXT, .required = true, .zh = "AccessKey ID", .en = "Access key ID"},
	{"secret", SETTING_TEXT, .required = true, .secret = true, .zh = "AccessKey Secret", .en = "Access key secret"},
	{"sign_name", SETTING_TEXT, .required = true, .zh = "短信签名", .en = "Signature name"},
	{"template", SETTING_TEXT, .required = true, .zh = "模板 CODE（变量 title、name）",
		.en = "Template code (variables title, name)"},
	{"server", SETTING_URL, .zh = "接口地址", .en = "Server", .fallback = HOST},
	{0},
};

const ChannelKind kind_sms = {.name = "sms", .zh = "短信（阿里云）", .en = "SMS (Alibaba Cloud)", .settings = settings,
	.address_zh = "手机号", .address_en = "Mobile number", .address_required = true, .build = build, .judge = judge};
