/* The figures of the assignment report: which leads stand behind each, and their number by person and team. Everything
 * is read from what was written when it happened, so that a report of yesterday is true today. */
#include "modules/lead/report/report_int.h"

#include <string.h>

static const char *const NAMES[FIGURES] = {"in_play", "overdue", "assigned", "duplicate", "grab"};

const char *figures_name(Figure figure)
{
	return NAMES[figure];
}

/* ---- the leads behind the figures ---- */

/* The latest moment from which as much working time has passed at `until` as a first contact may take. */
static int64_t waited_since(const Roster *roster, int64_t until_ms)
{
	const WorkTime *work = roster_default_worktime(roster);
	int64_t touch = roster->policy.touch_minutes * MINUTE_MS, low = until_ms - 60 * DAY_MS, high = until_ms;
	while (high - low > SECOND_MS) {
		int64_t middle = low + (high - low) / 2;
		if (worktime_between(work, middle, until_ms) >= touch)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static int moves_collect(Call *c, const Slot *slot)
{
	Value day = value_text(slot->day), from = value_time(slot->from_ms), until = value_time(slot->until_ms);
	int r = db_exec(c->tx, "INSERT INTO report_lead (day, figure, person, lead) "
		"SELECT $1, 0, owner, lead FROM assignment WHERE at >= $2 AND at < $3 AND kind NOT IN ('idle', 'return') "
		"UNION SELECT $1, 0, before_owner, lead FROM assignment WHERE at >= $2 AND at < $3 "
		"AND kind IN ('miss', 'escalated')", day, from, until);
	if (r == 0)
		r = db_exec(c->tx, "INSERT INTO report_lead (day, figure, person, lead) "
			"SELECT DISTINCT $1, 1, before_owner, lead FROM assignment WHERE at >= $2 AND at < $3 "
			"AND kind IN ('miss', 'escalated')", day, from, until);
	if (r == 0)
		r = db_exec(c->tx, "INSERT INTO report_lead (day, figure, person, lead) "
			"SELECT DISTINCT $1, 2, owner, lead FROM assignment WHERE at >= $2 AND at < $3 AND owner IS NOT NULL",
			day, from, until);
	return r;
}

/* Leads that wait now and have waited since before the slot ended; those that found somebody in between are missing
 * when a report is made late. */
static int waiting_collect(Call *c, const Roster *roster, const Slot *slot)
{
	static const char *const sql[] = {
		"INSERT INTO report_lead (day, figure, person, lead) SELECT $1, 0, NULL, id FROM lead WHERE owner IS NULL "
		"AND status = 'new' AND deleted_at IS NULL AND waiting_since IS NOT NULL AND waiting_since < $2 "
		"AND NOT EXISTS (SELECT 1 FROM report_lead x WHERE x.day = $1 AND x.figure = 0 AND x.person IS NULL "
		"AND x.lead = lead.id)",
		"INSERT INTO report_lead (day, figure, person, lead) SELECT $1, 1, NULL, id FROM lead WHERE owner IS NULL "
		"AND status = 'new' AND deleted_at IS NULL AND waiting_since IS NOT NULL AND waiting_since < $2 "
		"AND NOT EXISTS (SELECT 1 FROM report_lead x WHERE x.day = $1 AND x.figure = 1 AND x.person IS NULL "
		"AND x.lead = lead.id)",
	};
	const int64_t before[] = {slot->until_ms, waited_since(roster, slot->until_ms)};
	int r = 0;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(sql); i++)
		r = db_exec_n(c->tx, sql[i], (const Value[]){value_text(slot->day), value_time(before[i])}, 2);
	return r;
}

int figures_collect(Call *c, const Roster *roster, const Slot *slot)
{
	int r = moves_collect(c, slot);
	if (r == 0)
		r = waiting_collect(c, roster, slot);
	if (r == 0)
		r = db_exec(c->tx, "INSERT INTO report_lead (day, figure, person, lead) "
			"SELECT $1, 3, x.person, x.lead FROM report_lead x JOIN lead l ON l.id = x.lead "
			"WHERE x.day = $1 AND x.figure = 2 AND l.duplicate_mark = 'high' AND l.deleted_at IS NULL",
			value_text(slot->day));
	if (r == 0)
		r = db_exec(c->tx, "INSERT INTO report_lead (day, figure, person, lead) "
			"SELECT $1, 4, actor, lead FROM cross_grab WHERE at >= $2 AND at < $3", value_text(slot->day),
			value_time(slot->from_ms), value_time(slot->until_ms));
	return r;
}

/* ---- counting ---- */

typedef struct {
	int64_t n[FIGURES];
} Counts;

static bool counts_any(const Counts *counts)
{
	for (int f = 0; f < FIGURES; f++)
		if (counts->n[f])
			return true;
	return false;
}

static void counts_write(JsonOut *out, const Counts *counts)
{
	for (int f = 0; f < FIGURES; f++)
		json_member_int(out, NAMES[f], counts->n[f]);
}

static int totals_read(Call *c, const Slot *slot, Counts *ret)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT figure, COUNT(DISTINCT lead), COUNT(*) FROM report_lead WHERE day = $1 "
		"AND figure < 8 GROUP BY figure", value_text(slot->day));
	while (r == 0 && rows_next(rows)) {
		int figure = (int)rows_int(rows, 0);
		ret->n[figure] = rows_int(rows, figure == FIGURE_GRAB ? 2 : 1);
	}
	return r < 0 ? r : rows_error(rows);
}

/* What each person and team has; the last of the people are those of nobody: leads that wait. */
typedef struct {
	Counts *people, *teams;
	Id *last;     /* the lead that a team counted last: rows come lead by lead */
} Tally;

static void tally_add(Tally *tally, const Roster *roster, int figure, int person, Id lead)
{
	int team = person < 0 ? -1 : roster->people[person].team;
	tally->people[person < 0 ? roster->n_people : person].n[figure]++;
	if (team < 0 || (figure != FIGURE_GRAB && id_equal(tally->last[team], lead)))
		return;
	tally->teams[team].n[figure]++;
	tally->last[team] = lead;
}

static int tally_read(Call *c, const Roster *roster, const Slot *slot, Tally *tally)
{
	unsigned people = (unsigned)roster->n_people, teams = (unsigned)roster->n_teams;
	*tally = (Tally){talloc_zero_array(c, Counts, people + 1), talloc_zero_array(c, Counts, teams + 1),
		talloc_zero_array(c, Id, teams + 1)};
	ROWS rows = NULL;
	int figure = -1, r = db_query(c->tx, &rows, "SELECT figure, lead, person FROM report_lead WHERE day = $1 "
		"AND figure < 8 ORDER BY figure, lead", value_text(slot->day));
	while (r == 0 && rows_next(rows)) {
		if (figure != (int)rows_int(rows, 0))
			memset(tally->last, 0, (teams + 1) * sizeof *tally->last);
		figure = (int)rows_int(rows, 0);
		tally_add(tally, roster, figure, roster_person(roster, rows_id(rows, 2)), rows_id(rows, 1));
	}
	return r < 0 ? r : rows_error(rows);
}

static void team_name(JsonOut *out, const Roster *roster, int team)
{
	json_key(out, "team");
	if (team < 0) {
		json_put_null(out);
		return;
	}
	json_object_begin(out);
	json_member_id(out, "id", roster->teams[team].id);
	json_member_text(out, "name", roster->teams[team].name);
	json_object_end(out);
}

static void people_write(JsonOut *out, const Roster *roster, const Counts *people)
{
	json_key(out, "people");
	json_array_begin(out);
	for (int i = 0; i < roster->n_people; i++) {
		if (!counts_any(&people[i]))
			continue;
		json_object_begin(out);
		json_member_id(out, "id", roster->people[i].id);
		json_member_text(out, "name", roster->people[i].name);
		team_name(out, roster, roster->people[i].team);
		counts_write(out, &people[i]);
		json_object_end(out);
	}
	json_array_end(out);
}

static void teams_write(JsonOut *out, const Roster *roster, const Counts *teams)
{
	json_key(out, "teams");
	json_array_begin(out);
	for (int t = 0; t < roster->n_teams; t++) {
		if (!counts_any(&teams[t]))
			continue;
		json_object_begin(out);
		json_member_id(out, "id", roster->teams[t].id);
		json_member_text(out, "name", roster->teams[t].name);
		counts_write(out, &teams[t]);
		json_object_end(out);
	}
	json_array_end(out);
}

int figures_write(Call *c, const Roster *roster, const Slot *slot, JsonOut *out, int64_t ret[FIGURES])
{
	Counts totals = {0};
	Tally tally = {0};
	int r = totals_read(c, slot, &totals);
	if (r == 0)
		r = tally_read(c, roster, slot, &tally);
	if (r < 0)
		return r;
	json_key(out, "totals");
	json_object_begin(out);
	counts_write(out, &totals);
	json_object_end(out);
	json_key(out, "nobody");
	json_object_begin(out);
	counts_write(out, &tally.people[roster->n_people]);
	json_object_end(out);
	teams_write(out, roster, tally.teams);
	people_write(out, roster, tally.people);
	memcpy(ret, totals.n, sizeof totals.n);
	return 0;
}
