/* What must be true of the tables of every house, beyond what the engine checks by itself: every receipt is in one
 * state, every one that was taken has its lead, what is kept twice is alike (L3). */
#pragma once

#include "modules/care/said.h"
#include "store/inspect.h"

typedef struct {
	const char *check; /* stable word: "receipt_taken_without_lead" ... */
	bool serious;      /* something is wrong */
	bool note;         /* worth knowing, nothing is wrong; neither: it is well */
	int64_t count;
	Said said;         /* with up to three examples */
} Finding;

/* thorough: indexes are compared with their tables too (SQLite's integrity_check instead of quick_check). 0 also when
 * something was found; an Err when the tables cannot be read. */
NODISCARD int verify_run(TALLOC_CTX *ctx, const InspectConfig *config, bool thorough, Finding **ret, size_t *ret_n,
			 Said *said);
/* How many of them are serious. */
size_t findings_serious(const Finding *findings, size_t n);
