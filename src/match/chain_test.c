#include "base/check.h"
#include "match/match_int.h"

#define NODES 3000

/* Random additions, removals and replacements against a plain array. */
TEST(chain, holds_exactly_what_was_put_in)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	GRand *r = g_rand_new_with_seed(3);
	static uint32_t hash_of[NODES + 1];
	static bool is_in[NODES + 1];
	Chain chain;
	chain_init(ctx, &chain);
	for (int i = 0; i < 60000; i++) {
		uint32_t node = (uint32_t)g_rand_int_range(r, 1, NODES + 1);
		if (is_in[node]) {
			chain_remove(&chain, node);
		} else {
			hash_of[node] = (uint32_t)g_rand_int_range(r, 0, 1000) * UINT32_C(2654435761);
			chain_add(ctx, &chain, node, hash_of[node]);
		}
		is_in[node] = !is_in[node];
	}
	uint32_t count = 0;
	for (uint32_t node = 1; node <= NODES; node++) {
		bool is_found = false;
		for (uint32_t at = chain_first(&chain, hash_of[node]); at != 0; at = chain_after(&chain, at)) {
			CHECK(is_in[at] && hash_of[at] == hash_of[node]);
			is_found |= at == node;
		}
		CHECK(is_found == is_in[node]);
		count += is_in[node];
	}
	CHECK_INT(chain.count, count);
	g_rand_free(r);
	talloc_free(ctx);
}

TEST(chain, replaces_in_place)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Chain chain;
	chain_init(ctx, &chain);
	for (uint32_t node = 1; node <= 5; node++)
		chain_add(ctx, &chain, node, 77);
	chain_replace(ctx, &chain, 3, 900);
	int count = 0;
	bool has_fresh = false;
	for (uint32_t at = chain_first(&chain, 77); at != 0; at = chain_after(&chain, at), count++) {
		CHECK(at != 3);
		has_fresh |= at == 900;
	}
	CHECK_INT(count, 5);
	CHECK(has_fresh);
	talloc_free(ctx);
}
