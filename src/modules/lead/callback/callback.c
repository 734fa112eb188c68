/* /callback/{source_key}: what partners push. Signature, time, receiver and replay are checked before anything is
 * believed; what is refused is on the log with its reason; what is genuine is a durable receipt before the partner
 * hears "success". */
#include "modules/lead/callback/callback_int.h"

#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "event/follow.h"
#include "modules/lead/pull/pull.h"
#include "record/phase.h"

#define PREFIX "/callback/"
#define QUERY_MAX 50

const char *callback_setting(const Callback *b, const char *name)
{
	const char *value = json_text(b->settings, name);
	return value ? value : "";
}

void callback_refuse(Callback *b, const char *fault, const char *detail)
{
	if (b->fault)
		return;
	b->fault = fault;
	b->detail = detail;
}

/* ---- answering ---- */

static void respond(Callback *b, int status, const char *text)
{
	http_respond(b->request, status, b->type ? b->type : "text/plain; charset=utf-8",
	             (HttpHeader[]){{"Cache-Control", "no-store"}, {0}}, text, strlen(text));
}

/* On disk, or not: a partner sends again what it hears no success of. */
static void appended(void *arg, int result)
{
	Callback *b = arg;
	Intake *in = b->intake;
	bool genuine = b->receipt.state == RECEIPT_PENDING, again = result == 0 && !id_is_nil(b->receipt.original);
	if (again)
		window_point(in->by_key, b->replay, b->receipt.id, b->receipt.original);
	else if (b->in_window)
		window_settle(in->by_key, b->replay, b->receipt.id, result == 0);
	if (again) { /* another process had it */
		respond(b, 200, b->answer);
		talloc_free(b);
		return;
	}
	if (result == 0)
		pulse_arrived(in->pulse, b->receipt.source, b->receipt.at);
	respond(b, result < 0 ? 503 : b->status, result < 0 ? "later" : b->fault ? b->fault : b->answer);
	if (result == 0 && genuine)
		taker_give(in->taker, &b->receipt);
	else if (result == 0)
		quarantine_tell(in, &b->receipt, b->receipt.reason, b->receipt.detail);
	talloc_free(b);
}

static void keep(Callback *b)
{
	bool shared = b->in_window && follow_has_others(b->intake->house);
	settings_forget(b);
	if ((shared ? receipt_append_shared : receipt_append)(b->intake->log, &b->receipt, appended) < 0)
		appended(b, ERR_BUSY);
}

/* Whoever guesses keys is slowed down and fills no log. */
static void refuse(Callback *b)
{
	Id door = b->source ? b->source->id : ID_NIL;
	if (limiter_knock(b->intake->lookups, door, b->receipt.visitor, 60, 600, clock_real_ms()) > 0) {
		respond(b, 429, "too many");
		talloc_free(b);
		return;
	}
	b->status = b->status ? b->status : 403;
	b->receipt.state = RECEIPT_QUARANTINED;
	b->receipt.reason = b->fault;
	b->receipt.detail = b->detail;
	keep(b);
}

/* ---- what is genuine ---- */

/* The same signed request again, or the same message signed anew by a partner that did not hear us: nothing twice, also
 * after a crash and at another process: the digest stands on the receipt. While the first is not on disk yet, success
 * cannot be told of the second. */
static bool answered_as_replay(Callback *b)
{
	char text[33];
	const char *parts[] = {b->receipt.source_key, "callback", b->sealed.message};
	size_t lens[] = {strlen(parts[0]), strlen(parts[1]), b->sealed.len};
	Id other;
	bool durable = false;
	b->replay = digest_of(parts, lens, ARRAY_LEN(parts));
	b->in_window = window_take(b->intake->by_key, b->replay, b->receipt.at, b->receipt.id, &other, &durable);
	if (b->in_window) {
		b->receipt.dedupe_key = talloc_strdup(b, digest_text(b->replay, text));
		return false;
	}
	respond(b, durable ? 200 : 503, durable ? b->answer : "later");
	talloc_free(b);
	return true;
}

/* With a mapping of the source's own the message itself is the body; else known events are put into words. */
static bool enquiry_make(Callback *b, const char *kind)
{
	bool mapped = json_object_size(b->source->mapping) > 0;
	const json_t *event = event_read(b, b->sealed.message, b->sealed.len);
	const char *body = NULL;
	if (!event)
		callback_refuse(b, "bad_message", NULL);
	else if (!mapped && strcmp(kind, "token") != 0)
		body = event_enquiry(b, kind, event);
	else {
		Buf *text = buf_new(b, CALLBACK_BODY_MAX * 2);
		JsonOut o = json_out(text);
		json_put_tree(&o, event);
		body = text->data;
	}
	if (body) {
		b->receipt.body = body;
		b->receipt.body_len = strlen(body);
		b->receipt.content_type = "application/json";
	}
	return body != NULL;
}

/* 微信客服 says only that there is something; what it is has to be fetched (lead/pull). The push is answered when that is
 * durable. */
static int fetch_want(Tx *tx, void *arg)
{
	const Callback *b = arg;
	Call *c = call_new_system(tx_mem(tx), b->intake->house, tx, "callback");
	return pull_wanted(c, b->receipt.source, json_text(b->notice, "OpenKfId"), json_text(b->notice, "Token"));
}

static void fetch_wanted(void *arg, int result)
{
	Callback *b = arg;
	respond(b, result < 0 ? 503 : 200, result < 0 ? "later" : b->answer);
	talloc_free(b);
}

static bool is_notice(Callback *b, const char *kind)
{
	b->notice = strcmp(kind, "wecom") == 0 && !b->is_quiet ? event_read(b, b->sealed.message, b->sealed.len) : NULL;
	const char *event = json_text(b->notice, "Event");
	return event && strcmp(event, "kf_msg_or_event") == 0 && json_text(b->notice, "OpenKfId") &&
	       json_text(b->notice, "Token");
}

static void accept(Callback *b, const char *kind)
{
	if (is_notice(b, kind)) {
		if (store_write(b->intake->house->store, fetch_want, fetch_wanted, b) < 0)
			fetch_wanted(b, ERR_BUSY);
		return;
	}
	bool wanted = !b->is_quiet && enquiry_make(b, kind);
	if (b->fault) {
		refuse(b);
		return;
	}
	if (!wanted) {
		respond(b, 200, b->answer);
		talloc_free(b);
		return;
	}
	if (answered_as_replay(b))
		return;
	b->status = 200;
	b->receipt.state = RECEIPT_PENDING;
	if (!b->source->enabled) {
		b->receipt.state = RECEIPT_QUARANTINED;
		b->receipt.reason = "source_disabled";
	}
	keep(b);
}

/* ---- the way in ---- */

static Callback *callback_new(House *house, HttpRequest *request, const char *key)
{
	Callback *b = talloc_zero(NULL, Callback);
	int64_t now = clock_now_ms(house->clock);
	size_t len;
	const char *body = http_body(request, &len), *query = http_query(request);
	size_t kept = len < CALLBACK_BODY_MAX ? len : CALLBACK_BODY_MAX;
	char *copy = talloc_zero_array(b, char, kept + 1);
	memcpy(copy, body, kept);
	b->intake = house->intake;
	b->request = request;
	b->is_get = strcmp(http_method(request), "GET") == 0;
	b->query = http_pairs_parse(b, query, strlen(query), QUERY_MAX);
	b->receipt = (Receipt){
		.id = id_new(now),
		.at = now,
		.source_key = talloc_strdup(b, key),
		.headers = "{}",
		.body = copy,
		.visitor = talloc_strdup(b, http_visitor(request)),
		.body_len = kept,
		.content_type = talloc_strdup(b, http_header(request, "Content-Type")),
	};
	if (len > CALLBACK_BODY_MAX)
		callback_refuse(b, "too_large", NULL);
	return b;
}

static void judge(Callback *b)
{
	const CallbackKind *kind = b->source ? callback_kind(json_text(b->source->callback, "kind")) : NULL;
	b->settings = b->source ? b->source->callback : NULL;
	b->receipt.source = b->source ? b->source->id : ID_NIL;
	if (!kind) {
		b->status = 404;
		callback_refuse(b, b->source ? "no_callback" : "unknown_source", NULL);
	}
	if (kind && !json_text(b->settings, "token")) {
		b->status = 503; /* what is genuine is sent again */
		callback_refuse(b, b->source->secret_lost ? "secret_unreadable" : "no_secret", NULL);
	}
	if (!b->fault)
		kind->open(b);
	if (b->fault)
		refuse(b);
	else
		accept(b, kind->name);
}

static bool is_set_up(const Inlet *source)
{
	return source && callback_kind(json_text(source->callback, "kind"));
}

static int sources_refresh(Tx *tx, void *arg)
{
	const Callback *b = arg;
	return source_book_load(tx, b->intake->sources);
}

/* What was set up a moment ago may not be in memory yet: the list was read again. */
static void sources_refreshed(void *arg, int result)
{
	Callback *b = arg;
	(void)result;
	const Sources *sources = source_book_acquire(b->intake->sources);
	b->source = source_by_key(sources, b->receipt.source_key);
	judge(b);
	source_release(sources);
}

static void callback_request(House *house, HttpRequest *request)
{
	const char *method = http_method(request), *path = strstr(http_path(request), PREFIX) + strlen(PREFIX);
	const char *key = http_path_decode(http_mem(request), path, strlen(path));
	if (strcmp(method, "GET") != 0 && strcmp(method, "POST") != 0) {
		http_respond(request, 405, NULL, (HttpHeader[]){{"Allow", "GET, POST"}, {0}}, "", 0);
		return;
	}
	const Sources *sources = source_book_acquire(house->intake->sources);
	Callback *b = callback_new(house, request, key ? key : path);
	b->source = source_by_key(sources, b->receipt.source_key);
	if (is_set_up(b->source) || store_read(house->store, sources_refresh, sources_refreshed, b) < 0)
		judge(b);
	source_release(sources);
}

/* ---- the card ---- */

static int callback_start(House *house)
{
	phase_add(house->phases, PHASE_VALIDATE, "source", settings_check, NULL);
	phase_add(house->phases, PHASE_AFTER, "source", settings_follow, NULL);
	return 0;
}

static const RawRoute raw[] = {
	{PREFIX, callback_request, NULL},
	{0},
};

const Module callback_module = {
	.name = "callback", .endpoints = callback_endpoints, .raw = raw, .start = callback_start};
