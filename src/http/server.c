/* Starting and stopping: binds one socket a loop to the same address. */
#include "http/http_int.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOPS_MAX 8
#define BACKLOG 4096

const HttpTimes http_default_times = {
	.request_ms = LIMIT_HTTP_REQUEST_MS,
	.idle_ms = LIMIT_HTTP_IDLE_MS,
	.write_ms = LIMIT_HTTP_WRITE_MS,
	.linger_ms = LIMIT_HTTP_LINGER_MS,
};

struct HttpServer {
	HttpConfig config;
	int port, n_loops;
	_Atomic int connections;
	Loop *loop[LOOPS_MAX];
};

typedef struct {
	struct sockaddr_storage address;
	socklen_t len;
} Address;

static uint16_t *address_port(Address *a)
{
	return a->address.ss_family == AF_INET6 ? &((struct sockaddr_in6 *)&a->address)->sin6_port
	                                        : &((struct sockaddr_in *)&a->address)->sin_port;
}

/* "1.2.3.4:80" or "[::1]:80"; port 0 lets the system choose. */
static bool address_parse(const char *text, Address *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&ret->address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&ret->address;
	char host[ADDRESS_SIZE];
	const char *colon = strrchr(text, ':');
	bool is_v6 = text[0] == '[';
	if (colon == NULL || (is_v6 && (colon == text || colon[-1] != ']')))
		return false;
	size_t len = (size_t)(colon - text) - (is_v6 ? 2 : 0), digits = strspn(colon + 1, "0123456789");
	if (len >= sizeof(host) || digits == 0 || digits > 5 || colon[1 + digits] != '\0')
		return false;
	long port = strtol(colon + 1, NULL, 10);
	memcpy(host, text + is_v6, len);
	host[len] = '\0';
	*ret = (Address){.len = is_v6 ? sizeof(*v6) : sizeof(*v4)};
	ret->address.ss_family = is_v6 ? AF_INET6 : AF_INET;
	*address_port(ret) = htons((uint16_t)port);
	void *number = is_v6 ? (void *)&v6->sin6_addr : (void *)&v4->sin_addr;
	return port <= UINT16_MAX && inet_pton(ret->address.ss_family, host, number) == 1;
}

/* A listening socket on the address, or -1. When the port was 0 it is filled in. The first socket is bound without
 * SO_REUSEPORT: a server that was forgotten on that port is noticed instead of sharing the visitors with it. */
static int listener_open(Address *a, bool is_first)
{
	int on = 1;
	int fd = socket(a->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	bool is_open = is_first || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0;
	is_open = is_open && bind(fd, (struct sockaddr *)&a->address, a->len) == 0;
	if (is_first)
		is_open = is_open && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0;
	is_open = is_open && listen(fd, BACKLOG) == 0;
	is_open = is_open && getsockname(fd, (struct sockaddr *)&a->address, &a->len) == 0;
	if (is_open)
		return fd;
	int error = errno;
	(void)close(fd);
	errno = error;
	return -1;
}

static int loops_wanted(int asked)
{
	long n = asked > 0 ? asked : sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : n > LOOPS_MAX ? LOOPS_MAX : (int)n;
}

static void raise_descriptor_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* The server keeps its own copy of what the caller may forget. */
static void config_copy(HttpServer *server, const HttpConfig *config)
{
	server->config = *config;
	server->config.listen = NULL;
	if (config->proxies == NULL)
		return;
	size_t n = 0;
	while (config->proxies[n] != NULL)
		n++;
	const char **proxies = talloc_zero_array(server, const char *, n + 1);
	assert(proxies != NULL);
	for (size_t i = 0; i < n; i++)
		proxies[i] = talloc_strdup(proxies, config->proxies[i]);
	server->config.proxies = proxies;
}

static int loops_open(HttpServer *server, Address *address, const HttpTimes *times)
{
	int wanted = loops_wanted(server->config.loops);
	while (server->n_loops < wanted) {
		int fd = listener_open(address, server->n_loops == 0);
		if (fd < 0)
			return -errno;
		Loop *loop = loop_new(&server->config, times, fd, &server->connections);
		if (loop == NULL)
			return -ENOMEM;
		server->loop[server->n_loops++] = loop;
	}
	for (int i = 0; i < server->n_loops; i++) {
		int r = loop_run(server->loop[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

HttpServer *http_start_timed(TALLOC_CTX *ctx, const HttpConfig *config, const HttpTimes *times, char **ret_error)
{
	Address address;
	if (!address_parse(config->listen, &address)) {
		*ret_error = talloc_asprintf(ctx, "\"%s\" is no address to listen on, such as 127.0.0.1:8080", config->listen);
		errno = EINVAL;
		return NULL;
	}
	raise_descriptor_limit();
	HttpServer *server = talloc_zero(NULL, HttpServer);
	assert(server != NULL);
	config_copy(server, config);
	int r = loops_open(server, &address, times);
	if (r < 0) {
		*ret_error = talloc_asprintf(ctx, "cannot listen on %s: %s", config->listen, strerror(-r));
		http_stop(server, 0);
		errno = -r;
		return NULL;
	}
	server->port = ntohs(*address_port(&address));
	return server;
}

HttpServer *http_start(TALLOC_CTX *ctx, const HttpConfig *config, char **ret_error)
{
	return http_start_timed(ctx, config, &http_default_times, ret_error);
}

int http_port(const HttpServer *server)
{
	return server->port;
}

void http_stop(HttpServer *server, int drain_ms)
{
	for (int i = 0; i < server->n_loops; i++)
		loop_stop_soon(server->loop[i], drain_ms);
	for (int i = 0; i < server->n_loops; i++)
		loop_stop(server->loop[i]);
	for (int i = 0; i < server->n_loops; i++) {
		loop_join(server->loop[i]);
		loop_release(server->loop[i]);
	}
	talloc_free(server);
}
