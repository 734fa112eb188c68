/* A short list of counts under one lock: a few sources, and the hours since it was last taken. */
#include "modules/lead/intake/pulse.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"

#define COUNTS_MAX 4096 /* beyond it the oldest hours of the process are counted together */
#define AWAITED_MAX 256
#define STIR_MS SECOND_MS

struct Pulse {
	pthread_mutex_t lock;
	PulseCount *count;
	size_t n;
	Id awaited[AWAITED_MAX];
	size_t n_awaited;
	int64_t stirred_at; /* monotonic */
	void (*stir)(void *arg, bool is_bad);
	void *arg;
};

Pulse *pulse_new(TALLOC_CTX *ctx, void (*stir)(void *arg, bool is_bad), void *arg)
{
	Pulse *p = talloc_zero(ctx, Pulse);
	pthread_mutex_init(&p->lock, NULL);
	p->stir = stir;
	p->arg = arg;
	p->stirred_at = -STIR_MS;
	return p;
}

static PulseCount *count_of(Pulse *p, Id source, int64_t hour)
{
	for (size_t i = p->n; i-- > 0;)
		if (p->count[i].hour == hour && id_equal(p->count[i].source, source))
			return &p->count[i];
	if (p->n == COUNTS_MAX)
		return &p->count[0];
	if ((p->n & (p->n - 1)) == 0)
		p->count = talloc_realloc(p, p->count, PulseCount, p->n ? p->n * 2 : 1);
	p->count[p->n] = (PulseCount){.source = source, .hour = hour};
	return &p->count[p->n++];
}

static bool is_awaited(const Pulse *p, Id source)
{
	for (size_t i = 0; i < p->n_awaited; i++)
		if (id_equal(p->awaited[i], source))
			return true;
	return false;
}

static bool may_stir(Pulse *p)
{
	int64_t now = clock_monotonic_ms();
	if (now - p->stirred_at < STIR_MS)
		return false;
	p->stirred_at = now;
	return true;
}

void pulse_arrived(Pulse *p, Id source, int64_t at)
{
	pthread_mutex_lock(&p->lock);
	PulseCount *count = count_of(p, source, at / HOUR_MS);
	count->arrived++;
	count->last_at = at > count->last_at ? at : count->last_at;
	bool stirs = is_awaited(p, source) && may_stir(p);
	pthread_mutex_unlock(&p->lock);
	if (stirs)
		p->stir(p->arg, false);
}

static void word_keep(char *out, size_t size, const char *text)
{
	size_t n = text ? strnlen(text, size - 1) : 0;
	while (n > 0 && text[n] && ((unsigned char)text[n] & 0xC0) == 0x80)
		n--; /* not within a character */
	if (n)
		memcpy(out, text, n);
	out[n] = '\0';
}

void pulse_bad(Pulse *p, Id source, int64_t at, const char *reason, const char *detail)
{
	pthread_mutex_lock(&p->lock);
	PulseCount *count = count_of(p, source, at / HOUR_MS);
	count->bad++;
	count->bad_at = at;
	word_keep(count->reason, sizeof count->reason, reason);
	word_keep(count->detail, sizeof count->detail, detail);
	bool stirs = may_stir(p);
	pthread_mutex_unlock(&p->lock);
	if (stirs)
		p->stir(p->arg, true);
}

PulseCount *pulse_take(TALLOC_CTX *ctx, Pulse *p, bool keep, size_t *ret_n)
{
	pthread_mutex_lock(&p->lock);
	PulseCount *counts = talloc_array(ctx, PulseCount, p->n + 1);
	if (p->n)
		memcpy(counts, p->count, p->n * sizeof *counts);
	*ret_n = p->n;
	if (!keep)
		p->n = 0;
	pthread_mutex_unlock(&p->lock);
	return counts;
}

void pulse_put_back(Pulse *p, const PulseCount *counts, size_t n)
{
	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < n; i++) {
		PulseCount *count = count_of(p, counts[i].source, counts[i].hour);
		count->arrived += counts[i].arrived;
		count->bad += counts[i].bad;
		count->last_at = counts[i].last_at > count->last_at ? counts[i].last_at : count->last_at;
		if (counts[i].bad_at > count->bad_at) {
			count->bad_at = counts[i].bad_at;
			memcpy(count->reason, counts[i].reason, sizeof count->reason);
			memcpy(count->detail, counts[i].detail, sizeof count->detail);
		}
	}
	pthread_mutex_unlock(&p->lock);
}

void pulse_await(Pulse *p, Id source, bool awaited)
{
	pthread_mutex_lock(&p->lock);
	size_t i = 0;
	while (i < p->n_awaited && !id_equal(p->awaited[i], source))
		i++;
	if (awaited && i == p->n_awaited && i < AWAITED_MAX)
		p->awaited[p->n_awaited++] = source;
	else if (!awaited && i < p->n_awaited)
		p->awaited[i] = p->awaited[--p->n_awaited];
	pthread_mutex_unlock(&p->lock);
}
