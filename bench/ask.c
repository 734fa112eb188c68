/* Asks one address again and again over one connection that stays open, and measures the way there and back, and the
 * server's processor time for it, which leaves out what others took. Where the answer names a next page, the next
 * question is for that one, so that a list is walked deep into. Prints one line of JSON.
 *
 * Usage: ask --port N --pid SERVER --token TOKEN --path /api/v1/... [--body JSON] [--times 1000] */
#include "base/base.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_MAX 16384
#define ANSWER_MAX (4 << 20)
#define TIMES_MAX 100000
#define WARM_UP 20
#define NEXT "\"next\":\""

typedef struct {
	int fd, times;
	clockid_t server;
	const char *token, *path, *body;
	char after[8192];
	char request[REQUEST_MAX], *answer;
	size_t received, bytes;
	int64_t wall_ns[TIMES_MAX], cpu_ns[TIMES_MAX];
} Ask;

static void die(const char *what)
{
	fprintf(stderr, "ask: %s\n", what);
	exit(1);
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;
	if (clock_gettime(clock, &t) != 0)
		die("the server's clock cannot be read");
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int connection_open(int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		die("no connection");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

static size_t request_write(Ask *a)
{
	const char *joint = a->after[0] == '\0' ? "" : strchr(a->path, '?') ? "&after=" : "?after=";
	int n = snprintf(a->request, REQUEST_MAX,
		"%s %s%s%s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
		"Content-Length: %zu\r\n\r\n%s",
		a->body ? "POST" : "GET", a->path, joint, a->after, a->token, a->body ? strlen(a->body) : 0, a->body ? a->body : "");
	if (n < 0 || n >= REQUEST_MAX)
		die("the question is too long");
	return (size_t)n;
}

static bool answer_is_whole(const Ask *a)
{
	const char *end = strstr(a->answer, "\r\n\r\n"), *length = strcasestr(a->answer, "content-length:");
	if (!end || !length || length > end)
		return false;
	return a->received >= (size_t)(end + 4 - a->answer) + strtoul(length + 15, NULL, 10);
}

static void answer_read(Ask *a)
{
	a->received = 0;
	a->answer[0] = '\0';
	do {
		ssize_t n = read(a->fd, a->answer + a->received, ANSWER_MAX - a->received);
		if (n <= 0)
			die("the server closed the connection");
		a->received += (size_t)n;
		a->answer[a->received] = '\0';
	} while (!answer_is_whole(a));
	if (strncmp(a->answer, "HTTP/1.1 200", 12) != 0)
		die(a->answer);
}

/* The next page stands at the very end of a list. */
static void next_read(Ask *a)
{
	size_t from = a->received > sizeof a->after ? a->received - sizeof a->after : 0;
	const char *at = strstr(a->answer + from, NEXT);
	a->after[0] = '\0';
	if (at)
		snprintf(a->after, sizeof a->after, "%.*s", (int)strcspn(at + strlen(NEXT), "\""), at + strlen(NEXT));
}

static void ask_once(Ask *a, int number)
{
	size_t len = request_write(a);
	int64_t cpu = clock_ns(a->server), wall = clock_ns(CLOCK_MONOTONIC);
	if (write(a->fd, a->request, len) != (ssize_t)len)
		die("the question could not be sent");
	answer_read(a);
	wall = clock_ns(CLOCK_MONOTONIC) - wall;
	cpu = clock_ns(a->server) - cpu;
	next_read(a);
	if (number < 0)
		return;
	a->wall_ns[number] = wall;
	a->cpu_ns[number] = cpu;
	a->bytes += a->received;
}

static int compare_ns(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static double at_us(const int64_t *ns, int count, int per_mille)
{
	return (double)ns[(int64_t)count * per_mille / 1000] / 1e3;
}

static void print_result(Ask *a)
{
	qsort(a->wall_ns, (size_t)a->times, sizeof(int64_t), compare_ns);
	qsort(a->cpu_ns, (size_t)a->times, sizeof(int64_t), compare_ns);
	printf("{\"times\": %d, \"bytes\": %zu, \"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f, "
		   "\"cpu_p50_us\": %.1f, \"cpu_p90_us\": %.1f, \"cpu_p99_us\": %.1f, \"cpu_max_us\": %.1f}\n",
		a->times, a->bytes / (size_t)a->times, at_us(a->wall_ns, a->times, 500), at_us(a->wall_ns, a->times, 900),
		at_us(a->wall_ns, a->times, 990), (double)a->wall_ns[a->times - 1] / 1e3, at_us(a->cpu_ns, a->times, 500),
		at_us(a->cpu_ns, a->times, 900), at_us(a->cpu_ns, a->times, 990), (double)a->cpu_ns[a->times - 1] / 1e3);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"port", 1, NULL, 'p'}, {"pid", 1, NULL, 'i'}, {"token", 1, NULL, 't'},
		{"path", 1, NULL, 'a'}, {"body", 1, NULL, 'b'}, {"times", 1, NULL, 'n'}, {0}};
	Ask *a = talloc_zero(NULL, Ask);
	int port = 0, pid = 0;
	a->answer = talloc_array(a, char, ANSWER_MAX + 1);
	a->times = 1000;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		switch (option) {
		case 'p': port = atoi(optarg); break;
		case 'i': pid = atoi(optarg); break;
		case 't': a->token = optarg; break;
		case 'a': a->path = optarg; break;
		case 'b': a->body = optarg; break;
		case 'n': a->times = atoi(optarg); break;
		default: return 2;
		}
	if (port < 1 || pid < 1 || !a->token || !a->path || a->times < 1 || a->times > TIMES_MAX)
		die("--port, --pid, --token and --path are wanted, and --times up to 100000");
	if (clock_getcpuclockid(pid, &a->server) != 0)
		die("no such server");
	a->fd = connection_open(port);
	for (int i = -WARM_UP; i < a->times; i++)
		ask_once(a, i);
	print_result(a);
	talloc_free(a);
	return 0;
}
