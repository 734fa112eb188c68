/* The gate on a database: sign-in, sessions, keys, rights, and that what was ended is refused at once. SQLite
 * always, PostgreSQL when TENON_TEST_DATABASE names one. */
#include "call/call_int.h"

#include "base/check.h"
#include "base/random.h"
#include "store/test_store.h"

#include <string.h>

typedef struct {
	TestStore *place;
	House house;
	Clock clock;
} World;

/* As much of the table of people as the gate reads; the real one is made by a floor above. */
static const char *const person_table[] = {
	"CREATE TABLE person (id {ID} PRIMARY KEY, login {TEXT}, name {TEXT}, role {TEXT}, team {ID}, active {BOOL}, "
	"language {TEXT}, absent {BOOL}, absent_until {TIME}, deleted_at {TIME})",
	NULL,
};

static World *world_open(bool postgres)
{
	World *w = talloc_zero(NULL, World);
	char *error = NULL;
	w->place = test_store_open(w, postgres, NULL);
	w->house = (House){.clock = &w->clock, .public_url = "https://crm.example", .store = w->place->store};
	const Migration parts[] = {{"gate", gate_migrations}, {"person", person_table}};
	CHECK_INT(store_migrate(w->house.store, parts, ARRAY_LEN(parts), &error), 0);
	w->house.gate = gate_new(w, &w->house);
	return w;
}

static void world_close(World *w)
{
	test_store_close(w->place);
	talloc_free(w);
}

static void world_each(void (*body)(World *w))
{
	for (int i = 0; i < (test_store_has_postgres() ? 2 : 1); i++) {
		World *w = world_open(i == 1);
		body(w);
		world_close(w);
	}
}

static Call *call_make(World *w)
{
	Call *c = call_new(w, &w->house, NULL);
	c->lang = LANG_EN;
	c->ip = "10.0.0.1";
	c->device = "Firefox";
	return c;
}

/* --- steps --- */

typedef struct {
	Id id;
	const char *login, *role, *password;
} Person;

static int person_make(Call *c, void *arg)
{
	Person *p = arg;
	char hash[128];
	p->id = id_new(c->now_ms);
	int r = db_exec(c->tx,
		"INSERT INTO person (id, login, name, role, active, language) VALUES ($1, $2, $2, $3, 1, 'zh')",
	                value_id(p->id), value_text(p->login), value_text(p->role));
	CHECK_INT(r, 0);
	CHECK_INT(gate_password_hash(p->password, hash), 0);
	return gate_password_set(c, p->id, hash, false);
}

static Id person_add(World *w, const char *login, const char *role, const char *password)
{
	Person p = {.login = login, .role = role, .password = password};
	CHECK_INT(call_write_wait(call_make(w), person_make, &p), 0);
	return p.id;
}

/* Answers the token, or NULL with the code of the refusal. */
static const char *sign_in(World *w, const char *login, const char *password, const char **ret_code)
{
	Call *c = call_make(w);
	json_object_set_new(c->params, "login", json_string(login));
	json_object_set_new(c->params, "password", json_string(password));
	int r = gate_sign_in(c);
	*ret_code = c->err_code;
	if (r < 0)
		return NULL;
	CHECK_INT(c->status, 201);
	CHECK(strstr(c->set_cookie, "HttpOnly; SameSite=Lax") != NULL && strstr(c->set_cookie, "; Secure") != NULL);
	const json_t *answer = json_own(w, json_loads(c->out->data, 0, NULL));
	CHECK_TEXT(json_text(json_object_get(answer, "user"), "login"), login);
	return json_text(answer, "token");
}

static int identify_run(Call *c, void *arg)
{
	return gate_identify(c, arg);
}

static int identify(World *w, const char *token, Identity *ret)
{
	Call *c = call_make(w);
	int r = call_read_wait(c, identify_run, (void *)token);
	*ret = c->who;
	return r;
}

typedef struct {
	const char *sql;
	Id id;
	int64_t value;
} Sentence;

static int sentence_run(Call *c, void *arg)
{
	const Sentence *s = arg;
	const Value args[] = {value_id(s->id), value_int(s->value)};
	return db_exec_n(c->tx, s->sql, args, 2);
}

static void run_sql(World *w, const char *sql, Id id, int64_t value)
{
	Sentence s = {.sql = sql, .id = id, .value = value};
	CHECK_INT(call_write_wait(call_make(w), sentence_run, &s), 0);
}

/* --- tests --- */

static void signs_in_and_knows_who(World *w)
{
	const char *code;
	Identity who;
	Id id = person_add(w, "zhang", "supervisor", "correct horse");
	CHECK(sign_in(w, "zhang", "wrong horse", &code) == NULL);
	CHECK_TEXT(code, "wrong_password");
	CHECK(sign_in(w, "nobody", "correct horse", &code) == NULL);
	CHECK_TEXT(code, "wrong_password");
	const char *token = sign_in(w, "zhang", "correct horse", &code);
	CHECK_INT(strlen(token), 43);
	CHECK_INT(identify(w, token, &who), 0);
	CHECK(id_equal(who.user, id) && who.role == ROLE_SUPERVISOR);
	CHECK_TEXT(who.login, "zhang");
	Call *c = call_make(w);
	CHECK(gate_identify_cached(c, token));
	CHECK(id_equal(c->who.user, id) && c->lang == LANG_ZH);
	CHECK_INT(identify(w, "not a token", &who), ERR_UNAUTHENTICATED);
	CHECK_INT(identify(w, NULL, &who), 0);
	CHECK_INT(who.role, ROLE_NONE);
	char *big = talloc_zero_size(w, 5000);
	memset(big, 'a', 4999);
	CHECK_INT(identify(w, big, &who), ERR_UNAUTHENTICATED);
}

TEST(gate, signs_in_and_knows_who)
{
	world_each(signs_in_and_knows_who);
}

static void stores_no_token(World *w)
{
	const char *code;
	(void)person_add(w, "zhang", "salesperson", "correct horse");
	const char *token = sign_in(w, "zhang", "correct horse", &code);
	CHECK(token != NULL);
	char *bytes = NULL;
	gsize len = 0;
	if (w->place->config.database == NULL) {
		const char *ends[] = {"", "-wal"};
		for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
			CHECK(g_file_get_contents(talloc_asprintf(w, "%s%s", w->place->config.path, ends[i]), &bytes, &len, NULL));
			CHECK(memmem(bytes, len, token, 43) == NULL && memmem(bytes, len, "correct horse", 13) == NULL);
			g_free(bytes);
		}
	}
}

TEST(gate, stores_no_token)
{
	world_each(stores_no_token);
}

static void refuses_the_disabled_at_once(World *w)
{
	const char *code;
	Identity who;
	Id id = person_add(w, "zhang", "salesperson", "correct horse");
	const char *token = sign_in(w, "zhang", "correct horse", &code);
	CHECK_INT(identify(w, token, &who), 0);
	run_sql(w, "UPDATE person SET active = $2 WHERE id = $1", id, 0);
	gate_forget(w->house.gate, id);
	CHECK(!gate_identify_cached(call_make(w), token));
	CHECK_INT(identify(w, token, &who), ERR_UNAUTHENTICATED);
	CHECK(sign_in(w, "zhang", "correct horse", &code) == NULL);
	CHECK_TEXT(code, "disabled");
	run_sql(w, "UPDATE person SET active = $2 WHERE id = $1", id, 1);
	CHECK_INT(identify(w, token, &who), 0);
}

TEST(gate, refuses_the_disabled_at_once)
{
	world_each(refuses_the_disabled_at_once);
}

static int end_all(Call *c, void *arg)
{
	return gate_sessions_end(c, *(Id *)arg);
}

static int sign_out(Call *c, void *arg)
{
	int r = gate_identify(c, arg);
	return r < 0 ? r : gate_sign_out(c);
}

static void ends_sessions(World *w)
{
	const char *code;
	Identity who;
	Id id = person_add(w, "zhang", "salesperson", "correct horse");
	const char *one = sign_in(w, "zhang", "correct horse", &code), *two = sign_in(w, "zhang", "correct horse", &code);
	CHECK_INT(identify(w, one, &who), 0);
	CHECK_INT(identify(w, two, &who), 0);
	Call *c = call_make(w);
	CHECK_INT(call_write_wait(c, sign_out, (void *)one), 0);
	CHECK(strstr(c->set_cookie, "Max-Age=0") != NULL);
	CHECK_INT(identify(w, one, &who), ERR_UNAUTHENTICATED);
	CHECK_INT(identify(w, two, &who), 0);
	CHECK_INT(call_write_wait(call_make(w), end_all, &id), 0);
	CHECK_INT(identify(w, two, &who), ERR_UNAUTHENTICATED);
}

TEST(gate, ends_sessions)
{
	world_each(ends_sessions);
}

static int seen_load(Call *c, void *arg)
{
	return db_int(c->tx, (int64_t *)arg, "SELECT last_seen_at FROM session");
}

/* When the session was last used as the database says, once that is later than a moment: the note is written in the
 * background. */
static int64_t seen_after(World *w, int64_t moment_ms)
{
	int64_t seen = 0;
	for (int64_t until = clock_monotonic_ms() + MINUTE_MS; seen <= moment_ms && clock_monotonic_ms() < until;)
		CHECK_INT(call_read_wait(call_make(w), seen_load, &seen), 0);
	return seen;
}

static void lets_idle_sessions_die(World *w)
{
	const char *code;
	Identity who;
	Id id = person_add(w, "zhang", "salesperson", "correct horse");
	const char *token = sign_in(w, "zhang", "correct horse", &code);
	int64_t old = clock_real_ms() - GATE_IDLE_MS + MINUTE_MS;
	run_sql(w, "UPDATE session SET last_seen_at = $2 WHERE person = $1", id, old);
	CHECK_INT(identify(w, token, &who), 0);
	CHECK(seen_after(w, old) > old); /* else the note of this use could come after the next line */
	run_sql(w, "UPDATE session SET last_seen_at = $2 WHERE person = $1", id, clock_real_ms() - GATE_IDLE_MS);
	gate_forget(w->house.gate, id);
	CHECK_INT(identify(w, token, &who), ERR_UNAUTHENTICATED);
}

TEST(gate, lets_idle_sessions_die)
{
	world_each(lets_idle_sessions_die);
}

static void notes_use_once_an_hour(World *w)
{
	const char *code;
	Identity who;
	int64_t old = clock_real_ms() - 2 * HOUR_MS;
	Id id = person_add(w, "zhang", "salesperson", "correct horse");
	const char *token = sign_in(w, "zhang", "correct horse", &code);
	run_sql(w, "UPDATE session SET last_seen_at = $2 WHERE person = $1", id, old);
	CHECK_INT(identify(w, token, &who), 0);
	CHECK(seen_after(w, old) >= old + HOUR_MS);
}

TEST(gate, notes_use_once_an_hour)
{
	world_each(notes_use_once_an_hour);
}

static void slows_down_guessing(World *w)
{
	const char *code;
	(void)person_add(w, "zhang", "salesperson", "correct horse");
	Throttle *t = w->house.gate->throttle;
	int64_t now = clock_real_ms();
	for (int i = 0; i < GATE_FAILURES_MAX - 1; i++)
		throttle_fail(t, "zhang", "10.0.0.1", now);
	CHECK(sign_in(w, "zhang", "correct horse", &code) != NULL); /* the tenth try is right: counted anew */
	for (int i = 0; i < GATE_FAILURES_MAX - 1; i++)
		throttle_fail(t, "Zhang", "10.0.0.1", now);
	CHECK(sign_in(w, "zhang", "wrong", &code) == NULL);
	CHECK_TEXT(code, "wrong_password");
	CHECK(sign_in(w, "zhang", "correct horse", &code) == NULL);
	CHECK_TEXT(code, "too_many_attempts");
	CHECK_INT(throttle_wait_ms(t, "zhang", "10.0.0.2", now), 0); /* from elsewhere */
	CHECK_INT(throttle_wait_ms(t, "li", "10.0.0.1", now), 0);
	CHECK(throttle_wait_ms(t, "zhang", "10.0.0.1", now + GATE_FAILURES_MS - 5000) > 0);
	CHECK_INT(throttle_wait_ms(t, "zhang", "10.0.0.1", now + GATE_FAILURES_MS + 5000), 0);
}

TEST(gate, slows_down_guessing)
{
	world_each(slows_down_guessing);
}

static Call *call_signed_in(World *w, const char *token)
{
	Call *c = call_make(w);
	CHECK_INT(call_read_wait(c, identify_run, (void *)token), 0);
	c->lang = LANG_EN;
	return c;
}

static int change_password(World *w, const char *token, const char *old, const char *new, const char **ret_code)
{
	Call *c = call_signed_in(w, token);
	json_object_set_new(c->params, "old", json_string(old));
	json_object_set_new(c->params, "new", json_string(new));
	int r = gate_password_change(c);
	*ret_code = c->faults != NULL ? c->faults->code : c->err_code;
	return r;
}

static void changes_the_password(World *w)
{
	const char *code;
	Identity who;
	Id id = person_add(w, "zhang", "administrator", "correct horse");
	run_sql(w, "UPDATE credential SET must_change = $2 WHERE person = $1", id, 1);
	const char *one = sign_in(w, "zhang", "correct horse", &code), *two = sign_in(w, "zhang", "correct horse", &code);
	Call *c = call_signed_in(w, one);
	CHECK(c->who.must_change_password && gate_may(c, "signed_in"));
	CHECK_INT(gate_check(c, "record.read"), ERR_DENIED);
	CHECK_TEXT(c->err_code, "must_change_password");
	CHECK_INT(change_password(w, one, "wrong", "another horse", &code), ERR_INVALID);
	CHECK_TEXT(code, "wrong_password");
	CHECK_INT(change_password(w, one, "correct horse", "correct horse", &code), ERR_INVALID);
	CHECK_INT(change_password(w, one, "correct horse", "another horse", &code), 0);
	CHECK_INT(gate_check(call_signed_in(w, one), "system.manage"), 0);
	CHECK_INT(identify(w, two, &who), ERR_UNAUTHENTICATED); /* whoever had the old password is out */
	CHECK(sign_in(w, "zhang", "correct horse", &code) == NULL);
	CHECK(sign_in(w, "zhang", "another horse", &code) != NULL);
}

TEST(gate, changes_the_password)
{
	world_each(changes_the_password);
}

/* --- keys --- */

static int key_create(Call *c, UNUSED void *arg)
{
	return gate_key_create(c);
}

static const char *key_make(World *w, const char *token, const char *scopes, const char **ret_code)
{
	Call *c = call_signed_in(w, token);
	json_object_set_new(c->params, "name", json_string("robot"));
	if (scopes != NULL)
		json_object_set_new(c->params, "scopes", json_string(scopes));
	int r = call_write_wait(c, key_create, NULL);
	*ret_code = c->faults != NULL ? c->faults->code : c->err_code;
	return r < 0 ? NULL : json_text(json_own(w, json_loads(c->out->data, 0, NULL)), "key");
}

static int key_delete(Call *c, UNUSED void *arg)
{
	return gate_key_delete(c);
}

static void keys_carry_scopes(World *w)
{
	const char *code;
	Identity who;
	char id[ID_TEXT_SIZE];
	(void)person_add(w, "zhang", "supervisor", "correct horse");
	const char *token = sign_in(w, "zhang", "correct horse", &code);
	CHECK(key_make(w, token, "record.read nonsense", &code) == NULL);
	CHECK_TEXT(code, "unknown_right");
	CHECK(key_make(w, token, "settings.manage", &code) == NULL);
	CHECK_TEXT(code, "denied");
	const char *key = key_make(w, token, "record.read lead.work", &code), *all = key_make(w, token, NULL, &code);
	Call *c = call_signed_in(w, key);
	CHECK(gate_may(c, "record.read") && gate_may(c, "lead.work") && gate_may(c, "signed_in"));
	CHECK(!gate_may(c, "record.write") && !gate_may(c, "lead.assign") && !gate_may(c, "settings.manage"));
	CHECK(gate_may(call_signed_in(w, all), "lead.assign"));
	CHECK(key_make(w, all, NULL, &code) == NULL); /* a key makes no keys */
	CHECK_TEXT(code, "denied");
	Call *gone = call_signed_in(w, token);
	json_object_set_new(gone->params, "id", json_string(id_text(c->who.session, id)));
	CHECK_INT(call_write_wait(gone, key_delete, NULL), 0);
	CHECK_INT(identify(w, key, &who), ERR_UNAUTHENTICATED);
}

TEST(gate, keys_carry_scopes)
{
	world_each(keys_carry_scopes);
}

/* --- without a database --- */

TEST(gate, gives_rights_by_role)
{
	static Clock clock;
	House house = {.clock = &clock};
	TALLOC_CTX *ctx = talloc_new(NULL);
	Call *c = call_new(ctx, &house, NULL);
	CHECK_INT(gate_check(c, "public"), 0);
	CHECK_INT(gate_check(c, "signed_in"), ERR_UNAUTHENTICATED);
	const struct {
		Role role;
		size_t n;
	} expected[] = {{ROLE_NONE, 0}, {ROLE_SALESPERSON, 4}, {ROLE_SUPERVISOR, 9}, {ROLE_ADMINISTRATOR, 12}};
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		size_t n = 0;
		c->who.role = expected[i].role;
		for (const char **right = gate_rights(c); *right != NULL; right++)
			n++;
		CHECK_INT(n, expected[i].n);
	}
	c->who.role = ROLE_SALESPERSON;
	CHECK_INT(gate_check(c, "people.manage"), ERR_DENIED);
	CHECK_TEXT(c->err_code, "denied");
	talloc_free(ctx);
}

TEST(gate, spends_as_long_on_unknown_logins)
{
	char hash[128];
	CHECK_INT(gate_password_hash("correct horse", hash), 0);
	int64_t start = clock_monotonic_us();
	CHECK(!gate_password_matches(hash, "wrong horse"));
	int64_t known = clock_monotonic_us() - start;
	start = clock_monotonic_us();
	gate_password_pretend("wrong horse");
	int64_t unknown = clock_monotonic_us() - start;
	g_test_message("known %lld us, unknown %lld us", (long long)known, (long long)unknown);
	CHECK(unknown > known / 4 && unknown < known * 4); /* not the microsecond of a hash that was not even read */
}
