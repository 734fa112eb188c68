/* The one gate: who is this, and may they do that. Sessions and API keys live here; so does the table of rights.
 *
 * rights (name: lowest role that has it)
 *   signed_in          everybody with a session
 *   record.read, record.write      salesperson; rows are narrowed by record/access.h
 *   lead.work          salesperson: touch, claim, return, convert, create by hand
 *   lead.assign        supervisor: assign to others, bulk hand-over, release a freeze
 *   board.read         supervisor
 *   intake.read        supervisor; intake.replay: supervisor
 *   people.manage      administrator (supervisors may mark absence in their own team: people.absence)
 *   settings.manage    administrator: sources, pools, policy, calendars, territories, skills
 *   system.manage      administrator: API keys of others, test clock */
#pragma once

#include "call/call.h"

typedef struct Gate Gate;

extern const char *const gate_migrations[]; /* session, api_key, credential */

Gate *gate_new(TALLOC_CTX *ctx, House *house);

/* Finds who a bearer token belongs to. Sessions and keys are cached; revocation is immediate in this process,
 * and within a second or so in others on the same database. token
 * may be NULL: who stays ROLE_NONE. Returns 0 or ERR_UNAUTHENTICATED with the reason in the call. Needs c->tx only
 * when the cache misses. */
NODISCARD int gate_identify(Call *c, const char *token);
/* Tries the cache only; false: a reading transaction and gate_identify are needed. */
bool gate_identify_cached(Call *c, const char *token);
/* 0, or fails the call with ERR_UNAUTHENTICATED / ERR_DENIED. The one place where rights are checked. */
NODISCARD int gate_check(Call *c, const char *right);
/* The same question without failing the call; for what the screen shows. */
bool gate_may(const Call *c, const char *right);
/* All rights of the identity, a NULL-terminated list in c's memory. */
const char **gate_rights(Call *c);

/* Argon2id; out holds the encoded hash (128 bytes). Takes about 50 ms by design: never on a loop or writer thread. */
NODISCARD int gate_password_hash(const char *password, char out[static 128]);
bool gate_password_matches(const char *hash, const char *password);
/* Sets the password of a user (writing transaction). */
NODISCARD int gate_password_set(Call *c, Id user, const char *hash, bool must_change);
/* Ends every session of a user, e.g. because the user was disabled. */
NODISCARD int gate_sessions_end(Call *c, Id user);
/* Forgets every identity kept in memory if anybody was signed out, in whatever process, since the last time it was
 * asked: for who follows the other processes. */
NODISCARD int gate_follow(Call *c);
/* The user's row (role, team, active, name) changed: forget what is cached. */
void gate_forget(Gate *gate, Id user);

extern const struct Module gate_module; /* /sessions, /me, /me/password, /api-keys */
