/* The bare program beside the intake on PostgreSQL: as bare_take.c, with the rows of bare_rows.h over one connection in
 * pipeline mode. Prints one line of JSON.
 *
 * Usage: bare_take_pg URL [--leads N] [--batch N] */
#include "base/clock.h"
#include "base/id.h"
#include "bench/bare_rows.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
	const BareTable *table;
	PGresult *rows;
	BareColumn column[BARE_COLUMNS_MAX];
	int next;
} Copy;

typedef struct {
	PGconn *pg;
	Copy copy[BARE_TABLES];
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

/* Leaves out a key that PostgreSQL numbers itself. */
static void copy_load(Bare *b, Copy *c, const BareTable *table)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	int n = 0;
	c->table = table;
	c->rows = ask(b, talloc_asprintf(mem, BARE_ROWS, table->table, table->which, table->own, BARE_TEMPLATES));
	must(b, PQntuples(c->rows) > 0, table->table);
	char *names = talloc_strdup(mem, ""), *values = talloc_strdup(mem, "");
	for (int i = 0; i < PQnfields(c->rows); i++) {
		c->column[i] = bare_column(table, PQfname(c->rows, i));
		if (c->column[i] == BARE_NUMBERED)
			continue;
		names = talloc_asprintf_append(names, "%s\"%s\"", n ? ", " : "", PQfname(c->rows, i));
		values = talloc_asprintf_append(values, "%s$%d", n ? ", " : "", n + 1);
		n++;
	}
	prepare(b, table->table, talloc_asprintf(mem, "INSERT INTO %s (%s) VALUES (%s)", table->table, names, values));
	talloc_free(mem);
}

static void copy_row(Bare *b, Copy *c, const Id *lead, const Id *change)
{
	const char *value[BARE_COLUMNS_MAX];
	int len[BARE_COLUMNS_MAX], format[BARE_COLUMNS_MAX], n = 0, row = c->next++ % PQntuples(c->rows);
	Id own = id_new(clock_real_ms());
	const Id *ids[] = {[BARE_OWN] = &own, [BARE_LEAD] = lead, [BARE_CHANGE] = change};
	for (int i = 0; i < PQnfields(c->rows); i++) {
		if (c->column[i] == BARE_NUMBERED)
			continue;
		const Id *id = ids[c->column[i]];
		bool null = !id && PQgetisnull(c->rows, row, i);
		value[n] = id ? (const char *)id->byte : null ? NULL : PQgetvalue(c->rows, row, i);
		len[n] = id ? (int)sizeof id->byte : PQgetlength(c->rows, row, i);
		format[n++] = 1;
	}
	must(b, PQsendQueryPrepared(b->pg, c->table->table, n, value, len, format, 1), c->table->table);
}

/* ---- one lead, one batch ---- */

static int64_t wire_of(int64_t n)
{
	return (int64_t)__builtin_bswap64((uint64_t)n);
}

static void send(Bare *b, const char *name, int n, const char *const *value, const int *len)
{
	static const int binary[] = {1, 1};
	must(b, PQsendQueryPrepared(b->pg, name, n, value, len, binary, 1), name);
}

static void lead_write(Bare *b, int nth, int64_t now_ms)
{
	Id lead = id_new(now_ms), change = id_new(now_ms);
	int64_t now = wire_of(now_ms), due = wire_of(now_ms + 5 * MINUTE_MS);
	for (int i = 0; i < BARE_TABLES; i++)
		for (int k = 0; k < bare_tables[i].a_lead; k++)
			copy_row(b, &b->copy[i], &lead, &change);
	send(b, "timer", 2, (const char *const[]){(const char *)lead.byte, (const char *)&due},
		(const int[]){sizeof lead.byte, sizeof due});
	send(b, "person", 2, (const char *const[]){(const char *)&now, PQgetvalue(b->people, nth % PQntuples(b->people), 0)},
		(const int[]){sizeof now, sizeof(Id)});
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
	int64_t wire = wire_of(now_ms);
	send(b, "begin", 0, NULL, NULL);
	send(b, "untime", 0, NULL, NULL);
	send(b, "touch", 1, (const char *const[]){(const char *)&wire}, (const int[]){sizeof wire});
	batch_end(b);
	b->touched_us = clock_monotonic_us();
}

/* ---- the run ---- */

static void house_open(Bare *b, const char *url)
{
	b->pg = PQconnectdb(url);
	must(b, PQstatus(b->pg) == CONNECTION_OK, "connect");
	PQclear(ask(b, "SET search_path TO tenon"));
	PQclear(ask(b, BARE_UNTOUCH));
	for (int i = 0; i < BARE_TABLES; i++)
		copy_load(b, &b->copy[i], &bare_tables[i]);
	b->people = ask(b, BARE_PEOPLE);
	b->alerts = ask(b, BARE_ALERTS);
	prepare(b, "begin", "BEGIN");
	prepare(b, "commit", "COMMIT");
	prepare(b, "timer", BARE_TIMER);
	prepare(b, "person", BARE_PERSON);
	prepare(b, "alert", BARE_ALERT);
	prepare(b, "untime", BARE_UNTIME);
	prepare(b, "touch", BARE_TOUCH);
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
		if (clock_monotonic_us() >= b->touched_us + BARE_TOUCH_EVERY_US)
			leads_touch(b, now_ms);
	}
}

int main(int argc, char **argv)
{
	BareOptions o;
	Bare b = {0};
	if (!bare_options(argc, argv, &o))
		return 2;
	house_open(&b, o.house);
	int64_t start_us = clock_monotonic_us();
	leads_write(&b, o.leads, o.batch);
	double seconds = (double)(clock_monotonic_us() - start_us) / 1e6;
	printf("{\"leads\": %d, \"seconds\": %.3f, \"rate\": %.0f}\n", o.leads, seconds, o.leads / seconds);
	PQfinish(b.pg);
	return 0;
}
