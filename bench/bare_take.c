/* The bare program beside the intake: writes the rows that a lead leaves behind (bare_rows.h) with plain prepared
 * statements into the same tables and indexes, in batches of the same size with the same settings, and touches the leads
 * as they come. It parses nothing, decides nothing and asks nothing. Prints one line of JSON.
 *
 * Usage: bare_take FILE.db [--leads N] [--batch N] */
#include "base/clock.h"
#include "base/id.h"
#include "bench/bare_rows.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

typedef struct {
	const BareTable *table;
	int n_columns;
	BareColumn column[BARE_COLUMNS_MAX];
	sqlite3_value *value[BARE_TEMPLATES][BARE_COLUMNS_MAX];
	int n, next;
	sqlite3_stmt *insert;
} Copy;

typedef struct {
	sqlite3 *db;
	Copy *copy[BARE_TABLES];
	sqlite3_stmt *begin, *commit, *timer, *person, *alert, *untime, *touch;
	Id *person_id, *alert_id;
	int n_people, n_alerts;
	int64_t touched_us;
} Bare;

static void must(Bare *b, bool fine, const char *what)
{
	if (fine)
		return;
	fprintf(stderr, "bare_take: %s: %s\n", what, sqlite3_errmsg(b->db));
	exit(1);
}

static sqlite3_stmt *prepare(Bare *b, const char *sql)
{
	sqlite3_stmt *s = NULL;
	must(b, sqlite3_prepare_v2(b->db, sql, -1, &s, NULL) == SQLITE_OK, sql);
	return s;
}

static void run(Bare *b, sqlite3_stmt *s)
{
	must(b, sqlite3_step(s) == SQLITE_DONE, sqlite3_sql(s));
	sqlite3_reset(s);
}

static void bind_id(sqlite3_stmt *s, int at, const Id *id)
{
	sqlite3_bind_blob(s, at, id->byte, sizeof id->byte, SQLITE_STATIC);
}

/* ---- what is copied ---- */

static Copy *copy_load(Bare *b, const BareTable *table)
{
	Copy *c = talloc_zero(NULL, Copy);
	c->table = table;
	sqlite3_stmt *rows = prepare(b, talloc_asprintf(c, BARE_ROWS, table->table, table->which, table->own, BARE_TEMPLATES));
	c->n_columns = sqlite3_column_count(rows);
	char *insert = talloc_asprintf(c, "INSERT INTO %s VALUES (", table->table);
	for (int i = 0; i < c->n_columns; i++) {
		c->column[i] = bare_column(table, sqlite3_column_name(rows, i));
		insert = talloc_strdup_append(insert, i ? ", ?" : "?");
	}
	for (; sqlite3_step(rows) == SQLITE_ROW; c->n++)
		for (int i = 0; i < c->n_columns; i++)
			c->value[c->n][i] = sqlite3_value_dup(sqlite3_column_value(rows, i));
	sqlite3_finalize(rows);
	must(b, c->n > 0, table->table);
	c->insert = prepare(b, talloc_strdup_append(insert, ")"));
	return c;
}

static void copy_row(Bare *b, Copy *c, const Id *lead, const Id *change)
{
	Id own = id_new(clock_real_ms());
	const Id *ids[] = {[BARE_OWN] = &own, [BARE_LEAD] = lead, [BARE_CHANGE] = change};
	sqlite3_value **value = c->value[c->next++ % c->n];
	for (int i = 0; i < c->n_columns; i++)
		if (c->column[i] == BARE_NUMBERED)
			sqlite3_bind_null(c->insert, i + 1);
		else if (c->column[i] == BARE_COPIED)
			sqlite3_bind_value(c->insert, i + 1, value[i]);
		else
			bind_id(c->insert, i + 1, ids[c->column[i]]);
	run(b, c->insert);
}

/* ---- one lead, one touch ---- */

static void lead_write(Bare *b, int nth, int64_t now_ms)
{
	Id lead = id_new(now_ms), change = id_new(now_ms);
	for (int i = 0; i < BARE_TABLES; i++)
		for (int k = 0; k < bare_tables[i].a_lead; k++)
			copy_row(b, b->copy[i], &lead, &change);
	bind_id(b->timer, 1, &lead);
	sqlite3_bind_int64(b->timer, 2, now_ms + 5 * MINUTE_MS);
	run(b, b->timer);
	sqlite3_bind_int64(b->person, 1, now_ms);
	bind_id(b->person, 2, &b->person_id[nth % b->n_people]);
	run(b, b->person);
	if (b->n_alerts == 0)
		return;
	bind_id(b->alert, 1, &b->alert_id[nth % b->n_alerts]);
	run(b, b->alert);
}

static void leads_touch(Bare *b, int64_t now_ms)
{
	run(b, b->begin);
	run(b, b->untime);
	sqlite3_bind_int64(b->touch, 1, now_ms);
	run(b, b->touch);
	run(b, b->commit);
}

/* ---- the run ---- */

static Id *ids_load(Bare *b, const char *sql, int *ret_n)
{
	sqlite3_stmt *rows = prepare(b, sql);
	Id *ids = talloc_array(NULL, Id, 100000);
	while (*ret_n < 100000 && sqlite3_step(rows) == SQLITE_ROW)
		memcpy(ids[(*ret_n)++].byte, sqlite3_column_blob(rows, 0), sizeof ids->byte);
	sqlite3_finalize(rows);
	return ids;
}

static void statements(Bare *b)
{
	b->begin = prepare(b, "BEGIN IMMEDIATE");
	b->commit = prepare(b, "COMMIT");
	b->timer = prepare(b, BARE_TIMER);
	b->person = prepare(b, BARE_PERSON);
	b->alert = prepare(b, BARE_ALERT);
	b->untime = prepare(b, BARE_UNTIME);
	b->touch = prepare(b, BARE_TOUCH);
}

static void house_open(Bare *b, const char *path)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	must(b, sqlite3_open_v2(path, &b->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK, path);
	/* As store/sqlite.c has it; the log starts over by itself at the size at which the store makes it. */
	must(b, sqlite3_exec(b->db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
		"PRAGMA secure_delete=OFF; PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=16384", NULL, NULL, NULL) == SQLITE_OK,
		path);
	must(b, sqlite3_exec(b->db, BARE_UNTOUCH, NULL, NULL, NULL) == SQLITE_OK, "templates");
	for (int i = 0; i < BARE_TABLES; i++)
		b->copy[i] = copy_load(b, &bare_tables[i]);
	b->person_id = ids_load(b, BARE_PEOPLE, &b->n_people);
	b->alert_id = ids_load(b, BARE_ALERTS, &b->n_alerts);
	statements(b);
}

static double cpu_seconds(void)
{
	struct rusage u;
	(void)getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void leads_write(Bare *b, int leads, int batch)
{
	for (int i = 0; i < leads;) {
		int64_t now_ms = clock_real_ms();
		run(b, b->begin);
		for (int end = i + batch < leads ? i + batch : leads; i < end; i++)
			lead_write(b, i, now_ms);
		run(b, b->commit);
		if (clock_monotonic_us() < b->touched_us + BARE_TOUCH_EVERY_US)
			continue;
		leads_touch(b, now_ms);
		b->touched_us = clock_monotonic_us();
	}
}

int main(int argc, char **argv)
{
	BareOptions o;
	Bare b = {0};
	if (!bare_options(argc, argv, &o))
		return 2;
	house_open(&b, o.house);
	double cpu = cpu_seconds();
	int64_t start_us = clock_monotonic_us();
	leads_write(&b, o.leads, o.batch);
	double seconds = (double)(clock_monotonic_us() - start_us) / 1e6;
	printf("{\"leads\": %d, \"seconds\": %.3f, \"rate\": %.0f, \"cpu_us\": %.1f}\n", o.leads, seconds, o.leads / seconds,
		(cpu_seconds() - cpu) * 1e6 / o.leads);
	return 0;
}
