/* One card to one partner: a token first where the kind has one (net/token.h keeps it), then the request, then the
 * verdict. A worn out token is replaced once; whoever comes while one is being fetched waits for it instead of fetching
 * another. */
#include <string.h>

#include "base/clock.h"
#include "modules/channel/channel_int.h"
#include "net/token.h"

static void finish(Delivery *d, const Verdict *verdict, const NetAnswer *answer)
{
	Conf *conf = d->conf;
	TALLOC_FREE(d->token);
	d->done(d->arg, verdict, answer);
	conf_unref(conf);
}

static void fail(Delivery *d, VerdictKind kind, Failure failure)
{
	Verdict v;
	verdict_set(&v, kind, failure, "");
	finish(d, &v, NULL);
}

static NetTokenKey token_key(const Conf *conf)
{
	Parcel parcel = {0};
	TALLOC_CTX *mem = talloc_new(NULL);
	conf->kind->token_build(mem, conf, &parcel);
	NetTokenKey key = net_token_key(&parcel.request);
	talloc_free(mem);
	return key;
}

/* The line of the address that is served now, in ctx; NULL when there is none left. */
static const char *device_line(TALLOC_CTX *ctx, const Delivery *d)
{
	const char *at = d->address ? d->address : "";
	for (int i = 0; i < d->device && *at; i++) {
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	return *at ? talloc_strndup(ctx, at, strcspn(at, "\n")) : NULL;
}

static void send_card(Delivery *d);

/* One device after the other; reached is who is reached on one of them. */
static void device_done(Delivery *d, const Verdict *v, const NetAnswer *answer)
{
	if (v->kind == VERDICT_DONE)
		d->reached = true;
	else if (v->kind == VERDICT_RECEIVER && strcmp(v->code, failure_code(FAILURE_DEVICE_GONE)) == 0)
		d->gone |= UINT32_C(1) << d->device;
	if (v->kind != VERDICT_DONE && (!d->worst.code[0] || v->kind == VERDICT_RETRY))
		d->worst = *v;
	d->device++;
	TALLOC_CTX *mem = talloc_new(NULL);
	bool more = d->device < DEVICES_MAX && device_line(mem, d) && strcmp(v->code, failure_code(FAILURE_STOPPED)) != 0;
	talloc_free(mem);
	if (more)
		return send_card(d);
	if (d->reached)
		verdict_set(&d->worst, VERDICT_DONE, FAILURE_NONE, "");
	Verdict whole = d->worst;
	finish(d, &whole, answer);
}

static void on_answer(void *arg, const NetAnswer *answer)
{
	Verdict v;
	Delivery *d = arg;
	d->conf->kind->judge(answer, &v);
	if (answer->result == NET_STOPPED)
		verdict_set(&v, VERDICT_RETRY, FAILURE_STOPPED, "");
	if (d->conf->kind->devices)
		return device_done(d, &v, answer);
	if (v.kind == VERDICT_REFRESH && !d->refreshed) {
		d->refreshed = true;
		net_token_forget(net_tokens(d->net), token_key(d->conf), d->token);
		TALLOC_FREE(d->token);
		deliver(d->net, d);
		return;
	}
	if (v.kind == VERDICT_REFRESH) /* a new token did not help either */
		v.kind = VERDICT_CHANNEL;
	finish(d, &v, answer);
}

/* A device whose keys make no message is as good as gone. */
static void device_skip(Delivery *d)
{
	Verdict v;
	static const NetAnswer none = {.result = NET_REFUSED, .detail = "", .body = ""};
	verdict_set(&v, VERDICT_RECEIVER, d->address && d->address[0] ? FAILURE_DEVICE_GONE : FAILURE_NO_DEVICE, "");
	device_done(d, &v, &none);
}

/* Whose fault it is that there is no request. */
static VerdictKind build_verdict(Failure why)
{
	return why == FAILURE_BAD_ADDRESS ? VERDICT_RECEIVER : why == FAILURE_TOO_LARGE ? VERDICT_CONTENT : VERDICT_CHANNEL;
}

static void send_card(Delivery *d)
{
	Parcel parcel = {0};
	Failure why = FAILURE_BAD_SETTINGS;
	TALLOC_CTX *mem = talloc_new(NULL);
	const char *address = d->conf->kind->devices ? device_line(mem, d) : d->address;
	const Errand errand = {.conf = d->conf, .card = d->card, .address = address ? address : "", .token = d->token,
		.now_ms = clock_real_ms()};
	bool built = d->conf->kind->build(mem, &errand, &parcel, &why);
	int r = built ? net_send(d->net, &parcel.request, on_answer, d) : 0;
	talloc_free(mem);
	if (!built && d->conf->kind->devices && why == FAILURE_BAD_ADDRESS)
		device_skip(d);
	else if (!built)
		fail(d, build_verdict(why), why);
	else if (r < 0)
		fail(d, VERDICT_RETRY, FAILURE_BUSY);
}

/* ---- tokens ---- */

typedef struct {
	struct NetClient *net;
	Conf *conf; /* a reference */
	NetTokenKey key;
} Fetch;

/* Hands back all who waited: there is a token now, or there is none to be had. */
static Delivery *queue_empty(TokenQueue *queue)
{
	pthread_mutex_lock(&queue->lock);
	queue->fetching = false;
	Delivery *waiting = queue->waiting;
	queue->waiting = NULL;
	pthread_mutex_unlock(&queue->lock);
	return waiting;
}

static void on_token(void *arg, const NetAnswer *answer)
{
	Verdict v = {0};
	Fetch *fetch = arg;
	int64_t life_ms = 0;
	const char *token = fetch->conf->kind->token_read(fetch, answer, &life_ms, &v);
	if (token)
		net_token_keep(net_tokens(fetch->net), fetch->key, token, life_ms);
	Delivery *next, *d = queue_empty(fetch->conf->queue);
	for (; d; d = next) {
		next = d->next;
		if (token) {
			d->token = talloc_strdup(NULL, token);
			send_card(d);
		} else
			finish(d, &v, answer);
	}
	conf_unref(fetch->conf);
	talloc_free(fetch);
}

static void token_fetch(struct NetClient *net, Conf *conf)
{
	Parcel parcel = {0};
	Fetch *fetch = talloc(NULL, Fetch);
	TALLOC_CTX *mem = talloc_new(NULL);
	conf->kind->token_build(mem, conf, &parcel);
	*fetch = (Fetch){net, conf_ref(conf), net_token_key(&parcel.request)};
	int r = net_send(net, &parcel.request, on_token, fetch);
	talloc_free(mem);
	if (r < 0)
		on_token(fetch, &(NetAnswer){.result = NET_UNREACHABLE, .detail = "busy", .body = ""});
}

/* True when the delivery has its token; else it waits, and perhaps the token has to be fetched. */
static bool token_take(Delivery *d, bool *ret_fetch)
{
	TokenQueue *queue = d->conf->queue;
	const NetTokenKey key = token_key(d->conf);
	pthread_mutex_lock(&queue->lock);
	d->token = net_token_get(net_tokens(d->net), NULL, key);
	*ret_fetch = !d->token && !queue->fetching;
	if (!d->token) {
		queue->fetching = true;
		d->next = queue->waiting;
		queue->waiting = d;
	}
	pthread_mutex_unlock(&queue->lock);
	return d->token != NULL;
}

void deliver(struct NetClient *net, Delivery *d)
{
	bool fetch = false;
	d->net = net;
	Conf *conf = d->conf;
	if (conf->fault)
		fail(d, VERDICT_CHANNEL, conf->fault);
	else if (!conf->kind->token_build || token_take(d, &fetch))
		send_card(d);
	else if (fetch)
		token_fetch(net, conf);
}
