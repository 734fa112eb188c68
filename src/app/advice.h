/* What to do when the house cannot be opened: the reason as a lower floor told it, and the next step, in the language
 * of the command line. */
#pragma once

#include "app/options.h"

/* Both formats take the same arguments; the sentence in the chosen language. */
char *advice_refusal(TALLOC_CTX *ctx, const Options *options, const char *en, const char *zh, ...);
/* The database cannot be opened or read, for the reason in `why` (NULL: nobody told). */
char *advice_database(TALLOC_CTX *ctx, const Options *options, const char *why);
