/* Times as text: RFC 3339 in any offset in, UTC with milliseconds out ("2026-11-23T06:10:00.000Z"). */
#pragma once

#include "base/base.h"

#define WHEN_TEXT_SIZE 25 /* 24 characters and the terminator */

/* Reads a date-time with an offset or Z, fraction optional (cut to milliseconds), year 0001 to 9999. False leaves
 * *ret_ms alone. */
NODISCARD bool when_parse(const char *text, size_t len, int64_t *ret_ms);
/* Writes the time and returns out; a time outside the years 0001 to 9999 becomes the nearest one inside. */
const char *when_text(int64_t ms, char out[static WHEN_TEXT_SIZE]);
/* Reads "2026-11-23": a day that exists. */
NODISCARD bool when_day_valid(const char *text, size_t len);
