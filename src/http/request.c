/* The request as the floors above see it, and the writing of its answer. */
#include "http/http_int.h"

#include "base/clock.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define POOL_SIZE (6 * 1024)
#define POOL_OBJECTS 16
#define ANSWER_HEAD_MAX 512 /* status line and the fields added here */
#define STATUS_LINE_MAX 64
#define NUMBER_FIELD_MAX 64
#define DATE_SIZE 32

HttpRequest *request_new(Loop *loop, Conn *conn, const char *peer)
{
	HttpRequest *r = talloc_pooled_object(NULL, HttpRequest, POOL_OBJECTS, POOL_SIZE);
	assert(r != NULL);
	r->post = (Post){.kind = POST_ANSWER};
	r->loop = loop;
	r->conn = conn;
	r->path = "/";
	r->query = "";
	r->is_head = r->keeps_alive = r->is_local = false;
	r->answer = NULL;
	r->answer_len = 0;
	r->stream = NULL;
	r->on_served = NULL;
	r->route = NULL;
	r->id = r->who = ID_NIL;
	memcpy(r->peer, peer, ADDRESS_SIZE);
	r->visitor = r->peer;
	http_parse_init(&r->parse, r);
	return r;
}

static void find_visitor(HttpRequest *r, const char *const *proxies)
{
	const char *forwarded[LIMIT_HTTP_HEADER_COUNT];
	size_t n = 0;
	bool is_forwarded = false;
	for (int i = 0; i < r->parse.n_fields; i++) {
		const char *name = r->parse.head + r->parse.field[i].name;
		if (strcasecmp(name, "x-forwarded-for") == 0)
			forwarded[n++] = r->parse.head + r->parse.field[i].value;
		else if (strcasecmp(name, "forwarded") == 0 || strcasecmp(name, "x-real-ip") == 0)
			is_forwarded = true;
	}
	if (n > 0)
		r->visitor = address_of_visitor(r, r->peer, forwarded, n, proxies);
	r->is_local = n == 0 && !is_forwarded && address_is_loopback(r->peer);
}

/* Only where somebody wants to know: an id costs. */
static void watch_begin(HttpRequest *r)
{
	const HttpConfig *config = r->loop->config;
	if (config->on_served == NULL)
		return;
	r->on_served = config->on_served;
	r->served_arg = config->arg;
	r->began_us = clock_monotonic_us();
	r->id = id_new(clock_real_ms());
}

void request_finish(HttpRequest *r, const char *const *proxies)
{
	char *target = r->parse.head + r->parse.target;
	find_visitor(r, proxies);
	watch_begin(r);
	r->is_head = strcmp(http_method(r), "HEAD") == 0;
	r->keeps_alive = http_parse_keeps_alive(&r->parse);
	if (r->parse.refusal != NULL || target[0] != '/')
		return;
	char *mark = strchr(target, '?');
	if (mark != NULL) {
		*mark = '\0';
		r->query = mark + 1;
	}
	r->path = target;
}

const char *http_method(const HttpRequest *r)
{
	return http_parse_method(&r->parse);
}

const char *http_path(const HttpRequest *r)
{
	return r->path;
}

const char *http_query(const HttpRequest *r)
{
	return r->query;
}

const char *http_header(const HttpRequest *r, const char *name)
{
	return http_parse_field(&r->parse, name);
}

const char *http_body(const HttpRequest *r, size_t *ret_len)
{
	*ret_len = r->parse.body_len;
	return r->parse.body != NULL ? r->parse.body : "";
}

const char *http_visitor(const HttpRequest *r)
{
	return r->visitor;
}

bool http_is_local(const HttpRequest *r)
{
	return r->is_local;
}

bool http_is_own_origin(const HttpRequest *r, const char *public_url)
{
	const char *origin = http_header(r, "Origin"), *host = http_header(r, "Host");
	const char *name = origin ? strstr(origin, "://") : NULL;
	return !origin || (public_url && strcmp(origin, public_url) == 0) || (name && host && strcmp(name + 3, host) == 0);
}

TALLOC_CTX *http_mem(HttpRequest *r)
{
	return r;
}

static const char *status_phrase(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} phrases[] = {
		{200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"}, {206, "Partial Content"},
		{301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"}, {304, "Not Modified"},
		{307, "Temporary Redirect"}, {308, "Permanent Redirect"}, {400, "Bad Request"}, {401, "Unauthorized"},
		{403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"}, {406, "Not Acceptable"},
		{408, "Request Timeout"}, {409, "Conflict"}, {410, "Gone"}, {412, "Precondition Failed"},
		{413, "Content Too Large"}, {414, "URI Too Long"}, {415, "Unsupported Media Type"},
		{417, "Expectation Failed"}, {422, "Unprocessable Content"}, {428, "Precondition Required"},
		{429, "Too Many Requests"}, {431, "Request Header Fields Too Large"}, {500, "Internal Server Error"},
		{501, "Not Implemented"}, {502, "Bad Gateway"}, {503, "Service Unavailable"}, {504, "Gateway Timeout"},
		{505, "HTTP Version Not Supported"}, {507, "Insufficient Storage"},
	};
	for (size_t i = 0; i < ARRAY_LEN(phrases); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Status";
}

/* The Date field changes once a second; each thread keeps the last one it made. */
static const char *date_text(void)
{
	static _Thread_local char text[DATE_SIZE];
	static _Thread_local time_t made;
	time_t now = (time_t)(clock_real_ms() / 1000);
	if (now != made) {
		struct tm tm;
		(void)gmtime_r(&now, &tm);
		(void)strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
		made = now;
	}
	return text;
}

static char *put(char *p, const char *text)
{
	return stpcpy(p, text);
}

/* A value that carries a line break would begin a field of its own: such bytes become blanks. */
static char *put_field(char *p, const char *name, const char *value)
{
	p = put(put(p, name), ": ");
	for (; *value != '\0'; value++)
		*p++ = (unsigned char)*value < 0x20 || *value == 0x7f ? ' ' : *value;
	return put(p, "\r\n");
}

static char *put_number_field(char *p, const char *name, size_t number)
{
	return p + snprintf(p, NUMBER_FIELD_MAX, "%s: %zu\r\n", name, number);
}

static size_t fields_size(const HttpHeader *headers, const char *type)
{
	size_t size = type != NULL ? strlen(type) : 0;
	for (; headers != NULL && headers->name != NULL; headers++)
		size += strlen(headers->name) + strlen(headers->value) + 4;
	return size;
}

void request_answer_build(HttpRequest *r, int status, const char *type, const HttpHeader *headers, const void *body,
                          size_t len)
{
	bool has_no_body = status == 204 || status == 304;
	size_t body_len = has_no_body || r->is_head ? 0 : len;
	r->answer = talloc_size(r, ANSWER_HEAD_MAX + fields_size(headers, type) + body_len);
	assert(r->answer != NULL);
	if (atomic_load_explicit(&r->loop->stops, memory_order_relaxed))
		r->keeps_alive = false;
	char *p = r->answer + snprintf(r->answer, STATUS_LINE_MAX, "HTTP/1.1 %d %s\r\n", status, status_phrase(status));
	p = put_field(p, "Date", date_text());
	if (!id_is_nil(r->id))
		p = put_field(p, "X-Request-Id", id_text(r->id, (char[ID_TEXT_SIZE]){0}));
	if (type != NULL)
		p = put_field(p, "Content-Type", type);
	for (; headers != NULL && headers->name != NULL; headers++)
		p = put_field(p, headers->name, headers->value);
	if (!has_no_body)
		p = put_number_field(p, "Content-Length", len);
	if (!r->keeps_alive)
		p = put(p, "Connection: close\r\n");
	else if (r->parse.is_1_0)
		p = put(p, "Connection: keep-alive\r\n");
	p = put(p, "\r\n");
	if (body_len > 0)
		memcpy(p, body, body_len);
	r->answer_len = (size_t)(p - r->answer) + body_len;
}

/* The request goes back to its loop. On the loop's own thread, inside on_request, it only needs to be marked. */
static void hand_back(HttpRequest *r)
{
	Loop *loop = r->loop;
	if (loop_is_mine(loop) && r->conn != NULL && r->conn->in_parse) {
		r->conn->is_answered = true;
		return;
	}
	if (loop_post(loop, &r->post))
		return;
	/* The server has stopped meanwhile. */
	talloc_free(r);
	loop_release(loop);
}

/* ---- told ---- */

void http_note_route(HttpRequest *r, const char *route)
{
	r->route = route;
}

void http_note_who(HttpRequest *r, Id who)
{
	r->who = who;
}

static void tell_served(const HttpRequest *r, int status, size_t bytes)
{
	if (r->on_served == NULL)
		return;
	const HttpServed served = {.id = r->id, .who = r->who, .method = http_method(r),
		.route = r->route != NULL ? r->route : "unknown", .status = status, .bytes = bytes,
		.took_us = clock_monotonic_us() - r->began_us};
	r->on_served(&served, r->served_arg);
}

void http_respond(HttpRequest *r, int status, const char *type, const HttpHeader *headers, const void *body, size_t len)
{
	request_answer_build(r, status, type, headers, body, len);
	tell_served(r, status, status == 204 || status == 304 ? 0 : len);
	hand_back(r);
}

HttpStream *http_stream_open(HttpRequest *r, void (*on_close)(HttpStream *, void *arg), void *arg)
{
	HttpStream *s = talloc_zero(NULL, HttpStream);
	assert(s != NULL);
	tell_served(r, 200, 0);
	s->post.kind = POST_STREAM;
	(void)pthread_mutex_init(&s->lock, NULL);
	s->loop = r->loop;
	s->on_close = on_close;
	s->arg = arg;
	r->stream = s;
	r->post.kind = POST_STREAM_OPEN;
	Loop *loop = r->loop;
	if (loop_is_mine(loop) && r->conn != NULL && r->conn->in_parse) {
		r->conn->is_answered = true;
		return s;
	}
	if (loop_post(loop, &r->post))
		return s;
	(void)pthread_mutex_destroy(&s->lock);
	talloc_free(s);
	talloc_free(r);
	loop_release(loop);
	return NULL;
}
