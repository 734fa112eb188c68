/* Windows, back-off and breaker. */
#include "modules/channel/pace.h"

void window_init(TALLOC_CTX *ctx, Window *w, int max, int64_t window_ms)
{
	max = max > PACE_MAX ? PACE_MAX : max;
	*w = (Window){.window_ms = window_ms, .max = max};
	w->times = max ? talloc_array(ctx, int64_t, (unsigned)max) : NULL;
	for (int i = 0; i < max; i++)
		w->times[i] = INT64_MIN / 2;
}

int window_room(const Window *w, int64_t now_ms, int wanted)
{
	int room = 0;
	if (w->max == 0)
		return wanted;
	/* The ring begins with the oldest: each that has left the window makes room for one. */
	while (room < wanted && room < w->max && w->times[(w->at + room) % w->max] + w->window_ms <= now_ms)
		room++;
	return room;
}

void window_count(Window *w, int64_t now_ms)
{
	if (w->max == 0)
		return;
	w->times[w->at] = now_ms;
	w->at = (w->at + 1) % w->max;
}

static int64_t doubled(int64_t first_ms, int times, int64_t max_ms)
{
	while (times-- > 0 && first_ms < max_ms)
		first_ms *= 2;
	return first_ms < max_ms ? first_ms : max_ms;
}

static int64_t with_jitter(int64_t ms, uint64_t random)
{
	return ms * 3 / 4 + (int64_t)(random % (uint64_t)(ms / 2 + 1));
}

int64_t backoff_ms(int tries, uint64_t random)
{
	return with_jitter(doubled(BACKOFF_FIRST_MS, tries - 1, BACKOFF_MAX_MS), random);
}

int breaker_room(Breaker *b, int64_t now_ms, int wanted)
{
	if (b->state == BREAKER_OPEN && now_ms >= b->retry_at_ms)
		b->state = BREAKER_HALF;
	if (b->state == BREAKER_CLOSED)
		return wanted;
	return b->state == BREAKER_HALF && wanted > 0 ? 1 : 0;
}

bool breaker_success(Breaker *b)
{
	bool changed = b->state != BREAKER_CLOSED;
	*b = (Breaker){.state = BREAKER_CLOSED};
	return changed;
}

bool breaker_failure(Breaker *b, int64_t now_ms, bool hard, uint64_t random)
{
	b->failures++;
	if (b->state == BREAKER_OPEN || (b->state == BREAKER_CLOSED && !hard && b->failures < BREAKER_FAILURES))
		return false;
	b->state = BREAKER_OPEN;
	b->retry_at_ms = now_ms + with_jitter(doubled(BREAKER_REST_MS, b->openings++, BREAKER_REST_MAX_MS), random);
	return true;
}

const char *breaker_name(const Breaker *b)
{
	static const char *const names[] = {"closed", "open", "half_open"};
	return names[b->state];
}
