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

typedef struct {
	InspectConfig tables;
	const char *data_dir; /* in which files/ lies: every row of a file has its content, as it was kept */
	int64_t now_ms;       /* business time; 0: of a copy, whose deleted files may be swept or not */
	/* indexes are compared with their tables too (SQLite's integrity_check instead of quick_check), and every file is
	 * read; else it is only looked whether they are there */
	bool thorough;
} VerifyConfig;

/* 0 also when something was found; an Err when the tables cannot be read. */
NODISCARD int verify_run(TALLOC_CTX *ctx, const VerifyConfig *config, Finding **ret, size_t *ret_n, Said *said);
/* How many of them are serious. */
size_t findings_serious(const Finding *findings, size_t n);
