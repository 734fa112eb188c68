/* Places for the databases of tests. The folder is empty again at the end: what else a test put there, it removes. */
#include "store/test_store.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/random.h"

static const char *database_of_tests(void)
{
	return getenv("TENON_TEST_DATABASE");
}

bool test_store_has_postgres(void)
{
	return database_of_tests() != NULL;
}

static void connect_to(TestStore *t)
{
	char *error = NULL;
	t->store = store_open(t, &t->config, &error);
	if (!t->store)
		g_error("store_open: %s", error);
}

TestStore *test_store_open(TALLOC_CTX *ctx, bool postgres, const StoreConfig *more)
{
	if (postgres && !test_store_has_postgres()) {
		g_test_skip("TENON_TEST_DATABASE is not set");
		return NULL;
	}
	TestStore *t = talloc_zero(ctx, TestStore);
	char *folder = talloc_strdup(t, "/tmp/tenon-test-XXXXXX");
	CHECK(mkdtemp(folder) != NULL);
	t->folder = folder;
	if (more)
		t->config = *more;
	t->config.path = talloc_asprintf(t, "%s/test.db", folder);
	t->config.database = postgres ? database_of_tests() : NULL;
	t->config.schema = talloc_asprintf(t, "test_%016llx", (unsigned long long)random_u64());
	connect_to(t);
	return t;
}

void test_store_reopen(TestStore *t)
{
	store_close(t->store);
	connect_to(t);
}

static int schema_drop(Tx *tx, void *arg)
{
	const TestStore *t = arg;
	return db_ddl(tx, talloc_asprintf(tx_mem(tx), "DROP SCHEMA %s CASCADE", t->config.schema));
}

void test_store_close(TestStore *t)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-copy"};
	if (t->config.database)
		CHECK_INT(store_write_wait(t->store, schema_drop, t), 0);
	store_close(t->store);
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		(void)unlink(talloc_asprintf(t, "%s%s", t->config.path, suffixes[i]));
	CHECK_INT(rmdir(t->folder), 0);
	talloc_free(t);
}
