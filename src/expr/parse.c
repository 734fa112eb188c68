/* From tokens to a tree: a Pratt parser. What bounds it: the length of the text, the depth of parentheses, the number
 * of nodes. AND, OR and & become one node with many arguments, so that a long chain is flat. Knows no types. */
#include "expr/expr_int.h"

#include <glib.h>
#include <string.h>

#include "base/utf8.h"

#define ARGUMENTS_MAX 1000

static Node *parse_expression(Parse *p, int binding);

Node *node_new(Parse *p, NodeKind kind, size_t at)
{
	if (++p->nodes > LIMIT_EXPR_NODES)
		return parse_fail(p, at, "too_large", "The formula has more than %d parts; split it up.",
			"公式超过 %d 个部分，请拆分。", LIMIT_EXPR_NODES);
	Node *node = talloc_zero(p->ctx, Node);
	node->kind = kind;
	node->at = at;
	node->depth = 1;
	return node;
}

static bool is_symbol(const Parse *p, const char *symbol)
{
	return p->token.kind == TOKEN_SYMBOL && strcmp(p->token.symbol, symbol) == 0;
}

static bool expect_symbol(Parse *p, const char *symbol)
{
	if (!is_symbol(p, symbol))
		return parse_fail(p, p->token.at, "syntax", "\"%s\" is expected here.", "这里应为“%s”。", symbol);
	return token_next(p);
}

static bool is_chain(Op op)
{
	return op == OP_AND || op == OP_OR || op == OP_JOIN;
}

static Node *add_one(Parse *p, Node *parent, Node *arg)
{
	if (parent->n >= ARGUMENTS_MAX)
		return parse_fail(p, arg->at, "too_large", "More than %d arguments.", "参数超过 %d 个。", ARGUMENTS_MAX);
	parent->args = talloc_realloc(parent, parent->args, Node *, (unsigned)parent->n + 1);
	parent->args[parent->n++] = arg;
	if (parent->depth <= arg->depth)
		parent->depth = arg->depth + 1;
	if (parent->depth > EXPR_TREE_DEPTH)
		return parse_fail(p, parent->at, "too_deep", "The formula is nested more than %d deep.", "公式嵌套超过 %d 层。",
			EXPR_TREE_DEPTH);
	return parent;
}

/* a AND (b AND c) is AND(a, b, c). */
static Node *add_argument(Parse *p, Node *parent, Node *arg)
{
	if (!parent || !arg)
		return NULL;
	if (arg->kind != NODE_OP || arg->op != parent->op || !is_chain(parent->op))
		return add_one(p, parent, arg);
	for (int i = 0; i < arg->n; i++)
		if (!add_one(p, parent, arg->args[i]))
			return NULL;
	return parent;
}

static Node *op_node(Parse *p, Op op, size_t at)
{
	Node *node = node_new(p, NODE_OP, at);
	if (node)
		node->op = op;
	return node;
}

static Node *literal_node(Parse *p, size_t at, ExprType type, Value value)
{
	Node *node = node_new(p, NODE_LITERAL, at);
	if (!node)
		return NULL;
	node->type = type;
	node->literal = value;
	node->scale = value.type == VALUE_DECIMAL ? value.scale : 0;
	return node;
}

/* The list between parentheses, the first of which was read already. */
static Node *parse_arguments(Parse *p, Node *node)
{
	if (is_symbol(p, ")"))
		return token_next(p) ? node : NULL;
	for (;;) {
		node = add_argument(p, node, parse_expression(p, 0));
		if (!node)
			return NULL;
		if (!is_symbol(p, ","))
			return expect_symbol(p, ")") ? node : NULL;
		if (!token_next(p))
			return NULL;
	}
}

static Node *parse_call(Parse *p, Token name, Op op)
{
	const OpInfo *info = &expr_ops[op];
	if (op == OP_COUNT || info->min < 0)
		return parse_fail(p, name.at, "unknown_function", "There is no function \"%.*s\".", "没有名为“%.*s”的函数。",
			(int)name.len, p->text + name.at);
	Node *node = token_next(p) ? parse_arguments(p, op_node(p, op, name.at)) : NULL;
	if (!node)
		return NULL;
	if (node->n < info->min || node->n > info->max)
		return parse_fail(p, name.at, "arguments", "%s takes %d to %d arguments, not %d.",
			"%s 需要 %d 到 %d 个参数，现在是 %d 个。",
			info->name, info->min, info->max, node->n);
	return node;
}

static bool name_is(const Parse *p, const Token *name, const char *en, const char *zh)
{
	const char *text = p->text + name->at;
	return (strlen(en) == name->len && g_ascii_strncasecmp(text, en, name->len) == 0) ||
		(strlen(zh) == name->len && memcmp(text, zh, name->len) == 0);
}

static Node *parse_word(Parse *p, Token name)
{
	if (name_is(p, &name, "TRUE", "真"))
		return literal_node(p, name.at, EXPR_BOOL, value_bool(true));
	if (name_is(p, &name, "FALSE", "假"))
		return literal_node(p, name.at, EXPR_BOOL, value_bool(false));
	if (name_is(p, &name, "NULL", "空"))
		return literal_node(p, name.at, EXPR_NULL, value_null());
	const FieldDef *field = name_field(p, &name);
	Node *node = field ? node_new(p, NODE_FIELD, name.at) : NULL;
	if (node)
		node->field = field;
	return node;
}

/* A name: a function when a parenthesis follows, NOT, a literal or a field. */
static Node *parse_name(Parse *p)
{
	Token name = p->token;
	Op op = op_find(p->text + name.at, name.len);
	if (!token_next(p))
		return NULL;
	if (op == OP_NOT)
		return add_argument(p, op_node(p, OP_NOT, name.at), parse_expression(p, BINDING_NOT));
	if (is_symbol(p, "("))
		return parse_call(p, name, op);
	if (is_symbol(p, ".") && meta_field(p->object, talloc_strndup(p->ctx, p->text + name.at, name.len)))
		return parse_fail(p, p->token.at, "path",
			"Fields of related records cannot be used here; use a field of %s itself.",
			"这里不能使用关联记录的字段；请使用“%s”自己的字段。", p->object->name);
	return parse_word(p, name);
}

/* A minus before a number belongs to the number. */
static Node *parse_minus(Parse *p)
{
	size_t at = p->token.at;
	if (!token_next(p))
		return NULL;
	Node *arg = parse_expression(p, BINDING_NEG);
	if (!arg)
		return NULL;
	if (arg->kind == NODE_LITERAL && (arg->type == EXPR_INT || arg->type == EXPR_DECIMAL)) {
		arg->literal.i = -arg->literal.i;
		arg->at = at;
		return arg;
	}
	return add_argument(p, op_node(p, OP_NEG, at), arg);
}

static Node *parse_group(Parse *p)
{
	if (!token_next(p))
		return NULL;
	Node *node = parse_expression(p, 0);
	return node && expect_symbol(p, ")") ? node : NULL;
}

static Node *parse_operand(Parse *p)
{
	Token token = p->token;
	switch (token.kind) {
	case TOKEN_NUMBER: {
		bool whole = token.value.type == VALUE_INT;
		return token_next(p) ? literal_node(p, token.at, whole ? EXPR_INT : EXPR_DECIMAL, token.value) : NULL;
	}
	case TOKEN_TEXT:
		return token_next(p) ? literal_node(p, token.at, EXPR_TEXT, token.value) : NULL;
	case TOKEN_LABEL:
		return token_next(p) ? parse_word(p, token) : NULL;
	case TOKEN_NAME:
		return parse_name(p);
	case TOKEN_SYMBOL:
		if (is_symbol(p, "("))
			return parse_group(p);
		if (is_symbol(p, "-"))
			return parse_minus(p);
		return parse_fail(p, token.at, "syntax", "\"%s\" cannot stand here: a value is expected.",
			"这里不能是“%s”：应为一个值。", token.symbol);
	default:
		return parse_fail(p, token.at, "syntax", "The formula ends too early: a value is expected.",
			"公式不完整：这里应为一个值。");
	}
}

/* The operator at hand between two operands; OP_COUNT if there is none. NOT stands for NOT IN. */
static Op infix_op(const Parse *p)
{
	if (p->token.kind == TOKEN_NAME) {
		Op op = op_find(p->text + p->token.at, p->token.len);
		return op == OP_AND || op == OP_OR || op == OP_IN || op == OP_NOT ? op : OP_COUNT;
	}
	for (int i = 0; p->token.kind == TOKEN_SYMBOL && i < OP_COUNT; i++)
		if (i != OP_NEG && expr_ops[i].symbol && strcmp(expr_ops[i].symbol, p->token.symbol) == 0)
			return (Op)i;
	return OP_COUNT;
}

/* left IN (a, b): the arguments are left, a, b. */
static Node *parse_in(Parse *p, Node *left, size_t at)
{
	Node *node = add_argument(p, op_node(p, OP_IN, at), left);
	if (!node || !expect_symbol(p, "("))
		return NULL;
	node = parse_arguments(p, node);
	if (node && node->n < 2)
		return parse_fail(p, at, "arguments", "The list after IN is empty.", "IN 后面的列表是空的。");
	return node;
}

static Node *parse_not_in(Parse *p, Node *left, size_t at)
{
	if (!token_next(p))
		return NULL;
	if (infix_op(p) != OP_IN)
		return parse_fail(p, p->token.at, "syntax", "After NOT only IN can follow here.", "这里 NOT 之后只能是 IN。");
	if (!token_next(p))
		return NULL;
	return add_argument(p, op_node(p, OP_NOT, at), parse_in(p, left, at));
}

static Node *parse_infix(Parse *p, Node *left, Op op)
{
	size_t at = p->token.at;
	if (op == OP_NOT)
		return parse_not_in(p, left, at);
	if (!token_next(p))
		return NULL;
	if (op == OP_IN)
		return parse_in(p, left, at);
	Node *right = parse_expression(p, expr_ops[op].binding + 1);
	if (right && is_chain(op) && left->kind == NODE_OP && left->op == op)
		return add_argument(p, left, right);
	Node *node = right ? add_argument(p, op_node(p, op, at), left) : NULL;
	return add_argument(p, node, right);
}

static Node *parse_expression(Parse *p, int binding)
{
	if (p->failed)
		return NULL;
	if (++p->depth > LIMIT_EXPR_DEPTH)
		return parse_fail(p, p->token.at, "too_deep", "The formula is nested more than %d deep.", "公式嵌套超过 %d 层。",
			LIMIT_EXPR_DEPTH);
	Node *left = parse_operand(p);
	while (left) {
		Op op = infix_op(p);
		int tight = op == OP_NOT ? BINDING_COMPARE : op == OP_COUNT ? -1 : expr_ops[op].binding;
		if (tight < binding || op == OP_COUNT)
			break;
		left = parse_infix(p, left, op);
		if (left && tight == BINDING_COMPARE && infix_op(p) != OP_COUNT &&
			expr_ops[infix_op(p)].binding == BINDING_COMPARE)
			left = parse_fail(p, p->token.at, "syntax", "Comparisons cannot follow each other; use AND.",
				"不能连续比较，请用 AND 连接。");
	}
	p->depth--;
	return left;
}

static bool text_acceptable(Parse *p)
{
	if (p->len > LIMIT_EXPR_TEXT)
		return parse_fail(p, 0, "too_large", "The formula is longer than %d bytes.", "公式超过 %d 字节。", LIMIT_EXPR_TEXT);
	if (!utf8_valid(p->text, p->len) || memchr(p->text, 0, p->len))
		return parse_fail(p, 0, "syntax", "The formula is no valid UTF-8 text.", "公式不是有效的 UTF-8 文本。");
	return true;
}

/* Byte by byte: a NUL inside must still be there when it is looked for. */
static const char *text_copy(TALLOC_CTX *ctx, const char *text, size_t len)
{
	if (len > LIMIT_EXPR_TEXT)
		return "";
	char *copy = talloc_array(ctx, char, (unsigned)len + 1);
	if (len > 0)
		memcpy(copy, text, len);
	copy[len] = 0;
	return copy;
}

Expr *expr_parse(TALLOC_CTX *ctx, const ObjectDef *object, const char *text, size_t len, ExprFault *ret_fault)
{
	Expr *expr = talloc_zero(ctx, Expr);
	Parse p = {.ctx = expr, .object = object, .text = text_copy(expr, text, len), .len = len, .fault = ret_fault};
	if (text_acceptable(&p) && token_next(&p))
		expr->root = parse_expression(&p, 0);
	if (expr->root && !p.failed && p.token.kind != TOKEN_END)
		parse_fail(&p, p.token.at, "syntax", "The formula should end here.", "公式应该到这里结束。");
	if (!p.failed && check_tree(&p, expr->root)) {
		expr->text = p.text;
		expr->sql_code = sql_refusal(expr->root, &expr->sql_at);
		return expr;
	}
	/* The sentences outlive the tree. */
	talloc_steal(ctx, ret_fault->en);
	talloc_steal(ctx, ret_fault->zh);
	talloc_free(expr);
	return NULL;
}

ExprType expr_type(const Expr *expr)
{
	return expr->root->type;
}

uint8_t expr_scale(const Expr *expr)
{
	return expr->root->type == EXPR_DECIMAL ? expr->root->scale : 0;
}

bool expr_sql_possible(const Expr *expr, ExprFault *ret_fault)
{
	if (!expr->sql_code)
		return true;
	bool deep = strcmp(expr->sql_code, "sql_too_deep") == 0;
	*ret_fault = (ExprFault){.offset = token_characters(expr->text, expr->sql_at), .code = expr->sql_code,
		.en = deep ? "The formula is nested too deep for a filter; simplify it."
			: "A filter cannot divide, or multiply two fields; compare the fields themselves.",
		.zh = deep ? "公式嵌套太深，不能用于筛选，请简化。" : "筛选条件中不能做除法或把两个字段相乘；请直接比较字段。"};
	return false;
}
