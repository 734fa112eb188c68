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

static bool build(TALLOC_CTX *ctx, const Errand *e, Parcel *ret, const char **ret_why)
{
	const char *address = text_address(ctx, e->address);
	*ret_why = "bad_address";
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
	*ret_why = "too_large";
	return !buf_failed(card) && !buf_failed(body);
}

static const CodeRow rows[] = {
	{99991663, VERDICT_REFRESH, 0},
	{99991661, VERDICT_REFRESH, 0},
	{99991668, VERDICT_REFRESH, 0},
	{99991400, VERDICT_LIMITED, MINUTE_MS},
	{11232, VERDICT_LIMITED, MINUTE_MS},
	{230020, VERDICT_LIMITED, 5 * SECOND_MS},
	{10003, VERDICT_CHANNEL, 0},
	{10014, VERDICT_CHANNEL, 0},
	{99991672, VERDICT_CHANNEL, 0},
	{230006, VERDICT_CHANNEL, 0},
	{230001, VERDICT_RECEIVER, 0},
	{230013, VERDICT_RECEIVER, 0},
	{230034, VERDICT_RECEIVER, 0},
	{0},
};

/* This partner tells its codes also beside HTTP 400. */
static void judge(const NetAnswer *a, Verdict *ret)
{
	NetAnswer plain = *a;
	if (a->result == NET_OK && a->status == 400)
		plain.status = 200;
	judge_codes(&plain, "code", "msg", rows, ret);
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
	.settings = settings, .address_zh = "飞书 open_id、user_id 或邮箱", .address_en = "Feishu open_id, user_id or mail",
	.address_required = true, .rate_second = 5, .build = build, .judge = judge, .token_build = token_build,
	.token_read = token_read};
