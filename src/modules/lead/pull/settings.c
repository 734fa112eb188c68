/* How a source's server is set up: entered, checked, tried and shown. The password is sealed by an id of its own
 * (call/secret.h); the record keeps the rest, so that history says who changed what. */
#include "modules/lead/pull/pull_int.h"

#include <string.h>

#include "call/secret.h"
#include "call/when.h"
#include "event/timer.h"

#define SENDERS_MAX 50

const char *visit_text(const Visit *v, const char *name)
{
	const char *value = json_text(v->settings, name);
	return value ? value : "";
}

/* ---- with the record ---- */

static int forget(Call *c, Id source, const char *settings)
{
	JsonFault fault;
	const json_t *was = settings ? json_parse(c, settings, strlen(settings), &fault) : NULL;
	int r = was ? secret_set(c, json_id(was, "secret"), NULL) : 0;
	if (r == 0)
		r = timer_cancel(c, PULL_TIMER, source);
	if (r == 0)
		r = db_exec(c->tx, "DELETE FROM pull_seen WHERE source = $1", value_id(source));
	if (r == 0)
		r = db_exec(c->tx, "DELETE FROM pull_account WHERE source = $1", value_id(source));
	return r < 0 ? r : db_exec(c->tx, "DELETE FROM pull WHERE source = $1", value_id(source));
}

/* What is deleted leaves nothing; what is switched on is visited at once. */
int pull_follow(Call *c, const PhaseInfo *info, void *arg)
{
	(void)arg;
	const char *settings = record_text(info->record, "inbox");
	if (info->kind == WRITE_DELETE && settings)
		return call_store_failed(c, forget(c, record_id(info->record), settings));
	if (settings && info->kind == WRITE_UPDATE && phase_changed(info, "enabled"))
		return timer_set(c, PULL_TIMER, record_id(info->record), c->now_ms, NULL);
	return 0;
}

/* ---- showing ---- */

static void time_write(JsonOut *o, const char *key, int64_t at)
{
	char text[WHEN_TEXT_SIZE];
	json_member_text(o, key, at ? when_text(at, text) : NULL);
}

static int64_t words_count(const char *text)
{
	int64_t n = text && *text ? 1 : 0;
	for (; text && *text; text++)
		n += *text == ' ';
	return n;
}

static int state_write(Call *c, Id source)
{
	ROWS rows = NULL;
	JsonOut *o = &c->json;
	int r = db_query(c->tx, &rows,
	                 "SELECT checked_at, ok_at, failed_at, reason, detail, taken, left_uids FROM pull "
	                 "WHERE source = $1",
	                 value_id(source));
	if (r < 0)
		return call_store_failed(c, r);
	if (rows_next(rows)) {
		time_write(o, "checked_at", rows_int(rows, 0));
		time_write(o, "ok_at", rows_int(rows, 1));
		time_write(o, "failed_at", rows_int(rows, 2));
		json_member_text(o, "reason", rows_text(rows, 3));
		json_member_text(o, "detail", reason_text(c, rows_text(rows, 3), rows_text(rows, 4), c->lang));
		json_member_int(o, "taken", rows_int(rows, 5));
		json_member_int(o, "left", words_count(rows_text(rows, 6)));
	}
	return rows_error(rows);
}

static int settings_write(Call *c, const Record *source, const json_t *settings, bool has_secret)
{
	static const char *const texts[] = {"kind", "host", "tls", "user", "folder", "allowed_host", "corpid", "server"};
	JsonOut *o = &c->json;
	json_object_begin(o);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		json_member_text(o, texts[i], json_text(settings, texts[i]));
	json_member_int(o, "port", json_int(settings, "port", 0));
	json_member_int(o, "every_min", json_int(settings, "every_min", PULL_EVERY_MIN));
	json_member_bool(o, "old", json_flag(settings, "old", false));
	json_key(o, "senders");
	if (json_is_array(json_object_get(settings, "senders")))
		json_put_tree(o, json_object_get(settings, "senders"));
	else
		json_put_raw(o, "[]", 2);
	json_member_bool(o, "has_secret", has_secret);
	int r = settings ? state_write(c, record_id(source)) : 0;
	json_object_end(o);
	return r;
}

static const json_t *settings_of(Call *c, const Record *source)
{
	JsonFault fault;
	const char *text = record_text(source, "inbox");
	return text ? json_parse(c, text, strlen(text), &fault) : NULL;
}

static int inbox_show(Call *c)
{
	Record *source;
	const char *secret = NULL;
	int r = record_load(c, "source", call_id(c, "id"), &source);
	if (r < 0)
		return r;
	const json_t *settings = settings_of(c, source);
	if (settings && secret_get(c, json_id(settings, "secret"), &secret) < 0) {
		call_reset(c);
		secret = NULL;
	}
	return settings_write(c, source, settings, secret != NULL);
}

/* ---- checking ---- */

static bool is_clean(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static int needed(Call *c, const json_t *settings, const char *name)
{
	const char *text = json_text(settings, name);
	if (!text || !*text)
		return call_fault(c, name, "required", "This is needed.", "必填。");
	if (!is_clean(text))
		return call_fault(c, name, "bad_text", "Control characters are not allowed here.", "不能包含控制字符。");
	return 0;
}

/* The address as it would be called; a private one, or one without TLS, has to be allowed by name. */
static int host_check(Call *c, const json_t *settings)
{
	const char *host = json_text(settings, "host"), *allowed = json_text(settings, "allowed_host");
	const char *url = talloc_asprintf(c, "imaps://%s/", host);
	bool is_plain = strcmp(json_text(settings, "tls"), "none") == 0;
	if (strpbrk(host, "/@?#%\\ ") || net_url_fault(url, host))
		return call_fault(c, "host", "bad_host", "Give the name of the mail server alone: imap.example.com.",
		                  "请只填写邮件服务器的主机名，例如 imap.example.com。");
	if (is_plain && !(allowed && strcmp(allowed, host) == 0))
		return call_fault(c, "tls", "plain", "Without TLS the password would be read on the way. Only a host named as "
		                  "allowed may be spoken to like that.",
		                  "不加密会在传输中泄露密码。只有列为“允许的内网主机”的服务器才可以这样连接。");
	if (net_url_fault(url, allowed))
		return call_fault(c, "host", "private_address",
		                  "This address belongs to this server or to a private network. Name the host as allowed if "
		                  "that is meant.",
		                  "该地址属于本机或内网。如确需连接，请把它填入“允许的内网主机”。");
	return 0;
}

static int server_check(Call *c, const json_t *settings)
{
	int r = needed(c, settings, "corpid");
	if (r == 0 && net_url_fault(json_text(settings, "server"), json_text(settings, "allowed_host")))
		r = call_fault(c, "server", "private_address",
		               "The server must be a public address with https, or its host be named as allowed.",
		               "接口地址应为公网 https 地址；内网地址请填入“允许的内网主机”。");
	return r;
}

static int settings_check(Call *c, const json_t *settings)
{
	if (strcmp(json_text(settings, "kind"), "wecom_kf") == 0)
		return server_check(c, settings);
	int r = needed(c, settings, "host");
	if (needed(c, settings, "user") < 0 || r < 0 || (r = needed(c, settings, "folder")) < 0)
		return ERR_INVALID;
	if (strpbrk(json_text(settings, "folder"), "\"\\*%"))
		return call_fault(c, "folder", "bad_text", "A folder's name has no quotes, stars or per cent signs here.",
		                  "文件夹名不能包含引号、星号或百分号。");
	return host_check(c, settings);
}

/* ---- entering ---- */

static void take_text(Call *c, json_t *to, const char *name, const char *fallback)
{
	const char *text = call_text(c, name);
	text = text && *text ? text : fallback;
	if (text)
		json_object_set_new(to, name, json_string(text));
}

static json_t *senders_of(Call *c)
{
	size_t i;
	json_t *item, *list = json_array();
	json_array_foreach ((json_t *)call_json(c, "senders"), i, item)
		if (json_is_string(item) && strchr(json_string_value(item), '@') && json_array_size(list) < SENDERS_MAX)
			json_array_append(list, item);
	return list;
}

static json_t *settings_given(Call *c, const char *secret_id)
{
	json_t *s = json_own(c, json_object());
	bool is_tls = !call_text(c, "tls") || strcmp(call_text(c, "tls"), "tls") == 0;
	take_text(c, s, "kind", "imap");
	if (strcmp(json_text(s, "kind"), "wecom_kf") == 0) {
		take_text(c, s, "corpid", NULL);
		take_text(c, s, "server", "https://qyapi.weixin.qq.com");
		take_text(c, s, "allowed_host", NULL);
		json_object_set_new(s, "secret", json_string(secret_id));
		return s;
	}
	take_text(c, s, "host", NULL);
	take_text(c, s, "tls", "tls");
	take_text(c, s, "user", NULL);
	take_text(c, s, "folder", "INBOX");
	take_text(c, s, "allowed_host", NULL);
	json_object_set_new(s, "port", json_integer((json_int_t)call_int(c, "port", is_tls ? 993 : 143)));
	json_object_set_new(s, "every_min", json_integer((json_int_t)call_int(c, "every_min", PULL_EVERY_MIN)));
	json_object_set_new(s, "old", json_boolean(call_flag(c, "old", false)));
	json_object_set_new(s, "senders", senders_of(c));
	json_object_set_new(s, "secret", json_string(secret_id));
	return s;
}

/* Another mailbox is looked at from its own beginning. */
static bool is_same_box(const json_t *a, const json_t *b)
{
	static const char *const names[] = {"kind", "host", "user", "folder", "corpid", "server"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *left = json_text(a, names[i]), *right = json_text(b, names[i]);
		if (strcmp(left ? left : "", right ? right : "") != 0)
			return false;
	}
	return json_flag(a, "old", false) == json_flag(b, "old", false);
}

static int row_write(Call *c, Id source, bool is_same)
{
	int r = is_same ? 0 : db_exec(c->tx, "DELETE FROM pull WHERE source = $1", value_id(source));
	if (r == 0)
		r = db_exec(c->tx,
		            "INSERT INTO pull (source, started_at, fails, taken, validity, uid, since, stuck_uid, stuck)"
		            " VALUES ($1, $2, 0, 0, 0, 0, 0, 0, 0) ON CONFLICT (source) DO UPDATE SET fails = 0",
		            value_id(source), value_time(c->now_ms));
	if (r == 0)
		r = timer_set(c, PULL_TIMER, source, c->now_ms, NULL);
	return call_store_failed(c, r);
}

static int secret_write(Call *c, Id subject, const char *given)
{
	const char *before = NULL;
	if (given && *given)
		return secret_set(c, subject, given);
	int r = secret_get(c, subject, &before);
	if (r < 0 || before)
		return r;
	return call_fault(c, "password", "required", "Give the password or secret.", "请填写密码或 Secret。");
}

static int inbox_set(Call *c)
{
	Record *source;
	char id[ID_TEXT_SIZE];
	int r = record_load(c, "source", call_id(c, "id"), &source);
	if (r < 0)
		return r;
	const json_t *before = settings_of(c, source);
	Id subject = before ? json_id(before, "secret") : id_new(c->now_ms);
	const json_t *given = settings_given(c, id_text(subject, id));
	r = settings_check(c, given);
	if (r == 0)
		r = secret_write(c, subject, call_text(c, "password"));
	if (r < 0)
		return r;
	Buf *text = buf_new(c, PULL_SETTINGS_MAX);
	JsonOut o = json_out(text);
	json_put_tree(&o, given);
	if (buf_failed(text))
		return call_fault(c, "senders", "too_large", "There are too many senders.", "发件人过多。");
	record_set_text(source, "inbox", text->data);
	r = record_update(c, source, RECORD_AS_HOUSE);
	if (r == 0)
		r = row_write(c, record_id(source), before && is_same_box(before, given));
	return r < 0 ? r : settings_write(c, source, given, true);
}

static int inbox_delete(Call *c)
{
	Record *source;
	int r = record_load(c, "source", call_id(c, "id"), &source);
	if (r < 0)
		return r;
	const char *settings = talloc_strdup(c, record_text(source, "inbox"));
	record_set_text(source, "inbox", NULL);
	r = record_update(c, source, RECORD_AS_HOUSE);
	if (r == 0 && settings)
		r = call_store_failed(c, forget(c, record_id(source), settings));
	return r < 0 ? r : settings_write(c, source, NULL, false);
}

static int inbox_check(Call *c)
{
	Record *source;
	int r = record_load(c, "source", call_id(c, "id"), &source);
	if (r == 0 && !record_text(source, "inbox"))
		return call_fail(c, ERR_CONFLICT, "no_inbox", "Set the mailbox up first.", "请先设置邮箱。");
	if (r == 0)
		r = timer_set(c, PULL_TIMER, record_id(source), c->now_ms, NULL);
	return r < 0 ? r : settings_write(c, source, settings_of(c, source), true);
}

/* ---- trying ---- */

typedef struct {
	Visit *v;
	Id source;
} Try;

/* The secret in use, for who does not enter it again. */
static int try_load(Call *c, void *arg)
{
	const Try *t = arg;
	Record *source;
	int r = record_load(c, "source", t->source, &source);
	if (r < 0)
		return r;
	const json_t *settings = settings_of(c, source);
	const char *secret = NULL;
	if (settings && secret_get(c, json_id(settings, "secret"), &secret) < 0)
		call_reset(c);
	t->v->secret = talloc_strdup(t->v, secret);
	return 0;
}

static int inbox_test(Call *c)
{
	int64_t n = 0;
	Visit *v = talloc_zero(c, Visit);
	*v = (Visit){.pull = c->house->pull, .house = c->house, .source_key = "", .mem = talloc_new(v)};
	const json_t *given = settings_given(c, "");
	int r = call_read_wait(c, try_load, &(Try){v, call_id(c, "id")});
	if (r < 0 || (r = settings_check(c, given)) < 0)
		return r;
	const char *password = call_text(c, "password");
	v->settings = given;
	v->secret = password && *password ? password : v->secret;
	pull_kind(json_text(given, "kind"))->test(v, &n);
	json_object_begin(&c->json);
	json_member_bool(&c->json, "ok", !v->result.reason);
	json_member_int(&c->json, "messages", n);
	json_member_text(&c->json, "reason", v->result.reason);
	json_member_text(&c->json, "detail", reason_text(c, v->result.reason, v->result.detail, c->lang));
	json_object_end(&c->json);
	return 0;
}

#define INBOX_PARAMS                                                                                               \
	{"id", PARAM_ID, PARAM_IN_PATH, true, .help = "Source"},                                                       \
		{"kind", PARAM_TEXT, .choices = "imap|wecom_kf"},                                                          \
		{"host", PARAM_TEXT, .max = 200, .help = "Name of the mail server"},                                       \
		{"port", PARAM_INT, .min = 1, .max = 65535, .help = "993, or 143 without tls"},                            \
		{"tls", PARAM_TEXT, .choices = "tls|starttls|none", .help = "none: only to an allowed host"},              \
		{"user", PARAM_TEXT, .max = 200, .help = "Usually the mail address"},                                      \
		{"password", PARAM_TEXT, .max = 200, .secret = true, .help = "Or the code for mail programs; none: as it is"}, \
		{"folder", PARAM_TEXT, .max = 100, .help = "INBOX unless another one is meant"},                           \
		{"senders", PARAM_JSON, .help = "Addresses and @domains whose mails are taken; empty: all"},               \
		{"every_min", PARAM_INT, .min = 1, .max = PULL_EVERY_MAX_MIN, .help = "Minutes between visits"},           \
		{"old", PARAM_BOOL, .help = "Take what lies there already"},                                               \
		{"corpid", PARAM_TEXT, .max = 100, .help = "wecom_kf: CorpID; its secret is the password"},                \
		{"server", PARAM_TEXT, .max = 200, .help = "wecom_kf: address of the interface"},                          \
		{"allowed_host", PARAM_TEXT, .max = 200, .help = "Host that may be private or without TLS"},               \
	{                                                                                                              \
		0                                                                                                          \
	}

static const Param id_params[] = {{"id", PARAM_ID, PARAM_IN_PATH, true, .help = "Source"}, {0}};
static const Param set_params[] = {INBOX_PARAMS};

const Endpoint pull_endpoints[] = {
	{"GET", "/sources/:id/inbox", "settings.manage", CALL_READ, id_params, inbox_show,
     "The mailbox of a source and how the last visit ended, without the password"},
	{"PUT", "/sources/:id/inbox", "settings.manage", CALL_WRITE, set_params, inbox_set,
     "Set the mailbox of a source up"},
	{"DELETE", "/sources/:id/inbox", "settings.manage", CALL_WRITE, id_params, inbox_delete,
     "Look at this mailbox no more"},
	{"POST", "/sources/:id/inbox/check", "settings.manage", CALL_WRITE, id_params, inbox_check,
     "Visit the mailbox now"},
	{"POST", "/sources/:id/inbox/test", "settings.manage", CALL_WORKER, set_params, inbox_test,
     "Try these settings; nothing is fetched or saved"},
	{0},
};
