/* The HTTP/1.1 server. Strict parsing, absolute deadlines, one callback. One event loop a core (SO_REUSEPORT); a
 * request lives on the loop that owns its connection, but may be answered from any thread, once. */
#pragma once

#include "base/base.h"
#include "base/id.h"

typedef struct HttpServer HttpServer;
typedef struct HttpRequest HttpRequest;
typedef struct HttpStream HttpStream;

/* What came of a request, for a log of requests: nothing of it is the visitor's own text but the method. Borrowed. */
typedef struct {
	Id id, who;                  /* who: nil if nobody is known */
	const char *method, *route;  /* route as noted, or "unknown" */
	int status;
	size_t bytes;                /* of the body */
	int64_t took_us;             /* from the whole request to its answer; of a live stream to its opening */
} HttpServed;

typedef struct {
	const char *listen;          /* "127.0.0.1:8080", "[::1]:0" (port 0 picks one); copied, as proxies are */
	int loops;                   /* 0: one a core, at most 8 */
	const char *const *proxies;  /* addresses whose X-Forwarded-For is believed, NULL-terminated; loopback always is */
	/* Called on a loop thread when a request with its whole body is there. Must answer at once or hand the request to
	 * another thread. */
	void (*on_request)(HttpRequest *, void *arg);
	/* Called on a loop thread when bytes could not be understood as a request, came too slowly or stopped in the
	 * middle (F2): the refusal (problem+json) was already chosen; this only lets it be put on the intake log. method,
	 * target and body are what is known of them, perhaps "", as sent: any bytes (body also NUL). A faulty URL comes
	 * with the whole body. visitor as http_visitor. reason is a refusal's code (http_refusal_text). May be NULL. */
	void (*on_refused)(const char *visitor, const char *method, const char *target, const char *body, size_t body_len,
	                   const char *reason, void *arg);
	/* Called on any thread when a request is answered; must be quick. Answers then carry X-Request-Id. May be NULL. */
	void (*on_served)(const HttpServed *served, void *arg);
	void *arg;
} HttpConfig;

/* Binds and starts the loops. NULL, a talloc'd sentence in *ret_error and the cause in errno on failure; EINVAL:
 * `listen` is no address. */
HttpServer *http_start(TALLOC_CTX *ctx, const HttpConfig *config, char **ret_error);
int http_port(const HttpServer *server);
/* Closes the listeners, lets answers under way finish (drain_ms at most), ends the streams and the loops, and frees the
 * server. Not from a loop thread. */
void http_stop(HttpServer *server, int drain_ms);

/* The request; all texts live until it is answered. */
const char *http_method(const HttpRequest *r);
/* Path as sent, percent-decoding not applied, query cut off. Always begins with '/'. */
const char *http_path(const HttpRequest *r);
/* Query text after '?', "" when there is none. */
const char *http_query(const HttpRequest *r);
/* First header of that name (any case), or NULL. */
const char *http_header(const HttpRequest *r, const char *name);
const char *http_body(const HttpRequest *r, size_t *ret_len);
/* The sentence of a refusal's code ("space_in_url"); NULL for a word that is none. */
const char *http_refusal_text(const char *code, bool in_chinese);
/* Address of the visitor: the peer, or what a believed proxy forwarded. */
const char *http_visitor(const HttpRequest *r);
/* True if the peer is loopback and sent no forwarding header: exempt from rate limits. */
bool http_is_local(const HttpRequest *r);
/* False if a browser says that a page of another site sent this: its Origin is neither public_url (may be NULL) nor
 * the host that was asked. */
bool http_is_own_origin(const HttpRequest *r, const char *public_url);
/* Memory that lives as long as the request. Only for the thread that holds the request. */
TALLOC_CTX *http_mem(HttpRequest *r);

/* What a log of requests may say of it: a pattern that lives as long as the server, and who asks. By whoever holds the
 * request. */
void http_note_route(HttpRequest *r, const char *route);
void http_note_who(HttpRequest *r, Id who);

typedef struct {
	const char *name, *value;
} HttpHeader;

/* Answers once and gives the request up; copies everything. From any thread, also after http_stop (then nobody reads
 * it). HEAD drops the body by itself. type and headers may be NULL; headers end with {NULL, NULL}; Content-Length, Date
 * and Connection are added. Control characters in header values become blanks. */
void http_respond(HttpRequest *r, int status, const char *type, const HttpHeader *headers, const void *body,
                  size_t len);

/* Turns the request into a live stream (status 200, text/event-stream) and gives it up. on_close runs once, on the
 * loop thread, when the visitor is gone, the stream was cut or closed (after what was sent has gone out) or the server
 * stops; the stream is dead after it returns. It may run before this call returns. NULL, without on_close, if the
 * server has stopped already. */
HttpStream *http_stream_open(HttpRequest *r, void (*on_close)(HttpStream *, void *arg), void *arg);
/* Sends one chunk of bytes to the stream from any thread. False: it was cut (too far behind) or is closed.
 * The caller must guarantee on_close has not returned yet (hold the lock that on_close takes). */
bool http_stream_send(HttpStream *s, const void *bytes, size_t len);
void http_stream_close(HttpStream *s);

/* Query strings and form bodies (application/x-www-form-urlencoded): '+' and %XX decoded, UTF-8 checked.
 * NULL when malformed. Keys may repeat; order is kept. */
typedef struct {
	const char *key, *value;
	size_t value_len;
} HttpPair;
typedef struct {
	HttpPair *pair;
	size_t n;
} HttpPairs;
HttpPairs *http_pairs_parse(TALLOC_CTX *ctx, const char *text, size_t len, size_t pairs_max);
/* First value of the key, or NULL. */
const char *http_pairs_get(const HttpPairs *pairs, const char *key);
/* Percent-decodes one path segment; NULL if malformed. */
char *http_path_decode(TALLOC_CTX *ctx, const char *segment, size_t len);
