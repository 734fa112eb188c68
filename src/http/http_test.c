/* Tests of the server over real sockets: refusals, smuggling, slow clients, pipelining, streams, stopping. */
#include "base/check.h"
#include "base/clock.h"
#include "base/json.h"
#include "http/http_int.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 20000 /* after that a test has failed */
#define KEPT_MAX 4

typedef struct {
	HttpServer *server;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	HttpRequest *kept[KEPT_MAX]; /* requests to /keep, not answered yet */
	HttpStream *stream;          /* of the last request to /live */
	int n_kept, n_closed, n_refused;
	char refused[512];
} Room;

static const HttpTimes short_times = {.request_ms = 400, .idle_ms = 60000, .write_ms = 60000, .linger_ms = 1000};

static void on_close(HttpStream *s, void *arg)
{
	Room *room = arg;
	(void)pthread_mutex_lock(&room->lock);
	CHECK(room->stream == s);
	room->stream = NULL;
	room->n_closed++;
	(void)pthread_cond_broadcast(&room->changed);
	(void)pthread_mutex_unlock(&room->lock);
}

static void answer_echo(HttpRequest *r)
{
	size_t len;
	const char *body = http_body(r, &len);
	HttpHeader headers[] = {{"X-Method", http_method(r)}, {"X-Path", http_path(r)}, {"X-Query", http_query(r)},
	                        {"X-Visitor", http_visitor(r)}, {"X-Local", http_is_local(r) ? "yes" : "no"},
	                        {"X-Own", http_is_own_origin(r, "https://crm.example") ? "yes" : "no"},
	                        {"X-Break", "a\r\nInjected: b"}, {NULL, NULL}};
	http_respond(r, 200, "text/plain", headers, body, len);
}

static void on_request(HttpRequest *r, void *arg)
{
	Room *room = arg;
	if (strcmp(http_path(r), "/keep") != 0 && strcmp(http_path(r), "/live") != 0) {
		answer_echo(r);
		return;
	}
	(void)pthread_mutex_lock(&room->lock);
	if (strcmp(http_path(r), "/live") == 0)
		room->stream = http_stream_open(r, on_close, room);
	else
		room->kept[room->n_kept++] = r;
	(void)pthread_cond_broadcast(&room->changed);
	(void)pthread_mutex_unlock(&room->lock);
}

static void on_refused(const char *visitor, const char *method, const char *target, const char *body, size_t body_len,
                       const char *reason, void *arg)
{
	Room *room = arg;
	(void)pthread_mutex_lock(&room->lock);
	room->n_refused++;
	(void)g_snprintf(room->refused, sizeof(room->refused), "%s|%s|%s|%.*s|%s", visitor, method, target,
	                 body_len < 64 ? (int)body_len : 64, body, reason);
	(void)pthread_cond_broadcast(&room->changed);
	(void)pthread_mutex_unlock(&room->lock);
}

static void room_open(Room *room, const HttpTimes *times, int loops)
{
	char *error = NULL;
	*room = (Room){.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
	HttpConfig config = {.listen = "127.0.0.1:0", .loops = loops, .on_request = on_request, .on_refused = on_refused,
	                     .arg = room};
	room->server = http_start_timed(NULL, &config, times, &error);
	CHECK_TEXT(error, NULL);
	CHECK(http_port(room->server) > 0);
}

/* Waits until *count has reached wanted. */
static void room_wait(Room *room, const int *count, int wanted)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_MS / 1000;
	(void)pthread_mutex_lock(&room->lock);
	while (*count < wanted)
		CHECK_INT(pthread_cond_timedwait(&room->changed, &room->lock, &until), 0);
	(void)pthread_mutex_unlock(&room->lock);
}

/* The last refusal that was reported begins with text, and it was number n. */
static void check_reported(Room *room, int n, const char *text)
{
	(void)pthread_mutex_lock(&room->lock);
	CHECK_INT(room->n_refused, n);
	if (!g_str_has_prefix(room->refused, text))
		g_error("reported \"%s\", expected \"%s\"", room->refused, text);
	(void)pthread_mutex_unlock(&room->lock);
}

/* Takes over the request that /keep holds. */
static HttpRequest *room_take(Room *room, int i)
{
	(void)pthread_mutex_lock(&room->lock);
	HttpRequest *r = room->kept[i];
	(void)pthread_mutex_unlock(&room->lock);
	return r;
}

static void room_wait_stream(Room *room)
{
	int64_t until_ms = clock_monotonic_ms() + PATIENCE_MS;
	bool is_open = false;
	while (!is_open) {
		(void)pthread_mutex_lock(&room->lock);
		is_open = room->stream != NULL;
		(void)pthread_mutex_unlock(&room->lock);
		CHECK(clock_monotonic_ms() < until_ms);
	}
}

static int client_open(const Room *room)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)http_port(room->server)),
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0);
	CHECK_INT(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void client_send(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
		CHECK(n > 0);
		bytes += n;
		len -= (size_t)n;
	}
}

/* Reads until the server closes. A reset is a failure. */
static GString *client_read_all(int fd)
{
	GString *all = g_string_new(NULL);
	char piece[65536];
	for (;;) {
		ssize_t n = recv(fd, piece, sizeof(piece), 0);
		if (n == 0)
			return all;
		if (n < 0)
			g_error("after \"%.200s\": %s", all->str, strerror(errno));
		g_string_append_len(all, piece, n);
	}
}

/* Reads until the text ends with tail. */
static GString *client_read_to(int fd, const char *tail)
{
	GString *all = g_string_new(NULL);
	char c;
	while (!g_str_has_suffix(all->str, tail)) {
		CHECK_INT(recv(fd, &c, 1, 0), 1);
		g_string_append_c(all, c);
	}
	return all;
}

static GString *exchange(const Room *room, const char *bytes, size_t len)
{
	int fd = client_open(room);
	client_send(fd, bytes, len);
	GString *answer = client_read_all(fd);
	close(fd);
	return answer;
}

static void check_has(const GString *answer, const char *part)
{
	if (strstr(answer->str, part) == NULL)
		g_error("\"%s\" is not in: %s", part, answer->str);
}

#define LAST "Host: h\r\nConnection: close\r\n"

static void check_exchange(const Room *room, const char *request, const char *const *parts)
{
	GString *answer = exchange(room, request, strlen(request));
	for (; *parts != NULL; parts++)
		check_has(answer, *parts);
	g_string_free(answer, TRUE);
}

#define CHECK_EXCHANGE(room, request, ...) check_exchange(room, request, (const char *const[]){__VA_ARGS__, NULL})

TEST(http, serves_what_was_sent)
{
	Room room;
	room_open(&room, &http_default_times, 2);
	CHECK_EXCHANGE(&room, "POST /a//b%20?q=1?2 HTTP/1.1\r\n" LAST "Content-Length: 3\r\n\r\nabc",
	               "HTTP/1.1 200 OK\r\n", "X-Method: POST\r\n", "X-Path: /a//b%20\r\n", "X-Query: q=1?2\r\n",
	               "X-Visitor: 127.0.0.1\r\n",
	               "X-Local: yes\r\n", "X-Break: a  Injected: b\r\n", "Content-Length: 3\r\n", "Connection: close\r\n",
	               "\r\n\r\nabc", " GMT\r\n");
	CHECK_EXCHANGE(&room, "GET / HTTP/1.1\r\n" LAST "X-Forwarded-For: 6.6.6.6, 1.2.3.4\r\n\r\n",
	               "X-Visitor: 1.2.3.4\r\n", "X-Local: no\r\n");
	CHECK_EXCHANGE(&room, "GET / HTTP/1.1\r\n" LAST "Forwarded: for=1.2.3.4\r\n\r\n", "X-Visitor: 127.0.0.1\r\n",
	               "X-Local: no\r\n");
	CHECK_EXCHANGE(&room, "GET / HTTP/1.0\r\n\r\n", "Connection: close\r\n");
	http_stop(room.server, 1000);
}

TEST(http, tells_its_own_pages_from_those_of_others)
{
	Room room;
	room_open(&room, &http_default_times, 1);
	CHECK_EXCHANGE(&room, "GET / HTTP/1.1\r\n" LAST "\r\n", "X-Own: yes\r\n");
	CHECK_EXCHANGE(&room, "GET / HTTP/1.1\r\n" LAST "Origin: http://h\r\n\r\n", "X-Own: yes\r\n");
	CHECK_EXCHANGE(&room, "GET / HTTP/1.1\r\n" LAST "Origin: https://crm.example\r\n\r\n", "X-Own: yes\r\n");
	CHECK_EXCHANGE(&room, "GET / HTTP/1.1\r\n" LAST "Origin: http://crm.example\r\n\r\n", "X-Own: no\r\n");
	CHECK_EXCHANGE(&room, "GET / HTTP/1.1\r\n" LAST "Origin: http://h.evil.example\r\n\r\n", "X-Own: no\r\n");
	CHECK_EXCHANGE(&room, "GET / HTTP/1.1\r\n" LAST "Origin: null\r\n\r\n", "X-Own: no\r\n");
	http_stop(room.server, 1000);
}

TEST(http, answers_head_without_a_body)
{
	Room room;
	room_open(&room, &http_default_times, 1);
	static const char request[] = "HEAD / HTTP/1.1\r\n" LAST "Content-Length: 3\r\n\r\nabc";
	GString *answer = exchange(&room, request, strlen(request));
	check_has(answer, "Content-Length: 3\r\n");
	CHECK(g_str_has_suffix(answer->str, "\r\n\r\n"));
	g_string_free(answer, TRUE);
	http_stop(room.server, 1000);
}

TEST(http, answers_pipelined_requests_in_order)
{
	enum { REQUESTS = 3000 };
	Room room;
	room_open(&room, &http_default_times, 1);
	GString *requests = g_string_new(NULL);
	/* The first is answered late and by another thread: the others must wait. */
	g_string_append(requests, "GET /keep HTTP/1.1\r\nHost: h\r\n\r\n");
	for (int i = 1; i <= REQUESTS; i++)
		g_string_append_printf(requests, "GET /%d HTTP/1.1\r\nHost: h\r\n%s\r\n", i,
		                       i == REQUESTS ? "Connection: close\r\n" : "");
	int fd = client_open(&room);
	client_send(fd, requests->str, requests->len);
	room_wait(&room, &room.n_kept, 1);
	http_respond(room_take(&room, 0), 200, NULL, (HttpHeader[]){{"X-Path", "/0"}, {NULL, NULL}}, "", 0);
	GString *answer = client_read_all(fd);
	const char *at = answer->str;
	for (int i = 0; i <= REQUESTS; i++) {
		char *path = g_strdup_printf("X-Path: /%d\r\n", i);
		at = strstr(at, "X-Path: ");
		CHECK(at != NULL && g_str_has_prefix(at, path));
		at++;
		g_free(path);
	}
	close(fd);
	g_string_free(answer, TRUE);
	g_string_free(requests, TRUE);
	http_stop(room.server, 1000);
}

TEST(http, says_continue_only_when_asked_and_wanted)
{
	Room room;
	room_open(&room, &http_default_times, 1);
	int fd = client_open(&room);
	static const char head[] = "POST / HTTP/1.1\r\n" LAST "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n";
	client_send(fd, head, strlen(head));
	GString *go = client_read_to(fd, "\r\n\r\n");
	CHECK_TEXT(go->str, "HTTP/1.1 100 Continue\r\n\r\n");
	client_send(fd, "abc", 3);
	GString *answer = client_read_all(fd);
	check_has(answer, "HTTP/1.1 200 OK\r\n");
	close(fd);
	g_string_free(go, TRUE);
	g_string_free(answer, TRUE);
	static const char large[] = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 12000000\r\n"
	                            "Expect: 100-continue\r\n\r\n";
	answer = exchange(&room, large, strlen(large));
	CHECK(g_str_has_prefix(answer->str, "HTTP/1.1 413 "));
	g_string_free(answer, TRUE);
	http_stop(room.server, 1000);
}

TEST(http, explains_refusals_and_reports_them)
{
	Room room;
	room_open(&room, &http_default_times, 1);
	CHECK_EXCHANGE(&room, "POST /capture/key  HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.2.3.4\r\n"
	               "Content-Length: 7\r\n\r\n{\"a\":1}", "HTTP/1.1 400 Bad Request\r\n",
	               "Content-Type: application/problem+json\r\n", "Connection: close\r\n", "\"type\":\"about:blank\"",
	               "\"status\":400", "\"code\":\"space_in_url\"", "网址中含有空格", "contains a space");
	check_reported(&room, 1, "1.2.3.4|POST|/capture/key |{\"a\":1}|space_in_url");
	CHECK_EXCHANGE(&room, "POST /capture/key\n HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
	               "\"code\":\"bare_line_feed\"");
	check_reported(&room, 2, "127.0.0.1|POST|/capture/key|{\"a\":1}|bare_line_feed");
	static const char english[] = "GET /\xe6\xa6\xab HTTP/1.1\r\nHost: h\r\nAccept-Language: en-GB, zh\r\n\r\n";
	GString *answer = exchange(&room, english, strlen(english));
	check_has(answer, "\"detail\":\"The URL contains");
	g_string_free(answer, TRUE);
	check_reported(&room, 3, "127.0.0.1|GET|/\xe6\xa6\xab||bad_url");
	http_stop(room.server, 1000);
}

static void check_refused_on_the_wire(const CheckRow *row, void *arg)
{
	Room *room = arg;
	const char *colon = strchr(row->verdict, ':');
	if (colon == NULL)
		return;
	GString *answer = exchange(room, row->bytes, row->len);
	char *code = g_strdup_printf("\"code\":\"%s\"", colon + 1);
	check_has(answer, code);
	check_has(answer, "application/problem+json");
	CHECK(strstr(answer->str, "GPOST") == NULL);
	g_free(code);
	g_string_free(answer, TRUE);
}

TEST(http, refuses_smuggled_requests_on_the_wire)
{
	Room room;
	room_open(&room, &http_default_times, 2);
	CHECK(check_rows(TESTS_DIR "/data/http/strict.tsv", check_refused_on_the_wire, &room) > 0);
	room_wait(&room, &room.n_refused, 60);
	http_stop(room.server, 1000);
}

/* The client sends everything before it reads: the answer must wait for it and not be reset. */
TEST(http, lets_a_12_mb_body_be_refused_in_peace)
{
	enum { SIZE = 12 * 1000 * 1000 };
	Room room;
	room_open(&room, &http_default_times, 1);
	char *head = g_strdup_printf("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", SIZE);
	char *body = g_strnfill(SIZE, 'a');
	int fd = client_open(&room);
	client_send(fd, head, strlen(head));
	client_send(fd, body, SIZE);
	GString *answer = client_read_all(fd);
	CHECK(g_str_has_prefix(answer->str, "HTTP/1.1 413 "));
	check_has(answer, "\"code\":\"too_large\"");
	close(fd);
	g_string_free(answer, TRUE);
	g_free(head);
	g_free(body);
	http_stop(room.server, 1000);
}

TEST(http, takes_a_body_of_10_mib)
{
	Room room;
	room_open(&room, &http_default_times, 1);
	char *head = g_strdup_printf("POST /x HTTP/1.1\r\n" LAST "Content-Length: %d\r\n\r\n", LIMIT_HTTP_BODY);
	char *body = g_strnfill(LIMIT_HTTP_BODY, 'a');
	int fd = client_open(&room);
	client_send(fd, head, strlen(head));
	client_send(fd, body, LIMIT_HTTP_BODY);
	GString *answer = client_read_all(fd);
	CHECK(answer->len > LIMIT_HTTP_BODY && g_str_has_suffix(answer->str, body));
	close(fd);
	g_string_free(answer, TRUE);
	g_free(head);
	g_free(body);
	http_stop(room.server, 1000);
}

/* Drips a byte every few milliseconds; the deadline counts from the first byte, not from the last. */
static void check_drip(const char *request, const char *reported)
{
	Room room;
	room_open(&room, &short_times, 1);
	int fd = client_open(&room);
	int64_t start_ms = clock_monotonic_ms();
	struct pollfd answer_ready = {.fd = fd, .events = POLLIN};
	for (const char *p = request; poll(&answer_ready, 1, 20) == 0; p += p[1] != '\0')
		(void)send(fd, p, 1, MSG_NOSIGNAL);
	int64_t took_ms = clock_monotonic_ms() - start_ms;
	GString *answer = client_read_all(fd);
	CHECK(g_str_has_prefix(answer->str, "HTTP/1.1 408 "));
	check_has(answer, "\"code\":\"request_timeout\"");
	CHECK(took_ms >= short_times.request_ms && took_ms < short_times.request_ms + 30000);
	check_reported(&room, 1, reported);
	close(fd);
	g_string_free(answer, TRUE);
	http_stop(room.server, 1000);
}

TEST(http, cuts_clients_that_drip)
{
	check_drip("GET / HTTP/1.1\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "127.0.0.1|");
	check_drip("P /c HTTP/1.1\r\nHost:h\r\n", "127.0.0.1|");
}

TEST(http, answers_a_request_that_ends_too_early)
{
	Room room;
	room_open(&room, &http_default_times, 1);
	int fd = client_open(&room);
	static const char part[] = "POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 99\r\n\r\n{\"name\":";
	client_send(fd, part, strlen(part));
	CHECK_INT(shutdown(fd, SHUT_WR), 0);
	GString *answer = client_read_all(fd);
	check_has(answer, "\"code\":\"incomplete_request\"");
	check_reported(&room, 1, "127.0.0.1|POST|/c|{\"name\":|");
	close(fd);
	g_string_free(answer, TRUE);
	http_stop(room.server, 1000);
}

/* A visitor who closes his side after the request still gets his answer. */
TEST(http, answers_after_a_half_close)
{
	Room room;
	room_open(&room, &http_default_times, 1);
	int fd = client_open(&room);
	static const char request[] = "GET /keep HTTP/1.1\r\nHost: h\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n";
	client_send(fd, request, strlen(request));
	CHECK_INT(shutdown(fd, SHUT_WR), 0);
	room_wait(&room, &room.n_kept, 1);
	http_respond(room_take(&room, 0), 201, NULL, NULL, "late", 4);
	GString *answer = client_read_all(fd);
	check_has(answer, "\r\n\r\nlate");
	check_has(answer, "X-Path: /next\r\n");
	close(fd);
	g_string_free(answer, TRUE);
	http_stop(room.server, 1000);
}

TEST(http, survives_a_visitor_who_leaves_before_the_answer)
{
	Room room;
	room_open(&room, &http_default_times, 1);
	int fd = client_open(&room);
	static const char request[] = "GET /keep HTTP/1.1\r\nHost: h\r\n\r\n";
	client_send(fd, request, strlen(request));
	room_wait(&room, &room.n_kept, 1);
	struct linger reset = {.l_onoff = 1};
	CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
	close(fd);
	CHECK_EXCHANGE(&room, "GET / HTTP/1.1\r\n" LAST "\r\n", "HTTP/1.1 200 OK\r\n"); /* the loop has seen the reset */
	http_respond(room_take(&room, 0), 200, NULL, NULL, "nobody", 6);
	CHECK_EXCHANGE(&room, "GET / HTTP/1.1\r\n" LAST "\r\n", "HTTP/1.1 200 OK\r\n");
	http_stop(room.server, 1000);
}

TEST(http, idle_connections_disturb_nobody)
{
	enum { IDLE = 1000 };
	Room room;
	struct rlimit limit;
	CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_max < 2 * IDLE + 100) {
		g_test_skip("too few file descriptors");
		return;
	}
	room_open(&room, &short_times, 2);
	int fds[IDLE];
	for (int i = 0; i < IDLE; i++) {
		fds[i] = client_open(&room);
		if (i % 2 == 0) { /* half of them have had a request served */
			static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
			client_send(fds[i], request, strlen(request));
			g_string_free(client_read_to(fds[i], "\r\n\r\n"), TRUE);
		}
	}
	int64_t start_ms = clock_monotonic_ms();
	for (int i = 0; i < 50; i++)
		CHECK_EXCHANGE(&room, "GET / HTTP/1.1\r\n" LAST "\r\n", "HTTP/1.1 200 OK\r\n");
	CHECK(clock_monotonic_ms() - start_ms < 5000);
	/* They outlive the deadline for requests, and still work. */
	while (clock_monotonic_ms() - start_ms < 2 * short_times.request_ms)
		CHECK_EXCHANGE(&room, "GET / HTTP/1.1\r\n" LAST "\r\n", "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < IDLE; i++) {
		static const char request[] = "GET / HTTP/1.1\r\n" LAST "\r\n";
		client_send(fds[i], request, strlen(request));
		GString *answer = client_read_all(fds[i]);
		CHECK(g_str_has_prefix(answer->str, "HTTP/1.1 200 OK\r\n"));
		g_string_free(answer, TRUE);
		close(fds[i]);
	}
	http_stop(room.server, 1000);
}

TEST(http, closes_connections_idle_for_too_long)
{
	Room room;
	HttpTimes times = {.request_ms = 400, .idle_ms = 100, .write_ms = 1000, .linger_ms = 1000};
	room_open(&room, &times, 1);
	GString *nothing = exchange(&room, "", 0);
	CHECK_INT(nothing->len, 0);
	check_reported(&room, 0, "");
	g_string_free(nothing, TRUE);
	http_stop(room.server, 1000);
}

static int stream_start(Room *room)
{
	int fd = client_open(room);
	static const char request[] = "GET /live HTTP/1.1\r\nHost: h\r\n\r\n";
	client_send(fd, request, strlen(request));
	GString *head = client_read_to(fd, "\r\n\r\n");
	check_has(head, "Content-Type: text/event-stream\r\n");
	g_string_free(head, TRUE);
	room_wait_stream(room);
	return fd;
}

TEST(http, streams_in_order_and_notices_the_end)
{
	Room room;
	room_open(&room, &http_default_times, 1);
	int fd = stream_start(&room);
	(void)pthread_mutex_lock(&room.lock);
	for (int i = 0; i < 1000; i++) {
		char event[32];
		int len = g_snprintf(event, sizeof(event), "data: %d\n\n", i);
		CHECK(http_stream_send(room.stream, event, (size_t)len));
	}
	(void)pthread_mutex_unlock(&room.lock);
	GString *events = client_read_to(fd, "data: 999\n\n");
	CHECK(g_str_has_prefix(events->str, "data: 0\n\ndata: 1\n\n"));
	g_string_free(events, TRUE);
	close(fd);
	room_wait(&room, &room.n_closed, 1);
	/* closed by the server, with what is waiting sent before */
	fd = stream_start(&room);
	(void)pthread_mutex_lock(&room.lock);
	CHECK(http_stream_send(room.stream, "data: last\n\n", 12));
	http_stream_close(room.stream);
	CHECK(!http_stream_send(room.stream, "x", 1));
	(void)pthread_mutex_unlock(&room.lock);
	events = client_read_all(fd);
	CHECK_TEXT(events->str, "data: last\n\n");
	room_wait(&room, &room.n_closed, 2);
	g_string_free(events, TRUE);
	close(fd);
	http_stop(room.server, 1000);
}

TEST(http, cuts_a_stream_that_is_not_read)
{
	Room room;
	room_open(&room, &http_default_times, 1);
	int fd = stream_start(&room);
	char event[4096];
	memset(event, 'x', sizeof(event));
	bool is_open = true;
	int sent = 0;
	for (; is_open && sent < 100000; sent++) {
		(void)pthread_mutex_lock(&room.lock);
		is_open = room.stream != NULL && http_stream_send(room.stream, event, sizeof(event));
		(void)pthread_mutex_unlock(&room.lock);
	}
	CHECK(!is_open);
	CHECK(sent > LIMIT_LIVE_BACKLOG / (int)sizeof(event));
	room_wait(&room, &room.n_closed, 1);
	close(fd);
	http_stop(room.server, 1000);
}

static void *stop_main(void *arg)
{
	http_stop(arg, PATIENCE_MS);
	return NULL;
}

static void *send_main(void *arg)
{
	Room *room = arg;
	int closed = 0, sent = 0; /* to the present visitor: fewer than would cut the stream for its backlog */
	while (closed < 40) {
		(void)pthread_mutex_lock(&room->lock);
		if (room->stream != NULL && sent++ < 1000)
			(void)http_stream_send(room->stream, "data: x\n\n", 9);
		if (room->n_closed != closed)
			sent = 0;
		closed = room->n_closed;
		(void)pthread_mutex_unlock(&room->lock);
	}
	return NULL;
}

/* Visitors come and go while two threads send to whoever is there. */
TEST(http, streams_end_safely_while_others_send)
{
	Room room;
	room_open(&room, &http_default_times, 1);
	pthread_t senders[2];
	for (size_t i = 0; i < ARRAY_LEN(senders); i++)
		CHECK_INT(pthread_create(&senders[i], NULL, send_main, &room), 0);
	for (int i = 0; i < 40; i++) {
		int fd = stream_start(&room);
		g_string_free(client_read_to(fd, "data: x\n\n"), TRUE);
		close(fd);
		room_wait(&room, &room.n_closed, i + 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(senders); i++)
		CHECK_INT(pthread_join(senders[i], NULL), 0);
	http_stop(room.server, 1000);
}

TEST(http, stops_only_after_the_answers_under_way)
{
	Room room;
	room_open(&room, &http_default_times, 2);
	int live = stream_start(&room), idle = client_open(&room), busy = client_open(&room);
	static const char request[] = "GET /keep HTTP/1.1\r\nHost: h\r\n\r\n";
	client_send(busy, request, strlen(request));
	room_wait(&room, &room.n_kept, 1);
	pthread_t stopper;
	CHECK_INT(pthread_create(&stopper, NULL, stop_main, room.server), 0);
	g_string_free(client_read_all(live), TRUE);
	room_wait(&room, &room.n_closed, 1);
	GString *nothing = client_read_all(idle);
	CHECK_INT(nothing->len, 0);
	http_respond(room_take(&room, 0), 200, NULL, NULL, "done", 4);
	GString *answer = client_read_all(busy);
	check_has(answer, "Connection: close\r\n");
	check_has(answer, "\r\n\r\ndone");
	close(live);
	close(idle);
	close(busy);
	CHECK_INT(pthread_join(stopper, NULL), 0);
	g_string_free(nothing, TRUE);
	g_string_free(answer, TRUE);
}

TEST(http, serves_what_had_arrived_when_it_was_stopped)
{
	enum { VISITORS = 20 };
	Room room;
	int fd[VISITORS];
	static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
	room_open(&room, &http_default_times, 1);
	for (int i = 0; i < VISITORS; i++) {
		fd[i] = client_open(&room);
		client_send(fd[i], request, strlen(request));
	}
	pthread_t stopper;
	CHECK_INT(pthread_create(&stopper, NULL, stop_main, room.server), 0);
	for (int i = 0; i < VISITORS; i++) {
		GString *answer = client_read_all(fd[i]);
		check_has(answer, "HTTP/1.1 200 OK\r\n");
		close(fd[i]);
		g_string_free(answer, TRUE);
	}
	CHECK_INT(pthread_join(stopper, NULL), 0);
}

TEST(http, answers_given_after_the_end_are_harmless)
{
	Room room;
	room_open(&room, &http_default_times, 1);
	static const char request[] = "GET /keep HTTP/1.1\r\nHost: h\r\n\r\n";
	int fd[3];
	for (int i = 0; i < 3; i++) {
		fd[i] = client_open(&room);
		client_send(fd[i], request, strlen(request));
		room_wait(&room, &room.n_kept, i + 1);
	}
	http_stop(room.server, 0);
	http_respond(room_take(&room, 0), 200, NULL, NULL, "late", 4);
	CHECK(http_stream_open(room_take(&room, 1), on_close, &room) == NULL);
	http_respond(room_take(&room, 2), 200, NULL, NULL, "late", 4);
	for (int i = 0; i < 3; i++)
		close(fd[i]);
	CHECK_INT(room.n_closed, 0);
}

TEST(http, refuses_addresses_it_cannot_have)
{
	Room room;
	room_open(&room, &http_default_times, 2);
	TALLOC_CTX *ctx = talloc_new(NULL);
	char *listen = talloc_asprintf(ctx, "127.0.0.1:%d", http_port(room.server)), *error = NULL;
	HttpConfig config = {.listen = listen, .loops = 1, .on_request = on_request};
	CHECK(http_start(ctx, &config, &error) == NULL);
	CHECK(strstr(error, "already in use") != NULL);
	config.listen = "nonsense";
	CHECK(http_start(ctx, &config, &error) == NULL);
	CHECK(strstr(error, "no address") != NULL);
	talloc_free(ctx);
	http_stop(room.server, 1000);
}

/* Many threads answer many connections of two loops at once: the race detector's playground. */
typedef struct {
	Room *room;
	int rounds;
} Visitor;

static void *visitor_main(void *arg)
{
	Visitor *v = arg;
	for (int i = 0; i < v->rounds; i++) {
		int fd = client_open(v->room);
		static const char request[] = "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi"
		                              "GET / HTTP/1.1\r\n" LAST "\r\n";
		client_send(fd, request, strlen(request));
		GString *answer = client_read_all(fd);
		check_has(answer, "\r\n\r\nhiHTTP/1.1 200 OK\r\n");
		g_string_free(answer, TRUE);
		close(fd);
	}
	return NULL;
}

typedef struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	HttpRequest *request[64];
	int n;
	bool ends;
} Desk;

static void on_request_queued(HttpRequest *r, void *arg)
{
	Desk *desk = arg;
	(void)pthread_mutex_lock(&desk->lock);
	CHECK(desk->n < (int)ARRAY_LEN(desk->request));
	desk->request[desk->n++] = r;
	(void)pthread_cond_signal(&desk->changed);
	(void)pthread_mutex_unlock(&desk->lock);
}

static void *desk_main(void *arg)
{
	Desk *desk = arg;
	(void)pthread_mutex_lock(&desk->lock);
	while (!desk->ends || desk->n > 0) {
		if (desk->n == 0) {
			(void)pthread_cond_wait(&desk->changed, &desk->lock);
			continue;
		}
		HttpRequest *r = desk->request[--desk->n];
		(void)pthread_mutex_unlock(&desk->lock);
		answer_echo(r);
		(void)pthread_mutex_lock(&desk->lock);
	}
	(void)pthread_mutex_unlock(&desk->lock);
	return NULL;
}

TEST(http, is_answered_from_many_threads)
{
	enum { THREADS = 4 };
	Desk desk = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
	HttpConfig config = {.listen = "127.0.0.1:0", .loops = 2, .on_request = on_request_queued, .arg = &desk};
	char *error = NULL;
	Room room = {.server = http_start(NULL, &config, &error)};
	CHECK(room.server != NULL);
	pthread_t desks[THREADS], visitors[THREADS];
	Visitor visitor = {.room = &room, .rounds = 50};
	for (int i = 0; i < THREADS; i++) {
		CHECK_INT(pthread_create(&desks[i], NULL, desk_main, &desk), 0);
		CHECK_INT(pthread_create(&visitors[i], NULL, visitor_main, &visitor), 0);
	}
	for (int i = 0; i < THREADS; i++)
		CHECK_INT(pthread_join(visitors[i], NULL), 0);
	(void)pthread_mutex_lock(&desk.lock);
	desk.ends = true;
	(void)pthread_cond_broadcast(&desk.changed);
	(void)pthread_mutex_unlock(&desk.lock);
	for (int i = 0; i < THREADS; i++)
		CHECK_INT(pthread_join(desks[i], NULL), 0);
	http_stop(room.server, 1000);
}
