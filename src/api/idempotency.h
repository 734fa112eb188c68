/* Idempotency-Key on POST: the first answer of a key is kept for 24 hours, in the transaction of what it did, and given
 * again. */
#pragma once

#include "call/call.h"

extern const char *const idempotency_migrations[];

/* A key as one caller used it on one path with one body. */
typedef struct {
	char name[65];        /* hash of caller, path and key */
	char fingerprint[65]; /* hash of the body */
} IdempotencyKey;

void idempotency_key(const Call *c, const char *path, const char *key, const char *body, size_t len,
                     IdempotencyKey *ret);
/* 0 with *ret_fresh: the key is this call's now, and whoever brings it meanwhile waits for the end of the transaction.
 * 0 without: the call holds the first answer. ERR_CONFLICT: used with another body. */
NODISCARD int idempotency_take(Call *c, const IdempotencyKey *key, bool *ret_fresh);
/* Keeps the call's answer under the key it took. */
NODISCARD int idempotency_keep(Call *c, const IdempotencyKey *key);
