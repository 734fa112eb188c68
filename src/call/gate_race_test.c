/* The cache of identities under many threads; meant for ThreadSanitizer as well. */
#include "call/call_int.h"

#include "base/check.h"
#include "base/random.h"

#include <stdatomic.h>
#include <string.h>

#define TOKENS 64
#define USERS 8

typedef struct {
	House house;
	Clock clock;
	GateCache *cache;
	TokenHash hashes[TOKENS];
	Id users[USERS];
	atomic_bool stop;
	atomic_int hits;
} Race;

static void *reader(void *arg)
{
	Race *race = arg;
	while (!atomic_load(&race->stop)) {
		TALLOC_CTX *ctx = talloc_new(NULL);
		for (int i = 0; i < TOKENS; i++) {
			Call *c = call_new(ctx, &race->house, NULL);
			bool due = false;
			if (!gate_cache_get(race->cache, &race->hashes[i], c, &due))
				continue;
			atomic_fetch_add(&race->hits, 1);
			CHECK(id_equal(c->who.user, race->users[i % USERS]));
			CHECK_TEXT(c->who.login, "zhang");
		}
		talloc_free(ctx);
	}
	return NULL;
}

static void *writer(void *arg)
{
	Race *race = arg;
	while (!atomic_load(&race->stop)) {
		for (int i = 0; i < TOKENS; i++) {
			Known known = {.who = {.user = race->users[i % USERS], .login = "zhang", .name = "n",
				.role = ROLE_SUPERVISOR},
				.read_ms = clock_real_ms()};
			gate_cache_put(race->cache, &race->hashes[i], &known, gate_cache_generation(race->cache));
		}
	}
	return NULL;
}

static void *forgetter(void *arg)
{
	Race *race = arg;
	for (int i = 0; !atomic_load(&race->stop); i++)
		gate_cache_forget_user(race->cache, race->users[i % USERS]);
	return NULL;
}

TEST(gate, cache_stands_many_threads)
{
	Race *race = talloc_zero(NULL, Race);
	race->house = (House){.clock = &race->clock};
	race->cache = gate_cache_new(race);
	random_bytes(race->hashes, sizeof(race->hashes));
	random_bytes(race->users, sizeof(race->users));
	void *(*const work[])(void *) = {reader, reader, writer, forgetter};
	pthread_t threads[ARRAY_LEN(work)];
	for (size_t i = 0; i < ARRAY_LEN(work); i++)
		CHECK_INT(pthread_create(&threads[i], NULL, work[i], race), 0);
	for (int64_t until = clock_monotonic_ms() + 60000; atomic_load(&race->hits) < 3000 && clock_monotonic_ms() < until;)
		sched_yield();
	atomic_store(&race->stop, true);
	for (size_t i = 0; i < ARRAY_LEN(work); i++)
		pthread_join(threads[i], NULL);
	CHECK(atomic_load(&race->hits) >= 3000);
	talloc_free(race);
}

TEST(gate, cache_keeps_no_reading_of_the_past)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Clock clock = {0};
	House house = {.clock = &clock};
	GateCache *cache = gate_cache_new(ctx);
	TokenHash hash = token_hash("token");
	Known known = {.who = {.user = id_new(1), .login = "a", .name = "b"}, .read_ms = clock_real_ms()};
	bool due;
	uint64_t generation = gate_cache_generation(cache);
	gate_cache_forget_user(cache, known.who.user); /* between reading the row and putting it */
	gate_cache_put(cache, &hash, &known, generation);
	CHECK(!gate_cache_get(cache, &hash, call_new(ctx, &house, NULL), &due));
	gate_cache_put(cache, &hash, &known, gate_cache_generation(cache));
	CHECK(gate_cache_get(cache, &hash, call_new(ctx, &house, NULL), &due));
	known.read_ms -= GATE_TRUST_MS; /* other processes may know better by now */
	gate_cache_put(cache, &hash, &known, gate_cache_generation(cache));
	CHECK(!gate_cache_get(cache, &hash, call_new(ctx, &house, NULL), &due));
	talloc_free(ctx);
}

TEST(gate, cache_is_bounded)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	GateCache *cache = gate_cache_new(ctx);
	Known known = {.who = {.user = id_new(1), .login = "a", .name = "b"}, .read_ms = clock_real_ms()};
	for (int i = 0; i < 200000; i++) {
		TokenHash hash;
		random_bytes(&hash, sizeof(hash));
		gate_cache_put(cache, &hash, &known, gate_cache_generation(cache));
	}
	size_t n = gate_cache_size(cache);
	CHECK(n > 0 && n <= GATE_CACHE_MAX);
	talloc_free(ctx);
}
