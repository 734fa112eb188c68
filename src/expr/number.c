/* Exact numbers: an int64 scaled by 10^scale, 128 bits in between. Products and quotients are rounded half away from
 * zero to 10 digits after the point; what does not fit 64 bits even without its trailing zeros is an overflow. */
#include "expr/expr_int.h"

typedef __int128 Wide;

Wide number_scale_up(Wide v, int digits)
{
	for (; digits > 0; digits--)
		v *= 10;
	return v;
}

static Wide round_div(Wide a, Wide b)
{
	Wide quotient = a / b, rest = a % b;
	if (rest < 0)
		rest = -rest;
	Wide size = b < 0 ? -b : b;
	if (rest >= size - rest)
		quotient += (a < 0) == (b < 0) ? 1 : -1;
	return quotient;
}

static int keep(Wide v, int scale, bool whole, Value *ret)
{
	while ((v > INT64_MAX || v < INT64_MIN || scale > EXPR_SCALE_MAX) && scale > 0 && v % 10 == 0) {
		v /= 10;
		scale--;
	}
	if (v > INT64_MAX || v < INT64_MIN || scale > EXPR_SCALE_MAX)
		return ERR_INVALID;
	*ret = whole ? value_int((int64_t)v) : value_decimal((int64_t)v, (uint8_t)scale);
	return 0;
}

static int scale_of(const Value *v)
{
	return v->type == VALUE_DECIMAL ? v->scale : 0;
}

static int multiply(const Value *a, const Value *b, bool whole, Value *ret)
{
	Wide product = (Wide)a->i * b->i;
	int scale = scale_of(a) + scale_of(b);
	if (scale > EXPR_SCALE_MAX) {
		product = round_div(product, number_scale_up(1, scale - EXPR_SCALE_MAX));
		scale = EXPR_SCALE_MAX;
	}
	return keep(product, scale, whole, ret);
}

/* a / b with 10 digits: a * 10^(10 + scale b - scale a) / b; at most 10^20 * 2^63, which 128 bits hold. */
static int divide(const Value *a, const Value *b, Value *ret)
{
	int digits = EXPR_SCALE_MAX + scale_of(b) - scale_of(a);
	Wide top;
	if (b->i == 0 || __builtin_mul_overflow((Wide)a->i, number_scale_up(1, digits), &top))
		return ERR_INVALID;
	return keep(round_div(top, b->i), EXPR_SCALE_MAX, false, ret);
}

int number_compute(Op op, const Value *a, const Value *b, Value *ret)
{
	bool whole = a->type == VALUE_INT && b->type == VALUE_INT;
	if (op == OP_MUL)
		return multiply(a, b, whole, ret);
	if (op == OP_DIV)
		return divide(a, b, ret);
	int scale = scale_of(a) > scale_of(b) ? scale_of(a) : scale_of(b);
	Wide left = number_scale_up(a->i, scale - scale_of(a)), right = number_scale_up(b->i, scale - scale_of(b));
	return keep(op == OP_ADD ? left + right : left - right, scale, whole, ret);
}

int number_negate(const Value *a, Value *ret)
{
	return keep(-(Wide)a->i, scale_of(a), a->type == VALUE_INT, ret);
}

int number_compare(const Value *a, const Value *b)
{
	Wide left = number_scale_up(a->i, scale_of(b)), right = number_scale_up(b->i, scale_of(a));
	return left < right ? -1 : left > right;
}
