/* Phone numbers as people write them in China, to E.164 (D4). */
#pragma once

#include "base/base.h"

typedef struct {
	char e164[20]; /* "+8613812341234" */
	bool mobile; /* a Chinese mobile number; false for a foreign number, whose kind is not known */
	/* Chinese names from the embedded tables, NULL when unknown; static. The carrier is that of the prefix: a number
	 * that was carried over to another network keeps its prefix. City equals province in the four municipalities. */
	const char *province, *city, *carrier;
} Phone;

/* Understands spaces, dashes, brackets, full-width digits, 0086, +86, 86, area codes with extension, 400/800 numbers
 * and foreign numbers with + or 00. Words before and after the number are skipped ("手机：138...（微信同号）"); of
 * several numbers the first is taken; extensions are dropped. False, leaving *ret alone: no phone. Numbers without an
 * area code and short numbers (95555, 110) have no E.164 form and are refused. Reads at most 256 characters. NULL is no
 * phone. Pure; about 0.2 us. */
NODISCARD bool phone_parse(const char *text, Phone *ret);
