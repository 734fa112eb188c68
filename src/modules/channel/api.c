/* Channels for administrators: kinds and their forms, settings, state, log, test. Secrets go in and never come out:
 * an answer tells only that one is set, and its last characters. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/cond.h"
#include "call/secret.h"
#include "call/when.h"
#include "modules/channel/channel_int.h"

#define NAME_MAX_CHARS 60
#define LOG_PAGE 100
#define TAIL_CHARS 4
#define TAIL_FROM 12           /* shorter secrets show nothing */
#define TEST_WAIT_MS (2 * NET_DEADLINE_MS + SECOND_MS)
#define TEST_ANSWER_MAX 2000

/* ---- kinds ---- */

static void write_setting(JsonOut *o, const Setting *s)
{
	static const char *const types[] = {"", "text", "url", "int", "choice"};
	json_object_begin(o);
	json_member_text(o, "name", s->name);
	json_member_text(o, "type", types[s->type]);
	json_member_bool(o, "required", s->required);
	json_member_bool(o, "secret", s->secret);
	json_member_text(o, "zh", s->zh);
	json_member_text(o, "en", s->en);
	json_member_text(o, "help_zh", s->help_zh);
	json_member_text(o, "help_en", s->help_en);
	json_member_text(o, "choices", s->choices);
	json_member_text(o, "fallback", s->fallback);
	json_object_end(o);
}

static int kinds_list(Call *c)
{
	JsonOut *o = &c->json;
	json_object_begin(o);
	json_key(o, "items");
	json_array_begin(o);
	for (const ChannelKind *const *k = kinds; *k; k++) {
		json_object_begin(o);
		json_member_text(o, "name", (*k)->name);
		json_member_text(o, "zh", (*k)->zh);
		json_member_text(o, "en", (*k)->en);
		json_member_bool(o, "group", (*k)->group);
		json_member_int(o, "rate", (*k)->rate_minute);
		json_member_text(o, "address_zh", (*k)->address_zh);
		json_member_text(o, "address_en", (*k)->address_en);
		json_member_bool(o, "address_required", (*k)->address_required);
		json_key(o, "settings");
		json_array_begin(o);
		for (const Setting *s = (*k)->settings; s->name; s++)
			write_setting(o, s);
		json_array_end(o);
		json_object_end(o);
	}
	json_array_end(o);
	json_object_end(o);
	return 0;
}

/* ---- one channel as JSON ---- */

static void write_secrets(JsonOut *o, const Conf *conf)
{
	json_key(o, "secrets");
	json_object_begin(o);
	for (const Setting *s = conf->kind->settings; s->name; s++) {
		const char *text = s->secret ? json_text(conf->secrets, s->name) : NULL;
		size_t len = text ? strlen(text) : 0;
		if (!s->secret)
			continue;
		json_key(o, s->name);
		json_object_begin(o);
		json_member_bool(o, "set", text != NULL);
		json_member_text(o, "tail", len >= TAIL_FROM ? text + len - TAIL_CHARS : NULL);
		json_object_end(o);
	}
	json_object_end(o);
}

static void write_time(JsonOut *o, const char *key, int64_t ms)
{
	char text[WHEN_TEXT_SIZE];
	json_member_text(o, key, ms ? when_text(ms, text) : NULL);
}

static int write_breaker(Call *c, const Conf *conf)
{
	JsonOut *o = &c->json;
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
	                 "SELECT breaker, breaker_code, breaker_detail, breaker_at, retry_at FROM channel WHERE id = $1",
	                 value_id(conf->id));
	if (r < 0 || !rows_next(rows))
		return r < 0 ? r : rows_error(rows);
	const char *state = rows_text(rows, 0);
	bool over = strcmp(state, "limited") == 0 && rows_int(rows, 4) <= c->now_ms;
	json_key(o, "breaker");
	json_object_begin(o);
	json_member_text(o, "state", over ? "closed" : state);
	json_member_text(o, "code", over ? NULL : rows_text(rows, 1));
	json_member_text(o, "detail", over ? NULL : rows_text(rows, 2));
	json_member_text(o, "said", over ? NULL : kind_said(c, conf->kind, rows_text(rows, 1), c->lang));
	write_time(o, "at", rows_int(rows, 3));
	write_time(o, "retry_at", over || strcmp(state, "closed") == 0 ? 0 : rows_int(rows, 4));
	json_object_end(o);
	return 0;
}

/* What waits, and what came of the rest in the last 24 hours. */
static int write_counts(Call *c, const Conf *conf)
{
	int64_t queue = 0, counts[OUT_EXPIRED + 1] = {0};
	int r = db_int(c->tx, &queue, "SELECT COUNT(*) FROM outbox WHERE channel = $1 AND state <= 1", value_id(conf->id));
	ROWS rows = NULL;
	if (r == 0)
		r = db_query(c->tx, &rows,
		             "SELECT state, COUNT(*) FROM outbox WHERE channel = $1 AND done_at IS NOT NULL AND done_at > $2 "
		             "GROUP BY state",
		             value_id(conf->id), value_time(c->now_ms - DAY_MS));
	while (r == 0 && rows_next(rows)) {
		int64_t state = rows_int(rows, 0);
		if (state >= 0 && state <= OUT_EXPIRED)
			counts[state] = rows_int(rows, 1);
	}
	json_member_int(&c->json, "queue", queue);
	json_key(&c->json, "day");
	json_object_begin(&c->json);
	for (int i = OUT_SENT; i <= OUT_EXPIRED; i++)
		json_member_int(&c->json, out_state_name(i), counts[i]);
	json_object_end(&c->json);
	return r < 0 ? r : rows_error(rows);
}

static int channel_write(Call *c, const Conf *conf)
{
	JsonOut *o = &c->json;
	json_object_begin(o);
	json_member_id(o, "id", conf->id);
	json_member_text(o, "kind", conf->kind->name);
	json_member_text(o, "name", conf->name);
	json_member_bool(o, "enabled", conf->enabled);
	json_member_text(o, "allowed_host", conf->allowed_host);
	json_member_int(o, "rate", conf->rate);
	json_member_text(o, "fault", conf->fault ? failure_code(conf->fault) : NULL);
	json_member_text(o, "fault_said", conf->fault ? failure_said(c, failure_code(conf->fault), c->lang) : NULL);
	json_key(o, "settings");
	json_put_tree(o, conf->settings);
	write_secrets(o, conf);
	int r = write_breaker(c, conf);
	if (r == 0)
		r = write_counts(c, conf);
	json_object_end(o);
	return call_store_failed(c, r);
}

static int channels_list(Call *c)
{
	Conf **all;
	int n = 0, r = conf_load_all(c, &all, &n);
	if (r < 0)
		return r;
	json_object_begin(&c->json);
	json_key(&c->json, "items");
	json_array_begin(&c->json);
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = channel_write(c, all[i]);
		conf_unref(all[i]);
	}
	json_array_end(&c->json);
	json_member_text(&c->json, "public_url", c->house->public_url);
	json_object_end(&c->json);
	return r;
}

/* ---- making, changing, removing ---- */

static int channel_answer(Call *c, Id id)
{
	Conf *conf;
	int r = conf_load(c, id, &conf);
	if (r == 0) {
		r = channel_write(c, conf);
		conf_unref(conf);
	}
	return r < 0 ? r : post_changed(c, id);
}

static const char *json_written(Call *c, const json_t *tree)
{
	Buf *out = buf_new(c, SETTINGS_ROOM);
	JsonOut o = json_out(out);
	json_put_tree(&o, tree);
	return out->data;
}

static const char *text_or_null(const char *text)
{
	return text && text[0] ? text : NULL;
}

/* A change is laid over what stands; of two at once neither loses the other's. */
static int one_at_a_time(Call *c)
{
	return call_store_failed(c, tx_lock(c->tx, "channels"));
}

static int channel_create(Call *c)
{
	json_t *settings, *secrets;
	int64_t n = 0;
	const ChannelKind *kind = kind_find(call_text(c, "kind"));
	if (!kind)
		return call_fault(c, "kind", "choice", "There is no such kind of channel.", "没有这种渠道类型。");
	const char *host = text_or_null(call_text(c, "allowed_host"));
	int r = one_at_a_time(c);
	if (r == 0)
		r = conf_check(c, kind, call_json(c, "settings"), host, NULL, NULL, &settings, &secrets);
	if (r == 0)
		r = call_store_failed(c, db_int(c->tx, &n,
			"SELECT COUNT(*) FROM channel WHERE deleted_at IS NULL AND name <> $1",
		                                value_text("")));
	if (r < 0)
		return r;
	if (n >= CHANNELS_MAX)
		return call_fail(c, ERR_CONFLICT, "too_many", "There are too many channels already.", "消息渠道数量已达上限。");
	if (kind->prepare && !kind->prepare(c, secrets))
		return call_fail(c, ERR_INTERNAL, "no_key", "No key could be made. Try again.", "无法生成密钥，请重试。");
	Id id = id_new(c->now_ms);
	r = db_exec(c->tx,
	            "INSERT INTO channel (id, kind, name, settings, allowed_host, enabled, rate, created_at, breaker) "
	            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'closed')",
	            value_id(id), value_text(kind->name), value_text(call_text(c, "name")),
	            value_text(json_written(c, settings)), value_text(host), value_bool(call_flag(c, "enabled", true)),
	            value_int(call_int(c, "rate", 0)), value_time(c->now_ms));
	if (r < 0)
		return call_store_failed(c, r);
	if ((r = secret_set(c, id, json_written(c, secrets))) < 0)
		return r;
	c->status = 201;
	return channel_answer(c, id);
}

static int channel_update(Call *c, const Conf *old)
{
	json_t *settings, *secrets;
	const char *host = call_json(c, "allowed_host") ? text_or_null(call_text(c, "allowed_host")) : old->allowed_host;
	const char *name = call_text(c, "name");
	int r = conf_check(c, old->kind, call_json(c, "settings"), host, old->settings, old->secrets, &settings, &secrets);
	if (r < 0)
		return r;
	r = db_exec(c->tx,
	            "UPDATE channel SET name = $2, settings = $3, allowed_host = $4, enabled = $5, rate = $6, "
	            "breaker = 'closed', breaker_code = NULL, breaker_detail = NULL, retry_at = NULL WHERE id = $1",
	            value_id(old->id), value_text(name ? name : old->name), value_text(json_written(c, settings)),
	            value_text(host), value_bool(call_flag(c, "enabled", old->enabled)),
	            value_int(call_int(c, "rate", old->rate)));
	if (r < 0)
		return call_store_failed(c, r);
	r = secret_set(c, old->id, json_written(c, secrets));
	return r < 0 ? r : channel_answer(c, old->id);
}

static int channel_patch(Call *c)
{
	Conf *old;
	int r = one_at_a_time(c);
	if (r == 0)
		r = conf_load(c, call_id(c, "id"), &old);
	if (r < 0)
		return r;
	r = channel_update(c, old);
	conf_unref(old);
	return r;
}

static int channel_delete(Call *c)
{
	Conf *old;
	Id id = call_id(c, "id");
	int r = one_at_a_time(c);
	if (r == 0)
		r = conf_load(c, id, &old);
	if (r < 0)
		return r;
	conf_unref(old);
	r = db_exec(c->tx, "UPDATE channel SET enabled = 0, deleted_at = $2 WHERE id = $1", value_id(id),
	            value_time(c->now_ms));
	if (r == 0)
		r = outbox_abandon(c, id);
	if (r == 0)
		r = routes_hand_on(c, id);
	if (r == 0)
		r = db_exec(c->tx, "DELETE FROM channel_route WHERE channel = $1", value_id(id));
	if (r < 0)
		return call_store_failed(c, r);
	c->status = 204;
	r = secret_set(c, id, NULL);
	return r < 0 ? r : post_changed(c, id);
}

/* ---- the log ---- */

static void log_row(Call *c, const Rows *rows)
{
	JsonOut *o = &c->json;
	json_object_begin(o);
	write_time(o, "at", rows_int(rows, 0));
	json_member_int(o, "seq", rows_int(rows, 1));
	json_member_text(o, "state", out_state_name((int)rows_int(rows, 2)));
	json_member_text(o, "reason", rows_text(rows, 3));
	json_member_text(o, "code", rows_text(rows, 4));
	json_member_text(o, "detail", rows_text(rows, 5));
	json_member_text(o, "said", channel_said(c, rows_text(rows, 10), rows_text(rows, 4), c->lang));
	json_member_int(o, "tries", rows_int(rows, 6));
	write_time(o, "made_at", rows_int(rows, 7));
	json_key(o, "receiver");
	json_object_begin(o);
	json_member_id(o, "id", rows_id(rows, 8));
	json_member_text(o, "name", rows_text(rows, 9));
	json_object_end(o);
	json_object_end(o);
}

/* The cursor is "ms.seq" of the last row. */
static int channel_log(Call *c)
{
	int64_t at = INT64_MAX, seq = INT64_MAX;
	const char *after = call_text(c, "after");
	if (after && sscanf(after, "%" SCNd64 ".%" SCNd64, &at, &seq) != 2)
		return call_fault(c, "after", "cursor", "This is no cursor of this list.", "游标无效。");
	ROWS rows = NULL;
	int n = 0, r = db_query(c->tx, &rows,
	                        "SELECT o.done_at, o.seq, o.state, o.reason, o.code, o.detail, o.tries, o.made_at, "
		"o.receiver, "
	                        "p.name, k.kind FROM outbox o LEFT JOIN person p ON p.id = o.receiver "
	                        "LEFT JOIN channel k ON k.id = o.channel WHERE o.channel = $1 "
	                        "AND o.done_at IS NOT NULL AND (o.done_at < $2 OR (o.done_at = $2 AND o.seq < $3)) "
	                        "ORDER BY o.done_at DESC, o.seq DESC LIMIT $4",
	                        value_id(call_id(c, "id")), value_time(at), value_int(seq), value_int(LOG_PAGE));
	if (r < 0)
		return call_store_failed(c, r);
	json_object_begin(&c->json);
	json_key(&c->json, "items");
	json_array_begin(&c->json);
	while (rows_next(rows)) {
		log_row(c, rows);
		at = rows_int(rows, 0);
		seq = rows_int(rows, 1);
		n++;
	}
	json_array_end(&c->json);
	json_member_text(&c->json, "next",
	                 n == LOG_PAGE ? talloc_asprintf(c, "%" PRId64 ".%" PRId64, at, seq) : NULL);
	json_object_end(&c->json);
	return call_store_failed(c, rows_error(rows));
}

/* ---- the test ---- */

/* Shared by the caller, who waits, and the net; whoever leaves last frees it. */
typedef struct {
	pthread_mutex_t lock;
	pthread_cond_t done;
	_Atomic int refs;
	bool over;
	Delivery delivery;
	Card card;
	Conf *conf;
	const char *address;
	Verdict verdict;
	int status;
	int64_t took_ms;
	char answer[TEST_ANSWER_MAX + 1];
} Test;

static void test_leave(Test *t)
{
	if (atomic_fetch_sub(&t->refs, 1) > 1)
		return;
	conf_unref(t->conf);
	pthread_mutex_destroy(&t->lock);
	pthread_cond_destroy(&t->done);
	talloc_free(t);
}

static void on_tested(void *arg, const Verdict *verdict, const NetAnswer *answer)
{
	Test *t = arg;
	pthread_mutex_lock(&t->lock);
	t->verdict = *verdict;
	if (answer) {
		t->status = answer->status;
		t->took_ms = answer->took_ms;
		const char *cut = text_cut(t, answer->body, TEST_ANSWER_MAX);
		snprintf(t->answer, sizeof t->answer, "%s", cut);
	}
	t->over = true;
	pthread_cond_signal(&t->done);
	pthread_mutex_unlock(&t->lock);
	test_leave(t);
}

static int test_load(Call *c, void *arg)
{
	Test *t = arg;
	ROWS rows = NULL;
	conf_unref(t->conf);
	t->conf = NULL;
	int r = conf_load(c, call_id(c, "id"), &t->conf);
	if (r == 0 && t->conf->kind->devices) {
		const char *lines = "";
		r = call_store_failed(c, devices_load(c, c->who.user, &lines));
		t->address = talloc_strdup(t, lines);
	}
	if (r < 0 || t->address)
		return r;
	r = db_query(c->tx, &rows, "SELECT address FROM channel_route WHERE person = $1 AND channel = $2",
	             value_id(c->who.user), value_id(t->conf->id));
	if (r < 0)
		return call_store_failed(c, r);
	t->address = talloc_strdup(t, rows_next(rows) ? rows_text(rows, 0) : "");
	return 0;
}

static void test_wait(Test *t)
{
	int64_t until_us = clock_monotonic_us() + TEST_WAIT_MS * 1000;
	bool in_time = true;
	pthread_mutex_lock(&t->lock);
	while (!t->over && in_time)
		in_time = cond_wait_until(&t->done, &t->lock, until_us);
	if (!t->over)
		verdict_set(&t->verdict, VERDICT_RETRY, FAILURE_TIMEOUT, "");
	pthread_mutex_unlock(&t->lock);
}

static Test *test_new(Call *c)
{
	Test *t = talloc_zero(NULL, Test);
	cond_init(&t->done);
	pthread_mutex_init(&t->lock, NULL);
	atomic_init(&t->refs, 1);
	t->address = call_text(c, "address") ? talloc_strdup(t, call_text(c, "address")) : NULL;
	return t;
}

static int channel_test(Call *c)
{
	Test *t = test_new(c);
	int r = call_read_wait(c, test_load, t);
	if (r < 0) {
		test_leave(t);
		return r;
	}
	card_of_test(t, c->house, t->conf->name, c->lang, c->now_ms, &t->card);
	t->delivery = (Delivery){.conf = conf_ref(t->conf), .card = &t->card, .address = t->address, .done = on_tested,
		.arg = t};
	atomic_fetch_add(&t->refs, 1);
	deliver(c->house->net, &t->delivery);
	test_wait(t);
	JsonOut *o = &c->json;
	json_object_begin(o);
	json_member_bool(o, "ok", t->verdict.kind == VERDICT_DONE);
	json_member_text(o, "code", t->verdict.code);
	json_member_text(o, "detail", t->verdict.detail);
	json_member_text(o, "said", kind_said(c, t->conf->kind, t->verdict.code, c->lang));
	json_member_text(o, "verdict", verdict_name(t->verdict.kind));
	json_member_int(o, "status", t->status);
	json_member_text(o, "answer", t->answer);
	json_member_int(o, "took_ms", t->took_ms);
	json_object_end(o);
	test_leave(t);
	return 0;
}

/* ---- the table ---- */

static const Param id_params[] = {{"id", PARAM_ID, PARAM_IN_PATH, true, .help = "Channel"}, {0}};
static const Param create_params[] = {
	{"kind", PARAM_TEXT, PARAM_IN_BODY, true, .max = 40, .help = "One of GET /channels/kinds"},
	{"name", PARAM_TEXT, PARAM_IN_BODY, true, .min = 1, .max = NAME_MAX_CHARS, .help = "As people see it"},
	{"settings", PARAM_JSON, PARAM_IN_BODY, true, .help = "Settings and secrets of the kind by name"},
	{"allowed_host", PARAM_TEXT, PARAM_IN_BODY, .max = 255, .help = "Host that may be private and without TLS"},
	{"rate", PARAM_INT, PARAM_IN_BODY, .min = 0, .max = PACE_MAX, .help = "Messages a minute; 0: as the kind has it"},
	{"enabled", PARAM_BOOL, PARAM_IN_BODY, .help = "Used at all"},
	{0},
};
static const Param patch_params[] = {
	{"id", PARAM_ID, PARAM_IN_PATH, true, .help = "Channel"},
	{"name", PARAM_TEXT, PARAM_IN_BODY, .min = 1, .max = NAME_MAX_CHARS},
	{"settings", PARAM_JSON, PARAM_IN_BODY, .help = "What is left out stays; an empty text removes"},
	{"allowed_host", PARAM_TEXT, PARAM_IN_BODY, .max = 255},
	{"rate", PARAM_INT, PARAM_IN_BODY, .min = 0, .max = PACE_MAX},
	{"enabled", PARAM_BOOL, PARAM_IN_BODY},
	{0},
};
static const Param log_params[] = {
	{"id", PARAM_ID, PARAM_IN_PATH, true, .help = "Channel"},
	{"after", PARAM_TEXT, PARAM_IN_QUERY, .max = 60, .help = "Cursor of the last page"},
	{0},
};
static const Param test_params[] = {
	{"id", PARAM_ID, PARAM_IN_PATH, true, .help = "Channel"},
	{"address", PARAM_TEXT, PARAM_IN_BODY, .max = 1000, .help = "To whom; left out: as my channels say"},
	{0},
};
static const Param user_params[] = {{"id", PARAM_ID, PARAM_IN_PATH, true, .help = "Person"}, {0}};
#define ITEMS_HELP "[{\"channel\",\"address\",\"spare\":bool}] in order; spare: only when the one before it fails"
static const Param mine_params[] = {
	{"items", PARAM_JSON, PARAM_IN_BODY, true, .help = ITEMS_HELP},
	{"quiet", PARAM_JSON, PARAM_IN_BODY, .help = "{\"from\":\"22:00\",\"to\":\"08:00\",\"urgent\":bool} or null"},
	{0},
};
static const Param theirs_params[] = {
	{"id", PARAM_ID, PARAM_IN_PATH, true, .help = "Person"},
	{"items", PARAM_JSON, PARAM_IN_BODY, true, .help = ITEMS_HELP},
	{"quiet", PARAM_JSON, PARAM_IN_BODY, .help = "{\"from\":\"22:00\",\"to\":\"08:00\",\"urgent\":bool} or null"},
	{0},
};

static const Param device_params[] = {
	{"endpoint", PARAM_TEXT, PARAM_IN_BODY, true, .min = 1, .max = 1000, .help = "PushSubscription.endpoint"},
	{"p256dh", PARAM_TEXT, PARAM_IN_BODY, true, .max = 100, .help = "Its key p256dh, base64url"},
	{"auth", PARAM_TEXT, PARAM_IN_BODY, true, .max = 40, .help = "Its secret auth, base64url"},
	{"device", PARAM_TEXT, PARAM_IN_BODY, .max = 100, .help = "What the person calls it"},
	{0},
};
static const Param endpoint_params[] = {
	{"endpoint", PARAM_TEXT, PARAM_IN_BODY, true, .min = 1, .max = 1000, .help = "PushSubscription.endpoint"},
	{0},
};

const Endpoint channel_endpoints[] = {
	{"GET", "/channels", "settings.manage", CALL_READ, NULL, channels_list, "Channels with their state"},
	{"GET", "/channels/kinds", "settings.manage", CALL_READ, NULL, kinds_list, "Kinds of channels and their settings"},
	{"POST", "/channels", "settings.manage", CALL_WRITE, create_params, channel_create, "Set a channel up"},
	{"PATCH", "/channels/:id", "settings.manage", CALL_WRITE, patch_params, channel_patch,
		"Change a channel; closes its breaker"},
	{"DELETE", "/channels/:id", "settings.manage", CALL_WRITE, id_params, channel_delete, "Remove a channel"},
	{"GET", "/channels/:id/log", "settings.manage", CALL_READ, log_params, channel_log,
		"What became of its messages, newest first"},
	{"POST", "/channels/:id/test", "settings.manage", CALL_WORKER, test_params, channel_test,
		"Send a test card and tell what the partner answered"},
	{"GET", "/me/channels", "signed_in", CALL_READ, NULL, mine_get, "My channels, their order, my quiet hours"},
	{"PUT", "/me/channels", "signed_in", CALL_WRITE, mine_params, mine_put, "Set my channels and quiet hours"},
	{"GET", "/me/push", "signed_in", CALL_READ, NULL, push_get, "The key for browser notifications, and my devices"},
	{"POST", "/me/push", "signed_in", CALL_WRITE, device_params, push_post, "Notify me on this device"},
	{"POST", "/me/push/remove", "signed_in", CALL_WRITE, endpoint_params, push_delete, "No more on this device"},
	{"GET", "/users/:id/channels", "people.manage", CALL_READ, user_params, mine_get, "Channels of a person"},
	{"PUT", "/users/:id/channels", "people.manage", CALL_WRITE, theirs_params, mine_put,
		"Say who a person is in each channel"},
	{0},
};
