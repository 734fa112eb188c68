/* Ids are UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then random; sorted by time of making. */
#pragma once

#include "base/base.h"

#define ID_TEXT_SIZE 37 /* 36 characters and the terminator */

typedef struct {
	uint8_t byte[16];
} Id;

extern const Id ID_NIL;

/* A new id stamped with now_ms. Ids made in one thread within the same millisecond still ascend. */
Id id_new(int64_t now_ms);
/* Reads the 36-character form, either case. False leaves *ret alone. */
NODISCARD bool id_parse(const char *text, size_t len, Id *ret);
/* Writes the lower-case 36-character form and returns out. */
const char *id_text(Id id, char out[static ID_TEXT_SIZE]);
bool id_is_nil(Id id);
/* Made as ids are made: version 7, the variant of RFC 9562. What outsiders bring has to have this form. */
bool id_is_v7(Id id);
bool id_equal(Id a, Id b);
int id_compare(Id a, Id b);
/* The millisecond stamp inside the id. */
int64_t id_time_ms(Id id);
