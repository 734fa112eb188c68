/* The table of sealed secrets, and the change of their key: batch after batch, each in its transaction, old keys kept
 * until the last row is done. */
#include "call/secret.h"

#include "base/keyring.h"

#define ROTATE_BATCH 100

const char *const secret_migrations[] = {
	"CREATE TABLE secret (subject {ID} PRIMARY KEY, sealed {BYTES} NOT NULL)",
	NULL,
};

static int secret_store(Tx *tx, Id subject, const Sealed *sealed)
{
	return db_exec(tx,
	               "INSERT INTO secret (subject, sealed) VALUES ($1, $2) "
	               "ON CONFLICT (subject) DO UPDATE SET sealed = excluded.sealed",
	               value_id(subject), value_bytes(sealed->bytes, sealed->len));
}

int secret_set(Call *c, Id subject, const char *text)
{
	Sealed sealed;
	if (!text)
		return call_store_failed(c, db_exec(c->tx, "DELETE FROM secret WHERE subject = $1", value_id(subject)));
	if (!keyring_seal(c->house->keyring, c, subject.byte, sizeof subject.byte, text, &sealed))
		return call_fail(c, ERR_INTERNAL, "key_file", "The key file in the data folder cannot be written.",
		                 "无法写入数据目录中的密钥文件。");
	return call_store_failed(c, secret_store(c->tx, subject, &sealed));
}

static int sealed_load(Call *c, Id subject, Sealed *ret)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT sealed FROM secret WHERE subject = $1", value_id(subject));
	if (r < 0)
		return r;
	if (rows_next(rows)) {
		const void *bytes = rows_bytes(rows, 0, &ret->len);
		ret->bytes = talloc_memdup(c, bytes, ret->len);
	}
	return rows_error(rows);
}

int secret_get(Call *c, Id subject, const char **ret)
{
	Sealed sealed = {0};
	*ret = NULL;
	int r = sealed_load(c, subject, &sealed);
	if (r < 0 || !sealed.bytes)
		return call_store_failed(c, r);
	*ret = keyring_unseal(c->house->keyring, c, subject.byte, sizeof subject.byte, &sealed);
	if (*ret)
		return 0;
	return call_fail(c, ERR_INTERNAL, "secret_unreadable",
	                 "The key of this secret is missing. Put secret.key back, or enter the secret again.",
	                 "缺少解密此密钥的密钥文件。请恢复 secret.key，或重新填写密钥。");
}

typedef struct {
	Keyring *keyring;
	Id after;
	int found;
	int64_t sealed;
} Rotation;

static int rotate_row(Tx *tx, Rotation *rotation, Id subject, const Sealed *old)
{
	Sealed new;
	if (keyring_is_newest(rotation->keyring, old))
		return 0;
	const char *text = keyring_unseal(rotation->keyring, tx_mem(tx), subject.byte, sizeof subject.byte, old);
	if (!text)
		return 0; /* its key was lost before: it stays unreadable, and does not stand in the way of the others */
	if (!keyring_seal(rotation->keyring, tx_mem(tx), subject.byte, sizeof subject.byte, text, &new))
		return ERR_INTERNAL;
	rotation->sealed++;
	return secret_store(tx, subject, &new);
}

static int rotate_batch(Tx *tx, void *arg)
{
	Rotation *rotation = arg;
	Id subjects[ROTATE_BATCH];
	Sealed sealed[ROTATE_BATCH];
	static const Id first = {{[15] = 1}}; /* below every id that is made; the nil one would be NULL */
	rotation->found = 0;
	ROWS rows = NULL;
	int r = db_query(tx, &rows, "SELECT subject, sealed FROM secret WHERE subject > $1 ORDER BY subject LIMIT $2",
	                 id_is_nil(rotation->after) ? value_id(first) : value_id(rotation->after), value_int(ROTATE_BATCH));
	if (r < 0)
		return r;
	while (rows_next(rows)) {
		int i = rotation->found++;
		subjects[i] = rows_id(rows, 0);
		const void *bytes = rows_bytes(rows, 1, &sealed[i].len);
		sealed[i].bytes = talloc_memdup(tx_mem(tx), bytes, sealed[i].len);
	}
	r = rows_error(rows);
	for (int i = 0; r == 0 && i < rotation->found; i++)
		r = rotate_row(tx, rotation, subjects[i], &sealed[i]);
	if (r == 0 && rotation->found > 0)
		rotation->after = subjects[rotation->found - 1];
	return r;
}

bool secrets_rotate(House *house, int64_t *ret_n, char **ret_error)
{
	Rotation rotation = {.keyring = house->keyring};
	int r = keyring_rotate_begin(house->keyring) ? 0 : ERR_INTERNAL;
	do {
		r = r < 0 ? r : store_write_wait(house->store, rotate_batch, &rotation);
	} while (r == 0 && rotation.found == ROTATE_BATCH);
	*ret_n = rotation.sealed;
	if (r == 0 && keyring_rotate_end(house->keyring))
		return true;
	*ret_error = talloc_strdup(NULL, "The secrets could not all be sealed anew. Nothing is lost: run the "
	"command again.");
	return false;
}
