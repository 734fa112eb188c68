/* For the unit tests of this folder: a workspace of its own on each engine. SQLite always; PostgreSQL when
 * TENON_TEST_DATABASE names one (each test gets a fresh schema). */
#pragma once

#include "base/check.h"
#include "call/gate.h"
#include "record/record_int.h"

typedef struct World {
	StoreConfig config;
	const char *dir;
	House house;
	Clock clock;
} World;

/* Runs body in a world on each engine there is. */
void world_each(void (*body)(World *w));
/* Runs fn in a writing transaction of its own, as who (NULL: the system); returns its result. *ret_code (may be NULL): the code
 * of the failure, or of its first fault. */
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
