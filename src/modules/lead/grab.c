/* Cross-grabs: who reached for a lead while it was protected for somebody else. Each refused attempt is a row; the
 * board shows those of today. */
#include <string.h>

#include "modules/lead/lead_int.h"
#include "record/access.h"

#define GRABS_MAX 100       /* shown */
#define GRABS_SCAN_MAX 2000 /* counted */

/* ---- counting ---- */

/* The refusal rolls the transaction back, so the count is written by one of its own afterwards. */
typedef struct {
	House *house;
	Id lead, by, holder;
	int64_t at_ms;
	const char *act; /* a literal */
} Grab;

static int grab_write(Tx *tx, void *arg)
{
	const Grab *grab = arg;
	return db_exec(tx, "INSERT INTO cross_grab (id, lead, actor, holder, at, act) VALUES ($1, $2, $3, $4, $5, $6)",
		value_id(id_new(grab->at_ms)), value_id(grab->lead), value_id(grab->by), value_id(grab->holder),
		value_time(grab->at_ms), value_text(grab->act));
}

static void grab_done(void *arg, int result)
{
	if (result < 0)
		log_warn("lead", "a cross-grab could not be counted: %s", err_code(result));
	talloc_free(arg);
}

static void grab_count(void *arg)
{
	Grab *grab = talloc_memdup(NULL, arg, sizeof *grab);
	int r = store_write(grab->house->store, grab_write, grab_done, grab);
	if (r < 0)
		grab_done(grab, r);
}

void grab_note(Call *c, const Record *lead, const char *act)
{
	Grab *grab = talloc(tx_mem(c->tx), Grab);
	*grab = (Grab){c->house, record_id(lead), c->who.user, record_ref(lead, "owner"), c->now_ms, act};
	tx_on_rollback(c->tx, grab_count, grab);
}

/* ---- telling ---- */

typedef struct {
	int64_t at;
	Id by, holder, lead; /* lead nil: whoever reads this may not see it */
	const char *act, *name, *company;
} Attempt;

struct Grabs {
	Attempt item[GRABS_MAX];
	int n, all;
	int *by_person; /* of the roster */
};

/* Columns: at, actor, holder, act, lead, name, company, owner, team, pool. */
static void attempt_read(Grabs *grabs, const Rows *rows, const Roster *roster, const Access *access)
{
	Id owner = rows_id(rows, 7);
	int actor = roster_person(roster, rows_id(rows, 1));
	bool lead_there = !rows_is_null(rows, 4);
	bool sees_lead = lead_there && access_sees(access, owner, ID_NIL, rows_id(rows, 8),
	                                           id_is_nil(owner) ? rows_id(rows, 9) : ID_NIL);
	if (!sees_lead && (actor < 0 || !desk_oversees(access, roster, actor)))
		return;
	grabs->all++;
	if (actor >= 0)
		grabs->by_person[actor]++;
	if (grabs->n == GRABS_MAX)
		return;
	grabs->item[grabs->n++] = (Attempt){
		.at = rows_int(rows, 0),
		.by = rows_id(rows, 1),
		.holder = rows_id(rows, 2),
		.act = talloc_strdup(grabs, rows_text(rows, 3)),
		.lead = sees_lead ? rows_id(rows, 4) : ID_NIL,
		.name = sees_lead ? talloc_strdup(grabs, rows_text(rows, 5)) : NULL,
		.company = sees_lead ? talloc_strdup(grabs, rows_text(rows, 6)) : NULL,
	};
}

int grabs_read(Call *c, const Roster *roster, int64_t since_ms, Grabs **ret)
{
	const Access *access;
	ROWS rows = NULL;
	Grabs *grabs = talloc_zero(c, Grabs);
	grabs->by_person = talloc_zero_array(grabs, int, (unsigned)roster->n_people);
	int r = access_of(c, &access);
	if (r == 0)
		r = db_query(c->tx, &rows,
		             "SELECT g.at, g.actor, g.holder, g.act, l.id, l.name, l.company, l.owner, l.team, l.pool "
		             "FROM cross_grab g LEFT JOIN lead l ON l.id = g.lead AND l.deleted_at IS NULL "
		             "WHERE g.at >= $1 ORDER BY g.at DESC, g.id DESC LIMIT $2",
		             value_time(since_ms), value_int(GRABS_SCAN_MAX));
	while (r == 0 && rows_next(rows))
		attempt_read(grabs, rows, roster, access);
	*ret = grabs;
	return r < 0 ? r : rows_error(rows);
}

int grabs_of(const Grabs *grabs, int person)
{
	return grabs->by_person[person];
}

static void lead_write(JsonOut *out, const Attempt *a)
{
	json_key(out, "lead");
	if (id_is_nil(a->lead)) {
		json_put_null(out);
		return;
	}
	json_object_begin(out);
	json_member_id(out, "id", a->lead);
	json_member_text(out, "name", a->name);
	json_member_text(out, "company", a->company);
	json_object_end(out);
}

void grabs_write(JsonOut *out, const Roster *roster, const Grabs *grabs)
{
	json_key(out, "cross_grabs");
	json_object_begin(out);
	json_member_int(out, "count", grabs->all);
	json_key(out, "items");
	json_array_begin(out);
	for (int i = 0; i < grabs->n; i++) {
		const Attempt *a = &grabs->item[i];
		json_object_begin(out);
		card_time(out, "at", a->at);
		json_member_text(out, "act", a->act);
		card_person(out, "by", roster, a->by);
		card_person(out, "holder", roster, a->holder);
		lead_write(out, a);
		json_object_end(out);
	}
	json_array_end(out);
	json_object_end(out);
}
