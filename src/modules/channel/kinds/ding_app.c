/* Work notices of an application in 钉钉 to single members. */
#include <string.h>

#include "modules/channel/kind.h"

#define MARKDOWN_MAX 2048
#define TITLE_MAX 64
#define HOST "https://oapi.dingtalk.com"

static bool build(TALLOC_CTX *ctx, const Errand *e, Parcel *ret, const char **ret_why)
{
	const char *user = text_address(ctx, e->address);
	*ret_why = "bad_address";
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

static const CodeRow rows[] = {
	{-1, VERDICT_RETRY, 0},
	{40014, VERDICT_REFRESH, 0},
	{42001, VERDICT_REFRESH, 0},
	{88, VERDICT_REFRESH, 0},
	{90018, VERDICT_LIMITED, MINUTE_MS},
	{90002, VERDICT_LIMITED, MINUTE_MS},
	{40089, VERDICT_CHANNEL, 0},
	{60020, VERDICT_CHANNEL, 0},
	{33012, VERDICT_RECEIVER, 0},
	{60121, VERDICT_RECEIVER, 0},
	{0},
};

static void judge(const NetAnswer *a, Verdict *ret)
{
	judge_codes(a, "errcode", "errmsg", rows, ret);
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
	.settings = settings, .address_zh = "钉钉 userid", .address_en = "DingTalk userid", .address_required = true,
	.build = build, .judge = judge, .token_build = token_build, .token_read = token_read};
