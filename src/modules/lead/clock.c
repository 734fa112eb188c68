/* What time does (L6-L9): a missed countdown moves the lead on, hops or hours bring it to the supervisor, misses in
 * a row freeze a person, a freeze and an absence end. Every function here is a timer's; what a move consists of
 * stands in place.c. */
#include <string.h>

#include "modules/lead/lead_int.h"

static int person_event(Call *c, const Roster *roster, const char *kind, Id person, const char *data)
{
	int index = roster_person(roster, person), team = index < 0 ? -1 : roster->people[index].team;
	EventRow event = {.kind = kind, .object = "user", .record = person, .owner = person,
		.team = team < 0 ? ID_NIL : roster->teams[team].id, .data = data};
	return record_event(c, &event);
}

static int person_alert(Call *c, const char *reason, Id receiver, Id person, const char *data)
{
	Alert alert = {.receiver = receiver, .reason = reason, .object = "user", .record = person, .data = data,
		.urgent = true,
		.merge_key = talloc_asprintf(c, "%s:%s", reason, id_text(person, (char[ID_TEXT_SIZE]){0}))};
	return alert_send(c, &alert);
}

static const char *person_data(Call *c, const char *name, int64_t until_ms)
{
	Buf *buf = buf_new(c, 4096);
	JsonOut out = json_out(buf);
	json_object_begin(&out);
	json_member_text(&out, "name", name);
	card_time(&out, "until", until_ms);
	json_object_end(&out);
	return buf->data;
}

/* ---- freeze and release (L9) ---- */

static int freeze_tell(Call *c, const Roster *roster, int person, int64_t until_ms)
{
	const Person *p = &roster->people[person];
	const char *data = person_data(c, p->name, until_ms);
	int supervisor = roster_supervisor(roster, person, -1, c->now_ms);
	int r = person_event(c, roster, "person.frozen", p->id, data);
	if (r == 0)
		r = person_alert(c, "person.frozen", p->id, p->id, data);
	if (r == 0 && supervisor >= 0 && supervisor != person)
		r = person_alert(c, "person.frozen", roster->people[supervisor].id, p->id, data);
	return r;
}

int clock_freeze(Call *c, const Roster *roster, int person)
{
	Record *user;
	int r = record_load_any(c, "user", roster->people[person].id, &user);
	if (r < 0 || record_int(user, "frozen_until") > c->now_ms)
		return r;
	int64_t until = roster_day_end(roster, person, c->now_ms);
	record_set_time(user, "frozen_at", c->now_ms);
	record_set_time(user, "frozen_until", until);
	r = freeze_tell(c, roster, person, until);
	if (r == 0)
		r = timer_set(c, TIMER_THAW, record_id(user), until, NULL);
	return r < 0 ? r : record_update(c, user, RECORD_AS_HOUSE); /* the hook on people moves the leads */
}

/* Who lifted it and how: by time ("timer"), by hand ("api"), by QR code ("qr"). */
static const char *release_data(Call *c, const Roster *roster, const char *name)
{
	Buf *buf = buf_new(c, 4096);
	JsonOut out = json_out(buf);
	json_object_begin(&out);
	json_member_text(&out, "name", name);
	card_time(&out, "until", 0);
	card_person(&out, "by", roster, c->who.user);
	json_member_text(&out, "cause", c->cause);
	json_object_end(&out);
	return buf->data;
}

int clock_release(Call *c, Record *user)
{
	const Roster *roster;
	int r = roster_of(c, &roster);
	if (r < 0)
		return r;
	record_set(user, "frozen_at", value_null());
	record_set(user, "frozen_until", value_null());
	record_set_int(user, "misses", 0);
	r = person_event(c, roster, "person.released", record_id(user),
		release_data(c, roster, record_text(user, "name")));
	if (r == 0)
		r = timer_cancel(c, TIMER_THAW, record_id(user));
	return r < 0 ? r : record_update(c, user, RECORD_AS_HOUSE); /* the hook on people lets leads come */
}

/* The subject of a person's timer; NULL when it is gone. */
static int user_of_timer(Call *c, Record **ret)
{
	*ret = NULL;
	int r = record_load_any(c, "user", call_id(c, "subject"), ret);
	if (r == ERR_NOT_FOUND || (r == 0 && record_int(*ret, "deleted_at"))) {
		call_reset(c);
		*ret = NULL;
		return 0;
	}
	return r;
}

static int on_thaw(Call *c)
{
	Record *user;
	int r = user_of_timer(c, &user);
	if (r < 0 || !user || record_int(user, "frozen_until") == 0)
		return r;
	if (record_int(user, "frozen_until") > c->now_ms)
		return timer_set(c, TIMER_THAW, record_id(user), record_int(user, "frozen_until"), NULL);
	return clock_release(c, user);
}

static int on_back(Call *c)
{
	Record *user;
	int r = user_of_timer(c, &user);
	if (r < 0 || !user || !record_int(user, "absent") || record_int(user, "absent_until") == 0)
		return r;
	if (record_int(user, "absent_until") > c->now_ms)
		return timer_set(c, TIMER_BACK, record_id(user), record_int(user, "absent_until"), NULL);
	record_set(user, "absent", value_bool(false));
	record_set(user, "absent_until", value_null());
	return record_update(c, user, RECORD_AS_HOUSE);
}

/* ---- the supervisor takes over (L8) ---- */

/* Who held it last: its owner, or when it waits the last in the list. */
static int last_holder(const Roster *roster, const Record *lead)
{
	Id holders[LEAD_HOLDERS_MAX];
	int n = place_holders(record_text(lead, "holders"), holders);
	Id last = id_is_nil(record_ref(lead, "owner")) && n ? holders[n - 1] : record_ref(lead, "owner");
	return roster_person(roster, last);
}

static int group_tell(Call *c, const Roster *roster, const Record *lead, int holder, int supervisor)
{
	int group[LEAD_RECEIVERS_MAX], r = 0;
	int n = holder < 0 ? 0 : roster_chain(roster, roster->people[holder].team, group, LEAD_RECEIVERS_MAX);
	Buf *buf = buf_new(c, LEAD_BODY_MAX);
	JsonOut out = json_out(buf);
	json_object_begin(&out);
	json_member_text(&out, "owner_name", roster->people[supervisor].name);
	json_member_text(&out, "before_name", holder < 0 ? NULL : roster->people[holder].name);
	card_news(&out, roster, lead, c->now_ms);
	json_object_end(&out);
	for (int i = 0; r == 0 && i < n; i++) {
		if (group[i] == supervisor)
			continue; /* told as the new owner */
		Alert alert = {.receiver = roster->people[group[i]].id, .reason = "lead.escalated", .object = "lead",
			.record = record_id(lead), .data = buf->data};
		r = alert_send(c, &alert);
	}
	return r;
}

int clock_escalate(Call *c, Ground *ground, Record *lead, const char *reason)
{
	const Roster *roster = ground->roster;
	int holder = last_holder(roster, lead), supervisor = roster_supervisor(roster, holder, -1, c->now_ms);
	if (supervisor < 0)
		return 0; /* a house without anybody: the lead stays where it is */
	Placement p = {.kind = "escalated", .owner = supervisor, .clock = CLOCK_ESCALATED, .reason = reason};
	int r = place_put(c, ground, lead, &p);
	return r < 0 ? r : group_tell(c, roster, lead, holder, supervisor);
}

/* ---- a miss (L7) ---- */

static int miss_count(Call *c, Id person, int64_t *ret)
{
	int r = db_exec(c->tx, "UPDATE person SET misses = COALESCE(misses, 0) + 1 WHERE id = $1", value_id(person));
	return r < 0 ? r : db_int(c->tx, ret, "SELECT misses FROM person WHERE id = $1", value_id(person));
}

static int miss_tell(Call *c, const Roster *roster, const Record *lead, int owner)
{
	int supervisor = roster_supervisor(roster, owner, -1, c->now_ms);
	if (supervisor < 0)
		return 0;
	Buf *buf = buf_new(c, LEAD_BODY_MAX);
	JsonOut out = json_out(buf);
	json_object_begin(&out);
	json_member_text(&out, "owner_name", roster->people[owner].name);
	card_news(&out, roster, lead, c->now_ms);
	json_object_end(&out);
	Alert alert = {.receiver = roster->people[supervisor].id, .reason = "lead.missed", .object = "lead",
		.record = record_id(lead), .data = buf->data, .urgent = true};
	return alert_send(c, &alert);
}

static int lead_move_on(Call *c, Ground *ground, Record *lead)
{
	if (record_int(lead, "hops") >= ground->roster->policy.hops_max)
		return clock_escalate(c, ground, lead, "hops");
	return lead_place(c, lead, &(PlaceInfo){.ground = ground, .kind = "miss"});
}

static int miss(Call *c, Ground *ground, Record *lead)
{
	const Roster *roster = ground->roster;
	int owner = roster_person(roster, record_ref(lead, "owner"));
	int64_t misses = 0;
	int r = owner < 0 ? 0 : miss_count(c, roster->people[owner].id, &misses);
	if (r == 0 && owner >= 0)
		r = miss_tell(c, roster, lead, owner);
	record_set_int(lead, "hops", record_int(lead, "hops") + 1);
	if (r == 0)
		r = c->now_ms >= place_escalates_at(ground->roster, lead) ? clock_escalate(c, ground, lead, "time")
		                                                   : lead_move_on(c, ground, lead);
	if (r == 0 && misses >= roster->policy.freeze_misses)
		r = clock_freeze(c, roster, owner);
	return r;
}

/* ---- timers ---- */

/* The lead of the timer if time still matters to it, else NULL. */
static int lead_of_timer(Call *c, Record **ret)
{
	*ret = NULL;
	Record *lead;
	int r = record_load_any(c, "lead", call_id(c, "subject"), &lead);
	if (r == ERR_NOT_FOUND) {
		call_reset(c);
		return 0;
	}
	if (r == 0 && place_is_untouched(lead) && record_int(lead, "deleted_at") == 0)
		*ret = lead;
	return r;
}

static int on_due(Call *c)
{
	Record *lead;
	Ground *ground;
	int r = lead_of_timer(c, &lead);
	if (r < 0 || !lead || strcmp(record_text(lead, "clock"), "escalated") == 0)
		return r;
	r = ground_open(c, &ground);
	if (r < 0)
		return r;
	bool owned = !id_is_nil(record_ref(lead, "owner"));
	if (owned && c->now_ms >= record_int(lead, "respond_by"))
		return miss(c, ground, lead);
	if (c->now_ms >= place_escalates_at(ground->roster, lead))
		return clock_escalate(c, ground, lead, "time");
	return place_timer(c, ground->roster, lead); /* it came early: the deadline was moved */
}

static int held_release(Call *c, const Roster *roster, Id person, Id id)
{
	Record *lead;
	int r = record_load_any(c, "lead", id, &lead);
	if (r < 0)
		return r;
	record_set_text(lead, "clock", "running");
	r = record_update(c, lead, RECORD_AS_HOUSE | RECORD_QUIET);
	if (r < 0)
		return r;
	Buf *buf = buf_new(c, LEAD_BODY_MAX);
	JsonOut out = json_out(buf);
	json_object_begin(&out);
	json_member_text(&out, "why", "opening");
	json_member_text(&out, "owner_name", roster_name(roster, person));
	card_news(&out, roster, lead, c->now_ms);
	json_object_end(&out);
	return record_event(c, &(EventRow){.kind = "lead.assigned", .object = "lead", .record = id, .owner = person,
		.team = record_ref(lead, "team"), .data = buf->data});
}

static int held_ids(Call *c, Id person, Id *out, int *ret_n)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
		"SELECT id FROM lead WHERE owner = $1 AND first_touch_at IS NULL AND owner IS NOT NULL "
		"AND status = 'new' AND deleted_at IS NULL AND clock = 'held' ORDER BY id LIMIT $2", value_id(person),
		value_int(LEAD_STEP_MAX));
	int n = 0;
	while (r == 0 && rows_next(rows))
		out[n++] = rows_id(rows, 0);
	*ret_n = n;
	return r < 0 ? r : rows_error(rows);
}

/* Opening: what came while the person was off hours starts counting; one alert tells of all. */
static int on_open(Call *c)
{
	const Roster *roster;
	Id person = call_id(c, "subject"), *held = talloc_array(c, Id, LEAD_STEP_MAX);
	int n = 0, r = roster_of(c, &roster);
	if (r == 0)
		r = held_ids(c, person, held, &n);
	for (int i = 0; r == 0 && i < n; i++)
		r = held_release(c, roster, person, held[i]);
	if (r < 0 || n == 0)
		return r;
	Alert alert = {.receiver = person, .reason = "lead.held", .object = "lead", .record = held[0], .urgent = true,
		.data = talloc_asprintf(c, "{\"count\":%d}", n)};
	r = alert_send(c, &alert);
	return r == 0 && n == LEAD_STEP_MAX ? timer_set(c, TIMER_OPEN, person, c->now_ms, NULL) : r;
}

/* The next follow-up that somebody noted is due (L15). */
static int on_follow_up(Call *c)
{
	Record *lead;
	int r = record_load_any(c, "lead", call_id(c, "subject"), &lead);
	if (r == ERR_NOT_FOUND) {
		call_reset(c);
		return 0;
	}
	int64_t at = r < 0 ? 0 : record_int(lead, "next_follow_up_at");
	Id owner = r < 0 ? ID_NIL : record_ref(lead, "owner");
	if (r < 0 || at == 0 || at > c->now_ms || id_is_nil(owner) || record_int(lead, "deleted_at"))
		return r;
	Buf *buf = buf_new(c, 4096);
	JsonOut out = json_out(buf);
	json_object_begin(&out);
	json_member_text(&out, "name", record_text(lead, "name"));
	json_member_text(&out, "company", record_text(lead, "company"));
	card_time(&out, "at", at);
	json_object_end(&out);
	return alert_send(c, &(Alert){.receiver = owner, .reason = "lead.follow_up", .object = "lead",
		.record = record_id(lead),
		.data = buf->data, .merge_key = talloc_asprintf(c, "follow:%s", id_text(record_id(lead),
		(char[ID_TEXT_SIZE]){0}))});
}

const TimerKind clock_timers[] = {
	{TIMER_FOLLOW, on_follow_up},
	{TIMER_DUE, on_due},
	{TIMER_OPEN, on_open},
	{TIMER_DRAIN, drain_on_timer},
	{TIMER_SHIFT, drain_on_timer},
	{TIMER_LEAVE, drain_on_leave},
	{TIMER_THAW, on_thaw},
	{TIMER_BACK, on_back},
	{NULL, NULL},
};
