/* Channels as they are configured: loading, with their secrets opened, and checking what an administrator enters. */
#include <string.h>

#include "call/secret.h"
#include "modules/channel/channel_int.h"

#define VALUE_MAX 2000 /* bytes of one setting */

const char *const channel_migrations[] = {
	"CREATE TABLE channel (id {ID} PRIMARY KEY, kind {TEXT} NOT NULL, name {TEXT} NOT NULL, settings {TEXT} NOT NULL, "
	"allowed_host {TEXT}, enabled {BOOL} NOT NULL, rate {INT} NOT NULL, created_at {TIME} NOT NULL, deleted_at {TIME}, "
	"breaker {TEXT} NOT NULL, breaker_code {TEXT}, breaker_detail {TEXT}, breaker_at {TIME}, retry_at {TIME});"
	"CREATE TABLE channel_route (person {ID} NOT NULL, channel {ID} NOT NULL, place {INT} NOT NULL, address {TEXT} "
	"NOT NULL, PRIMARY KEY (person, channel));"
	"CREATE TABLE channel_quiet (person {ID} PRIMARY KEY, from_minute {INT} NOT NULL, to_minute {INT} NOT NULL, "
	"urgent {BOOL} NOT NULL);"
	"CREATE TABLE outbox (seq {SERIAL}, receiver {ID} NOT NULL, channel {ID} NOT NULL, place {INT} NOT NULL, "
	"alert {ID} NOT NULL, reason {TEXT} NOT NULL, urgent {BOOL} NOT NULL, state {INT} NOT NULL, tries {INT} NOT NULL, "
	"made_at {TIME} NOT NULL, next_at {TIME} NOT NULL, valid_until {TIME} NOT NULL, done_at {TIME}, code {TEXT}, "
	"detail {TEXT});"
	"CREATE INDEX outbox_queue ON outbox (channel, seq) WHERE state <= 1;"
	"CREATE INDEX outbox_receiver ON outbox (receiver, seq) WHERE state <= 1;"
	"CREATE INDEX outbox_log ON outbox (channel, done_at, state) WHERE done_at IS NOT NULL",
	"ALTER TABLE channel ADD COLUMN outage {TEXT}",
	"CREATE TABLE push_device (id {ID} PRIMARY KEY, person {ID} NOT NULL, endpoint {TEXT} NOT NULL UNIQUE, "
	"point {TEXT} NOT NULL, auth {TEXT} NOT NULL, device {TEXT}, created_at {TIME} NOT NULL);"
	"CREATE INDEX push_device_of ON push_device (person, created_at)",
	/* What was chosen before gets every alert from now on. */
	"ALTER TABLE channel_route ADD COLUMN spare {BOOL} NOT NULL DEFAULT 0;"
	"ALTER TABLE outbox ADD COLUMN lane {ID};"
	"UPDATE outbox SET lane = channel WHERE state <= 1;"
	"DROP INDEX outbox_receiver;"
	"CREATE INDEX outbox_lane ON outbox (receiver, lane, seq) WHERE state <= 1",
	NULL,
};

/* ---- one channel ---- */

const char *conf_text(const Conf *conf, const char *name)
{
	const char *text = json_text(conf->settings, name);
	text = text ? text : json_text(conf->secrets, name);
	if (text && text[0])
		return text;
	for (const Setting *s = conf->kind->settings; s->name; s++)
		if (strcmp(s->name, name) == 0)
			return s->fallback;
	return NULL;
}

int64_t conf_int(const Conf *conf, const char *name, int64_t fallback)
{
	return json_int(conf->settings, name, fallback);
}

static int conf_free(Conf *conf)
{
	pthread_mutex_destroy(&conf->queue->lock);
	return 0;
}

Conf *conf_ref(Conf *conf)
{
	atomic_fetch_add(&conf->refs, 1);
	return conf;
}

void conf_unref(Conf *conf)
{
	if (conf && atomic_fetch_sub(&conf->refs, 1) == 1)
		talloc_free(conf);
}

static json_t *object_parse(TALLOC_CTX *ctx, const char *text)
{
	JsonFault fault;
	json_t *object = text ? json_parse(ctx, text, strlen(text), &fault) : NULL;
	return object ? object : json_own(ctx, json_object());
}

static Conf *conf_new(const Rows *rows)
{
	Conf *conf = talloc_zero(NULL, Conf);
	conf->id = rows_id(rows, 0);
	conf->kind = kind_find(rows_text(rows, 1));
	conf->name = talloc_strdup(conf, rows_text(rows, 2));
	conf->settings = object_parse(conf, rows_text(rows, 3));
	conf->allowed_host = rows_text(rows, 4) ? talloc_strdup(conf, rows_text(rows, 4)) : NULL;
	conf->enabled = rows_int(rows, 5) != 0;
	conf->rate = (int)rows_int(rows, 6);
	conf->outage = rows_text(rows, 7) ? talloc_strdup(conf, rows_text(rows, 7)) : NULL;
	conf->queue = talloc_zero(conf, TokenQueue);
	pthread_mutex_init(&conf->queue->lock, NULL);
	talloc_set_destructor(conf, conf_free);
	atomic_init(&conf->refs, 1);
	return conf;
}

/* A secret that cannot be read makes the channel unusable and says so; it is no reason to fail the others. */
static int secrets_open(Call *c, Conf *conf)
{
	const char *text = NULL;
	int r = secret_get(c, conf->id, &text);
	if (r == ERR_INTERNAL) {
		conf->fault = FAILURE_SECRET_UNREADABLE;
		call_reset(c);
		r = 0;
	}
	conf->secrets = object_parse(conf, text);
	return r;
}

int conf_load_all(Call *c, Conf ***ret, int *ret_n)
{
	ROWS rows = NULL;
	int n = 0, r = db_query(c->tx, &rows,
	                        "SELECT id, kind, name, settings, allowed_host, enabled, rate, outage FROM channel "
	                        "WHERE deleted_at IS NULL ORDER BY created_at, id LIMIT $1",
	                        value_int(CHANNELS_MAX));
	Conf **all = talloc_zero_array(c, Conf *, CHANNELS_MAX);
	while (r == 0 && rows_next(rows))
		if (kind_find(rows_text(rows, 1)))
			all[n++] = conf_new(rows);
	r = r < 0 ? r : rows_error(rows);
	for (int i = 0; r == 0 && i < n; i++)
		r = secrets_open(c, all[i]);
	for (int i = 0; r < 0 && i < n; i++)
		conf_unref(all[i]);
	if (r < 0)
		return call_store_failed(c, r);
	*ret = all;
	*ret_n = n;
	return 0;
}

int conf_load(Call *c, Id id, Conf **ret)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
	                 "SELECT id, kind, name, settings, allowed_host, enabled, rate, outage FROM channel "
	                 "WHERE id = $1 AND deleted_at IS NULL",
	                 value_id(id));
	if (r < 0)
		return call_store_failed(c, r);
	if (!rows_next(rows) || !kind_find(rows_text(rows, 1)))
		return call_fail(c, ERR_NOT_FOUND, "not_found", "There is no such channel.", "没有这个消息渠道。");
	Conf *conf = conf_new(rows);
	r = secrets_open(c, conf);
	if (r < 0)
		conf_unref(conf);
	else
		*ret = conf;
	return r;
}

/* ---- checking what was entered ---- */

typedef struct {
	Call *c;
	const char *allowed_host;
	json_t *settings, *secrets;
} Check;

static const Setting *setting_find(const ChannelKind *kind, const char *name)
{
	for (const Setting *s = kind->settings; s->name; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

static int check_url(Check *k, const Setting *s, const char *url)
{
	const char *fault = net_url_fault(url, k->allowed_host);
	if (!fault)
		return 0;
	if (strcmp(fault, "plain") == 0)
		return call_fault(k->c, s->name, "plain", "Only https is allowed, unless the host is named as allowed.",
		                  "仅支持 https；如需使用 http，请将该主机填入“允许的主机”。");
	if (strcmp(fault, "scheme") == 0 || strcmp(fault, "malformed") == 0 || strcmp(fault, "userinfo") == 0)
		return call_fault(k->c, s->name, "url", "This is no usable address.", "地址格式不正确。");
	return call_fault(k->c, s->name, "private_address",
	                  "This address belongs to this server or to a private network. Name the host as allowed if "
		"it is meant.",
	                  "该地址指向本服务器或内网。如确需使用，请将该主机填入“允许的主机”。");
}

static bool is_line(const json_t *value)
{
	const char *text = json_string_value(value);
	if (!text || json_string_length(value) > VALUE_MAX)
		return false;
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

static int check_value(Check *k, const Setting *s, const json_t *value)
{
	const char *text = json_string_value(value);
	if (s->type == SETTING_INT && !json_is_integer(value))
		return call_fault(k->c, s->name, "type", "A whole number is expected.", "应为整数。");
	if (s->type != SETTING_INT && !is_line(value))
		return call_fault(k->c, s->name, "type", "One line of text is expected.", "应为单行文本。");
	return s->type == SETTING_URL ? check_url(k, s, text) : 0;
}

static bool is_blank(const json_t *value)
{
	return !value || json_is_null(value) || (json_is_string(value) && json_string_length(value) == 0);
}

static int check_given(Check *k, const ChannelKind *kind, const json_t *given)
{
	int r = 0;
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)given, name, value) {
		const Setting *s = setting_find(kind, name);
		if (!s) {
			r = call_fault(k->c, name, "unknown_setting", "This kind of channel has no such setting.", "该渠道没有此设置。");
			continue;
		}
		json_t *into = s->secret ? k->secrets : k->settings;
		if (is_blank(value))
			json_object_del(into, name);
		else if (check_value(k, s, value) < 0)
			r = ERR_INVALID;
		else
			json_object_set(into, name, value);
	}
	return r;
}

/* A URL that was kept has to stand up to an allowed host that changed. */
static int check_whole(Check *k, const ChannelKind *kind, const json_t *given)
{
	int r = 0;
	for (const Setting *s = kind->settings; s->name; s++) {
		const json_t *value = json_object_get(s->secret ? k->secrets : k->settings, s->name);
		const char *text = json_string_value(value);
		if (s->required && !value && !s->fallback)
			r = call_fault(k->c, s->name, "required", "This is needed.", "此项必填。");
		else if (s->type == SETTING_URL && text && !json_object_get(given, s->name) && check_url(k, s, text) < 0)
			r = ERR_INVALID;
	}
	return r;
}

int conf_check(Call *c, const ChannelKind *kind, const json_t *given, const char *allowed_host,
	const json_t *kept_settings, const json_t *kept_secrets, json_t **ret_settings, json_t **ret_secrets)
{
	Check k = {.c = c, .allowed_host = allowed_host};
	k.settings = json_own(c, kept_settings ? json_copy((json_t *)kept_settings) : json_object());
	k.secrets = json_own(c, kept_secrets ? json_copy((json_t *)kept_secrets) : json_object());
	if (given && !json_is_object(given))
		return call_fault(c, "settings", "type", "An object is expected.", "应为对象。");
	int r = check_given(&k, kind, given);
	if (check_whole(&k, kind, given) < 0)
		r = ERR_INVALID;
	*ret_settings = k.settings;
	*ret_secrets = k.secrets;
	return r;
}
