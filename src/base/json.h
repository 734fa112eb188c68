/* JSON in and JSON out.
 * In: jansson, strict (duplicate keys refused, 64-bit integers, valid UTF-8) with a limit on nesting checked first by a
 * flat scan, so that hostile depth never reaches a recursive parser.
 * Out: a streaming writer on a Buf; lists never build a tree. The writer puts commas itself. */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "base/id.h"
#include "base/value.h"
#include <jansson.h>

/* Why a text is not acceptable JSON. */
typedef struct {
	size_t offset;      /* bytes from the start */
	const char *reason; /* English literal: "nesting deeper than 64", "invalid UTF-8", ... */
} JsonFault;

/* Checks syntax, UTF-8 and depth without building anything (about 1 us per 500 bytes). True when acceptable. */
NODISCARD bool json_check(const char *text, size_t len, int depth_max, JsonFault *ret_fault);
/* Parses into jansson's tree; the tree is freed with ctx. NULL and *ret_fault on failure. */
NODISCARD json_t *json_parse(TALLOC_CTX *ctx, const char *text, size_t len, JsonFault *ret_fault);
/* Hands a jansson value to ctx: it is decref'd when ctx is freed. Returns value. */
json_t *json_own(TALLOC_CTX *ctx, json_t *value);
/* The string member of an object, or NULL when it is absent or no string. */
const char *json_text(const json_t *object, const char *key);
/* The integer member, or fallback. */
int64_t json_int(const json_t *object, const char *key, int64_t fallback);
bool json_flag(const json_t *object, const char *key, bool fallback);
/* The id member, or ID_NIL. */
Id json_id(const json_t *object, const char *key);

typedef struct JsonOut {
	Buf *buf;
	uint64_t has_item; /* one bit a level: something was written there already */
	int depth;         /* at most 63 */
	bool after_key;
} JsonOut;

JsonOut json_out(Buf *buf);
void json_object_begin(JsonOut *o);
void json_object_end(JsonOut *o);
void json_array_begin(JsonOut *o);
void json_array_end(JsonOut *o);
void json_key(JsonOut *o, const char *key);
void json_put_null(JsonOut *o);
void json_put_bool(JsonOut *o, bool b);
void json_put_int(JsonOut *o, int64_t i);
/* NULL writes null. */
void json_put_text(JsonOut *o, const char *text);
void json_put_text_n(JsonOut *o, const char *text, size_t len);
/* A nil id writes null. */
void json_put_id(JsonOut *o, Id id);
/* Decimals as strings, times as integers (ms), bytes as base64. */
void json_put_value(JsonOut *o, const Value *v);
/* Copies a finished piece of JSON as it is. */
void json_put_raw(JsonOut *o, const char *json, size_t len);
void json_put_tree(JsonOut *o, const json_t *tree);

/* key and value in one call */
void json_member_text(JsonOut *o, const char *key, const char *text);
void json_member_int(JsonOut *o, const char *key, int64_t i);
void json_member_bool(JsonOut *o, const char *key, bool b);
void json_member_id(JsonOut *o, const char *key, Id id);
