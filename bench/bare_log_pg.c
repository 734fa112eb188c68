/* The bare program beside the log of receipts on PostgreSQL: rows of the same size into the same table, each durable
 * before the next of its connection, over as many connections as the server writes with. Prints one line of JSON.
 *
 * Usage: bare_log_pg URL BODY_BYTES CONNECTIONS SECONDS */
#include "base/clock.h"
#include "base/id.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_MAX 32

typedef struct {
	const char *url, *body;
	int64_t until_us, rows;
	pthread_t thread;
} Writer;

static const char insert[] =
	"INSERT INTO tenon.receipt (id, at, source, source_key, visitor, content_type, headers, body, dedupe_body, state, "
	"released) VALUES ($1::uuid, $2::bigint, $3::uuid, 'bench', '114.84.12.34', 'application/json', "
	"'{\"user_agent\":\"Mozilla/5.0\"}', convert_to($4::text, 'UTF8'), $5, 'pending', 0)";

static void must(PGconn *pg, bool fine)
{
	if (fine)
		return;
	fprintf(stderr, "bare_log_pg: %s\n", PQerrorMessage(pg));
	exit(1);
}

static void row_write(Writer *w, PGconn *pg)
{
	char id[ID_TEXT_SIZE], source[ID_TEXT_SIZE], at[24], digest[2 * ID_TEXT_SIZE];
	int64_t now_ms = clock_real_ms();
	const char *const values[] = {id_text(id_new(now_ms), id), at, id_text(id_new(now_ms), source), w->body, digest};
	(void)snprintf(at, sizeof at, "%lld", (long long)now_ms);
	(void)snprintf(digest, sizeof digest, "%s%s", id, source); /* as long as a digest is */
	PGresult *r = PQexecPrepared(pg, "row", ARRAY_LEN(values), values, NULL, NULL, 0);
	must(pg, PQresultStatus(r) == PGRES_COMMAND_OK);
	PQclear(r);
	w->rows++;
}

static void *writer_main(void *arg)
{
	Writer *w = arg;
	PGconn *pg = PQconnectdb(w->url);
	must(pg, PQstatus(pg) == CONNECTION_OK);
	PGresult *r = PQprepare(pg, "row", insert, 0, NULL);
	must(pg, PQresultStatus(r) == PGRES_COMMAND_OK);
	PQclear(r);
	while (clock_monotonic_us() < w->until_us)
		row_write(w, pg);
	PQfinish(pg);
	return NULL;
}

int main(int argc, char **argv)
{
	int n = argc == 5 ? atoi(argv[3]) : 0;
	if (n < 1 || n > CONNECTIONS_MAX) {
		fprintf(stderr, "usage: bare_log_pg URL BODY_BYTES CONNECTIONS SECONDS\n");
		return 2;
	}
	size_t bytes = strtoul(argv[2], NULL, 10);
	char *body = talloc_zero_array(NULL, char, bytes + 1);
	Writer writer[CONNECTIONS_MAX];
	int64_t start_us = clock_monotonic_us(), rows = 0;
	memset(body, 'r', bytes);
	for (int i = 0; i < n; i++) {
		writer[i] = (Writer){.url = argv[1], .body = body, .until_us = start_us + atol(argv[4]) * INT64_C(1000000)};
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
