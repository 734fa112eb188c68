/* Waiters by receipt, and one thread that watches the time. Callbacks run outside the lock. */
#include "modules/lead/intake/waits.h"

#include <glib.h>
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/cond.h"

typedef struct Waiter {
	Id receipt;
	int64_t until_ms; /* monotonic */
	WaitFn fn;
	void *arg;
	struct Waiter *next;
} Waiter;

struct Waits {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	GHashTable *by_receipt; /* Id -> first Waiter */
	bool stopping;
	pthread_t watch;
};

static guint id_hash(gconstpointer key)
{
	guint tail;
	memcpy(&tail, (const char *)key + 12, sizeof tail);
	return tail;
}

static gboolean id_same(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(Id)) == 0;
}

static void list_call(Waiter *list, const Outcome *outcome)
{
	while (list) {
		Waiter *next = list->next;
		list->fn(list->arg, outcome);
		g_free(list);
		list = next;
	}
}

/* Puts a list back under its receipt, or forgets the receipt when nobody is left. The key lives in the first waiter. */
static void list_keep(Waits *w, Waiter *list)
{
	if (list)
		g_hash_table_replace(w->by_receipt, &list->receipt, list);
}

static Waiter *list_take(Waits *w, const Id *receipt)
{
	Waiter *list = g_hash_table_lookup(w->by_receipt, receipt);
	if (list)
		g_hash_table_remove(w->by_receipt, receipt);
	return list;
}

/* Takes out all whose time is up (or all). */
static Waiter *list_overdue(Waits *w, int64_t now_ms, bool all)
{
	GHashTableIter iter;
	gpointer key, value;
	Waiter *overdue = NULL, *kept = NULL;
	g_hash_table_iter_init(&iter, w->by_receipt);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		g_hash_table_iter_remove(&iter);
		for (Waiter *x = value, *next; x; x = next) {
			next = x->next;
			Waiter **list = all || x->until_ms <= now_ms ? &overdue : &kept;
			x->next = *list;
			*list = x;
		}
	}
	for (Waiter *x = kept, *next; x; x = next) {
		next = x->next;
		x->next = list_take(w, &x->receipt);
		list_keep(w, x);
	}
	return overdue;
}

static int64_t next_deadline(Waits *w)
{
	GHashTableIter iter;
	gpointer key, value;
	int64_t next = INT64_MAX;
	g_hash_table_iter_init(&iter, w->by_receipt);
	while (g_hash_table_iter_next(&iter, &key, &value))
		for (const Waiter *x = value; x; x = x->next)
			next = x->until_ms < next ? x->until_ms : next;
	return next;
}

static void watch_sleep(Waits *w)
{
	int64_t next_ms = next_deadline(w);
	(void)cond_wait_until(&w->changed, &w->lock, next_ms == INT64_MAX ? INT64_MAX : next_ms * 1000);
}

static void *watch_main(void *arg)
{
	Waits *w = arg;
	pthread_mutex_lock(&w->lock);
	while (!w->stopping) {
		Waiter *overdue = list_overdue(w, clock_monotonic_ms(), false);
		if (!overdue) {
			watch_sleep(w);
			continue;
		}
		pthread_mutex_unlock(&w->lock);
		list_call(overdue, NULL);
		pthread_mutex_lock(&w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

Waits *waits_start(TALLOC_CTX *ctx)
{
	Waits *w = talloc_zero(ctx, Waits);
	pthread_mutex_init(&w->lock, NULL);
	cond_init(&w->changed);
	w->by_receipt = g_hash_table_new(id_hash, id_same);
	pthread_create(&w->watch, NULL, watch_main, w);
	return w;
}

void waits_stop(Waits *w)
{
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	Waiter *all = list_overdue(w, 0, true);
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->watch, NULL);
	list_call(all, NULL);
	g_hash_table_destroy(w->by_receipt);
}

void waits_add(Waits *w, Id receipt, int64_t for_ms, WaitFn fn, void *arg)
{
	Waiter *waiter = g_new0(Waiter, 1);
	*waiter = (Waiter){.receipt = receipt, .until_ms = clock_monotonic_ms() + for_ms, .fn = fn, .arg = arg};
	pthread_mutex_lock(&w->lock);
	waiter->next = list_take(w, &receipt);
	list_keep(w, waiter);
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

void waits_tell(Waits *w, const Outcome *outcome)
{
	pthread_mutex_lock(&w->lock);
	Waiter *list = list_take(w, &outcome->receipt);
	pthread_mutex_unlock(&w->lock);
	list_call(list, outcome);
}
