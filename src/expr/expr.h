/* The formula language: `AND(status = "new", city IN ("上海", "杭州"), DAYS_SINCE(created_at) > 7)`. Typed, total, bounded.
 * One text form, one AST; two back-ends so far: one record in memory, SQL of both engines. Names of functions in
 * English or Chinese, any case; names of fields as in the catalogue, or their Chinese or English label in [brackets].
 *
 * Operators, loosest first: OR; AND; NOT; = <> != < <= > >= IN, NOT IN; & (text join); + -; * /; minus sign.
 * Literals: 12  1.5  3%  "text"  TRUE FALSE NULL (真 假 空). AND(a,b,...) OR(...) NOT(a) IF(c,a,b): calls.
 * Text: CONTAINS STARTS_WITH ENDS_WITH (case matters) LEN (code points) LOWER UPPER (ASCII letters only, so that all
 * back-ends agree) TRIM (spaces, tabs, line ends, U+3000). Blanks: ISBLANK(x) COALESCE(a,b,...).
 * Time: NOW() TODAY() DAYS_SINCE(t) HOURS_SINCE(t) (rounded down) DATE("2026-11-23"). Current user: ME().
 *
 * Blank is NULL, or an empty text for ISBLANK and COALESCE. A comparison with a NULL is false (also <>, IN,
 * CONTAINS); AND, OR, NOT and IF take a NULL for false; & takes it for "", LEN for 0; other functions and
 * arithmetic give NULL.
 * Choices compare by value; references with an id as text; times with DATE(), NOW() or an RFC 3339 text; dates
 * (without time) with TODAY(), DATE() or "2026-11-23". Texts compare by code point.
 *
 * Numbers are exact: whole ones and decimals of at most 10 digits after the point, in 64 bits with 128 between;
 * products and quotients are rounded half away from zero. SQL has no such arithmetic, so only what is exact there is
 * compiled: no division, no product of two fields. As soon as something is computed from them, whole numbers
 * in fields are taken to be below 9e12 and decimals below 9e16 of their last digit. */
#pragma once

#include "base/json.h"
#include "meta/meta.h"
#include "store/builder.h"

typedef struct Expr Expr;

typedef enum { EXPR_BOOL, EXPR_INT, EXPR_DECIMAL, EXPR_TEXT, EXPR_TIME, EXPR_ID, EXPR_NULL } ExprType;

typedef struct {
	int offset;           /* characters from the start of the text */
	const char *code;     /* "unknown_field", "type", "syntax", "too_deep" ... */
	const char *en, *zh;  /* sentences, in the context given to expr_parse */
} ExprFault;

/* What a formula may ask besides the record. */
typedef struct {
	int64_t now_ms;
	int utc_offset_min;   /* of the company's calendar: TODAY(), DATE() */
	Id me;
} ExprEnv;

/* Parses and type-checks against an object. NULL and *ret_fault on failure. */
Expr *expr_parse(TALLOC_CTX *ctx, const ObjectDef *object, const char *text, size_t len, ExprFault *ret_fault);
ExprType expr_type(const Expr *expr);
/* The AST as JSON, for the browser: ["AND", a, b] for an operation, {"field": "city"}, {"text": "x"}, {"int": 1},
 * {"decimal": "1.50"}, {"bool": true}, {"time": ms}, {"id": "..."}, {"null": true}. */
void expr_write_ast(const Expr *expr, JsonOut *out);
/* Back to text, normal form: English names, field names without brackets; parses to the same formula. */
void expr_write_text(const Expr *expr, Buf *out);

/* Back-end 1: values are in the order of the object's fields. Text results live in ctx or are the record's. 0 or
 * ERR_INVALID (overflow, division by zero). */
NODISCARD int expr_eval(TALLOC_CTX *ctx, const Expr *expr, const Value *values, const ExprEnv *env, Value *ret);
/* A condition: blank counts as false. */
bool expr_holds(const Expr *expr, const Value *values, const ExprEnv *env);
/* Whether expr_sql can do it; if not, the reason in *ret_fault ("sql_arithmetic", "sql_too_deep"), texts static. */
NODISCARD bool expr_sql_possible(const Expr *expr, ExprFault *ret_fault);
/* Back-end 2: appends a condition or value in parentheses; columns are named alias.column (alias NULL: column). A
 * condition may come out NULL where it is false, as WHERE takes it. What expr_sql_possible refuses fails the sql
 * (sticky). Texts of the formula are borrowed by sql: expr must live as long. Decimals come out scaled by
 * 10^expr_scale(), conditions as the engine's boolean. */
void expr_sql(const Expr *expr, Sql *sql, const char *alias, const ExprEnv *env);
/* Digits after the point of a decimal result, in SQL; 0 for others. */
uint8_t expr_scale(const Expr *expr);

/* POST /expr/check {object, text} -> {valid, type, text, ast, sql} or {valid, fault} */
extern const struct Module expr_module;
