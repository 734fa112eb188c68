/* Keeps the write-ahead log of SQLite short without stalling commits: a thread copies pages home beside the writer,
 * and only when the log has grown past WAL_PAGES_HARD all the same does the writer wait for it to start over. Under
 * steady load the first alone would let the log grow without end, since a log with unread frames never starts over. */
#include "store/sqlite_int.h"

#include "store/copy.h"

#define WAL_READERS_WAIT_MS 200 /* how long the writer stands still for readers of the old log */

static int wal_count_pages(void *arg, sqlite3 *db, const char *name, int pages)
{
	SqliteState *state = arg;
	(void)db;
	(void)name;
	state->wal_pages = pages;
	return SQLITE_OK;
}

static void checkpointer_run(Checkpointer *cp)
{
	pthread_mutex_lock(&cp->running);
	int covered = 0;
	int code = sqlite3_wal_checkpoint_v2(cp->conn->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, &covered);
	if (code == SQLITE_OK && covered >= 0)
		atomic_store(&cp->covered, covered);
	pthread_mutex_unlock(&cp->running);
	if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY)
		log_warn("store", "checkpoint: %s", sqlite3_errmsg(cp->conn->db));
}

static void *checkpointer_main(void *arg)
{
	Checkpointer *cp = arg;
	pthread_mutex_lock(&cp->lock);
	while (!cp->closing) {
		if (!cp->wanted) {
			pthread_cond_wait(&cp->wake, &cp->lock);
			continue;
		}
		cp->wanted = false;
		pthread_mutex_unlock(&cp->lock);
		checkpointer_run(cp);
		pthread_mutex_lock(&cp->lock);
	}
	pthread_mutex_unlock(&cp->lock);
	return NULL;
}

void wal_start(Store *store)
{
	SqliteState *state = store->state;
	Checkpointer *cp = &state->checkpointer;

	pthread_mutex_init(&cp->lock, NULL);
	pthread_mutex_init(&cp->running, NULL);
	pthread_cond_init(&cp->wake, NULL);
	state->wal_pages_next = WAL_PAGES_HARD;
	sqlite3_wal_hook(state->writer->db, wal_count_pages, state);
	state->checkpoint_thread = thread_start(checkpointer_main, cp);
}

void wal_stop(Store *store)
{
	SqliteState *state = store->state;
	Checkpointer *cp = &state->checkpointer;

	pthread_mutex_lock(&cp->lock);
	cp->closing = true;
	pthread_cond_signal(&cp->wake);
	pthread_mutex_unlock(&cp->lock);
	pthread_join(state->checkpoint_thread, NULL);
	pthread_cond_destroy(&cp->wake);
	pthread_mutex_destroy(&cp->running);
	pthread_mutex_destroy(&cp->lock);
}

/* After a copy gigabytes may have to go home. Waiting for that would stop every lead for seconds; while the thread
 * catches up, the writer goes on. */
static bool wal_catches_up(SqliteState *state)
{
	int owed = state->wal_pages - atomic_load(&state->checkpointer.covered);
	bool catches_up = owed > 2 * WAL_PAGES_HARD && (state->wal_owed == 0 || owed < state->wal_owed + WAL_PAGES_HARD);
	state->wal_owed = catches_up ? owed : 0;
	return catches_up;
}

static void wal_wake(Checkpointer *cp)
{
	pthread_mutex_lock(&cp->lock);
	cp->wanted = true;
	pthread_cond_signal(&cp->wake);
	pthread_mutex_unlock(&cp->lock);
}

/* Most pages were copied by the thread already: the writer waits for the rest of its pass, then copies what came
 * since. The file keeps its length: writing over what is there is synced in half the time that growing takes. */
static void wal_start_over(SqliteState *state)
{
	sqlite3 *db = state->writer->db;
	/* A copy needs the log for seconds and ends: standing still for it would slow every lead. */
	if (sqlite_copy_holds_snapshot(state->writer->store->config.path)) {
		state->wal_pages_next = state->wal_pages + WAL_PAGES_HARD;
		return;
	}
	if (wal_catches_up(state)) {
		wal_wake(&state->checkpointer);
		state->wal_pages_next = state->wal_pages + WAL_PAGES_HARD / 4;
		return;
	}
	pthread_mutex_lock(&state->checkpointer.running);
	sqlite3_busy_timeout(db, WAL_READERS_WAIT_MS);
	int code = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
	sqlite3_busy_timeout(db, STORE_WAIT_MS);
	pthread_mutex_unlock(&state->checkpointer.running);
	if (code == SQLITE_OK) {
		state->wal_pages = 0;
		atomic_store(&state->checkpointer.covered, 0);
		state->wal_pages_next = WAL_PAGES_HARD;
		return;
	}
	/* A long reader still needs the log. Standing still at every batch would not help it: come back when it has
	 * grown. */
	state->wal_pages_next = state->wal_pages + WAL_PAGES_HARD / 4;
	log_warn("store", "the log of %d pages cannot start over yet: %s", state->wal_pages, sqlite3_errmsg(db));
}

void wal_bound(Store *store)
{
	SqliteState *state = store->state;
	if (state->wal_pages >= state->wal_pages_next)
		wal_start_over(state);
	else if (state->wal_pages >= WAL_PAGES_SOFT)
		wal_wake(&state->checkpointer);
}
