/* Who a token belongs to, kept in memory: every request asks here first. Sixteen shards, each a chained hash table
 * under its own lock, so that loops do not wait for each other. An entry is trusted for GATE_TRUST_MS: other
 * processes on the same database may have ended the session meanwhile. */
#include "call/call_int.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#define SHARDS 16
#define BUCKETS 512         /* a shard */
#define ENTRIES_MAX (GATE_CACHE_MAX / SHARDS) /* a shard; when full, it starts afresh */

typedef struct Entry {
	struct Entry *next;
	TokenHash hash;
	Known known;
} Entry;

typedef struct {
	pthread_mutex_t lock;
	TALLOC_CTX *mem;    /* the entries; touched under the lock only */
	Entry *buckets[BUCKETS];
	int n;
} Shard;

struct GateCache {
	_Atomic uint64_t generation;
	Shard shards[SHARDS];
};

static int cache_free(GateCache *cache)
{
	for (int i = 0; i < SHARDS; i++) {
		pthread_mutex_destroy(&cache->shards[i].lock);
		talloc_free(cache->shards[i].mem);
	}
	return 0;
}

GateCache *gate_cache_new(TALLOC_CTX *ctx)
{
	GateCache *cache = talloc_zero(ctx, GateCache);
	assert(cache != NULL);
	for (int i = 0; i < SHARDS; i++) {
		pthread_mutex_init(&cache->shards[i].lock, NULL);
		cache->shards[i].mem = talloc_new(NULL);
	}
	talloc_set_destructor(cache, cache_free);
	return cache;
}

/* The token is random, so any bytes of its hash spread evenly. */
static Shard *shard_of(GateCache *cache, const TokenHash *hash)
{
	return &cache->shards[hash->byte[0] % SHARDS];
}

static Entry **bucket_of(Shard *shard, const TokenHash *hash)
{
	unsigned at = (unsigned)hash->byte[1] << 8 | hash->byte[2];
	return &shard->buckets[at % BUCKETS];
}

static Entry *entry_find(Shard *shard, const TokenHash *hash)
{
	Entry *e = *bucket_of(shard, hash);
	while (e != NULL && memcmp(&e->hash, hash, sizeof(*hash)) != 0)
		e = e->next;
	return e;
}

static void identity_copy(TALLOC_CTX *ctx, Identity *to, const Identity *from)
{
	*to = *from;
	to->login = talloc_strdup(ctx, from->login);
	to->name = talloc_strdup(ctx, from->name);
	to->scopes = from->scopes == NULL ? NULL : talloc_strdup(ctx, from->scopes);
	assert(to->login != NULL && to->name != NULL);
}

static bool is_fresh(const Known *known, int64_t real_ms)
{
	int64_t age = real_ms - known->read_ms;
	return age >= 0 && age < GATE_TRUST_MS;
}

bool gate_cache_get(GateCache *cache, const TokenHash *hash, Call *c, bool *ret_seen_due)
{
	int64_t now = clock_real_ms();
	Shard *shard = shard_of(cache, hash);
	pthread_mutex_lock(&shard->lock);
	Entry *e = entry_find(shard, hash);
	bool found = e != NULL && is_fresh(&e->known, now);
	if (found) {
		identity_copy(c, &c->who, &e->known.who);
		c->lang = e->known.lang;
		*ret_seen_due = e->known.last_seen_ms != 0 && now - e->known.last_seen_ms >= GATE_SEEN_MS;
		if (*ret_seen_due)
			e->known.last_seen_ms = now;
	}
	pthread_mutex_unlock(&shard->lock);
	return found;
}

uint64_t gate_cache_generation(GateCache *cache)
{
	return atomic_load(&cache->generation);
}

static void shard_clear(Shard *shard)
{
	talloc_free_children(shard->mem);
	memset(shard->buckets, 0, sizeof(shard->buckets));
	shard->n = 0;
}

static void entry_remove(Shard *shard, Entry **link)
{
	Entry *gone = *link;
	*link = gone->next;
	talloc_free(gone);
	shard->n--;
}

static void entry_add(Shard *shard, const TokenHash *hash, const Known *known)
{
	if (shard->n >= ENTRIES_MAX)
		shard_clear(shard);
	Entry *e = talloc_zero(shard->mem, Entry);
	assert(e != NULL);
	e->hash = *hash;
	e->known = *known;
	identity_copy(e, &e->known.who, &known->who);
	Entry **bucket = bucket_of(shard, hash);
	e->next = *bucket;
	*bucket = e;
	shard->n++;
}

void gate_cache_put(GateCache *cache, const TokenHash *hash, const Known *known, uint64_t generation)
{
	Shard *shard = shard_of(cache, hash);
	pthread_mutex_lock(&shard->lock);
	for (Entry **link = bucket_of(shard, hash); *link != NULL; link = &(*link)->next) {
		if (memcmp(&(*link)->hash, hash, sizeof(*hash)) == 0) {
			entry_remove(shard, link);
			break;
		}
	}
	/* Read under the lock: whoever forgets raises the generation first and then takes each lock in turn, so an
	 * entry of the past either is refused here or is swept out afterwards. */
	if (atomic_load(&cache->generation) == generation)
		entry_add(shard, hash, known);
	pthread_mutex_unlock(&shard->lock);
}

size_t gate_cache_size(GateCache *cache)
{
	size_t n = 0;
	for (int i = 0; i < SHARDS; i++) {
		pthread_mutex_lock(&cache->shards[i].lock);
		n += (size_t)cache->shards[i].n;
		pthread_mutex_unlock(&cache->shards[i].lock);
	}
	return n;
}

static void forget(GateCache *cache, Id id, bool by_user)
{
	atomic_fetch_add(&cache->generation, 1);
	for (int i = 0; i < SHARDS; i++) {
		Shard *shard = &cache->shards[i];
		pthread_mutex_lock(&shard->lock);
		for (int b = 0; shard->n > 0 && b < BUCKETS; b++) {
			for (Entry **link = &shard->buckets[b]; *link != NULL;) {
				const Identity *who = &(*link)->known.who;
				if (id_equal(by_user ? who->user : who->session, id))
					entry_remove(shard, link);
				else
					link = &(*link)->next;
			}
		}
		pthread_mutex_unlock(&shard->lock);
	}
}

void gate_cache_forget_user(GateCache *cache, Id user)
{
	forget(cache, user, true);
}

void gate_cache_forget_session(GateCache *cache, Id session)
{
	forget(cache, session, false);
}

void gate_cache_forget_all(GateCache *cache)
{
	atomic_fetch_add(&cache->generation, 1);
	for (int i = 0; i < SHARDS; i++) {
		Shard *shard = &cache->shards[i];
		pthread_mutex_lock(&shard->lock);
		shard_clear(shard);
		pthread_mutex_unlock(&shard->lock);
	}
}
