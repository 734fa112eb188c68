/* The front of the store: opens an engine, takes jobs in, hands them to the engine's threads through two bounded
 * queues. Knows nothing of SQL. Every job that was taken in is finished: done is called exactly once. */
#include "store/store_int.h"

#include <assert.h>
#include <signal.h>

static StoreConfig config_copy(TALLOC_CTX *ctx, const StoreConfig *config)
{
	StoreConfig copy = *config;
	copy.path = talloc_strdup(ctx, config->path ? config->path : "");
	copy.database = config->database ? talloc_strdup(ctx, config->database) : NULL;
	copy.schema = talloc_strdup(ctx, config->schema ? config->schema : "tenon");
	copy.readers = config->readers > 0 ? config->readers : 2;
	copy.writers = config->writers > 0 ? config->writers : 4;
	/* The writer and the checkpoint thread of SQLite are two more. */
	assert(copy.readers + copy.writers + 2 <= STORE_THREADS_MAX);
	return copy;
}

Store *store_open(TALLOC_CTX *ctx, const StoreConfig *config, char **ret_error)
{
	Store *store = talloc_zero(ctx, Store);

	store->config = config_copy(store, config);
	store->engine = config->database ? &engine_postgres : &engine_sqlite;
	queue_init(store, &store->writes, LIMIT_QUEUE_WRITES);
	queue_init(store, &store->reads, STORE_QUEUE_READS);
	if (store->engine->open(store, ret_error) < 0) {
		talloc_steal(ctx, *ret_error);
		queue_done(&store->writes);
		queue_done(&store->reads);
		talloc_free(store);
		return NULL;
	}
	return store;
}

void store_close(Store *store)
{
	if (!store)
		return;
	queue_close(&store->writes);
	queue_close(&store->reads);
	store->engine->close(store);
	queue_done(&store->writes);
	queue_done(&store->reads);
	talloc_free(store);
}

pthread_t thread_start(void *(*fn)(void *arg), void *arg)
{
	pthread_t thread;
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int r = pthread_create(&thread, NULL, fn, arg);
	assert(r == 0);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return thread;
}

void store_thread(Store *store, void *(*fn)(void *arg), void *arg)
{
	assert(store->n_threads < STORE_THREADS_MAX);
	store->threads[store->n_threads++] = thread_start(fn, arg);
}

void store_join(Store *store)
{
	for (int i = 0; i < store->n_threads; i++)
		pthread_join(store->threads[i], NULL);
	store->n_threads = 0;
}

bool store_is_postgres(const Store *store)
{
	return store->engine->postgres;
}

static int store_queue(Queue *q, const Job *job)
{
	Job entry = *job;
	entry.queued_us = clock_monotonic_us();
	return queue_push(q, &entry) ? 0 : ERR_BUSY;
}

int store_write(Store *store, StoreJob job, StoreDone done, void *arg)
{
	return store_queue(&store->writes, &(Job){.fn = job, .done = done, .arg = arg});
}

int store_write_joined(Store *store, StoreJob job, StoreDone done, void *arg)
{
	return store_queue(&store->writes, &(Job){.fn = job, .done = done, .arg = arg, .joins = true});
}

int store_read(Store *store, StoreJob job, StoreDone done, void *arg)
{
	return store_queue(&store->reads, &(Job){.fn = job, .done = done, .arg = arg});
}

int store_backlog(Store *store)
{
	return queue_count(&store->writes);
}

const Histogram *store_commits(const Store *store)
{
	return &store->commits;
}

const Histogram *store_batches(const Store *store)
{
	return &store->batches;
}

/* A job whose asker sleeps until it is done. */
typedef struct {
	StoreJob job;
	void *arg;
	pthread_mutex_t lock;
	pthread_cond_t finished;
	bool is_finished;
	int result;
} Waiter;

static int waiter_run(Tx *tx, void *arg)
{
	Waiter *w = arg;
	return w->job(tx, w->arg);
}

static void waiter_done(void *arg, int result)
{
	Waiter *w = arg;
	pthread_mutex_lock(&w->lock);
	w->result = result;
	w->is_finished = true;
	pthread_cond_signal(&w->finished);
	pthread_mutex_unlock(&w->lock);
}

static void store_assert_foreign_thread(const Store *store)
{
	for (int i = 0; i < store->n_threads; i++)
		assert(!pthread_equal(store->threads[i], pthread_self()));
}

static int store_wait(Store *store, Queue *q, StoreJob job, void *arg)
{
	store_assert_foreign_thread(store);
	Waiter w = {.job = job, .arg = arg, .lock = PTHREAD_MUTEX_INITIALIZER, .finished = PTHREAD_COND_INITIALIZER};
	int r = store_queue(q, &(Job){.fn = waiter_run, .done = waiter_done, .arg = &w});
	if (r < 0)
		return r;
	pthread_mutex_lock(&w.lock);
	while (!w.is_finished)
		pthread_cond_wait(&w.finished, &w.lock);
	pthread_mutex_unlock(&w.lock);
	pthread_cond_destroy(&w.finished);
	pthread_mutex_destroy(&w.lock);
	return w.result;
}

int store_write_wait(Store *store, StoreJob job, void *arg)
{
	return store_wait(store, &store->writes, job, arg);
}

int store_read_wait(Store *store, StoreJob job, void *arg)
{
	return store_wait(store, &store->reads, job, arg);
}
