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

static bool build(TALLOC_CTX *ctx, const Errand *e, Parcel *ret, Failure *ret_why)
{
	Buf *body = buf_new(ctx, 16 * 1024);
	JsonOut o = json_out(body);
	const char *user = text_address(ctx, e->address);
	*ret_why = FAILURE_BAD_ADDRESS;
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

static const CodeRow codes[] = {
	{"-1", VERDICT_RETRY, 0, {"对方系统繁忙", "The partner is busy"}},
	{"40014", VERDICT_REFRESH, 0, {"访问凭证无效", "The access token is not valid"}},
	{"41001", VERDICT_REFRESH, 0, {"缺少访问凭证", "The access token is missing"}},
	{"42001", VERDICT_REFRESH, 0, {"访问凭证已过期", "The access token has expired"}},
	{"40001", VERDICT_CHANNEL, 0, {"应用 Secret 不正确", "The app secret is wrong",
	  "请在管理后台重新复制企业 ID 和应用 Secret。", "Copy corp ID and app secret from the console again."}},
	{"40091", VERDICT_CHANNEL, 0, {"Secret 不正确，可能属于别的企业", "The secret is wrong, or of another company",
	  "请在管理后台重新复制企业 ID 和应用 Secret。", "Copy corp ID and app secret from the console again."}},
	{"40013", VERDICT_CHANNEL, 0, {"企业 ID 不正确", "The corp ID is wrong",
	  "请在管理后台重新复制企业 ID 和应用 Secret。", "Copy corp ID and app secret from the console again."}},
	{"41002", VERDICT_CHANNEL, 0, {"缺少企业 ID", "The corp ID is missing",
	  "请在管理后台重新复制企业 ID 和应用 Secret。", "Copy corp ID and app secret from the console again."}},
	{"41004", VERDICT_CHANNEL, 0, {"缺少应用 Secret", "The app secret is missing",
	  "请在管理后台重新复制企业 ID 和应用 Secret。", "Copy corp ID and app secret from the console again."}},
	{"40056", VERDICT_CHANNEL, 0, {"应用 AgentId 不正确", "The agent ID is wrong",
	  "请核对应用的 AgentId。", "Check the agent ID of the app."}},
	{"41011", VERDICT_CHANNEL, 0, {"缺少应用 AgentId", "The agent ID is missing",
	  "请填写应用的 AgentId。", "Enter the agent ID of the app."}},
	{"301002", VERDICT_CHANNEL, 0, {"Secret 无权使用这个应用", "The secret may not use this app",
	  "请使用同一个应用的 AgentId 和 Secret。", "Use agent ID and secret of the same app."}},
	{"48002", VERDICT_CHANNEL, 0, {"应用没有发消息的权限", "The app may not send messages",
	  "请在管理后台为应用开通权限。", "Grant it the right in the console."}},
	{"50003", VERDICT_CHANNEL, 0, {"应用已停用", "The app is switched off",
	  "请在管理后台启用应用。", "Switch it on in the console."}},
	{"60020", VERDICT_CHANNEL, 0, {"本服务器的 IP 不在可信 IP 中", "This server's address is not trusted",
	  "请在应用的“企业可信 IP”中加入本服务器的出口 IP。", "Add the address of this server to the app's trusted addresses."}},
	{"45009", VERDICT_LIMITED, MINUTE_MS, {"调用超过频率限制", "Too many calls"}},
	{"45033", VERDICT_LIMITED, 5 * SECOND_MS, {"同时调用过多", "Too many calls at once"}},
	{"81013", VERDICT_RECEIVER, 0,
	 {"收件人不存在或不在应用的可见范围内",
	  "The person does not exist, or is outside of the app's scope"}},
	{"82001", VERDICT_RECEIVER, 0, {"收件人无效", "The receiver is not valid"}},
	{"60111", VERDICT_RECEIVER, 0, {"userid 不存在", "There is no such userid"}},
	{"40003", VERDICT_RECEIVER, 0, {"userid 无效", "The userid is not valid"}},
	{"40031", VERDICT_RECEIVER, 0, {"userid 不在通讯录中", "The userid is not in the directory"}},
	{"46004", VERDICT_RECEIVER, 0, {"用户不存在", "There is no such user"}},
	{"50002", VERDICT_RECEIVER, 0, {"成员不在应用的权限范围内", "The member is outside of the app's rights"}},
	{"60011", VERDICT_RECEIVER, 0, {"应用无权向该成员发送", "The app may not write to this member"}},
	{"40008", VERDICT_CONTENT, 0, {"不接受这种类型的消息", "The type of the message is not accepted"}},
	{"40058", VERDICT_CONTENT, 0, {"消息的参数不被接受", "A parameter of the message is not accepted"}},
	{"44004", VERDICT_CONTENT, 0, {"消息内容为空", "The message is empty"}},
	{"45002", VERDICT_CONTENT, 0, {"消息过长", "The message is too long"}},
	{"85002", VERDICT_CONTENT, 0, {"消息含有不允许的词语", "The message has words that are not allowed"}},
	{0},
};

static void judge(const NetAnswer *a, Verdict *ret)
{
	JsonFault fault;
	judge_codes(a, "errcode", "errmsg", codes, ret);
	if (ret->kind != VERDICT_DONE)
		return;
	TALLOC_CTX *ctx = talloc_new(NULL);
	const json_t *body = json_parse(ctx, a->body, a->len, &fault);
	const char *invalid = json_text(body, "invaliduser"), *unlicensed = json_text(body, "unlicenseduser");
	if (invalid && invalid[0])
		verdict_set(ret, VERDICT_RECEIVER, FAILURE_INVALID_USER, invalid);
	else if (unlicensed && unlicensed[0])
		verdict_set(ret, VERDICT_RECEIVER, FAILURE_UNLICENSED_USER, unlicensed);
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
	judge_codes(a, "errcode", "errmsg", codes, ret);
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
	.settings = settings, .codes = codes,
	.address_zh = "企业微信 userid", .address_en = "WeCom userid", .address_required = true,
	.build = build, .judge = judge, .token_build = token_build, .token_read = token_read};
