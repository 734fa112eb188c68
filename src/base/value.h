/* Value: one typed scalar, the currency between store/, expr/ and record/. Texts and bytes are borrowed, never owned:
 * their owner is the talloc context or the row they were read from. */
#pragma once

#include "base/base.h"
#include "base/id.h"

typedef enum {
	VALUE_NULL,
	VALUE_BOOL,    /* i is 0 or 1 */
	VALUE_INT,     /* i */
	VALUE_DECIMAL, /* i, scaled by 10^scale */
	VALUE_TIME,    /* i, milliseconds UTC since 1970 */
	VALUE_TEXT,    /* text, len: valid UTF-8, NUL-terminated after len */
	VALUE_ID,      /* id */
	VALUE_BYTES,   /* text, len: any bytes */
} ValueType;

typedef struct Value {
	ValueType type;
	uint8_t scale; /* VALUE_DECIMAL only */
	uint32_t len;  /* VALUE_TEXT and VALUE_BYTES only, bytes */
	union {
		int64_t i;
		Id id;
		const char *text;
	};
} Value;

Value value_null(void);
Value value_bool(bool b);
Value value_int(int64_t i);
Value value_decimal(int64_t scaled, uint8_t scale);
Value value_time(int64_t ms);
/* NULL makes VALUE_NULL. */
Value value_text(const char *text);
Value value_text_n(const char *text, size_t len);
/* The nil id makes VALUE_NULL: an empty reference is stored as NULL. */
Value value_id(Id id);
Value value_bytes(const void *bytes, size_t len);

bool value_is_null(const Value *v);
/* Same type and same content; two NULLs are equal. */
bool value_equal(const Value *a, const Value *b);
/* Copies text and bytes into ctx. */
Value value_copy(TALLOC_CTX *ctx, const Value *v);
