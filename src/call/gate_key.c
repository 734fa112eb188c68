/* API keys: made by a person for a program, with all rights of the role or a few of them. The key is shown once;
 * the database keeps its hash. A key never makes or removes keys. */
#include "call/call_int.h"

#include <assert.h>
#include <string.h>

#include "base/random.h"
#include "call/when.h"

static int refuse_key_caller(Call *c)
{
	return call_fail(c, ERR_DENIED, "denied", "API keys are managed by a signed-in person, not by another key.",
	                 "只有登录用户才能管理 API 密钥。");
}

/* True when the caller came with an API key, not with a session. */
static int check_session(Call *c)
{
	int64_t n = 0;
	int r = db_int(c->tx, &n, "SELECT COUNT(*) FROM session WHERE id = $1", value_id(c->who.session));
	if (r < 0)
		return call_store_failed(c, r);
	return n == 1 ? 0 : refuse_key_caller(c);
}

/* Every word must be a right, and one that the maker has. */
static int check_scopes(Call *c, const char *scopes)
{
	for (const char *at = scopes; at != NULL && *at != '\0';) {
		size_t len = strcspn(at, " ");
		if (len > 0 && !right_known(at, len))
			return call_fault(c, "scopes", "unknown_right", "There is no right \"%.*s\".", "没有名为“%.*s”的权限。", (int)len,
			                  at);
		if (len > 0 && !role_may(c->who.role, talloc_strndup(c, at, len)))
			return call_fault(c, "scopes", "denied", "You do not have the right \"%.*s\" yourself.",
			                  "您自己没有“%.*s”权限。", (int)len, at);
		at += len + (at[len] == ' ');
	}
	return 0;
}

static int key_insert(Call *c, Id id, const char *key, const char *scopes)
{
	TokenHash hash = token_hash(key);
	int r = db_exec(c->tx,
	                "INSERT INTO api_key (id, hash, person, name, scopes, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
	                value_id(id), token_hash_value(&hash), value_id(c->who.user), value_text(call_text(c, "name")),
	                value_text(scopes), value_time(clock_real_ms()));
	return call_store_failed(c, r);
}

int gate_key_create(Call *c)
{
	const char *scopes = call_text(c, "scopes");
	int r = check_session(c);
	if (r < 0)
		return r;
	r = check_scopes(c, scopes);
	if (r < 0)
		return r;
	char secret[44];
	random_token(secret);
	const char *key = talloc_asprintf(c, GATE_KEY_PREFIX "%s", secret);
	Id id = id_new(clock_real_ms());
	r = key_insert(c, id, key, scopes);
	if (r < 0)
		return r;
	c->status = 201;
	c->shows_secret = true;
	json_object_begin(&c->json);
	json_member_id(&c->json, "id", id);
	json_member_text(&c->json, "key", key);
	json_object_end(&c->json);
	return 0;
}

static void write_key(Call *c, const Rows *rows)
{
	char at[WHEN_TEXT_SIZE];
	json_object_begin(&c->json);
	json_member_id(&c->json, "id", rows_id(rows, 0));
	json_member_text(&c->json, "name", rows_text(rows, 1));
	json_member_text(&c->json, "scopes", rows_text(rows, 2));
	json_member_text(&c->json, "created_at", when_text(rows_int(rows, 3), at));
	json_object_end(&c->json);
}

int gate_key_list(Call *c)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
	                 "SELECT id, name, scopes, created_at FROM api_key WHERE person = $1 ORDER BY created_at DESC, id "
	                 "DESC "
	                 "LIMIT $2",
	                 value_id(c->who.user), value_int(GATE_KEYS_LISTED));
	return r < 0 ? call_store_failed(c, r) : call_items(c, rows, write_key);
}

typedef struct {
	Gate *gate;
	Id key;
} KeyGone;

static void key_forget(void *arg)
{
	const KeyGone *gone = arg;
	gate_cache_forget_session(gone->gate->cache, gone->key);
}

/* One's own key, or anybody's for who may manage the system. */
int gate_key_delete(Call *c)
{
	int r = check_session(c);
	if (r < 0)
		return r;
	KeyGone *gone = talloc(tx_mem(c->tx), KeyGone);
	assert(gone != NULL);
	*gone = (KeyGone){.gate = c->house->gate, .key = call_id(c, "id")};
	r = gate_may(c, "system.manage")
	            ? db_exec(c->tx, "DELETE FROM api_key WHERE id = $1", value_id(gone->key))
	            : db_exec(c->tx, "DELETE FROM api_key WHERE id = $1 AND person = $2", value_id(gone->key),
	                      value_id(c->who.user));
	if (r < 0)
		return call_store_failed(c, r);
	if (db_changes(c->tx) == 0)
		return call_fail(c, ERR_NOT_FOUND, "not_found", "There is no such key.", "没有这个密钥。");
	tx_on_commit(c->tx, key_forget, gone);
	c->status = 204;
	return gate_shut_out(c);
}
