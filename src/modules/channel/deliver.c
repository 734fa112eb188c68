/* One card to one partner: a token first where the kind has one, then the request, then the verdict. A worn out token
 * is replaced once; whoever comes while one is being fetched waits for it instead of fetching another. */
#include <string.h>

#include "base/clock.h"
#include "modules/channel/channel_int.h"

#define TOKEN_MARGIN_MS (5 * MINUTE_MS) /* a token is given up so long before it ends */

static void finish(Delivery *d, const Verdict *verdict, const NetAnswer *answer)
{
	Conf *conf = d->conf;
	TALLOC_FREE(d->token);
	d->done(d->arg, verdict, answer);
	conf_unref(conf);
}

static void fail(Delivery *d, VerdictKind kind, const char *code, const char *detail)
{
	Verdict v;
	verdict_set(&v, kind, code, detail);
	finish(d, &v, NULL);
}

static void forget_token(TokenJar *jar, const char *token)
{
	pthread_mutex_lock(&jar->lock);
	if (jar->token && token && strcmp(jar->token, token) == 0)
		TALLOC_FREE(jar->token);
	pthread_mutex_unlock(&jar->lock);
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
	else if (v->kind == VERDICT_RECEIVER && strcmp(v->code, DEVICE_GONE) == 0)
		d->gone |= UINT32_C(1) << d->device;
	if (v->kind != VERDICT_DONE && (!d->worst.code[0] || v->kind == VERDICT_RETRY))
		d->worst = *v;
	d->device++;
	TALLOC_CTX *mem = talloc_new(NULL);
	bool more = d->device < DEVICES_MAX && device_line(mem, d) && strcmp(v->code, "stopped") != 0;
	talloc_free(mem);
	if (more)
		return send_card(d);
	if (d->reached)
		verdict_set(&d->worst, VERDICT_DONE, "", "");
	Verdict whole = d->worst;
	finish(d, &whole, answer);
}

static void on_answer(void *arg, const NetAnswer *answer)
{
	Verdict v;
	Delivery *d = arg;
	d->conf->kind->judge(answer, &v);
	if (answer->result == NET_STOPPED)
		verdict_set(&v, VERDICT_RETRY, "stopped", "");
	if (d->conf->kind->devices)
		return device_done(d, &v, answer);
	if (v.kind == VERDICT_REFRESH && !d->refreshed) {
		d->refreshed = true;
		forget_token(d->conf->jar, d->token);
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
	verdict_set(&v, VERDICT_RECEIVER, d->address && d->address[0] ? DEVICE_GONE : "no_device", "");
	device_done(d, &v, &none);
}

static void send_card(Delivery *d)
{
	Parcel parcel = {0};
	const char *why = "bad_settings";
	TALLOC_CTX *mem = talloc_new(NULL);
	const char *address = d->conf->kind->devices ? device_line(mem, d) : d->address;
	const Errand errand = {.conf = d->conf, .card = d->card, .address = address ? address : "", .token = d->token,
		.now_ms = clock_real_ms()};
	bool built = d->conf->kind->build(mem, &errand, &parcel, &why);
	int r = built ? net_send(d->net, &parcel.request, on_answer, d) : 0;
	talloc_free(mem);
	if (!built && d->conf->kind->devices && strcmp(why, "bad_address") == 0)
		device_skip(d);
	else if (!built)
		fail(d, strcmp(why, "bad_address") == 0 ? VERDICT_RECEIVER : VERDICT_CHANNEL, why, "");
	else if (r < 0)
		fail(d, VERDICT_RETRY, "busy", "");
}

/* ---- tokens ---- */

static char *token_copy(TokenJar *jar, TALLOC_CTX *ctx)
{
	bool good = jar->token && clock_monotonic_ms() < jar->good_until_ms;
	return good ? talloc_strdup(ctx, jar->token) : NULL;
}

/* Puts the token into the jar and hands back all who waited for it. */
static Delivery *jar_fill(TokenJar *jar, char *token, int64_t life_ms)
{
	pthread_mutex_lock(&jar->lock);
	TALLOC_FREE(jar->token);
	jar->token = talloc_steal(jar, token);
	int64_t margin = life_ms > 2 * TOKEN_MARGIN_MS ? TOKEN_MARGIN_MS : life_ms / 2;
	jar->good_until_ms = clock_monotonic_ms() + life_ms - margin;
	jar->fetching = false;
	Delivery *waiting = jar->waiting;
	jar->waiting = NULL;
	pthread_mutex_unlock(&jar->lock);
	return waiting;
}

static void on_token(void *arg, const NetAnswer *answer)
{
	Verdict v = {0};
	Conf *conf = arg;
	int64_t life_ms = 0;
	TALLOC_CTX *mem = talloc_new(NULL);
	char *token = conf->kind->token_read(mem, answer, &life_ms, &v);
	char *copy = token ? talloc_strdup(mem, token) : NULL;
	Delivery *next, *d = jar_fill(conf->jar, token ? talloc_steal(NULL, token) : NULL, life_ms);
	for (; d; d = next) {
		next = d->next;
		if (copy) {
			d->token = talloc_strdup(NULL, copy);
			send_card(d);
		} else
			finish(d, &v, answer);
	}
	talloc_free(mem);
	conf_unref(conf);
}

static void token_fetch(struct NetClient *net, Conf *conf)
{
	Parcel parcel = {0};
	TALLOC_CTX *mem = talloc_new(NULL);
	conf->kind->token_build(mem, conf, &parcel);
	int r = net_send(net, &parcel.request, on_token, conf_ref(conf));
	talloc_free(mem);
	if (r < 0)
		on_token(conf, &(NetAnswer){.result = NET_UNREACHABLE, .detail = "busy", .body = ""});
}

/* True when the delivery has its token; else it waits, and perhaps the token has to be fetched. */
static bool token_take(Delivery *d, bool *ret_fetch)
{
	TokenJar *jar = d->conf->jar;
	pthread_mutex_lock(&jar->lock);
	d->token = token_copy(jar, NULL);
	*ret_fetch = !d->token && !jar->fetching;
	if (!d->token) {
		jar->fetching = true;
		d->next = jar->waiting;
		jar->waiting = d;
	}
	pthread_mutex_unlock(&jar->lock);
	return d->token != NULL;
}

void deliver(struct NetClient *net, Delivery *d)
{
	bool fetch = false;
	d->net = net;
	Conf *conf = d->conf;
	if (conf->fault)
		fail(d, VERDICT_CHANNEL, conf->fault, "");
	else if (!conf->kind->token_build || token_take(d, &fetch))
		send_card(d);
	else if (fetch)
		token_fetch(net, conf);
}
