/* What a person sees first: the salesperson's desk (countdown cards, top three, today, what waits in the pools -
 * L10) and the supervisor's board (running out, overdue, stuck, who carries what). Reads only, but for the cards
 * that were seen. */
#include <stdlib.h>
#include <string.h>

#include "call/module.h"
#include "modules/lead/lead_int.h"
#include "record/access.h"

#define CARDS_MAX 50
#define WAITING_MAX 20
#define OPEN_MAX 200       /* open leads of a person that are ranked for the top three */
#define TOP 3
#define BOARD_ROWS_MAX 100 /* of each list */
#define BOARD_SCAN_MAX 2000
#define BOARD_PEOPLE_MAX 300
#define OPEN_COUNT_MAX 1000

/* ---- shared ---- */

/* Runs a query made of a literal and gives each row's id to fn; the rows are closed before. */
static int ids_read(Rows *rows, int r, Id *out, int max, int *ret_n)
{
	int n = 0;
	while (r == 0 && n < max && rows_next(rows))
		out[n++] = rows_id(rows, 0);
	*ret_n = n;
	return r < 0 ? r : rows_error(rows);
}

static int64_t day_start(const Roster *roster, int person, int64_t now_ms)
{
	int64_t start, end;
	worktime_day(roster_worktime(roster, person), now_ms, &start, &end);
	return start;
}

static void pool_write(JsonOut *out, const Roster *roster, Id id)
{
	int pool = roster_pool(roster, id);
	json_key(out, "pool");
	if (pool < 0) {
		json_put_null(out);
		return;
	}
	json_object_begin(out);
	json_member_id(out, "id", id);
	json_member_text(out, "name", roster->pools[pool].name);
	json_object_end(out);
}

/* ---- heat and the top three (L10) ---- */

typedef struct {
	Record *lead;
	int64_t points; /* hundredths of a degree of heat */
	const char *why;
} Task;

/* The heat of the lead, and what is urgent about it: a countdown more the less of it is left, a lead the supervisor
 * must touch, a follow-up that is overdue. */
static Task task_of(Call *c, const Roster *roster, Record *lead)
{
	bool en = c->lang == LANG_EN;
	int heat = heat_after((int)record_int(lead, "score"), c->now_ms - record_int(lead, "created_at"));
	const char *clock = record_text(lead, "clock");
	int64_t follow_up = record_int(lead, "next_follow_up_at"), left = record_int(lead, "respond_by") - c->now_ms;
	Task task = {lead, heat * 100, talloc_asprintf(c, en ? "Heat %d" : "热度 %d", heat)};
	if (!place_is_untouched(lead)) {
		if (follow_up && follow_up <= c->now_ms) {
			task.points += 1500;
			task.why = en ? "The follow-up is due" : "跟进时间已到";
		}
	} else if (strcmp(clock, "escalated") == 0) {
		task.points += 10000;
		task.why = en ? "Came up to you: nobody has called yet" : "已升级给您，尚无人联系";
	} else if (strcmp(clock, "running") == 0) {
		int64_t total = roster->policy.touch_minutes * MINUTE_MS;
		task.points += 10000 + (left < total ? 5000 * (total - (left < 0 ? 0 : left)) / total : 0);
		task.why = talloc_asprintf(c, en ? "%d min left to make contact" : "首次联系还剩 %d 分钟", (int)((left < 0 ? 0
			: left) / MINUTE_MS));
	}
	return task;
}

static int task_order(const void *a, const void *b)
{
	int64_t x = ((const Task *)a)->points, y = ((const Task *)b)->points;
	return (x < y) - (x > y);
}

static bool wants_action(const Record *lead, int64_t now_ms)
{
	int64_t follow_up = record_int(lead, "next_follow_up_at");
	return place_is_untouched(lead) || (follow_up && follow_up <= now_ms + DAY_MS) || record_int(lead, "touches") == 0;
}

static int open_read(Call *c, Record **out, int *ret_n)
{
	ROWS rows = NULL;
	Id ids[OPEN_MAX];
	int n = 0, r = db_query(c->tx, &rows,
		"SELECT id FROM lead WHERE owner = $1 AND status IN ('new', 'contacting', 'qualified') "
		"AND deleted_at IS NULL ORDER BY created_at DESC LIMIT $2", value_id(c->who.user), value_int(OPEN_MAX));
	r = ids_read(rows, r, ids, OPEN_MAX, &n);
	for (int i = 0; r == 0 && i < n; i++)
		r = record_load_any(c, "lead", ids[i], &out[i]);
	*ret_n = n;
	return r;
}

static void top_write(Call *c, const Roster *roster, Record *const *open, int n)
{
	Task tasks[OPEN_MAX];
	int count = 0;
	for (int i = 0; i < n; i++)
		if (wants_action(open[i], c->now_ms))
			tasks[count++] = task_of(c, roster, open[i]);
	if (count)
		qsort(tasks, (size_t)count, sizeof *tasks, task_order);
	JsonOut *out = &c->json;
	json_key(out, "top");
	json_array_begin(out);
	for (int i = 0; i < count && i < TOP; i++) {
		json_object_begin(out);
		json_key(out, "lead");
		json_object_begin(out);
		card_members(out, roster, tasks[i].lead, c->now_ms);
		json_object_end(out);
		json_member_text(out, "why", tasks[i].why);
		json_object_end(out);
	}
	json_array_end(out);
}

/* ---- the desk ---- */

static int is_unread(Call *c, const Record *lead, bool *ret)
{
	int64_t seen;
	int r = db_int(c->tx, &seen, "SELECT assigned_at FROM desk_seen WHERE owner = $1 AND lead = $2",
		value_id(c->who.user),
		value_id(record_id(lead)));
	*ret = r == ERR_NOT_FOUND || seen < record_int(lead, "assigned_at");
	return r == ERR_NOT_FOUND ? 0 : r;
}

static int newest_assignment(const void *a, const void *b)
{
	int64_t x = record_int(*(Record *const *)a, "assigned_at"), y = record_int(*(Record *const *)b, "assigned_at");
	return (x < y) - (x > y);
}

/* Leads that wait for my first word, newest assignment first. */
static int cards_write(Call *c, const Roster *roster, Record *const *open, int n)
{
	Record *cards[OPEN_MAX];
	int count = 0, r = 0;
	for (int i = 0; i < n; i++)
		if (place_is_untouched(open[i]))
			cards[count++] = open[i];
	if (count)
		qsort(cards, (size_t)count, sizeof(Record *), newest_assignment);
	JsonOut *out = &c->json;
	json_key(out, "cards");
	json_array_begin(out);
	for (int i = 0; r == 0 && i < count && i < CARDS_MAX; i++) {
		bool unread = false;
		r = is_unread(c, cards[i], &unread);
		json_object_begin(out);
		card_members(out, roster, cards[i], c->now_ms);
		json_member_bool(out, "unread", unread);
		json_object_end(out);
	}
	json_array_end(out);
	return r;
}

static int by_follow_up(const void *a, const void *b)
{
	int64_t x = record_int(*(Record *const *)a, "next_follow_up_at"), y = record_int(*(Record *const *)b,
		"next_follow_up_at");
	return (x > y) - (x < y);
}

/* The next one first; the list is put into that order. */
static void follow_ups_write(Call *c, Record **open, int n, int *ret_due, int64_t day_end)
{
	JsonOut *out = &c->json;
	*ret_due = 0;
	qsort(open, (size_t)n, sizeof *open, by_follow_up);
	json_key(out, "follow_ups");
	json_array_begin(out);
	for (int i = 0; i < n; i++) {
		int64_t at = record_int(open[i], "next_follow_up_at");
		if (at == 0)
			continue;
		*ret_due += at <= day_end;
		json_object_begin(out);
		json_member_id(out, "lead", record_id(open[i]));
		json_member_text(out, "name", record_text(open[i], "name"));
		json_member_text(out, "company", record_text(open[i], "company"));
		card_time(out, "at", at);
		json_member_bool(out, "overdue", at <= c->now_ms);
		json_object_end(out);
	}
	json_array_end(out);
}

static int tasks_write(Call *c)
{
	JsonOut *out = &c->json;
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
		"SELECT id, name, due_at, lead, account FROM task WHERE owner = $1 AND done_at IS NULL "
		"AND deleted_at IS NULL ORDER BY due_at LIMIT $2", value_id(c->who.user), value_int(CARDS_MAX));
	if (r < 0)
		return r;
	json_key(out, "tasks");
	json_array_begin(out);
	while (rows_next(rows)) {
		json_object_begin(out);
		json_member_id(out, "id", rows_id(rows, 0));
		json_member_text(out, "name", rows_text(rows, 1));
		card_time(out, "due_at", rows_int(rows, 2));
		json_member_id(out, "lead", rows_id(rows, 3));
		json_member_id(out, "account", rows_id(rows, 4));
		json_object_end(out);
	}
	json_array_end(out);
	return rows_error(rows);
}

/* What I could claim: the oldest waiting leads of the pools I belong to. */
static int waiting_write(Call *c, const Roster *roster, int person)
{
	JsonOut *out = &c->json;
	ROWS rows = NULL;
	int n = 0, r = db_query(c->tx, &rows, "SELECT id, name, company, pool, waiting_since FROM lead WHERE owner IS NULL "
		"AND status = 'new' AND deleted_at IS NULL AND waiting_since IS NOT NULL ORDER BY waiting_since, id LIMIT $1",
		value_int(BOARD_SCAN_MAX));
	if (r < 0)
		return r;
	json_key(out, "waiting");
	json_array_begin(out);
	while (n < WAITING_MAX && rows_next(rows)) {
		if (!roster_in_pool(roster, roster_pool(roster, rows_id(rows, 3)), person))
			continue;
		n++;
		json_object_begin(out);
		json_member_id(out, "id", rows_id(rows, 0));
		json_member_text(out, "name", rows_text(rows, 1));
		json_member_text(out, "company", rows_text(rows, 2));
		pool_write(out, roster, rows_id(rows, 3));
		card_time(out, "waiting_since", rows_int(rows, 4));
		json_object_end(out);
	}
	json_array_end(out);
	return rows_error(rows);
}

static int today_write(Call *c, int64_t since, int due)
{
	int64_t got = 0, touched = 0, missed = 0;
	Value me = value_id(c->who.user), from = value_time(since);
	int r = db_int(c->tx, &got, "SELECT COUNT(*) FROM assignment WHERE at >= $1 AND owner = $2", from, me);
	if (r == 0)
		r = db_int(c->tx, &touched,
		"SELECT COUNT(*) FROM activity WHERE owner = $2 AND created_at >= $1 AND lead IS NOT NULL "
			"AND deleted_at IS NULL", from, me);
	if (r == 0)
		r = db_int(c->tx, &missed, "SELECT COUNT(*) FROM assignment WHERE before_owner = $2 AND at >= $1 "
			"AND kind IN ('miss', 'escalated')", from, me);
	json_key(&c->json, "today");
	json_object_begin(&c->json);
	json_member_int(&c->json, "new", got);
	json_member_int(&c->json, "touched", touched);
	json_member_int(&c->json, "missed", missed);
	json_member_int(&c->json, "due", due);
	json_object_end(&c->json);
	return r;
}

static void self_write(Call *c, const Roster *roster, int person)
{
	const Person *me = person < 0 ? NULL : &roster->people[person];
	card_time(&c->json, "frozen_until", me && roster_is_frozen(me, c->now_ms) ? me->frozen_until : 0);
	json_member_bool(&c->json, "absent", me && roster_is_absent(me, c->now_ms));
	json_member_int(&c->json, "summary_min", roster->policy.summary_min);
}

/* GET /desk */
static int desk_mine(Call *c)
{
	const Roster *roster;
	Record *open[OPEN_MAX];
	int n = 0, due = 0, r = roster_of(c, &roster);
	if (r == 0)
		r = open_read(c, open, &n);
	if (r < 0)
		return call_store_failed(c, r);
	int person = roster_person(roster, c->who.user);
	int64_t start, end;
	worktime_day(roster_worktime(roster, person), c->now_ms, &start, &end);
	json_object_begin(&c->json);
	card_time(&c->json, "now", c->now_ms);
	r = cards_write(c, roster, open, n);
	top_write(c, roster, open, n);
	follow_ups_write(c, open, n, &due, end);
	if (r == 0)
		r = today_write(c, start, due);
	if (r == 0)
		r = tasks_write(c);
	if (r == 0)
		r = waiting_write(c, roster, person);
	self_write(c, roster, person);
	json_object_end(&c->json);
	return call_store_failed(c, r);
}

/* POST /desk/seen: only what is mine */
static int desk_seen(Call *c)
{
	const json_t *ids = call_json(c, "ids");
	int r = 0;
	for (size_t i = 0; r == 0 && i < json_array_size(ids); i++) {
		Id id = ID_NIL;
		const char *text = json_string_value(json_array_get(ids, i));
		if (!text || !id_parse(text, strlen(text), &id))
			continue;
		r = db_exec(c->tx, "INSERT INTO desk_seen (owner, lead, assigned_at) SELECT owner, id, assigned_at FROM lead "
			"WHERE id = $1 AND owner = $2 AND assigned_at IS NOT NULL "
			"ON CONFLICT (owner, lead) DO UPDATE SET assigned_at = excluded.assigned_at", value_id(id),
				value_id(c->who.user));
	}
	c->status = 204;
	return call_store_failed(c, r);
}

/* ---- the board ---- */

typedef struct {
	Id ids[BOARD_ROWS_MAX];
	int n, all;
} List;

typedef struct {
	List running, overdue, stuck;
	int escalated;
} Lists;

static void list_add(List *list, Id id)
{
	list->all++;
	if (list->n < BOARD_ROWS_MAX)
		list->ids[list->n++] = id;
}

/* Untouched leads of my people: those still counting by what is left, and those that went over. */
static int untouched_read(Call *c, const Access *access, Lists *lists)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT id, owner, team, respond_by, clock FROM lead WHERE first_touch_at IS NULL "
		"AND owner IS NOT NULL AND status = 'new' AND deleted_at IS NULL ORDER BY respond_by LIMIT $1",
		value_int(BOARD_SCAN_MAX));
	if (r < 0)
		return r;
	while (rows_next(rows)) {
		if (!access_sees(access, rows_id(rows, 1), ID_NIL, rows_id(rows, 2), ID_NIL))
			continue;
		bool escalated = strcmp(rows_text(rows, 4), "escalated") == 0;
		lists->escalated += escalated;
		list_add(escalated || rows_int(rows, 3) <= c->now_ms ? &lists->overdue : &lists->running, rows_id(rows, 0));
	}
	return rows_error(rows);
}

static int stuck_read(Call *c, const Access *access, Lists *lists)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
		"SELECT id, team, pool FROM lead WHERE owner IS NULL AND status = 'new' AND deleted_at IS NULL "
		"AND waiting_since IS NOT NULL ORDER BY waiting_since, id LIMIT $1", value_int(BOARD_SCAN_MAX));
	if (r < 0)
		return r;
	while (rows_next(rows))
		if (access_sees(access, ID_NIL, ID_NIL, rows_id(rows, 1), rows_id(rows, 2)))
			list_add(&lists->stuck, rows_id(rows, 0));
	return rows_error(rows);
}

static int list_write(Call *c, const Roster *roster, const char *key, const List *list)
{
	JsonOut *out = &c->json;
	int r = 0;
	json_key(out, key);
	json_array_begin(out);
	for (int i = 0; r == 0 && i < list->n; i++) {
		Record *lead;
		r = record_load_any(c, "lead", list->ids[i], &lead);
		if (r < 0)
			break;
		json_object_begin(out);
		card_members(out, roster, lead, c->now_ms);
		card_person(out, "owner", roster, record_ref(lead, "owner"));
		json_member_text(out, "wait_reason", record_text(lead, "wait_reason"));
		pool_write(out, roster, record_ref(lead, "pool"));
		json_object_end(out);
	}
	json_array_end(out);
	return r;
}

typedef struct {
	int *got, *touched, *missed, *misses;
} Day;

static int day_count(const Roster *roster, Rows *rows, int r, int *out)
{
	while (r == 0 && rows_next(rows)) {
		int person = roster_person(roster, rows_id(rows, 0));
		if (person >= 0)
			out[person] = (int)rows_int(rows, 1);
	}
	return r < 0 ? r : rows_error(rows);
}

static int day_read(Call *c, const Roster *roster, Day *day)
{
	Value since = value_time(day_start(roster, -1, c->now_ms));
	unsigned n = (unsigned)roster->n_people;
	*day = (Day){talloc_zero_array(c, int, n), talloc_zero_array(c, int, n), talloc_zero_array(c, int, n),
		talloc_zero_array(c, int, n)};
	ROWS got = NULL;
	int r = db_query(c->tx, &got,
		"SELECT owner, COUNT(*) FROM assignment WHERE at >= $1 AND owner IS NOT NULL GROUP BY owner", since);
	r = day_count(roster, got, r, day->got);
	ROWS touched = NULL;
	if (r == 0)
		r = db_query(c->tx, &touched,
		"SELECT owner, COUNT(*) FROM activity WHERE created_at >= $1 AND lead IS NOT NULL "
			"AND owner IS NOT NULL AND deleted_at IS NULL GROUP BY owner", since);
	r = day_count(roster, touched, r, day->touched);
	ROWS missed = NULL;
	if (r == 0)
		r = db_query(c->tx, &missed,
		"SELECT before_owner, COUNT(*) FROM assignment WHERE at >= $1 AND before_owner IS NOT NULL "
			"AND kind IN ('miss', 'escalated') GROUP BY before_owner", since);
	r = day_count(roster, missed, r, day->missed);
	ROWS misses = NULL;
	if (r == 0)
		r = db_query(c->tx, &misses, "SELECT id, misses FROM person WHERE misses > 0");
	return day_count(roster, misses, r, day->misses);
}

static const char *state_of(const Load *load, int person, int64_t now_ms)
{
	const Person *p = &load->roster->people[person];
	if (!p->active)
		return "inactive";
	if (roster_is_frozen(p, now_ms))
		return "frozen";
	if (roster_is_absent(p, now_ms))
		return "absent";
	if (!people_has(load->working, person))
		return "off_hours";
	return people_has(load->at_limit, person) || people_has(load->full, person) ? "full" : "free";
}

static int person_write(Call *c, const Load *load, const Day *day, const Grabs *grabs, int person)
{
	const Person *p = &load->roster->people[person];
	JsonOut *out = &c->json;
	int64_t open = 0;
	int r = db_int(c->tx, &open,
		"SELECT COUNT(*) FROM (SELECT 1 FROM lead WHERE owner = $1 AND status IN ('new', 'contacting', "
		"'qualified') AND deleted_at IS NULL LIMIT $2) AS open_leads", value_id(p->id), value_int(OPEN_COUNT_MAX));
	json_object_begin(out);
	json_member_id(out, "id", p->id);
	json_member_text(out, "name", p->name);
	json_key(out, "team");
	if (p->team < 0) {
		json_put_null(out);
	} else {
		json_object_begin(out);
		json_member_id(out, "id", load->roster->teams[p->team].id);
		json_member_text(out, "name", load->roster->teams[p->team].name);
		json_object_end(out);
	}
	json_member_int(out, "untouched", load->open[person]);
	json_member_int(out, "capacity", p->capacity < load->load_max ? p->capacity : load->load_max);
	json_member_int(out, "open", open);
	json_member_text(out, "state", state_of(load, person, c->now_ms));
	card_time(out, "frozen_until", roster_is_frozen(p, c->now_ms) ? p->frozen_until : 0);
	json_member_int(out, "misses", day->misses[person]);
	json_key(out, "today");
	json_object_begin(out);
	json_member_int(out, "got", day->got[person]);
	json_member_int(out, "touched", day->touched[person]);
	json_member_int(out, "missed", day->missed[person]);
	json_member_int(out, "cross_grabs", grabs_of(grabs, person));
	json_object_end(out);
	json_object_end(out);
	return r;
}

bool desk_oversees(const Access *access, const Roster *roster, int person)
{
	const Person *p = &roster->people[person];
	return access_sees(access, p->id, ID_NIL, p->team < 0 ? ID_NIL : roster->teams[p->team].id, ID_NIL);
}

static int people_write(Call *c, const Access *access, const Load *load, const Grabs *grabs)
{
	const Roster *roster = load->roster;
	Day day;
	int n = 0, r = day_read(c, roster, &day);
	json_key(&c->json, "people");
	json_array_begin(&c->json);
	for (int i = 0; r == 0 && i < roster->n_people && n < BOARD_PEOPLE_MAX; i++) {
		const Person *p = &roster->people[i];
		bool sells = p->role == ROLE_SALESPERSON || load->open[i] > 0;
		if (!sells || !desk_oversees(access, roster, i) || (!p->active && load->open[i] == 0))
			continue;
		r = person_write(c, load, &day, grabs, i);
		n++;
	}
	json_array_end(&c->json);
	return r;
}

static void counts_write(JsonOut *out, const Lists *lists)
{
	json_key(out, "counts");
	json_object_begin(out);
	json_member_int(out, "waiting", lists->stuck.all);
	json_member_int(out, "running", lists->running.all);
	json_member_int(out, "escalated", lists->escalated);
	json_object_end(out);
}

/* GET /board */
static int desk_board(Call *c)
{
	const Roster *roster;
	const Access *access;
	Load *load;
	Grabs *grabs;
	Lists *lists = talloc_zero(c, Lists);
	int r = roster_of(c, &roster);
	if (r == 0)
		r = access_of(c, &access);
	if (r == 0)
		r = place_load(c, roster, &load);
	if (r == 0)
		r = untouched_read(c, access, lists);
	if (r == 0)
		r = stuck_read(c, access, lists);
	if (r == 0)
		r = grabs_read(c, roster, day_start(roster, -1, c->now_ms), &grabs);
	if (r < 0)
		return call_store_failed(c, r);
	load_at(load, c->now_ms);
	json_object_begin(&c->json);
	card_time(&c->json, "now", c->now_ms);
	r = list_write(c, roster, "running_out", &lists->running);
	if (r == 0)
		r = list_write(c, roster, "overdue", &lists->overdue);
	if (r == 0)
		r = list_write(c, roster, "stuck", &lists->stuck);
	if (r == 0)
		r = people_write(c, access, load, grabs);
	grabs_write(&c->json, roster, grabs);
	counts_write(&c->json, lists);
	json_object_end(&c->json);
	return call_store_failed(c, r);
}

static const char *const migrations[] = {
	"CREATE TABLE desk_seen (owner {ID} NOT NULL, lead {ID} NOT NULL, assigned_at {TIME} NOT NULL, "
	"PRIMARY KEY (owner, lead))",
	NULL,
};

static const Param seen_params[] = {{"ids", PARAM_IDS, PARAM_IN_BODY, true}, {0}};

static const Endpoint endpoints[] = {
	{"GET", "/desk", "signed_in", CALL_READ, NULL, desk_mine, "My desk: cards, top three, today, follow-ups"},
	{"POST", "/desk/seen", "signed_in", CALL_WRITE, seen_params, desk_seen, "Cards I have seen"},
	{"GET", "/board", "board.read", CALL_READ, NULL, desk_board, "Running out, overdue, stuck; who carries what"},
	{0},
};

const Module desk_module = {.name = "desk", .endpoints = endpoints, .migrations = migrations};
