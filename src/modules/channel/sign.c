/* Signatures of the partners, each as its documentation has it and its test vector proves. */
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include "modules/channel/kind.h"

char *sign_base64(TALLOC_CTX *ctx, const void *bytes, size_t len)
{
	size_t size = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL);
	return sodium_bin2base64(talloc_size(ctx, size), size, bytes, len, sodium_base64_VARIANT_ORIGINAL);
}

char *sign_base64url(TALLOC_CTX *ctx, const void *bytes, size_t len)
{
	size_t size = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return sodium_bin2base64(talloc_size(ctx, size), size, bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

uint8_t *sign_unbase64(TALLOC_CTX *ctx, const char *text, size_t *ret_len)
{
	static const int variants[] = {sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
		sodium_base64_VARIANT_URLSAFE, sodium_base64_VARIANT_URLSAFE_NO_PADDING};
	size_t size = strlen(text) / 4 * 3 + 3;
	uint8_t *out = talloc_size(ctx, size);
	for (size_t i = 0; i < ARRAY_LEN(variants); i++)
		if (sodium_base642bin(out, size, text, strlen(text), NULL, ret_len, NULL, variants[i]) == 0)
			return out;
	return NULL;
}

char *sign_hmac_sha256(TALLOC_CTX *ctx, const void *key, size_t key_len, const char *text)
{
	crypto_auth_hmacsha256_state state;
	uint8_t out[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_init(&state, key, key_len);
	crypto_auth_hmacsha256_update(&state, (const uint8_t *)text, strlen(text));
	crypto_auth_hmacsha256_final(&state, out);
	return sign_base64(ctx, out, sizeof out);
}

char *sign_hmac_sha1(TALLOC_CTX *ctx, const char *key, const char *text)
{
	uint8_t out[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	if (!HMAC(EVP_sha1(), key, (int)strlen(key), (const uint8_t *)text, strlen(text), out, &len))
		return NULL;
	return sign_base64(ctx, out, len);
}

char *sign_dingtalk(TALLOC_CTX *ctx, const char *secret, int64_t now_ms)
{
	const char *text = talloc_asprintf(ctx, "%lld\n%s", (long long)now_ms, secret);
	return sign_hmac_sha256(ctx, secret, strlen(secret), text);
}

/* The reverse of DingTalk: time and secret are the key, and nothing is signed. */
char *sign_feishu(TALLOC_CTX *ctx, const char *secret, int64_t now_s)
{
	const char *key = talloc_asprintf(ctx, "%lld\n%s", (long long)now_s, secret);
	return sign_hmac_sha256(ctx, key, strlen(key), "");
}

char *sign_standard(TALLOC_CTX *ctx, const char *secret, const char *id, int64_t now_s, const char *body)
{
	size_t len = 0;
	const char *text = strncmp(secret, "whsec_", 6) == 0 ? secret + 6 : secret;
	const uint8_t *key = sign_unbase64(ctx, text, &len);
	if (!key || len == 0)
		return NULL;
	const char *content = talloc_asprintf(ctx, "%s.%lld.%s", id, (long long)now_s, body);
	return talloc_asprintf(ctx, "v1,%s", sign_hmac_sha256(ctx, key, len, content));
}

char *sign_aliyun(TALLOC_CTX *ctx, const char *secret, const char *method, const char *sorted_query)
{
	const char *text = talloc_asprintf(ctx, "%s&%%2F&%s", method, net_percent(ctx, sorted_query));
	return sign_hmac_sha1(ctx, talloc_asprintf(ctx, "%s&", secret), text);
}
