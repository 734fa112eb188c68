/* What arrived lately, counted in memory by source and hour, until somebody writes it down. Thread-safe. */
#pragma once

#include "base/id.h"

typedef struct Pulse Pulse;

typedef struct {
	Id source;
	int64_t hour; /* since 1970 */
	int64_t arrived, bad;
	int64_t last_at;
	int64_t bad_at;
	char reason[40], detail[200]; /* of the last bad one; "" when there was none */
} PulseCount;

/* stir is called, at most once a second, when something bad came, or anything from a source that was silent. */
Pulse *pulse_new(TALLOC_CTX *ctx, void (*stir)(void *arg, bool is_bad), void *arg);
void pulse_arrived(Pulse *p, Id source, int64_t at);
/* Something that arrived went to quarantine. */
void pulse_bad(Pulse *p, Id source, int64_t at, const char *reason, const char *detail);
/* Takes (or, with keep, copies) all counts; they are the caller's. */
PulseCount *pulse_take(TALLOC_CTX *ctx, Pulse *p, bool keep, size_t *ret_n);
/* What was taken could not be written down. */
void pulse_put_back(Pulse *p, const PulseCount *counts, size_t n);
/* The next arrival from this source is awaited. */
void pulse_await(Pulse *p, Id source, bool awaited);
