/* Random bytes from the system. */
#pragma once

#include "base/base.h"

void random_bytes(void *out, size_t len);
uint64_t random_u64(void);
/* A new secret of 32 random bytes, base64url, 43 characters and the terminator. */
void random_token(char out[static 44]);
