/* What people and administrators do: policy and its versions (F4), claim and return, hand-over, conversion and its
 * undo, and what desk, board and lead page show. */
#include <string.h>

#include "modules/lead/lead_world.h"

#define TOUCH "{\"method\":\"call\",\"summary\":\"spoke about the offer and the next steps\"}"

static const char *hex(World *w, Id id)
{
	return id_text(id, talloc_array(w, char, ID_TEXT_SIZE));
}

static Id owner_of(World *w, Id lead)
{
	return record_ref(world_get(w, "lead", lead), "owner");
}

static const char *policy_json(World *w, const Policy *policy)
{
	Buf *buf = buf_new(w, LEAD_BODY_MAX);
	JsonOut out = json_out(buf);
	json_object_begin(&out);
	json_key(&out, "policy");
	policy_write(policy, &out);
	json_member_text(&out, "note", "test");
	json_object_end(&out);
	return buf->data;
}

static Identity admin_of(World *w)
{
	(void)w;
	return (Identity){.user = w->head, .role = ROLE_ADMINISTRATOR, .name = "Admin", .login = "admin"};
}

static size_t items(const json_t *answer, const char *key)
{
	return json_array_size(json_object_get(answer, key));
}

static const json_t *item(const json_t *answer, const char *key, size_t i)
{
	return json_array_get(json_object_get(answer, key), i);
}

/* ---- policy ---- */

static void refused(World *w, const char *json, const char *expected)
{
	Identity admin = admin_of(w);
	const char *code = NULL;
	(void)world_ask(w, &admin, "PUT", "/policy", ID_NIL, talloc_asprintf(w, "{\"policy\":%s}", json), &code);
	CHECK_TEXT(code, expected);
}

static void policy_faults_body(World *w)
{
	const char *pool = hex(w, w->pool);
	int64_t before = world_count(w, "SELECT COUNT(*) FROM policy");
	refused(w, "[]", "not_object");
	refused(w, "{}", "required");
	refused(w, talloc_asprintf(w, "{\"pools\":[],\"fallback_pool\":\"%s\"}", pool), "required");
	refused(w, talloc_asprintf(w, "{\"pools\":[{\"pool\":\"%s\"}]}", pool), "required");
	refused(w, talloc_asprintf(w, "{\"pools\":[{\"pool\":\"%s\"},{\"pool\":\"%s\"}],\"fallback_pool\":\"%s\"}", pool,
		pool, pool), "twice");
	refused(w, talloc_asprintf(w, "{\"pools\":[{\"pool\":\"%s\"}],\"fallback_pool\":\"%s\"}", hex(w, w->team), pool),
		"unknown_pool");
	const char *const wrong[][2] = {{"\"touch_minutes\":0", "out_of_range"}, {"\"load_max\":\"3\"", "out_of_range"},
		{"\"hops_max\":1.5", "out_of_range"}, {"\"territory_by\":[]", "invalid"},
		{"\"territory_by\":[\"city\",\"city\"]", "invalid"},
		{"\"rank\":[\"luck\"]", "invalid"}, {"\"out_of_hours\":\"on_call\"", "required"}, {"\"out_of_hours\":\"never\"",
		"invalid"},
		{"\"surprise\":1", "unknown"}};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		refused(w, talloc_asprintf(w, "{\"pools\":[{\"pool\":\"%s\"}],\"fallback_pool\":\"%s\",%s}", pool, pool,
		wrong[i][0]), wrong[i][1]);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM policy"), before);
}

TEST(policy, refuses_what_is_wrong_and_says_where)
{
	world_each(1, policy_faults_body);
}

static void policy_versions_body(World *w)
{
	Identity admin = admin_of(w);
	Policy policy = world_policy_now(w);
	policy.touch_minutes = 7;
	policy.out_of_hours = POLICY_ON_CALL;
	policy.on_call = w->people[0];
	const json_t *saved = world_ask(w, &admin, "PUT", "/policy", ID_NIL, policy_json(w, &policy), NULL);
	CHECK_INT(json_int(saved, "version", 0), 2);
	CHECK_INT(json_int(json_object_get(saved, "policy"), "touch_minutes", 0), 7);
	Policy read = world_policy_now(w);
	CHECK_INT(read.out_of_hours, POLICY_ON_CALL);
	CHECK(id_equal(read.on_call, w->people[0]));
	Id lead = world_lead(w, "{\"name\":\"a\"}");
	Record *r = world_get(w, "lead", lead);
	CHECK_INT(record_int(r, "respond_by") - record_int(r, "assigned_at"), 7 * MINUTE_MS);
	const json_t *back = world_ask(w, &admin, "POST", "/policy/versions/:version/restore", ID_NIL, "{\"version\":1}",
		NULL);
	CHECK_INT(json_int(back, "version", 0), 3);
	CHECK_INT(json_int(json_object_get(back, "policy"), "touch_minutes", 0), 5);
	const json_t *list = world_ask(w, &admin, "GET", "/policy/versions", ID_NIL, NULL, NULL);
	CHECK_INT(items(list, "items"), 3);
	CHECK(json_flag(item(list, "items", 0), "in_force", false));
	Identity seller = world_who(w, w->people[0], ROLE_SALESPERSON);
	const char *code;
	(void)world_ask(w, &seller, "PUT", "/policy", ID_NIL, policy_json(w, &policy), &code);
	CHECK_TEXT(code, "denied");
}

TEST(policy, is_kept_in_versions_and_goes_back_with_one_click)
{
	world_each(1, policy_versions_body);
}

/* Of 100 leads 13 say their district; the rule is changed from province + city to province + district. */
static void f4_body(World *w)
{
	Identity admin = admin_of(w);
	Id shanghai = world_make(w, "territory", "{\"name\":\"上海\",\"codes\":[31]}");
	for (int i = 0; i < 2; i++)
		world_change(w, "user", w->people[i], talloc_asprintf(w, "{\"territories\":[\"%s\"],\"capacity\":200}", hex(w,
		shanghai)));
	Policy policy = world_policy_now(w);
	policy.load_max = 200;
	world_policy(w, &policy);
	for (int i = 0; i < 100; i++)
		(void)world_lead(w, i < 13 ? "{\"name\":\"a\",\"region\":310115}" : "{\"name\":\"a\",\"region\":3101}");
	policy.territory_by = POLICY_PROVINCE | POLICY_DISTRICT;
	const json_t *tried = world_ask(w, &admin, "POST", "/policy/try", ID_NIL, policy_json(w, &policy), NULL);
	CHECK_INT(json_int(tried, "leads", 0), 100);
	CHECK_INT(json_int(tried, "unmatched_before", -1), 0);
	CHECK_INT(json_int(tried, "unmatched_after", 0), 87);
	CHECK(json_real_value(json_object_get(tried, "unmatched_share")) == 0.87);
	CHECK(strstr(json_text(tried, "warning"), "87") != NULL);
	CHECK_TEXT(json_text(item(tried, "samples", 0), "why"), "territory");
	CHECK(json_int(tried, "took_ms", 99999) < 1000);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM policy"), 2); /* nothing was changed by trying */

	(void)world_ask(w, &admin, "PUT", "/policy", ID_NIL, policy_json(w, &policy), NULL);
	Id stray = world_lead(w, "{\"name\":\"b\",\"region\":3101}");
	Record *r = world_get(w, "lead", stray);
	CHECK(id_is_nil(record_ref(r, "owner")));
	CHECK(id_equal(record_ref(r, "pool"), w->fallback));
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM alert WHERE reason = 'lead.waiting'"), 1);
	(void)world_ask(w, &admin, "POST", "/policy/versions/:version/restore", ID_NIL, "{\"version\":2}", NULL);
	world_to(w, clock_now_ms(&w->clock) + 1000);
	CHECK(!id_is_nil(owner_of(w, stray))); /* the backlog found its people */
}

TEST(policy, field_failure_F4_says_before_saving_and_goes_back)
{
	world_each(2, f4_body);
}

static void procedure_body(World *w)
{
	Identity seller = world_who(w, w->people[0], ROLE_SALESPERSON);
	Policy policy = world_policy_now(w);
	policy.hops_max = 7;
	world_policy(w, &policy);
	const json_t *zh = world_ask(w, &seller, "GET", "/procedure", ID_NIL, "{\"lang\":\"zh\"}", NULL);
	const json_t *en = world_ask(w, &seller, "GET", "/procedure", ID_NIL, "{\"lang\":\"en\"}", NULL);
	CHECK_INT(json_int(zh, "version", 0), 2);
	CHECK_INT(items(zh, "sections"), 6);
	CHECK(strstr(json_string_value(item(item(zh, "sections", 4), "steps", 2)), "7 次流转") != NULL);
	CHECK(strstr(json_string_value(item(item(en, "sections", 4), "steps", 2)), "7 misses") != NULL);
	CHECK(strstr(json_string_value(item(item(en, "sections", 4), "steps", 0)), "2 hours") != NULL);
}

TEST(policy, is_told_in_plain_words)
{
	world_each(1, procedure_body);
}

/* ---- claim, return, hand over ---- */

static void claim_body(World *w)
{
	Identity first = world_who(w, w->people[0], ROLE_SALESPERSON), second = world_who(w, w->people[1],
		ROLE_SALESPERSON);
	Id lead = world_lead(w, "{\"name\":\"a\"}");
	bool mine = id_equal(owner_of(w, lead), w->people[0]);
	Identity *holder = mine ? &first : &second, *other = mine ? &second : &first;
	const char *code;
	(void)world_ask(w, other, "POST", "/leads/:id/return", lead, "{\"reason\":\"wrong\"}", &code);
	CHECK_TEXT(code, "protected");
	const json_t *back = world_ask(w, holder, "POST", "/leads/:id/return", lead, "{\"reason\":\"out of my line\"}",
		NULL);
	CHECK(json_is_null(json_object_get(back, "owner")));
	CHECK_TEXT(json_text(back, "wait_reason"), "returned");
	CHECK_TEXT(json_text(json_object_get(json_object_get(back, "_view"), "pool"), "name"), "pool");
	const json_t *desk = world_ask(w, other, "GET", "/desk", ID_NIL, NULL, NULL);
	CHECK_INT(items(desk, "waiting"), 1);
	const json_t *claimed = world_ask(w, other, "POST", "/leads/:id/claim", lead, NULL, NULL);
	CHECK_TEXT(json_text(claimed, "owner"), hex(w, other->user));
	CHECK_TEXT(json_text(claimed, "clock"), "running");
	(void)world_ask(w, holder, "POST", "/leads/:id/claim", lead, NULL, &code);
	CHECK_TEXT(code, "already_taken");
	(void)world_ask(w, other, "POST", "/leads/:id/claim", lead, NULL, &code);
	CHECK_TEXT(code, "already_taken");
	for (int i = 0; i < 2; i++) {
		(void)world_ask(w, other, "POST", "/leads/:id/return", lead, "{\"reason\":\"again\"}", NULL);
		(void)world_ask(w, other, "POST", "/leads/:id/claim", lead, NULL, &code);
	}
	CHECK_TEXT(code, "claim_limit");
}

TEST(desk, claim_and_return)
{
	world_each(2, claim_body);
}

static void returned_body(World *w)
{
	Id lead = world_lead(w, "{\"name\":\"a\"}");
	bool mine = id_equal(owner_of(w, lead), w->people[0]);
	Identity holder = world_who(w, w->people[mine ? 0 : 1], ROLE_SALESPERSON);
	(void)world_ask(w, &holder, "POST", "/leads/:id/return", lead, "{\"reason\":\"out of my line\"}", NULL);
	world_to(w, clock_now_ms(&w->clock) + 4 * MINUTE_MS);
	CHECK(id_is_nil(owner_of(w, lead))); /* time to claim it */
	world_to(w, clock_now_ms(&w->clock) + 2 * MINUTE_MS);
	CHECK(id_equal(owner_of(w, lead), w->people[mine ? 1 : 0]));
}

TEST(desk, a_returned_lead_nobody_claims_is_given_to_another)
{
	world_each(2, returned_body);
}

static void hand_over_body(World *w)
{
	Identity head = world_who(w, w->head, ROLE_SUPERVISOR);
	Id lead[2] = {world_lead(w, "{\"name\":\"a\"}"), world_lead(w, "{\"name\":\"b\"}")};
	const json_t *moved = world_ask(w, &head, "POST", "/leads/:id/assign", lead[0],
		talloc_asprintf(w, "{\"to\":\"%s\",\"note\":\"yours\"}", hex(w, w->people[1])), NULL);
	CHECK_TEXT(json_text(moved, "owner"), hex(w, w->people[1]));
	CHECK_INT(json_int(moved, "hops", -1), 0);
	const json_t *bulk = world_ask(w, &head, "POST", "/leads/assign", ID_NIL, talloc_asprintf(w,
		"{\"ids\":[\"%s\",\"%s\",\"%s\"],\"to\":\"%s\"}", hex(w, lead[0]), hex(w, w->team), hex(w, lead[1]), hex(w,
		w->people[0])), NULL);
	CHECK_INT(json_int(bulk, "done", 0), 2);
	CHECK_INT(items(bulk, "failed"), 1);
	CHECK_TEXT(json_text(item(bulk, "failed", 0), "code"), "not_found");
	CHECK(id_equal(owner_of(w, lead[0]), w->people[0]));
	CHECK(id_equal(owner_of(w, lead[1]), w->people[0]));
	const char *code;
	world_change(w, "user", w->people[1], "{\"active\":false}");
	(void)world_ask(w, &head, "POST", "/leads/:id/assign", lead[0], talloc_asprintf(w, "{\"to\":\"%s\"}", hex(w,
		w->people[1])), &code);
	CHECK_TEXT(code, "unknown_person");
	Identity seller = world_who(w, w->people[0], ROLE_SALESPERSON);
	(void)world_ask(w, &seller, "POST", "/leads/:id/assign", lead[0], talloc_asprintf(w, "{\"to\":\"%s\"}", hex(w,
		w->head)), &code);
	CHECK_TEXT(code, "denied");
}

TEST(desk, supervisors_hand_over_one_or_many)
{
	world_each(2, hand_over_body);
}

/* ---- a lead's life (L15) ---- */

typedef struct {
	Id change;
} Undo;

static int undo(Call *c, void *arg)
{
	return record_undo(c, ((Undo *)arg)->change);
}

static void convert_body(World *w)
{
	Id lead = world_lead(w, "{\"name\":\"王小明\",\"company\":\"上海榫卯软件有限公司\",\"phone\":\"+8613800138000\"}");
	Identity me = world_who(w, w->people[0], ROLE_SALESPERSON);
	(void)world_ask(w, &me, "POST", "/leads/:id/touch", lead, TOUCH, NULL);
	const json_t *made = world_ask(w, &me, "POST", "/leads/:id/convert", lead,
		"{\"opportunity\":{\"name\":\"first\",\"amount\":\"12000.50\"}}", NULL);
	CHECK_TEXT(json_text(json_object_get(made, "account"), "name"), "上海榫卯软件有限公司");
	CHECK_TEXT(json_text(json_object_get(made, "contact"), "phone"), "+8613800138000");
	CHECK_TEXT(json_text(json_object_get(made, "opportunity"), "amount"), "12000.5000");
	CHECK_TEXT(json_text(json_object_get(made, "lead"), "status"), "converted");
	const char *code;
	(void)world_ask(w, &me, "POST", "/leads/:id/convert", lead, NULL, &code);
	CHECK_TEXT(code, "closed");
	Id again = world_lead(w, "{\"name\":\"李四\",\"company\":\"榫卯软件\"}");
	(void)world_ask(w, &me, "POST", "/leads/:id/convert", again,
		"{\"account\":{\"name\":\"榫卯软件\"},\"opportunity\":null}", &code);
	CHECK_TEXT(code, "account_exists");
	const json_t *same = world_ask(w, &me, "POST", "/leads/:id/convert", again, talloc_asprintf(w,
		"{\"account\":{\"id\":\"%s\"},\"opportunity\":null}", json_text(json_object_get(made, "account"), "id")), NULL);
	CHECK(json_is_null(json_object_get(same, "opportunity")));
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM account WHERE deleted_at IS NULL"), 1);
	Undo arg = {json_id(same, "change")};
	world_do(w, &me, undo, &arg);
	arg.change = json_id(made, "change");
	world_do(w, &me, undo, &arg);
	Record *r = world_get(w, "lead", lead);
	CHECK_TEXT(record_text(r, "status"), "contacting");
	CHECK(id_is_nil(record_ref(r, "converted_account")));
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM account WHERE deleted_at IS NULL"), 0);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM contact WHERE deleted_at IS NULL"), 0);
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM opportunity WHERE deleted_at IS NULL"), 0);
}

TEST(desk, conversion_makes_all_three_and_can_be_undone)
{
	world_each(1, convert_body);
}

static void invalid_body(World *w)
{
	Id lead = world_lead(w, "{\"name\":\"a\"}");
	Identity me = world_who(w, w->people[0], ROLE_SALESPERSON);
	const char *code;
	(void)world_ask(w, &me, "POST", "/leads/:id/qualify", lead, NULL, &code);
	CHECK_TEXT(code, "not_contacted");
	const json_t *closed = world_ask(w, &me, "POST", "/leads/:id/invalid", lead, "{\"reason\":\"no such number\"}",
		NULL);
	CHECK_TEXT(json_text(closed, "status"), "invalid");
	CHECK_TEXT(json_text(closed, "invalid_reason"), "no such number");
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM timer WHERE kind = 'lead.due'"), 0);
	(void)world_ask(w, &me, "POST", "/leads/:id/touch", lead, TOUCH, &code);
	CHECK_TEXT(code, "closed");
	Undo arg = {json_id(closed, "_change")};
	world_do(w, &me, undo, &arg);
	CHECK_TEXT(record_text(world_get(w, "lead", lead), "clock"), "running");
	CHECK_INT(world_count(w, "SELECT COUNT(*) FROM timer WHERE kind = 'lead.due'"), 1); /* the deadline stands again */
}

TEST(desk, an_invalid_lead_stops_its_clock_until_undone)
{
	world_each(1, invalid_body);
}

/* ---- by hand ---- */

static void create_body(World *w)
{
	Identity me = world_who(w, w->people[0], ROLE_SALESPERSON);
	const json_t *first = world_ask(w, &me, "POST", "/records/lead", ID_NIL,
		"{\"name\":\"王小明\",\"company\":\"上海榫卯软件有限公司\",\"phone\":\"138 0013 8000\",\"city\":\"上海\"}", NULL);
	CHECK_TEXT(json_text(first, "phone"), "+8613800138000");
	CHECK_TEXT(json_text(first, "status"), "new");
	CHECK_TEXT(json_text(first, "owner"), hex(w, w->people[0]));
	CHECK_INT(items(first, "duplicates"), 0);
	const json_t *check = world_ask(w, &me, "POST", "/leads/check", ID_NIL,
		"{\"phone\":\"13800138000\",\"email\":\"no mail\"}", NULL);
	CHECK_INT(items(check, "items"), 1);
	CHECK_TEXT(json_text(item(check, "items", 0), "risk"), "high");
	CHECK_TEXT(json_text(item(check, "faults", 0), "field"), "email");
	const json_t *second = world_ask(w, &me, "POST", "/records/lead", ID_NIL,
		"{\"name\":\"王先生\",\"phone\":\"13800138000\"}", NULL);
	CHECK_INT(items(second, "duplicates"), 1);
	CHECK_TEXT(json_text(second, "duplicate_mark"), "high");
	const json_t *like = world_ask(w, &me, "GET", "/leads/:id/duplicates", json_id(second, "id"), NULL, NULL);
	CHECK_TEXT(json_text(item(like, "items", 0), "id"), json_text(first, "id"));
	const char *code;
	(void)world_ask(w, &me, "POST", "/records/lead", ID_NIL, "{\"message\":\"?\"}", &code);
	CHECK_TEXT(code, "required");
	(void)world_ask(w, &me, "POST", "/records/lead", ID_NIL, "{\"name\":\"a\",\"phone\":\"12\"}", &code);
	CHECK_TEXT(code, "bad_phone");
}

TEST(desk, a_lead_by_hand_is_matched_and_placed)
{
	world_each(1, create_body);
}

static void known_body(World *w)
{
	world_make(w, "account", talloc_asprintf(w,
		"{\"name\":\"上海榫卯软件有限公司\",\"email\":\"info@sunmao.example\",\"owner\":\"%s\"}",
		hex(w, w->people[1])));
	Identity me = world_who(w, w->people[0], ROLE_SALESPERSON);
	for (int i = 0; i < 2; i++) {
		const json_t *lead = world_ask(w, &me, "POST", "/records/lead", ID_NIL,
			"{\"name\":\"a\",\"email\":\"x@sunmao.example\"}", NULL);
		CHECK_TEXT(json_text(lead, "owner"), hex(w, w->people[1]));
	}
	world_change(w, "user", w->people[1], "{\"absent\":true}");
	const json_t *lead = world_ask(w, &me, "POST", "/records/lead", ID_NIL,
		"{\"name\":\"a\",\"email\":\"y@sunmao.example\"}", NULL);
	CHECK_TEXT(json_text(lead, "owner"), hex(w, w->people[0]));
}

TEST(desk, a_known_customers_lead_goes_to_its_owner_if_present)
{
	world_each(2, known_body);
}

/* ---- what is shown ---- */

static void page_body(World *w)
{
	Identity me = world_who(w, w->people[0], ROLE_SALESPERSON);
	world_change(w, "user", w->people[1], "{\"absent\":true}");
	Id lead = world_lead(w, "{\"name\":\"王小明\",\"phone\":\"+8613800138000\"}");
	const json_t *page = world_ask(w, &me, "GET", "/leads/:id", lead, NULL, NULL), *view = json_object_get(page,
		"_view");
	CHECK_TEXT(json_text(json_object_get(view, "owner"), "name"), "P0");
	CHECK_TEXT(json_text(json_object_get(view, "countdown"), "state"), "running");
	CHECK(json_int(json_object_get(view, "countdown"), "left_ms", 0) > 4 * MINUTE_MS);
	CHECK(json_flag(json_object_get(view, "may"), "touch", false));
	CHECK(!json_flag(json_object_get(view, "may"), "assign", true));
	const json_t *why = world_ask(w, &me, "GET", "/leads/:id/assignments", lead, NULL, NULL), *first = item(why,
		"items", 0);
	CHECK_TEXT(json_text(first, "kind"), "first");
	CHECK_TEXT(json_text(item(first, "candidates", 0), "name"), "P0");
	CHECK_INT(items(first, "dropped"), 3); /* absent; and head and administrator, who are in no pool */
	CHECK_TEXT(json_text(item(first, "dropped", 0), "rule"), "absent");
	CHECK_TEXT(json_text(item(first, "dropped", 1), "rule"), "pool");
	(void)world_ask(w, &me, "POST", "/leads/:id/touch", lead, TOUCH, NULL);
	const json_t *line = world_ask(w, &me, "GET", "/leads/:id/timeline", lead, NULL, NULL);
	CHECK(items(line, "items") >= 2);
	CHECK_TEXT(json_text(item(line, "items", items(line, "items") - 1), "kind"), "assignment");
	const char *code;
	Identity other = world_who(w, w->people[1], ROLE_SALESPERSON);
	(void)world_ask(w, &other, "GET", "/leads/:id", lead, NULL, &code);
	CHECK_TEXT(code, "not_found");
}

TEST(desk, the_page_shows_whose_it_is_and_why)
{
	world_each(2, page_body);
}

static void desk_body(World *w)
{
	Identity me = world_who(w, w->people[0], ROLE_SALESPERSON);
	Id lead[3];
	for (int i = 0; i < 3; i++) {
		lead[i] = world_lead(w, "{\"name\":\"a\"}");
		world_to(w, clock_now_ms(&w->clock) + 1000);
	}
	const json_t *desk = world_ask(w, &me, "GET", "/desk", ID_NIL, NULL, NULL);
	CHECK_INT(items(desk, "cards"), 3);
	CHECK_TEXT(json_text(item(desk, "cards", 0), "id"), hex(w, lead[2])); /* newest assignment first */
	CHECK(json_flag(item(desk, "cards", 0), "unread", false));
	CHECK_INT(items(desk, "top"), 3);
	CHECK_TEXT(json_text(json_object_get(item(desk, "top", 0), "lead"), "id"), hex(w, lead[0])); /* least time left */
	CHECK_INT(json_int(json_object_get(desk, "today"), "new", 0), 3);
	(void)world_ask(w, &me, "POST", "/desk/seen", ID_NIL, talloc_asprintf(w, "{\"ids\":[\"%s\"]}", hex(w, lead[2])),
		NULL);
	(void)world_ask(w, &me, "POST", "/leads/:id/touch", lead[1], TOUCH, NULL);
	desk = world_ask(w, &me, "GET", "/desk", ID_NIL, NULL, NULL);
	CHECK_INT(items(desk, "cards"), 2);
	CHECK(!json_flag(item(desk, "cards", 0), "unread", true));
	CHECK_INT(json_int(json_object_get(desk, "today"), "touched", 0), 1);
}

TEST(desk, cards_top_three_and_today)
{
	world_each(1, desk_body);
}

static void board_body(World *w)
{
	Identity head = world_who(w, w->head, ROLE_SUPERVISOR);
	for (int i = 0; i < 4; i++)
		(void)world_lead(w, "{\"name\":\"a\"}");
	const json_t *board = world_ask(w, &head, "GET", "/board", ID_NIL, NULL, NULL);
	CHECK_INT(items(board, "running_out"), 3);
	CHECK_INT(items(board, "people"), 1);
	CHECK_TEXT(json_text(item(board, "people", 0), "state"), "full");
	CHECK_INT(json_int(item(board, "people", 0), "untouched", 0), 3);
	world_to(w, clock_now_ms(&w->clock) + 6 * MINUTE_MS); /* three misses at once: frozen, and nobody else is there */
	Identity admin = admin_of(w);
	board = world_ask(w, &admin, "GET", "/board", ID_NIL, NULL, NULL);
	CHECK_INT(items(board, "stuck"), 4);
	CHECK_INT(json_int(json_object_get(board, "counts"), "waiting", 0), 4);
	board = world_ask(w, &head, "GET", "/board", ID_NIL, NULL, NULL);
	CHECK_TEXT(json_text(item(board, "people", 0), "state"), "frozen");
	CHECK_INT(json_int(json_object_get(item(board, "people", 0), "today"), "missed", 0), 3);
	CHECK_INT(json_int(json_object_get(board, "cross_grabs"), "count", -1), 0);
	Identity seller = world_who(w, w->people[0], ROLE_SALESPERSON);
	const char *code;
	(void)world_ask(w, &seller, "GET", "/board", ID_NIL, NULL, &code);
	CHECK_TEXT(code, "denied");
}

TEST(desk, the_board_shows_what_runs_out_and_who_is_stuck)
{
	world_each(1, board_body);
}
