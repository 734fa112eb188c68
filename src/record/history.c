/* What changed, when, by whom: one row of table change for a unit of work, one of history for each record it wrote.
 * The diff is lossless (times and decimals as stored), because undo reads it back. */
#include "record/record_int.h"

#include "base/limits.h"
#include "call/when.h"

#include <assert.h>
#include <string.h>

const char *const record_migrations[] = {
	"CREATE TABLE change (id {ID} PRIMARY KEY, at {TIME} NOT NULL, who {ID}, ip {TEXT}, device {TEXT}, cause {TEXT}, "
	"undoes {ID}) {COMPACT};"
	"CREATE TABLE history (seq {SERIAL}, change {ID} NOT NULL, object {TEXT} NOT NULL, record {ID} NOT NULL, "
	"kind {TEXT} NOT NULL, diff {TEXT} NOT NULL);"
	"CREATE INDEX history_record ON history (record, seq);"
	"CREATE INDEX history_change ON history (change, seq);"
	"CREATE TABLE event (seq {SERIAL}, at {TIME} NOT NULL, kind {TEXT} NOT NULL, object {TEXT}, record {ID}, change "
		"{ID}, "
	"owner {ID}, before_owner {ID}, team {ID}, pool {ID}, data {TEXT});"
	"CREATE TABLE people_version (version {INT} NOT NULL);"
	"INSERT INTO people_version (version) VALUES (1);"
	"CREATE TABLE record_secret (secret {BYTES} NOT NULL)",
	NULL,
};

int record_change(Call *c, Id *ret)
{
	if (id_is_nil(c->change)) {
		Id id = id_new(c->now_ms);
		int r = db_send(c->tx,
		                "INSERT INTO change (id, at, who, ip, device, cause, undoes) VALUES ($1, $2, $3, $4, $5, $6, "
		                "NULL)",
		                value_id(id), value_time(c->now_ms), value_id(c->who.user), value_text(c->ip),
		                value_text(c->device),
		                value_text(c->cause));
		if (r < 0)
			return call_store_failed(c, r);
		c->change = id;
	}
	*ret = c->change;
	return 0;
}

int people_version(Call *c, int64_t *ret)
{
	return call_store_failed(c, db_int(c->tx, ret, "SELECT version FROM people_version"));
}

/* version and updated_at move with every write and are never undone, so they would only fill the rows. */
static bool is_in_diff(int index)
{
	return index == FIELD_AT_DELETED_AT || index >= FIELD_AT_OWN;
}

static void diff_write(const Record *r, const Value *before, JsonOut *out)
{
	const Value nothing = value_null();
	json_object_begin(out);
	for (int i = 0; i < r->object->n_fields; i++) {
		const Value *was = before == NULL ? &nothing : &before[i], *is = &r->values[i];
		if (!is_in_diff(i) || value_equal(was, is))
			continue;
		json_key(out, r->object->fields[i].name);
		json_array_begin(out);
		json_put_value(out, was);
		json_put_value(out, is);
		json_array_end(out);
	}
	json_object_end(out);
}

int history_add(Call *c, const Record *r, const Value *before, const char *kind)
{
	Id change;
	int err = record_change(c, &change);
	if (err < 0)
		return err;
	if (!r->object->keeps_history)
		return 0;
	Buf *b = buf_new(c, RECORD_DIFF_MAX);
	JsonOut out = json_out(b);
	diff_write(r, before, &out);
	if (buf_failed(b))
		return call_fail(c, ERR_TOO_LARGE, "too_large", "The record is too large to keep its history.",
		                 "记录过大，无法保存历史。");
	err = db_send(c->tx, "INSERT INTO history (change, object, record, kind, diff) VALUES ($1, $2, $3, $4, $5)",
	              value_id(change), value_text(r->object->name), value_id(record_id(r)), value_text(kind),
	              value_text_n(b->data, b->len));
	talloc_free(b);
	return call_store_failed(c, err);
}

/* --- showing it --- */

static void write_pair(Call *c, const FieldDef *field, const json_t *pair)
{
	json_array_begin(&c->json);
	for (size_t i = 0; i < 2; i++) {
		Value value = value_null();
		const json_t *side = json_array_get(pair, i);
		if (json_is_null(side) || !value_from_history(c, field, side, &value))
			json_put_null(&c->json);
		else
			value_write(field, &value, &c->json);
	}
	json_array_end(&c->json);
}

static void write_fields(Call *c, const ObjectDef *object, const char *diff)
{
	JsonFault fault;
	const json_t *tree = json_parse(c, diff, strlen(diff), &fault);
	const char *name;
	json_t *pair;
	json_object_begin(&c->json);
	json_object_foreach((json_t *)tree, name, pair) {
		const FieldDef *field = meta_field(object, name);
		if (field == NULL || field->hidden)
			continue;
		json_key(&c->json, name);
		write_pair(c, field, pair);
	}
	json_object_end(&c->json);
}

static void write_item(Call *c, const ObjectDef *object, const Rows *rows)
{
	JsonOut *out = &c->json;
	char at[WHEN_TEXT_SIZE];
	json_object_begin(out);
	json_member_id(out, "change", rows_id(rows, 1));
	json_member_text(out, "at", when_text(rows_int(rows, 2), at));
	json_key(out, "who");
	if (rows_is_null(rows, 3)) {
		json_put_null(out);
	} else {
		json_object_begin(out);
		json_member_id(out, "id", rows_id(rows, 3));
		json_member_text(out, "name", rows_text(rows, 4));
		json_object_end(out);
	}
	json_member_text(out, "cause", rows_text(rows, 5));
	json_member_text(out, "kind", rows_text(rows, 6));
	json_key(out, "fields");
	write_fields(c, object, rows_text(rows, 7));
	json_object_end(out);
}

static int write_items(Call *c, const ObjectDef *object, Rows *rows, int limit)
{
	int64_t last = 0;
	int n = 0;
	json_object_begin(&c->json);
	json_key(&c->json, "items");
	json_array_begin(&c->json);
	while (rows_next(rows) && n++ < limit) {
		last = rows_int(rows, 0);
		write_item(c, object, rows);
	}
	json_array_end(&c->json);
	json_member_text(&c->json, "next", n > limit ? talloc_asprintf(c, "%lld", (long long)last) : NULL);
	json_object_end(&c->json);
	return call_store_failed(c, rows_error(rows));
}

int api_history(Call *c)
{
	Record *record;
	int r = api_record(c, true, &record);
	if (r < 0)
		return r;
	int limit = (int)call_int(c, "limit", LIMIT_PAGE_DEFAULT);
	ROWS rows = NULL;
	r = db_query(c->tx, &rows,
	             "SELECT h.seq, h.change, g.at, g.who, p.name, g.cause, h.kind, h.diff FROM history h "
	             "JOIN change g ON g.id = h.change LEFT JOIN person p ON p.id = g.who "
	             "WHERE h.record = $1 AND h.object = $2 AND h.seq < $3 ORDER BY h.seq DESC LIMIT $4",
	             value_id(record_id(record)), value_text(record->object->name),
	             value_int(call_int(c, "after", INT64_MAX)), value_int(limit + 1));
	if (r < 0)
		return call_store_failed(c, r);
	return write_items(c, record->object, rows, limit);
}
