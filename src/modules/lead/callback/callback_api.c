/* The settings of a source's callback: written here, and never shown again but for what is no secret. */
#include "modules/lead/callback/callback_int.h"

#include <string.h>

#define SETTINGS_MAX 4096

static json_t *settings_of(Call *c, const Record *source)
{
	JsonFault fault;
	const char *text = record_text(source, "callback");
	return text ? json_parse(c, text, strlen(text), &fault) : NULL;
}

static void settings_write(Call *c, const Record *source)
{
	const json_t *settings = settings_of(c, source);
	JsonOut *o = &c->json;
	json_object_begin(o);
	json_member_text(o, "kind", settings ? json_text(settings, "kind") : NULL);
	json_member_text(o, "receiver", settings ? json_text(settings, "receiver") : NULL);
	json_member_bool(o, "has_token", settings && json_text(settings, "token"));
	json_member_bool(o, "has_key", settings && json_text(settings, "key"));
	json_member_text(o, "path", talloc_asprintf(c, "/callback/%s", record_text(source, "key")));
	json_object_end(o);
}

static int callback_show(Call *c)
{
	Record *source;
	int r = record_load(c, "source", call_id(c, "id"), &source);
	if (r == 0)
		settings_write(c, source);
	return r;
}

/* What is not given again stays as it is. */
static const char *given_or_kept(Call *c, const json_t *before, const char *name)
{
	const char *given = call_text(c, name);
	return given ? given : before ? json_text(before, name) : NULL;
}

static int callback_set(Call *c)
{
	static const char *const names[] = {"token", "key", "receiver"};
	Record *source;
	int r = record_load(c, "source", call_id(c, "id"), &source);
	if (r < 0)
		return r;
	const char *kind = call_text(c, "kind");
	const json_t *before = settings_of(c, source);
	Buf *text = buf_new(c, SETTINGS_MAX);
	JsonOut o = json_out(text);
	json_object_begin(&o);
	json_member_text(&o, "kind", kind);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = given_or_kept(c, before, names[i]);
		if (value && *value)
			json_member_text(&o, names[i], value);
	}
	json_object_end(&o);
	record_set_text(source, "callback", strcmp(kind, "none") == 0 ? NULL : text->data);
	r = record_update(c, source, RECORD_AS_HOUSE);
	if (r == 0)
		settings_write(c, source);
	return r;
}

static const Param id_params[] = {{"id", PARAM_ID, PARAM_IN_PATH, true, .help = "Source"}, {0}};
static const Param set_params[] = {
	{"id", PARAM_ID, PARAM_IN_PATH, true, .help = "Source"},
	{"kind", PARAM_TEXT, PARAM_IN_BODY, true, .choices = "none|wecom|wechat|dingtalk|feishu|token",
     .help = "Who pushes"},
	{"token", PARAM_TEXT, .max = 200, .help = "What the partner signs with; absent: as it is"},
	{"key", PARAM_TEXT, .max = 200, .help = "EncodingAESKey or Encrypt Key; absent: as it is"},
	{"receiver", PARAM_TEXT, .max = 100, .help = "CorpID, AppID or suite whose messages are accepted"},
	{0},
};

const Endpoint callback_endpoints[] = {
	{"GET", "/sources/:id/callback", "settings.manage", CALL_READ, id_params, callback_show,
     "How a partner's pushes are verified, without the secrets"},
	{"PUT", "/sources/:id/callback", "settings.manage", CALL_WRITE, set_params, callback_set,
     "Set how a partner's pushes are verified"},
	{0},
};
