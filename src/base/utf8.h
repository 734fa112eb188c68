/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#pragma once

#include "base/base.h"

/* Length in bytes (1 to 4) of the well-formed character at the start of text, 0 if there is none. */
size_t utf8_char_len(const char *text, size_t len);
/* Length in bytes of the longest well-formed beginning of text. */
size_t utf8_valid_len(const char *text, size_t len);
bool utf8_valid(const char *text, size_t len);
