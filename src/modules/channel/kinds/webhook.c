/* A signed webhook after Standard Webhooks 1.0: headers webhook-id, webhook-timestamp, webhook-signature; the id is
 * the receiver's idempotency key. 410 means: stop. */
#include <string.h>

#include "call/when.h"
#include "modules/channel/kind.h"

#define BODY_MAX (20 * 1024) /* the specification's advice */

static void body_write(const Card *card, JsonOut *o)
{
	char at[WHEN_TEXT_SIZE];
	json_object_begin(o);
	json_member_text(o, "type", card->reason);
	json_member_text(o, "timestamp", when_text(card->at_ms, at));
	json_key(o, "data");
	json_object_begin(o);
	json_member_text(o, "title", card->title);
	json_member_text(o, "receiver", card->receiver);
	json_member_text(o, "object", card->object);
	json_member_id(o, "record", card->record);
	json_member_int(o, "count", card->count);
	json_member_bool(o, "urgent", card->urgent);
	json_member_text(o, "countdown", card->countdown);
	json_member_text(o, "link", card->link);
	json_key(o, "lines");
	json_array_begin(o);
	for (int i = 0; i < card->n_lines; i++) {
		json_object_begin(o);
		json_member_text(o, "label", card->lines[i].label);
		json_member_text(o, "value", card->lines[i].value);
		json_object_end(o);
	}
	json_array_end(o);
	json_object_end(o);
	json_object_end(o);
}

static bool build(TALLOC_CTX *ctx, const Errand *e, Parcel *ret, Failure *ret_why)
{
	Buf *body = buf_new(ctx, BODY_MAX);
	JsonOut o = json_out(body);
	body_write(e->card, &o);
	int64_t now_s = e->now_ms / SECOND_MS;
	const char *signature = sign_standard(ctx, conf_text(e->conf, "secret"), e->card->id, now_s, body->data);
	*ret_why = !signature ? FAILURE_BAD_SECRET : FAILURE_TOO_LARGE;
	if (!signature || buf_failed(body))
		return false;
	parcel_json(ctx, ret, e->conf, talloc_strdup(ctx, conf_text(e->conf, "url")), body);
	ret->request.headers[1] = talloc_asprintf(ctx, "webhook-id: %s", e->card->id);
	ret->request.headers[2] = talloc_asprintf(ctx, "webhook-timestamp: %lld", (long long)now_s);
	ret->request.headers[3] = talloc_asprintf(ctx, "webhook-signature: %s", signature);
	return true;
}

static void judge(const NetAnswer *a, Verdict *ret)
{
	if (!judge_transport(a, ret))
		verdict_set(ret, VERDICT_DONE, FAILURE_NONE, "");
	else if (a->result == NET_OK && a->status == 410)
		ret->kind = VERDICT_GONE;
	else if (a->result == NET_OK && a->status == 413) /* this body, not every one */
		ret->kind = VERDICT_CONTENT;
	else if (a->result == NET_OK && (a->status == 502 || a->status == 504))
		ret->kind = VERDICT_LIMITED, ret->wait_ms = a->retry_after_ms ? a->retry_after_ms : MINUTE_MS;
}

static const Setting settings[] = {
	{"url", SETTING_URL, .required = true, .secret = true, .zh = "地址", .en = "URL"},
	{"secret", SETTING_TEXT, .required = true, .secret = true, .zh = "签名密钥", .en = "Signing secret",
     .help_zh = "whsec_ 开头，24 至 64 字节的 Base64", .help_en = "whsec_ and 24 to 64 bytes in Base64"},
	{0},
};

const ChannelKind kind_webhook = {.name = "webhook", .zh = "Webhook（已签名）", .en = "Webhook (signed)",
	.settings = settings, .build = build, .judge = judge};
