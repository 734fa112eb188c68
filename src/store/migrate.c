/* Migrations: each part's steps that the database has not seen yet, in one transaction a part. A half-applied part
 * does not exist. On PostgreSQL several processes may start at once: one migrates, the others wait and find it done.
 * */
#include "store/store_int.h"

typedef struct {
	const Migration *migration;
	char *error; /* in its own root: made on a store thread, read after it */
} MigrateJob;

static int migrate_lock(Tx *tx)
{
	if (!tx_is_postgres(tx))
		return 0;
	ROWS rows = NULL;
	return db_query(tx, &rows, "SELECT pg_advisory_xact_lock(hashtextextended(current_schema(), 5468))");
}

static int migrate_number(Tx *tx, const char *part, int64_t *ret)
{
	int r = db_ddl(tx, "CREATE TABLE IF NOT EXISTS migration (part {TEXT} NOT NULL, number {INT} NOT NULL,"
			   " at {TIME} NOT NULL, PRIMARY KEY (part, number))");
	if (r < 0)
		return r;
	return db_int(tx, ret, "SELECT coalesce(max(number), 0) FROM migration WHERE part = $1", value_text(part));
}

static int migrate_step(Tx *tx, MigrateJob *m, int64_t number)
{
	int r = db_ddl(tx, m->migration->steps[number - 1]);
	if (r == 0)
		r = db_exec(tx, "INSERT INTO migration (part, number, at) VALUES ($1, $2, $3)",
			    value_text(m->migration->part), value_int(number), value_time(clock_real_ms()));
	if (r < 0)
		m->error = talloc_asprintf(NULL, "Step %d of the database migration \"%s\" failed, nothing of it "
					   "was kept: %s", (int)number, m->migration->part, tx_error(tx));
	return r;
}

static int migrate_part(Tx *tx, void *arg)
{
	MigrateJob *m = arg;
	int64_t applied = 0, known = 0;

	TALLOC_FREE(m->error); /* of an earlier try */
	int r = migrate_lock(tx);
	if (r == 0)
		r = migrate_number(tx, m->migration->part, &applied);
	if (r < 0) {
		m->error = talloc_asprintf(NULL, "The migrations of the database cannot be read: %s", tx_error(tx));
		return r;
	}
	while (m->migration->steps[known])
		known++;
	if (applied > known) {
		m->error = talloc_asprintf(NULL, "The database was used by a newer version of this program (part "
			"\"%s\" is at step %d, this program knows %d). Start the newer version.",
			m->migration->part, (int)applied, (int)known);
		return ERR_CONFLICT;
	}
	for (int64_t number = applied + 1; number <= known && r == 0; number++)
		r = migrate_step(tx, m, number);
	return r;
}

int store_migrate(Store *store, const Migration *migrations, size_t n, char **ret_error)
{
	for (size_t i = 0; i < n; i++) {
		MigrateJob m = {.migration = &migrations[i]};
		int r = store_write_wait(store, migrate_part, &m);
		if (r < 0) {
			*ret_error = m.error ? talloc_steal(store, m.error)
					     : talloc_strdup(store, "The database did not take the migrations.");
			return r;
		}
		talloc_free(m.error);
	}
	return 0;
}
