/* Shared inside meta/: reading packs, building a catalogue, bringing tables up to it. */
#pragma once

#include "meta/meta.h"

/* Why a definition is refused, in both languages; member is the JSON member at fault. */
typedef struct MetaFault {
	TALLOC_CTX *ctx;
	const char *member, *code;
	char *en, *zh;
} MetaFault;

/* Keeps the first fault; returns false. en and zh are printf formats with the same arguments. */
bool meta_refuse(MetaFault *fault, const char *member, const char *code, const char *en, const char *zh, ...);

/* A row of the table meta_field. */
typedef struct CustomField {
	const char *object;
	const char *definition; /* JSON object as in a pack */
} CustomField;

/* One field definition, texts copied into ctx; strict: an unknown member is a fault. References are checked later. */
NODISCARD bool field_read(TALLOC_CTX *ctx, const json_t *definition, FieldDef *ret, MetaFault *fault);
/* [a-z][a-z0-9_]{0,62}, and no text longer than a column name may be. */
bool field_name_valid(const char *name);
/* The fields every object begins with, as an array of FIELD_AT_OWN. */
const FieldDef *field_common(void);
/* Puts a field that has its index into the table by which meta_field finds it. */
void field_enter(const FieldDef *field, uint16_t by_name[static META_SLOTS]);
/* The definition as JSON for the browser. */
void field_write(const FieldDef *field, JsonOut *out);

/* A new catalogue with one reference, in its own talloc tree; NULL and *ret_error on ctx when something is wrong. */
Catalogue *pack_build(TALLOC_CTX *ctx, const EmbeddedFile *packs, const CustomField *custom, int n_custom,
	char **ret_error);

/* Makes what is missing: tables, columns, indexes. Never drops anything. */
NODISCARD int schema_apply(Tx *tx, const Catalogue *catalogue);
/* The same for one object. */
NODISCARD int schema_apply_object(Tx *tx, const ObjectDef *object);

/* Reads the custom fields in tx and builds the catalogue that includes them. */
NODISCARD int meta_rebuild(Meta *meta, Tx *tx, TALLOC_CTX *ctx, Catalogue **ret, char **ret_error);
/* Puts catalogue in force unless a newer one is; takes over the caller's reference. */
void meta_swap(Meta *meta, Catalogue *catalogue);
