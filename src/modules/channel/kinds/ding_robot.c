/* The robot of a group in 钉钉: key in the URL, signature by HMAC of time and secret beside it. */
#include <string.h>

#include "modules/channel/kind.h"

#define MARKDOWN_MAX (18 * 1024)
#define TITLE_MAX 128
#define REST_MS (10 * MINUTE_MS) /* who sends too much is shut out so long */

static char *signed_url(TALLOC_CTX *ctx, const Errand *e)
{
	const char *url = conf_text(e->conf, "url"), *secret = conf_text(e->conf, "secret");
	if (!secret)
		return talloc_strdup(ctx, url);
	const char *sign = net_percent(ctx, sign_dingtalk(ctx, secret, e->now_ms));
	return talloc_asprintf(ctx, "%s%ctimestamp=%lld&sign=%s", url, strchr(url, '?') ? '&' : '?', (long long)e->now_ms,
		sign);
}

static void write_at(JsonOut *o, const char *mobile)
{
	json_key(o, "at");
	json_object_begin(o);
	json_key(o, "atMobiles");
	json_array_begin(o);
	json_put_text(o, mobile);
	json_array_end(o);
	json_member_bool(o, "isAtAll", false);
	json_object_end(o);
}

static bool build(TALLOC_CTX *ctx, const Errand *e, Parcel *ret, const char **ret_why)
{
	(void)ret_why;
	const char *mobile = text_address(ctx, e->address);
	const char *mention = mobile[0] ? talloc_asprintf(ctx, "@%s", mobile) : NULL;
	Buf *body = buf_new(ctx, 64 * 1024);
	JsonOut o = json_out(body);
	json_object_begin(&o);
	json_member_text(&o, "msgtype", "markdown");
	json_key(&o, "markdown");
	json_object_begin(&o);
	json_member_text(&o, "title", text_cut(ctx, e->card->title, TITLE_MAX));
	json_member_text(&o, "text", markdown_of_card(ctx, e->card, mention, MARKDOWN_MAX));
	json_object_end(&o);
	if (mention)
		write_at(&o, mobile);
	json_object_end(&o);
	parcel_json(ctx, ret, e->conf, signed_url(ctx, e), body);
	return true;
}

static void judge(const NetAnswer *a, Verdict *ret)
{
	static const CodeRow rows[] = {
		{-1, VERDICT_RETRY, 0},
		{130101, VERDICT_LIMITED, REST_MS},
		{410100, VERDICT_LIMITED, REST_MS},
		{310000, VERDICT_CHANNEL, 0},
		{300001, VERDICT_CHANNEL, 0},
		{300005, VERDICT_CHANNEL, 0},
		{400013, VERDICT_CHANNEL, 0},
		{400101, VERDICT_CHANNEL, 0},
		{400102, VERDICT_CHANNEL, 0},
		{0},
	};
	judge_codes(a, "errcode", "errmsg", rows, ret);
}

static const Setting settings[] = {
	{"url", SETTING_URL, .required = true, .secret = true, .zh = "机器人 Webhook 地址", .en = "Webhook URL of the robot"},
	{"secret", SETTING_TEXT, .secret = true, .zh = "加签密钥", .en = "Signing secret", .help_zh = "SEC 开头；用关键词或 IP 方式时可不填",
     .help_en = "It begins with SEC; blank if the robot is secured by keyword or address"},
	{0},
};

const ChannelKind kind_ding_robot = {.name = "ding_robot", .zh = "钉钉群机器人", .en = "DingTalk group robot",
	.settings = settings, .address_zh = "钉钉手机号（用于 @ 提醒，可不填）",
		.address_en = "Mobile number in DingTalk (to mention; may stay blank)",
	.group = true, .rate_minute = 20, .build = build, .judge = judge};
