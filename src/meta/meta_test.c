/* The catalogue on a database: tables follow it, custom fields come into force with their COMMIT, running Calls keep
 * the snapshot they began with. Runs on SQLite, and on PostgreSQL too when TENON_TEST_DATABASE names one. */
#include "meta/meta_int.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "call/gate.h"
#include "call/module.h"
#include "store/test_store.h"

static const char deal_pack[] =
	"{\"objects\":[{\"name\":\"deal\",\"table\":\"deal\",\"zh\":\"商机\",\"en\":\"Deal\",\"title\":\"name\","
	"\"read\":\"record.read\",\"write\":\"record.write\",\"history\":true,"
	"\"indexes\":[\"stage,created_at\"],\"fields\":["
	"{\"name\":\"name\",\"zh\":\"名称\",\"en\":\"Name\",\"type\":\"text\",\"unique\":true},"
	"{\"name\":\"secret\",\"zh\":\"内部\",\"en\":\"Internal\",\"type\":\"text\",\"hidden\":true},"
	"{\"name\":\"stage\",\"zh\":\"阶段\",\"en\":\"Stage\",\"type\":\"choice\",\"choices\":"
	"[{\"value\":\"open\",\"zh\":\"进行\",\"en\":\"Open\"}]}]}]}";
static const EmbeddedFile packs[] = {{"test/objects.json", (const unsigned char *)deal_pack, sizeof deal_pack - 1},
	{0}};

/* A workspace of its own: a store in a new directory or schema, and a house around it. */
typedef struct {
	TestStore *place;
	House house;
	Clock clock;
} World;

static void catalogue_open(World *w)
{
	char *error = NULL;
	w->house.store = w->place->store;
	w->house.clock = &w->clock;
	w->house.meta = meta_open_packs(w, w->house.store, packs, &error);
	CHECK_TEXT(error, NULL);
}

static World *world_new(bool postgres)
{
	World *w = talloc_zero(NULL, World);
	w->place = test_store_open(w, postgres, NULL);
	if (!w->place) {
		talloc_free(w);
		return NULL;
	}
	catalogue_open(w);
	return w;
}

static void world_reopen(World *w)
{
	TALLOC_FREE(w->house.meta);
	test_store_reopen(w->place);
	catalogue_open(w);
}

static void world_free(World *w)
{
	TALLOC_FREE(w->house.meta);
	test_store_close(w->place);
	talloc_free(w);
}

/* POST /objects/deal/fields as the system; then fails the transaction if told to. */
typedef struct {
	World *world;
	const char *definition;
	bool fail;
	int err;
	const char *code;
	bool snapshot_kept;
} Adding;

static int add_job(Tx *tx, void *arg)
{
	Adding *a = arg;
	TALLOC_CTX *ctx = talloc_new(NULL);
	Call *c = call_new_system(ctx, &a->world->house, tx, "test");
	JsonFault fault;
	c->params = json_own(c, json_pack("{s:s}", "object", "deal"));
	c->body = json_parse(c, a->definition, strlen(a->definition), &fault);
	CHECK(c->body != NULL);
	const Catalogue *before = meta_of(c);
	int r = meta_module.endpoints[2].fn(c);
	a->snapshot_kept = meta_of(c) == before;
	a->err = c->err;
	a->code = c->faults ? talloc_strdup(a->world, c->faults->code) : NULL;
	talloc_free(ctx);
	return r == 0 && a->fail ? ERR_CONFLICT : r;
}

static int add_field(World *w, const char *definition, bool fail, const char **ret_code)
{
	Adding a = {.world = w, .definition = definition, .fail = fail};
	int r = store_write_wait(w->house.store, add_job, &a);
	CHECK(a.snapshot_kept);
	if (ret_code)
		*ret_code = a.code;
	return r;
}

static bool in_force(World *w, const char *field)
{
	const Catalogue *catalogue = meta_acquire(w->house.meta);
	bool found = meta_field(meta_object(catalogue, "deal"), field) != NULL;
	meta_release(catalogue);
	return found;
}

static int write_deals(Tx *tx, UNUSED void *arg)
{
	const Value name = value_text("甲"), now = value_time(1);
	int r = db_exec(tx,
		"INSERT INTO deal (id, version, created_at, updated_at, name, stage) VALUES ($1, 1, $2, $2, $3, 'open')",
		value_id(id_new(1)), now, name);
	CHECK_INT(r, 0);
	/* The same name in the bin is no conflict, a second living one is. */
	r = db_exec(tx,
		"INSERT INTO deal (id, version, created_at, updated_at, deleted_at, name) VALUES ($1, 1, $2, $2, $2, $3)",
		value_id(id_new(1)), now, name);
	CHECK_INT(r, 0);
	return db_exec(tx, "INSERT INTO deal (id, version, created_at, updated_at, name) VALUES ($1, 1, $2, $2, $3)",
		value_id(id_new(1)), now, name);
}

static int write_budget(Tx *tx, UNUSED void *arg)
{
	return db_exec(tx, "INSERT INTO deal (id, version, created_at, updated_at, budget) VALUES ($1, 1, $2, $2, $3)",
		value_id(id_new(1)), value_time(1), value_int(15000));
}

#define BUDGET "{\"name\":\"budget\",\"zh\":\"预算\",\"en\":\"Budget\",\"type\":\"money\"}"

static void check_fields(bool postgres)
{
	World *w = world_new(postgres);
	if (!w)
		return;
	CHECK_INT(store_write_wait(w->house.store, write_deals, NULL), ERR_CONFLICT);
	CHECK(store_write_wait(w->house.store, write_budget, NULL) < 0);

	CHECK_INT(add_field(w, BUDGET, true, NULL), ERR_CONFLICT);
	CHECK(!in_force(w, "budget"));
	CHECK_INT(add_field(w, BUDGET, false, NULL), 0);
	CHECK(in_force(w, "budget"));
	CHECK_INT(store_write_wait(w->house.store, write_budget, NULL), 0);

	const char *code;
	CHECK_INT(add_field(w, BUDGET, false, &code), ERR_INVALID);
	CHECK_TEXT(code, "duplicate");
	CHECK_INT(add_field(w, "{\"name\":\"size\",\"zh\":\"规模\",\"en\":\"Size\",\"type\":\"choice\"}", false, &code),
		ERR_INVALID);
	CHECK_TEXT(code, "no_choices");
	CHECK_INT(add_field(w, "{\"name\":\"x\",\"zh\":\"x\",\"en\":\"x\",\"type\":\"text\",\"hidden\":true}", false,
		&code), ERR_INVALID);
	CHECK_TEXT(code, "not_allowed");

	world_reopen(w);
	CHECK(in_force(w, "budget"));
	CHECK_INT(store_write_wait(w->house.store, write_budget, NULL), 0);
	world_free(w);
}

TEST(meta, custom_fields_come_into_force_with_their_commit)
{
	check_fields(false);
}

TEST(meta, custom_fields_come_into_force_on_postgres)
{
	check_fields(true);
}

typedef struct {
	World *world;
	_Atomic bool stop;
	_Atomic int seen;
} Reading;

/* Takes and drops snapshots; a catalogue freed too early shows under AddressSanitizer. */
static void *read_loop(void *arg)
{
	Reading *reading = arg;
	while (!atomic_load(&reading->stop)) {
		const Catalogue *catalogue = meta_acquire(reading->world->house.meta);
		CHECK(meta_field(meta_object(catalogue, "deal"), "stage") != NULL);
		CHECK(meta_object(catalogue, "deal")->n_fields >= FIELD_AT_OWN + 3);
		atomic_fetch_add(&reading->seen, 1);
		meta_release(catalogue);
	}
	return NULL;
}

TEST(meta, snapshots_live_as_long_as_somebody_reads)
{
	World *w = world_new(false);
	Reading reading = {.world = w};
	pthread_t threads[2];
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		CHECK_INT(pthread_create(&threads[i], NULL, read_loop, &reading), 0);
	for (int i = 0; i < 10; i++) {
		char *field = talloc_asprintf(w, "{\"name\":\"x%d\",\"zh\":\"x\",\"en\":\"x\",\"type\":\"int\"}", i);
		CHECK_INT(add_field(w, field, false, NULL), 0);
	}
	while (atomic_load(&reading.seen) < 100)
		;
	atomic_store(&reading.stop, true);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
	CHECK(in_force(w, "x9"));
	world_free(w);
}

static int list_job(Tx *tx, void *arg)
{
	World *w = arg;
	Call *c = call_new_system(w, &w->house, tx, "test");
	c->params = json_own(c, json_pack("{s:s}", "object", "deal"));
	CHECK_INT(meta_module.endpoints[1].fn(c), 0);
	CHECK(strstr(c->out->data, "\"zh\":\"商机\"") != NULL);
	CHECK(strstr(c->out->data, "\"choices\":[{\"value\":\"open\",\"zh\":\"进行\",\"en\":\"Open\"}]") != NULL);
	CHECK(strstr(c->out->data, "\"secret\"") == NULL);
	talloc_free(c);
	return 0;
}

TEST(meta, the_api_shows_both_languages_and_no_hidden_field)
{
	World *w = world_new(false);
	CHECK_INT(store_read_wait(w->house.store, list_job, w), 0);
	world_free(w);
}
