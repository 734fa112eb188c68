/* What one batch of receipts shares while it is taken in. */
#pragma once

#include "match/match.h"
#include "modules/lead/intake/intake_int.h"
#include "modules/lead/intake/understand.h"
#include "modules/lead/place.h"

typedef struct {
	Ground *place; /* who may get leads and what they carry (place.h) */
	const Sources *sources;
	const IpRegions *ip_regions; /* or NULL: no table of addresses is there */
} TakeGround;

/* What a receipt's body says; needs no transaction. */
typedef struct {
	bool is_clear; /* else reason and detail say why not */
	Enquiry enquiry;
	const char *reason, *detail;
} Reading;

void take_read(TALLOC_CTX *ctx, const Sources *sources, const Receipt *receipt, Reading *ret);
/* One receipt inside the transaction of c: what became of it is in *ret (texts on c or with the reading). An error
 * leaves it pending. */
NODISCARD int take_receipt(Call *c, const TakeGround *ground, const Receipt *receipt, const Reading *reading,
                           Outcome *ret);
