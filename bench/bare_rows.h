/* What the bare programs beside the intake write: the rows that one lead leaves behind, copied from those the house wrote
 * last under new ids, and what happens to the tables around it. One description for both engines. */
#pragma once

#include "base/base.h"

#define BARE_TEMPLATES 2000 /* rows of each table that are copied in turn */
#define BARE_COLUMNS_MAX 80
#define BARE_TOUCH_EVERY_US 50000
#define BARE_TABLES 6

typedef struct {
	const char *table, *which;      /* which of its rows are copied: SQL */
	const char *own, *lead, *change; /* columns that get a new id; NULL: none */
	int a_lead;                     /* rows a lead */
} BareTable;

extern const BareTable bare_tables[BARE_TABLES];

/* What a column of a copied row gets. */
typedef enum { BARE_COPIED, BARE_NUMBERED, BARE_OWN, BARE_LEAD, BARE_CHANGE } BareColumn;
BareColumn bare_column(const BareTable *table, const char *name);

/* SQL. The first makes the templates as they were when they came in; parameters are numbered as they appear. */
#define BARE_UNTOUCH "UPDATE lead SET first_touch_at = NULL, last_touch_at = NULL, touches = 0, status = 'new', " \
	"clock = 'running' WHERE id IN (SELECT id FROM lead WHERE receipt IS NOT NULL ORDER BY id DESC LIMIT 2000) " \
	"AND owner IS NOT NULL"
#define BARE_ROWS "SELECT * FROM %s WHERE %s ORDER BY %s DESC LIMIT %d" /* table, which, own, BARE_TEMPLATES */
#define BARE_PEOPLE "SELECT id FROM person LIMIT 100000"
#define BARE_ALERTS "SELECT id FROM alert LIMIT 100000"
#define BARE_TIMER "INSERT INTO timer (kind, subject, due, next_at, attempts) VALUES ('lead.due', $1, $2, $2, 0)"
#define BARE_PERSON "UPDATE person SET last_assigned_at = $1 WHERE id = $2"
#define BARE_ALERT "UPDATE alert SET count = count + 1, data = data || '' WHERE id = $1"
/* The copied leads lie as the house left them, touched or not; they are written untouched and touched by these. */
#define BARE_UNTIME "DELETE FROM timer WHERE kind = 'lead.due'"
#define BARE_TOUCH "UPDATE lead SET first_touch_at = $1, last_touch_at = $1, touches = 1, status = 'contacting', " \
	"clock = 'stopped', version = version + 1, updated_at = $1 WHERE first_touch_at IS NULL AND owner IS NOT NULL " \
	"AND status = 'new' AND deleted_at IS NULL"

typedef struct {
	const char *house; /* file or URL */
	int leads, batch;
} BareOptions;

/* PROGRAM HOUSE [--leads N] [--batch N]; false after telling how it is used. */
bool bare_options(int argc, char **argv, BareOptions *ret);
