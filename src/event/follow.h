/* What other processes on the same PostgreSQL write reaches this one: their events go to the live streams here, and
 * whoever keeps something in memory is told which records they touched. Nothing of it runs on SQLite: house->follow is
 * NULL there, and every function takes that.
 *
 * Each process has a row in the table `process`, which it refreshes every FOLLOW_BEAT_MS. While no other one was seen,
 * nothing is read and nothing is told. A process that starts beside others begins to serve only when they have noticed
 * it. Those that were killed are followed for FOLLOW_GONE_MS more: what they committed last is found.
 *
 * Events are read when another process says so (store/bulletin.h), and every FOLLOW_LOOK_MS besides; the row is there
 * exactly once (event/gaps.h), one's own are left out. */
#pragma once

#include "call/call.h"

#define FOLLOW_BEAT_MS 2000
#define FOLLOW_LOOK_MS 1000
#define FOLLOW_GONE_MS (60 * SECOND_MS)  /* not seen for so long: it is no longer followed */
#define FOLLOW_ALIVE_MS (6 * SECOND_MS)  /* seen within this: a start waits until it has noticed */
#define FOLLOW_RECORDS_MAX 1000          /* events of one look, and so records of one telling */

typedef struct Follow Follow;

extern const char *const follow_migrations[]; /* process */

/* Enters the table of processes and fills house->follow; before anything is loaded that follows. ERR_STORE when the
 * database cannot be read. */
NODISCARD int follow_open(TALLOC_CTX *ctx, House *house);
/* Other processes wrote these records (each once, in no order; they may be in the bin, and this process may have
 * written them too): what is remembered of them is to be read again, in the transaction of the Call. On a store's
 * thread; one at a time in a house. A failure leads to the same being told again. */
typedef int (*FollowFn)(Call *c, const Id *records, size_t n, void *arg);
/* Between open and start. */
void follow_on(const House *house, const char *object, FollowFn fn, void *arg);
/* Everything is loaded and the hub runs: begins to follow. */
void follow_start(House *house);
/* Looks no more by itself, so that those who are told may go; follow_catch_up still works. Before the hub stops. */
void follow_rest(House *house);
/* Leaves the table of processes. Before store_close, after all that writes. */
void follow_stop(House *house);

/* For who must know all that is committed at this moment, in a writing transaction that holds the lock of what it
 * decides about. */
NODISCARD int follow_catch_up(Call *c);
/* Another process is there, or was a minute ago. */
bool follow_has_others(const House *house);
/* Which of the processes on this database this one is; nil on SQLite. */
Id follow_self(const House *house);
/* That process was seen within FOLLOW_ALIVE_MS. */
NODISCARD int follow_is_alive(Tx *tx, Id process, bool *ret);
/* Of the processes that are alive this one came first: it does what one alone has to do. True on SQLite. While one is
 * taken for dead that is only slow, there may be two for a while. */
bool follow_leads(const House *house);
/* The same for who remembers something of it: 0, or a number that is another one each time this process begins to
 * lead, also when it only stood still for so long that another one may have done so meanwhile. */
int follow_reign(const House *house);
