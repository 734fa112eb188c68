/* What formulas mean, one sentence a row, and what is said when they are wrong. */
#include "expr/expr_int.h"

#include <string.h>

#include "base/check.h"
#include "expr/expr_test.h"

#define EXPECT_MAX 4096

typedef struct {
	const char *text, *expected;
} Row;

/* The result as text: numbers and texts as they are, NULL, TRUE, FALSE. */
static const char *result_text(TALLOC_CTX *ctx, const Value *v)
{
	static const Expr empty;
	Expr literal = empty;
	Node node = {.kind = NODE_LITERAL, .literal = *v};
	literal.root = &node;
	Buf *out = buf_new(ctx, EXPECT_MAX);
	expr_write_text(&literal, out);
	return out->data;
}

static void check_results(const Row *rows, size_t n)
{
	TestThing *t = thing_new();
	for (size_t i = 0; i < n; i++) {
		ExprFault fault = {0};
		Value v;
		Expr *expr = expr_parse(t, t->object, rows[i].text, strlen(rows[i].text), &fault);
		if (!expr)
			g_error("%s: %s", rows[i].text, fault.en);
		const char *got = expr_eval(t, expr, t->values, &t->env, &v) < 0 ? "ERROR" : result_text(t, &v);
		if (strcmp(got, rows[i].expected) != 0)
			g_error("%s gives %s, not %s", rows[i].text, got, rows[i].expected);
	}
	thing_free(t);
}

TEST(expr, computes_exactly)
{
	static const Row rows[] = {
		{"1 + 2 * 3", "7"}, {"(1 + 2) * 3", "9"}, {"10 - 3 - 2", "5"}, {"10 - (3 - 2)", "9"}, {"-3 + 1", "-2"},
		{"-(count)", "-42"},
		{"0.1 + 0.2 = 0.3", "TRUE"}, {"1.10 * 3%", "0.0330"}, {"1 / 3", "0.3333333333"}, {"2 / 3", "0.6666666667"},
		{"-2 / 3", "-0.6666666667"}, {"1 / 8", "0.1250000000"}, {"5 / 0", "ERROR"},
		{"100000000000000000 / 1", "100000000000000000.0"},
		{"0.0000000005 * 0.1", "0.0000000001"}, {"-0.0000000005 * 0.1", "-0.0000000001"},
		{"0.0000000004 * 0.1", "0.0000000000"},
		{"999999999999999999 * 999999999999999999", "ERROR"}, {"amount * 3%", "30.000000"}, {"amount + 1", "1001.0000"},
		{"1.50 = 1.5", "TRUE"}, {"2 > 1.999", "TRUE"}, {"count = 42.0", "TRUE"}, {"empty_count + 1", "NULL"},
	};
	check_results(rows, ARRAY_LEN(rows));
}

TEST(expr, takes_blank_for_false_in_comparisons)
{
	static const Row rows[] = {
		{"empty_text = \"a\"", "FALSE"}, {"empty_text <> \"a\"", "FALSE"}, {"NOT empty_text = \"a\"", "TRUE"},
		{"empty_count < 1", "FALSE"}, {"empty_count >= 1", "FALSE"}, {"empty_text IN (\"a\")", "FALSE"},
		{"empty_text NOT IN (\"a\")", "TRUE"}, {"empty_flag", "NULL"}, {"NOT empty_flag", "TRUE"},
		{"empty_flag AND TRUE", "FALSE"},
		{"empty_flag OR TRUE", "TRUE"}, {"IF(empty_flag, 1, 2)", "2"}, {"ISBLANK(empty_text)", "TRUE"},
		{"ISBLANK(\"\")", "TRUE"},
		{"ISBLANK(name)", "FALSE"}, {"COALESCE(empty_text, \"\", \"x\")", "\"x\""}, {"COALESCE(empty_count, 5)", "5"},
		{"name & empty_text & \"!\"", "\"Ann 王!\""}, {"LEN(empty_text)", "0"}, {"LOWER(empty_text)", "NULL"},
		{"CONTAINS(empty_text, \"\")", "FALSE"}, {"name = NULL", "FALSE"}, {"NULL <> NULL", "FALSE"},
		{"DAYS_SINCE(empty_time)", "NULL"},
	};
	check_results(rows, ARRAY_LEN(rows));
}

TEST(expr, works_on_texts_by_code_points)
{
	static const Row rows[] = {
		{"LEN(name)", "5"}, {"LEN(\"😀王\")", "2"}, {"UPPER(name)", "\"ANN 王\""}, {"LOWER(\"ÄB\")", "\"Äb\""},
		{"CONTAINS(name, \"王\")", "TRUE"}, {"CONTAINS(name, \"ann\")", "FALSE"}, {"CONTAINS(\"a%b\", \"%\")", "TRUE"},
		{"CONTAINS(\"ab\", \"%\")", "FALSE"}, {"CONTAINS(\"a_b\", \"a_\")", "TRUE"},
		{"STARTS_WITH(name, \"Ann\")", "TRUE"},
		{"STARTS_WITH(name, \"nn\")", "FALSE"}, {"ENDS_WITH(name, \"王\")", "TRUE"}, {"ENDS_WITH(name, \"\")", "TRUE"},
		{"ENDS_WITH(\"b\", \"ab\")", "FALSE"}, {"TRIM(\" \u3000a b\t \")", "\"a b\""},
		{"\"say \"\"hi\"\"\"", "\"say \"\"hi\"\"\""},
		{"\"a\" < \"b\"", "TRUE"}, {"\"Z\" < \"a\"", "TRUE"}, {"\"王\" > \"z\"", "TRUE"}, {"\"a\" < \"ab\"", "TRUE"},
	};
	check_results(rows, ARRAY_LEN(rows));
}

TEST(expr, knows_days_and_the_company_clock)
{
	/* It is 2026-11-23T02:30:00Z, 10:30 in Shanghai; touched_at is 49 hours before. */
	static const Row rows[] = {
		{"DAYS_SINCE(touched_at)", "2"}, {"HOURS_SINCE(touched_at)", "49"}, {"DAYS_SINCE(due_at)", "-1"},
		{"TODAY() = \"2026-11-22T16:00:00Z\"", "TRUE"}, {"DATE(\"2026-11-23\") = TODAY()", "TRUE"},
		{"NOW() > TODAY()", "TRUE"},
		{"touched_at < \"2026-11-21\"", "FALSE"}, {"touched_at < DATE(\"2026-11-22\")", "TRUE"},
		{"touched_at = \"2026-11-21T09:30:00+08:00\"", "TRUE"}, {"birthday = TODAY()", "FALSE"},
		{"birthday < TODAY()", "TRUE"},
		{"birthday = \"1990-02-28\"", "TRUE"}, {"birthday IN (DATE(\"1990-02-28\"), TODAY())", "TRUE"},
	};
	check_results(rows, ARRAY_LEN(rows));
}

TEST(expr, speaks_chinese_and_reads_labels)
{
	static const Row rows[] = {
		{"且([姓名] = \"Ann 王\", [数量] > 40)", "TRUE"}, {"或（[姓名]＝“x”，[Count] >= 42）", "TRUE"}, {"非([姓名] = \"x\")", "TRUE"},
		{"如果(包含([姓名], “王”), 1, 2)", "1"}, {"长度([姓名])", "5"}, {"为空([空文本])", "TRUE"}, {"距今天数([上次联系]) ≥ 2", "TRUE"},
		{"[姓名]=\"Ann 王\"且[数量]≠1", "TRUE"}, {"stage 属于 (\"new\", \"won\")", "TRUE"}, {"owner = 我()", "TRUE"},
		{"not count = 1", "TRUE"},
		{"开头是(name, \"A\") and 结尾是(name, \"王\")", "TRUE"},
	};
	check_results(rows, ARRAY_LEN(rows));
}

typedef struct {
	const char *text, *code;
	int offset;
	const char *en, *zh; /* part of the sentence */
} FaultRow;

TEST(expr, says_where_and_what_is_wrong)
{
	static const FaultRow rows[] = {
		{"nmae = \"a\"", "unknown_field", 0, "Did you mean name?", "您是不是指 name"},
		{"1 = 1 AND [姓] = \"a\"", "unknown_field", 11, "no field", "没有字段"},
		{"secret = \"a\"", "unknown_field", 0, "no field", "没有字段"},
		{"[重名] = 1", "ambiguous_field", 1, "Two fields", "两个字段"},
		{"\"王王\" + 1", "type", 0, "+ needs a number here, but this is a text", "+ 这里需要数字，但这是文本"},
		{"name = 5", "type", 7, "a whole number; it cannot be compared or mixed with a text", "这是整数，不能与文本比较"},
		{"owner = \"bob\"", "bad_id", 8, "is no id", "不是编号"}, {"owner < ME()", "type", 6, "no order", "没有大小之分"},
		{"touched_at > \"soon\"", "bad_time", 13, "is no time", "不是时间"},
		{"DATE(\"2026-02-30\") = NOW()", "bad_date", 5, "is no date", "不是日期"},
		{"stage = \"赢单\"", "unknown_choice", 8, "did you mean: won", "您是不是指：won"},
		{"stage = \"x\"", "unknown_choice", 8, "new, won", "new, won"},
		{"FOO(1)", "unknown_function", 0, "no function", "没有名为"},
		{"IF(TRUE, 1)", "arguments", 0, "takes 3 to 3", "需要 3 到 3"},
		{"1 = 1 = 1", "syntax", 6, "cannot follow", "不能连续"},
		{"name = \"a", "syntax", 7, "not closed", "没有结束"}, {"(1 = 1", "syntax", 6, "\")\" is expected", "这里应为"},
		{"1 = 1)", "syntax", 5, "should end", "结束"},
		{"name = ", "syntax", 7, "too early", "不完整"}, {"name = #", "syntax", 7, "no meaning", "没有意义"},
		{"", "syntax", 0, "too early", "不完整"},
		{"owner.team = 1", "path", 5, "related records", "关联记录"}, {"name IN ()", "arguments", 5, "is empty", "空的"},
		{"1234567890123456789 = 1", "number", 0, "too long", "太长"},
		{"settings = \"a\"", "type", 0, "cannot be used", "不能用于公式"},
		{"a\xff", "syntax", 0, "UTF-8", "UTF-8"}, {"IF(name, 1, 2)", "type", 3, "needs a condition", "需要条件"},
	};
	TestThing *t = thing_new();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ExprFault fault = {0};
		if (expr_parse(t, t->object, rows[i].text, strlen(rows[i].text), &fault))
			g_error("\"%s\" is no fault", rows[i].text);
		if (strcmp(fault.code, rows[i].code) != 0 || fault.offset != rows[i].offset || !strstr(fault.en, rows[i].en) ||
			!strstr(fault.zh, rows[i].zh))
			g_error("\"%s\": at %d %s, %s / %s", rows[i].text, fault.offset, fault.code, fault.en, fault.zh);
	}
	thing_free(t);
}

static const char *parse_repeated(TestThing *t, const char *before, int n, const char *middle, const char *after)
{
	Buf *text = buf_new(t, 1024 * 1024);
	ExprFault fault = {.code = "none"};
	for (int i = 0; i < n; i++)
		buf_puts(text, before);
	buf_puts(text, middle);
	for (int i = 0; i < n; i++)
		buf_puts(text, after);
	Expr *expr = expr_parse(t, t->object, text->data, text->len, &fault);
	return expr ? "none" : fault.code;
}

TEST(expr, bounds_length_depth_and_size)
{
	TestThing *t = thing_new();
	CHECK_TEXT(parse_repeated(t, "(", 50, "TRUE", ")"), "none");
	CHECK_TEXT(parse_repeated(t, "(", 4000, "TRUE", ")"), "too_deep");
	CHECK_TEXT(parse_repeated(t, "NOT ", 2000, "TRUE", ""), "too_deep");
	CHECK_TEXT(parse_repeated(t, "-(", 62, "count", ")"), "too_deep");
	CHECK_TEXT(parse_repeated(t, "count=1 OR ", 300, "TRUE", ""), "none");
	CHECK_TEXT(parse_repeated(t, "count=1 OR ", 400, "TRUE", ""), "too_large");
	CHECK_TEXT(parse_repeated(t, "1+", 100, "1", ""), "too_deep");
	ExprFault fault;
	CHECK(!expr_parse(t, t->object, "TRUE\0TRUE", 9, &fault));
	CHECK_TEXT(fault.code, "syntax");
	CHECK_TEXT(parse_repeated(t, " ", 9000, "TRUE", ""), "too_large");
	thing_free(t);
}

TEST(expr, prints_a_normal_form_and_a_tree)
{
	static const Row rows[] = {
		{"且(name=\"a\",或([数量]>1,flag),1=1)", "name = \"a\" AND (count > 1 OR flag) AND 1 = 1"},
		{"NOT(name=\"a\")", "NOT name = \"a\""},
		{"(1+2)*3-(4-5)", "(1 + 2) * 3 - (4 - 5)"}, {"-(-count)", "-(-count)"}, {"2 - -3", "2 - -3"},
		{"count not in (1,2)", "NOT count IN (1, 2)"},
		{"如果(flag,3%,-.5)", "syntax"}, {"如果(flag,3%,-0.5)", "IF(flag, 0.03, -0.5)"},
		{"(flag = TRUE) = flag", "(flag = TRUE) = flag"},
		{"touched_at > '2026-11-23'", "touched_at > DATE(\"2026-11-23\")"},
		{"touched_at > \"2026-11-23T10:00:00+08:00\"", "touched_at > \"2026-11-23T02:00:00.000Z\""},
		{"[len] = 1", "[len] = 1"},
	};
	TestThing *t = thing_new();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ExprFault fault = {0};
		Expr *expr = expr_parse(t, t->object, rows[i].text, strlen(rows[i].text), &fault);
		Buf *out = buf_new(t, EXPECT_MAX);
		if (expr)
			expr_write_text(expr, out);
		CHECK_TEXT(expr ? out->data : fault.code, rows[i].expected);
	}
	ExprFault fault;
	Buf *json = buf_new(t, EXPECT_MAX);
	JsonOut out = json_out(json);
	const char *text = "AND(name = \"a\", amount > 1.50, stage IN (\"new\"))";
	expr_write_ast(expr_parse(t, t->object, text, strlen(text), &fault), &out);
	CHECK_TEXT(json->data,
		"[\"AND\",[\"=\",{\"field\":\"name\"},{\"text\":\"a\"}],[\">\",{\"field\":\"amount\"},{\"decimal\":\"1.50\"}],"
		"[\"IN\",{\"field\":\"stage\"},{\"text\":\"new\"}]]");
	thing_free(t);
}

TEST(expr, refuses_in_sql_what_it_could_not_do_exactly)
{
	static const Row rows[] = {
		{"amount / 2 > 1", "sql_arithmetic"}, {"amount * count > 1", "sql_arithmetic"}, {"amount * 3% > count", "none"},
		{"amount + count * 2 > price", "none"}, {"count * 10000000 > 5", "sql_arithmetic"}, {"amount > 5", "none"},
		{"ENDS_WITH(name, \"x\")", "none"},
	};
	TestThing *t = thing_new();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ExprFault fault = {.code = "none"};
		Expr *expr = expr_parse(t, t->object, rows[i].text, strlen(rows[i].text), &fault);
		CHECK(expr != NULL);
		bool possible = expr_sql_possible(expr, &fault);
		CHECK_TEXT(fault.code, rows[i].expected);
		Sql *sql = sql_new(t, false);
		expr_sql(expr, sql, "t", &t->env);
		CHECK_INT(sql_failed(sql), !possible);
	}
	thing_free(t);
}
