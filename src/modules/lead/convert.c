/* Conversion (L15): a lead becomes customer, contact and opportunity in one change, so that undoing the change
 * undoes all of it. A customer that is there already by the matching of D1 is proposed, never doubled by accident. */
#include <string.h>

#include "call/gate.h"
#include "match/match.h"
#include "modules/lead/lead_int.h"

#define HITS_MAX 20

static const char *given(const json_t *object, const char *key, const char *fallback)
{
	const char *text = json_text(object, key);
	return text && *text ? text : fallback;
}

static void owned_by(Record *r, const Record *lead, const Call *c)
{
	Id owner = record_ref(lead, "owner");
	record_set_ref(r, "owner", id_is_nil(owner) ? c->who.user : owner);
	record_set_ref(r, "team", record_ref(lead, "team"));
}

static void texts_copy(Record *to, const Record *from, const char *const *fields)
{
	for (; *fields; fields++)
		if (record_text(from, *fields))
			record_set_text(to, *fields, record_text(from, *fields));
}

/* ---- the customer ---- */

/* One fault a match, the heaviest first: id, a blank and the name. */
static int matches_refuse(Call *c, const MatchHit *hits, int n)
{
	const char *first = "";
	for (int i = n - 1; i >= 0; i--) {
		Record *account;
		int r = record_load_any(c, "account", hits[i].id, &account);
		if (r < 0)
			return r;
		first = record_text(account, "name");
		FieldFault *fault = talloc_zero(c, FieldFault);
		*fault = (FieldFault){.field = "account", .code = "account_exists", .next = c->faults,
			.detail = talloc_asprintf(c, "%s %s", id_text(hits[i].id, (char[ID_TEXT_SIZE]){0}), first)};
		c->faults = fault;
	}
	return call_fail(c, ERR_CONFLICT, "account_exists",
		"The customer \"%s\" looks like the same. Send account.id to take it, or force_new to make another.",
		"客户“%s”可能是同一家。请传 account.id 归入该客户，或传 force_new 新建。", first);
}

/* Customers that are the same by phone, mail, code, domain or a very similar name. */
static int accounts_like(Call *c, const Record *lead, const char *name, MatchHit hits[HITS_MAX])
{
	MatchKeys keys = {.object = MATCH_ACCOUNT, .open = true, .phone = record_text(lead, "phone"),
		.email = record_text(lead, "email"), .company = name};
	int n = match_find(c->house->match, &keys, true, hits, HITS_MAX), kept = 0;
	for (int i = 0; i < n; i++)
		if (hits[i].object == MATCH_ACCOUNT)
			hits[kept++] = hits[i];
	return kept;
}

static int account_make(Call *c, const Record *lead, const char *name, Record **ret)
{
	static const char *const copied[] = {"province", "city", "district", NULL};
	Record *account = record_new(c, meta_object_of(c, "account"));
	record_set_text(account, "name", name);
	texts_copy(account, lead, copied);
	if (record_int(lead, "region"))
		record_set_int(account, "region", record_int(lead, "region"));
	if (!record_text(lead, "company")) /* a company is reached by its people; a person is the customer himself */
		texts_copy(account, lead, (const char *const[]){"phone", "email", NULL});
	record_set_ref(account, "source", record_ref(lead, "source"));
	record_set_ref(account, "lead", record_id(lead));
	owned_by(account, lead, c);
	*ret = account;
	return record_create(c, account, RECORD_AS_HOUSE);
}

static int account_take(Call *c, const Record *lead, Record **ret)
{
	const json_t *wish = call_json(c, "account");
	Id id = json_id(wish, "id");
	if (id_is_nil(id) && !wish)
		id = record_ref(lead, "known_account");
	if (!id_is_nil(id))
		return record_load_any(c, "account", id, ret);
	const char *name = given(wish, "name", record_text(lead, "company"));
	name = name ? name : record_text(lead, "name");
	if (!name) {
		(void)call_fault(c, "account.name", "required", "Give the customer a name.", "请填写客户名称。");
		return c->err;
	}
	MatchHit hits[HITS_MAX];
	int n = call_flag(c, "force_new", false) ? 0 : accounts_like(c, lead, name, hits);
	return n > 0 ? matches_refuse(c, hits, n) : account_make(c, lead, name, ret);
}

/* ---- contact and opportunity ---- */

static int contact_make(Call *c, const Record *lead, const Record *account, Record **ret)
{
	const json_t *wish = call_json(c, "contact");
	Record *contact = record_new(c, meta_object_of(c, "contact"));
	record_set_text(contact, "name", given(wish, "name", record_text(lead, "name") ? record_text(lead, "name")
	                                                                               : record_text(account, "name")));
	const char *phone = json_text(wish, "phone");
	Phone parsed;
	if (phone && *phone && !phone_parse(phone, &parsed))
		return call_fault(c, "contact.phone", "bad_phone", "This is no phone number that can be called.",
		"这不是可以拨打的电话号码。");
	record_set_text(contact, "phone", phone && *phone ? parsed.e164 : record_text(lead, "phone"));
	record_set_text(contact, "email", given(wish, "email", record_text(lead, "email")));
	record_set_ref(contact, "account", record_id(account));
	owned_by(contact, lead, c);
	*ret = contact;
	return record_create(c, contact, RECORD_AS_HOUSE);
}

static int opportunity_make(Call *c, const Record *lead, const Record *account, const Record *contact, Record **ret)
{
	const json_t *wish = json_object_get(c->body, "opportunity");
	*ret = NULL;
	if (json_is_null(wish)) /* said to be none; not saying anything makes one */
		return 0;
	Record *opportunity = record_new(c, meta_object_of(c, "opportunity"));
	json_t *fields = json_own(c, json_is_object(wish) ? json_deep_copy(wish) : json_object());
	int r = record_apply_json(c, opportunity, fields); /* amounts and dates are checked as anywhere */
	if (r < 0)
		return r;
	if (!record_text(opportunity, "name"))
		record_set_text(opportunity, "name", record_text(account, "name"));
	record_set_ref(opportunity, "account", record_id(account));
	record_set_ref(opportunity, "contact", record_id(contact));
	record_set_ref(opportunity, "source", record_ref(lead, "source"));
	record_set_ref(opportunity, "lead", record_id(lead));
	owned_by(opportunity, lead, c);
	*ret = opportunity;
	return record_create(c, opportunity, RECORD_AS_HOUSE);
}

/* ---- the lead ---- */

static int lead_close(Call *c, Ground *ground, Record *lead, const Record *account, const Record *contact,
	const Record *opportunity)
{
	place_settle(c, ground, lead);
	record_set_text(lead, "status", "converted");
	record_set_text(lead, "clock", "stopped");
	record_set(lead, "waiting_since", value_null());
	record_set(lead, "wait_reason", value_null());
	record_set_ref(lead, "converted_account", record_id(account));
	record_set_ref(lead, "converted_contact", record_id(contact));
	record_set_ref(lead, "converted_opportunity", opportunity ? record_id(opportunity) : ID_NIL);
	int r = record_update(c, lead, RECORD_AS_HOUSE | RECORD_QUIET);
	if (r == 0)
		r = timer_cancel(c, TIMER_DUE, record_id(lead));
	if (r == 0)
		r = record_event(c, &(EventRow){.kind = "lead.converted", .object = "lead", .record = record_id(lead),
			.owner = record_ref(lead, "owner"), .team = record_ref(lead, "team"),
			.data = talloc_asprintf(c, "{\"account\":\"%s\"}", id_text(record_id(account), (char[ID_TEXT_SIZE]){0}))});
	return r;
}

static int conversion_allowed(Call *c, const Record *lead)
{
	if (strcmp(record_text(lead, "status"), "converted") == 0 || strcmp(record_text(lead, "status"), "invalid") == 0)
		return call_fail(c, ERR_CONFLICT, "closed", "This lead is closed. Undo its closing first.", "线索已关闭，请先撤销关闭操作。");
	if (id_equal(record_ref(lead, "owner"), c->who.user) || gate_may(c, "lead.assign"))
		return 0;
	return call_fail(c, ERR_DENIED, "not_owner", "Only the owner of a lead, or a supervisor, does this.",
		"只有线索负责人或主管可以执行此操作。");
}

static void part_write(Call *c, const char *key, const Record *r)
{
	json_key(&c->json, key);
	if (r)
		record_write(r, &c->json);
	else
		json_put_null(&c->json);
}

/* POST /leads/:id/convert */
int convert_lead(Call *c)
{
	Ground *ground;
	Record *lead = NULL, *account = NULL, *contact = NULL, *opportunity = NULL;
	int r = ground_open(c, &ground);
	if (r == 0)
		r = guard_load(c, call_id(c, "id"), "convert", &lead);
	if (r == 0)
		r = conversion_allowed(c, lead);
	if (r == 0)
		r = account_take(c, lead, &account);
	if (r == 0)
		r = contact_make(c, lead, account, &contact);
	if (r == 0)
		r = opportunity_make(c, lead, account, contact, &opportunity);
	if (r == 0)
		r = lead_close(c, ground, lead, account, contact, opportunity);
	if (r == 0)
		r = drain_waiting(c, ground);
	if (r < 0)
		return call_store_failed(c, r);
	json_object_begin(&c->json);
	part_write(c, "lead", lead);
	part_write(c, "account", account);
	part_write(c, "contact", contact);
	part_write(c, "opportunity", opportunity);
	json_member_id(&c->json, "change", c->change);
	json_object_end(&c->json);
	return 0;
}
