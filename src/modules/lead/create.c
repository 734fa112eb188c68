/* Leads made and changed by hand: admitted and matched like any other, duplicates shown before and after saving
 * (D1), then placed by the policy. A person who creates has decided: what looks alike is marked, never merged or
 * turned away. */
#include <string.h>

#include "call/gate.h"
#include "match/match.h"
#include "modules/lead/lead_int.h"
#include "record/access.h"

#define HITS_MAX 20
#define HIGH_RISK 60

/* ---- what looks alike ---- */

static const char *const OBJECTS[] = {[MATCH_LEAD] = "lead", [MATCH_ACCOUNT] = "account", [MATCH_CONTACT] = "contact"};

static void kinds_write(JsonOut *out, unsigned kinds)
{
	static const char *const names[] = {"phone", "email", "domain", "code", "name"};
	json_key(out, "kinds");
	json_array_begin(out);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (kinds & 1u << i)
			json_put_text(out, names[i]);
	json_array_end(out);
}

/* Similarity to two digits, as JSON: the writer knows whole numbers only. */
static void similarity_write(JsonOut *out, double similarity)
{
	char text[16];
	int len = snprintf(text, sizeof text, "%.2f", similarity);
	json_key(out, "similarity");
	json_put_raw(out, text, (size_t)len);
}

static void hit_write(JsonOut *out, const Roster *roster, const MatchHit *hit, const Record *r)
{
	bool lead = hit->object == MATCH_LEAD;
	json_object_begin(out);
	json_member_text(out, "object", OBJECTS[hit->object]);
	json_member_id(out, "id", hit->id);
	json_member_text(out, "name", record_text(r, "name"));
	json_member_text(out, "company", lead ? record_text(r, "company") : hit->object == MATCH_ACCOUNT ? record_text(r,
		"name") : NULL);
	card_person(out, "owner", roster, record_ref(r, "owner"));
	kinds_write(out, hit->kinds);
	similarity_write(out, hit->similarity);
	json_member_int(out, "weight", hit->weight);
	json_member_text(out, "risk", hit->weight >= HIGH_RISK ? "high" : "similar");
	json_object_end(out);
}

/* Also what the caller may not open is named, with its owner: that somebody has this customer is what he must know. */
static int hits_write(Call *c, JsonOut *out, const MatchHit *hits, int n)
{
	const Roster *roster;
	int r = roster_of(c, &roster);
	if (r < 0)
		return call_store_failed(c, r);
	json_array_begin(out);
	for (int i = 0; i < n; i++) {
		Record *record;
		r = record_load_any(c, OBJECTS[hits[i].object], hits[i].id, &record);
		if (r < 0)
			return r;
		hit_write(out, roster, &hits[i], record);
	}
	json_array_end(out);
	return 0;
}

static MatchKeys keys_of(const Record *lead)
{
	return (MatchKeys){.object = MATCH_LEAD, .id = record_id(lead), .open = true, .phone = record_text(lead, "phone"),
		.email = record_text(lead, "email"), .company = record_text(lead, "company")};
}

/* Hits but for the record itself. */
static int hits_find(Call *c, const MatchKeys *keys, MatchHit hits[HITS_MAX])
{
	int n = match_find(c->house->match, keys, true, hits, HITS_MAX), kept = 0;
	for (int i = 0; i < n; i++)
		if (!id_equal(hits[i].id, keys->id))
			hits[kept++] = hits[i];
	return kept;
}

/* ---- creating ---- */

/* The customer this lead certainly belongs to: same credit code or company mail domain. */
static Id known_account(const MatchHit *hits, int n)
{
	for (int i = 0; i < n; i++)
		if (hits[i].object == MATCH_ACCOUNT && hits[i].kinds & (MATCH_CODE | MATCH_DOMAIN))
			return hits[i].id;
	return ID_NIL;
}

static void match_mark(Record *lead, const MatchHit *hits, int n)
{
	bool high = false;
	for (int i = 0; i < n; i++)
		high |= hits[i].weight >= HIGH_RISK;
	record_set_text(lead, "duplicate_mark", n == 0 ? "none" : high ? "high" : "similar");
	Id account = known_account(hits, n);
	if (!id_is_nil(account))
		record_set_ref(lead, "known_account", account);
}

static int manual_source(Call *c, Record *lead)
{
	if (!id_is_nil(record_ref(lead, "source")))
		return 0;
	Id source;
	int r = db_id(c->tx, &source,
		"SELECT id FROM source WHERE kind = 'manual' AND deleted_at IS NULL ORDER BY id LIMIT 1");
	if (r == 0)
		record_set_ref(lead, "source", source);
	return r == ERR_NOT_FOUND ? 0 : r;
}

static int contact_check(Call *c, const Record *lead)
{
	if (record_text(lead, "name") || record_text(lead, "company") || record_text(lead, "phone") || record_text(lead,
		"email"))
		return 0;
	return call_fault(c, "name", "required", "Say at least a name, a company, a phone or a mail address.",
		"请至少填写姓名、公司、电话或邮箱之一。");
}

/* POST /records/lead */
int create_lead(Call *c)
{
	Record *lead = record_new(c, meta_object_of(c, "lead"));
	MatchHit hits[HITS_MAX];
	int r = record_apply_json(c, lead, c->body);
	if (r == 0)
		r = contact_check(c, lead);
	if (r == 0)
		r = manual_source(c, lead);
	if (r < 0)
		return call_store_failed(c, r);
	MatchKeys keys = keys_of(lead);
	int n = hits_find(c, &keys, hits);
	match_mark(lead, hits, n);
	record_set_time(lead, "captured_at", c->now_ms);
	record_set(lead, "no_contact_allowed", value_bool(!record_text(lead, "phone") && !record_text(lead, "email")));
	r = lead_place(c, lead, &(PlaceInfo){.create = true});
	if (r < 0)
		return call_store_failed(c, r);
	Buf *buf = buf_new(c, LEAD_BODY_MAX);
	JsonOut out = json_out(buf);
	r = hits_write(c, &out, hits, n);
	if (r < 0)
		return r;
	c->status = 201;
	c->location = talloc_asprintf(c, "/api/v1/records/lead/%s", id_text(record_id(lead), (char[ID_TEXT_SIZE]){0}));
	return view_write_with(c, lead, "duplicates", buf->data);
}

/* PATCH /records/lead/:id: protection first, so that who reaches for it is told and counted even if he may not see
 * it. */
int create_edit(Call *c)
{
	Record *lead;
	int r = guard_load(c, call_id(c, "id"), "edit", &lead);
	if (r == 0)
		r = record_apply_json(c, lead, c->body);
	if (r == 0)
		r = record_update(c, lead, 0);
	return r < 0 ? r : view_write(c, lead);
}

/* ---- asking before saving ---- */

/* GET /leads/:id/duplicates */
int create_duplicates(Call *c)
{
	Record *lead;
	MatchHit hits[HITS_MAX];
	int r = record_load(c, "lead", call_id(c, "id"), &lead);
	if (r < 0)
		return r;
	MatchKeys keys = keys_of(lead);
	int n = hits_find(c, &keys, hits);
	json_object_begin(&c->json);
	json_key(&c->json, "items");
	r = hits_write(c, &c->json, hits, n);
	json_object_end(&c->json);
	return r;
}

static void fault_write(JsonOut *out, const char *field, const char *code, const char *detail)
{
	json_object_begin(out);
	json_member_text(out, "field", field);
	json_member_text(out, "code", code);
	json_member_text(out, "detail", detail);
	json_object_end(out);
}

/* POST /leads/check: nothing is written and nothing refused, it only tells. */
int create_check(Call *c)
{
	Phone phone;
	char email[255];
	const char *domain, *phone_text = call_text(c, "phone"), *email_text = call_text(c, "email");
	bool public, zh = c->lang == LANG_ZH;
	bool has_phone = phone_text && phone_parse(phone_text, &phone);
	bool has_email = email_text && email_parse(email_text, email, &domain, &public);
	MatchKeys keys = {.object = MATCH_LEAD, .open = true, .phone = has_phone ? phone.e164 : NULL, .email = has_email
		? email : NULL,
		.company = call_text(c, "company")};
	MatchHit hits[HITS_MAX];
	int n = hits_find(c, &keys, hits);
	json_object_begin(&c->json);
	json_key(&c->json, "items");
	int r = hits_write(c, &c->json, hits, n);
	if (r < 0)
		return r;
	view_phone(&c->json, has_phone ? phone.e164 : NULL);
	json_key(&c->json, "faults");
	json_array_begin(&c->json);
	if (phone_text && !has_phone)
		fault_write(&c->json, "phone", "bad_phone", zh ? "这不是可以拨打的电话号码。"
		: "This is no phone number that can be called.");
	if (email_text && !has_email)
		fault_write(&c->json, "email", "bad_email", zh ? "邮箱地址格式不正确。" : "This is no mail address.");
	json_array_end(&c->json);
	json_object_end(&c->json);
	return 0;
}
