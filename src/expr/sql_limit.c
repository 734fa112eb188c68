/* What SQL can do exactly. Both engines compute with 64-bit integers here (SQLite would turn to floating point,
 * PostgreSQL would fail), so a bound of every computed number is worked out from the literals and from what fields
 * may hold; SQLite's parser has a stack of 100. What does not fit is refused before a query is made, on both engines
 * alike. */
#include "expr/expr_int.h"

#define FIELD_INT_MAX INT64_C(9000000000000)         /* 9e12 */
#define FIELD_DECIMAL_MAX INT64_C(90000000000000000) /* 9e16, scaled: 9e12 units of money */
#define COUNT_MAX INT64_C(1000000000000)             /* lengths, days, hours */
#define DEPTH_MAX 80                                 /* of SQLite's parser stack of 100; the rest is the query around */
#define LEAF_DEPTH 6                                 /* COALESCE((t.flag = 1), FALSE) */

typedef struct {
	const char *code;
	size_t at;
} Refusal;

static int64_t bound(const Node *node, Refusal *refusal);
static int deepest(const Node *node);

static int64_t refuse(const Node *node, Refusal *refusal)
{
	if (!refusal->code)
		*refusal = (Refusal){"sql_arithmetic", node->at};
	return 0;
}

static int64_t fit(const Node *node, __int128 size, Refusal *refusal)
{
	return size > INT64_MAX ? refuse(node, refusal) : (int64_t)size;
}

/* The bound of arg when written with this scale. */
static int64_t bound_at(const Node *node, const Node *arg, int scale, Refusal *refusal)
{
	int64_t size = bound(arg, refusal);
	bool number = arg->type == EXPR_INT || arg->type == EXPR_DECIMAL;
	return number ? fit(node, number_scale_up(size, scale - arg->scale), refusal) : 0;
}

/* Every argument written with the scale they have in common. */
static int64_t bound_list(const Node *node, Refusal *refusal)
{
	int scale = 0;
	int64_t largest = 0;
	for (int i = 0; i < node->n; i++)
		if (node->args[i]->scale > scale)
			scale = node->args[i]->scale;
	for (int i = 0; i < node->n; i++) {
		int64_t size = bound_at(node, node->args[i], scale, refusal);
		largest = size > largest ? size : largest;
	}
	return largest;
}

static int64_t bound_product(const Node *node, Refusal *refusal)
{
	const Node *a = node->args[0], *b = node->args[1];
	if (a->scale + b->scale > EXPR_SCALE_MAX)
		return refuse(node, refusal);
	return fit(node, (__int128)bound(a, refusal) * bound(b, refusal), refusal);
}

static int64_t bound_literal(const Node *node)
{
	bool number = node->type == EXPR_INT || node->type == EXPR_DECIMAL;
	return !number ? 0 : node->literal.i < 0 ? -node->literal.i : node->literal.i;
}

static int64_t bound(const Node *node, Refusal *refusal)
{
	if (node->kind == NODE_LITERAL)
		return bound_literal(node);
	if (node->kind == NODE_FIELD)
		return node->type == EXPR_DECIMAL ? FIELD_DECIMAL_MAX : FIELD_INT_MAX;
	switch (node->op) {
	case OP_DIV:
		return refuse(node, refusal);
	case OP_MUL:
		return bound_product(node, refusal);
	case OP_ADD:
	case OP_SUB:
		return fit(node, (__int128)bound_at(node, node->args[0], node->scale, refusal) +
			bound_at(node, node->args[1], node->scale, refusal), refusal);
	case OP_LEN:
	case OP_DAYS_SINCE:
	case OP_HOURS_SINCE:
		(void)bound(node->args[0], refusal);
		return COUNT_MAX;
	default:
		return bound_list(node, refusal);
	}
}

/* Places on the parser's stack that the SQL of one node needs around its deepest argument, measured with SQLite 3.40. A
 * condition may stand in COALESCE(..., FALSE): 3 more. */
static int own_depth(const Node *node)
{
	int levels = 0, strict = node->type == EXPR_BOOL ? 3 : 0;
	switch (node->op) {
	case OP_AND:
	case OP_OR:
	case OP_JOIN:
		while (1 << levels < node->n)
			levels++;
		return 3 * levels + (node->op == OP_JOIN ? 3 : 0);
	case OP_NOT:
		return 2;
	case OP_ISBLANK:
	case OP_DAYS_SINCE:
	case OP_HOURS_SINCE:
	case OP_ADD:
	case OP_SUB:
	case OP_MUL:
	case OP_NEG:
	case OP_LOWER:
	case OP_UPPER:
	case OP_TRIM:
		return 4;
	case OP_ENDS_WITH:
		return 18 + strict;
	case OP_IN:
	case OP_CONTAINS:
	case OP_STARTS_WITH:
		return 6 + strict;
	case OP_IF:
	case OP_COALESCE:
	case OP_LEN:
		return 6 + strict;
	default:
		return 4 + strict;
	}
}

/* An IF in the last place of an IF is part of the same CASE, as in sql.c, and needs no place of its own. */
static int deepest(const Node *node)
{
	int inner = 0;
	for (int i = 0; node->kind == NODE_OP && i < node->n; i++) {
		const Node *arg = node->args[i];
		bool same_case = node->op == OP_IF && i == 2 && arg->kind == NODE_OP && arg->op == OP_IF &&
			arg->scale == node->scale;
		int depth = deepest(arg) - (same_case ? own_depth(arg) : 0);
		inner = depth > inner ? depth : inner;
	}
	return node->kind == NODE_OP ? inner + own_depth(node) : LEAF_DEPTH;
}

const char *sql_refusal(const Node *root, size_t *ret_at)
{
	Refusal refusal = {0};
	(void)bound(root, &refusal);
	if (!refusal.code && deepest(root) > DEPTH_MAX)
		refusal = (Refusal){"sql_too_deep", root->at};
	*ret_at = refusal.at;
	return refusal.code;
}
