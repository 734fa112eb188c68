/* First answers by key, in a table beside the records, so that key and deed are committed together. */
#include "api/idempotency.h"

#include <sodium.h>
#include <string.h>

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

void idempotency_key(const Call *c, const char *path, const char *key, const char *body, size_t len,
                     IdempotencyKey *ret)
{
	char who[ID_TEXT_SIZE];
	char *name = talloc_asprintf(NULL, "%s\n%s\n%s", id_text(c->who.user, who), path, key);
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
	return db_exec(c->tx, "UPDATE idempotency SET status = $2, answer = $3 WHERE name = $1", value_text(key->name),
	               value_int(c->status ? c->status : 200), value_text_n(c->out->data, c->out->len));
}
