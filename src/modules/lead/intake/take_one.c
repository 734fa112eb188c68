/* Taking one receipt in: understand it, ask whether this is somebody known, and place the lead (L3, L5, D1, F1). Runs
 * inside one transaction; the row in `taken` makes a second run give the first result. */
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "base/limits.h"
#include "event/alert.h"
#include "match/match.h"
#include "modules/lead/file/attach.h"
#include "modules/lead/intake/letter.h"
#include "modules/lead/intake/reason.h"
#include "modules/lead/intake/take.h"
#include "modules/lead/intake/taken.h"
#include "modules/lead/intake/understand.h"
#include "record/record.h"

#define HITS_MAX 8
#define FORM_MS_HUMAN 1500 /* nobody fills a form faster */
#define CONTEXT_MAX (16 * 1024)

/* One receipt being taken in. */
typedef struct {
	Call *c;
	const TakeGround *ground;
	const Receipt *receipt;
	const Inlet *source;
	Enquiry enquiry;
	Phone phone;
	char email[255];
	char code[19];
	bool has_phone, has_email, has_code;
	Outcome *outcome;
} Take;

/* ---- refusing ---- */

static int quarantine(Take *t, const char *reason, const char *argument)
{
	t->outcome->state = RECEIPT_QUARANTINED;
	t->outcome->reason = reason;
	t->outcome->detail = reason_argument(t->c, argument);
	return 0;
}

static bool is_machine(const Take *t)
{
	const Enquiry *e = &t->enquiry;
	if (t->receipt->released)
		return false;
	return e->trap || (e->form_ms && strtoll(e->form_ms, NULL, 10) < FORM_MS_HUMAN);
}

/* True when the enquiry can become a lead; else it was quarantined. */
static bool is_admissible(Take *t)
{
	const Enquiry *e = &t->enquiry;
	bool reachable = t->has_phone || t->has_email;
	if (!t->source)
		(void)quarantine(t, "unknown_source", NULL);
	else if (is_machine(t))
		(void)quarantine(t, "suspected_bot", NULL);
	else if (e->noise && !t->receipt->released)
		(void)quarantine(t, e->noise, NULL);
	else if (e->fault)
		(void)quarantine(t, "wrong_type", e->fault);
	else if (enquiry_is_empty(e))
		(void)quarantine(t, "empty", NULL);
	else if (e->phone && !t->has_phone && !reachable)
		(void)quarantine(t, "bad_phone", e->phone);
	else if (e->email && !t->has_email && !reachable)
		(void)quarantine(t, "bad_email", e->email);
	else
		return true;
	return false;
}

static void normalise(Take *t)
{
	const Enquiry *e = &t->enquiry;
	t->has_phone = e->phone && phone_parse(e->phone, &t->phone);
	t->has_email = e->email && email_parse(e->email, t->email, NULL, NULL);
	t->has_code = e->code && credit_code_parse(e->code, t->code);
}

/* ---- recognising ---- */

typedef struct {
	Id lead;          /* an open lead with the same phone or mail, or nil */
	Id account;       /* a customer with the same code, mail domain, phone or mail, or nil */
	Id contact;       /* the same by a contact */
	const char *mark; /* "none", "similar", "high" */
	bool is_chat;     /* the lead was found by who it is on a platform: it is one talk that goes on */
} Recognition;

static void hit_weigh(const MatchHit *hit, Recognition *r)
{
	bool same_person = hit->kinds & (MATCH_PHONE | MATCH_EMAIL);
	if (hit->object == MATCH_LEAD && hit->open && same_person && id_is_nil(r->lead))
		r->lead = hit->id;
	if (hit->object == MATCH_ACCOUNT && (hit->kinds & (MATCH_CODE | MATCH_DOMAIN | MATCH_PHONE | MATCH_EMAIL)) &&
	    id_is_nil(r->account))
		r->account = hit->id;
	if (hit->object == MATCH_CONTACT && (same_person || (hit->kinds & MATCH_DOMAIN)) && id_is_nil(r->contact))
		r->contact = hit->id;
	if (hit->weight >= 60)
		r->mark = "high";
	else if ((hit->kinds & MATCH_NAME) && strcmp(r->mark, "none") == 0)
		r->mark = "similar";
}

static Recognition recognise(const Take *t)
{
	MatchHit hit[HITS_MAX];
	MatchKeys keys = {
		.object = MATCH_LEAD,
		.open = true,
		.phone = t->has_phone ? t->phone.e164 : NULL,
		.email = t->has_email ? t->email : NULL,
		.code = t->has_code ? t->code : NULL,
		.company = t->enquiry.company,
	};
	Recognition r = {.mark = "none"};
	int n = match_find(t->c->house->match, &keys, t->enquiry.company != NULL, hit, HITS_MAX);
	for (int i = 0; i < n; i++)
		hit_weigh(&hit[i], &r);
	return r;
}

/* The customer a contact belongs to. */
static int account_of_contact(Call *c, Id contact, Id *ret)
{
	Record *r;
	int err = record_load_any(c, "contact", contact, &r);
	if (err == 0)
		*ret = record_ref(r, "account");
	return err == ERR_NOT_FOUND ? 0 : err;
}

/* ---- a repeated enquiry ---- */

static bool is_open_lead(const Record *lead)
{
	const char *status = record_text(lead, "status");
	return value_is_null(record_get(lead, "deleted_at")) && strcmp(status, "converted") != 0 &&
	       strcmp(status, "invalid") != 0;
}

static int enquiry_keep(Take *t, Id lead)
{
	return db_exec(t->c->tx,
	               "INSERT INTO enquiry (id, lead, receipt, source, at, message) VALUES ($1, $2, $3, $4, $5, $6)",
	               value_id(id_new(t->c->now_ms)), value_id(lead), value_id(t->receipt->id),
	               value_id(t->receipt->source), value_time(t->receipt->at), value_text(t->enquiry.message));
}

static const char *repeat_data(Take *t, const Record *lead)
{
	Buf *out = buf_new(t->c, CONTEXT_MAX);
	JsonOut o = json_out(out);
	json_object_begin(&o);
	json_member_text(&o, "name", record_text(lead, "name"));
	json_member_text(&o, "company", record_text(lead, "company"));
	json_member_text(&o, "source", t->source->name);
	json_member_text(&o, "message", t->enquiry.message);
	json_member_int(&o, "repeats", record_int(lead, "repeats"));
	json_object_end(&o);
	return out->data;
}

static int owner_tell(Take *t, const Record *lead, const char *data)
{
	Id owner = record_ref(lead, "owner");
	if (id_is_nil(owner))
		return 0;
	Alert alert = {
		.receiver = owner, .reason = "lead.repeated", .object = "lead", .record = record_id(lead), .data = data};
	char id[ID_TEXT_SIZE];
	alert.merge_key = talloc_asprintf(t->c, "lead.repeated %s", id_text(record_id(lead), id));
	return alert_send_by(t->c, t->ground->place->post, &alert);
}

/* Lines of one talk do not heat a lead up as enquiries do. */
static int repeat_attach(Take *t, Record *lead, bool is_chat)
{
	int64_t score = record_int(lead, "score") + (is_chat ? 0 : 4);
	record_set_int(lead, "repeats", record_int(lead, "repeats") + 1);
	record_set_int(lead, "score", score > 100 ? 100 : score);
	int r = record_update(t->c, lead, RECORD_AS_HOUSE | RECORD_QUIET);
	if (r < 0 || (r = enquiry_keep(t, record_id(lead))) < 0)
		return r;
	EventRow event = {
		.kind = "lead.repeated",
		.object = "lead",
		.record = record_id(lead),
		.owner = record_ref(lead, "owner"),
		.team = record_ref(lead, "team"),
		.pool = record_ref(lead, "pool"),
		.data = repeat_data(t, lead),
	};
	r = record_event(t->c, &event);
	return r < 0 ? r : owner_tell(t, lead, event.data);
}

/* ---- a new lead ---- */

/* A text cut to what the field takes, control characters as blanks. The whole stays on the receipt. */
static void put_text(Record *lead, const char *field, const char *text)
{
	if (!text)
		return;
	const FieldDef *def = meta_field(lead->object, field);
	long max = def->max ? def->max : LIMIT_TEXT_FIELD;
	size_t len = g_utf8_strlen(text, -1) > max ? (size_t)(g_utf8_offset_to_pointer(text, max) - text) : strlen(text);
	char *clean = talloc_strndup(lead, text, len);
	for (char *p = clean; *p; p++)
		if ((unsigned char)*p < 0x20 && *p != '\n' && *p != '\t')
			*p = ' ';
	record_set_text(lead, field, clean);
}

static void put_region(Record *lead, const Enquiry *e)
{
	Region region;
	put_text(lead, "province", e->province);
	put_text(lead, "city", e->city);
	put_text(lead, "district", e->district);
	if (!region_find(e->province, e->city, e->district, &region))
		return;
	int32_t code = region.district ? region.district : region.city ? region.city : region.province;
	record_set(lead, "region", value_int(code));
}

static void put_point(Record *lead, const Enquiry *e)
{
	if (!e->longitude || !e->latitude)
		return;
	double lon = strtod(e->longitude, NULL), lat = strtod(e->latitude, NULL);
	if (lon < -180 || lon > 180 || lat < -90 || lat > 90 || (lon == 0 && lat == 0))
		return;
	record_set(lead, "longitude", value_decimal((int64_t)(lon * 1000000), 6));
	record_set(lead, "latitude", value_decimal((int64_t)(lat * 1000000), 6));
}

static void context_member(JsonOut *o, const char *key, const char *text)
{
	if (text)
		json_member_text(o, key, text);
}

/* The facts of L2 around the form. Without consent only what the visitor typed is kept. */
static const char *context_of(Take *t)
{
	const Enquiry *e = &t->enquiry;
	JsonFault fault;
	json_t *headers = json_parse(t->c, t->receipt->headers, strlen(t->receipt->headers), &fault);
	Buf *out = buf_new(t->c, CONTEXT_MAX);
	JsonOut o = json_out(out);
	char region[128];
	json_object_begin(&o);
	bool is_letter = letter_is(t->receipt->content_type, t->receipt->body, t->receipt->body_len);
	bool is_sender = is_letter || (e->external_user && strcmp(e->external_user, t->receipt->visitor) == 0);
	json_member_text(&o, is_sender ? "sender" : "ip", t->receipt->visitor);
	if (t->ground->ip_regions && ip_region_find(t->ground->ip_regions, t->receipt->visitor, region))
		json_member_text(&o, "ip_region", region);
	context_member(&o, "user_agent", json_text(headers, "user_agent"));
	context_member(&o, "language", e->language ? e->language : json_text(headers, "language"));
	context_member(&o, "device", e->device);
	context_member(&o, "screen", e->screen);
	context_member(&o, "dwell_ms", e->dwell_ms);
	context_member(&o, "pages_seen", e->pages_seen);
	context_member(&o, "form_ms", e->form_ms);
	json_object_end(&o);
	return buf_failed(out) ? "{}" : out->data;
}

static void put_context(Take *t, Record *lead)
{
	const Enquiry *e = &t->enquiry;
	put_text(lead, "page", e->page);
	put_text(lead, "referrer", e->referrer);
	put_text(lead, "utm_source", e->utm_source);
	put_text(lead, "utm_medium", e->utm_medium);
	put_text(lead, "utm_campaign", e->utm_campaign);
	record_set_text(lead, "context", context_of(t));
}

/* What was said but is not acceptable is kept beside the unknown keys. */
static void put_extra(Take *t, Record *lead)
{
	const Enquiry *e = &t->enquiry;
	json_t *extra = e->extra;
	bool odd_phone = e->phone && !t->has_phone, odd_email = e->email && !t->has_email;
	if (!extra && !odd_phone && !odd_email)
		return;
	if (!extra)
		extra = json_own(t->c, json_object());
	if (odd_phone)
		json_object_set_new(extra, "phone", json_string(e->phone));
	if (odd_email)
		json_object_set_new(extra, "email", json_string(e->email));
	Buf *text = buf_new(t->c, LIMIT_CAPTURE_BODY * 2);
	JsonOut o = json_out(text);
	json_put_tree(&o, extra);
	record_set_text(lead, "extra", buf_failed(text) ? NULL : text->data);
}

static Record *lead_fill(Take *t, const Recognition *who)
{
	const Enquiry *e = &t->enquiry;
	Record *lead = record_new(t->c, meta_object_of(t->c, "lead"));
	char id[ID_TEXT_SIZE];
	bool consents = enquiry_consents(e);
	put_text(lead, "name", e->name);
	put_text(lead, "company", e->company);
	put_text(lead, "message", e->message);
	put_text(lead, "external_user", e->external_user);
	put_region(lead, e);
	put_point(lead, e);
	if (t->has_phone)
		record_set_text(lead, "phone", t->phone.e164);
	if (t->has_email)
		record_set_text(lead, "email", t->email);
	record_set(lead, "consent", value_bool(consents));
	record_set(lead, "no_contact_allowed", value_bool(!t->has_phone && !t->has_email));
	if (consents)
		put_context(t, lead);
	put_extra(t, lead);
	record_set_ref(lead, "source", t->source->id);
	record_set_ref(lead, "known_account", who->account);
	record_set_text(lead, "duplicate_mark", who->mark);
	record_set_text(lead, "receipt", id_text(t->receipt->id, id));
	record_set_time(lead, "captured_at", t->receipt->at);
	record_set_time(lead, "created_at", t->receipt->at);
	return lead;
}

static int64_t number_of(const char *text, int64_t max)
{
	int64_t n = text ? strtoll(text, NULL, 10) : 0;
	return n < 0 ? 0 : n > max ? max : n;
}

/* A code counts only where it belongs: anybody can write one into a form. */
static int qr_find(Take *t, Record *lead, PlaceInfo *info)
{
	ROWS rows = NULL;
	if (!t->enquiry.qr)
		return 0;
	int r = db_query(t->c->tx, &rows,
	                 "SELECT id, person, enabled, valid_until, name FROM qr_code WHERE code = $1 AND source = $2 AND "
	                 "deleted_at IS NULL",
	                 value_text(t->enquiry.qr), value_id(t->source->id));
	if (r < 0 || !rows_next(rows))
		return r < 0 ? r : rows_error(rows);
	int64_t until = rows_int(rows, 3);
	bool is_valid = rows_int(rows, 2) != 0 && (until == 0 || until > t->receipt->at);
	record_set_ref(lead, "qr", rows_id(rows, 0));
	info->wanted = is_valid ? rows_id(rows, 1) : ID_NIL;
	if (!id_is_nil(info->wanted))
		info->reason = talloc_asprintf(t->c, "QR · %s", rows_text(rows, 4));
	return rows_error(rows);
}

static int lead_make(Take *t, Recognition *who)
{
	int r =
		id_is_nil(who->account) && !id_is_nil(who->contact) ? account_of_contact(t->c, who->contact, &who->account) : 0;
	if (r < 0)
		return r;
	Record *lead = lead_fill(t, who);
	record_set(lead, "id", value_id(t->outcome->lead));
	PlaceInfo info = {
		.ground = t->ground->place,
		.create = true,
		.dwell_ms = number_of(t->enquiry.dwell_ms, DAY_MS),
		.pages = (int)number_of(t->enquiry.pages_seen, 1000),
	};
	r = qr_find(t, lead, &info);
	if (r < 0)
		return r;
	const TakeWay *way = t->ground->way;
	return way ? way->place(t->c, lead, &info, way->arg) : lead_place(t->c, lead, &info);
}

/* ---- the whole way ---- */

/* Who writes again on a platform has one open lead there, without phone or mail. */
static int chat_find(Take *t, Recognition *who)
{
	if (!t->enquiry.external_user || !id_is_nil(who->lead))
		return 0;
	int r = db_id(t->c->tx, &who->lead,
	              "SELECT id FROM lead WHERE external_user = $1 AND source = $2 AND deleted_at IS NULL AND "
	              "status NOT IN ('converted', 'invalid') ORDER BY created_at DESC LIMIT 1",
	              value_text(t->enquiry.external_user), value_id(t->source->id));
	who->is_chat = r == 0;
	return r == ERR_NOT_FOUND ? 0 : r;
}

static int lead_attach_or_make(Take *t)
{
	Recognition who = recognise(t);
	Record *lead = NULL;
	int r = chat_find(t, &who);
	if (r < 0)
		return r;
	r = id_is_nil(who.lead) ? ERR_NOT_FOUND : record_load_any(t->c, "lead", who.lead, &lead);
	if (r < 0 && r != ERR_NOT_FOUND)
		return r;
	bool is_repeat = lead && is_open_lead(lead), is_first;
	t->outcome->state = is_repeat ? RECEIPT_DUPLICATE : RECEIPT_TAKEN;
	t->outcome->reason = is_repeat ? "repeated_enquiry" : NULL;
	t->outcome->lead = is_repeat ? who.lead : id_new(t->c->now_ms);
	t->outcome->duplicate_of = is_repeat ? who.lead : ID_NIL;
	r = taken_claim(t->c, t->outcome, t->ground->all_new, &is_first);
	if (r < 0 || !is_first)
		return r;
	r = is_repeat ? repeat_attach(t, lead, who.is_chat) : lead_make(t, &who);
	return r < 0 || !t->receipt->files ? r : attach_noted(t->c, t->outcome->lead, t->receipt->files, t->receipt->at);
}

static const Inlet *source_of(const Sources *sources, const Receipt *receipt)
{
	return id_is_nil(receipt->source) ? source_by_key(sources, receipt->source_key)
	                                  : source_by_id(sources, receipt->source);
}

void take_read(TALLOC_CTX *ctx, const Sources *sources, const Receipt *receipt, Reading *ret)
{
	const Inlet *source = source_of(sources, receipt);
	ret->is_clear = enquiry_read(ctx, receipt->content_type, receipt->body, receipt->body_len,
	                             source ? source->mapping : NULL, &ret->enquiry, &ret->reason, &ret->detail);
}

int take_receipt(Call *c, const TakeGround *ground, const Receipt *receipt, const Reading *reading, Outcome *ret)
{
	Take t = {.c = c, .ground = ground, .receipt = receipt, .enquiry = reading->enquiry, .outcome = ret};
	*ret = (Outcome){.receipt = receipt->id};
	t.source = source_of(ground->sources, receipt);
	if (reading->is_clear)
		normalise(&t);
	if (reading->is_clear && is_admissible(&t))
		return lead_attach_or_make(&t);
	if (!reading->is_clear)
		(void)quarantine(&t, reading->reason, reading->detail);
	return ground->all_new ? 0 : taken_find(c, ret); /* the source may have been read otherwise then */
}

void take_try(Call *c, const TakeGround *ground, const Receipt *receipt, const Reading *reading, Outcome *ret)
{
	Take t = {.c = c, .ground = ground, .receipt = receipt, .enquiry = reading->enquiry, .outcome = ret};
	*ret = (Outcome){.receipt = receipt->id, .state = RECEIPT_TAKEN};
	t.source = source_of(ground->sources, receipt);
	if (!reading->is_clear) {
		(void)quarantine(&t, reading->reason, reading->detail);
		return;
	}
	normalise(&t);
	if (!is_admissible(&t))
		return;
	ret->duplicate_of = recognise(&t).lead;
	ret->state = id_is_nil(ret->duplicate_of) ? RECEIPT_TAKEN : RECEIPT_DUPLICATE;
}
