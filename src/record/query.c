/* Lists: a formula as filter, any order, keyset pages, a search, and always the caller's row rule. Pages never use
 * OFFSET: the cursor says after which values to go on, in a form that lets an index find the place. */
#include "record/record_int.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "call/gate.h"

#include <assert.h>
#include <string.h>

#define COMPANY_OFFSET_MIN (8 * 60) /* TODAY() in a filter is China's day */

/* --- order --- */

static int refuse_sort(Call *c, const char *name, size_t len)
{
	int shown = len < 60 ? (int)len : 60;
	return call_fault(c, "sort", "unknown_field", "Cannot sort by \"%.*s\".", "不能按“%.*s”排序。", shown, name);
}

static bool is_sortable(const FieldDef *f)
{
	return f != NULL && !f->hidden && f->type != FIELD_LONG_TEXT && f->type != FIELD_JSON;
}

static int sort_add(Call *c, const ObjectDef *object, Sort *sort, const char *word, size_t len)
{
	bool descending = len > 0 && *word == '-';
	const char *name = talloc_strndup(c, word + descending, len - descending);
	const FieldDef *field = meta_field(object, name);
	if (!is_sortable(field) || sort->n >= RECORD_SORT_MAX)
		return refuse_sort(c, word, len);
	for (int i = 0; i < sort->n; i++) {
		if (sort->keys[i].field == field)
			return refuse_sort(c, word, len);
	}
	sort->keys[sort->n++] = (SortKey){.field = field, .descending = descending};
	return 0;
}

/* The id goes last, in the direction of the first key: it makes the order total. */
static int sort_parse(Call *c, const ObjectDef *object, const char *text, Sort *sort)
{
	const FieldDef *id = &object->fields[FIELD_AT_ID];
	sort->n = 0;
	for (const char *at = text != NULL && *text != '\0' ? text : "-created_at";; at++) {
		size_t len = strcspn(at, ",");
		int r = sort_add(c, object, sort, at, len);
		if (r < 0)
			return r;
		at += len;
		if (*at == '\0')
			break;
	}
	for (int i = 0; i < sort->n; i++) {
		if (sort->keys[i].field == id) {
			sort->n = i + 1;
			return 0;
		}
	}
	sort->keys[sort->n++] = (SortKey){.field = id, .descending = sort->keys[0].descending};
	return 0;
}

/* Only the columns the house fills are NOT NULL; for them no blank needs to be placed and an index serves the order. */
static bool may_be_null(const FieldDef *f)
{
	return f->index != FIELD_AT_ID && f->index != FIELD_AT_VERSION && f->index != FIELD_AT_CREATED_AT &&
	       f->index != FIELD_AT_UPDATED_AT;
}

/* SQLite guesses that walking the order's index and testing each row is cheaper than sorting the few rows of one
 * owner; among a million rows of others it is not. A unary plus takes the column from the planner's choice. */
static void add_plus(Sql *sql, const Sort *sort, const FieldDef *field)
{
	if (sort->by_owner && !sql->postgres && !may_be_null(field))
		sql_add(sql, "+");
}

/* Blanks last. An index can give that order by itself when the engine is told so in its own words, but only who sees
 * all rows, or has the owner's index, is helped by walking one. */
static void add_blanks_before(Sql *sql, const Sort *sort, const SortKey *key)
{
	if (!may_be_null(key->field) || sort->in_index)
		return;
	sql_add(sql, "(");
	sql_name_of(sql, "t", key->field->name);
	sql_add(sql, " IS NULL), ");
}

static void add_order(Sql *sql, const Sort *sort)
{
	sql_add(sql, " ORDER BY ");
	for (int i = 0; i < sort->n; i++) {
		const SortKey *key = &sort->keys[i];
		if (i > 0)
			sql_add(sql, ", ");
		add_blanks_before(sql, sort, key);
		add_plus(sql, sort, key->field);
		sql_name_of(sql, "t", key->field->name);
		if (key->descending)
			sql_add(sql, " DESC");
		if (may_be_null(key->field) && sort->in_index)
			sql_add(sql, " NULLS LAST");
	}
}

/* --- after a cursor --- */

static void add_beyond(Sql *sql, const SortKey *key, const Value *value)
{
	sql_name_of(sql, "t", key->field->name);
	if (key->descending)
		sql_add(sql, " < ");
	else
		sql_add(sql, " > ");
	sql_arg(sql, *value);
}

/* Rows strictly after the values, key by key; blanks come last. */
static void add_after(Sql *sql, const Sort *sort, const Value *values, int i)
{
	const SortKey *key = &sort->keys[i];
	bool last = i == sort->n - 1;
	if (value_is_null(&values[i])) {
		sql_name_of(sql, "t", key->field->name);
		sql_add(sql, " IS NULL AND (");
		add_after(sql, sort, values, i + 1);
		sql_add(sql, ")");
		return;
	}
	add_beyond(sql, key, &values[i]);
	if (may_be_null(key->field)) {
		sql_add(sql, " OR ");
		sql_name_of(sql, "t", key->field->name);
		sql_add(sql, " IS NULL");
	}
	if (last)
		return;
	sql_add(sql, " OR (");
	sql_name_of(sql, "t", key->field->name);
	sql_add(sql, " = ");
	sql_arg(sql, values[i]);
	sql_add(sql, " AND (");
	add_after(sql, sort, values, i + 1);
	sql_add(sql, "))");
}

/* An OR cannot be looked up in an index, so the bound of the first key is said once more by itself. */
static void add_keyset(Sql *sql, const Sort *sort, const Value *values)
{
	const SortKey *first = &sort->keys[0];
	if (!may_be_null(first->field)) {
		sql_add(sql, " AND ");
		add_plus(sql, sort, first->field);
		sql_name_of(sql, "t", first->field->name);
		if (first->descending)
			sql_add(sql, " <= ");
		else
			sql_add(sql, " >= ");
		sql_arg(sql, values[0]);
	}
	sql_add(sql, " AND (");
	add_after(sql, sort, values, 0);
	sql_add(sql, ")");
}

/* --- filter and search --- */

static int fault_filter(Call *c, const ExprFault *fault)
{
	return call_fault(c, "filter", fault->code, "%s (at character %d)", "%s（第 %d 个字符）",
	                  c->lang == LANG_EN ? fault->en : fault->zh, fault->offset + 1);
}

/* Nor may the filter's columns lead SQLite away from the caller's own rows: a source has a million. A unary plus before
 * the whole of it is no condition that an index could serve. */
static int add_filter(Call *c, const ObjectDef *object, const char *text, bool few, Sql *sql)
{
	ExprFault fault = {0};
	Expr *expr = expr_parse(c, object, text, strlen(text), &fault);
	if (expr == NULL)
		return fault_filter(c, &fault);
	if (expr_type(expr) != EXPR_BOOL)
		return call_fault(c, "filter", "not_a_condition", "A filter must be true or false for each record.",
		                  "筛选条件必须是一个判断式。");
	if (!expr_sql_possible(expr, &fault))
		return fault_filter(c, &fault);
	ExprEnv env = {.now_ms = c->now_ms, .utc_offset_min = COMPANY_OFFSET_MIN, .me = c->who.user};
	if (few && !sql->postgres)
		sql_add(sql, " AND +(");
	else
		sql_add(sql, " AND (");
	expr_sql(expr, sql, "t", &env);
	sql_add(sql, ")");
	return 0;
}

/* %text% with the wildcards of LIKE taken literally. */
static Value like_pattern(Call *c, const char *text)
{
	Buf *b = buf_new(c, 4096);
	buf_putc(b, '%');
	for (; *text != '\0'; text++) {
		if (strchr("%_\\", *text) != NULL)
			buf_putc(b, '\\');
		buf_putc(b, *text);
	}
	buf_putc(b, '%');
	return value_text_n(b->data, b->len);
}

static size_t count_characters(const char *text)
{
	size_t n = 0;
	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* ASCII letters match in either case on both engines. */
static void add_like(Sql *sql, const FieldDef *f, Value pattern)
{
	sql_name_of(sql, "t", f->name);
	if (sql->postgres)
		sql_add(sql, " ILIKE ");
	else
		sql_add(sql, " LIKE ");
	sql_arg(sql, pattern);
	sql_add(sql, " ESCAPE '\\'");
}

static int add_search(Call *c, const ObjectDef *object, const char *text, Sql *sql)
{
	if (!utf8_valid(text, strlen(text)) || count_characters(text) > RECORD_SEARCH_MAX)
		return call_fault(c, "search", "too_long", "At most %d characters can be searched for.", "搜索内容最多 %d 个字符。",
		                  RECORD_SEARCH_MAX);
	Value pattern = like_pattern(c, text);
	bool first = true;
	sql_add(sql, " AND (");
	for (int i = 0; i < object->n_fields; i++) {
		const FieldDef *f = &object->fields[i];
		if (!f->searchable || f->hidden || meta_value_type(f) != VALUE_TEXT)
			continue;
		if (!first)
			sql_add(sql, " OR ");
		add_like(sql, f, pattern);
		first = false;
	}
	if (first)
		sql_add(sql, "1 = 0");
	sql_add(sql, ")");
	return 0;
}

/* --- the whole query --- */

static int add_conditions(Call *c, const ObjectDef *object, const RecordQuery *q, Sql *sql)
{
	sql_add(sql, " FROM ");
	sql_name(sql, object->table);
	if (q->bin)
		sql_add(sql, " t WHERE t.deleted_at IS NOT NULL");
	else
		sql_add(sql, " t WHERE t.deleted_at IS NULL");
	bool few = false;
	int r = q->as_house ? 0 : access_finds_few(c, object, &few);
	if (r == 0 && q->filter != NULL && *q->filter != '\0')
		r = add_filter(c, object, q->filter, few, sql);
	if (r == 0 && q->search != NULL && *q->search != '\0')
		r = add_search(c, object, q->search, sql);
	if (r == 0 && !q->as_house)
		r = access_sql(c, object, sql, "t");
	return r;
}

static int query_object(Call *c, const RecordQuery *q, const ObjectDef **ret)
{
	const ObjectDef *object = meta_object_of(c, q->object);
	assert(object != NULL);
	*ret = object;
	return q->as_house ? 0 : gate_check(c, object->read_right);
}

static int refuse_cursor(Call *c)
{
	return call_fault(c, "after", "bad_cursor", "This cursor does not belong to this list; begin again without it.",
	                  "分页游标无效，请从第一页重新开始。");
}

static int build(Call *c, const Plan *plan, const RecordQuery *q, Sort *sort, Sql *sql)
{
	sql_add(sql, "SELECT ");
	sql_add_literal(sql, plan->columns);
	int r = add_conditions(c, plan->object, q, sql);
	if (r < 0)
		return r;
	const char *first = sort->keys[0].field->name;
	sort->by_owner = !q->as_house && access_sorts_own_rows(c, plan->object, first);
	sort->in_index = q->as_house || access_walks_index(c, plan->object, first);
	if (q->after != NULL && *q->after != '\0') {
		Value values[RECORD_SORT_MAX + 1];
		if (!cursor_read(c, plan->object, sort, q->after, values))
			return refuse_cursor(c);
		add_keyset(sql, sort, values);
	}
	add_order(sql, sort);
	return 0;
}

static int limit_of(const RecordQuery *q)
{
	if (q->limit <= 0)
		return LIMIT_PAGE_DEFAULT;
	return q->limit < LIMIT_PAGE ? q->limit : LIMIT_PAGE;
}

static int read_page(Call *c, const Plan *plan, const Sort *sort, Rows *rows, int limit, RecordPage *ret)
{
	RecordPage page = {.items = talloc_array(c, Record *, (unsigned)limit)};
	assert(page.items != NULL);
	bool more = false;
	while (rows_next(rows)) {
		more = page.n == limit;
		if (more)
			break;
		page.items[page.n++] = record_from_row(page.items, plan, rows);
	}
	if (!more && rows_error(rows) < 0)
		return call_store_failed(c, rows_error(rows));
	page.next = more ? cursor_write(c, plan->object, sort, page.items[page.n - 1]) : NULL;
	*ret = page;
	return 0;
}

/* A list on its way: made by listing_sql. */
typedef struct {
	const Plan *plan;
	Sort sort;
	int limit;
	Sql *sql;
} Listing;

static int listing_sql(Call *c, const RecordQuery *q, Listing *ret)
{
	const ObjectDef *object;
	int r = query_object(c, q, &object);
	if (r == 0)
		r = sort_parse(c, object, q->sort, &ret->sort);
	if (r < 0)
		return r;
	ret->plan = plan_of(c, object);
	ret->limit = limit_of(q);
	ret->sql = sql_new(c, tx_is_postgres(c->tx));
	r = build(c, ret->plan, q, &ret->sort, ret->sql);
	if (r < 0)
		return r;
	sql_add(ret->sql, " LIMIT ");
	sql_arg(ret->sql, value_int(ret->limit + 1));
	return 0;
}

int record_query_sql(Call *c, const RecordQuery *q, Sql **ret)
{
	Listing list;
	int r = listing_sql(c, q, &list);
	if (r == 0)
		*ret = list.sql;
	return r;
}

int record_query(Call *c, const RecordQuery *q, RecordPage *ret)
{
	Listing list;
	ROWS rows = NULL;
	int r = listing_sql(c, q, &list);
	if (r < 0)
		return r;
	r = sql_query(c->tx, &rows, list.sql);
	if (r < 0)
		return call_store_failed(c, r);
	return read_page(c, list.plan, &list.sort, rows, list.limit, ret);
}

static void row_write(const Plan *plan, const Rows *rows, JsonOut *out)
{
	json_object_begin(out);
	for (int i = 0; i < plan->object->n_fields; i++) {
		const FieldDef *field = &plan->object->fields[i];
		if (field->hidden)
			continue;
		Value cell = rows_value(rows, i, plan->types[i], plan->scales[i]);
		json_key(out, field->name);
		value_write(field, &cell, out);
	}
	json_object_end(out);
}

/* The rows of a page as an array; *ret_last: its last one if there are more. */
static int rows_write(Call *c, const Listing *list, Rows *rows, JsonOut *out, const Record **ret_last)
{
	Record *last = NULL;
	bool more = false;
	json_array_begin(out);
	for (int n = 0; rows_next(rows); n++) {
		more = n == list->limit;
		if (more)
			break;
		row_write(list->plan, rows, out);
		if (n + 1 == list->limit)
			last = record_from_row(c, list->plan, rows);
	}
	json_array_end(out);
	if (!more && rows_error(rows) < 0)
		return call_store_failed(c, rows_error(rows));
	*ret_last = more ? last : NULL;
	return 0;
}

int record_query_write(Call *c, const RecordQuery *q, JsonOut *out, const char **ret_next)
{
	Listing list;
	ROWS rows = NULL;
	const Record *last = NULL;
	int r = listing_sql(c, q, &list);
	if (r < 0)
		return r;
	r = sql_query(c->tx, &rows, list.sql);
	if (r < 0)
		return call_store_failed(c, r);
	json_object_begin(out);
	json_key(out, "items");
	r = rows_write(c, &list, rows, out, &last);
	if (r < 0)
		return r;
	const char *next = last != NULL ? cursor_write(c, list.plan->object, &list.sort, last) : NULL;
	json_member_text(out, "next", next);
	json_object_end(out);
	*ret_next = next;
	return 0;
}

int record_count(Call *c, const RecordQuery *q, int64_t max, int64_t *ret)
{
	const ObjectDef *object;
	int r = query_object(c, q, &object);
	if (r < 0)
		return r;
	Sql *sql = sql_new(c, tx_is_postgres(c->tx));
	sql_add(sql, "SELECT COUNT(*) FROM (SELECT 1");
	r = add_conditions(c, object, q, sql);
	if (r < 0)
		return r;
	sql_add(sql, " LIMIT ");
	sql_arg(sql, value_int(max));
	sql_add(sql, ") bounded");
	ROWS rows = NULL;
	r = sql_query(c->tx, &rows, sql);
	if (r == 0 && rows_next(rows))
		*ret = rows_int(rows, 0);
	else if (r == 0)
		r = rows_error(rows) < 0 ? rows_error(rows) : ERR_INTERNAL;
	return call_store_failed(c, r);
}
