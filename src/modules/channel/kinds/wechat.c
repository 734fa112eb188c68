/* Template messages of a 微信服务号. Which keyword of the template takes what is the administrator's choice: the names
 * of the template's fields stand in the settings. */
#include <string.h>

#include "modules/channel/kind.h"

#define VALUE_MAX 60  /* bytes: 20 characters, the narrowest kind of field */
#define ID_MAX 32
#define HOST "https://api.weixin.qq.com"

static void write_value(TALLOC_CTX *ctx, JsonOut *o, const char *name, const char *value)
{
	if (!name || !value)
		return;
	json_key(o, name);
	json_object_begin(o);
	json_member_text(o, "value", text_cut(ctx, value, VALUE_MAX));
	json_object_end(o);
}

static const char *line_of(const Card *card, int from)
{
	return card->n_lines > from ? card->lines[from].value : "-";
}

static bool build(TALLOC_CTX *ctx, const Errand *e, Parcel *ret, Failure *ret_why)
{
	const Card *card = e->card;
	const char *openid = text_address(ctx, e->address);
	*ret_why = FAILURE_BAD_ADDRESS;
	if (!openid[0])
		return false;
	Buf *body = buf_new(ctx, 16 * 1024);
	JsonOut o = json_out(body);
	json_object_begin(&o);
	json_member_text(&o, "touser", openid);
	json_member_text(&o, "template_id", conf_text(e->conf, "template_id"));
	if (card->link)
		json_member_text(&o, "url", card->link);
	size_t len = strlen(card->id); /* its end tells one card from another */
	json_member_text(&o, "client_msg_id", len > ID_MAX ? card->id + len - ID_MAX : card->id);
	json_key(&o, "data");
	json_object_begin(&o);
	write_value(ctx, &o, conf_text(e->conf, "field_title"), card->title);
	write_value(ctx, &o, conf_text(e->conf, "field_company"), line_of(card, 0));
	write_value(ctx, &o, conf_text(e->conf, "field_name"), line_of(card, 1));
	write_value(ctx, &o, conf_text(e->conf, "field_countdown"), card->countdown ? card->countdown : "-");
	json_object_end(&o);
	json_object_end(&o);
	parcel_json(ctx, ret, e->conf,
	            talloc_asprintf(ctx, "%s/cgi-bin/message/template/send?access_token=%s", conf_text(e->conf, "server"),
	                            net_percent(ctx, e->token)), body);
	return true;
}

static const CodeRow codes[] = {
	{"-1", VERDICT_RETRY, 0, {"对方系统繁忙", "The partner is busy"}},
	{"40001", VERDICT_REFRESH, 0, {"访问凭证或 AppSecret 无效", "The access token or the app secret is not valid",
	  "会自动换取新的凭证；反复出现时请核对 AppID 和 AppSecret。",
	  "A new token is fetched; if that goes on, check app ID and app secret."}},
	{"40014", VERDICT_REFRESH, 0, {"访问凭证无效", "The access token is not valid"}},
	{"41001", VERDICT_REFRESH, 0, {"缺少访问凭证", "The access token is missing"}},
	{"42001", VERDICT_REFRESH, 0, {"访问凭证已过期", "The access token has expired"}},
	{"45009", VERDICT_LIMITED, HOUR_MS, {"当日调用次数已达上限", "The daily limit is reached",
	  "每小时再试一次；次日恢复，也可在公众平台清零。", "It is tried every hour; it is back tomorrow, or after a reset on the platform."}},
	{"45011", VERDICT_LIMITED, MINUTE_MS, {"调用过于频繁", "Too many calls a minute"}},
	{"45066", VERDICT_RETRY, MINUTE_MS, {"同一消息重试过快", "The same message was tried again too soon"}},
	{"40013", VERDICT_CHANNEL, 0, {"AppID 不正确", "The app ID is wrong",
	  "请在微信公众平台重新复制 AppID 和 AppSecret。", "Copy app ID and app secret from the platform again."}},
	{"40125", VERDICT_CHANNEL, 0, {"AppSecret 不正确", "The app secret is wrong",
	  "请在微信公众平台重新复制 AppID 和 AppSecret。", "Copy app ID and app secret from the platform again."}},
	{"41002", VERDICT_CHANNEL, 0, {"缺少 AppID", "The app ID is missing",
	  "请在微信公众平台重新复制 AppID 和 AppSecret。", "Copy app ID and app secret from the platform again."}},
	{"41004", VERDICT_CHANNEL, 0, {"缺少 AppSecret", "The app secret is missing",
	  "请在微信公众平台重新复制 AppID 和 AppSecret。", "Copy app ID and app secret from the platform again."}},
	{"40164", VERDICT_CHANNEL, 0, {"本服务器的 IP 不在白名单中", "This server's address is not on the list",
	  "请在公众平台的 IP 白名单中加入本服务器的出口 IP。", "Add the address of this server to the account's list."}},
	{"40037", VERDICT_CHANNEL, 0, {"模板 ID 不正确", "The template ID is wrong",
	  "请核对模板 ID，模板须属于这个服务号。", "Check the template ID; it must be of this account."}},
	{"48001", VERDICT_CHANNEL, 0, {"服务号没有模板消息的权限", "The account may not send template messages",
	  "请在公众平台开通模板消息。", "Enable template messages on the platform."}},
	{"48004", VERDICT_CHANNEL, 0, {"接口已被封禁", "The interface is banned",
	  "请登录公众平台查看原因。", "See the reason on the platform."}},
	{"48008", VERDICT_CHANNEL, 0, {"没有发送这类消息的权限", "Messages of this kind are not allowed",
	  "请在公众平台查看权限。", "See the rights on the platform."}},
	{"50002", VERDICT_CHANNEL, 0, {"账号受限", "The account is restricted",
	  "请登录公众平台查看原因。", "See the reason on the platform."}},
	{"40003", VERDICT_RECEIVER, 0, {"openid 无效，或不属于这个服务号", "The openid is not valid, or of another account"}},
	{"43004", VERDICT_RECEIVER, 0, {"收件人没有关注服务号", "The person does not follow the account",
	  "请本人关注服务号；有备用渠道时改走备用渠道。", "Let the person follow it; it goes by a spare channel if there is one."}},
	{"50005", VERDICT_RECEIVER, 0, {"收件人没有关注服务号", "The person does not follow the account",
	  "请本人关注服务号；有备用渠道时改走备用渠道。", "Let the person follow it; it goes by a spare channel if there is one."}},
	{"43019", VERDICT_RECEIVER, 0, {"收件人在服务号的黑名单中", "The person is on the account's black list"}},
	{"43101", VERDICT_RECEIVER, 0, {"收件人拒收", "The person refuses messages"}},
	{"48002", VERDICT_RECEIVER, 0, {"收件人关闭了服务号的消息", "The person switched the account's messages off"}},
	{"46004", VERDICT_RECEIVER, 0, {"用户不存在", "There is no such user"}},
	{"45002", VERDICT_CONTENT, 0, {"消息过长", "The message is too long"}},
	{"47001", VERDICT_CONTENT, 0, {"消息的格式不被接受", "The form of the message is not accepted"}},
	{"47003", VERDICT_CONTENT, 0, {"模板字段的名称或内容不符合要求", "A field of the template has a wrong name or value",
	  "请核对设置里的模板字段名称和类型；有备用渠道时改走备用渠道。",
	  "Check names and types of the template's fields; this one goes by a spare channel if there is one."}},
	{0},
};

static void judge(const NetAnswer *a, Verdict *ret)
{
	judge_codes(a, "errcode", "errmsg", codes, ret);
}

/* The stable token does not push out that of another program. */
static void token_build(TALLOC_CTX *ctx, const Conf *conf, Parcel *ret)
{
	Buf *body = buf_new(ctx, 4096);
	JsonOut o = json_out(body);
	json_object_begin(&o);
	json_member_text(&o, "grant_type", "client_credential");
	json_member_text(&o, "appid", conf_text(conf, "appid"));
	json_member_text(&o, "secret", conf_text(conf, "secret"));
	json_object_end(&o);
	parcel_json(ctx, ret, conf, talloc_asprintf(ctx, "%s/cgi-bin/stable_token", conf_text(conf, "server")), body);
}

/* Success has no errcode here. */
static char *token_read(TALLOC_CTX *ctx, const NetAnswer *a, int64_t *ret_life_ms, Verdict *ret)
{
	if (judge_transport(a, ret))
		return NULL;
	char *token = token_of(ctx, a, "access_token", "expires_in", ret_life_ms, ret);
	if (!token)
		judge_codes(a, "errcode", "errmsg", codes, ret);
	if (!token && (ret->kind == VERDICT_REFRESH || ret->kind == VERDICT_DONE))
		ret->kind = VERDICT_CHANNEL;
	return token;
}

static const Setting settings[] = {
	{"appid", SETTING_TEXT, .required = true, .zh = "AppID", .en = "App ID"},
	{"secret", SETTING_TEXT, .required = true, .secret = true, .zh = "AppSecret", .en = "App secret"},
	{"template_id", SETTING_TEXT, .required = true, .zh = "模板 ID", .en = "Template ID"},
	{"field_title", SETTING_TEXT, .zh = "模板字段：标题", .en = "Template field: title", .fallback = "thing1"},
	{"field_company", SETTING_TEXT, .zh = "模板字段：公司", .en = "Template field: company", .fallback = "thing2"},
	{"field_name", SETTING_TEXT, .zh = "模板字段：联系人", .en = "Template field: name", .fallback = "thing3"},
	{"field_countdown", SETTING_TEXT, .zh = "模板字段：时限", .en = "Template field: countdown", .fallback = "thing4"},
	{"server", SETTING_URL, .zh = "接口地址", .en = "Server", .fallback = HOST},
	{0},
};

const ChannelKind kind_wechat = {.name = "wechat", .zh = "微信服务号模板消息", .en = "WeChat service account template",
	.settings = settings, .codes = codes,
	.address_zh = "微信 openid", .address_en = "WeChat openid", .address_required = true,
	.build = build, .judge = judge, .token_build = token_build, .token_read = token_read};
