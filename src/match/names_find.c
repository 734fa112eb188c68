/* Which names are similar. A character changed or lost spoils no more than one of the grams of the sought name that
 * share no character, one put in no more than one of those that share no two; so of any k + 1 such grams, where k is
 * the allowed distance, one at least is in every name near it, and only those k + 1 lists are read that are together
 * the shortest. "Shortest" is judged at the moment of asking, so nothing needs rebuilding as data grows. A name that
 * lacks one character of the sought one needs no list: it is looked up. On the way parities, length and a 64-bit
 * signature of the characters turn nearly all candidates away before the distance is measured. No filter can lose a
 * name that is near enough. */
#include "match/match_int.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ERROR_PERCENT 15 /* 1 - MATCH_SIMILARITY_MIN, in whole numbers so that the bound itself is met exactly */
#define ERRORS_MAX (DISTANCE_MAX * ERROR_PERCENT / 100)
#define SCAN_AHEAD 8
#define SCAN_PIECE 2048 /* entries looked at together */
#define ONE_ERROR_MAX 13 /* longer names may differ in more; up to here each length has lists of its own */

typedef struct {
	const NameIndex *names;
	const NameReady *sought;
	Pattern pattern;
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
	const unsigned char *piece = names_piece(s->names, at);
	int limit = s->names->name[at].text == 0 ? -1 : s->limit[piece[1]];
	if (limit < 0)
		return;
	size_t count = fold_read((const char *)piece + NAME_TEXT_AT, piece[0], chars);
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

/* --- lists --- */

/* What a near name has in common with the sought one, length by length of a bucket. */
typedef struct {
	unsigned bucket;
	size_t limit; /* the greatest distance */
	bool is_longer; /* every error puts a character in */
	bool is_aligned; /* one character is changed, all others keep their places */
} Kinship;

/* Of names that differ in the character of one place, those at even or those at odd places are the same. */
static size_t pick_aligned(const uint32_t *entries, size_t count, uint32_t parities, uint32_t *out)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t apart = (entries[i] ^ parities) >> ENTRY_NAME_BITS;
		out[kept] = entries[i] & ENTRY_NAME_MASK;
		kept += (apart & 0x0f) == 0 || (apart & 0xf0) == 0;
	}
	return kept;
}

static size_t pick_all(const uint32_t *entries, size_t count, uint32_t *out)
{
	for (size_t i = 0; i < count; i++)
		out[i] = entries[i] & ENTRY_NAME_MASK;
	return count;
}

/* A change of one character turns at most two bits of the signature; that of the dead is far from any short name's.
 * What is near by its signature stays in picked; its text is fetched. */
static size_t pick_near(const Search *s, uint32_t *picked, size_t count, size_t limit)
{
	const Name *name = s->names->name;
	uint64_t signature = s->sought->signature;
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (i + SCAN_AHEAD < count)
			__builtin_prefetch(&name[picked[i + SCAN_AHEAD]]);
		if (!bits_at_most(name[picked[i]].signature ^ signature, 2 * (int)limit))
			continue;
		__builtin_prefetch(names_piece(s->names, picked[i]));
		picked[kept++] = picked[i];
	}
	return kept;
}

static void list_scan(Search *s, const NameList *list, const Kinship *kin)
{
	uint32_t picked[SCAN_PIECE];
	const uint32_t *entries = names_entries(s->names, list);
	for (uint32_t at = 0; at < list->len && !s->is_over; at += SCAN_PIECE) {
		size_t count = list->len - at < SCAN_PIECE ? list->len - at : SCAN_PIECE;
		if (kin->is_aligned)
			count = pick_aligned(entries + at, count, s->sought->parities, picked);
		else
			count = pick_all(entries + at, count, picked);
		count = pick_near(s, picked, count, kin->limit);
		for (size_t i = 0; i < count && !s->is_over; i++)
			measure(s, picked[i]);
	}
}

typedef struct {
	uint32_t gram, list, len;
	uint8_t chars; /* 0: no gram begins here */
} Probe;

/* The lists of the grams, by where these begin; repeated ones are there again. */
static void probe_all(const Search *s, unsigned bucket, Probe probes[static DISTANCE_MAX])
{
	const NameIndex *names = s->names;
	const NameReady *sought = s->sought;
	for (size_t i = 0; i < sought->count; i++) {
		size_t chars = names_gram_len(sought->chars + i, sought->count - i, bucket);
		probes[i] = (Probe){.chars = (uint8_t)chars};
		if (chars > 0) {
			probes[i].gram = names_gram(names, sought->chars + i, chars, bucket);
			chain_fetch_head(&names->by_gram, probes[i].gram);
		}
	}
	for (size_t i = 0; i < sought->count; i++)
		if (probes[i].chars > 0)
			chain_fetch_first(&names->by_gram, probes[i].gram);
	for (size_t i = 0; i < sought->count; i++)
		if (probes[i].chars > 0) {
			probes[i].list = chain_first(&names->by_gram, probes[i].gram);
			if (probes[i].list != 0)
				__builtin_prefetch(&names->list[probes[i].list]);
		}
	for (size_t i = 0; i < sought->count; i++)
		probes[i].len = probes[i].list == 0 ? 0 : names->list[probes[i].list].len;
}

/* Chooses so many grams of least sum, of which neighbours share at most so many characters. least[j][i] is the least
 * sum of j grams within the first i characters. There are always enough: of q characters at most, a gram each, and the
 * bound on the distance leaves n / q > k for every length that has a list. */
static void choose_apart(const Probe *probes, size_t count, size_t wanted, size_t shared, Probe *chosen)
{
	static const uint64_t none = UINT64_MAX / 2;
	uint64_t least[ERRORS_MAX + 2][DISTANCE_MAX];
	uint8_t ending[DISTANCE_MAX] = {0}; /* characters of the gram that ends before i */
	for (size_t i = 0; i < count; i++)
		if (probes[i].chars > 0)
			ending[i + probes[i].chars] = probes[i].chars;
	memset(least[0], 0, (count + 1) * sizeof(least[0][0]));
	for (size_t j = 1; j <= wanted; j++) {
		least[j][0] = none;
		for (size_t i = 1; i <= count; i++) {
			size_t begin = i - ending[i], before = j > 1 && begin > 0 ? begin + shared : begin;
			uint64_t with = ending[i] == 0 ? none : least[j - 1][before] + probes[begin].len;
			least[j][i] = with < least[j][i - 1] ? with : least[j][i - 1];
		}
	}
	assert(least[wanted][count] < none);
	for (size_t i = count, j = wanted; j > 0;)
		if (least[j][i] == least[j][i - 1]) {
			i--;
		} else {
			size_t begin = i - ending[i];
			chosen[--j] = probes[begin];
			i = begin > 0 && j > 0 ? begin + shared : begin;
		}
}

static void search_bucket(Search *s, const Kinship *kin)
{
	Probe probes[DISTANCE_MAX], chosen[ERRORS_MAX + 2];
	size_t wanted = kin->limit + 1;
	probe_all(s, kin->bucket, probes);
	choose_apart(probes, s->sought->count, wanted, kin->is_longer ? 1 : 0, chosen);
	for (size_t i = 0; i < wanted; i++) {
		bool is_again = false;
		for (size_t j = 0; j < i; j++)
			is_again |= chosen[j].list == chosen[i].list;
		if (chosen[i].list != 0 && !is_again)
			list_scan(s, &s->names->list[chosen[i].list], kin);
	}
}

/* --- one character less --- */

typedef struct {
	char text[NAME_CORE_MAX];
	size_t bytes;
	uint32_t hash;
} Lost;

/* Looks every name up that has one character less than the sought one. */
static void search_lost(Search *s)
{
	const NameReady *sought = s->sought;
	Lost lost[ONE_ERROR_MAX];
	const char *at = sought->core;
	assert(sought->count <= ONE_ERROR_MAX);
	for (size_t i = 0; i < sought->count; i++) {
		size_t before = (size_t)(at - sought->core), one = fold_bytes(sought->chars + i, 1);
		lost[i].bytes = sought->bytes - one;
		memcpy(lost[i].text, sought->core, before);
		memcpy(lost[i].text + before, at + one, lost[i].bytes - before);
		lost[i].hash = names_text_hash(s->names, lost[i].text, lost[i].bytes);
		chain_fetch_head(&s->names->by_text, lost[i].hash);
		at += one;
	}
	for (size_t i = 0; i < sought->count; i++)
		chain_fetch_first(&s->names->by_text, lost[i].hash);
	for (size_t i = 0; i < sought->count && !s->is_over; i++) {
		uint32_t name = names_same(s->names, lost[i].text, lost[i].bytes, lost[i].hash);
		if (name != 0)
			measure(s, name);
	}
}

/* --- all lengths --- */

/* Goes on from length *at to the end of its bucket. False when no error is allowed there: the name itself is found
 * already. */
static bool kinship_next(const Search *s, size_t *at, Kinship *ret)
{
	size_t own = s->sought->count;
	*ret = (Kinship){.bucket = names_bucket(*at), .is_longer = true};
	for (; *at < DISTANCE_MAX && names_bucket(*at) == ret->bucket; ++*at) {
		if (s->limit[*at] <= 0)
			continue;
		size_t limit = (size_t)s->limit[*at];
		ret->limit = limit > ret->limit ? limit : ret->limit;
		ret->is_longer &= *at == own + limit;
		ret->is_aligned = own <= ONE_ERROR_MAX && *at == own;
	}
	return ret->limit > 0;
}

static void search_lengths(Search *s)
{
	size_t own = s->sought->count;
	for (size_t other = 0; other < DISTANCE_MAX && !s->is_over;) {
		Kinship kin;
		if (own <= ONE_ERROR_MAX && other + 1 == own && s->limit[other] == 1) {
			search_lost(s);
			other++;
		} else if (kinship_next(s, &other, &kin)) {
			search_bucket(s, &kin);
		}
	}
}

int names_find(const NameIndex *names, const NameReady *sought, NameHit out[static NAME_HITS_MAX])
{
	Search s = {.names = names, .sought = sought, .out = out};
	if (sought->bytes == 0)
		return 0;
	uint32_t same = names_same(names, sought->core, sought->bytes, sought->hash);
	if (same != 0)
		hit_add(&s, (NameHit){same, 0, (uint16_t)sought->count});
	pattern_prepare(&s.pattern, sought->chars, sought->count);
	limits_set(&s);
	search_lengths(&s);
	return s.count;
}
