/* The event loop of one thread: accepts, wakes for what other threads hand in, and sweeps deadlines. The oldest
 * connection of each state stands first in its list, so a sweep looks only at what is due. */
#include "http/http_int.h"

#include "base/clock.h"
#include "base/log.h"
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPTS_MAX 64     /* in one go, so that connections in service are not starved */
#define SWEEPS 40          /* in the time a request may take: 250 ms of 10 s */

/* Marks the end of the posts of a loop that has ended. */
static Post closed_posts;

bool loop_post(Loop *loop, Post *post)
{
	/* Once the post is in, the loop may take it, end and be freed before it is woken: hence the hold. */
	atomic_fetch_add_explicit(&loop->holders, 1, memory_order_relaxed);
	Post *head = atomic_load_explicit(&loop->posts, memory_order_relaxed);
	do {
		if (head == &closed_posts) {
			loop_release(loop);
			return false;
		}
		post->next = head;
	} while (!atomic_compare_exchange_weak_explicit(&loop->posts, &head, post, memory_order_acq_rel,
	                                                memory_order_relaxed));
	if (head == NULL)
		(void)eventfd_write(loop->wake_fd, 1); /* the first of a batch wakes for all */
	loop_release(loop);
	return true;
}

bool loop_is_mine(const Loop *loop)
{
	return pthread_equal(loop->thread, pthread_self()) != 0;
}

/* Takes all posts, oldest first, and leaves rest in their place. */
static Post *take_posts(Loop *loop, Post *rest)
{
	Post *newest = atomic_exchange_explicit(&loop->posts, rest, memory_order_acq_rel), *oldest = NULL;
	while (newest != NULL) {
		Post *next = newest->next;
		newest->next = oldest;
		oldest = newest;
		newest = next;
	}
	return oldest;
}

static void handle_post(Post *post)
{
	switch (post->kind) {
	case POST_ANSWER:
		conn_answer((HttpRequest *)post);
		break;
	case POST_STREAM_OPEN:
		conn_stream_open((HttpRequest *)post);
		break;
	case POST_STREAM:
		stream_posted((HttpStream *)post);
		break;
	}
}

static void handle_posts(Post *post)
{
	while (post != NULL) {
		Post *next = post->next;
		handle_post(post);
		post = next;
	}
}

static bool is_drained(const Loop *loop)
{
	return loop->n_conns == 0 || clock_monotonic_ms() >= atomic_load(&loop->drain_until_ms);
}

void loop_conn_gone(Loop *loop)
{
	loop->n_conns--;
	atomic_fetch_sub(loop->connections, 1);
	if (loop->is_draining && loop->n_conns == 0)
		(void)event_base_loopbreak(loop->base);
}

/* One connection too many: told so, as far as that is possible without serving it. */
static void turn_away(int fd)
{
	char request[4096];
	Buf *problem = http_problem(NULL, http_refusal(REFUSE_BUSY), NULL);
	char *answer = talloc_asprintf(problem, "HTTP/1.1 503 Service Unavailable\r\n"
	                               "Content-Type: application/problem+json\r\nRetry-After: 5\r\n"
	                               "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
	                               problem->len, problem->data);
	(void)recv(fd, request, sizeof(request), MSG_DONTWAIT);
	(void)send(fd, answer, strlen(answer), MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)close(fd);
	talloc_free(problem);
}

static void on_accept(evutil_socket_t listener, short what, void *arg)
{
	Loop *loop = arg;
	(void)what;
	for (int i = 0; i < ACCEPTS_MAX; i++) {
		struct sockaddr_storage peer = {0};
		socklen_t len = sizeof(peer);
		int fd = accept4(listener, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
				(void)event_del(&loop->accept_event); /* the sweep resumes */
			return;
		}
		if (atomic_fetch_add(loop->connections, 1) < LIMIT_HTTP_CONNECTIONS) {
			conn_open(loop, fd, &peer);
			continue;
		}
		atomic_fetch_sub(loop->connections, 1);
		turn_away(fd);
	}
}

static void for_all(Loop *loop, ConnState state, void (*fn)(Conn *))
{
	Conn *c, *next;
	for (c = TAILQ_FIRST(&loop->conns[state]); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		fn(c);
	}
}

/* Streams and idle connections end now; requests that have arrived or are under way may finish. */
static void drain_begin(Loop *loop)
{
	on_accept(loop->listener, EV_READ, loop); /* closing the listener would reset who waits there */
	loop->is_draining = true;
	(void)event_del(&loop->accept_event);
	(void)close(loop->listener);
	loop->listener = -1;
	for_all(loop, CONN_IDLE, conn_drain);
	for_all(loop, CONN_STREAM, conn_close);
	if (is_drained(loop))
		(void)event_base_loopbreak(loop->base);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	Loop *loop = arg;
	eventfd_t count;
	(void)what;
	(void)eventfd_read(fd, &count);
	handle_posts(take_posts(loop, NULL));
	if (atomic_load(&loop->stops) && !loop->is_draining)
		drain_begin(loop);
}

static void sweep_state(Loop *loop, ConnState state, int max_ms)
{
	int64_t due_ms = clock_monotonic_ms() - max_ms;
	Conn *c;
	while ((c = TAILQ_FIRST(&loop->conns[state])) != NULL && c->since_ms <= due_ms)
		conn_expire(c);
}

static void reap_gone(Loop *loop)
{
	Conn *c;
	while ((c = TAILQ_FIRST(&loop->conns[CONN_GONE])) != NULL) {
		TAILQ_REMOVE(&loop->conns[CONN_GONE], c, link);
		talloc_free(c);
	}
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
	Loop *loop = arg;
	(void)fd;
	(void)what;
	reap_gone(loop);
	sweep_state(loop, CONN_IDLE, loop->times.idle_ms);
	sweep_state(loop, CONN_READING, loop->times.request_ms);
	sweep_state(loop, CONN_WRITING, loop->times.write_ms);
	sweep_state(loop, CONN_LINGER, loop->times.linger_ms);
	if (!loop->is_draining)
		(void)event_add(&loop->accept_event, NULL); /* it pauses when descriptors run out */
	else if (is_drained(loop))
		(void)event_base_loopbreak(loop->base);
}

/* Frees what nobody waits for. Requests still with the application keep the loop's memory until they are answered. */
static void loop_end(Loop *loop)
{
	for (int state = 0; state < CONN_GONE; state++)
		for_all(loop, (ConnState)state, conn_close);
	atomic_fetch_add(&loop->holders, loop->n_out);
	Post *post = take_posts(loop, &closed_posts);
	while (post != NULL) {
		Post *next = post->next;
		bool is_request = post->kind != POST_STREAM;
		handle_post(post);
		if (is_request)
			loop_release(loop);
		post = next;
	}
	reap_gone(loop);
}

static void *loop_main(void *arg)
{
	Loop *loop = arg;
	(void)event_base_dispatch(loop->base);
	loop_end(loop);
	return NULL;
}

static void add_events(Loop *loop)
{
	int sweep_ms = loop->times.request_ms / SWEEPS > 0 ? loop->times.request_ms / SWEEPS : 1;
	struct timeval every = {.tv_sec = sweep_ms / 1000, .tv_usec = sweep_ms % 1000 * 1000};
	(void)event_assign(&loop->accept_event, loop->base, loop->listener, EV_READ | EV_PERSIST, on_accept, loop);
	(void)event_assign(&loop->wake_event, loop->base, loop->wake_fd, EV_READ | EV_PERSIST, on_wake, loop);
	(void)event_assign(&loop->sweep_event, loop->base, -1, EV_PERSIST, on_sweep, loop);
	(void)event_add(&loop->accept_event, NULL);
	(void)event_add(&loop->wake_event, NULL);
	(void)event_add(&loop->sweep_event, &every);
}

/* Each base is used by one thread alone, so it needs no locks. */
static struct event_base *base_new(void)
{
	struct event_config *config = event_config_new();
	if (config == NULL)
		return NULL;
	(void)event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	struct event_base *base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

Loop *loop_new(const HttpConfig *config, const HttpTimes *times, int listener, _Atomic int *connections)
{
	Loop *loop = talloc_zero(NULL, Loop);
	assert(loop != NULL);
	loop->config = config;
	loop->times = *times;
	loop->listener = listener;
	loop->connections = connections;
	loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	loop->base = base_new();
	loop->read_buf = talloc_size(loop, READ_BUF_SIZE);
	atomic_store(&loop->holders, 1);
	for (int state = 0; state < CONN_STATES; state++)
		TAILQ_INIT(&loop->conns[state]);
	if (loop->wake_fd < 0 || loop->base == NULL || loop->read_buf == NULL) {
		loop_join(loop);
		loop_release(loop);
		return NULL;
	}
	add_events(loop);
	return loop;
}

int loop_run(Loop *loop)
{
	sigset_t all, before;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the main thread */
	int r = pthread_create(&loop->thread, NULL, loop_main, loop);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	loop->is_running = r == 0;
	return -r;
}

void loop_stop_soon(Loop *loop, int drain_ms)
{
	atomic_store(&loop->drain_until_ms, clock_monotonic_ms() + drain_ms);
	atomic_store(&loop->stops, true);
}

void loop_stop(Loop *loop)
{
	(void)eventfd_write(loop->wake_fd, 1);
}

void loop_join(Loop *loop)
{
	if (loop->is_running)
		(void)pthread_join(loop->thread, NULL);
	if (loop->base != NULL)
		event_base_free(loop->base);
	if (loop->listener >= 0)
		(void)close(loop->listener);
	loop->base = NULL;
	loop->listener = -1;
}

void loop_release(Loop *loop)
{
	if (atomic_fetch_sub(&loop->holders, 1) != 1)
		return;
	if (loop->wake_fd >= 0)
		(void)close(loop->wake_fd);
	talloc_free(loop);
}
