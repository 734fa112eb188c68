/* A server that answers every request at once: measures this floor alone. http_echo ADDRESS:PORT [LOOPS [thread]];
 * with "thread" the answers come from another thread, as they do behind a writer. */
#include "http/http.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUEUE_MAX 4096

typedef struct {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	HttpRequest *request[QUEUE_MAX];
	size_t n;
	bool is_used;
} Queue;

static void answer(HttpRequest *r)
{
	static const char text[] = "{\"receipt\":\"018bcfe5-6800-7abc-8def-0123456789ab\",\"state\":\"pending\"}";
	http_respond(r, 202, "application/json", NULL, text, sizeof(text) - 1);
}

static void on_request(HttpRequest *r, void *arg)
{
	Queue *q = arg;
	if (!q->is_used) {
		answer(r);
		return;
	}
	(void)pthread_mutex_lock(&q->lock);
	bool is_full = q->n == QUEUE_MAX;
	if (!is_full)
		q->request[q->n++] = r;
	(void)pthread_cond_signal(&q->filled);
	(void)pthread_mutex_unlock(&q->lock);
	if (is_full)
		http_respond(r, 503, NULL, NULL, "", 0);
}

static void *answer_main(void *arg)
{
	Queue *q = arg;
	static HttpRequest *batch[QUEUE_MAX];
	for (;;) {
		(void)pthread_mutex_lock(&q->lock);
		while (q->n == 0)
			(void)pthread_cond_wait(&q->filled, &q->lock);
		size_t n = q->n;
		memcpy(batch, q->request, n * sizeof(HttpRequest *));
		q->n = 0;
		(void)pthread_mutex_unlock(&q->lock);
		for (size_t i = 0; i < n; i++)
			answer(batch[i]);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static Queue queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER};
	HttpConfig config = {.listen = argc > 1 ? argv[1] : "127.0.0.1:0",
	                     .loops = argc > 2 ? (int)strtoll(argv[2], NULL, 10) : 0,
	                     .on_request = on_request, .arg = &queue};
	char *error = NULL;
	sigset_t ends;
	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGINT);
	(void)sigaddset(&ends, SIGTERM);
	(void)pthread_sigmask(SIG_BLOCK, &ends, NULL);
	queue.is_used = argc > 3 && strcmp(argv[3], "thread") == 0;
	pthread_t thread;
	if (queue.is_used && pthread_create(&thread, NULL, answer_main, &queue) != 0)
		return 1;
	HttpServer *server = http_start(NULL, &config, &error);
	if (server == NULL) {
		fprintf(stderr, "%s\n", error);
		talloc_free(error);
		return 1;
	}
	printf("port %d\n", http_port(server));
	(void)fflush(stdout);
	int signal_number;
	(void)sigwait(&ends, &signal_number);
	http_stop(server, 1000);
	return 0;
}
