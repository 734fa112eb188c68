/* The sources that may deliver, by their key: an immutable snapshot in memory, so that a burst asks the database
 * nothing. */
#pragma once

#include "call/call.h"

typedef struct Inlet {
	Id id;
	const char *name, *key;
	bool enabled;
	int weight;
	int rate_minute, rate_hour;
	const json_t *mapping; /* object, or NULL */
	/* object: how a partner's pushes are verified, {"kind","receiver","token","key"}; or NULL */
	const json_t *callback;
	bool secret_lost;       /* token and key are there, but their key file is not */
	const json_t *origins; /* array of origins that browsers may send from; "*" is any; NULL: our own pages only */
	Id pool;
} Inlet;

typedef struct Sources Sources; /* one snapshot */
typedef struct SourceBook SourceBook;

SourceBook *source_book_new(TALLOC_CTX *ctx, House *house);
/* The snapshot in force, to be released. */
const Sources *source_book_acquire(SourceBook *book);
void source_release(const Sources *sources);
/* NULL when the snapshot knows no such key / id. */
const Inlet *source_by_key(const Sources *sources, const char *key);
const Inlet *source_by_id(const Sources *sources, Id id);
/* The oldest one that is switched on, or NULL. */
const Inlet *source_first(const Sources *sources);
/* A job for store_read: makes a new snapshot, with the secrets of callbacks opened (call/secret.h, by the source's
 * id). */
int source_book_load(Tx *tx, void *book);
