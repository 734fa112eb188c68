/* Imports as they are stored, and the news of them. */
#include "modules/lead/import/import_int.h"

#include <string.h>

#include "call/when.h"
#include "event/follow.h"

const char *const import_migrations[] = {
	"CREATE TABLE import (id {ID} NOT NULL PRIMARY KEY, at {TIME} NOT NULL, name {TEXT} NOT NULL, who {ID},"
	" source {ID} NOT NULL, path {TEXT} NOT NULL, own_file {BOOL} NOT NULL, size {INT} NOT NULL, state {TEXT} NOT NULL,"
	" columns {TEXT}, way {TEXT} NOT NULL, pool {ID}, rows {INT} NOT NULL, done {INT} NOT NULL, taken {INT} NOT NULL,"
	" repeated {INT} NOT NULL, bad {INT} NOT NULL, in_file {INT} NOT NULL, error {TEXT}, report {TEXT});"
	"CREATE INDEX import_open ON import (state, at)",
	/* What was begun in the order of its file ends in it. */
	"ALTER TABLE import ADD COLUMN by_time {BOOL} NOT NULL DEFAULT 0",
	/* Of several processes the one that carries it out. */
	"ALTER TABLE import ADD COLUMN holder {ID}",
	NULL,
};

int import_insert(Call *c, const Import *i)
{
	return db_exec(
		c->tx,
		"INSERT INTO import (id, at, name, who, source, path, own_file, size, state, columns, way, pool, rows,"
		" done, taken, repeated, bad, in_file, by_time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,"
		" 0, 0, 0, 0, 0, 0, $13)",
		value_id(i->state.id), value_time(i->at), value_text(i->name), value_id(i->who), value_id(i->source),
		value_text(i->path), value_bool(i->own_file), value_int(i->size), value_text(i->state.state),
		value_text(i->columns), value_text(i->way), value_id(i->pool), value_bool(true));
}

int import_load(Tx *tx, TALLOC_CTX *ctx, Id id, Import *ret)
{
	ROWS rows = NULL;
	int r = db_query(tx, &rows,
	                 "SELECT at, name, who, source, path, own_file, size, state, columns, way, pool, rows, done, taken,"
	                 " repeated, bad, in_file, error, report, by_time, holder FROM import WHERE id = $1",
	                 value_id(id));
	if (r < 0)
		return r;
	if (!rows_next(rows))
		return rows_error(rows) ? rows_error(rows) : ERR_NOT_FOUND;
	*ret = (Import){
		.at = rows_int(rows, 0),
		.name = talloc_strdup(ctx, rows_text(rows, 1)),
		.who = rows_id(rows, 2),
		.source = rows_id(rows, 3),
		.path = talloc_strdup(ctx, rows_text(rows, 4)),
		.own_file = rows_int(rows, 5) != 0,
		.size = rows_int(rows, 6),
		.columns = talloc_strdup(ctx, rows_text(rows, 8)),
		.way = talloc_strdup(ctx, rows_text(rows, 9)),
		.pool = rows_id(rows, 10),
		.by_time = rows_int(rows, 19) != 0,
		.state =
			{
				.id = id,
				.state = talloc_strdup(ctx, rows_text(rows, 7)),
				.rows = rows_int(rows, 11),
				.done = rows_int(rows, 12),
				.taken = rows_int(rows, 13),
				.repeated = rows_int(rows, 14),
				.bad = rows_int(rows, 15),
				.in_file = rows_int(rows, 16),
				.error = talloc_strdup(ctx, rows_text(rows, 17)),
				.report = talloc_strdup(ctx, rows_text(rows, 18)),
				.holder = rows_id(rows, 20),
			},
	};
	return 0;
}

int import_find(Tx *tx, const char *path, Id *ret)
{
	return db_id(tx, ret,
	             "SELECT id FROM import WHERE path = $1 AND state IN ('running', 'checking') ORDER BY at LIMIT 1",
	             value_text(path));
}

int import_open(Tx *tx, Id *out, int max, int *ret_n)
{
	ROWS rows = NULL;
	int r = db_query(tx, &rows,
	                 "SELECT id FROM import WHERE state IN ('running', 'checking') "
	                 "ORDER BY CASE WHEN state = 'running' THEN 0 ELSE 1 END, at, id LIMIT $1",
	                 value_int(max));
	*ret_n = 0;
	while (r == 0 && *ret_n < max && rows_next(rows))
		out[(*ret_n)++] = rows_id(rows, 0);
	return r < 0 ? r : rows_error(rows);
}

void import_place(TALLOC_CTX *ctx, const House *house, Import *i)
{
	char text[ID_TEXT_SIZE];
	if (i->own_file)
		i->path = talloc_asprintf(ctx, "%s/" IMPORT_FOLDER "/%s", house->data_dir, id_text(i->state.id, text));
}

int import_hold(Tx *tx, TALLOC_CTX *ctx, Id id, Import *ret)
{
	int r = db_exec(tx, "UPDATE import SET holder = holder WHERE id = $1", value_id(id));
	return r < 0 ? r : import_load(tx, ctx, id, ret);
}

/* Behind the row's lock, so that of two that find it free one gets it, and none one that was cancelled just now. */
int import_claim(Tx *tx, const House *house, Id id)
{
	Id self = follow_self(house), holder = ID_NIL;
	bool alive = false;
	int r = db_exec(tx, "UPDATE import SET holder = holder WHERE id = $1 AND state IN ('running', 'checking')",
	                value_id(id));
	if (r == 0 && db_changes(tx) == 0)
		return ERR_STALE;
	if (r == 0 && id_is_nil(self)) /* alone; the data may be from where there were others */
		return db_exec(tx, "UPDATE import SET holder = NULL WHERE id = $1", value_id(id));
	if (r == 0)
		r = db_id(tx, &holder, "SELECT holder FROM import WHERE id = $1", value_id(id));
	if (r < 0 || id_equal(holder, self))
		return r;
	if (!id_is_nil(holder))
		r = follow_is_alive(tx, holder, &alive);
	if (r < 0 || alive)
		return r < 0 ? r : ERR_STALE;
	return db_exec(tx, "UPDATE import SET holder = $2 WHERE id = $1", value_id(id), value_id(self));
}

int import_state_set(Tx *tx, Id id, const char *state, const char *error)
{
	return db_exec(tx, "UPDATE import SET state = $2, error = $3, holder = NULL WHERE id = $1", value_id(id),
	               value_text(state), value_text(error));
}

/* Whoever cancelled it meanwhile has the last word, and so has a process that took it over. */
int import_progress(Tx *tx, const ImportState *s)
{
	int r = db_exec(tx,
	                "UPDATE import SET done = $2, taken = $3, repeated = $4, bad = $5, state = $6"
	                " WHERE id = $1 AND state = 'running' AND (holder IS NULL OR holder = $7)",
	                value_id(s->id), value_int(s->done), value_int(s->taken), value_int(s->repeated), value_int(s->bad),
	                value_text(s->state), value_id(s->holder));
	return r < 0 ? r : db_changes(tx) == 1 ? 0 : ERR_STALE;
}

int import_report(Tx *tx, const ImportState *s)
{
	int r = db_exec(tx,
	                "UPDATE import SET rows = $2, taken = $3, repeated = $4, bad = $5, in_file = $6, report = $7,"
	                " state = 'checked', holder = NULL "
	                "WHERE id = $1 AND state = 'checking' AND (holder IS NULL OR holder = $8)",
	                value_id(s->id), value_int(s->rows), value_int(s->taken), value_int(s->repeated), value_int(s->bad),
	                value_int(s->in_file), value_text(s->report), value_id(s->holder));
	return r < 0 ? r : db_changes(tx) == 1 ? 0 : ERR_STALE;
}

static void write_counts(JsonOut *o, const ImportState *s)
{
	json_member_text(o, "state", s->state);
	json_member_int(o, "rows", s->rows);
	json_member_int(o, "done", s->done);
	json_member_int(o, "taken", s->taken);
	json_member_int(o, "repeated", s->repeated);
	json_member_int(o, "bad", s->bad);
	json_member_int(o, "in_file", s->in_file);
}

void import_write(JsonOut *o, const Import *i, bool with_report)
{
	char at[WHEN_TEXT_SIZE];
	json_object_begin(o);
	json_member_id(o, "id", i->state.id);
	json_member_text(o, "at", when_text(i->at, at));
	json_member_text(o, "name", i->name);
	json_member_id(o, "source", i->source);
	json_member_id(o, "who", i->who);
	json_member_int(o, "size", i->size);
	json_member_text(o, "way", i->way);
	json_member_id(o, "pool", i->pool);
	write_counts(o, &i->state);
	json_member_text(o, "error", i->state.error);
	if (with_report && i->columns) {
		json_key(o, "columns");
		json_put_raw(o, i->columns, strlen(i->columns));
	}
	if (with_report && i->state.report) {
		json_key(o, "report");
		json_put_raw(o, i->state.report, strlen(i->state.report));
	}
	json_object_end(o);
}

int import_tell(Call *c, const Import *i, const ImportState *s)
{
	Buf *data = buf_new(c, 1024);
	JsonOut o = json_out(data);
	json_object_begin(&o);
	write_counts(&o, s);
	json_object_end(&o);
	return record_event(
		c,
		&(EventRow){
			.kind = "import.progress", .object = "import", .record = i->state.id, .owner = i->who, .data = data->data});
}
