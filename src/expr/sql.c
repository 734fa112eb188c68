/* Back-end 2: a formula as SQL of either engine, with the meaning of eval.c. Three ways to write a condition:
 *   truth   NULL is as good as false (WHERE, AND, OR, CASE WHEN): bare comparisons, which indexes can serve
 *   strict  never NULL (below NOT, as a value)
 *   value   NULL only where the formula has NULL (a BOOL field, IF, COALESCE)
 * Numbers are int64 scaled by the node's scale; sql_limit.c has made sure that nothing computed leaves 64 bits. */
#include "expr/expr_int.h"

#include <string.h>

#define BLANKS " \t\r\n\u3000"
/* Added before and taken off after dividing, so that truncation is rounding down; covers three million years. */
#define SINCE_SHIFT INT64_C(1000000000)

typedef struct {
	Sql *sql;
	const char *alias;
	const ExprEnv *env;
} Emit;

typedef void (*Put)(Emit *e, const Node *node);

static void put_value(Emit *e, const Node *node);
static void put_strict(Emit *e, const Node *node);
static void put_truth(Emit *e, const Node *node);

/* PostgreSQL is told the type of every parameter; SQLite must not be: a CAST would change affinities. */
static void put_int(Emit *e, int64_t i)
{
	sql_arg(e->sql, value_int(i));
	if (e->sql->postgres)
		sql_add(e->sql, "::bigint");
}

static void put_text(Emit *e, const Value *text)
{
	sql_arg(e->sql, *text);
	if (e->sql->postgres)
		sql_add(e->sql, "::text");
}

static void put_id(Emit *e, Id id)
{
	sql_arg(e->sql, value_id(id));
	if (e->sql->postgres)
		sql_add(e->sql, "::uuid");
}

static void put_null(Emit *e, ExprType type)
{
	sql_add(e->sql, "NULL");
	if (!e->sql->postgres)
		return;
	if (type == EXPR_TEXT)
		sql_add(e->sql, "::text");
	else if (type == EXPR_ID)
		sql_add(e->sql, "::uuid");
	else if (type == EXPR_BOOL)
		sql_add(e->sql, "::boolean");
	else if (type != EXPR_NULL)
		sql_add(e->sql, "::bigint");
}

static void put_field(Emit *e, const Node *node)
{
	bool flag = node->type == EXPR_BOOL;
	if (flag)
		sql_add(e->sql, "(");
	if (e->alias)
		sql_name_of(e->sql, e->alias, node->field->name);
	else
		sql_name(e->sql, node->field->name);
	if (flag)
		sql_add(e->sql, " = 1)");
}

static int64_t power(int digits)
{
	return (int64_t)number_scale_up(1, digits);
}

static void put_literal(Emit *e, const Node *node, int digits)
{
	const Value *v = &node->literal;
	if (v->type == VALUE_BOOL && v->i)
		sql_add(e->sql, "TRUE");
	else if (v->type == VALUE_BOOL)
		sql_add(e->sql, "FALSE");
	else if (v->type == VALUE_TEXT)
		put_text(e, v);
	else if (v->type == VALUE_ID)
		put_id(e, v->id);
	else
		put_int(e, v->i * power(digits));
}

/* The node as a value that meets others of this type and scale. */
static void put_as(Emit *e, const Node *node, ExprType type, int scale)
{
	int digits = scale - node->scale;
	if (node->type == EXPR_NULL && node->kind == NODE_LITERAL) {
		put_null(e, type);
	} else if (node->kind == NODE_LITERAL) {
		put_literal(e, node, digits);
	} else if (digits > 0 && (node->type == EXPR_INT || node->type == EXPR_DECIMAL)) {
		sql_add(e->sql, "(");
		put_value(e, node);
		sql_add(e->sql, " * ");
		put_int(e, power(digits));
		sql_add(e->sql, ")");
	} else {
		put_value(e, node);
	}
}

/* a AND b AND ... as a balanced tree: a chain would be as deep as it is long. */
static void put_chain(Emit *e, const Node *node, int from, int to, Put put)
{
	if (to - from == 1) {
		put(e, node->args[from]);
		return;
	}
	int middle = from + (to - from) / 2;
	sql_add(e->sql, "(");
	put_chain(e, node, from, middle, put);
	if (node->op == OP_AND)
		sql_add(e->sql, " AND ");
	else if (node->op == OP_OR)
		sql_add(e->sql, " OR ");
	else
		sql_add(e->sql, " || ");
	put_chain(e, node, middle, to, put);
	sql_add(e->sql, ")");
}

static void put_or_empty(Emit *e, const Node *node)
{
	sql_add(e->sql, "COALESCE(");
	put_as(e, node, EXPR_TEXT, 0);
	sql_add(e->sql, ", '')");
}

/* What the operands of a comparison or list have in common. */
static ExprType common_type(const Node *node, int from, int *ret_scale)
{
	ExprType type = EXPR_NULL;
	*ret_scale = 0;
	for (int i = from; i < node->n; i++) {
		if (node->args[i]->type != EXPR_NULL && type != EXPR_DECIMAL)
			type = node->args[i]->type;
		if (node->args[i]->scale > *ret_scale)
			*ret_scale = node->args[i]->scale;
	}
	return type;
}

static void put_comparison_sign(Emit *e, Op op)
{
	switch (op) {
	case OP_EQ:
		sql_add(e->sql, " = ");
		break;
	case OP_NE:
		sql_add(e->sql, " <> ");
		break;
	case OP_LT:
		sql_add(e->sql, " < ");
		break;
	case OP_LE:
		sql_add(e->sql, " <= ");
		break;
	case OP_GT:
		sql_add(e->sql, " > ");
		break;
	default:
		sql_add(e->sql, " >= ");
	}
}

static void put_compare(Emit *e, const Node *node)
{
	int scale;
	ExprType type = common_type(node, 0, &scale);
	sql_add(e->sql, "(");
	put_as(e, node->args[0], type, scale);
	if (node->op == OP_IN) {
		sql_add(e->sql, " IN (");
		for (int i = 1; i < node->n; i++) {
			if (i > 1)
				sql_add(e->sql, ", ");
			put_as(e, node->args[i], type, scale);
		}
		sql_add(e->sql, ")");
	} else {
		put_comparison_sign(e, node->op);
		put_as(e, node->args[1], type, scale);
		if (type == EXPR_TEXT && node->op != OP_EQ && node->op != OP_NE && e->sql->postgres)
			sql_add(e->sql, " COLLATE \"C\"");
	}
	sql_add(e->sql, ")");
}

/* f(a, b) */
static void put_pair(Emit *e, const Node *node)
{
	put_as(e, node->args[0], EXPR_TEXT, 0);
	sql_add(e->sql, ", ");
	put_as(e, node->args[1], EXPR_TEXT, 0);
	sql_add(e->sql, ")");
}

static void put_ends_with(Emit *e, const Node *node)
{
	const Node *text = node->args[0], *part = node->args[1];
	if (e->sql->postgres) {
		sql_add(e->sql, "(right(");
		put_as(e, text, EXPR_TEXT, 0);
		sql_add(e->sql, ", length(");
		put_as(e, part, EXPR_TEXT, 0);
		sql_add(e->sql, ")) = ");
	} else {
		/* substr(x, 0) is all of x, and not what ends with nothing; so one sign more is taken from "." before it. */
		sql_add(e->sql, "(substr('.' || ");
		put_as(e, text, EXPR_TEXT, 0);
		sql_add(e->sql, ", max(2, 2 + length(");
		put_as(e, text, EXPR_TEXT, 0);
		sql_add(e->sql, ") - length(");
		put_as(e, part, EXPR_TEXT, 0);
		sql_add(e->sql, "))) = ");
	}
	put_as(e, part, EXPR_TEXT, 0);
	sql_add(e->sql, ")");
}

static void put_find(Emit *e, const Node *node)
{
	if (node->op == OP_ENDS_WITH) {
		put_ends_with(e, node);
	} else if (!e->sql->postgres) {
		sql_add(e->sql, "(instr(");
		put_pair(e, node);
		if (node->op == OP_CONTAINS)
			sql_add(e->sql, " > 0)");
		else
			sql_add(e->sql, " = 1)");
	} else if (node->op == OP_CONTAINS) {
		sql_add(e->sql, "(strpos(");
		put_pair(e, node);
		sql_add(e->sql, " > 0)");
	} else {
		sql_add(e->sql, "starts_with(");
		put_pair(e, node);
	}
}

static void put_is_blank(Emit *e, const Node *node)
{
	const Node *arg = node->args[0];
	sql_add(e->sql, "(");
	if (arg->type == EXPR_TEXT) {
		put_or_empty(e, arg);
		sql_add(e->sql, " = '')");
	} else {
		put_as(e, arg, EXPR_NULL, arg->scale);
		sql_add(e->sql, " IS NULL)");
	}
}

/* LEN LOWER UPPER TRIM. Only ASCII letters have cases in the collation "C", as in SQLite. */
static void put_text_function(Emit *e, const Node *node)
{
	if (node->op == OP_LEN)
		sql_add(e->sql, "COALESCE(length(");
	else if (node->op == OP_LOWER)
		sql_add(e->sql, "lower(");
	else if (node->op == OP_UPPER)
		sql_add(e->sql, "upper(");
	else if (e->sql->postgres)
		sql_add(e->sql, "btrim(");
	else
		sql_add(e->sql, "trim(");
	put_as(e, node->args[0], EXPR_TEXT, 0);
	if (node->op == OP_LEN) {
		sql_add(e->sql, "), 0)");
		return;
	}
	if (node->op == OP_TRIM) {
		Value blanks = value_text(BLANKS);
		sql_add(e->sql, ", ");
		put_text(e, &blanks);
	} else if (e->sql->postgres) {
		sql_add(e->sql, " COLLATE \"C\"");
	}
	sql_add(e->sql, ")");
}

static void put_coalesce(Emit *e, const Node *node)
{
	bool text = node->type == EXPR_TEXT;
	sql_add(e->sql, "COALESCE(");
	for (int i = 0; i < node->n; i++) {
		bool skip_empty = text && i + 1 < node->n;
		if (i > 0)
			sql_add(e->sql, ", ");
		if (skip_empty)
			sql_add(e->sql, "NULLIF(");
		put_as(e, node->args[i], node->type, node->scale);
		if (skip_empty)
			sql_add(e->sql, ", '')");
	}
	sql_add(e->sql, ")");
}

/* IF in the last place of IF is one CASE. */
static void put_if(Emit *e, const Node *node)
{
	ExprType type = node->type;
	int scale = node->scale;
	sql_add(e->sql, "(CASE");
	for (;;) {
		sql_add(e->sql, " WHEN ");
		put_truth(e, node->args[0]);
		sql_add(e->sql, " THEN ");
		put_as(e, node->args[1], type, scale);
		const Node *rest = node->args[2];
		if (rest->kind != NODE_OP || rest->op != OP_IF || rest->scale != scale)
			break;
		node = rest;
	}
	sql_add(e->sql, " ELSE ");
	put_as(e, node->args[2], type, scale);
	sql_add(e->sql, " END)");
}

static void put_arithmetic(Emit *e, const Node *node)
{
	bool product = node->op == OP_MUL;
	const Node *a = node->args[0], *b = node->n > 1 ? node->args[1] : NULL;
	sql_add(e->sql, "(");
	if (node->op == OP_NEG)
		sql_add(e->sql, "0");
	else
		put_as(e, a, EXPR_INT, product ? a->scale : node->scale);
	if (product)
		sql_add(e->sql, " * ");
	else if (node->op == OP_ADD)
		sql_add(e->sql, " + ");
	else
		sql_add(e->sql, " - ");
	const Node *last = b ? b : a;
	put_as(e, last, EXPR_INT, product ? last->scale : node->scale);
	sql_add(e->sql, ")");
}

static void put_since(Emit *e, const Node *node)
{
	int64_t unit = node->op == OP_DAYS_SINCE ? DAY_MS : HOUR_MS;
	sql_add(e->sql, "((");
	put_int(e, e->env->now_ms + SINCE_SHIFT * unit);
	sql_add(e->sql, " - ");
	put_as(e, node->args[0], EXPR_TIME, 0);
	sql_add(e->sql, ") / ");
	put_int(e, unit);
	sql_add(e->sql, " - ");
	put_int(e, SINCE_SHIFT);
	sql_add(e->sql, ")");
}

/* NOW, TODAY, DATE, ME: what eval says. */
static void put_constant(Emit *e, const Node *node)
{
	const Expr alone = {.root = (Node *)node};
	Value v;
	if (expr_eval(e->sql, &alone, NULL, e->env, &v) < 0)
		e->sql->failed = true;
	else if (v.type == VALUE_NULL)
		put_null(e, node->type);
	else if (v.type == VALUE_TEXT)
		put_text(e, &v);
	else if (v.type == VALUE_ID)
		put_id(e, v.id);
	else
		put_int(e, v.i);
}

/* tidy: table */
static void put_op(Emit *e, const Node *node)
{
	switch (node->op) {
	case OP_JOIN:
		put_chain(e, node, 0, node->n, put_or_empty);
		break;
	case OP_IF:
		put_if(e, node);
		break;
	case OP_COALESCE:
		put_coalesce(e, node);
		break;
	case OP_ADD:
	case OP_SUB:
	case OP_MUL:
	case OP_NEG:
		put_arithmetic(e, node);
		break;
	case OP_LEN:
	case OP_LOWER:
	case OP_UPPER:
	case OP_TRIM:
		put_text_function(e, node);
		break;
	case OP_DAYS_SINCE:
	case OP_HOURS_SINCE:
		put_since(e, node);
		break;
	case OP_NOW:
	case OP_TODAY:
	case OP_DATE:
	case OP_ME:
		put_constant(e, node);
		break;
	case OP_DIV:
		e->sql->failed = true;
		break;
	default:
		put_strict(e, node);
	}
}

static void put_value(Emit *e, const Node *node)
{
	/* A text that stands more than once in the SQL may double at each level: the builder's limit ends that. */
	if (sql_failed(e->sql))
		return;
	if (node->kind == NODE_LITERAL && node->type == EXPR_NULL)
		put_null(e, EXPR_NULL);
	else if (node->kind == NODE_LITERAL)
		put_literal(e, node, 0);
	else if (node->kind == NODE_FIELD)
		put_field(e, node);
	else
		put_op(e, node);
}

static bool is_condition_op(const Node *node)
{
	if (node->kind != NODE_OP)
		return false;
	return node->op <= OP_IN || node->op == OP_CONTAINS || node->op == OP_STARTS_WITH || node->op == OP_ENDS_WITH ||
		node->op == OP_ISBLANK;
}

static bool compares_with_null(const Node *node)
{
	return node->args[0]->type == EXPR_NULL || (node->n == 2 && node->args[1]->type == EXPR_NULL);
}

/* A condition of its own that may be NULL instead of false. */
static void put_bare(Emit *e, const Node *node)
{
	if (node->op == OP_ISBLANK)
		put_is_blank(e, node);
	else if (compares_with_null(node))
		sql_add(e->sql, "FALSE");
	else if (node->op <= OP_IN)
		put_compare(e, node);
	else
		put_find(e, node);
}

static void put_false_if_null(Emit *e, const Node *node, Put put)
{
	sql_add(e->sql, "COALESCE(");
	put(e, node);
	sql_add(e->sql, ", FALSE)");
}

static void put_not(Emit *e, const Node *node)
{
	sql_add(e->sql, "(NOT ");
	put_strict(e, node->args[0]);
	sql_add(e->sql, ")");
}

static void put_strict(Emit *e, const Node *node)
{
	if (sql_failed(e->sql))
		return;
	if (node->type == EXPR_NULL)
		sql_add(e->sql, "FALSE");
	else if (node->kind == NODE_LITERAL)
		put_value(e, node);
	else if (!is_condition_op(node))
		put_false_if_null(e, node, put_value);
	else if (node->op == OP_AND || node->op == OP_OR)
		put_chain(e, node, 0, node->n, put_strict);
	else if (node->op == OP_NOT)
		put_not(e, node);
	else if (node->op == OP_ISBLANK)
		put_bare(e, node);
	else
		put_false_if_null(e, node, put_bare);
}

static void put_truth(Emit *e, const Node *node)
{
	if (sql_failed(e->sql))
		return;
	if (node->type == EXPR_NULL)
		sql_add(e->sql, "FALSE");
	else if (!is_condition_op(node))
		put_value(e, node);
	else if (node->op == OP_AND || node->op == OP_OR)
		put_chain(e, node, 0, node->n, put_truth);
	else if (node->op == OP_NOT)
		put_not(e, node);
	else
		put_bare(e, node);
}

void expr_sql(const Expr *expr, Sql *sql, const char *alias, const ExprEnv *env)
{
	Emit e = {.sql = sql, .alias = alias, .env = env};
	if (expr->sql_code)
		sql->failed = true;
	sql_add(sql, "(");
	if (expr->root->type == EXPR_BOOL)
		put_truth(&e, expr->root);
	else
		put_as(&e, expr->root, expr->root->type, expr->root->scale);
	sql_add(sql, ")");
}
