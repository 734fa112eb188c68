/* Loading at start. The caller's thread parses and hashes into one heap while a second thread puts the other heap into
 * the index: reading and parsing take about as long as putting. Without a second thread all is done on the caller's. */
#include "match/index.h"

#include "match/match_int.h"

#include <assert.h>
#include <pthread.h>

#define HEAP_MAX 128 /* records put under one lock */

typedef struct {
	Incoming item[HEAP_MAX];
	int count;
} Heap;

struct MatchLoad {
	MatchIndex *index;
	Heap heap[2];
	Heap *filling; /* the caller's */
	Heap *full; /* given to the thread; NULL: it waits */
	bool is_over, has_thread;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

static void *load_main(void *arg)
{
	MatchLoad *load = arg;
	pthread_mutex_lock(&load->lock);
	for (;;) {
		while (load->full == NULL && !load->is_over)
			pthread_cond_wait(&load->changed, &load->lock);
		if (load->full == NULL)
			break;
		pthread_mutex_unlock(&load->lock);
		incoming_put_all(load->index, load->full->item, load->full->count);
		pthread_mutex_lock(&load->lock);
		load->full = NULL;
		pthread_cond_signal(&load->changed);
	}
	pthread_mutex_unlock(&load->lock);
	return NULL;
}

MatchLoad *match_load_begin(MatchIndex *index)
{
	MatchLoad *load = talloc(NULL, MatchLoad);
	assert(load != NULL);
	load->index = index;
	load->heap[0].count = load->heap[1].count = 0;
	load->filling = &load->heap[0];
	load->full = NULL;
	load->is_over = false;
	pthread_mutex_init(&load->lock, NULL);
	pthread_cond_init(&load->changed, NULL);
	load->has_thread = pthread_create(&load->thread, NULL, load_main, load) == 0;
	return load;
}

/* Waits until the thread has put the heap before, gives it this one and goes on with the other. */
static void heap_give(MatchLoad *load)
{
	Heap *heap = load->filling;
	if (!load->has_thread) {
		incoming_put_all(load->index, heap->item, heap->count);
		heap->count = 0;
		return;
	}
	pthread_mutex_lock(&load->lock);
	while (load->full != NULL)
		pthread_cond_wait(&load->changed, &load->lock);
	load->full = heap;
	pthread_cond_signal(&load->changed);
	pthread_mutex_unlock(&load->lock);
	load->filling = heap == &load->heap[0] ? &load->heap[1] : &load->heap[0];
	load->filling->count = 0;
}

void match_load_put(MatchLoad *load, const MatchKeys *keys)
{
	incoming_make(load->index, keys, &load->filling->item[load->filling->count++]);
	if (load->filling->count == HEAP_MAX)
		heap_give(load);
}

void match_load_end(MatchLoad *load)
{
	heap_give(load);
	if (load->has_thread) {
		pthread_mutex_lock(&load->lock);
		load->is_over = true;
		pthread_cond_signal(&load->changed);
		pthread_mutex_unlock(&load->lock);
		pthread_join(load->thread, NULL);
	}
	pthread_mutex_destroy(&load->lock);
	pthread_cond_destroy(&load->changed);
	talloc_free(load);
}
