/* Messages of an application in 飞书 to single people, as interactive cards. The uuid lets the partner drop doubles
 * within an hour. */
#include <string.h>

#include "modules/channel/kind.h"

#define BODY_MAX (28 * 1024)
#define UUID_MAX 50
#define HOST "https://open.feishu.cn"

/* What the address is can be seen: ou_ open_id, an @ a mail address, else user_id. */
static const char *id_type(const char *address)
{
	if (strncmp(address, "ou_", 3) == 0)
		return "open_id";
	return strchr(address, '@') ? "email" : "user_id";
}

static bool build(TALLOC_CTX *ctx, const Errand *e, Parcel *ret, Failure *ret_why)
{
	const char *address = text_address(ctx, e->address);
	*ret_why = FAILURE_BAD_ADDRESS;
	if (!address[0])
		return false;
	Buf *card = buf_new(ctx, BODY_MAX), *body = buf_new(ctx, 2 * BODY_MAX);
	JsonOut content = json_out(card), o = json_out(body);
	feishu_card_write(ctx, &content, e->card, NULL);
	json_object_begin(&o);
	json_member_text(&o, "receive_id", address);
	json_member_text(&o, "msg_type", "interactive");
	json_member_text(&o, "content", card->data); /* JSON inside a text, as the partner wants it */
	const char *id = e->card->id; /* the end of it differs; the beginning is the same for all */
	json_member_text(&o, "uuid", strlen(id) > UUID_MAX ? id + strlen(id) - UUID_MAX : id);
	json_object_end(&o);
	parcel_json(ctx, ret, e->conf, talloc_asprintf(ctx, "%s/open-apis/im/v1/messages?receive_id_type=%s",
	                                               conf_text(e->conf, "server"), id_type(address)), body);
	ret->request.headers[1] = talloc_asprintf(ctx, "Authorization: Bearer %s", e->token);
	*ret_why = FAILURE_TOO_LARGE;
	return !buf_failed(card) && !buf_failed(body);
}

static const CodeRow codes[] = {
	{"1500", VERDICT_RETRY, 0, {"对方内部错误", "The partner has an internal error"}},
	{"2200", VERDICT_RETRY, 0, {"对方内部错误", "The partner has an internal error"}},
	{"230101", VERDICT_RETRY, 0, {"暂时不能向用户发送消息", "Messages to users cannot be sent at the moment"}},
	{"99991661", VERDICT_REFRESH, 0, {"缺少访问凭证", "The access token is missing"}},
	{"99991663", VERDICT_REFRESH, 0, {"访问凭证无效或已过期", "The access token is not valid or has expired"}},
	{"99991664", VERDICT_REFRESH, 0, {"访问凭证无效", "The access token is not valid"}},
	{"99991668", VERDICT_REFRESH, 0, {"访问凭证无效或已过期", "The access token is not valid or has expired"}},
	{"99991671", VERDICT_REFRESH, 0, {"访问凭证无效", "The access token is not valid"}},
	{"99991400", VERDICT_LIMITED, MINUTE_MS, {"调用过于频繁", "Too many calls"}},
	{"11232", VERDICT_LIMITED, MINUTE_MS, {"发送过于频繁", "Too many messages"}},
	{"230020", VERDICT_LIMITED, 5 * SECOND_MS, {"向同一人发送过于频繁", "Too many messages to one person"}},
	{"10003", VERDICT_CHANNEL, 0, {"App ID 或 App Secret 不正确", "App ID or app secret is wrong",
	  "请在开发者后台重新复制 App ID 和 App Secret。", "Copy app ID and app secret from the console again."}},
	{"10014", VERDICT_CHANNEL, 0, {"App Secret 不正确", "The app secret is wrong",
	  "请在开发者后台重新复制 App ID 和 App Secret。", "Copy app ID and app secret from the console again."}},
	{"99991672", VERDICT_CHANNEL, 0, {"应用没有所需的权限", "The app lacks a permission",
	  "请为应用开通“以应用的身份发消息”权限并发布新版本。", "Grant it the permission to send as the app, and release a new version."}},
	{"230027", VERDICT_CHANNEL, 0, {"应用没有所需的权限", "The app lacks a permission",
	  "请为应用开通“以应用的身份发消息”权限并发布新版本。", "Grant it the permission to send as the app, and release a new version."}},
	{"230006", VERDICT_CHANNEL, 0, {"应用没有启用机器人能力", "The app's bot is not enabled",
	  "请在开发者后台启用机器人并发布新版本。", "Enable the bot in the console, and release a new version."}},
	{"230001", VERDICT_RECEIVER, 0, {"接收人标识或参数无效", "The receiver's ID or a parameter is not valid"}},
	{"99992351", VERDICT_RECEIVER, 0, {"open_id 无效", "The open_id is not valid"}},
	{"230002", VERDICT_RECEIVER, 0, {"机器人不在会话中", "The bot is not in the chat"}},
	{"230013", VERDICT_RECEIVER, 0, {"该用户不在应用的可用范围内", "The person is outside of the app's availability",
	  "请在开发者后台扩大可用范围并发布新版本；有备用渠道时改走备用渠道。",
	  "Widen the availability in the console and release a version; it goes by a spare channel if there is one."}},
	{"230018", VERDICT_RECEIVER, 0, {"会话的设置不允许发送", "The chat's settings do not allow it"}},
	{"230034", VERDICT_RECEIVER, 0, {"接收人标识无效", "The receiver's ID is not valid"}},
	{"230035", VERDICT_RECEIVER, 0, {"没有向该用户发送消息的权限", "Messages to this person are not allowed"}},
	{"230038", VERDICT_RECEIVER, 0, {"该用户属于其他企业", "The person is of another company"}},
	{"232009", VERDICT_RECEIVER, 0, {"会话已解散", "The chat was dissolved"}},
	{"230022", VERDICT_CONTENT, 0, {"消息含有敏感信息", "The message has sensitive content"}},
	{"230025", VERDICT_CONTENT, 0, {"消息过长", "The message is too long"}},
	{"230028", VERDICT_CONTENT, 0,
	 {"消息没有通过企业的数据防泄漏检查，多因含有明文电话或邮箱",
	  "The message did not pass the company's audit, often because of phone numbers or mail addresses"}},
	{"230054", VERDICT_CONTENT, 0, {"不接受这种类型的消息", "The type of the message is not accepted"}},
	{"230099", VERDICT_CONTENT, 0, {"卡片内容不被接受", "The card's content is not accepted"}},
	{0},
};

static void judge(const NetAnswer *a, Verdict *ret)
{
	judge_codes(a, "code", "msg", codes, ret);
}

static void token_build(TALLOC_CTX *ctx, const Conf *conf, Parcel *ret)
{
	Buf *body = buf_new(ctx, 4096);
	JsonOut o = json_out(body);
	json_object_begin(&o);
	json_member_text(&o, "app_id", conf_text(conf, "app_id"));
	json_member_text(&o, "app_secret", conf_text(conf, "app_secret"));
	json_object_end(&o);
	parcel_json(ctx, ret, conf, talloc_asprintf(ctx, "%s/open-apis/auth/v3/tenant_access_token/internal",
	                                            conf_text(conf, "server")), body);
}

static char *token_read(TALLOC_CTX *ctx, const NetAnswer *a, int64_t *ret_life_ms, Verdict *ret)
{
	judge(a, ret);
	return ret->kind == VERDICT_DONE ? token_of(ctx, a, "tenant_access_token", "expire", ret_life_ms, ret) : NULL;
}

static const Setting settings[] = {
	{"app_id", SETTING_TEXT, .required = true, .zh = "App ID", .en = "App ID"},
	{"app_secret", SETTING_TEXT, .required = true, .secret = true, .zh = "App Secret", .en = "App secret"},
	{"server", SETTING_URL, .zh = "接口地址", .en = "Server", .fallback = HOST},
	{0},
};

const ChannelKind kind_feishu_app = {.name = "feishu_app", .zh = "飞书应用消息", .en = "Feishu app message",
	.settings = settings, .codes = codes,
	.address_zh = "飞书 open_id、user_id 或邮箱", .address_en = "Feishu open_id, user_id or mail",
	.address_required = true, .rate_second = 5, .build = build, .judge = judge, .token_build = token_build,
	.token_read = token_read};
