/* Idempotency-Key on what changes something: the first answer of a key is kept for 24 hours and given again. A
 * CALL_WRITE takes the key and keeps the answer in the transaction of what it does; a CALL_WORKER takes it before and
 * keeps the answer after. */
#pragma once

#include "call/call.h"

extern const char *const idempotency_migrations[];

/* A key as one caller used it on one target with one body. */
typedef struct {
	char name[65];        /* hash of caller, target and key */
	char fingerprint[65]; /* hash of the body */
} IdempotencyKey;

void idempotency_key(const Call *c, const char *target, const char *key, const char *body, size_t len,
                     IdempotencyKey *ret);
/* 0 with *ret_fresh: the key is this call's now, and whoever brings it meanwhile waits for the end of the transaction.
 * 0 without: the call holds the first answer. ERR_CONFLICT: used with another body; or there is no first answer to
 * give, because it is under way or held a secret. */
NODISCARD int idempotency_take(Call *c, const IdempotencyKey *key, bool *ret_fresh);
/* Keeps the call's answer under the key it took; of one with a secret only that there was one. */
NODISCARD int idempotency_keep(Call *c, const IdempotencyKey *key);
/* Gives the key up: nothing was done with it. */
NODISCARD int idempotency_drop(Call *c, const IdempotencyKey *key);
