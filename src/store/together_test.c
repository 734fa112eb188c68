/* What goes together to spare waiting - rows of many statements, jobs of one COMMIT - looks as if each went alone. */
#include "store/store_fixture.h"

#include "base/err.h"
#include <semaphore.h>

static int send_mixed(Tx *tx, void *arg)
{
	int64_t seen = 0;
	(void)arg;
	Id first = id_new(1);
	int r = db_send(tx, "INSERT INTO item (id, n) VALUES ($1, $2)", value_id(first), value_int(1));
	for (int64_t n = 2; n < 40 && r == 0; n++)
		r = db_send(tx, "INSERT INTO item (id, n, name) VALUES ($1, $2, $3)", value_id(id_new(1)), value_int(n),
			n % 2 ? value_text("odd") : value_null());
	if (r == 0) /* what was sent before is there for what is sent after */
		r = db_send(tx, "UPDATE item SET n = n + 1000 WHERE id = $1 OR name = $2", value_id(first), value_text("odd"));
	for (int64_t n = 40; n < 45 && r == 0; n++)
		r = db_send(tx, "INSERT INTO item (id, n) VALUES ($1, $2)", value_id(id_new(1)), value_int(n));
	if (r == 0) /* and for what is asked */
		r = db_int_n(tx, &seen, "SELECT COUNT(*) * 1000 + COUNT(CASE WHEN n > 1000 THEN 1 END) FROM item", NULL, 0);
	CHECK_INT(seen, 44020);
	return r;
}

BOTH(shows_what_was_sent_to_what_follows)
{
	items_make(f->store);
	CHECK_INT(store_write_wait(f->store, send_mixed, NULL), 0);
	CHECK_INT(items_count(f->store), 44);
}

/* ---- jobs that join ---- */

#define JOINING 64

typedef struct {
	sem_t *finished;
	int64_t n;
	int result;
} Joining;

static int joining_run(Tx *tx, void *arg)
{
	return item_insert(tx, ((const Joining *)arg)->n);
}

static void joining_done(void *arg, int result)
{
	Joining *j = arg;
	j->result = result;
	sem_post(j->finished);
}

/* Every eighth wants the same number: whatever joins whom, one of them gets it and no other job suffers. */
BOTH(joined_jobs_fail_each_for_itself)
{
	sem_t finished;
	Joining job[JOINING];
	int failed = 0;
	sem_init(&finished, 0, 0);
	items_make(f->store);
	for (int i = 0; i < JOINING; i++) {
		job[i] = (Joining){&finished, i % 8 == 7 ? 7 : 100 + i, 1};
		CHECK_INT(store_write_joined(f->store, joining_run, joining_done, &job[i]), 0);
	}
	for (int i = 0; i < JOINING; i++)
		sem_wait(&finished);
	for (int i = 0; i < JOINING; i++) {
		CHECK(job[i].result == 0 || (job[i].result == ERR_CONFLICT && i % 8 == 7));
		failed += job[i].result < 0;
	}
	CHECK_INT(failed, JOINING / 8 - 1);
	CHECK_INT(items_count(f->store), JOINING - failed);
	sem_destroy(&finished);
}
