/* Notifications of the browser, after RFC 8030: to each device of a person that asked for them, encrypted so that the
 * push service cannot read them. The hosts are named by browsers: what one of them answers must not stop the channel
 * for all, so nothing here opens its breaker. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "modules/channel/kind.h"
#include "modules/channel/webpush.h"

#define TITLE_BYTES 200
#define BODY_BYTES 1500
#define TTL_S 1800
#define TOKEN_LIFE_S (12 * 3600)
#define ENDPOINT_MAX 1024
#define WORD_MAX 128

static const char *text_write(TALLOC_CTX *ctx, const Card *card)
{
	Card plain = *card; /* title and link are members of their own */
	plain.title = "";
	plain.link = NULL;
	const char *body = text_of_card(ctx, &plain, BODY_BYTES);
	Buf *out = buf_new(ctx, WEBPUSH_TEXT_MAX);
	JsonOut o = json_out(out);
	json_object_begin(&o);
	json_member_text(&o, "title", text_cut(ctx, card->title, TITLE_BYTES));
	json_member_text(&o, "body", body + strspn(body, "\n"));
	json_member_text(&o, "url", card->link);
	json_member_text(&o, "tag", card->reason);
	json_member_bool(&o, "urgent", card->urgent);
	json_object_end(&o);
	return buf_failed(out) ? NULL : out->data;
}

static const char *origin_of(TALLOC_CTX *ctx, const char *url)
{
	const char *host = strstr(url, "://");
	return host ? talloc_strndup(ctx, url, (size_t)(host + 3 - url) + strcspn(host + 3, "/?#")) : NULL;
}

/* The address is that of one device: endpoint, key and secret as its browser gave them. */
static bool build(TALLOC_CTX *ctx, const Errand *e, Parcel *ret, Failure *ret_why)
{
	char endpoint[ENDPOINT_MAX], key[WORD_MAX], secret[WORD_MAX];
	uint8_t point[WEBPUSH_KEY], auth[WEBPUSH_AUTH], own_secret[WEBPUSH_PRIVATE], salt[WEBPUSH_SALT];
	WebpushPair house, own;
	size_t len = 0;
	*ret_why = FAILURE_BAD_ADDRESS;
	if (sscanf(e->address, "%1023s %127s %127s", endpoint, key, secret) != 3 ||
	    !webpush_read(key, point, sizeof point) || !webpush_read(secret, auth, sizeof auth) ||
	    !origin_of(ctx, endpoint))
		return false;
	const char *kept = conf_text(e->conf, "key"), *text = text_write(ctx, e->card);
	*ret_why = FAILURE_BAD_SECRET;
	if (!kept || !webpush_read(kept, own_secret, sizeof own_secret) || !webpush_pair_of(own_secret, &house))
		return false;
	*ret_why = FAILURE_TOO_LARGE;
	randombytes_buf(salt, sizeof salt);
	uint8_t *body = text && webpush_pair_make(&own) ? webpush_seal(ctx, point, auth, &own, salt, text, &len) : NULL;
	if (!body)
		return false;
	const char *token = webpush_vapid(ctx, &house, origin_of(ctx, endpoint), conf_text(e->conf, "subject"),
	                                  e->now_ms / SECOND_MS + TOKEN_LIFE_S);
	ret->request = (NetRequest){.method = "POST", .url = talloc_strdup(ctx, endpoint), .body = body, .len = len,
		.allowed_host = e->conf->allowed_host};
	ret->request.headers[0] = "Content-Type: application/octet-stream";
	ret->request.headers[1] = "Content-Encoding: aes128gcm";
	ret->request.headers[2] = talloc_asprintf(ctx, "TTL: %d", TTL_S);
	ret->request.headers[3] = e->card->urgent ? "Urgency: high" : "Urgency: normal";
	ret->request.headers[4] = talloc_asprintf(ctx, "Authorization: %s", token);
	return token != NULL;
}

static const CodeRow codes[] = {
	{"http_400", VERDICT_RECEIVER, 0, {"推送服务不接受这条通知", "The push service does not accept the notification",
	  "请让该设备重新开启通知；多台设备都如此时，请检查渠道的联系方式和私钥。",
	  "Ask for notifications on the device again; if many fail so, check contact and key of the channel."}},
	{"http_401", VERDICT_RECEIVER, 0, {"推送服务不认可渠道的私钥", "The push service does not accept the channel's key",
	  "请让该设备重新开启通知；多台设备都如此时，请检查渠道的联系方式和私钥。",
	  "Ask for notifications on the device again; if many fail so, check contact and key of the channel."}},
	{"http_403", VERDICT_RECEIVER, 0, {"推送服务不认可渠道的私钥", "The push service does not accept the channel's key",
	  "请让该设备重新开启通知；多台设备都如此时，请检查渠道的联系方式和私钥。",
	  "Ask for notifications on the device again; if many fail so, check contact and key of the channel."}},
	{"http_413", VERDICT_CONTENT, 0, {"推送服务认为通知过大", "The push service finds the notification too large"}},
	{"http_429", VERDICT_RETRY, 0, {"推送过于频繁", "Too many notifications"}},
	{0},
};

static void judge(const NetAnswer *a, Verdict *ret)
{
	bool answered = a->result == NET_OK;
	if (!judge_transport(a, ret)) {
		verdict_set(ret, VERDICT_DONE, FAILURE_NONE, "");
		return;
	}
	if (answered && (a->status == 404 || a->status == 410))
		verdict_set(ret, VERDICT_RECEIVER, FAILURE_DEVICE_GONE, "");
	else if (answered && a->status == 413)
		ret->kind = VERDICT_CONTENT;
	else if (ret->kind == VERDICT_LIMITED)
		ret->kind = VERDICT_RETRY; /* of this push service; others go on */
	else if (ret->kind == VERDICT_CHANNEL)
		ret->kind = VERDICT_RECEIVER; /* 413, 401, a private address: this device cannot be reached so */
}

static bool prepare(TALLOC_CTX *ctx, json_t *secrets)
{
	WebpushPair pair;
	if (json_object_get(secrets, "key"))
		return true;
	if (!webpush_pair_make(&pair))
		return false;
	const char *text = sign_base64url(ctx, pair.secret, WEBPUSH_PRIVATE);
	sodium_memzero(&pair, sizeof pair);
	return json_object_set_new(secrets, "key", json_string(text)) == 0;
}

static const Setting settings[] = {
	{"subject", SETTING_TEXT, .required = true, .zh = "联系方式", .en = "Contact",
     .help_zh = "mailto: 或 https: 开头，推送服务出问题时用来联系您", .help_en = "mailto: or https:, for the push services"},
	{"key", SETTING_TEXT, .secret = true, .zh = "VAPID 私钥", .en = "VAPID private key",
     .help_zh = "留空则自动生成；更换后各设备需重新开启", .help_en = "Made when left blank; devices ask anew after a change"},
	{0},
};

const ChannelKind kind_web_push = {.name = "web_push", .zh = "浏览器通知（Web Push）",
	.en = "Browser notifications (web push)",
	.settings = settings, .codes = codes, .devices = true, .build = build, .judge = judge, .prepare = prepare};
