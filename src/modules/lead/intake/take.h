/* What one batch of receipts shares while it is taken in. */
#pragma once

#include "match/match.h"
#include "modules/lead/intake/intake_int.h"
#include "modules/lead/intake/understand.h"
#include "modules/lead/place.h"

/* How new leads are put in place when the policy is not asked (imports that keep owners): creates the record. */
typedef struct {
	int (*place)(Call *c, Record *lead, const PlaceInfo *info, void *arg);
	void *arg;
} TakeWay;

typedef struct {
	Ground *place; /* who may get leads and what they carry (place.h) */
	const Sources *sources;
	const IpRegions *ip_regions; /* or NULL: no table of addresses is there */
	const TakeWay *way;          /* NULL: lead_place, by the policy */
	bool all_new;                /* none of these receipts was taken in before: it was looked up for all of them */
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
/* What would become of it, as far as memory knows: nothing is written, and no transaction is needed. A repeated enquiry
 * names its lead. */
void take_try(Call *c, const TakeGround *ground, const Receipt *receipt, const Reading *reading, Outcome *ret);
