/* POST /expr/check: what the formula editor asks while somebody types. A formula that is wrong is an answer, not an
 * error. */
#include "expr/expr_int.h"

#include <string.h>

#include "call/gate.h"
#include "call/module.h"

#define TEXT_MAX (64 * 1024)

static const char *const type_names[] = {[EXPR_BOOL] = "bool", [EXPR_INT] = "int", [EXPR_DECIMAL] = "decimal",
	[EXPR_TEXT] = "text", [EXPR_TIME] = "time", [EXPR_ID] = "id", [EXPR_NULL] = "null"};

static void write_fault(JsonOut *out, const ExprFault *fault, Lang lang)
{
	json_object_begin(out);
	json_member_int(out, "offset", fault->offset);
	json_member_text(out, "code", fault->code);
	json_member_text(out, "detail", lang == LANG_ZH ? fault->zh : fault->en);
	json_object_end(out);
}

static void write_formula(Call *c, const Expr *expr)
{
	ExprFault fault;
	Buf *text = buf_new(c, TEXT_MAX);
	expr_write_text(expr, text);
	json_member_bool(&c->json, "valid", true);
	json_member_text(&c->json, "type", type_names[expr_type(expr)]);
	json_member_text(&c->json, "text", text->data);
	json_key(&c->json, "ast");
	expr_write_ast(expr, &c->json);
	/* Whether it may serve as a filter; if not, why. */
	bool possible = expr_sql_possible(expr, &fault);
	json_member_bool(&c->json, "sql", possible);
	if (!possible) {
		json_key(&c->json, "sql_fault");
		write_fault(&c->json, &fault, c->lang);
	}
}

static int expr_check(Call *c)
{
	const char *name = call_text(c, "object"), *text = call_text(c, "text");
	const ObjectDef *object = meta_object_of(c, name);
	if (!object || !gate_may(c, object->read_right))
		return call_fault(c, "object", "unknown_object", "There is no object \"%s\".", "没有名为“%s”的对象。", name);
	ExprFault fault;
	const Expr *expr = expr_parse(c, object, text, strlen(text), &fault);
	json_object_begin(&c->json);
	if (expr) {
		write_formula(c, expr);
	} else {
		json_member_bool(&c->json, "valid", false);
		json_key(&c->json, "fault");
		write_fault(&c->json, &fault, c->lang);
	}
	json_object_end(&c->json);
	return 0;
}

static const Param check_params[] = {
	{.name = "object", .type = PARAM_TEXT, .required = true, .max = 63, .help = "object whose fields the formula uses"},
	{.name = "text", .type = PARAM_TEXT, .required = true, .max = LIMIT_EXPR_TEXT, .help = "the formula"},
	{.type = PARAM_END},
};

static const Endpoint endpoints[] = {
	{"POST", "/expr/check", "signed_in", CALL_READ, check_params, expr_check,
		"Check a formula: its type and tree, or its fault"},
	{0},
};

const Module expr_module = {.name = "expr", .endpoints = endpoints};
