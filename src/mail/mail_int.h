/* What the files of this floor share. */
#pragma once

#include "base/buf.h"
#include "mail/mail.h"

/* charset.c: to UTF-8 without NUL. charset NULL or unknown: it is guessed. *ret_clean false: bytes were replaced. */
char *charset_read(TALLOC_CTX *ctx, const char *bytes, size_t len, const char *charset, bool *ret_clean);

/* html.c: what a reader sees of it. Blocks become lines, cells are divided by tabs. html is UTF-8. */
char *html_text(TALLOC_CTX *ctx, const char *html, size_t max);
