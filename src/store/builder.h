/* Builds the SQL that cannot be a literal: record queries, inserts and updates over catalogue columns. Identifiers are
 * checked ([a-z][a-z0-9_]{0,62}) and quoted, values are always parameters. Sticky: check sql_failed() once. */
#pragma once

#include "base/buf.h"
#include "base/value.h"
#include "store/store.h"

#define SQL_ARGS_MAX 1000

typedef struct Sql {
	Buf *text;
	Value *args; /* grows in the context of the Sql */
	size_t n, cap;
	bool postgres;
	bool failed;
} Sql;

Sql *sql_new(TALLOC_CTX *ctx, bool postgres);
/* Appends literal SQL: only string literals compile. */
#define sql_add(sql, literal) sql_add_literal((sql), "" literal "")
void sql_add_literal(Sql *sql, const char *literal);
/* Appends a quoted identifier, or alias.identifier. */
void sql_name(Sql *sql, const char *identifier);
void sql_name_of(Sql *sql, const char *alias, const char *identifier);
/* Appends the next $n (at most SQL_ARGS_MAX) and remembers the value (borrowed). */
void sql_arg(Sql *sql, Value value);
bool sql_failed(const Sql *sql);
NODISCARD int sql_exec(Tx *tx, const Sql *sql);
NODISCARD int sql_send(Tx *tx, const Sql *sql);
NODISCARD int sql_query(Tx *tx, Rows **ret_rows, const Sql *sql);
