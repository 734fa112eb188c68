/* Mail addresses, normalised (D4). */
#pragma once

#include "base/base.h"

/* Lower case, NFKC, trimmed, without "mailto:"; 。 is read as a dot. False, leaving everything alone, when it is no
 * address (or NULL). ret_domain points into out; public mail domains (qq.com, 163.com, gmail.com ...) give *ret_public
 * = true. Either of the last two may be NULL. */
NODISCARD bool email_parse(const char *text, char out[static 255], const char **ret_domain, bool *ret_public);
/* Whether anybody can have an address there, so that a shared domain says nothing. domain in lower case. */
bool email_domain_public(const char *domain);
