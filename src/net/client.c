/* The thread that carries requests out. Everything of libcurl belongs to it; others only put requests into the
 * queue and wake it. */
#include "net/client.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "net/net_int.h"
#include "net/token.h"

#define IDLE_MS 1000
#define KEPT_MAX NET_ACTIVE_MAX /* connections kept open */

struct NetClient {
	pthread_t thread;
	pthread_mutex_t lock;     /* guards the queue */
	Transfer *first, **last;
	int queued;
	atomic_bool stopping;
	NetTokens *tokens;

	/* of the thread */
	CURLM *multi;
	CURL *idle[NET_ACTIVE_MAX];
	int n_idle, active;
	Transfer *under_way[NET_ACTIVE_MAX]; /* the active ones */
};

static bool queue_waits(NetClient *n)
{
	pthread_mutex_lock(&n->lock);
	bool waits = n->first != NULL;
	pthread_mutex_unlock(&n->lock);
	return waits;
}

static Transfer *queue_take(NetClient *n)
{
	pthread_mutex_lock(&n->lock);
	Transfer *t = n->first;
	if (t) {
		n->first = t->next;
		n->queued--;
		if (!n->first)
			n->last = &n->first;
	}
	pthread_mutex_unlock(&n->lock);
	return t;
}

static void begin(NetClient *n, Transfer *t)
{
	CURL *easy = n->n_idle > 0 ? n->idle[--n->n_idle] : curl_easy_init();
	assert(easy != NULL);
	if (transfer_begin(t, easy)) {
		t->place = n->active;
		n->under_way[n->active++] = t;
		curl_multi_add_handle(n->multi, easy);
		return;
	}
	n->idle[n->n_idle++] = easy;
	transfer_drop(t, NET_REFUSED, t->refused);
}

static void finish(NetClient *n, Transfer *t, CURLcode code)
{
	CURL *easy = t->easy;
	curl_multi_remove_handle(n->multi, easy);
	Transfer *last = n->under_way[--n->active];
	last->place = t->place;
	n->under_way[t->place] = last;
	transfer_end(t, code);
	n->idle[n->n_idle++] = easy;
}

static void finish_all(NetClient *n)
{
	int left = 0;
	for (CURLMsg *m; (m = curl_multi_info_read(n->multi, &left));)
		if (m->msg == CURLMSG_DONE) {
			char *t = NULL;
			curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
			finish(n, (Transfer *)(void *)t, m->data.result);
		}
}

static void abandon(NetClient *n)
{
	Transfer *t;
	while (n->active > 0) {
		n->under_way[0]->stopped = true;
		finish(n, n->under_way[0], CURLE_ABORTED_BY_CALLBACK);
	}
	while ((t = queue_take(n)))
		transfer_drop(t, NET_STOPPED, "stopped");
	curl_multi_cleanup(n->multi);
	for (int i = 0; i < n->n_idle; i++)
		curl_easy_cleanup(n->idle[i]);
}

static void *net_thread(void *arg)
{
	NetClient *n = arg;
	int running = 0;
	while (!atomic_load(&n->stopping)) {
		Transfer *t;
		while (n->active < NET_ACTIVE_MAX && (t = queue_take(n)))
			begin(n, t);
		curl_multi_perform(n->multi, &running);
		finish_all(n);
		if (n->active == NET_ACTIVE_MAX || !queue_waits(n))
			curl_multi_poll(n->multi, NULL, 0, IDLE_MS, NULL);
	}
	abandon(n);
	return NULL;
}

NetClient *net_start(TALLOC_CTX *ctx)
{
	NetClient *n = talloc_zero(ctx, NetClient);
	n->last = &n->first;
	n->tokens = net_tokens_new(n);
	pthread_mutex_init(&n->lock, NULL);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	n->multi = curl_multi_init();
	curl_multi_setopt(n->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)NET_HOST_MAX);
	curl_multi_setopt(n->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_MAX);
	curl_multi_setopt(n->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	int failed = pthread_create(&n->thread, NULL, net_thread, n);
	assert(failed == 0);
	(void)failed;
	return n;
}

void net_stop(NetClient *n)
{
	atomic_store(&n->stopping, true);
	curl_multi_wakeup(n->multi);
	pthread_join(n->thread, NULL);
	pthread_mutex_destroy(&n->lock);
}

NetTokens *net_tokens(NetClient *n)
{
	return n->tokens;
}

int net_send(NetClient *n, const NetRequest *request, NetDone done, void *arg)
{
	if (request->len > NET_BODY_MAX)
		return ERR_TOO_LARGE;
	Transfer *t = transfer_new(NULL, request);
	t->done = done;
	t->arg = arg;
	pthread_mutex_lock(&n->lock);
	bool full = n->queued >= NET_QUEUE_MAX || atomic_load(&n->stopping);
	if (!full) {
		*n->last = t;
		n->last = &t->next;
		n->queued++;
	}
	bool first = n->queued == 1;
	pthread_mutex_unlock(&n->lock);
	if (full)
		talloc_free(t);
	else if (first) /* else the thread has been woken and has not yet looked */
		curl_multi_wakeup(n->multi);
	return full ? ERR_BUSY : 0;
}
