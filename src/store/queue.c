/* A bounded ring of jobs. It never grows and never waits for room: who finds it full is told so and answers 503. */
#include "store/store_int.h"

#include <assert.h>

void queue_init(TALLOC_CTX *ctx, Queue *q, int size)
{
	*q = (Queue){.size = size, .ring = talloc_array(ctx, Job, (unsigned)size)};
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->filled, NULL);
}

void queue_done(Queue *q)
{
	assert(q->count == 0);
	pthread_cond_destroy(&q->filled);
	pthread_mutex_destroy(&q->lock);
	TALLOC_FREE(q->ring);
}

bool queue_push(Queue *q, const Job *job)
{
	pthread_mutex_lock(&q->lock);
	bool room = q->count < q->size && !q->closing;
	if (room) {
		q->ring[(q->first + q->count) % q->size] = *job;
		q->count++;
		pthread_cond_signal(&q->filled);
	}
	pthread_mutex_unlock(&q->lock);
	return room;
}

static bool queue_take(Queue *q, Job *ret)
{
	if (q->count == 0)
		return false;
	*ret = q->ring[q->first];
	q->first = (q->first + 1) % q->size;
	q->count--;
	return true;
}

bool queue_pop(Queue *q, Job *ret)
{
	pthread_mutex_lock(&q->lock);
	bool taken = queue_take(q, ret);
	pthread_mutex_unlock(&q->lock);
	return taken;
}

size_t queue_pop_joining(Queue *q, const Job *job, Job *ret, size_t max)
{
	size_t n = 0;
	pthread_mutex_lock(&q->lock);
	while (n < max && job->joins && q->count > 0 && q->ring[q->first].joins && q->ring[q->first].fn == job->fn)
		(void)queue_take(q, &ret[n++]);
	pthread_mutex_unlock(&q->lock);
	return n;
}

bool queue_pop_wait(Queue *q, Job *ret)
{
	pthread_mutex_lock(&q->lock);
	while (q->count == 0 && !q->closing)
		pthread_cond_wait(&q->filled, &q->lock);
	bool taken = queue_take(q, ret);
	pthread_mutex_unlock(&q->lock);
	return taken;
}

int queue_count(Queue *q)
{
	pthread_mutex_lock(&q->lock);
	int count = q->count;
	pthread_mutex_unlock(&q->lock);
	return count;
}

bool queue_is_closing(Queue *q)
{
	pthread_mutex_lock(&q->lock);
	bool closing = q->closing;
	pthread_mutex_unlock(&q->lock);
	return closing;
}

void queue_close(Queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->closing = true;
	pthread_cond_broadcast(&q->filled);
	pthread_mutex_unlock(&q->lock);
}
