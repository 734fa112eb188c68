/* Carries decisions out: fields, assignment row, timer, event and alert of a lead that gets into somebody's hands
 * or has to wait. The only place that writes who holds a lead. Why somebody was chosen is assign.c's business, when
 * a clock runs out clock.c's. */
#include "modules/lead/place.h"

#include <stdio.h>
#include <string.h>

#include "event/follow.h"
#include "match/match.h"
#include "modules/lead/lead_int.h"

/* PostgreSQL: under this the house decides, one transaction after the other */
#define PLACE_LOCK INT64_C(0x74656e6f6e6c6564)
#define DATA_MAX (16 * 1024)

/* ---- ground ---- */

static int load_read(Call *c, Load *load)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
		"SELECT owner, COUNT(*) FROM lead WHERE first_touch_at IS NULL AND owner IS NOT NULL "
		"AND status = 'new' AND deleted_at IS NULL GROUP BY owner");
	if (r < 0)
		return r;
	while (rows_next(rows)) {
		int person = roster_person(load->roster, rows_id(rows, 0));
		if (person >= 0)
			load_set(load, person, (int)rows_int(rows, 1));
	}
	return rows_error(rows);
}

/* The snapshot's are as old as the snapshot. */
static int last_assigned_read(Call *c, Load *load)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT id, last_assigned_at FROM person WHERE last_assigned_at IS NOT NULL");
	if (r < 0)
		return r;
	while (rows_next(rows)) {
		int person = roster_person(load->roster, rows_id(rows, 0));
		if (person >= 0)
			load->last_at[person] = rows_int(rows, 1);
	}
	return rows_error(rows);
}

int place_load(Call *c, const Roster *roster, Load **ret)
{
	*ret = load_new(c, roster);
	int r = load_read(c, *ret);
	return r < 0 ? r : last_assigned_read(c, *ret);
}

int place_lock(Call *c)
{
	if (!tx_is_postgres(c->tx))
		return 0; /* one writer */
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT 1 FROM (SELECT pg_advisory_xact_lock($1)) AS locked", value_int(PLACE_LOCK));
	while (r == 0 && rows_next(rows))
		;
	return r < 0 ? r : rows_error(rows);
}

/* On SQLite everything is written by one thread, so what everybody carries need not be counted anew for every lead:
 * the counts are kept in step and go with the roster they belong to. */
static int load_kept(Call *c, Ground *ground)
{
	Desk *desk = c->house->lead;
	if (!desk->load || desk->load->roster != ground->roster || desk->load_spoilt) {
		int r = place_load(c, ground->roster, &ground->load);
		if (r < 0)
			return r;
		talloc_free(desk->load);
		desk->load = talloc_steal(NULL, ground->load);
		roster_keep(desk->load, ground->roster);
		desk->load_spoilt = false;
	}
	ground->load = desk->load;
	return 0;
}

static int load_counted(Call *c, Ground *ground)
{
	int r = place_load(c, ground->roster, &ground->load);
	if (r == 0)
		talloc_steal(ground, ground->load);
	return r;
}

static int ground_fill(Call *c, Ground *ground, bool changing)
{
	if (!ground->roster->has_policy)
		return call_fail(c, ERR_CONFLICT, "no_policy",
		"There is no assignment policy yet. Save one under Settings first.",
			"还没有分配策略，请先在“设置”中保存一份。");
	return tx_is_postgres(c->tx) || changing ? load_counted(c, ground) : load_kept(c, ground);
}

static int ground_make(Call *c, TALLOC_CTX *ctx, bool changing, Ground **ret)
{
	Ground *ground = talloc_zero(ctx, Ground);
	ground->desk = c->house->lead;
	int r = place_lock(c);
	if (r == 0)
		r = follow_catch_up(c); /* who holds the lock knows all that was decided before */
	if (r == 0)
		r = changing ? roster_read(c, &ground->roster) : roster_of(c, &ground->roster);
	if (r == 0)
		roster_keep(ground, ground->roster);
	if (r == 0)
		r = ground_fill(c, ground, changing);
	if (r == 0)
		*ret = ground;
	return r;
}

/* ---- grounds of running transactions ---- */

struct GroundSlot {
	Desk *desk;
	const Tx *tx;
	Ground *ground;
	GroundSlot *next;
};

/* Each thread sees its own transaction only; the lock guards the list. */
static GroundSlot *slot_find(Desk *desk, const Tx *tx)
{
	pthread_mutex_lock(&desk->lock);
	GroundSlot *slot = desk->grounds;
	while (slot && slot->tx != tx)
		slot = slot->next;
	pthread_mutex_unlock(&desk->lock);
	return slot;
}

/* The transaction is over; its memory goes with it. */
static void slot_drop(void *arg)
{
	GroundSlot *slot = arg;
	pthread_mutex_lock(&slot->desk->lock);
	for (GroundSlot **at = &slot->desk->grounds; *at; at = &(*at)->next)
		if (*at == slot) {
			*at = slot->next;
			break;
		}
	pthread_mutex_unlock(&slot->desk->lock);
}

static GroundSlot *slot_add(Call *c)
{
	Desk *desk = c->house->lead;
	GroundSlot *slot = talloc_zero(tx_mem(c->tx), GroundSlot);
	slot->desk = desk;
	slot->tx = c->tx;
	pthread_mutex_lock(&desk->lock);
	slot->next = desk->grounds;
	desk->grounds = slot;
	pthread_mutex_unlock(&desk->lock);
	tx_on_commit(c->tx, slot_drop, slot);
	tx_on_rollback(c->tx, slot_drop, slot);
	return slot;
}

int ground_open(Call *c, Ground **ret)
{
	GroundSlot *slot = slot_find(c->house->lead, c->tx);
	int64_t version;
	int r = people_version(c, &version);
	if (r < 0)
		return r;
	if (!slot)
		slot = slot_add(c);
	if (!slot->ground || slot->ground->spoilt || slot->ground->roster->version != version)
		r = ground_make(c, slot, false, &slot->ground);
	if (r == 0)
		*ret = slot->ground;
	return r;
}

int ground_open_changing(Call *c, Ground **ret)
{
	place_forget(c); /* its placements will not be in the kept counts */
	return ground_make(c, c, true, ret);
}

void place_forget(Call *c)
{
	Desk *desk = c->house->lead;
	if (!tx_is_postgres(c->tx))
		desk->load_spoilt = true;
}

/* ---- heat ---- */

static int64_t at_most(int64_t value, int64_t max)
{
	return value > max ? max : value < 0 ? 0 : value;
}

int heat_of(int source_weight, int pages, int64_t dwell_ms, int64_t repeats)
{
	return (int)(at_most(source_weight, 100) * 60 / 100 + at_most(pages * 2, 20) + at_most(dwell_ms / (30 * SECOND_MS),
		10) +
	             at_most(repeats * 4, 10));
}

int heat_after(int heat, int64_t age_ms)
{
	if (age_ms <= DAY_MS)
		return heat;
	int64_t days_ms = at_most(age_ms - DAY_MS, 13 * DAY_MS);
	return (int)(heat - heat * 7 * days_ms / (10 * 13 * DAY_MS));
}

/* ---- what is known of a lead ---- */

bool place_is_untouched(const Record *lead)
{
	const char *status = record_text(lead, "status");
	return status && strcmp(status, "new") == 0 && record_int(lead, "first_touch_at") == 0;
}

/* What was counted is undone: count anew. The ground lives as long as its transaction. */
static void ground_spoil(void *arg)
{
	Ground *ground = arg;
	ground->spoilt = true;
	ground->desk->load_spoilt = true;
}

void place_settle(Call *c, Ground *ground, const Record *lead)
{
	int owner = roster_person(ground->roster, record_ref(lead, "owner"));
	if (owner < 0 || !place_is_untouched(lead))
		return;
	tx_on_rollback(c->tx, ground_spoil, ground);
	load_give(ground->load, owner);
}

int place_holders(const char *list, Id out[LEAD_HOLDERS_MAX])
{
	int n = 0;
	while (n < LEAD_HOLDERS_MAX && lead_ids_next(&list, &out[n]))
		n++;
	return n;
}

/* A city's people are also found by its middle. */
void place_point(const Roster *roster, AssignQuery *query, const Value *lon, const Value *lat)
{
	if (roster->n_fences)
		place_locate(query, lon, lat);
}

void place_locate(AssignQuery *query, const Value *lon, const Value *lat)
{
	if (!value_is_null(lon) && !value_is_null(lat)) {
		query->has_point = true;
		query->lon = (double)lon->i / 1e6;
		query->lat = (double)lat->i / 1e6;
		return;
	}
	char code[16];
	(void)snprintf(code, sizeof code, "%d", query->region);
	Region region;
	if (query->region > 99 && region_find(NULL, query->region <= 9999 ? code : NULL, query->region > 9999 ? code : NULL,
		&region) &&
	    (region.lon != 0 || region.lat != 0)) {
		query->has_point = true;
		query->lon = region.lon;
		query->lat = region.lat;
	}
}

int place_source_pool(const Roster *roster, Id source)
{
	int which = roster_source(roster, source);
	return which < 0 || id_is_nil(roster->sources[which].pool) ? -1 : roster_pool(roster, roster->sources[which].pool);
}

static void query_of(Call *c, const Ground *ground, const Record *lead, Id holders[LEAD_HOLDERS_MAX], AssignQuery *ret)
{
	*ret = (AssignQuery){
		.lead = record_id(lead), .region = (int32_t)record_int(lead, "region"), .holders = holders,
		.n_holders = place_holders(record_text(lead, "holders"), holders),
		.texts = {record_text(lead, "message"), record_text(lead, "company"), record_text(lead, "extra")},
		.source_pool = place_source_pool(ground->roster, record_ref(lead, "source")), .now_ms = c->now_ms,
	};
	place_point(ground->roster, ret, record_get(lead, "longitude"), record_get(lead, "latitude"));
}

/* ---- fields ---- */

static int64_t work_add(const Roster *roster, int person, int64_t from_ms, int64_t duration_ms)
{
	int64_t end = worktime_add(roster_worktime(roster, person), from_ms, duration_ms);
	if (end == INT64_MAX) /* a calendar that never opens must not lose a lead */
		end = worktime_add(roster_default_worktime(roster), from_ms, duration_ms);
	return end == INT64_MAX ? from_ms + duration_ms : end;
}

int64_t place_escalates_at(const Roster *roster, const Record *lead)
{
	int64_t from = record_int(lead, "first_assigned_at");
	Id holders[LEAD_HOLDERS_MAX];
	int n = place_holders(record_text(lead, "holders"), holders);
	int person = n ? roster_person(roster, holders[n - 1]) : -1;
	return from ? work_add(roster, person, from, roster->policy.escalate_minutes * MINUTE_MS) : INT64_MAX;
}

/* The newest last; whoever comes back is not written twice. */
static void holder_add(Record *lead, Id person)
{
	Id holders[LEAD_HOLDERS_MAX + 1];
	int n = place_holders(record_text(lead, "holders"), holders);
	char text[(LEAD_HOLDERS_MAX + 1) * (ID_TEXT_SIZE + 2) + 3], *end = text;
	*end++ = '[';
	for (int i = n == LEAD_HOLDERS_MAX ? 1 : 0; i < n; i++)
		if (!id_equal(holders[i], person)) {
			*end++ = '"';
			end = memcpy(end, id_text(holders[i], (char[ID_TEXT_SIZE]){0}), ID_TEXT_SIZE - 1);
			end += ID_TEXT_SIZE - 1;
			*end++ = '"';
			*end++ = ',';
		}
	*end++ = '"';
	(void)id_text(person, end);
	end += ID_TEXT_SIZE - 1;
	memcpy(end, "\"]", 3);
	record_set_text(lead, "holders", text);
}

static void blank(Record *lead, const char *field)
{
	record_set(lead, field, value_null());
}

static void clock_set(Call *c, const Roster *roster, Record *lead, const Placement *p)
{
	const Policy *policy = &roster->policy;
	int64_t protection = policy->protection_minutes * MINUTE_MS, touch = policy->touch_minutes * MINUTE_MS;
	bool real = p->clock == CLOCK_START_NOW;
	record_set_time(lead, "protected_until", real ? c->now_ms + protection : work_add(roster, p->owner, c->now_ms,
		protection));
	switch (p->clock) {
	case CLOCK_NONE:
		break;
	case CLOCK_START:
	case CLOCK_START_NOW:
		record_set_text(lead, "clock",
			real || worktime_is_open(roster_worktime(roster, p->owner), c->now_ms) ? "running" : "held");
		record_set_time(lead, "respond_by", real ? c->now_ms + touch : work_add(roster, p->owner, c->now_ms, touch));
		break;
	case CLOCK_ESCALATED:
		record_set_text(lead, "clock", "escalated");
		blank(lead, "respond_by");
		break;
	}
}

static void owner_set(Call *c, const Roster *roster, Record *lead, const Placement *p)
{
	const Person *owner = &roster->people[p->owner];
	record_set_ref(lead, "owner", owner->id);
	record_set_ref(lead, "team", owner->team < 0 ? ID_NIL : roster->teams[owner->team].id);
	record_set_time(lead, "assigned_at", c->now_ms);
	if (p->fresh_start || record_int(lead, "first_assigned_at") == 0) {
		record_set_time(lead, "first_assigned_at", c->now_ms);
		record_set_int(lead, "hops", 0);
	}
	clock_set(c, roster, lead, p);
	holder_add(lead, owner->id);
	blank(lead, "waiting_since");
	blank(lead, "wait_reason");
}

/* Nobody is sought for it, so it does not wait in the sense of L5: whoever claims it begins anew. */
static void idle_set(Record *lead)
{
	static const char *const cleared[] = {"waiting_since", "first_touch_at", "next_follow_up_at", "first_assigned_at"};
	for (size_t i = 0; i < ARRAY_LEN(cleared); i++)
		blank(lead, cleared[i]);
	record_set_text(lead, "status", "new");
	record_set_int(lead, "hops", 0);
}

static void wait_set(Call *c, Record *lead, const Placement *p)
{
	static const char *const cleared[] = {"owner", "team", "assigned_at", "protected_until", "respond_by"};
	for (size_t i = 0; i < ARRAY_LEN(cleared); i++)
		blank(lead, cleared[i]);
	record_set_text(lead, "clock", "none");
	record_set_time(lead, "waiting_since", c->now_ms);
	record_set_text(lead, "wait_reason", p->wait_reason);
	if (p->idle)
		idle_set(lead);
}

/* ---- timers ---- */

int place_timer(Call *c, const Roster *roster, const Record *lead)
{
	const char *clock = record_text(lead, "clock");
	bool counting = clock && (strcmp(clock, "running") == 0 || strcmp(clock, "held") == 0);
	bool waiting = id_is_nil(record_ref(lead, "owner")) && place_is_untouched(lead);
	int64_t due = counting || waiting ? place_escalates_at(roster, lead) : INT64_MAX;
	if (counting && record_int(lead, "respond_by") < due)
		due = record_int(lead, "respond_by");
	if (due == INT64_MAX)
		return timer_cancel(c, TIMER_DUE, record_id(lead));
	return timer_set(c, TIMER_DUE, record_id(lead), due, NULL);
}

static int opening_timer(Call *c, const Roster *roster, int owner)
{
	int64_t opening = worktime_next_open(roster_worktime(roster, owner), c->now_ms);
	return opening == INT64_MAX ? 0 : timer_set(c, TIMER_OPEN, roster->people[owner].id, opening, NULL);
}

static int shift_timer(Call *c, Ground *ground)
{
	if (ground->shift_set)
		return 0;
	ground->shift_set = true;
	int64_t opening = roster_next_opening(ground->roster, c->now_ms);
	return opening == INT64_MAX ? 0 : timer_set(c, TIMER_SHIFT, ID_NIL, opening, NULL);
}

static int timers_put(Call *c, Ground *ground, const Record *lead, const Placement *p)
{
	int r = 0;
	if (p->owner < 0)
		r = p->idle ? 0 : shift_timer(c, ground);
	else if (strcmp(record_text(lead, "clock"), "held") == 0)
		r = opening_timer(c, ground->roster, p->owner);
	bool none = p->create && p->owner < 0; /* nothing can stand for a lead that was just made and never assigned */
	return r < 0 || none ? r : place_timer(c, ground->roster, lead);
}

/* ---- telling ---- */

static const char *event_kind(const Placement *p, Id before)
{
	if (p->owner < 0)
		return "lead.waiting";
	if (p->clock == CLOCK_ESCALATED)
		return "lead.escalated";
	return id_is_nil(before) ? "lead.assigned" : "lead.moved";
}

static const char *event_data(Call *c, const Ground *ground, const Record *lead, const Placement *p, Id before)
{
	Buf *buf = buf_new(c, DATA_MAX);
	JsonOut out = json_out(buf);
	json_object_begin(&out);
	json_member_text(&out, "why", p->kind);
	json_member_bool(&out, "new", p->create);
	json_member_text(&out, "owner_name", p->owner < 0 ? NULL : ground->roster->people[p->owner].name);
	if (!id_is_nil(before))
		json_member_text(&out, "before_name", roster_name(ground->roster, before));
	if (p->owner < 0)
		json_member_text(&out, "wait_reason", record_text(lead, "wait_reason"));
	card_news(&out, ground->roster, lead, c->now_ms);
	json_object_end(&out);
	return buf->data;
}

static int alert_of(Call *c, const Ground *ground, const Record *lead, const char *reason, Id receiver,
	const char *data, bool urgent)
{
	Alert alert = {.receiver = receiver, .reason = reason, .object = "lead", .record = record_id(lead), .data = data,
		.urgent = urgent};
	return alert_send_by(c, ground->post, &alert);
}

/* Supervisors of those who might have had it; at least an administrator. One telling for all that a transaction
 * leaves waiting. */
static int waiting_tell(Call *c, Ground *ground, const Record *lead, const char *data)
{
	const Roster *roster = ground->roster;
	if (ground->waiting_told)
		return 0;
	ground->waiting_told = true;
	int told[LEAD_RECEIVERS_MAX], n = 0, pool = roster_pool(roster, record_ref(lead, "pool"));
	for (int i = 0; i < roster->n_people && n < LEAD_RECEIVERS_MAX; i++) {
		int team = roster->people[i].team;
		if (team < 0 || !roster->people[i].active || !roster_in_pool(roster, pool, i))
			continue;
		int supervisor = roster_supervisor(roster, -1, team, c->now_ms), k = 0;
		while (k < n && told[k] != supervisor)
			k++;
		if (k == n && supervisor >= 0)
			told[n++] = supervisor;
	}
	if (n == 0 && (told[0] = roster_supervisor(roster, -1, -1, c->now_ms)) >= 0)
		n = 1;
	int r = 0;
	for (int i = 0; r == 0 && i < n; i++)
		r = alert_of(c, ground, lead, "lead.waiting", roster->people[told[i]].id, data, false);
	return r;
}

/* Off hours nobody is called: one summary follows at opening. What somebody did with his own hands is no news to
 * him. */
static int owner_tell(Call *c, const Ground *ground, const Record *lead, const Placement *p, const char *data)
{
	Id owner = ground->roster->people[p->owner].id;
	if (strcmp(record_text(lead, "clock"), "held") == 0 || id_equal(owner, c->who.user))
		return 0;
	const char *reason = p->clock == CLOCK_ESCALATED ? "lead.escalated" : "lead.assigned";
	return alert_of(c, ground, lead, reason, owner, data, true);
}

/* Those of its pool hear of a lead that waits, and that it waits no longer. */
static int placement_tell(Call *c, Ground *ground, const Record *lead, const Placement *p, Id before)
{
	EventRow event = {.kind = event_kind(p, before), .object = "lead", .record = record_id(lead),
		.owner = record_ref(lead, "owner"), .before = before, .team = record_ref(lead, "team"),
		.pool = p->owner < 0 || (!p->create && id_is_nil(before)) ? record_ref(lead, "pool") : ID_NIL,
		.data = event_data(c, ground, lead, p, before)};
	int r = record_event(c, &event);
	if (r < 0)
		return r;
	if (p->idle)
		return 0;
	return p->owner < 0 ? waiting_tell(c, ground, lead, event.data) : owner_tell(c, ground, lead, p, event.data);
}

/* ---- putting ---- */

static int placement_write(Call *c, Ground *ground, Record *lead, const Placement *p, Id before)
{
	const Roster *roster = ground->roster;
	int unheard = ground->post ? RECORD_UNHEARD : 0; /* one of many: should it fail, each is written again alone */
	int r = p->create ? record_create(c, lead, RECORD_AS_HOUSE | RECORD_QUIET | unheard)
	                  : record_update(c, lead, RECORD_AS_HOUSE | RECORD_QUIET);
	if (r == 0)
		r = explain_store(c, roster, lead, p, before);
	if (r == 0 && p->owner >= 0)
		r = db_send(c->tx, "UPDATE person SET last_assigned_at = $1 WHERE id = $2", value_time(c->now_ms),
			value_id(roster->people[p->owner].id));
	return r;
}

int place_put(Call *c, Ground *ground, Record *lead, const Placement *p)
{
	tx_on_rollback(c->tx, ground_spoil, ground);
	Id before = record_ref(lead, "owner");
	bool untouched = place_is_untouched(lead);
	if (!p->create)
		place_settle(c, ground, lead);
	if (!id_is_nil(p->pool))
		record_set_ref(lead, "pool", p->pool);
	if (p->owner >= 0)
		owner_set(c, ground->roster, lead, p);
	else
		wait_set(c, lead, p);
	int r = placement_write(c, ground, lead, p, before);
	if (r == 0)
		r = timers_put(c, ground, lead, p);
	if (r == 0)
		r = placement_tell(c, ground, lead, p, before);
	if (r == 0 && p->owner >= 0 && untouched)
		load_take(ground->load, p->owner, c->now_ms);
	return r;
}

/* ---- the policy ---- */

/* The owner of the customer this lead is known to belong to, if he may have it; -1 else. */
static int known_owner(Call *c, const Ground *ground, const Record *lead, const AssignQuery *query, int *ret)
{
	*ret = -1;
	Id account = record_ref(lead, "known_account"), owner;
	if (id_is_nil(account))
		return 0;
	int r = db_id(c->tx, &owner, "SELECT owner FROM account WHERE id = $1 AND deleted_at IS NULL AND owner IS NOT NULL",
		value_id(account));
	if (r < 0)
		return r == ERR_NOT_FOUND ? 0 : r;
	int person = roster_person(ground->roster, owner);
	if (person >= 0 && assign_may_have(ground->load, query, person))
		*ret = person;
	return 0;
}

static void score_set(const Ground *ground, Record *lead, const PlaceInfo *info)
{
	int source = roster_source(ground->roster, record_ref(lead, "source"));
	int weight = source < 0 ? 0 : ground->roster->sources[source].weight;
	record_set_int(lead, "score", heat_of(weight, info->pages, info->dwell_ms, record_int(lead, "repeats")));
}

static int decision_put(Call *c, Ground *ground, Record *lead, const PlaceInfo *info, const Decision *d)
{
	bool waits_already = !info->create && d->outcome == ASSIGN_WAIT && id_is_nil(record_ref(lead, "owner")) &&
	                     record_int(lead, "waiting_since") != 0;
	if (waits_already)
		return 0;
	Placement p = {.kind = info->kind ? info->kind : "first", .owner = d->owner, .create = info->create, .decision = d,
		.clock = d->outcome == ASSIGN_ON_CALL ? CLOCK_START_NOW : CLOCK_START, .reason = info->reason};
	if (d->outcome == ASSIGN_WAIT) {
		p.pool = d->wait_pool;
		p.wait_reason = assign_rule_name(d->rule);
	} else if (d->pool >= 0) {
		p.pool = ground->roster->pools[d->pool].id;
	}
	return place_put(c, ground, lead, &p);
}

int lead_place(Call *c, Record *lead, const PlaceInfo *info)
{
	static const PlaceInfo plain = {0};
	info = info ? info : &plain;
	Ground *ground = info->ground;
	int r = ground ? 0 : ground_open(c, &ground);
	if (r < 0)
		return r;
	if (id_is_nil(record_id(lead)))
		record_set(lead, "id", value_id(id_new(c->now_ms)));
	if (info->create)
		score_set(ground, lead, info);
	Id holders[LEAD_HOLDERS_MAX];
	AssignQuery query;
	query_of(c, ground, lead, holders, &query);
	query.wanted = id_is_nil(info->wanted) ? 0 : roster_person(ground->roster, info->wanted) + 1;
	int known;
	r = known_owner(c, ground, lead, &query, &known);
	if (r < 0)
		return r;
	Decision decision;
	if (known >= 0)
		decision = (Decision){.outcome = ASSIGN_OWNER, .owner = known, .pool = -1};
	else
		assign_decide(ground->roster, &ground->roster->policy, ground->load, &query, &decision);
	return decision_put(c, ground, lead, info, &decision);
}
