/* One connection: bytes in, requests out to the application, answers back in order. One request at a time is with the
 * application; what a pipelining client sends meanwhile waits in pending. All of it runs on the loop's thread. */
#include "http/http_int.h"

#include "base/clock.h"
#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STREAM_DEAD_MS 60000 /* unacknowledged bytes of a stream after which the peer counts as gone */
#define PROBLEM_TYPE "application/problem+json"

static const char continue_text[] = "HTTP/1.1 100 Continue\r\n\r\n";
static const char stream_text[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
                                  "X-Accel-Buffering: no\r\nConnection: close\r\n\r\n";

static void set_state(Conn *c, ConnState state)
{
	Loop *loop = c->loop;
	TAILQ_REMOVE(&loop->conns[c->state], c, link);
	c->state = state;
	c->since_ms = clock_monotonic_ms();
	TAILQ_INSERT_TAIL(&loop->conns[state], c, link);
}

static void set_reading(Conn *c, bool on)
{
	if (c->reads != on)
		(void)(on ? event_add(&c->read_event, NULL) : event_del(&c->read_event));
	c->reads = on;
}

static void set_writing(Conn *c, bool on)
{
	if (c->writes != on)
		(void)(on ? event_add(&c->write_event, NULL) : event_del(&c->write_event));
	c->writes = on;
}

static void drop_pending(Conn *c)
{
	TALLOC_FREE(c->pending);
	c->pending_len = 0;
}

/* A request that is not with the application is ours to free; one that is comes back without a connection. */
static void drop_request(Conn *c)
{
	HttpRequest *r = c->request;
	c->request = NULL;
	if (r == NULL)
		return;
	r->conn = NULL;
	if (c->state != CONN_BUSY)
		talloc_free(r);
}

void conn_close(Conn *c)
{
	if (c->state == CONN_GONE)
		return;
	set_reading(c, false);
	set_writing(c, false);
	(void)close(c->fd);
	drop_request(c);
	drop_pending(c);
	HttpStream *s = c->stream;
	c->stream = NULL;
	c->out = NULL;
	c->out_len = 0;
	set_state(c, CONN_GONE);
	if (s != NULL)
		stream_end(s);
	loop_conn_gone(c->loop);
}

void conn_linger(Conn *c)
{
	drop_pending(c);
	if (c->ended || shutdown(c->fd, SHUT_WR) != 0) {
		conn_close(c);
		return;
	}
	set_state(c, CONN_LINGER);
	set_reading(c, true);
}

/* The answer is out: on to the next request, or the end. */
static void answer_written(Conn *c)
{
	talloc_free(c->request);
	c->request = NULL;
	if (c->closes || atomic_load_explicit(&c->loop->stops, memory_order_relaxed)) {
		conn_linger(c);
		return;
	}
	set_state(c, CONN_IDLE);
}

/* True when everything was written; else the write event goes on with it, or the connection is closed. */
static bool write_out(Conn *c)
{
	while (c->out_len > 0) {
		ssize_t n = send(c->fd, c->out, c->out_len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			set_writing(c, true);
			return false;
		}
		if (n <= 0) {
			conn_close(c);
			return false;
		}
		c->out += n;
		c->out_len -= (size_t)n;
		if (c->state == CONN_WRITING && c->out_len > 0)
			set_state(c, CONN_WRITING); /* progress: a new deadline */
	}
	set_writing(c, false);
	return true;
}

static void answer_begin(Conn *c)
{
	HttpRequest *r = c->request;
	c->out = r->answer;
	c->out_len = r->answer_len;
	c->closes = !r->keeps_alive;
	set_state(c, CONN_WRITING);
	if (write_out(c))
		answer_written(c);
}

/* What of the body is known when a request was refused: what was read of it, or the bytes that came along. */
static const char *known_body(const HttpParse *p, const char *rest, size_t rest_len, size_t *ret_len)
{
	if (p->body_len > 0) {
		*ret_len = p->body_len;
		return p->body;
	}
	*ret_len = 0;
	if (p->has_head) {
		*ret_len = rest_len;
		return rest;
	}
	const char *blank = rest_len == 0 ? NULL : memmem(rest, rest_len, "\r\n\r\n", 4);
	if (blank == NULL)
		return "";
	*ret_len = rest_len - (size_t)(blank + 4 - rest);
	return blank + 4;
}

/* Explains, lets the refusal be logged, and takes no more requests from this connection. */
static void refuse(Conn *c, const HttpRefusal *refusal, const char *rest, size_t rest_len)
{
	HttpRequest *r = c->request;
	const HttpConfig *config = c->loop->config;
	request_finish(r, config->proxies);
	if (config->on_refused != NULL) {
		size_t body_len;
		const char *body = known_body(&r->parse, rest, rest_len, &body_len);
		config->on_refused(r->visitor, http_parse_method(&r->parse), http_parse_target(&r->parse), body, body_len,
		                   refusal->code, config->arg);
	}
	r->keeps_alive = false;
	Buf *problem = http_problem(r, refusal, http_header(r, "accept-language"));
	request_answer_build(r, refusal->status, PROBLEM_TYPE, NULL, problem->data, problem->len);
	answer_begin(c);
}

void conn_expire(Conn *c)
{
	if (c->state == CONN_READING)
		refuse(c, http_refusal(REFUSE_TIMEOUT), "", 0);
	else
		conn_close(c);
}

static void dispatch(Conn *c)
{
	HttpRequest *r = c->request;
	const HttpConfig *config = c->loop->config;
	request_finish(r, config->proxies);
	set_state(c, CONN_BUSY);
	c->loop->n_out++;
	c->is_answered = false;
	config->on_request(r, config->arg);
	if (!c->is_answered)
		return;
	if (r->stream != NULL)
		conn_stream_open(r);
	else
		conn_answer(r);
}

static void send_continue(Conn *c)
{
	if (c->continued || !http_parse_awaits_continue(&c->request->parse))
		return;
	c->continued = true;
	if (send(c->fd, continue_text, sizeof(continue_text) - 1, MSG_NOSIGNAL) != sizeof(continue_text) - 1)
		conn_close(c);
}

static void pend(Conn *c, const char *bytes, size_t len)
{
	c->pending = talloc_realloc_size(NULL, c->pending, c->pending_len + len);
	assert(c->pending != NULL);
	memcpy(c->pending + c->pending_len, bytes, len);
	c->pending_len += len;
	if (c->pending_len >= LIMIT_HTTP_PENDING)
		set_reading(c, false);
}

/* A photo over a slow line takes longer than a deadline that is meant for forms: each piece that came gives it anew. */
static void body_progress(Conn *c)
{
	if (c->state != CONN_READING)
		return;
	size_t pieces = c->request->parse.body_len / LIMIT_HTTP_PIECE;
	if (pieces == c->pieces)
		return;
	c->pieces = pieces;
	set_state(c, CONN_READING);
}

static void parse_bytes(Conn *c, const char *bytes, size_t len)
{
	c->in_parse = true;
	while (len > 0 && (c->state == CONN_IDLE || c->state == CONN_READING)) {
		if (c->request == NULL) {
			c->request = request_new(c->loop, c, c->peer);
			c->continued = false;
			c->pieces = 0;
			set_state(c, CONN_READING);
		}
		size_t used = 0;
		HttpParseResult result = http_parse_feed(&c->request->parse, bytes, len, &used);
		bytes += used;
		len -= used;
		if (result == PARSE_DONE) {
			dispatch(c);
		} else if (result == PARSE_REFUSED) {
			refuse(c, c->request->parse.refusal, bytes, len);
			len = 0;
		} else {
			send_continue(c);
			body_progress(c);
		}
	}
	if (len > 0 && (c->state == CONN_BUSY || c->state == CONN_WRITING))
		pend(c, bytes, len);
	c->in_parse = false;
}

/* The visitor has closed his sending side. */
static void input_ended(Conn *c)
{
	c->ended = true;
	set_reading(c, false);
	if (c->state == CONN_READING)
		refuse(c, http_refusal(REFUSE_CUT), "", 0);
	else if (c->state != CONN_BUSY && c->state != CONN_WRITING)
		conn_close(c);
}

/* After an answer: takes what came in meanwhile. Inside parse_bytes its own loop does that. */
static void conn_continue(Conn *c)
{
	if (c->in_parse || c->state != CONN_IDLE)
		return;
	char *bytes = c->pending;
	size_t len = c->pending_len;
	c->pending = NULL;
	c->pending_len = 0;
	parse_bytes(c, bytes, len);
	talloc_free(bytes);
	if (c->state == CONN_GONE)
		return;
	if (c->ended && (c->state == CONN_IDLE || c->state == CONN_READING))
		input_ended(c);
	else if (!c->ended && c->pending_len < LIMIT_HTTP_PENDING)
		set_reading(c, true);
}

void conn_answer(HttpRequest *r)
{
	Conn *c = r->conn;
	r->loop->n_out--;
	if (c == NULL) {
		talloc_free(r);
		return;
	}
	answer_begin(c);
	conn_continue(c);
}

void conn_stream_open(HttpRequest *r)
{
	HttpStream *s = r->stream;
	Conn *c = r->conn;
	r->loop->n_out--;
	if (c != NULL)
		c->request = NULL;
	talloc_free(r);
	if (c == NULL) {
		stream_end(s);
		return;
	}
	unsigned dead_ms = STREAM_DEAD_MS;
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead_ms, sizeof(dead_ms));
	drop_pending(c);
	c->stream = s;
	s->conn = c;
	set_state(c, CONN_STREAM);
	if (c->ended || atomic_load(&c->loop->stops)) {
		conn_close(c);
		return;
	}
	set_reading(c, true);
	c->out = stream_text;
	c->out_len = sizeof(stream_text) - 1;
	conn_stream_flush(c);
}

void conn_stream_flush(Conn *c)
{
	HttpStream *s = c->stream;
	if (stream_is_cut(s)) {
		conn_close(c);
		return;
	}
	do {
		if (!write_out(c))
			return;
	} while (stream_take(s, &c->out, &c->out_len));
	if (!stream_is_over(s))
		return;
	c->stream = NULL;
	conn_linger(c);
	stream_end(s);
}

static void take_bytes(Conn *c, const char *bytes, size_t len)
{
	switch (c->state) {
	case CONN_IDLE:
	case CONN_READING:
		parse_bytes(c, bytes, len);
		break;
	case CONN_BUSY:
	case CONN_WRITING:
		pend(c, bytes, len);
		break;
	case CONN_LINGER:
		c->lingered += len;
		if (c->lingered > LIMIT_HTTP_LINGER_BYTES)
			conn_close(c);
		break;
	default:
		break; /* a stream listens to nothing */
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	Conn *c = arg;
	(void)what;
	ssize_t n = recv(fd, c->loop->read_buf, READ_BUF_SIZE, 0);
	if (n > 0)
		take_bytes(c, c->loop->read_buf, (size_t)n);
	else if (n == 0)
		input_ended(c);
	else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
		conn_close(c);
}

void conn_drain(Conn *c)
{
	on_readable(c->fd, EV_READ, c);
	if (c->state == CONN_IDLE)
		conn_close(c);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	Conn *c = arg;
	(void)fd;
	(void)what;
	if (c->state == CONN_STREAM) {
		conn_stream_flush(c);
	} else if (write_out(c)) {
		answer_written(c);
		conn_continue(c);
	}
}

void conn_open(Loop *loop, int fd, const struct sockaddr_storage *peer)
{
	int on = 1;
	Conn *c = talloc_zero(NULL, Conn);
	assert(c != NULL);
	c->loop = loop;
	c->fd = fd;
	c->since_ms = clock_monotonic_ms();
	address_of_peer(peer, c->peer);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)event_assign(&c->read_event, loop->base, fd, EV_READ | EV_PERSIST, on_readable, c);
	(void)event_assign(&c->write_event, loop->base, fd, EV_WRITE | EV_PERSIST, on_writable, c);
	TAILQ_INSERT_TAIL(&loop->conns[CONN_IDLE], c, link);
	loop->n_conns++;
	set_reading(c, true);
}
