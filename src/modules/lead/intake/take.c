/* The taker: one thread that takes durable receipts in, as many in one transaction as are there. Nothing is lost here:
 * a receipt stays pending in the log until its outcome is written, and is found there again after a crash. */
#include "modules/lead/intake/take.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cond.h"
#include "base/log.h"
#include "event/follow.h"
#include "modules/lead/intake/taken.h"

#define BATCH_MAX 500
#define QUEUE_MAX 20000         /* receipts held in memory; beyond it they are read from the log again */
#define EVENTS_EACH 2           /* of a lead that somebody gets: its own, and that of the alert */
#define CALL_BYTES (128 * 1024) /* what one lead needs in memory, roomily */
#define RETRY_US 1000000        /* after the database refused a batch */
#define REST_US_MAX 200000
#define ORPHAN_AGE_MS 2000      /* pending for so long: another process may have died with it */
#define ORPHAN_LOOK_MS 1000     /* between looks for such ones, while there are other processes */
#define ORPHAN_LOOK_LATE_MS (10 * SECOND_MS) /* the same while the queue here is older than that itself */

typedef struct Waiting {
	Receipt receipt;
	struct Waiting *next;
} Waiting;

struct Taker {
	Intake *intake;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	Waiting *first, *last;
	int n;
	bool behind; /* the log holds pending ones that are not in the queue */
	uint64_t given;
	pthread_cond_t landing;
	Id log_after; /* the thread's alone: where its look through the log goes on; nil: at the beginning */
	int64_t orphans_at_ms; /* likewise: when it last looked for what others left, monotonic */
	bool stopping;
	const IpRegions *ip_regions;
};

typedef struct Batch {
	Taker *taker;
	const Receipt **receipt;
	Reading *reading;
	Outcome *outcome;
	size_t n;
	TALLOC_CTX *pool; /* one call after the other lives here */
	bool careful;     /* each receipt in a savepoint of its own */
	bool landed;      /* guarded by the taker's lock, as is the result */
	int result;
} Batch;

/* ---- the queue ---- */

static Waiting *waiting_new(const Receipt *r)
{
	Waiting *w = talloc_pooled_object(NULL, Waiting, 7, r->body_len + 1024);
	w->receipt = *r;
	w->receipt.source_key = talloc_strdup(w, r->source_key);
	w->receipt.visitor = talloc_strdup(w, r->visitor);
	w->receipt.content_type = talloc_strdup(w, r->content_type);
	w->receipt.headers = talloc_strdup(w, r->headers);
	w->receipt.files = talloc_strdup(w, r->files);
	char *body = talloc_array(w, char, r->body_len + 1);
	memcpy(body, r->body, r->body_len);
	body[r->body_len] = '\0';
	w->receipt.body = body;
	w->next = NULL;
	return w;
}

void taker_give(Taker *t, const Receipt *receipt)
{
	Waiting *w = waiting_new(receipt);
	pthread_mutex_lock(&t->lock);
	t->given++;
	if (t->n >= QUEUE_MAX || t->behind) {
		t->behind = true;
		talloc_free(w);
	} else {
		*(t->last ? &t->last->next : &t->first) = w;
		t->last = w;
		t->n++;
	}
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
}

void taker_wake(Taker *t)
{
	pthread_mutex_lock(&t->lock);
	t->behind = true;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
}

int taker_backlog(Taker *t)
{
	pthread_mutex_lock(&t->lock);
	int n = t->n;
	pthread_mutex_unlock(&t->lock);
	return n;
}

/* Moves up to BATCH_MAX waiting receipts into the batch; they hang on its memory. */
static void batch_from_queue(Taker *t, Batch *b)
{
	while (t->first && b->n < BATCH_MAX) {
		Waiting *w = t->first;
		t->first = w->next;
		t->n--;
		b->receipt[b->n++] = &talloc_steal(b, w)->receipt;
	}
	if (!t->first)
		t->last = NULL;
}

static int pending_read(Tx *tx, void *arg)
{
	Batch *b = arg;
	Receipt *pending;
	size_t n;
	int r = receipt_pending(tx, b, b->taker->log_after, BATCH_MAX, &pending, &n);
	b->n = 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		b->receipt[b->n++] = &pending[i];
	return r;
}

/* Reads the next page of the log. Ids are made before they are written, so one that was passed may appear later: the
 * look ends only when a page from the beginning was not full. What comes meanwhile is in the queue, for `behind` was
 * taken back before that look. */
static int batch_from_log(Taker *t, Batch *b)
{
	bool from_the_beginning = id_is_nil(t->log_after);
	pthread_mutex_lock(&t->lock);
	t->behind = false;
	pthread_mutex_unlock(&t->lock);
	int r = store_read_wait(receipt_log_store(t->intake->log), pending_read, b);
	bool is_full = r == 0 && b->n == BATCH_MAX;
	t->log_after = is_full ? b->receipt[b->n - 1]->id : ID_NIL;
	if (r < 0 || is_full || !from_the_beginning)
		taker_wake(t);
	return r;
}

/* ---- what another process left ---- */

static int orphans_read(Tx *tx, void *arg)
{
	Batch *b = arg;
	Receipt *pending;
	size_t n;
	int64_t before_ms = clock_now_ms(b->taker->intake->house->clock) - ORPHAN_AGE_MS;
	int r = receipt_pending_before(tx, b, before_ms, BATCH_MAX, &pending, &n);
	b->n = 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		b->receipt[b->n++] = &pending[i];
	return r;
}

/* Whoever took a receipt in first left a row, so taking one that its own process is just busy with does no harm; it is
 * only work for nothing, and therefore put off while there is too much to do. Under the lock. */
static bool is_time_for_orphans(const Taker *t)
{
	const House *house = t->intake->house;
	if (!follow_has_others(house))
		return false;
	bool late = t->first && t->first->receipt.at < clock_now_ms(house->clock) - ORPHAN_AGE_MS;
	return clock_monotonic_ms() - t->orphans_at_ms >= (late ? ORPHAN_LOOK_LATE_MS : ORPHAN_LOOK_MS);
}

static int batch_from_orphans(Taker *t, Batch *b)
{
	t->orphans_at_ms = clock_monotonic_ms();
	int r = store_read_wait(receipt_log_store(t->intake->log), orphans_read, b);
	if (r == 0 && b->n > 0)
		log_info("intake", "%zu receipts of other processes wait; this one takes them in", b->n);
	return r;
}

/* ---- one batch ---- */

typedef struct {
	Call *c;
	const TakeGround *ground;
	const Receipt *receipt;
	const Reading *reading;
	Outcome *outcome;
} One;

static int one_run(Tx *tx, void *arg)
{
	(void)tx;
	One *one = arg;
	return take_receipt(one->c, one->ground, one->receipt, one->reading, one->outcome);
}

/* The database itself is in trouble: the whole batch waits. Anything else is the receipt's own fault. */
static bool is_storage_trouble(int err)
{
	return err == ERR_STORE || err == ERR_FULL || err == ERR_BUSY;
}

/* Outcomes outlive the call whose memory their texts hang on. */
static void outcome_keep(Batch *b, size_t i)
{
	Outcome *o = &b->outcome[i];
	o->reason = talloc_strdup(b, o->reason);
	o->detail = talloc_strdup(b, o->detail);
}

static int batch_one(Tx *tx, Batch *b, size_t i, TakeGround *ground)
{
	House *house = b->taker->intake->house;
	One one = {call_new_system(b->pool, house, tx, "intake"), ground, b->receipt[i], &b->reading[i], &b->outcome[i]};
	one.c->ip = b->receipt[i]->visitor;
	int r = b->careful ? tx_nested(tx, one_run, &one) : one_run(tx, &one);
	if (r < 0 && !is_storage_trouble(r))
		b->outcome[i] = (Outcome){.receipt = b->receipt[i]->id,
		                          .state = RECEIPT_QUARANTINED,
		                          .reason = one.c->err_code ? one.c->err_code : err_code(r),
		                          .detail = one.c->err_detail};
	outcome_keep(b, i);
	talloc_free(one.c);
	return r;
}

/* Asks at once for the whole batch what would be a round trip to PostgreSQL for each receipt. Marks those that were
 * taken in before: nothing is left to do for them. */
static int batch_look(Call *c, Batch *b, TakeGround *ground, bool *taken)
{
	if (b->careful || !tx_is_postgres(c->tx))
		return 0;
	for (size_t i = 0; i < b->n; i++)
		b->outcome[i] = (Outcome){.receipt = b->receipt[i]->id};
	int r = taken_find_all(c, b->outcome, b->n, taken);
	if (r == 0)
		r = record_events_expect(c, b->n * EVENTS_EACH);
	ground->place->post = alert_post_new(c);
	ground->all_new = true;
	return r;
}

static int batch_each(Call *c, Batch *b, TakeGround *ground, const bool *taken)
{
	int r = 0;
	b->pool = talloc_pool(tx_mem(c->tx), CALL_BYTES);
	for (size_t i = 0; r == 0 && i < b->n; i++) {
		if (taken[i])
			continue;
		r = batch_one(c->tx, b, i, ground);
		if (r < 0 && b->careful && !is_storage_trouble(r))
			r = ground_open(c, &ground->place); /* what the undone one had counted must go */
	}
	return r;
}

static int batch_run(Tx *tx, void *arg)
{
	Batch *b = arg;
	Intake *in = b->taker->intake;
	Call *c = call_new_system(tx_mem(tx), in->house, tx, "intake");
	TakeGround ground = {.sources = source_book_acquire(in->sources), .ip_regions = b->taker->ip_regions};
	bool *taken = talloc_zero_array(c, bool, (unsigned)b->n);
	int r = ground_open(c, &ground.place);
	if (r == 0)
		r = batch_look(c, b, &ground, taken);
	AlertPost *post = r == 0 ? ground.place->post : NULL;
	if (r == 0)
		r = batch_each(c, b, &ground, taken);
	if (r == 0 && post)
		r = alert_post_send(c, post);
	source_release(ground.sources);
	talloc_free(c);
	return r;
}

static int outcomes_write(Tx *tx, void *arg)
{
	const Batch *b = arg;
	return receipt_settle(tx, b->outcome, b->n);
}

static void batch_landed(void *arg, int result)
{
	Batch *b = arg;
	Taker *t = b->taker;
	pthread_mutex_lock(&t->lock);
	b->result = result;
	b->landed = true;
	pthread_cond_signal(&t->landing);
	pthread_mutex_unlock(&t->lock);
}

static void batch_launch(Batch *b)
{
	if (store_write(b->taker->intake->house->store, batch_run, batch_landed, b) < 0)
		batch_landed(b, ERR_BUSY);
}

/* The bodies are read here, while the batch before is being written. */
static void batch_read(Batch *b)
{
	const Sources *sources = source_book_acquire(b->taker->intake->sources);
	b->outcome = talloc_zero_array(b, Outcome, b->n);
	b->reading = talloc_zero_array(b, Reading, b->n);
	for (size_t i = 0; i < b->n; i++)
		take_read(b->reading, sources, b->receipt[i], &b->reading[i]);
	source_release(sources);
}

static void batch_wait(Batch *b)
{
	Taker *t = b->taker;
	pthread_mutex_lock(&t->lock);
	while (!b->landed)
		pthread_cond_wait(&t->landing, &t->lock);
	pthread_mutex_unlock(&t->lock);
}

/* Writes what became of a batch that has landed. Savepoints cost more than a lead does and hardly ever is one needed:
 * a batch runs without them, and once more with them if a receipt of it failed by its own fault. False: the database
 * could not, and the log still has them as pending. */
static bool batch_settle(Batch *b)
{
	Intake *in = b->taker->intake;
	int r = b->result;
	b->careful = r < 0 && !is_storage_trouble(r);
	if (b->careful)
		r = store_write_wait(in->house->store, batch_run, b);
	if (r == 0)
		r = store_write_wait(receipt_log_store(in->log), outcomes_write, b);
	for (size_t i = 0; r == 0 && i < b->n; i++) {
		waits_tell(in->settled, &b->outcome[i]);
		counter_add(&in->settled_as[b->outcome[i].state], 1);
		if (b->outcome[i].state == RECEIPT_QUARANTINED)
			quarantine_tell(in, b->receipt[i], b->outcome[i].reason, b->outcome[i].detail);
	}
	if (r < 0)
		log_warn("intake", "%zu receipts wait: the database refused them (%s)", b->n, err_code(r));
	return r == 0;
}

/* ---- the thread ---- */

static void rest(Taker *t, int64_t us)
{
	int64_t until_us = clock_monotonic_us() + us;
	pthread_mutex_lock(&t->lock);
	while (!t->stopping && cond_wait_until(&t->wake, &t->lock, until_us))
		continue;
	pthread_mutex_unlock(&t->lock);
}

/* Whatever failed is found in the log again. */
static void rest_after_failure(Taker *t)
{
	t->log_after = ID_NIL;
	taker_wake(t);
	rest(t, RETRY_US);
}

/* True when the next batch should be put together now: at once when nothing is being written; else only a full one, so
 * that what comes while a batch is written goes in one batch behind it. What is being written is still pending in the
 * log: a look from its beginning waits. */
static bool is_time(const Taker *t, bool is_flying)
{
	if (!is_flying)
		return t->first || t->behind;
	return t->n >= BATCH_MAX || (!t->first && t->behind && !id_is_nil(t->log_after));
}

/* Under the lock. Where other processes may come it wakes now and then by itself. */
static void taker_sleep(Taker *t)
{
	bool alone = !t->intake->house->follow;
	(void)cond_wait_until(&t->wake, &t->lock, alone ? INT64_MAX : clock_monotonic_us() + ORPHAN_LOOK_MS * 1000);
}

/* Where the next batch comes from. */
typedef enum { FROM_NOWHERE, FROM_QUEUE, FROM_LOG, FROM_ORPHANS } Origin;

static Origin origin_next(Taker *t, Batch *b, bool is_flying)
{
	pthread_mutex_lock(&t->lock);
	while (!is_flying && !is_time(t, false) && !is_time_for_orphans(t) && !t->stopping)
		taker_sleep(t);
	Origin origin = FROM_NOWHERE;
	if (!t->stopping && is_time_for_orphans(t))
		origin = FROM_ORPHANS;
	else if (!t->stopping && is_time(t, is_flying))
		origin = t->first ? FROM_QUEUE : FROM_LOG;
	if (origin == FROM_QUEUE)
		batch_from_queue(t, b);
	pthread_mutex_unlock(&t->lock);
	return origin;
}

/* Empty when there is nothing to do yet, or the house closes; NULL when the log could not be read. */
static Batch *batch_next(Taker *t, bool is_flying)
{
	Batch *b = talloc_zero(NULL, Batch);
	b->taker = t;
	b->receipt = talloc_array(b, const Receipt *, BATCH_MAX);
	Origin origin = origin_next(t, b, is_flying);
	if ((origin == FROM_LOG && batch_from_log(t, b) < 0) || (origin == FROM_ORPHANS && batch_from_orphans(t, b) < 0)) {
		talloc_free(b);
		return NULL;
	}
	batch_read(b);
	return b;
}

/* When receipts come in faster than leads can be made of them, receipts have the right of way: they are durable, and
 * whoever sends them waits for an answer. The taker then rests as long as it worked. */
typedef struct {
	int64_t began_us;
	uint64_t given;
} Pace;

static Pace pace_now(Taker *t)
{
	pthread_mutex_lock(&t->lock);
	Pace now = {clock_monotonic_us(), t->given};
	pthread_mutex_unlock(&t->lock);
	return now;
}

static void pace_keep(Taker *t, Pace *last, size_t taken)
{
	Pace now = pace_now(t);
	int64_t worked_us = now.began_us - last->began_us;
	if (now.given - last->given > taken && taken == BATCH_MAX)
		rest(t, worked_us < REST_US_MAX ? worked_us : REST_US_MAX);
	*last = (Pace){clock_monotonic_us(), now.given};
}

static void *taker_main(void *arg)
{
	Taker *t = arg;
	Batch *flying = NULL;
	Pace pace = pace_now(t);
	for (bool go_on = true; go_on || flying;) {
		Batch *landed = flying, *next = batch_next(t, flying != NULL);
		bool fine = next != NULL;
		if (landed)
			batch_wait(landed);
		flying = next && next->n > 0 ? next : NULL;
		if (flying)
			batch_launch(flying);
		else
			talloc_free(next);
		if (landed)
			fine &= batch_settle(landed);
		if (landed)
			pace_keep(t, &pace, landed->n);
		talloc_free(landed);
		pthread_mutex_lock(&t->lock);
		go_on = !t->stopping;
		pthread_mutex_unlock(&t->lock);
		if (go_on && !fine)
			rest_after_failure(t);
	}
	return NULL;
}

Taker *taker_start(Intake *intake)
{
	Taker *t = talloc_zero(intake, Taker);
	pthread_mutex_init(&t->lock, NULL);
	cond_init(&t->wake);
	pthread_cond_init(&t->landing, NULL);
	t->intake = intake;
	t->behind = true;
	t->log_after = ID_NIL;
	char *table = talloc_asprintf(t, "%s/ip2region_v4.xdb", intake->house->data_dir);
	t->ip_regions = ip_regions_open(t, table);
	pthread_create(&t->thread, NULL, taker_main, t);
	return t;
}

void taker_stop(Taker *t)
{
	pthread_mutex_lock(&t->lock);
	t->stopping = true;
	pthread_cond_broadcast(&t->wake);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	for (Waiting *w = t->first, *next; w; w = next) {
		next = w->next;
		talloc_free(w);
	}
}
