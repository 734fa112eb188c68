/* What the files of this folder share; no other folder includes this. */
#pragma once

#include "record/access.h"
#include "record/phase.h"
#include "record/record.h"

#include <pthread.h>

#define RECORD_JSON_MAX (1024 * 1024)    /* bytes of a json field */
#define RECORD_DIFF_MAX (4 * 1024 * 1024) /* bytes of one history row */
#define RECORD_SQL_MAX (64 * 1024)       /* bytes of a statement kept in a plan */
#define RECORD_SORT_MAX 4                /* sort keys of a query, id not counted */
#define RECORD_SEARCH_MAX 100            /* characters of a search */
#define RECORD_UNDO_MAX 20000            /* history rows of a change that can be undone at once */
#define RECORD_CONFLICTS_MAX 10          /* changes in the way that are named */
#define RECORD_COUNT_MAX 10000           /* the count endpoint counts up to this */
#define RECORD_PARENTS_MAX 4             /* "parent:" scopes in a row */
#define RECORD_TEAM_DEPTH 16             /* levels of sub-teams */
#define RECORD_SECRET_SIZE 16

/* --- plan: what is derived once from an object --- */

typedef struct Plan {
	const ObjectDef *object;
	int64_t catalogue; /* version it was made for */
	const char *columns; /* t."id", t."version", ... */
	const char *load;    /* SELECT ... WHERE id = $1 */
	const char *insert;  /* all columns, $1 ... */
	ValueType *types;
	uint8_t *scales;
	int owner, team, pool;  /* fields, or -1 */
	int parent;             /* scope "parent:field": that field, or -1 */
	bool narrowed;          /* scope "owner": the row rule applies */
	bool is_person;         /* sessions must hear of a write */
	struct Plan *next;
} Plan;

/* The plan of the object, made at first need, kept with the house. */
const Plan *plan_of(Call *c, const ObjectDef *object);

/* --- phases hold what record/ keeps for a house --- */

typedef struct Hook {
	const char *object;
	PhaseHook fn;
	void *arg;
} Hook;

struct Phases {
	Hook *hooks[PHASE_COUNT];
	int n[PHASE_COUNT];
	pthread_mutex_t lock; /* plans */
	Plan *plans;
	uint8_t secret[RECORD_SECRET_SIZE]; /* of cursors */
};

/* --- values --- */

/* A record for reading a row into: no defaults. */
Record *record_blank(TALLOC_CTX *ctx, const ObjectDef *object);
Record *record_from_row(TALLOC_CTX *ctx, const Plan *plan, const Rows *rows);
void record_set_at(Record *r, int index, Value value);
bool record_touched_at(const Record *r, int index);
/* The row stands as the record has it: nothing is touched any more. */
void record_settle(Record *r);
Id record_ref_at(const Record *r, int index); /* index -1: nil */

/* Loads without failing the call: 0, ERR_NOT_FOUND or what the store says. */
NODISCARD int record_find(Call *c, TALLOC_CTX *ctx, const ObjectDef *object, Id id, Record **ret);
int refuse_not_found(Call *c, const ObjectDef *object);

/* Reads a value as it came (JSON of an API, or a value of a history row): text, number ... by the field's type.
 * NULL: it is not acceptable and a fault was added. */
bool value_from_json(Call *c, TALLOC_CTX *ctx, const FieldDef *field, const json_t *json, Value *ret);
/* The JSON that json_put_value wrote, read back exactly. False: it is not of that type. */
bool value_from_history(TALLOC_CTX *ctx, const FieldDef *field, const json_t *json, Value *ret);
/* "-12.50" with at most scale digits after the point (more only if zeros). */
bool decimal_parse(const char *text, int scale, int64_t *ret);
/* As the API shows it: times as text, JSON as JSON. */
void value_write(const FieldDef *field, const Value *value, JsonOut *out);

/* --- writing --- */

/* One history row of what differs between before (NULL: nothing) and after. */
NODISCARD int history_add(Call *c, const Record *r, const Value *before, const char *kind);
/* The event "record.<kind>" of a write. */
NODISCARD int event_of_write(Call *c, const Plan *plan, const Record *r, const Value *before, const char *kind);

/* Writes a record whose fields were set back, deleted_at among them: as the house, without the row check. */
NODISCARD int record_write_back(Call *c, Record *r);

/* --- cursor --- */

typedef struct {
	const FieldDef *field;
	bool descending;
} SortKey;

typedef struct {
	SortKey keys[RECORD_SORT_MAX + 1]; /* id last */
	int n;
	bool by_owner;                     /* few rows, found by their owner: let no index be taken for the order alone */
	bool in_index;                     /* an index that has the order may be walked */
} Sort;

const char *cursor_write(Call *c, const ObjectDef *object, const Sort *sort, const Record *last);
/* False: not made by this house for this object and order. Texts live in c. */
bool cursor_read(Call *c, const ObjectDef *object, const Sort *sort, const char *text, Value *ret_values);

/* Whether the caller's rows are found by the owner column, hence few. */
NODISCARD int access_finds_few(Call *c, const ObjectDef *object, bool *ret);
/* True if they are, and no index has them in order of the field first. */
bool access_sorts_own_rows(Call *c, const ObjectDef *object, const char *first);

/* True if walking an index in order of the field first finds rows of the caller at once: all rows are the caller's, or
 * an index has the caller's own in that order. */
bool access_walks_index(Call *c, const ObjectDef *object, const char *first);

/* --- lists --- */

/* record_query as the JSON {"items": [...], "next": ...}, without making records; *ret_next as in RecordPage. */
NODISCARD int record_query_write(Call *c, const RecordQuery *q, JsonOut *out, const char **ret_next);
/* The statement record_query runs, for tests of how the engines go about it. */
NODISCARD int record_query_sql(Call *c, const RecordQuery *q, Sql **ret);

/* --- endpoints --- */

int api_history(Call *c);
int api_undo(Call *c);
int api_batch(Call *c);
/* The object of the path, the right to read it checked. */
NODISCARD int api_object(Call *c, const ObjectDef **ret);
/* The record of the path as the caller may see it; deleted: look in the bin too. */
NODISCARD int api_record(Call *c, bool deleted, Record **ret);
