/* The Call and its parameters: failures in the caller's language, faults all at once, times as text. */
#include "call/call.h"

#include "base/check.h"
#include "call/param.h"
#include "call/when.h"

#include <string.h>

static Call *call_make(TALLOC_CTX *ctx)
{
	static Clock clock;
	House *house = talloc_zero(ctx, House);
	house->clock = &clock;
	Call *c = call_new(ctx, house, NULL);
	c->lang = LANG_EN;
	return c;
}

TEST(call, fails_in_the_language_of_the_caller)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Call *c = call_make(ctx);
	CHECK_INT(call_fail(c, ERR_CONFLICT, "protected", "held by %s", "由%s负责", "王芳"), ERR_CONFLICT);
	CHECK_TEXT(c->err_detail, "held by 王芳");
	c->lang = LANG_ZH;
	CHECK_INT(call_fail(c, ERR_CONFLICT, "protected", "held by %s", "由%s负责", "王芳"), ERR_CONFLICT);
	CHECK_TEXT(c->err_detail, "由王芳负责");
	CHECK_INT(call_store_failed(c, ERR_STORE), ERR_STORE);
	CHECK_TEXT(c->err_code, "protected"); /* the first sentence stays */
	call_reset(c);
	CHECK_INT(c->err, 0);
	CHECK_INT(call_store_failed(c, ERR_FULL), ERR_FULL);
	CHECK_TEXT(c->err_code, "storage_full");
	talloc_free(ctx);
}

TEST(call, keeps_faults_in_order)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Call *c = call_make(ctx);
	CHECK_INT(call_fault(c, "a", "required", "x", "y"), ERR_INVALID);
	CHECK_INT(call_fault(c, "b", "type", "x%d", "y%d", 2), ERR_INVALID);
	CHECK_TEXT(c->err_code, "invalid_fields");
	CHECK_TEXT(c->faults->field, "a");
	CHECK_TEXT(c->faults->next->detail, "x2");
	CHECK(c->faults->next->next == NULL);
	talloc_free(ctx);
}

/* --- parameters --- */

static const char *find_in(void *arg, ParamPlace place, const char *name)
{
	const char *const *pairs = arg; /* "p"/"q", name, value ... */
	for (; pairs != NULL && *pairs != NULL; pairs += 3) {
		if (pairs[0][0] == (place == PARAM_IN_PATH ? 'p' : 'q') && strcmp(pairs[1], name) == 0)
			return pairs[2];
	}
	return NULL;
}

static const Param params[] = {
	{"id", PARAM_ID, PARAM_IN_PATH, .required = true},
	{"limit", PARAM_INT, PARAM_IN_QUERY, .min = 1, .max = 200},
	{"bin", PARAM_BOOL, PARAM_IN_QUERY},
	{"ids", PARAM_IDS, PARAM_IN_QUERY},
	{"summary", PARAM_TEXT, PARAM_IN_BODY, .required = true, .min = 2, .max = 4},
	{"method", PARAM_TEXT, PARAM_IN_BODY, .choices = "call|wechat"},
	{"at", PARAM_TIME, PARAM_IN_BODY},
	{"extra", PARAM_JSON, PARAM_IN_BODY},
	{.type = PARAM_END},
};

#define GOOD_ID "01890a5d-ac96-774b-bcce-b302099a8057"

static int check(Call *c, const char *const *pairs, const char *body)
{
	json_t *tree = body == NULL ? NULL : json_own(c, json_loads(body, JSON_DECODE_ANY, NULL));
	return param_check(c, params, tree, find_in, (void *)pairs);
}

TEST(param, takes_what_fits)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Call *c = call_make(ctx);
	const char *pairs[] = {"p", "id", GOOD_ID, "q", "limit", "50", "q", "bin", "true", "q", "ids",
		GOOD_ID "," GOOD_ID, NULL};
	CHECK_INT(check(c, pairs,
		"{\"summary\":\"电话沟通\",\"method\":\"wechat\",\"at\":\"2026-11-23T10:00:00+08:00\",\"extra\":[1]}"), 0);
	CHECK_INT(call_int(c, "limit", 0), 50);
	CHECK(call_flag(c, "bin", false));
	CHECK_INT(call_int(c, "at", 0), INT64_C(1795399200000));
	CHECK_INT(json_array_size(call_json(c, "ids")), 2);
	CHECK_TEXT(call_text(c, "summary"), "电话沟通");
	CHECK_INT(json_array_size(call_json(c, "extra")), 1);
	CHECK(call_text(c, "nothing") == NULL && call_int(c, "nothing", 7) == 7);
	talloc_free(ctx);
}

TEST(param, tells_all_faults_at_once)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Call *c = call_make(ctx);
	const char *pairs[] = {"p", "id", "x", "q", "limit", "5x", "q", "bin", "yes", "q", "ids", GOOD_ID ",", NULL};
	CHECK_INT(check(c, pairs, "{\"summary\":\"12345\",\"method\":\"mail\",\"at\":\"now\",\"colour\":1}"), ERR_INVALID);
	const char *expected[] = {"id type", "limit type", "bin type", "ids type", "summary too_long", "method choice",
		"at type",
		"colour unknown_parameter"};
	const FieldFault *f = c->faults;
	for (size_t i = 0; i < ARRAY_LEN(expected); i++, f = f->next) {
		CHECK(f != NULL);
		CHECK_TEXT(talloc_asprintf(ctx, "%s %s", f->field, f->code), expected[i]);
	}
	CHECK(f == NULL);
	talloc_free(ctx);
}

TEST(param, knows_required_and_bounds)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	const char *pairs[] = {"p", "id", GOOD_ID, "q", "limit", "0", NULL};
	Call *c = call_make(ctx);
	CHECK_INT(check(c, pairs, "{\"summary\":null}"), ERR_INVALID);
	CHECK_TEXT(c->faults->code, "range");
	CHECK_TEXT(c->faults->next->code, "required");
	c = call_make(ctx);
	CHECK_INT(check(c, NULL, "[]"), ERR_INVALID);
	CHECK_TEXT(c->err_code, "body_not_object");
	c = call_make(ctx);
	pairs[5] = "201";
	CHECK_INT(check(c, pairs, "{\"summary\":\"a\\u0001b\"}"), ERR_INVALID);
	CHECK_TEXT(c->faults->next->code, "control_character");
	c = call_make(ctx);
	CHECK_INT(check(c, pairs, "{\"summary\":\"a\"}"), ERR_INVALID);
	CHECK_TEXT(c->faults->next->code, "too_short");
	c = call_make(ctx);
	pairs[5] = "99999999999999999999";
	CHECK_INT(check(c, pairs, "{\"summary\":\"ab\"}"), ERR_INVALID);
	CHECK_TEXT(c->faults->code, "type");
	c = call_make(ctx);
	pairs[5] = "\xff";
	CHECK_INT(check(c, pairs, "{\"summary\":\"ab\"}"), ERR_INVALID);
	CHECK_TEXT(c->faults->code, "utf8");
	talloc_free(ctx);
}

TEST(param, hands_over_the_whole_body)
{
	static const Param whole[] = {{"fields", PARAM_BODY, PARAM_IN_BODY}, {.type = PARAM_END}};
	TALLOC_CTX *ctx = talloc_new(NULL);
	Call *c = call_make(ctx);
	json_t *body = json_own(ctx, json_loads("{\"any\":1}", 0, NULL));
	CHECK_INT(param_check(c, whole, body, find_in, NULL), 0);
	CHECK_INT(json_int(c->body, "any", 0), 1);
	c = call_make(ctx);
	CHECK_INT(param_check(c, NULL, body, find_in, NULL), ERR_INVALID);
	c = call_make(ctx);
	CHECK_INT(param_check(c, NULL, NULL, find_in, NULL), 0);
	talloc_free(ctx);
}

/* --- times --- */

TEST(when, reads_and_writes_rfc_3339)
{
	char out[WHEN_TEXT_SIZE];
	int64_t ms = 0;
	CHECK_TEXT(when_text(0, out), "1970-01-01T00:00:00.000Z");
	CHECK_TEXT(when_text(INT64_C(1795399200123), out), "2026-11-23T02:00:00.123Z");
	CHECK_TEXT(when_text(INT64_MIN, out), "0001-01-01T00:00:00.000Z");
	CHECK_TEXT(when_text(INT64_MAX, out), "9999-12-31T23:59:59.999Z");
	for (int64_t at = -62135596800000; at < INT64_C(253402300799999); at += INT64_C(86399999) * 37) {
		CHECK(when_parse(when_text(at, out), WHEN_TEXT_SIZE - 1, &ms));
		CHECK_INT(ms, at);
	}
	const char *good[] = {"2024-02-29T00:00:00Z", "2026-11-23t10:00:00.123456789+08:00", "2026-11-23 10:00:00-00:30"};
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		CHECK(when_parse(good[i], strlen(good[i]), &ms));
	const char *bad[] = {"", "2026-11-23", "2026-11-23T10:00:00", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
		"2026-11-23T24:00:00Z", "2026-11-23T10:00:00.Z", "2026-11-23T10:00:00Zx", "2026-11-23T10:00:00+0800", "x",
		"0000-01-01T00:00:00Z", "+026-11-23T10:00:00Z"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK(!when_parse(bad[i], strlen(bad[i]), &ms));
	CHECK(when_day_valid("2026-11-23", 10) && !when_day_valid("2026-11-31", 10) && !when_day_valid("2026-11-23x", 11));
}
