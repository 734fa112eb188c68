/* The tree back to text in normal form, and as JSON for the browser. What is printed parses to the same tree. */
#include "expr/expr_int.h"

#include <string.h>

static void print(const Node *node, Buf *out);

static int binding_of(const Node *node)
{
	if (node->kind == NODE_OP)
		return expr_ops[node->op].binding;
	bool negative = node->kind == NODE_LITERAL && (node->type == EXPR_INT || node->type == EXPR_DECIMAL) &&
		node->literal.i < 0;
	return negative ? BINDING_NEG : BINDING_ATOM;
}

static void print_at(const Node *node, int binding, Buf *out)
{
	bool group = binding_of(node) < binding;
	buf_puts(out, group ? "(" : "");
	print(node, out);
	buf_puts(out, group ? ")" : "");
}

static void print_decimal(const Value *v, Buf *out)
{
	uint64_t size = v->i < 0 ? -(uint64_t)v->i : (uint64_t)v->i, unit = 1;
	for (int i = 0; i < v->scale; i++)
		unit *= 10;
	buf_printf(out, "%s%llu.", v->i < 0 ? "-" : "", (unsigned long long)(size / unit));
	if (v->scale)
		buf_printf(out, "%0*llu", v->scale, (unsigned long long)(size % unit));
}

static void print_quoted(const char *text, size_t len, Buf *out)
{
	buf_putc(out, '"');
	for (size_t i = 0; i < len; i++)
		buf_append(out, text[i] == '"' ? "\"\"" : &text[i], text[i] == '"' ? 2 : 1);
	buf_putc(out, '"');
}

static void print_time(int64_t ms, Buf *out)
{
	char day[16];
	int64_t of_day = ms - time_floor_div(ms, DAY_MS) * DAY_MS;
	time_day_text(time_floor_div(ms, DAY_MS), day);
	buf_printf(out, "\"%sT%02d:%02d:%02d.%03dZ\"", day, (int)(of_day / HOUR_MS), (int)(of_day / MINUTE_MS % 60),
		(int)(of_day / SECOND_MS % 60), (int)(of_day % SECOND_MS));
}

static void print_literal(const Value *v, Buf *out)
{
	char id[ID_TEXT_SIZE];
	switch (v->type) {
	case VALUE_BOOL:
		buf_puts(out, v->i ? "TRUE" : "FALSE");
		break;
	case VALUE_INT:
		buf_printf(out, "%lld", (long long)v->i);
		break;
	case VALUE_DECIMAL:
		print_decimal(v, out);
		break;
	case VALUE_TEXT:
		print_quoted(v->text, v->len, out);
		break;
	case VALUE_TIME:
		print_time(v->i, out);
		break;
	case VALUE_ID:
		buf_printf(out, "\"%s\"", id_text(v->id, id));
		break;
	default:
		buf_puts(out, "NULL");
	}
}

static void print_list(const Node *node, int from, const char *between, int binding, Buf *out)
{
	for (int i = from; i < node->n; i++) {
		buf_puts(out, i > from ? between : "");
		print_at(node->args[i], binding, out);
	}
}

/* A comparison does not chain, and - and / are not associative: the right side binds tighter. */
static void print_op(const Node *node, Buf *out)
{
	const OpInfo *info = &expr_ops[node->op];
	if (!info->symbol) {
		buf_printf(out, "%s(", info->name);
		print_list(node, 0, ", ", 0, out);
		buf_putc(out, ')');
	} else if (node->op == OP_IN) {
		print_at(node->args[0], BINDING_COMPARE + 1, out);
		buf_puts(out, " IN (");
		print_list(node, 1, ", ", 0, out);
		buf_putc(out, ')');
	} else if (node->op == OP_NOT || node->op == OP_NEG) {
		buf_puts(out, node->op == OP_NOT ? "NOT " : "-");
		print_at(node->args[0], info->binding + (node->op == OP_NEG), out);
	} else {
		print_at(node->args[0], info->binding + (info->binding == BINDING_COMPARE), out);
		for (int i = 1; i < node->n; i++) {
			buf_printf(out, " %s ", info->symbol);
			print_at(node->args[i], info->binding + 1, out);
		}
	}
}

static void print(const Node *node, Buf *out)
{
	if (node->kind == NODE_LITERAL)
		print_literal(&node->literal, out);
	else if (node->kind == NODE_FIELD && op_find(node->field->name, strlen(node->field->name)) == OP_COUNT)
		buf_puts(out, node->field->name);
	else if (node->kind == NODE_FIELD)
		buf_printf(out, "[%s]", node->field->name);
	else
		print_op(node, out);
}

void expr_write_text(const Expr *expr, Buf *out)
{
	print(expr->root, out);
}

static void write_literal(const Node *node, JsonOut *out)
{
	static const char *const keys[] = {[VALUE_NULL] = "null", [VALUE_BOOL] = "bool", [VALUE_INT] = "int",
		[VALUE_DECIMAL] = "decimal", [VALUE_TIME] = "time", [VALUE_TEXT] = "text", [VALUE_ID] = "id"};
	json_object_begin(out);
	json_key(out, keys[node->literal.type]);
	if (value_is_null(&node->literal))
		json_put_bool(out, true);
	else
		json_put_value(out, &node->literal);
	json_object_end(out);
}

static void write_node(const Node *node, JsonOut *out)
{
	if (node->kind == NODE_LITERAL) {
		write_literal(node, out);
	} else if (node->kind == NODE_FIELD) {
		json_object_begin(out);
		json_member_text(out, "field", node->field->name);
		json_object_end(out);
	} else {
		json_array_begin(out);
		json_put_text(out, expr_ops[node->op].name);
		for (int i = 0; i < node->n; i++)
			write_node(node->args[i], out);
		json_array_end(out);
	}
}

void expr_write_ast(const Expr *expr, JsonOut *out)
{
	write_node(expr->root, out);
}
