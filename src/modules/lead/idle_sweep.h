/* The sweep that lets what nobody follows up return to its pool (L14): which records are warned of and which return is
 * said by a kind; how they are found, in bounded steps and at the right moment, is said here. */
#pragma once

#include "modules/lead/lead_int.h"

#define IDLE_ALERT_MAX (16 * 1024)

/* What the policy says of a kind. Another rule than last time: everything is looked at again. */
typedef struct {
	int days, warn_days; /* days 0: the rule is off */
	unsigned bits;       /* what else decides */
} IdleRule;

typedef struct {
	int number;          /* idle_notice.kind, idle_mark.one */
	const char *object;
	/* SQL: id and last follow-up of the next ones that somebody holds, behind the mark and in its order; $1 its moment,
	 * $2 the latest moment wanted, $3 its id, $4 how many. An index must hold that order. */
	const char *next;
	IdleRule (*rule)(const Policy *policy);
	/* The same last follow-up, of a record. */
	int64_t (*followed_at)(const Record *r);
	/* Whether the rule speaks of this record as it is now. */
	int (*applies)(Call *c, const Policy *policy, const Record *r, bool *ret);
	/* Tells the owner that it returns at that moment. */
	int (*warn)(Call *c, const Roster *roster, const Record *r, int64_t due_ms);
	/* Takes it from its owner, or says from when that may be done (0: it is done). */
	int (*give_back)(Call *c, Ground *ground, Record *r, int64_t *ret_later_ms);
} IdleKind;

extern const IdleKind idle_leads;    /* idle.c */
extern const IdleKind idle_accounts; /* idle_account.c */

/* When the record returns by itself if nobody follows it up; 0: never. */
NODISCARD int idle_due(Call *c, const IdleKind *kind, const Policy *policy, const Record *r, int64_t *ret);
