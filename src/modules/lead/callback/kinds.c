/* How each kind of partner proves who it is, how its message is opened and what it wants to hear. */
#include "modules/lead/callback/callback_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

static const char *query(const Callback *b, const char *name)
{
	const char *value = b->query ? http_pairs_get(b->query, name) : NULL;
	return value ? value : "";
}

static const char *query_or(const Callback *b, const char *name, const char *other)
{
	const char *value = query(b, name);
	return *value ? value : query(b, other);
}

/* Seconds or milliseconds since 1970, not too far from now. */
static bool is_timely(const char *timestamp)
{
	int64_t at = strtoll(timestamp, NULL, 10), now = clock_real_ms() / 1000;
	if (strlen(timestamp) >= 13)
		at /= 1000;
	return at >= now - CALLBACK_SKEW_S && at <= now + CALLBACK_SKEW_S;
}

/* The signature is that of these parts, and the timestamp is timely. */
static bool is_signed(Callback *b, const char *signature, const char *timestamp, const char *nonce, const char *sealed)
{
	char right[41];
	seal_sign((const char *[]){callback_setting(b, "token"), timestamp, nonce, sealed}, *sealed ? 4 : 3, right);
	if (!seal_equal(right, signature))
		callback_refuse(b, "bad_signature", NULL);
	else if (!is_timely(timestamp))
		callback_refuse(b, "bad_timestamp", NULL);
	return !b->fault;
}

static void message_open(Callback *b, const char *text)
{
	SealKey key;
	const char *fault =
		seal_key_parse(callback_setting(b, "key"), &key) ? seal_open(b, &key, text, &b->sealed) : "bad_key";
	const char *receiver = callback_setting(b, "receiver");
	if (fault)
		callback_refuse(b, fault, NULL);
	else if (*receiver && !seal_equal(receiver, b->sealed.receiver))
		callback_refuse(b, "wrong_receiver", reason_argument(b, b->sealed.receiver));
}

static const char *encrypted_of(Callback *b, const char *name)
{
	const json_t *outer = event_read(b, b->receipt.body, b->receipt.body_len);
	if (!outer)
		callback_refuse(b, "bad_message", NULL);
	return outer ? json_text(outer, name) : NULL;
}

static void answer(Callback *b, const char *type, const char *text)
{
	b->type = type;
	b->answer = text;
}

/* ---- 企业微信 ---- */

static void wecom_open(Callback *b)
{
	const char *sealed = b->is_get ? query(b, "echostr") : encrypted_of(b, "Encrypt");
	if (b->fault ||
	    !is_signed(b, query(b, "msg_signature"), query(b, "timestamp"), query(b, "nonce"), sealed ? sealed : ""))
		return;
	if (!sealed || !*sealed) {
		callback_refuse(b, "bad_message", NULL);
		return;
	}
	message_open(b, sealed);
	b->is_quiet = b->is_get;
	answer(b, "text/plain; charset=utf-8", b->is_get && !b->fault ? b->sealed.message : "success");
}

/* ---- 公众号, 小程序: plain, compatible and secure mode ---- */

static void wechat_open(Callback *b)
{
	const char *sealed = b->is_get ? NULL : encrypted_of(b, "Encrypt");
	if (b->fault)
		return;
	bool secure = !b->is_get && *callback_setting(b, "key");
	if (secure && !sealed) {
		callback_refuse(b, "bad_message", NULL);
		return;
	}
	if (!is_signed(b, query(b, secure ? "msg_signature" : "signature"), query(b, "timestamp"), query(b, "nonce"),
	               secure ? sealed : ""))
		return;
	if (secure)
		message_open(b, sealed);
	else
		b->sealed = (Sealed){.message = b->receipt.body, .len = b->receipt.body_len, .receiver = ""};
	b->is_quiet = b->is_get;
	answer(b, "text/plain; charset=utf-8", b->is_get ? query(b, "echostr") : "success");
}

/* ---- 钉钉 ---- */

static const char *dingtalk_answer(Callback *b)
{
	SealKey key;
	char stamp[24], random[SEAL_RANDOM + 1], sign[41];
	(void)!seal_key_parse(callback_setting(b, "key"), &key);
	snprintf(stamp, sizeof stamp, "%lld", (long long)clock_real_ms());
	for (int i = 0; i < SEAL_RANDOM; i++)
		random[i] = "0123456789abcdefghijklmnopqrstuv"[random_u64() % 32];
	random[SEAL_RANDOM] = '\0';
	const char *sealed = seal_close(b, &key, random, "success", callback_setting(b, "receiver"));
	seal_sign((const char *[]){callback_setting(b, "token"), stamp, random, sealed}, 4, sign);
	return talloc_asprintf(b, "{\"msg_signature\":\"%s\",\"timeStamp\":\"%s\",\"nonce\":\"%s\",\"encrypt\":\"%s\"}",
	                       sign, stamp, random, sealed);
}

static void dingtalk_open(Callback *b)
{
	const char *sealed = encrypted_of(b, "encrypt");
	if (b->fault || !is_signed(b, query_or(b, "msg_signature", "signature"), query_or(b, "timestamp", "timeStamp"),
	                           query(b, "nonce"), sealed ? sealed : ""))
		return;
	message_open(b, sealed ? sealed : "");
	if (b->fault)
		return;
	b->is_quiet = strstr(b->sealed.message, "\"check_url\"") || strstr(b->sealed.message, "\"check_create_suite_url\"");
	answer(b, "application/json", dingtalk_answer(b));
}

/* ---- 飞书 ---- */

static bool feishu_signed(Callback *b)
{
	const char *stamp = http_header(b->request, "X-Lark-Request-Timestamp");
	const char *nonce = http_header(b->request, "X-Lark-Request-Nonce"),
			   *sign = http_header(b->request, "X-Lark-Signature");
	char right[65];
	if (stamp && nonce && sign)
		seal_sign_feishu(stamp, nonce, callback_setting(b, "key"), b->receipt.body, b->receipt.body_len, right);
	if (!stamp || !nonce || !sign || !seal_equal(right, sign))
		callback_refuse(b, "bad_signature", NULL);
	else if (!is_timely(stamp))
		callback_refuse(b, "bad_timestamp", NULL);
	return !b->fault;
}

/* The challenge of the set-up comes without a signature; its token proves it. */
static void feishu_open(Callback *b)
{
	const char *sealed = encrypted_of(b, "encrypt");
	if (b->fault)
		return;
	const char *fault = sealed ? seal_open_feishu(b, callback_setting(b, "key"), sealed, &b->sealed) : NULL;
	if (!sealed)
		b->sealed = (Sealed){.message = b->receipt.body, .len = b->receipt.body_len, .receiver = ""};
	if (fault) {
		callback_refuse(b, fault, NULL);
		return;
	}
	const json_t *event = event_read(b, b->sealed.message, b->sealed.len);
	const char *challenge = event ? json_text(event, "challenge") : NULL,
			   *token = event ? json_text(event, "token") : NULL;
	if (event && !token) /* the second form of events */
		token = json_text(json_object_get(event, "header"), "token");
	bool known = token && *callback_setting(b, "token") && seal_equal(token, callback_setting(b, "token"));
	answer(b, "application/json", "{}");
	if (challenge && known) {
		json_t *told = json_own(b, json_pack("{s:s}", "challenge", challenge));
		Buf *text = buf_new(b, CALLBACK_BODY_MAX);
		JsonOut o = json_out(text);
		json_put_tree(&o, told);
		answer(b, "application/json", text->data);
		b->is_quiet = true;
	} else if (*callback_setting(b, "key"))
		(void)feishu_signed(b);
	else if (!known)
		callback_refuse(b, "bad_signature", NULL);
}

/* ---- anybody who knows the token: call centres, advertising platforms ---- */

static void token_open(Callback *b)
{
	const char *header = http_header(b->request, "X-Token"), *token = header ? header : query(b, "token");
	if (!*callback_setting(b, "token") || !seal_equal(token, callback_setting(b, "token")))
		callback_refuse(b, "bad_signature", NULL);
	b->sealed = (Sealed){.message = b->receipt.body, .len = b->receipt.body_len, .receiver = ""};
	answer(b, "application/json", "{\"code\":0,\"msg\":\"success\"}");
}

static const CallbackKind kinds[] = {
	{"wecom", true, wecom_open},    {"wechat", false, wechat_open}, {"dingtalk", true, dingtalk_open},
	{"feishu", false, feishu_open}, {"token", false, token_open},
};

const CallbackKind *callback_kind(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}
