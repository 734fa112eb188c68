/* Protection: for two hours a lead is its owner's alone. Who reaches for it is told who holds it, and counted. And
 * the hooks: what must follow when a lead or a person is written by anybody (F6). */
#include <string.h>

#include "modules/lead/lead_int.h"
#include "record/access.h"
#include "record/phase.h"

/* ---- protection ---- */

static bool is_protected(const Call *c, const Record *lead)
{
	Id owner = record_ref(lead, "owner");
	return !id_is_nil(owner) && !id_is_nil(c->who.user) && !id_equal(owner, c->who.user) &&
	       record_int(lead, "protected_until") > c->now_ms;
}

int guard_lead(Call *c, const Record *lead, const char *act)
{
	if (!is_protected(c, lead))
		return 0;
	const Roster *roster;
	int r = roster_of(c, &roster);
	if (r < 0)
		return call_store_failed(c, r);
	grab_note(c, lead, act);
	const char *name = roster_name(roster, record_ref(lead, "owner"));
	char until[ROSTER_LOCAL_SIZE];
	(void)roster_local_time(roster, record_int(lead, "protected_until"), until);
	return call_fail(c, ERR_CONFLICT, "protected",
		"%1$s holds this lead; nobody else may work on it until %2$s. Ask %1$s, or have a supervisor hand it over.",
		"该线索由%1$s负责，保护期至 %2$s，期间他人不可操作。请与%1$s联系，或请主管转交。", name, until);
}

int guard_load(Call *c, Id id, const char *act, Record **ret)
{
	Record *lead;
	int r = record_load_any(c, "lead", id, &lead);
	if (r < 0)
		return r;
	if (record_int(lead, "deleted_at") == 0)
		r = guard_lead(c, lead, act);
	if (r < 0)
		return r;
	/* Whoever may not see it learns nothing but what the protection says. */
	r = record_int(lead, "deleted_at") ? ERR_NOT_FOUND : access_check(c, lead);
	if (r == ERR_NOT_FOUND)
		return call_fail(c, r, "not_found", "There is no such lead, or you may not see it.", "线索不存在，或您无权查看。");
	if (r < 0)
		return call_store_failed(c, r);
	*ret = lead;
	return 0;
}

/* ---- hooks on leads ---- */

static int before_lead(Call *c, const PhaseInfo *info, void *arg)
{
	(void)arg;
	if (info->flags & RECORD_AS_HOUSE || info->kind == WRITE_CREATE)
		return 0;
	return guard_lead(c, info->before ? info->before : info->record, info->kind == WRITE_DELETE ? "delete" : "edit");
}

static int follow_up_timer(Call *c, const Record *lead)
{
	int64_t at = record_int(lead, "next_follow_up_at");
	return at > c->now_ms ? timer_set(c, TIMER_FOLLOW, record_id(lead), at, NULL)
	                      : timer_cancel(c, TIMER_FOLLOW, record_id(lead));
}

/* Written from elsewhere (undo, out of the bin): the deadline follows what stands now. */
static int deadline_timer(Call *c, const Record *lead)
{
	const Roster *roster;
	int r = roster_of(c, &roster);
	return r < 0 ? r : place_timer(c, roster, lead);
}

static int after_lead(Call *c, const PhaseInfo *info, void *arg)
{
	(void)arg;
	int r = 0;
	if (!(info->flags & RECORD_QUIET))
		place_forget(c);
	if (info->kind == WRITE_DELETE) {
		r = timer_cancel(c, TIMER_DUE, record_id(info->record));
		if (r == 0)
			r = timer_cancel(c, TIMER_FOLLOW, record_id(info->record));
		return r == 0 && place_is_untouched(info->record) ? drain_soon(c) : r;
	}
	if (phase_changed(info, "next_follow_up_at"))
		r = follow_up_timer(c, info->record);
	bool ours = info->flags & RECORD_QUIET;
	bool moved = info->kind == WRITE_RESTORE || (info->kind == WRITE_UPDATE &&
		(phase_changed(info, "owner") || phase_changed(info, "clock") || phase_changed(info, "status")));
	return r == 0 && !ours && moved ? deadline_timer(c, info->record) : r;
}

/* ---- hooks on people ---- */

static bool is_away(const Record *user, int64_t now_ms)
{
	int64_t until = record_int(user, "absent_until");
	return record_int(user, "deleted_at") || !record_int(user, "active") || record_int(user, "frozen_until") > now_ms ||
	       (record_int(user, "absent") && (until == 0 || until > now_ms));
}

/* Open leads of a person; the touched ones too when the person is gone for good. */
static int holds_open(Call *c, const Record *user, bool *ret)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT 1 FROM lead WHERE owner = $1 AND deleted_at IS NULL AND (status = 'new' "
		"OR ($2 = 0 AND status IN ('contacting', 'qualified'))) LIMIT 1", value_id(record_id(user)),
		value_int(record_int(user, "active")));
	if (r < 0)
		return r;
	*ret = rows_next(rows);
	return rows_error(rows);
}

/* Whoever writes a person may have to decide about that person's leads in a moment. */
static int before_user(Call *c, const PhaseInfo *info, void *arg)
{
	(void)info;
	(void)arg;
	return call_store_failed(c, place_lock(c));
}

/* What the person has not touched goes to others in this very transaction (F6). */
static int person_leaves(Call *c, const Record *user)
{
	bool holds = false;
	int r = holds_open(c, user, &holds);
	if (r < 0 || !holds)
		return r;
	Ground *ground;
	r = ground_open_changing(c, &ground);
	return r < 0 ? r : drain_leave(c, ground, record_id(user), record_int(user, "frozen_until") > c->now_ms ? "freeze"
		: "absent");
}

static int absence_timer(Call *c, const Record *user)
{
	int64_t until = record_int(user, "absent_until");
	return record_int(user, "absent") && until ? timer_set(c, TIMER_BACK, record_id(user), until, NULL)
	                                           : timer_cancel(c, TIMER_BACK, record_id(user));
}

static int after_user(Call *c, const PhaseInfo *info, void *arg)
{
	(void)arg;
	int r = 0;
	if (phase_changed(info, "absent") || phase_changed(info, "absent_until"))
		r = absence_timer(c, info->record);
	if (r < 0)
		return r;
	bool away = is_away(info->record, c->now_ms);
	if (away)
		return info->before && !is_away(info->before, c->now_ms) ? person_leaves(c, info->record) : 0;
	return drain_soon(c);
}

/* ---- hooks on settings: with other rules somebody may fit now ---- */

static int after_setting(Call *c, const PhaseInfo *info, void *arg)
{
	(void)info;
	(void)arg;
	return drain_soon(c);
}

void guard_watch(House *house)
{
	static const char *const settings[] = {"team", "pool", "territory", "skill", "calendar", "source"};
	phase_add(house->phases, PHASE_BEFORE, "lead", before_lead, NULL);
	phase_add(house->phases, PHASE_AFTER, "lead", after_lead, NULL);
	phase_add(house->phases, PHASE_BEFORE, "user", before_user, NULL);
	phase_add(house->phases, PHASE_AFTER, "user", after_user, NULL);
	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		phase_add(house->phases, PHASE_AFTER, settings[i], after_setting, NULL);
}
