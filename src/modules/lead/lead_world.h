/* A small company for the tests of this room: real store, real core pack, a clock that tests set, timers that run
 * when told. */
#pragma once

#include "base/check.h"
#include "call/gate.h"
#include "modules/lead/lead_int.h"
#include "store/test_store.h"

typedef struct World {
	TestStore *place;
	House house;
	Clock clock;
	int64_t now_ms;   /* business time of every call */
	Id team, other_team, head, pool, fallback, source, calendar;
	Id people[8];     /* salespeople of the team */
	int n_people;
} World;

/* Monday 2026-11-23 10:00 in Shanghai: everybody is at work. */
#define WORLD_MONDAY_10 INT64_C(1795399200000)

/* Runs body in a company with so many salespeople and the default policy, on SQLite, and on PostgreSQL if
 * TENON_TEST_DATABASE names one. */
void world_each(int people, void (*body)(World *w));
/* Runs fn in a writing transaction as who (NULL: the system) and expects it to succeed. */
void world_do(World *w, const Identity *who, CallJob fn, void *arg);
Id world_make(World *w, const char *object, const char *json);
void world_change(World *w, const char *object, Id id, const char *json);
/* A lead as intake makes it. */
Id world_lead(World *w, const char *json);
/* A copy of the lead as it stands. */
Record *world_get(World *w, const char *object, Id id);
Identity world_who(World *w, Id person, Role role);
/* Lets the time pass to then, running every timer due on the way at its own time. */
void world_to(World *w, int64_t then_ms);
/* Calls an endpoint; body as JSON text or NULL. Returns the answer (NULL when refused) and the code of a refusal. */
const json_t *world_ask(World *w, const Identity *who, const char *method, const char *path, Id id, const char *body,
                        const char **ret_code);
int64_t world_count(World *w, const char *sql);
void world_policy(World *w, const Policy *policy);
Policy world_policy_now(World *w);
