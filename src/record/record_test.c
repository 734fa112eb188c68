/* Creating, changing, the bin, versions, rights, history: what record.h promises, on both engines. */
#include "record/record_world.h"

#include "call/module.h"
#include <string.h>

/* --- create and read --- */

static void creates_and_reads(World *w)
{
	Ask ask;
	CHECK_INT(world_post(w, &world_admin, "account",
		"{\"name\":\"　上海华信科技有限公司 \",\"phone\":\"13812341234\",\"note\":\"a\\nb\"}", &ask), 0);
	CHECK_TEXT(json_text(ask.json, "name"), "上海华信科技有限公司");
	CHECK_INT(json_int(ask.json, "version", 0), 1);
	CHECK(json_text(ask.json, "_change") != NULL);
	CHECK(json_is_null(json_object_get(ask.json, "deleted_at")));
	CHECK_INT(strlen(json_text(ask.json, "created_at")), 24);
	Id id = json_id(ask.json, "id");
	CHECK_INT(world_get(w, &world_admin, "account", id, &ask), 0);
	CHECK_TEXT(json_text(ask.json, "note"), "a\nb");
	CHECK(json_object_get(ask.json, "_change") == NULL);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM history WHERE kind = 'created' AND object = 'account'"), 1);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM event WHERE kind = 'record.created' AND object = 'account'"), 1);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM change"), 1);
}

TEST(record, creates_and_reads)
{
	world_each(creates_and_reads);
}

static void applies_defaults(World *w)
{
	Ask ask;
	CHECK_INT(world_post(w, &world_admin, "lead", "{\"name\":\"王芳\"}", &ask), 0);
	CHECK_TEXT(json_text(ask.json, "status"), "new");
	CHECK_TEXT(json_text(ask.json, "clock"), "none");
	CHECK(json_is_true(json_object_get(ask.json, "consent")));
	CHECK_INT(json_int(ask.json, "hops", -1), 0);
	CHECK(json_object_get(ask.json, "holders") == NULL); /* hidden */
	CHECK_INT(world_post(w, &world_admin, "opportunity", "{\"name\":\"x\"}", &ask), 0);
	CHECK_TEXT(json_text(ask.json, "currency"), "CNY");
}

TEST(record, applies_defaults)
{
	world_each(applies_defaults);
}

typedef struct {
	const char *object, *body, *field, *code;
} Bad;

static const Bad bads[] = {
	{"account", "{}", "name", "required"},
	{"account", "{\"name\":\"  \"}", "name", "required"},
	{"account", "{\"name\":5}", "name", "type"},
	{"account", "{\"name\":\"a\\u0007b\"}", "name", "control_character"},
	{"account", "{\"name\":\"a\\nb\"}", "name", "control_character"},
	{"account", "{\"name\":\"x\",\"code\":\"1234567890123456789\"}", "code", "too_long"},
	{"account", "{\"name\":\"x\",\"level\":\"best\"}", "level", "choice"},
	{"account", "{\"name\":\"x\",\"owner\":\"nobody\"}", "owner", "type"},
	{"account", "{\"name\":\"x\",\"owner\":\"01890a5d-ac96-774b-bcce-b302099a8057\"}", "owner", "unknown_reference"},
	{"account", "{\"name\":\"x\",\"region\":310000}", "region", "read_only"},
	{"account", "{\"name\":\"x\",\"version\":3}", "version", "read_only"},
	{"account", "{\"name\":\"x\",\"colour\":\"red\"}", "colour", "unknown_field"},
	{"lead", "{\"holders\":[]}", "holders", "unknown_field"},
	{"lead", "{\"longitude\":\"121.1234567\"}", "longitude", "decimal"},
	{"lead", "{\"longitude\":\"9223372036854.775808\"}", "longitude", "decimal"},
	{"lead", "{\"longitude\":\"1e3\"}", "longitude", "decimal"},
	{"lead", "{\"consent\":\"yes\"}", "consent", "type"},
	{"lead", "{\"next_follow_up_at\":\"2026-02-30T10:00:00Z\"}", "next_follow_up_at", "type"},
	{"lead", "{\"next_follow_up_at\":\"2026-11-23T10:00:00\"}", "next_follow_up_at", "type"},
	{"opportunity", "{\"name\":\"x\",\"expected_on\":\"2026-02-29\"}", "expected_on", "type"},
	{"opportunity", "{\"name\":\"x\",\"amount\":\"12,5\"}", "amount", "decimal"},
};

static void refuses_bad_values(World *w)
{
	for (size_t i = 0; i < ARRAY_LEN(bads); i++) {
		Ask ask;
		int r = world_post(w, &world_admin, bads[i].object, bads[i].body, &ask);
		if (r != ERR_INVALID || g_strcmp0(ask.code, bads[i].code) != 0)
			g_error("%s: %d %s, expected %s", bads[i].body, r, ask.code, bads[i].code);
	}
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM account"), 0);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM history"), 0);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM change"), 0);
}

TEST(record, refuses_bad_values)
{
	world_each(refuses_bad_values);
}

static void keeps_values_exactly(World *w)
{
	Ask ask;
	CHECK_INT(world_post(w, &world_admin, "lead",
	               "{\"longitude\":121.4737,\"latitude\":\"-0.000001\",\"extra\":{\"a\":[1,2.5,null,\"é😀\"]},"
	               "\"next_follow_up_at\":\"2026-11-23T18:00:00.5+08:00\",\"consent\":false}", &ask), 0);
	CHECK_TEXT(json_text(ask.json, "longitude"), "121.473700");
	CHECK_TEXT(json_text(ask.json, "latitude"), "-0.000001");
	CHECK_TEXT(json_text(ask.json, "next_follow_up_at"), "2026-11-23T10:00:00.500Z");
	CHECK(json_is_false(json_object_get(ask.json, "consent")));
	CHECK_INT(json_array_size(json_object_get(json_object_get(ask.json, "extra"), "a")), 4);
	CHECK_INT(world_post(w, &world_admin, "opportunity", "{\"name\":\"x\",\"amount\":922337203685477.5807}", &ask),
		ERR_INVALID);
	CHECK_INT(world_post(w, &world_admin, "opportunity", "{\"name\":\"x\",\"amount\":\"922337203685477.5807\"}",
		&ask), 0);
	CHECK_TEXT(json_text(ask.json, "amount"), "922337203685477.5807");
	CHECK_INT(world_post(w, &world_admin, "opportunity", "{\"name\":\"x\",\"amount\":0.1}", &ask), 0);
	CHECK_TEXT(json_text(ask.json, "amount"), "0.1000");
}

TEST(record, keeps_values_exactly)
{
	world_each(keeps_values_exactly);
}

static void takes_its_own_id(World *w)
{
	Ask ask;
	const char *body = "{\"id\":\"01890a5d-ac96-774b-bcce-b302099a8057\",\"name\":\"x\"}";
	CHECK_INT(world_post(w, &world_admin, "account", body, &ask), 0);
	CHECK_TEXT(json_text(ask.json, "id"), "01890a5d-ac96-774b-bcce-b302099a8057");
	CHECK_INT(world_post(w, &world_admin, "account", body, &ask), ERR_CONFLICT);
	CHECK_TEXT(ask.code, "exists");
	CHECK_INT(world_patch(w, &world_admin, "account", ID_NIL, body, &ask), ERR_NOT_FOUND);
	/* A repeat is told from a value that somebody else has. */
	body = "{\"id\":\"01890a5d-ac96-774b-bcce-b302099a8058\",\"name\":\"x\",\"login\":\"x\"}";
	CHECK_INT(world_post(w, &world_admin, "user", body, &ask), 0);
	CHECK_INT(world_post(w, &world_admin, "user", body, &ask), ERR_CONFLICT);
	CHECK_TEXT(ask.code, "exists");
	body = "{\"id\":\"01890a5d-ac96-774b-bcce-b302099a8059\",\"name\":\"x\",\"login\":\"x\"}";
	CHECK_INT(world_post(w, &world_admin, "user", body, &ask), ERR_INVALID);
	CHECK_TEXT(ask.code, "not_unique");
}

TEST(record, takes_its_own_id)
{
	world_each(takes_its_own_id);
}

/* --- update --- */

static void updates_what_differs(World *w)
{
	Ask ask = {0};
	Id id = world_make(w, "account", "{\"name\":\"a\",\"city\":\"上海\"}");
	CHECK_INT(world_patch(w, &world_admin, "account", id, "{\"name\":\"a\",\"city\":\"上海\"}", &ask), 0);
	CHECK_INT(json_int(ask.json, "version", 0), 1); /* nothing differed, nothing happened */
	CHECK(json_object_get(ask.json, "_change") == NULL);
	CHECK_INT(world_patch(w, &world_admin, "account", id, "{\"city\":\"\",\"industry\":\"制造\"}", &ask), 0);
	CHECK_INT(json_int(ask.json, "version", 0), 2);
	CHECK(json_is_null(json_object_get(ask.json, "city")));
	CHECK_INT(world_patch(w, &world_admin, "account", id, "{\"name\":null}", &ask), ERR_INVALID);
	CHECK_TEXT(ask.code, "required");
	CHECK_INT(world_act(w, &world_admin, "GET", "/records/:object/:id/history", "account", id, &ask), 0);
	const json_t *items = json_object_get(ask.json, "items"), *last = json_array_get(items, 0);
	CHECK_INT(json_array_size(items), 2);
	CHECK_TEXT(json_text(last, "kind"), "updated");
	const json_t *fields = json_object_get(last, "fields"), *city = json_object_get(fields, "city");
	CHECK_INT(json_object_size(fields), 2);
	CHECK_TEXT(json_string_value(json_array_get(city, 0)), "上海");
	CHECK(json_is_null(json_array_get(city, 1)));
}

TEST(record, updates_what_differs)
{
	world_each(updates_what_differs);
}

static void honours_if_match(World *w)
{
	Id id = world_make(w, "account", "{\"name\":\"a\"}");
	Ask ask = {.if_match = "\"1\""};
	CHECK_INT(world_patch(w, &world_admin, "account", id, "{\"name\":\"b\"}", &ask), 0);
	CHECK_INT(world_patch(w, &world_admin, "account", id, "{\"name\":\"c\"}", &ask), ERR_STALE);
	CHECK_TEXT(ask.code, "stale_version");
	CHECK(strstr(ask.detail, "version 2") != NULL);
	ask.if_match = "W/\"2\"";
	CHECK_INT(world_patch(w, &world_admin, "account", id, "{\"name\":\"c\"}", &ask), 0);
	ask.if_match = "nonsense";
	CHECK_INT(world_patch(w, &world_admin, "account", id, "{\"name\":\"d\"}", &ask), ERR_STALE);
	ask.if_match = "*";
	CHECK_INT(world_patch(w, &world_admin, "account", id, "{\"name\":\"d\"}", &ask), 0);
}

TEST(record, honours_if_match)
{
	world_each(honours_if_match);
}

static int write_twice(Call *c, void *arg)
{
	Record *one, *two;
	int r = record_load(c, "account", *(Id *)arg, &one);
	if (r == 0)
		r = record_load(c, "account", *(Id *)arg, &two);
	if (r < 0)
		return r;
	record_set_text(one, "name", "one");
	record_set_text(two, "name", "two");
	r = record_update(c, one, 0);
	CHECK_INT(r, 0);
	CHECK_INT(record_int(one, "version"), 2);
	record_set_text(one, "name", "one again");
	CHECK_INT(record_update(c, one, 0), 0);
	return record_update(c, two, 0);
}

static void refuses_the_second_record_of_a_row(World *w)
{
	const char *code;
	Id id = world_make(w, "account", "{\"name\":\"a\"}");
	CHECK_INT(world_write(w, NULL, write_twice, &id, &code), ERR_CONFLICT);
	CHECK_TEXT(code, "changed_meanwhile");
}

TEST(record, refuses_the_second_record_of_a_row)
{
	world_each(refuses_the_second_record_of_a_row);
}

static void tells_which_field_is_taken(World *w)
{
	Ask ask = {0};
	Id a = world_make(w, "user", "{\"name\":\"a\",\"login\":\"a\"}"), b = world_make(w, "user",
		"{\"name\":\"b\",\"login\":\"b\"}");
	CHECK_INT(world_post(w, &world_admin, "user", "{\"name\":\"c\",\"login\":\"a\"}", &ask), ERR_INVALID);
	CHECK_TEXT(ask.code, "not_unique");
	CHECK_INT(world_patch(w, &world_admin, "user", b, "{\"login\":\"a\"}", &ask), ERR_INVALID);
	CHECK_TEXT(ask.code, "not_unique");
	CHECK_INT(world_patch(w, &world_admin, "user", b, "{\"login\":\"b\",\"name\":\"bb\"}", &ask), 0);
	CHECK_INT(world_act(w, &world_admin, "DELETE", "/records/:object/:id", "user", a, &ask), 0);
	/* what lies in the bin does not count */
	CHECK_INT(world_patch(w, &world_admin, "user", b, "{\"login\":\"a\"}", &ask), 0);
	CHECK_INT(world_act(w, &world_admin, "POST", "/records/:object/:id/restore", "user", a, &ask), ERR_INVALID);
	CHECK_TEXT(ask.code, "not_unique");
}

TEST(record, tells_which_field_is_taken)
{
	world_each(tells_which_field_is_taken);
}

static void raises_people_version(World *w)
{
	int64_t before = world_count(w, "SELECT version FROM people_version");
	Id id = world_make(w, "team", "{\"name\":\"华东\"}");
	CHECK_INT(world_count(w, "SELECT version FROM people_version"), before + 1);
	Ask ask = {0};
	CHECK_INT(world_patch(w, &world_admin, "team", id, "{\"name\":\"华北\"}", &ask), 0);
	CHECK_INT(world_count(w, "SELECT version FROM people_version"), before + 2);
	(void)world_make(w, "account", "{\"name\":\"a\"}");
	CHECK_INT(world_count(w, "SELECT version FROM people_version"), before + 2);
}

TEST(record, raises_people_version)
{
	world_each(raises_people_version);
}

/* --- the bin --- */

static void deletes_and_restores(World *w)
{
	Ask ask;
	Id id = world_make(w, "account", "{\"name\":\"a\"}");
	CHECK_INT(world_act(w, &world_admin, "DELETE", "/records/:object/:id", "account", id, &ask), 0);
	CHECK(json_text(ask.json, "change") != NULL);
	CHECK_INT(world_get(w, &world_admin, "account", id, &ask), ERR_NOT_FOUND);
	CHECK_INT(world_act(w, &world_admin, "DELETE", "/records/:object/:id", "account", id, &ask), ERR_NOT_FOUND);
	CHECK_INT(world_act(w, &world_admin, "POST", "/records/:object/:id/restore", "account", id, &ask), 0);
	CHECK(json_is_null(json_object_get(ask.json, "deleted_at")));
	CHECK_INT(world_get(w, &world_admin, "account", id, &ask), 0);
	CHECK_INT(json_int(ask.json, "version", 0), 3);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM event WHERE kind IN ('record.deleted', 'record.restored')"), 2);
}

TEST(record, deletes_and_restores)
{
	world_each(deletes_and_restores);
}

/* --- rights --- */

static void checks_the_right_of_the_object(World *w)
{
	Ask ask;
	Identity seller = world_person(w, "zhang", ROLE_SALESPERSON, ID_NIL), nobody = {.role = ROLE_NONE};
	CHECK_INT(world_post(w, &seller, "team", "{\"name\":\"x\"}", &ask), ERR_DENIED);
	CHECK_INT(world_post(w, &nobody, "account", "{\"name\":\"x\"}", &ask), ERR_UNAUTHENTICATED);
	CHECK_INT(world_post(w, &seller, "account", "{\"name\":\"x\"}", &ask), 0);
	CHECK(id_equal(json_id(ask.json, "owner"), seller.user));
	CHECK(id_equal(json_id(ask.json, "created_by"), seller.user));
	CHECK_INT(world_post(w, &seller, "nonsense", "{}", &ask), ERR_NOT_FOUND);
	CHECK_TEXT(ask.code, "unknown_object");
}

TEST(record, checks_the_right_of_the_object)
{
	world_each(checks_the_right_of_the_object);
}

static void checks_the_row_before_the_write(World *w)
{
	Ask ask = {0};
	Identity zhang = world_person(w, "zhang", ROLE_SALESPERSON, ID_NIL), li = world_person(w, "li", ROLE_SALESPERSON,
		ID_NIL);
	char id[ID_TEXT_SIZE];
	CHECK_INT(world_post(w, &zhang, "account", "{\"name\":\"x\"}", &ask), 0);
	Id account = json_id(ask.json, "id");
	CHECK_INT(world_patch(w, &li, "account", account, "{\"name\":\"y\"}", &ask), ERR_NOT_FOUND);
	/* Whose it is may be changed by the one who has it; then it is gone for him. */
	const char *give = talloc_asprintf(w, "{\"owner\":\"%s\"}", id_text(li.user, id));
	CHECK_INT(world_patch(w, &zhang, "account", account, give, &ask), 0);
	CHECK_INT(world_get(w, &zhang, "account", account, &ask), ERR_NOT_FOUND);
	CHECK_INT(world_get(w, &li, "account", account, &ask), 0);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM event WHERE kind = 'record.updated' AND before_owner IS NOT NULL"),
		1);
}

TEST(record, checks_the_row_before_the_write)
{
	world_each(checks_the_row_before_the_write);
}

/* --- people and their sessions --- */

static int password_set(Call *c, void *arg)
{
	char hash[128];
	CHECK_INT(gate_password_hash("correct horse", hash), 0);
	return gate_password_set(c, *(Id *)arg, hash, false);
}

static const char *sign_in(World *w, const char *login)
{
	Call *c = call_new(w, &w->house, NULL);
	json_object_set_new(c->params, "login", json_string(login));
	json_object_set_new(c->params, "password", json_string("correct horse"));
	for (const Endpoint *e = gate_module.endpoints; e->method != NULL; e++) {
		if (strcmp(e->method, "POST") == 0 && strcmp(e->path, "/sessions") == 0)
			CHECK_INT(e->fn(c), 0);
	}
	return json_text(json_own(w, json_loads(c->out->data, 0, NULL)), "token");
}

static int identify(Call *c, void *arg)
{
	return gate_identify(c, arg);
}

static void locks_out_the_disabled_at_once(World *w)
{
	Ask ask = {0};
	Identity nobody = {0}, zhang = world_person(w, "zhang", ROLE_SALESPERSON, ID_NIL);
	CHECK_INT(world_write(w, NULL, password_set, &zhang.user, NULL), 0);
	char *token = talloc_strdup(w, sign_in(w, "zhang"));
	CHECK_INT(world_read(w, &nobody, identify, token, NULL), 0);
	CHECK_INT(world_patch(w, &world_admin, "user", zhang.user, "{\"active\":false}", &ask), 0);
	const char *change = json_text(ask.json, "_change");
	CHECK_INT(world_read(w, &nobody, identify, token, NULL), ERR_UNAUTHENTICATED);
	ask = (Ask){.params = talloc_asprintf(w, "{\"id\":\"%s\"}", change)};
	CHECK_INT(world_ask(w, &world_admin, "POST", "/changes/:id/undo", &ask), 0);
	CHECK_INT(world_read(w, &nobody, identify, token, NULL), 0);
}

TEST(record, locks_out_the_disabled_at_once)
{
	world_each(locks_out_the_disabled_at_once);
}

/* --- hooks --- */

typedef struct {
	char order[64];
	int events;
} Seen;

static void note(Seen *seen, char hook)
{
	size_t n = strlen(seen->order);
	CHECK(n + 1 < sizeof(seen->order));
	seen->order[n] = hook;
}

static int hook_normalise(Call *c, const PhaseInfo *info, void *arg)
{
	(void)c;
	note(arg, 'n');
	if (record_text(info->record, "phone") != NULL)
		record_set_text(info->record, "phone", "+8613812341234");
	return 0;
}

static int hook_validate(Call *c, const PhaseInfo *info, void *arg)
{
	note(arg, 'v');
	if (g_strcmp0(record_text(info->record, "name"), "bad") == 0)
		return call_fault(c, "name", "bad_name", "Bad.", "坏。");
	return 0;
}

static int hook_before(Call *c, const PhaseInfo *info, void *arg)
{
	(void)c;
	note(arg, 'b');
	record_set_text(info->record, "industry", "hooked");
	return 0;
}

static int hook_after(Call *c, const PhaseInfo *info, void *arg)
{
	(void)c;
	note(arg, 'a');
	CHECK(phase_changed(info, "name"));
	CHECK((info->kind == WRITE_CREATE) == (info->before == NULL));
	return 0;
}

static int hook_event(Call *c, const PhaseInfo *info, void *arg)
{
	(void)c;
	CHECK(info->event_seq > 0);
	CHECK_TEXT(info->event->object, "account");
	((Seen *)arg)->events++;
	return 0;
}

static void runs_hooks_in_order(World *w)
{
	Seen seen = {0};
	Ask ask = {0};
	phase_add(w->house.phases, PHASE_NORMALISE, "account", hook_normalise, &seen);
	phase_add(w->house.phases, PHASE_VALIDATE, "account", hook_validate, &seen);
	phase_add(w->house.phases, PHASE_BEFORE, "account", hook_before, &seen);
	phase_add(w->house.phases, PHASE_AFTER, "account", hook_after, &seen);
	phase_add(w->house.phases, PHASE_EVENT, "account", hook_event, &seen);
	CHECK_INT(world_post(w, &world_admin, "account", "{\"name\":\"a\",\"phone\":\"138 1234 1234\"}", &ask), 0);
	CHECK_TEXT(seen.order, "nvba");
	CHECK_TEXT(json_text(ask.json, "phone"), "+8613812341234");
	CHECK_TEXT(json_text(ask.json, "industry"), "hooked");
	CHECK_INT(seen.events, 1);
	CHECK_INT(world_patch(w, &world_admin, "account", json_id(ask.json, "id"), "{\"name\":\"b\"}", &ask), 0);
	CHECK_TEXT(seen.order, "nvbanvba");
	CHECK_INT(world_post(w, &world_admin, "account", "{\"name\":\"bad\"}", &ask), ERR_INVALID);
	CHECK_TEXT(ask.code, "bad_name");
	CHECK_TEXT(seen.order, "nvbanvbanv");
	(void)world_make(w, "team", "{\"name\":\"x\"}"); /* other objects are none of their business */
	CHECK_INT(seen.events, 2);
}

TEST(record, runs_hooks_in_order)
{
	world_each(runs_hooks_in_order);
}

/* --- batch --- */

static void batch_goes_on_past_failures(World *w)
{
	char a[ID_TEXT_SIZE], b[ID_TEXT_SIZE];
	Id one = world_make(w, "account", "{\"name\":\"1\"}"), two = world_make(w, "account", "{\"name\":\"2\"}");
	int64_t changes = world_count(w, "SELECT COUNT(*) FROM change");
	Ask ask = {.params = talloc_asprintf(w,
		"{\"object\":\"account\",\"action\":\"update\",\"ids\":[\"%s\","
		"\"01890a5d-ac96-774b-bcce-b302099a8057\",\"%s\"],"
		"\"fields\":{\"city\":\"杭州\"}}", id_text(one, a), id_text(two, b))};
	CHECK_INT(world_ask(w, &world_admin, "POST", "/records/:object/batch", &ask), 0);
	CHECK_INT(json_int(ask.json, "done", 0), 2);
	const json_t *failed = json_object_get(ask.json, "failed");
	CHECK_INT(json_array_size(failed), 1);
	CHECK_TEXT(json_text(json_array_get(failed, 0), "code"), "not_found");
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM account WHERE city = '杭州'"), 2);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM change"), changes + 1);
}

TEST(record, batch_goes_on_past_failures)
{
	world_each(batch_goes_on_past_failures);
}
