/* The company of the tests: see lead_world.h. */
#include "modules/lead/lead_world.h"

#include <string.h>

#include "call/module.h"
#include "match/match.h"
#include "record/phase.h"

extern const Module lead_module, policy_module, claim_module, idle_module, idle_account_module, idle_sweep_module,
	desk_module, known_module, procedure_module;

static const Module *const modules[] = {&timer_module, &alert_module, &record_module, &known_module, &lead_module,
	&policy_module, &claim_module, &idle_module, &idle_account_module, &idle_sweep_module, &procedure_module,
	&desk_module, NULL};

#define WEEK "{\"mon\":[[\"09:00\",\"18:00\"]],\"tue\":[[\"09:00\",\"18:00\"]],\"wed\":[[\"09:00\",\"18:00\"]]," \
	"\"thu\":[[\"09:00\",\"18:00\"]],\"fri\":[[\"09:00\",\"18:00\"]],\"sat\":[],\"sun\":[]}"

/* ---- opening and closing ---- */

static void tables_make(World *w)
{
	char *error = NULL;
	const Migration engines[] = {{"gate", gate_migrations}, {"record", record_migrations}, {"timer", timer_migrations},
		{"alert", alert_migrations}};
	CHECK_INT(store_migrate(w->house.store, engines, ARRAY_LEN(engines), &error), 0);
	w->house.meta = meta_open(w, w->house.store, &error);
	if (!w->house.meta)
		g_error("%s", error);
	for (const Module *const *m = modules; *m; m++)
		if ((*m)->migrations)
			CHECK_INT(store_migrate(w->house.store, &(Migration){(*m)->name, (*m)->migrations}, 1, &error), 0);
}

static World *world_open(bool postgres)
{
	World *w = talloc_zero(NULL, World);
	w->place = test_store_open(w, postgres, NULL);
	atomic_store(&w->clock.offset_ms, WORLD_MONDAY_10 - clock_real_ms());
	w->house = (House){.clock = &w->clock, .data_dir = w->place->folder, .public_url = "http://test",
		.modules = modules, .test_clock = true, .store = w->place->store};
	tables_make(w);
	w->house.phases = phases_new(w);
	w->house.gate = gate_new(w, &w->house);
	w->house.match = match_new(w);
	for (const Module *const *m = modules; *m; m++)
		if ((*m)->start)
			CHECK_INT((*m)->start(&w->house), 0);
	timers_start(w, &w->house);
	return w;
}

static void world_close(World *w)
{
	timers_stop(w->house.timers);
	for (const Module *const *m = modules; *m; m++)
		if ((*m)->stop)
			(*m)->stop(&w->house);
	test_store_close(w->place);
	talloc_free(w);
}

/* ---- the company ---- */

static const char *text_of(World *w, Id id)
{
	return id_text(id, talloc_array(w, char, ID_TEXT_SIZE));
}

static void company_make(World *w, int people)
{
	w->calendar = world_make(w, "calendar", "{\"name\":\"office\",\"week\":" WEEK "}");
	w->other_team = world_make(w, "team", "{\"name\":\"华东\"}");
	w->team = world_make(w, "team", talloc_asprintf(w, "{\"name\":\"上海\",\"parent\":\"%s\"}", text_of(w,
		w->other_team)));
	w->head = world_make(w, "user", talloc_asprintf(w, "{\"name\":\"Head\",\"login\":\"head\",\"role\":\"supervisor\","
		"\"team\":\"%s\"}", text_of(w, w->team)));
	world_make(w, "user", "{\"name\":\"Admin\",\"login\":\"admin\",\"role\":\"administrator\"}");
	world_change(w, "team", w->team, talloc_asprintf(w, "{\"head\":\"%s\"}", text_of(w, w->head)));
	for (int i = 0; i < people; i++)
		w->people[w->n_people++] = world_make(w, "user", talloc_asprintf(w,
		"{\"name\":\"P%d\",\"login\":\"p%d\",\"team\":\"%s\"}",
			i, i, text_of(w, w->team)));
	char *members = talloc_strdup(w, "");
	for (int i = 0; i < people; i++)
		members = talloc_asprintf_append(members, "%s\"%s\"", i ? "," : "", text_of(w, w->people[i]));
	w->pool = world_make(w, "pool", talloc_asprintf(w, "{\"name\":\"pool\",\"claim_limit\":2,\"members\":[%s]}",
		members));
	w->fallback = world_make(w, "pool", "{\"name\":\"fallback\"}");
	w->source = world_make(w, "source", "{\"name\":\"web\",\"key\":\"web\",\"grade\":\"high\",\"weight\":80}");
	Policy policy = policy_default(w->pool);
	policy.fallback_pool = w->fallback;
	world_policy(w, &policy);
}

void world_each(int people, void (*body)(World *w))
{
	for (int i = 0; i < (test_store_has_postgres() ? 2 : 1); i++) {
		World *w = world_open(i == 1);
		company_make(w, people);
		body(w);
		world_close(w);
	}
}

/* ---- acting ---- */

static Call *call_as(World *w, const Identity *who)
{
	Call *c = who ? call_new(NULL, &w->house, NULL) : call_new_system(NULL, &w->house, NULL, "test");
	c->lang = LANG_EN;
	c->cause = "test";
	if (who)
		c->who = *who;
	return c;
}

static void failure_tell(const Call *c)
{
	for (const FieldFault *f = c->faults; f; f = f->next)
		g_printerr("%s: %s: %s\n", f->field, f->code, f->detail);
	g_printerr("failed: %s: %s\n", c->err_code ? c->err_code : "?", c->err_detail ? c->err_detail : "?");
}

void world_do(World *w, const Identity *who, CallJob fn, void *arg)
{
	Call *c = call_as(w, who);
	int r = call_write_wait(c, fn, arg);
	if (r < 0)
		failure_tell(c);
	CHECK_INT(r, 0);
	talloc_free(c);
}

typedef struct {
	World *w;
	const char *object, *json, *sql;
	Id id;
	int64_t number;
	Policy policy;
	Record *copy;
} Act;

static const char *json_written(Call *c, const json_t *tree)
{
	Buf *buf = buf_new(c, LEAD_BODY_MAX);
	JsonOut out = json_out(buf);
	json_put_tree(&out, tree);
	return buf->data;
}

/* JSON of values by field; what only the house writes may be set too. */
static void fields_set(Call *c, Record *r, const char *json)
{
	JsonFault fault;
	json_t *tree = json_parse(c, json, strlen(json), &fault), *value;
	const char *key;
	CHECK(tree != NULL);
	json_object_foreach(tree, key, value) {
		const FieldDef *field = meta_field(r->object, key);
		Id id;
		CHECK(field != NULL);
		if (field->type == FIELD_REF && json_is_string(value) && id_parse(json_string_value(value), 36, &id))
			record_set_ref(r, key, id);
		else if (field->type == FIELD_JSON && !json_is_null(value))
			record_set_text(r, key, json_written(c, value));
		else if (json_is_string(value))
			record_set_text(r, key, json_string_value(value));
		else if (json_is_boolean(value))
			record_set(r, key, value_bool(json_is_true(value)));
		else if (field->type == FIELD_TIME && json_is_integer(value))
			record_set_time(r, key, json_integer_value(value));
		else if (field->type == FIELD_DECIMAL)
			record_set(r, key, value_decimal((int64_t)(json_number_value(value) * 1e6), 6));
		else if (json_is_null(value))
			record_set(r, key, value_null());
		else
			record_set_int(r, key, json_integer_value(value));
	}
}

static int make(Call *c, void *arg)
{
	Act *act = arg;
	Record *r = record_new(c, meta_object_of(c, act->object));
	fields_set(c, r, act->json);
	int err = record_create(c, r, RECORD_AS_HOUSE);
	act->id = record_id(r);
	return err;
}

Id world_make(World *w, const char *object, const char *json)
{
	Act act = {.object = object, .json = json};
	world_do(w, NULL, make, &act);
	return act.id;
}

static int change(Call *c, void *arg)
{
	Act *act = arg;
	Record *r;
	int err = record_load_any(c, act->object, act->id, &r);
	if (err < 0)
		return err;
	fields_set(c, r, act->json);
	return record_update(c, r, RECORD_AS_HOUSE);
}

void world_change(World *w, const char *object, Id id, const char *json)
{
	Act act = {.object = object, .json = json, .id = id};
	world_do(w, NULL, change, &act);
}

static int take_in(Call *c, void *arg)
{
	Act *act = arg;
	Record *lead = record_new(c, meta_object_of(c, "lead"));
	fields_set(c, lead, act->json);
	record_set_ref(lead, "source", act->w->source);
	int err = lead_place(c, lead, &(PlaceInfo){.create = true, .pages = 3, .dwell_ms = MINUTE_MS});
	act->id = record_id(lead);
	return err;
}

Id world_lead(World *w, const char *json)
{
	Act act = {.w = w, .json = json};
	world_do(w, NULL, take_in, &act);
	return act.id;
}

static int get(Call *c, void *arg)
{
	Act *act = arg;
	Record *r;
	int err = record_load_any(c, act->object, act->id, &r);
	if (err < 0)
		return err;
	act->copy = record_new(act->w, r->object);
	for (int i = 0; i < r->object->n_fields; i++)
		act->copy->values[i] = value_copy(act->w, &r->values[i]);
	return 0;
}

Record *world_get(World *w, const char *object, Id id)
{
	Act act = {.w = w, .object = object, .id = id};
	world_do(w, NULL, get, &act);
	return act.copy;
}

Identity world_who(World *w, Id person, Role role)
{
	Record *user = world_get(w, "user", person);
	return (Identity){.user = person, .role = role, .team = record_ref(user, "team"), .login = record_text(user,
		"login"),
		.name = record_text(user, "name")};
}

void world_to(World *w, int64_t then_ms)
{
	CHECK_INT(timers_advance(w->house.timers, then_ms), 0);
}

static int count(Call *c, void *arg)
{
	Act *act = arg;
	return db_int_n(c->tx, &act->number, act->sql, NULL, 0);
}

int64_t world_count(World *w, const char *sql)
{
	Act act = {.sql = sql};
	world_do(w, NULL, count, &act);
	return act.number;
}

static int policy_set(Call *c, void *arg)
{
	Act *act = arg;
	return policy_save(c, &act->policy, "test", &act->number);
}

void world_policy(World *w, const Policy *policy)
{
	Act act = {.policy = *policy};
	world_do(w, NULL, policy_set, &act);
}

static int policy_get(Call *c, void *arg)
{
	return policy_load(c, 0, &((Act *)arg)->policy);
}

Policy world_policy_now(World *w)
{
	Act act = {0};
	world_do(w, NULL, policy_get, &act);
	return act.policy;
}

/* ---- endpoints ---- */

static const Endpoint *endpoint_find(const char *method, const char *path)
{
	for (const Module *const *m = modules; *m; m++)
		for (const Endpoint *e = (*m)->endpoints; e && e->method; e++)
			if (strcmp(e->method, method) == 0 && strcmp(e->path, path) == 0)
				return e;
	g_error("no endpoint %s %s", method, path);
}

/* As the gate and the parameter check would: times come as milliseconds here. */
static int endpoint_run(Call *c, void *arg)
{
	const Endpoint *e = arg;
	int r = gate_check(c, e->right);
	return r < 0 ? r : e->fn(c);
}

const json_t *world_ask(World *w, const Identity *who, const char *method, const char *path, Id id, const char *body,
                        const char **ret_code)
{
	const Endpoint *e = endpoint_find(method, path);
	Call *c = call_as(w, who);
	JsonFault fault;
	if (body) {
		c->body = json_parse(c, body, strlen(body), &fault);
		CHECK(c->body != NULL);
		json_object_update(c->params, c->body);
	}
	if (!id_is_nil(id))
		json_object_set_new(c->params, "id", json_string(id_text(id, (char[ID_TEXT_SIZE]){0})));
	int r = e->mode == CALL_READ ? call_read_wait(c, endpoint_run, (void *)e)
	      : e->mode == CALL_WRITE ? call_write_wait(c, endpoint_run, (void *)e) : endpoint_run(c, (void *)e);
	const char *code = c->faults ? c->faults->code : c->err_code;
	if (ret_code)
		*ret_code = code ? g_intern_string(code) : NULL;
	else if (r < 0)
		failure_tell(c);
	CHECK(ret_code || r == 0);
	json_t *answer = r == 0 && c->out->len ? json_parse(w, c->out->data, c->out->len, &fault) : NULL;
	CHECK(r < 0 || c->out->len == 0 || answer != NULL);
	talloc_free(c);
	return answer;
}
