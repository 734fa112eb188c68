/* What the files of this room share: the desk of the house, small readers of id lists, the words of alerts and
 * timers. */
#pragma once

#include "base/log.h"
#include "event/alert.h"
#include "call/module.h"
#include "event/timer.h"
#include "modules/lead/guard.h"
#include "modules/lead/place.h"
#include "record/record.h"
#include <pthread.h>

#define LEAD_BODY_MAX (256 * 1024)   /* JSON of one policy or one decision */
#define LEAD_STEP_MAX 200            /* leads that one transaction moves; the rest follows by a timer */
#define LEAD_HOLDERS_MAX 64          /* people a lead remembers as former holders */
#define LEAD_RECEIVERS_MAX 16        /* people told about one happening */

/* Kinds of timers. */
#define TIMER_DUE "lead.due"         /* subject: lead; the countdown or the escalation is due */
#define TIMER_OPEN "lead.open"       /* subject: person; held countdowns start */
#define TIMER_DRAIN "lead.drain"     /* subject: nil; waiting leads, at once */
#define TIMER_SHIFT "lead.shift"     /* subject: nil; waiting leads, when somebody's shift starts */
#define TIMER_LEAVE "lead.leave"     /* subject: person; the rest of what that person held */
#define TIMER_FOLLOW "lead.follow"   /* subject: lead; the next follow-up is due */
#define TIMER_THAW "person.thaw"     /* subject: person; the freeze ends */
#define TIMER_IDLE "lead.idle"       /* subject: nil; leads nobody follows up are warned of and return */
#define TIMER_BACK "person.back"     /* subject: person; the absence ends */

typedef struct GroundSlot GroundSlot;

/* House.lead: what this process remembers between transactions. */
typedef struct Desk {
	pthread_mutex_t lock;
	Roster *roster;              /* the newest committed snapshot, or NULL */
	GroundSlot *grounds;         /* of transactions that are running */
	Load *load;                  /* SQLite, the writer's alone: what everybody carries, kept in step */
	bool load_spoilt;            /* it must be counted anew */
} Desk;

NODISCARD int lead_start(House *house);
void lead_stop(House *house);
/* Who may get leads changed other than through a record of the catalogue: raises people_version. */
NODISCARD int lead_people_changed(Call *c);

/* Walks the ids in a JSON array of id texts; false at the end. NULL is an empty list. */
bool lead_ids_next(const char **text, Id *ret);

/* ---- place.c ---- */

/* What everybody carries now, as read from the database. */
NODISCARD int place_load(Call *c, const Roster *roster, Load **ret);
/* PostgreSQL: waits for its turn to decide. Taken before any row of a person is written, so that nobody who decides
 * waits for somebody who waits to decide. */
NODISCARD int place_lock(Call *c);
/* Leads were written past this room: what everybody carries is counted anew. */
void place_forget(Call *c);
/* The ids in a lead's field holders, oldest first; returns their number. */
int place_holders(const char *list, Id out[LEAD_HOLDERS_MAX]);
/* ---- explain.c ---- */

/* The row of the table assignment: who, why, and the decision with it. */
NODISCARD int explain_store(Call *c, const Roster *roster, const Record *lead, const Placement *placement, Id before);
int explain_assignments(Call *c);

/* ---- card.c: how a lead looks to whoever has to act on it ---- */

/* Members of CARD (docs/developers/api.md) into the open object. */
void card_members(JsonOut *out, const Roster *roster, const Record *lead, int64_t now_ms);
/* What events and alerts carry of a lead: name, company and city where known, score, countdown. They are written for
 * every lead, so they hold what a line of news shows; whoever wants more reads the record. */
void card_news(JsonOut *out, const Roster *roster, const Record *lead, int64_t now_ms);
void card_countdown(JsonOut *out, const Roster *roster, const Record *lead, int64_t now_ms);
void card_time(JsonOut *out, const char *key, int64_t ms); /* 0 writes null */
void card_source(JsonOut *out, const Roster *roster, Id id);
void card_person(JsonOut *out, const char *key, const Roster *roster, Id person);

/* ---- clock.c: what time does to a lead and to people ---- */

extern const TimerKind clock_timers[];
/* Three misses in a row: nothing new for the rest of the working day. What the person held goes on by the hook on
 * people. */
NODISCARD int clock_freeze(Call *c, const Roster *roster, int person);
/* Lifts a freeze, also before its time. */
NODISCARD int clock_release(Call *c, Record *user);
/* The supervisor becomes owner, the group is told, nothing moves by itself any more (L8). */
NODISCARD int clock_escalate(Call *c, Ground *ground, Record *lead, const char *reason);

/* ---- drain.c: leads looking for people, people's leads looking for others ---- */

/* What the person has not touched goes to others ("freeze", "absent"); the supervisor is told. */
NODISCARD int drain_leave(Call *c, Ground *ground, Id person, const char *kind);
int drain_on_timer(Call *c);
int drain_on_leave(Call *c);
/* A timer looks after the waiting leads as soon as this transaction is over; nothing when none wait. */
NODISCARD int drain_soon(Call *c);
/* Like lead_drain, with a ground that stands already. */
NODISCARD int drain_waiting(Call *c, Ground *ground);

/* ---- desk.c ---- */

struct Access;
/* Whether the caller's board shows that person of the roster. */
bool desk_oversees(const struct Access *access, const Roster *roster, int person);

/* ---- grab.c: who reached for whose protected lead ---- */

/* Counts the attempt that the caller is refused, once the transaction has been rolled back. */
void grab_note(Call *c, const Record *lead, const char *act);
typedef struct Grabs Grabs;
/* Those since then on leads that the caller may see, or by people whose leads the caller may see. */
NODISCARD int grabs_read(Call *c, const Roster *roster, int64_t since_ms, Grabs **ret);
/* How many of them that person of the roster made. */
int grabs_of(const Grabs *grabs, int person);
/* "cross_grabs": how many, and the newest of them. */
void grabs_write(JsonOut *out, const Roster *roster, const Grabs *grabs);

/* ---- guard.c: see also guard.h ---- */

/* Hooks on leads, people and settings. */
void guard_watch(House *house);

/* ---- idle_sweep.c: what nobody follows up returns to its pool (L14), see pooled.h ---- */

/* Looks at once what the policy now in force says of it. */
NODISCARD int idle_soon(Call *c);

/* ---- view.c ---- */

/* The lead as JSON with "_view", what its page shows beside its fields; "_change" if this call wrote. */
NODISCARD int view_write(Call *c, const Record *lead);
/* The same with one more member: finished JSON. */
NODISCARD int view_write_with(Call *c, const Record *lead, const char *key, const char *json);
/* Region and carrier of a phone number, or null. */
void view_phone(JsonOut *out, const char *text);
int view_lead(Call *c);
int view_timeline(Call *c);

/* ---- create.c ---- */

int create_lead(Call *c);
int create_edit(Call *c);
int create_duplicates(Call *c);
int create_check(Call *c);

/* ---- convert.c ---- */

int convert_lead(Call *c);

/* ---- replay.c ---- */

int replay_try(Call *c);
