/* What the files of http/ share. Threads: a Conn and everything on its loop is touched by the loop's thread alone. A
 * request that was handed out belongs to who holds it until it comes back through loop_post; a stream's outbox is
 * guarded by its mutex. */
#pragma once

#include "base/buf.h"
#include "http/http.h"
#include "http/parse.h"
#include <arpa/inet.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#define ADDRESS_SIZE INET6_ADDRSTRLEN

typedef struct Conn Conn;
typedef struct Loop Loop;

/* How long a connection may stay in each state; tests shorten them. */
typedef struct {
	int request_ms, idle_ms, write_ms, linger_ms;
} HttpTimes;

extern const HttpTimes http_default_times;

HttpServer *http_start_timed(TALLOC_CTX *ctx, const HttpConfig *config, const HttpTimes *times, char **ret_error);

/* --- posts: what other threads hand to a loop --- */

typedef enum { POST_ANSWER, POST_STREAM_OPEN, POST_STREAM } PostKind;

typedef struct Post {
	struct Post *next;
	PostKind kind;
} Post;

/* Hands post to the loop and wakes it. False: the loop has ended and the post is still the caller's. */
NODISCARD bool loop_post(Loop *loop, Post *post);

/* --- request --- */

struct HttpRequest {
	Post post;  /* first: a Post * of an answer is the request */
	Loop *loop;
	Conn *conn; /* loop thread only; NULL when the visitor has gone */
	HttpParse parse;
	const char *path, *query, *visitor;
	bool is_head, keeps_alive, is_local;
	char peer[ADDRESS_SIZE];
	char *answer; /* head and body */
	size_t answer_len;
	HttpStream *stream;
	/* with on_served only; kept here, for an answer may come after the server is gone */
	void (*on_served)(const HttpServed *served, void *arg);
	void *served_arg;
	int64_t began_us;
	const char *route;
	Id id, who;
};

HttpRequest *request_new(Loop *loop, Conn *conn, const char *peer);
/* Splits the target and finds the visitor, once the request is complete. */
void request_finish(HttpRequest *r, const char *const *proxies);
/* Writes head and body of the answer into the request. */
void request_answer_build(HttpRequest *r, int status, const char *type, const HttpHeader *headers, const void *body,
                          size_t len);

/* --- refusals --- */

Buf *http_problem(TALLOC_CTX *ctx, const HttpRefusal *refusal, const char *accept_language);

/* --- addresses --- */

/* Writes the peer of a socket as text, IPv4 without the IPv6 mapping. */
void address_of_peer(const struct sockaddr_storage *peer, char out[static ADDRESS_SIZE]);
bool address_is_loopback(const char *address);
/* Who the visitor is, given the values of X-Forwarded-For in order; the result lives in ctx or is peer itself. */
const char *address_of_visitor(TALLOC_CTX *ctx, const char *peer, const char *const *forwarded, size_t n,
                               const char *const *proxies);

/* --- connections --- */

typedef enum {
	CONN_IDLE,    /* kept alive, nothing sent yet */
	CONN_READING, /* a request is coming in: absolute deadline */
	CONN_BUSY,    /* the application has the request: no deadline */
	CONN_WRITING, /* the answer goes out: deadline from the last progress */
	CONN_LINGER,  /* answered for the last time; what still comes in is thrown away so that the answer is not reset */
	CONN_STREAM,
	CONN_GONE,    /* closed; freed by the next sweep, when no caller can still hold it */
	CONN_STATES
} ConnState;

struct Conn {
	TAILQ_ENTRY(Conn) link; /* in loop->conns[state], oldest first */
	Loop *loop;
	int fd;
	ConnState state;
	bool in_parse;     /* bytes are being taken: an answer given inside on_request waits until that returned */
	bool is_answered;  /* it was given there */
	bool reads, writes; /* the events are on */
	bool ended;        /* the visitor has closed his sending side */
	bool closes, continued;
	int64_t since_ms;
	size_t pieces; /* of the body that came, LIMIT_HTTP_PIECE each */
	HttpRequest *request;
	HttpStream *stream;
	const char *out; /* what is left to write; owned by the request or the stream */
	size_t out_len;
	char *pending; /* read, but belonging to the next request */
	size_t pending_len;
	uint64_t lingered; /* bytes thrown away */
	struct event read_event, write_event;
	char peer[ADDRESS_SIZE];
};

/* Takes over a freshly accepted socket. */
void conn_open(Loop *loop, int fd, const struct sockaddr_storage *peer);
void conn_close(Conn *c);
/* Closes the sending side and reads on for a while, so that the visitor gets to read the last answer. */
void conn_linger(Conn *c);
/* The server stops: serves a request that has already arrived, else closes. For idle connections. */
void conn_drain(Conn *c);
/* The oldest of a state has passed its deadline. */
void conn_expire(Conn *c);
/* An answer came back from the application. Loop thread. */
void conn_answer(HttpRequest *r);
/* The application made the request a stream. Loop thread. */
void conn_stream_open(HttpRequest *r);
/* Writes what the stream has; closes when it is over. */
void conn_stream_flush(Conn *c);

/* --- streams --- */

struct HttpStream {
	Post post; /* first */
	pthread_mutex_t lock;
	Loop *loop;
	Conn *conn; /* loop thread only */
	void (*on_close)(HttpStream *, void *arg);
	void *arg;
	/* guarded by lock */
	char *outbox;
	size_t outbox_len, outbox_cap, in_flight;
	bool is_posted, is_over; /* in the loop's posts; nothing more may be sent */
	bool is_cut;             /* over, and what is unsent does not count */
	/* loop thread only */
	char *sending;
	bool is_dead; /* on_close has run; freed when its post came through */
};

/* Moves what waits into *ret; false if there is nothing. */
bool stream_take(HttpStream *s, const char **ret, size_t *ret_len);
bool stream_is_over(HttpStream *s);
bool stream_is_cut(HttpStream *s);
/* Tells the owner and frees the stream, now or when its post has come through. */
void stream_end(HttpStream *s);
/* Its post came through the loop. */
void stream_posted(HttpStream *s);

/* --- loops --- */

struct Loop {
	struct event_base *base;
	pthread_t thread;
	bool is_running;
	const HttpConfig *config;
	HttpTimes times;
	int listener, wake_fd;
	struct event accept_event, wake_event, sweep_event;
	bool is_draining;
	_Atomic(Post *) posts;
	_Atomic bool stops;            /* answers say Connection: close */
	_Atomic int64_t drain_until_ms;
	_Atomic int *connections;      /* of the whole server */
	TAILQ_HEAD(, Conn) conns[CONN_STATES];
	int n_conns;
	int64_t n_out;                 /* requests in the application's hands */
	_Atomic int64_t holders;       /* of this memory: the server, posts being made, requests unanswered at the end */
	char *read_buf;
};

#define READ_BUF_SIZE (64 * 1024)

/* NULL with errno set on failure. */
Loop *loop_new(const HttpConfig *config, const HttpTimes *times, int listener, _Atomic int *connections);
NODISCARD int loop_run(Loop *loop);
/* Marks the loop as ending: answers say so from now on. Every loop of a server is marked before the first is woken. */
void loop_stop_soon(Loop *loop, int drain_ms);
/* Wakes the loop to end: at once when idle, after drain_ms at the latest. */
void loop_stop(Loop *loop);
void loop_join(Loop *loop);
/* Gives up one hold on the memory of an ended loop. */
void loop_release(Loop *loop);
bool loop_is_mine(const Loop *loop);
void loop_conn_gone(Loop *loop);
