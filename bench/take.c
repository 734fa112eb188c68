/* How fast durable receipts become leads: puts pending receipts on the log of a house that fill.c filled, lets the
 * house take them in, and touches the leads as they come, so that people can get more. Prints one line of JSON.
 *
 * Usage: take DIR [--receipts N] [--seed N] [--database URL] */
#include "base/clock.h"
#include "bench/body.h"
#include "bench/house.h"
#include "modules/lead/intake/intake_int.h"
#include "modules/lead/lead_int.h"

#include <getopt.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define STEP 1000
#define TOUCH_EVERY_US 50000
#define LOOK_EVERY_US 20000

typedef struct {
	House *house;
	int receipts, from, to;
	uint64_t seed;
	Dice dice;
	Id source;
	int64_t began_ms;
	int64_t pending, leads, assigned;
	_Atomic bool is_over;
} Bench;

/* ---- receipts ---- */

static int source_find(Call *c, void *arg)
{
	Bench *b = arg;
	return db_id(c->tx, &b->source, "SELECT id FROM source WHERE key = 'bench'");
}

static int receipts_put(Tx *tx, void *arg)
{
	Bench *b = arg;
	char body[BODY_BYTES + 1];
	int r = 0;
	for (int i = b->from; i < b->to && r == 0; i++) {
		body_write(&b->dice, b->seed * 1000000 + (uint64_t)i, body);
		Receipt receipt = {.id = id_new(b->began_ms), .at = b->began_ms, .source = b->source, .source_key = "bench",
			.visitor = "114.84.12.34", .content_type = "application/json", .headers = "{\"user_agent\":\"Mozilla/5.0\"}",
			.body = body, .body_len = BODY_BYTES, .state = RECEIPT_PENDING};
		r = receipt_write(tx, &receipt);
	}
	return r;
}

static bool log_fill(Bench *b)
{
	int r = 0;
	for (b->from = 0; b->from < b->receipts && r == 0; b->from = b->to) {
		b->to = b->from + STEP < b->receipts ? b->from + STEP : b->receipts;
		r = store_write_wait(receipt_log_store(b->house->intake->log), receipts_put, b);
	}
	return r == 0;
}

/* ---- touching ---- */

/* What a touch leaves on the lead, for all that wait for one. */
static int touch_all(Call *c, void *arg)
{
	(void)arg;
	place_forget(c); /* it is written past the room of leads */
	/* Whoever waits is touched, so no deadline stands; said the short way, or PostgreSQL, whose statistics know nothing
	 * of a table filled a moment ago, spends its time on looking each one up. */
	int r = db_exec_n(c->tx, "DELETE FROM timer WHERE kind = 'lead.due'", NULL, 0);
	return r < 0 ? r : db_exec(c->tx, "UPDATE lead SET first_touch_at = $1, last_touch_at = $1, touches = 1, "
		"status = 'contacting', clock = 'stopped', version = version + 1, updated_at = $1 WHERE first_touch_at IS NULL "
		"AND owner IS NOT NULL AND status = 'new' AND deleted_at IS NULL", value_time(c->now_ms));
}

static void *toucher_main(void *arg)
{
	Bench *b = arg;
	while (!b->is_over) {
		house_write(b->house, touch_all, b);
		usleep(TOUCH_EVERY_US);
	}
	return NULL;
}

/* ---- counting ---- */

static int pending_count(Tx *tx, void *arg)
{
	Bench *b = arg;
	return db_int(tx, &b->pending, "SELECT count(*) FROM (SELECT 1 FROM receipt WHERE state = 'pending' LIMIT 1) AS p");
}

static int leads_count(Tx *tx, void *arg)
{
	Bench *b = arg;
	int r = db_int(tx, &b->leads, "SELECT count(*) FROM lead WHERE created_at = $1", value_time(b->began_ms));
	return r < 0 ? r : db_int(tx, &b->assigned, "SELECT count(*) FROM lead WHERE created_at = $1 AND owner IS NOT NULL",
		value_time(b->began_ms));
}

static bool pending_wait(Bench *b)
{
	do {
		usleep(LOOK_EVERY_US);
		if (store_read_wait(receipt_log_store(b->house->intake->log), pending_count, b) < 0)
			return false;
	} while (b->pending > 0);
	return true;
}

/* Processor time of the whole program: what a busy machine does not blur. */
static double cpu_seconds(void)
{
	struct rusage u;
	(void)getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static bool run(Bench *b)
{
	pthread_t toucher;
	b->began_ms = clock_now_ms(b->house->clock);
	house_write(b->house, source_find, b);
	if (!log_fill(b))
		return false;
	double cpu = cpu_seconds();
	int64_t start_us = clock_monotonic_us();
	taker_wake(b->house->intake->taker);
	pthread_create(&toucher, NULL, toucher_main, b);
	bool fine = pending_wait(b);
	double seconds = (double)(clock_monotonic_us() - start_us) / 1e6;
	cpu = cpu_seconds() - cpu;
	b->is_over = true;
	pthread_join(toucher, NULL);
	if (!fine || store_read_wait(b->house->store, leads_count, b) < 0)
		return false;
	printf("{\"receipts\": %d, \"leads\": %lld, \"seconds\": %.3f, \"rate\": %.0f, \"cpu_us\": %.1f, \"assigned\": %.4f}\n",
		b->receipts,
		(long long)b->leads, seconds, (double)b->leads / seconds,
		cpu * 1e6 / (double)b->leads, (double)b->assigned / (double)b->leads);
	return true;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"receipts", 1, NULL, 'r'}, {"seed", 1, NULL, 's'}, {"database", 1, NULL, 'd'}, {0}};
	Bench b = {.receipts = 100000, .seed = 1};
	const char *database = NULL;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		switch (option) {
		case 'r': b.receipts = atoi(optarg); break;
		case 's': b.seed = strtoull(optarg, NULL, 10); break;
		case 'd': database = optarg; break;
		default: return 2;
		}
	if (optind + 1 != argc || b.receipts < 1) {
		fprintf(stderr, "usage: take DIR [--receipts N] [--seed N] [--database URL]\n");
		return 2;
	}
	Workspace *w = house_open(argv[optind], database);
	if (!w)
		return 1;
	workspace_start(w);
	b.house = &w->house;
	b.dice.state = b.seed + 1;
	bool fine = run(&b);
	workspace_close(w);
	return fine ? 0 : 1;
}
