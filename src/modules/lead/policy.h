/* The assignment policy (L5-L9): what an administrator decides about who gets a lead and how long they have. Plain
 * data, read from the JSON that docs/developers/api.md calls POLICY, kept in versions; the newest one is in force. */
#pragma once

#include "call/call.h"

#define POLICY_POOLS_MAX 20
#define POLICY_RANKS 3

/* Bits of Policy.territory_by: which parts of an address a lead must bring. */
enum { POLICY_PROVINCE = 1, POLICY_CITY = 2, POLICY_DISTRICT = 4 };

/* Bits of Policy.account_keep: customers that never return, because they have an open opportunity, or one that was
 * won. */
enum { POLICY_KEEP_OPEN = 1, POLICY_KEEP_WON = 2 };

/* Bits of Policy.return_from: leads of which statuses return to their pool by themselves (L14). */
enum { POLICY_CONTACTING = 1, POLICY_QUALIFIED = 2 };

typedef enum { POLICY_RANK_WEIGHT, POLICY_RANK_LOAD, POLICY_RANK_IDLE } PolicyRank;

/* What happens when everybody who fits is off hours. */
typedef enum { POLICY_HOLD, POLICY_ON_CALL, POLICY_TO_POOL } PolicyHours;

typedef struct {
	Id pool;
	bool territory, skill; /* which filters count in this pool */
} PolicyPool;

typedef struct Policy {
	int64_t version;               /* 0: not saved yet */
	PolicyPool pools[POLICY_POOLS_MAX];
	int n_pools;
	unsigned territory_by;
	bool everywhere;               /* people without any territory get leads of every region */
	Id fallback_pool;              /* where a lead waits that fits nobody */
	int touch_minutes, protection_minutes, hops_max, escalate_minutes, freeze_misses, load_max, summary_min;
	PolicyRank rank[POLICY_RANKS];
	int n_rank;
	PolicyHours out_of_hours;
	Id on_call;                    /* person, for POLICY_ON_CALL */
	Id out_of_hours_pool;          /* for POLICY_TO_POOL */
	/* Return to the pool (L14), in calendar days of 24 hours. Without a follow-up for return_days (0: never) a lead
	 * returns by itself; its owner is warned return_warn_days before. For cooling_days (0: not at all) the former
	 * owner cannot claim it; whoever holds stock_max open leads (0: any number) cannot claim another. */
	int return_days, return_warn_days, cooling_days, stock_max;
	unsigned return_from;
	/* The same for customers: after account_days (0: never) without a follow-up into account_pool. cooling_days counts
	 * for them too; whoever holds account_stock_max customers (0: any number) cannot claim another. */
	int account_days, account_warn_days, account_stock_max;
	unsigned account_keep;
	Id account_pool;
	/* The assignment report (L11): minute of the house's local day, and whether days without work have one too. */
	int report_minute;
	bool report_every_day;
} Policy;

/* Reads POLICY; every fault is added to the call under its path ("pools[1].pool"). Unknown members are faults. That
 * pools and people exist is asked by policy_check (roster.h knows them). */
NODISCARD int policy_parse(Call *c, const json_t *json, Policy *ret);
/* The numbers of the ledger with one pool that all leads go through and wait in. */
Policy policy_default(Id pool);
/* What is noted of the version that a new house begins with; shown in the reader's language. */
#define POLICY_FIRST_NOTE "出厂规则"
void policy_write(const Policy *policy, JsonOut *out);
/* Stores the next version and puts it in force; people_version is raised, so that every process takes notice. ERR_STALE
 * when the caller named another version than the newest by If-Match. */
NODISCARD int policy_save(Call *c, const Policy *policy, const char *note, int64_t *ret_version);
/* One version, 0: the one in force. ERR_NOT_FOUND (without a sentence) when there is none. */
NODISCARD int policy_load(Call *c, int64_t version, Policy *ret);
/* "province" ... for bit 0, 1, 2; "weight" "load" "idle"; "hold" "on_call" "pool". */
const char *policy_level_name(int bit);
const char *policy_rank_name(PolicyRank rank);
const char *policy_hours_name(PolicyHours hours);
/* Does a lead of that status return by itself? */
bool policy_returns(const Policy *policy, const char *status);
