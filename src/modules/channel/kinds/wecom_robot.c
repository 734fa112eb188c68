/* The robot of a group in 企业微信. Everything is answered with HTTP 200 and a code inside. */
#include <string.h>

#include "modules/channel/kind.h"

#define MARKDOWN_MAX 4096 /* bytes */

static bool build(TALLOC_CTX *ctx, const Errand *e, Parcel *ret, const char **ret_why)
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

static void judge(const NetAnswer *a, Verdict *ret)
{
	static const CodeRow rows[] = {
		{-1, VERDICT_RETRY, 0},
		{45009, VERDICT_LIMITED, MINUTE_MS},
		{45033, VERDICT_LIMITED, 5 * SECOND_MS},
		{93000, VERDICT_CHANNEL, 0},
		{93004, VERDICT_CHANNEL, 0},
		{93008, VERDICT_CHANNEL, 0},
		{40058, VERDICT_RECEIVER, 0},
		{0},
	};
	judge_codes(a, "errcode", "errmsg", rows, ret);
}

static const Setting settings[] = {
	{"url", SETTING_URL, .required = true, .secret = true, .zh = "机器人 Webhook 地址", .en = "Webhook URL of the robot",
     .help_zh = "群设置 → 群机器人 → 复制 Webhook 地址", .help_en = "Group settings, robots, copy the webhook URL"},
	{0},
};

const ChannelKind kind_wecom_robot = {.name = "wecom_robot", .zh = "企业微信群机器人", .en = "WeCom group robot",
	.settings = settings, .address_zh = "企业微信 userid（用于 @ 提醒，可不填）",
	.address_en = "WeCom userid (to mention; may stay blank)", .group = true, .rate_minute = 20, .build = build,
	.judge = judge};
