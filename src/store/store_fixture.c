/* See store_fixture.h. */
#include "store/store_fixture.h"

#include "base/check.h"
#include <string.h>
#include <sys/stat.h>

void fixture_run(bool postgres, void (*test)(TestStore *t))
{
	TestStore *t = test_store_open(NULL, postgres, NULL);
	if (!t)
		return;
	test(t);
	test_store_close(t);
}

void gate_pass(Gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	gate->is_reached = true;
	pthread_cond_broadcast(&gate->moved);
	while (!gate->is_open)
		pthread_cond_wait(&gate->moved, &gate->lock);
	pthread_mutex_unlock(&gate->lock);
}

void gate_await_reached(Gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	while (!gate->is_reached)
		pthread_cond_wait(&gate->moved, &gate->lock);
	pthread_mutex_unlock(&gate->lock);
}

void gate_open(Gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	gate->is_open = true;
	pthread_cond_broadcast(&gate->moved);
	pthread_mutex_unlock(&gate->lock);
}

void tally_done(void *arg, int result)
{
	Tally *tally = arg;
	pthread_mutex_lock(&tally->lock);
	tally->done++;
	tally->failed += result < 0;
	tally->last_result = result;
	pthread_cond_broadcast(&tally->moved);
	pthread_mutex_unlock(&tally->lock);
}

void tally_await(Tally *tally, int count)
{
	pthread_mutex_lock(&tally->lock);
	while (tally->done < count)
		pthread_cond_wait(&tally->moved, &tally->lock);
	pthread_mutex_unlock(&tally->lock);
}

int tally_count(Tally *tally)
{
	pthread_mutex_lock(&tally->lock);
	int done = tally->done;
	pthread_mutex_unlock(&tally->lock);
	return done;
}

static int items_make_job(Tx *tx, void *arg)
{
	(void)arg;
	return db_ddl(tx, "CREATE TABLE item (id {ID} PRIMARY KEY, n {INT} NOT NULL UNIQUE, name {TEXT})");
}

void items_make(Store *store)
{
	CHECK_INT(store_write_wait(store, items_make_job, NULL), 0);
}

static int items_count_job(Tx *tx, void *arg)
{
	return db_int(tx, (int64_t *)arg, "SELECT count(*) FROM item");
}

int64_t items_count(Store *store)
{
	int64_t count = -1;
	CHECK_INT(store_read_wait(store, items_count_job, &count), 0);
	return count;
}

int item_insert(Tx *tx, int64_t n)
{
	return db_exec(tx, "INSERT INTO item (id, n, name) VALUES ($1, $2, $3)", value_id(id_new(1)), value_int(n),
		       value_text("水滴"));
}

static int keys_make_job(Tx *tx, void *arg)
{
	(void)arg;
	return db_ddl(tx, "CREATE TABLE random_key (k {BYTES} PRIMARY KEY, body {TEXT}) WITHOUT ROWID");
}

void keys_make(Store *store)
{
	CHECK_INT(store_write_wait(store, keys_make_job, NULL), 0);
}

static int keys_insert(Tx *tx, void *arg)
{
	(void)arg;
	char text[200];
	memset(text, 'x', sizeof text);
	return db_exec(tx, "INSERT INTO random_key (k, body) VALUES (randomblob(16), $1)",
		       value_text_n(text, sizeof text));
}

static int64_t file_size(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 ? st.st_size : 0;
}

int64_t keys_write(TestStore *f, int rows)
{
	Tally tally = TALLY_EMPTY;
	int64_t longest = 0;
	char *log = talloc_asprintf(f, "%s-wal", f->config.path);
	for (int sent = 0; sent < rows;) {
		if (store_write(f->store, keys_insert, tally_done, &tally) == 0) {
			sent++;
			continue;
		}
		tally_await(&tally, sent - 5000);
		longest = MAX(longest, file_size(log));
	}
	tally_await(&tally, rows);
	CHECK_INT(tally.failed, 0);
	return longest;
}
