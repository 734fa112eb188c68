/* The bare program beside the intake: writes the rows that a lead leaves behind - copies of those the house wrote last,
 * under new ids - with plain prepared statements into the same tables and indexes, in batches of the same size with the
 * same settings, and touches the leads as they come. It parses nothing, decides nothing and asks nothing. Prints one
 * line of JSON.
 *
 * Usage: bare_take FILE.db [--leads N] [--batch N] */
#include "base/clock.h"
#include "base/id.h"

#include <getopt.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define TEMPLATES 2000
#define COLUMNS_MAX 64
#define TOUCH_EVERY_US 50000

/* Which column of a copied row gets which new id; NULL: none. */
typedef struct {
	const char *table, *which, *own, *lead, *change;
	int a_lead; /* rows a lead */
} Table;

static const Table tables[] = {
	{"change", "1", "id", NULL, NULL, 1},
	{"lead", "status = 'new' OR receipt IS NOT NULL", "id", NULL, NULL, 1},
	{"history", "kind = 'created'", "seq", "record", "change", 1},
	{"assignment", "1", "id", "lead", NULL, 1},
	{"event", "kind IN ('lead.assigned', 'alert')", "seq", "record", "change", 2},
	{"taken", "1", "receipt", "lead", NULL, 1},
};

typedef struct {
	const Table *table;
	int n_columns, own, lead, change; /* columns; -1: none */
	sqlite3_value *value[TEMPLATES][COLUMNS_MAX];
	int n, next;
	sqlite3_stmt *insert;
} Copy;

typedef struct {
	sqlite3 *db;
	Copy *copy[ARRAY_LEN(tables)];
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

static void copy_columns(Copy *c, sqlite3_stmt *rows)
{
	c->own = c->lead = c->change = -1;
	c->n_columns = sqlite3_column_count(rows);
	for (int i = 0; i < c->n_columns; i++) {
		const char *name = sqlite3_column_name(rows, i);
		if (c->table->own && strcmp(name, c->table->own) == 0)
			c->own = i;
		if (c->table->lead && strcmp(name, c->table->lead) == 0)
			c->lead = i;
		if (c->table->change && strcmp(name, c->table->change) == 0)
			c->change = i;
	}
}

static Copy *copy_load(Bare *b, const Table *table)
{
	char sql[512];
	Copy *c = talloc_zero(NULL, Copy);
	c->table = table;
	snprintf(sql, sizeof sql, "SELECT * FROM %s WHERE %s ORDER BY %s DESC LIMIT %d", table->table, table->which,
		table->own, TEMPLATES);
	sqlite3_stmt *rows = prepare(b, sql);
	copy_columns(c, rows);
	for (; sqlite3_step(rows) == SQLITE_ROW; c->n++)
		for (int i = 0; i < c->n_columns; i++)
			c->value[c->n][i] = sqlite3_value_dup(sqlite3_column_value(rows, i));
	sqlite3_finalize(rows);
	must(b, c->n > 0, table->table);
	char *insert = talloc_asprintf(c, "INSERT INTO %s VALUES (?", table->table);
	for (int i = 1; i < c->n_columns; i++)
		insert = talloc_strdup_append(insert, ", ?");
	c->insert = prepare(b, talloc_strdup_append(insert, ")"));
	return c;
}

static void copy_row(Bare *b, Copy *c, const Id *lead, const Id *change)
{
	Id own = id_new(clock_real_ms());
	sqlite3_value **value = c->value[c->next++ % c->n];
	bool is_lead = strcmp(c->table->table, "lead") == 0, is_change = strcmp(c->table->table, "change") == 0;
	for (int i = 0; i < c->n_columns; i++) {
		if (i == c->own && strcmp(c->table->own, "seq") == 0)
			sqlite3_bind_null(c->insert, i + 1);
		else if (i == c->own)
			bind_id(c->insert, i + 1, is_lead ? lead : is_change ? change : &own);
		else if (i == c->lead || i == c->change)
			bind_id(c->insert, i + 1, i == c->lead ? lead : change);
		else
			sqlite3_bind_value(c->insert, i + 1, value[i]);
	}
	run(b, c->insert);
}

/* ---- one lead, one touch ---- */

static void lead_write(Bare *b, int nth, int64_t now_ms)
{
	Id lead = id_new(now_ms), change = id_new(now_ms);
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		for (int k = 0; k < tables[i].a_lead; k++)
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

/* The copied leads lie as the house left them, touched or not; they are written untouched and touched here. */
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
	b->timer = prepare(b, "INSERT INTO timer (kind, subject, due, next_at, attempts) VALUES ('lead.due', ?1, ?2, ?2, 0)");
	b->person = prepare(b, "UPDATE person SET last_assigned_at = ?1 WHERE id = ?2");
	b->alert = prepare(b, "UPDATE alert SET count = count + 1, data = data || '' WHERE id = ?1");
	b->untime = prepare(b, "DELETE FROM timer WHERE kind = 'lead.due'");
	b->touch = prepare(b, "UPDATE lead SET first_touch_at = ?1, last_touch_at = ?1, touches = 1, status = 'contacting', "
		"clock = 'stopped', version = version + 1, updated_at = ?1 WHERE first_touch_at IS NULL AND owner IS NOT NULL AND "
		"status = 'new' AND deleted_at IS NULL");
}

static void house_open(Bare *b, const char *path)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	must(b, sqlite3_open_v2(path, &b->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK, path);
	/* As store/sqlite.c has it; the log starts over by itself at the size at which the store makes it. */
	must(b, sqlite3_exec(b->db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
		"PRAGMA secure_delete=OFF; PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=16384", NULL, NULL, NULL) == SQLITE_OK,
		path);
	/* Templates as they were when they came in. */
	must(b, sqlite3_exec(b->db, "CREATE TEMP TABLE last AS SELECT rowid AS r FROM lead WHERE receipt IS NOT NULL ORDER BY "
		"rowid DESC LIMIT 2000; UPDATE lead SET first_touch_at = NULL, last_touch_at = NULL, touches = 0, status = 'new', "
		"clock = 'running' WHERE rowid IN (SELECT r FROM last) AND owner IS NOT NULL; DROP TABLE last", NULL, NULL, NULL) ==
		SQLITE_OK, "templates");
	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		b->copy[i] = copy_load(b, &tables[i]);
	b->person_id = ids_load(b, "SELECT id FROM person", &b->n_people);
	b->alert_id = ids_load(b, "SELECT id FROM alert", &b->n_alerts);
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
		if (clock_monotonic_us() < b->touched_us + TOUCH_EVERY_US)
			continue;
		leads_touch(b, now_ms);
		b->touched_us = clock_monotonic_us();
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"leads", 1, NULL, 'l'}, {"batch", 1, NULL, 'b'}, {0}};
	int leads = 100000, batch = 500;
	Bare b = {0};
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
		switch (option) {
		case 'l': leads = atoi(optarg); break;
		case 'b': batch = atoi(optarg); break;
		default: return 2;
		}
	if (optind + 1 != argc || leads < 1 || batch < 1) {
		fprintf(stderr, "usage: bare_take FILE.db [--leads N] [--batch N]\n");
		return 2;
	}
	house_open(&b, argv[optind]);
	double cpu = cpu_seconds();
	int64_t start_us = clock_monotonic_us();
	leads_write(&b, leads, batch);
	double seconds = (double)(clock_monotonic_us() - start_us) / 1e6;
	printf("{\"leads\": %d, \"seconds\": %.3f, \"rate\": %.0f, \"cpu_us\": %.1f}\n", leads, seconds, leads / seconds,
		(cpu_seconds() - cpu) * 1e6 / leads);
	return 0;
}
