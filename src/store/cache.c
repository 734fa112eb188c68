/* Prepared statements of one connection, found by their text. A literal has a steady address, so the address leads to
 * the statement without hashing; but a builder's buffer may come back at the same address with other words, so the
 * text is always compared. Belongs to one thread. */
#include "store/store_int.h"

#include <string.h>

static int cache_free(Cache *cache)
{
	cache_clear(cache);
	g_hash_table_destroy(cache->by_sql);
	return 0;
}

Cache *cache_new(TALLOC_CTX *ctx)
{
	Cache *cache = talloc_zero(ctx, Cache);
	cache->by_sql = g_hash_table_new(g_str_hash, g_str_equal);
	talloc_set_destructor(cache, cache_free);
	return cache;
}

static size_t cache_slot(const char *sql)
{
	uintptr_t address = (uintptr_t)sql;
	return (address >> 3 ^ address >> 11) % 256;
}

Prepared *cache_find(Cache *cache, const char *sql)
{
	Prepared **recent = &cache->recent[cache_slot(sql)];
	Prepared *found = *recent;
	if (!found || strcmp(found->sql, sql) != 0)
		found = g_hash_table_lookup(cache->by_sql, sql);
	if (!found)
		return NULL;
	*recent = found;
	found->used = ++cache->tick;
	return found;
}

void cache_drop(Cache *cache, Prepared *statement)
{
	for (size_t i = 0; i < ARRAY_LEN(cache->recent); i++)
		if (cache->recent[i] == statement)
			cache->recent[i] = NULL;
	g_hash_table_remove(cache->by_sql, statement->sql);
	talloc_free(statement);
}

static Prepared *cache_oldest(Cache *cache)
{
	GHashTableIter iter;
	gpointer value;
	Prepared *oldest = NULL;

	g_hash_table_iter_init(&iter, cache->by_sql);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Prepared *statement = value;
		if (!statement->busy && (!oldest || statement->used < oldest->used))
			oldest = statement;
	}
	return oldest;
}

void cache_add(Cache *cache, Prepared *statement)
{
	if (g_hash_table_size(cache->by_sql) >= STORE_STATEMENTS) {
		Prepared *oldest = cache_oldest(cache);
		if (oldest)
			cache_drop(cache, oldest);
	}
	statement->used = ++cache->tick;
	talloc_steal(cache, statement);
	g_hash_table_insert(cache->by_sql, (gpointer)(uintptr_t)statement->sql, statement);
}

void cache_clear(Cache *cache)
{
	GHashTableIter iter;
	gpointer value;

	memset(cache->recent, 0, sizeof cache->recent);
	g_hash_table_iter_init(&iter, cache->by_sql);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		g_hash_table_iter_remove(&iter);
		talloc_free(value);
	}
}
