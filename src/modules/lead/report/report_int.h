/* What the files of the assignment report share: its window and its figures. */
#pragma once

#include "event/alert.h"
#include "modules/lead/roster.h"
#include "record/record.h"

#define REPORT_BODY_MAX (4 * 1024 * 1024)

/* A report tells of the moments from from_ms up to but without until_ms. */
typedef struct {
	char day[WORKTIME_DATE_SIZE];
	int64_t from_ms, until_ms;
} Slot;

/* The leads behind each figure (L11). A lead counts once for each person it concerns, and once for the house:
 *   in_play    somebody got it, it moved, or it waited; what was given back or returned by itself is not counted
 *   overdue    of these: a countdown ran out without contact, the supervisor had to take it, or it has waited in a pool
 *              for longer than a first contact may take (working time)
 *   assigned   somebody got it
 *   duplicate  of these: it bears the mark of a high risk of being known already
 *   grab       a protected lead that somebody else reached for; each attempt counts, for who tried */
typedef enum { FIGURE_IN_PLAY, FIGURE_OVERDUE, FIGURE_ASSIGNED, FIGURE_DUPLICATE, FIGURE_GRAB, FIGURES } Figure;

/* What became of a lead in play, as it stood when the report was made; each has one. contacted: within the time for
 * it; contacted_late: after a countdown ran out; in_time: somebody has it and the countdown runs, or starts at opening;
 * moved_on: the same, but one ran out before; escalated: a supervisor has it; waiting: in a pool, nobody fits;
 * returned: given back, or taken back for want of follow-up; closed: converted, invalid or deleted. */
typedef enum { FATE_CONTACTED, FATE_CONTACTED_LATE, FATE_IN_TIME, FATE_MOVED_ON, FATE_ESCALATED, FATE_WAITING,
	FATE_RETURNED, FATE_CLOSED, FATES } Fate;
#define FIGURE_FATE 8 /* report_lead.figure of a fate */

const char *figures_name(Figure figure);
const char *fates_name(Fate fate);
/* Rows of report_lead for the fates, from those of the figures. */
NODISCARD int fates_collect(Call *c, const Slot *slot);
/* Members "received", "fates" and "waiting_for" into the open object. */
NODISCARD int fates_write(Call *c, const Slot *slot, JsonOut *out);
/* Writes the rows of report_lead for the slot. */
NODISCARD int figures_collect(Call *c, const Roster *roster, const Slot *slot);
/* Counts them: members "totals", "teams" and "people" into the open object; totals into ret. */
NODISCARD int figures_write(Call *c, const Roster *roster, const Slot *slot, JsonOut *out, int64_t ret[FIGURES]);
