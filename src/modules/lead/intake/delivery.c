#include "modules/lead/intake/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "http/multipart.h"
#include "modules/lead/intake/reason.h"

#define PREFER_WAIT_MAX_S 30
#define ANSWER_MAX (64 * 1024)

static void header_note(JsonOut *o, const HttpRequest *request, const char *name, const char *key)
{
	const char *value = http_header(request, name);
	if (value)
		json_member_text(o, key, value);
}

/* The few headers that tell something about the visitor. */
static const char *headers_note(TALLOC_CTX *ctx, const HttpRequest *request)
{
	Buf *out = buf_new(ctx, LIMIT_HTTP_HEADERS * 2);
	JsonOut o = json_out(out);
	json_object_begin(&o);
	header_note(&o, request, "User-Agent", "user_agent");
	header_note(&o, request, "Accept-Language", "language");
	header_note(&o, request, "Referer", "referrer");
	header_note(&o, request, "Origin", "origin");
	json_object_end(&o);
	return buf_failed(out) ? "{}" : out->data;
}

static int64_t prefer_wait_ms(const HttpRequest *request)
{
	const char *prefer = http_header(request, "Prefer");
	const char *at = prefer ? strstr(prefer, "wait=") : NULL;
	long seconds = at ? strtol(at + 5, NULL, 10) : 0;
	return seconds <= 0 ? 0 : (seconds > PREFER_WAIT_MAX_S ? PREFER_WAIT_MAX_S : seconds) * SECOND_MS;
}

void delivery_keep_body(Delivery *d, size_t max)
{
	size_t len;
	const char *body = http_body(d->request, &len);
	if (len > max)
		len = max;
	char *copy = talloc_array(d, char, len + 1);
	memcpy(copy, body, len);
	copy[len] = '\0';
	d->receipt.body = copy;
	d->receipt.body_len = len;
}

Delivery *delivery_new(Intake *intake, HttpRequest *request, const char *source_key)
{
	Delivery *d = talloc_pooled_object(NULL, Delivery, 10, 4096);
	int64_t now = clock_now_ms(intake->house->clock);
	const char *language = http_header(request, "Accept-Language");
	*d = (Delivery){.intake = intake, .request = request, .wait_ms = prefer_wait_ms(request), .holders = 1};
	d->lang = language && strncasecmp(language, "en", 2) == 0 ? LANG_EN : LANG_ZH;
	d->receipt = (Receipt){
		.id = id_new(now),
		.at = now,
		.source_key = talloc_strdup(d, source_key),
		.visitor = talloc_strdup(d, http_visitor(request)),
		.content_type = talloc_strdup(d, http_header(request, "Content-Type")),
		.headers = headers_note(d, request),
		.body = "",
		.state = RECEIPT_PENDING,
	};
	d->is_form = http_is_multipart(d->receipt.content_type);
	if (!d->is_form)
		delivery_keep_body(d, LIMIT_HTTP_BODY);
	return d;
}

void delivery_hold(Delivery *d)
{
	d->holders++;
}

void delivery_release(Delivery *d)
{
	if (--d->holders == 0)
		talloc_free(d);
}

void delivery_quarantine(Delivery *d, int err, const char *reason, const char *argument)
{
	d->receipt.state = RECEIPT_QUARANTINED;
	d->receipt.reason = reason;
	d->receipt.detail = argument;
	d->err = err;
}

Outcome delivery_outcome(const Delivery *d)
{
	const Receipt *r = &d->receipt;
	return (Outcome){r->id, r->state, r->reason, r->detail, r->lead, r->duplicate_of};
}

static void outcome_members(JsonOut *o, const Outcome *outcome, Lang lang)
{
	json_member_id(o, "receipt", outcome->receipt);
	json_member_text(o, "state", receipt_state_name(outcome->state));
	json_member_id(o, "lead", outcome->lead);
	json_member_id(o, "duplicate_of", outcome->duplicate_of);
	json_member_text(o, "reason", outcome->reason);
	json_member_text(o, "detail", reason_text(o->buf, outcome->reason, outcome->detail, lang));
}

void outcome_write(JsonOut *o, const Outcome *outcome, Lang lang)
{
	json_object_begin(o);
	outcome_members(o, outcome, lang);
	json_object_end(o);
}

void outcome_write_files(JsonOut *o, const char *notes, Lang lang)
{
	JsonFault fault;
	size_t i;
	json_t *note, *all = notes ? json_parse(o->buf, notes, strlen(notes), &fault) : NULL;
	if (!all)
		return;
	json_key(o, "files");
	json_array_begin(o);
	json_array_foreach (all, i, note) {
		const char *reason = json_text(note, "left_out"), *name = json_text(note, "name");
		json_object_begin(o);
		json_member_text(o, "name", name);
		json_member_int(o, "bytes", json_int(note, "bytes", 0));
		json_member_bool(o, "kept", reason == NULL);
		if (reason) {
			json_member_text(o, "reason", reason);
			json_member_text(o, "detail", reason_text(o->buf, reason, name, lang));
		}
		json_object_end(o);
	}
	json_array_end(o);
}

/* The one answer; body is JSON. CORS headers go only to origins of the source's list. */
static void answer(Delivery *d, int status, const char *type, const char *retry_after, const Buf *body)
{
	if (atomic_exchange(&d->answered, true))
		return;
	HttpHeader headers[] = {
		{"Cache-Control", "no-store"}, {NULL, NULL}, {NULL, NULL}, {NULL, NULL}, {NULL, NULL},
	};
	int n = 1;
	if (retry_after)
		headers[n++] = (HttpHeader){"Retry-After", retry_after};
	if (d->origin) {
		headers[n++] = (HttpHeader){"Access-Control-Allow-Origin", d->origin};
		headers[n++] = (HttpHeader){"Vary", "Origin"};
	}
	http_respond(d->request, status, type, headers, body->data, body->len);
}

static void answer_problem(Delivery *d, int err, const char *code, const char *detail, const char *retry_after)
{
	Buf *out = buf_new(NULL, ANSWER_MAX);
	JsonOut o = json_out(out);
	json_object_begin(&o);
	json_member_text(&o, "type", "about:blank");
	json_member_text(&o, "title", err_title(err));
	json_member_int(&o, "status", err_status(err));
	json_member_text(&o, "code", code);
	json_member_text(&o, "detail", detail);
	if (d->receipt.state == RECEIPT_QUARANTINED)
		json_member_id(&o, "receipt", d->receipt.id);
	json_object_end(&o);
	answer(d, err_status(err), "application/problem+json", retry_after, out);
	talloc_free(out);
}

void delivery_answer(Delivery *d, const Outcome *outcome)
{
	if (d->err) {
		answer_problem(d, d->err, outcome->reason,
		               reason_text(d, outcome->reason, outcome->detail, d->lang), NULL);
		return;
	}
	Buf *out = buf_new(NULL, ANSWER_MAX);
	JsonOut o = json_out(out);
	json_object_begin(&o);
	outcome_members(&o, outcome, d->lang);
	outcome_write_files(&o, d->receipt.files, d->lang);
	json_object_end(&o);
	answer(d, d->is_look ? 200 : 202, "application/json", NULL, out);
	talloc_free(out);
}

void delivery_fail(Delivery *d, int err)
{
	bool zh = d->lang == LANG_ZH;
	d->receipt.state = RECEIPT_PENDING;
	if (d->is_look && err == ERR_NOT_FOUND)
		answer_problem(d, err, "no_such_receipt",
		               zh ? "没有这个回执，请检查编号。" : "There is no such receipt. Check its id.", NULL);
	else
		answer_problem(
			d, err, err_code(err),
			zh ? "暂时无法保存，请用同一个 Idempotency-Key 稍后重发。"
			   : "It could not be stored just now. Please send it again later with the same Idempotency-Key.",
			err == ERR_FULL ? "60" : "2");
}

void delivery_slow_down(Delivery *d, int after_s)
{
	char after[16];
	snprintf(after, sizeof after, "%d", after_s);
	answer_problem(d, ERR_LIMIT, "rate_limited",
	               d->lang == LANG_ZH ? "提交过于频繁，请稍后再试。" : "Too many deliveries. Please try again later.",
	               after);
}

void delivery_settled(void *arg, const Outcome *outcome)
{
	Delivery *d = arg;
	Outcome known = outcome ? *outcome : delivery_outcome(d);
	delivery_answer(d, &known);
	delivery_release(d);
}
