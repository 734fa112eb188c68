/* A decision as the bytes that a row of assignment keeps of it: 500 bytes instead of 1200 as JSON, for every lead there
 * is. People stand in it by their ids, so it can be read when the roster of that day is long gone. */
#pragma once

#include "modules/lead/assign.h"

typedef struct {
	Id person;
	int64_t score, weight, free, idle_min;
} KeptCandidate;

typedef struct {
	Id person;
	int rule; /* a Rule */
	int64_t detail;
} KeptDropped;

typedef struct {
	KeptCandidate candidates[ASSIGN_ALL_LISTED]; /* best first */
	KeptDropped dropped[ASSIGN_ALL_LISTED];
	int n_candidates, n_dropped;
	int64_t candidates_all;         /* in truth */
	int64_t dropped_by[RULE_COUNT]; /* in truth */
} KeptDecision;

#define DECISION_BYTES_MAX (ASSIGN_ALL_LISTED * 2 * 64 + 256)

/* Returns how many bytes were written. */
size_t decision_write(const Roster *roster, const Decision *d, uint8_t out[static DECISION_BYTES_MAX]);
/* False when the bytes are not what decision_write makes; then nothing in *ret is of use. */
NODISCARD bool decision_read(const uint8_t *bytes, size_t len, KeptDecision *ret);
