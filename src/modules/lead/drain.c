/* Leads that wait find people who became free, oldest first; what somebody can no longer look after finds others.
 * Bounded work a transaction: a timer takes up the rest at once. */
#include <string.h>

#include "modules/lead/lead_int.h"

#define SCAN_MAX 2000 /* waiting leads looked at in one transaction; looking is cheap, placing is not */

/* Where a scan goes on: the waiting leads in the order of their waiting. */
typedef struct {
	int64_t since;
	Id id;
} Mark;

typedef struct {
	Id *fit;       /* leads that somebody could take now */
	int n_fit;
	int seen;
	Mark last;
} Scan;

/* Nobody has a hand free: no need to look at thousands of leads after each touch. */
static bool anybody_free(const Ground *ground)
{
	const Load *load = ground->load;
	for (int w = 0; w < ground->roster->words; w++)
		if (ground->roster->active[w] & ~load->absent[w] & ~load->frozen[w] & ~load->at_limit[w] & ~load->full[w])
			return true;
	return false;
}

static bool fits_somebody(Call *c, Ground *ground, const Rows *rows)
{
	Id holders[LEAD_HOLDERS_MAX];
	Value lon = rows_value(rows, 7, VALUE_DECIMAL, 6), lat = rows_value(rows, 8, VALUE_DECIMAL, 6);
	AssignQuery query = {.lead = rows_id(rows, 0), .region = (int32_t)rows_int(rows, 2), .holders = holders,
		.texts = {rows_text(rows, 3), rows_text(rows, 4), rows_text(rows, 5)},
		.n_holders = place_holders(rows_text(rows, 6), holders),
		.source_pool = place_source_pool(ground->roster, rows_id(rows, 9)), .now_ms = c->now_ms};
	place_point(ground->roster, &query, &lon, &lat);
	Decision decision;
	assign_decide(ground->roster, &ground->roster->policy, ground->load, &query, &decision);
	if (decision.outcome != ASSIGN_WAIT)
		load_take(ground->load, decision.owner, c->now_ms); /* so that one free hand does not look like a hundred */
	return decision.outcome != ASSIGN_WAIT;
}

/* A lead that somebody gave back stays in its pool for as long as a touch may take, so that others can claim it. */
static int waiting_scan(Call *c, Ground *ground, Mark after, Scan *scan)
{
	ROWS rows = NULL;
	int64_t cooled = c->now_ms - ground->roster->policy.touch_minutes * MINUTE_MS;
	int r = db_query(c->tx, &rows,
		"SELECT id, waiting_since, region, message, company, extra, holders, longitude, latitude, source "
		"FROM lead WHERE owner IS NULL AND status = 'new' AND deleted_at IS NULL AND waiting_since IS NOT NULL "
		"AND first_touch_at IS NULL AND (waiting_since > $1 OR (waiting_since = $1 AND id > $2)) "
		"AND (wait_reason IS NULL OR wait_reason <> 'returned' OR waiting_since <= $3) "
		"ORDER BY waiting_since, id LIMIT $4",
		value_time(after.since), (Value){.type = VALUE_ID, .id = after.id}, value_time(cooled), value_int(SCAN_MAX));
	if (r < 0)
		return r;
	scan->fit = talloc_array(c, Id, LEAD_STEP_MAX);
	/* The last free hand taken: the rest would be looked at in vain. */
	while (scan->n_fit < LEAD_STEP_MAX && anybody_free(ground) && rows_next(rows)) {
		scan->seen++;
		scan->last = (Mark){rows_int(rows, 1), rows_id(rows, 0)};
		if (fits_somebody(c, ground, rows))
			scan->fit[scan->n_fit++] = rows_id(rows, 0);
	}
	return rows_error(rows);
}

static int waiting_place(Call *c, Ground *ground, Id id)
{
	Record *lead;
	int r = record_load_any(c, "lead", id, &lead);
	return r < 0 ? r : lead_place(c, lead, &(PlaceInfo){.ground = ground, .kind = "drain"});
}

/* Looks first, with counts of its own that it may spoil, then places with the caller's. */
static int drain_from(Call *c, Ground *ground, Mark after)
{
	Ground looking = {.roster = ground->roster, .load = load_copy(c, ground->load)};
	Scan scan = {0};
	int r = waiting_scan(c, &looking, after, &scan);
	for (int i = 0; r == 0 && i < scan.n_fit; i++)
		r = waiting_place(c, ground, scan.fit[i]);
	if (r < 0)
		return r;
	if (scan.seen == SCAN_MAX || scan.n_fit == LEAD_STEP_MAX) {
		char id[ID_TEXT_SIZE];
		return timer_set(c, TIMER_DRAIN, ID_NIL, c->now_ms, talloc_asprintf(c, "{\"since\":%lld,\"id\":\"%s\"}",
			(long long)scan.last.since, id_text(scan.last.id, id)));
	}
	return 0;
}

static int anybody_waits(Call *c, bool *ret)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT 1 FROM lead WHERE owner IS NULL AND status = 'new' AND deleted_at IS NULL "
		"AND waiting_since IS NOT NULL LIMIT 1");
	if (r < 0)
		return r;
	*ret = rows_next(rows);
	return rows_error(rows);
}

int drain_soon(Call *c)
{
	bool waits = false;
	int r = anybody_waits(c, &waits);
	return r < 0 || !waits ? r : timer_set(c, TIMER_DRAIN, ID_NIL, c->now_ms, NULL);
}

int drain_waiting(Call *c, Ground *ground)
{
	bool waits = false;
	int r = anybody_waits(c, &waits);
	if (r < 0 || !waits)
		return r;
	load_at(ground->load, c->now_ms);
	return anybody_free(ground) ? drain_from(c, ground, (Mark){0}) : 0;
}

int lead_drain(Call *c)
{
	bool waits = false;
	int r = anybody_waits(c, &waits);
	if (r < 0 || !waits)
		return r;
	Ground *ground;
	r = ground_open(c, &ground);
	return r < 0 ? r : drain_waiting(c, ground);
}

static int shift_again(Call *c, Ground *ground)
{
	bool waits = false;
	int r = anybody_waits(c, &waits);
	int64_t opening = waits ? roster_next_opening(ground->roster, c->now_ms) : INT64_MAX;
	return r < 0 || opening == INT64_MAX ? r : timer_set(c, TIMER_SHIFT, ID_NIL, opening, NULL);
}

static json_t *payload_of(Call *c)
{
	const json_t *payload = call_json(c, "payload");
	JsonFault fault;
	const char *text = json_string_value(payload);
	return text ? json_parse(c, text, strlen(text), &fault) : (json_t *)payload;
}

/* A shift starts, or a transaction left the rest of its work. */
int drain_on_timer(Call *c)
{
	Ground *ground;
	const json_t *payload = payload_of(c);
	int r = ground_open(c, &ground);
	if (r < 0)
		return r;
	load_at(ground->load, c->now_ms);
	if (anybody_free(ground))
		r = drain_from(c, ground, (Mark){json_int(payload, "since", 0), json_id(payload, "id")});
	return r < 0 ? r : shift_again(c, ground);
}

/* ---- somebody leaves ---- */

static int untouched_ids(Call *c, Id person, Id *out, int *ret_n)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
		"SELECT id FROM lead WHERE owner = $1 AND first_touch_at IS NULL AND owner IS NOT NULL "
		"AND status = 'new' AND deleted_at IS NULL ORDER BY id LIMIT $2", value_id(person), value_int(LEAD_STEP_MAX));
	int n = 0;
	while (r == 0 && rows_next(rows))
		out[n++] = rows_id(rows, 0);
	*ret_n = n;
	return r < 0 ? r : rows_error(rows);
}

/* What had come up to a supervisor goes further up, not down again. */
static int lead_leave(Call *c, Ground *ground, Id id, const char *kind)
{
	Record *lead;
	int r = record_load_any(c, "lead", id, &lead);
	if (r < 0)
		return r;
	if (strcmp(record_text(lead, "clock"), "escalated") == 0)
		return clock_escalate(c, ground, lead, kind);
	return lead_place(c, lead, &(PlaceInfo){.ground = ground, .kind = kind});
}

/* Leads that were touched stay where they are until somebody hands them over: of one who is gone the supervisor
 * must know. */
static int open_count(Call *c, Id person, int64_t *ret)
{
	return db_int(c->tx, ret, "SELECT COUNT(*) FROM lead WHERE owner = $1 AND status IN ('contacting', 'qualified') "
		"AND deleted_at IS NULL", value_id(person));
}

static int leave_tell(Call *c, const Ground *ground, Id person, const char *kind, int moved)
{
	const Roster *roster = ground->roster;
	int index = roster_person(roster, person), supervisor = roster_supervisor(roster, index, -1, c->now_ms);
	int64_t open = 0;
	int r = open_count(c, person, &open);
	if (r < 0 || supervisor < 0)
		return r;
	Buf *buf = buf_new(c, 4096);
	JsonOut out = json_out(buf);
	json_object_begin(&out);
	json_member_text(&out, "name", roster_name(roster, person));
	json_member_text(&out, "why", index >= 0 && !roster->people[index].active ? "inactive" : kind);
	json_member_int(&out, "moved", moved);
	json_member_int(&out, "open", open);
	json_object_end(&out);
	return alert_send(c, &(Alert){.receiver = roster->people[supervisor].id, .reason = "person.away", .object = "user",
		.record = person, .data = buf->data, .merge_key = talloc_asprintf(c, "away:%s", id_text(person,
		(char[ID_TEXT_SIZE]){0}))});
}

int drain_leave(Call *c, Ground *ground, Id person, const char *kind)
{
	Id *ids = talloc_array(c, Id, LEAD_STEP_MAX);
	int n = 0, r = untouched_ids(c, person, ids, &n);
	for (int i = 0; r == 0 && i < n; i++)
		r = lead_leave(c, ground, ids[i], kind);
	if (r == 0)
		r = leave_tell(c, ground, person, kind, n);
	if (r < 0 || n < LEAD_STEP_MAX)
		return r;
	return timer_set(c, TIMER_LEAVE, person, c->now_ms, talloc_asprintf(c, "{\"kind\":\"%s\"}", kind));
}

/* Only while the person is still away: who came back meanwhile keeps the rest. */
int drain_on_leave(Call *c)
{
	Ground *ground;
	const char *kind = json_text(payload_of(c), "kind");
	int r = ground_open(c, &ground);
	if (r < 0)
		return r;
	int person = roster_person(ground->roster, call_id(c, "subject"));
	const Person *p = person < 0 ? NULL : &ground->roster->people[person];
	if (p && p->active && !roster_is_absent(p, c->now_ms) && !roster_is_frozen(p, c->now_ms))
		return 0;
	return drain_leave(c, ground, call_id(c, "subject"), kind ? kind : "absent");
}
