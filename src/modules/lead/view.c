/* One lead as its page shows it: the record with the names behind its references, its countdown, whose it is and
 * what the caller may do; and its timeline. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "call/gate.h"
#include "match/match.h"
#include "modules/lead/pooled.h"

/* ---- _view ---- */

static void named(JsonOut *out, const char *key, Id id, const char *name)
{
	json_key(out, key);
	if (id_is_nil(id)) {
		json_put_null(out);
		return;
	}
	json_object_begin(out);
	json_member_id(out, "id", id);
	json_member_text(out, "name", name);
	json_object_end(out);
}

static int account_write(Call *c, JsonOut *out, Id account)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT name FROM account WHERE id = $1", value_id(account));
	if (r < 0)
		return r;
	named(out, "account", account, rows_next(rows) ? rows_text(rows, 0) : "");
	return rows_error(rows);
}

static bool is_held_against(const Call *c, const Record *lead)
{
	return !id_is_nil(record_ref(lead, "owner")) && !id_equal(record_ref(lead, "owner"), c->who.user) &&
	       record_int(lead, "protected_until") > c->now_ms;
}

static void may_write(Call *c, JsonOut *out, const Roster *roster, const Record *lead)
{
	Id owner = record_ref(lead, "owner");
	const char *status = record_text(lead, "status");
	bool open = strcmp(status, "converted") != 0 && strcmp(status, "invalid") != 0;
	bool mine = id_equal(owner, c->who.user), held = !id_is_nil(owner), leads = gate_may(c, "lead.assign");
	bool free_hand = !is_held_against(c, lead);
	bool in_pool = roster_in_pool(roster, roster_pool(roster, record_ref(lead, "pool")), roster_person(roster,
		c->who.user));
	json_key(out, "may");
	json_object_begin(out);
	json_member_bool(out, "touch", open && held && free_hand);
	json_member_bool(out, "claim", open && !held && (in_pool || leads));
	json_member_bool(out, "return", open && held && free_hand && (mine || leads));
	json_member_bool(out, "assign", open && leads);
	json_member_bool(out, "convert", open && held && free_hand && (mine || leads));
	json_member_bool(out, "edit", free_hand);
	json_object_end(out);
}

static void protection_write(Call *c, JsonOut *out, const Roster *roster, const Record *lead)
{
	json_key(out, "protection");
	if (id_is_nil(record_ref(lead, "owner")) || record_int(lead, "protected_until") <= c->now_ms) {
		json_put_null(out);
		return;
	}
	json_object_begin(out);
	card_person(out, "holder", roster, record_ref(lead, "owner"));
	card_time(out, "until", record_int(lead, "protected_until"));
	json_object_end(out);
}

void view_phone(JsonOut *out, const char *text)
{
	Phone phone;
	json_key(out, "phone");
	if (!text || !phone_parse(text, &phone)) {
		json_put_null(out);
		return;
	}
	json_object_begin(out);
	json_member_text(out, "e164", phone.e164);
	json_member_text(out, "province", phone.province);
	json_member_text(out, "city", phone.city);
	json_member_text(out, "carrier", phone.carrier);
	json_object_end(out);
}

static int members_write(Call *c, JsonOut *out, const Roster *roster, const Record *lead)
{
	int team = roster_team(roster, record_ref(lead, "team")), pool = roster_pool(roster, record_ref(lead, "pool"));
	json_object_begin(out);
	card_person(out, "owner", roster, record_ref(lead, "owner"));
	named(out, "team", record_ref(lead, "team"), team < 0 ? "" : roster->teams[team].name);
	named(out, "pool", record_ref(lead, "pool"), pool < 0 ? "" : roster->pools[pool].name);
	card_source(out, roster, record_ref(lead, "source"));
	int r = account_write(c, out, record_ref(lead, "known_account"));
	card_countdown(out, roster, lead, c->now_ms);
	protection_write(c, out, roster, lead);
	may_write(c, out, roster, lead);
	view_phone(out, record_text(lead, "phone"));
	json_member_int(out, "heat", heat_after((int)record_int(lead, "score"), c->now_ms - record_int(lead,
		"created_at")));
	json_member_int(out, "summary_min", roster->policy.summary_min);
	int64_t returns_at = 0;
	if (r == 0)
		r = idle_due(c, &pooled_leads, &roster->policy, lead, &returns_at);
	card_time(out, "returns_at", returns_at);
	json_object_end(out);
	return r;
}

int view_write_with(Call *c, const Record *lead, const char *key, const char *json)
{
	const Roster *roster;
	int r = roster_of(c, &roster);
	if (r < 0)
		return call_store_failed(c, r);
	Buf *record = buf_new(c, LIMIT_RESPONSE_BODY), *view = buf_new(c, LEAD_BODY_MAX);
	JsonOut out = json_out(record), inner = json_out(view);
	record_write(lead, &out);
	r = members_write(c, &inner, roster, lead);
	if (r < 0)
		return call_store_failed(c, r);
	buf_append(c->out, record->data, record->len - 1); /* without the closing brace */
	buf_printf(c->out, ",\"_view\":%s", view->data);
	if (key)
		buf_printf(c->out, ",\"%s\":%s", key, json);
	if (!id_is_nil(c->change))
		buf_printf(c->out, ",\"_change\":\"%s\"", id_text(c->change, (char[ID_TEXT_SIZE]){0}));
	buf_puts(c->out, "}");
	c->etag = talloc_asprintf(c, "\"%lld\"", (long long)record_int(lead, "version"));
	return 0;
}

int view_write(Call *c, const Record *lead)
{
	return view_write_with(c, lead, NULL, NULL);
}

/* GET /leads/:id */
int view_lead(Call *c)
{
	Record *lead;
	int r = record_load(c, "lead", call_id(c, "id"), &lead);
	return r < 0 ? r : view_write(c, lead);
}

/* ---- timeline ---- */

typedef struct {
	const char *kind, *data;
	int64_t at;
	Id who, id;
} Moment;

typedef struct {
	Moment *moments;
	int n, max;
	int64_t before; /* only what lies before: the cursor */
} Timeline;

static void moment_add(Call *c, Timeline *line, Moment moment)
{
	line->moments = talloc_realloc(c, line->moments, Moment, (unsigned)line->n + 1);
	line->moments[line->n++] = moment;
}

/* ---- files: with the activity they belong to, or a moment of their own ---- */

typedef struct {
	Id activity;
	const char *json;
} AttachedFile;

typedef struct {
	AttachedFile *item;
	int n;
} AttachedFiles;

static const char *file_json(Call *c, const Rows *rows)
{
	Buf *buf = buf_new(c, LEAD_BODY_MAX);
	JsonOut out = json_out(buf);
	json_object_begin(&out);
	json_member_id(&out, "id", rows_id(rows, 0));
	json_member_text(&out, "name", rows_text(rows, 1));
	json_member_text(&out, "kind", rows_text(rows, 2));
	json_member_text(&out, "media_type", rows_text(rows, 3));
	json_member_int(&out, "bytes", rows_int(rows, 4));
	json_object_end(&out);
	return buf->data;
}

static int files_read(Call *c, Timeline *line, Id lead, AttachedFiles *ret)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
		"SELECT id, name, kind, media_type, bytes, created_at, created_by, activity FROM file "
		"WHERE lead = $1 AND deleted_at IS NULL ORDER BY created_at DESC, id DESC LIMIT $2",
		value_id(lead), value_int(LIMIT_FILES_RECORD));
	if (r < 0)
		return r;
	while (rows_next(rows)) {
		const char *json = file_json(c, rows);
		if (rows_is_null(rows, 7)) {
			if (rows_int(rows, 5) < line->before)
				moment_add(c, line, (Moment){"file", json, rows_int(rows, 5), rows_id(rows, 6), rows_id(rows, 0)});
			continue;
		}
		ret->item = talloc_realloc(c, ret->item, AttachedFile, (unsigned)ret->n + 1);
		ret->item[ret->n++] = (AttachedFile){rows_id(rows, 7), json};
	}
	return rows_error(rows);
}

static void files_write(JsonOut *out, const AttachedFiles *files, Id activity)
{
	json_key(out, "files");
	json_array_begin(out);
	for (int i = 0; i < files->n; i++)
		if (id_equal(files->item[i].activity, activity))
			json_put_raw(out, files->item[i].json, strlen(files->item[i].json));
	json_array_end(out);
}

static int activities_read(Call *c, Timeline *line, Id lead, const AttachedFiles *files)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
		"SELECT id, COALESCE(at, created_at), owner, kind, summary, first_touch, happened_at FROM activity "
		"WHERE lead = $1 AND deleted_at IS NULL AND COALESCE(at, created_at) < $2 ORDER BY created_at DESC LIMIT $3",
		value_id(lead), value_time(line->before), value_int(line->max));
	if (r < 0)
		return r;
	while (rows_next(rows)) {
		Buf *buf = buf_new(c, LEAD_BODY_MAX);
		JsonOut out = json_out(buf);
		json_object_begin(&out);
		json_member_id(&out, "id", rows_id(rows, 0));
		json_member_text(&out, "method", rows_text(rows, 3));
		json_member_text(&out, "summary", rows_text(rows, 4));
		json_member_bool(&out, "first_touch", rows_int(rows, 5) != 0);
		files_write(&out, files, rows_id(rows, 0));
		card_time(&out, "happened_at", rows_int(rows, 6));
		json_object_end(&out);
		moment_add(c, line, (Moment){"activity", buf->data, rows_int(rows, 1), rows_id(rows, 2), rows_id(rows, 0)});
	}
	return rows_error(rows);
}

static int assignments_read(Call *c, Timeline *line, const Roster *roster, Id lead)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT id, at, actor, kind, owner, before_owner, reason FROM assignment "
		"WHERE lead = $1 AND at < $2 ORDER BY lead_version DESC, id DESC LIMIT $3", value_id(lead),
		value_time(line->before), value_int(line->max));
	if (r < 0)
		return r;
	while (rows_next(rows)) {
		Buf *buf = buf_new(c, LEAD_BODY_MAX);
		JsonOut out = json_out(buf);
		json_object_begin(&out);
		json_member_id(&out, "id", rows_id(rows, 0));
		json_member_text(&out, "kind", rows_text(rows, 3));
		card_person(&out, "owner", roster, rows_id(rows, 4));
		card_person(&out, "before", roster, rows_id(rows, 5));
		json_member_text(&out, "reason", rows_text(rows, 6));
		json_object_end(&out);
		moment_add(c, line, (Moment){"assignment", buf->data, rows_int(rows, 1), rows_id(rows, 2), rows_id(rows, 0)});
	}
	return rows_error(rows);
}

/* Changes by people, repeated enquiries and the like; what the house writes of itself (clocks) would only be noise. */
static int changes_read(Call *c, Timeline *line, Id lead)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
		"SELECT g.id, g.at, g.who, h.diff, h.kind FROM history h JOIN change g ON g.id = h.change "
		"WHERE h.record = $1 AND h.object = 'lead' AND g.at < $2 AND g.who IS NOT NULL ORDER BY h.seq DESC LIMIT $3",
		value_id(lead), value_time(line->before), value_int(line->max));
	if (r < 0)
		return r;
	while (rows_next(rows)) {
		const char *data = talloc_asprintf(c, "{\"kind\":\"%s\",\"fields\":%s}", rows_text(rows, 4), rows_text(rows,
			3));
		moment_add(c, line, (Moment){"change", data, rows_int(rows, 1), rows_id(rows, 2), rows_id(rows, 0)});
	}
	return rows_error(rows);
}

static int enquiries_read(Call *c, Timeline *line, Id lead)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
		"SELECT at, data FROM event WHERE record = $1 AND kind = 'lead.repeated' AND at < $2 "
		"ORDER BY seq DESC LIMIT $3", value_id(lead), value_time(line->before), value_int(line->max));
	if (r < 0)
		return r;
	while (rows_next(rows)) {
		const char *data = rows_text(rows, 1);
		moment_add(c, line, (Moment){"enquiry", talloc_strdup(c, data ? data : "{}"), rows_int(rows, 0), ID_NIL,
			ID_NIL});
	}
	return rows_error(rows);
}

static int moment_order(const void *a, const void *b)
{
	const Moment *x = a, *y = b;
	if (x->at != y->at)
		return x->at > y->at ? -1 : 1;
	return -id_compare(x->id, y->id);
}

static void moment_write(JsonOut *out, const Roster *roster, const Moment *moment)
{
	json_object_begin(out);
	json_member_text(out, "kind", moment->kind);
	card_time(out, "at", moment->at);
	card_person(out, "who", roster, moment->who);
	json_key(out, "data");
	json_put_raw(out, moment->data, strlen(moment->data));
	json_object_end(out);
}

/* A page ends where the next begins: with everything of one moment on the same side. */
static int page_end(const Timeline *line)
{
	if (line->n <= line->max)
		return line->n;
	int end = line->max;
	while (end < line->n && line->moments[end].at == line->moments[end - 1].at)
		end++;
	return end;
}

/* GET /leads/:id/timeline */
int view_timeline(Call *c)
{
	Record *lead;
	const Roster *roster;
	const char *after = call_text(c, "after");
	Timeline line = {.max = (int)call_int(c, "limit", LIMIT_PAGE_DEFAULT), .before = after ? strtoll(after, NULL, 10)
		: INT64_MAX};
	int r = record_load(c, "lead", call_id(c, "id"), &lead);
	if (r < 0)
		return r;
	r = roster_of(c, &roster);
	AttachedFiles files = {0};
	if (r == 0)
		r = files_read(c, &line, record_id(lead), &files);
	if (r == 0)
		r = activities_read(c, &line, record_id(lead), &files);
	if (r == 0)
		r = assignments_read(c, &line, roster, record_id(lead));
	if (r == 0)
		r = changes_read(c, &line, record_id(lead));
	if (r == 0)
		r = enquiries_read(c, &line, record_id(lead));
	if (r < 0)
		return call_store_failed(c, r);
	if (line.n)
		qsort(line.moments, (size_t)line.n, sizeof *line.moments, moment_order);
	int end = page_end(&line);
	json_object_begin(&c->json);
	json_key(&c->json, "items");
	json_array_begin(&c->json);
	for (int i = 0; i < end; i++)
		moment_write(&c->json, roster, &line.moments[i]);
	json_array_end(&c->json);
	json_member_text(&c->json, "next", end > 0 && line.n >= line.max ? talloc_asprintf(c, "%lld",
		(long long)line.moments[end - 1].at) : NULL);
	json_object_end(&c->json);
	return 0;
}
