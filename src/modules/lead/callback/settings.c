/* How a source's callback is set up. Token and key are sealed (call/secret.h) by the source's id; the record keeps what
 * is no secret: kind, receiver, and a number that counts the changes of the secrets, so that each leaves a row of
 * history and an event that says who made it, but not what it was. */
#include "modules/lead/callback/callback_int.h"

#include <string.h>

#include "call/secret.h"

#define MASK "***"
#define MASKED_FROM 8 /* characters: shorter words are found in plain text by chance */

static const char *const secret_names[] = {"token", "key"};

const json_t *settings_of(Call *c, const Record *source)
{
	JsonFault fault;
	const char *text = record_text(source, "callback");
	return text ? json_parse(c, text, strlen(text), &fault) : NULL;
}

int settings_secrets(Call *c, Id source, json_t **ret)
{
	JsonFault fault;
	const char *text = NULL;
	int r = secret_get(c, source, &text);
	if (r < 0)
		return r;
	json_t *secrets = text ? json_parse(c, text, strlen(text), &fault) : NULL;
	*ret = secrets ? secrets : json_own(c, json_object());
	return 0;
}

int settings_secrets_keep(Call *c, Id source, const json_t *secrets)
{
	if (json_object_size(secrets) == 0)
		return secret_set(c, source, NULL);
	Buf *text = buf_new(c, SETTINGS_MAX);
	JsonOut o = json_out(text);
	json_put_tree(&o, secrets);
	return secret_set(c, source, text->data);
}

/* ---- with the record ---- */

/* What cannot work is told when it is saved, not when the first customer writes. */
int settings_check(Call *c, const PhaseInfo *info, void *arg)
{
	(void)arg;
	SealKey key;
	json_t *secrets;
	const json_t *settings = settings_of(c, info->record);
	if (!record_text(info->record, "callback") || !record_changed(info->record, "callback"))
		return 0;
	const CallbackKind *kind = callback_kind(json_text(settings, "kind"));
	if (!kind)
		return call_fault(c, "callback", "unknown_kind", "The kind is wecom, wechat, dingtalk, feishu or token.",
		                  "类型只能是 wecom、wechat、dingtalk、feishu 或 token。");
	int r = settings_secrets(c, record_id(info->record), &secrets);
	if (r < 0)
		return r;
	const char *key_text = json_text(secrets, "key");
	if (!json_text(secrets, "token"))
		return call_fault(c, "callback", "no_token", "Give the token that the partner signs with.",
		                  "请填写对方用来签名的 Token。");
	bool is_43 = kind->needs_key || (strcmp(kind->name, "wechat") == 0 && key_text);
	if (is_43 && !(key_text && seal_key_parse(key_text, &key)))
		return call_fault(c, "callback", "bad_key", "An EncodingAESKey has 43 letters and digits; this one has %zu.",
		                  "EncodingAESKey 应为 43 个字母或数字，现在是 %zu 个。", key_text ? strlen(key_text) : 0);
	return 0;
}

int settings_follow(Call *c, const PhaseInfo *info, void *arg)
{
	(void)arg;
	return info->kind == WRITE_DELETE ? secret_set(c, record_id(info->record), NULL) : 0;
}

/* ---- with what was received ---- */

static bool is_secret(const Callback *b, const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(secret_names); i++) {
		const char *secret = json_text(b->settings, secret_names[i]);
		if (secret && strcmp(secret, text) == 0)
			return true;
	}
	return false;
}

/* How deep a message may be is limited where it is parsed. */
static bool tree_mask(const Callback *b, json_t *tree)
{
	const char *name;
	json_t *value;
	size_t i;
	bool found = false;
	if (json_is_string(tree) && is_secret(b, json_string_value(tree)))
		return json_string_set(tree, MASK) == 0;
	json_object_foreach(tree, name, value)
		found = tree_mask(b, value) || found;
	json_array_foreach(tree, i, value)
		found = tree_mask(b, value) || found;
	return found;
}

static void text_mask(char *text, size_t len, const char *secret)
{
	size_t n = secret ? strlen(secret) : 0;
	char *end = text + len, *at = text;
	while (n >= MASKED_FROM && (at = memmem(at, (size_t)(end - at), secret, n)))
		memset(at, '*', n);
}

void settings_forget(Callback *b)
{
	Receipt *receipt = &b->receipt;
	JsonFault fault;
	if (!b->settings)
		return;
	json_t *tree = receipt->body_len > 0 ? json_parse(b, receipt->body, receipt->body_len, &fault) : NULL;
	if (!tree) {
		char *copy = talloc_zero_array(b, char, receipt->body_len + 1);
		memcpy(copy, receipt->body, receipt->body_len);
		for (size_t i = 0; i < ARRAY_LEN(secret_names); i++)
			text_mask(copy, receipt->body_len, json_text(b->settings, secret_names[i]));
		receipt->body = copy;
	} else if (tree_mask(b, tree)) {
		Buf *text = buf_new(b, CALLBACK_BODY_MAX * 2);
		JsonOut o = json_out(text);
		json_put_tree(&o, tree);
		receipt->body = text->data;
		receipt->body_len = text->len;
	}
}
