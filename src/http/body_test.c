/* How long a body may take: a large one that goes on gets through a slow line, one that stands still does not. */
#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "http/http_int.h"

#define REQUEST_MS 2000

static void on_request(HttpRequest *r, void *arg)
{
	size_t len;
	(void)arg;
	(void)http_body(r, &len);
	char *text = talloc_asprintf(http_mem(r), "%zu", len);
	http_respond(r, 200, "text/plain", NULL, text, strlen(text));
}

static HttpServer *server_open(int *ret_fd)
{
	static const HttpTimes times = {.request_ms = REQUEST_MS, .idle_ms = 60000, .write_ms = 60000, .linger_ms = 1000};
	static const HttpConfig config = {.listen = "127.0.0.1:0", .loops = 1, .on_request = on_request};
	char *error = NULL;
	HttpServer *server = http_start_timed(NULL, &config, &times, &error);
	CHECK_TEXT(error, NULL);
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)http_port(server)),
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	*ret_fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_INT(connect(*ret_fd, (struct sockaddr *)&to, sizeof to), 0);
	return server;
}

static void send_all(int fd, const char *bytes, size_t len)
{
	for (ssize_t n; len > 0; bytes += n, len -= (size_t)n) {
		n = send(fd, bytes, len, MSG_NOSIGNAL);
		CHECK(n > 0);
	}
}

/* Waits for the answer at most so long; "" when none came. */
static const char *answer_within(int fd, int ms, char buffer[static 2048])
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	ssize_t n = poll(&ready, 1, ms) == 1 ? recv(fd, buffer, 2047, 0) : 0;
	buffer[n > 0 ? n : 0] = '\0';
	return buffer;
}

TEST(body, a_large_one_that_goes_on_gets_through)
{
	int fd;
	char answer[2048];
	HttpServer *server = server_open(&fd);
	char *piece = talloc_zero_size(NULL, LIMIT_HTTP_PIECE);
	char *head = talloc_asprintf(piece, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n",
	                             4 * LIMIT_HTTP_PIECE);
	int64_t start_ms = clock_monotonic_ms();
	send_all(fd, head, strlen(head));
	for (int i = 0; i < 4; i++) {
		CHECK_TEXT(answer_within(fd, REQUEST_MS * 2 / 5, answer), "");
		send_all(fd, piece, LIMIT_HTTP_PIECE);
	}
	CHECK(clock_monotonic_ms() - start_ms > REQUEST_MS);
	CHECK(g_str_has_prefix(answer_within(fd, 20000, answer), "HTTP/1.1 200 "));
	CHECK(g_str_has_suffix(answer, "262144"));
	close(fd);
	http_stop(server, 1000);
	talloc_free(piece);
}

TEST(body, one_that_stands_still_does_not)
{
	int fd;
	char answer[2048];
	HttpServer *server = server_open(&fd);
	static const char part[] = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nbegun";
	send_all(fd, part, strlen(part));
	CHECK(g_str_has_prefix(answer_within(fd, 20000, answer), "HTTP/1.1 408 "));
	close(fd);
	http_stop(server, 1000);
}
