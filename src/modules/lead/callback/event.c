/* From a message of a partner to an enquiry. What a message says is kept whole beside what is understood. */
#include "modules/lead/callback/callback_int.h"

#include <string.h>

#include "base/limits.h"
#include "base/xml.h"

/* ---- XML ---- */

typedef struct {
	json_t *root;
	char name[256]; /* of the element being read, from below the root: "Event", "ScanCodeInfo.ScanType" */
	size_t len[CALLBACK_DEPTH_MAX + 1];
	int depth, n;
	Buf *text;
} Reader;

static void on_begin(void *arg, const char *name, const char *const *attributes)
{
	Reader *r = arg;
	(void)attributes;
	if (r->depth > 0) {
		size_t at = r->len[r->depth - 1];
		int n = snprintf(r->name + at, sizeof r->name - at, "%s%s", at ? "." : "", name);
		r->len[r->depth] = at + (size_t)n < sizeof r->name ? at + (size_t)n : sizeof r->name - 1;
	}
	r->depth++;
	buf_clear(r->text);
}

static void on_end(void *arg, const char *name)
{
	Reader *r = arg;
	(void)name;
	r->depth--;
	if (r->depth > 0 && r->text->len > 0 && r->n++ < CALLBACK_MEMBERS_MAX && !json_object_get(r->root, r->name))
		json_object_set_new(r->root, r->name, json_string(r->text->data));
	if (r->depth > 0)
		r->name[r->len[r->depth - 1]] = '\0';
	buf_clear(r->text);
}

static void on_text(void *arg, const char *text, size_t len)
{
	Reader *r = arg;
	buf_append(r->text, text, len);
}

static json_t *xml_read(TALLOC_CTX *ctx, const char *text, size_t len)
{
	static const XmlHooks hooks = {on_begin, on_end, on_text};
	Reader *r = talloc_zero(ctx, Reader);
	r->root = json_own(ctx, json_object());
	r->text = buf_new(r, CALLBACK_BODY_MAX);
	Xml *xml = xml_new(r, &hooks, r, CALLBACK_DEPTH_MAX);
	return xml_feed(xml, text, len, true) && !buf_failed(r->text) ? r->root : NULL;
}

json_t *event_read(TALLOC_CTX *ctx, const char *text, size_t len)
{
	JsonFault fault;
	size_t at = 0;
	while (at < len && strchr(" \t\r\n", text[at]))
		at++;
	if (at < len && text[at] == '<')
		return xml_read(ctx, text + at, len - at);
	json_t *root = json_parse(ctx, text, len, &fault);
	return json_is_object(root) ? root : NULL;
}

/* ---- what is an enquiry ---- */

static bool is(const json_t *event, const char *key, const char *value)
{
	const char *text = json_text(event, key);
	return text && strcmp(text, value) == 0;
}

/* What people type, and what they scanned or followed. */
static const char *message_of(const char *kind, const json_t *event)
{
	if (strcmp(kind, "wecom") == 0 && is(event, "Event", "change_external_contact"))
		return is(event, "ChangeType", "add_external_contact")        ? "添加了企业微信好友"
		       : is(event, "ChangeType", "add_half_external_contact") ? "申请添加企业微信好友"
		                                                              : NULL;
	if (is(event, "MsgType", "text"))
		return json_text(event, "Content");
	if (is(event, "MsgType", "event") && is(event, "Event", "subscribe"))
		return "关注了公众号";
	if (is(event, "MsgType", "event") && is(event, "Event", "SCAN"))
		return "扫描了二维码";
	return NULL;
}

static const char *first_of(const json_t *event, const char *const *keys)
{
	for (; *keys; keys++)
		if (json_text(event, *keys))
			return json_text(event, *keys);
	return NULL;
}

const char *event_enquiry(TALLOC_CTX *ctx, const char *kind, const json_t *event)
{
	static const char *const who[] = {"ExternalUserID", "FromUserName", NULL};
	static const char *const channel[] = {"State", "EventKey", NULL};
	const char *message = message_of(kind, event);
	if (!message)
		return NULL;
	Buf *out = buf_new(ctx, CALLBACK_BODY_MAX * 2);
	JsonOut o = json_out(out);
	json_object_begin(&o);
	json_member_text(&o, "name", strcmp(kind, "wecom") == 0 ? "企业微信客户" : "微信用户");
	json_member_text(&o, "message", message);
	json_member_text(&o, "external_user", first_of(event, who));
	if (first_of(event, channel))
		json_member_text(&o, "channel", first_of(event, channel));
	if (json_text(event, "UserID"))
		json_member_text(&o, "added_by", json_text(event, "UserID"));
	json_key(&o, "event");
	json_put_tree(&o, event);
	json_object_end(&o);
	return buf_failed(out) ? NULL : out->data;
}
