/* A window of recently seen digests: "did this delivery come already, and as which receipt?" Bounded in memory: the
 * oldest go first when it is full. Thread-safe. */
#pragma once

#include "base/id.h"

typedef struct Window Window;

typedef struct {
	uint8_t byte[16];
} Digest;

/* BLAKE2b over the parts, each with its length. */
Digest digest_of(const char *const *parts, const size_t *lens, size_t n);
/* 32 hexadecimal digits and the terminator. */
const char *digest_text(Digest digest, char out[static 33]);
NODISCARD bool digest_parse(const char *text, Digest *ret);

Window *window_new(TALLOC_CTX *ctx, int64_t span_ms);
/* Takes the digest for `mine`; false when another receipt holds it since less than the span: *ret_other, and whether
 * that one is durable yet. */
NODISCARD bool window_take(Window *w, Digest digest, int64_t now_ms, Id mine, Id *ret_other, bool *ret_durable);
/* True as long as it is open what becomes of `first`, which took the digest. Else *ret: the durable receipt that holds
 * the digest now, which is another one after window_point(); ID_NIL when none does. */
NODISCARD bool window_is_open(Window *w, Digest digest, Id first, Id *ret);
/* The receipt that took the digest is durable now, or (durable false) could not be kept and gives the digest up. */
void window_settle(Window *w, Digest digest, Id mine, bool durable);
/* The receipt that took the digest gives it up for one that another process had kept before, and that is durable. */
void window_point(Window *w, Digest digest, Id mine, Id original);
