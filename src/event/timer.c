/* Durable timers and the thread that runs them. Order and time are decided here, what a timer does is not: that
 * belongs to the module that owns its kind. */
#include "event/timer.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/log.h"
#include "call/module.h"

#define BATCH_TIMERS 32     /* of one transaction: bounds how long other writers wait */
#define LOOK_MS 1000        /* looks into the table at least so often: other processes set timers too */
#define RETRY_MS 20         /* until rows that another process is running are looked at again */
#define ADVANCE_TRIES 250   /* such looks before an advance gives up */

static const int64_t backoff_ms[] = {SECOND_MS, 5 * SECOND_MS, 30 * SECOND_MS, 2 * MINUTE_MS, 10 * MINUTE_MS, HOUR_MS};

struct Timers {
	House *house;
	pthread_t thread;
	pthread_mutex_t running; /* held while timers run: the thread and an advance take turns */
	pthread_mutex_t lock;    /* guards what follows */
	pthread_cond_t woken;
	int64_t earliest_ms;     /* earliest due time committed since the thread last looked */
	bool stopping;
};

const char *const timer_migrations[] = {
	"CREATE TABLE timer (kind {TEXT} NOT NULL, subject {ID} NOT NULL, due {TIME} NOT NULL, next_at {TIME} NOT NULL, "
	"attempts {INT} NOT NULL, payload {TEXT}, error {TEXT}, PRIMARY KEY (kind, subject)) {COMPACT};"
	"CREATE INDEX timer_next_at ON timer (next_at)",
	NULL,
};

/* Setting */

/* A nil id would be stored as NULL, which is never in conflict with itself: the house's own timers have the largest
 * id. */
static Value subject_value(Id subject)
{
	static const Id house = {{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}};
	return value_id(id_is_nil(subject) ? house : subject);
}

static Id subject_of(Id stored)
{
	for (size_t i = 0; i < sizeof(stored.byte); i++) {
		if (stored.byte[i] != 255)
			return stored;
	}
	return ID_NIL;
}

typedef struct {
	Timers *timers;
	int64_t due_ms;
} Wake;

static void timers_wake(void *arg)
{
	const Wake *wake = arg;
	Timers *t = wake->timers;
	pthread_mutex_lock(&t->lock);
	if (wake->due_ms < t->earliest_ms) {
		t->earliest_ms = wake->due_ms;
		pthread_cond_signal(&t->woken);
	}
	pthread_mutex_unlock(&t->lock);
}

static int wake_on_commit(Call *c, int64_t due_ms)
{
	if (c->house->timers == NULL)
		return 0;
	Wake *wake = talloc(tx_mem(c->tx), Wake);
	assert(wake != NULL);
	*wake = (Wake){c->house->timers, due_ms};
	tx_on_commit(c->tx, timers_wake, wake);
	return 0;
}

int timer_set(Call *c, const char *kind, Id subject, int64_t due_ms, const char *payload)
{
	int r = db_send(c->tx,
	                "INSERT INTO timer (kind, subject, due, next_at, attempts, payload) VALUES ($1, $2, $3, $3, 0, $4) "
	                "ON CONFLICT (kind, subject) DO UPDATE SET due = excluded.due, next_at = excluded.due, "
	                "attempts = 0, payload = excluded.payload, error = NULL",
	                value_text(kind), subject_value(subject), value_time(due_ms), value_text(payload));
	return r < 0 ? call_store_failed(c, r) : wake_on_commit(c, due_ms);
}

int timer_set_earliest(Call *c, const char *kind, Id subject, int64_t due_ms, const char *payload)
{
	int r = db_send(c->tx,
	                "INSERT INTO timer (kind, subject, due, next_at, attempts, payload) VALUES ($1, $2, $3, $3, 0, $4) "
	                "ON CONFLICT (kind, subject) DO UPDATE SET due = excluded.due, next_at = excluded.due, "
	                "attempts = 0, payload = excluded.payload, error = NULL WHERE timer.due > excluded.due",
	                value_text(kind), subject_value(subject), value_time(due_ms), value_text(payload));
	return r < 0 ? call_store_failed(c, r) : wake_on_commit(c, due_ms);
}

int timer_cancel(Call *c, const char *kind, Id subject)
{
	int r = db_send(c->tx, "DELETE FROM timer WHERE kind = $1 AND subject = $2", value_text(kind),
	                subject_value(subject));
	return call_store_failed(c, r);
}

/* Running one */

/* What is run in one transaction. */
typedef struct {
	Timers *timers;
	int64_t until_ms;  /* those due by then */
	int64_t floor_ms;  /* no Call is earlier than this */
	bool stepping;     /* an advance: a Call's time is the due time, not the present */
	int found;         /* rows claimed */
} Batch;

typedef struct {
	Batch *batch;
	const char *kind, *payload;
	Id subject;        /* as stored */
	int64_t next_ms;
	int attempts;
	const char *error; /* why it failed, in batch memory */
} Due;

static CallFn handler_find(const House *house, const char *kind)
{
	for (const struct Module *const *m = house->modules; m != NULL && *m != NULL; m++) {
		for (const TimerKind *t = (*m)->timers; t != NULL && t->kind != NULL; t++) {
			if (strcmp(t->kind, kind) == 0)
				return t->fn;
		}
	}
	return NULL;
}

static int64_t due_now(const Due *due)
{
	const Batch *batch = due->batch;
	int64_t now = batch->stepping ? due->next_ms : clock_now_ms(batch->timers->house->clock);
	return now > batch->floor_ms ? now : batch->floor_ms;
}

static Call *due_call(const Due *due, Tx *tx)
{
	char text[ID_TEXT_SIZE];
	JsonFault ignored;
	Call *c = call_new_system(tx_mem(tx), due->batch->timers->house, tx, "timer");
	c->now_ms = due_now(due);
	Id subject = subject_of(due->subject);
	if (!id_is_nil(subject))
		json_object_set_new(c->params, "subject", json_string(id_text(subject, text)));
	json_t *payload = due->payload == NULL ? NULL : json_parse(c, due->payload, strlen(due->payload), &ignored);
	if (payload != NULL)
		json_object_set(c->params, "payload", payload);
	return c;
}

/* Runs in a savepoint of its own. The row may be gone: an earlier timer of the batch can have cancelled or moved it. */
static int due_run(Tx *tx, void *arg)
{
	Due *due = arg;
	int r = db_exec(tx, "DELETE FROM timer WHERE kind = $1 AND subject = $2 AND next_at = $3", value_text(due->kind),
	                value_id(due->subject), value_time(due->next_ms));
	if (r < 0 || db_changes(tx) == 0)
		return r;
	CallFn fn = handler_find(due->batch->timers->house, due->kind);
	if (fn == NULL) {
		due->error = "no module knows this kind";
		return ERR_NOT_FOUND;
	}
	Call *c = due_call(due, tx);
	r = fn(c);
	if (r < 0)
		due->error = talloc_strdup(tx_mem(tx), c->err_detail != NULL ? c->err_detail : tx_error(tx));
	talloc_free(c);
	return r;
}

static int due_put_off(Tx *tx, const Due *due, int err)
{
	size_t step = due->attempts < (int)ARRAY_LEN(backoff_ms) ? (size_t)due->attempts : ARRAY_LEN(backoff_ms) - 1;
	const char *error = due->error == NULL ? err_code(err) : due->error;
	char subject[ID_TEXT_SIZE];
	log_warn("timer", "timer %s of %s failed (try %d, again in %lld s): %s: %s", due->kind,
	         id_text(due->subject, subject), due->attempts + 1, (long long)(backoff_ms[step] / SECOND_MS),
	         err_code(err), error);
	return db_exec(tx,
	               "UPDATE timer SET attempts = attempts + 1, next_at = $3, error = $4 "
	               "WHERE kind = $1 AND subject = $2",
	               value_text(due->kind), value_id(due->subject), value_time(due_now(due) + backoff_ms[step]),
	               value_text(error));
}

/* Running a batch */

static int batch_query(Tx *tx, int64_t until_ms, Rows **ret)
{
	if (tx_is_postgres(tx))
		return db_query(tx, ret,
		                "SELECT kind, subject, next_at, attempts, payload FROM timer WHERE next_at <= $1 "
		                "ORDER BY next_at, kind, subject LIMIT $2 FOR UPDATE SKIP LOCKED",
		                value_time(until_ms), value_int(BATCH_TIMERS));
	return db_query(tx, ret,
	                "SELECT kind, subject, next_at, attempts, payload FROM timer WHERE next_at <= $1 "
	                "ORDER BY next_at, kind, subject LIMIT $2",
	                value_time(until_ms), value_int(BATCH_TIMERS));
}

static int anything_due(Tx *tx, int64_t until_ms, bool *ret)
{
	ROWS rows = NULL;
	int r = db_query(tx, &rows, "SELECT 1 FROM timer WHERE next_at <= $1 LIMIT 1", value_time(until_ms));
	if (r < 0)
		return r;
	*ret = rows_next(rows);
	return rows_error(rows);
}

/* Locks come before rows, in every transaction that takes both. */
static int batch_lock(Tx *tx, const Batch *batch)
{
	House *house = batch->timers->house;
	bool any = false;
	int r = tx_is_postgres(tx) ? anything_due(tx, batch->until_ms, &any) : 0;
	if (r < 0 || !any)
		return r;
	Call *c = call_new_system(tx_mem(tx), house, tx, "timer");
	for (const struct Module *const *m = house->modules; r == 0 && m != NULL && *m != NULL; m++)
		if ((*m)->timers_lock != NULL)
			r = (*m)->timers_lock(c);
	return r;
}

static int batch_claim(Tx *tx, Batch *batch, Due due[static BATCH_TIMERS])
{
	ROWS rows = NULL;
	int r = batch_query(tx, batch->until_ms, &rows);
	if (r < 0)
		return r;
	while (rows_next(rows)) {
		const char *payload = rows_text(rows, 4);
		due[batch->found++] = (Due){
			.batch = batch,
			.kind = talloc_strdup(tx_mem(tx), rows_text(rows, 0)),
			.subject = rows_id(rows, 1),
			.next_ms = rows_int(rows, 2),
			.attempts = (int)rows_int(rows, 3),
			.payload = payload == NULL ? NULL : talloc_strdup(tx_mem(tx), payload),
		};
	}
	return rows_error(rows);
}

/* A writing job; may be run again from its start. */
static int batch_run(Tx *tx, void *arg)
{
	Batch *batch = arg;
	Due due[BATCH_TIMERS];
	batch->found = 0;
	int r = batch_lock(tx, batch);
	if (r == 0)
		r = batch_claim(tx, batch, due);
	for (int i = 0; r == 0 && i < batch->found; i++) {
		r = tx_nested(tx, due_run, &due[i]);
		if (r < 0)
			r = due_put_off(tx, &due[i], r);
	}
	return r;
}

static int next_load(Tx *tx, void *arg)
{
	ROWS rows = NULL;
	int64_t *ret = arg;
	int r = db_query_n(tx, &rows, "SELECT next_at FROM timer ORDER BY next_at LIMIT 1", NULL, 0);
	if (r < 0)
		return r;
	*ret = rows_next(rows) ? rows_int(rows, 0) : INT64_MAX;
	return rows_error(rows);
}

/* The thread */

static bool timers_stopping(Timers *t)
{
	pthread_mutex_lock(&t->lock);
	bool stopping = t->stopping;
	pthread_mutex_unlock(&t->lock);
	return stopping;
}

/* Milliseconds until that moment of business time, at least 1 and at most the time between two looks. */
static int64_t wait_until(Timers *t, int64_t at_ms)
{
	int64_t now = clock_now_ms(t->house->clock);
	if (at_ms <= now)
		return 1;
	return at_ms - now < LOOK_MS ? at_ms - now : LOOK_MS;
}

/* Sleeps until next_ms, until a timer due earlier is committed, or for at most wait_ms; false: the house closes. */
static bool timers_sleep(Timers *t, int64_t next_ms, int64_t wait_ms)
{
	int64_t until_us = clock_monotonic_us() + wait_ms * 1000;
	bool in_time = true;
	pthread_mutex_lock(&t->lock);
	while (!t->stopping && t->earliest_ms >= next_ms && in_time)
		in_time = cond_wait_until(&t->woken, &t->lock, until_us);
	if (!t->stopping && in_time && t->earliest_ms < next_ms) {
		/* The newly set one is the next: sleep on for it without asking the database again. */
		int64_t earliest = t->earliest_ms;
		until_us = clock_monotonic_us() + wait_until(t, earliest) * 1000;
		while (!t->stopping && t->earliest_ms >= earliest && in_time)
			in_time = cond_wait_until(&t->woken, &t->lock, until_us);
	}
	bool goes_on = !t->stopping;
	pthread_mutex_unlock(&t->lock);
	return goes_on;
}

/* Runs what is due by now, batch after batch. Returns when to look again, in ms from now; *ret_next the next due
 * time. */
static int64_t timers_pass(Timers *t, int64_t *ret_next)
{
	pthread_mutex_lock(&t->lock);
	t->earliest_ms = INT64_MAX; /* what is committed from here on is either seen below or wakes us */
	pthread_mutex_unlock(&t->lock);
	int r = store_read_wait(t->house->store, next_load, ret_next);
	while (r == 0 && *ret_next <= clock_now_ms(t->house->clock) && !timers_stopping(t)) {
		Batch batch = {.timers = t, .until_ms = clock_now_ms(t->house->clock)};
		r = store_write_wait(t->house->store, batch_run, &batch);
		if (r == 0)
			r = store_read_wait(t->house->store, next_load, ret_next);
		if (r == 0 && batch.found == 0)
			return RETRY_MS;
	}
	if (r == 0)
		return wait_until(t, *ret_next);
	log_error("timer", "timers cannot be run now, tried again in a second: %s", err_code(r));
	*ret_next = INT64_MIN; /* nothing can be earlier: a new timer does not cut the pause short */
	return LOOK_MS;
}

static void *timers_thread(void *arg)
{
	Timers *t = arg;
	int64_t next_ms, wait_ms;
	do {
		pthread_mutex_lock(&t->running);
		wait_ms = timers_pass(t, &next_ms);
		pthread_mutex_unlock(&t->running);
	} while (timers_sleep(t, next_ms, wait_ms));
	return NULL;
}

Timers *timers_start(TALLOC_CTX *ctx, House *house)
{
	Timers *t = talloc_zero(ctx, Timers);
	assert(t != NULL);
	t->house = house;
	t->earliest_ms = INT64_MAX;
	pthread_mutex_init(&t->running, NULL);
	pthread_mutex_init(&t->lock, NULL);
	cond_init(&t->woken);
	house->timers = t; /* before the thread runs: its handlers set timers */
	int failed = pthread_create(&t->thread, NULL, timers_thread, t);
	assert(failed == 0);
	(void)failed;
	return t;
}

void timers_stop(Timers *t)
{
	pthread_mutex_lock(&t->lock);
	t->stopping = true;
	pthread_cond_signal(&t->woken);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
}

/* Advancing */

static void pause_ms(int64_t ms)
{
	struct timespec pause = {.tv_nsec = ms * 1000000};
	nanosleep(&pause, NULL);
}

/* Runs every timer due at step_ms; *tries counts looks that found nothing because others hold the rows. */
static int advance_step(Timers *t, int64_t step_ms, int64_t floor_ms, int *tries)
{
	Batch batch = {.timers = t, .floor_ms = floor_ms, .stepping = true};
	batch.until_ms = step_ms > floor_ms ? step_ms : floor_ms;
	clock_move_to(t->house->clock, step_ms);
	int r = store_write_wait(t->house->store, batch_run, &batch);
	if (r == 0 && batch.found > 0) {
		*tries = 0;
		return 0;
	}
	if (r < 0 && r != ERR_BUSY)
		return r;
	pause_ms(RETRY_MS);
	return ++*tries < ADVANCE_TRIES ? 0 : ERR_BUSY;
}

int timers_advance(Timers *t, int64_t to_ms)
{
	pthread_mutex_lock(&t->running);
	int64_t floor_ms = clock_now_ms(t->house->clock), next_ms = INT64_MAX;
	int tries = 0;
	int r = store_read_wait(t->house->store, next_load, &next_ms);
	while (r == 0 && next_ms <= to_ms) {
		r = advance_step(t, next_ms, floor_ms, &tries);
		if (r == 0)
			r = store_read_wait(t->house->store, next_load, &next_ms);
	}
	if (r == 0)
		clock_move_to(t->house->clock, to_ms);
	pthread_mutex_unlock(&t->running);
	return r;
}

static int count_late(Tx *tx, void *arg)
{
	int64_t *late = arg;
	return db_int(tx, &late[1], "SELECT count(*) FROM (SELECT 1 FROM timer WHERE next_at <= $1 LIMIT 10000) AS due",
	              value_time(late[0]));
}

/* Those past their time by more than the thread needs to come round. */
static void timer_measure(House *house, Buf *out)
{
	int64_t late[2] = {clock_now_ms(house->clock) - 2 * SECOND_MS, 0};
	if (store_read_wait(house->store, count_late, late) == 0)
		metrics_single(out, "tenon_timers_late", "gauge", "Timers due for more than 2 s that have not run.",
		               (double)late[1]);
}

const Module timer_module = {.name = "timer", .migrations = timer_migrations, .measure = timer_measure};
