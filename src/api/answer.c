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
	return !c->content && (!c->out || c->out->len == 0) ? 204 : 200;
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

/* ---- files ---- */

/* Digits; beyond max it is max. False: there are none. */
static bool position_read(const char **text, size_t max, size_t *ret)
{
	const char *from = *text;
	size_t n = 0;
	for (; **text >= '0' && **text <= '9'; (*text)++)
		n = n > max ? n : n * 10 + (size_t)(**text - '0');
	*ret = n < max ? n : max;
	return *text > from;
}

/* "bytes=10-19", "bytes=10-", "bytes=-5"; anything else is false: several ranges are answered with the whole. */
static bool range_read(const char *text, size_t len, size_t *ret_first, size_t *ret_end)
{
	size_t first = 0, last = len;
	if (!text || strncmp(text, "bytes=", 6) != 0)
		return false;
	text += 6;
	bool has_first = position_read(&text, len, &first);
	if (*text++ != '-')
		return false;
	bool has_last = position_read(&text, len, &last);
	if (*text != '\0' || (!has_first && !has_last) || (has_first && has_last && last < first))
		return false;
	*ret_first = has_first ? first : len - last;
	*ret_end = has_first && has_last && last < len ? last + 1 : len;
	return true;
}

static bool is_known_already(HttpRequest *request, const char *etag)
{
	const char *known = http_header(request, "If-None-Match");
	return known && etag && (strcmp(known, "*") == 0 || strstr(known, etag));
}

/* What people sent is shown or saved, never run: not as a page of this house, not as another type than it is. */
static void answer_content(HttpRequest *request, const Call *c)
{
	const CallContent *content = c->content;
	size_t first = 0, end = content->len;
	int status = 200;
	Headers h = {0};
	header_add(&h, "ETag", c->etag);
	header_add(&h, "Content-Disposition", content->disposition);
	header_add(&h, "Content-Security-Policy", "default-src 'none'; sandbox");
	header_add(&h, "Cross-Origin-Resource-Policy", "same-origin");
	header_add(&h, "X-Content-Type-Options", "nosniff");
	header_add(&h, "Accept-Ranges", "bytes");
	header_add(&h, "Cache-Control", "private, no-cache"); /* kept, and asked for each time: rights can be lost */
	const char *if_range = http_header(request, "If-Range");
	bool part = (!if_range || (c->etag && strcmp(if_range, c->etag) == 0)) &&
	            range_read(http_header(request, "Range"), content->len, &first, &end);
	if (is_known_already(request, c->etag)) {
		http_respond(request, 304, NULL, h.item, "", 0);
		return;
	}
	if (part && first >= end) {
		header_add(&h, "Content-Range", talloc_asprintf(http_mem(request), "bytes */%zu", content->len));
		http_respond(request, 416, NULL, h.item, "", 0);
		return;
	}
	if (part) {
		header_add(&h, "Content-Range",
		           talloc_asprintf(http_mem(request), "bytes %zu-%zu/%zu", first, end - 1, content->len));
		status = 206;
	} else {
		first = 0;
		end = content->len;
	}
	http_respond(request, status, content->type, h.item, content->bytes + first, end - first);
}

void answer_call(HttpRequest *request, const Call *c, int result)
{
	if (result != 0) {
		answer_error(request, c, result);
		return;
	}
	if (c->content) {
		answer_content(request, c);
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
