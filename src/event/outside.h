/* What of the outside a house depends on. Rooms that speak to partners, or hear from them, say here which those are;
 * modules/service watches over them and tells the room when one is not to be relied upon. */
#pragma once

#include "call/call.h"

#define OUTSIDE_KINDS_MAX 8

/* One partner as its own room knows it. Texts live in the memory of the Call. */
typedef struct {
	Id id;
	const char *name, *type;
	const char *url;           /* scheme, host and port, nothing secret; NULL: there is nothing to knock at */
	const char *allowed_host;  /* may be private and plain; NULL: none */
	const char *state;         /* "up", "down", "unknown", "off": what the room found out by itself */
	const char *code, *detail; /* why it is down, or NULL */
	const char *said_zh, *said_en; /* the same in words */
	int64_t people, alone;     /* who are reached by it, and those of them by nothing else */
	const char *outage;        /* as it was told last; NULL: none */
} OutsideItem;

typedef struct OutsideKind {
	const char *kind;          /* "channel", "source" */
	bool by_itself;            /* listed without an administrator asking for it */
	NODISCARD int (*list)(Call *c, OutsideItem **ret, size_t *ret_n);
	/* In a writing transaction. why: "down", "expired"; NULL: it may be relied upon again. NULL: nothing to do. */
	int (*tell)(Call *c, Id id, const char *why);
	/* The sentence of a code that one of this type kept; NULL for none. NULL: codes of the house only. */
	const char *(*said)(TALLOC_CTX *ctx, const char *type, const char *code, Lang lang);
} OutsideKind;

/* At start. */
void outside_add(House *house, const OutsideKind *kind);
/* NULL-terminated. */
const OutsideKind *const *outside_kinds(const House *house);
const OutsideKind *outside_kind(const House *house, const char *name); /* NULL: there is none */
/* The address without path, query and fragment; NULL when there is none in it. */
const char *outside_origin(TALLOC_CTX *ctx, const char *url);
