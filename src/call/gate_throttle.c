/* Failed sign-ins, counted by login and address in a table of fixed size: sets of eight places, the stalest of a
 * set makes room. Keys are hashed with a secret, so that nobody can aim at another's place. Real time: moving the
 * business clock frees nobody. */
#include "call/call_int.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SETS 1024
#define WAYS 8

typedef struct {
	uint64_t key;
	int64_t since_ms;
	int failures;
} Place;

struct Throttle {
	pthread_mutex_t lock;
	unsigned char secret[crypto_shorthash_KEYBYTES];
	Place places[SETS][WAYS];
};

static int throttle_free(Throttle *t)
{
	pthread_mutex_destroy(&t->lock);
	return 0;
}

Throttle *throttle_new(TALLOC_CTX *ctx)
{
	Throttle *t = talloc_zero(ctx, Throttle);
	assert(t != NULL);
	pthread_mutex_init(&t->lock, NULL);
	crypto_shorthash_keygen(t->secret);
	talloc_set_destructor(t, throttle_free);
	return t;
}

/* "Admin" and "admin" are one target. The address comes first and has no line end, so two pairs never make the same
 * text. */
static uint64_t key_of(const Throttle *t, const char *login, const char *ip)
{
	char text[256];
	int n = snprintf(text, sizeof(text), "%s\n%s", ip != NULL ? ip : "", login);
	size_t len = (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
	for (size_t i = 0; i < len; i++) {
		if (text[i] >= 'A' && text[i] <= 'Z')
			text[i] = (char)(text[i] + ('a' - 'A'));
	}
	uint64_t key;
	crypto_shorthash((unsigned char *)&key, (const unsigned char *)text, len, t->secret);
	return key | 1; /* 0 is an empty place */
}

static bool is_over(const Place *p, int64_t real_ms)
{
	return real_ms - p->since_ms >= GATE_FAILURES_MS || real_ms < p->since_ms;
}

static Place *place_find(Throttle *t, uint64_t key)
{
	Place *set = t->places[key / 2 % SETS];
	for (int i = 0; i < WAYS; i++) {
		if (set[i].key == key)
			return &set[i];
	}
	return NULL;
}

static Place *place_take(Throttle *t, uint64_t key)
{
	Place *set = t->places[key / 2 % SETS], *stalest = set;
	for (int i = 1; i < WAYS; i++) {
		if (set[i].since_ms < stalest->since_ms)
			stalest = &set[i];
	}
	*stalest = (Place){.key = key};
	return stalest;
}

int64_t throttle_wait_ms(Throttle *t, const char *login, const char *ip, int64_t real_ms)
{
	uint64_t key = key_of(t, login, ip);
	pthread_mutex_lock(&t->lock);
	const Place *p = place_find(t, key);
	bool blocked = p != NULL && p->failures >= GATE_FAILURES_MAX && !is_over(p, real_ms);
	int64_t wait = blocked ? p->since_ms + GATE_FAILURES_MS - real_ms : 0;
	pthread_mutex_unlock(&t->lock);
	return wait;
}

void throttle_fail(Throttle *t, const char *login, const char *ip, int64_t real_ms)
{
	uint64_t key = key_of(t, login, ip);
	pthread_mutex_lock(&t->lock);
	Place *p = place_find(t, key);
	if (p == NULL)
		p = place_take(t, key);
	if (p->failures == 0 || is_over(p, real_ms))
		*p = (Place){.key = key, .since_ms = real_ms};
	p->failures++;
	pthread_mutex_unlock(&t->lock);
}

void throttle_succeed(Throttle *t, const char *login, const char *ip)
{
	uint64_t key = key_of(t, login, ip);
	pthread_mutex_lock(&t->lock);
	Place *p = place_find(t, key);
	if (p != NULL)
		*p = (Place){0};
	pthread_mutex_unlock(&t->lock);
}
