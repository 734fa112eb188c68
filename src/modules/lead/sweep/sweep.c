/* Gives back the disk that content of deleted files takes. One thread, one bounded round at a time. */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cond.h"
#include "base/limits.h"
#include "base/log.h"
#include "call/module.h"
#include "file/content.h"
#include "modules/lead/intake/receipt.h"
#include "modules/lead/intake/take.h"

#define SWEEP_FIRST_MS (10 * MINUTE_MS) /* after the start */
#define SWEEP_EVERY_MS (6 * HOUR_MS)    /* business time */
#define SWEEP_AGE_MS (LIMIT_FILE_UNDO_DAYS * DAY_MS) /* real time since it was kept or held: time to see a mistake */
#define SWEEP_LOOK 50000                /* files looked at in one round; the next goes on behind them */
#define SWEEP_MAX 1000                  /* contents in question in one round */
#define SWEEP_BATCH 200                 /* hashes, or receipts, in one reading transaction */
#define LOOK_MS MINUTE_MS
#define CATCH_UP_MS (10 * SECOND_MS)

typedef char Hash[CONTENT_HASH_TEXT];

struct Sweep {
	House *house;
	pthread_t thread;
	bool runs;
	pthread_mutex_t lock;        /* guards what follows */
	pthread_cond_t woken, caught_up;
	bool stopping;
	uint64_t moved, settled;     /* how often the test clock was moved; up to which of it all is done */

	/* of the thread */
	int64_t due_ms;              /* business time */
	int folder;                  /* where the next round begins */
};

typedef struct {
	struct Sweep *s;
	int64_t before_ms, undone_ms; /* older content; rows in the bin since before it do not count */
	Hash batch[SWEEP_BATCH];      /* of this folder, not yet asked about */
	bool live[SWEEP_BATCH];
	int n_batch, looked;
	Hash found[SWEEP_MAX];        /* named by no row */
	bool noted[SWEEP_MAX];        /* but by a receipt */
	int n_found;
	Id after;                     /* the last receipt that was read */
	int err;
} Round;

static bool is_stopping(struct Sweep *s)
{
	pthread_mutex_lock(&s->lock);
	bool stopping = s->stopping;
	pthread_mutex_unlock(&s->lock);
	return stopping;
}

/* ---- named by a row ---- */

/* One in the bin counts from its last write: a deletion that was undone and done again keeps the old deleted_at. */
static int row_look(Tx *tx, const Round *round, int i, bool *ret)
{
	ROWS rows = NULL;
	int r = db_query(tx, &rows,
	                 "SELECT 1 FROM file WHERE sha256 = $1 AND (deleted_at IS NULL OR updated_at > $2) LIMIT 1",
	                 value_text(round->batch[i]), value_time(round->undone_ms));
	*ret = r == 0 && rows_next(rows);
	return r < 0 ? r : rows_error(rows);
}

static int rows_job(Tx *tx, void *arg)
{
	Round *round = arg;
	int r = 0;
	for (int i = 0; r == 0 && i < round->n_batch; i++)
		r = row_look(tx, round, i, &round->live[i]);
	return r;
}

static void batch_ask(Round *round)
{
	if (round->n_batch > 0 && round->err == 0)
		round->err = store_read_wait(round->s->house->store, rows_job, round);
	for (int i = 0; round->err == 0 && i < round->n_batch && round->n_found < SWEEP_MAX; i++)
		if (!round->live[i])
			memcpy(round->found[round->n_found++], round->batch[i], sizeof(Hash));
	round->n_batch = 0;
}

static void old_take(void *arg, const char *hash)
{
	Round *round = arg;
	round->looked++;
	memcpy(round->batch[round->n_batch++], hash, sizeof(Hash));
	if (round->n_batch == SWEEP_BATCH)
		batch_ask(round);
}

static void folders_look(Round *round)
{
	struct Sweep *s = round->s;
	for (int i = 0; i < CONTENT_FOLDERS && round->looked < SWEEP_LOOK && round->n_found < SWEEP_MAX; i++) {
		if (round->err < 0 || is_stopping(s))
			return;
		content_old(s->house->data_dir, s->folder, round->before_ms, old_take, round);
		batch_ask(round);
		s->folder = (s->folder + 1) % CONTENT_FOLDERS;
	}
}

/* ---- named by a receipt ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void notes_strike(void *arg, const char *notes)
{
	Round *round = arg;
	JsonFault fault;
	size_t i;
	json_t *note;
	TALLOC_CTX *mem = talloc_new(NULL);
	json_t *all = json_parse(mem, notes, strlen(notes), &fault);
	json_array_foreach (all, i, note) {
		const char *hash = json_text(note, "sha256");
		Hash *at = hash ? bsearch(hash, round->found, (size_t)round->n_found, sizeof(Hash), by_text) : NULL;
		if (at)
			round->noted[at - round->found] = true;
	}
	talloc_free(mem);
}

static int notes_job(Tx *tx, void *arg)
{
	Round *round = arg;
	Id last;
	int r = receipt_notes(tx, round->after, SWEEP_BATCH, notes_strike, round, &last);
	if (r == 0)
		round->after = last;
	return r;
}

static void receipts_look(Round *round)
{
	Store *log = receipt_log_store(round->s->house->intake->log);
	qsort(round->found, (size_t)round->n_found, sizeof(Hash), by_text);
	do {
		round->err = is_stopping(round->s) ? ERR_BUSY : store_read_wait(log, notes_job, round);
	} while (round->err == 0 && !id_is_nil(round->after));
}

/* ---- one round ---- */

static void found_drop(const Round *round)
{
	int64_t n = 0, bytes = 0;
	for (int i = 0; i < round->n_found; i++) {
		int64_t freed = 0;
		if (!round->noted[i])
			content_drop(round->s->house->data_dir, round->found[i], round->before_ms, &freed);
		n += freed > 0;
		bytes += freed;
	}
	if (n > 0)
		log_info("file", "%lld contents of files that nobody names any more were removed, %lld bytes", (long long)n,
		         (long long)bytes);
}

static void sweep_round(struct Sweep *s, int64_t now_ms)
{
	Round *round = talloc_zero(NULL, Round);
	round->s = s;
	round->before_ms = clock_real_ms() - SWEEP_AGE_MS;
	round->undone_ms = now_ms - LIMIT_FILE_UNDO_DAYS * DAY_MS;
	folders_look(round);
	if (round->err == 0 && round->n_found > 0)
		receipts_look(round);
	if (round->err == 0)
		found_drop(round);
	else if (round->err != ERR_BUSY)
		log_warn("file", "the files could not be swept now, tried again later: %s", err_code(round->err));
	talloc_free(round);
}

/* ---- the thread ---- */

static bool sweep_wait(struct Sweep *s, uint64_t *seen)
{
	int64_t until_us = clock_monotonic_us() + LOOK_MS * 1000;
	bool in_time = true;
	pthread_mutex_lock(&s->lock);
	s->settled = *seen;
	pthread_cond_broadcast(&s->caught_up);
	while (!s->stopping && s->moved == *seen && in_time)
		in_time = cond_wait_until(&s->woken, &s->lock, until_us);
	*seen = s->moved;
	bool stopping = s->stopping;
	pthread_mutex_unlock(&s->lock);
	return !stopping;
}

static void *sweep_thread(void *arg)
{
	struct Sweep *s = arg;
	uint64_t seen = 0;
	do {
		int64_t now_ms = clock_now_ms(s->house->clock);
		if (now_ms < s->due_ms)
			continue;
		sweep_round(s, now_ms);
		s->due_ms = now_ms + SWEEP_EVERY_MS;
	} while (sweep_wait(s, &seen));
	return NULL;
}

static int sweep_free(struct Sweep *s)
{
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->woken);
	pthread_cond_destroy(&s->caught_up);
	return 0;
}

static int sweep_start(House *house)
{
	struct Sweep *s = talloc_zero(house->phases, struct Sweep);
	s->house = house;
	pthread_mutex_init(&s->lock, NULL);
	cond_init(&s->woken);
	cond_init(&s->caught_up);
	talloc_set_destructor(s, sweep_free);
	house->sweep = s;
	return 0;
}

static void sweep_run(House *house)
{
	struct Sweep *s = house->sweep;
	s->due_ms = clock_now_ms(house->clock) + SWEEP_FIRST_MS;
	int failed = pthread_create(&s->thread, NULL, sweep_thread, s);
	assert(failed == 0);
	s->runs = !failed;
}

static void sweep_stop(House *house)
{
	struct Sweep *s = house->sweep;
	if (!s || !s->runs)
		return;
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_cond_broadcast(&s->woken);
	pthread_cond_broadcast(&s->caught_up);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	s->runs = false;
}

static void sweep_catch_up(House *house)
{
	struct Sweep *s = house->sweep;
	if (!s || !s->runs)
		return;
	int64_t until_us = clock_monotonic_us() + CATCH_UP_MS * 1000;
	bool in_time = true;
	pthread_mutex_lock(&s->lock);
	uint64_t mine = ++s->moved;
	pthread_cond_signal(&s->woken);
	while (s->settled < mine && !s->stopping && in_time)
		in_time = cond_wait_until(&s->caught_up, &s->lock, until_us);
	pthread_mutex_unlock(&s->lock);
}

const Module sweep_module = {.name = "sweep", .start = sweep_start, .run = sweep_run, .stop = sweep_stop,
	.clock_moved = sweep_catch_up};
