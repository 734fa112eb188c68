/* First answers by key, in a table beside the records, so that key and deed are committed together. */
#include "api/idempotency.h"

#include <sodium.h>
#include <string.h>

/* Instead of the status of a kept answer. */
#define UNDER_WAY 0
#define SHOWN_ONCE (-1)

const char *const idempotency_migrations[] = {
	"CREATE TABLE idempotency (name {TEXT} NOT NULL PRIMARY KEY, fingerprint {TEXT} NOT NULL, status {INT} NOT NULL,"
	" answer {TEXT} NOT NULL, at {TIME} NOT NULL);"
	"CREATE INDEX idempotency_at ON idempotency (at)",
	NULL,
};

static void hash_text(const char *bytes, size_t len, char out[static 65])
{
	unsigned char digest[crypto_generichash_BYTES];
	crypto_generichash(digest, sizeof digest, (const unsigned char *)bytes, len, NULL, 0);
	sodium_bin2hex(out, 65, digest, sizeof digest);
}

void idempotency_key(const Call *c, const char *target, const char *key, const char *body, size_t len,
                     IdempotencyKey *ret)
{
	char who[ID_TEXT_SIZE];
	char *name = talloc_asprintf(NULL, "%s\n%s\n%s", id_text(c->who.user, who), target, key);
	hash_text(name, strlen(name), ret->name);
	hash_text(body ? body : "", len, ret->fingerprint);
	talloc_free(name);
}

/* The answer that the key gave first. */
static int first_answer(Call *c, const IdempotencyKey *key)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT fingerprint, status, answer FROM idempotency WHERE name = $1",
	                 value_text(key->name));
	if (r < 0)
		return r;
	if (!rows_next(rows))
		return rows_error(rows) ? rows_error(rows) : ERR_BUSY;
	if (strcmp(rows_text(rows, 0), key->fingerprint) != 0)
		return call_fail(c, ERR_CONFLICT, "idempotency_key_reused",
		                 "This Idempotency-Key was used for another request. Send a new key.",
		                 "该 Idempotency-Key 已用于另一个请求，请换一个新的。");
	c->status = (int)rows_int(rows, 1);
	if (c->status == UNDER_WAY)
		return call_fail(c, ERR_CONFLICT, "idempotency_under_way",
		                 "The first request with this key is not finished, or the server stopped in the middle of it. "
		                 "Look whether it was done; to do it again, send a new key.",
		                 "使用该键的首次请求尚未完成，或服务器在处理中途停止。请先查看是否已生效；要再次执行，请换一个新的键。");
	if (c->status == SHOWN_ONCE)
		return call_fail(c, ERR_CONFLICT, "shown_once",
		                 "This was done already; its answer held a secret that is shown only once.",
		                 "该请求已执行过；其结果包含只显示一次的密钥或密码，无法再次显示。");
	buf_puts(c->out, rows_text(rows, 2));
	return 0;
}

/* The row is put in before anything is done: on PostgreSQL a second request with the key waits here for the first. */
int idempotency_take(Call *c, const IdempotencyKey *key, bool *ret_fresh)
{
	int64_t now = clock_real_ms();
	int r = db_exec(c->tx, "DELETE FROM idempotency WHERE at < $1", value_time(now - DAY_MS));
	if (r == 0)
		r = db_exec(c->tx,
		            "INSERT INTO idempotency (name, fingerprint, status, answer, at) VALUES ($1, $2, 0, '', $3)"
		            " ON CONFLICT (name) DO NOTHING",
		            value_text(key->name), value_text(key->fingerprint), value_time(now));
	if (r < 0)
		return r;
	*ret_fresh = db_changes(c->tx) == 1;
	return *ret_fresh ? 0 : first_answer(c, key);
}

int idempotency_keep(Call *c, const IdempotencyKey *key)
{
	int status = c->shows_secret ? SHOWN_ONCE : c->status ? c->status : 200;
	return db_exec(c->tx, "UPDATE idempotency SET status = $2, answer = $3 WHERE name = $1", value_text(key->name),
	               value_int(status), value_text_n(c->out->data, c->shows_secret ? 0 : c->out->len));
}

int idempotency_drop(Call *c, const IdempotencyKey *key)
{
	return db_exec(c->tx, "DELETE FROM idempotency WHERE name = $1", value_text(key->name));
}
