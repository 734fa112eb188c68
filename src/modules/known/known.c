/* Keeps the duplicate index true (D1) and admits fields (D4): hooks on every write of a lead, customer or contact. At
 * start the index is rebuilt from the tables. What the index is asked about stands in match/index.h; nothing here
 * decides anything. */
#include <string.h>

#include "base/log.h"
#include "call/module.h"
#include "match/match.h"
#include "modules/known/shared.h"
#include "record/phase.h"

#define REBUILD_PAGE 5000 /* rows of a table in memory at once */

/* Names of the fields one object is recognised by; NULL: it has none. */
typedef struct {
	const char *object;
	MatchObject kind;
	const char *company, *code, *status;
} Recognised;

static const Recognised recognised[] = {
	{"lead", MATCH_LEAD, "company", NULL, "status"},
	{"account", MATCH_ACCOUNT, "name", "code", NULL},
	{"contact", MATCH_CONTACT, NULL, NULL, NULL},
};

/* What a hook is registered with. */
typedef struct {
	const Recognised *what;
	Shared *shared;
} Watched;

static MatchKeys keys_of(const Recognised *what, const Record *r)
{
	return (MatchKeys){
		.object = what->kind,
		.id = record_id(r),
		.open = !what->status || status_is_open(record_text(r, what->status)),
		.phone = record_text(r, "phone"),
		.email = record_text(r, "email"),
		.code = what->code ? record_text(r, what->code) : NULL,
		.company = what->company ? record_text(r, what->company) : NULL,
	};
}

/* What stood in the index before, to be put back if the transaction is undone. */
typedef struct {
	Shared *shared;
	MatchKeys keys;
	bool was_there;
	int64_t version;
} Undo;

static void index_undo(void *arg)
{
	Undo *undo = arg;
	shared_put(undo->shared, &undo->keys, undo->was_there, undo->version);
}

static void undo_prepare(Call *c, const Watched *watched, const PhaseInfo *info)
{
	Undo *undo = talloc_zero(tx_mem(c->tx), Undo);
	bool was_there = info->kind != WRITE_CREATE && info->kind != WRITE_RESTORE;
	*undo = (Undo){.shared = watched->shared, .was_there = was_there,
		.version = info->before ? record_int(info->before, "version") : 0};
	undo->keys = keys_of(watched->what, was_there && info->before ? info->before : info->record);
	undo->keys.phone = talloc_strdup(undo, undo->keys.phone);
	undo->keys.email = talloc_strdup(undo, undo->keys.email);
	undo->keys.code = talloc_strdup(undo, undo->keys.code);
	undo->keys.company = talloc_strdup(undo, undo->keys.company);
	tx_on_rollback(c->tx, index_undo, undo);
}

static bool touches_keys(const Recognised *what, const PhaseInfo *info)
{
	return info->kind != WRITE_UPDATE || phase_changed(info, "phone") || phase_changed(info, "email") ||
	       (what->company && phase_changed(info, what->company)) || (what->code && phase_changed(info, what->code)) ||
	       (what->status && phase_changed(info, what->status));
}

/* The index follows inside the transaction, so that the next lead of the same batch finds this one. */
static int index_follow(Call *c, const PhaseInfo *info, void *arg)
{
	const Watched *watched = arg;
	if (!touches_keys(watched->what, info))
		return 0;
	undo_prepare(c, watched, info);
	MatchKeys keys = keys_of(watched->what, info->record);
	shared_put(watched->shared, &keys, info->kind != WRITE_DELETE, record_int(info->record, "version"));
	return 0;
}

/* ---- admission of fields given from outside (D4) ---- */

static void admit_phone(Call *c, Record *r, const char *field)
{
	Phone phone;
	const char *text = record_text(r, field);
	if (!text || !record_changed(r, field))
		return;
	if (phone_parse(text, &phone))
		record_set_text(r, field, phone.e164);
	else
		(void)call_fault(c, field, "bad_phone", "This is no phone number that can be called.",
		                 "这不是可以拨打的电话号码。");
}

static void admit_email(Call *c, Record *r, const char *field)
{
	char email[255];
	const char *domain, *text = record_text(r, field);
	bool public;
	if (!text || !record_changed(r, field))
		return;
	if (email_parse(text, email, &domain, &public))
		record_set_text(r, field, email);
	else
		(void)call_fault(c, field, "bad_email", "This is no mail address.", "邮箱地址格式不正确。");
}

static void admit_code(Call *c, Record *r)
{
	char code[19];
	const FieldDef *field = meta_field(r->object, "code");
	const char *text = field ? record_text(r, "code") : NULL;
	if (!text || !record_changed(r, "code"))
		return;
	if (credit_code_parse(text, code))
		record_set_text(r, "code", code);
	else
		(void)call_fault(c, "code", "bad_credit_code",
		                 "This is no valid 18-character credit code; a check digit is wrong.",
		                 "统一社会信用代码校验不通过，请核对 18 位代码。");
}

/* Names of province, city and district give the administrative code that territories are matched by. */
static void admit_region(Record *r)
{
	Region region;
	if (!meta_field(r->object, "region") ||
	    !(record_changed(r, "province") || record_changed(r, "city") || record_changed(r, "district")))
		return;
	bool found = region_find(record_text(r, "province"), record_text(r, "city"), record_text(r, "district"), &region);
	int32_t code = !found ? 0 : region.district ? region.district : region.city ? region.city : region.province;
	record_set(r, "region", code ? value_int(code) : value_null());
}

static int fields_admit(Call *c, const PhaseInfo *info, void *arg)
{
	(void)arg;
	Record *r = info->record;
	for (int i = 0; i < r->object->n_fields; i++) {
		const FieldDef *field = &r->object->fields[i];
		if (field->type == FIELD_PHONE)
			admit_phone(c, r, field->name);
		else if (field->type == FIELD_EMAIL)
			admit_email(c, r, field->name);
	}
	if (strcmp(r->object->name, "account") == 0)
		admit_code(c, r);
	admit_region(r);
	return 0;
}

/* ---- start ---- */

/* One table to read; page: the same, behind an id and at most so many. */
typedef struct {
	MatchObject kind;
	const char *all, *page;
} Rebuilt;

#define PAGE_END " AND id > $1 ORDER BY id LIMIT $2"
#define LEADS "SELECT id, phone, email, NULL, company, status FROM lead WHERE deleted_at IS NULL"
#define ACCOUNTS "SELECT id, phone, email, code, name, NULL FROM account WHERE deleted_at IS NULL"
#define CONTACTS "SELECT id, phone, email, NULL, NULL, NULL FROM contact WHERE deleted_at IS NULL"

static const Rebuilt rebuilt[] = {
	{MATCH_LEAD, LEADS, LEADS PAGE_END},
	{MATCH_ACCOUNT, ACCOUNTS, ACCOUNTS PAGE_END},
	{MATCH_CONTACT, CONTACTS, CONTACTS PAGE_END},
};

/* *ret_n, *ret_last: how many there were, and the last of them. */
static int rebuild_rows(Rows *rows, MatchLoad *load, MatchObject kind, int *ret_n, Id *ret_last)
{
	*ret_n = 0;
	while (rows_next(rows)) {
		const char *status = rows_text(rows, 5);
		MatchKeys keys = {
			.object = kind,
			.id = rows_id(rows, 0),
			.open = status_is_open(status),
			.phone = rows_text(rows, 1),
			.email = rows_text(rows, 2),
			.code = rows_text(rows, 3),
			.company = rows_text(rows, 4),
		};
		match_load_put(load, &keys);
		*ret_last = keys.id;
		++*ret_n;
	}
	return rows_error(rows);
}

/* PostgreSQL gives all rows of a query at once, so it is asked for pages; the snapshot is the same for all of them. */
static int rebuild_pages(Tx *tx, MatchLoad *load, const Rebuilt *what)
{
	Id last = {{[15] = 1}}; /* below every id that is made */
	int r = 0, n = REBUILD_PAGE;
	while (r == 0 && n == REBUILD_PAGE) {
		ROWS rows = NULL;
		const Value args[] = {value_id(last), value_int(REBUILD_PAGE)};
		r = db_query_n(tx, &rows, what->page, args, ARRAY_LEN(args));
		if (r == 0)
			r = rebuild_rows(rows, load, what->kind, &n, &last);
	}
	return r;
}

/* SQLite steps through its rows: no page is needed, and none is sought by its id. */
static int rebuild_whole(Tx *tx, MatchLoad *load, const Rebuilt *what)
{
	Id last;
	int n;
	ROWS rows = NULL;
	int r = db_query_n(tx, &rows, what->all, NULL, 0);
	return r < 0 ? r : rebuild_rows(rows, load, what->kind, &n, &last);
}

static int rebuild_all(Tx *tx, MatchLoad *load)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(rebuilt); i++)
		r = tx_is_postgres(tx) ? rebuild_pages(tx, load, &rebuilt[i]) : rebuild_whole(tx, load, &rebuilt[i]);
	return r;
}

static int rebuild(Tx *tx, void *arg)
{
	MatchLoad *load = match_load_begin(arg);
	int r = rebuild_all(tx, load);
	match_load_end(load);
	return r;
}

static int known_start(House *house)
{
	phase_add(house->phases, PHASE_NORMALISE, NULL, fields_admit, NULL);
	Shared *shared = shared_new(house->match, house);
	Watched *watched = talloc_array(shared, Watched, ARRAY_LEN(recognised));
	for (size_t i = 0; i < ARRAY_LEN(recognised); i++) {
		watched[i] = (Watched){&recognised[i], shared};
		phase_add(house->phases, PHASE_AFTER, recognised[i].object, index_follow, &watched[i]);
	}
	shared_follow(shared);
	int64_t began = clock_monotonic_ms();
	int r = store_read_wait(house->store, rebuild, house->match);
	log_info("known", "%zu records can be recognised (%lld ms)", match_size(house->match),
	         (long long)(clock_monotonic_ms() - began));
	return r;
}

const Module known_module = {.name = "known", .start = known_start};
