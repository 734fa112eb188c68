/* For the unit tests of this folder: a workspace of its own on each engine. SQLite always; PostgreSQL when
 * TENON_TEST_DATABASE names one (each test gets a fresh schema). */
#pragma once

#include "base/check.h"
#include "call/gate.h"
#include "record/record_int.h"
#include "store/test_store.h"

typedef struct World {
	TestStore *place;
	House house;
	Clock clock;
} World;

/* Runs body in a world on each engine there is. */
void world_each(void (*body)(World *w));
/* Runs fn in a writing transaction of its own, as who (NULL: the system); returns its result. *ret_code (may be
 * NULL): the code of the failure, or of its first fault. */
int world_write(World *w, const Identity *who, CallJob fn, void *arg, const char **ret_code);
int world_read(World *w, const Identity *who, CallJob fn, void *arg, const char **ret_code);
/* The same for an endpoint with parameters as JSON text (NULL: none) and body; *ret_json: its answer, owned by w. */
typedef struct {
	const char *params, *body, *if_match;
	const json_t *json; /* out */
	const char *code;   /* out: as above */
	const char *detail; /* out */
} Ask;
int world_ask(World *w, const Identity *who, const char *method, const char *path, Ask *ask);

/* Makes a record as the house from "field=value" JSON; returns its id. */
Id world_make(World *w, const char *object, const char *json);
Identity world_person(World *w, const char *name, Role role, Id team);

/* The endpoints of records by the shortest way. */
extern const Identity world_admin;
int world_post(World *w, const Identity *who, const char *object, const char *body, Ask *ask);
/* if_match of ask is sent along. */
int world_patch(World *w, const Identity *who, const char *object, Id id, const char *body, Ask *ask);
int world_get(World *w, const Identity *who, const char *object, Id id, Ask *ask);
/* Any endpoint of one record without a body. */
int world_act(World *w, const Identity *who, const char *method, const char *path, const char *object, Id id, Ask *ask);
/* The one integer a query gives. */
int64_t world_count(World *w, const char *sql);
