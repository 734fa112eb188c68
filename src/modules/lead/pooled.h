/* What returns to its pool when nobody follows it up, and may be claimed from there (L14): leads and customers. When
 * it returns is said in idle_sweep.c, who may claim it and what lies in a pool in claim.c; here stands how the two
 * differ. */
#pragma once

#include "modules/lead/lead_int.h"

/* What the policy says of a kind. Another rule than last time: everything is looked at again. */
typedef struct {
	int days, warn_days; /* days 0: the rule is off */
	unsigned bits;       /* what else decides; 1 and 2 */
	int stock_max;       /* who holds so many claims no other; 0: any number */
} PoolRule;

/* printf formats in both languages. */
typedef struct {
	const char *en, *zh;
} Words;

typedef struct Pooled {
	int number;                 /* idle_notice.kind, idle_mark.one */
	const char *object;
	const char *held_since;     /* field: since when its owner has it */
	const char *status;         /* field: whether the rule applies may change with it; NULL: none */
	const char *promised_until; /* field: not taken from its owner before; NULL: none */
	const char *soon, *returned; /* reasons of the alerts to its owner */
	bool freezes;               /* who is frozen claims none */
	bool needs_pool;            /* what lies in no pool is claimed by nobody, else by who may assign */
	/* SQL. See POOLED_SQL; idle: how many the rule would return, $1 followed up no later, $2 counted up to, $3 and $4
	 * bits 1 and 2 of the rule. */
	const char *next, *let_go, *claims, *stock, *shelf, *idle;
	PoolRule (*rule)(const Policy *policy);
	/* Whether the rule speaks of this record, which somebody holds. */
	int (*applies)(Call *c, const Policy *policy, const Record *r, bool *ret);
	/* Takes it from its owner and puts it into a pool. */
	int (*give_back)(Call *c, Ground *ground, Record *r, const char *days);
	/* Members of it in an alert, and on the shelf. */
	void (*news)(JsonOut *out, const Roster *roster, const Record *r, int64_t now_ms);
	void (*card)(JsonOut *out, const Roster *roster, const Record *r, int64_t now_ms);
	/* Refusals: not_in_pool without argument, cooling with the moment, the others with a number. */
	Words not_found, not_in_pool, cooling, stock_limit, claim_limit;
} Pooled;

extern const Pooled pooled_leads;    /* idle.c */
extern const Pooled pooled_accounts; /* idle_account.c */

/* SQL: the last follow-up, the later of the last touch and the moment since when it is held. The indexes lead_idle and
 * account_idle are over this very expression. */
#define POOLED_FOLLOWED(held_since) "CASE WHEN last_touch_at IS NOT NULL AND last_touch_at > COALESCE(" held_since \
	", created_at) THEN last_touch_at ELSE COALESCE(" held_since ", created_at) END"

/* next: id and last follow-up of those that somebody holds (condition of that index), behind a mark and in its order:
 * $1 its moment, $2 the latest moment wanted, $3 its id, $4 how many.
 * let_go: when the person $2 gave back the record $1 or had it taken. claims: those of the person $1 since $2 out of
 * the pool $3. stock: how many the person $1 holds that count, up to $2. shelf: what lies in the pool $1 below the
 * id $2, $3 of them. */
#define POOLED_SQL(table, since, held, moves, counted, on_shelf) \
	.held_since = since, \
	.next = "SELECT id, " POOLED_FOLLOWED(since) " FROM " table " WHERE " held " AND " POOLED_FOLLOWED(since) \
		" >= $1 AND " POOLED_FOLLOWED(since) " <= $2 AND NOT (" POOLED_FOLLOWED(since) " = $1 AND id <= $3) " \
		"ORDER BY " POOLED_FOLLOWED(since) ", id LIMIT $4", \
	.let_go = "SELECT at FROM " moves " WHERE " table " = $1 AND before_owner = $2 AND kind IN ('return', 'idle') " \
		"ORDER BY at DESC LIMIT 1", \
	.claims = "SELECT COUNT(*) FROM " moves " WHERE owner = $1 AND at >= $2 AND pool = $3 AND kind = 'claim'", \
	.stock = "SELECT COUNT(*) FROM (SELECT 1 FROM " table " WHERE owner = $1 AND deleted_at IS NULL" counted \
		" LIMIT $2) AS held", \
	.shelf = "SELECT id FROM " table " WHERE owner IS NULL AND deleted_at IS NULL" on_shelf " AND pool = $1 " \
		"AND id < $2 ORDER BY id DESC LIMIT $3"

/* When the record returns by itself if nobody follows it up; 0: never. */
NODISCARD int idle_due(Call *c, const Pooled *kind, const Policy *policy, const Record *r, int64_t *ret);
/* How many this policy would return at once, counted up to max. */
NODISCARD int idle_count(Call *c, const Pooled *kind, const Policy *policy, int64_t max, int64_t *ret);

/* The record of the path, not in the bin, and the ground: of two who claim at once one is told that he is late. */
NODISCARD int claim_load(Call *c, const Pooled *kind, Ground **ret_ground, Record **ret);
/* 0, or why the caller may not claim this record, which nobody holds, now. */
NODISCARD int claim_check(Call *c, const Pooled *kind, const Roster *roster, const Record *r);
