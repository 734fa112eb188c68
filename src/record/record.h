/* Records: create, read, update, delete and query any object. Every write goes normalise, validate, authorise, before,
 * write, after - in the Call's transaction - and leaves history rows and an event row. Every query carries the caller's
 * row filter: there is no other road to the tables for what a person asked. */
#pragma once

#include "expr/expr.h"
#include "meta/meta.h"

typedef struct Record {
	const ObjectDef *object;
	Value *values;     /* one per field, in the object's order; read them, but write by record_set */
	uint64_t *touched; /* bit per field: set since loading */
	/* the values as they were stored, kept at the first record_set; NULL: nothing set, or a new record */
	Value *before;
	bool stored;       /* it is a row already */
} Record;

/* An empty record (all NULL, defaults applied) in ctx. It borrows from the catalogue that object belongs to, so it
 * lives no longer than the Call that holds it. */
Record *record_new(TALLOC_CTX *ctx, const ObjectDef *object);
Id record_id(const Record *r);
const Value *record_get(const Record *r, const char *field);
const char *record_text(const Record *r, const char *field);  /* NULL if blank */
int64_t record_int(const Record *r, const char *field);       /* 0 if blank; times too */
Id record_ref(const Record *r, const char *field);
/* Sets and marks as touched; the text is copied into the record. The field must exist, and the value be of the
 * field's type, scale included, or NULL (assert). */
void record_set(Record *r, const char *field, Value value);
void record_set_text(Record *r, const char *field, const char *text);
void record_set_int(Record *r, const char *field, int64_t i);
void record_set_time(Record *r, const char *field, int64_t ms);
void record_set_ref(Record *r, const char *field, Id id);
/* The value differs from what is stored (new records: it is not NULL). False for all fields once the row is
 * written: hooks of PHASE_AFTER ask phase_changed. */
bool record_changed(const Record *r, const char *field);

/* Flags of the writing functions. */
enum {
	/* the house itself writes: neither right nor row is checked, read-only fields and created_at may be set */
	RECORD_AS_HOUSE = 1,
	RECORD_QUIET = 2,      /* no event row (the caller writes a more telling one) */
	/* a new row is sent without waiting (db_send): that it is there already comes out later, and spoils the
	 * transaction */
	RECORD_UNHEARD = 4,
};

/* Fields given by an outsider (a JSON object) put on the record, each validated by its type and then normalised by
 * the hooks of PHASE_NORMALISE (phone to E.164 ...); every fault is added to the call. Read-only and unknown fields
 * are faults; a new record may bring its own "id". Texts are trimmed, an empty one is NULL. A reference must be to
 * a record the caller may see. */
NODISCARD int record_apply_json(Call *c, Record *r, const json_t *fields);
/* Inserts; id is made unless set, created_at is now unless the house set it. A person who creates without saying
 * whose it is becomes the owner (unless owner is read-only). On failure the record must not be used further. */
NODISCARD int record_create(Call *c, Record *r, int flags);
/* Loads by id, not in the bin, if the caller may see it; else ERR_NOT_FOUND. */
NODISCARD int record_load(Call *c, const char *object, Id id, Record **ret);
/* The same without row rule and with deleted ones: for the house. */
NODISCARD int record_load_any(Call *c, const char *object, Id id, Record **ret);
/* Writes the fields that differ from what is stored; c->if_match is honoured (ERR_STALE) unless the house writes.
 * Nothing differs: nothing happens. Of two Records of one row, the one written second is refused (ERR_CONFLICT
 * "changed_meanwhile"): load once and pass it on. */
NODISCARD int record_update(Call *c, Record *r, int flags);
/* The time, in ms, of what is written about a record now: the Call's, but no earlier than that of the version before.
 * A Call that waited for another one's transaction began before it. */
int64_t record_now(const Call *c, const Record *r);
/* Into the bin, and out again. */
NODISCARD int record_delete(Call *c, Record *r, int flags);
NODISCARD int record_restore(Call *c, Record *r, int flags);

typedef struct {
	const char *object;
	const char *filter;   /* formula text, or NULL */
	const char *sort;     /* "-created_at,name"; NULL: "-created_at". id is appended; keyset paging */
	const char *search;   /* substring of the searchable fields, or NULL */
	const char *after;    /* cursor from the last page, or NULL */
	int limit;            /* 0: LIMIT_PAGE_DEFAULT */
	bool bin;             /* only deleted ones */
	bool as_house;        /* no row rule */
} RecordQuery;

typedef struct {
	Record **items;
	int n;
	const char *next;     /* cursor, or NULL at the end */
} RecordPage;

NODISCARD int record_query(Call *c, const RecordQuery *query, RecordPage *ret);
/* Counts up to max. */
NODISCARD int record_count(Call *c, const RecordQuery *query, int64_t max, int64_t *ret);
/* The record as a JSON object: ids and decimals as strings, times as RFC 3339 UTC text with milliseconds, hidden
 * fields left out. */
void record_write(const Record *r, JsonOut *out);

/* Undo of a whole change: the inverse of each of its rows, newest first. ERR_CONFLICT with the names of later
 * changes that stand in the way. */
NODISCARD int record_undo(Call *c, Id change);

/* An event row in this transaction; data is a JSON object text. It reaches the live hub and the consumers after commit.
 * owner, before, team, pool: who is concerned, for the rights of live listeners (nil: nobody). */
typedef struct {
	const char *kind;   /* "lead.assigned", "record.updated" ... */
	const char *object;
	Id record;
	Id owner, before, team, pool;
	const char *data;
} EventRow;
NODISCARD int record_event(Call *c, const EventRow *event);
/* About n events will follow in this transaction: spares PostgreSQL a round trip for each. */
NODISCARD int record_events_expect(Call *c, size_t n);
/* The change of this call, made on first use. Whoever writes inside tx_nested calls this first, outside, so that an
 * undone inner part does not take the change with it. */
NODISCARD int record_change(Call *c, Id *ret);

/* people_version as it is now: raised by every write to an object that bumps people. */
NODISCARD int people_version(Call *c, int64_t *ret);

extern const char *const record_migrations[]; /* change, history, event, people_version */
/* /records/:object ..., /records/:object/batch, /records/:object/:id/history, /changes/:id/undo */
extern const struct Module record_module;
