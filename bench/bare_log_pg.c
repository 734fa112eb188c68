/* The bare program beside the log of receipts on PostgreSQL: rows of the same size into the same table, in batches of the
 * same size, each durable before the next of its connection, over as many connections as the server writes with. Prints
 * one line of JSON.
 *
 * Usage: bare_log_pg URL BODY_BYTES BATCH CONNECTIONS SECONDS */
#include "base/clock.h"
#include "base/id.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_MAX 32
#define BATCH_MAX 32
#define PARAMS 5 /* of a row */

typedef struct {
	const char *url, *body;
	int batch;
	int64_t until_us, rows;
	pthread_t thread;
} Writer;

static const char columns[] =
	"INSERT INTO tenon.receipt (id, at, source, source_key, visitor, content_type, headers, body, dedupe_body, state, "
	"released) VALUES ";

static void must(PGconn *pg, bool fine)
{
	if (fine)
		return;
	fprintf(stderr, "bare_log_pg: %s\n", PQerrorMessage(pg));
	exit(1);
}

static void rows_prepare(const Writer *w, PGconn *pg)
{
	char *sql = talloc_strdup(NULL, columns);
	for (int i = 0; i < w->batch; i++)
		sql = talloc_asprintf_append_buffer(sql, "%s($%d::uuid, $%d::bigint, $%d::uuid, 'bench', '114.84.12.34', "
			"'application/json', '{\"user_agent\":\"Mozilla/5.0\"}', convert_to($%d::text, 'UTF8'), $%d::text, 'pending', 0)",
			i ? ", " : "", i * PARAMS + 1, i * PARAMS + 2, i * PARAMS + 3, i * PARAMS + 4, i * PARAMS + 5);
	PGresult *r = PQprepare(pg, "rows", sql, 0, NULL);
	must(pg, PQresultStatus(r) == PGRES_COMMAND_OK);
	PQclear(r);
	talloc_free(sql);
}

static void rows_write(Writer *w, PGconn *pg)
{
	static const char source[] = "01a20621-ad89-733a-8af2-a93c0263eef2";
	char id[BATCH_MAX][ID_TEXT_SIZE], at[24];
	const char *values[BATCH_MAX * PARAMS];
	int64_t now_ms = clock_real_ms();
	(void)snprintf(at, sizeof at, "%lld", (long long)now_ms);
	for (int i = 0; i < w->batch; i++) {
		const char *one[PARAMS] = {id_text(id_new(now_ms), id[i]), at, source, w->body, id[i]};
		memcpy(&values[i * PARAMS], one, sizeof one);
	}
	PGresult *r = PQexecPrepared(pg, "rows", w->batch * PARAMS, values, NULL, NULL, 0);
	must(pg, PQresultStatus(r) == PGRES_COMMAND_OK);
	PQclear(r);
	w->rows += w->batch;
}

static void *writer_main(void *arg)
{
	Writer *w = arg;
	PGconn *pg = PQconnectdb(w->url);
	must(pg, PQstatus(pg) == CONNECTION_OK);
	rows_prepare(w, pg);
	while (clock_monotonic_us() < w->until_us)
		rows_write(w, pg);
	PQfinish(pg);
	return NULL;
}

int main(int argc, char **argv)
{
	int batch = argc == 6 ? atoi(argv[3]) : 0, n = argc == 6 ? atoi(argv[4]) : 0;
	if (n < 1 || n > CONNECTIONS_MAX || batch < 1 || batch > BATCH_MAX) {
		fprintf(stderr, "usage: bare_log_pg URL BODY_BYTES BATCH CONNECTIONS SECONDS\n");
		return 2;
	}
	size_t bytes = strtoul(argv[2], NULL, 10);
	char *body = talloc_zero_array(NULL, char, bytes + 1);
	Writer writer[CONNECTIONS_MAX];
	int64_t start_us = clock_monotonic_us(), rows = 0;
	memset(body, 'r', bytes);
	for (int i = 0; i < n; i++) {
		writer[i] = (Writer){.url = argv[1], .body = body, .batch = batch,
			.until_us = start_us + atol(argv[5]) * INT64_C(1000000)};
		pthread_create(&writer[i].thread, NULL, writer_main, &writer[i]);
	}
	for (int i = 0; i < n; i++) {
		pthread_join(writer[i].thread, NULL);
		rows += writer[i].rows;
	}
	printf("{\"rows\": %lld, \"rate\": %.0f}\n", (long long)rows,
		(double)rows / ((double)(clock_monotonic_us() - start_us) / 1e6));
	talloc_free(body);
	return 0;
}
