/* Similar names among a million. Each name is listed under every pair of neighbouring characters (gram) it has, apart
 * by length. One changed or lost character spoils at most two grams of the sought name, one put in spoils one; so of
 * any k + 1 grams, where k is what the allowed distance can spoil, one at least is in every name near it, and only the
 * k + 1 shortest lists are read. "Shortest" is judged at the moment of asking, so nothing needs rebuilding as data
 * grows. On the way a length and a 64-bit signature of the characters turn nearly all candidates away before the
 * distance is measured. No filter can lose a name that is near enough. */
#include "match/match_int.h"

#include "match/company.h"
#include "match/index.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CORE_MAX sizeof(((CompanyName *)NULL)->core)
#define ERROR_PERCENT 15 /* 1 - MATCH_SIMILARITY_MIN, in whole numbers so that the bound itself is met exactly */
#define WORD_BYTES 4
#define TEXT_AT 2 /* in a piece, after the counts of bytes and characters */
#define LIST_DEAD_MIN 8
#define LENGTHS_APART 16
#define LENGTHS_TOGETHER 8
#define SCAN_AHEAD 8
#define SIGNATURE_DEAD (~UINT64_C(0)) /* a living name under 16 characters has at most 15 bits */
#define ONE_ENTRY 0 /* class of a list whose single entry stands in place of the block */

/* Sixteen bytes, so that one cache line answers both whether a name may be near and where its text is. */
typedef struct {
	uint64_t signature;
	uint32_t text; /* piece of the text pool: bytes, characters, text, terminator; 0: dead */
	uint32_t refs; /* users; of a dead name, how many lists still hold it */
} Name;

/* The names of some length that have one gram. Dead ones are swept out when they are the greater part. */
typedef struct {
	uint32_t block; /* piece of the entry pool, or the only entry */
	uint32_t len, dead;
	uint32_t class; /* room is 1 << class */
} List;

struct NameIndex {
	Chain by_text, by_gram;
	Pool texts, entries;
	Name *name;
	List *list;
	uint32_t name_cap, list_cap;
	uint32_t name_end, list_end; /* numbers given so far, and one */
	uint32_t name_free, list_free; /* linked through refs and block */
	uint32_t alive;
	uint64_t seed;
};

typedef struct {
	uint32_t chars[DISTANCE_MAX];
	size_t count;
} Core;

NameIndex *names_new(TALLOC_CTX *ctx, uint64_t seed)
{
	NameIndex *names = talloc_zero(ctx, NameIndex);
	if (names == NULL)
		return NULL;
	chain_init(names, &names->by_text);
	chain_init(names, &names->by_gram);
	names->name_end = names->list_end = 1;
	names->seed = seed | 1;
	return names;
}

size_t names_count(const NameIndex *names)
{
	return names->alive;
}

static const unsigned char *name_piece(const NameIndex *names, uint32_t name)
{
	return (const unsigned char *)(names->texts.words + names->name[name].text);
}

const char *names_text(const NameIndex *names, uint32_t name)
{
	return (const char *)name_piece(names, name) + TEXT_AT;
}

static uint32_t mix(uint64_t h)
{
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	return (uint32_t)(h >> 32);
}

static uint32_t text_hash(const NameIndex *names, const char *text, size_t bytes)
{
	uint64_t h = names->seed;
	for (size_t i = 0; i < bytes; i++)
		h = (h ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	return mix(h);
}

/* Names of up to 15 characters are listed by exact length, longer ones, which are few, by eight lengths together. */
static unsigned bucket_of_length(size_t chars)
{
	return (unsigned)(chars < LENGTHS_APART
						  ? chars
						  : LENGTHS_APART - LENGTHS_APART / LENGTHS_TOGETHER + chars / LENGTHS_TOGETHER);
}

static uint32_t gram_hash(const NameIndex *names, const uint32_t *pair, unsigned bucket)
{
	return mix(((uint64_t)bucket << 48 | (uint64_t)pair[0] << 24 | pair[1]) * names->seed);
}

static uint64_t signature_of(const Core *core)
{
	uint64_t signature = 0;
	for (size_t i = 0; i < core->count; i++)
		signature |= UINT64_C(1) << ((core->chars[i] * UINT32_C(0x9e3779b1)) >> 26);
	return signature;
}

static int compare_hash(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

/* The different grams of a core. */
static size_t grams_of(const NameIndex *names, const Core *core, uint32_t grams[static DISTANCE_MAX])
{
	size_t count = 0, kept = 0;
	for (size_t i = 0; i + 1 < core->count; i++)
		grams[count++] = gram_hash(names, core->chars + i, bucket_of_length(core->count));
	qsort(grams, count, sizeof(*grams), compare_hash);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || grams[i] != grams[i - 1])
			grams[kept++] = grams[i];
	return kept;
}

/* --- lists --- */

static uint32_t *list_entries(NameIndex *names, List *list)
{
	return list->class == ONE_ENTRY ? &list->block : names->entries.words + list->block;
}

static const uint32_t *list_read(const NameIndex *names, const List *list)
{
	return list->class == ONE_ENTRY ? &list->block : names->entries.words + list->block;
}

static uint32_t list_of(NameIndex *names, uint32_t gram)
{
	uint32_t at = chain_first(&names->by_gram, gram);
	if (at != 0)
		return at;
	at = names->list_free;
	if (at != 0) {
		names->list_free = names->list[at].block;
	} else {
		at = names->list_end++;
		grow_array(names, (void **)&names->list, &names->list_cap, names->list_end, sizeof(List));
	}
	names->list[at] = (List){0};
	chain_add(names, &names->by_gram, at, gram);
	return at;
}

static void list_widen(NameIndex *names, List *list)
{
	uint32_t wider = pool_take(names, &names->entries, list->class + 1, UINT32_C(2) << list->class);
	memcpy(names->entries.words + wider, list_entries(names, list), list->len * sizeof(uint32_t));
	if (list->class != ONE_ENTRY)
		pool_give(&names->entries, list->class, list->block);
	list->block = wider;
	list->class ++;
}

static void list_add(NameIndex *names, uint32_t gram, uint32_t name)
{
	uint32_t at = list_of(names, gram); /* may move the array */
	List *list = &names->list[at];
	if (list->len == UINT32_C(1) << list->class)
		list_widen(names, list);
	list_entries(names, list)[list->len++] = name;
}

static void list_drop(NameIndex *names, uint32_t at)
{
	List *list = &names->list[at];
	chain_remove(&names->by_gram, at);
	if (list->class != ONE_ENTRY)
		pool_give(&names->entries, list->class, list->block);
	list->block = names->list_free;
	names->list_free = at;
}

/* One list less holds a dead name; with the last its number is free again. */
static void name_forget(NameIndex *names, uint32_t name)
{
	if (names->name[name].refs > 0 && --names->name[name].refs > 0)
		return;
	names->name[name].text = names->name_free;
	names->name_free = name;
}

static void list_sweep(NameIndex *names, uint32_t at)
{
	List *list = &names->list[at];
	uint32_t *entries = list_entries(names, list), kept = 0;
	for (uint32_t i = 0; i < list->len; i++) {
		if (names->name[entries[i]].text != 0)
			entries[kept++] = entries[i];
		else
			name_forget(names, entries[i]);
	}
	list->len = kept;
	list->dead = 0;
	if (kept == 0)
		list_drop(names, at);
}

static void list_mourn(NameIndex *names, uint32_t gram)
{
	uint32_t at = chain_first(&names->by_gram, gram);
	assert(at != 0);
	List *list = &names->list[at];
	if (++list->dead * 2 > list->len + LIST_DEAD_MIN || list->dead == list->len)
		list_sweep(names, at);
}

/* --- names --- */

static uint32_t name_find(const NameIndex *names, const char *core, size_t bytes, uint32_t hash)
{
	uint32_t at = chain_first(&names->by_text, hash);
	while (at != 0 && (name_piece(names, at)[0] != bytes || memcmp(names_text(names, at), core, bytes) != 0))
		at = chain_after(&names->by_text, at);
	return at;
}

static uint32_t name_number(NameIndex *names)
{
	uint32_t at = names->name_free;
	if (at != 0) {
		names->name_free = names->name[at].text;
		return at;
	}
	at = names->name_end++;
	grow_array(names, (void **)&names->name, &names->name_cap, names->name_end, sizeof(Name));
	return at;
}

/* Words of the text pool for a core; their number is the class as well. */
static unsigned text_words(size_t bytes)
{
	return (unsigned)((TEXT_AT + bytes) / WORD_BYTES + 1);
}

static uint32_t name_new(NameIndex *names, const char *core, size_t bytes, uint32_t hash)
{
	Core read;
	uint32_t grams[DISTANCE_MAX], at = name_number(names);
	uint32_t text = pool_take(names, &names->texts, text_words(bytes), text_words(bytes));
	unsigned char *piece = (unsigned char *)(names->texts.words + text);
	read.count = fold_read(core, bytes, read.chars);
	piece[0] = (unsigned char)bytes;
	piece[1] = (unsigned char)read.count;
	memcpy(piece + TEXT_AT, core, bytes + 1);
	names->name[at] = (Name){.signature = signature_of(&read), .text = text, .refs = 1};
	chain_add(names, &names->by_text, at, hash);
	size_t count = grams_of(names, &read, grams);
	for (size_t i = 0; i < count; i++)
		list_add(names, grams[i], at);
	names->alive++;
	return at;
}

uint32_t names_hold(NameIndex *names, const char *core)
{
	size_t bytes = strlen(core);
	if (bytes == 0 || bytes >= CORE_MAX)
		return 0;
	uint32_t hash = text_hash(names, core, bytes), at = name_find(names, core, bytes, hash);
	if (at == 0)
		return name_new(names, core, bytes, hash);
	names->name[at].refs++;
	return at;
}

void names_release(NameIndex *names, uint32_t at)
{
	Name *name = &names->name[at];
	assert(at != 0 && at < names->name_end && name->text != 0);
	if (--name->refs > 0)
		return;
	Core core;
	uint32_t grams[DISTANCE_MAX];
	size_t bytes = name_piece(names, at)[0];
	core.count = fold_read(names_text(names, at), bytes, core.chars);
	size_t count = grams_of(names, &core, grams);
	chain_remove(&names->by_text, at);
	pool_give(&names->texts, text_words(bytes), name->text);
	name->text = 0;
	name->signature = SIGNATURE_DEAD;
	names->alive--;
	name->refs = (uint32_t)count;
	if (count == 0)
		name_forget(names, at);
	for (size_t i = 0; i < count; i++)
		list_mourn(names, grams[i]);
}

/* --- search --- */

typedef struct {
	const NameIndex *names;
	Pattern pattern;
	uint64_t signature;
	int8_t limit[DISTANCE_MAX]; /* by length of the other name: greatest distance, -1 when too long or short */
	NameHit *out;
	int count, farthest;
	bool is_over; /* nothing that is left could be nearer than what is there; the name itself comes first */
} Search;

static void limits_set(Search *s)
{
	size_t own = s->pattern.len;
	for (size_t other = 0; other < DISTANCE_MAX; other++) {
		size_t longer = own > other ? own : other, apart = own > other ? own - other : other - own;
		size_t limit = longer * ERROR_PERCENT / 100;
		s->limit[other] = other == 0 || apart > limit ? -1 : (int8_t)limit;
	}
}

static bool is_nearer(const NameHit *a, const NameHit *b)
{
	return a->distance * b->longer < b->distance * a->longer;
}

/* With all places taken only what is nearer than the farthest is of interest: the limits come down to that. Of a name
 * like a thousand others the search so ends early. */
static void limits_lower(Search *s)
{
	const NameHit *farthest = &s->out[s->farthest];
	size_t own = s->pattern.len;
	s->is_over = true;
	for (size_t other = 0; other < DISTANCE_MAX; other++) {
		size_t longer = own > other ? own : other, apart = own > other ? own - other : other - own;
		while (s->limit[other] >= 0 && (size_t)s->limit[other] * farthest->longer >= farthest->distance * longer)
			s->limit[other]--;
		if (s->limit[other] < (int)apart)
			s->limit[other] = -1;
		s->is_over &= s->limit[other] <= 0;
	}
}

static void hit_add(Search *s, NameHit hit)
{
	for (int i = 0; i < s->count; i++)
		if (s->out[i].name == hit.name)
			return;
	int at = s->count < NAME_HITS_MAX ? s->count++ : s->farthest;
	s->out[at] = hit;
	if (s->count < NAME_HITS_MAX)
		return;
	for (int i = 0; i < s->count; i++)
		if (is_nearer(&s->out[s->farthest], &s->out[i]))
			s->farthest = i;
	limits_lower(s);
}

static void measure(Search *s, uint32_t at)
{
	uint32_t chars[DISTANCE_MAX];
	const unsigned char *piece = name_piece(s->names, at);
	int limit = s->names->name[at].text == 0 ? -1 : s->limit[piece[1]];
	if (limit < 0)
		return;
	size_t count = fold_read((const char *)piece + TEXT_AT, piece[0], chars);
	size_t distance = pattern_distance(&s->pattern, chars, count, (size_t)limit);
	size_t longer = count > s->pattern.len ? count : s->pattern.len;
	if (distance <= (size_t)limit)
		hit_add(s, (NameHit){at, (uint16_t)distance, (uint16_t)longer});
}

/* Whether at most so many bits are set. They are few: faster than counting where the compiler may not assume a popcnt.
 */
static bool bits_at_most(uint64_t bits, int most)
{
	for (; bits != 0 && most > 0; most--)
		bits &= bits - 1;
	return bits == 0;
}

/* A change of one character turns at most two bits of the signature; that of the dead is far from any short name's.
 * limit is the greatest of the lengths in the list. */
static void list_scan(Search *s, const List *list, size_t limit)
{
	const uint32_t *entries = list_read(s->names, list);
	const Name *name = s->names->name;
	for (uint32_t i = 0; i < list->len && !s->is_over; i++) {
		if (i + SCAN_AHEAD < list->len)
			__builtin_prefetch(&name[entries[i + SCAN_AHEAD]]);
		if (bits_at_most(name[entries[i]].signature ^ s->signature, 2 * (int)limit))
			measure(s, entries[i]);
	}
}

typedef struct {
	uint32_t len, list;
} Probe;

static int compare_probe(const void *a, const void *b)
{
	const Probe *x = a, *y = b;
	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return (x->list > y->list) - (x->list < y->list);
}

/* Reads, of the lists for names of that length, the shortest, one more than can be spoiled; grams count with
 * repetition. There are always enough: a name of n characters has n - 1, and the distance is at most n * 15 / 85. */
static void search_bucket(Search *s, const Core *core, unsigned bucket, size_t spoiled, size_t limit)
{
	Probe probes[DISTANCE_MAX];
	size_t count = core->count - 1;
	for (size_t i = 0; i < count; i++) {
		uint32_t list = chain_first(&s->names->by_gram, gram_hash(s->names, core->chars + i, bucket));
		probes[i] = (Probe){list == 0 ? 0 : s->names->list[list].len, list};
	}
	assert(spoiled < count);
	qsort(probes, count, sizeof(*probes), compare_probe);
	for (size_t i = 0; i <= spoiled; i++)
		if (probes[i].list != 0 && (i == 0 || probes[i].list != probes[i - 1].list))
			list_scan(s, &s->names->list[probes[i].list], limit);
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* How many grams of the sought name can be missing from a near one of that length: two for each error, but what makes
 * it longer must have been put in, which spoils one. */
static size_t spoiled_by(const Search *s, size_t other)
{
	size_t put_in = other > s->pattern.len ? other - s->pattern.len : 0;
	return 2 * (size_t)s->limit[other] - put_in;
}

/* Goes through the lengths a near name can have. Where no error is allowed there is only the name itself. */
static void search_lengths(Search *s, const Core *core)
{
	for (size_t other = 0; other < DISTANCE_MAX && !s->is_over;) {
		unsigned bucket = bucket_of_length(other);
		size_t spoiled = 0, limit = 0;
		for (; other < DISTANCE_MAX && bucket_of_length(other) == bucket; other++) {
			if (s->limit[other] <= 0)
				continue;
			spoiled = larger(spoiled, spoiled_by(s, other));
			limit = larger(limit, (size_t)s->limit[other]);
		}
		if (limit > 0)
			search_bucket(s, core, bucket, spoiled, limit);
	}
}

int names_find(const NameIndex *names, const char *text, NameHit out[static NAME_HITS_MAX])
{
	Search s = {.names = names, .out = out};
	Core core;
	size_t bytes = strlen(text);
	if (bytes == 0 || bytes >= CORE_MAX)
		return 0;
	core.count = fold_read(text, bytes, core.chars);
	uint32_t same = name_find(names, text, bytes, text_hash(names, text, bytes));
	if (same != 0)
		hit_add(&s, (NameHit){same, 0, (uint16_t)core.count});
	pattern_prepare(&s.pattern, core.chars, core.count);
	s.signature = signature_of(&core);
	limits_set(&s);
	search_lengths(&s, &core);
	return s.count;
}
