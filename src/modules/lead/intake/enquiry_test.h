/* What the tests of this folder share: a body read as an enquiry. */
#pragma once

#include <string.h>

#include "base/check.h"
#include "modules/lead/intake/understand.h"

/* mapping: JSON text, or NULL. The body has to be one that can be read. */
static inline Enquiry enquiry_of(TALLOC_CTX *ctx, const char *type, const char *body, const char *mapping)
{
	Enquiry e;
	JsonFault fault;
	const char *reason, *detail;
	const json_t *map = mapping ? json_parse(ctx, mapping, strlen(mapping), &fault) : NULL;
	CHECK(enquiry_read(ctx, type, body, strlen(body), map, &e, &reason, &detail));
	return e;
}
