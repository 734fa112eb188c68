/* The robot of a group in 企业微信. Everything is answered with HTTP 200 and a code inside. */
#include <string.h>

#include "modules/channel/kind.h"

#define MARKDOWN_MAX 4096 /* bytes */

static bool build(TALLOC_CTX *ctx, const Errand *e, Parcel *ret, Failure *ret_why)
{
	(void)ret_why;
	const char *mention = e->address[0] ? talloc_asprintf(ctx, "<@%s>", text_address(ctx, e->address)) : NULL;
	Buf *body = buf_new(ctx, 32 * 1024);
	JsonOut o = json_out(body);
	json_object_begin(&o);
	json_member_text(&o, "msgtype", "markdown");
	json_key(&o, "markdown");
	json_object_begin(&o);
	json_member_text(&o, "content", markdown_of_card(ctx, e->card, mention, MARKDOWN_MAX));
	json_object_end(&o);
	json_object_end(&o);
	parcel_json(ctx, ret, e->conf, talloc_strdup(ctx, conf_text(e->conf, "url")), body);
	return true;
}

static const CodeRow codes[] = {
	{"-1", VERDICT_RETRY, 0, {"对方系统繁忙", "The partner is busy"}},
	{"45009", VERDICT_LIMITED, MINUTE_MS, {"发送过于频繁，超过每分钟的上限", "Too many messages a minute"}},
	{"45033", VERDICT_LIMITED, 5 * SECOND_MS, {"同时发送的请求过多", "Too many requests at once"}},
	{"93000", VERDICT_CHANNEL, 0,
	 {"Webhook 地址无效，机器人可能已被移除",
	  "The webhook URL is not valid; the robot may have been removed",
	  "请在群里重新复制 Webhook 地址填入设置。", "Copy the webhook URL from the group again."}},
	{"93004", VERDICT_CHANNEL, 0, {"机器人已停用", "The robot is switched off",
	  "请在群里启用机器人。", "Switch it on in the group."}},
	{"93008", VERDICT_CHANNEL, 0, {"机器人已不在群里", "The robot is no longer in the group",
	  "请重新添加机器人，并更新 Webhook 地址。", "Add it again, and enter its new webhook URL."}},
	{"40008", VERDICT_CONTENT, 0, {"不接受这种类型的消息", "The type of the message is not accepted"}},
	{"40058", VERDICT_CONTENT, 0, {"消息的参数不被接受", "A parameter of the message is not accepted"}},
	{"44004", VERDICT_CONTENT, 0, {"消息内容为空", "The message is empty"}},
	{"45002", VERDICT_CONTENT, 0, {"消息过长", "The message is too long"}},
	{"85002", VERDICT_CONTENT, 0, {"消息含有不允许的词语", "The message has words that are not allowed"}},
	{0},
};

static void judge(const NetAnswer *a, Verdict *ret)
{
	judge_codes(a, "errcode", "errmsg", codes, ret);
}

static const Setting settings[] = {
	{"url", SETTING_URL, .required = true, .secret = true, .zh = "机器人 Webhook 地址", .en = "Webhook URL of the robot",
     .help_zh = "群设置 → 群机器人 → 复制 Webhook 地址", .help_en = "Group settings, robots, copy the webhook URL"},
	{0},
};

const ChannelKind kind_wecom_robot = {.name = "wecom_robot", .zh = "企业微信群机器人", .en = "WeCom group robot",
	.settings = settings, .codes = codes, .address_zh = "企业微信 userid（用于 @ 提醒，可不填）",
	.address_en = "WeCom userid (to mention; may stay blank)", .group = true, .rate_minute = 20, .build = build,
	.judge = judge};
