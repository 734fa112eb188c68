/* Many live streams at once: what they cost the server in memory, and how long one event takes to all of them. Opens a
 * stream for each token, waits, then delivers leads that fit nobody, one at a time: lead.waiting is news for everybody
 * of the pool. A latency runs from the delivery until the event stands on a stream. Prints one line of JSON.
 *
 * Usage: live_many --port N --pid N --tokens FILE [--events 20] [--path /capture/bench] */
#include "base/base.h"
#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#define STREAMS_MAX 10000
#define EVENTS_MAX 1000
#define OPENING_MAX 200   /* streams asked for and not answered yet: a server's queue of connections is finite */
#define CHUNK (64 * 1024)
#define MARK_SIZE 16      /* "mark-000001-end" and its end */
#define QUIET_US 3000000  /* after the last stream is open: memory has settled */
#define PATIENCE_US 20000000

/* One stream: the last bytes are kept, for a mark may come in two pieces. */
typedef struct {
	int fd, seen; /* seen: number of the event that came last */
	bool open;
	char tail[MARK_SIZE];
} Stream;

typedef struct {
	int port, pid, poll, events, n_streams, n_open, event, n_came;
	const char *path, *tokens;
	Stream *stream;
	char *chunk;            /* MARK_SIZE + CHUNK + 1 */
	int64_t sent_us, last_us;
	uint32_t *latency_us, *whole_us; /* of each stream and event; of each event until the last stream had it */
	uint64_t n_latencies;
} Many;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int connection_open(const Many *m)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)m->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		die("connect");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	return fd;
}

static void all_write(int fd, const char *text, size_t len)
{
	if (write(fd, text, len) != (ssize_t)len)
		die("write");
}

/* Resident memory of the server in kB. */
static long memory_kb(int pid)
{
	char path[64], line[256];
	long kb = -1;
	snprintf(path, sizeof path, "/proc/%d/status", pid);
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof line, file))
		if (strncmp(line, "VmRSS:", 6) == 0)
			kb = strtol(line + 6, NULL, 10);
	if (!file || kb < 0)
		die(path);
	fclose(file);
	return kb;
}

/* ---- streams ---- */

static void mark_write(int event, char out[static MARK_SIZE])
{
	snprintf(out, MARK_SIZE, "mark-%06d-end", event);
}

static void event_came(Many *m, Stream *s)
{
	int64_t now_us = clock_monotonic_us();
	s->seen = m->event;
	m->latency_us[m->n_latencies++] = (uint32_t)(now_us - m->sent_us);
	m->last_us = now_us;
	m->n_came++;
}

static void stream_read(Many *m, Stream *s)
{
	char mark[MARK_SIZE];
	memcpy(m->chunk, s->tail, MARK_SIZE);
	ssize_t n = read(s->fd, m->chunk + MARK_SIZE, CHUNK);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		fprintf(stderr, "live_many: the server closed a stream\n");
		exit(1);
	}
	if (!s->open) {
		if (n < 12 || memcmp(m->chunk + MARK_SIZE, "HTTP/1.1 200", 12) != 0) {
			fprintf(stderr, "live_many: %.200s\n", m->chunk + MARK_SIZE);
			exit(1);
		}
		s->open = true;
		m->n_open++;
	}
	mark_write(m->event, mark);
	if (m->event > s->seen && memmem(m->chunk, MARK_SIZE + (size_t)n, mark, MARK_SIZE - 1))
		event_came(m, s);
	memcpy(s->tail, m->chunk + n, MARK_SIZE);
}

static void serve(Many *m, int timeout_ms)
{
	struct epoll_event events[512];
	int n = epoll_wait(m->poll, events, ARRAY_LEN(events), timeout_ms);
	for (int i = 0; i < n; i++)
		stream_read(m, events[i].data.ptr);
}

static void stream_open(Many *m, const char *token)
{
	Stream *s = &m->stream[m->n_streams++];
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};
	char request[256];
	s->fd = connection_open(m);
	int len = snprintf(request, sizeof request,
		"GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n\r\n", token);
	all_write(s->fd, request, (size_t)len);
	(void)fcntl(s->fd, F_SETFL, O_NONBLOCK);
	if (epoll_ctl(m->poll, EPOLL_CTL_ADD, s->fd, &event) < 0)
		die("epoll_ctl");
}

static void streams_open(Many *m)
{
	char token[64];
	FILE *file = fopen(m->tokens, "re");
	if (!file)
		die(m->tokens);
	while (m->n_streams < STREAMS_MAX && fscanf(file, "%63s", token) == 1) {
		stream_open(m, token);
		while (m->n_streams - m->n_open > OPENING_MAX)
			serve(m, 1000);
	}
	fclose(file);
	while (m->n_open < m->n_streams)
		serve(m, 1000);
	for (int64_t until_us = clock_monotonic_us() + QUIET_US; clock_monotonic_us() < until_us;)
		serve(m, 100);
}

/* ---- events ---- */

/* A lead without a place: where territories count it fits nobody and waits for everybody. */
static void lead_deliver(Many *m, int fd)
{
	char request[1024], body[256], mark[MARK_SIZE], answer[1024];
	mark_write(m->event, mark);
	int len = snprintf(body, sizeof body, "{\"name\":\"%s\",\"phone\":\"137%08d\"}", mark, m->event);
	len = snprintf(request, sizeof request, "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
		"Content-Length: %d\r\n\r\n%s", m->path, len, body);
	m->sent_us = clock_monotonic_us();
	all_write(fd, request, (size_t)len);
	if (read(fd, answer, sizeof answer) < 12 || memcmp(answer, "HTTP/1.1 202", 12) != 0) {
		fprintf(stderr, "live_many: %.200s\n", answer);
		exit(1);
	}
}

static void events_send(Many *m)
{
	int fd = connection_open(m);
	for (m->event = 1; m->event <= m->events; m->event++) {
		m->n_came = 0;
		lead_deliver(m, fd);
		while (m->n_came < m->n_streams && clock_monotonic_us() < m->sent_us + PATIENCE_US)
			serve(m, 100);
		if (m->n_came < m->n_streams) {
			fprintf(stderr, "live_many: event %d came to %d of %d streams\n", m->event, m->n_came, m->n_streams);
			exit(1);
		}
		m->whole_us[m->event - 1] = (uint32_t)(m->last_us - m->sent_us);
	}
	close(fd);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

static void descriptors_raise(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void run(Many *m)
{
	m->stream = talloc_zero_array(NULL, Stream, STREAMS_MAX);
	m->chunk = talloc_zero_array(NULL, char, MARK_SIZE + CHUNK + 1);
	m->latency_us = talloc_array(NULL, uint32_t, (size_t)STREAMS_MAX * (size_t)m->events);
	m->whole_us = talloc_zero_array(NULL, uint32_t, (size_t)m->events);
	descriptors_raise();
	long before_kb = memory_kb(m->pid);
	int64_t began_us = clock_monotonic_us();
	streams_open(m);
	int64_t open_ms = (clock_monotonic_us() - began_us - QUIET_US) / 1000;
	long open_kb = memory_kb(m->pid);
	events_send(m);
	qsort(m->latency_us, m->n_latencies, sizeof *m->latency_us, compare);
	qsort(m->whole_us, (size_t)m->events, sizeof *m->whole_us, compare);
	printf("{\"streams\": %d, \"open_ms\": %lld, \"before_mb\": %.1f, \"cost_mb\": %.1f, \"after_events_mb\": %.1f, "
		"\"p50_us\": %u, \"p99_us\": %u, \"to_all_p50_us\": %u, \"to_all_max_us\": %u}\n", m->n_streams,
		(long long)open_ms, (double)before_kb / 1024, (double)(open_kb - before_kb) / 1024,
		(double)(memory_kb(m->pid) - before_kb) / 1024, m->latency_us[m->n_latencies / 2],
		m->latency_us[m->n_latencies * 99 / 100], m->whole_us[m->events / 2], m->whole_us[m->events - 1]);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"port", 1, NULL, 'p'}, {"pid", 1, NULL, 'i'}, {"tokens", 1, NULL, 'k'},
		{"events", 1, NULL, 'e'}, {"path", 1, NULL, 'u'}, {0}};
	Many m = {.events = 20, .path = "/capture/bench", .poll = epoll_create1(EPOLL_CLOEXEC)};
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		switch (option) {
		case 'p': m.port = atoi(optarg); break;
		case 'i': m.pid = atoi(optarg); break;
		case 'k': m.tokens = optarg; break;
		case 'e': m.events = atoi(optarg); break;
		case 'u': m.path = optarg; break;
		default: return 2;
		}
	if (m.port == 0 || m.pid == 0 || !m.tokens || m.events < 1 || m.events > EVENTS_MAX) {
		fprintf(stderr, "usage: live_many --port N --pid N --tokens FILE [--events N] [--path P]\n");
		return 2;
	}
	run(&m);
	return 0;
}
