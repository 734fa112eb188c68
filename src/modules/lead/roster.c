/* Sharing the snapshot between threads, reading it from the tables, and the questions about one person: who is the
 * supervisor, is somebody away, when does the working day end. How a snapshot is indexed stands in roster_build.c. */
#include "modules/lead/roster.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "event/calendar.h"
#include "modules/lead/lead_int.h"

#define TEAM_DEPTH_MAX 32
#define SHIFT_MINUTES_MAX (24 * 60)

bool lead_ids_next(const char **text, Id *ret)
{
	while (*text) {
		const char *quote = strchr(*text, '"');
		const char *end = quote ? strchr(quote + 1, '"') : NULL;
		*text = end ? end + 1 : NULL;
		if (end && id_parse(quote + 1, (size_t)(end - quote - 1), ret))
			return true;
	}
	return false;
}

/* ---- sharing ---- */

void roster_acquire(const Roster *roster)
{
	atomic_fetch_add(&((Roster *)roster)->references, 1);
}

void roster_release(const Roster *roster)
{
	if (roster && atomic_fetch_sub(&((Roster *)roster)->references, 1) == 1)
		talloc_free((Roster *)roster);
}

/* Keeps a reference until the call or the transaction is freed. */
typedef struct {
	Desk *desk;
	const Roster *roster;
} Hold;

static int hold_free(Hold *hold)
{
	roster_release(hold->roster);
	return 0;
}

static const Roster *roster_hold(TALLOC_CTX *ctx, Desk *desk, const Roster *roster)
{
	Hold *hold = talloc(ctx, Hold);
	*hold = (Hold){desk, roster};
	talloc_set_destructor(hold, hold_free);
	return roster;
}

void roster_keep(TALLOC_CTX *ctx, const Roster *roster)
{
	roster_acquire(roster);
	(void)roster_hold(ctx, NULL, roster);
}

static const Roster *desk_newest(Desk *desk)
{
	pthread_mutex_lock(&desk->lock);
	const Roster *roster = desk->roster;
	if (roster)
		roster_acquire(roster);
	pthread_mutex_unlock(&desk->lock);
	return roster;
}

/* Only after the commit: what a transaction that may yet roll back saw is nobody else's business. */
static void desk_publish(void *arg)
{
	Hold *hold = arg;
	Desk *desk = hold->desk;
	const Roster *old = NULL;
	pthread_mutex_lock(&desk->lock);
	if (!desk->roster || desk->roster->version < hold->roster->version) {
		old = desk->roster;
		roster_acquire(hold->roster);
		desk->roster = (Roster *)hold->roster;
	}
	pthread_mutex_unlock(&desk->lock);
	roster_release(old);
}

/* ---- reading the tables ---- */

#define ROW_ADD(ctx, array, n, ...) \
	do { \
		if (((n) & ((n) - 1)) == 0) \
			(array) = talloc_realloc((ctx), (array), __typeof__(*(array)), (n) ? 2 * (unsigned)(n) : 1); \
		(array)[(n)++] = (__typeof__(*(array)))__VA_ARGS__; \
	} while (0)

static const char *text_of(TALLOC_CTX *ctx, const Rows *rows, int column)
{
	const char *text = rows_text(rows, column);
	return text ? talloc_strdup(ctx, text) : NULL;
}

static const char *word_of(TALLOC_CTX *ctx, const Rows *rows, int column)
{
	const char *text = text_of(ctx, rows, column);
	return text ? text : "";
}

static Role role_of(const char *text)
{
	if (text && strcmp(text, "administrator") == 0)
		return ROLE_ADMINISTRATOR;
	return text && strcmp(text, "supervisor") == 0 ? ROLE_SUPERVISOR : ROLE_SALESPERSON;
}

static int people_read(Call *c, TALLOC_CTX *ctx, RosterRows *out)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
		"SELECT id, name, login, role, team, calendar, active, absent, absent_until, frozen_until, "
		"last_assigned_at, weight, capacity, skills, territories FROM person WHERE deleted_at IS NULL");
	if (r < 0)
		return r;
	while (rows_next(rows))
		ROW_ADD(ctx, out->people, out->n_people, {
			.person = {.id = rows_id(rows, 0), .name = word_of(ctx, rows, 1), .login = word_of(ctx, rows, 2),
				.role = role_of(rows_text(rows, 3)), .active = rows_int(rows, 6) != 0, .absent = rows_int(rows, 7) != 0,
				.absent_until = rows_int(rows, 8), .frozen_until = rows_int(rows, 9),
				.last_assigned_at = rows_int(rows, 10), .weight = (int)rows_int(rows, 11),
				.capacity = (int)rows_int(rows, 12)},
			.team = rows_id(rows, 4), .calendar = rows_id(rows, 5),
			.skills = text_of(ctx, rows, 13), .territories = text_of(ctx, rows, 14)});
	return rows_error(rows);
}

static int teams_read(Call *c, TALLOC_CTX *ctx, RosterRows *out)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
		"SELECT id, name, head, deputy, parent, calendar FROM team WHERE deleted_at IS NULL");
	if (r < 0)
		return r;
	while (rows_next(rows))
		ROW_ADD(ctx, out->teams, out->n_teams, {.id = rows_id(rows, 0), .name = word_of(ctx, rows, 1),
			.head = rows_id(rows, 2), .deputy = rows_id(rows, 3), .parent = rows_id(rows, 4), .calendar = rows_id(rows,
			5)});
	return rows_error(rows);
}

static int pools_read(Call *c, TALLOC_CTX *ctx, RosterRows *out)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT id, name, members, teams, claim_limit FROM pool WHERE deleted_at IS NULL");
	if (r < 0)
		return r;
	while (rows_next(rows))
		ROW_ADD(ctx, out->pools, out->n_pools, {.id = rows_id(rows, 0), .name = word_of(ctx, rows, 1),
			.members = text_of(ctx, rows, 2), .teams = text_of(ctx, rows, 3), .claim_limit = (int)rows_int(rows, 4)});
	return rows_error(rows);
}

static int territories_read(Call *c, TALLOC_CTX *ctx, RosterRows *out)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT id, codes, polygon FROM territory WHERE deleted_at IS NULL");
	if (r < 0)
		return r;
	while (rows_next(rows))
		ROW_ADD(ctx, out->territories, out->n_territories, {.id = rows_id(rows, 0), .codes = text_of(ctx, rows, 1),
			.polygon = text_of(ctx, rows, 2)});
	return rows_error(rows);
}

static int skills_read(Call *c, TALLOC_CTX *ctx, RosterRows *out)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT id, name, keywords FROM skill WHERE deleted_at IS NULL ORDER BY id");
	if (r < 0)
		return r;
	while (rows_next(rows))
		ROW_ADD(ctx, out->skills, out->n_skills, {.id = rows_id(rows, 0), .name = word_of(ctx, rows, 1),
			.keywords = text_of(ctx, rows, 2)});
	return rows_error(rows);
}

static int calendars_read(Call *c, TALLOC_CTX *ctx, RosterRows *out)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT id, name, zone, week, holidays, days_off, days_on FROM calendar "
		"WHERE deleted_at IS NULL");
	if (r < 0)
		return r;
	while (rows_next(rows)) {
		CalendarText text = {.zone = text_of(ctx, rows, 2), .week = text_of(ctx, rows, 3), .holidays = text_of(ctx,
			rows, 4),
			.days_off = text_of(ctx, rows, 5), .days_on = text_of(ctx, rows, 6)};
		CalendarFault fault = {0};
		WorkTime *work = calendar_parse(ctx, &text, &fault);
		if (!work)
			log_warn("lead", "calendar %s cannot be used (%s): its people work by the default one", rows_text(rows, 1),
			fault.en);
		ROW_ADD(ctx, out->calendars, out->n_calendars, {.id = rows_id(rows, 0), .name = word_of(ctx, rows, 1),
			.zone = text.zone,
			.work = work});
	}
	return rows_error(rows);
}

static int sources_read(Call *c, TALLOC_CTX *ctx, RosterRows *out)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
		"SELECT id, name, key, grade, weight, pool, enabled FROM source WHERE deleted_at IS NULL");
	if (r < 0)
		return r;
	while (rows_next(rows))
		ROW_ADD(ctx, out->sources, out->n_sources, {.id = rows_id(rows, 0), .name = word_of(ctx, rows, 1),
			.key = word_of(ctx, rows, 2), .grade = word_of(ctx, rows, 3), .weight = (int)rows_int(rows, 4),
			.pool = rows_id(rows, 5), .enabled = rows_int(rows, 6) != 0});
	return rows_error(rows);
}

static int rows_read(Call *c, TALLOC_CTX *ctx, RosterRows *out)
{
	static int (*const PARTS[])(Call *, TALLOC_CTX *, RosterRows *) = {people_read, teams_read, pools_read,
		territories_read,
		skills_read, calendars_read, sources_read};
	int r = people_version(c, &out->version);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(PARTS); i++)
		r = PARTS[i](c, ctx, out);
	if (r < 0)
		return r;
	r = policy_load(c, 0, &out->policy);
	out->has_policy = r == 0;
	return r == ERR_NOT_FOUND ? 0 : r;
}

int roster_read(Call *c, const Roster **ret)
{
	TALLOC_CTX *scratch = talloc_new(c);
	RosterRows rows = {0};
	int r = rows_read(c, scratch, &rows);
	if (r == 0)
		*ret = roster_hold(c, c->house->lead, roster_build(&rows));
	talloc_free(scratch);
	return r;
}

int roster_of(Call *c, const Roster **ret)
{
	int64_t version;
	int r = people_version(c, &version);
	if (r < 0)
		return r;
	Desk *desk = c->house->lead;
	const Roster *newest = desk_newest(desk);
	if (newest && newest->version == version) {
		*ret = roster_hold(c, desk, newest);
		return 0;
	}
	roster_release(newest);
	r = roster_read(c, ret);
	if (r < 0)
		return r;
	roster_acquire(*ret);
	Hold *publish = talloc(tx_mem(c->tx), Hold);
	*publish = (Hold){desk, *ret};
	talloc_set_destructor(publish, hold_free);
	tx_on_commit(c->tx, desk_publish, publish);
	return 0;
}

/* ---- one person ---- */

const char *roster_name(const Roster *roster, Id id)
{
	int person = roster_person(roster, id);
	return person < 0 ? "" : roster->people[person].name;
}

const WorkTime *roster_default_worktime(const Roster *roster)
{
	return roster->calendars[roster->n_calendars - 1].work;
}

const WorkTime *roster_worktime(const Roster *roster, int person)
{
	return person < 0 ? roster_default_worktime(roster) : roster->calendars[roster->people[person].calendar].work;
}

const char *roster_local_time(const Roster *roster, int64_t ms, char out[static ROSTER_LOCAL_SIZE])
{
	g_autoptr(GTimeZone) zone = g_time_zone_new_identifier(roster->zone);
	g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(ms / SECOND_MS);
	g_autoptr(GDateTime) local = utc && zone ? g_date_time_to_timezone(utc, zone) : NULL;
	g_autofree char *text = local ? g_date_time_format(local, "%Y-%m-%d %H:%M") : NULL;
	(void)snprintf(out, ROSTER_LOCAL_SIZE, "%s", text ? text : "");
	return out;
}

bool roster_is_absent(const Person *person, int64_t now_ms)
{
	return person->absent && (person->absent_until == 0 || person->absent_until > now_ms);
}

bool roster_is_frozen(const Person *person, int64_t now_ms)
{
	return person->frozen_until > now_ms;
}

bool roster_in_pool(const Roster *roster, int pool, int person)
{
	return pool >= 0 && person >= 0 && people_has(roster->pools[pool].members, person);
}

static bool can_supervise(const Roster *roster, int person, int whom, int64_t now_ms)
{
	return person >= 0 && person != whom && roster->people[person].active &&
	       !roster_is_absent(&roster->people[person], now_ms);
}

/* An administrator at work, else any that is active: somebody must be told. */
static int administrator_find(const Roster *roster, int whom, int64_t now_ms)
{
	int any = -1;
	for (int i = 0; i < roster->n_people; i++) {
		const Person *person = &roster->people[i];
		if (person->role != ROLE_ADMINISTRATOR || !person->active)
			continue;
		if (can_supervise(roster, i, whom, now_ms))
			return i;
		any = i;
	}
	return any;
}

int roster_supervisor(const Roster *roster, int person, int team, int64_t now_ms)
{
	if (person >= 0)
		team = roster->people[person].team;
	for (int depth = 0; team >= 0 && depth < TEAM_DEPTH_MAX; depth++) {
		const Team *t = &roster->teams[team];
		if (can_supervise(roster, t->head, person, now_ms))
			return t->head;
		if (can_supervise(roster, t->deputy, person, now_ms))
			return t->deputy;
		team = t->parent;
	}
	return administrator_find(roster, person, now_ms);
}

static int chain_add(const Roster *roster, int person, int *out, int n, int max)
{
	if (person < 0 || n == max || !roster->people[person].active)
		return n;
	for (int i = 0; i < n; i++)
		if (out[i] == person)
			return n;
	out[n] = person;
	return n + 1;
}

int roster_chain(const Roster *roster, int team, int *out, int max)
{
	int n = 0;
	for (int depth = 0; team >= 0 && depth < TEAM_DEPTH_MAX; depth++) {
		n = chain_add(roster, roster->teams[team].head, out, n, max);
		n = chain_add(roster, roster->teams[team].deputy, out, n, max);
		team = roster->teams[team].parent;
	}
	return n;
}

int64_t roster_next_opening(const Roster *roster, int64_t now_ms)
{
	int64_t next = INT64_MAX;
	for (int i = 0; i < roster->n_calendars; i++) {
		const WorkTime *work = roster->calendars[i].work;
		if (worktime_is_open(work, now_ms))
			continue;
		int64_t opening = worktime_next_open(work, now_ms);
		if (opening < next)
			next = opening;
	}
	return next;
}

/* Nobody is let out of a freeze in the middle of the night shift that earned it: midnight is not the end of that
 * day. */
int64_t roster_day_end(const Roster *roster, int person, int64_t now_ms)
{
	const WorkTime *work = roster_worktime(roster, person);
	int64_t start, end;
	worktime_day(work, now_ms, &start, &end);
	end++; /* the day's last millisecond is still the day */
	if (!worktime_is_open(work, end - 1) || !worktime_is_open(work, end))
		return end;
	int low = 0, high = SHIFT_MINUTES_MAX; /* open for low minutes from end on, not for high */
	while (high - low > 1) {
		int middle = (low + high) / 2;
		if (worktime_between(work, end, end + middle * MINUTE_MS) == middle * MINUTE_MS)
			low = middle;
		else
			high = middle;
	}
	return end + low * MINUTE_MS;
}

/* ---- what a policy refers to ---- */

static void pool_check(Call *c, const Roster *roster, const char *field, Id pool)
{
	if (!id_is_nil(pool) && roster_pool(roster, pool) < 0)
		(void)call_fault(c, field, "unknown_pool", "There is no such pool.", "没有这个线索池。");
}

int policy_check(Call *c, const Policy *policy, const Roster *roster)
{
	for (int i = 0; i < policy->n_pools; i++)
		pool_check(c, roster, talloc_asprintf(c, "pools[%d].pool", i), policy->pools[i].pool);
	pool_check(c, roster, "fallback_pool", policy->fallback_pool);
	pool_check(c, roster, "out_of_hours_pool", policy->out_of_hours_pool);
	pool_check(c, roster, "account_pool", policy->account_pool);
	int on_call = roster_person(roster, policy->on_call);
	if (!id_is_nil(policy->on_call) && (on_call < 0 || !roster->people[on_call].active))
		(void)call_fault(c, "on_call", "unknown_person", "There is no such active person.", "没有这位在职人员。");
	return c->err;
}
