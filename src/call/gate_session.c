/* Sessions: sign in and out, the list of one's own, changing the password. A token leaves the house once, in the
 * answer to the sign-in; the database keeps its hash. Sessions live on the real clock, never on business time. */
#include "call/call_int.h"

#include <assert.h>
#include <string.h>

#include "base/random.h"
#include "call/when.h"

#define COOKIE_NAME "tenon_session"
#define DEVICE_MAX 200

/* --- forgetting what is cached, once the transaction is durable --- */

typedef struct {
	Gate *gate;
	Id id;
} Forget;

static void forget_user(void *arg)
{
	const Forget *f = arg;
	gate_cache_forget_user(f->gate->cache, f->id);
}

static void forget_session(void *arg)
{
	const Forget *f = arg;
	gate_cache_forget_session(f->gate->cache, f->id);
}

static void forget_on_commit(Call *c, void (*fn)(void *), Id id)
{
	Forget *f = talloc(tx_mem(c->tx), Forget);
	assert(f != NULL);
	*f = (Forget){.gate = c->house->gate, .id = id};
	tx_on_commit(c->tx, fn, f);
}

int gate_sessions_end(Call *c, Id user)
{
	int r = db_exec(c->tx, "DELETE FROM session WHERE person = $1", value_id(user));
	if (r < 0)
		return call_store_failed(c, r);
	forget_on_commit(c, forget_user, user);
	return gate_shut_out(c);
}

/* --- signing in --- */

static const char *cookie_text(Call *c, const char *token, int64_t max_age_ms)
{
	const char *url = c->house->public_url;
	bool secure = url != NULL && strncmp(url, "https:", 6) == 0;
	return talloc_asprintf(c, COOKIE_NAME "=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=%lld%s", token,
	                       (long long)(max_age_ms / SECOND_MS), secure ? "; Secure" : "");
}

/* At most n bytes, never half a character. */
static const char *text_head(TALLOC_CTX *ctx, const char *text, size_t n)
{
	if (text == NULL)
		return NULL;
	size_t len = strnlen(text, n);
	while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return talloc_strndup(ctx, text, len);
}

int gate_session_add(Call *c, Identity *who, const char *token)
{
	int64_t now = clock_real_ms();
	TokenHash hash = token_hash(token);
	who->session = id_new(now);
	int r = db_exec(c->tx, "DELETE FROM session WHERE person = $1 AND last_seen_at < $2", value_id(who->user),
	                value_time(now - GATE_IDLE_MS));
	if (r < 0)
		return call_store_failed(c, r);
	r = db_exec(c->tx,
	            "INSERT INTO session (id, hash, person, created_at, last_seen_at, ip, device) "
	            "VALUES ($1, $2, $3, $4, $4, $5, $6)",
	            value_id(who->session), token_hash_value(&hash), value_id(who->user), value_time(now),
	            value_text(c->ip),
	            value_text(text_head(c, c->device, DEVICE_MAX)));
	return call_store_failed(c, r);
}

/* What a sign-in carries from one transaction to the next. */
typedef struct {
	Identity who;
	Lang lang;
	const char *hash; /* NULL: nobody of that name, or no password */
	bool active;
	char token[44];
} SignIn;

static int sign_in_find(Call *c, void *arg)
{
	SignIn *s = arg;
	*s = (SignIn){0};
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
	                 "SELECT p.id, p.role, p.team, p.login, p.name, p.language, p.active, k.hash, k.must_change FROM "
	                 "person p "
	                 "JOIN credential k ON k.person = p.id WHERE p.login = $1 AND p.deleted_at IS NULL",
	                 value_text(call_text(c, "login")));
	if (r < 0)
		return r;
	if (!rows_next(rows))
		return rows_error(rows);
	const char *language = rows_text(rows, 5);
	*s = (SignIn){
		.who = {.user = rows_id(rows, 0),
			.role = role_parse(rows_text(rows, 1)),
			.team = rows_id(rows, 2),
			.login = talloc_strdup(c, rows_text(rows, 3)),
			.name = talloc_strdup(c, rows_text(rows, 4)),
			.must_change_password = rows_int(rows, 8) != 0},
		.lang = language != NULL && strcmp(language, "en") == 0 ? LANG_EN : LANG_ZH,
		.active = rows_int(rows, 6) != 0,
		.hash = talloc_strdup(c, rows_text(rows, 7)),
	};
	return 0;
}

static int refuse_too_many(Call *c, int64_t wait_ms)
{
	int64_t minutes = (wait_ms + MINUTE_MS - 1) / MINUTE_MS;
	c->retry_after = talloc_asprintf(c, "%lld", (long long)((wait_ms + SECOND_MS - 1) / SECOND_MS));
	return call_fail(c, ERR_LIMIT, "too_many_attempts", "Too many failed attempts; try again in %lld minutes.",
	                 "尝试次数过多，请 %lld 分钟后再试。", (long long)minutes);
}

static int refuse_sign_in(Call *c)
{
	return call_fail(c, ERR_UNAUTHENTICATED, "wrong_password", "Login or password is wrong.", "登录名或密码错误。");
}

/* Hashing takes long enough for the password to be changed meanwhile: whoever has the old one is not let in by it. */
static int sign_in_store(Call *c, void *arg)
{
	SignIn *s = arg;
	int r = gate_password_hold(c, s->who.user, s->hash);
	if (r == ERR_STALE)
		return refuse_sign_in(c);
	return r < 0 ? r : gate_session_add(c, &s->who, s->token);
}

/* Compares in one of the few places for hashing; a login that is not there costs the same time. */
static int password_check(Call *c, const char *hash, const char *password, bool *ret_matches)
{
	int r = gate_hash_enter(c);
	if (r < 0)
		return r;
	bool matches = false;
	if (hash != NULL)
		matches = gate_password_matches(hash, password);
	else
		gate_password_pretend(password);
	gate_hash_leave(c->house->gate);
	*ret_matches = matches;
	return 0;
}

void gate_write_user(JsonOut *out, const Identity *who)
{
	json_member_id(out, "id", who->user);
	json_member_text(out, "name", who->name);
	json_member_text(out, "login", who->login);
	json_member_text(out, "role", role_name(who->role));
	json_member_id(out, "team", who->team);
	json_member_bool(out, "must_change_password", who->must_change_password);
}

static void sign_in_answer(Call *c, const SignIn *s)
{
	c->status = 201;
	c->who = s->who;
	c->lang = s->lang;
	c->set_cookie = cookie_text(c, s->token, GATE_IDLE_MS);
	json_object_begin(&c->json);
	json_member_text(&c->json, "token", s->token);
	json_key(&c->json, "user");
	json_object_begin(&c->json);
	gate_write_user(&c->json, &s->who);
	json_object_end(&c->json);
	json_object_end(&c->json);
}

/* Every try is counted before the password is looked at and taken back when it was right, so that many tries at
 * once do not slip past the limit. */
static int sign_in_try(Call *c, SignIn *s, const char *login)
{
	Throttle *throttle = c->house->gate->throttle;
	int64_t now = clock_real_ms(), wait = throttle_wait_ms(throttle, login, c->ip, now);
	if (wait > 0)
		return refuse_too_many(c, wait);
	throttle_fail(throttle, login, c->ip, now);
	int r = call_read_wait(c, sign_in_find, s);
	if (r < 0)
		return r;
	bool matches = false;
	r = password_check(c, s->hash, call_text(c, "password"), &matches);
	if (r < 0)
		return r;
	if (!matches || s->who.role == ROLE_NONE)
		return refuse_sign_in(c);
	throttle_succeed(throttle, login, c->ip);
	return 0;
}

int gate_sign_in(Call *c)
{
	SignIn s;
	int r = sign_in_try(c, &s, call_text(c, "login"));
	if (r < 0)
		return r;
	/* Told only to who knows the password. */
	if (!s.active)
		return call_fail(c, ERR_UNAUTHENTICATED, "disabled", "This account has been disabled; ask an administrator.",
		                 "账号已停用，请联系管理员。");
	random_token(s.token);
	r = call_write_wait(c, sign_in_store, &s);
	if (r < 0)
		return r;
	sign_in_answer(c, &s);
	return 0;
}

/* --- one's own sessions --- */

static int session_end(Call *c, Id session)
{
	int r = db_exec(c->tx, "DELETE FROM session WHERE id = $1 AND person = $2", value_id(session),
		value_id(c->who.user));
	if (r < 0)
		return call_store_failed(c, r);
	if (db_changes(c->tx) == 0)
		return call_fail(c, ERR_NOT_FOUND, "not_found", "This session has ended already.", "该登录已结束。");
	forget_on_commit(c, forget_session, session);
	c->status = 204;
	return gate_shut_out(c);
}

int gate_sign_out(Call *c)
{
	int r = session_end(c, c->who.session);
	if (r < 0)
		return r;
	c->set_cookie = cookie_text(c, "", 0);
	return 0;
}

int gate_session_delete(Call *c)
{
	return session_end(c, call_id(c, "id"));
}

static void write_session(Call *c, const Rows *rows)
{
	JsonOut *out = &c->json;
	char at[WHEN_TEXT_SIZE];
	json_object_begin(out);
	json_member_id(out, "id", rows_id(rows, 0));
	json_member_text(out, "created_at", when_text(rows_int(rows, 1), at));
	json_member_text(out, "last_seen_at", when_text(rows_int(rows, 2), at));
	json_member_text(out, "ip", rows_text(rows, 3));
	json_member_text(out, "device", rows_text(rows, 4));
	json_member_bool(out, "current", id_equal(rows_id(rows, 0), c->who.session));
	json_object_end(out);
}

int gate_session_list(Call *c)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
	                 "SELECT id, created_at, last_seen_at, ip, device FROM session WHERE person = $1 AND last_seen_at "
	                 ">= $2 "
	                 "ORDER BY last_seen_at DESC, id DESC LIMIT $3",
	                 value_id(c->who.user), value_time(clock_real_ms() - GATE_IDLE_MS),
	                 value_int(GATE_SESSIONS_LISTED));
	return r < 0 ? call_store_failed(c, r) : call_items(c, rows, write_session);
}

/* --- oneself --- */

static void write_me(Call *c, const Rows *rows)
{
	JsonOut *out = &c->json;
	char until[WHEN_TEXT_SIZE];
	json_object_begin(out);
	gate_write_user(out, &c->who);
	json_member_text(out, "language", rows_text(rows, 0));
	json_member_bool(out, "absent", rows_int(rows, 1) != 0);
	json_member_text(out, "absent_until", rows_is_null(rows, 2) ? NULL : when_text(rows_int(rows, 2), until));
	json_key(out, "rights");
	json_array_begin(out);
	for (const char **right = gate_rights(c); *right != NULL; right++)
		json_put_text(out, *right);
	json_array_end(out);
	json_object_end(out);
}

int gate_me(Call *c)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT language, absent, absent_until FROM person WHERE id = $1",
	                 value_id(c->who.user));
	if (r < 0)
		return call_store_failed(c, r);
	if (!rows_next(rows))
		return call_store_failed(c, rows_error(rows) < 0 ? rows_error(rows) : ERR_NOT_FOUND);
	write_me(c, rows);
	return 0;
}

/* --- another password --- */

typedef struct {
	const char *old_hash;
	char new_hash[128];
} PasswordChange;

static int password_load(Call *c, void *arg)
{
	PasswordChange *p = arg;
	p->old_hash = NULL;
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT hash FROM credential WHERE person = $1", value_id(c->who.user));
	if (r < 0)
		return r;
	if (rows_next(rows))
		p->old_hash = talloc_strdup(c, rows_text(rows, 0));
	return rows_error(rows);
}

static int refuse_old(Call *c)
{
	return call_fault(c, "old", "wrong_password", "The present password is wrong.", "当前密码错误。");
}

/* The other sessions end: whoever had the old password is out. */
static int password_store(Call *c, void *arg)
{
	const PasswordChange *p = arg;
	int r = gate_password_hold(c, c->who.user, p->old_hash);
	if (r == ERR_STALE)
		return refuse_old(c);
	if (r == 0)
		r = gate_password_set(c, c->who.user, p->new_hash, false);
	if (r < 0)
		return r;
	r = db_exec(c->tx, "DELETE FROM session WHERE person = $1 AND id <> $2", value_id(c->who.user),
	            value_id(c->who.session));
	if (r < 0)
		return call_store_failed(c, r);
	forget_on_commit(c, forget_user, c->who.user);
	return gate_shut_out(c);
}

static int password_verify_old(Call *c, PasswordChange *p)
{
	Throttle *throttle = c->house->gate->throttle;
	int64_t now = clock_real_ms(), wait = throttle_wait_ms(throttle, c->who.login, c->ip, now);
	if (wait > 0)
		return refuse_too_many(c, wait);
	throttle_fail(throttle, c->who.login, c->ip, now);
	int r = call_read_wait(c, password_load, p);
	if (r < 0)
		return r;
	bool matches = false;
	r = password_check(c, p->old_hash, call_text(c, "old"), &matches);
	if (r < 0)
		return r;
	if (!matches)
		return refuse_old(c);
	throttle_succeed(throttle, c->who.login, c->ip);
	return 0;
}

int gate_password_change(Call *c)
{
	PasswordChange p = {0};
	int r = password_verify_old(c, &p);
	if (r < 0)
		return r;
	if (strcmp(call_text(c, "old"), call_text(c, "new")) == 0)
		return call_fault(c, "new", "same_password", "The new password is the old one.", "新密码不能与当前密码相同。");
	r = gate_hash_enter(c);
	if (r < 0)
		return r;
	r = gate_password_hash(call_text(c, "new"), p.new_hash);
	gate_hash_leave(c->house->gate);
	if (r < 0)
		return call_store_failed(c, r);
	r = call_write_wait(c, password_store, &p);
	if (r < 0)
		return r;
	c->status = 204;
	return 0;
}
