/* The taker: one thread that takes durable receipts in, as many in one transaction as are there. Nothing is lost here:
 * a receipt stays pending in the log until its outcome is written, and is found there again after a crash. */
#include "modules/lead/intake/take.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"

#define BATCH_MAX 500
#define QUEUE_MAX 20000 /* receipts held in memory; beyond it they are read from the log again */
#define RETRY_MS 1000   /* after the database refused a batch */

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
	bool stopping;
	const IpRegions *ip_regions;
};

typedef struct {
	Taker *taker;
	TALLOC_CTX *mem;
	const Receipt **receipt;
	Outcome *outcome;
	size_t n;
} Batch;

/* ---- the queue ---- */

static Waiting *waiting_new(const Receipt *r)
{
	Waiting *w = talloc_pooled_object(NULL, Waiting, 6, r->body_len + 1024);
	w->receipt = *r;
	w->receipt.source_key = talloc_strdup(w, r->source_key);
	w->receipt.visitor = talloc_strdup(w, r->visitor);
	w->receipt.content_type = talloc_strdup(w, r->content_type);
	w->receipt.headers = talloc_strdup(w, r->headers);
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
		b->receipt[b->n++] = &talloc_steal(b->mem, w)->receipt;
	}
	if (!t->first)
		t->last = NULL;
}

static int pending_read(Tx *tx, void *arg)
{
	Batch *b = arg;
	Receipt *pending;
	size_t n;
	int r = receipt_pending(tx, b->mem, ID_NIL, BATCH_MAX, &pending, &n);
	b->n = 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		b->receipt[b->n++] = &pending[i];
	return r;
}

/* Reads what the log holds. A page that is not full was the last one; a receipt that comes between is in the queue, for
 * `behind` was taken back before the look. */
static int batch_from_log(Taker *t, Batch *b)
{
	pthread_mutex_lock(&t->lock);
	t->behind = false;
	pthread_mutex_unlock(&t->lock);
	int r = store_read_wait(receipt_log_store(t->intake->log), pending_read, b);
	if (r < 0 || b->n == BATCH_MAX)
		taker_wake(t);
	return r;
}

/* ---- one batch ---- */

typedef struct {
	Call *c;
	const TakeGround *ground;
	const Receipt *receipt;
	Outcome *outcome;
} One;

static int one_run(Tx *tx, void *arg)
{
	(void)tx;
	One *one = arg;
	return take_receipt(one->c, one->ground, one->receipt, one->outcome);
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
	o->reason = talloc_strdup(b->mem, o->reason);
	o->detail = talloc_strdup(b->mem, o->detail);
}

static int batch_one(Tx *tx, Batch *b, size_t i, TakeGround *ground)
{
	House *house = b->taker->intake->house;
	One one = {call_new_system(tx_mem(tx), house, tx, "intake"), ground, b->receipt[i], &b->outcome[i]};
	one.c->ip = b->receipt[i]->visitor;
	int r = tx_nested(tx, one_run, &one);
	if (r < 0 && !is_storage_trouble(r))
		b->outcome[i] = (Outcome){.receipt = b->receipt[i]->id,
		                          .state = RECEIPT_QUARANTINED,
		                          .reason = one.c->err_code ? one.c->err_code : err_code(r),
		                          .detail = one.c->err_detail};
	outcome_keep(b, i);
	talloc_free(one.c);
	return r;
}

static int batch_run(Tx *tx, void *arg)
{
	Batch *b = arg;
	Intake *in = b->taker->intake;
	Call *c = call_new_system(tx_mem(tx), in->house, tx, "intake");
	TakeGround ground = {.sources = source_book_acquire(in->sources), .ip_regions = b->taker->ip_regions};
	int r = ground_open(c, &ground.place);
	for (size_t i = 0; r == 0 && i < b->n; i++) {
		r = batch_one(tx, b, i, &ground);
		if (r < 0 && !is_storage_trouble(r))
			r = ground_open(c, &ground.place); /* what the undone one had counted must go */
	}
	source_release(ground.sources);
	talloc_free(c);
	return r;
}

static int outcomes_write(Tx *tx, void *arg)
{
	const Batch *b = arg;
	return receipt_settle(tx, b->outcome, b->n);
}

/* Takes the batch in and writes what became of it; false: the database could not, and the log still has them as
 * pending. */
static bool batch_take(Batch *b)
{
	Intake *in = b->taker->intake;
	b->outcome = talloc_zero_array(b->mem, Outcome, b->n);
	int r = store_write_wait(in->house->store, batch_run, b);
	if (r == 0)
		r = store_write_wait(receipt_log_store(in->log), outcomes_write, b);
	if (r < 0) {
		log_warn("intake", "%zu receipts wait: the database refused them (%s)", b->n, err_code(r));
		return false;
	}
	for (size_t i = 0; i < b->n; i++)
		waits_tell(in->settled, &b->outcome[i]);
	return true;
}

/* ---- the thread ---- */

static void pause_after_failure(Taker *t)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += RETRY_MS / 1000;
	pthread_mutex_lock(&t->lock);
	t->behind = true;
	while (!t->stopping && pthread_cond_timedwait(&t->wake, &t->lock, &until) == 0)
		continue;
	pthread_mutex_unlock(&t->lock);
}

/* Waits for work; false when the house closes. *ret_log: look into the log. */
static bool work_wait(Taker *t, Batch *b, bool *ret_log)
{
	pthread_mutex_lock(&t->lock);
	while (!t->first && !t->behind && !t->stopping)
		pthread_cond_wait(&t->wake, &t->lock);
	batch_from_queue(t, b);
	*ret_log = b->n == 0 && t->behind;
	bool go_on = !t->stopping;
	pthread_mutex_unlock(&t->lock);
	return go_on;
}

static void *taker_main(void *arg)
{
	Taker *t = arg;
	for (bool go_on = true; go_on;) {
		Batch b = {.taker = t, .mem = talloc_new(NULL)};
		bool from_log;
		b.receipt = talloc_array(b.mem, const Receipt *, BATCH_MAX);
		go_on = work_wait(t, &b, &from_log);
		bool fine = !go_on || !from_log || batch_from_log(t, &b) == 0;
		if (go_on && fine && b.n > 0)
			fine = batch_take(&b);
		if (go_on && !fine)
			pause_after_failure(t);
		talloc_free(b.mem);
	}
	return NULL;
}

Taker *taker_start(Intake *intake)
{
	Taker *t = talloc_zero(intake, Taker);
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->wake, &monotonic);
	t->intake = intake;
	t->behind = true;
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
