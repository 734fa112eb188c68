/* The catalogue: which objects there are and which fields they have. An immutable snapshot, swapped whole; a Call keeps
 * the one it began with. Objects come from packs (packs/<pack>/objects.json, embedded) and from the table meta_field
 * (custom fields). One real table per object with typed columns. */
#pragma once

#include "base/embed.h"
#include "base/value.h"
#include "call/call.h"

typedef enum {
	FIELD_TEXT,
	FIELD_LONG_TEXT,
	FIELD_PHONE,   /* E.164 text */
	FIELD_EMAIL,   /* lower-case text */
	FIELD_INT,
	FIELD_DECIMAL, /* scaled int64, scale in the field */
	FIELD_MONEY,   /* scale 4 */
	FIELD_BOOL,
	FIELD_TIME,    /* ms UTC */
	FIELD_DATE,    /* "2026-11-23" text */
	FIELD_CHOICE,  /* text, one of choices */
	FIELD_REF,     /* id of a record of ref */
	FIELD_JSON,    /* JSON text: settings of territories, mappings, extra */
} FieldType;

typedef struct {
	const char *value, *zh, *en;
} Choice;

typedef struct FieldDef {
	const char *name;       /* API name and column name: [a-z][a-z0-9_]* */
	const char *zh, *en;    /* labels */
	FieldType type;
	const char *ref;        /* FIELD_REF: object */
	const Choice *choices;  /* FIELD_CHOICE */
	int n_choices;
	int scale;              /* FIELD_DECIMAL */
	int max;                /* characters; 0: LIMIT_TEXT_FIELD */
	bool required;
	bool read_only;         /* only the house itself writes it (status, owner, first_touch_at ...) */
	bool hidden;            /* never leaves the house (internal) */
	bool unique;
	bool searchable;        /* takes part in the search box */
	bool custom;            /* added by an administrator, not by a pack */
	const char *default_text; /* as JSON text, or NULL */
	int index;              /* place in ObjectDef.fields and Record.values */
} FieldDef;

typedef struct ObjectDef {
	const char *name, *table;
	const char *zh, *en, *zh_plural, *en_plural;
	const char *title;       /* field shown as the record's name */
	const FieldDef *fields;  /* the first ones are the same for all: see FIELD_AT_* */
	int n_fields;
	const uint16_t *by_name; /* META_SLOTS places by the hash of a name: index and one, 0: free; for meta_field */
	const char *const *indexes; /* "owner,status": comma lists of columns, NULL-terminated */
	/* Likewise, of the rows alone whose first column is filled: for what few rows have, and nobody asks for blanks. */
	const char *const *sparse_indexes;
	const char *read_right, *write_right; /* rights of call/gate.h */
	const char *scope;       /* row rule: "all", "owner" (owner, team, pools), "parent:lead" (as the record that the
	                          * field lead refers to) */
	bool keeps_history;
	bool bumps_people;       /* a write changes who may get leads: people_version is raised in the same transaction */
} ObjectDef;

/* Every object begins with these fields. */
enum {
	FIELD_AT_ID,         /* id */
	FIELD_AT_VERSION,    /* version: 1, 2, ... */
	FIELD_AT_CREATED_AT, /* created_at */
	FIELD_AT_CREATED_BY, /* created_by: user or NULL (the house) */
	FIELD_AT_UPDATED_AT, /* updated_at */
	FIELD_AT_DELETED_AT, /* deleted_at: in the bin since, or NULL */
	FIELD_AT_OWN,        /* first field of the object itself */
};

typedef struct Catalogue {
	const ObjectDef *objects;
	int n_objects;
	int64_t version;
	_Atomic int references;
} Catalogue;

/* Fields of one object at most, custom ones included. */
#define META_FIELDS_MAX 300
#define META_SLOTS 1024

typedef struct Meta Meta;

/* Reads the embedded packs and the custom fields, makes tables, columns and indexes that are missing (and applies
 * meta_migrations first). NULL and a sentence in *ret_error (on ctx) when a pack is wrong or the database refuses.
 * Freed with ctx, after the last Call that used it. */
Meta *meta_open(TALLOC_CTX *ctx, struct Store *store, char **ret_error);
/* The same with other packs; a list that ends with {0}. For tests. */
Meta *meta_open_packs(TALLOC_CTX *ctx, struct Store *store, const EmbeddedFile *packs, char **ret_error);
/* Only the catalogue of these packs, without a database; given back with meta_release. */
const Catalogue *meta_read_packs(TALLOC_CTX *ctx, const EmbeddedFile *packs, char **ret_error);
/* The packs inside the binary. */
const EmbeddedFile *meta_embedded_packs(void);
const Catalogue *meta_acquire(Meta *meta);
void meta_release(const Catalogue *catalogue);

/* NULL when unknown. */
const ObjectDef *meta_object(const Catalogue *catalogue, const char *name);
const FieldDef *meta_field(const ObjectDef *object, const char *name);
/* The catalogue of the house in force, acquired once per Call and released with it. */
const Catalogue *meta_of(Call *c);
const ObjectDef *meta_object_of(Call *c, const char *name);
/* Takes in the custom fields that other processes added meanwhile: for who follows them. */
NODISCARD int meta_follow(Call *c);
/* How a value of the field is held; decimals with meta_scale(). */
ValueType meta_value_type(const FieldDef *field);
/* Digits after the point of a decimal or money field, else 0. */
uint8_t meta_scale(const FieldDef *field);
/* "text", "long_text" ... as in packs and on the wire. */
const char *meta_type_name(FieldType type);

extern const char *const meta_migrations[];
extern const struct Module meta_module; /* GET /objects, GET /objects/:object, POST /objects/:object/fields */
