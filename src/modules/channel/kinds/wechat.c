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

static bool build(TALLOC_CTX *ctx, const Errand *e, Parcel *ret, const char **ret_why)
{
	const Card *card = e->card;
	const char *openid = text_address(ctx, e->address);
	*ret_why = "bad_address";
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

static const CodeRow rows[] = {
	{-1, VERDICT_RETRY, 0},
	{40001, VERDICT_REFRESH, 0},
	{40014, VERDICT_REFRESH, 0},
	{42001, VERDICT_REFRESH, 0},
	{45009, VERDICT_LIMITED, HOUR_MS},
	{40013, VERDICT_CHANNEL, 0},
	{40125, VERDICT_CHANNEL, 0},
	{40164, VERDICT_CHANNEL, 0},
	{40037, VERDICT_CHANNEL, 0},
	{47003, VERDICT_CHANNEL, 0},
	{40003, VERDICT_RECEIVER, 0},
	{43004, VERDICT_RECEIVER, 0},
	{43101, VERDICT_RECEIVER, 0},
	{0},
};

static void judge(const NetAnswer *a, Verdict *ret)
{
	judge_codes(a, "errcode", "errmsg", rows, ret);
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
		judge_codes(a, "errcode", "errmsg", rows, ret);
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
	.settings = settings, .address_zh = "微信 openid", .address_en = "WeChat openid", .address_required = true,
	.build = build, .judge = judge, .token_build = token_build, .token_read = token_read};
