/* What people do with a lead: touch, claim, return, hand over, qualify, call it invalid. Each handler reads like
 * the table of L6-L9 and L14-L15; what a change of hands consists of stands in place.c. At the end the room's card. */
#include <string.h>

#include "base/limits.h"
#include "call/gate.h"
#include "call/module.h"
#include "modules/lead/freeze.h"
#include "modules/lead/pooled.h"

#define CLOCK_SKEW_MS MINUTE_MS /* how far a sender's clock may be ahead */

/* ---- shared steps ---- */

/* Length in bytes of the blank at the start of text (also the wide one of Chinese keyboards), 0 if there is none. */
static size_t blank_length(const char *text)
{
	if (strncmp(text, "\u3000", 3) == 0)
		return 3;
	return *text != '\0' && strchr(" \t\r\n", *text) ? 1 : 0;
}

/* Characters, blanks around not counted: twenty blanks are no summary. */
static size_t text_length(const char *text)
{
	size_t n = 0, blanks = 0;
	while (*text) {
		size_t blank = blank_length(text);
		if (blank == 0) {
			n += blanks + 1;
			blanks = 0;
			for (text++; ((unsigned char)*text & 0xC0) == 0x80;)
				text++;
		} else {
			blanks += n > 0;
			text += blank;
		}
	}
	return n;
}

static bool status_is(const Record *lead, const char *status)
{
	return strcmp(record_text(lead, "status"), status) == 0;
}

static bool is_closed(const Record *lead)
{
	return status_is(lead, "converted") || status_is(lead, "invalid");
}

static int refuse_closed(Call *c)
{
	return call_fail(c, ERR_CONFLICT, "closed", "This lead is closed. Undo its closing first.", "线索已关闭，请先撤销关闭操作。");
}

/* The open lead of the path with the ground under it. The ground first: its lock orders two people who reach at
 * once. */
static int lead_begin(Call *c, const char *act, Ground **ret_ground, Record **ret)
{
	int r = ground_open(c, ret_ground);
	if (r == 0)
		r = guard_load(c, call_id(c, "id"), act, ret);
	if (r < 0)
		return call_store_failed(c, r);
	return is_closed(*ret) ? refuse_closed(c) : 0;
}

/* Answers with the lead; what became free goes to who waits. */
static int lead_finish(Call *c, Ground *ground, const Record *lead)
{
	int r = drain_waiting(c, ground);
	return r < 0 ? call_store_failed(c, r) : view_write(c, lead);
}

static int owner_only(Call *c, const Record *lead)
{
	if (id_equal(record_ref(lead, "owner"), c->who.user) || gate_may(c, "lead.assign"))
		return 0;
	return call_fail(c, ERR_DENIED, "not_owner", "Only the owner of a lead, or a supervisor, does this.",
		"只有线索负责人或主管可以执行此操作。");
}

/* The countdown ends, whatever ended it. */
static void clock_stop(Call *c, Ground *ground, Record *lead)
{
	place_settle(c, ground, lead);
	if (!id_is_nil(record_ref(lead, "owner")))
		record_set_text(lead, "clock", "stopped");
	record_set(lead, "waiting_since", value_null());
	record_set(lead, "wait_reason", value_null());
}

/* ---- touch (L7, L15) ---- */

static int summary_check(Call *c, const Policy *policy)
{
	int length = (int)text_length(call_text(c, "summary"));
	if (length >= policy->summary_min)
		return 0;
	(void)call_fault(c, "summary", "summary_too_short",
		"Write at least %d characters about what was said; these are %d.", "请至少写 %d 个字说明沟通内容，目前 %d 个字。",
		policy->summary_min, length);
	return c->err;
}

/* A contact may be told later than it took place, typed where there was no line. What counts for the clock is when the
 * house hears of it; the time told is kept beside it and has to be possible. */
static int happened_check(Call *c, const Record *lead)
{
	int64_t at = call_int(c, "happened_at", 0);
	if (at > c->now_ms + CLOCK_SKEW_MS)
		(void)call_fault(c, "happened_at", "future", "This time is still to come.", "该时间尚未到来。");
	else if (at && at < record_int(lead, "assigned_at"))
		(void)call_fault(c, "happened_at", "before_assignment", "The lead was assigned only after this time.",
			"该时间早于线索的分配时间。");
	return c->err;
}

/* The sender made the id of the activity: told once more, however late, it stays one contact. Asked before the lead,
 * which may be somebody else's by now. */
static int refuse_repeated(Call *c)
{
	int64_t n = 0;
	if (id_is_nil(call_id(c, "activity")))
		return 0;
	if (!id_is_v7(call_id(c, "activity"))) {
		(void)call_fault(c, "activity", "id_form", "An id of a new record is a UUID of version 7.",
			"新数据的标识必须是第 7 版 UUID。");
		return c->err;
	}
	int r = db_int(c->tx, &n, "SELECT COUNT(*) FROM activity WHERE id = $1 AND lead = $2 AND owner = $3",
		value_id(call_id(c, "activity")), value_id(call_id(c, "id")), value_id(c->who.user));
	if (r < 0)
		return call_store_failed(c, r);
	return n == 0 ? 0 : call_fail(c, ERR_CONFLICT, "already_logged", "This contact is logged already.", "这次联系已经记录过。");
}

static int activity_add(Call *c, const Record *lead, bool first, Id *ret)
{
	Record *activity = record_new(c, meta_object_of(c, "activity"));
	int64_t happened = call_int(c, "happened_at", 0);
	record_set(activity, "id", value_id(call_id(c, "activity")));
	if (happened)
		record_set_time(activity, "happened_at", happened < c->now_ms ? happened : c->now_ms);
	record_set_text(activity, "kind", call_text(c, "method"));
	record_set_text(activity, "summary", call_text(c, "summary"));
	record_set_time(activity, "at", c->now_ms);
	record_set_ref(activity, "lead", record_id(lead));
	record_set_ref(activity, "owner", c->who.user);
	record_set_ref(activity, "team", c->who.team);
	record_set(activity, "first_touch", value_bool(first));
	int r = record_create(c, activity, RECORD_AS_HOUSE);
	if (r == 0)
		*ret = record_id(activity);
	return r;
}

static void touch_set(Call *c, Ground *ground, Record *lead)
{
	clock_stop(c, ground, lead);
	if (record_int(lead, "first_touch_at") == 0)
		record_set_time(lead, "first_touch_at", c->now_ms);
	record_set_time(lead, "last_touch_at", c->now_ms);
	record_set_int(lead, "touches", record_int(lead, "touches") + 1);
	const char *status = call_text(c, "status");
	if (status)
		record_set_text(lead, "status", status);
	else if (status_is(lead, "new"))
		record_set_text(lead, "status", "contacting");
	int64_t follow_up = call_int(c, "next_follow_up_at", 0);
	if (follow_up)
		record_set_time(lead, "next_follow_up_at", follow_up);
	else if (record_int(lead, "next_follow_up_at") <= c->now_ms)
		record_set(lead, "next_follow_up_at", value_null()); /* this touch was it */
}

static int touch_tell(Call *c, const Ground *ground, const Record *lead)
{
	Buf *buf = buf_new(c, LEAD_BODY_MAX);
	JsonOut out = json_out(buf);
	json_object_begin(&out);
	json_member_text(&out, "method", call_text(c, "method"));
	json_member_text(&out, "by_name", c->who.name);
	card_news(&out, ground->roster, lead, c->now_ms);
	json_object_end(&out);
	return record_event(c, &(EventRow){.kind = "lead.touched", .object = "lead", .record = record_id(lead),
		.owner = record_ref(lead, "owner"), .team = record_ref(lead, "team"), .data = buf->data});
}

static int misses_reset(Call *c, const Record *lead)
{
	if (!id_equal(record_ref(lead, "owner"), c->who.user))
		return 0;
	return db_exec(c->tx, "UPDATE person SET misses = 0 WHERE id = $1 AND misses <> 0", value_id(c->who.user));
}

/* Which activity it became: photos and voice notes of the contact are added to it. */
static int touch_answer(Call *c, Ground *ground, const Record *lead, Id activity)
{
	char id[ID_TEXT_SIZE];
	int r = drain_waiting(c, ground);
	return r < 0 ? call_store_failed(c, r)
	             : view_write_with(c, lead, "_activity", talloc_asprintf(c, "\"%s\"", id_text(activity, id)));
}

static int lead_touch(Call *c)
{
	Ground *ground;
	Record *lead;
	Id activity;
	int r = refuse_repeated(c);
	if (r == 0)
		r = lead_begin(c, "touch", &ground, &lead);
	if (r == 0)
		r = summary_check(c, &ground->roster->policy);
	if (r == 0)
		r = happened_check(c, lead);
	if (r < 0)
		return r;
	if (id_is_nil(record_ref(lead, "owner")))
		return call_fail(c, ERR_CONFLICT, "not_claimed", "Claim the lead first: nobody holds it.", "该线索暂无负责人，请先领取。");
	r = activity_add(c, lead, record_int(lead, "first_touch_at") == 0, &activity);
	if (r < 0)
		return r;
	touch_set(c, ground, lead);
	r = record_update(c, lead, RECORD_AS_HOUSE | RECORD_QUIET);
	if (r == 0)
		r = place_timer(c, ground->roster, lead);
	if (r == 0)
		r = misses_reset(c, lead);
	if (r == 0)
		r = touch_tell(c, ground, lead);
	return r < 0 ? call_store_failed(c, r) : touch_answer(c, ground, lead, activity);
}

/* ---- claim and return (L14) ---- */

static int refuse_taken(Call *c, const Ground *ground, const Record *lead)
{
	int r = guard_lead(c, lead, "claim"); /* counts it, if it is protected */
	const char *name = roster_name(ground->roster, record_ref(lead, "owner"));
	return r < 0 && r != ERR_CONFLICT ? r : call_fail(c, ERR_CONFLICT, "already_taken", "%s has this lead already.",
		"该线索已由%s负责。", name);
}

/* Not what one may see decides here but what pool one belongs to. */
static int lead_claim(Call *c)
{
	Ground *ground;
	Record *lead;
	int r = claim_load(c, &pooled_leads, &ground, &lead);
	if (r < 0)
		return r;
	if (!id_is_nil(record_ref(lead, "owner")))
		return refuse_taken(c, ground, lead);
	r = is_closed(lead) ? refuse_closed(c) : claim_check(c, &pooled_leads, ground->roster, lead);
	if (r < 0)
		return r;
	Placement p = {.kind = "claim", .owner = roster_person(ground->roster, c->who.user), .fresh_start = true,
		.clock = place_is_untouched(lead) ? CLOCK_START_NOW : CLOCK_NONE};
	r = place_put(c, ground, lead, &p);
	return r < 0 ? call_store_failed(c, r) : view_write(c, lead);
}

/* Whoever gets a returned lead next begins anew: it waits like one nobody has contacted yet. What was done stays in its
 * timeline. */
static int return_afresh(Call *c, Record *lead)
{
	if (place_is_untouched(lead))
		return 0;
	record_set_text(lead, "status", "new");
	record_set(lead, "first_touch_at", value_null());
	record_set(lead, "next_follow_up_at", value_null());
	place_forget(c);
	return record_update(c, lead, RECORD_AS_HOUSE | RECORD_QUIET);
}

static int lead_return(Call *c)
{
	Ground *ground;
	Record *lead;
	int r = lead_begin(c, "return", &ground, &lead);
	if (r == 0)
		r = owner_only(c, lead);
	if (r < 0)
		return r;
	if (id_is_nil(record_ref(lead, "owner")))
		return call_fail(c, ERR_CONFLICT, "already_waiting", "The lead waits in a pool already.", "该线索已在线索池中。");
	Placement p = {.kind = "return", .owner = -1, .reason = call_text(c, "reason"), .wait_reason = "returned"};
	if (roster_pool(ground->roster, record_ref(lead, "pool")) < 0)
		p.pool = ground->roster->policy.fallback_pool;
	r = place_put(c, ground, lead, &p);
	if (r == 0)
		r = return_afresh(c, lead);
	if (r == 0)
		r = timer_set_earliest(c, TIMER_DRAIN, ID_NIL,
			c->now_ms + ground->roster->policy.touch_minutes * MINUTE_MS, NULL);
	return r < 0 ? call_store_failed(c, r) : lead_finish(c, ground, lead);
}

/* ---- handing over ---- */

static int receiver_find(Call *c, const Roster *roster, int *ret)
{
	int person = roster_person(roster, call_id(c, "to"));
	if (person < 0 || !roster->people[person].active) {
		(void)call_fault(c, "to", "unknown_person", "There is no such active person.", "没有这位在职人员。");
		return c->err;
	}
	*ret = person;
	return 0;
}

/* A person decided: hops and hours begin again, and the receiver has the usual time for a first touch. */
static int lead_hand_over(Call *c, Ground *ground, Record *lead, int person, const char *note)
{
	if (is_closed(lead))
		return refuse_closed(c);
	Placement p = {.kind = "hand_over", .owner = person, .fresh_start = true, .reason = note,
		.clock = place_is_untouched(lead) ? CLOCK_START : CLOCK_NONE};
	return place_put(c, ground, lead, &p);
}

static int lead_assign(Call *c)
{
	Ground *ground;
	Record *lead;
	int person = -1, r = ground_open(c, &ground);
	if (r == 0)
		r = receiver_find(c, ground->roster, &person);
	if (r == 0)
		r = record_load(c, "lead", call_id(c, "id"), &lead);
	if (r == 0)
		r = lead_hand_over(c, ground, lead, person, call_text(c, "note"));
	return r < 0 ? call_store_failed(c, r) : lead_finish(c, ground, lead);
}

static void failure_write(Call *c, JsonOut *out, Id id)
{
	json_object_begin(out);
	json_member_id(out, "id", id);
	json_member_text(out, "code", c->err_code);
	json_member_text(out, "detail", c->err_detail);
	json_object_end(out);
	c->err = 0;
	c->err_code = c->err_detail = NULL;
}

/* What a single lead refuses is told beside its id; what the database refuses ends the whole. */
static int each_hand_over(Call *c, Ground *ground, int person, JsonOut *failed, int *ret_done)
{
	const json_t *ids = call_json(c, "ids");
	for (size_t i = 0; i < json_array_size(ids); i++) {
		Id id = ID_NIL;
		Record *lead;
		const char *text = json_string_value(json_array_get(ids, i));
		int r = text && id_parse(text, strlen(text), &id) ? record_load(c, "lead", id, &lead) : ERR_NOT_FOUND;
		if (r == 0)
			r = lead_hand_over(c, ground, lead, person, NULL);
		if (r == ERR_NOT_FOUND || r == ERR_CONFLICT)
			failure_write(c, failed, id);
		else if (r < 0)
			return r;
		else
			++*ret_done;
	}
	return 0;
}

static int lead_assign_many(Call *c)
{
	Ground *ground;
	Id change;
	int person = -1, done = 0, r = ground_open(c, &ground);
	if (r == 0)
		r = receiver_find(c, ground->roster, &person);
	if (r == 0)
		r = record_change(c, &change);
	Buf *buf = buf_new(c, LIMIT_RESPONSE_BODY);
	JsonOut failed = json_out(buf);
	json_array_begin(&failed);
	if (r == 0)
		r = each_hand_over(c, ground, person, &failed, &done);
	if (r == 0)
		r = drain_waiting(c, ground);
	if (r < 0)
		return call_store_failed(c, r);
	json_array_end(&failed);
	json_object_begin(&c->json);
	json_member_int(&c->json, "done", done);
	json_key(&c->json, "failed");
	json_put_raw(&c->json, buf->data, buf->len);
	json_member_id(&c->json, "change", change);
	json_object_end(&c->json);
	return 0;
}

/* ---- the life of a lead (L15) ---- */

static int lead_invalid(Call *c)
{
	Ground *ground;
	Record *lead;
	int r = lead_begin(c, "invalid", &ground, &lead);
	if (r == 0)
		r = owner_only(c, lead);
	if (r < 0)
		return r;
	clock_stop(c, ground, lead);
	record_set_text(lead, "status", "invalid");
	record_set_text(lead, "invalid_reason", call_text(c, "reason"));
	r = record_update(c, lead, RECORD_AS_HOUSE); /* its hook takes the timers away */
	return r < 0 ? call_store_failed(c, r) : lead_finish(c, ground, lead);
}

/* Nobody knows what a lead is worth before the first word: qualifying is no way around the countdown. */
static int lead_qualify(Call *c)
{
	Ground *ground;
	Record *lead;
	int r = lead_begin(c, "qualify", &ground, &lead);
	if (r == 0)
		r = owner_only(c, lead);
	if (r == 0 && record_int(lead, "first_touch_at") == 0)
		r = call_fail(c, ERR_CONFLICT, "not_contacted", "Log the first contact, then qualify the lead.",
			"请先记录首次联系，再确认线索。");
	if (r < 0)
		return r;
	record_set_text(lead, "status", "qualified");
	r = record_update(c, lead, RECORD_AS_HOUSE);
	return r < 0 ? call_store_failed(c, r) : view_write(c, lead);
}

/* ---- people ---- */

/* Supervisors act for the teams they head or stand in for, administrators for all. */
int freeze_may_lift(Call *c, const Roster *roster, int person)
{
	if (c->who.role == ROLE_ADMINISTRATOR)
		return 0;
	int chain[LEAD_RECEIVERS_MAX], n = roster_chain(roster, roster->people[person].team, chain, LEAD_RECEIVERS_MAX);
	for (int i = 0; i < n; i++)
		if (id_equal(roster->people[chain[i]].id, c->who.user))
			return 0;
	return call_fail(c, ERR_DENIED, "not_your_team", "This person is in none of your teams.", "此人不在您负责的部门。");
}

int freeze_person(Call *c, Id id, const Roster **ret_roster, int *ret_person, Record **ret)
{
	int r = roster_of(c, ret_roster);
	if (r < 0)
		return call_store_failed(c, r);
	*ret_person = roster_person(*ret_roster, id);
	if (*ret_person < 0)
		return call_fail(c, ERR_NOT_FOUND, "not_found", "There is no such person.", "没有这位人员。");
	return record_load_any(c, "user", id, ret);
}

int freeze_lift(Call *c, Record *user)
{
	if (record_int(user, "frozen_until") <= c->now_ms)
		return call_fail(c, ERR_CONFLICT, "not_frozen", "This person is not frozen.", "此人未被熔断。");
	int r = clock_release(c, user);
	return r < 0 ? r : lead_drain(c);
}

static int user_answer(Call *c, const Record *user)
{
	record_write(user, &c->json);
	return 0;
}

/* POST /users/:id/release */
static int lead_release(Call *c)
{
	const Roster *roster;
	Record *user;
	int person = -1, r = freeze_person(c, call_id(c, "id"), &roster, &person, &user);
	if (r == 0)
		r = freeze_may_lift(c, roster, person);
	if (r == 0)
		r = freeze_lift(c, user);
	return r < 0 ? call_store_failed(c, r) : user_answer(c, user);
}

/* POST /users/:id/absence: oneself, or whoever may for others */
static int lead_absence(Call *c)
{
	const Roster *roster;
	Record *user;
	int person = -1, r = freeze_person(c, call_id(c, "id"), &roster, &person, &user);
	if (r == 0 && !id_equal(record_id(user), c->who.user))
		r = gate_check(c, "people.absence");
	if (r == 0 && !id_equal(record_id(user), c->who.user))
		r = freeze_may_lift(c, roster, person);
	if (r < 0)
		return r;
	bool absent = call_flag(c, "absent", false);
	int64_t until = absent ? call_int(c, "until", 0) : 0;
	if (until && until <= c->now_ms)
		return call_fault(c, "until", "past", "This lies in the past.", "时间已过。");
	record_set(user, "absent", value_bool(absent));
	record_set(user, "absent_until", until ? value_time(until) : value_null());
	r = record_update(c, user, RECORD_AS_HOUSE); /* the hook on people moves the leads */
	if (r == 0 && !absent)
		r = lead_drain(c);
	return r < 0 ? call_store_failed(c, r) : user_answer(c, user);
}

/* ---- start, stop, what this process keeps ---- */

int lead_people_changed(Call *c)
{
	return db_exec(c->tx, "UPDATE people_version SET version = version + 1");
}

int lead_start(House *house)
{
	Desk *desk = talloc_zero(NULL, Desk);
	pthread_mutex_init(&desk->lock, NULL);
	house->lead = desk;
	guard_watch(house);
	return 0;
}

void lead_stop(House *house)
{
	Desk *desk = house->lead;
	if (!desk)
		return;
	talloc_free(desk->load);
	roster_release(desk->roster);
	pthread_mutex_destroy(&desk->lock);
	house->lead = NULL;
	talloc_free(desk);
}

/* ---- the card ---- */

static const char *const migrations[] = {
	"CREATE TABLE assignment (id {ID} PRIMARY KEY, lead {ID} NOT NULL, at {TIME} NOT NULL, kind {TEXT} NOT NULL, "
	"owner {ID}, "
	"before_owner {ID}, actor {ID}, pool {ID}, policy_version {INT} NOT NULL, reason {TEXT}, body {BYTES});"
	"CREATE INDEX assignment_lead ON assignment (lead);"
	"CREATE INDEX assignment_at ON assignment (at, owner);"
	"CREATE TABLE cross_grab (id {ID} PRIMARY KEY, lead {ID} NOT NULL, actor {ID}, holder {ID}, at {TIME} NOT NULL, "
	"act {TEXT} NOT NULL);"
	"CREATE INDEX cross_grab_at ON cross_grab (at);"
	"CREATE INDEX lead_untouched ON lead (owner) WHERE first_touch_at IS NULL AND owner IS NOT NULL AND status = 'new' "
	"AND deleted_at IS NULL;"
	"CREATE INDEX lead_waiting ON lead (waiting_since, id) WHERE owner IS NULL AND status = 'new' "
	"AND deleted_at IS NULL;"
	"CREATE INDEX event_repeated ON event (record, seq) WHERE kind = 'lead.repeated'",
	/* Ids of one moment made by several threads or servers have no order: a lead's moves are in that of its
	 * versions. */
	"ALTER TABLE assignment ADD COLUMN lead_version {INT} NOT NULL DEFAULT 0",
	/* An index of leads that it has nothing to say of costs a page written for each of them. */
	"DROP INDEX IF EXISTS ix_lead_qr_created_at; DROP INDEX IF EXISTS ix_lead_external_user_created_at;"
	"DROP INDEX lead_waiting;"
	"CREATE INDEX lead_waiting ON lead (waiting_since, id) WHERE owner IS NULL AND status = 'new' "
	"AND deleted_at IS NULL AND waiting_since IS NOT NULL",
	NULL,
};

static const Param id_params[] = {{"id", PARAM_ID, PARAM_IN_PATH, true}, {0}};

static const Param touch_params[] = {
	{"id", PARAM_ID, PARAM_IN_PATH, true},
	{"method", PARAM_TEXT, PARAM_IN_BODY, true, .choices = "call|wechat|visit|meeting|mail|chat|note"},
	{"summary", PARAM_TEXT, PARAM_IN_BODY, true, .help = "What was said; the policy says how long at least"},
	{"next_follow_up_at", PARAM_TIME, PARAM_IN_BODY},
	{"status", PARAM_TEXT, PARAM_IN_BODY, .choices = "contacting|qualified"},
	{"activity", PARAM_ID, PARAM_IN_BODY, .help = "Id for the activity, a UUID of version 7: told again it stays one"},
	{"happened_at", PARAM_TIME, PARAM_IN_BODY,
		.help = "When it took place, if earlier than now; not before the assignment. No clock counts by it"},
	{0},
};

static const Param reason_params[] = {
	{"id", PARAM_ID, PARAM_IN_PATH, true},
	{"reason", PARAM_TEXT, PARAM_IN_BODY, true, .min = 1, .max = 200},
	{0},
};

static const Param assign_params[] = {
	{"id", PARAM_ID, PARAM_IN_PATH, true},
	{"to", PARAM_ID, PARAM_IN_BODY, true},
	{"note", PARAM_TEXT, PARAM_IN_BODY, .max = 200},
	{0},
};

static const Param assign_many_params[] = {
	{"ids", PARAM_IDS, PARAM_IN_BODY, true},
	{"to", PARAM_ID, PARAM_IN_BODY, true},
	{0},
};

static const Param absence_params[] = {
	{"id", PARAM_ID, PARAM_IN_PATH, true},
	{"absent", PARAM_BOOL, PARAM_IN_BODY, true},
	{"until", PARAM_TIME, PARAM_IN_BODY},
	{0},
};

static const Param convert_params[] = {
	{"id", PARAM_ID, PARAM_IN_PATH, true},
	{"account", PARAM_JSON, PARAM_IN_BODY},
	{"contact", PARAM_JSON, PARAM_IN_BODY},
	{"opportunity", PARAM_JSON, PARAM_IN_BODY, .help = "null: none"},
	{"body", PARAM_BODY}, /* tells null from nothing */
	{"force_new", PARAM_BOOL, PARAM_IN_BODY, .help = "A new account although one like it exists"},
	{0},
};

static const Param body_params[] = {{"body", PARAM_BODY}, {0}};
static const Param id_body_params[] = {{"id", PARAM_ID, PARAM_IN_PATH, true}, {"body", PARAM_BODY}, {0}};

static const Param timeline_params[] = {
	{"id", PARAM_ID, PARAM_IN_PATH, true},
	{"after", PARAM_TEXT, PARAM_IN_QUERY},
	{"limit", PARAM_INT, PARAM_IN_QUERY, .min = 1, .max = LIMIT_PAGE},
	{0},
};

static const Param check_params[] = {
	{"name", PARAM_TEXT, PARAM_IN_BODY, .max = 200},
	{"company", PARAM_TEXT, PARAM_IN_BODY, .max = 200},
	{"phone", PARAM_TEXT, PARAM_IN_BODY, .max = 60},
	{"email", PARAM_TEXT, PARAM_IN_BODY, .max = 254},
	{0},
};

static const Endpoint endpoints[] = {
	{"POST", "/records/lead", "lead.work", CALL_WRITE, body_params, create_lead,
		"Create a lead by hand: matched and assigned like any"},
	{"PATCH", "/records/lead/:id", "lead.work", CALL_WRITE, id_body_params, create_edit, "Change fields of a lead"},
	{"GET", "/leads/:id", "record.read", CALL_READ, id_params, view_lead, "A lead with all that its page shows"},
	{"GET", "/leads/:id/timeline", "record.read", CALL_READ, timeline_params, view_timeline,
	"What happened to a lead, newest first"},
	{"GET", "/leads/:id/assignments", "record.read", CALL_READ, id_params, explain_assignments,
	"Who got a lead, and why"},
	{"GET", "/leads/:id/duplicates", "record.read", CALL_READ, id_params, create_duplicates,
	"Records that may be the same"},
	{"POST", "/leads/check", "lead.work", CALL_READ, check_params, create_check, "Duplicates and faults before saving"},
	{"POST", "/leads/:id/touch", "lead.work", CALL_WRITE, touch_params, lead_touch,
	"Log a contact: ends the countdown"},
	{"POST", "/leads/:id/claim", "lead.work", CALL_WRITE, id_params, lead_claim, "Take a waiting lead out of its pool"},
	{"POST", "/leads/:id/return", "lead.work", CALL_WRITE, reason_params, lead_return, "Give a lead back to its pool"},
	{"POST", "/leads/:id/assign", "lead.assign", CALL_WRITE, assign_params, lead_assign, "Hand a lead over"},
	{"POST", "/leads/assign", "lead.assign", CALL_WRITE, assign_many_params, lead_assign_many, "Hand many leads over"},
	{"POST", "/leads/:id/invalid", "lead.work", CALL_WRITE, reason_params, lead_invalid, "Close a lead as invalid"},
	{"POST", "/leads/:id/qualify", "lead.work", CALL_WRITE, id_params, lead_qualify, "A lead is worth pursuing"},
	{"POST", "/leads/:id/convert", "lead.work", CALL_WRITE, convert_params, convert_lead,
	"Make customer, contact and opportunity"},
	{"POST", "/users/:id/release", "lead.assign", CALL_WRITE, id_params, lead_release, "Lift a freeze"},
	{"POST", "/users/:id/absence", "signed_in", CALL_WRITE, absence_params, lead_absence,
	"Mark a person absent or back"},
	{0},
};

const Module lead_module = {
	.name = "lead",
	.endpoints = endpoints,
	.timers = clock_timers,
	.timers_lock = place_lock,
	.migrations = migrations,
	.start = lead_start,
	.stop = lead_stop,
};
