/* libFuzzer: any bytes are a formula. What parses is computed, printed and parsed again: the normal form must be a fixed point
 * of the same type, and SQL must either be possible or be refused. */
#include "expr/expr.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "meta/meta_int.h"

#define TEXT_MAX (1024 * 1024)
#define OUT_MAX (64 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const FieldDef fields[] = {
	{.name = "id", .zh = "编号", .en = "ID", .type = FIELD_REF, .index = 0},
	{.name = "name", .zh = "姓名", .en = "Name", .type = FIELD_TEXT, .index = 1},
	{.name = "count", .zh = "数量", .en = "Count", .type = FIELD_INT, .index = 2},
	{.name = "amount", .zh = "金额", .en = "Amount", .type = FIELD_MONEY, .scale = 4, .index = 3},
	{.name = "flag", .zh = "标记", .en = "Flag", .type = FIELD_BOOL, .index = 4},
	{.name = "touched_at", .zh = "联系", .en = "Touched", .type = FIELD_TIME, .index = 5},
	{.name = "birthday", .zh = "生日", .en = "Birthday", .type = FIELD_DATE, .index = 6},
	{.name = "blank", .zh = "空白", .en = "Blank", .type = FIELD_TEXT, .index = 7},
};

/* The object, its fields entered by name. */
static ObjectDef thing(uint16_t by_name[static META_SLOTS])
{
	memset(by_name, 0, META_SLOTS * sizeof *by_name);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		field_enter(&fields[i], by_name);
	return (ObjectDef){.name = "thing", .table = "thing", .zh = "东西", .en = "Thing", .title = "name", .fields = fields,
		.n_fields = ARRAY_LEN(fields), .by_name = by_name, .scope = "all"};
}

static void compute(TALLOC_CTX *ctx, const Expr *expr, const ExprEnv *env)
{
	const Value values[ARRAY_LEN(fields)] = {value_id(id_new(1)), value_text("Ann 王"), value_int(INT64_MAX),
		value_decimal(INT64_MIN, 4), value_bool(true), value_time(1), value_text("1990-02-28"), value_null()};
	Value result = value_null();
	ExprFault fault;
	(void)expr_eval(ctx, expr, values, env, &result);
	bool holds = expr_holds(expr, values, env);
	assert(!holds || (result.type == VALUE_BOOL && result.i));
	for (int postgres = 0; postgres < 2; postgres++) {
		Sql *sql = sql_new(ctx, postgres);
		expr_sql(expr, sql, "t", env);
		assert(expr_sql_possible(expr, &fault) || sql_failed(sql));
	}
}

static const char *normal_form(TALLOC_CTX *ctx, const Expr *expr)
{
	Buf *text = buf_new(ctx, TEXT_MAX);
	expr_write_text(expr, text);
	assert(!buf_failed(text));
	return text->data;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const ExprEnv env = {.now_ms = INT64_C(1795401000000), .utc_offset_min = 480, .me = id_new(1)};
	TALLOC_CTX *ctx = talloc_new(NULL);
	ExprFault fault = {0};
	uint16_t by_name[META_SLOTS];
	const ObjectDef object = thing(by_name);
	Expr *expr = expr_parse(ctx, &object, (const char *)data, size, &fault);
	if (!expr)
		assert(fault.code && fault.en && fault.zh && fault.offset >= 0);
	if (expr) {
		compute(ctx, expr, &env);
		Buf *ast = buf_new(ctx, TEXT_MAX);
		JsonOut out = json_out(ast);
		expr_write_ast(expr, &out);
		JsonFault json;
		assert(json_check(ast->data, ast->len, LIMIT_JSON_DEPTH, &json));
		/* A normal form may be longer than a formula may be: percent signs and signs are written out. */
		const char *text = normal_form(ctx, expr);
		Expr *again = strlen(text) <= LIMIT_EXPR_TEXT ? expr_parse(ctx, &object, text, strlen(text), &fault) : expr;
		assert(again || strcmp(fault.code, "too_deep") == 0);
		assert(!again || strcmp(normal_form(ctx, again), text) == 0);
		assert(!again || expr_type(again) == expr_type(expr));
	}
	talloc_free(ctx);
	return 0;
}
