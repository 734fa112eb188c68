/* What the files of match/ share among themselves and show to their own tests; no other folder includes this. */
#pragma once

#include "base/base.h"
#include "match/company.h"
#include "match/index.h"
#include "match/tables.h"

/* --- fold.c: text as it is compared --- */

#define FOLD_MAX 512

/* Code points of text after NFKC, in lower case; broken UTF-8 is skipped. Returns the count, at most max; the rest is
 * cut. */
size_t fold_text(const char *text, uint32_t *out, size_t max);
/* UTF-8 of chars, terminated; stops before a character that does not fit. Returns the bytes without the terminator. */
size_t fold_write(const uint32_t *chars, size_t count, char *out, size_t size);
/* Bytes that chars take in UTF-8. */
size_t fold_bytes(const uint32_t *chars, size_t count);
/* Code points of well-formed UTF-8. */
size_t fold_read(const char *text, size_t bytes, uint32_t *out);

/* --- region.c --- */

/* The longest alias that text begins with: its rows are *ret_first .. +*ret_count. Returns its bytes, 0 when there is
 * none. */
size_t region_prefix(const char *text, size_t len, const RegionAlias **ret_first, size_t *ret_count);
const RegionRow *region_row(int32_t code);

/* --- distance.c --- */

#define DISTANCE_MAX 256

/* One side of many comparisons, prepared. At most DISTANCE_MAX characters. */
typedef struct {
	size_t len;
	uint32_t chars[DISTANCE_MAX];
	uint32_t slot_char[128]; /* where each character stands: a small open-addressing table, for len <= 64 */
	uint64_t slot_bits[128];
} Pattern;

void pattern_prepare(Pattern *p, const uint32_t *chars, size_t len);
/* Levenshtein distance, or anything above limit when it is above limit. */
size_t pattern_distance(const Pattern *p, const uint32_t *text, size_t len, size_t limit);

/* --- grow.c: memory of the index. Running out of it ends the process: an index with holes would tell lies. --- */

/* Makes *array hold at least need items of size bytes; new ones are not set (their pages stay untouched). Grows by
 * half. */
void grow_array(TALLOC_CTX *ctx, void **array, uint32_t *cap, uint32_t need, size_t size);

/* Pieces of 32-bit words in one growing block, with a free list for each class; a class has one size. 0 is no piece. */
#define POOL_CLASSES 66
typedef struct {
	uint32_t *words;
	uint32_t len, cap;
	uint32_t free[POOL_CLASSES];
} Pool;
uint32_t pool_take(TALLOC_CTX *ctx, Pool *pool, unsigned class, uint32_t words);
void pool_give(Pool *pool, unsigned class, uint32_t at);

/* --- chain.c: a hash table over the numbers of nodes kept elsewhere --- */

/* Linear hashing: one bucket is split for each node added, so that no single addition stalls everybody while a big
 * table is rebuilt. Nodes are numbered from 1. */
typedef struct {
	uint32_t next, hash;
} ChainLink;
typedef struct {
	uint32_t *heads;
	ChainLink *link;
	uint32_t head_cap, link_cap;
	uint32_t low, split; /* buckets: low + split, low a power of two */
	uint32_t count;
} Chain;
void chain_init(TALLOC_CTX *ctx, Chain *chain);
void chain_add(TALLOC_CTX *ctx, Chain *chain, uint32_t node, uint32_t hash);
void chain_remove(Chain *chain, uint32_t node);
/* Puts fresh, which is in no chain, where old was; both have the same hash. */
void chain_replace(TALLOC_CTX *ctx, Chain *chain, uint32_t old, uint32_t fresh);
/* The first node of that hash, and the one after node; 0 is none. */
uint32_t chain_first(const Chain *chain, uint32_t hash);
uint32_t chain_after(const Chain *chain, uint32_t node);
/* Who knows early what will be looked up fetches its bucket first, and a while later the first node in it. */
void chain_fetch_head(const Chain *chain, uint32_t hash);
void chain_fetch_first(const Chain *chain, uint32_t hash);

/* --- names.c: similar names --- */

#define NAME_TEXT_AT 2 /* in a piece, after the counts of bytes and characters */
#define NAME_CORE_MAX 256 /* bytes of a core and its terminator */

/* Sixteen bytes, so that one cache line answers both whether a name may be near and where its text is. */
typedef struct {
	uint64_t signature;
	uint32_t text; /* piece of the text pool: bytes, characters, text, terminator; 0: dead */
	uint32_t refs; /* users; of a dead name, how many lists still hold it */
} Name;

/* Names of fewer characters are similar to none but by one character more or less, which is looked up. */
#define NAME_LISTED_MIN 7

/* The names of some length that have one gram. Dead ones are swept out when they are the greater part. An entry is
 * the number of a name and, in the upper eight bits, its parities. */
typedef struct {
	uint32_t block; /* piece of the entry pool, or the only entry */
	uint32_t len, dead;
	uint32_t class; /* room is 1 << class; 0: the single entry stands in place of the block */
} NameList;
#define ENTRY_NAME_BITS 24
#define ENTRY_NAME_MASK ((UINT32_C(1) << ENTRY_NAME_BITS) - 1)

typedef struct {
	Chain by_text, by_gram;
	Pool texts, entries;
	Name *name;
	NameList *list;
	uint32_t name_cap, list_cap;
	uint32_t name_end, list_end; /* numbers given so far, and one */
	uint32_t name_max; /* the last number there is: ENTRY_NAME_MASK, less in tests */
	bool is_full; /* a name found no number: said once */
	uint32_t name_free, list_free; /* linked through refs and block */
	uint32_t alive;
	uint64_t seed;
} NameIndex;

/* A core with all that is worked out of its text alone, hence outside of any lock. */
typedef struct {
	const char *core; /* borrowed */
	size_t bytes; /* 0: no name */
	uint32_t hash, parities;
	uint64_t signature;
	size_t count, n_grams;
	uint32_t chars[DISTANCE_MAX], grams[DISTANCE_MAX];
} NameReady;

NameIndex *names_new(TALLOC_CTX *ctx, uint64_t seed);
/* Empty and overlong cores are no names. */
void names_ready(const NameIndex *names, const char *core, NameReady *ret);
/* Fetches what names_hold will look at; in three steps, each needing what the one before has fetched. */
#define NAME_FETCH_STEPS 3
void names_fetch(const NameIndex *names, const NameReady *ready, int step);
/* Takes the name into use once more; returns its number, 0 for no name, or when there are too many already. */
uint32_t names_hold(NameIndex *names, const NameReady *ready);
void names_release(NameIndex *names, uint32_t name);
/* UTF-8 of a name in use, NUL-terminated; valid until the next change. */
const char *names_text(const NameIndex *names, uint32_t name);
size_t names_count(const NameIndex *names);

uint32_t names_text_hash(const NameIndex *names, const char *text, size_t bytes);
/* The name of exactly that text; 0 is none. */
uint32_t names_same(const NameIndex *names, const char *text, size_t bytes, uint32_t hash);
const unsigned char *names_piece(const NameIndex *names, uint32_t name);
/* Which lists names of that many characters stand in. */
unsigned names_bucket(size_t chars);
/* Characters of the gram that begins there, 0 if none does; at most one begins and one ends at a character. */
size_t names_gram_len(const uint32_t *chars, size_t count, unsigned bucket);
uint32_t names_gram(const NameIndex *names, const uint32_t *chars, size_t len, unsigned bucket);
const uint32_t *names_entries(const NameIndex *names, const NameList *list);

/* --- names_find.c --- */

#define NAME_HITS_MAX 32

typedef struct {
	uint32_t name;
	uint16_t distance, longer; /* similarity is 1 - distance / longer */
} NameHit;

/* Every name of similarity >= 0.85, the nearest NAME_HITS_MAX when there are more; returns how many. */
int names_find(const NameIndex *names, const NameReady *sought, NameHit out[static NAME_HITS_MAX]);

/* --- index.c: what load.c needs of it --- */

#define MATCH_KINDS 5

/* A record to be put, with all that is worked out before the lock is taken. Not to be moved. */
typedef struct {
	MatchObject object;
	Id id;
	bool open;
	uint32_t by_id;
	uint64_t hash[MATCH_KINDS]; /* 0: no such key */
	CompanyName company;
	NameReady name;
} Incoming;
void incoming_make(const MatchIndex *index, const MatchKeys *keys, Incoming *ret);
/* Puts them one after the other under one lock. */
void incoming_put_all(MatchIndex *index, const Incoming *in, int count);
