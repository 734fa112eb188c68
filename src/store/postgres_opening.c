/* The lock of a workspace that is being opened: an advisory lock on a connection of its own, which PostgreSQL gives
 * back when the process ends in whatever way. */
#include "store/opening.h"

#include <stdio.h>

#include "store/postgres_int.h"

#define OPENING_LOCK 5469 /* beside the lock of migrations */

struct Opening {
	PGconn *pg; /* NULL: nothing is held */
};

static int opening_free(Opening *opening)
{
	if (opening->pg)
		PQfinish(opening->pg);
	return 0;
}

Opening *opening_begin(TALLOC_CTX *ctx, Store *store)
{
	Opening *opening = talloc_zero(ctx, Opening);
	talloc_set_destructor(opening, opening_free);
	if (!store_is_postgres(store))
		return opening;
	char sql[200];
	/* The schema's name was checked when the store was opened. */
	(void)snprintf(sql, sizeof sql, "SET lock_timeout = '%ds'; SELECT pg_advisory_lock(hashtextextended('%s', %d))",
		       OPENING_WAIT_S, store->config.schema, OPENING_LOCK);
	opening->pg = pg_dial(store);
	PGresult *result = PQexec(opening->pg, sql);
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		log_warn("store", "whether another process is opening this database is not known: %s",
			 PQerrorMessage(opening->pg));
	PQclear(result);
	return opening;
}

void opening_end(Opening *opening)
{
	talloc_free(opening);
}
