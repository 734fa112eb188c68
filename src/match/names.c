/* Names, each kept once, and the lists they are found by: a name is listed, apart by length, under every gram it has: a
 * pair of neighbouring characters, or three or four where all are Latin letters or digits, of which a pair would tell
 * nothing. How they are searched stands in names_find.c. */
#include "match/match_int.h"

#include "base/log.h"
#include "match/company.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define WORD_BYTES 4
#define LIST_DEAD_MIN 8
#define LENGTHS_APART 16
#define LENGTHS_TOGETHER 8
#define SIGNATURE_DEAD (~UINT64_C(0)) /* a living name under 16 characters has at most 15 bits */
#define ONE_ENTRY 0

_Static_assert(NAME_CORE_MAX == sizeof(((CompanyName *)NULL)->core), "a core fits");

NameIndex *names_new(TALLOC_CTX *ctx, uint64_t seed)
{
	NameIndex *names = talloc_zero(ctx, NameIndex);
	if (names == NULL)
		return NULL;
	chain_init(names, &names->by_text);
	chain_init(names, &names->by_gram);
	names->name_end = names->list_end = 1;
	names->name_max = ENTRY_NAME_MASK;
	names->seed = seed | 1;
	return names;
}

size_t names_count(const NameIndex *names)
{
	return names->alive;
}

const unsigned char *names_piece(const NameIndex *names, uint32_t name)
{
	return (const unsigned char *)(names->texts.words + names->name[name].text);
}

const char *names_text(const NameIndex *names, uint32_t name)
{
	return (const char *)names_piece(names, name) + NAME_TEXT_AT;
}

static uint32_t mix(uint64_t h)
{
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	return (uint32_t)(h >> 32);
}

uint32_t names_text_hash(const NameIndex *names, const char *text, size_t bytes)
{
	uint64_t h = names->seed;
	for (size_t i = 0; i < bytes; i++)
		h = (h ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	return mix(h);
}

/* Names of up to 15 characters are listed by exact length, longer ones, which are few, by eight lengths together. */
unsigned names_bucket(size_t chars)
{
	return (unsigned)(chars < LENGTHS_APART
						  ? chars
						  : LENGTHS_APART - LENGTHS_APART / LENGTHS_TOGETHER + chars / LENGTHS_TOGETHER);
}

static bool is_latin(uint32_t c)
{
	return c < 0x80;
}

/* Three letters where names are so short that more would not fit in twice. */
size_t names_gram_len(const uint32_t *chars, size_t count, unsigned bucket)
{
	size_t letters = bucket < LENGTHS_APART ? 3 : 4, latin = 0;
	while (latin < letters && latin < count && is_latin(chars[latin]))
		latin++;
	if (latin >= 2)
		return latin == letters ? letters : 0;
	return count >= 2 ? 2 : 0;
}

uint32_t names_gram(const NameIndex *names, const uint32_t *chars, size_t len, unsigned bucket)
{
	uint64_t gram = (uint64_t)bucket << 48 | (uint64_t)(len - 2) << 46;
	if (len == 2)
		return mix((gram | (uint64_t)chars[0] << 23 | chars[1]) * names->seed);
	for (size_t i = 0; i < len; i++)
		gram |= (uint64_t)chars[i] << (7 * i);
	return mix(gram * names->seed);
}

static uint64_t signature_of(const uint32_t *chars, size_t count)
{
	uint64_t signature = 0;
	for (size_t i = 0; i < count; i++)
		signature |= UINT64_C(1) << ((chars[i] * UINT32_C(0x9e3779b1)) >> 26);
	return signature;
}

/* Four bits of the characters at even places and four of those at odd ones, as the upper bits of an entry. */
static uint32_t parities_of(const uint32_t *chars, size_t count)
{
	uint32_t even = 0, odd = 0;
	for (size_t i = 0; i < count; i += 2)
		even = (even ^ chars[i]) * UINT32_C(0x9e3779b1);
	for (size_t i = 1; i < count; i += 2)
		odd = (odd ^ chars[i]) * UINT32_C(0x9e3779b1);
	return even >> 28 << ENTRY_NAME_BITS | odd >> 28 << (ENTRY_NAME_BITS + 4);
}

/* The different grams of a core; there are few. */
static size_t grams_of(const NameIndex *names, const uint32_t *chars, size_t count, uint32_t grams[static DISTANCE_MAX])
{
	unsigned bucket = names_bucket(count);
	size_t kept = 0;
	for (size_t i = 0; count >= NAME_LISTED_MIN && i < count; i++) {
		size_t len = names_gram_len(chars + i, count - i, bucket), at = 0;
		if (len == 0)
			continue;
		uint32_t gram = names_gram(names, chars + i, len, bucket);
		while (at < kept && grams[at] != gram)
			at++;
		grams[at] = gram;
		kept += at == kept;
	}
	return kept;
}

void names_ready(const NameIndex *names, const char *core, NameReady *ret)
{
	ret->core = core;
	ret->bytes = strlen(core);
	ret->count = ret->n_grams = 0;
	if (ret->bytes >= NAME_CORE_MAX)
		ret->bytes = 0;
	if (ret->bytes == 0)
		return;
	ret->count = fold_read(core, ret->bytes, ret->chars);
	ret->hash = names_text_hash(names, core, ret->bytes);
	ret->signature = signature_of(ret->chars, ret->count);
	ret->parities = parities_of(ret->chars, ret->count);
	ret->n_grams = grams_of(names, ret->chars, ret->count, ret->grams);
}

/* --- lists --- */

static uint32_t *list_entries(NameIndex *names, NameList *list)
{
	return list->class == ONE_ENTRY ? &list->block : names->entries.words + list->block;
}

const uint32_t *names_entries(const NameIndex *names, const NameList *list)
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
		grow_array(names, (void **)&names->list, &names->list_cap, names->list_end, sizeof(NameList));
	}
	names->list[at] = (NameList){0};
	chain_add(names, &names->by_gram, at, gram);
	return at;
}

static void list_widen(NameIndex *names, NameList *list)
{
	uint32_t wider = pool_take(names, &names->entries, list->class + 1, UINT32_C(2) << list->class);
	memcpy(names->entries.words + wider, list_entries(names, list), list->len * sizeof(uint32_t));
	if (list->class != ONE_ENTRY)
		pool_give(&names->entries, list->class, list->block);
	list->block = wider;
	list->class ++;
}

static void list_add(NameIndex *names, uint32_t gram, uint32_t entry)
{
	uint32_t at = list_of(names, gram); /* may move the array */
	NameList *list = &names->list[at];
	if (list->len == UINT32_C(1) << list->class)
		list_widen(names, list);
	list_entries(names, list)[list->len++] = entry;
}

static void list_drop(NameIndex *names, uint32_t at)
{
	NameList *list = &names->list[at];
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
	NameList *list = &names->list[at];
	uint32_t *entries = list_entries(names, list), kept = 0;
	for (uint32_t i = 0; i < list->len; i++) {
		uint32_t name = entries[i] & ENTRY_NAME_MASK;
		if (names->name[name].text != 0)
			entries[kept++] = entries[i];
		else
			name_forget(names, name);
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
	NameList *list = &names->list[at];
	if (++list->dead * 2 > list->len + LIST_DEAD_MIN || list->dead == list->len)
		list_sweep(names, at);
}

/* --- names --- */

uint32_t names_same(const NameIndex *names, const char *core, size_t bytes, uint32_t hash)
{
	uint32_t at = chain_first(&names->by_text, hash);
	while (at != 0 && (names_piece(names, at)[0] != bytes || memcmp(names_text(names, at), core, bytes) != 0))
		at = chain_after(&names->by_text, at);
	return at;
}

/* 0: there is none left. */
static uint32_t name_number(NameIndex *names)
{
	uint32_t at = names->name_free;
	if (at != 0) {
		names->name_free = names->name[at].text;
		return at;
	}
	if (names->name_end > names->name_max) {
		if (!names->is_full)
			log_error("match", "more than %u different company names: records with further ones are recognised by "
				"phone, mail and code only", (unsigned)names->name_max);
		names->is_full = true;
		return 0;
	}
	at = names->name_end++;
	grow_array(names, (void **)&names->name, &names->name_cap, names->name_end, sizeof(Name));
	return at;
}

/* Words of the text pool for a core; their number is the class as well. */
static unsigned text_words(size_t bytes)
{
	return (unsigned)((NAME_TEXT_AT + bytes) / WORD_BYTES + 1);
}

static uint32_t name_new(NameIndex *names, const NameReady *ready)
{
	uint32_t at = name_number(names);
	if (at == 0)
		return 0;
	unsigned words = text_words(ready->bytes);
	uint32_t text = pool_take(names, &names->texts, words, words);
	unsigned char *piece = (unsigned char *)(names->texts.words + text);
	piece[0] = (unsigned char)ready->bytes;
	piece[1] = (unsigned char)ready->count;
	memcpy(piece + NAME_TEXT_AT, ready->core, ready->bytes + 1);
	names->name[at] = (Name){.signature = ready->signature, .text = text, .refs = 1};
	chain_add(names, &names->by_text, at, ready->hash);
	for (size_t i = 0; i < ready->n_grams; i++)
		list_add(names, ready->grams[i], at | ready->parities);
	names->alive++;
	return at;
}

uint32_t names_hold(NameIndex *names, const NameReady *ready)
{
	if (ready->bytes == 0)
		return 0;
	uint32_t at = names_same(names, ready->core, ready->bytes, ready->hash);
	if (at == 0)
		return name_new(names, ready);
	names->name[at].refs++;
	return at;
}

void names_release(NameIndex *names, uint32_t at)
{
	Name *name = &names->name[at];
	assert(at != 0 && at < names->name_end && name->text != 0);
	if (--name->refs > 0)
		return;
	uint32_t chars[DISTANCE_MAX], grams[DISTANCE_MAX];
	size_t bytes = names_piece(names, at)[0];
	size_t count = grams_of(names, chars, fold_read(names_text(names, at), bytes, chars), grams);
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

/* --- fetching ahead --- */

static void list_fetch(const NameIndex *names, uint32_t gram, int step)
{
	uint32_t at;
	switch (step) {
	case 0: chain_fetch_head(&names->by_gram, gram); break;
	case 1: chain_fetch_first(&names->by_gram, gram); break;
	default:
		at = chain_first(&names->by_gram, gram);
		if (at != 0)
			__builtin_prefetch(&names->list[at]);
	}
}

void names_fetch(const NameIndex *names, const NameReady *ready, int step)
{
	if (step == 0 && ready->bytes > 0)
		chain_fetch_head(&names->by_text, ready->hash);
	else if (step == 1 && ready->bytes > 0)
		chain_fetch_first(&names->by_text, ready->hash);
	for (size_t i = 0; i < ready->n_grams; i++)
		list_fetch(names, ready->grams[i], step);
}
