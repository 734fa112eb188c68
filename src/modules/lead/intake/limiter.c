#include "modules/lead/intake/limiter.h"

#include <glib.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

#define VISITORS_MAX 100000 /* beyond it those of past hours are forgotten first, then all */

/* A sliding count of one window: what fell into the present one, and into the one before. */
typedef struct {
	int64_t number;
	int now, before;
} Tally;

typedef struct {
	Tally minute, hour;
} Count;

struct Limiter {
	pthread_mutex_t lock;
	GHashTable *counts; /* "door visitor" -> Count */
};

static int limiter_free(Limiter *limiter)
{
	g_hash_table_destroy(limiter->counts);
	return 0;
}

Limiter *limiter_new(TALLOC_CTX *ctx)
{
	Limiter *limiter = talloc_zero(ctx, Limiter);
	pthread_mutex_init(&limiter->lock, NULL);
	limiter->counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	talloc_set_destructor(limiter, limiter_free);
	return limiter;
}

static gboolean is_past(gpointer key, gpointer value, gpointer hour)
{
	(void)key;
	return ((const Count *)value)->hour.number < *(const int64_t *)hour;
}

static Count *count_of(Limiter *limiter, const char *key, int64_t hour)
{
	Count *count = g_hash_table_lookup(limiter->counts, key);
	if (count)
		return count;
	if (g_hash_table_size(limiter->counts) >= VISITORS_MAX)
		g_hash_table_foreach_remove(limiter->counts, is_past, &hour);
	if (g_hash_table_size(limiter->counts) >= VISITORS_MAX)
		g_hash_table_remove_all(limiter->counts);
	count = g_new0(Count, 1);
	g_hash_table_insert(limiter->counts, g_strdup(key), count);
	return count;
}

/* How many knocks the window that ends now holds, taking those of the one before as spread evenly. */
static int tally_read(Tally *t, int64_t now_ms, int64_t span_ms)
{
	int64_t number = now_ms / span_ms;
	if (t->number != number) {
		t->before = t->number == number - 1 ? t->now : 0;
		t->now = 0;
		t->number = number;
	}
	return t->now + (int)((t->before * (span_ms - now_ms % span_ms) + span_ms - 1) / span_ms);
}

static int seconds_left(int64_t now_ms, int64_t span_ms)
{
	return (int)((span_ms - now_ms % span_ms) / SECOND_MS) + 1;
}

static int knock(Count *count, int a_minute, int an_hour, int64_t now_ms)
{
	int in_minute = tally_read(&count->minute, now_ms, MINUTE_MS);
	int in_hour = tally_read(&count->hour, now_ms, HOUR_MS);
	if (in_hour >= an_hour)
		return seconds_left(now_ms, HOUR_MS);
	if (in_minute >= a_minute)
		return seconds_left(now_ms, MINUTE_MS);
	count->minute.now++;
	count->hour.now++;
	return 0;
}

int limiter_knock(Limiter *limiter, Id door, const char *visitor, int a_minute, int an_hour, int64_t now_ms)
{
	char id[ID_TEXT_SIZE], key[ID_TEXT_SIZE + 64];
	snprintf(key, sizeof key, "%s %.60s", id_text(door, id), visitor);
	pthread_mutex_lock(&limiter->lock);
	int wait_s = knock(count_of(limiter, key, now_ms / HOUR_MS), a_minute, an_hour, now_ms);
	pthread_mutex_unlock(&limiter->lock);
	return wait_s;
}
