/* The duplicate index: records, their exact keys as keyed hashes, their names in a NameIndex; one read-write lock
 * around all. Every key of a record is a node; nodes of the same key form a ring whose first one stands in the hash
 * table, so that a phone typed into ten thousand leads costs no more than any other. Parsing and hashing happen outside
 * the lock. */
#include "match/index.h"

#include "base/random.h"
#include "match/company.h"
#include "match/email.h"
#include "match/match_int.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBJECTS 3
#define KINDS MATCH_KINDS
#define HITS_MAX 1024
#define KEY_TEXT_MAX 320
#define FETCH_AHEAD 4

typedef struct {
	Id id;
	uint32_t first_key;
	uint32_t name;
	uint8_t object;
	bool open;
} Record;

typedef struct {
	uint32_t record : 31;
	uint32_t first : 1; /* of its ring: it stands in the hash table */
	uint32_t check; /* the upper half of the hash; the table has the lower */
	uint32_t after, before; /* ring of the same key: open records first */
	uint32_t sibling; /* the next key of the record; the next free node */
} Key;

struct MatchIndex {
	pthread_rwlock_t *lock; /* apart, so that a const index can be read-locked */
	unsigned char secret[crypto_shorthash_KEYBYTES];
	Chain by_id, by_key;
	NameIndex *names;
	Record *record;
	Key *key;
	uint32_t record_cap, record_end, record_free;
	uint32_t key_cap, key_end, key_free;
};

/* What is looked for, worked out before the lock is taken. */
typedef struct {
	uint64_t hash[OBJECTS][KINDS]; /* 0: no such key */
	CompanyName company;
	NameReady name;
} Wanted;

static int lock_destroy(pthread_rwlock_t *lock)
{
	pthread_rwlock_destroy(lock);
	return 0;
}

static pthread_rwlock_t *lock_new(TALLOC_CTX *ctx)
{
	pthread_rwlockattr_t attributes;
	pthread_rwlock_t *lock = talloc(ctx, pthread_rwlock_t);
	if (lock == NULL)
		return NULL;
	pthread_rwlockattr_init(&attributes);
	/* Or a stream of searches would keep intake waiting. */
	pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(lock, &attributes);
	pthread_rwlockattr_destroy(&attributes);
	talloc_set_destructor(lock, lock_destroy);
	return lock;
}

MatchIndex *match_new(TALLOC_CTX *ctx)
{
	MatchIndex *index = talloc_zero(ctx, MatchIndex);
	if (index == NULL)
		return NULL;
	index->lock = lock_new(index);
	index->names = names_new(index, random_u64());
	if (index->lock == NULL || index->names == NULL) {
		talloc_free(index);
		return NULL;
	}
	random_bytes(index->secret, sizeof(index->secret));
	chain_init(index, &index->by_id);
	chain_init(index, &index->by_key);
	index->record_end = index->key_end = 1;
	return index;
}

/* --- hashes --- */

static uint64_t keyed_hash(const MatchIndex *index, uint8_t object, uint8_t kind, const void *bytes, size_t len)
{
	unsigned char text[KEY_TEXT_MAX + 2] = {object, kind};
	uint64_t hash;
	assert(sizeof(hash) == crypto_shorthash_BYTES);
	len = len > KEY_TEXT_MAX ? KEY_TEXT_MAX : len;
	memcpy(text + 2, bytes, len);
	crypto_shorthash((unsigned char *)&hash, text, len + 2, index->secret);
	return hash == 0 ? 1 : hash;
}

static uint32_t id_hash(const MatchIndex *index, MatchObject object, const Id *id)
{
	return (uint32_t)keyed_hash(index, (uint8_t)object, 0, id->byte, sizeof(id->byte));
}

/* Names that say "I would rather not tell". */
static bool is_placeholder(const char *core)
{
	static const char *const words[] = {"无", "暂无", "没有", "未知", "不详", "个人", "私人", "其他", "其它", "保密",
		"测试", "公司", "none", "na", "null", "test", "unknown", "private", "company", "xxx", "1", "11", "111", "123"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(words[i], core) == 0)
			return true;
	return false;
}

static const char *company_domain(const char *email)
{
	const char *at = email == NULL ? NULL : strrchr(email, '@');
	return at == NULL || at[1] == '\0' || email_domain_public(at + 1) ? NULL : at + 1;
}

/* Hashes the keys of one object. A name is a key too: it leads from a similar name to its records. */
static void keys_hash(
	const MatchIndex *index, uint8_t object, const MatchKeys *keys, const char *core, uint64_t hash[static KINDS])
{
	const char *texts[KINDS] = {keys->phone, keys->email, company_domain(keys->email), keys->code, core};
	for (unsigned kind = 0; kind < KINDS; kind++) {
		bool is_blank = texts[kind] == NULL || texts[kind][0] == '\0';
		hash[kind] = is_blank ? 0 : keyed_hash(index, object, (uint8_t)(1 << kind), texts[kind], strlen(texts[kind]));
	}
}

static void parse_name(const char *company, CompanyName *ret)
{
	company_parse(company, ret);
	if (is_placeholder(ret->core))
		ret->core[0] = '\0';
}

/* --- keys --- */

static uint32_t ring_first(const MatchIndex *index, uint64_t hash)
{
	uint32_t at = chain_first(&index->by_key, (uint32_t)hash);
	while (at != 0 && index->key[at].check != (uint32_t)(hash >> 32))
		at = chain_after(&index->by_key, at);
	return at;
}

static uint32_t key_number(MatchIndex *index)
{
	uint32_t at = index->key_free;
	if (at != 0) {
		index->key_free = index->key[at].sibling;
		return at;
	}
	at = index->key_end++;
	grow_array(index, (void **)&index->key, &index->key_cap, index->key_end, sizeof(Key));
	return at;
}

static void key_add(MatchIndex *index, uint32_t record, uint64_t hash)
{
	uint32_t first = ring_first(index, hash), at = key_number(index);
	Record *owner = &index->record[record];
	Key *key = &index->key[at];
	*key = (Key){
		.record = record, .check = (uint32_t)(hash >> 32), .after = at, .before = at, .sibling = owner->first_key};
	owner->first_key = at;
	key->first = first == 0 || owner->open;
	if (first == 0) {
		chain_add(index, &index->by_key, at, (uint32_t)hash);
		return;
	}
	/* Before the first is the end of the ring; an open record becomes the first itself. */
	key->after = first;
	key->before = index->key[first].before;
	index->key[key->before].after = at;
	index->key[first].before = at;
	if (key->first) {
		chain_replace(index, &index->by_key, first, at);
		index->key[first].first = false;
	}
}

static void key_remove(MatchIndex *index, uint32_t at)
{
	Key *key = &index->key[at];
	if (key->first && key->after == at) {
		chain_remove(&index->by_key, at);
	} else if (key->first) {
		chain_replace(index, &index->by_key, at, key->after);
		index->key[key->after].first = true;
	}
	index->key[key->before].after = key->after;
	index->key[key->after].before = key->before;
	key->sibling = index->key_free;
	index->key_free = at;
}

/* --- records --- */

static uint32_t record_find(const MatchIndex *index, MatchObject object, const Id *id, uint32_t hash)
{
	uint32_t at = chain_first(&index->by_id, hash);
	while (at != 0 && (index->record[at].object != object || !id_equal(index->record[at].id, *id)))
		at = chain_after(&index->by_id, at);
	return at;
}

static uint32_t record_number(MatchIndex *index)
{
	uint32_t at = index->record_free;
	if (at != 0) {
		index->record_free = index->record[at].first_key;
		return at;
	}
	at = index->record_end++;
	grow_array(index, (void **)&index->record, &index->record_cap, index->record_end, sizeof(Record));
	return at;
}

static void record_remove(MatchIndex *index, uint32_t at)
{
	Record *record = &index->record[at];
	for (uint32_t key = record->first_key, next; key != 0; key = next) {
		next = index->key[key].sibling;
		key_remove(index, key);
	}
	if (record->name != 0)
		names_release(index->names, record->name);
	chain_remove(&index->by_id, at);
	record->first_key = index->record_free;
	index->record_free = at;
}

void incoming_make(const MatchIndex *index, const MatchKeys *keys, Incoming *ret)
{
	assert(keys->object < OBJECTS);
	ret->object = keys->object;
	ret->id = keys->id;
	ret->open = keys->open;
	ret->by_id = id_hash(index, keys->object, &keys->id);
	parse_name(keys->company, &ret->company);
	names_ready(index->names, ret->company.core, &ret->name);
	keys_hash(index, (uint8_t)keys->object, keys, ret->company.core, ret->hash);
}

static void incoming_put(MatchIndex *index, const Incoming *in)
{
	uint32_t old = record_find(index, in->object, &in->id, in->by_id);
	/* The new name is held first: the usual change leaves the name alone. */
	uint32_t name = names_hold(index->names, &in->name);
	if (old != 0)
		record_remove(index, old);
	uint32_t at = record_number(index);
	index->record[at] = (Record){.id = in->id, .name = name, .object = (uint8_t)in->object, .open = in->open};
	chain_add(index, &index->by_id, at, in->by_id);
	for (int kind = 0; kind < KINDS; kind++)
		if (in->hash[kind] != 0)
			key_add(index, at, in->hash[kind]);
}

void match_put(MatchIndex *index, const MatchKeys *keys)
{
	Incoming in;
	incoming_make(index, keys, &in);
	pthread_rwlock_wrlock(index->lock);
	incoming_put(index, &in);
	pthread_rwlock_unlock(index->lock);
}

static void incoming_fetch(const MatchIndex *index, const Incoming *in, int step)
{
	names_fetch(index->names, &in->name, step);
	for (int kind = 0; kind < KINDS; kind++) {
		if (in->hash[kind] != 0 && step == 0)
			chain_fetch_head(&index->by_key, (uint32_t)in->hash[kind]);
		else if (in->hash[kind] != 0 && step == 1)
			chain_fetch_first(&index->by_key, (uint32_t)in->hash[kind]);
	}
	if (step == 0)
		chain_fetch_head(&index->by_id, in->by_id);
	else if (step == 1)
		chain_fetch_first(&index->by_id, in->by_id);
}

/* Nearly all time of a put goes into waiting for memory; here the waits of records that follow each other overlap. */
void incoming_put_all(MatchIndex *index, const Incoming *in, int count)
{
	pthread_rwlock_wrlock(index->lock);
	for (int i = 0; i < count + NAME_FETCH_STEPS * FETCH_AHEAD; i++) {
		for (int step = 0; step < NAME_FETCH_STEPS; step++) {
			int at = i - step * FETCH_AHEAD;
			if (at >= 0 && at < count)
				incoming_fetch(index, &in[at], step);
		}
		if (i >= NAME_FETCH_STEPS * FETCH_AHEAD)
			incoming_put(index, &in[i - NAME_FETCH_STEPS * FETCH_AHEAD]);
	}
	pthread_rwlock_unlock(index->lock);
}

void match_remove(MatchIndex *index, MatchObject object, Id id)
{
	assert(object < OBJECTS);
	uint32_t hash = id_hash(index, object, &id);
	pthread_rwlock_wrlock(index->lock);
	uint32_t at = record_find(index, object, &id, hash);
	if (at != 0)
		record_remove(index, at);
	pthread_rwlock_unlock(index->lock);
}

/* --- search --- */

typedef struct {
	const MatchIndex *index;
	const MatchKeys *keys;
	const Wanted *wanted;
	MatchHit *hits;
	uint32_t *records;
	int count;
} Found;

static const int weights[KINDS] = {60, 60, 30, 80, 0};

static bool is_self(const Record *record, const MatchKeys *keys)
{
	return record->object == keys->object && id_equal(record->id, keys->id) && !id_is_nil(keys->id);
}

static void hit_put(Found *f, uint32_t at, unsigned kind, double similarity)
{
	const Record *record = &f->index->record[at];
	int i = 0;
	while (i < f->count && f->records[i] != at)
		i++;
	if (i == HITS_MAX || is_self(record, f->keys))
		return;
	if (i == f->count) {
		f->hits[i] = (MatchHit){.object = (MatchObject)record->object, .id = record->id, .open = record->open};
		f->records[f->count++] = at;
	}
	f->hits[i].kinds |= kind;
	if (similarity > f->hits[i].similarity)
		f->hits[i].similarity = similarity;
}

static void ring_put(Found *f, uint64_t hash, unsigned kind, double similarity)
{
	uint32_t first = hash == 0 ? 0 : ring_first(f->index, hash), at = first;
	for (int i = 0; first != 0 && i < MATCH_SAME_KEY_MAX && (i == 0 || at != first); i++) {
		hit_put(f, f->index->key[at].record, kind, similarity);
		at = f->index->key[at].after;
	}
}

/* The name of a record found by another key, so that its similarity counts even where its namesakes are too many to
 * list. */
static void hits_compare(Found *f)
{
	for (int i = 0; i < f->count; i++) {
		CompanyName other;
		uint32_t name = f->index->record[f->records[i]].name;
		if (name == 0)
			continue;
		snprintf(other.core, sizeof(other.core), "%s", names_text(f->index->names, name));
		double similarity = company_similarity(&f->wanted->company, &other);
		/* A hair of room: 1 - 3/20 may fall below 0.85 in binary. */
		if (similarity + 1e-9 >= MATCH_SIMILARITY_MIN) {
			f->hits[i].kinds |= MATCH_NAME;
			f->hits[i].similarity = similarity;
		}
	}
}

/* Each name leads to its records of each object. First the hashes of all, so that the waits for memory overlap. */
static void names_put(Found *f)
{
	NameHit near[NAME_HITS_MAX];
	uint64_t hash[NAME_HITS_MAX * OBJECTS];
	int count = names_find(f->index->names, &f->wanted->name, near);
	for (int i = 0; i < count * OBJECTS; i++) {
		const char *core = names_text(f->index->names, near[i / OBJECTS].name);
		hash[i] = keyed_hash(f->index, (uint8_t)(i % OBJECTS), MATCH_NAME, core, strlen(core));
		chain_fetch_head(&f->index->by_key, (uint32_t)hash[i]);
	}
	for (int i = 0; i < count * OBJECTS; i++)
		chain_fetch_first(&f->index->by_key, (uint32_t)hash[i]);
	for (int i = 0; i < count * OBJECTS; i++) {
		const NameHit *name = &near[i / OBJECTS];
		ring_put(f, hash[i], MATCH_NAME, 1.0 - (double)name->distance / (double)name->longer);
	}
}

static void weigh(MatchHit *hit)
{
	for (int kind = 0; kind < KINDS; kind++)
		if (hit->kinds & (1U << kind))
			hit->weight += weights[kind];
	hit->weight += (int)(40 * hit->similarity + 0.5);
}

static int compare_hits(const void *a, const void *b)
{
	const MatchHit *x = a, *y = b;
	if (x->weight != y->weight)
		return y->weight - x->weight;
	if (x->open != y->open)
		return y->open - x->open;
	return id_compare(y->id, x->id);
}

/* Exact keys first: among too many hits they are the ones that must not be missing. */
static void search(Found *f, bool names)
{
	for (unsigned kind = 0; kind < KINDS - 1; kind++)
		for (unsigned object = 0; object < OBJECTS; object++)
			ring_put(f, f->wanted->hash[object][kind], 1U << kind, 0);
	if (names && f->wanted->company.core[0] != '\0') {
		hits_compare(f);
		names_put(f);
	}
}

int match_find(const MatchIndex *index, const MatchKeys *keys, bool names, MatchHit *out, int max)
{
	Wanted wanted;
	wanted.company.core[0] = '\0';
	MatchHit hits[HITS_MAX];
	uint32_t records[HITS_MAX];
	Found f = {index, keys, &wanted, hits, records, 0};
	if (names)
		parse_name(keys->company, &wanted.company);
	names_ready(index->names, wanted.company.core, &wanted.name);
	for (unsigned object = 0; object < OBJECTS; object++)
		keys_hash(index, (uint8_t)object, keys, NULL, wanted.hash[object]);

	pthread_rwlock_rdlock(index->lock);
	search(&f, names);
	pthread_rwlock_unlock(index->lock);

	for (int i = 0; i < f.count; i++)
		weigh(&hits[i]);
	qsort(hits, (size_t)f.count, sizeof(*hits), compare_hits);
	int count = f.count < max ? f.count : max;
	if (count <= 0)
		return 0;
	memcpy(out, hits, (size_t)count * sizeof(*hits));
	return count;
}

size_t match_size(const MatchIndex *index)
{
	pthread_rwlock_rdlock(index->lock);
	size_t size = index->by_id.count;
	pthread_rwlock_unlock(index->lock);
	return size;
}

size_t match_memory(const MatchIndex *index)
{
	pthread_rwlock_rdlock(index->lock);
	size_t bytes = talloc_total_size(index);
	pthread_rwlock_unlock(index->lock);
	return bytes;
}
