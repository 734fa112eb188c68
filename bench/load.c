/* Load generator for the capture endpoint, or with a token for records of a small object: keep-alive connections on one
 * thread, at full speed or at a fixed rate, each body unlike all others. SIGTERM ends it early. At a fixed rate a latency runs from the moment the delivery was due, so that a stall of the
 * server is charged with everything that had to wait behind it. Prints one line of JSON.
 *
 * Usage: load --port N [--path /capture/KEY | --path /api/v1/records/account --token T] [--connections 64] [--seconds 30]
 * [--rate 0] [--seed 1]; runs on one data folder take seeds of their own, 0 to 99 */
#include "base/clock.h"
#include "bench/body.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define REQUEST_MAX 1024
#define ANSWER_MAX 4096
#define CONNECTIONS_MAX 1024
#define DRAIN_MS 10000 /* how long answers are waited for after the last delivery */

typedef struct {
	int port, connections, seconds, rate;
	const char *path, *token; /* token: or NULL */
	uint64_t seed;
} Settings;

typedef struct {
	int fd;
	bool busy;
	int64_t due_us; /* when this delivery should have left */
	size_t to_send, sent, received;
	char request[REQUEST_MAX];
	char answer[ANSWER_MAX + 1];
} Connection;

typedef struct {
	Settings set;
	Connection *connection;
	int idle[CONNECTIONS_MAX], n_idle, busy;
	int poll;
	Dice dice;
	uint64_t sent, accepted, refused, broken, serial;
	uint32_t *latency_us;
	size_t n_latencies, latencies_max;
	int64_t start_us, last_us;
} Load;

static volatile sig_atomic_t told_to_stop;

static void on_stop(int signal)
{
	(void)signal;
	told_to_stop = 1;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- one delivery ---- */

static size_t request_write(Load *l, Connection *c)
{
	char body[BODY_BYTES + 1];
	if (l->set.token)
		snprintf(body, sizeof body, "{\"name\":\"%llu\"}", (unsigned long long)l->serial++);
	else
		body_write(&l->dice, l->serial++, body);
	return (size_t)snprintf(c->request, sizeof c->request,
		"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s%s%sContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		l->set.path, l->set.token ? "Authorization: Bearer " : "", l->set.token ? l->set.token : "",
		l->set.token ? "\r\n" : "", strlen(body), body);
}

static void delivery_send(Connection *c)
{
	ssize_t n = write(c->fd, c->request + c->sent, c->to_send - c->sent);
	if (n < 0 && errno != EAGAIN)
		die("write");
	c->sent += n > 0 ? (size_t)n : 0; /* the rest is far below any socket's buffer: it never waits in practice */
}

static void delivery_start(Load *l, int64_t due_us)
{
	Connection *c = &l->connection[l->idle[--l->n_idle]];
	c->busy = true;
	c->due_us = due_us;
	c->to_send = request_write(l, c);
	c->sent = c->received = 0;
	l->busy++;
	l->sent++;
	delivery_send(c);
}

/* True when a whole answer stands in the buffer. */
static bool answer_is_whole(const Connection *c)
{
	const char *end = strstr(c->answer, "\r\n\r\n"), *length = strcasestr(c->answer, "content-length:");
	if (!end || !length || length > end)
		return false;
	return c->received >= (size_t)(end + 4 - c->answer) + strtoul(length + 15, NULL, 10);
}

static void delivery_end(Load *l, Connection *c, int64_t now_us)
{
	bool accepted = strncmp(c->answer, l->set.token ? "HTTP/1.1 201" : "HTTP/1.1 202", 12) == 0;
	l->accepted += accepted;
	l->refused += !accepted;
	if (l->n_latencies < l->latencies_max)
		l->latency_us[l->n_latencies++] = (uint32_t)(now_us - c->due_us);
	l->last_us = now_us;
	c->busy = false;
	l->busy--;
	l->idle[l->n_idle++] = (int)(c - l->connection);
}

static void answer_read(Load *l, Connection *c, int64_t now_us)
{
	ssize_t n = read(c->fd, c->answer + c->received, ANSWER_MAX - c->received);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		fprintf(stderr, "load: the server closed a connection\n");
		l->broken++;
		exit(1);
	}
	c->received += (size_t)n;
	c->answer[c->received] = '\0';
	if (c->busy && answer_is_whole(c))
		delivery_end(l, c, now_us);
}

/* ---- the run ---- */

static void connect_all(Load *l)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)l->set.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	for (int i = 0; i < l->set.connections; i++) {
		Connection *c = &l->connection[i];
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
		c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0)
			die("connect");
		(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
		(void)fcntl(c->fd, F_SETFL, O_NONBLOCK);
		if (epoll_ctl(l->poll, EPOLL_CTL_ADD, c->fd, &event) < 0)
			die("epoll_ctl");
		l->idle[l->n_idle++] = i;
	}
}

/* Sends whatever is due and has a free connection. */
static void deliveries_start(Load *l, int64_t now_us, int64_t until_us)
{
	if (l->set.rate == 0) {
		while (l->n_idle > 0 && now_us < until_us)
			delivery_start(l, now_us);
		return;
	}
	int64_t planned = (int64_t)l->set.rate * l->set.seconds;
	while (l->n_idle > 0 && (int64_t)l->sent < planned) {
		int64_t due_us = l->start_us + (int64_t)l->sent * 1000000 / l->set.rate;
		if (due_us > now_us)
			return;
		delivery_start(l, due_us);
	}
}

static bool is_over(const Load *l, int64_t now_us, int64_t until_us)
{
	bool all_sent = l->set.rate == 0 ? now_us >= until_us : l->sent >= (uint64_t)l->set.rate * (uint64_t)l->set.seconds;
	return (all_sent && l->busy == 0) || now_us > until_us + DRAIN_MS * INT64_C(1000);
}

static void run(Load *l)
{
	struct epoll_event events[256];
	l->start_us = clock_monotonic_us();
	int64_t until_us = l->start_us + l->set.seconds * INT64_C(1000000), now_us = l->start_us;
	while (!is_over(l, now_us, until_us)) {
		deliveries_start(l, now_us, until_us);
		int n = epoll_wait(l->poll, events, ARRAY_LEN(events), 1);
		now_us = clock_monotonic_us();
		for (int i = 0; i < n; i++)
			answer_read(l, events[i].data.ptr, now_us);
		if (told_to_stop && until_us > now_us)
			until_us = now_us;
	}
}

/* ---- figures ---- */

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

static uint32_t quantile(const Load *l, double q)
{
	return l->n_latencies ? l->latency_us[(size_t)(q * (double)(l->n_latencies - 1))] : 0;
}

static void report(Load *l)
{
	double seconds = (double)(l->last_us - l->start_us) / 1e6;
	size_t slow = 0;
	qsort(l->latency_us, l->n_latencies, sizeof *l->latency_us, compare);
	for (size_t i = l->n_latencies; i > 0 && l->latency_us[i - 1] > 10000; i--)
		slow++;
	printf("{\"sent\": %llu, \"accepted\": %llu, \"refused\": %llu, \"unanswered\": %d, \"seconds\": %.3f, \"rate\": %.0f, "
		"\"p50_us\": %u, \"p90_us\": %u, \"p99_us\": %u, \"p999_us\": %u, \"max_us\": %u, \"over_10ms\": %zu}\n",
		(unsigned long long)l->sent, (unsigned long long)l->accepted, (unsigned long long)l->refused, l->busy, seconds,
		(double)l->accepted / seconds, quantile(l, 0.5), quantile(l, 0.9), quantile(l, 0.99), quantile(l, 0.999),
		quantile(l, 1), slow);
}

static Settings settings_read(int argc, char **argv)
{
	static const struct option options[] = {{"port", 1, NULL, 'p'}, {"path", 1, NULL, 'u'}, {"connections", 1, NULL, 'c'},
		{"seconds", 1, NULL, 't'}, {"rate", 1, NULL, 'r'}, {"seed", 1, NULL, 's'}, {"token", 1, NULL, 'k'}, {0}};
	Settings set = {.path = "/capture/site", .connections = 64, .seconds = 30, .seed = 1};
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		switch (option) {
		case 'p': set.port = atoi(optarg); break;
		case 'u': set.path = optarg; break;
		case 'c': set.connections = atoi(optarg); break;
		case 't': set.seconds = atoi(optarg); break;
		case 'r': set.rate = atoi(optarg); break;
		case 'k': set.token = optarg; break;
		case 's': set.seed = strtoull(optarg, NULL, 10); break;
		default: exit(2);
		}
	if (set.port == 0 || set.connections < 1 || set.connections > CONNECTIONS_MAX || set.seconds < 1) {
		fprintf(stderr, "usage: load --port N [--path P] [--token T] [--connections N] [--seconds N] [--rate N] [--seed N]\n");
		exit(2);
	}
	return set;
}

int main(int argc, char **argv)
{
	Load load = {.set = settings_read(argc, argv), .latencies_max = 20000000, .poll = epoll_create1(EPOLL_CLOEXEC)};
	load.connection = talloc_zero_array(NULL, Connection, CONNECTIONS_MAX);
	load.latency_us = talloc_array(NULL, uint32_t, load.latencies_max);
	/* Runs that follow each other on one data folder must not repeat each other's phones. */
	load.serial = load.set.seed * 1000000;
	load.dice.state = load.set.seed + 1;
	signal(SIGTERM, on_stop);
	connect_all(&load);
	run(&load);
	report(&load);
	return load.refused > 0 || load.busy > 0 ? 1 : 0;
}
