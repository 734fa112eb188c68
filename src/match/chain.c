/* Linear hashing over numbered nodes. A bucket is a list of nodes; a node's link holds the next one and the node's full
 * 32 bits of hash, so that a step costs one cache line. */
#include "match/match_int.h"

#include <assert.h>
#include <string.h>

#define FIRST_BUCKETS 64
#define SPLIT_AHEAD 8 /* the bucket whose turn comes so many additions later is fetched; there always is one */

_Static_assert(SPLIT_AHEAD < FIRST_BUCKETS, "a bucket ahead exists");

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
	__builtin_prefetch(&chain->link[chain->heads[chain->split + SPLIT_AHEAD]]);
	uint32_t node = chain->heads[chain->split], *stay = &chain->heads[chain->split], *move = &chain->heads[fresh];
	while (node != 0) {
		uint32_t **end = chain->link[node].hash & chain->low ? &move : &stay;
		**end = node;
		*end = &chain->link[node].next;
		node = chain->link[node].next;
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
	grow_array(ctx, (void **)&chain->link, &chain->link_cap, node + 1, sizeof(ChainLink));
	if (++chain->count > chain->low + chain->split)
		split_bucket(ctx, chain);
	uint32_t *head = bucket_of(chain, hash);
	chain->link[node] = (ChainLink){.next = *head, .hash = hash};
	*head = node;
}

static uint32_t *link_to(const Chain *chain, uint32_t node)
{
	uint32_t *link = bucket_of(chain, chain->link[node].hash);
	while (*link != node) {
		assert(*link != 0);
		link = &chain->link[*link].next;
	}
	return link;
}

void chain_remove(Chain *chain, uint32_t node)
{
	*link_to(chain, node) = chain->link[node].next;
	chain->count--;
}

void chain_replace(TALLOC_CTX *ctx, Chain *chain, uint32_t old, uint32_t fresh)
{
	grow_array(ctx, (void **)&chain->link, &chain->link_cap, fresh + 1, sizeof(ChainLink));
	*link_to(chain, old) = fresh;
	chain->link[fresh] = chain->link[old];
}

static uint32_t same_hash(const Chain *chain, uint32_t node, uint32_t hash)
{
	while (node != 0 && chain->link[node].hash != hash)
		node = chain->link[node].next;
	return node;
}

uint32_t chain_first(const Chain *chain, uint32_t hash)
{
	return same_hash(chain, *bucket_of(chain, hash), hash);
}

uint32_t chain_after(const Chain *chain, uint32_t node)
{
	return same_hash(chain, chain->link[node].next, chain->link[node].hash);
}

void chain_fetch_head(const Chain *chain, uint32_t hash)
{
	__builtin_prefetch(bucket_of(chain, hash));
}

void chain_fetch_first(const Chain *chain, uint32_t hash)
{
	if (chain->link != NULL)
		__builtin_prefetch(&chain->link[*bucket_of(chain, hash)]);
}
