/* A ring of waiting work and a few threads. Full means busy, never blocking. */
#include "api/worker.h"

#include <pthread.h>

#define WAITING_MAX 256
#define THREADS_MAX 8

typedef struct {
	void (*fn)(void *arg);
	void *arg;
} Work;

struct Workers {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	Work waiting[WAITING_MAX]; /* ring */
	int head, n;
	bool stopping;
	pthread_t thread[THREADS_MAX];
	int threads;
};

static bool work_take(Workers *w, Work *ret)
{
	pthread_mutex_lock(&w->lock);
	while (w->n == 0 && !w->stopping)
		pthread_cond_wait(&w->wake, &w->lock);
	bool found = w->n > 0;
	if (found) {
		*ret = w->waiting[w->head];
		w->head = (w->head + 1) % WAITING_MAX;
		w->n--;
	}
	pthread_mutex_unlock(&w->lock);
	return found;
}

static void *worker_main(void *arg)
{
	Work work;
	while (work_take(arg, &work))
		work.fn(work.arg);
	return NULL;
}

Workers *workers_start(TALLOC_CTX *ctx, int threads)
{
	Workers *w = talloc_zero(ctx, Workers);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	for (; w->threads < threads && w->threads < THREADS_MAX; w->threads++)
		if (pthread_create(&w->thread[w->threads], NULL, worker_main, w) != 0)
			break;
	return w;
}

bool workers_run(Workers *w, void (*fn)(void *arg), void *arg)
{
	pthread_mutex_lock(&w->lock);
	bool taken = w->n < WAITING_MAX && !w->stopping;
	if (taken) {
		w->waiting[(w->head + w->n) % WAITING_MAX] = (Work){fn, arg};
		w->n++;
		pthread_cond_signal(&w->wake);
	}
	pthread_mutex_unlock(&w->lock);
	return taken;
}

void workers_stop(Workers *w)
{
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->wake);
	pthread_mutex_unlock(&w->lock);
	for (int i = 0; i < w->threads; i++)
		pthread_join(w->thread[i], NULL);
	w->threads = 0;
}
