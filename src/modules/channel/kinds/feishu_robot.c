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

static bool build(TALLOC_CTX *ctx, const Errand *e, Parcel *ret, Failure *ret_why)
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
	*ret_why = FAILURE_TOO_LARGE;
	parcel_json(ctx, ret, e->conf, talloc_strdup(ctx, conf_text(e->conf, "url")), body);
	return !buf_failed(body);
}

static const CodeRow codes[] = {
	{"2200", VERDICT_RETRY, 0, {"对方内部错误", "The partner has an internal error"}},
	{"11232", VERDICT_LIMITED, MINUTE_MS, {"发送过于频繁", "Too many messages"}},
	{"99991400", VERDICT_LIMITED, MINUTE_MS, {"调用过于频繁", "Too many calls"}},
	{"19001", VERDICT_CHANNEL, 0, {"Webhook 地址无效", "The webhook URL is not valid",
	  "请在群里重新复制 Webhook 地址填入设置。", "Copy the webhook URL from the group again."}},
	{"19021", VERDICT_CHANNEL, 0,
	 {"签名不符，或本机时间相差一小时以上",
	  "The signature is wrong, or the clock is off by more than an hour",
	  "请核对签名密钥和本机时间。", "Check signing secret and the clock of this machine."}},
	{"19022", VERDICT_CHANNEL, 0, {"本服务器的 IP 不在白名单中", "This server's address is not on the list",
	  "请在机器人的 IP 白名单中加入本服务器的出口 IP。", "Add the address of this server to the robot's list."}},
	{"19024", VERDICT_CHANNEL, 0, {"消息里没有机器人要求的关键词", "The keyword that the robot demands is missing",
	  "建议取消关键词，改用签名校验。", "Use signatures instead of a keyword."}},
	{"19002", VERDICT_CONTENT, 0, {"消息的参数不被接受", "A parameter of the message is not accepted"}},
	{"9499", VERDICT_CONTENT, 0, {"消息的格式不被接受", "The form of the message is not accepted"}},
	{0},
};

static void judge(const NetAnswer *a, Verdict *ret)
{
	judge_codes(a, "code", "msg", codes, ret);
}

static const Setting settings[] = {
	{"url", SETTING_URL, .required = true, .secret = true, .zh = "机器人 Webhook 地址", .en = "Webhook URL of the robot"},
	{"secret", SETTING_TEXT, .secret = true, .zh = "签名校验密钥", .en = "Signing secret", .help_zh = "未开启签名校验时可不填",
     .help_en = "Blank if signatures are not demanded"},
	{0},
};

const ChannelKind kind_feishu_robot = {.name = "feishu_robot", .zh = "飞书群机器人", .en = "Feishu group robot",
	.settings = settings, .codes = codes, .address_zh = "飞书 open_id 或 user_id（用于 @ 提醒，可不填）",
	.address_en = "Feishu open_id or user_id (to mention; may stay blank)", .group = true, .rate_minute = 100,
	.rate_second = 5, .build = build, .judge = judge};
