/* The table of operations. A new one gets a row here, its types in check.c, its meaning in eval.c and sql.c. */
#include "expr/expr_int.h"

#include <string.h>
#include <strings.h>

#define MANY 1000

const OpInfo expr_ops[OP_COUNT] = {
	[OP_OR] = {"OR", "或", "OR", 1, 2, MANY},
	[OP_AND] = {"AND", "且", "AND", 2, 2, MANY},
	[OP_NOT] = {"NOT", "非", "NOT", BINDING_NOT, -1, -1},
	[OP_EQ] = {"=", NULL, "=", BINDING_COMPARE, -1, -1},
	[OP_NE] = {"<>", NULL, "<>", BINDING_COMPARE, -1, -1},
	[OP_LT] = {"<", NULL, "<", BINDING_COMPARE, -1, -1},
	[OP_LE] = {"<=", NULL, "<=", BINDING_COMPARE, -1, -1},
	[OP_GT] = {">", NULL, ">", BINDING_COMPARE, -1, -1},
	[OP_GE] = {">=", NULL, ">=", BINDING_COMPARE, -1, -1},
	[OP_IN] = {"IN", "属于", "IN", BINDING_COMPARE, -1, -1},
	[OP_JOIN] = {"&", NULL, "&", 5, -1, -1},
	[OP_ADD] = {"+", NULL, "+", 6, -1, -1},
	[OP_SUB] = {"-", NULL, "-", 6, -1, -1},
	[OP_MUL] = {"*", NULL, "*", 7, -1, -1},
	[OP_DIV] = {"/", NULL, "/", 7, -1, -1},
	[OP_NEG] = {"NEG", NULL, "-", BINDING_NEG, -1, -1},
	[OP_IF] = {"IF", "如果", NULL, BINDING_ATOM, 3, 3},
	[OP_COALESCE] = {"COALESCE", "首个非空", NULL, BINDING_ATOM, 2, 50},
	[OP_ISBLANK] = {"ISBLANK", "为空", NULL, BINDING_ATOM, 1, 1},
	[OP_CONTAINS] = {"CONTAINS", "包含", NULL, BINDING_ATOM, 2, 2},
	[OP_STARTS_WITH] = {"STARTS_WITH", "开头是", NULL, BINDING_ATOM, 2, 2},
	[OP_ENDS_WITH] = {"ENDS_WITH", "结尾是", NULL, BINDING_ATOM, 2, 2},
	[OP_LEN] = {"LEN", "长度", NULL, BINDING_ATOM, 1, 1},
	[OP_LOWER] = {"LOWER", "小写", NULL, BINDING_ATOM, 1, 1},
	[OP_UPPER] = {"UPPER", "大写", NULL, BINDING_ATOM, 1, 1},
	[OP_TRIM] = {"TRIM", "去空格", NULL, BINDING_ATOM, 1, 1},
	[OP_NOW] = {"NOW", "现在", NULL, BINDING_ATOM, 0, 0},
	[OP_TODAY] = {"TODAY", "今天", NULL, BINDING_ATOM, 0, 0},
	[OP_DATE] = {"DATE", "日期", NULL, BINDING_ATOM, 1, 1},
	[OP_DAYS_SINCE] = {"DAYS_SINCE", "距今天数", NULL, BINDING_ATOM, 1, 1},
	[OP_HOURS_SINCE] = {"HOURS_SINCE", "距今小时", NULL, BINDING_ATOM, 1, 1},
	[OP_ME] = {"ME", "我", NULL, BINDING_ATOM, 0, 0},
};

Op op_find(const char *name, size_t len)
{
	for (int i = 0; i < OP_COUNT; i++) {
		const OpInfo *info = &expr_ops[i];
		if (strlen(info->name) == len && strncasecmp(info->name, name, len) == 0)
			return (Op)i;
		if (info->zh && strlen(info->zh) == len && memcmp(info->zh, name, len) == 0)
			return (Op)i;
	}
	return OP_COUNT;
}
