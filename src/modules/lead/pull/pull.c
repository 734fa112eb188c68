/* The card of the room, and its thread: one visit after the other. A timer in the database says when; whichever process
 * it fires in makes the visit. */
#include "modules/lead/pull/pull_int.h"

#include <pthread.h>
#include <string.h>

#include "base/log.h"
#include "event/timer.h"

#define QUEUE_MAX 200 /* visits that wait; what is beyond comes with the next timer */

struct Pull {
	House *house;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	Id queue[QUEUE_MAX];
	int n;
	atomic_bool closing;
};

typedef struct Pull Pull;

static const char *const migrations[] = {
	"CREATE TABLE pull (source {ID} NOT NULL PRIMARY KEY, started_at {TIME} NOT NULL, checked_at {TIME}, ok_at {TIME},"
	" failed_at {TIME}, fails {INT} NOT NULL, reason {TEXT}, detail {TEXT}, taken {INT} NOT NULL,"
	" validity {INT} NOT NULL, uid {INT} NOT NULL, since {TIME} NOT NULL, stuck_uid {INT} NOT NULL,"
	" stuck {INT} NOT NULL);"
	"CREATE TABLE pull_seen (source {ID} NOT NULL, digest {TEXT} NOT NULL, receipt {ID} NOT NULL, at {TIME} NOT NULL,"
	" PRIMARY KEY (source, digest)) {COMPACT};"
	"CREATE INDEX pull_seen_at ON pull_seen (source, at)",
	/* accounts of 微信客服: where reading goes on, and whether a push said that there is more */
	"CREATE TABLE pull_account (source {ID} NOT NULL, account {TEXT} NOT NULL, token {TEXT}, cursor {TEXT},"
	" due {INT} NOT NULL, PRIMARY KEY (source, account)) {COMPACT}",
	/* left_uids: "5 9 12" */
	"ALTER TABLE pull ADD COLUMN broke {INT} NOT NULL DEFAULT 0;"
	"ALTER TABLE pull ADD COLUMN left_uids {TEXT}",
	NULL,
};

static const PullKind *const kinds[] = {&kind_imap, &kind_kf};

const PullKind *pull_kind(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i]->name, name) == 0)
			return kinds[i];
	return NULL;
}

bool pull_is_closing(Pull *p)
{
	return atomic_load(&p->closing);
}

/* ---- the queue ---- */

static bool is_queued(const Pull *p, Id source)
{
	for (int i = 0; i < p->n; i++)
		if (id_equal(p->queue[i], source))
			return true;
	return false;
}

void pull_give(Pull *p, Id source)
{
	pthread_mutex_lock(&p->lock);
	if (p->n < QUEUE_MAX && !is_queued(p, source))
		p->queue[p->n++] = source;
	pthread_cond_signal(&p->wake);
	pthread_mutex_unlock(&p->lock);
}

static bool queue_take(Pull *p, Id *ret)
{
	pthread_mutex_lock(&p->lock);
	while (p->n == 0 && !pull_is_closing(p))
		pthread_cond_wait(&p->wake, &p->lock);
	bool has = !pull_is_closing(p);
	if (has) {
		*ret = p->queue[0];
		memmove(p->queue, p->queue + 1, (size_t)--p->n * sizeof *p->queue);
	}
	pthread_mutex_unlock(&p->lock);
	return has;
}

/* ---- a visit ---- */

static int load_job(Tx *tx, void *arg)
{
	Visit *v = arg;
	return visit_load(call_new_system(tx_mem(tx), v->house, tx, "pull"), v, v->source);
}

static void visit(Pull *p, Id source)
{
	Visit *v = talloc_zero(NULL, Visit);
	*v = (Visit){.pull = p, .house = p->house, .source = source, .until_ms = clock_monotonic_ms() + PULL_VISIT_MS};
	v->mem = talloc_new(v);
	int r = store_read_wait(p->house->store, load_job, v);
	const PullKind *kind = r == 0 ? pull_kind(json_text(v->settings, "kind")) : NULL;
	if (kind && v->enabled) {
		kind->visit(v);
		if (!pull_is_closing(p) && store_write_wait(p->house->store, visit_end, v) < 0)
			log_warn("pull", "what came of a visit for source %s could not be written; it is made again",
			         v->source_key);
	}
	talloc_free(v);
}

static void *pull_thread(void *arg)
{
	Pull *p = arg;
	Id source;
	while (queue_take(p, &source))
		visit(p, source);
	return NULL;
}

/* ---- timers ---- */

typedef struct {
	Pull *pull;
	Id source;
} Due;

static void due_committed(void *arg)
{
	const Due *due = arg;
	if (due->pull)
		pull_give(due->pull, due->source);
}

/* The timer is set again at once: if the process ends during the visit, another one makes it. */
static int on_due(Call *c)
{
	Record *source;
	Id id = call_id(c, "subject");
	int r = record_load_any(c, "source", id, &source);
	bool is_set_up = r == 0 && record_text(source, "inbox") && value_is_null(record_get(source, "deleted_at")) &&
	                 record_get(source, "enabled")->i != 0;
	if (!is_set_up)
		return r == ERR_NOT_FOUND ? 0 : r;
	Due *due = talloc(tx_mem(c->tx), Due);
	*due = (Due){c->house->pull, id};
	r = timer_set(c, PULL_TIMER, id, c->now_ms + PULL_GUARD_MS, NULL);
	if (r == 0)
		tx_on_commit(c->tx, due_committed, due);
	return r;
}

static const TimerKind timers[] = {
	{PULL_TIMER, on_due},
	{0},
};

/* ---- start and stop ---- */

/* What was under way when the house stopped is not waited for. */
static int all_due(Tx *tx, void *arg)
{
	Call *c = call_new_system(tx_mem(tx), arg, tx, "start");
	ROWS rows = NULL;
	int r = db_query(tx, &rows, "SELECT source FROM pull WHERE $1 = 1", value_int(1));
	while (r == 0 && rows_next(rows))
		r = timer_set_earliest(c, PULL_TIMER, rows_id(rows, 0), c->now_ms + 5 * SECOND_MS, NULL);
	return r < 0 ? r : rows_error(rows);
}

static int pull_start(House *house)
{
	phase_add(house->phases, PHASE_AFTER, "source", pull_follow, NULL);
	return 0;
}

static void pull_run(House *house)
{
	Pull *p = talloc_zero(NULL, Pull);
	p->house = house;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->wake, NULL);
	house->pull = p;
	int failed = pthread_create(&p->thread, NULL, pull_thread, p);
	if (failed)
		log_error("pull", "mailboxes are not looked at: no thread");
	if (store_write_wait(house->store, all_due, house) < 0)
		log_warn("pull", "mailboxes are looked at when their timers are due");
}

static void pull_stop(House *house)
{
	Pull *p = house->pull;
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	atomic_store(&p->closing, true);
	pthread_cond_signal(&p->wake);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->lock);
	talloc_free(p);
	house->pull = NULL;
}

const Module pull_module = {.name = "pull",
                            .endpoints = pull_endpoints,
                            .timers = timers,
                            .migrations = migrations,
                            .start = pull_start,
                            .run = pull_run,
                            .stop = pull_stop};
