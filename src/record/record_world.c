/* The workspace of a unit test: real store, real core pack, no HTTP. */
#include "record/record_world.h"

#include "call/module.h"

#include <string.h>

static World *world_open(bool postgres)
{
	World *w = talloc_zero(NULL, World);
	char *error = NULL;
	w->place = test_store_open(w, postgres, NULL);
	w->house = (House){.clock = &w->clock, .data_dir = w->place->folder, .public_url = "http://test",
		.store = w->place->store};
	const Migration parts[] = {{"gate", gate_migrations}, {"record", record_migrations}};
	CHECK_INT(store_migrate(w->house.store, parts, ARRAY_LEN(parts), &error), 0);
	w->house.phases = phases_new(w);
	w->house.gate = gate_new(w, &w->house);
	w->house.meta = meta_open(w, w->house.store, &error);
	if (w->house.meta == NULL)
		g_error("%s", error);
	CHECK_INT(record_module.start(&w->house), 0);
	return w;
}

static void world_close(World *w)
{
	test_store_close(w->place);
	talloc_free(w);
}

void world_each(void (*body)(World *w))
{
	for (int i = 0; i < (test_store_has_postgres() ? 2 : 1); i++) {
		World *w = world_open(i == 1);
		body(w);
		world_close(w);
	}
}

static Call *call_as(World *w, const Identity *who)
{
	Call *c = who == NULL ? call_new_system(NULL, &w->house, NULL, "test") : call_new(NULL, &w->house, NULL);
	c->lang = LANG_EN;
	c->cause = "test";
	if (who != NULL)
		c->who = *who;
	return c;
}

static const char *code_of(const Call *c)
{
	const char *code = c->faults != NULL ? c->faults->code : c->err_code;
	return code == NULL ? NULL : g_intern_string(code);
}

static int run(World *w, const Identity *who, bool writes, CallJob fn, void *arg, const char **ret_code)
{
	Call *c = call_as(w, who);
	int r = writes ? call_write_wait(c, fn, arg) : call_read_wait(c, fn, arg);
	if (ret_code != NULL)
		*ret_code = code_of(c);
	else if (r < 0)
		g_test_message("failed: %s %s", code_of(c), c->err_detail);
	talloc_free(c);
	return r;
}

int world_write(World *w, const Identity *who, CallJob fn, void *arg, const char **ret_code)
{
	return run(w, who, true, fn, arg, ret_code);
}

int world_read(World *w, const Identity *who, CallJob fn, void *arg, const char **ret_code)
{
	return run(w, who, false, fn, arg, ret_code);
}

/* --- endpoints --- */

typedef struct {
	const Endpoint *endpoint;
	const Ask *ask;
} EndpointRun;

static int endpoint_run(Call *c, void *arg)
{
	const EndpointRun *e = arg;
	c->if_match = e->ask->if_match;
	int r = gate_check(c, e->endpoint->right);
	return r < 0 ? r : e->endpoint->fn(c);
}

static json_t *tree(const char *text)
{
	json_error_t error;
	json_t *t = json_loads(text, JSON_DECODE_ANY, &error);
	if (t == NULL)
		g_error("%s in %s", error.text, text);
	return t;
}

static const Endpoint *endpoint_find(const char *method, const char *path)
{
	for (const Endpoint *e = record_module.endpoints; e->method != NULL; e++) {
		if (strcmp(e->method, method) == 0 && strcmp(e->path, path) == 0)
			return e;
	}
	g_error("no endpoint %s %s", method, path);
}

int world_ask(World *w, const Identity *who, const char *method, const char *path, Ask *ask)
{
	EndpointRun e = {.endpoint = endpoint_find(method, path), .ask = ask};
	Call *c = call_as(w, who);
	if (ask->params != NULL)
		c->params = json_own(c, tree(ask->params));
	if (ask->body != NULL)
		c->body = json_own(c, tree(ask->body));
	int r = e.endpoint->mode == CALL_READ ? call_read_wait(c, endpoint_run, &e) : call_write_wait(c, endpoint_run, &e);
	ask->code = code_of(c);
	ask->detail = c->err_detail == NULL ? NULL : talloc_strdup(w, c->faults != NULL ? c->faults->detail
		: c->err_detail);
	ask->json = c->out->len > 0 ? json_own(w, tree(c->out->data)) : NULL;
	talloc_free(c);
	return r;
}

/* --- things to work with --- */

typedef struct {
	const char *object, *json;
	Id id;
} Make;

static int make(Call *c, void *arg)
{
	Make *m = arg;
	Record *record = record_new(c, meta_object_of(c, m->object));
	json_t *fields = json_own(c, tree(m->json));
	const char *name;
	json_t *value;
	json_object_foreach(fields, name, value) {
		const FieldDef *f = meta_field(record->object, name);
		Value v;
		if (!value_from_json(c, record, f, value, &v))
			return c->err;
		record_set_at(record, f->index, v);
	}
	int r = record_create(c, record, RECORD_AS_HOUSE);
	m->id = record_id(record);
	return r;
}

Id world_make(World *w, const char *object, const char *json)
{
	Make m = {.object = object, .json = json};
	CHECK_INT(world_write(w, NULL, make, &m, NULL), 0);
	return m.id;
}

Identity world_person(World *w, const char *name, Role role, Id team)
{
	char id[ID_TEXT_SIZE];
	const char *roles[] = {"", "salesperson", "supervisor", "administrator"};
	char *json = id_is_nil(team) ? talloc_asprintf(w, "{\"name\":\"%s\",\"login\":\"%s\",\"role\":\"%s\"}", name,
		name, roles[role])
	                             : talloc_asprintf(w,
	                             "{\"name\":\"%s\",\"login\":\"%s\",\"role\":\"%s\",\"team\":\"%s\"}", name,
	                                               name, roles[role], id_text(team, id));
	return (Identity){.user = world_make(w, "user", json), .role = role, .team = team, .login = name, .name = name};
}

/* --- the shortest way through an endpoint --- */

static const char *path_params(World *w, const char *object, Id id)
{
	char text[ID_TEXT_SIZE];
	return talloc_asprintf(w, "{\"object\":\"%s\",\"id\":\"%s\"}", object, id_text(id, text));
}

int world_post(World *w, const Identity *who, const char *object, const char *body, Ask *ask)
{
	*ask = (Ask){.params = talloc_asprintf(w, "{\"object\":\"%s\"}", object), .body = body};
	return world_ask(w, who, "POST", "/records/:object", ask);
}

int world_patch(World *w, const Identity *who, const char *object, Id id, const char *body, Ask *ask)
{
	*ask = (Ask){.params = path_params(w, object, id), .body = body, .if_match = ask->if_match};
	return world_ask(w, who, "PATCH", "/records/:object/:id", ask);
}

int world_get(World *w, const Identity *who, const char *object, Id id, Ask *ask)
{
	*ask = (Ask){.params = path_params(w, object, id)};
	return world_ask(w, who, "GET", "/records/:object/:id", ask);
}

int world_act(World *w, const Identity *who, const char *method, const char *path, const char *object, Id id, Ask *ask)
{
	*ask = (Ask){.params = path_params(w, object, id)};
	return world_ask(w, who, method, path, ask);
}

const Identity world_admin = {.role = ROLE_ADMINISTRATOR, .name = "root", .login = "root"};

typedef struct {
	const char *sql;
	int64_t value;
} Count;

static int count_run(Call *c, void *arg)
{
	Count *count = arg;
	return db_int_n(c->tx, &count->value, count->sql, NULL, 0);
}

int64_t world_count(World *w, const char *sql)
{
	Count n = {.sql = sql};
	CHECK_INT(world_read(w, NULL, count_run, &n, NULL), 0);
	return n.value;
}
