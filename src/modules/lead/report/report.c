/* The assignment report of the day (L11): when it is due, making it once, keeping and sending it, and the endpoints
 * that show it. What the figures mean stands in report_figures.c. */
#include <string.h>

#include "call/module.h"
#include "call/when.h"
#include "event/timer.h"
#include "modules/lead/report/report_int.h"
#include "record/access.h"

#define TIMER_REPORT "report.day" /* subject: nil */
#define SEARCH_DAYS 400           /* a house that works on none of so many days has no report */
#define LIST_MAX 90
#define LEADS_MAX 500             /* rows of a page of the leads behind a figure */
#define ALERT_LIFE_DAYS 7

/* ---- when ---- */

/* Up to where the reports tell, and the day of the newest. */
typedef struct {
	char day[WORKTIME_DATE_SIZE];
	int64_t until_ms;
} Mark;

static int mark_load(Call *c, Mark *ret)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT day, until_at FROM report_mark WHERE one = 1");
	if (r < 0)
		return r;
	if (!rows_next(rows))
		return rows_error(rows) < 0 ? rows_error(rows) : ERR_NOT_FOUND;
	*ret = (Mark){.until_ms = rows_int(rows, 1)};
	memcpy(ret->day, rows_text(rows, 0), strnlen(rows_text(rows, 0), WORKTIME_DATE_SIZE - 1));
	return 0;
}

static int mark_store(Call *c, const char *day, int64_t until_ms)
{
	return db_exec(c->tx, "INSERT INTO report_mark (one, day, until_at) VALUES (1, $1, $2) "
		"ON CONFLICT (one) DO UPDATE SET day = excluded.day, until_at = excluded.until_at", value_text(day),
		value_time(until_ms));
}

/* A house that never reported begins with the last moment a report would have been due at. */
static int mark_of(Call *c, const Roster *roster, Mark *ret)
{
	int r = mark_load(c, ret);
	if (r != ERR_NOT_FOUND)
		return r;
	const WorkTime *work = roster_default_worktime(roster);
	int64_t today = worktime_moment(work, c->now_ms, 0, roster->policy.report_minute);
	int days = today <= c->now_ms ? 0 : -1;
	ret->until_ms = worktime_moment(work, c->now_ms, days, roster->policy.report_minute);
	(void)worktime_date(work, c->now_ms, days, ret->day);
	return mark_store(c, ret->day, ret->until_ms);
}

/* The next report after the mark: of a later day, at its minute, on a day with work unless every day has one. */
static bool slot_next(const Roster *roster, const Mark *mark, Slot *ret)
{
	const WorkTime *work = roster_default_worktime(roster);
	for (int days = 0; days < SEARCH_DAYS; days++) {
		int64_t at = worktime_moment(work, mark->until_ms, days, roster->policy.report_minute);
		if (at <= mark->until_ms || strcmp(worktime_date(work, mark->until_ms, days, ret->day), mark->day) <= 0)
			continue;
		if (!roster->policy.report_every_day && !worktime_works_on(work, mark->until_ms, days))
			continue;
		ret->from_ms = mark->until_ms;
		ret->until_ms = at;
		return true;
	}
	return false;
}

/* ---- making ---- */

static void time_member(JsonOut *out, const char *key, int64_t ms)
{
	char text[WHEN_TEXT_SIZE];
	json_member_text(out, key, when_text(ms, text));
}

static int report_tell(Call *c, const Roster *roster, const Slot *slot, const int64_t n[FIGURES])
{
	Buf *buf = buf_new(c, 4096);
	JsonOut out = json_out(buf);
	int r = 0;
	json_object_begin(&out);
	json_member_text(&out, "day", slot->day);
	for (int f = 0; f < FIGURES; f++)
		json_member_int(&out, figures_name((Figure)f), n[f]);
	json_object_end(&out);
	for (int i = 0; r == 0 && i < roster->n_people; i++) {
		const Person *p = &roster->people[i];
		if (!p->active || (p->role != ROLE_SUPERVISOR && p->role != ROLE_ADMINISTRATOR))
			continue;
		r = alert_send(c, &(Alert){.receiver = p->id, .reason = "report.assignment", .object = "report",
			.data = buf->data, .expires_ms = c->now_ms + ALERT_LIFE_DAYS * DAY_MS});
	}
	return r;
}

static int report_make(Call *c, const Roster *roster, const Slot *slot)
{
	int64_t totals[FIGURES];
	Buf *body = buf_new(c, REPORT_BODY_MAX);
	JsonOut out = json_out(body);
	int r = figures_collect(c, roster, slot);
	if (r == 0)
		r = fates_collect(c, slot);
	json_object_begin(&out);
	json_member_text(&out, "day", slot->day);
	time_member(&out, "from", slot->from_ms);
	time_member(&out, "until", slot->until_ms);
	time_member(&out, "made_at", c->now_ms);
	json_member_text(&out, "zone", roster->zone);
	json_member_int(&out, "touch_minutes", roster->policy.touch_minutes);
	if (r == 0)
		r = figures_write(c, roster, slot, &out, totals);
	if (r == 0)
		r = fates_write(c, slot, &out);
	json_object_end(&out);
	if (r == 0) /* the key is the day: a second report of a day cannot be */
		r = db_exec(c->tx, "INSERT INTO report_assignment (day, from_at, until_at, made_at, body) "
			"VALUES ($1, $2, $3, $4, $5)", value_text(slot->day), value_time(slot->from_ms),
			value_time(slot->until_ms), value_time(c->now_ms), value_text(body->data));
	if (r == 0)
		r = mark_store(c, slot->day, slot->until_ms);
	return r < 0 ? r : report_tell(c, roster, slot, totals);
}

/* One report a run: those that were missed follow at once, each in a transaction of its own. */
static int on_report(Call *c)
{
	const Roster *roster;
	Mark mark = {0};
	Slot slot = {0};
	int r = roster_of(c, &roster);
	if (r == 0 && !roster->has_policy)
		return timer_set(c, TIMER_REPORT, ID_NIL, c->now_ms + HOUR_MS, NULL);
	if (r == 0)
		r = mark_of(c, roster, &mark);
	if (r < 0)
		return call_store_failed(c, r);
	if (slot_next(roster, &mark, &slot) && slot.until_ms <= c->now_ms) {
		r = report_make(c, roster, &slot);
		memcpy(mark.day, slot.day, sizeof mark.day);
		mark.until_ms = slot.until_ms;
	}
	if (r < 0)
		return call_store_failed(c, r);
	/* Looked at again within the hour: policy, calendar or zone may change meanwhile. */
	int64_t next = c->now_ms + HOUR_MS;
	if (slot_next(roster, &mark, &slot) && slot.until_ms < next)
		next = slot.until_ms > c->now_ms ? slot.until_ms : c->now_ms;
	return timer_set(c, TIMER_REPORT, ID_NIL, next, NULL);
}

/* ---- showing ---- */

/* GET /reports/assignment: newest first */
static int report_list(Call *c)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT body FROM report_assignment WHERE ($1 = '' OR day <= $1) "
		"ORDER BY day DESC LIMIT $2", value_text(call_text(c, "until") ? call_text(c, "until") : ""),
		value_int(call_int(c, "limit", 30)));
	json_object_begin(&c->json);
	json_key(&c->json, "items");
	json_array_begin(&c->json);
	while (r == 0 && rows_next(rows)) {
		JsonFault fault;
		const json_t *body = json_parse(c, rows_text(rows, 0), strlen(rows_text(rows, 0)), &fault);
		json_object_begin(&c->json);
		json_member_text(&c->json, "day", json_text(body, "day"));
		json_key(&c->json, "totals");
		json_put_tree(&c->json, json_object_get(body, "totals"));
		json_object_end(&c->json);
	}
	json_array_end(&c->json);
	json_object_end(&c->json);
	return call_store_failed(c, r < 0 ? r : rows_error(rows));
}

/* A supervisor reads of the own teams; the house's totals are for all who read the board. */
static void rows_write(Call *c, const Access *access, const Roster *roster, const json_t *body, const char *key)
{
	size_t i;
	const json_t *row;
	json_key(&c->json, key);
	json_array_begin(&c->json);
	json_array_foreach(json_object_get(body, key), i, row) {
		Id id = json_id(row, "id");
		int person = roster_person(roster, id);
		int home = person < 0 ? -1 : roster->people[person].team;
		Id team = strcmp(key, "teams") == 0 ? id : home < 0 ? ID_NIL : roster->teams[home].id;
		if (access_sees(access, strcmp(key, "teams") == 0 ? ID_NIL : id, ID_NIL, team, ID_NIL))
			json_put_tree(&c->json, row);
	}
	json_array_end(&c->json);
}

static int body_load(Call *c, const json_t **ret)
{
	ROWS rows = NULL;
	const char *day = call_text(c, "day");
	int r = strcmp(day, "newest") == 0
		? db_query(c->tx, &rows, "SELECT body FROM report_assignment ORDER BY day DESC LIMIT 1")
		: db_query(c->tx, &rows, "SELECT body FROM report_assignment WHERE day = $1", value_text(day));
	if (r < 0)
		return call_store_failed(c, r);
	if (!rows_next(rows))
		return call_fail(c, ERR_NOT_FOUND, "not_found", "There is no report of that day.", "没有这一天的报告。");
	JsonFault fault;
	*ret = json_parse(c, rows_text(rows, 0), strlen(rows_text(rows, 0)), &fault);
	return *ret ? 0 : ERR_INTERNAL;
}

/* GET /reports/assignment/:day */
static int report_day(Call *c)
{
	static const char *const plain[] = {"day", "from", "until", "made_at", "zone", "touch_minutes", "totals", "nobody",
		"received", "fates", "waiting_for"};
	const Roster *roster;
	const Access *access;
	const json_t *body = NULL;
	int r = roster_of(c, &roster);
	if (r == 0)
		r = access_of(c, &access);
	if (r == 0)
		r = body_load(c, &body);
	if (r < 0)
		return call_store_failed(c, r);
	json_object_begin(&c->json);
	for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
		const json_t *part = json_object_get(body, plain[i]);
		if (!part)
			continue; /* reports made before there were fates have none */
		json_key(&c->json, plain[i]);
		json_put_tree(&c->json, part);
	}
	rows_write(c, access, roster, body, "teams");
	rows_write(c, access, roster, body, "people");
	json_object_end(&c->json);
	return 0;
}

static bool row_wanted(Call *c, const Roster *roster, Id person)
{
	Id wanted = call_id(c, "person"), team = call_id(c, "team");
	if (!id_is_nil(wanted))
		return id_equal(wanted, person);
	if (call_flag(c, "nobody", false))
		return id_is_nil(person);
	if (id_is_nil(team))
		return true;
	int at = roster_person(roster, person);
	return at >= 0 && roster->people[at].team >= 0 && id_equal(roster->teams[roster->people[at].team].id, team);
}

static void lead_write(Call *c, const Roster *roster, const Rows *rows)
{
	JsonOut *out = &c->json;
	json_object_begin(out);
	json_member_id(out, "lead", rows_id(rows, 0));
	json_member_text(out, "name", rows_text(rows, 2));
	json_member_text(out, "company", rows_text(rows, 3));
	json_member_text(out, "status", rows_text(rows, 4));
	json_member_text(out, "person", id_is_nil(rows_id(rows, 1)) ? NULL : roster_name(roster, rows_id(rows, 1)));
	json_member_text(out, "wait_reason", rows_text(rows, 8));
	json_member_text(out, "owner", id_is_nil(rows_id(rows, 5)) ? NULL : roster_name(roster, rows_id(rows, 5)));
	json_object_end(out);
}

static int figure_of(Call *c)
{
	const char *wanted = call_text(c, "figure");
	for (int figure = 0; figure < FIGURES; figure++)
		if (strcmp(figures_name((Figure)figure), wanted) == 0)
			return figure;
	int fate = 0; /* the parameter's choices are both lists */
	while (strcmp(fates_name((Fate)fate), wanted) != 0)
		fate++;
	return FIGURE_FATE + fate;
}

/* A page ends with the last row of a lead, so that the next one begins behind it. */
static int leads_write(Call *c, const Roster *roster, const Access *access, const char *day)
{
	static const Id LAST = {{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}};
	ROWS rows = NULL;
	Id after = call_id(c, "after"), last = ID_NIL;
	int n = 0, r = db_query(c->tx, &rows, "SELECT l.id, x.person, l.name, l.company, l.status, l.owner, l.team, "
		"l.pool, l.wait_reason FROM report_lead x JOIN lead l ON l.id = x.lead WHERE x.day = $1 AND x.figure = $2 "
		"AND x.lead < $3 ORDER BY x.lead DESC", value_text(day), value_int(figure_of(c)),
		value_id(id_is_nil(after) ? LAST : after));
	bool more = false;
	json_object_begin(&c->json);
	json_key(&c->json, "items");
	json_array_begin(&c->json);
	while (r == 0 && !more && rows_next(rows)) {
		if (!row_wanted(c, roster, rows_id(rows, 1)) ||
		    !access_sees(access, rows_id(rows, 5), ID_NIL, rows_id(rows, 6), rows_id(rows, 7)))
			continue;
		more = n >= LEADS_MAX && !id_equal(last, rows_id(rows, 0)); /* the rows of one lead stay on one page */
		if (more)
			break;
		n++;
		last = rows_id(rows, 0);
		lead_write(c, roster, rows);
	}
	json_array_end(&c->json);
	json_member_bool(&c->json, "more", more);
	json_member_id(&c->json, "next", more ? last : ID_NIL);
	json_object_end(&c->json);
	return r < 0 ? r : rows_error(rows);
}

/* GET /reports/assignment/:day/leads */
static int report_leads(Call *c)
{
	const Roster *roster;
	const Access *access;
	const json_t *body = NULL;
	int r = roster_of(c, &roster);
	if (r == 0)
		r = access_of(c, &access);
	if (r == 0)
		r = body_load(c, &body);
	if (r == 0)
		r = leads_write(c, roster, access, json_text(body, "day"));
	return call_store_failed(c, r);
}

/* ---- the card ---- */

/* The timer stands from the first start on. */
static int first_arm(Tx *tx, void *arg)
{
	Call *c = call_new_system(tx_mem(tx), arg, tx, "start");
	return timer_set_earliest(c, TIMER_REPORT, ID_NIL, c->now_ms, NULL);
}

static int report_start(House *house)
{
	return store_write_wait(house->store, first_arm, house);
}

static const char *const migrations[] = {
	"CREATE TABLE report_assignment (day {TEXT} PRIMARY KEY, from_at {TIME} NOT NULL, until_at {TIME} NOT NULL, "
	"made_at {TIME} NOT NULL, body {TEXT} NOT NULL);"
	"CREATE TABLE report_lead (day {TEXT} NOT NULL, figure {INT} NOT NULL, person {ID}, lead {ID} NOT NULL);"
	"CREATE INDEX report_lead_day ON report_lead (day, figure, lead);"
	"CREATE TABLE report_mark (one {INT} PRIMARY KEY, day {TEXT} NOT NULL, until_at {TIME} NOT NULL)",
	NULL,
};

static const Param list_params[] = {
	{"until", PARAM_TEXT, PARAM_IN_QUERY, .max = 10, .help = "The newest day wanted"},
	{"limit", PARAM_INT, PARAM_IN_QUERY, .min = 1, .max = LIST_MAX},
	{0},
};
static const Param day_params[] = {
	{"day", PARAM_TEXT, PARAM_IN_PATH, true, .max = 10, .help = "2026-11-28, or newest"},
	{0},
};
static const Param leads_params[] = {
	{"day", PARAM_TEXT, PARAM_IN_PATH, true, .max = 10, .help = "2026-11-28, or newest"},
	{"figure", PARAM_TEXT, PARAM_IN_QUERY, true, .choices = "in_play|overdue|assigned|duplicate|grab|contacted|"
		"contacted_late|in_time|moved_on|escalated|waiting|returned|closed", .help = "A figure or a fate"},
	{"person", PARAM_ID, PARAM_IN_QUERY},
	{"team", PARAM_ID, PARAM_IN_QUERY},
	{"nobody", PARAM_BOOL, PARAM_IN_QUERY, .help = "Leads that waited"},
	{"after", PARAM_ID, PARAM_IN_QUERY, .help = "\"next\" of the page before"},
	{0},
};

static const Endpoint endpoints[] = {
	{"GET", "/reports/assignment", "board.read", CALL_READ, list_params, report_list,
		"Assignment reports, newest first: their totals"},
	{"GET", "/reports/assignment/:day", "board.read", CALL_READ, day_params, report_day,
		"The assignment report of a day, by team and person"},
	{"GET", "/reports/assignment/:day/leads", "board.read", CALL_READ, leads_params, report_leads,
		"The leads behind a figure of a report"},
	{0},
};

static const TimerKind timers[] = {{TIMER_REPORT, on_report}, {0}};

const Module report_module = {.name = "report", .endpoints = endpoints, .timers = timers, .migrations = migrations,
	.start = report_start};
