/* Types. Every node gets one, and text literals become what the other side asks for: an id, a moment, a day. A fault
 * says what was found and what is needed, at the place where it stands. */
#include "expr/expr_int.h"

#include <string.h>

static bool check(Parse *p, Node *node);

static const struct {
	const char *en, *zh;
} type_words[] = {
	[EXPR_BOOL] = {"a condition", "条件"}, [EXPR_INT] = {"a whole number", "整数"}, [EXPR_DECIMAL] = {"a number", "数字"},
	[EXPR_TEXT] = {"a text", "文本"}, [EXPR_TIME] = {"a time", "时间"}, [EXPR_ID] = {"a reference", "引用"},
	[EXPR_NULL] = {"blank", "空"},
};

static bool is_number(const Node *node)
{
	return node->type == EXPR_INT || node->type == EXPR_DECIMAL || node->type == EXPR_NULL;
}

static bool is_text_literal(const Node *node)
{
	return node->kind == NODE_LITERAL && node->type == EXPR_TEXT;
}

/* The name of the operation or field, for faults. */
static const char *named(const Node *node)
{
	return node->kind == NODE_OP ? expr_ops[node->op].name : node->kind == NODE_FIELD ? node->field->name : "value";
}

/* Both sentences are made already: their words differ. */
static bool type_fail(Parse *p, size_t at, char *en, char *zh)
{
	(void)parse_fail(p, at, "type", "", "");
	p->fault->en = en;
	p->fault->zh = zh;
	return false;
}

static bool need(Parse *p, const Node *op, const Node *arg, ExprType type)
{
	if (arg->type == type || arg->type == EXPR_NULL || (type == EXPR_DECIMAL && is_number(arg)))
		return true;
	return type_fail(p, arg->at,
		talloc_asprintf(p->ctx, "%s needs %s here, but this is %s.", named(op), type_words[type].en,
			type_words[arg->type].en),
		talloc_asprintf(p->ctx, "%s 这里需要%s，但这是%s。", named(op), type_words[type].zh, type_words[arg->type].zh));
}

static bool mismatch(Parse *p, const Node *a, const Node *b)
{
	return type_fail(p, b->at,
		talloc_asprintf(p->ctx, "This is %s; it cannot be compared or mixed with %s.", type_words[b->type].en,
			type_words[a->type].en),
		talloc_asprintf(p->ctx, "这是%s，不能与%s比较或混用。", type_words[b->type].zh, type_words[a->type].zh));
}

static bool text_to_id(Parse *p, Node *literal)
{
	Id id;
	if (!id_parse(literal->literal.text, literal->literal.len, &id) || id_is_nil(id))
		return parse_fail(p, literal->at, "bad_id", "\"%s\" is no id: references are compared with an id or ME().",
			"“%s”不是编号：引用字段只能与编号或 ME() 比较。", literal->literal.text);
	literal->type = EXPR_ID;
	literal->literal = value_id(id);
	return true;
}

/* "2026-11-23" becomes DATE("2026-11-23"): which moment that is depends on the company's calendar. */
static bool text_to_time(Parse *p, Node *literal)
{
	int64_t ms;
	const Value *text = &literal->literal;
	if (time_parse_date(text->text, text->len, &ms)) {
		Node *day = node_new(p, NODE_LITERAL, literal->at);
		if (!day)
			return false;
		Node **args = talloc_array(literal, Node *, 1);
		*day = *literal;
		day->depth = 1;
		args[0] = day;
		*literal = (Node){.kind = NODE_OP, .op = OP_DATE, .type = EXPR_TIME, .at = literal->at, .depth = 2,
			.args = args, .n = 1};
		return true;
	}
	if (!time_parse(text->text, text->len, &ms))
		return parse_fail(p, literal->at, "bad_time",
			"\"%s\" is no time: write 2026-11-23 or 2026-11-23T10:00:00+08:00.",
			"“%s”不是时间：请写成 2026-11-23 或 2026-11-23T10:00:00+08:00。", text->text);
	literal->type = EXPR_TIME;
	literal->literal = value_time(ms);
	return true;
}

/* TODAY() and DATE() stand for a day where a day is asked for. */
static bool time_to_date(Parse *p, const Node *date, Node *node)
{
	if (node->kind != NODE_OP || (node->op != OP_TODAY && node->op != OP_DATE))
		return mismatch(p, date, node);
	node->type = EXPR_TEXT;
	node->is_date = true;
	return true;
}

static bool check_date_literal(Parse *p, Node *literal)
{
	int64_t day;
	literal->is_date = time_parse_date(literal->literal.text, literal->literal.len, &day);
	return literal->is_date || parse_fail(p, literal->at, "bad_date", "\"%s\" is no date: write it like 2026-11-23.",
		"“%s”不是日期：请写成 2026-11-23 的样子。", literal->literal.text);
}

static bool check_choice(Parse *p, const FieldDef *field, const Node *literal)
{
	for (int i = 0; i < field->n_choices; i++)
		if (strcmp(field->choices[i].value, literal->literal.text) == 0)
			return true;
	const char *meant = NULL;
	for (int i = 0; i < field->n_choices && !meant; i++)
		if (strcmp(field->choices[i].zh, literal->literal.text) == 0 ||
			strcmp(field->choices[i].en, literal->literal.text) == 0)
			meant = field->choices[i].value;
	char *known = talloc_strdup(p->ctx, meant ? meant : "");
	for (int i = 0; i < field->n_choices && i < 20 && !meant; i++)
		known = talloc_asprintf_append(known, "%s%s", i ? ", " : "", field->choices[i].value);
	return parse_fail(p, literal->at, "unknown_choice", "\"%s\" is no value of %s; did you mean: %s",
		"“%s”不是 %s 的取值；您是不是指：%s",
		literal->literal.text, field->name, known);
}

/* Two sides that meet in a comparison or a list. One direction of what fits() does. */
static bool adapt(Parse *p, Node *a, Node *b)
{
	if (a->type == EXPR_ID && is_text_literal(b))
		return text_to_id(p, b);
	if (a->type == EXPR_TIME && is_text_literal(b))
		return text_to_time(p, b);
	if (a->is_date && b->type == EXPR_TIME)
		return time_to_date(p, a, b);
	if (a->is_date && is_text_literal(b))
		return check_date_literal(p, b);
	if (a->kind == NODE_FIELD && a->field->type == FIELD_CHOICE && is_text_literal(b))
		return check_choice(p, a->field, b);
	return true;
}

static bool fits(Parse *p, Node *a, Node *b)
{
	if (!adapt(p, a, b) || !adapt(p, b, a))
		return false;
	bool same = a->type == b->type || a->type == EXPR_NULL || b->type == EXPR_NULL || (is_number(a) && is_number(b));
	return same || mismatch(p, a, b);
}

/* All of args[from..] fit to one another; the type they have together. */
static bool unify(Parse *p, Node *node, int from, Node *ret)
{
	Node *pivot = node->args[from];
	for (int i = from; i < node->n && (pivot->type == EXPR_NULL || pivot->kind == NODE_LITERAL); i++)
		if (node->args[i]->type != EXPR_NULL && (pivot->type == EXPR_NULL || node->args[i]->kind != NODE_LITERAL))
			pivot = node->args[i];
	for (int i = from; i < node->n; i++)
		if (node->args[i] != pivot && !fits(p, pivot, node->args[i]))
			return false;
	*ret = (Node){.type = pivot->type, .is_date = pivot->type == EXPR_TEXT};
	for (int i = from; i < node->n; i++) {
		const Node *arg = node->args[i];
		if (arg->type == EXPR_DECIMAL)
			ret->type = EXPR_DECIMAL;
		if (is_number(arg) && arg->scale > ret->scale)
			ret->scale = arg->scale;
		ret->is_date = ret->is_date && (arg->is_date || arg->type == EXPR_NULL);
	}
	return true;
}

static bool check_all(Parse *p, Node *node, ExprType type, ExprType result)
{
	for (int i = 0; i < node->n; i++)
		if (!need(p, node, node->args[i], type))
			return false;
	node->type = result;
	return true;
}

static bool check_compare(Parse *p, Node *node)
{
	Node together;
	if (!unify(p, node, 0, &together))
		return false;
	bool ordered = node->op != OP_EQ && node->op != OP_NE && node->op != OP_IN;
	if (ordered && (together.type == EXPR_BOOL || together.type == EXPR_ID))
		return type_fail(p, node->at,
			talloc_asprintf(p->ctx, "This is %s, which has no order; use = <> or IN.", type_words[together.type].en),
			talloc_asprintf(p->ctx, "这是%s，没有大小之分，请用 = <> 或 IN。", type_words[together.type].zh));
	node->type = EXPR_BOOL;
	return true;
}

static bool check_arithmetic(Parse *p, Node *node)
{
	bool whole = node->op != OP_DIV;
	int scale = 0;
	for (int i = 0; i < node->n; i++) {
		const Node *arg = node->args[i];
		if (!need(p, node, arg, EXPR_DECIMAL))
			return false;
		whole = whole && arg->type != EXPR_DECIMAL;
		scale = node->op == OP_MUL ? scale + arg->scale : scale > arg->scale ? scale : arg->scale;
	}
	if (node->op == OP_DIV || scale > EXPR_SCALE_MAX)
		scale = EXPR_SCALE_MAX;
	node->type = whole ? EXPR_INT : EXPR_DECIMAL;
	node->scale = whole ? 0 : (uint8_t)scale;
	return true;
}

static bool check_same(Parse *p, Node *node, int from)
{
	Node together;
	if (!unify(p, node, from, &together))
		return false;
	node->type = together.type;
	node->scale = together.scale;
	node->is_date = together.is_date;
	return true;
}

static bool check_date(Parse *p, Node *node)
{
	if (!is_text_literal(node->args[0]))
		return parse_fail(p, node->at, "type", "DATE needs a date in quotes, like DATE(\"2026-11-23\").",
			"DATE 需要带引号的日期，例如 DATE(\"2026-11-23\")。");
	node->type = EXPR_TIME;
	return check_date_literal(p, node->args[0]);
}

static bool check_since(Parse *p, Node *node)
{
	if (is_text_literal(node->args[0]) && !text_to_time(p, node->args[0]))
		return false;
	return check_all(p, node, EXPR_TIME, EXPR_INT);
}

/* tidy: table */
static bool check_op(Parse *p, Node *node)
{
	switch (node->op) {
	case OP_OR:
	case OP_AND:
	case OP_NOT:
		return check_all(p, node, EXPR_BOOL, EXPR_BOOL);
	case OP_EQ:
	case OP_NE:
	case OP_LT:
	case OP_LE:
	case OP_GT:
	case OP_GE:
	case OP_IN:
		return check_compare(p, node);
	case OP_ADD:
	case OP_SUB:
	case OP_MUL:
	case OP_DIV:
	case OP_NEG:
		return check_arithmetic(p, node);
	case OP_IF:
		return need(p, node, node->args[0], EXPR_BOOL) && check_same(p, node, 1);
	case OP_COALESCE:
		return check_same(p, node, 0);
	case OP_ISBLANK:
		node->type = EXPR_BOOL;
		return true;
	case OP_CONTAINS:
	case OP_STARTS_WITH:
	case OP_ENDS_WITH:
		return check_all(p, node, EXPR_TEXT, EXPR_BOOL);
	case OP_LEN:
		return check_all(p, node, EXPR_TEXT, EXPR_INT);
	case OP_JOIN:
	case OP_LOWER:
	case OP_UPPER:
	case OP_TRIM:
		return check_all(p, node, EXPR_TEXT, EXPR_TEXT);
	case OP_NOW:
	case OP_TODAY:
		node->type = EXPR_TIME;
		return true;
	case OP_DATE:
		return check_date(p, node);
	case OP_DAYS_SINCE:
	case OP_HOURS_SINCE:
		return check_since(p, node);
	case OP_ME:
		node->type = EXPR_ID;
		return true;
	default:
		return parse_fail(p, node->at, "syntax", "Unknown operation.", "未知的运算。");
	}
}

static bool check_field(Parse *p, Node *node)
{
	switch (meta_value_type(node->field)) {
	case VALUE_INT:
		node->type = EXPR_INT;
		break;
	case VALUE_DECIMAL:
		node->type = EXPR_DECIMAL;
		node->scale = meta_scale(node->field);
		break;
	case VALUE_BOOL:
		node->type = EXPR_BOOL;
		break;
	case VALUE_TIME:
		node->type = EXPR_TIME;
		break;
	case VALUE_ID:
		node->type = EXPR_ID;
		break;
	default:
		node->type = EXPR_TEXT;
		node->is_date = node->field->type == FIELD_DATE;
	}
	return node->field->type != FIELD_JSON || parse_fail(p, node->at, "type",
		"The field %s cannot be used in a formula.", "字段 %s 不能用于公式。", node->field->name);
}

static bool check(Parse *p, Node *node)
{
	if (node->kind == NODE_LITERAL)
		return true;
	if (node->kind == NODE_FIELD)
		return check_field(p, node);
	for (int i = 0; i < node->n; i++)
		if (!check(p, node->args[i]))
			return false;
	return check_op(p, node);
}

bool check_tree(Parse *p, Node *root)
{
	return root && check(p, root);
}
