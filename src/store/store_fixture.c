/* What the tests of both engines share: a store in a temporary place, rows to write and look for. */
#include "store/store_fixture.h"

#include "base/random.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void fixture_connect(Fixture *f)
{
	char *error = NULL;
	f->store = store_open(f->ctx, &f->config, &error);
	if (!f->store)
		g_error("store_open: %s", error);
}

bool fixture_open(Fixture *f, bool postgres, const StoreConfig *config)
{
	const char *database = getenv("TENON_TEST_DATABASE");
	if (postgres && !database) {
		g_test_skip("TENON_TEST_DATABASE is not set");
		return false;
	}
	*f = (Fixture){.ctx = talloc_new(NULL)};
	f->folder = talloc_strdup(f->ctx, "/tmp/tenon-store-XXXXXX");
	CHECK(mkdtemp(f->folder) != NULL);
	if (config)
		f->config = *config;
	f->config.path = talloc_asprintf(f->ctx, "%s/store.db", f->folder);
	f->config.database = postgres ? database : NULL;
	f->config.schema = talloc_asprintf(f->ctx, "test_%016llx", (unsigned long long)random_u64());
	fixture_connect(f);
	return true;
}

void fixture_reopen(Fixture *f)
{
	store_close(f->store);
	fixture_connect(f);
}

static int schema_drop(Tx *tx, void *arg)
{
	const Fixture *f = arg;
	return db_ddl(tx, talloc_asprintf(tx_mem(tx), "DROP SCHEMA %s CASCADE", f->config.schema));
}

void fixture_close(Fixture *f)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	if (f->config.database)
		CHECK_INT(store_write_wait(f->store, schema_drop, f), 0);
	store_close(f->store);
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		(void)unlink(talloc_asprintf(f->ctx, "%s%s", f->config.path, suffixes[i]));
	CHECK_INT(rmdir(f->folder), 0);
	talloc_free(f->ctx);
}

void fixture_run(bool postgres, void (*test)(Fixture *f))
{
	Fixture f;
	if (!fixture_open(&f, postgres, NULL))
		return;
	test(&f);
	fixture_close(&f);
}

void gate_pass(Gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	gate->is_reached = true;
	pthread_cond_broadcast(&gate->moved);
	while (!gate->is_open)
		pthread_cond_wait(&gate->moved, &gate->lock);
	pthread_mutex_unlock(&gate->lock);
}

void gate_await_reached(Gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	while (!gate->is_reached)
		pthread_cond_wait(&gate->moved, &gate->lock);
	pthread_mutex_unlock(&gate->lock);
}

void gate_open(Gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	gate->is_open = true;
	pthread_cond_broadcast(&gate->moved);
	pthread_mutex_unlock(&gate->lock);
}

void tally_done(void *arg, int result)
{
	Tally *tally = arg;
	pthread_mutex_lock(&tally->lock);
	tally->done++;
	tally->failed += result < 0;
	tally->last_result = result;
	pthread_cond_broadcast(&tally->moved);
	pthread_mutex_unlock(&tally->lock);
}

void tally_await(Tally *tally, int count)
{
	pthread_mutex_lock(&tally->lock);
	while (tally->done < count)
		pthread_cond_wait(&tally->moved, &tally->lock);
	pthread_mutex_unlock(&tally->lock);
}

int tally_count(Tally *tally)
{
	pthread_mutex_lock(&tally->lock);
	int done = tally->done;
	pthread_mutex_unlock(&tally->lock);
	return done;
}

static int items_make_job(Tx *tx, void *arg)
{
	(void)arg;
	return db_ddl(tx, "CREATE TABLE item (id {ID} PRIMARY KEY, n {INT} NOT NULL UNIQUE, name {TEXT})");
}

void items_make(Store *store)
{
	CHECK_INT(store_write_wait(store, items_make_job, NULL), 0);
}

static int items_count_job(Tx *tx, void *arg)
{
	return db_int(tx, (int64_t *)arg, "SELECT count(*) FROM item");
}

int64_t items_count(Store *store)
{
	int64_t count = -1;
	CHECK_INT(store_read_wait(store, items_count_job, &count), 0);
	return count;
}

int item_insert(Tx *tx, int64_t n)
{
	return db_exec(tx, "INSERT INTO item (id, n, name) VALUES ($1, $2, $3)", value_id(id_new(1)), value_int(n),
		       value_text("水滴"));
}
