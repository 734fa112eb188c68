/* What every screen needs first (GET /boot), the settings of the company, and the first-run wizard. */
#include <string.h>

#include "call/gate.h"
#include "call/module.h"
#include "call/when.h"
#include "event/alert.h"
#include "record/record.h"

static const char *const migrations[] = {
	"CREATE TABLE setting (name {TEXT} NOT NULL PRIMARY KEY, value {TEXT} NOT NULL)",
	NULL,
};

/* ---- settings ---- */

static int setting_get(Call *c, const char *name, const char *fallback, const char **ret)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT value FROM setting WHERE name = $1", value_text(name));
	if (r < 0)
		return r;
	*ret = rows_next(rows) ? talloc_strdup(c, rows_text(rows, 0)) : fallback;
	return rows_error(rows);
}

static int setting_set(Call *c, const char *name, const char *value)
{
	return db_exec(c->tx,
	               "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2",
	               value_text(name), value_text(value));
}

/* ---- boot ---- */

static void write_user(Call *c)
{
	JsonOut *o = &c->json;
	static const char *const roles[] = {"none", "salesperson", "supervisor", "administrator"};
	json_key(o, "user");
	json_object_begin(o);
	json_member_id(o, "id", c->who.user);
	json_member_text(o, "name", c->who.name);
	json_member_text(o, "login", c->who.login);
	json_member_text(o, "role", roles[c->who.role]);
	json_member_id(o, "team", c->who.team);
	json_member_bool(o, "must_change_password", c->who.must_change_password);
	json_member_text(o, "language", c->lang == LANG_EN ? "en" : "zh");
	json_object_end(o);
	json_key(o, "rights");
	json_array_begin(o);
	for (const char **right = gate_rights(c); *right; right++)
		json_put_text(o, *right);
	json_array_end(o);
}

/* A list of {"id","name", extra} from a query whose first columns are id and name. */
static int write_names(Call *c, const char *key, Rows *rows, const char *ref, const char *flag)
{
	JsonOut *o = &c->json;
	json_key(o, key);
	json_array_begin(o);
	while (rows_next(rows)) {
		json_object_begin(o);
		json_member_id(o, "id", rows_id(rows, 0));
		json_member_text(o, "name", rows_text(rows, 1));
		if (ref)
			json_member_id(o, ref, rows_id(rows, 2));
		if (flag)
			json_member_bool(o, flag, rows_int(rows, 3) != 0);
		json_object_end(o);
	}
	json_array_end(o);
	return rows_error(rows);
}

static int write_people(Call *c)
{
	ROWS people = NULL;
	int r = db_query(c->tx, &people,
	                 "SELECT id, name, team, active FROM person WHERE deleted_at IS NULL ORDER BY name, id");
	if (r < 0 || (r = write_names(c, "people", people, "team", "active")) < 0)
		return r;
	ROWS teams = NULL;
	r = db_query(c->tx, &teams, "SELECT id, name, parent FROM team WHERE deleted_at IS NULL ORDER BY name, id");
	if (r < 0 || (r = write_names(c, "teams", teams, "parent", NULL)) < 0)
		return r;
	ROWS pools = NULL;
	r = db_query(c->tx, &pools, "SELECT id, name FROM pool WHERE deleted_at IS NULL ORDER BY name, id");
	return r < 0 ? r : write_names(c, "pools", pools, NULL, NULL);
}

/* The newest: filters and lines name those that are in use. */
static int write_codes(Call *c)
{
	ROWS codes = NULL;
	int r = db_query(c->tx, &codes,
	                 "SELECT id, name FROM qr_code WHERE deleted_at IS NULL ORDER BY created_at DESC, id LIMIT 300");
	return r < 0 ? r : write_names(c, "codes", codes, NULL, NULL);
}

static int write_sources(Call *c)
{
	JsonOut *o = &c->json;
	ROWS rows = NULL;
	int r =
		db_query(c->tx, &rows, "SELECT id, name, key, grade FROM source WHERE deleted_at IS NULL ORDER BY name, id");
	if (r < 0)
		return r;
	json_key(o, "sources");
	json_array_begin(o);
	while (rows_next(rows)) {
		json_object_begin(o);
		json_member_id(o, "id", rows_id(rows, 0));
		json_member_text(o, "name", rows_text(rows, 1));
		json_member_text(o, "key", rows_text(rows, 2));
		json_member_text(o, "grade", rows_text(rows, 3));
		json_object_end(o);
	}
	json_array_end(o);
	return rows_error(rows);
}

static int write_house(Call *c)
{
	JsonOut *o = &c->json;
	const char *company, *done;
	int64_t unread, seq = 0, absent = 0;
	int r = setting_get(c, "company", "", &company);
	if (r < 0 || (r = setting_get(c, "setup_done", "", &done)) < 0 || (r = alert_unread(c, &unread)) < 0 ||
	    (r = db_int(c->tx, &seq, "SELECT coalesce(max(seq), 0) FROM event")) < 0 ||
	    (r = db_int(c->tx, &absent, "SELECT absent FROM person WHERE id = $1", value_id(c->who.user))) < 0)
		return r;
	char now[WHEN_TEXT_SIZE];
	json_member_text(o, "company", company);
	json_member_bool(o, "absent", absent != 0);
	json_member_bool(o, "setup_done", *done != '\0');
	json_member_int(o, "alerts_unread", unread);
	json_member_int(o, "live_seq", seq);
	json_member_text(o, "now", when_text(c->now_ms, now));
	json_member_bool(o, "test_clock", c->house->test_clock);
	json_member_text(o, "public_url", c->house->public_url);
	return 0;
}

static int boot(Call *c)
{
	json_object_begin(&c->json);
	write_user(c);
	int r = write_house(c);
	if (r == 0)
		r = write_people(c);
	if (r == 0)
		r = write_codes(c);
	if (r == 0)
		r = write_sources(c);
	json_object_end(&c->json);
	return r;
}

/* ---- the wizard ---- */

static void write_step(JsonOut *o, const char *name, bool done)
{
	json_object_begin(o);
	json_member_text(o, "name", name);
	json_member_bool(o, "done", done);
	json_object_end(o);
}

static int setup_show(Call *c)
{
	JsonOut *o = &c->json;
	const char *company, *done;
	int64_t people, sources, leads;
	int r = setting_get(c, "company", "", &company);
	if (r < 0 || (r = setting_get(c, "setup_done", "", &done)) < 0 ||
	    (r = db_int(c->tx, &people, "SELECT count(*) FROM person WHERE deleted_at IS NULL")) < 0 ||
	    (r = db_int(c->tx, &sources, "SELECT count(*) FROM source WHERE deleted_at IS NULL")) < 0 ||
	    (r = db_int(c->tx, &leads, "SELECT count(*) FROM (SELECT 1 FROM lead LIMIT 1) AS any_lead")) < 0)
		return r;
	json_object_begin(o);
	json_member_bool(o, "done", *done != '\0');
	json_key(o, "steps");
	json_array_begin(o);
	write_step(o, "company", *company != '\0');
	write_step(o, "people", people > 1);
	write_step(o, "source", sources > 0);
	write_step(o, "test_lead", leads > 0);
	json_array_end(o);
	json_object_end(o);
	return 0;
}

static int zone_set(Call *c, const char *zone)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT id FROM calendar WHERE deleted_at IS NULL ORDER BY created_at, id LIMIT 1");
	if (r < 0 || !rows_next(rows))
		return r;
	Id first = rows_id(rows, 0);
	rows_close(&rows);
	Record *calendar;
	if ((r = record_load_any(c, "calendar", first, &calendar)) < 0)
		return r;
	record_set_text(calendar, "zone", zone);
	return record_update(c, calendar, RECORD_AS_HOUSE);
}

static int setup_company(Call *c)
{
	const char *zone = call_text(c, "zone");
	int r = setting_set(c, "company", call_text(c, "name"));
	return r == 0 && zone ? zone_set(c, zone) : r;
}

static int setup_done(Call *c)
{
	char now[WHEN_TEXT_SIZE];
	int r = setting_set(c, "setup_done", when_text(c->now_ms, now));
	if (r < 0)
		return r;
	return record_event(c, &(EventRow){.kind = "setup.done", .data = "{}"});
}

static const Param company_params[] = {
	{"name", PARAM_TEXT, PARAM_IN_BODY, true, 1, 100, .help = "Name of the company"},
	{"zone", PARAM_TEXT, .max = 60, .help = "Time zone of the first calendar, such as Asia/Shanghai"},
	{0},
};

static const Endpoint endpoints[] = {
	{"GET", "/boot", "signed_in", CALL_READ, NULL, boot, "What every screen needs first"},
	{"GET", "/setup", "settings.manage", CALL_READ, NULL, setup_show, "How far the first-run wizard is"},
	{"POST", "/setup/company", "settings.manage", CALL_WRITE, company_params, setup_company, "Name the company"},
	{"POST", "/setup/done", "settings.manage", CALL_WRITE, NULL, setup_done, "Finish the first-run wizard"},
	{0},
};

const Module setup_module = {.name = "setup", .endpoints = endpoints, .migrations = migrations};
