/* Rates of the store on this machine: store_bench FOLDER [postgres://...]. Durable one-row jobs with 64 under way,
 * then rows inside one job. */
#include "store/store.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/random.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLYING 64
#define RUN_US (5 * INT64_C(1000000))
#define ROUNDS 10
#define ROWS_A_JOB 5000
#define SAMPLES_MAX 4000000

typedef struct Bench {
	Store *store;
	pthread_mutex_t lock;
	pthread_cond_t landed;
	int64_t until_us;
	int flying, failed;
	uint32_t *latency_us;
	size_t n;
	bool send;
} Bench;

typedef struct {
	Bench *bench;
	int64_t started_us;
} Flight;

static int insert_row(Tx *tx, bool send)
{
	static const char body[] = "榫卯 a row of some two hundred bytes, as an activity or an event would be: who, what, "
				   "when, where from, with which words and over which channel it came in to the company";
	int64_t now_ms = clock_real_ms();
	const Value args[] = {value_id(id_new(now_ms)), value_int(42), value_time(now_ms), value_text(body)};
	static const char sql[] = "INSERT INTO row (id, n, at, body) VALUES ($1, $2, $3, $4)";
	return send ? db_send_n(tx, sql, args, ARRAY_LEN(args)) : db_exec_n(tx, sql, args, ARRAY_LEN(args));
}

static int one_row(Tx *tx, void *arg)
{
	(void)arg;
	return insert_row(tx, false);
}

static void flight_start(Flight *flight);

static void flight_done(void *arg, int result)
{
	Flight *flight = arg;
	Bench *b = flight->bench;
	int64_t now_us = clock_monotonic_us();
	bool again = now_us < b->until_us;

	pthread_mutex_lock(&b->lock);
	b->failed += result < 0;
	if (b->n < SAMPLES_MAX)
		b->latency_us[b->n++] = (uint32_t)(now_us - flight->started_us);
	b->flying -= !again;
	if (b->flying == 0)
		pthread_cond_signal(&b->landed);
	pthread_mutex_unlock(&b->lock);
	if (again)
		flight_start(flight);
}

static void flight_start(Flight *flight)
{
	flight->started_us = clock_monotonic_us();
	if (store_write(flight->bench->store, one_row, flight_done, flight) < 0)
		abort();
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static void bench_single(Bench *b)
{
	Flight flights[FLYING];
	b->n = 0;
	b->flying = FLYING;
	b->until_us = clock_monotonic_us() + RUN_US;
	for (int i = 0; i < FLYING; i++) {
		flights[i].bench = b;
		flight_start(&flights[i]);
	}
	pthread_mutex_lock(&b->lock);
	while (b->flying > 0)
		pthread_cond_wait(&b->landed, &b->lock);
	pthread_mutex_unlock(&b->lock);
	qsort(b->latency_us, b->n, sizeof *b->latency_us, compare);
	printf("  one-row jobs, %d under way: %.0f/s, p50 %u us, p99 %u us, %d failed\n", FLYING,
	       (double)b->n * 1e6 / (double)RUN_US, b->latency_us[b->n / 2], b->latency_us[b->n * 99 / 100], b->failed);
}

static int many_rows(Tx *tx, void *arg)
{
	const Bench *b = arg;
	int r = 0;
	for (int i = 0; i < ROWS_A_JOB && r == 0; i++)
		r = insert_row(tx, b->send);
	return r;
}

static void bench_rows(Bench *b, bool send)
{
	b->send = send;
	int64_t start_us = clock_monotonic_us();
	for (int i = 0; i < ROUNDS; i++)
		b->failed += store_write_wait(b->store, many_rows, b) < 0;
	double seconds = (double)(clock_monotonic_us() - start_us) / 1e6;
	printf("  %d rows a job, db_%s: %.0f rows/s\n", ROWS_A_JOB, send ? "send" : "exec",
	       ROUNDS * ROWS_A_JOB / seconds);
}

static int one_read(Tx *tx, void *arg)
{
	(void)arg;
	int64_t n = 0;
	for (int i = 0; i < 1000; i++) {
		int r = db_int(tx, &n, "SELECT coalesce(max(n), 0) FROM row WHERE id = $1", value_id(id_new(1)));
		if (r < 0)
			return r;
	}
	return 0;
}

static void bench_reads(Bench *b)
{
	int64_t start_us = clock_monotonic_us();
	for (int i = 0; i < ROUNDS; i++)
		b->failed += store_read_wait(b->store, one_read, NULL) < 0;
	double spent_us = (double)(clock_monotonic_us() - start_us);
	printf("  look-ups by id inside one job: %.1f us each\n", spent_us / 1e3 / ROUNDS);
}

static int make_table(Tx *tx, void *arg)
{
	(void)arg;
	return db_ddl(tx, "CREATE TABLE row (id {ID} PRIMARY KEY, n {INT} NOT NULL, at {TIME} NOT NULL, body {TEXT})");
}

static void bench_store(Bench *b, const char *name, const StoreConfig *config)
{
	char *error = NULL;
	TALLOC_CTX *ctx = talloc_new(NULL);
	printf("%s\n", name);
	b->store = store_open(ctx, config, &error);
	if (!b->store || store_write_wait(b->store, make_table, NULL) < 0) {
		(void)fprintf(stderr, "%s\n", error ? error : "the table cannot be made");
		exit(1);
	}
	for (int i = 0; i < 3; i++)
		bench_single(b);
	for (int i = 0; i < 3; i++) {
		bench_rows(b, false);
		bench_rows(b, true);
	}
	bench_reads(b);
	store_close(b->store);
	talloc_free(ctx);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	Bench b = {.lock = PTHREAD_MUTEX_INITIALIZER, .landed = PTHREAD_COND_INITIALIZER};
	b.latency_us = talloc_array(NULL, uint32_t, SAMPLES_MAX);
	char *run = talloc_asprintf(b.latency_us, "bench_%08llx", (unsigned long long)(random_u64() & 0xffffffff));
	const char *full = talloc_asprintf(run, "%s/%s_full.db", argv[1], run);
	const char *normal = talloc_asprintf(run, "%s/%s_normal.db", argv[1], run);
	bench_store(&b, "SQLite, FULL", &(StoreConfig){.path = full, .full_sync = true});
	bench_store(&b, "SQLite, NORMAL", &(StoreConfig){.path = normal});
	if (argc > 2)
		bench_store(&b, "PostgreSQL, 4 writers", &(StoreConfig){.database = argv[2], .schema = run});
	talloc_free(b.latency_us);
	return 0;
}
