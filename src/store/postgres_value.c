/* Values in PostgreSQL's binary form, both ways. A parameter takes the type the server found for it; integers of the
 * house (bool, int, decimal, time) are plain int64 in the tables. */
#include "store/postgres_int.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Object ids of built-in types: fixed for ever in pg_type.dat. */
enum {
	PG_BOOL = 16, PG_BYTEA = 17, PG_NAME = 19, PG_INT8 = 20, PG_INT2 = 21, PG_INT4 = 23, PG_TEXT = 25, PG_OID = 26,
	PG_JSON = 114, PG_FLOAT4 = 700, PG_FLOAT8 = 701, PG_BPCHAR = 1042, PG_VARCHAR = 1043,
	PG_NUMERIC = 1700, PG_UUID = 2950,
};

static bool type_is_text(Oid type)
{
	return type == PG_TEXT || type == PG_VARCHAR || type == PG_BPCHAR || type == PG_NAME || type == PG_JSON;
}

/* ---- parameters ---- */

typedef struct {
	const char **value;
	int *len, *format;
	char *scratch; /* 40 bytes */
} Slot;

static void slot_set(Slot slot, const char *bytes, size_t len, int format)
{
	*slot.value = bytes;
	*slot.len = (int)len;
	*slot.format = format;
}

static void slot_set_digits(Slot slot, int64_t i, int format)
{
	int len = snprintf(slot.scratch, 40, "%" PRId64, i);
	slot_set(slot, slot.scratch, (size_t)len, format);
}

static void slot_set_big_endian(Slot slot, uint64_t bits, size_t size)
{
	uint64_t big = htobe64(bits << (64 - 8 * size));
	memcpy(slot.scratch, &big, size);
	slot_set(slot, slot.scratch, size, 1);
}

static bool slot_put_int(Slot slot, Oid type, int64_t i)
{
	double real = (double)i;
	uint64_t bits;

	switch (type) {
	case PG_INT8:
		slot_set_big_endian(slot, (uint64_t)i, 8);
		return true;
	case PG_INT4:
		slot_set_big_endian(slot, (uint64_t)i, 4);
		return i >= INT32_MIN && i <= INT32_MAX;
	case PG_INT2:
		slot_set_big_endian(slot, (uint64_t)i, 2);
		return i >= INT16_MIN && i <= INT16_MAX;
	case PG_BOOL:
		slot_set_big_endian(slot, i != 0, 1);
		return true;
	case PG_FLOAT8:
		memcpy(&bits, &real, sizeof bits);
		slot_set_big_endian(slot, bits, 8);
		return true;
	case PG_UUID:
	case PG_BYTEA: return false;
	default:
		/* numeric and the like read it as text */
		slot_set_digits(slot, i, type_is_text(type) ? 1 : 0);
		return true;
	}
}

static bool slot_put_id(Slot slot, Oid type, const Id *id)
{
	if (type == PG_UUID || type == PG_BYTEA)
		slot_set(slot, (const char *)id->byte, sizeof id->byte, 1);
	else if (type_is_text(type))
		slot_set(slot, id_text(*id, slot.scratch), ID_TEXT_SIZE - 1, 1);
	else
		return false;
	return true;
}

static bool slot_put_text(Slot slot, Oid type, const Value *v, TALLOC_CTX *mem)
{
	Id id;
	/* The server refuses it, and C would cut it: refused here, so that both engines say the same. */
	if (v->len > 0 && memchr(v->text, '\0', v->len))
		return false;
	if (type_is_text(type) || type == PG_BYTEA) {
		slot_set(slot, v->text, v->len, 1);
		return true;
	}
	if (type == PG_UUID) {
		if (!id_parse(v->text, v->len, &id))
			return false;
		memcpy(slot.scratch, id.byte, sizeof id.byte);
		slot_set(slot, slot.scratch, sizeof id.byte, 1);
		return true;
	}
	slot_set(slot, talloc_strndup(mem, v->text, v->len), v->len, 0);
	return true;
}

static bool slot_put_bytes(Slot slot, Oid type, const Value *v)
{
	bool fits = type == PG_BYTEA || type_is_text(type) || (type == PG_UUID && v->len == sizeof(Id));
	slot_set(slot, v->len ? v->text : "", v->len, 1);
	return fits;
}

static bool slot_put(Slot slot, Oid type, const Value *v, TALLOC_CTX *mem)
{
	switch (v->type) {
	case VALUE_NULL: slot_set(slot, NULL, 0, 1); return true;
	case VALUE_BOOL:
	case VALUE_INT:
	case VALUE_DECIMAL:
	case VALUE_TIME: return slot_put_int(slot, type, v->i);
	case VALUE_TEXT: return slot_put_text(slot, type, v, mem);
	case VALUE_ID: return slot_put_id(slot, type, &v->id);
	case VALUE_BYTES: return slot_put_bytes(slot, type, v);
	}
	return false;
}

static void params_grow(PgConn *conn, size_t n)
{
	PgParams *p = &conn->params;
	if (n <= p->cap)
		return;
	p->cap = n < 64 ? 64 : n;
	p->value = talloc_realloc(conn, p->value, const char *, (unsigned)p->cap);
	p->len = talloc_realloc(conn, p->len, int, (unsigned)p->cap);
	p->format = talloc_realloc(conn, p->format, int, (unsigned)p->cap);
	TALLOC_FREE(p->scratch);
	p->scratch = talloc_size(conn, p->cap * sizeof *p->scratch);
}

int pg_params_fill(Tx *tx, const PgStatement *s, const Value *args)
{
	PgConn *conn = tx->conn;
	PgParams *p = &conn->params;

	params_grow(conn, s->n_args);
	for (size_t i = 0; i < s->n_args; i++) {
		Slot slot = {&p->value[i], &p->len[i], &p->format[i], p->scratch[i]};
		if (!slot_put(slot, s->type[i], &args[i], tx_mem(tx)))
			return tx_fail(tx, ERR_INVALID, "a value of kind %d does not fit $%zu (type %u): %.300s",
				       args[i].type, i + 1, s->type[i], s->base.sql);
	}
	return 0;
}

/* ---- cells ---- */

static uint64_t read_big_endian(const char *bytes, int len)
{
	uint64_t n = 0;
	for (int i = 0; i < len; i++)
		n = n << 8 | (uint8_t)bytes[i];
	return n;
}

static double read_real(Oid type, const char *bytes)
{
	uint64_t bits = read_big_endian(bytes, type == PG_FLOAT4 ? 4 : 8);
	uint32_t bits32 = (uint32_t)bits;
	double wide;
	float narrow;

	memcpy(&wide, &bits, sizeof wide);
	memcpy(&narrow, &bits32, sizeof narrow);
	return type == PG_FLOAT4 ? (double)narrow : wide;
}

static int64_t real_to_int(double real)
{
	if (real >= 9223372036854775807.0)
		return INT64_MAX;
	if (real <= -9223372036854775808.0)
		return INT64_MIN;
	return real == real ? (int64_t)real : 0;
}

/* numeric: groups of four decimal digits, the first one worth 10000^weight. */
typedef struct {
	int n, weight, scale;
	bool negative, special; /* special: NaN or infinite */
	const char *groups;
} Numeric;

static Numeric numeric_read(const char *bytes)
{
	int sign = (int)read_big_endian(bytes + 4, 2);
	return (Numeric){
		.n = (int)read_big_endian(bytes, 2),
		.weight = (int16_t)read_big_endian(bytes + 2, 2),
		.negative = sign == 0x4000,
		.special = (sign & 0x8000) != 0,
		.scale = (int)read_big_endian(bytes + 6, 2),
		.groups = bytes + 8,
	};
}

/* The group worth 10000^power. */
static int numeric_group(const Numeric *x, int power)
{
	int i = x->weight - power;
	return i >= 0 && i < x->n ? (int)read_big_endian(x->groups + (ptrdiff_t)2 * i, 2) : 0;
}

static int64_t numeric_int(const char *bytes)
{
	Numeric x = numeric_read(bytes);
	__int128 n = 0;

	if (x.special)
		return 0;
	for (int power = x.weight; power >= 0; power--) {
		n = n * 10000 + numeric_group(&x, power);
		if (n > (__int128)INT64_MAX + 1)
			return x.negative ? INT64_MIN : INT64_MAX;
	}
	if (x.negative)
		return (int64_t)-n;
	return n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

static char *numeric_text(TALLOC_CTX *ctx, const char *bytes)
{
	Numeric x = numeric_read(bytes);
	if (x.special)
		return talloc_strdup(ctx, "NaN");
	int first = numeric_group(&x, x.weight > 0 ? x.weight : 0);
	char *text = talloc_asprintf(ctx, "%s%d", x.negative ? "-" : "", first);
	for (int power = x.weight - 1; power >= 0; power--)
		text = talloc_asprintf_append_buffer(text, "%04d", numeric_group(&x, power));
	if (x.scale == 0)
		return text;
	size_t len = strlen(text) + 1 + (size_t)x.scale;
	text = talloc_strdup_append_buffer(text, ".");
	for (int power = -1; (-power - 1) * 4 < x.scale; power--)
		text = talloc_asprintf_append_buffer(text, "%04d", numeric_group(&x, power));
	text[len] = '\0';
	return text;
}

int64_t pg_value_int(Oid type, const char *bytes, int len)
{
	switch (type) {
	case PG_INT8: return (int64_t)read_big_endian(bytes, 8);
	case PG_INT4: return (int32_t)read_big_endian(bytes, 4);
	case PG_INT2: return (int16_t)read_big_endian(bytes, 2);
	case PG_OID: return (int64_t)read_big_endian(bytes, 4);
	case PG_BOOL: return len > 0 && bytes[0] != 0;
	case PG_FLOAT4:
	case PG_FLOAT8: return real_to_int(read_real(type, bytes));
	case PG_NUMERIC: return numeric_int(bytes);
	default: return type_is_text(type) ? strtoll(bytes, NULL, 10) : 0;
	}
}

const char *pg_value_text(TALLOC_CTX *ctx, Oid type, const char *bytes, int len, size_t *ret_len)
{
	char *made;
	Id id;

	switch (type) {
	case PG_INT8:
	case PG_INT4:
	case PG_INT2:
	case PG_OID:
	case PG_BOOL: made = talloc_asprintf(ctx, "%" PRId64, pg_value_int(type, bytes, len)); break;
	case PG_FLOAT4:
	case PG_FLOAT8: made = talloc_asprintf(ctx, "%.15g", read_real(type, bytes)); break;
	case PG_NUMERIC: made = numeric_text(ctx, bytes); break;
	case PG_UUID:
		memcpy(id.byte, bytes, sizeof id.byte);
		made = talloc_size(ctx, ID_TEXT_SIZE);
		(void)id_text(id, made);
		break;
	default:
		*ret_len = (size_t)len;
		return bytes;
	}
	*ret_len = strlen(made);
	return made;
}
