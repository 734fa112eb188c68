/* Linear hashing over numbered nodes. A bucket is a list of nodes linked through next[]; hash[] holds each node's full
 * 32 bits. */
#include "match/match_int.h"

#include <assert.h>
#include <string.h>

#define FIRST_BUCKETS 64

void chain_init(TALLOC_CTX *ctx, Chain *chain)
{
	*chain = (Chain){.low = FIRST_BUCKETS};
	grow_array(ctx, (void **)&chain->heads, &chain->head_cap, FIRST_BUCKETS, sizeof(uint32_t));
	memset(chain->heads, 0, FIRST_BUCKETS * sizeof(uint32_t));
}

static uint32_t *bucket_of(const Chain *chain, uint32_t hash)
{
	uint32_t bucket = hash & (chain->low - 1);
	if (bucket < chain->split)
		bucket = hash & (2 * chain->low - 1);
	return &chain->heads[bucket];
}

/* Moves what belongs there from the next bucket in turn into a new one at the end. */
static void split_bucket(TALLOC_CTX *ctx, Chain *chain)
{
	uint32_t fresh = chain->low + chain->split;
	grow_array(ctx, (void **)&chain->heads, &chain->head_cap, fresh + 1, sizeof(uint32_t));
	uint32_t node = chain->heads[chain->split], *stay = &chain->heads[chain->split], *move = &chain->heads[fresh];
	while (node != 0) {
		uint32_t **end = chain->hash[node] & chain->low ? &move : &stay;
		**end = node;
		*end = &chain->next[node];
		node = chain->next[node];
	}
	*stay = *move = 0;
	if (++chain->split == chain->low) {
		chain->low *= 2;
		chain->split = 0;
	}
}

void chain_add(TALLOC_CTX *ctx, Chain *chain, uint32_t node, uint32_t hash)
{
	assert(node != 0);
	grow_array(ctx, (void **)&chain->next, &chain->next_cap, node + 1, sizeof(uint32_t));
	grow_array(ctx, (void **)&chain->hash, &chain->hash_cap, node + 1, sizeof(uint32_t));
	if (++chain->count > chain->low + chain->split)
		split_bucket(ctx, chain);
	uint32_t *head = bucket_of(chain, hash);
	chain->hash[node] = hash;
	chain->next[node] = *head;
	*head = node;
}

static uint32_t *link_to(const Chain *chain, uint32_t node)
{
	uint32_t *link = bucket_of(chain, chain->hash[node]);
	while (*link != node) {
		assert(*link != 0);
		link = &chain->next[*link];
	}
	return link;
}

void chain_remove(Chain *chain, uint32_t node)
{
	*link_to(chain, node) = chain->next[node];
	chain->count--;
}

void chain_replace(TALLOC_CTX *ctx, Chain *chain, uint32_t old, uint32_t fresh)
{
	grow_array(ctx, (void **)&chain->next, &chain->next_cap, fresh + 1, sizeof(uint32_t));
	grow_array(ctx, (void **)&chain->hash, &chain->hash_cap, fresh + 1, sizeof(uint32_t));
	*link_to(chain, old) = fresh;
	chain->next[fresh] = chain->next[old];
	chain->hash[fresh] = chain->hash[old];
}

static uint32_t same_hash(const Chain *chain, uint32_t node, uint32_t hash)
{
	while (node != 0 && chain->hash[node] != hash)
		node = chain->next[node];
	return node;
}

uint32_t chain_first(const Chain *chain, uint32_t hash)
{
	return same_hash(chain, *bucket_of(chain, hash), hash);
}

uint32_t chain_after(const Chain *chain, uint32_t node)
{
	return same_hash(chain, chain->next[node], chain->hash[node]);
}
