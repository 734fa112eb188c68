/* Secrets of anything that has an id, sealed at rest (base/keyring.h) in one table, so that one rotation reaches all
 * of them. They are given to whoever has to use them inside the house and never to an answer. */
#pragma once

#include "call/call.h"

extern const char *const secret_migrations[];

/* Keeps, or with NULL removes, the secret of the subject. */
NODISCARD int secret_set(Call *c, Id subject, const char *text);
/* *ret in c's memory, NULL when there is none. ERR_INTERNAL "secret_unreadable" when its key is gone. */
NODISCARD int secret_get(Call *c, Id subject, const char **ret);
/* Seals everything anew with a new key and forgets the old ones; what was cut off is carried on. *ret_n: how many. */
NODISCARD bool secrets_rotate(House *house, int64_t *ret_n, char **ret_error);
