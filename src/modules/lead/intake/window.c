#include "modules/lead/intake/window.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

#define ENTRIES_FIRST 1024u
#define ENTRIES_MAX (1u << 20)
#define NOWHERE UINT32_MAX

typedef struct {
	Digest digest;
	Id receipt;
	int64_t at;
	bool live, durable;
} Entry;

/* Entries stand in a ring in order of coming; an open-addressing table of ring places finds them. The table has twice
 * the ring's size and is rebuilt when the ring grows or has gone round once. */
struct Window {
	pthread_mutex_t lock;
	int64_t span_ms;
	Entry *ring;
	uint32_t cap, head, n; /* head: the oldest */
	uint32_t *slot;
	uint32_t slots_used;
};

Digest digest_of(const char *const *parts, const size_t *lens, size_t n)
{
	crypto_generichash_state state;
	Digest digest;
	crypto_generichash_init(&state, NULL, 0, sizeof digest);
	for (size_t i = 0; i < n; i++) {
		crypto_generichash_update(&state, (const unsigned char *)&lens[i], sizeof lens[i]);
		crypto_generichash_update(&state, (const unsigned char *)parts[i], lens[i]);
	}
	crypto_generichash_final(&state, digest.byte, sizeof digest);
	return digest;
}

const char *digest_text(Digest digest, char out[static 33])
{
	return sodium_bin2hex(out, 33, digest.byte, sizeof digest);
}

bool digest_parse(const char *text, Digest *ret)
{
	size_t n = 0;
	return text && sodium_hex2bin(ret->byte, sizeof ret->byte, text, strlen(text), NULL, &n, NULL) == 0 &&
	       n == sizeof ret->byte;
}

static uint32_t slot_first(const Window *w, Digest digest)
{
	uint32_t hash;
	memcpy(&hash, digest.byte, sizeof hash);
	return hash & (w->cap * 2 - 1);
}

/* Place in the ring, or NOWHERE. */
static uint32_t entry_find(const Window *w, Digest digest)
{
	for (uint32_t i = slot_first(w, digest); w->slot[i] != NOWHERE; i = (i + 1) & (w->cap * 2 - 1)) {
		const Entry *e = &w->ring[w->slot[i]];
		if (e->live && memcmp(&e->digest, &digest, sizeof digest) == 0)
			return w->slot[i];
	}
	return NOWHERE;
}

static void slot_put(Window *w, uint32_t place)
{
	uint32_t i = slot_first(w, w->ring[place].digest);
	while (w->slot[i] != NOWHERE)
		i = (i + 1) & (w->cap * 2 - 1);
	w->slot[i] = place;
	w->slots_used++;
}

/* Lays the ring out from zero in a table of `cap` places, dropping what is dead. */
static void window_lay_out(Window *w, uint32_t cap)
{
	Entry *ring = talloc_array(w, Entry, cap);
	uint32_t n = 0;
	for (uint32_t i = 0; i < w->n; i++) {
		const Entry *e = &w->ring[(w->head + i) % w->cap];
		if (e->live)
			ring[n++] = *e;
	}
	talloc_free(w->ring);
	talloc_free(w->slot);
	w->ring = ring;
	w->slot = talloc_array(w, uint32_t, cap * 2);
	memset(w->slot, 0xff, cap * 2 * sizeof *w->slot);
	w->cap = cap;
	w->head = 0;
	w->n = n;
	w->slots_used = 0;
	for (uint32_t i = 0; i < n; i++)
		slot_put(w, i);
}

Window *window_new(TALLOC_CTX *ctx, int64_t span_ms)
{
	Window *w = talloc_zero(ctx, Window);
	pthread_mutex_init(&w->lock, NULL);
	w->span_ms = span_ms;
	window_lay_out(w, ENTRIES_FIRST);
	return w;
}

static void oldest_drop(Window *w)
{
	w->ring[w->head].live = false;
	w->head = (w->head + 1) % w->cap;
	w->n--;
}

static void room_make(Window *w, int64_t now_ms)
{
	while (w->n > 0 && (!w->ring[w->head].live || w->ring[w->head].at + w->span_ms < now_ms))
		oldest_drop(w);
	if (w->n == w->cap && w->cap < ENTRIES_MAX)
		window_lay_out(w, w->cap * 2);
	else if (w->n == w->cap)
		oldest_drop(w);
	if (w->slots_used >= w->cap + w->cap / 2)
		window_lay_out(w, w->cap);
}

static void entry_add(Window *w, Digest digest, int64_t now_ms, Id mine)
{
	uint32_t place = (w->head + w->n) % w->cap;
	w->ring[place] = (Entry){.digest = digest, .receipt = mine, .at = now_ms, .live = true};
	w->n++;
	slot_put(w, place);
}

bool window_take(Window *w, Digest digest, int64_t now_ms, Id mine, Id *ret_other, bool *ret_durable)
{
	pthread_mutex_lock(&w->lock);
	room_make(w, now_ms);
	uint32_t place = entry_find(w, digest);
	bool taken = place == NOWHERE;
	if (taken)
		entry_add(w, digest, now_ms, mine);
	else {
		*ret_other = w->ring[place].receipt;
		*ret_durable = w->ring[place].durable;
	}
	pthread_mutex_unlock(&w->lock);
	return taken;
}

void window_settle(Window *w, Digest digest, Id mine, bool durable)
{
	pthread_mutex_lock(&w->lock);
	uint32_t place = entry_find(w, digest);
	if (place != NOWHERE && id_equal(w->ring[place].receipt, mine)) {
		w->ring[place].durable = durable;
		w->ring[place].live = durable;
	}
	pthread_mutex_unlock(&w->lock);
}

bool window_is_open(Window *w, Digest digest, Id first, Id *ret)
{
	pthread_mutex_lock(&w->lock);
	uint32_t place = entry_find(w, digest);
	Entry held = place == NOWHERE ? (Entry){.receipt = ID_NIL} : w->ring[place];
	pthread_mutex_unlock(&w->lock);
	*ret = held.durable ? held.receipt : ID_NIL;
	return !held.durable && id_equal(held.receipt, first);
}

void window_point(Window *w, Digest digest, Id mine, Id original)
{
	pthread_mutex_lock(&w->lock);
	uint32_t place = entry_find(w, digest);
	if (place != NOWHERE && id_equal(w->ring[place].receipt, mine)) {
		w->ring[place].receipt = original;
		w->ring[place].durable = true;
	}
	pthread_mutex_unlock(&w->lock);
}
