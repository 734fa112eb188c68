/* SQL that cannot be a literal. Nothing but literals, checked identifiers and numbered parameters ever gets into the
 * text. */
#include "store/builder.h"

#include "store/store_int.h"

#define SQL_SIZE_MAX (256 * 1024)

Sql *sql_new(TALLOC_CTX *ctx, bool postgres)
{
	Sql *sql = talloc_zero(ctx, Sql);
	sql->text = buf_new(sql, SQL_SIZE_MAX);
	sql->postgres = postgres;
	return sql;
}

void sql_add_literal(Sql *sql, const char *literal)
{
	buf_puts(sql->text, literal);
}

void sql_name(Sql *sql, const char *identifier)
{
	if (!sql_is_identifier(identifier)) {
		sql->failed = true;
		return;
	}
	buf_putc(sql->text, '"');
	buf_puts(sql->text, identifier);
	buf_putc(sql->text, '"');
}

void sql_name_of(Sql *sql, const char *alias, const char *identifier)
{
	sql_name(sql, alias);
	buf_putc(sql->text, '.');
	sql_name(sql, identifier);
}

void sql_arg(Sql *sql, Value value)
{
	if (sql->n >= SQL_ARGS_MAX) {
		sql->failed = true;
		return;
	}
	if (sql->n == sql->cap) {
		sql->cap = sql->cap ? sql->cap * 2 : 16;
		sql->args = talloc_realloc(sql, sql->args, Value, (unsigned)sql->cap);
	}
	sql->args[sql->n++] = value;
	buf_printf(sql->text, "$%zu", sql->n);
}

bool sql_failed(const Sql *sql)
{
	return sql->failed || buf_failed(sql->text);
}

static int sql_refuse(Tx *tx)
{
	return tx_fail(tx, ERR_INTERNAL, "SQL too long, with too many parameters or with a bad identifier");
}

int sql_exec(Tx *tx, const Sql *sql)
{
	return sql_failed(sql) ? sql_refuse(tx) : db_exec_n(tx, sql->text->data, sql->args, sql->n);
}

int sql_send(Tx *tx, const Sql *sql)
{
	return sql_failed(sql) ? sql_refuse(tx) : db_send_n(tx, sql->text->data, sql->args, sql->n);
}

int sql_query(Tx *tx, Rows **ret_rows, const Sql *sql)
{
	return sql_failed(sql) ? sql_refuse(tx) : db_query_n(tx, ret_rows, sql->text->data, sql->args, sql->n);
}
