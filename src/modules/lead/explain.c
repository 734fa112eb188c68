/* Why a lead is whose: each decision is kept as a row, short ids and numbers only, and told in words when somebody
 * asks. */
#include <string.h>

#include "call/when.h"
#include "modules/lead/lead_int.h"

#define ASSIGNMENTS_MAX 100

/* ---- keeping ---- */

static void candidates_store(JsonOut *out, const Roster *roster, const Decision *d)
{
	json_key(out, "candidates");
	json_array_begin(out);
	for (int i = 0; i < d->n_candidates; i++) {
		const Candidate *candidate = &d->candidates[i];
		json_array_begin(out);
		json_put_id(out, roster->people[candidate->person].id);
		json_put_int(out, assign_score(&roster->policy, candidate));
		json_put_int(out, candidate->weight);
		json_put_int(out, candidate->free);
		json_put_int(out, candidate->idle_min);
		json_array_end(out);
	}
	json_array_end(out);
	json_member_int(out, "of", d->candidates_all);
}

static void dropped_store(JsonOut *out, const Roster *roster, const Decision *d)
{
	json_key(out, "dropped");
	json_array_begin(out);
	for (int i = 0; i < d->n_dropped; i++) {
		json_array_begin(out);
		json_put_id(out, roster->people[d->dropped[i].person].id);
		json_put_int(out, d->dropped[i].rule);
		json_put_int(out, d->dropped[i].detail);
		json_array_end(out);
	}
	json_array_end(out);
	json_key(out, "by_rule");
	json_array_begin(out);
	for (int rule = 0; rule < RULE_COUNT; rule++)
		json_put_int(out, d->dropped_by[rule]);
	json_array_end(out);
}

static const char *decision_text(Call *c, const Roster *roster, const Decision *d)
{
	if (!d)
		return NULL;
	Buf *buf = buf_new(c, LEAD_BODY_MAX);
	JsonOut out = json_out(buf);
	json_object_begin(&out);
	candidates_store(&out, roster, d);
	dropped_store(&out, roster, d);
	json_object_end(&out);
	return buf->data;
}

int explain_store(Call *c, const Roster *roster, const Record *lead, const Placement *p, Id before)
{
	return db_send(c->tx,
		"INSERT INTO assignment (id, lead, at, kind, owner, before_owner, actor, pool, policy_version, reason, body) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
		value_id(id_new(c->now_ms)), value_id(record_id(lead)), value_time(c->now_ms), value_text(p->kind),
		value_id(record_ref(lead, "owner")), value_id(before), value_id(c->who.user), value_id(record_ref(lead,
		"pool")),
		value_int(roster->policy.version), value_text(p->reason), value_text(decision_text(c, roster, p->decision)));
}

/* ---- telling ---- */

static Id id_at(const json_t *array, size_t i)
{
	const char *text = json_string_value(json_array_get(array, i));
	Id id = ID_NIL;
	return text && id_parse(text, strlen(text), &id) ? id : ID_NIL;
}

static int64_t int_at(const json_t *array, size_t i)
{
	return json_integer_value(json_array_get(array, i));
}

static void candidate_write(JsonOut *out, const Roster *roster, const json_t *item)
{
	json_object_begin(out);
	json_member_id(out, "user", id_at(item, 0));
	json_member_text(out, "name", roster_name(roster, id_at(item, 0)));
	json_member_int(out, "score", int_at(item, 1));
	json_key(out, "parts");
	json_object_begin(out);
	json_member_int(out, "weight", int_at(item, 2));
	json_member_int(out, "load", int_at(item, 3));
	json_member_int(out, "idle", int_at(item, 4));
	json_object_end(out);
	json_object_end(out);
}

static const char *detail_words(Call *c, Rule rule, int64_t detail)
{
	bool en = c->lang == LANG_EN;
	char when[WHEN_TEXT_SIZE];
	switch (rule) {
	case RULE_LOAD:
	case RULE_CAPACITY:
		return talloc_asprintf(c, en ? "%d leads not yet contacted" : "手上有 %d 条未联系线索", (int)detail);
	case RULE_ABSENT:
	case RULE_FROZEN:
		return detail ? talloc_asprintf(c, en ? "until %s" : "至 %s", when_text(detail, when)) : NULL;
	default:
		return NULL;
	}
}

static void dropped_write(Call *c, const Roster *roster, const json_t *item)
{
	int64_t rule = int_at(item, 1);
	if (rule < 0 || rule >= RULE_COUNT)
		return;
	JsonOut *out = &c->json;
	json_object_begin(out);
	json_member_id(out, "user", id_at(item, 0));
	json_member_text(out, "name", roster_name(roster, id_at(item, 0)));
	json_member_text(out, "rule", assign_rule_name((Rule)rule));
	json_member_text(out, "detail", detail_words(c, (Rule)rule, int_at(item, 2)));
	json_object_end(out);
}

static void by_rule_write(JsonOut *out, const json_t *counts)
{
	json_key(out, "dropped_by");
	json_object_begin(out);
	for (int rule = 0; rule < RULE_COUNT; rule++)
		if (int_at(counts, (size_t)rule))
			json_member_int(out, assign_rule_name((Rule)rule), int_at(counts, (size_t)rule));
	json_object_end(out);
}

static void decision_write(Call *c, const Roster *roster, const char *text)
{
	JsonFault fault;
	const json_t *body = text ? json_parse(c, text, strlen(text), &fault) : NULL;
	const json_t *candidates = json_object_get(body, "candidates"), *dropped = json_object_get(body, "dropped");
	JsonOut *out = &c->json;
	json_key(out, "candidates");
	json_array_begin(out);
	for (size_t i = 0; i < json_array_size(candidates); i++)
		candidate_write(out, roster, json_array_get(candidates, i));
	json_array_end(out);
	json_member_int(out, "candidates_total", json_int(body, "of", 0));
	json_key(out, "dropped");
	json_array_begin(out);
	for (size_t i = 0; i < json_array_size(dropped); i++)
		dropped_write(c, roster, json_array_get(dropped, i));
	json_array_end(out);
	by_rule_write(out, json_object_get(body, "by_rule"));
}

static void assignment_write(Call *c, const Roster *roster, const Rows *rows)
{
	JsonOut *out = &c->json;
	json_object_begin(out);
	json_member_id(out, "id", rows_id(rows, 0));
	card_time(out, "at", rows_int(rows, 1));
	json_member_text(out, "kind", rows_text(rows, 2));
	card_person(out, "owner", roster, rows_id(rows, 3));
	card_person(out, "before", roster, rows_id(rows, 4));
	card_person(out, "by", roster, rows_id(rows, 5));
	json_member_id(out, "pool", rows_id(rows, 6));
	json_member_int(out, "policy_version", rows_int(rows, 7));
	json_member_text(out, "reason", rows_text(rows, 8));
	decision_write(c, roster, rows_text(rows, 9));
	json_object_end(out);
}

/* GET /leads/:id/assignments: newest first. */
int explain_assignments(Call *c)
{
	const Roster *roster;
	Record *lead;
	int r = record_load(c, "lead", call_id(c, "id"), &lead);
	if (r == 0)
		r = roster_of(c, &roster);
	if (r < 0)
		return r;
	ROWS rows = NULL;
	r = db_query(c->tx, &rows,
		"SELECT id, at, kind, owner, before_owner, actor, pool, policy_version, reason, body FROM assignment "
		"WHERE lead = $1 ORDER BY id DESC LIMIT $2", value_id(record_id(lead)), value_int(ASSIGNMENTS_MAX));
	if (r < 0)
		return r;
	json_object_begin(&c->json);
	json_key(&c->json, "items");
	json_array_begin(&c->json);
	while (rows_next(rows))
		assignment_write(c, roster, rows);
	json_array_end(&c->json);
	json_object_end(&c->json);
	return rows_error(rows);
}
