/* Memory of the index: growing arrays and a pool of small pieces. Growing by half keeps the room that lies idle small;
 * large blocks are remapped by the allocator, not copied. */
#include "match/match_int.h"

#include "base/log.h"

#include <stdlib.h>

#define FIRST_CAP 64

void grow_array(TALLOC_CTX *ctx, void **array, uint32_t *cap, uint32_t need, size_t size)
{
	if (need <= *cap)
		return;
	uint64_t room = *cap < FIRST_CAP ? FIRST_CAP : (uint64_t)*cap + *cap / 2;
	if (room < need)
		room = need;
	void *grown = talloc_realloc_size(ctx, *array, room * size);
	if (grown == NULL) {
		log_error("match", "no memory to grow the duplicate index to %llu bytes", (unsigned long long)(room * size));
		abort();
	}
	*array = grown;
	*cap = (uint32_t)room;
}

uint32_t pool_take(TALLOC_CTX *ctx, Pool *pool, unsigned class, uint32_t words)
{
	uint32_t at = pool->free[class];
	if (at != 0) {
		pool->free[class] = pool->words[at];
		return at;
	}
	if (pool->len == 0)
		pool->len = 1;
	grow_array(ctx, (void **)&pool->words, &pool->cap, pool->len + words, sizeof(*pool->words));
	at = pool->len;
	pool->len += words;
	return at;
}

void pool_give(Pool *pool, unsigned class, uint32_t at)
{
	pool->words[at] = pool->free[class];
	pool->free[class] = at;
}
