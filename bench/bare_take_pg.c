/* The bare program beside the intake on PostgreSQL: as bare_take.c, over one connection in pipeline mode - the rows that a
 * lead leaves behind, under new ids, in batches of the same size, into the same tables and indexes, touched as they come.
 * Prints one line of JSON.
 *
 * Usage: bare_take_pg URL [--leads N] [--batch N] */
#include "base/clock.h"
#include "base/id.h"

#include <getopt.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEMPLATES 1000
#define COLUMNS_MAX 80
#define TOUCH_EVERY_US 50000

typedef struct {
	const char *table, *which, *own, *lead, *change;
	int a_lead; /* rows a lead */
} Table;

static const Table tables[] = {
	{"change", "TRUE", "id", NULL, NULL, 1},
	{"lead", "receipt IS NOT NULL", "id", NULL, NULL, 1},
	{"history", "kind = 'created' AND object = 'lead'", "seq", "record", "change", 1},
	{"assignment", "TRUE", "id", "lead", NULL, 1},
	{"event", "kind IN ('lead.assigned', 'alert')", "seq", "record", "change", 2},
	{"taken", "TRUE", "receipt", "lead", NULL, 1},
};

typedef struct {
	const Table *table;
	PGresult *rows;
	int next;
} Copy;

typedef struct {
	PGconn *pg;
	Copy copy[ARRAY_LEN(tables)];
	PGresult *people, *alerts;
	int64_t touched_us;
} Bare;

static void must(Bare *b, bool fine, const char *what)
{
	if (fine)
		return;
	fprintf(stderr, "bare_take_pg: %s: %s\n", what, PQerrorMessage(b->pg));
	exit(1);
}

static PGresult *ask(Bare *b, const char *sql)
{
	PGresult *r = PQexecParams(b->pg, sql, 0, NULL, NULL, NULL, NULL, 1);
	must(b, PQresultStatus(r) == PGRES_TUPLES_OK || PQresultStatus(r) == PGRES_COMMAND_OK, sql);
	return r;
}

static void prepare(Bare *b, const char *name, const char *sql)
{
	PGresult *r = PQprepare(b->pg, name, sql, 0, NULL);
	must(b, PQresultStatus(r) == PGRES_COMMAND_OK, sql);
	PQclear(r);
}

/* ---- what is copied ---- */

static bool is_column(const char *wanted, const char *name)
{
	return wanted && strcmp(wanted, name) == 0;
}

/* Leaves out a key that PostgreSQL numbers itself. */
static void copy_load(Bare *b, Copy *c, const Table *table)
{
	char sql[4096], *end = sql;
	c->table = table;
	(void)snprintf(sql, sizeof sql, "SELECT * FROM %s WHERE %s ORDER BY %s DESC LIMIT %d", table->table, table->which, table->own,
		TEMPLATES);
	c->rows = ask(b, sql);
	must(b, PQntuples(c->rows) > 0, table->table);
	end += snprintf(sql, sizeof sql, "INSERT INTO %s (", table->table);
	int n = 0;
	for (int i = 0; i < PQnfields(c->rows); i++)
		if (strcmp(PQfname(c->rows, i), "seq") != 0)
			end += snprintf(end, sizeof sql - (size_t)(end - sql), "%s\"%s\"", n++ ? ", " : "", PQfname(c->rows, i));
	end += snprintf(end, sizeof sql - (size_t)(end - sql), ") VALUES (");
	for (int i = 1; i <= n; i++)
		end += snprintf(end, sizeof sql - (size_t)(end - sql), "%s$%d", i > 1 ? ", " : "", i);
	(void)snprintf(end, sizeof sql - (size_t)(end - sql), ")");
	prepare(b, table->table, sql);
}

static void copy_row(Bare *b, Copy *c, const Id *lead, const Id *change)
{
	const char *value[COLUMNS_MAX];
	int len[COLUMNS_MAX], format[COLUMNS_MAX], n = 0, row = c->next++ % PQntuples(c->rows);
	Id own = id_new(clock_real_ms());
	bool is_lead = strcmp(c->table->table, "lead") == 0, is_change = strcmp(c->table->table, "change") == 0;
	for (int i = 0; i < PQnfields(c->rows); i++) {
		const char *name = PQfname(c->rows, i);
		if (strcmp(name, "seq") == 0)
			continue;
		const Id *id = is_column(c->table->own, name) ? (is_lead ? lead : is_change ? change : &own)
			: is_column(c->table->lead, name) ? lead : is_column(c->table->change, name) ? change : NULL;
		bool null = !id && PQgetisnull(c->rows, row, i);
		value[n] = id ? (const char *)id->byte : null ? NULL : PQgetvalue(c->rows, row, i);
		len[n] = id ? (int)sizeof id->byte : PQgetlength(c->rows, row, i);
		format[n++] = 1;
	}
	must(b, PQsendQueryPrepared(b->pg, c->table->table, n, value, len, format, 1), c->table->table);
}

/* ---- one lead, one batch ---- */

static void send(Bare *b, const char *name, int n, const char *const *value, const int *len)
{
	static const int binary[] = {1, 1};
	must(b, PQsendQueryPrepared(b->pg, name, n, value, len, binary, 1), name);
}

static void send_id_and_time(Bare *b, const char *name, const char *id, int64_t ms)
{
	int64_t wire = (int64_t)__builtin_bswap64((uint64_t)ms);
	send(b, name, 2, (const char *const[]){id, (const char *)&wire}, (const int[]){sizeof(Id), sizeof wire});
}

static void lead_write(Bare *b, int nth, int64_t now_ms)
{
	Id lead = id_new(now_ms), change = id_new(now_ms);
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		for (int k = 0; k < tables[i].a_lead; k++)
			copy_row(b, &b->copy[i], &lead, &change);
	send_id_and_time(b, "timer", (const char *)lead.byte, now_ms + 5 * MINUTE_MS);
	send_id_and_time(b, "person", PQgetvalue(b->people, nth % PQntuples(b->people), 0), now_ms);
	if (PQntuples(b->alerts) > 0)
		send(b, "alert", 1, (const char *const[]){PQgetvalue(b->alerts, nth % PQntuples(b->alerts), 0)},
			(const int[]){sizeof(Id)});
}

/* Reads all answers up to the sync. */
static void batch_end(Bare *b)
{
	send(b, "commit", 0, NULL, NULL);
	must(b, PQpipelineSync(b->pg), "sync");
	for (;;) {
		PGresult *r = PQgetResult(b->pg);
		if (!r)
			continue;
		ExecStatusType status = PQresultStatus(r);
		must(b, status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_PIPELINE_SYNC, "batch");
		PQclear(r);
		if (status == PGRES_PIPELINE_SYNC)
			return;
	}
}

static void leads_touch(Bare *b, int64_t now_ms)
{
	int64_t wire = (int64_t)__builtin_bswap64((uint64_t)now_ms);
	send(b, "begin", 0, NULL, NULL);
	send(b, "untime", 0, NULL, NULL);
	send(b, "touch", 1, (const char *const[]){(const char *)&wire}, (const int[]){sizeof wire});
	batch_end(b);
	b->touched_us = clock_monotonic_us();
}

/* ---- the run ---- */

#define UNTOUCHED "first_touch_at IS NULL AND owner IS NOT NULL AND status = 'new' AND deleted_at IS NULL"

static void house_open(Bare *b, const char *url)
{
	b->pg = PQconnectdb(url);
	must(b, PQstatus(b->pg) == CONNECTION_OK, "connect");
	PQclear(ask(b, "SET search_path TO tenon"));
	PQclear(ask(b, "UPDATE lead SET first_touch_at = NULL, last_touch_at = NULL, touches = 0, status = 'new', clock = 'running' "
		"WHERE id IN (SELECT id FROM lead WHERE receipt IS NOT NULL ORDER BY id DESC LIMIT 1000) AND owner IS NOT NULL"));
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		copy_load(b, &b->copy[i], &tables[i]);
	b->people = ask(b, "SELECT id FROM person");
	b->alerts = ask(b, "SELECT id FROM alert");
	prepare(b, "begin", "BEGIN");
	prepare(b, "commit", "COMMIT");
	prepare(b, "timer", "INSERT INTO timer (kind, subject, due, next_at, attempts) VALUES ('lead.due', $1, $2, $2, 0)");
	prepare(b, "person", "UPDATE person SET last_assigned_at = $2 WHERE id = $1");
	prepare(b, "alert", "UPDATE alert SET count = count + 1, data = data || '' WHERE id = $1");
	prepare(b, "untime", "DELETE FROM timer WHERE kind = 'lead.due'");
	prepare(b, "touch", "UPDATE lead SET first_touch_at = $1, last_touch_at = $1, touches = 1, status = 'contacting', "
		"clock = 'stopped', version = version + 1, updated_at = $1 WHERE " UNTOUCHED);
	must(b, PQenterPipelineMode(b->pg), "pipeline");
}

static void leads_write(Bare *b, int leads, int batch)
{
	for (int i = 0; i < leads;) {
		int64_t now_ms = clock_real_ms();
		send(b, "begin", 0, NULL, NULL);
		for (int end = i + batch < leads ? i + batch : leads; i < end; i++)
			lead_write(b, i, now_ms);
		batch_end(b);
		if (clock_monotonic_us() >= b->touched_us + TOUCH_EVERY_US)
			leads_touch(b, now_ms);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"leads", 1, NULL, 'l'}, {"batch", 1, NULL, 'b'}, {0}};
	int leads = 10000, batch = 500;
	Bare b = {0};
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		switch (option) {
		case 'l': leads = atoi(optarg); break;
		case 'b': batch = atoi(optarg); break;
		default: return 2;
		}
	if (optind + 1 != argc || leads < 1 || batch < 1) {
		fprintf(stderr, "usage: bare_take_pg URL [--leads N] [--batch N]\n");
		return 2;
	}
	house_open(&b, argv[optind]);
	int64_t start_us = clock_monotonic_us();
	leads_write(&b, leads, batch);
	double seconds = (double)(clock_monotonic_us() - start_us) / 1e6;
	printf("{\"leads\": %d, \"seconds\": %.3f, \"rate\": %.0f}\n", leads, seconds, leads / seconds);
	PQfinish(b.pg);
	return 0;
}
