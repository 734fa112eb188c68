/* Messages of an application in 企业微信 to single members. An access token first; partial failure is errcode 0 with
 * the member in invaliduser. The partner drops a message that is sent twice within the interval. */
#include <string.h>

#include "modules/channel/kind.h"

#define TITLE_MAX 128
#define TEXT_MAX 512
#define URL_MAX 2048
#define HOST "https://qyapi.weixin.qq.com"

static void write_textcard(TALLOC_CTX *ctx, JsonOut *o, const Card *card)
{
	Card plain = *card; /* the link is a member of its own */
	plain.link = NULL;
	json_member_text(o, "msgtype", "textcard");
	json_key(o, "textcard");
	json_object_begin(o);
	json_member_text(o, "title", text_cut(ctx, card->title, TITLE_MAX));
	json_member_text(o, "description", text_of_card(ctx, &plain, TEXT_MAX));
	json_member_text(o, "url", card->link);
	json_member_text(o, "btntxt", card->lang == LANG_EN ? "Open" : "详情");
	json_object_end(o);
}

static void write_plain(TALLOC_CTX *ctx, JsonOut *o, const Card *card)
{
	json_member_text(o, "msgtype", "text");
	json_key(o, "text");
	json_object_begin(o);
	json_member_text(o, "content", text_of_card(ctx, card, URL_MAX));
	json_object_end(o);
}

static bool build(TALLOC_CTX *ctx, const Errand *e, Parcel *ret, const char **ret_why)
{
	Buf *body = buf_new(ctx, 16 * 1024);
	JsonOut o = json_out(body);
	const char *user = text_address(ctx, e->address);
	*ret_why = "bad_address";
	if (!user[0])
		return false;
	json_object_begin(&o);
	json_member_text(&o, "touser", user);
	json_member_int(&o, "agentid", conf_int(e->conf, "agentid", 0));
	if (e->card->link)
		write_textcard(ctx, &o, e->card);
	else
		write_plain(ctx, &o, e->card);
	json_member_int(&o, "enable_duplicate_check", 1);
	json_member_int(&o, "duplicate_check_interval", 1800);
	json_object_end(&o);
	parcel_json(ctx, ret, e->conf,
	            talloc_asprintf(ctx, "%s/cgi-bin/message/send?access_token=%s", conf_text(e->conf, "server"),
	                            net_percent(ctx, e->token)), body);
	return true;
}

static const CodeRow rows[] = {
	{-1, VERDICT_RETRY, 0},
	{40014, VERDICT_REFRESH, 0},
	{42001, VERDICT_REFRESH, 0},
	{40001, VERDICT_CHANNEL, 0},
	{40013, VERDICT_CHANNEL, 0},
	{40056, VERDICT_CHANNEL, 0},
	{301002, VERDICT_CHANNEL, 0},
	{48002, VERDICT_CHANNEL, 0},
	{60020, VERDICT_CHANNEL, 0},
	{45009, VERDICT_LIMITED, MINUTE_MS},
	{45033, VERDICT_LIMITED, 5 * SECOND_MS},
	{81013, VERDICT_RECEIVER, 0},
	{60111, VERDICT_RECEIVER, 0},
	{40003, VERDICT_RECEIVER, 0},
	{86001, VERDICT_RECEIVER, 0},
	{0},
};

static void judge(const NetAnswer *a, Verdict *ret)
{
	JsonFault fault;
	judge_codes(a, "errcode", "errmsg", rows, ret);
	if (ret->kind != VERDICT_DONE)
		return;
	TALLOC_CTX *ctx = talloc_new(NULL);
	const char *invalid = json_text(json_parse(ctx, a->body, a->len, &fault), "invaliduser");
	if (invalid && invalid[0])
		verdict_set(ret, VERDICT_RECEIVER, "invaliduser", invalid);
	talloc_free(ctx);
}

static void token_build(TALLOC_CTX *ctx, const Conf *conf, Parcel *ret)
{
	ret->request = (NetRequest){.method = "GET", .allowed_host = conf->allowed_host};
	ret->request.url = talloc_asprintf(ctx, "%s/cgi-bin/gettoken?corpid=%s&corpsecret=%s", conf_text(conf, "server"),
	                                   net_percent(ctx, conf_text(conf, "corpid")),
	                                   net_percent(ctx, conf_text(conf, "secret")));
}

static char *token_read(TALLOC_CTX *ctx, const NetAnswer *a, int64_t *ret_life_ms, Verdict *ret)
{
	judge_codes(a, "errcode", "errmsg", rows, ret);
	return ret->kind == VERDICT_DONE ? token_of(ctx, a, "access_token", "expires_in", ret_life_ms, ret) : NULL;
}

static const Setting settings[] = {
	{"corpid", SETTING_TEXT, .required = true, .zh = "企业 ID（corpid）", .en = "Corp ID"},
	{"agentid", SETTING_INT, .required = true, .zh = "应用 AgentId", .en = "Agent ID"},
	{"secret", SETTING_TEXT, .required = true, .secret = true, .zh = "应用 Secret", .en = "App secret"},
	{"server", SETTING_URL, .zh = "接口地址", .en = "Server", .fallback = HOST},
	{0},
};

const ChannelKind kind_wecom_app = {.name = "wecom_app", .zh = "企业微信应用消息", .en = "WeCom app message",
	.settings = settings, .address_zh = "企业微信 userid", .address_en = "WeCom userid", .address_required = true,
	.build = build, .judge = judge, .token_build = token_build, .token_read = token_read};
