#include "store/store.h"
#include "base/check.h"
#include <stdio.h>
static int make(Tx *tx, void *arg) { (void)arg; 
 int r = db_ddl(tx, "CREATE TABLE thing (id {ID} PRIMARY KEY, n {INT}, name {TEXT})"); return r; }
static int fill(Tx *tx, void *arg) { int64_t n = *(int64_t*)arg; return db_exec(tx, "INSERT INTO thing (name, n, id) VALUES ($3, $1, $2)", value_int(n), value_id(id_new(5)), value_text("水滴")); }
static int countit(Tx *tx, void *arg) { return db_int(tx, arg, "SELECT count(*) FROM thing WHERE $1 = $1", value_int(1)); }
TEST(store, opens)
{
	char *error = NULL;
	remove("/tmp/b.db");
	TALLOC_CTX *ctx = talloc_new(NULL);
	Store *s = store_open(ctx, &(StoreConfig){.path = "/tmp/b.db", .full_sync = true}, &error);
	CHECK(s);
	int64_t n = 0;
	CHECK_INT(store_write_wait(s, make, NULL), 0);
	CHECK_INT(store_write_wait(s, fill, &n), 0);
	CHECK_INT(store_write_wait(s, fill, &n), 0);
	CHECK_INT(store_read_wait(s, countit, &n), 0);
	CHECK_INT(n, 2);
	CHECK_INT(store_read_wait(s, fill, &n), ERR_STORE);
	store_close(s);
	talloc_free(ctx);
}
