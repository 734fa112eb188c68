/* What the files of the gate share among themselves; no other folder includes this. */
#pragma once

#include "call/gate.h"
#include "call/module.h"

#include <pthread.h>
#include <sodium.h>

#define GATE_IDLE_MS (14 * DAY_MS)        /* a session dies after so long without use */
#define GATE_SEEN_MS HOUR_MS              /* last_seen_at is written no oftener than this */
#define GATE_TRUST_MS (30 * SECOND_MS)    /* a cached identity is read again after this: others may have ended it */
#define GATE_CACHE_MAX 65536              /* identities kept in memory */
#define GATE_TOKEN_MAX 80                 /* characters; longer ones are no token */
#define GATE_KEY_PREFIX "tk_"             /* API keys begin with it, session tokens do not */
#define GATE_HASHES_RUNNING 2             /* Argon2id runs at once: each takes memory and a core */
#define GATE_HASHES_WAITING 64            /* sign-ins waiting for their turn; beyond it 503 */
#define GATE_FAILURES_MAX 10              /* failed sign-ins of one login from one address ... */
#define GATE_FAILURES_MS (15 * MINUTE_MS) /* ... within this */
#define GATE_SESSIONS_LISTED 200
#define GATE_KEYS_LISTED 200

/* SHA-256 of a token: the only form in which it is kept. */
typedef struct {
	uint8_t byte[crypto_hash_sha256_BYTES];
} TokenHash;

TokenHash token_hash(const char *token);
Value token_hash_value(const TokenHash *hash);

/* --- cache: who a token belongs to. Thread-safe. --- */

typedef struct GateCache GateCache;

/* An identity as it was read. */
typedef struct {
	Identity who;          /* texts belong to whoever filled this in */
	Lang lang;
	int64_t last_seen_ms;  /* real time, as the database has it; 0 for API keys */
	int64_t read_ms;       /* real time of reading */
} Known;

GateCache *gate_cache_new(TALLOC_CTX *ctx);
/* Copies what is known into c (who, lang). False when the token is not there or was read too long ago.
 * *ret_seen_due: the caller is the one to write last_seen_at. */
bool gate_cache_get(GateCache *cache, const TokenHash *hash, Call *c, bool *ret_seen_due);
/* What is read from the database is put with the generation asked before reading: if anything was forgotten
 * meanwhile, the reading may be of the past and is not kept. */
uint64_t gate_cache_generation(GateCache *cache);
void gate_cache_put(GateCache *cache, const TokenHash *hash, const Known *known, uint64_t generation);
/* Entries now, at most GATE_CACHE_MAX. */
size_t gate_cache_size(GateCache *cache);
void gate_cache_forget_user(GateCache *cache, Id user);
void gate_cache_forget_session(GateCache *cache, Id session);
void gate_cache_forget_all(GateCache *cache);

/* --- throttle: failed sign-ins. Thread-safe, of fixed size. --- */

typedef struct Throttle Throttle;

Throttle *throttle_new(TALLOC_CTX *ctx);
/* Milliseconds until this login may try again from this address; 0: now. */
int64_t throttle_wait_ms(Throttle *t, const char *login, const char *ip, int64_t real_ms);
void throttle_fail(Throttle *t, const char *login, const char *ip, int64_t real_ms);
void throttle_succeed(Throttle *t, const char *login, const char *ip);

/* --- the gate itself --- */

struct Gate {
	House *house;
	GateCache *cache;
	Throttle *throttle;
	_Atomic int64_t version; /* gate_version when the cache was last compared with it */
	pthread_mutex_t hash_lock;
	pthread_cond_t hash_free;
	int hashes_running, hashes_waiting;
};

/* Takes one of the places for hashing; ERR_BUSY when too many wait already. Given back by gate_hash_leave. */
NODISCARD int gate_hash_enter(Call *c);
void gate_hash_leave(Gate *gate);
/* Spends the time of a comparison on a user who is not there, so that the answer's time does not tell. */
void gate_password_pretend(const char *password);
/* This is still that person's password, and stays so until the transaction ends; else ERR_STALE without a sentence. */
NODISCARD int gate_password_hold(Call *c, Id user, const char *hash);

/* Lets other processes forget what they know of tokens; in the transaction that ends a session or a key. */
NODISCARD int gate_shut_out(Call *c);
/* Adds a session for the identity and gives its token (writing transaction); fills who->session. */
NODISCARD int gate_session_add(Call *c, Identity *who, const char *token);

int gate_sign_in(Call *c);
int gate_sign_out(Call *c);
int gate_session_list(Call *c);
int gate_session_delete(Call *c);
int gate_me(Call *c);
int gate_password_change(Call *c);
int gate_key_list(Call *c);
int gate_key_create(Call *c);
int gate_key_delete(Call *c);

/* Writes {"id","name","login","role","team","must_change_password"} as members of the open object. */
void gate_write_user(JsonOut *out, const Identity *who);
const char *role_name(Role role);
Role role_parse(const char *name);
/* True if role alone has the right. */
bool role_may(Role role, const char *right);
bool right_known(const char *right, size_t len);
