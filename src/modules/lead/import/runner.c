/* The thread that carries imports out, one after the other. What it does stands in the database, so that it goes on
 * after a restart. */
#include "modules/lead/import/import_int.h"

#include <unistd.h>

#include "base/cond.h"
#include "base/log.h"
#include "event/follow.h"

#define RETRY_MS 1000 /* after the database could not */
#define OPEN_MAX 50   /* looked at to find the next */

typedef struct {
	TALLOC_CTX *ctx;
	ImportWork *work;
	Id id;
	const char *state, *error;
	const char *zone;
	ImportPerson *person;
	size_t n_people;
} Job;

/* Its file is here, or nowhere else: then it is this process that says so. */
static bool is_ours(const House *house, const Import *import)
{
	return access(import->path, R_OK) == 0 || !follow_has_others(house);
}

static void current_set(Importer *importer, Id id)
{
	pthread_mutex_lock(&importer->lock);
	importer->current = id;
	importer->cancel = false;
	importer->looked = 0;
	pthread_cond_broadcast(&importer->changed);
	pthread_mutex_unlock(&importer->lock);
}

/* The first one that can be carried out here, and is not by another process. It is the current one before its claim is
 * durable: whoever cancels it later finds it so. */
static int next_find(Tx *tx, void *arg)
{
	Job *job = arg;
	House *house = job->work->importer->house;
	Import *import = &job->work->import;
	Id open[OPEN_MAX];
	int n, r = import_open(tx, open, OPEN_MAX, &n);
	for (int i = 0; r == 0 && i < n; i++) {
		r = import_load(tx, job->ctx, open[i], import);
		if (r < 0)
			break;
		import_place(job->ctx, house, import);
		if (!is_ours(house, import))
			continue;
		r = import_claim(tx, house, open[i]);
		if (r == 0) {
			job->id = open[i];
			current_set(job->work->importer, open[i]);
			import->state.holder = follow_self(house);
			return 0;
		}
		r = r == ERR_STALE ? 0 : r;
	}
	return r < 0 ? r : ERR_NOT_FOUND;
}

static int any_open(Tx *tx, void *arg)
{
	Id one;
	return import_open(tx, &one, 1, arg);
}

static int people_load(Tx *tx, void *arg)
{
	Job *job = arg;
	ROWS rows = NULL;
	Call *c = call_new_system(tx_mem(tx), job->work->importer->house, tx, "import");
	const Roster *roster;
	int r = roster_of(c, &roster);
	if (r < 0)
		return r;
	job->zone = talloc_strdup(job->ctx, roster->zone);
	job->n_people = 0;
	r = db_query(tx, &rows, "SELECT id, login, name FROM person WHERE active = $1 AND deleted_at IS NULL",
	             value_bool(true));
	while (r == 0 && rows_next(rows)) {
		job->person = talloc_realloc(job->ctx, job->person, ImportPerson, job->n_people + 1);
		job->person[job->n_people++] = (ImportPerson){rows_id(rows, 0), talloc_strdup(job->ctx, rows_text(rows, 1)),
		                                              talloc_strdup(job->ctx, rows_text(rows, 2))};
	}
	return r < 0 ? r : rows_error(rows);
}

static int state_write(Tx *tx, void *arg)
{
	const Job *job = arg;
	Call *c = call_new_system(tx_mem(tx), job->work->importer->house, tx, "import");
	Import now;
	int r = import_hold(tx, c, job->id, &now);
	if (r < 0 || g_strcmp0(now.state.state, "cancelled") == 0 || !id_equal(now.state.holder, follow_self(c->house)))
		return r;
	now.state.state = job->state;
	r = import_state_set(tx, job->id, job->state, job->error);
	return r < 0 ? r : import_tell(c, &now, &now.state);
}

static int carry_out(Job *job)
{
	ImportWork *work = job->work;
	House *house = work->importer->house;
	int r = store_read_wait(house->store, people_load, job);
	if (r < 0)
		return r;
	work->sources = source_book_acquire(house->intake->sources);
	const Inlet *source = source_by_id(work->sources, work->import.source);
	GTimeZone *zone = g_time_zone_new_identifier(job->zone ? job->zone : "Asia/Shanghai");
	if (!zone)
		zone = g_time_zone_new_utc();
	work->rows = table_open(job->ctx, &work->import, source ? source->key : "?", job->person, job->n_people, zone,
	                       clock_now_ms(house->clock), &work->fault);
	if (!work->rows)
		r = ERR_INVALID;
	else if (g_strcmp0(work->import.state.state, "running") == 0)
		r = import_run(job->ctx, work);
	else
		r = import_dry(job->ctx, work);
	TALLOC_FREE(work->rows);
	g_time_zone_unref(zone);
	source_release(work->sources);
	return r;
}

/* The file is not needed any more: every row is on the log. */
static void file_drop(const Import *import)
{
	if (import->own_file)
		(void)unlink(import->path);
}

/* False when the database could not: later again. */
static bool one_done(Importer *importer, Job *job)
{
	House *house = importer->house;
	bool is_run = g_strcmp0(job->work->import.state.state, "running") == 0;
	int r = carry_out(job);
	if (r == ERR_INVALID && job->work->fault.reason) {
		job->state = "failed";
		job->error = talloc_asprintf(job->ctx, "%s / %s", job->work->fault.zh, job->work->fault.en);
		r = store_write_wait(house->store, state_write, job);
	} else if (r == 0 && is_run)
		file_drop(&job->work->import);
	if (r < 0 && r != ERR_STALE)
		log_warn("import", "an import waits: the database could not go on (%s)", err_code(r));
	return r == 0 || r == ERR_STALE;
}

typedef enum { NOTHING, MORE, TROUBLE } Next;

static Next next_run(Importer *importer)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	ImportWork *work = talloc_zero(ctx, ImportWork);
	Job job = {.ctx = ctx, .work = work};
	work->importer = importer;
	int open = 0, r = store_read_wait(importer->house->store, any_open, &open);
	if (r == 0)
		r = open > 0 ? store_write_wait(importer->house->store, next_find, &job) : ERR_NOT_FOUND;
	bool fine = r == 0 || r == ERR_NOT_FOUND;
	if (r == 0)
		fine = one_done(importer, &job);
	current_set(importer, ID_NIL);
	talloc_free(ctx);
	return !fine ? TROUBLE : r == 0 ? MORE : NOTHING;
}

/* Until somebody wakes it, or for a moment: of what another process was asked to do, or left, nobody tells. */
static void rest(Importer *importer, bool is_short)
{
	is_short = is_short || follow_has_others(importer->house);
	int64_t until_us = is_short ? clock_monotonic_us() + RETRY_MS * 1000 : INT64_MAX;
	bool in_time = true;
	pthread_mutex_lock(&importer->lock);
	while (!importer->woken && !importer->stopping && in_time)
		in_time = cond_wait_until(&importer->wake, &importer->lock, until_us);
	importer->woken = false;
	pthread_mutex_unlock(&importer->lock);
}

static void *importer_main(void *arg)
{
	Importer *importer = arg;
	while (!importer->stopping) {
		Next next = next_run(importer);
		if (next != MORE)
			rest(importer, next == TROUBLE);
	}
	return NULL;
}

Importer *importer_start(TALLOC_CTX *ctx, House *house)
{
	Importer *importer = talloc_zero(ctx, Importer);
	pthread_mutex_init(&importer->lock, NULL);
	cond_init(&importer->wake);
	cond_init(&importer->changed);
	importer->house = house;
	pthread_create(&importer->thread, NULL, importer_main, importer);
	return importer;
}

void importer_stop(Importer *importer)
{
	pthread_mutex_lock(&importer->lock);
	importer->stopping = true;
	pthread_cond_broadcast(&importer->wake);
	pthread_cond_broadcast(&importer->changed);
	pthread_mutex_unlock(&importer->lock);
	pthread_join(importer->thread, NULL);
}

void importer_wake(Importer *importer)
{
	pthread_mutex_lock(&importer->lock);
	importer->woken = true;
	pthread_cond_signal(&importer->wake);
	pthread_mutex_unlock(&importer->lock);
}

void importer_cancel(Importer *importer, Id id)
{
	pthread_mutex_lock(&importer->lock);
	importer->cancel = importer->cancel || id_equal(importer->current, id);
	pthread_mutex_unlock(&importer->lock);
}
