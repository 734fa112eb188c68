/* The follower: reads what other processes wrote, tells whoever remembers records, and hands the events to the hub as
 * if they had happened here. */
#include "event/follow_int.h"

#include <assert.h>
#include <string.h>

#include "base/cond.h"
#include "base/log.h"
#include "call/gate.h"
#include "event/event_int.h"
#include "record/phase.h"

#define OVERLAP_SEQS 5000 /* at a start: numbers below the newest that are read again; some may still be under way */

/* ---- what this process writes itself ---- */

static void follow_tell(void *arg)
{
	const Follow *f = arg;
	if (atomic_load(&f->others) > 0)
		bulletin_tell(f->bulletin);
}

typedef struct {
	Follow *follow;
	int64_t seq;
} Own;

/* Undone - or nobody knows: then the row is found as if another process had written it. */
static void own_undone(void *arg)
{
	const Own *own = arg;
	pthread_mutex_lock(&own->follow->lock);
	gaps_give_back(own->follow->gaps, own->seq, clock_monotonic_ms());
	pthread_mutex_unlock(&own->follow->lock);
}

/* PHASE_EVENT, inside the transaction: before anybody can read the row. */
static int own_event(Call *c, const PhaseInfo *info, void *arg)
{
	Own *own = talloc(tx_mem(c->tx), Own);
	*own = (Own){arg, info->event_seq};
	pthread_mutex_lock(&own->follow->lock);
	(void)gaps_take(own->follow->gaps, own->seq, 0, clock_monotonic_ms());
	pthread_mutex_unlock(&own->follow->lock);
	tx_on_rollback(c->tx, own_undone, own);
	tx_on_commit(c->tx, follow_tell, own->follow);
	return 0;
}

/* ---- one look ---- */

typedef struct {
	Follow *follow;
	Call *c;
	News **found;
	size_t n, n_rows;        /* rows: also those of this process, committed while the look began */
	int64_t upto;            /* seq of the last row */
	int64_t oldest, horizon; /* transactions: the oldest running, the next to come */
} Look;

/* One statement, so that rows and transactions are of one moment; it gives a row even when there is no event. The inner
 * limit makes each range a walk along the index. */
static int look_query(Look *look, Rows **ret)
{
	char *from, *to;
	Follow *f = look->follow;
	pthread_mutex_lock(&f->lock);
	gaps_begin_look(f->gaps, look->c, &from, &to);
	pthread_mutex_unlock(&f->lock);
	return db_query(look->c->tx, ret,
	                "SELECT e.*, s.oldest, s.horizon FROM "
	                "(SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest, "
	                "pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS horizon) s LEFT JOIN (SELECT r.* FROM "
	                "unnest(string_to_array($1, ',')::bigint[], string_to_array($2, ',')::bigint[]) AS gap(low, high) "
	                "CROSS JOIN LATERAL (SELECT " EVENT_COLUMNS " FROM event "
	                "WHERE seq >= gap.low AND seq <= gap.high ORDER BY seq LIMIT $3) r "
	                "ORDER BY r.seq LIMIT $3) e ON true ORDER BY e.seq",
	                value_text(from), value_text(to), value_int(FOLLOW_RECORDS_MAX));
}

static News *news_read(const Rows *rows)
{
	EventView v = event_view_read(rows);
	return news_new(&(EventRow){.kind = v.kind, .object = v.object, .record = v.record, .owner = v.owner,
		.before = v.before, .team = v.team, .pool = v.pool, .data = v.data}, v.seq, v.at_ms);
}

static bool is_unknown(Follow *f, int64_t seq)
{
	pthread_mutex_lock(&f->lock);
	bool unknown = gaps_has(f->gaps, seq);
	pthread_mutex_unlock(&f->lock);
	return unknown;
}

static void look_row(Look *look, const Rows *rows)
{
	look->oldest = rows_int(rows, 10);
	look->horizon = rows_int(rows, 11);
	if (rows_is_null(rows, 0))
		return; /* no event at all */
	look->n_rows++;
	look->upto = rows_int(rows, 0);
	if (is_unknown(look->follow, look->upto))
		look->found[look->n++] = talloc_steal(look->c, news_read(rows));
}

static int look_read(Look *look)
{
	ROWS rows = NULL;
	int r = look_query(look, &rows);
	if (r < 0)
		return r;
	look->n = look->n_rows = 0;
	while (rows_next(rows))
		look_row(look, rows);
	return rows_error(rows);
}

static int id_order(const void *a, const void *b)
{
	return id_compare(*(const Id *)a, *(const Id *)b);
}

/* Each record of that object once. */
static size_t look_records(const Look *look, const char *object, Id *ret)
{
	size_t n = 0, distinct = 0;
	for (size_t i = 0; i < look->n; i++) {
		const EventView *v = &look->found[i]->view;
		if (v->object && strcmp(v->object, object) == 0 && !id_is_nil(v->record))
			ret[n++] = v->record;
	}
	qsort(ret, n, sizeof(Id), id_order);
	for (size_t i = 0; i < n; i++)
		if (distinct == 0 || !id_equal(ret[i], ret[distinct - 1]))
			ret[distinct++] = ret[i];
	return distinct;
}

static int look_tell_watchers(const Look *look)
{
	const Follow *f = look->follow;
	Id *records = talloc_array(look->c, Id, FOLLOW_RECORDS_MAX);
	int r = 0;
	for (size_t i = 0; r == 0 && look->n > 0 && i < f->n_watchers; i++) {
		size_t n = look_records(look, f->watcher[i].object, records);
		if (n > 0)
			r = f->watcher[i].fn(look->c, records, n, f->watcher[i].arg);
	}
	talloc_free(records);
	return r;
}

/* From here on they are known: each goes to the streams once. */
static void look_take(Look *look)
{
	Follow *f = look->follow;
	int64_t now = clock_monotonic_ms(), upto = look->n_rows == FOLLOW_RECORDS_MAX ? look->upto : INT64_MAX;
	for (size_t i = 0; i < look->n; i++) {
		News *news = talloc_steal(NULL, look->found[i]);
		pthread_mutex_lock(&f->lock);
		bool fresh = gaps_take(f->gaps, news->view.seq, look->horizon, now);
		pthread_mutex_unlock(&f->lock);
		if (fresh && f->house->hub)
			news_post(f->house->hub, news);
		else
			talloc_free(news);
	}
	pthread_mutex_lock(&f->lock);
	gaps_end_look(f->gaps, upto, look->oldest, look->horizon, now);
	pthread_mutex_unlock(&f->lock);
}

/* Under `reading`. */
static int look_all(Follow *f, Call *c)
{
	int r = 0;
	Look look = {.follow = f, .c = c, .found = talloc_array(c, News *, FOLLOW_RECORDS_MAX)};
	do {
		r = look_read(&look);
		if (r == 0)
			r = look_tell_watchers(&look);
		if (r == 0)
			look_take(&look);
	} while (r == 0 && look.n_rows == FOLLOW_RECORDS_MAX);
	return r;
}

int follow_catch_up(Call *c)
{
	Follow *f = c->house->follow;
	if (!f || atomic_load(&f->others) == 0)
		return 0;
	Call *own = call_new_system(c, c->house, c->tx, "follow");
	pthread_mutex_lock(&f->reading);
	int r = look_all(f, own);
	pthread_mutex_unlock(&f->reading);
	talloc_free(own);
	return call_store_failed(c, r);
}

Id follow_self(const House *house)
{
	return house->follow ? house->follow->id : ID_NIL;
}

/* Whoever could not show for so long that it is alive has been succeeded. */
static bool is_overdue(Follow *f)
{
	return atomic_load(&f->others) > 0 && clock_monotonic_ms() - atomic_load(&f->shown_ms) >= FOLLOW_ALIVE_MS;
}

int follow_reign(const House *house)
{
	Follow *f = house->follow;
	if (!f)
		return 1;
	return atomic_load(&f->leads) && !is_overdue(f) ? atomic_load(&f->reign) : 0;
}

bool follow_leads(const House *house)
{
	return follow_reign(house) != 0;
}

bool follow_has_others(const House *house)
{
	return house->follow && atomic_load(&house->follow->others) > 0;
}

/* ---- the thread ---- */

/* What leaves no event: who was shut out, new custom fields. */
static int look_run(Tx *tx, void *arg)
{
	Follow *f = arg;
	Call *c = call_new_system(tx_mem(tx), f->house, tx, "follow");
	pthread_mutex_lock(&f->reading);
	int r = look_all(f, c);
	pthread_mutex_unlock(&f->reading);
	if (r == 0)
		r = gate_follow(c);
	return r == 0 ? meta_follow(c) : r;
}

static int follow_look(Follow *f)
{
	int r = store_read_wait(f->house->store, look_run, f);
	if (r < 0)
		log_warn("follow", "what other processes wrote could not be read, tried again: %s", err_code(r));
	return r;
}

static void others_set(Follow *f, int64_t others, bool leads)
{
	if (leads && !atomic_load(&f->leads))
		atomic_fetch_add(&f->reign, 1);
	atomic_store(&f->leads, leads);
	int before = atomic_exchange(&f->others, (int)others);
	if (before != others)
		log_info("follow", "other processes on this database: %lld (before: %d)", (long long)others, before);
}

/* Alone, all that was written so far is one's own. Whoever left wrote before it left: that is read first. */
static int follow_alone(Follow *f, const Beat *beat)
{
	int r = atomic_load(&f->others) > 0 ? follow_look(f) : 0;
	if (r < 0)
		return r;
	pthread_mutex_lock(&f->lock);
	gaps_cut(f->gaps, beat->newest);
	pthread_mutex_unlock(&f->lock);
	others_set(f, 0, true);
	return 0;
}

static void follow_beat(Follow *f)
{
	Beat beat;
	int64_t now_ms = clock_monotonic_ms();
	f->beat_at_ms = now_ms + FOLLOW_BEAT_MS;
	int r = process_beat(f, &beat);
	if (r < 0) {
		log_warn("follow", "this process could not show that it is alive: %s", err_code(r));
		return;
	}
	if (is_overdue(f))
		atomic_store(&f->leads, false); /* another reign begins, if any */
	atomic_store(&f->shown_ms, now_ms);
	if (beat.others == 0)
		(void)follow_alone(f, &beat);
	else
		others_set(f, beat.others, beat.leads);
}

/* Until told, or the time is over; false: the house closes. */
static bool follow_sleep(Follow *f, bool *ret_told)
{
	int64_t beat_ms = f->beat_at_ms - clock_monotonic_ms();
	int64_t wait_ms = follow_has_others(f->house) && FOLLOW_LOOK_MS < beat_ms ? FOLLOW_LOOK_MS : beat_ms;
	int64_t until_us = clock_monotonic_us() + (wait_ms > 0 ? wait_ms * 1000 : 0);
	bool in_time = true;
	pthread_mutex_lock(&f->lock);
	while (!f->told && !f->stopping && in_time)
		in_time = cond_wait_until(&f->woken, &f->lock, until_us);
	*ret_told = f->told;
	f->told = false;
	bool goes_on = !f->stopping;
	pthread_mutex_unlock(&f->lock);
	return goes_on;
}

/* A word although nobody is there: somebody has just come. */
static void *follow_thread(void *arg)
{
	Follow *f = arg;
	bool told = false;
	do {
		bool unknown = told && !follow_has_others(f->house);
		if (unknown || clock_monotonic_ms() >= f->beat_at_ms)
			follow_beat(f);
		if (follow_has_others(f->house))
			(void)follow_look(f);
	} while (follow_sleep(f, &told));
	return NULL;
}

/* On the bulletin's thread. */
static void follow_heard(void *arg)
{
	Follow *f = arg;
	pthread_mutex_lock(&f->lock);
	f->told = true;
	pthread_cond_signal(&f->woken);
	pthread_mutex_unlock(&f->lock);
}

/* ---- from outside ---- */

static Follow *follow_new(TALLOC_CTX *ctx, House *house)
{
	Follow *f = talloc_zero(ctx, Follow);
	assert(f != NULL);
	f->house = house;
	f->id = id_new(clock_real_ms());
	pthread_mutex_init(&f->reading, NULL);
	pthread_mutex_init(&f->lock, NULL);
	cond_init(&f->woken);
	return f;
}

int follow_open(TALLOC_CTX *ctx, House *house)
{
	if (!store_is_postgres(house->store))
		return 0;
	Follow *f = follow_new(ctx, house);
	Beat beat;
	int r = process_beat(f, &beat);
	if (r < 0)
		return r;
	bool alone = beat.others == 0;
	atomic_store(&f->shown_ms, clock_monotonic_ms());
	f->gaps = gaps_new(f, alone || beat.newest < OVERLAP_SEQS ? 1 : beat.newest - OVERLAP_SEQS);
	if (alone)
		gaps_cut(f->gaps, beat.newest);
	f->bulletin = bulletin_start(f, house->store, follow_heard, f);
	bulletin_tell(f->bulletin);
	others_set(f, beat.others, beat.leads);
	phase_add(house->phases, PHASE_EVENT, NULL, own_event, f);
	house->follow = f;
	return alone ? 0 : process_await_others(f);
}

void follow_on(const House *house, const char *object, FollowFn fn, void *arg)
{
	Follow *f = house->follow;
	if (!f)
		return;
	assert(!f->running);
	f->watcher = talloc_realloc(f, f->watcher, Watcher, (unsigned)f->n_watchers + 1);
	f->watcher[f->n_watchers++] = (Watcher){object, fn, arg};
}

static int person_forget(Call *c, const Id *people, size_t n, void *arg)
{
	(void)arg;
	for (size_t i = 0; i < n; i++)
		gate_forget(c->house->gate, people[i]);
	return 0;
}

void follow_start(House *house)
{
	Follow *f = house->follow;
	if (!f)
		return;
	follow_on(house, "user", person_forget, NULL);
	f->running = true;
	if (follow_has_others(house))
		(void)follow_look(f); /* what was written while this house opened; nobody listens yet */
	int failed = pthread_create(&f->thread, NULL, follow_thread, f);
	assert(failed == 0);
	(void)failed;
}

void follow_rest(House *house)
{
	Follow *f = house->follow;
	if (!f || !f->running)
		return;
	pthread_mutex_lock(&f->lock);
	f->stopping = true;
	pthread_cond_signal(&f->woken);
	pthread_mutex_unlock(&f->lock);
	pthread_join(f->thread, NULL);
	f->running = false;
}

void follow_stop(House *house)
{
	Follow *f = house->follow;
	if (!f)
		return;
	follow_rest(house);
	bulletin_stop(f->bulletin);
	process_leave(f);
}
