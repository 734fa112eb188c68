/* People as accounts: made with a password, changed by themselves, never locked out altogether. Who may get leads is
 * the business of modules/lead; here it is about signing in. */
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "call/gate.h"
#include "call/module.h"
#include "record/phase.h"

#define PASSWORD_MIN 8
#define PASSWORD_MAX 200

/* A password on its way into the transaction. */
typedef struct {
	char text[PASSWORD_MAX + 1];
	char hash[128];
	bool made; /* by the house: shown once, to be changed at the first sign-in */
} Password;

static int password_given(Call *c, const json_t *value, Password *p)
{
	const char *text = json_string_value(value);
	if (!text || strlen(text) < PASSWORD_MIN || strlen(text) > PASSWORD_MAX)
		return call_fault(c, "password", "password_length", "A password has at least 8 characters.",
		                  "密码至少 8 个字符。");
	snprintf(p->text, sizeof p->text, "%s", text);
	return 0;
}

/* The password of the body, or one that is made; hashed outside any transaction, for that takes its time. */
static int password_prepare(Call *c, const json_t *value, Password *p)
{
	char token[44];
	int r = 0;
	*p = (Password){.made = !value || json_is_null(value)};
	if (p->made) {
		random_token(token);
		snprintf(p->text, sizeof p->text, "%.12s", token);
	} else
		r = password_given(c, value, p);
	return r < 0 ? r : gate_password_hash(p->text, p->hash);
}

/* ---- a new person ---- */

typedef struct {
	json_t *fields;
	Password password;
} NewPerson;

static void answer_person(Call *c, const Record *user, const Password *p)
{
	Buf *plain = buf_new(c, 64 * 1024);
	JsonOut o = json_out(plain);
	record_write(user, &o);
	/* the record's object without its last brace, then what only this answer tells */
	buf_append(c->out, plain->data, plain->len - 1);
	buf_puts(c->out, ",\"_change\":");
	JsonOut tail = json_out(c->out);
	json_put_id(&tail, c->change);
	if (p->made) {
		buf_puts(c->out, ",\"password\":");
		JsonOut secret = json_out(c->out);
		json_put_text(&secret, p->text);
	}
	buf_puts(c->out, "}");
	c->shows_secret = p->made;
	c->status = 201;
}

static int person_write(Call *c, void *arg)
{
	const NewPerson *new = arg;
	Record *user = record_new(c, meta_object_of(c, "user"));
	int r = record_apply_json(c, user, new->fields);
	if (r == 0)
		r = record_create(c, user, 0);
	if (r == 0)
		r = gate_password_set(c, record_id(user), new->password.hash, new->password.made);
	if (r == 0)
		answer_person(c, user, &new->password);
	return r;
}

static int person_create(Call *c)
{
	NewPerson *new = talloc_zero(c, NewPerson);
	new->fields = json_own(c, json_copy(c->body));
	int r = password_prepare(c, json_object_get(c->body, "password"), &new->password);
	if (r < 0)
		return r;
	json_object_del(new->fields, "password");
	return call_write_wait(c, person_write, new);
}

/* ---- a new password ---- */

static int password_write(Call *c, void *arg)
{
	const Password *p = arg;
	Record *user;
	int r = record_load(c, "user", call_id(c, "id"), &user);
	if (r < 0)
		return r;
	r = gate_password_set(c, record_id(user), p->hash, true);
	return r < 0 ? r : gate_sessions_end(c, record_id(user));
}

static int password_reset(Call *c)
{
	Password *p = talloc(c, Password);
	int r = password_prepare(c, NULL, p);
	if (r < 0)
		return r;
	if ((r = call_write_wait(c, password_write, p)) < 0)
		return r;
	c->shows_secret = true;
	json_object_begin(&c->json);
	json_member_text(&c->json, "password", p->text);
	json_object_end(&c->json);
	return 0;
}

/* ---- oneself ---- */

static int me_change(Call *c)
{
	Record *me;
	const char *language = call_text(c, "language");
	int r = record_load_any(c, "user", c->who.user, &me);
	if (r < 0)
		return r;
	if (language)
		record_set_text(me, "language", language);
	if (call_json(c, "absent"))
		record_set(me, "absent", value_bool(call_flag(c, "absent", false)));
	if (call_json(c, "absent_until"))
		record_set_time(me, "absent_until", call_int(c, "absent_until", 0));
	if ((r = record_update(c, me, RECORD_AS_HOUSE)) < 0)
		return r;
	record_write(me, &c->json);
	return 0;
}

/* ---- what follows a change of a person ---- */

static bool signs_in(const Record *user)
{
	return record_int(user, "active") != 0 && value_is_null(record_get(user, "deleted_at"));
}

static int person_changed(Call *c, const PhaseInfo *info, void *arg)
{
	(void)arg;
	bool leaves = info->before && (info->kind == WRITE_DELETE || !signs_in(info->record));
	return leaves ? gate_sessions_end(c, record_id(info->record)) : 0;
}

static bool is_administrator(const Record *user)
{
	const char *role = record_text(user, "role");
	return role && strcmp(role, "administrator") == 0;
}

/* Somebody must be left who can change the rules. */
static int last_administrator(Call *c, const PhaseInfo *info, void *arg)
{
	(void)arg;
	int64_t others;
	const Record *user = info->record;
	bool stays = info->kind != WRITE_DELETE && signs_in(user) && is_administrator(user);
	if (info->kind == WRITE_CREATE || stays)
		return 0;
	int r = db_int(
		c->tx, &others,
		"SELECT count(*) FROM person WHERE role = 'administrator' AND active = 1 AND deleted_at IS NULL AND id <> $1",
		value_id(record_id(user)));
	if (r < 0 || others > 0)
		return r;
	return call_fail(c, ERR_CONFLICT, "last_administrator",
	                 "This is the last administrator who can sign in. Make somebody else an administrator first.",
	                 "这是最后一位可登录的管理员，请先指定另一位管理员。");
}

static int people_start(House *house)
{
	phase_add(house->phases, PHASE_BEFORE, "user", last_administrator, NULL);
	phase_add(house->phases, PHASE_AFTER, "user", person_changed, NULL);
	return 0;
}

static const Param body_params[] = {
	{"password", PARAM_TEXT, .max = PASSWORD_MAX, .secret = true,
     .help = "First password; left out, one is made and shown once"},
	{"fields", PARAM_BODY, .help = "Fields of the person"},
	{0},
};
static const Param reset_params[] = {
	{"id", PARAM_ID, PARAM_IN_PATH, true, .help = "Person"},
	{0},
};
static const Param me_params[] = {
	{"language", PARAM_TEXT, .max = 2, .choices = "zh|en", .help = "Language of the screen"},
	{"absent", PARAM_BOOL, .help = "Not at work: no new leads"},
	{"absent_until", PARAM_TIME, .help = "Back at work at this time"},
	{0},
};

static const Endpoint endpoints[] = {
	{"POST", "/records/user", "people.manage", CALL_WORKER, body_params, person_create,
     "Make a person with a first password"},
	{"POST", "/users/:id/password", "people.manage", CALL_WORKER, reset_params, password_reset,
     "Make a new password, shown once"},
	{"PATCH", "/me", "signed_in", CALL_WRITE, me_params, me_change, "Change my language and presence"},
	{0},
};

const Module people_module = {.name = "people", .endpoints = endpoints, .start = people_start};
