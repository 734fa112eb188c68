/* Back-end 1: a formula on the values of one record. Depth is bounded by the parser. What a NULL means is said in
 * expr.h and must be the same in sql.c; the property test holds the two together. */
#include "expr/expr_int.h"

#include <string.h>

#include "base/utf8.h"

typedef struct {
	TALLOC_CTX *ctx;
	const Value *values;
	const ExprEnv *env;
} Eval;

static int eval(Eval *e, const Node *node, Value *ret);

static bool is_true(const Value *v)
{
	return v->type == VALUE_BOOL && v->i;
}

static bool is_blank(const Value *v)
{
	return v->type == VALUE_NULL || (v->type == VALUE_TEXT && v->len == 0);
}

static Value made_text(Eval *e, const char *bytes, size_t len)
{
	return value_text_n(talloc_strndup(e->ctx, bytes, len), len);
}

static int eval_logic(Eval *e, const Node *node, Value *ret)
{
	bool decides = node->op == OP_OR;
	for (int i = 0; i < node->n; i++) {
		Value v;
		int r = eval(e, node->args[i], &v);
		if (r < 0)
			return r;
		if (node->op == OP_NOT || is_true(&v) == decides) {
			*ret = value_bool(node->op == OP_NOT ? !is_true(&v) : decides);
			return 0;
		}
	}
	*ret = value_bool(!decides);
	return 0;
}

static int compare_text(const Value *a, const Value *b)
{
	size_t len = a->len < b->len ? a->len : b->len;
	int r = memcmp(a->text, b->text, len);
	return r ? r : (a->len > b->len) - (a->len < b->len);
}

static int compare(const Value *a, const Value *b)
{
	switch (a->type) {
	case VALUE_INT:
	case VALUE_DECIMAL:
		return number_compare(a, b);
	case VALUE_TEXT:
		return compare_text(a, b);
	case VALUE_ID:
		return id_compare(a->id, b->id);
	default:
		return (a->i > b->i) - (a->i < b->i);
	}
}

static bool holds(Op op, int order)
{
	switch (op) {
	case OP_EQ:
	case OP_IN:
		return order == 0;
	case OP_NE:
		return order != 0;
	case OP_LT:
		return order < 0;
	case OP_LE:
		return order <= 0;
	case OP_GT:
		return order > 0;
	default:
		return order >= 0;
	}
}

/* IN is = with each of the list. */
static int eval_compare(Eval *e, const Node *node, Value *ret)
{
	Value left, right;
	bool found = false;
	int r = eval(e, node->args[0], &left);
	for (int i = 1; r == 0 && i < node->n && !found; i++) {
		r = eval(e, node->args[i], &right);
		found = r == 0 && !value_is_null(&left) && !value_is_null(&right) && holds(node->op, compare(&left, &right));
	}
	*ret = value_bool(found);
	return r;
}

static int eval_arithmetic(Eval *e, const Node *node, Value *ret)
{
	Value a, b = value_int(0);
	int r = eval(e, node->args[0], &a);
	if (r == 0 && node->n > 1)
		r = eval(e, node->args[1], &b);
	if (r < 0)
		return r;
	*ret = value_null();
	if (value_is_null(&a) || value_is_null(&b))
		return 0;
	return node->op == OP_NEG ? number_negate(&a, ret) : number_compute(node->op, &a, &b, ret);
}

static int eval_join(Eval *e, const Node *node, Value *ret)
{
	char *text = talloc_strdup(e->ctx, "");
	size_t len = 0;
	for (int i = 0; i < node->n; i++) {
		Value v;
		int r = eval(e, node->args[i], &v);
		if (r < 0)
			return r;
		if (value_is_null(&v))
			continue;
		text = talloc_realloc(e->ctx, text, char, (unsigned)(len + v.len + 1));
		memcpy(text + len, v.text, v.len);
		len += v.len;
		text[len] = 0;
	}
	*ret = value_text_n(text, len);
	return 0;
}

static int eval_coalesce(Eval *e, const Node *node, Value *ret)
{
	for (int i = 0; i < node->n; i++) {
		int r = eval(e, node->args[i], ret);
		if (r < 0 || !is_blank(ret))
			return r;
	}
	return 0;
}

static int eval_if(Eval *e, const Node *node, Value *ret)
{
	Value condition;
	int r = eval(e, node->args[0], &condition);
	return r < 0 ? r : eval(e, node->args[is_true(&condition) ? 1 : 2], ret);
}

/* CONTAINS, STARTS_WITH, ENDS_WITH. */
static int eval_find(Eval *e, const Node *node, Value *ret)
{
	Value text, part;
	int r = eval(e, node->args[0], &text);
	if (r == 0)
		r = eval(e, node->args[1], &part);
	*ret = value_bool(false);
	if (r < 0 || value_is_null(&text) || value_is_null(&part) || part.len > text.len)
		return r;
	bool found;
	if (node->op == OP_CONTAINS)
		found = memmem(text.text, text.len, part.text, part.len) != NULL;
	else
		found = memcmp(text.text + (node->op == OP_ENDS_WITH ? text.len - part.len : 0), part.text, part.len) == 0;
	*ret = value_bool(found);
	return 0;
}

static Value change_case(Eval *e, const Value *text, bool up)
{
	char *copy = talloc_strndup(e->ctx, text->text, text->len);
	for (size_t i = 0; i < text->len; i++)
		if (up ? copy[i] >= 'a' && copy[i] <= 'z' : copy[i] >= 'A' && copy[i] <= 'Z')
			copy[i] ^= 0x20;
	return value_text_n(copy, text->len);
}

/* Length of the blank at the start, or at the end: space, tab, line end, U+3000. */
static size_t blank_len(const char *text, size_t len, bool at_end)
{
	char c = len == 0 ? 0 : at_end ? text[len - 1] : text[0];
	if (c && strchr(" \t\r\n", c))
		return 1;
	return len >= 3 && memcmp(at_end ? text + len - 3 : text, "\u3000", 3) == 0 ? 3 : 0;
}

static Value trim(Eval *e, const Value *v)
{
	const char *text = v->text;
	size_t len = v->len, blank;
	while ((blank = blank_len(text, len, false)) > 0) {
		text += blank;
		len -= blank;
	}
	while ((blank = blank_len(text, len, true)) > 0)
		len -= blank;
	return made_text(e, text, len);
}

static int eval_text(Eval *e, const Node *node, Value *ret)
{
	Value text;
	int r = eval(e, node->args[0], &text);
	if (r < 0)
		return r;
	if (node->op == OP_LEN)
		*ret = value_int(value_is_null(&text) ? 0 : token_characters(text.text, text.len));
	else if (value_is_null(&text))
		*ret = text;
	else
		*ret = node->op == OP_TRIM ? trim(e, &text) : change_case(e, &text, node->op == OP_UPPER);
	return 0;
}

/* TODAY() and DATE(): a moment, or a day where the checker found a day is meant. */
static Value day_value(Eval *e, const Node *node)
{
	int64_t day = 0, shift = e->env->utc_offset_min * MINUTE_MS;
	if (node->op == OP_TODAY)
		day = time_floor_div(e->env->now_ms + shift, DAY_MS);
	else
		(void)time_parse_date(node->args[0]->literal.text, node->args[0]->literal.len, &day);
	if (!node->is_date)
		return value_time(day * DAY_MS - shift);
	char text[16];
	time_day_text(day, text);
	return made_text(e, text, strlen(text));
}

static int eval_since(Eval *e, const Node *node, Value *ret)
{
	Value time;
	int r = eval(e, node->args[0], &time);
	*ret = value_null();
	if (r < 0 || value_is_null(&time))
		return r;
	int64_t elapsed;
	if (__builtin_sub_overflow(e->env->now_ms, time.i, &elapsed))
		return ERR_INVALID;
	*ret = value_int(time_floor_div(elapsed, node->op == OP_DAYS_SINCE ? DAY_MS : HOUR_MS));
	return 0;
}

/* tidy: table */
static int eval_op(Eval *e, const Node *node, Value *ret)
{
	Value v;
	int r;
	switch (node->op) {
	case OP_OR:
	case OP_AND:
	case OP_NOT:
		return eval_logic(e, node, ret);
	case OP_JOIN:
		return eval_join(e, node, ret);
	case OP_ADD:
	case OP_SUB:
	case OP_MUL:
	case OP_DIV:
	case OP_NEG:
		return eval_arithmetic(e, node, ret);
	case OP_IF:
		return eval_if(e, node, ret);
	case OP_COALESCE:
		return eval_coalesce(e, node, ret);
	case OP_ISBLANK:
		r = eval(e, node->args[0], &v);
		*ret = value_bool(r == 0 && is_blank(&v));
		return r;
	case OP_CONTAINS:
	case OP_STARTS_WITH:
	case OP_ENDS_WITH:
		return eval_find(e, node, ret);
	case OP_LEN:
	case OP_LOWER:
	case OP_UPPER:
	case OP_TRIM:
		return eval_text(e, node, ret);
	case OP_NOW:
		*ret = value_time(e->env->now_ms);
		return 0;
	case OP_TODAY:
	case OP_DATE:
		*ret = day_value(e, node);
		return 0;
	case OP_DAYS_SINCE:
	case OP_HOURS_SINCE:
		return eval_since(e, node, ret);
	case OP_ME:
		*ret = value_id(e->env->me);
		return 0;
	default:
		return eval_compare(e, node, ret);
	}
}

static int eval(Eval *e, const Node *node, Value *ret)
{
	switch (node->kind) {
	case NODE_LITERAL:
		*ret = node->literal;
		return 0;
	case NODE_FIELD:
		*ret = e->values[node->field->index];
		return 0;
	default:
		return eval_op(e, node, ret);
	}
}

int expr_eval(TALLOC_CTX *ctx, const Expr *expr, const Value *values, const ExprEnv *env, Value *ret)
{
	Eval e = {.ctx = ctx, .values = values, .env = env};
	Value v;
	int r = eval(&e, expr->root, &v);
	if (r == 0)
		*ret = v;
	return r;
}

bool expr_holds(const Expr *expr, const Value *values, const ExprEnv *env)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Value v;
	bool held = expr_eval(ctx, expr, values, env, &v) == 0 && is_true(&v);
	talloc_free(ctx);
	return held;
}
