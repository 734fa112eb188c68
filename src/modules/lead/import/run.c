/* The run: rows become leads in large batches, one transaction each, by the same code that takes receipts in. While a
 * batch is being written the receipts of the one before go to the log and the next one is read. The place in the file
 * is remembered only behind receipts that are durable: what is done again after a crash finds its first result. */
#include "modules/lead/import/import_int.h"

#include <string.h>

#include "base/log.h"

#define ROWS_A_CALL 20
#define CALL_BYTES (1024 * 1024)

/* Something a store does meanwhile. */
typedef struct {
	pthread_mutex_t lock;
	pthread_cond_t landing;
	bool flying, landed;
	int result;
} Flight;

typedef struct {
	ImportWork *work;
	ImportRow *row;
	Outcome *outcome;
	size_t n;
	bool careful;               /* every row in a savepoint of its own */
	ImportState state;          /* counts up to the end of this batch */
	const ImportState *durable; /* what its transaction may remember, or NULL */
	bool tell;
	Flight leads, log;
} Batch;

/* ---- flights ---- */

static void flight_land(Flight *f, int result)
{
	pthread_mutex_lock(&f->lock);
	f->result = result;
	f->landed = true;
	pthread_cond_signal(&f->landing);
	pthread_mutex_unlock(&f->lock);
}

static void leads_done(void *arg, int result)
{
	flight_land(&((Batch *)arg)->leads, result);
}

static void log_done(void *arg, int result)
{
	flight_land(&((Batch *)arg)->log, result);
}

static void flight_start(Flight *f, Batch *b, Store *store, StoreJob job, StoreDone done)
{
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->landing, NULL);
	f->landed = false;
	f->flying = true;
	int r = store_write(store, job, done, b);
	if (r < 0)
		flight_land(f, r);
}

static int flight_wait(Flight *f)
{
	if (!f->flying)
		return 0;
	pthread_mutex_lock(&f->lock);
	while (!f->landed)
		pthread_cond_wait(&f->landing, &f->lock);
	pthread_mutex_unlock(&f->lock);
	f->flying = false;
	return f->result;
}

/* ---- one batch of leads ---- */

typedef struct {
	Call *c;
	const TakeGround *ground;
	const ImportRow *row;
	Outcome *outcome;
} One;

static int one_take(Tx *tx, void *arg)
{
	(void)tx;
	One *one = arg;
	return take_receipt(one->c, one->ground, &one->row->receipt, &one->row->reading, one->outcome);
}

static bool is_storage_trouble(int err)
{
	return err == ERR_STORE || err == ERR_FULL || err == ERR_BUSY;
}

static int one_run(Batch *b, Call *c, const TakeGround *ground, size_t i)
{
	Outcome *o = &b->outcome[i];
	const Receipt *receipt = &b->row[i].receipt;
	One one = {c, ground, &b->row[i], o};
	*o = (Outcome){receipt->id, receipt->state, receipt->reason, receipt->detail, ID_NIL, ID_NIL};
	if (o->state == RECEIPT_QUARANTINED)
		return 0;
	int r = b->careful ? tx_nested(c->tx, one_take, &one) : one_take(c->tx, &one);
	if (r < 0 && b->careful && !is_storage_trouble(r))
		*o = (Outcome){.receipt = receipt->id,
		               .state = RECEIPT_QUARANTINED,
		               .reason = c->err_code ? c->err_code : err_code(r),
		               .detail = c->err_detail};
	o->reason = talloc_strdup(b, o->reason);
	o->detail = talloc_strdup(b, o->detail);
	return r;
}

static Call *call_for(Batch *b, TALLOC_CTX *ctx, Tx *tx)
{
	Call *c = call_new_system(ctx, b->work->importer->house, tx, "import");
	c->who.user = b->work->import.who;
	return c;
}

/* What a row that was undone had counted must go: the ground is asked for again. */
static int rows_run(Batch *b, Tx *tx, TakeGround *ground, ImportPut *put)
{
	TALLOC_CTX *pool = talloc_pool(tx_mem(tx), CALL_BYTES);
	size_t a_call = b->careful ? 1 : ROWS_A_CALL;
	int r = 0;
	for (size_t i = 0; r == 0 && i < b->n; i += a_call) {
		Call *c = call_for(b, pool, tx);
		for (size_t k = i; r == 0 && k < i + a_call && k < b->n; k++) {
			put->owner = b->row[k].owner;
			r = one_run(b, c, ground, k);
		}
		talloc_free(c);
		if (r < 0 && b->careful && !is_storage_trouble(r))
			r = ground_open(call_for(b, tx_mem(tx), tx), &ground->place);
	}
	return r;
}

static int remember(Batch *b, Call *c)
{
	int r = b->durable ? import_progress(c->tx, b->durable) : 0;
	return r < 0 || !b->tell || !b->durable ? r : import_tell(c, &b->work->import, b->durable);
}

static ImportWay way_of(const char *word)
{
	return strcmp(word, "rules") == 0   ? IMPORT_BY_RULES
	       : strcmp(word, "owner") == 0 ? IMPORT_KEEP_OWNER
	                                    : IMPORT_TO_POOL;
}

static int leads_job(Tx *tx, void *arg)
{
	Batch *b = arg;
	Call *c = call_for(b, tx_mem(tx), tx);
	ImportPut put = {.way = way_of(b->work->import.way), .pool = b->work->import.pool};
	TakeWay way = {import_put, &put};
	TakeGround ground = {.sources = b->work->sources, .way = put.way == IMPORT_BY_RULES ? NULL : &way};
	int r = ground_open(c, &ground.place);
	if (r == 0)
		r = rows_run(b, tx, &ground, &put);
	return r < 0 ? r : remember(b, c);
}

static void count(Batch *b, ImportState *sum)
{
	for (size_t i = 0; i < b->n; i++) {
		sum->taken += b->outcome[i].state == RECEIPT_TAKEN;
		sum->repeated += b->outcome[i].state == RECEIPT_DUPLICATE;
		sum->bad += b->outcome[i].state == RECEIPT_QUARANTINED;
	}
	sum->done += (int64_t)b->n;
	b->state = *sum;
}

/* ---- its receipts ---- */

static int log_job(Tx *tx, void *arg)
{
	Batch *b = arg;
	int r = 0;
	for (size_t i = 0; r == 0 && i < b->n; i++) {
		const Outcome *o = &b->outcome[i];
		Receipt receipt = b->row[i].receipt;
		receipt.state = o->state;
		receipt.reason = o->reason;
		receipt.detail = o->detail;
		receipt.lead = o->lead;
		receipt.duplicate_of = o->duplicate_of;
		r = receipt_write_once(tx, &receipt);
	}
	return r;
}

/* ---- the whole ---- */

static Batch *batch_read(TALLOC_CTX *ctx, ImportWork *work, int *ret)
{
	Batch *b = talloc_zero(ctx, Batch);
	b->work = work;
	b->row = talloc_array(b, ImportRow, IMPORT_BATCH);
	*ret = 1;
	while (b->n < IMPORT_BATCH && *ret == 1) {
		*ret = table_next(work->rows, b->row, &b->row[b->n], &work->fault);
		b->n += *ret == 1;
	}
	b->outcome = talloc_zero_array(b, Outcome, b->n + 1);
	return b;
}

static bool goes_on(void *arg)
{
	const Importer *importer = arg;
	return !importer->cancel && !importer->stopping;
}

/* As if each had come at its own time: the first of two enquiries of one person is the earlier one, and the indexes by
 * time grow at their end instead of everywhere. */
static int rows_sort(ImportWork *work)
{
	if (!work->import.by_time)
		return 0;
	return table_sort(work->rows, work->importer->house->data_dir, goes_on, work->importer, &work->fault);
}

/* Rows of which everything is durable already. */
static int rows_skip(TALLOC_CTX *ctx, ImportWork *work)
{
	int r = 1;
	for (int64_t i = 0; r == 1 && i < work->import.state.done; i++) {
		ImportRow row;
		TALLOC_CTX *mem = talloc_new(ctx);
		r = table_next(work->rows, mem, &row, &work->fault);
		talloc_free(mem);
		if (work->importer->stopping)
			return ERR_STALE;
	}
	return r < 0 ? r : 0;
}

typedef struct {
	ImportWork *work;
	ImportState sum;     /* of what was launched and has landed */
	ImportState durable; /* of what is on the log */
	Batch *leads, *log;  /* under way */
	int64_t told_at;
} Run;

/* Waits for the batch whose leads are being written; a row that failed by its own fault is found by doing them again
 * one by one. */
static int leads_land(Run *run)
{
	Batch *b = run->leads;
	int r = b ? flight_wait(&b->leads) : 0;
	if (r < 0 && r != ERR_STALE && !is_storage_trouble(r) && !b->careful) {
		b->careful = true;
		r = store_write_wait(run->work->importer->house->store, leads_job, b);
	}
	if (b && r == 0)
		count(b, &run->sum);
	return r;
}

static int log_land(Run *run)
{
	int r = run->log ? flight_wait(&run->log->log) : 0;
	if (run->log && r == 0)
		run->durable = run->log->state;
	talloc_free(run->log);
	run->log = NULL;
	return r;
}

/* The next batch (NULL: none is left) takes off; what landed goes to the log. */
static int step(Run *run, Batch *next)
{
	House *house = run->work->importer->house;
	int r = leads_land(run), r2 = log_land(run);
	if (r < 0 || r2 < 0) {
		talloc_free(run->leads);
		talloc_free(next);
		run->leads = NULL;
		return r < 0 ? r : r2;
	}
	run->log = run->leads;
	run->leads = next;
	if (run->log)
		flight_start(&run->log->log, run->log, receipt_log_store(house->intake->log), log_job, log_done);
	if (!next)
		return 0;
	int64_t now = clock_monotonic_ms();
	next->tell = now - run->told_at >= IMPORT_TELL_MS;
	run->told_at = next->tell ? now : run->told_at;
	ImportState *durable = talloc(next, ImportState);
	*durable = run->durable;
	next->durable = durable;
	flight_start(&next->leads, next, house->store, leads_job, leads_done);
	return 0;
}

static int finish_job(Tx *tx, void *arg)
{
	Run *run = arg;
	Call *c = call_new_system(tx_mem(tx), run->work->importer->house, tx, "import");
	run->durable.state = "done";
	int r = import_progress(tx, &run->durable);
	return r < 0 ? r : import_tell(c, &run->work->import, &run->durable);
}

/* What a cancelled one brought in is told too: batches were under way when it was cancelled. */
static int counts_job(Tx *tx, void *arg)
{
	const Run *run = arg;
	const ImportState *s = &run->durable;
	Call *c = call_new_system(tx_mem(tx), run->work->importer->house, tx, "import");
	Import now;
	int r = db_exec(tx,
	                "UPDATE import SET done = $2, taken = $3, repeated = $4, bad = $5"
	                " WHERE id = $1 AND state = 'cancelled' AND done < $2",
	                value_id(s->id), value_int(s->done), value_int(s->taken), value_int(s->repeated),
	                value_int(s->bad));
	if (r < 0 || db_changes(tx) == 0)
		return r;
	r = import_load(tx, c, s->id, &now);
	return r < 0 ? r : import_tell(c, &now, &now.state);
}

static int run_end(Run *run, int r, bool is_whole)
{
	Store *store = run->work->importer->house->store;
	if (r == 0)
		r = is_whole ? store_write_wait(store, finish_job, run) : ERR_STALE;
	if (r != ERR_STALE)
		return r;
	int told = store_write_wait(store, counts_job, run);
	return told < 0 ? told : ERR_STALE;
}

int import_run(TALLOC_CTX *ctx, ImportWork *work)
{
	Run run = {.work = work, .sum = work->import.state, .durable = work->import.state};
	int more = 1, r = rows_sort(work);
	if (r == 0)
		r = rows_skip(ctx, work);
	while (r == 0 && more == 1 && goes_on(work->importer)) {
		Batch *b = batch_read(ctx, work, &more);
		if (b->n == 0)
			TALLOC_FREE(b);
		r = b || more == 1 ? step(&run, b) : 0;
	}
	bool is_whole = r == 0 && more == 0;
	for (int i = 0; i < 2; i++) { /* both must land, whatever happened: they hold memory of this run */
		int last = step(&run, NULL);
		r = r < 0 ? r : last;
	}
	return run_end(&run, r == 0 && more < 0 ? more : r, is_whole);
}
