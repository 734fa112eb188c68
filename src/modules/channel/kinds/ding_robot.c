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

static bool build(TALLOC_CTX *ctx, const Errand *e, Parcel *ret, Failure *ret_why)
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

static const CodeRow codes[] = {
	{"-1", VERDICT_RETRY, 0, {"对方系统繁忙", "The partner is busy"}},
	{"130101", VERDICT_LIMITED, REST_MS, {"发送过于频繁，对方限流十分钟", "Too many messages: shut out for ten minutes"}},
	{"410100", VERDICT_LIMITED, REST_MS, {"发送过于频繁，对方限流", "Too many messages: the robot is slowed down"}},
	{"310000", VERDICT_CHANNEL, 0,
	 {"没有通过机器人的安全设置（加签、关键词、IP 或时间）",
	  "The robot's security check failed (signature, keyword, address or time)",
	  "请核对加签密钥和本机时间；使用关键词时，普通消息也可能被拒，建议改用加签。",
	  "Check signing secret and the clock; with keywords ordinary messages may be refused: sign instead."}},
	{"300001", VERDICT_CHANNEL, 0, {"Webhook 地址中的令牌不存在", "The token in the webhook URL does not exist",
	  "请在群里重新复制 Webhook 地址填入设置。", "Copy the webhook URL from the group again."}},
	{"300005", VERDICT_CHANNEL, 0, {"Webhook 地址中的令牌不存在", "The token in the webhook URL does not exist",
	  "请在群里重新复制 Webhook 地址填入设置。", "Copy the webhook URL from the group again."}},
	{"400101", VERDICT_CHANNEL, 0, {"Webhook 地址中的令牌不存在", "The token in the webhook URL does not exist",
	  "请在群里重新复制 Webhook 地址填入设置。", "Copy the webhook URL from the group again."}},
	{"40035", VERDICT_CHANNEL, 0, {"Webhook 地址不完整", "The webhook URL is incomplete",
	  "请在群里重新复制 Webhook 地址填入设置。", "Copy the webhook URL from the group again."}},
	{"400013", VERDICT_CHANNEL, 0, {"群已解散", "The group was dissolved",
	  "请在别的群添加机器人，并更新 Webhook 地址。", "Add a robot in another group, and enter its webhook URL."}},
	{"400102", VERDICT_CHANNEL, 0, {"机器人已停用", "The robot is switched off",
	  "请在群里启用机器人。", "Switch it on in the group."}},
	{"400106", VERDICT_CHANNEL, 0, {"机器人不存在，可能已被移出群", "There is no such robot; it may have been removed",
	  "请在群里重新复制 Webhook 地址填入设置。", "Copy the webhook URL from the group again."}},
	{"400105", VERDICT_CONTENT, 0, {"不接受这种类型的消息", "The type of the message is not accepted"}},
	{"430101", VERDICT_CONTENT, 0, {"消息含有不安全的外链", "The message has a link that is held for unsafe"}},
	{"430102", VERDICT_CONTENT, 0, {"消息含有不合适的文字", "The message has words that are not allowed"}},
	{"430103", VERDICT_CONTENT, 0, {"消息含有不合适的图片", "The message has a picture that is not allowed"}},
	{"430104", VERDICT_CONTENT, 0, {"消息含有不合适的内容", "The message has content that is not allowed"}},
	{0},
};

static void judge(const NetAnswer *a, Verdict *ret)
{
	judge_codes(a, "errcode", "errmsg", codes, ret);
}

static const Setting settings[] = {
	{"url", SETTING_URL, .required = true, .secret = true, .zh = "机器人 Webhook 地址", .en = "Webhook URL of the robot"},
	{"secret", SETTING_TEXT, .secret = true, .zh = "加签密钥", .en = "Signing secret", .help_zh = "SEC 开头；用关键词或 IP 方式时可不填",
     .help_en = "It begins with SEC; blank if the robot is secured by keyword or address"},
	{0},
};

const ChannelKind kind_ding_robot = {.name = "ding_robot", .zh = "钉钉群机器人", .en = "DingTalk group robot",
	.settings = settings, .codes = codes, .address_zh = "钉钉手机号（用于 @ 提醒，可不填）",
		.address_en = "Mobile number in DingTalk (to mention; may stay blank)",
	.group = true, .rate_minute = 20, .build = build, .judge = judge};
