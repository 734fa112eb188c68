/* From a delivery to the salesperson's screen: keeps a live stream open for each of many people, delivers at a fixed
 * rate, and takes the time from the moment a delivery was due until lead.assigned stands on the stream of whoever got
 * the lead; then that person touches it, so that people stay free. Prints one line of JSON.
 *
 * Usage: live --port N --tokens FILE [--rate 200] [--seconds 30] [--path /capture/bench] [--seed 50] */
#include "base/clock.h"
#include "bench/body.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define STREAMS_MAX 10000
#define SENDERS 64
#define TOKEN_SIZE 64
#define BUFFER (64 * 1024)
#define SETTLE_US 3000000 /* before the first delivery, and after the last */

typedef struct {
	int fd;
	bool is_stream, is_busy;
	char token[TOKEN_SIZE];
	size_t len;
	char *buffer; /* [BUFFER + 1] */
} Socket;

typedef struct {
	int port, rate, seconds, poll, n_streams, n_idle;
	const char *path, *tokens;
	uint64_t seed, first, sent, seen, touched, refused;
	Dice dice;
	Socket *stream, sender[SENDERS];
	int idle[SENDERS];
	int64_t *due_us; /* of each delivery; 0: its event came */
	uint32_t *latency_us;
} Live;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void socket_open(Live *l, Socket *s)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)l->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};
	s->buffer = talloc_array(NULL, char, BUFFER + 1);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || connect(s->fd, (struct sockaddr *)&to, sizeof to) < 0)
		die("connect");
	(void)setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	(void)fcntl(s->fd, F_SETFL, O_NONBLOCK);
	if (epoll_ctl(l->poll, EPOLL_CTL_ADD, s->fd, &event) < 0)
		die("epoll_ctl");
}

static void socket_send(const Socket *s, const char *text, size_t len)
{
	if (write(s->fd, text, len) != (ssize_t)len)
		die("write");
}

/* ---- deliveries and touches, on the senders' connections ---- */

static Socket *sender_take(Live *l)
{
	Socket *s = &l->sender[l->idle[--l->n_idle]];
	s->is_busy = true;
	s->len = 0;
	return s;
}

static void request_send(Live *l, const char *path, const char *token, const char *body)
{
	char request[4096];
	int len = snprintf(request, sizeof request, "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s%s%sContent-Type: "
		"application/json\r\nContent-Length: %zu\r\n\r\n%s", path, token ? "Authorization: Bearer " : "", token ? token : "",
		token ? "\r\n" : "", strlen(body), body);
	socket_send(sender_take(l), request, (size_t)len);
}

static void delivery_send(Live *l, int64_t due_us)
{
	char body[BODY_BYTES + 1];
	body_write(&l->dice, l->first + l->sent, body);
	l->due_us[l->sent++] = due_us;
	request_send(l, l->path, NULL, body);
}

static void touch_send(Live *l, const Socket *stream, const char *record)
{
	char path[128];
	if (l->n_idle == 0)
		return; /* the next one will be touched */
	snprintf(path, sizeof path, "/api/v1/leads/%.36s/touch", record);
	request_send(l, path, stream->token,
		"{\"method\":\"call\",\"summary\":\"已电话联系，客户需要视觉检测方案，约定下周一发送资料并安排工程师上门。\"}");
	l->touched++;
}

static void answer_take(Live *l, Socket *s)
{
	const char *end = strstr(s->buffer, "\r\n\r\n"), *length = strcasestr(s->buffer, "content-length:");
	if (!end || !length || s->len < (size_t)(end + 4 - s->buffer) + strtoul(length + 15, NULL, 10))
		return;
	if (strncmp(s->buffer, "HTTP/1.1 20", 11) != 0 && l->refused++ == 0)
		fprintf(stderr, "live: %.300s\n", s->buffer);
	s->is_busy = false;
	s->len = 0;
	l->idle[l->n_idle++] = (int)(s - l->sender);
}

/* ---- streams ---- */

static void event_take(Live *l, const Socket *s, const char *line, int64_t now_us)
{
	const char *name = strstr(line, "\"name\":\"客户"), *record = strstr(line, "\"record\":\"");
	if (!strstr(line, "\"kind\":\"lead.assigned\"") || !name || !record)
		return;
	uint64_t n = strtoull(name + strlen("\"name\":\"客户"), NULL, 10) - l->first;
	if (n >= l->sent || l->due_us[n] == 0)
		return;
	l->latency_us[l->seen++] = (uint32_t)(now_us - l->due_us[n]);
	l->due_us[n] = 0;
	touch_send(l, s, record + strlen("\"record\":\""));
}

static void lines_take(Live *l, Socket *s, int64_t now_us)
{
	char *line = s->buffer, *end;
	while ((end = strchr(line, '\n'))) {
		*end = '\0';
		event_take(l, s, line, now_us);
		line = end + 1;
	}
	s->len -= (size_t)(line - s->buffer);
	memmove(s->buffer, line, s->len);
}

static void socket_read(Live *l, Socket *s)
{
	ssize_t n = read(s->fd, s->buffer + s->len, BUFFER - s->len);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		fprintf(stderr, "live: the server closed a %s\n", s->is_stream ? "stream" : "connection");
		exit(1);
	}
	s->len += (size_t)n;
	s->buffer[s->len] = '\0';
	if (s->is_stream)
		lines_take(l, s, clock_monotonic_us());
	else if (s->is_busy)
		answer_take(l, s);
}

static void streams_open(Live *l)
{
	FILE *file = fopen(l->tokens, "re");
	if (!file)
		die(l->tokens);
	l->stream = talloc_zero_array(NULL, Socket, STREAMS_MAX);
	while (l->n_streams < STREAMS_MAX && fscanf(file, "%63s", l->stream[l->n_streams].token) == 1) {
		Socket *s = &l->stream[l->n_streams++];
		char request[256];
		s->is_stream = true;
		socket_open(l, s);
		int len = snprintf(request, sizeof request,
			"GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n\r\n", s->token);
		socket_send(s, request, (size_t)len);
	}
	fclose(file);
}

/* ---- the run ---- */

static void serve_until(Live *l, int64_t until_us)
{
	struct epoll_event events[256];
	int64_t now_us;
	while ((now_us = clock_monotonic_us()) < until_us) {
		int n = epoll_wait(l->poll, events, ARRAY_LEN(events), (int)((until_us - now_us + 999) / 1000));
		for (int i = 0; i < n; i++)
			socket_read(l, events[i].data.ptr);
	}
}

static void run(Live *l)
{
	uint64_t planned = (uint64_t)l->rate * (uint64_t)l->seconds;
	l->due_us = talloc_zero_array(NULL, int64_t, planned);
	l->latency_us = talloc_array(NULL, uint32_t, planned);
	streams_open(l);
	for (int i = 0; i < SENDERS; i++) {
		socket_open(l, &l->sender[i]);
		l->idle[l->n_idle++] = i;
	}
	serve_until(l, clock_monotonic_us() + SETTLE_US);
	int64_t start_us = clock_monotonic_us();
	while (l->sent < planned) {
		int64_t due_us = start_us + (int64_t)(l->sent * 1000000 / (uint64_t)l->rate);
		serve_until(l, due_us);
		while (l->n_idle == 0)
			serve_until(l, clock_monotonic_us() + 1000);
		delivery_send(l, due_us);
	}
	serve_until(l, clock_monotonic_us() + SETTLE_US);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

static uint32_t quantile(const Live *l, double q)
{
	return l->seen ? l->latency_us[(size_t)(q * (double)(l->seen - 1))] : 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"port", 1, NULL, 'p'}, {"tokens", 1, NULL, 'k'}, {"rate", 1, NULL, 'r'},
		{"seconds", 1, NULL, 't'}, {"path", 1, NULL, 'u'}, {"seed", 1, NULL, 's'}, {0}};
	Live l = {.rate = 200, .seconds = 30, .path = "/capture/bench", .seed = 50, .poll = epoll_create1(EPOLL_CLOEXEC)};
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		switch (option) {
		case 'p': l.port = atoi(optarg); break;
		case 'k': l.tokens = optarg; break;
		case 'r': l.rate = atoi(optarg); break;
		case 't': l.seconds = atoi(optarg); break;
		case 'u': l.path = optarg; break;
		case 's': l.seed = strtoull(optarg, NULL, 10); break;
		default: return 2;
		}
	if (l.port == 0 || !l.tokens || l.rate < 1 || l.seconds < 1) {
		fprintf(stderr, "usage: live --port N --tokens FILE [--rate N] [--seconds N] [--path P] [--seed N]\n");
		return 2;
	}
	l.first = l.seed * 1000000;
	l.dice.state = l.seed + 1;
	run(&l);
	qsort(l.latency_us, l.seen, sizeof *l.latency_us, compare);
	printf("{\"streams\": %d, \"sent\": %llu, \"seen\": %llu, \"touched\": %llu, \"refused\": %llu, \"p50_us\": %u, "
		"\"p90_us\": %u, \"p99_us\": %u, \"max_us\": %u}\n", l.n_streams, (unsigned long long)l.sent,
		(unsigned long long)l.seen, (unsigned long long)l.touched, (unsigned long long)l.refused, quantile(&l, 0.5),
		quantile(&l, 0.9), quantile(&l, 0.99), quantile(&l, 1));
	return l.seen == l.sent ? 0 : 1;
}
