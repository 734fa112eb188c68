/* What the hub reads from the database: who still listens, what they may see, what they missed. Jobs for the store's
 * reading threads; they touch only the Visit or Sweep they were given. */
#include <assert.h>
#include <string.h>

#include "base/log.h"
#include "event/event_int.h"

/* On PostgreSQL a smaller seq may be committed after a larger one: how far back a resume looks again. */
#define OVERLAP_SEQS 1000
#define OVERLAP_MS 5000

/* Who is it still */

static Role role_read(const char *name)
{
	if (strcmp(name, "administrator") == 0)
		return ROLE_ADMINISTRATOR;
	if (strcmp(name, "supervisor") == 0)
		return ROLE_SUPERVISOR;
	return strcmp(name, "salesperson") == 0 ? ROLE_SALESPERSON : ROLE_NONE;
}

/* Reads role and team of a person whose session or key is alive; *ret_gone otherwise. The house itself is always
 * there. */
static int person_load(Tx *tx, Id user, Id session, Identity *who, bool *ret_gone)
{
	ROWS rows = NULL;
	*ret_gone = false;
	if (id_is_nil(user))
		return 0;
	int r = db_query(tx, &rows,
	                 "SELECT p.role, p.team FROM person p WHERE p.id = $1 AND p.active = 1 "
	                 "AND p.deleted_at IS NULL AND (EXISTS (SELECT 1 FROM session s WHERE s.id = $2) "
	                 "OR EXISTS (SELECT 1 FROM api_key k WHERE k.id = $2))",
	                 value_id(user), value_id(session));
	if (r < 0)
		return r;
	if (!rows_next(rows)) {
		*ret_gone = rows_error(rows) == 0;
		return rows_error(rows);
	}
	const char *role = rows_text(rows, 0);
	who->role = role_read(role == NULL ? "" : role);
	who->team = rows_id(rows, 1);
	return 0;
}

static int people_version_load(Tx *tx, int64_t *ret)
{
	return db_int_n(tx, ret, "SELECT version FROM people_version", NULL, 0);
}

static int visit_access(Tx *tx, Visit *visit)
{
	/* The version first: a change in between is noticed by the next sweep. */
	int r = people_version_load(tx, &visit->people_version);
	if (r < 0)
		return r;
	Call *c = call_new_system(visit->mem, visit->hub->house, tx, "live");
	c->who = visit->who;
	r = access_load(c, visit->mem, &visit->access);
	talloc_free(c);
	return r;
}

/* What did it miss */

static int missed_query(Tx *tx, int64_t after, Rows **ret)
{
	if (tx_is_postgres(tx))
		return db_query(tx, ret,
		                "SELECT " EVENT_COLUMNS " FROM event "
		                "WHERE seq > $1 OR (seq > $2 AND seq <= $1 AND "
		                "at >= (SELECT e.at FROM event e WHERE e.seq = $1) - $3::bigint) ORDER BY seq LIMIT $4",
		                value_int(after), value_int(after - OVERLAP_SEQS), value_int(OVERLAP_MS),
		                value_int(HUB_RESUME_MAX + OVERLAP_SEQS + 1));
	return db_query(tx, ret,
	                "SELECT " EVENT_COLUMNS " FROM event "
	                "WHERE seq > $1 ORDER BY seq LIMIT $2",
	                value_int(after), value_int(HUB_RESUME_MAX + 1));
}

EventView event_view_read(const Rows *rows)
{
	return (EventView){
		.seq = rows_int(rows, 0),
		.at_ms = rows_int(rows, 1),
		.kind = rows_text(rows, 2),
		.object = rows_text(rows, 3),
		.record = rows_id(rows, 4),
		.owner = rows_id(rows, 5),
		.before = rows_id(rows, 6),
		.team = rows_id(rows, 7),
		.pool = rows_id(rows, 8),
		.data = rows_text(rows, 9),
	};
}

/* True when the table cannot tell what came after: rows were removed, or it is another table (a restored backup). */
static int missed_bounds(Tx *tx, Visit *visit)
{
	ROWS rows = NULL;
	int r = db_query_n(tx, &rows, "SELECT MIN(seq), MAX(seq) FROM event", NULL, 0);
	if (r < 0)
		return r;
	int64_t oldest = 0;
	if (rows_next(rows)) {
		oldest = rows_int(rows, 0);
		visit->last_seq = rows_int(rows, 1);
	}
	visit->reset = visit->after > visit->last_seq || visit->after + 1 < oldest;
	return rows_error(rows);
}

static int missed_read(Tx *tx, Visit *visit)
{
	ROWS rows = NULL;
	int seen = 0;
	int r = missed_query(tx, visit->after, &rows);
	if (r < 0)
		return r;
	visit->seqs = talloc_array(visit->mem, int64_t, HUB_RESUME_MAX + OVERLAP_SEQS);
	while (!visit->reset && rows_next(rows)) {
		EventView view = event_view_read(rows);
		seen += view.seq > visit->after;
		if (seen > HUB_RESUME_MAX) {
			visit->reset = true;
		} else if (event_visible(visit->access, visit->who.user, &view)) {
			event_write(visit->bytes, &view);
			visit->seqs[visit->n++] = view.seq;
		}
	}
	visit->reset = visit->reset || buf_failed(visit->bytes);
	visit->seqs = talloc_realloc(visit->mem, visit->seqs, int64_t, visit->n + 1);
	return rows_error(rows);
}

static int visit_missed(Tx *tx, Visit *visit)
{
	visit->bytes = buf_new(visit->mem, HUB_RESUME_BYTES);
	int r = missed_bounds(tx, visit);
	if (r == 0 && !visit->reset)
		r = missed_read(tx, visit);
	if (r < 0 || !visit->reset)
		return r;
	/* The stream goes on from last_seq, so nothing up to there may come again. */
	TALLOC_FREE(visit->bytes);
	visit->bytes = buf_new(visit->mem, HUB_RESUME_BYTES);
	visit->n = 0;
	event_write_reset(visit->bytes, visit->last_seq);
	return 0;
}

int visit_run(Tx *tx, void *arg)
{
	Visit *visit = arg;
	talloc_free(visit->mem);
	visit->mem = talloc_new(NULL);
	visit->access = NULL;
	visit->bytes = NULL;
	visit->seqs = NULL;
	visit->n = 0;
	visit->reset = false;
	int r = person_load(tx, visit->who.user, visit->who.session, &visit->who, &visit->gone);
	if (r < 0 || visit->gone)
		return r;
	r = visit_access(tx, visit);
	return r == 0 && visit->after >= 0 ? visit_missed(tx, visit) : r;
}

void visit_done(void *arg, int result)
{
	Visit *visit = arg;
	visit->result = result;
	hub_post(visit->hub, &visit->stream->visited);
}

/* Many at once */

int sweep_run(Tx *tx, void *arg)
{
	Sweep *sweep = arg;
	int r = people_version_load(tx, &sweep->people_version);
	for (size_t i = 0; r == 0 && i < sweep->n; i++) {
		SweepRow *row = &sweep->rows[i];
		Identity who = {.role = row->role, .team = row->team};
		r = person_load(tx, row->user, row->session, &who, &row->gone);
		row->changed = who.role != row->role || !id_equal(who.team, row->team);
	}
	return r;
}

void sweep_done(void *arg, int result)
{
	Sweep *sweep = arg;
	sweep->result = result;
	hub_post(sweep->hub, &sweep->message);
}
