/* The formula language: `AND(status = "new", city IN ("上海", "杭州"), DAYS_SINCE(created_at) > 7)`. Typed, total, bounded.
 * One text form, one AST; two back-ends so far: one record in memory, SQL of both engines. Names of functions in
 * English or Chinese, any case; names of fields as in the catalogue, or their Chinese or English label in [brackets].
 *
 * Operators: = <> != < <= > >= IN NOT AND OR + - * / & (text join), parentheses; AND(a,b) OR(a,b) NOT(a) IF(c,a,b).
 * Text: CONTAINS STARTS_WITH ENDS_WITH LEN LOWER UPPER TRIM; blanks: ISBLANK(x) COALESCE(a,b).
 * Time: NOW() TODAY() DAYS_SINCE(t) HOURS_SINCE(t) DATE("2026-11-23") ; current user: ME().
 * NULL: a comparison with a blank is false (also <>), AND/OR/NOT take two values only; the same in every back-end. */
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
/* The AST as JSON, for the browser. */
void expr_write_ast(const Expr *expr, JsonOut *out);
/* Back to text, normal form. */
void expr_write_text(const Expr *expr, Buf *out);

/* Back-end 1: values are in the order of the object's fields. Text results live in ctx. 0 or ERR_INVALID (overflow, division
 * by zero). */
NODISCARD int expr_eval(TALLOC_CTX *ctx, const Expr *expr, const Value *values, const ExprEnv *env, Value *ret);
/* A condition: blank counts as false. */
bool expr_holds(const Expr *expr, const Value *values, const ExprEnv *env);
/* Back-end 2: appends a condition or value in parentheses; columns are named alias.column. Failure is sticky in sql. */
void expr_sql(const Expr *expr, Sql *sql, const char *alias, const ExprEnv *env);

extern const struct Module expr_module; /* POST /expr/check {object, text} -> {type, ast, text} or the fault */
