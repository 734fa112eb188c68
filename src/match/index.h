/* "Have we seen it": exact keys and similar company names of every lead, account and contact, in memory, rebuilt at
 * start (D1). About 200 bytes a record with a phone and a company name of its own; an empty index is a few kilobytes.
 * Beyond 16 million different names further ones are not compared; phones, mails and codes still are. Exact keys are
 * compared by a keyed 64-bit hash, not by their text: two different keys out of four million fall together with a
 * chance of one in two million. */
#pragma once

#include "base/base.h"
#include "base/id.h"

typedef struct MatchIndex MatchIndex;

typedef enum { MATCH_PHONE = 1, MATCH_EMAIL = 2, MATCH_DOMAIN = 4, MATCH_CODE = 8, MATCH_NAME = 16 } MatchKind;
typedef enum { MATCH_LEAD, MATCH_ACCOUNT, MATCH_CONTACT } MatchObject;

#define MATCH_SIMILARITY_MIN 0.85
/* Of the records of one object that share one key at most so many are looked at, open ones first. */
#define MATCH_SAME_KEY_MAX 32

/* What a record offers to be recognised by; blank members are NULL. */
typedef struct {
	MatchObject object;
	Id id;
	bool open; /* leads: still open (not converted, not invalid) */
	const char *phone; /* E.164 */
	const char *email; /* normalised */
	const char *code; /* credit code */
	const char *company; /* as written */
} MatchKeys;

typedef struct {
	MatchObject object;
	Id id;
	bool open;
	unsigned kinds; /* MatchKind bits */
	double similarity; /* of the names, 0 if MATCH_NAME is not set */
	int weight; /* weights add up: phone 60, code 80, mail 60, domain 30, name 40 x similarity; >= 60 is high risk */
} MatchHit;

/* Thread-safe: many readers, one writer at a time. */
MatchIndex *match_new(TALLOC_CTX *ctx);
/* Replaces what is there under (object, id). Texts are copied or hashed, never kept. */
void match_put(MatchIndex *index, const MatchKeys *keys);
void match_remove(MatchIndex *index, MatchObject object, Id id);
/* At most max hits, heaviest first, among equals open ones first, then the newest. The record (keys->object, keys->id)
 * itself is never a hit; a nil id leaves nothing out. names: also compare company names; a name of similarity >= 0.85
 * is never missed, but of more than 32 such names only the nearest 32 are followed. Names that say nothing (个人, 暂无,
 * test) match nothing. */
int match_find(const MatchIndex *index, const MatchKeys *keys, bool names, MatchHit *out, int max);
size_t match_size(const MatchIndex *index);
/* Bytes set aside, including room to grow that is not yet touched. */
size_t match_memory(const MatchIndex *index);

/* Loading at start: puts like match_put, in order, but in heaps and on a thread of its own, while the caller reads
 * on. Of the caller's thread alone; what was given is in the index for certain only after match_load_end, which frees
 * the loader. */
typedef struct MatchLoad MatchLoad;
MatchLoad *match_load_begin(MatchIndex *index);
void match_load_put(MatchLoad *load, const MatchKeys *keys);
void match_load_end(MatchLoad *load);
