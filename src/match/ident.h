/* Numbers the state gives: companies' credit codes and identity cards (D4). */
#pragma once

#include "base/base.h"

/* 统一社会信用代码, GB 32100: 18 characters, both check digits (its own, and that of the organisation code inside, GB
 * 11714). Spaces, dashes, lower case and full-width forms are accepted; out is upper case. False leaves out alone. */
NODISCARD bool credit_code_parse(const char *text, char out[static 19]);
/* 身份证 GB 11643: area code ever in use, a date that exists, check digit; also the old form of 15 digits. */
NODISCARD bool id_card_valid(const char *text);
