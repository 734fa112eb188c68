/* A mail as the object an enquiry is read from: labelled fields of its text ("电话：138...", "Name: Li Lei", cells of a
 * table) under their names, what the sender says of himself where the text says nothing, and what else it is. Pure. */
#pragma once

#include "base/json.h"

#define LETTER_TYPE "message/rfc822" /* content type of such a receipt; "; size=N" behind says how long it was */

/* The body of the receipt is a mail, and not JSON that a person corrected it to. */
bool letter_is(const char *content_type, const char *body, size_t len);
/* *ret_noise: why no person wrote it ("auto_reply" ...), or NULL. A machine that sends a filled form is no noise. */
json_t *letter_read(TALLOC_CTX *ctx, const char *content_type, const char *body, size_t len, const char **ret_noise);
