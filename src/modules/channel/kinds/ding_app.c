/* Work notices of an application in 钉钉 to single members. */
#include <string.h>

#include "modules/channel/kind.h"

#define MARKDOWN_MAX 2048
#define TITLE_MAX 64
#define HOST "https://oapi.dingtalk.com"

static bool build(TALLOC_CTX *ctx, const Errand *e, Parcel *ret, Failure *ret_why)
{
	const char *user = text_address(ctx, e->address);
	*ret_why = FAILURE_BAD_ADDRESS;
	if (!user[0])
		return false;
	Buf *body = buf_new(ctx, 16 * 1024);
	JsonOut o = json_out(body);
	json_object_begin(&o);
	json_member_int(&o, "agent_id", conf_int(e->conf, "agent_id", 0));
	json_member_text(&o, "userid_list", user);
	json_key(&o, "msg");
	json_object_begin(&o);
	json_member_text(&o, "msgtype", "markdown");
	json_key(&o, "markdown");
	json_object_begin(&o);
	json_member_text(&o, "title", text_cut(ctx, e->card->title, TITLE_MAX));
	json_member_text(&o, "text", markdown_of_card(ctx, e->card, NULL, MARKDOWN_MAX));
	json_object_end(&o);
	json_object_end(&o);
	json_object_end(&o);
	parcel_json(ctx, ret, e->conf,
	            talloc_asprintf(ctx, "%s/topapi/message/corpconversation/asyncsend_v2?access_token=%s",
	                            conf_text(e->conf, "server"), net_percent(ctx, e->token)), body);
	return true;
}

static const CodeRow codes[] = {
	{"-1", VERDICT_RETRY, 0, {"对方系统繁忙", "The partner is busy"}},
	{"40014", VERDICT_REFRESH, 0, {"访问凭证无效", "The access token is not valid"}},
	{"42001", VERDICT_REFRESH, 0, {"访问凭证已过期", "The access token has expired"}},
	{"41001", VERDICT_REFRESH, 0, {"缺少访问凭证", "The access token is missing"}},
	{"88", VERDICT_REFRESH, 0, {"鉴权没有通过", "The authentication failed"}},
	{"90018", VERDICT_LIMITED, MINUTE_MS, {"接口调用过于频繁（每秒）", "Too many calls a second"}},
	{"90002", VERDICT_LIMITED, MINUTE_MS, {"接口调用超过限制", "Too many calls"}},
	{"90005", VERDICT_LIMITED, MINUTE_MS, {"接口调用过于频繁（每分钟）", "Too many calls a minute"}},
	{"90006", VERDICT_LIMITED, MINUTE_MS, {"接口调用过于频繁（每分钟）", "Too many calls a minute"}},
	{"41047", VERDICT_LIMITED, MINUTE_MS, {"企业每分钟发送的消息超过限制", "Too many messages a minute"}},
	{"41048", VERDICT_LIMITED, MINUTE_MS, {"企业每分钟发送的消息超过总上限", "Too many messages a minute in all"}},
	{"40089", VERDICT_CHANNEL, 0, {"AppKey 或 AppSecret 不正确", "App key or app secret is wrong",
	  "请在开发者后台重新复制 AppKey 和 AppSecret。", "Copy app key and app secret from the console again."}},
	{"60011", VERDICT_CHANNEL, 0, {"应用没有调用该接口的权限", "The app may not call this interface",
	  "请在开发者后台为应用开通工作通知权限。", "Grant it the right to send work notices in the console."}},
	{"60020", VERDICT_CHANNEL, 0, {"本服务器的 IP 不在白名单中", "This server's address is not on the list",
	  "请在应用的“服务器出口 IP”中加入本服务器的 IP。", "Add the address of this server to the app's list."}},
	{"33012", VERDICT_RECEIVER, 0, {"userid 无效", "The userid is not valid"}},
	{"60121", VERDICT_RECEIVER, 0, {"找不到该用户", "There is no such user"}},
	{"50002", VERDICT_RECEIVER, 0, {"用户不在应用的可见范围内", "The user is outside of the app's scope"}},
	{"40035", VERDICT_CONTENT, 0, {"消息的参数不被接受", "A parameter of the message is not accepted"}},
	{"400002", VERDICT_CONTENT, 0, {"消息的参数不被接受", "A parameter of the message is not accepted"}},
	{0},
};

/* Behind 88 stands what it is about: {"errcode":88,"sub_code":"60011","sub_msg":"..."}. */
static void judge(const NetAnswer *a, Verdict *ret)
{
	JsonFault fault;
	judge_codes(a, "errcode", "errmsg", codes, ret);
	if (strcmp(ret->code, "88") != 0)
		return;
	TALLOC_CTX *ctx = talloc_new(NULL);
	const json_t *body = json_parse(ctx, a->body, a->len, &fault);
	const char *sub = json_text(body, "sub_code");
	if (!sub && json_is_integer(json_object_get(body, "sub_code")))
		sub = talloc_asprintf(ctx, "%lld", (long long)json_int(body, "sub_code", 0));
	if (sub && code_row(codes, sub))
		judge_row(codes, sub, json_text(body, "sub_msg"), ret);
	talloc_free(ctx);
}

static void token_build(TALLOC_CTX *ctx, const Conf *conf, Parcel *ret)
{
	ret->request = (NetRequest){.method = "GET", .allowed_host = conf->allowed_host};
	ret->request.url = talloc_asprintf(ctx, "%s/gettoken?appkey=%s&appsecret=%s", conf_text(conf, "server"),
	                                   net_percent(ctx, conf_text(conf, "appkey")),
	                                   net_percent(ctx, conf_text(conf, "appsecret")));
}

static char *token_read(TALLOC_CTX *ctx, const NetAnswer *a, int64_t *ret_life_ms, Verdict *ret)
{
	judge(a, ret);
	return ret->kind == VERDICT_DONE ? token_of(ctx, a, "access_token", "expires_in", ret_life_ms, ret) : NULL;
}

static const Setting settings[] = {
	{"appkey", SETTING_TEXT, .required = true, .zh = "AppKey", .en = "App key"},
	{"agent_id", SETTING_INT, .required = true, .zh = "AgentId", .en = "Agent ID"},
	{"appsecret", SETTING_TEXT, .required = true, .secret = true, .zh = "AppSecret", .en = "App secret"},
	{"server", SETTING_URL, .zh = "接口地址", .en = "Server", .fallback = HOST},
	{0},
};

const ChannelKind kind_ding_app = {.name = "ding_app", .zh = "钉钉工作通知", .en = "DingTalk work notice",
	.settings = settings, .codes = codes,
	.address_zh = "钉钉 userid", .address_en = "DingTalk userid", .address_required = true,
	.build = build, .judge = judge, .token_build = token_build, .token_read = token_read};
