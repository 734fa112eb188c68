/* The back-ends agree: random well-typed formulas (fixed seed) on random records, computed in memory and by SQL, must
 * give the same. Runs on SQLite, and on PostgreSQL too when TENON_TEST_DATABASE names one. */
#include "expr/expr_int.h"

#include <string.h>

#include "base/check.h"
#include "expr/expr_test.h"
#include "store/test_store.h"

#define SEED 20261123
#define RECORDS 60
#define FORMULAS 400
#define DEPTH 5
#define FORMULA_MAX 8000

typedef struct {
	TestThing *thing;
	GRand *random;
	Id people[3];
	Value *records[RECORDS];
	int64_t pairs, blanks, trues;
	int refused, failed;
} Agree;

static int pick(Agree *a, int n)
{
	return g_rand_int_range(a->random, 0, n);
}

/* Random records */

static const char *const words[] = {"", "a", "A", "b", "ab", "aB", "ba", "王", "王a", " 王\u3000", "😀", "%", "_", "a%b",
	"a'b", "a\"b", "\\", "Ä", "ä", "上海", "上海市", "new", "\t"};
static const char *const days[] = {"1969-12-31", "2024-02-29", "2026-11-22", "2026-11-23", "2026-11-24"};

static Value random_value(Agree *a, const FieldDef *field)
{
	static const int64_t near[] = {0, 1, -1, 2, 3, -3, 10, 42, 99, 100, 123456, -123456};
	int64_t number = pick(a, 4) ? near[pick(a, ARRAY_LEN(near))] : (int64_t)g_rand_int(a->random) * 2000;
	if (pick(a, 4) == 0)
		return value_null();
	switch (meta_value_type(field)) {
	case VALUE_INT:
		return value_int(number);
	case VALUE_DECIMAL:
		return value_decimal(pick(a, 2) ? number * 10000 : number, meta_scale(field));
	case VALUE_BOOL:
		return value_bool(pick(a, 2));
	case VALUE_TIME:
		return value_time(a->thing->env.now_ms + (pick(a, 9) - 5) * DAY_MS +
			(pick(a, 3) - 1) * (pick(a, 2) ? 1 : HOUR_MS));
	case VALUE_ID:
		return value_id(a->people[pick(a, 3)]);
	default:
		if (field->type == FIELD_CHOICE)
			return value_text(pick(a, 2) ? "new" : "won");
		if (field->type == FIELD_DATE)
			return value_text(days[pick(a, ARRAY_LEN(days))]);
		return value_text(words[pick(a, ARRAY_LEN(words))]);
	}
}

static void make_records(Agree *a)
{
	const ObjectDef *object = a->thing->object;
	for (int k = 0; k < RECORDS; k++) {
		a->records[k] = talloc_zero_array(a->thing, Value, (unsigned)object->n_fields);
		for (int i = FIELD_AT_OWN; i < object->n_fields; i++)
			a->records[k][i] = random_value(a, &object->fields[i]);
		a->records[k][FIELD_AT_ID] = value_id(id_new(k + 1));
		a->records[k][FIELD_AT_VERSION] = value_int(k);
		a->records[k][FIELD_AT_CREATED_AT] = a->records[k][FIELD_AT_UPDATED_AT] = value_time(k);
	}
}

/* Random formulas */

static void make(Agree *a, Buf *out, ExprType type, int depth);

static void make_call(Agree *a, Buf *out, const char *name, const ExprType *types, int n, int depth)
{
	buf_printf(out, "%s(", name);
	for (int i = 0; i < n; i++) {
		buf_puts(out, i ? ", " : "");
		make(a, out, types[i], depth - 1);
	}
	buf_putc(out, ')');
}

static void make_infix(Agree *a, Buf *out, const char *sign, ExprType type, int depth)
{
	buf_putc(out, '(');
	make(a, out, type, depth - 1);
	buf_printf(out, " %s ", sign);
	make(a, out, type, depth - 1);
	buf_putc(out, ')');
}

static void make_quoted(Buf *out, const char *word)
{
	buf_putc(out, '"');
	for (; *word; word++)
		buf_puts(out, *word == '"' ? "\"\"" : (char[]){*word, 0});
	buf_putc(out, '"');
}

static void make_leaf(Agree *a, Buf *out, ExprType type)
{
	static const char *const numbers[] = {"count", "empty_count", "amount", "price", "len", "version"};
	static const char *const texts[] = {"name", "other", "stage", "empty_text"};
	static const char *const times[] = {"touched_at", "due_at", "NOW()", "TODAY()", "DATE(\"2026-11-22\")",
		"created_at"};
	static const char *const ids[] = {"owner", "parent", "ME()", "id"};
	bool literal = pick(a, 3) == 0;
	char id[ID_TEXT_SIZE];
	switch (type) {
	case EXPR_BOOL:
		buf_puts(out, literal ? (pick(a, 2) ? "TRUE" : "FALSE") : pick(a, 2) ? "flag" : "empty_flag");
		break;
	case EXPR_INT:
		buf_puts(out, pick(a, 2) ? "count" : "len");
		break;
	case EXPR_DECIMAL:
		if (literal)
			buf_printf(out, pick(a, 2) ? "%d" : "%d.5", pick(a, 200) - 100);
		else
			buf_puts(out, numbers[pick(a, ARRAY_LEN(numbers))]);
		break;
	case EXPR_TEXT:
		if (literal)
			make_quoted(out, words[pick(a, ARRAY_LEN(words))]);
		else
			buf_puts(out, texts[pick(a, ARRAY_LEN(texts))]);
		break;
	case EXPR_TIME:
		buf_puts(out, times[pick(a, ARRAY_LEN(times))]);
		break;
	default:
		if (literal)
			buf_printf(out, "COALESCE(owner, \"%s\")", id_text(a->people[pick(a, 3)], id));
		else
			buf_puts(out, ids[pick(a, ARRAY_LEN(ids))]);
	}
}

static ExprType any_type(Agree *a)
{
	static const ExprType types[] = {EXPR_BOOL, EXPR_DECIMAL, EXPR_TEXT, EXPR_TIME, EXPR_ID};
	return types[pick(a, ARRAY_LEN(types))];
}

static void make_compare(Agree *a, Buf *out, int depth)
{
	static const char *const signs[] = {"=", "<>", "<", "<=", ">", ">="};
	ExprType type = any_type(a);
	bool ordered = type != EXPR_BOOL && type != EXPR_ID;
	switch (pick(a, 8)) {
	case 0:
		buf_printf(out, "(birthday %s %s)", signs[pick(a, 6)],
			pick(a, 2) ? "TODAY()" : pick(a, 2) ? "day" : "\"2024-02-29\"");
		break;
	case 1:
		buf_printf(out, "(stage %s \"%s\")", signs[pick(a, 6)], pick(a, 2) ? "new" : "won");
		break;
	case 2:
		buf_putc(out, '(');
		make(a, out, type, depth - 1);
		buf_puts(out, pick(a, 2) ? " IN (" : " NOT IN (");
		make(a, out, type, depth - 1);
		buf_puts(out, ", ");
		make(a, out, type, 0);
		buf_puts(out, "))");
		break;
	default:
		make_infix(a, out, signs[pick(a, ordered ? 6 : 2)], type, depth);
	}
}

static void make_bool(Agree *a, Buf *out, int depth)
{
	static const ExprType two[] = {EXPR_BOOL, EXPR_BOOL, EXPR_BOOL}, texts[] = {EXPR_TEXT, EXPR_TEXT};
	static const char *const finds[] = {"CONTAINS", "STARTS_WITH", "ENDS_WITH"};
	switch (pick(a, 8)) {
	case 0:
		make_call(a, out, pick(a, 2) ? "AND" : "OR", two, 2 + pick(a, 2), depth);
		break;
	case 1:
		make_infix(a, out, pick(a, 2) ? "AND" : "OR", EXPR_BOOL, depth);
		break;
	case 2:
		make_call(a, out, "NOT", two, 1, depth);
		break;
	case 3:
		make_call(a, out, finds[pick(a, 3)], texts, 2, depth);
		break;
	case 4: {
		ExprType type = any_type(a);
		make_call(a, out, "ISBLANK", &type, 1, depth);
		break;
	}
	default:
		make_compare(a, out, depth);
	}
}

static void make_number(Agree *a, Buf *out, int depth)
{
	static const ExprType text = EXPR_TEXT, time = EXPR_TIME;
	switch (pick(a, 7)) {
	case 0:
	case 1:
		make_infix(a, out, pick(a, 2) ? "+" : "-", EXPR_DECIMAL, depth);
		break;
	case 2:
		buf_puts(out, "(0.03 * ");
		make(a, out, EXPR_DECIMAL, 0);
		buf_putc(out, ')');
		break;
	case 3:
		buf_puts(out, "-(");
		make(a, out, EXPR_DECIMAL, depth - 1);
		buf_putc(out, ')');
		break;
	case 4:
		make_call(a, out, "LEN", &text, 1, depth);
		break;
	default:
		make_call(a, out, pick(a, 2) ? "DAYS_SINCE" : "HOURS_SINCE", &time, 1, depth);
	}
}

static void make(Agree *a, Buf *out, ExprType type, int depth)
{
	static const char *const text_calls[] = {"LOWER", "UPPER", "TRIM"};
	const ExprType either[] = {EXPR_BOOL, type, type};
	int kind = pick(a, 6);
	if (depth <= 0 || pick(a, 8) == 0)
		make_leaf(a, out, type);
	else if (kind == 0)
		make_call(a, out, "IF", either, 3, depth);
	else if (kind == 1)
		make_call(a, out, "COALESCE", either + 1, 2, depth);
	else if (type == EXPR_BOOL)
		make_bool(a, out, depth);
	else if (type == EXPR_DECIMAL)
		make_number(a, out, depth);
	else if (type == EXPR_TEXT && kind < 4)
		make_call(a, out, text_calls[pick(a, 3)], &type, 1, depth);
	else if (type == EXPR_TEXT)
		make_infix(a, out, "&", EXPR_TEXT, depth);
	else
		make_leaf(a, out, type);
}

/* Comparing */

static bool same(const Value *memory, const Value *sql, ExprType type)
{
	if (type == EXPR_BOOL)
		return (memory->type == VALUE_BOOL && memory->i) == (sql->type == VALUE_INT && sql->i);
	if (value_is_null(memory) || value_is_null(sql))
		return value_is_null(memory) && value_is_null(sql);
	if (type == EXPR_INT || type == EXPR_DECIMAL)
		return number_compare(memory, sql) == 0;
	return value_equal(memory, sql);
}

static Value read_result(const Rows *rows, const Expr *expr)
{
	static const ValueType held[] = {[EXPR_BOOL] = VALUE_INT, [EXPR_INT] = VALUE_INT, [EXPR_DECIMAL] = VALUE_DECIMAL,
		[EXPR_TEXT] = VALUE_TEXT, [EXPR_TIME] = VALUE_TIME, [EXPR_ID] = VALUE_ID, [EXPR_NULL] = VALUE_TEXT};
	return rows_value(rows, 1, held[expr_type(expr)], expr_scale(expr));
}

static void compare_rows(Agree *a, Rows *rows, const Expr *expr, const char *text)
{
	int seen = 0;
	while (rows_next(rows)) {
		TALLOC_CTX *ctx = talloc_new(NULL);
		int k = (int)rows_int(rows, 0);
		Value memory, sql = read_result(rows, expr);
		seen++;
		if (expr_eval(ctx, expr, a->records[k], &a->thing->env, &memory) < 0)
			g_error("%s fails in memory on record %d", text, k);
		if (!same(&memory, &sql, expr_type(expr)))
			g_error("%s on record %d: memory has type %d, %lld; SQL has type %d, %lld", text, k, memory.type,
				(long long)memory.i, sql.type, (long long)sql.i);
		a->pairs++;
		a->blanks += value_is_null(&memory);
		a->trues += memory.type == VALUE_BOOL && memory.i;
		talloc_free(ctx);
	}
	CHECK_INT(rows_error(rows), 0);
	CHECK_INT(seen, RECORDS);
}

static void compare_formula(Agree *a, Tx *tx, const char *text)
{
	ExprFault fault;
	TALLOC_CTX *ctx = talloc_new(NULL);
	Expr *expr = expr_parse(ctx, a->thing->object, text, strlen(text), &fault);
	/* Random words meet the choice field now and then. */
	if (!expr && strcmp(fault.code, "unknown_choice") != 0)
		g_error("%s: at %d %s", text, fault.offset, fault.en);
	if (!expr || !expr_sql_possible(expr, &fault)) {
		a->refused++;
		talloc_free(ctx);
		return;
	}
	Sql *sql = sql_new(ctx, tx_is_postgres(tx));
	bool condition = expr_type(expr) == EXPR_BOOL;
	sql_add(sql, "SELECT t.version, ");
	if (condition)
		sql_add(sql, "CASE WHEN ");
	expr_sql(expr, sql, "t", &a->thing->env);
	if (condition)
		sql_add(sql, " THEN 1 ELSE 0 END");
	sql_add(sql, " FROM thing t ORDER BY t.version");
	ROWS rows = NULL;
	if (sql_failed(sql)) {
		a->failed++;
	} else {
		if (sql_query(tx, &rows, sql) < 0)
			g_error("%s: %s\n%s", text, tx_error(tx), sql->text->data);
		compare_rows(a, rows, expr, text);
	}
	rows_close(&rows);
	talloc_free(ctx);
}

static int insert_job(Tx *tx, void *arg)
{
	Agree *a = arg;
	const ObjectDef *object = a->thing->object;
	int r = 0;
	for (int k = 0; r == 0 && k < RECORDS; k++) {
		Sql *sql = sql_new(tx_mem(tx), tx_is_postgres(tx));
		sql_add(sql, "INSERT INTO thing VALUES (");
		for (int i = 0; i < object->n_fields; i++) {
			if (i > 0)
				sql_add(sql, ", ");
			sql_arg(sql, a->records[k][i]);
		}
		sql_add(sql, ")");
		r = sql_exec(tx, sql);
	}
	return r;
}

static int compare_job(Tx *tx, void *arg)
{
	static const ExprType types[] = {EXPR_BOOL, EXPR_BOOL, EXPR_BOOL, EXPR_DECIMAL, EXPR_TEXT, EXPR_TIME, EXPR_ID};
	Agree *a = arg;
	for (int i = 0; i < FORMULAS; i++) {
		Buf *text = buf_new(NULL, FORMULA_MAX);
		make(a, text, types[i % (int)ARRAY_LEN(types)], 1 + pick(a, DEPTH));
		if (!buf_failed(text))
			compare_formula(a, tx, text->data);
		talloc_free(text);
	}
	return 0;
}

/* Each form nested into itself until sql_limit.c says no: what it still allows, SQLite's parser must take, in a place
 * as deep as a list query may have it. */
static int deepest_job(Tx *tx, void *arg)
{
	static const struct {
		const char *before, *middle, *after;
	} forms[] = {
		{"NOT ", "flag", ""}, {"NOT (flag AND ", "flag", ")"}, {"(flag OR (flag AND ", "flag", "))"},
		{"IF(flag, ", "count", ", 2) + 1"},
		{"IF(", "flag", ", flag, flag)"}, {"IF(flag, 1, ", "count", ")"}, {"1 - (", "count", ")"}, {"-(", "count", ")"},
		{"LOWER(", "name", ")"}, {"(\"a\" & ", "name", " & other & \"b\")"}, {"COALESCE(other, ", "name", ")"},
		{"ENDS_WITH(\"a\", IF(", "flag", ", name, other))"}, {"CONTAINS(\"a\", IF(", "flag", ", name, other))"},
		{"(flag = ", "flag", ")"}, {"(name IN (other, IF(", "flag", ", name, other)))"}, {"ISBLANK(", "name", ")"},
		{"0.5 * (", "count", ")"}, {"(LEN(IF(", "flag", ", name, other)) > 1)"},
		{"(DAYS_SINCE(IF(", "flag", ", due_at, NOW())) > 1)"},
	};
	Agree *a = arg;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		int accepted = 0;
		for (int n = 1; n < EXPR_TREE_DEPTH / 2; n++) {
			TALLOC_CTX *ctx = talloc_new(NULL);
			Buf *text = buf_new(ctx, FORMULA_MAX);
			ExprFault fault;
			for (int k = 0; k < n; k++)
				buf_puts(text, forms[i].before);
			buf_puts(text, forms[i].middle);
			for (int k = 0; k < n; k++)
				buf_puts(text, forms[i].after);
			Expr *expr = expr_parse(ctx, a->thing->object, text->data, text->len, &fault);
			Sql *sql = sql_new(ctx, tx_is_postgres(tx));
			if (expr && expr_sql_possible(expr, &fault)) {
				sql_add(sql, "SELECT t.version FROM thing t WHERE (t.version >= 0 AND ((t.version > 1) AND ((");
				expr_sql(expr, sql, "t", &a->thing->env);
				sql_add(sql, ") IS NOT NULL)))");
				ROWS rows = NULL;
				if (!sql_failed(sql) && sql_query(tx, &rows, sql) < 0)
					g_error("%d times %s: %s", n, forms[i].before, tx_error(tx));
				accepted = sql_failed(sql) ? accepted : n;
			}
			talloc_free(ctx);
		}
		g_test_message("%s nests %d times", forms[i].before, accepted);
		CHECK(accepted >= 2);
	}
	return 0;
}

static void check_agreement(bool postgres)
{
	TestStore *place = test_store_open(NULL, postgres, NULL);
	if (!place)
		return;
	Store *store = place->store;
	Agree a = {.thing = thing_new(), .random = g_rand_new_with_seed(SEED)};
	const char *seed = g_getenv("TENON_TEST_SEED");
	if (seed)
		g_rand_set_seed(a.random, (guint32)g_ascii_strtoull(seed, NULL, 10));
	char *error = NULL;
	Meta *meta = meta_open_packs(a.thing, store, thing_packs, &error);
	CHECK_TEXT(error, NULL);
	a.people[0] = a.thing->env.me;
	a.people[1] = id_new(2);
	a.people[2] = id_new(3);
	make_records(&a);
	CHECK_INT(store_write_wait(store, insert_job, &a), 0);
	CHECK_INT(store_read_wait(store, compare_job, &a), 0);
	CHECK_INT(store_read_wait(store, deepest_job, &a), 0);
	g_test_message("%lld pairs, %lld blank, %lld true; %d formulas refused, %d too long", (long long)a.pairs,
		(long long)a.blanks, (long long)a.trues, a.refused, a.failed);
	/* The comparison is worth something only if much was compared and results differ. */
	CHECK(a.pairs >= 10000 && a.trues > a.pairs / 20 && a.blanks > a.pairs / 50);
	talloc_free(meta);
	test_store_close(place);
	g_rand_free(a.random);
	thing_free(a.thing);
}

TEST(expr, memory_and_sqlite_agree)
{
	check_agreement(false);
}

TEST(expr, memory_and_postgres_agree)
{
	check_agreement(true);
}
