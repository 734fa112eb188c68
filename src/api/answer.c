/* How a Call becomes bytes. Problems are RFC 9457; every API answer says no-store. */
#include "api/answer.h"

#include <string.h>
#include <strings.h>

#include "base/limits.h"

#define HEADERS_MAX 10

typedef struct {
	HttpHeader item[HEADERS_MAX + 1];
	int n;
} Headers;

static void header_add(Headers *h, const char *name, const char *value)
{
	if (value && h->n < HEADERS_MAX)
		h->item[h->n++] = (HttpHeader){name, value};
}

static void write_faults(JsonOut *o, const FieldFault *fault)
{
	json_key(o, "fields");
	json_array_begin(o);
	for (; fault; fault = fault->next) {
		json_object_begin(o);
		json_member_text(o, "field", fault->field);
		json_member_text(o, "code", fault->code);
		json_member_text(o, "detail", fault->detail);
		json_object_end(o);
	}
	json_array_end(o);
}

static void write_problem(Buf *out, int err, const char *code, const char *detail, const FieldFault *faults)
{
	int status = err_status(err);
	JsonOut o = json_out(out);
	json_object_begin(&o);
	json_member_text(&o, "type", "about:blank");
	json_member_text(&o, "title", err_title(err));
	json_member_int(&o, "status", status);
	json_member_text(&o, "code", code ? code : err_code(err));
	json_member_text(&o, "detail", detail);
	if (faults)
		write_faults(&o, faults);
	json_object_end(&o);
}

static const char *detail_of(const Call *c)
{
	if (c->err_detail)
		return c->err_detail;
	return c->lang == LANG_ZH ? "请求没有完成，内容未改动，请稍后再试。"
	                          : "The request was not carried out and nothing changed. Please try again later.";
}

int answer_status(const Call *c, int result)
{
	if (result < 0)
		return err_status(c->err ? c->err : result);
	if (c->status && c->status != 200)
		return c->status;
	return !c->out || c->out->len == 0 ? 204 : 200;
}

static void answer_error(HttpRequest *request, const Call *c, int result)
{
	Buf *out = buf_new(NULL, LIMIT_RESPONSE_BODY);
	int err = c->err ? c->err : result;
	write_problem(out, err, c->err_code, detail_of(c), c->faults);
	Headers h = {0};
	header_add(&h, "Retry-After", c->retry_after ? c->retry_after : err == ERR_BUSY || err == ERR_STORE ? "2" : NULL);
	header_add(&h, "ETag", err == ERR_STALE ? c->etag : NULL);
	header_add(&h, "WWW-Authenticate", err == ERR_UNAUTHENTICATED ? "Bearer" : NULL);
	header_add(&h, "Set-Cookie", c->set_cookie);
	header_add(&h, "Cache-Control", "no-store");
	http_respond(request, err_status(err), "application/problem+json", h.item, out->data, out->len);
	talloc_free(out);
}

/* The same question with the next cursor: <?filter=...&after=CURSOR>; rel="next". */
static const char *link_to_next(HttpRequest *request, const char *cursor)
{
	TALLOC_CTX *mem = http_mem(request);
	char *query = talloc_strdup(mem, "");
	const char *part = http_query(request);
	while (*part) {
		size_t n = strcspn(part, "&");
		if (strncmp(part, "after=", 6) != 0)
			query = talloc_asprintf_append(query, "%.*s&", (int)n, part);
		part += n + (part[n] == '&');
	}
	return talloc_asprintf(mem, "<?%safter=%s>; rel=\"next\"", query, cursor);
}

void answer_call(HttpRequest *request, const Call *c, int result)
{
	if (result != 0) {
		answer_error(request, c, result);
		return;
	}
	Headers h = {0};
	header_add(&h, "Location", c->location);
	header_add(&h, "ETag", c->etag);
	header_add(&h, "Link", c->link_next ? link_to_next(request, c->link_next) : NULL);
	header_add(&h, "Set-Cookie", c->set_cookie);
	header_add(&h, "Cache-Control", "no-store");
	int status = answer_status(c, 0);
	bool empty = !c->out || c->out->len == 0;
	http_respond(request, status, empty ? NULL : "application/json", h.item, empty ? "" : c->out->data,
	             empty ? 0 : c->out->len);
}

void answer_problem(HttpRequest *request, int err, const char *code, Lang lang, const char *en, const char *zh)
{
	Buf *out = buf_new(NULL, LIMIT_RESPONSE_BODY);
	write_problem(out, err, code, lang == LANG_ZH ? zh : en, NULL);
	HttpHeader headers[] = {{"Cache-Control", "no-store"}, {err_status(err) == 503 ? "Retry-After" : NULL, "2"}, {0}};
	http_respond(request, err_status(err), "application/problem+json", headers, out->data, out->len);
	talloc_free(out);
}

Lang answer_language(const HttpRequest *request)
{
	const char *accept = http_header(request, "Accept-Language");
	return accept && strncasecmp(accept, "en", 2) == 0 ? LANG_EN : LANG_ZH;
}
