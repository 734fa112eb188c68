/* Putting a lead into somebody's hands: the decision of assign.h carried out on a record, with the clock of L6-L9,
 * the row that says why, timers, the live event and the alert. Everything that changes who holds a lead goes
 * through here, and everything in the caller's transaction. */
#pragma once

#include "event/alert.h"
#include "modules/lead/assign.h"
#include "record/record.h"

/* What the decisions of one transaction share: the roster, what everybody carries, and (on PostgreSQL) the lock
 * under which the house decides. Asked for afresh with ground_open after a tx_nested around a placement failed. */
typedef struct Ground {
	struct Desk *desk;
	const Roster *roster;
	Load *load;
	bool shift_set;      /* the timer for the next opening stands */
	bool waiting_told;   /* the supervisors were told that leads wait */
	bool spoilt;         /* a placement was undone: the counts are wrong */
	AlertPost *post;     /* what its placements tell people goes by it; NULL: at once */
} Ground;

/* That of the transaction, made at first need; it lives as long as the transaction. ERR_CONFLICT "no_policy" when
 * the house has none yet. */
NODISCARD int ground_open(Call *c, Ground **ret);
/* The same from a roster read afresh: for hooks that run while people_version is being raised. */
NODISCARD int ground_open_changing(Call *c, Ground **ret);

typedef struct {
	Ground *ground;      /* NULL: one for this call */
	bool create;         /* the record is new: it is created as well (RECORD_AS_HOUSE,
		without an event of its own: the event
	                      * lead.assigned or lead.waiting tells of it, with "new": true) */
	/* why: "first" (NULL), "miss", "drain", "freeze", "absent" ... as in the table of assignments */
	const char *kind;
	const char *reason;  /* words kept with the decision, or NULL */
	Id wanted;           /* who gets it if the policy lets that person have it; nil: nobody in particular */
	int64_t dwell_ms;    /* time on the page before the form was sent, 0: unknown */
	int pages;           /* pages seen before, 0: unknown */
} PlaceInfo;

/* Runs the policy for the lead and writes it (creates it if info->create, else updates it): owner, team, pool,
 * protection, countdown, holders - or where and why it waits. An account the lead is known to belong to
 * (known_account) sends it to that account's owner if he may have it. Before the call the lead's region, source,
 * texts and captured_at are set. */
NODISCARD int lead_place(Call *c, Record *lead, const PlaceInfo *info);

/* Gives waiting leads to whoever is free, oldest first, at most LEAD_STEP_MAX; a timer does the rest. */
NODISCARD int lead_drain(Call *c);

/* Heat of a fresh lead, 0 to 100: 60 % of the source's weight (0 to 100), 2 a page seen (at most 20), 1 for every
 * 30 s on the page (at most 10), 4 for every repeated enquiry (at most 10 together). */
int heat_of(int source_weight, int pages, int64_t dwell_ms, int64_t repeats);
/* What is left of it after a time: all of it for a day, then evenly down to 30 % at 14 days. */
int heat_after(int heat, int64_t age_ms);

/* One writing act that moves a lead, without a decision: by hand, to the supervisor, into a pool. */
typedef enum {
	CLOCK_NONE,          /* as it stands for a touched lead */
	CLOCK_START,         /* countdown and protection begin in the owner's working time */
	CLOCK_START_NOW,     /* on call: in real time */
	CLOCK_ESCALATED,     /* the supervisor has it: protection, no countdown */
} PlaceClock;

typedef struct {
	const char *kind;
	int owner;           /* person, -1: it waits */
	Id pool;             /* nil: as it is */
	PlaceClock clock;
	bool fresh_start;    /* a person decided: hops and the two hours begin again */
	bool create;
	bool idle;           /* owner -1: nobody followed it up; it lies in the pool as if new until somebody claims it */
	const Decision *decision; /* NULL: no policy was asked */
	const char *reason;  /* words kept with the decision, or NULL */
	const char *wait_reason; /* owner -1: the rule, or "returned" */
} Placement;
NODISCARD int place_put(Call *c, Ground *ground, Record *lead, const Placement *placement);
/* The lead no longer counts among what its owner has to touch (touched, invalid ...); before it is changed. */
void place_settle(Call *c, Ground *ground, const Record *lead);
/* Is this lead one that waits for its first touch by its owner? */
bool place_is_untouched(const Record *lead);
/* Sets the timer of the lead's next deadline, or takes it away. */
NODISCARD int place_timer(Call *c, const Roster *roster, const Record *lead);
/* When the two hours since the first assignment are over, in the working time of whoever holds or held it. */
int64_t place_escalates_at(const Roster *roster, const Record *lead);
/* The lead's point, or the middle of its region; asked only when somebody has fenced land in. */
void place_point(const Roster *roster, AssignQuery *query, const Value *lon, const Value *lat);
/* The same without asking whether anybody has. */
void place_locate(AssignQuery *query, const Value *lon, const Value *lat);
int place_source_pool(const Roster *roster, Id source);
