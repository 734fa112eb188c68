/* The robot of a group in 飞书: an interactive card, the signature inside the body. */
#include <string.h>

#include "modules/channel/kind.h"

#define BODY_MAX (20 * 1024)
#define MARKDOWN_MAX (12 * 1024)

static void write_signature(TALLOC_CTX *ctx, JsonOut *o, const Errand *e)
{
	const char *secret = conf_text(e->conf, "secret");
	int64_t now_s = e->now_ms / SECOND_MS;
	if (!secret)
		return;
	json_member_text(o, "timestamp", talloc_asprintf(ctx, "%lld", (long long)now_s));
	json_member_text(o, "sign", sign_feishu(ctx, secret, now_s));
}

/* {"tag":TAG,"content":TEXT} */
static void write_text(JsonOut *o, const char *tag, const char *text)
{
	json_object_begin(o);
	json_member_text(o, "tag", tag);
	json_member_text(o, "content", text);
	json_object_end(o);
}

void feishu_card_write(TALLOC_CTX *ctx, JsonOut *o, const Card *card, const char *mention)
{
	Card body = *card;
	json_object_begin(o);
	json_key(o, "header");
	json_object_begin(o);
	json_member_text(o, "template", card->urgent ? "red" : "blue");
	json_key(o, "title");
	write_text(o, "plain_text", text_cut(ctx, card->title, 200));
	json_object_end(o);
	json_key(o, "elements");
	json_array_begin(o);
	json_object_begin(o);
	json_member_text(o, "tag", "div");
	json_key(o, "text");
	write_text(o, "lark_md", markdown_of_card(ctx, &body, mention, MARKDOWN_MAX));
	json_object_end(o);
	json_array_end(o);
	json_object_end(o);
}

static bool build(TALLOC_CTX *ctx, const Errand *e, Parcel *ret, const char **ret_why)
{
	const char *mention = e->address[0] ? talloc_asprintf(ctx, "<at id=%s></at>", text_address(ctx, e->address)) : NULL;
	Buf *body = buf_new(ctx, BODY_MAX);
	JsonOut o = json_out(body);
	json_object_begin(&o);
	write_signature(ctx, &o, e);
	json_member_text(&o, "msg_type", "interactive");
	json_key(&o, "card");
	feishu_card_write(ctx, &o, e->card, mention);
	json_object_end(&o);
	*ret_why = "too_large";
	parcel_json(ctx, ret, e->conf, talloc_strdup(ctx, conf_text(e->conf, "url")), body);
	return !buf_failed(body);
}

static void judge(const NetAnswer *a, Verdict *ret)
{
	static const CodeRow rows[] = {
		{19021, VERDICT_CHANNEL, 0},
		{19022, VERDICT_CHANNEL, 0},
		{19024, VERDICT_CHANNEL, 0},
		{19001, VERDICT_CHANNEL, 0},
		{9499, VERDICT_CHANNEL, 0},
		{11232, VERDICT_LIMITED, MINUTE_MS},
		{0},
	};
	judge_codes(a, "code", "msg", rows, ret);
}

static const Setting settings[] = {
	{"url", SETTING_URL, .required = true, .secret = true, .zh = "机器人 Webhook 地址", .en = "Webhook URL of the robot"},
	{"secret", SETTING_TEXT, .secret = true, .zh = "签名校验密钥", .en = "Signing secret", .help_zh = "未开启签名校验时可不填",
     .help_en = "Blank if signatures are not demanded"},
	{0},
};

const ChannelKind kind_feishu_robot = {.name = "feishu_robot", .zh = "飞书群机器人", .en = "Feishu group robot",
	.settings = settings, .address_zh = "飞书 open_id 或 user_id（用于 @ 提醒，可不填）",
	.address_en = "Feishu open_id or user_id (to mention; may stay blank)", .group = true, .rate_minute = 100,
	.rate_second = 5, .build = build, .judge = judge};
