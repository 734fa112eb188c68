/* Undo of a change: the inverse of each of its rows, newest first, as a new change. A row may be undone only while
 * the record still is as that row left it; what was changed since stands in the way and is named. */
#include "record/record_int.h"

#include "call/gate.h"
#include "call/when.h"

#include <assert.h>
#include <string.h>

typedef struct {
	const ObjectDef *object;
	Id record;
	const char *kind;
	const json_t *diff;
} Row;

typedef struct {
	Id who;
	int64_t at;
	Row *rows; /* newest first */
	int n;
} Change;

/* --- reading the change --- */

static int row_read(Call *c, Change *change, const Rows *rows)
{
	const char *name = rows_text(rows, 0), *diff = rows_text(rows, 3);
	const ObjectDef *object = meta_object_of(c, name);
	JsonFault fault;
	json_t *tree = json_parse(c, diff, strlen(diff), &fault);
	if (object == NULL || tree == NULL)
		return call_fail(c, ERR_CONFLICT, "not_undoable", "What this change wrote (%s) is no longer known.",
		                 "该变更涉及的对象（%s）已不存在。", name);
	change->rows = talloc_realloc(c, change->rows, Row, (unsigned)change->n + 1);
	assert(change->rows != NULL);
	change->rows[change->n++] =
		(Row){.object = object, .record = rows_id(rows, 1), .kind = talloc_strdup(c, rows_text(rows, 2)), .diff = tree};
	return 0;
}

static int rows_load(Call *c, Id id, Change *change)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
	                 "SELECT object, record, kind, diff FROM history WHERE change = $1 ORDER BY seq DESC LIMIT $2",
	                 value_id(id), value_int(RECORD_UNDO_MAX + 1));
	while (r == 0 && rows_next(rows))
		r = row_read(c, change, rows);
	if (r == 0)
		r = call_store_failed(c, rows_error(rows));
	if (r < 0)
		return call_store_failed(c, r);
	if (change->n > RECORD_UNDO_MAX)
		return call_fail(c, ERR_TOO_LARGE, "too_large",
			"This change wrote more than %d records and cannot be undone at once.",
		                 "该变更超过 %d 条记录，无法一次撤销。", RECORD_UNDO_MAX);
	return 0;
}

static int change_load(Call *c, Id id, Change *ret)
{
	*ret = (Change){0};
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT who, at FROM change WHERE id = $1", value_id(id));
	if (r < 0)
		return call_store_failed(c, r);
	if (!rows_next(rows)) {
		r = rows_error(rows);
		return r < 0 ? call_store_failed(c, r)
		             : call_fail(c, ERR_NOT_FOUND, "not_found", "There is no such change.", "没有这次变更。");
	}
	ret->who = rows_id(rows, 0);
	ret->at = rows_int(rows, 1);
	rows_close(&rows);
	r = rows_load(c, id, ret);
	if (r < 0)
		return r;
	if (ret->n == 0)
		return call_fail(c, ERR_CONFLICT, "not_undoable", "This change wrote nothing that can be undone.",
		                 "该变更没有可撤销的内容。");
	return 0;
}

/* --- what stands in the way --- */

/* One item of the sentence a change: who, when, which. Of the newest changes since that touched the field (NULL:
 * the record). */
static int name_conflicts(Call *c, const Row *row, Id change, const FieldDef *field, Buf *out)
{
	ROWS rows = NULL;
	/* A quote inside a value is escaped, so only a key of the diff can look like this. */
	const char *key = field == NULL ? "%" : talloc_asprintf(c, "%%\"%s\":[%%", field->name);
	int r = db_query(c->tx, &rows,
	                 "SELECT g.id, g.at, p.name FROM history h JOIN change g ON g.id = h.change "
	                 "LEFT JOIN person p ON p.id = g.who WHERE h.record = $1 AND h.object = $2 AND h.change <> $3 "
	                 "AND h.seq > (SELECT MAX(o.seq) FROM history o WHERE o.record = $1 AND o.change = $3) "
	                 "AND h.diff LIKE $4 GROUP BY g.id, g.at, p.name ORDER BY MAX(h.seq) DESC LIMIT $5",
	                 value_id(row->record), value_text(row->object->name), value_id(change), value_text(key),
	                 value_int(RECORD_CONFLICTS_MAX));
	if (r < 0)
		return r;
	while (rows_next(rows)) {
		char at[WHEN_TEXT_SIZE], id[ID_TEXT_SIZE];
		const char *who = rows_text(rows, 2);
		buf_printf(out, "%s%s %s (%s)", out->len > 0 ? "; " : "",
		           who != NULL ? who : c->lang == LANG_EN ? "the system" : "系统", when_text(rows_int(rows, 1), at),
		           id_text(rows_id(rows, 0), id));
	}
	return rows_error(rows);
}

static int refuse_conflict(Call *c, const Row *row, const Record *now, const FieldDef *field, Id change)
{
	Buf *names = buf_new(c, 8192);
	int r = name_conflicts(c, row, change, field, names);
	if (r < 0)
		return call_store_failed(c, r);
	const char *title = now != NULL ? record_text(now, row->object->title) : NULL;
	const char *object = c->lang == LANG_EN ? row->object->en : row->object->zh;
	const char *what = field == NULL ? "-" : c->lang == LANG_EN ? field->en : field->zh;
	return call_fail(c, ERR_CONFLICT, "changed_since",
	                 "This cannot be undone: %s \"%s\" was changed since (%s). Later changes: %s. Undo those first.",
	                 "无法撤销：%s“%s”之后又有修改（%s）。后续变更：%s。请先撤销后续变更。", object,
	                 title != NULL ? title : "-", what, names->len > 0 ? names->data : "-");
}

/* --- the inverse of one row --- */

/* The field that is no longer as the row left it; NULL: all are. Fields that are gone from the catalogue do not
 * count. */
static const FieldDef *field_moved(Call *c, const Row *row, const Record *now)
{
	bool created = strcmp(row->kind, "created") == 0;
	for (int i = FIELD_AT_DELETED_AT; i < row->object->n_fields; i++) {
		const FieldDef *f = &row->object->fields[i];
		const json_t *pair = json_object_get(row->diff, f->name);
		Value after = value_null();
		if (pair == NULL && !created)
			continue;
		bool known = pair == NULL || value_from_history(c, f, json_array_get(pair, 1), &after);
		if (!known || !value_equal(&after, &now->values[i]))
			return f;
	}
	return NULL;
}

static void set_back(Call *c, const Row *row, Record *now)
{
	const char *name;
	json_t *pair;
	json_object_foreach((json_t *)row->diff, name, pair) {
		const FieldDef *f = meta_field(row->object, name);
		Value before;
		if (f != NULL && value_from_history(c, f, json_array_get(pair, 0), &before))
			record_set_at(now, f->index, before);
	}
}

static int invert(Call *c, const Row *row, Id change)
{
	Record *now = NULL;
	int r = record_find(c, c, row->object, row->record, &now);
	if (r == ERR_NOT_FOUND)
		return refuse_conflict(c, row, NULL, NULL, change);
	if (r < 0)
		return call_store_failed(c, r);
	const FieldDef *moved = field_moved(c, row, now);
	if (moved != NULL)
		return refuse_conflict(c, row, now, moved, change);
	if (strcmp(row->kind, "created") == 0) {
		r = record_delete(c, now, RECORD_AS_HOUSE);
	} else {
		set_back(c, row, now);
		r = record_write_back(c, now);
	}
	talloc_free(now);
	return r;
}

/* --- who may --- */

static int may_undo_row(Call *c, const Row *row)
{
	int r = gate_check(c, row->object->write_right);
	if (r < 0)
		return r;
	Record *now = NULL;
	r = record_find(c, c, row->object, row->record, &now);
	if (r == 0)
		r = access_check(c, now);
	talloc_free(now);
	return r == ERR_NOT_FOUND ? refuse_not_found(c, row->object) : call_store_failed(c, r);
}

/* One's own changes; those of others only from supervisor upward. In both cases each record must be one the caller
 * may write. A record that one's own change gave away may be taken back. */
static int authorise(Call *c, const Change *change)
{
	bool own = !id_is_nil(c->who.user) && id_equal(change->who, c->who.user);
	if (!own && c->who.role < ROLE_SUPERVISOR)
		return call_fail(c, ERR_DENIED, "denied", "Only who made a change, or a supervisor, may undo it.",
		                 "只有变更人本人或主管才能撤销。");
	for (int i = 0; i < change->n; i++) {
		int r = own ? gate_check(c, change->rows[i].object->write_right) : may_undo_row(c, &change->rows[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int note_undone(Call *c, Id undone)
{
	Id change;
	int r = record_change(c, &change);
	if (r < 0)
		return r;
	return call_store_failed(c, db_exec(c->tx, "UPDATE change SET undoes = $1 WHERE id = $2", value_id(undone),
	                                    value_id(change)));
}

int record_undo(Call *c, Id id)
{
	Change change;
	int r = change_load(c, id, &change);
	if (r == 0)
		r = authorise(c, &change);
	if (r == 0)
		r = note_undone(c, id);
	for (int i = 0; r == 0 && i < change.n; i++)
		r = invert(c, &change.rows[i], id);
	return r;
}

int api_undo(Call *c)
{
	int r = record_undo(c, call_id(c, "id"));
	if (r < 0)
		return r;
	json_object_begin(&c->json);
	json_member_id(&c->json, "change", c->change);
	json_object_end(&c->json);
	return 0;
}
