#include "store/builder.h"

#include "base/err.h"
#include "store/store_fixture.h"
#include "store/store_int.h"
#include <string.h>

TEST(builder, refuses_hostile_identifiers)
{
	static const char *const hostile[] = {"", "a b", "a\"b", "a;b", "1a", "_a", "A", "é", "a-b", "a.b",
		"a\n", "a'--", "a123456789b123456789c123456789d123456789e123456789f123456789abcd"};
	for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
		TALLOC_CTX *ctx = talloc_new(NULL);
		Sql *sql = sql_new(ctx, false);
		sql_add(sql, "SELECT ");
		sql_name(sql, hostile[i]);
		CHECK(sql_failed(sql));
		sql = sql_new(ctx, false);
		sql_name_of(sql, "r", hostile[i]);
		CHECK(sql_failed(sql));
		talloc_free(ctx);
	}
}

TEST(builder, quotes_names_and_numbers_arguments)
{
	Sql *sql = sql_new(NULL, true);
	sql_add(sql, "SELECT ");
	sql_name_of(sql, "r", "order");
	sql_add(sql, " FROM ");
	sql_name(sql, "lead_9");
	sql_add(sql, " r WHERE a = ");
	sql_arg(sql, value_int(1));
	sql_add(sql, " AND b = ");
	sql_arg(sql, value_text("x"));
	CHECK(!sql_failed(sql));
	CHECK_TEXT(sql->text->data, "SELECT \"r\".\"order\" FROM \"lead_9\" r WHERE a = $1 AND b = $2");
	CHECK_INT(sql->n, 2);
	CHECK_TEXT(sql->args[1].text, "x");
	talloc_free(sql);
}

TEST(builder, bounds_the_arguments)
{
	Sql *sql = sql_new(NULL, false);
	for (int i = 0; i < SQL_ARGS_MAX; i++)
		sql_arg(sql, value_int(i));
	CHECK(!sql_failed(sql));
	CHECK_INT(sql->args[SQL_ARGS_MAX - 1].i, SQL_ARGS_MAX - 1);
	sql_arg(sql, value_int(0));
	CHECK(sql_failed(sql));
	talloc_free(sql);
}

/* Inserts as many rows as the arguments allow, then reads them with as many. */
static int build_and_run(Tx *tx, void *arg)
{
	(void)arg;
	Sql *insert = sql_new(tx_mem(tx), tx_is_postgres(tx)), *select = sql_new(tx_mem(tx), tx_is_postgres(tx));
	sql_add(insert, "INSERT INTO item (n, id) VALUES ");
	sql_add(select, "SELECT count(*) FROM item WHERE n IN (");
	for (int i = 0; i < SQL_ARGS_MAX / 2; i++) {
		sql_add_literal(insert, i ? ", (" : "(");
		sql_arg(insert, value_int(i));
		sql_add(insert, ", ");
		sql_arg(insert, value_id(id_new(1)));
		sql_add(insert, ")");
		sql_add_literal(select, i ? ", " : "");
		sql_arg(select, value_int(i));
	}
	sql_add(select, ")");
	int r = sql_exec(tx, insert);
	CHECK_INT(r, 0);
	CHECK_INT(db_changes(tx), SQL_ARGS_MAX / 2);
	ROWS rows = NULL;
	r = sql_query(tx, &rows, select);
	CHECK(rows_next(rows));
	CHECK_INT(rows_int(rows, 0), SQL_ARGS_MAX / 2);
	return r;
}

static int run_broken(Tx *tx, void *arg)
{
	(void)arg;
	Sql *sql = sql_new(tx_mem(tx), tx_is_postgres(tx));
	sql_add(sql, "DELETE FROM ");
	sql_name(sql, "item; DROP TABLE item");
	return sql_exec(tx, sql);
}

BOTH(runs_what_was_built)
{
	items_make(f->store);
	CHECK_INT(store_write_wait(f->store, build_and_run, NULL), 0);
	CHECK_INT(store_write_wait(f->store, run_broken, NULL), ERR_INTERNAL);
	CHECK_INT(items_count(f->store), SQL_ARGS_MAX / 2);
}

TEST(ddl, replaces_words_outside_quotes)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	const char *ddl = "CREATE TABLE t (a {ID}, b {TEXT} DEFAULT '{ID}') -- {ID} it's";
	CHECK_TEXT(ddl_expand(ctx, ddl, false), "CREATE TABLE t (a BLOB, b TEXT DEFAULT '{ID}') -- {ID} it's");
	CHECK_TEXT(ddl_expand(ctx, ddl, true),
		   "CREATE TABLE t (a uuid, b text COLLATE \"C\" DEFAULT '{ID}') -- {ID} it's");
	CHECK(ddl_expand(ctx, "a {NAME}", true) == NULL);
	CHECK(ddl_expand(ctx, "a {ID", true) == NULL);
	talloc_free(ctx);
}

TEST(ddl, cuts_at_semicolons_that_count)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	const char *rest = " ; -- first; really\n INSERT 'a;''b' ;; SELECT \"x;y\" -- end;\n";
	CHECK_TEXT(ddl_next(ctx, &rest), "INSERT 'a;''b' ");
	CHECK_TEXT(ddl_next(ctx, &rest), "SELECT \"x;y\" -- end;\n");
	CHECK(ddl_next(ctx, &rest) == NULL);
	talloc_free(ctx);
}
