/* The settings of a source's callback: written here, and never shown again but for what is no secret. */
#include "modules/lead/callback/callback_int.h"

#include <stdio.h>
#include <string.h>

#define TAIL_CHARS 4
#define TAIL_FROM 12 /* shorter secrets show nothing */

static void secret_write(JsonOut *o, const json_t *secrets, const char *name)
{
	char has[16], tail[16];
	const char *text = json_text(secrets, name);
	size_t len = text ? strlen(text) : 0;
	snprintf(has, sizeof has, "has_%s", name);
	snprintf(tail, sizeof tail, "%s_tail", name);
	json_member_bool(o, has, text != NULL);
	json_member_text(o, tail, len >= TAIL_FROM ? text + len - TAIL_CHARS : NULL);
}

static void settings_write(Call *c, const Record *source, const json_t *secrets, const char *fault)
{
	const json_t *settings = settings_of(c, source);
	JsonOut *o = &c->json;
	json_object_begin(o);
	json_member_text(o, "kind", json_text(settings, "kind"));
	json_member_text(o, "receiver", json_text(settings, "receiver"));
	secret_write(o, secrets, "token");
	secret_write(o, secrets, "key");
	json_member_text(o, "fault", fault);
	json_member_text(o, "path", talloc_asprintf(c, "/callback/%s", record_text(source, "key")));
	json_object_end(o);
}

/* Secrets whose key file is gone are as if they were not there: they can be entered again. */
static int secrets_load(Call *c, Id source, json_t **ret, const char **ret_fault)
{
	int r = settings_secrets(c, source, ret);
	if (r != ERR_INTERNAL)
		return r;
	call_reset(c);
	*ret = json_own(c, json_object());
	*ret_fault = "secret_unreadable";
	return 0;
}

static int callback_show(Call *c)
{
	Record *source;
	json_t *secrets;
	const char *fault = NULL;
	int r = record_load(c, "source", call_id(c, "id"), &source);
	if (r == 0)
		r = secrets_load(c, record_id(source), &secrets, &fault);
	if (r == 0)
		settings_write(c, source, secrets, fault);
	return r;
}

/* What is not given again stays as it is. True: something changed. */
static bool secret_take(Call *c, json_t *secrets, const char *name)
{
	const char *given = call_text(c, name), *before = json_text(secrets, name);
	if (!given || strcmp(given, before ? before : "") == 0)
		return false;
	if (*given)
		json_object_set_new(secrets, name, json_string(given));
	else
		json_object_del(secrets, name);
	return true;
}

static const char *settings_made(Call *c, const json_t *before, bool changed)
{
	const char *receiver = call_text(c, "receiver");
	Buf *text = buf_new(c, SETTINGS_MAX);
	JsonOut o = json_out(text);
	receiver = receiver ? receiver : json_text(before, "receiver");
	json_object_begin(&o);
	json_member_text(&o, "kind", call_text(c, "kind"));
	if (receiver && *receiver)
		json_member_text(&o, "receiver", receiver);
	json_member_int(&o, "changes", json_int(before, "changes", 0) + changed);
	json_object_end(&o);
	return text->data;
}

static int callback_set(Call *c)
{
	Record *source;
	json_t *secrets;
	const char *fault = NULL;
	bool is_none = strcmp(call_text(c, "kind"), "none") == 0;
	int r = record_load(c, "source", call_id(c, "id"), &source);
	if (r == 0)
		r = secrets_load(c, record_id(source), &secrets, &fault);
	if (r < 0)
		return r;
	bool changed = secret_take(c, secrets, "token");
	changed = secret_take(c, secrets, "key") || changed;
	if (is_none)
		json_object_clear(secrets);
	if (is_none || changed)
		r = settings_secrets_keep(c, record_id(source), secrets);
	if (r < 0)
		return r;
	record_set_text(source, "callback", is_none ? NULL : settings_made(c, settings_of(c, source), changed));
	r = record_update(c, source, RECORD_AS_HOUSE);
	if (r == 0)
		settings_write(c, source, secrets, changed ? NULL : fault);
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
