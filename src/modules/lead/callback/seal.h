/* How 企业微信, 微信, 钉钉 and 飞书 sign and encrypt what they send. Pure: no clock, no request. */
#pragma once

#include "base/base.h"

#define SEAL_KEY_CHARS 43
#define SEAL_BLOCK 32 /* padding goes to 32 bytes, whatever the cipher's block is */
#define SEAL_RANDOM 16

typedef struct {
	uint8_t byte[32];
} SealKey;

/* The 43 characters of an EncodingAESKey. The last one carries spare bits, which are ignored. */
NODISCARD bool seal_key_parse(const char *text, SealKey *ret);
/* Hex SHA-1 of the parts in the order of their bytes, joined. At most 5. */
void seal_sign(const char *const *parts, size_t n, char out[static 41]);
/* Equal, in a time that tells nothing. */
bool seal_equal(const char *a, const char *b);

typedef struct {
	const char *message; /* NUL-terminated after len */
	size_t len;
	const char *receiver;
} Sealed;

/* Decrypts base64 text; on failure a stable word: "bad_base64", "bad_padding", "bad_length". NULL: it is open. */
const char *seal_open(TALLOC_CTX *ctx, const SealKey *key, const char *text, Sealed *ret);
/* Encrypts; random has SEAL_RANDOM bytes. */
char *seal_close(TALLOC_CTX *ctx, const SealKey *key, const char *random, const char *message, const char *receiver);

/* 飞书: hex SHA-256 of the four, joined. */
void seal_sign_feishu(const char *timestamp, const char *nonce, const char *secret, const char *body, size_t len,
                      char out[static 65]);
/* 飞书: the key is the SHA-256 of the secret, the first block the IV, the padding that of the cipher. */
const char *seal_open_feishu(TALLOC_CTX *ctx, const char *secret, const char *text, Sealed *ret);
