/* Rows on their way in, gathered: what db_send inserts one row at a time travels in statements of many rows, which
 * costs the server and the line far less. Rows of a table keep their order, and a row held back is there before
 * anything that could see it missing: a statement that answers, one that names the table, a savepoint, COMMIT. */
#include "store/postgres_int.h"

#include <stdlib.h>
#include <string.h>

#define GROUPS_MAX 16
#define ROWS_LOG_MAX 5                  /* 32 rows a statement at most: its text must not differ too often */
#define ROWS_MAX (1 << ROWS_LOG_MAX)
#define PARAMS_MAX 1000                 /* of a statement */
#define HELD_BYTES (256 * 1024)

/* An INSERT of one row, and rows for it. */
typedef struct {
	char *sql;
	char *table;                    /* as the statement writes it */
	size_t head_len;                /* up to the brackets behind VALUES */
	char *many[ROWS_LOG_MAX + 1];   /* [i]: for 2^i rows, made at first need */
	size_t n_args, rows_max, rows;
	Value *args;                    /* [rows_max * n_args] */
} Group;

struct PgGather {
	Group *group[GROUPS_MAX]; /* in the order of their first row since the last flush, then those without rows */
	size_t n, n_filled;
	TALLOC_CTX *held; /* texts of the rows */
};

PgGather *pg_gather_new(TALLOC_CTX *ctx)
{
	return talloc_zero(ctx, PgGather);
}

/* ---- which statements ---- */

/* Where the brackets behind VALUES begin, of "INSERT INTO table (...) VALUES (...)" and nothing more; 0: another kind
 * of statement. */
static size_t values_at(const char *sql)
{
	static const char into[] = "INSERT INTO ", values[] = " VALUES (";
	if (strncmp(sql, into, sizeof into - 1) != 0)
		return 0;
	const char *found = strstr(sql, values);
	if (!found)
		return 0;
	const char *end = found + sizeof values - 1;
	end += strcspn(end, "()'\"");
	return end[0] == ')' && end[1] == '\0' ? (size_t)(found - sql) + sizeof values - 2 : 0;
}

static char *table_of(TALLOC_CTX *ctx, const char *sql)
{
	const char *from = sql + strlen("INSERT INTO ");
	from += *from == '"';
	return talloc_strndup(ctx, from, strcspn(from, "\" ("));
}

static Group *group_new(PgGather *g, const char *sql, size_t head_len, size_t n_args)
{
	Group *group = talloc_zero(g, Group);
	size_t most = n_args ? PARAMS_MAX / n_args : ROWS_MAX;
	group->sql = talloc_strdup(group, sql);
	group->table = table_of(group, sql);
	group->head_len = head_len;
	group->n_args = n_args;
	group->rows_max = most > ROWS_MAX ? ROWS_MAX : most;
	group->args = talloc_array(group, Value, (unsigned)(group->rows_max * n_args));
	return group;
}

/* The place of the statement's group, made if need be; GROUPS_MAX: there is none. Groups without rows make room. */
static size_t group_find(PgGather *g, const char *sql, size_t n_args)
{
	for (size_t i = 0; i < g->n; i++)
		if (strcmp(g->group[i]->sql, sql) == 0)
			return g->group[i]->n_args == n_args ? i : GROUPS_MAX;
	size_t head_len = values_at(sql);
	if (!head_len || n_args > PARAMS_MAX / 2)
		return GROUPS_MAX;
	if (g->n == GROUPS_MAX && g->n_filled == GROUPS_MAX)
		return GROUPS_MAX;
	if (g->n == GROUPS_MAX)
		talloc_free(g->group[--g->n]);
	g->group[g->n] = group_new(g, sql, head_len, n_args);
	return g->n++;
}

/* ---- holding ---- */

static void group_fill(PgGather *g, size_t at, const Value *args)
{
	Group *group = g->group[at];
	if (group->rows == 0) {
		g->group[at] = g->group[g->n_filled];
		g->group[g->n_filled++] = group;
	}
	if (!g->held)
		g->held = talloc_pool(g, HELD_BYTES);
	for (size_t i = 0; i < group->n_args; i++)
		group->args[group->rows * group->n_args + i] = value_copy(g->held, &args[i]);
	group->rows++;
}

void pg_gather_drop(PgGather *g)
{
	for (size_t i = 0; i < g->n_filled; i++)
		g->group[i]->rows = 0;
	g->n_filled = 0;
	TALLOC_FREE(g->held);
}

/* ---- letting go ---- */

/* The brackets behind VALUES once more, their $k counted on by `by`. */
static char *tuple_append(char *text, const char *tuple, size_t by)
{
	for (const char *p = tuple; *p;) {
		size_t plain = strcspn(p, "$");
		text = talloc_strndup_append_buffer(text, p, plain);
		p += plain;
		if (*p == '$') {
			char *end;
			unsigned long k = strtoul(p + 1, &end, 10);
			text = talloc_asprintf_append_buffer(text, "$%zu", k + by);
			p = end;
		}
	}
	return text;
}

static const char *group_many(Group *group, int log)
{
	if (!group->many[log]) {
		char *text = talloc_strdup(group, group->sql);
		for (size_t row = 1; row < (size_t)1 << log; row++) {
			text = talloc_strdup_append_buffer(text, ", ");
			text = tuple_append(text, group->sql + group->head_len, row * group->n_args);
		}
		group->many[log] = text;
	}
	return group->many[log];
}

static int group_send(Tx *tx, Group *group)
{
	int r = 0;
	size_t sent = 0;
	for (int log = ROWS_LOG_MAX; r == 0 && log >= 0; log--) {
		size_t rows = (size_t)1 << log;
		for (; r == 0 && group->rows - sent >= rows; sent += rows)
			r = pg_statement_send(tx, group_many(group, log), group->args + sent * group->n_args, rows * group->n_args);
	}
	return r;
}

int pg_gather_flush(Tx *tx)
{
	PgGather *g = ((PgConn *)tx->conn)->gather;
	int r = 0;
	for (size_t i = 0; r == 0 && i < g->n_filled; i++)
		r = group_send(tx, g->group[i]);
	pg_gather_drop(g);
	return r;
}

/* ---- the two sides of it ---- */

bool pg_gather_take(Tx *tx, const char *sql, const Value *args, size_t n, int *ret)
{
	PgGather *g = ((PgConn *)tx->conn)->gather;
	size_t at = group_find(g, sql, n);
	*ret = 0;
	if (at == GROUPS_MAX)
		return false;
	Group *group = g->group[at];
	group_fill(g, at, args);
	if (group->rows == group->rows_max)
		*ret = pg_gather_flush(tx); /* all: others may refer to these rows, or these to others */
	return true;
}

int pg_gather_before(Tx *tx, const char *sql)
{
	const PgGather *g = ((PgConn *)tx->conn)->gather;
	for (size_t i = 0; i < g->n_filled; i++)
		if (strstr(sql, g->group[i]->table))
			return pg_gather_flush(tx);
	return 0;
}
