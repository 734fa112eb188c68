/* The roster: an immutable snapshot of everybody and everything a decision asks about - people, teams, pools,
 * territories, skills, calendars, sources and the policy in force. Loaded when people_version moved, shared between
 * threads by counting. Indexed by sets of people (one bit each), so that a decision over thousands stays in
 * microseconds. */
#pragma once

#include "event/worktime.h"
#include "match/polygon.h"
#include "modules/lead/policy.h"

/* One bit a person, roster->words words. */
typedef uint64_t PeopleSet;

typedef struct {
	Id id;
	const char *name, *login;
	Role role;
	int team;                  /* index, -1: none */
	int calendar;              /* index: one's own, else the team's or a parent team's, else the default */
	int weight, capacity;
	bool active, absent;
	int64_t absent_until;      /* 0: until it is lifted */
	int64_t frozen_until;      /* 0: not frozen */
	int64_t last_assigned_at;  /* when the snapshot was made */
} Person;

typedef struct {
	Id id;
	const char *name;
	int head, deputy;          /* people, -1: none */
	int parent;                /* team, -1: none */
	int calendar;              /* -1: none of its own */
} Team;

typedef struct {
	Id id;
	const char *name;
	PeopleSet *members;
	PeopleSet *placed;         /* members who hold a territory */
	int n_members;
	bool has_territories;      /* placed is not empty: the territory filter means something here */
	int claim_limit;           /* claims a day and person */
} Pool;

typedef struct {
	Id id;
	const char *name, *key, *grade;
	int weight;
	Id pool;                   /* tried before the policy's own, or nil */
	bool enabled;
} Source;

typedef struct {
	Id id;
	const char *name;
	const char *zone;
	const WorkTime *work;
	PeopleSet *people;         /* who works by it */
} Calendar;

typedef struct {
	int32_t code;              /* administrative code */
	PeopleSet *people;
} RegionHolders;

typedef struct {
	Polygon *shape;
	PeopleSet *people;
} Fence;

typedef struct {
	Id id;
	const char *name;
	PeopleSet *people;
} Skill;

typedef struct {
	const char *text;          /* lower case */
	int len;
	int skill;
} Keyword;

#define ROSTER_KEYWORD_HEADS 65536 /* keywords are found by their first two bytes */

typedef struct Roster {
	_Atomic int references;
	int64_t version;
	Policy policy;
	bool has_policy;
	int words;                 /* of a PeopleSet */
	Person *people;      int n_people;      /* by id */
	Team *teams;         int n_teams;       /* by id */
	Pool *pools;         int n_pools;       /* by id */
	Source *sources;     int n_sources;     /* by id */
	Calendar *calendars; int n_calendars;   /* by id; the last one is the default */
	Skill *skills;       int n_skills;      /* by id */
	Keyword *keywords;   int n_keywords;    /* by first two bytes */
	uint8_t *keyword_heads;                 /* a bit for every first two bytes there are */
	RegionHolders *regions; int n_regions;  /* by code */
	Fence *fences;       int n_fences;
	const char *zone;          /* of the house's calendar: "Asia/Shanghai" */
	PeopleSet *active;
	PeopleSet *everywhere;     /* people without any territory */
} Roster;

/* What a snapshot is built from: the tables as they are. Lists are JSON texts (ids as strings) or NULL. */
typedef struct {
	Person person;             /* id, name, login, role, weight ... ; the indexes are filled while building */
	Id team, calendar;
	const char *skills, *territories;
} PersonRow;
typedef struct {
	Id id, head, deputy, parent, calendar;
	const char *name;
} TeamRow;
typedef struct {
	Id id;
	const char *name, *members, *teams;
	int claim_limit;
} PoolRow;
typedef struct {
	Id id;
	const char *codes;         /* [31, "3101", "浦东新区"] */
	const char *polygon;       /* GeoJSON, see match/polygon.h */
} TerritoryRow;
typedef struct {
	Id id;
	const char *name, *keywords;
} SkillRow;
typedef struct {
	Id id;
	const char *name;
	const char *zone;
	WorkTime *work;            /* handed over to the snapshot; NULL: as the default calendar */
} CalendarRow;

typedef struct {
	int64_t version;
	Policy policy;
	bool has_policy;
	PersonRow *people;           int n_people;
	TeamRow *teams;              int n_teams;
	PoolRow *pools;              int n_pools;
	TerritoryRow *territories;   int n_territories;
	SkillRow *skills;            int n_skills;
	CalendarRow *calendars;      int n_calendars;
	Source *sources;             int n_sources;
} RosterRows;

/* The snapshot in force for this call, kept until the call is freed. One integer is read from the database. */
NODISCARD int roster_of(Call *c, const Roster **ret);
/* Reads the tables as they are inside this transaction, whatever the version says; for hooks that run while it is
 * changing. */
NODISCARD int roster_read(Call *c, const Roster **ret);
/* Builds the snapshot from rows, one reference held. Pure; the rows may be freed afterwards. */
Roster *roster_build(const RosterRows *rows);
/* Holds a reference until ctx is freed. */
void roster_keep(TALLOC_CTX *ctx, const Roster *roster);
void roster_acquire(const Roster *roster);
void roster_release(const Roster *roster);

/* -1 when unknown. */
int roster_person(const Roster *roster, Id id);
int roster_team(const Roster *roster, Id id);
int roster_pool(const Roster *roster, Id id);
int roster_source(const Roster *roster, Id id);
/* Name of a person, "" when unknown. */
const char *roster_name(const Roster *roster, Id id);
const WorkTime *roster_worktime(const Roster *roster, int person);
/* The house's calendar; for leads that nobody holds. */
const WorkTime *roster_default_worktime(const Roster *roster);
#define ROSTER_LOCAL_SIZE 20
/* "2026-11-23 14:10" where the house is; for sentences. */
const char *roster_local_time(const Roster *roster, int64_t ms, char out[static ROSTER_LOCAL_SIZE]);
bool roster_is_absent(const Person *person, int64_t now_ms);
bool roster_is_frozen(const Person *person, int64_t now_ms);
/* Head of the person's team, else the deputy, else the parent team's head, ... else an administrator; whoever is
 * inactive, absent or the person itself is skipped. team: used when person is -1. -1 when the house is empty. */
int roster_supervisor(const Roster *roster, int person, int team, int64_t now_ms);
/* Heads and deputies of the team and the teams above it that are active, at most max; returns their number. */
int roster_chain(const Roster *roster, int team, int *out, int max);
bool roster_in_pool(const Roster *roster, int pool, int person);
/* The first moment after now at which any calendar opens, INT64_MAX if none. */
int64_t roster_next_opening(const Roster *roster, int64_t now_ms);
/* End of the person's working day: of the local day, or of the shift that runs across its end. */
int64_t roster_day_end(const Roster *roster, int person, int64_t now_ms);
/* Faults in the call for pools and people of the policy that do not exist. */
NODISCARD int policy_check(Call *c, const Policy *policy, const Roster *roster);

static inline bool people_has(const PeopleSet *set, int person)
{
	return set[person >> 6] >> (person & 63) & 1;
}

static inline void people_add(PeopleSet *set, int person)
{
	set[person >> 6] |= UINT64_C(1) << (person & 63);
}

static inline void people_drop(PeopleSet *set, int person)
{
	set[person >> 6] &= ~(UINT64_C(1) << (person & 63));
}
