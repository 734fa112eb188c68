/* What to do when the house cannot be opened: the reason as a lower floor told it, and the next step, in the language
 * of the command line. */
#pragma once

#include "api/server.h"
#include "app/options.h"

/* Both formats take the same arguments; the sentence in the chosen language. */
char *advice_refusal(TALLOC_CTX *ctx, const Options *options, const char *en, const char *zh, ...);
/* A cause of the operating system (errno) in the chosen language. */
const char *advice_cause(const Options *options, int err);
/* The database cannot be opened or read, for the reason in `why` (NULL: nobody told). */
char *advice_database(TALLOC_CTX *ctx, const Options *options, const char *why);
/* The house is open, but nobody can come in. */
char *advice_closed(TALLOC_CTX *ctx, const Options *options, const ApiFault *fault);
