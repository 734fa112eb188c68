/* Waiting for an answer of the net, with an end when the house closes. The answer is copied on the net's thread and
 * belongs to whoever comes last: the waiter, or the net when nobody waits any more. */
#include "modules/lead/pull/pull_int.h"

#include <pthread.h>
#include <string.h>

#include "base/cond.h"

#define LOOK_US 100000 /* between looks whether the house closes */

typedef struct {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool ready, left;
	Asked asked;
} Ask;

static void ask_free(Ask *a)
{
	pthread_cond_destroy(&a->cond);
	pthread_mutex_destroy(&a->lock);
	talloc_free(a);
}

static void on_answer(void *arg, const NetAnswer *answer)
{
	Ask *a = arg;
	pthread_mutex_lock(&a->lock);
	bool left = a->left;
	if (!left) {
		char *body = talloc_zero_array(a, char, answer->len + 1);
		memcpy(body, answer->body, answer->len);
		a->asked = (Asked){answer->result, answer->tls, answer->status, talloc_strdup(a, answer->detail), body,
		                   answer->len};
		a->ready = true;
		pthread_cond_signal(&a->cond);
	}
	pthread_mutex_unlock(&a->lock);
	if (left)
		ask_free(a);
}

static int on_drop(Ask *a)
{
	pthread_cond_destroy(&a->cond);
	pthread_mutex_destroy(&a->lock);
	return 0;
}

static bool wait_for(Visit *v, Ask *a)
{
	pthread_mutex_lock(&a->lock);
	while (!a->ready && !pull_is_closing(v->pull))
		(void)cond_wait_until(&a->cond, &a->lock, clock_monotonic_us() + LOOK_US);
	bool ready = a->ready;
	a->left = !ready;
	pthread_mutex_unlock(&a->lock);
	return ready;
}

void ask(Visit *v, const NetRequest *request, Asked *ret)
{
	Ask *a = talloc_zero(NULL, Ask);
	pthread_mutex_init(&a->lock, NULL);
	cond_init(&a->cond);
	*ret = (Asked){.result = NET_STOPPED, .detail = "busy", .body = ""};
	if (net_send(v->house->net, request, on_answer, a) < 0) {
		ask_free(a);
		return;
	}
	if (!wait_for(v, a))
		return;
	*ret = a->asked;
	talloc_set_destructor(talloc_steal(v->mem, a), on_drop);
}

void visit_fault(Visit *v, const char *reason, const char *detail)
{
	if (v->result.reason)
		return;
	v->result.reason = reason;
	v->result.detail = reason_argument(v, detail);
}

void visit_unanswered(Visit *v, const Asked *asked)
{
	static const char *const reasons[] = {
		[NET_UNREACHABLE] = "pull_unreachable", [NET_TIMEOUT] = "pull_timeout",    [NET_REFUSED] = "pull_refused",
		[NET_TOO_LARGE] = "pull_strange",       [NET_MAIL] = "pull_strange",       [NET_DENIED] = "pull_denied",
		[NET_MISSING] = "pull_missing",         [NET_STOPPED] = "pull_interrupted"};
	static const char *const tls[] = {
		[NET_TLS_ISSUER] = "tls_issuer", [NET_TLS_HOST] = "tls_host",               [NET_TLS_EXPIRED] = "tls_expired",
		[NET_TLS_UNFIT] = "tls_unfit",   [NET_TLS_NOT_OFFERED] = "tls_not_offered", [NET_TLS_BROKEN] = "tls_broken"};
	const char *reason = asked->tls ? tls[asked->tls] : reasons[asked->result];
	visit_fault(v, reason ? reason : "pull_strange", asked->detail);
}
