/* Why a lead is whose: each decision is kept as a row, its candidates as bytes (decision.h), and told in words when
 * somebody asks. */
#include <string.h>

#include "call/when.h"
#include "modules/lead/decision.h"
#include "modules/lead/lead_int.h"

#define ASSIGNMENTS_MAX 100

/* ---- keeping ---- */

int explain_store(Call *c, const Roster *roster, const Record *lead, const Placement *p, Id before)
{
	uint8_t body[DECISION_BYTES_MAX];
	size_t len = p->decision ? decision_write(roster, p->decision, body) : 0;
	int64_t at_ms = record_now(c, lead);
	return db_send(c->tx,
		"INSERT INTO assignment (id, lead, at, kind, owner, before_owner, actor, pool, policy_version, reason, body, "
		"lead_version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
		value_id(id_new(at_ms)), value_id(record_id(lead)), value_time(at_ms), value_text(p->kind),
		value_id(record_ref(lead, "owner")), value_id(before), value_id(c->who.user), value_id(record_ref(lead,
		"pool")),
		value_int(roster->policy.version), value_text(p->reason),
		len ? value_bytes(body, len) : value_null(), value_int(record_int(lead, "version")));
}

/* ---- telling ---- */

static void candidate_write(JsonOut *out, const Roster *roster, const KeptCandidate *candidate)
{
	json_object_begin(out);
	json_member_id(out, "user", candidate->person);
	json_member_text(out, "name", roster_name(roster, candidate->person));
	json_member_int(out, "score", candidate->score);
	json_key(out, "parts");
	json_object_begin(out);
	json_member_int(out, "weight", candidate->weight);
	json_member_int(out, "load", candidate->free);
	json_member_int(out, "idle", candidate->idle_min);
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

static void dropped_write(Call *c, const Roster *roster, const KeptDropped *dropped)
{
	JsonOut *out = &c->json;
	Rule rule = (Rule)dropped->rule;
	json_object_begin(out);
	json_member_id(out, "user", dropped->person);
	json_member_text(out, "name", roster_name(roster, dropped->person));
	json_member_text(out, "rule", assign_rule_name(rule));
	json_member_text(out, "detail", detail_words(c, rule, dropped->detail));
	json_object_end(out);
}

static void by_rule_write(JsonOut *out, const int64_t count[static RULE_COUNT])
{
	json_key(out, "dropped_by");
	json_object_begin(out);
	for (int rule = 0; rule < RULE_COUNT; rule++)
		if (count[rule])
			json_member_int(out, assign_rule_name((Rule)rule), count[rule]);
	json_object_end(out);
}

/* What was no decision of the policy (a hand-over) has none of it. */
static void decision_tell(Call *c, const Roster *roster, const uint8_t *bytes, size_t len)
{
	KeptDecision kept = {0};
	if (!decision_read(bytes, len, &kept))
		kept = (KeptDecision){0};
	JsonOut *out = &c->json;
	json_key(out, "candidates");
	json_array_begin(out);
	for (int i = 0; i < kept.n_candidates; i++)
		candidate_write(out, roster, &kept.candidates[i]);
	json_array_end(out);
	json_member_int(out, "candidates_total", kept.candidates_all);
	json_key(out, "dropped");
	json_array_begin(out);
	for (int i = 0; i < kept.n_dropped; i++)
		dropped_write(c, roster, &kept.dropped[i]);
	json_array_end(out);
	by_rule_write(out, kept.dropped_by);
}

static void assignment_write(Call *c, const Roster *roster, const Rows *rows)
{
	JsonOut *out = &c->json;
	size_t len = 0;
	const uint8_t *body = rows_bytes(rows, 9, &len);
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
	decision_tell(c, roster, body, len);
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
		"WHERE lead = $1 ORDER BY lead_version DESC, id DESC LIMIT $2", value_id(record_id(lead)),
		value_int(ASSIGNMENTS_MAX));
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
