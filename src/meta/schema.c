/* Brings the tables up to the catalogue: makes what is missing, never drops or changes what is there. Names come from
 * the catalogue only, where they were checked; they are quoted all the same, because "user" is a word of SQL. */
#include "meta/meta_int.h"

#include <glib.h>
#include <string.h>

#include "base/buf.h"

#define DDL_MAX (64 * 1024)
#define INDEX_NAME_MAX 60

static const char *column_word(const FieldDef *field)
{
	switch (meta_value_type(field)) {
	case VALUE_ID:
		return "{ID}";
	case VALUE_BOOL:
		return "{BOOL}";
	case VALUE_TIME:
		return "{TIME}";
	case VALUE_TEXT:
		return "{TEXT}";
	default:
		return "{INT}";
	}
}

/* Only what the house itself fills is NOT NULL: whether a field is required can change while rows exist. */
static const char *column_rule(const FieldDef *field)
{
	switch (field->index) {
	case FIELD_AT_ID:
		return " PRIMARY KEY";
	case FIELD_AT_VERSION:
	case FIELD_AT_CREATED_AT:
	case FIELD_AT_UPDATED_AT:
		return " NOT NULL";
	default:
		return "";
	}
}

static int run_ddl(Tx *tx, Buf *ddl)
{
	int r = buf_failed(ddl) ? ERR_INTERNAL : db_ddl(tx, ddl->data);
	talloc_free(ddl);
	return r;
}

static int create_table(Tx *tx, const ObjectDef *object)
{
	Buf *ddl = buf_new(tx_mem(tx), DDL_MAX);
	buf_printf(ddl, "CREATE TABLE \"%s\" (", object->table);
	for (int i = 0; i < object->n_fields; i++) {
		const FieldDef *field = &object->fields[i];
		buf_printf(ddl, "%s\"%s\" %s%s", i ? ", " : "", field->name, column_word(field), column_rule(field));
	}
	buf_putc(ddl, ')');
	return run_ddl(tx, ddl);
}

static int add_column(Tx *tx, const ObjectDef *object, const FieldDef *field)
{
	Buf *ddl = buf_new(tx_mem(tx), DDL_MAX);
	buf_printf(ddl, "ALTER TABLE \"%s\" ADD COLUMN \"%s\" %s", object->table, field->name, column_word(field));
	return run_ddl(tx, ddl);
}

/* The columns the table has now, as a set; empty when there is no table. */
static int columns_load(Tx *tx, const char *table, GHashTable *ret_names)
{
	ROWS rows = NULL;
	int r = tx_is_postgres(tx)
		? db_query(tx, &rows,
			"SELECT column_name::text FROM information_schema.columns"
			" WHERE table_schema = current_schema() AND table_name::text = $1", value_text(table))
		: db_query(tx, &rows, "SELECT name FROM pragma_table_info($1)", value_text(table));
	if (r < 0)
		return r;
	while (rows_next(rows))
		g_hash_table_add(ret_names, g_strdup(rows_text(rows, 0)));
	return rows_error(rows);
}

static int table_apply(Tx *tx, const ObjectDef *object)
{
	GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	int r = columns_load(tx, object->table, names);
	if (r == 0 && g_hash_table_size(names) == 0)
		r = create_table(tx, object);
	else
		for (int i = 0; r == 0 && i < object->n_fields; i++)
			if (!g_hash_table_contains(names, object->fields[i].name))
				r = add_column(tx, object, &object->fields[i]);
	g_hash_table_unref(names);
	return r;
}

/* A long name is cut and told apart by a hash: PostgreSQL would cut it silently, and two indexes would be one. */
static const char *index_name(TALLOC_CTX *ctx, const char *kind, const char *table, const char *columns)
{
	char *name = talloc_asprintf(ctx, "%s_%s_%s", kind, table, columns);
	for (char *c = name; *c; c++)
		if (*c == ',')
			*c = '_';
	if (strlen(name) <= INDEX_NAME_MAX)
		return name;
	return talloc_asprintf(ctx, "%.*s_%08x", INDEX_NAME_MAX - 9, name, g_str_hash(name));
}

/* An index by what it is for. A unique one leaves out what lies in the bin. */
typedef enum { INDEX_PLAIN, INDEX_SPARSE, INDEX_UNIQUE } IndexKind;

static const char *const index_prefix[] = {"ix", "sx", "uq"};

/* columns: "owner,status", checked against the catalogue. */
static int create_index(Tx *tx, const ObjectDef *object, const char *columns, IndexKind kind)
{
	Buf *ddl = buf_new(tx_mem(tx), DDL_MAX);
	buf_printf(ddl, "CREATE %sINDEX IF NOT EXISTS \"%s\" ON \"%s\" (", kind == INDEX_UNIQUE ? "UNIQUE " : "",
		index_name(ddl, index_prefix[kind], object->table, columns), object->table);
	char **names = g_strsplit(columns, ",", -1);
	for (int i = 0; names[i]; i++)
		buf_printf(ddl, "%s\"%s\"", i ? ", " : "", names[i]);
	buf_putc(ddl, ')');
	if (kind == INDEX_UNIQUE)
		buf_puts(ddl, " WHERE deleted_at IS NULL");
	if (kind == INDEX_SPARSE)
		buf_printf(ddl, " WHERE \"%s\" IS NOT NULL", names[0]);
	g_strfreev(names);
	return run_ddl(tx, ddl);
}

static int create_indexes(Tx *tx, const ObjectDef *object, const char *const *columns, IndexKind kind)
{
	int r = 0;
	for (int i = 0; r == 0 && columns[i]; i++)
		r = create_index(tx, object, columns[i], kind);
	return r;
}

int schema_apply_object(Tx *tx, const ObjectDef *object)
{
	int r = table_apply(tx, object);
	for (int i = 0; r == 0 && i < object->n_fields; i++)
		if (object->fields[i].unique)
			r = create_index(tx, object, object->fields[i].name, INDEX_UNIQUE);
	if (r == 0)
		r = create_indexes(tx, object, object->indexes, INDEX_PLAIN);
	return r < 0 ? r : create_indexes(tx, object, object->sparse_indexes, INDEX_SPARSE);
}

int schema_apply(Tx *tx, const Catalogue *catalogue)
{
	int r = 0;
	for (int i = 0; r == 0 && i < catalogue->n_objects; i++)
		r = schema_apply_object(tx, &catalogue->objects[i]);
	return r;
}
