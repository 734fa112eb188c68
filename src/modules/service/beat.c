/* The state of one service, answer by answer. */
#include "modules/service/beat.h"

#include <string.h>

static const char *const names[] = {"unknown", "up", "slow", "down"};

const char *beat_name(BeatState state)
{
	return names[state];
}

BeatState beat_state(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], name) == 0)
			return (BeatState)i;
	return BEAT_UNKNOWN;
}

static bool turn(Beat *b, BeatState state, int64_t since_ms)
{
	b->state = state;
	b->since_ms = since_ms;
	return true;
}

static bool take_failure(Beat *b, int64_t now_ms)
{
	if (b->failed++ == 0)
		b->failed_at_ms = now_ms;
	b->answered = 0;
	return b->failed >= BEAT_TWICE && b->state != BEAT_DOWN ? turn(b, BEAT_DOWN, b->failed_at_ms) : false;
}

bool beat_take(Beat *b, bool good, bool slow, int64_t now_ms)
{
	if (!good)
		return take_failure(b, now_ms);
	b->failed = 0;
	b->answered += b->answered < BEAT_TWICE;
	if (slow)
		b->slow = b->slow > 0 ? b->slow + 1 : 1;
	else
		b->slow = b->slow < 0 ? b->slow - 1 : -1;
	if (b->state == BEAT_UNKNOWN)
		return turn(b, BEAT_UP, now_ms);
	if (b->state == BEAT_DOWN)
		return b->answered >= BEAT_TWICE ? turn(b, BEAT_UP, now_ms) : false;
	if (b->state == BEAT_UP && b->slow >= BEAT_TWICE)
		return turn(b, BEAT_SLOW, now_ms);
	return b->state == BEAT_SLOW && b->slow <= -BEAT_TWICE ? turn(b, BEAT_UP, now_ms) : false;
}

int64_t beat_wait_ms(const Beat *b, int64_t every_ms, uint64_t random)
{
	bool doubt = b->state == BEAT_DOWN ? b->answered > 0 : b->failed > 0;
	if (doubt)
		return BEAT_AGAIN_MS;
	int64_t wait_ms = b->state == BEAT_DOWN && every_ms > BEAT_DOWN_MS ? BEAT_DOWN_MS : every_ms;
	return wait_ms * (int64_t)(90 + random % 21) / 100;
}
