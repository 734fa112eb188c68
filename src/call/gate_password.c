/* Passwords: Argon2id and who may run it when. Hashing costs 50 ms and 32 MiB on purpose; the places for it are
 * few, so that a flood of sign-ins cannot take the machine. Plain passwords are never stored or logged. */
#include "call/call_int.h"

#include <assert.h>
#include <string.h>

#define ARGON_PASSES 3
#define ARGON_MEMORY (32U * 1024 * 1024)

_Static_assert(crypto_pwhash_argon2id_STRBYTES == 128, "the hash fits the buffers of gate.h");

/* A hash of the same cost that no password is known for. */
#define NOBODY_HASH "$argon2id$v=19$m=32768,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

int gate_password_hash(const char *password, char out[static 128])
{
	int r = crypto_pwhash_argon2id_str(out, password, strlen(password), ARGON_PASSES, ARGON_MEMORY);
	return r == 0 ? 0 : ERR_BUSY; /* only memory can fail here */
}

bool gate_password_matches(const char *hash, const char *password)
{
	return crypto_pwhash_argon2id_str_verify(hash, password, strlen(password)) == 0;
}

void gate_password_pretend(const char *password)
{
	(void)gate_password_matches(NOBODY_HASH, password);
}

int gate_hash_enter(Call *c)
{
	Gate *gate = c->house->gate;
	pthread_mutex_lock(&gate->hash_lock);
	bool full = gate->hashes_running >= GATE_HASHES_RUNNING && gate->hashes_waiting >= GATE_HASHES_WAITING;
	if (!full) {
		gate->hashes_waiting++;
		while (gate->hashes_running >= GATE_HASHES_RUNNING)
			pthread_cond_wait(&gate->hash_free, &gate->hash_lock);
		gate->hashes_waiting--;
		gate->hashes_running++;
	}
	pthread_mutex_unlock(&gate->hash_lock);
	if (!full)
		return 0;
	c->retry_after = "2";
	return call_fail(c, ERR_BUSY, "busy", "Too many people are signing in at this moment; try again in two seconds.",
	                 "登录人数过多，请 2 秒后重试。");
}

void gate_hash_leave(Gate *gate)
{
	pthread_mutex_lock(&gate->hash_lock);
	assert(gate->hashes_running > 0);
	gate->hashes_running--;
	pthread_cond_signal(&gate->hash_free);
	pthread_mutex_unlock(&gate->hash_lock);
}

int gate_password_hold(Call *c, Id user, const char *hash)
{
	int r = db_exec(c->tx, "UPDATE credential SET hash = hash WHERE person = $1 AND hash = $2", value_id(user),
	                value_text(hash));
	return r < 0 ? call_store_failed(c, r) : db_changes(c->tx) == 1 ? 0 : ERR_STALE;
}

int gate_password_set(Call *c, Id user, const char *hash, bool must_change)
{
	int r = db_exec(c->tx,
	                "INSERT INTO credential (person, hash, must_change, changed_at) VALUES ($1, $2, $3, $4) "
	                "ON CONFLICT (person) DO UPDATE SET hash = excluded.hash, must_change = excluded.must_change, "
	                "changed_at = excluded.changed_at",
	                value_id(user), value_text(hash), value_bool(must_change), value_time(clock_real_ms()));
	if (r < 0)
		return call_store_failed(c, r);
	return 0;
}
