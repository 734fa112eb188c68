/* What the intake and health say of sources that the house asks itself. */
#pragma once

#include "call/call.h"

/* A partner told that there is something to fetch: durable with the transaction, fetched after it. account and token:
 * whose messages (微信客服), with what right; or NULL. */
NODISCARD int pull_wanted(Call *c, Id source, const char *account, const char *token);
