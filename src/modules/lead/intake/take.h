/* What one batch of receipts shares while it is taken in. */
#pragma once

#include "match/match.h"
#include "modules/lead/intake/intake_int.h"
#include "modules/lead/place.h"

typedef struct {
	Ground *place; /* who may get leads and what they carry (place.h) */
	const Sources *sources;
	const IpRegions *ip_regions; /* or NULL: no table of addresses is there */
} TakeGround;

/* One receipt inside the transaction of c: what became of it is in *ret (texts on c). An error leaves it pending. */
NODISCARD int take_receipt(Call *c, const TakeGround *ground, const Receipt *receipt, Outcome *ret);
