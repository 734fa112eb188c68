/* The decision: who gets this lead (L5). Pure - a roster, what everybody carries, one lead's facts in; an owner or
 * a reason out. About a microsecond for a small company, some ten for thousands of people; the explanation is made
 * on the way. */
#pragma once

#include "modules/lead/roster.h"

/* Why somebody did not get it, in the order in which the rules are asked. The furthest rule that emptied a pool is
 * the reason why a lead waits. */
typedef enum {
	RULE_POOL,         /* no member of the pools asked */
	RULE_INACTIVE,
	RULE_ABSENT,
	RULE_FROZEN,
	RULE_HELD_BEFORE,
	RULE_TERRITORY,
	RULE_SKILL,
	RULE_LOAD,         /* as many untouched leads as the policy allows */
	RULE_CAPACITY,     /* as many as the person can take */
	RULE_OFF_HOURS,
	RULE_COUNT,
} Rule;

const char *assign_rule_name(Rule rule);

/* What everybody carries and who is at work: state of one transaction beside the immutable roster. */
typedef struct Load {
	const Roster *roster;
	int load_max;              /* of the policy */
	int *open;                 /* untouched leads a person */
	int64_t *last_at;          /* last assignment */
	uint32_t *turn;            /* order of assignments within this state: the round robin */
	uint32_t turns;
	PeopleSet *at_limit;       /* open >= load_max */
	PeopleSet *full;           /* open >= the person's capacity */
	int64_t from_ms, until_ms; /* for which moments the three sets below hold */
	PeopleSet *absent, *frozen, *working;
} Load;

/* Nobody carries anything. */
Load *load_new(TALLOC_CTX *ctx, const Roster *roster);
Load *load_copy(TALLOC_CTX *ctx, const Load *load);
/* The limits of another policy, for what-if questions. */
void load_limit(Load *load, int load_max);
void load_set(Load *load, int person, int open);
/* The person got a lead at now; one was taken off the person. */
void load_take(Load *load, int person, int64_t now_ms);
void load_give(Load *load, int person);
/* Who is absent, frozen and at work at this moment; cheap when the moment is near the last one. */
void load_at(Load *load, int64_t now_ms);

#define ASSIGN_TEXTS 4

/* What is known of the lead. */
typedef struct {
	Id lead;                   /* breaks ties */
	int32_t region;            /* finest administrative code known, 0: none */
	bool has_point;
	double lon, lat;           /* WGS-84 */
	const char *texts[ASSIGN_TEXTS]; /* where skills' keywords are looked for; may be NULL */
	const Id *holders;         /* who held it already */
	int n_holders;
	int source_pool;           /* tried first, -1: none */
	int wanted;                /* a person to prefer among those who may get it, counted from 1; 0: nobody */
	int64_t now_ms;
} AssignQuery;

typedef enum {
	ASSIGN_OWNER,              /* somebody at work */
	ASSIGN_HELD,               /* somebody off hours: the countdown starts at opening */
	ASSIGN_ON_CALL,            /* the on-call person; the countdown runs at once */
	ASSIGN_WAIT,               /* nobody */
} AssignOutcome;

#define ASSIGN_ALL_LISTED 50   /* pools of so many people are explained in full */
#define ASSIGN_SOME_LISTED 10  /* of larger ones the best candidates and the first dropped, the rest by number */

typedef struct {
	int person;
	int weight, free;          /* free: leads the person could still take */
	int64_t rank[POLICY_RANKS]; /* what the policy ranks by, in its order; the larger goes first */
	int64_t idle_min;          /* minutes since the last assignment, at most ASSIGN_IDLE_MAX_MIN */
	int64_t last_at;
	uint32_t turn;
	uint64_t lot;              /* of this lead and person: decides what nothing else decides */
} Candidate;

#define ASSIGN_IDLE_MAX_MIN 9999

typedef struct {
	int person;
	Rule rule;
	int64_t detail;            /* open leads for load and capacity; until when for absent and frozen (0: open end) */
} Dropped;

typedef struct {
	AssignOutcome outcome;
	int owner;                 /* -1 when waiting */
	int pool;                  /* where the owner was found; -1: nowhere (on call, known customer) */
	Rule rule;                 /* ASSIGN_WAIT: why */
	Id wait_pool;              /* ASSIGN_WAIT: where */
	Candidate candidates[ASSIGN_ALL_LISTED]; /* best first */
	int n_candidates, candidates_all;        /* listed, in truth */
	Dropped dropped[ASSIGN_ALL_LISTED];
	int n_dropped;
	int dropped_by[RULE_COUNT];              /* in truth */
} Decision;

void assign_decide(const Roster *roster, const Policy *policy, Load *load, const AssignQuery *query, Decision *ret);
/* May this one person have it although no policy was asked (known customer, hand-over)? Active, present, not
 * frozen, not a holder. */
bool assign_may_have(const Load *load, const AssignQuery *query, int person);
/* Does the region say all that the policy demands? */
bool assign_region_suffices(const Policy *policy, int32_t region);
/* The figure shown for a candidate: the parts one after the other in the policy's order; the largest wins. */
int64_t assign_score(const Policy *policy, const Candidate *candidate);
