/* How fast, and whether at all: windows of sends, back-off with jitter, and the breaker of one channel. Pure: time is
 * given, nothing is asked of database or clock. */
#pragma once

#include "base/base.h"

#define PACE_MAX 1000              /* sends a window can count */
#define BACKOFF_FIRST_MS (2 * SECOND_MS)
#define BACKOFF_MAX_MS (10 * MINUTE_MS)
#define BREAKER_FAILURES 5         /* in a row */
#define BREAKER_REST_MS (30 * SECOND_MS)
#define BREAKER_REST_MAX_MS (15 * MINUTE_MS)

/* At most `max` sends in any window of `window_ms`: exact, for partners count so too. */
typedef struct {
	int64_t window_ms, *times;
	int max, at;                   /* times is a ring of max; max 0: no limit */
} Window;

void window_init(TALLOC_CTX *ctx, Window *w, int max, int64_t window_ms);
/* Sends that fit now, at most `wanted`. */
int window_room(const Window *w, int64_t now_ms, int wanted);
void window_count(Window *w, int64_t now_ms);

/* Wait before try number `tries` + 1 (tries >= 1), 75 % to 125 % of a doubling time. */
int64_t backoff_ms(int tries, uint64_t random);

typedef enum { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF } BreakerState;

typedef struct {
	BreakerState state;
	int failures;                  /* in a row */
	int openings;                  /* in a row: each rest is twice as long */
	int64_t retry_at_ms;           /* OPEN: then one probe may go */
} Breaker;

/* Messages that may be under way now: none, one (the probe), or any number. */
int breaker_room(Breaker *b, int64_t now_ms, int wanted);
/* True when the state changed. */
bool breaker_success(Breaker *b);
/* hard: everybody will fail, so once is enough. */
bool breaker_failure(Breaker *b, int64_t now_ms, bool hard, uint64_t random);
const char *breaker_name(const Breaker *b); /* "closed", "open", "half_open" */
