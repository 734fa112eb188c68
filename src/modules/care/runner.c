/* The one backup that may run in a house, in a thread of its own: copy, check, rotate, tell. */
#include "modules/care/care_int.h"

#include <pthread.h>
#include <signal.h>

#include "base/clock.h"
#include "base/log.h"
#include "event/alert.h"

typedef struct Care {
	House *house;
	pthread_mutex_t lock; /* guards what follows but the watch, whose members are atomic */
	pthread_t thread;
	bool has_thread;
	CarePhase phase;
	int64_t last_ms;
	bool last_good;
	Said last;
	CopyWatch watch;
	BackupKind kind;
	int daily, weekly;
	bool without_key;
	char *folder;
	_Atomic int reaches;
} Care;

_Atomic int *care_reaches(struct Care *care)
{
	return care ? &care->reaches : NULL;
}

Care *care_new(House *house)
{
	Care *care = talloc_zero(NULL, Care);
	care->house = house;
	pthread_mutex_init(&care->lock, NULL);
	return care;
}

static void phase_set(Care *care, CarePhase phase)
{
	pthread_mutex_lock(&care->lock);
	care->phase = phase;
	pthread_mutex_unlock(&care->lock);
}

/* ---- telling ---- */

typedef struct {
	Care *care;
	const Said *said;
} Failure;

static const char *failure_data(Call *c, const Said *said)
{
	Buf *buf = buf_new(c, 8192);
	JsonOut o = json_out(buf);
	json_object_begin(&o);
	json_member_text(&o, "zh", said->zh);
	json_member_text(&o, "en", said->en);
	json_object_end(&o);
	return buf->data;
}

static int alert_administrators(Tx *tx, void *arg)
{
	const Failure *f = arg;
	Call *c = call_new_system(tx_mem(tx), f->care->house, tx, "care");
	const char *data = failure_data(c, f->said);
	Id *who = talloc_array(c, Id, 0);
	size_t n = 0;
	ROWS rows = NULL;
	int r = db_query(tx, &rows, "SELECT id FROM person WHERE role = 'administrator' AND active = 1 AND deleted_at IS"
			 " NULL");
	while (r == 0 && rows_next(rows)) {
		who = talloc_realloc(c, who, Id, n + 1);
		who[n++] = rows_id(rows, 0);
	}
	if (r == 0)
		r = rows_error(rows);
	for (size_t i = 0; r == 0 && i < n; i++) {
		Alert alert = {.receiver = who[i], .reason = "backup.failed", .data = data, .urgent = true,
			       .expires_ms = c->now_ms + 7 * DAY_MS};
		r = alert_send(c, &alert);
	}
	return r;
}

static void tell(Care *care, int result, const Said *said, const Backup *made)
{
	Failure failure = {care, said};
	if (result == 0) {
		log_info("care", "backup %s is whole and checked: %lld rows, %lld bytes", made->path, (long long)made->rows,
			 (long long)made->bytes);
		return;
	}
	log_error("care", "the backup failed: %s", said->en ? said->en : err_code(result));
	if (!atomic_load(&care->watch.stop) &&
	    store_write_wait(care->house->store, alert_administrators, &failure) < 0)
		log_error("care", "and the administrators could not be told");
}

/* ---- the thread ---- */

static void keep_result(Care *care, int result, const Said *said)
{
	pthread_mutex_lock(&care->lock);
	talloc_free(care->last.en);
	talloc_free(care->last.zh);
	care->last = (Said){talloc_strdup(care, said->en), talloc_strdup(care, said->zh)};
	care->last_good = result == 0;
	care->last_ms = clock_real_ms();
	care->phase = CARE_IDLE;
	pthread_mutex_unlock(&care->lock);
}

static void *care_main(void *arg)
{
	Care *care = arg;
	TALLOC_CTX *ctx = talloc_new(NULL);
	HousePlace house = {.data_dir = care->house->data_dir, .database = care->house->database};
	Said said = {0};
	Backup made = {0};
	BackupOrder order = {.to = care->folder, .kind = care->kind, .without_key = care->without_key,
			     .now_ms = clock_real_ms()};
	int r = backup_make(ctx, &house, &order, &care->watch, &made, &said);
	phase_set(care, CARE_CHECKING);
	if (r == 0)
		r = backup_check(ctx, made.path, clock_real_ms(), &care->watch, &said);
	/* Old copies go only when the new one was found to be good. */
	int removed = r == 0 ? backup_rotate(care->folder, made.origin, care->daily, care->weekly) : 0;
	if (removed > 0)
		log_info("care", "%d old scheduled backups were removed", removed);
	tell(care, r, &said, &made);
	keep_result(care, r, &said);
	talloc_free(ctx);
	return NULL;
}

static void thread_launch(Care *care)
{
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	care->has_thread = pthread_create(&care->thread, NULL, care_main, care) == 0;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!care->has_thread)
		care->phase = CARE_IDLE;
}

bool care_begin(Care *care, BackupKind kind, const char *folder, const CareSettings *settings)
{
	pthread_mutex_lock(&care->lock);
	bool free_now = care->phase == CARE_IDLE && !atomic_load(&care->watch.stop);
	if (free_now) {
		if (care->has_thread)
			pthread_join(care->thread, NULL); /* it has told its result already */
		talloc_free(care->folder);
		care->folder = talloc_strdup(care, folder);
		care->kind = kind;
		care->daily = settings->daily;
		care->weekly = settings->weekly;
		care->without_key = settings->without_key;
		care->watch.bytes_per_second = BACKUP_PACE;
		atomic_store(&care->watch.done, 0);
		atomic_store(&care->watch.total, 0);
		care->phase = CARE_COPYING;
		thread_launch(care);
		free_now = care->has_thread;
	}
	pthread_mutex_unlock(&care->lock);
	return free_now;
}

CareState care_state(Care *care, TALLOC_CTX *ctx)
{
	pthread_mutex_lock(&care->lock);
	CareState s = {.phase = care->phase, .last_ms = care->last_ms, .last_good = care->last_good,
		       .done = atomic_load(&care->watch.done), .total = atomic_load(&care->watch.total),
		       .last = {talloc_strdup(ctx, care->last.en), talloc_strdup(ctx, care->last.zh)}};
	pthread_mutex_unlock(&care->lock);
	return s;
}

void care_free(Care *care)
{
	atomic_store(&care->watch.stop, true);
	pthread_mutex_lock(&care->lock);
	bool has_thread = care->has_thread;
	pthread_mutex_unlock(&care->lock);
	if (has_thread)
		pthread_join(care->thread, NULL);
	pthread_mutex_destroy(&care->lock);
	talloc_free(care);
}
