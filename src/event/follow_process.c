/* The table of processes on one database. Its times are those of the database: the hosts' clocks need not agree. */
#include "event/follow_int.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

#define AWAIT_PAUSE_MS 20
#define FORGOTTEN_MS DAY_MS /* rows of processes that were killed */

const char *const follow_migrations[] = {
	"CREATE TABLE process (id {ID} NOT NULL PRIMARY KEY, started {TIME} NOT NULL, last_seen {TIME} NOT NULL, "
	"address {TEXT} NOT NULL)",
	NULL,
};

#define DB_NOW "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"

typedef struct {
	Follow *follow;
	Beat beat;
	char address[100]; /* host and process number, for who looks into the table */
} BeatJob;

static int beat_write(Tx *tx, const BeatJob *job)
{
	return db_exec(tx,
	               "INSERT INTO process (id, started, last_seen, address) VALUES ($1, " DB_NOW ", " DB_NOW ", $2) "
	               "ON CONFLICT (id) DO UPDATE SET last_seen = excluded.last_seen",
	               value_id(job->follow->id), value_text(job->address));
}

/* Behind one's own row, and in one moment of the database: whoever enters later sees this row, and whatever is written
 * by a process that is not counted here has a number above `newest`. */
static int beat_look(Tx *tx, BeatJob *job)
{
	ROWS rows = NULL;
	int r = db_query(tx, &rows,
	                 "SELECT (SELECT COUNT(*) FROM process WHERE id <> $1 AND last_seen > " DB_NOW " - $2::bigint), "
	                 "(SELECT COALESCE(MAX(seq), 0) FROM event), "
	                 "(SELECT COUNT(*) FROM process p, process me WHERE me.id = $1 AND p.last_seen > " DB_NOW
	                 " - $3::bigint AND (p.started, p.id) < (me.started, me.id))",
	                 value_id(job->follow->id), value_int(FOLLOW_GONE_MS), value_int(FOLLOW_ALIVE_MS));
	if (r < 0)
		return r;
	if (rows_next(rows))
		job->beat = (Beat){.others = rows_int(rows, 0), .newest = rows_int(rows, 1), .leads = rows_int(rows, 2) == 0};
	return rows_error(rows);
}

static int beat_run(Tx *tx, void *arg)
{
	int r = beat_write(tx, arg);
	return r < 0 ? r : beat_look(tx, arg);
}

int process_beat(Follow *f, Beat *ret)
{
	BeatJob job = {.follow = f};
	char host[65] = "";
	(void)gethostname(host, sizeof host - 1);
	(void)snprintf(job.address, sizeof job.address, "%s %d", host, (int)getpid());
	int r = store_write_wait(f->house->store, beat_run, &job);
	if (r == 0)
		*ret = job.beat;
	return r;
}

int follow_is_alive(Tx *tx, Id process, bool *ret)
{
	int64_t n = 0;
	int r = db_int(tx, &n, "SELECT COUNT(*) FROM process WHERE id = $1 AND last_seen > " DB_NOW " - $2::bigint",
	               value_id(process), value_int(FOLLOW_ALIVE_MS));
	*ret = n > 0;
	return r;
}

typedef struct {
	const Follow *follow;
	int64_t entered_ms; /* 0: not asked yet */
	int64_t unaware;
} Await;

static int await_run(Tx *tx, void *arg)
{
	Await *a = arg;
	int r = a->entered_ms ? 0 : db_int(tx, &a->entered_ms, "SELECT " DB_NOW);
	if (r < 0)
		return r;
	return db_int(tx, &a->unaware,
	              "SELECT COUNT(*) FROM process WHERE id <> $1 AND last_seen > $2::bigint - $3::bigint "
	              "AND last_seen <= $2::bigint",
	              value_id(a->follow->id), value_time(a->entered_ms), value_int(FOLLOW_ALIVE_MS));
}

int process_await_others(Follow *f)
{
	Await a = {.follow = f};
	int64_t until_ms = clock_monotonic_ms() + FOLLOW_ALIVE_MS;
	int r = store_read_wait(f->house->store, await_run, &a);
	while (r == 0 && a.unaware > 0 && clock_monotonic_ms() < until_ms) {
		nanosleep(&(struct timespec){.tv_nsec = AWAIT_PAUSE_MS * 1000000}, NULL);
		r = store_read_wait(f->house->store, await_run, &a);
	}
	return r;
}

static int leave_run(Tx *tx, void *arg)
{
	const Follow *f = arg;
	return db_exec(tx, "DELETE FROM process WHERE id = $1 OR last_seen < " DB_NOW " - $2::bigint", value_id(f->id),
	               value_int(FORGOTTEN_MS));
}

void process_leave(Follow *f)
{
	if (store_write_wait(f->house->store, leave_run, f) < 0)
		log_warn("follow", "this process could not be taken off the table; the others wait for it a minute");
}
