/* The gate: from a token to an identity, and the table of rights. The only place where a right is checked. Reads
 * the table of people (object "user") by SQL, since catalogue and records stand on floors above. */
#include "call/call_int.h"

#include <assert.h>
#include <string.h>

const char *const gate_migrations[] = {
	"CREATE TABLE credential (person {ID} PRIMARY KEY, hash {TEXT} NOT NULL, must_change {BOOL} NOT NULL, "
	"changed_at {TIME} NOT NULL);"
	"CREATE TABLE session (id {ID} PRIMARY KEY, hash {BYTES} NOT NULL, person {ID} NOT NULL, created_at {TIME} NOT "
		"NULL, "
	"last_seen_at {TIME} NOT NULL, ip {TEXT}, device {TEXT});"
	"CREATE UNIQUE INDEX session_hash ON session (hash);"
	"CREATE INDEX session_person ON session (person, last_seen_at);"
	"CREATE TABLE api_key (id {ID} PRIMARY KEY, hash {BYTES} NOT NULL, person {ID} NOT NULL, name {TEXT} NOT NULL, "
	"scopes {TEXT}, created_at {TIME} NOT NULL);"
	"CREATE UNIQUE INDEX api_key_hash ON api_key (hash);"
	"CREATE INDEX api_key_person ON api_key (person, created_at)",
	/* raised whenever somebody is shut out, for the other processes */
	"CREATE TABLE gate_version (version {INT} NOT NULL); INSERT INTO gate_version (version) VALUES (1)",
	NULL,
};

/* --- rights --- */

typedef struct {
	const char *name;
	Role lowest;
} Right;

static const Right rights[] = {
	{"public", ROLE_NONE},
	{"signed_in", ROLE_SALESPERSON},
	{"record.read", ROLE_SALESPERSON},
	{"record.write", ROLE_SALESPERSON},
	{"lead.work", ROLE_SALESPERSON},
	{"lead.assign", ROLE_SUPERVISOR},
	{"board.read", ROLE_SUPERVISOR},
	{"intake.read", ROLE_SUPERVISOR},
	{"intake.replay", ROLE_SUPERVISOR},
	{"people.absence", ROLE_SUPERVISOR},
	{"people.manage", ROLE_ADMINISTRATOR},
	{"settings.manage", ROLE_ADMINISTRATOR},
	{"system.manage", ROLE_ADMINISTRATOR},
};

static const char *const role_names[] = {"none", "salesperson", "supervisor", "administrator"};

const char *role_name(Role role)
{
	return role_names[role];
}

Role role_parse(const char *name)
{
	for (int i = ROLE_SALESPERSON; name != NULL && i <= ROLE_ADMINISTRATOR; i++) {
		if (strcmp(role_names[i], name) == 0)
			return (Role)i;
	}
	return ROLE_NONE;
}

static const Right *right_find(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(rights); i++) {
		if (strlen(rights[i].name) == len && memcmp(rights[i].name, name, len) == 0)
			return &rights[i];
	}
	return NULL;
}

bool right_known(const char *right, size_t len)
{
	return right_find(right, len) != NULL;
}

bool role_may(Role role, const char *right)
{
	const Right *r = right_find(right, strlen(right));
	assert(r != NULL); /* an endpoint or an object names a right that is not in the table */
	return role >= r->lowest;
}

/* True if one of the space-separated words is the right; a key may always ask who it is. */
static bool is_in_scopes(const char *scopes, const char *right)
{
	if (scopes == NULL || strcmp(right, "signed_in") == 0 || strcmp(right, "public") == 0)
		return true;
	size_t len = strlen(right);
	for (const char *at = scopes; *at != '\0';) {
		size_t word = strcspn(at, " ");
		if (word == len && memcmp(at, right, len) == 0)
			return true;
		at += word + (at[word] == ' ');
	}
	return false;
}

/* With a first password one may only sign in, look at oneself and choose another. */
static bool is_held_back(const Identity *who, const char *right)
{
	return who->must_change_password && strcmp(right, "signed_in") != 0 && strcmp(right, "public") != 0;
}

bool gate_may(const Call *c, const char *right)
{
	return role_may(c->who.role, right) && is_in_scopes(c->who.scopes, right) && !is_held_back(&c->who, right);
}

int gate_check(Call *c, const char *right)
{
	if (gate_may(c, right))
		return 0;
	if (c->who.role == ROLE_NONE)
		return call_fail(c, ERR_UNAUTHENTICATED, "unauthenticated", "Sign in first.", "请先登录。");
	if (is_held_back(&c->who, right))
		return call_fail(c, ERR_DENIED, "must_change_password", "Choose a password of your own first.",
		                 "请先修改初始密码。");
	return call_fail(c, ERR_DENIED, "denied", "You may not do this (needed: %s). Ask an administrator.",
	                 "您没有此操作的权限（需要：%s），请联系管理员。", right);
}

const char **gate_rights(Call *c)
{
	const char **list = talloc_zero_array(c, const char *, ARRAY_LEN(rights) + 1);
	assert(list != NULL);
	int n = 0;
	for (size_t i = 1; i < ARRAY_LEN(rights); i++) {
		if (gate_may(c, rights[i].name))
			list[n++] = rights[i].name;
	}
	return list;
}

/* --- identity --- */

static int gate_free(Gate *gate)
{
	pthread_mutex_destroy(&gate->hash_lock);
	pthread_cond_destroy(&gate->hash_free);
	return 0;
}

Gate *gate_new(TALLOC_CTX *ctx, House *house)
{
	int r = sodium_init();
	assert(r >= 0);
	Gate *gate = talloc_zero(ctx, Gate);
	assert(gate != NULL);
	gate->house = house;
	gate->cache = gate_cache_new(gate);
	gate->throttle = throttle_new(gate);
	pthread_mutex_init(&gate->hash_lock, NULL);
	pthread_cond_init(&gate->hash_free, NULL);
	talloc_set_destructor(gate, gate_free);
	return gate;
}

TokenHash token_hash(const char *token)
{
	TokenHash hash;
	crypto_hash_sha256(hash.byte, (const unsigned char *)token, strlen(token));
	return hash;
}

Value token_hash_value(const TokenHash *hash)
{
	return value_bytes(hash->byte, sizeof(hash->byte));
}

typedef struct {
	Id session;
	int64_t seen_ms;
} Seen;

static int seen_write(Tx *tx, void *arg)
{
	const Seen *seen = arg;
	return db_exec(tx, "UPDATE session SET last_seen_at = $1 WHERE id = $2 AND last_seen_at < $1",
		value_time(seen->seen_ms),
	               value_id(seen->session));
}

static void seen_done(void *arg, UNUSED int result)
{
	talloc_free(arg); /* if it failed, the next hour's request tries again */
}

/* Reading calls cannot write, so the hourly note is a job of its own that nobody waits for. */
static void seen_note(const Gate *gate, Id session)
{
	Seen *seen = talloc(NULL, Seen);
	assert(seen != NULL);
	*seen = (Seen){.session = session, .seen_ms = clock_real_ms()};
	if (store_write(gate->house->store, seen_write, seen_done, seen) < 0)
		talloc_free(seen);
}

static bool is_key(const char *token)
{
	return strncmp(token, GATE_KEY_PREFIX, strlen(GATE_KEY_PREFIX)) == 0;
}

#define PERSON_COLUMNS "p.id, p.role, p.team, p.login, p.name, p.language, p.active, p.deleted_at, "
#define SESSION_OWNER                                                                                    \
	"SELECT " PERSON_COLUMNS "s.id, s.last_seen_at, NULL, COALESCE(k.must_change, 0) FROM session s " \
	"JOIN person p ON p.id = s.person LEFT JOIN credential k ON k.person = p.id WHERE s.hash = $1"
#define KEY_OWNER                                                                   \
	"SELECT " PERSON_COLUMNS "a.id, 0, a.scopes, 0 FROM api_key a JOIN person p " \
	"ON p.id = a.person WHERE a.hash = $1"

static const char *text_of(Call *c, const Rows *rows, int column)
{
	const char *text = rows_text(rows, column);
	return text == NULL ? NULL : talloc_strdup(c, text);
}

static void known_read(Call *c, const Rows *rows, Known *ret)
{
	const char *language = rows_text(rows, 5);
	bool in_force = rows_int(rows, 6) != 0 && rows_is_null(rows, 7);
	*ret = (Known){
		.who = {
			.user = rows_id(rows, 0),
			.role = in_force ? role_parse(rows_text(rows, 1)) : ROLE_NONE,
			.team = rows_id(rows, 2),
			.login = text_of(c, rows, 3),
			.name = text_of(c, rows, 4),
			.session = rows_id(rows, 8),
			.scopes = text_of(c, rows, 10),
			.must_change_password = rows_int(rows, 11) != 0,
		},
		.lang = language != NULL && strcmp(language, "en") == 0 ? LANG_EN : LANG_ZH,
		.last_seen_ms = rows_int(rows, 9),
		.read_ms = clock_real_ms(),
	};
}

static int known_load(Call *c, const char *token, const TokenHash *hash, Known *ret)
{
	ROWS rows = NULL;
	int r = is_key(token) ? db_query(c->tx, &rows, KEY_OWNER, token_hash_value(hash))
	                      : db_query(c->tx, &rows, SESSION_OWNER, token_hash_value(hash));
	if (r < 0)
		return r;
	if (!rows_next(rows))
		return rows_error(rows) < 0 ? rows_error(rows) : ERR_NOT_FOUND;
	known_read(c, rows, ret);
	return 0;
}

static int refuse_token(Call *c)
{
	return call_fail(c, ERR_UNAUTHENTICATED, "unauthenticated", "The session has ended; sign in again.",
	                 "登录已失效，请重新登录。");
}

static int refuse_disabled(Call *c)
{
	return call_fail(c, ERR_UNAUTHENTICATED, "disabled", "This account has been disabled; ask an administrator.",
	                 "账号已停用，请联系管理员。");
}

static bool is_idle(const Known *known)
{
	return known->last_seen_ms != 0 && known->read_ms - known->last_seen_ms >= GATE_IDLE_MS;
}

bool gate_identify_cached(Call *c, const char *token)
{
	if (token == NULL)
		return true;
	if (strlen(token) > GATE_TOKEN_MAX)
		return false;
	Gate *gate = c->house->gate;
	TokenHash hash = token_hash(token);
	bool seen_due = false;
	if (!gate_cache_get(gate->cache, &hash, c, &seen_due))
		return false;
	if (seen_due)
		seen_note(gate, c->who.session);
	return true;
}

int gate_identify(Call *c, const char *token)
{
	if (gate_identify_cached(c, token))
		return 0;
	if (strlen(token) > GATE_TOKEN_MAX)
		return refuse_token(c);
	Gate *gate = c->house->gate;
	TokenHash hash = token_hash(token);
	uint64_t generation = gate_cache_generation(gate->cache);
	Known known;
	int r = known_load(c, token, &hash, &known);
	if (r < 0 && r != ERR_NOT_FOUND)
		return call_store_failed(c, r);
	if (r == ERR_NOT_FOUND || is_idle(&known))
		return refuse_token(c);
	if (known.who.role == ROLE_NONE)
		return refuse_disabled(c);
	if (known.last_seen_ms != 0 && known.read_ms - known.last_seen_ms >= GATE_SEEN_MS) {
		seen_note(gate, known.who.session);
		known.last_seen_ms = known.read_ms;
	}
	gate_cache_put(gate->cache, &hash, &known, generation);
	c->who = known.who;
	c->lang = known.lang;
	return 0;
}

void gate_forget(Gate *gate, Id user)
{
	gate_cache_forget_user(gate->cache, user);
}

int gate_shut_out(Call *c)
{
	return call_store_failed(c, db_send(c->tx, "UPDATE gate_version SET version = version + 1"));
}

int gate_follow(Call *c)
{
	Gate *gate = c->house->gate;
	int64_t version;
	int r = db_int(c->tx, &version, "SELECT version FROM gate_version");
	if (r == 0 && atomic_exchange(&gate->version, version) != version)
		gate_cache_forget_all(gate->cache);
	return call_store_failed(c, r);
}
