/* Which rows of the event table this process does not know yet. Numbers ascend, but a smaller one may be committed
 * after a larger one, and some never are (their transaction was undone). So what is kept is not "the last one seen"
 * but ranges of numbers never seen; the last range has no end.
 *
 * A gap that nobody will fill is recognised by transactions, not by waiting: each look at the table sees a snapshot
 * with the oldest transaction still running and the next one to come. Once every transaction that ran when the gap
 * was found has ended, and the row is still not there, it never will be. */
#pragma once

#include "base/base.h"

#define GAPS_MAX 20000           /* ranges; beyond it the oldest is given up */
#define GAPS_AGE_MIN_MS 2000     /* a number is drawn a moment before its transaction has a number itself */
#define GAPS_AGE_MAX_MS (10 * MINUTE_MS) /* whatever still runs then is not waited for */

/* Not thread-safe. */
typedef struct Gaps Gaps;

/* Everything from `first` on is unknown. */
Gaps *gaps_new(TALLOC_CTX *ctx, int64_t first);
bool gaps_has(const Gaps *g, int64_t seq);
/* Marks seq as known; false when it was already. horizon: the next transaction to come, of the snapshot in which the
 * row was read; 0: it was written by this process. */
bool gaps_take(Gaps *g, int64_t seq, int64_t horizon, int64_t now_ms);
/* Unknown again: this process undid its transaction, or does not know whether it was committed. */
void gaps_give_back(Gaps *g, int64_t seq, int64_t now_ms);
/* Everything up to and including seq is known. */
void gaps_cut(Gaps *g, int64_t seq);
/* A look begins: two lists of numbers in SQL's array form without the braces, "5,90" and "7,9223372036854775807", for
 * the ranges 5-7 and 90-. In ctx. */
void gaps_begin_look(Gaps *g, TALLOC_CTX *ctx, char **ret_from, char **ret_to);
/* It ended: all rows up to seq that its snapshot had were taken. oldest: the oldest transaction running then. Forgets
 * what will never come. */
void gaps_end_look(Gaps *g, int64_t seq, int64_t oldest, int64_t horizon, int64_t now_ms);
size_t gaps_count(const Gaps *g);
