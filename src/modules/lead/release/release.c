/* Lifting a freeze by QR code (L9): codes are made for whoever may lift the freeze, looked at without changing
 * anything, and used once. A code names a freeze and is no right: who uses it needs the right over that person. */
#include <sodium.h>
#include <string.h>

#include "base/random.h"
#include "call/gate.h"
#include "call/module.h"
#include "call/when.h"
#include "modules/lead/freeze.h"
#include "modules/lead/release/square.h"

#define LIFE_MS (10 * MINUTE_MS)
#define KEPT_MS (90 * DAY_MS) /* used and expired codes: long enough to say what became of them */
#define TOKEN_CHARS 43

typedef struct {
	unsigned char byte[crypto_hash_sha256_BYTES];
} CodeHash;

typedef struct {
	Id person, used_by;
	int64_t frozen_at, expires_at, used_at; /* used_at 0: not yet */
} Code;

static CodeHash hash_of(const char *token)
{
	CodeHash hash;
	crypto_hash_sha256(hash.byte, (const unsigned char *)token, strlen(token));
	return hash;
}

static void time_member(JsonOut *out, const char *key, int64_t ms)
{
	char text[WHEN_TEXT_SIZE];
	json_member_text(out, key, when_text(ms, text));
}

static void person_member(JsonOut *out, const Roster *roster, int person)
{
	const Person *p = &roster->people[person];
	json_key(out, "person");
	json_object_begin(out);
	json_member_id(out, "id", p->id);
	json_member_text(out, "name", p->name);
	json_member_text(out, "team", p->team < 0 ? NULL : roster->teams[p->team].name);
	json_object_end(out);
}

/* ---- making ---- */

static int code_store(Call *c, const Record *user, const char *token)
{
	CodeHash hash = hash_of(token);
	int r = db_exec(c->tx, "DELETE FROM release_code WHERE expires_at < $1", value_time(c->now_ms - KEPT_MS));
	return r < 0 ? r : db_exec(c->tx, "INSERT INTO release_code (hash, person, frozen_at, maker, made_at, expires_at) "
		"VALUES ($1, $2, $3, $4, $5, $6)", value_bytes(hash.byte, sizeof hash.byte), value_id(record_id(user)),
		value_time(record_int(user, "frozen_at")), value_id(c->who.user), value_time(c->now_ms),
		value_time(c->now_ms + LIFE_MS));
}

/* POST /users/:id/release-code */
static int code_make(Call *c)
{
	const Roster *roster;
	Record *user;
	char token[TOKEN_CHARS + 1], *bits;
	int size, person = -1, r = freeze_person(c, call_id(c, "id"), &roster, &person, &user);
	if (r == 0)
		r = freeze_may_lift(c, roster, person);
	if (r == 0 && record_int(user, "frozen_until") <= c->now_ms)
		r = call_fail(c, ERR_CONFLICT, "not_frozen", "This person is not frozen.", "此人未被熔断。");
	random_token(token);
	if (r == 0)
		r = code_store(c, user, token);
	if (r < 0)
		return call_store_failed(c, r);
	const char *house = c->house->public_url ? c->house->public_url : c->origin;
	const char *url = talloc_asprintf(c, "%s/release/%s", house ? house : "", token);
	if (!square_make(c, url, &size, &bits))
		return call_fail(c, ERR_INVALID, "address_too_long", "The address of this house is too long for a QR code; "
			"set --public-url.", "服务器地址过长，无法生成二维码，请设置 --public-url。");
	c->shows_secret = true;
	json_object_begin(&c->json);
	json_member_text(&c->json, "url", url);
	json_member_int(&c->json, "size", size);
	json_member_text(&c->json, "bits", bits);
	time_member(&c->json, "expires_at", c->now_ms + LIFE_MS);
	person_member(&c->json, roster, person);
	json_object_end(&c->json);
	return 0;
}

/* ---- using ---- */

static int code_load(Call *c, const CodeHash *hash, Code *ret)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT person, frozen_at, expires_at, used_at, used_by FROM release_code "
		"WHERE hash = $1", value_bytes(hash->byte, sizeof hash->byte));
	if (r < 0)
		return r;
	if (!rows_next(rows)) {
		r = rows_error(rows);
		return r < 0 ? r : call_fail(c, ERR_NOT_FOUND, "unknown_code", "This code is not valid. Scan the QR code on "
			"the board again, or have a new one made there.", "二维码无效。请重新扫描看板上的二维码，或在看板上重新生成。");
	}
	*ret = (Code){.person = rows_id(rows, 0), .frozen_at = rows_int(rows, 1), .expires_at = rows_int(rows, 2),
		.used_at = rows_int(rows, 3), .used_by = rows_id(rows, 4)};
	return 0;
}

/* A code that fell into other hands helps nobody: the same people lift a freeze with it and without. */
static int holder_check(Call *c, const Roster *roster, int person)
{
	if (gate_may(c, "lead.assign") && freeze_may_lift(c, roster, person) == 0)
		return 0;
	return call_fail(c, ERR_DENIED, "not_yours_to_lift", "You may not lift this freeze; nothing was changed. Only the "
		"supervisor of %s's team or an administrator may: let them scan the code.",
		"您无权解除此熔断，未作任何改变。只有%s所在部门的主管或管理员可以解除，请让他们扫码。", roster->people[person].name);
}

/* 0, or why this code lifts nothing (any more). */
static int code_check(Call *c, const Code *code, const Roster *roster, const Record *user)
{
	if (code->used_at)
		return call_fail(c, ERR_CONFLICT, "code_used", "This code was used already, by %s. If there is a freeze to "
			"lift, have a new one made on the board.", "此二维码已由%s使用过。如仍需解除，请在看板上重新生成。",
			roster_name(roster, code->used_by));
	if (record_int(user, "frozen_until") <= c->now_ms)
		return call_fail(c, ERR_CONFLICT, "not_frozen", "%s is not frozen any more: there is nothing to do.",
			"%s的熔断已经结束，无需操作。", record_text(user, "name"));
	if (code->frozen_at != record_int(user, "frozen_at"))
		return call_fail(c, ERR_CONFLICT, "code_outdated", "This code belongs to an earlier freeze. Have a new one "
			"made on the board.", "此二维码属于之前的一次熔断，请在看板上重新生成。");
	if (code->expires_at <= c->now_ms)
		return call_fail(c, ERR_CONFLICT, "code_expired", "This code has expired: it is good for 10 minutes. Have a "
			"new one made on the board.", "二维码已过期（10 分钟内有效），请在看板上重新生成。");
	return 0;
}

static int code_open(Call *c, const CodeHash *hash, const Roster **ret_roster, int *ret_person, Record **ret)
{
	Code code = {0};
	int r = code_load(c, hash, &code);
	if (r == 0)
		r = freeze_person(c, code.person, ret_roster, ret_person, ret);
	if (r == 0)
		r = holder_check(c, *ret_roster, *ret_person);
	return r < 0 ? r : code_check(c, &code, *ret_roster, *ret);
}

static int code_answer(Call *c, const Roster *roster, int person, const Record *user)
{
	int64_t until = record_int(user, "frozen_until");
	json_object_begin(&c->json);
	person_member(&c->json, roster, person);
	if (until) {
		time_member(&c->json, "frozen_at", record_int(user, "frozen_at"));
		time_member(&c->json, "frozen_until", until);
	}
	json_member_int(&c->json, "misses", record_int(user, "misses"));
	json_member_bool(&c->json, "released", until == 0);
	json_object_end(&c->json);
	return 0;
}

/* GET /release/:token: what the code would lift; whoever only looks changes nothing. */
static int code_show(Call *c)
{
	const Roster *roster;
	Record *user;
	CodeHash hash = hash_of(call_text(c, "token"));
	int person = -1, r = code_open(c, &hash, &roster, &person, &user);
	return r < 0 ? call_store_failed(c, r) : code_answer(c, roster, person, user);
}

/* Of two at the same moment one finds no row left to mark. */
static int code_spend(Call *c, const CodeHash *hash)
{
	int r = db_exec(c->tx, "UPDATE release_code SET used_at = $2, used_by = $3 WHERE hash = $1 AND used_at IS NULL",
		value_bytes(hash->byte, sizeof hash->byte), value_time(c->now_ms), value_id(c->who.user));
	if (r == 0 && db_changes(c->tx) == 0)
		return call_fail(c, ERR_CONFLICT, "code_used", "This code was used already, a moment ago.",
			"此二维码刚刚已被使用。");
	return r;
}

/* POST /release/:token */
static int code_use(Call *c)
{
	const Roster *roster;
	Record *user;
	CodeHash hash = hash_of(call_text(c, "token"));
	int person = -1, r = code_open(c, &hash, &roster, &person, &user);
	if (r == 0)
		r = code_spend(c, &hash);
	c->cause = "qr";
	if (r == 0)
		r = freeze_lift(c, user);
	return r < 0 ? call_store_failed(c, r) : code_answer(c, roster, person, user);
}

/* ---- the card ---- */

static const char *const migrations[] = {
	"CREATE TABLE release_code (hash {BYTES} PRIMARY KEY, person {ID} NOT NULL, frozen_at {TIME} NOT NULL, "
	"maker {ID}, made_at {TIME} NOT NULL, expires_at {TIME} NOT NULL, used_at {TIME}, used_by {ID});"
	"CREATE INDEX release_code_expires ON release_code (expires_at)",
	NULL,
};

static const Param id_params[] = {{"id", PARAM_ID, PARAM_IN_PATH, true}, {0}};
static const Param token_params[] = {
	{"token", PARAM_TEXT, PARAM_IN_PATH, true, .max = 100, .help = "The end of the address in the QR code"},
	{0},
};

static const Endpoint endpoints[] = {
	{"POST", "/users/:id/release-code", "lead.assign", CALL_WRITE, id_params, code_make,
		"A QR code that lifts this freeze once, within 10 minutes"},
	{"GET", "/release/:token", "signed_in", CALL_READ, token_params, code_show, "Whose freeze a code would lift"},
	{"POST", "/release/:token", "signed_in", CALL_WRITE, token_params, code_use, "Lift a freeze by its code"},
	{0},
};

const Module release_module = {.name = "release", .endpoints = endpoints, .migrations = migrations};
