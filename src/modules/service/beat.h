/* From single answers to a state: two failures in a row are an outage, two answers in a row its end; the second look
 * comes soon after the first. Pure: time is given. */
#pragma once

#include "base/base.h"

#define BEAT_AGAIN_MS (2 * SECOND_MS)   /* from a surprise to the second look */
#define BEAT_DOWN_MS (10 * SECOND_MS)   /* between looks at what is down, at most */
#define BEAT_TWICE 2

typedef enum { BEAT_UNKNOWN, BEAT_UP, BEAT_SLOW, BEAT_DOWN } BeatState;

typedef struct {
	BeatState state;
	int64_t since_ms;       /* down: since the first of the failures */
	int failed, answered, slow; /* in a row; slow: minus counts quick ones */
	int64_t failed_at_ms;   /* the first in a row */
} Beat;

const char *beat_name(BeatState state); /* "unknown", "up", "slow", "down" */
BeatState beat_state(const char *name); /* BEAT_UNKNOWN for what is none */
/* True when the state changed. */
bool beat_take(Beat *b, bool good, bool slow, int64_t now_ms);
/* From now to the next look. */
int64_t beat_wait_ms(const Beat *b, int64_t every_ms, uint64_t random);
