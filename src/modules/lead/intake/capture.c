/* POST /capture/{source_key}: a receipt, durable before the 202; everything else about the lead follows behind. Nothing
 * that was aimed here is thrown away: what cannot be understood goes on the log as quarantined, and the sender is told
 * what is wrong. */
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/log.h"
#include "event/follow.h"
#include "modules/lead/intake/delivery.h"
#include "modules/lead/intake/form.h"
#include "modules/lead/intake/understand.h"

#define PREFIX "/capture/"
#define RECEIPTS "/receipts/"
#define LOOK_AGAIN_MS 150 /* between looks for what became of a receipt that another process may take in */
#define LOOKUPS_MINUTE 120
#define LOOKUPS_HOUR 2000

/* "/capture/web%20/" -> "web": escapes decoded, blanks, line ends and slashes around dropped (F2). */
static char *key_of_path(TALLOC_CTX *ctx, const char *path)
{
	static const char around[] = " \t\r\n/";
	char *key = http_path_decode(ctx, path, strlen(path));
	if (!key)
		return talloc_strdup(ctx, path);
	key += strspn(key, around);
	size_t n = strlen(key);
	while (n > 0 && strchr(around, key[n - 1]))
		n--;
	return talloc_strndup(ctx, key, n);
}

/* ---- CORS ---- */

static bool origin_allowed(const HttpRequest *request, const House *house, const Inlet *source, const char *origin)
{
	size_t i;
	json_t *allowed;
	if (http_is_own_origin(request, house->public_url))
		return true;
	json_array_foreach ((json_t *)source->origins, i, allowed) {
		const char *text = json_string_value(allowed);
		if (text && (strcmp(text, "*") == 0 || strcasecmp(text, origin) == 0))
			return true;
	}
	return false;
}

static void answer_preflight(House *house, HttpRequest *request, const Inlet *source)
{
	const char *origin = http_header(request, "Origin");
	if (!source || !origin || !origin_allowed(request, house, source, origin)) {
		http_respond(request, 403, NULL, (HttpHeader[]){{"Vary", "Origin"}, {0}}, "", 0);
		return;
	}
	HttpHeader headers[] = {
		{"Access-Control-Allow-Origin", origin},
		{"Access-Control-Allow-Methods", "POST, GET"},
		{"Access-Control-Allow-Headers", "Content-Type, Idempotency-Key, Prefer"},
		{"Access-Control-Max-Age", "600"},
		{"Vary", "Origin"},
		{NULL, NULL},
	};
	http_respond(request, 204, NULL, headers, "", 0);
}

/* ---- what is wrong with a body ---- */

/* A body without a second bracket is flat: its fields cannot have the wrong type, and the full reading waits for the
 * taker - unless it may hold a NUL, which only that finds. */
static bool is_flat(const Receipt *r)
{
	static const char nul[] = "\\u0000";
	const char *first = memchr(r->body, '{', r->body_len);
	size_t rest = first ? r->body_len - (size_t)(first + 1 - r->body) : 0;
	return first && !memchr(first + 1, '{', rest) && !memchr(first + 1, '[', rest) &&
	       !memmem(first, rest, nul, strlen(nul));
}

static void check_shape(Delivery *d, const Inlet *source)
{
	Enquiry enquiry;
	const char *reason, *detail;
	if (!enquiry_read(d, d->receipt.content_type, d->receipt.body, d->receipt.body_len, source ? source->mapping : NULL,
	                  &enquiry, &reason, &detail))
		delivery_quarantine(d, ERR_INVALID, reason, detail);
	else if (enquiry.fault)
		delivery_quarantine(d, ERR_INVALID, "wrong_type", enquiry.fault);
}

static void check_body(Delivery *d, const Inlet *source)
{
	JsonFault fault;
	Receipt *r = &d->receipt;
	if (r->body_len > LIMIT_CAPTURE_BODY) {
		r->body_len = OVERSIZE_KEPT;
		delivery_quarantine(d, ERR_TOO_LARGE, "too_large", NULL);
	} else if (enquiry_is_form(r->content_type, r->body, r->body_len))
		check_shape(d, source);
	else if (!json_check(r->body, r->body_len, LIMIT_JSON_DEPTH, &fault))
		delivery_quarantine(d, ERR_INVALID, "bad_json",
		                    talloc_asprintf(d, "%s (byte %zu)", fault.reason, fault.offset));
	else if (!is_flat(r))
		check_shape(d, source);
}

static void check_sender(Delivery *d, const Inlet *source)
{
	const char *origin = http_header(d->request, "Origin");
	if (!source)
		delivery_quarantine(d, ERR_NOT_FOUND, "unknown_source", NULL);
	else if (!source->enabled)
		delivery_quarantine(d, 0, "source_disabled", NULL);
	else if (origin && !origin_allowed(d->request, d->intake->house, source, origin))
		delivery_quarantine(d, ERR_DENIED, "origin_not_allowed", NULL);
	else
		d->origin = talloc_strdup(d, origin);
}

/* ---- the same thing again ---- */

static int original_load(Tx *tx, void *arg)
{
	Delivery *d = arg;
	Receipt original;
	int r = receipt_load(tx, d, d->receipt.id, &original);
	if (r == 0)
		d->receipt = original;
	return r;
}

static void original_look(void *arg, const Outcome *durable);

static void look_again(void *arg, const Outcome *outcome)
{
	(void)outcome;
	original_look(arg, NULL);
}

static void original_loaded(void *arg, int result)
{
	Delivery *d = arg;
	Outcome outcome = delivery_outcome(d);
	if (d->poll_until_ms > 0) {
		bool is_over = atomic_load(&d->intake->closing) || clock_monotonic_ms() >= d->poll_until_ms;
		if (result == 0 && outcome.state == RECEIPT_PENDING && !is_over) {
			waits_add(d->intake->durable, d->receipt.id, LOOK_AGAIN_MS, look_again, d);
			return;
		}
		atomic_fetch_sub(&d->intake->polls, 1);
	}
	bool somebody_waits = d->wait_ms > 0 && outcome.state == RECEIPT_PENDING;
	if (outcome.state != RECEIPT_QUARANTINED)
		d->err = 0; /* somebody has corrected the first one meanwhile */
	if (result < 0)
		delivery_fail(d, result == ERR_NOT_FOUND && !d->is_look ? ERR_STORE : result);
	else if (!somebody_waits)
		delivery_answer(d, &outcome);
	delivery_release(d);
}

/* Answers with the state of the delivery that came first. Whoever waits is registered before the look, so that nothing
 * slips through between the two. durable: NULL, or what became of the one that was thought to be first; it may itself
 * have found another one. */
static void original_look(void *arg, const Outcome *durable)
{
	Delivery *d = arg;
	if (durable && !id_is_nil(durable->duplicate_of))
		d->receipt.id = durable->duplicate_of;
	if (d->wait_ms > 0 && follow_has_others(d->intake->house)) {
		/* whoever takes it in may be another process, which tells nothing here */
		atomic_fetch_add(&d->intake->polls, 1);
		d->poll_until_ms = clock_monotonic_ms() + d->wait_ms;
		d->wait_ms = 0;
	}
	if (d->wait_ms > 0) {
		delivery_hold(d);
		waits_add(d->intake->settled, d->receipt.id, d->wait_ms, delivery_settled, d);
	}
	if (store_read(receipt_log_store(d->intake->log), original_load, original_loaded, d) < 0)
		original_loaded(d, ERR_BUSY);
}

/* The window is asked again after the waiting began: what became of the original may have been told between the two,
 * and would be told nobody any more. It is durable, it could not be kept, or another process had the same before. */
static void repeat_answer(Delivery *d, Window *window, Digest digest, Id original)
{
	Intake *in = d->intake; /* d may be gone as soon as it waits */
	Outcome told = {.receipt = original};
	d->receipt.id = original;
	waits_add(in->durable, original, 10 * SECOND_MS, original_look, d);
	if (!window_is_open(window, digest, original, &told.duplicate_of))
		waits_tell(in->durable, &told);
}

/* Takes the digest of this delivery; true when another one had it: it was answered. What is refused is compared with
 * refused ones only, and by its bytes: its key is free for the corrected body, and the same bytes for the time when
 * they are welcome. */
static bool answered_as_repeat(Delivery *d)
{
	Intake *in = d->intake;
	Receipt *r = &d->receipt;
	bool refused = r->state != RECEIPT_PENDING;
	const char *key = refused ? NULL : http_header(d->request, "Idempotency-Key");
	char text[33];
	Id original;
	bool durable;
	/* the same words with another photo are new */
	const char *also = refused ? r->reason : key ? NULL : r->files;
	const char *parts[] = {r->source_key, key ? key : r->visitor, r->body, also};
	size_t lens[] = {strlen(r->source_key), strlen(parts[1]), key ? 0 : r->body_len, also ? strlen(also) : 0};
	Digest digest = digest_of(parts, lens, also ? 4 : 3);
	Window *window = key ? in->by_key : in->by_body;
	if (!window_take(window, digest, r->at, r->id, &original, &durable)) {
		if (durable) {
			d->receipt.id = original;
			original_look(d, NULL);
		} else
			repeat_answer(d, window, digest, original);
		return true;
	}
	d->window = window;
	d->digest = digest;
	*(key ? &r->dedupe_key : &r->dedupe_body) = talloc_strdup(d, digest_text(digest, text));
	return false;
}

/* ---- the way in ---- */

/* Another process had kept the same delivery before. */
static void appended_elsewhere(Delivery *d)
{
	Intake *in = d->intake;
	Outcome first = {.receipt = d->receipt.id, .duplicate_of = d->receipt.original};
	window_point(d->window, d->digest, d->receipt.id, d->receipt.original);
	waits_tell(in->durable, &first);
	d->receipt.id = d->receipt.original;
	original_look(d, NULL);
}

/* The receipt is on disk, or it could not be kept: only now the visitor hears of it. */
static void appended(void *arg, int result)
{
	Delivery *d = arg;
	Intake *in = d->intake;
	if (result == 0 && !id_is_nil(d->receipt.original)) {
		appended_elsewhere(d);
		return;
	}
	Outcome outcome = delivery_outcome(d);
	bool pending = outcome.state == RECEIPT_PENDING;
	if (d->window)
		window_settle(d->window, d->digest, d->receipt.id, result == 0);
	waits_tell(in->durable, &outcome);
	if (result == 0) {
		counter_add(&in->kept, 1);
		pulse_arrived(in->pulse, d->receipt.source, d->receipt.at);
	}
	if (result < 0)
		delivery_fail(d, result);
	else if (pending && d->wait_ms > 0) {
		delivery_hold(d);
		waits_add(in->settled, d->receipt.id, d->wait_ms, delivery_settled, d);
	} else
		delivery_answer(d, &outcome);
	if (result == 0 && pending)
		taker_give(in->taker, &d->receipt);
	else if (result == 0)
		quarantine_tell(in, &d->receipt, d->receipt.reason, d->receipt.detail);
	delivery_release(d);
}

/* The body is known, and what came with it is on disk: the receipt. */
static void delivery_finish(Delivery *d, const Inlet *source)
{
	if (d->receipt.state == RECEIPT_PENDING)
		check_body(d, source);
	if (answered_as_repeat(d))
		return;
	bool shared = follow_has_others(d->intake->house);
	if ((shared ? receipt_append_shared : receipt_append)(d->intake->log, &d->receipt, appended) < 0)
		appended(d, ERR_BUSY);
}

void capture_form(Delivery *d)
{
	const Sources *sources = source_book_acquire(d->intake->sources);
	int r = form_read(d);
	if (r < 0) {
		delivery_fail(d, r);
		delivery_release(d);
	} else
		delivery_finish(d, source_by_id(sources, d->receipt.source));
	source_release(sources);
}

static void delivery_take(Delivery *d, const Inlet *source)
{
	int after_s = !source || http_is_local(d->request)
	                  ? 0
	                  : limiter_knock(d->intake->arrivals, source->id, d->receipt.visitor, source->rate_minute,
	                                  source->rate_hour, clock_real_ms());
	if (after_s > 0) {
		delivery_slow_down(d, after_s);
		delivery_release(d);
		return;
	}
	d->receipt.source = source ? source->id : ID_NIL;
	check_sender(d, source);
	if (!d->is_form)
		delivery_finish(d, source);
	else if (!filer_give(d->intake->filer, d)) {
		delivery_fail(d, ERR_BUSY);
		delivery_release(d);
	}
}

static int sources_refresh(Tx *tx, void *arg)
{
	Delivery *d = arg;
	return source_book_load(tx, d->intake->sources);
}

/* A key nobody knew a moment ago may have been made just now: the list was read again. */
static void sources_refreshed(void *arg, int result)
{
	Delivery *d = arg;
	(void)result;
	const Sources *sources = source_book_acquire(d->intake->sources);
	delivery_take(d, source_by_key(sources, d->receipt.source_key));
	source_release(sources);
}

static void capture_post(Intake *intake, HttpRequest *request, const char *key)
{
	Delivery *d = delivery_new(intake, request, key);
	const Sources *sources = source_book_acquire(intake->sources);
	const Inlet *source = source_by_key(sources, key);
	if (source)
		delivery_take(d, source);
	else if (store_read(intake->house->store, sources_refresh, sources_refreshed, d) < 0)
		delivery_take(d, NULL);
	source_release(sources);
}

/* GET /capture/{key}/receipts/{id} */
static void capture_look(Intake *intake, HttpRequest *request, const char *key, const char *id)
{
	Delivery *d = delivery_new(intake, request, key);
	int after_s = http_is_local(request) ? 0
	                                     : limiter_knock(intake->lookups, ID_NIL, d->receipt.visitor, LOOKUPS_MINUTE,
	                                                     LOOKUPS_HOUR, clock_real_ms());
	d->is_look = true;
	if (after_s > 0) {
		delivery_slow_down(d, after_s);
		delivery_release(d);
	} else if (!id_parse(id, strlen(id), &d->receipt.id)) {
		delivery_fail(d, ERR_NOT_FOUND);
		delivery_release(d);
	} else
		original_look(d, NULL);
}

void capture_request(House *house, HttpRequest *request)
{
	const char *method = http_method(request);
	const char *path = strstr(http_path(request), PREFIX); /* "//capture/..." as well */
	char *key = key_of_path(http_mem(request), path + strlen(PREFIX));
	char *receipts = strstr(key, RECEIPTS);
	const Sources *sources = source_book_acquire(house->intake->sources);
	if (strcmp(method, "OPTIONS") == 0)
		answer_preflight(house, request, source_by_key(sources, key));
	else if (strcmp(method, "POST") == 0)
		capture_post(house->intake, request, key);
	else if (receipts && strcmp(method, "GET") == 0) {
		*receipts = '\0';
		capture_look(house->intake, request, key, receipts + strlen(RECEIPTS));
	} else
		http_respond(request, 405, "text/plain; charset=utf-8", (HttpHeader[]){{"Allow", "POST, OPTIONS"}, {0}},
		             "Send leads by POST. 请用 POST 提交。\n", strlen("Send leads by POST. 请用 POST 提交。\n"));
	source_release(sources);
}

/* ---- what was no request at all ---- */

static void refused_kept(void *arg, int result)
{
	Receipt *r = arg;
	if (result < 0)
		log_error("intake", "a malformed delivery could not be put on the log");
	talloc_free(r);
}

void capture_refused(House *house, const char *peer, const char *target, const char *body, size_t len,
                     const char *reason)
{
	Receipt *r = talloc_zero(NULL, Receipt);
	const char *at = strstr(target, PREFIX);
	int64_t now = clock_now_ms(house->clock);
	size_t kept = len < OVERSIZE_KEPT ? len : OVERSIZE_KEPT;
	*r = (Receipt){
		.id = id_new(now),
		.at = now,
		.source_key = key_of_path(r, at ? at + strlen(PREFIX) : ""),
		.visitor = talloc_strdup(r, peer),
		.headers = "{}",
		.body = talloc_memdup(r, body ? body : "", kept + (kept == 0)),
		.body_len = kept,
		.state = RECEIPT_QUARANTINED,
		.reason = "bad_request",
		.detail = talloc_strdup(r, reason),
	};
	const Sources *sources = source_book_acquire(house->intake->sources);
	const Inlet *source = source_by_key(sources, r->source_key);
	r->source = source ? source->id : ID_NIL;
	source_release(sources);
	if (receipt_append(house->intake->log, r, refused_kept) < 0)
		refused_kept(r, ERR_BUSY);
}
