/* Web push as RFC 8291 (encryption to one browser), RFC 8188 (aes128gcm) and RFC 8292 (VAPID) have it. Pure. */
#pragma once

#include "base/base.h"

#define WEBPUSH_KEY 65        /* a point of P-256, uncompressed */
#define WEBPUSH_PRIVATE 32
#define WEBPUSH_AUTH 16
#define WEBPUSH_SALT 16
#define WEBPUSH_TEXT_MAX 3993 /* of one record of 4096 bytes */

typedef struct {
	uint8_t secret[WEBPUSH_PRIVATE];
	uint8_t point[WEBPUSH_KEY];
} WebpushPair;

NODISCARD bool webpush_pair_make(WebpushPair *ret);
/* The pair of a secret; false when it is none. */
NODISCARD bool webpush_pair_of(const uint8_t secret[WEBPUSH_PRIVATE], WebpushPair *ret);
/* Base64url as a browser gives it. */
NODISCARD bool webpush_read(const char *text, uint8_t *out, size_t len);
/* A point that is on the curve. */
NODISCARD bool webpush_is_point(const uint8_t point[WEBPUSH_KEY]);
/* The body for a browser with that key and authentication secret; `own` is used for this message alone. NULL: too long,
 * or a strange key. */
uint8_t *webpush_seal(TALLOC_CTX *ctx, const uint8_t point[WEBPUSH_KEY], const uint8_t auth[WEBPUSH_AUTH],
	const WebpushPair *own, const uint8_t salt[WEBPUSH_SALT], const char *text, size_t *ret_len);
/* "vapid t=...,k=..."; origin: of the push service; subject: mailto: or https:. NULL on failure. */
char *webpush_vapid(TALLOC_CTX *ctx, const WebpushPair *pair, const char *origin, const char *subject,
	int64_t expires_s);
/* Is this token signed by the owner of the point? For tests. */
bool webpush_token_holds(const char *token, const uint8_t point[WEBPUSH_KEY]);
