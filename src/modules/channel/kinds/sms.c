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

static bool build(TALLOC_CTX *ctx, const Errand *e, Parcel *ret, Failure *ret_why)
{
	const char *phone = phone_of(ctx, e->address);
	*ret_why = FAILURE_BAD_ADDRESS;
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

static const CodeRow codes[] = {
	{"OK", VERDICT_DONE, 0, {"短信已提交", "The SMS was accepted"}},
	{"isv.BUSINESS_LIMIT_CONTROL", VERDICT_RECEIVER, 0, {"向该号码发送过于频繁", "Too many SMS to this number",
	  "稍后的消息会再试；有备用渠道时改走备用渠道。", "Later ones are tried; this one goes by a spare channel if there is one."}},
	{"isv.MOBILE_NUMBER_ILLEGAL", VERDICT_RECEIVER, 0, {"手机号格式不正确", "The number is malformed"}},
	{"isv.BLACK_KEY_CONTROL_LIMIT", VERDICT_RECEIVER, 0, {"该号码在黑名单中", "The number is on the black list",
	  "机主曾退订或投诉，请换用其他渠道。", "Its owner opted out; use another channel."}},
	{"isv.SMS_CONTENT_ILLEGAL", VERDICT_CONTENT, 0, {"短信含有禁止的内容", "The SMS has forbidden content"}},
	{"isv.PARAM_LENGTH_LIMIT", VERDICT_CONTENT, 0, {"模板变量过长", "A variable is too long"}},
	{"isv.PARAM_NOT_SUPPORT_URL", VERDICT_CONTENT, 0, {"模板变量里不允许有网址", "A variable may not hold a URL"}},
	{"isv.TEMPLATE_PARAMS_ILLEGAL", VERDICT_CONTENT, 0, {"模板变量的内容不符合其类型", "A variable does not fit its type"}},
	{"isv.INVALID_JSON_PARAM", VERDICT_CONTENT, 0, {"模板变量的格式不正确", "The variables are malformed"}},
	{"isv.TEMPLATE_MISSING_PARAMETERS", VERDICT_CHANNEL, 0, {"模板还有别的变量", "The template has other variables",
	  "请在短信服务控制台查看模板的状态，变量须为 title 和 name。",
	  "See the template in the console; its variables must be title and name."}},
	{"isv.SMS_TEMPLATE_ILLEGAL", VERDICT_CHANNEL, 0,
	 {"模板不存在或没有通过审核",
	  "The template does not exist or is not approved",
	  "请在短信服务控制台查看模板的状态，变量须为 title 和 name。",
	  "See the template in the console; its variables must be title and name."}},
	{"isv.DOMESTIC_NUMBER_NOT_SUPPORTED", VERDICT_CHANNEL, 0, {"国际短信模板不能发往境内", "The template is for numbers abroad",
	  "请在短信服务控制台查看模板的状态，变量须为 title 和 name。",
	  "See the template in the console; its variables must be title and name."}},
	{"isv.SMS_SIGNATURE_ILLEGAL", VERDICT_CHANNEL, 0, {"账号下没有这个签名", "The account has no such signature",
	  "请在短信服务控制台查看签名的状态和适用场景，并核对设置。",
	  "See state and purpose of the signature in the console, and check the setting."}},
	{"isv.SMS_SIGN_ILLEGAL", VERDICT_CHANNEL, 0, {"签名禁止使用", "The signature is forbidden",
	  "请在短信服务控制台查看签名的状态和适用场景，并核对设置。",
	  "See state and purpose of the signature in the console, and check the setting."}},
	{"isv.SMS_SIGN_NAME_ILLEGAL", VERDICT_CHANNEL, 0,
	 {"签名不存在或没有通过审核",
	  "The signature does not exist or is not approved",
	  "请在短信服务控制台查看签名的状态和适用场景，并核对设置。",
	  "See state and purpose of the signature in the console, and check the setting."}},
	{"isv.SIGN_STATE_ILLEGAL", VERDICT_CHANNEL, 0, {"签名不可用", "The signature is not usable",
	  "请在短信服务控制台查看签名的状态和适用场景，并核对设置。",
	  "See state and purpose of the signature in the console, and check the setting."}},
	{"isv.SMS_SIGNATURE_SCENE_ILLEGAL", VERDICT_CHANNEL, 0,
	 {"签名与模板的场景不符",
	  "Signature and template are for different purposes",
	  "请在短信服务控制台查看签名的状态和适用场景，并核对设置。",
	  "See state and purpose of the signature in the console, and check the setting."}},
	{"isv.OUT_OF_SERVICE", VERDICT_CHANNEL, 0, {"账号余额不足，已停机", "The account is out of money",
	  "请在阿里云控制台充值或购买套餐包。", "Top up the account in the console."}},
	{"isv.AMOUNT_NOT_ENOUGH", VERDICT_CHANNEL, 0, {"账号余额不足", "The account is out of money",
	  "请在阿里云控制台充值或购买套餐包。", "Top up the account in the console."}},
	{"isv.DAY_LIMIT_CONTROL", VERDICT_CHANNEL, 0, {"已达到每日发送限额", "The daily limit is reached",
	  "请在短信服务控制台提高发送总量阈值。", "Raise the threshold in the console."}},
	{"isv.MONTH_LIMIT_CONTROL", VERDICT_CHANNEL, 0, {"已达到每月发送限额", "The monthly limit is reached",
	  "请在短信服务控制台提高发送总量阈值。", "Raise the threshold in the console."}},
	{"isv.PRODUCT_UN_SUBSCRIPT", VERDICT_CHANNEL, 0, {"账号没有开通短信服务", "The account has no SMS service",
	  "请在阿里云开通短信服务。", "Activate the SMS service."}},
	{"isv.PRODUCT_UNSUBSCRIBE", VERDICT_CHANNEL, 0, {"账号没有开通短信服务", "The account has no SMS service",
	  "请在阿里云开通短信服务。", "Activate the SMS service."}},
	{"isv.ACCOUNT_*", VERDICT_CHANNEL, 0, {"账号不存在或异常", "The account does not exist or is not in order",
	  "请核对 AccessKey ID 和 Secret，并确认没有被禁用。", "Check access key ID and secret, and that the key is enabled."}},
	{"isv.DENY_IP_RANGE", VERDICT_CHANNEL, 0,
	 {"本服务器的 IP 在中国大陆以外，不能发送境内短信",
	  "This server is outside of mainland China",
	  "请换用境内的服务器或出口。", "Use a server or a way out inside."}},
	{"isp.RAM_PERMISSION_DENY", VERDICT_CHANNEL, 0, {"AccessKey 没有发送短信的权限", "The key may not send SMS",
	  "请给该 AccessKey 的 RAM 用户授予短信发送权限。", "Grant the RAM user of this key the right to send SMS."}},
	{"isv.RAM_PERMISSION_DENY", VERDICT_CHANNEL, 0, {"AccessKey 没有发送短信的权限", "The key may not send SMS",
	  "请给该 AccessKey 的 RAM 用户授予短信发送权限。", "Grant the RAM user of this key the right to send SMS."}},
	{"Forbidden*", VERDICT_CHANNEL, 0, {"AccessKey 没有发送短信的权限", "The key may not send SMS",
	  "请给该 AccessKey 的 RAM 用户授予短信发送权限。", "Grant the RAM user of this key the right to send SMS."}},
	{"NoPermission", VERDICT_CHANNEL, 0, {"AccessKey 没有发送短信的权限", "The key may not send SMS",
	  "请给该 AccessKey 的 RAM 用户授予短信发送权限。", "Grant the RAM user of this key the right to send SMS."}},
	{"isp.*", VERDICT_RETRY, 0, {"短信平台内部错误", "The SMS platform has an internal error"}},
	{"Throttling*", VERDICT_LIMITED, MINUTE_MS, {"调用过于频繁", "Too many calls"}},
	{"isv.*", VERDICT_CHANNEL, 0, {"短信平台不接受当前的设置", "The SMS platform does not accept the settings",
	  "请对照括号内的代码，在短信服务控制台检查。", "Look the code up in the console of the SMS service."}},
	{"SignatureNonceUsed", VERDICT_RETRY, 0, {"同一请求到了两次", "The same request came twice"}},
	{"Signature*", VERDICT_CHANNEL, 0, {"请求的签名不符", "The signature of the request is wrong",
	  "请核对 AccessKey ID 和 Secret，并确认没有被禁用。", "Check access key ID and secret, and that the key is enabled."}},
	{"InvalidTimeStamp*", VERDICT_CHANNEL, 0, {"本机时间相差过大", "The clock of this machine is off",
	  "请校准本机时间。", "Set the clock right."}},
	{"InvalidAccessKeyId*", VERDICT_CHANNEL, 0, {"AccessKey 不存在或已禁用", "The access key does not exist or is disabled",
	  "请核对 AccessKey ID 和 Secret，并确认没有被禁用。", "Check access key ID and secret, and that the key is enabled."}},
	{0},
};

/* Codes are words here, and come with any HTTP status. */
static void judge(const NetAnswer *a, Verdict *ret)
{
	JsonFault fault;
	TALLOC_CTX *ctx = talloc_new(NULL);
	const json_t *body = a->result == NET_OK ? json_parse(ctx, a->body, a->len, &fault) : NULL;
	const char *code = json_text(body, "Code");
	if (code)
		judge_row(codes, code, json_text(body, "Message"), ret);
	else if (!judge_transport(a, ret))
		verdict_set(ret, VERDICT_RETRY, FAILURE_STRANGE_ANSWER, a->body);
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
	.codes = codes,
	.address_zh = "手机号", .address_en = "Mobile number", .address_required = true, .build = build, .judge = judge};
