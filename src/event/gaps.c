/* Ranges of unknown numbers in ascending order in one array; the last one has no end. Found by halving, split and cut
 * in place. */
#include "event/gaps.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"

#define ROOM_FIRST 64
#define NUMBER_SIZE 21 /* of one in a list */

typedef struct {
	int64_t from, to;
	int64_t since_ms;  /* found then */
	int64_t horizon;   /* transactions from this one on began later; 0: not known before the next look ends */
	uint64_t born;     /* in which look, or after it */
} Gap;

struct Gaps {
	Gap *gap;
	size_t n;
	uint64_t look;
	bool overflowed; /* said once */
};

Gaps *gaps_new(TALLOC_CTX *ctx, int64_t first)
{
	Gaps *g = talloc_zero(ctx, Gaps);
	g->gap = talloc_array(g, Gap, ROOM_FIRST);
	g->gap[0] = (Gap){.from = first, .to = INT64_MAX};
	g->n = 1;
	return g;
}

/* The first range that ends at seq or later; there always is one. */
static size_t gap_at(const Gaps *g, int64_t seq)
{
	size_t low = 0, high = g->n - 1;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (g->gap[middle].to < seq)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void gap_remove(Gaps *g, size_t at)
{
	memmove(&g->gap[at], &g->gap[at + 1], (g->n - at - 1) * sizeof(Gap));
	g->n--;
}

static void gap_insert(Gaps *g, size_t at, Gap gap)
{
	if (g->n == GAPS_MAX) {
		if (!g->overflowed)
			log_warn("event", "too many unknown events: from %lld on some are given up", (long long)g->gap[0].from);
		g->overflowed = true;
		gap_remove(g, 0);
		at -= at > 0;
	}
	if (g->n == talloc_array_length(g->gap))
		g->gap = talloc_realloc(g, g->gap, Gap, (unsigned)g->n * 2);
	memmove(&g->gap[at + 1], &g->gap[at], (g->n - at) * sizeof(Gap));
	g->gap[at] = gap;
	g->n++;
}

bool gaps_has(const Gaps *g, int64_t seq)
{
	return seq >= g->gap[gap_at(g, seq)].from;
}

bool gaps_take(Gaps *g, int64_t seq, int64_t horizon, int64_t now_ms)
{
	size_t at = gap_at(g, seq);
	Gap *gap = &g->gap[at];
	if (seq < gap->from)
		return false;
	Gap below = *gap;
	below.to = seq - 1;
	if (gap->to == INT64_MAX) { /* what lies between was drawn before seq was */
		below.since_ms = now_ms;
		below.horizon = horizon;
		below.born = g->look;
	}
	gap->from = seq + 1;
	if (gap->from > gap->to)
		gap_remove(g, at);
	if (below.from <= below.to)
		gap_insert(g, at, below);
	return true;
}

void gaps_give_back(Gaps *g, int64_t seq, int64_t now_ms)
{
	size_t at = gap_at(g, seq);
	if (seq >= g->gap[at].from)
		return;
	gap_insert(g, at, (Gap){.from = seq, .to = seq, .since_ms = now_ms, .born = g->look});
}

void gaps_cut(Gaps *g, int64_t seq)
{
	size_t gone = gap_at(g, seq);
	if (gone > 0) {
		memmove(g->gap, &g->gap[gone], (g->n - gone) * sizeof(Gap));
		g->n -= gone;
	}
	if (g->gap[0].to == seq)
		gap_remove(g, 0);
	else if (g->gap[0].from <= seq)
		g->gap[0].from = seq + 1;
}

void gaps_begin_look(Gaps *g, TALLOC_CTX *ctx, char **ret_from, char **ret_to)
{
	Buf *from = buf_new(ctx, GAPS_MAX * NUMBER_SIZE), *to = buf_new(ctx, GAPS_MAX * NUMBER_SIZE);
	g->look++;
	for (size_t i = 0; i < g->n; i++) {
		buf_printf(from, "%s%lld", i ? "," : "", (long long)g->gap[i].from);
		buf_printf(to, "%s%lld", i ? "," : "", (long long)g->gap[i].to);
	}
	assert(!buf_failed(from) && !buf_failed(to));
	*ret_from = from->data;
	*ret_to = to->data;
}

static bool is_hopeless(const Gap *gap, int64_t oldest, int64_t now_ms)
{
	int64_t age_ms = now_ms - gap->since_ms;
	return (gap->horizon && oldest >= gap->horizon && age_ms >= GAPS_AGE_MIN_MS) || age_ms >= GAPS_AGE_MAX_MS;
}

void gaps_end_look(Gaps *g, int64_t seq, int64_t oldest, int64_t horizon, int64_t now_ms)
{
	size_t kept = 0;
	for (size_t i = 0; i < g->n; i++) {
		Gap gap = g->gap[i];
		/* One that was split off after the look began may belong to a transaction that began after it, too. */
		bool looked_at = gap.to != INT64_MAX && gap.to <= seq && gap.born < g->look;
		if (looked_at && is_hopeless(&gap, oldest, now_ms))
			continue;
		if (looked_at && gap.horizon == 0)
			gap.horizon = horizon;
		g->gap[kept++] = gap;
	}
	g->n = kept;
}

size_t gaps_count(const Gaps *g)
{
	return g->n - 1;
}
