/* Why a receipt was not taken in, in words. The log keeps a stable word and what it is about; the sentence is made in
 * the language of whoever reads it. */
#pragma once

#include "call/call.h"

#define REASON_ARGUMENT_MAX 60 /* bytes kept of what a reason is about */

/* The beginning of a text that a reason is about; never half a character. NULL for NULL. */
const char *reason_argument(TALLOC_CTX *ctx, const char *text);
/* The sentence, on ctx. A reason from elsewhere in the house has none of its own: then the argument, perhaps NULL. */
const char *reason_text(TALLOC_CTX *ctx, const char *reason, const char *argument, Lang lang);
