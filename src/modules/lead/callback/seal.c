/* AES-256-CBC and hashes of OpenSSL. Padding is taken off here, because it goes to 32 bytes and libraries know 16. */
#include "modules/lead/callback/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTS_MAX 5
#define TEXT_MAX (1024 * 1024)

bool seal_key_parse(const char *text, SealKey *ret)
{
	char padded[SEAL_KEY_CHARS + 2];
	uint8_t out[33];
	if (strlen(text) != SEAL_KEY_CHARS)
		return false;
	memcpy(padded, text, SEAL_KEY_CHARS);
	padded[SEAL_KEY_CHARS] = '=';
	if (EVP_DecodeBlock(out, (const uint8_t *)padded, SEAL_KEY_CHARS + 1) != (int)sizeof out)
		return false;
	memcpy(ret->byte, out, sizeof ret->byte);
	return true;
}

static void hex_write(const uint8_t *bytes, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static int order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void seal_sign(const char *const *parts, size_t n, char out[static 41])
{
	const char *sorted[PARTS_MAX];
	uint8_t digest[20];
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	n = n < PARTS_MAX ? n : PARTS_MAX;
	memcpy(sorted, parts, n * sizeof *parts);
	qsort(sorted, n, sizeof *sorted, order);
	EVP_DigestInit_ex(md, EVP_sha1(), NULL);
	for (size_t i = 0; i < n; i++)
		EVP_DigestUpdate(md, sorted[i], strlen(sorted[i]));
	EVP_DigestFinal_ex(md, digest, NULL);
	EVP_MD_CTX_free(md);
	hex_write(digest, sizeof digest, out);
}

bool seal_equal(const char *a, const char *b)
{
	size_t len = strlen(a);
	return len == strlen(b) && CRYPTO_memcmp(a, b, len) == 0;
}

/* The bytes of base64 text, blanks around dropped; NULL when it is none. */
static uint8_t *decoded(TALLOC_CTX *ctx, const char *text, size_t *ret_len)
{
	static const char blanks[] = " \t\r\n";
	text += strspn(text, blanks);
	size_t len = strlen(text);
	while (len > 0 && strchr(blanks, text[len - 1]))
		len--;
	size_t pad = len > 1 && text[len - 1] == '=' ? 1 + (text[len - 2] == '=') : 0;
	if (len == 0 || len % 4 || len > TEXT_MAX)
		return NULL;
	uint8_t *out = talloc_array(ctx, uint8_t, len / 4 * 3 + 1);
	int n = EVP_DecodeBlock(out, (const uint8_t *)text, (int)len);
	*ret_len = n < 0 ? 0 : (size_t)n - pad;
	return n < 0 ? NULL : out;
}

/* Without the cipher's own idea of padding. */
static bool crypt_blocks(const uint8_t key[32], const uint8_t iv[16], const uint8_t *in, size_t len, uint8_t *out,
                         bool encrypt)
{
	int n = 0, last = 0;
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	bool fine = EVP_CipherInit_ex(c, EVP_aes_256_cbc(), NULL, key, iv, encrypt) == 1;
	EVP_CIPHER_CTX_set_padding(c, 0);
	fine = fine && EVP_CipherUpdate(c, out, &n, in, (int)len) == 1 && EVP_CipherFinal_ex(c, out + n, &last) == 1;
	EVP_CIPHER_CTX_free(c);
	return fine && (size_t)(n + last) == len;
}

/* Takes the padding off; false when it is none. All its bytes are looked at. */
static bool unpad(const uint8_t *plain, size_t *len, size_t block)
{
	size_t pad = *len ? plain[*len - 1] : 0;
	if (pad == 0 || pad > block || pad > *len)
		return false;
	unsigned differs = 0;
	for (size_t i = *len - pad; i < *len; i++)
		differs |= plain[i] ^ (unsigned)pad;
	*len -= pad;
	return differs == 0;
}

const char *seal_open(TALLOC_CTX *ctx, const SealKey *key, const char *text, Sealed *ret)
{
	size_t len = 0;
	uint8_t *cipher = decoded(ctx, text, &len);
	if (!cipher || len == 0 || len % 16)
		return "bad_base64";
	uint8_t *plain = talloc_zero_array(ctx, uint8_t, len + 1);
	if (!crypt_blocks(key->byte, key->byte, cipher, len, plain, false) || !unpad(plain, &len, SEAL_BLOCK))
		return "bad_padding";
	const size_t head = SEAL_RANDOM + 4;
	if (len < head)
		return "bad_length";
	const uint8_t *n = plain + SEAL_RANDOM;
	size_t size = (size_t)n[0] << 24 | (size_t)n[1] << 16 | (size_t)n[2] << 8 | n[3];
	if (size > len - head)
		return "bad_length";
	ret->message = talloc_strndup(ctx, (const char *)plain + head, size);
	ret->len = size;
	ret->receiver = talloc_strndup(ctx, (const char *)plain + head + size, len - head - size);
	return strlen(ret->message) == size ? NULL : "bad_length";
}

char *seal_close(TALLOC_CTX *ctx, const SealKey *key, const char *random, const char *message, const char *receiver)
{
	size_t size = strlen(message), tail = strlen(receiver), len = SEAL_RANDOM + 4 + size + tail;
	size_t pad = SEAL_BLOCK - len % SEAL_BLOCK, total = len + pad;
	uint8_t *plain = talloc_array(ctx, uint8_t, total), *cipher = talloc_array(ctx, uint8_t, total);
	memcpy(plain, random, SEAL_RANDOM);
	for (int i = 0; i < 4; i++)
		plain[SEAL_RANDOM + i] = (uint8_t)(size >> (24 - 8 * i));
	memcpy(plain + SEAL_RANDOM + 4, message, size);
	memcpy(plain + SEAL_RANDOM + 4 + size, receiver, tail);
	memset(plain + len, (int)pad, pad);
	if (!crypt_blocks(key->byte, key->byte, plain, total, cipher, true))
		return NULL;
	char *out = talloc_array(ctx, char, total * 4 / 3 + 8);
	EVP_EncodeBlock((uint8_t *)out, cipher, (int)total);
	return out;
}

void seal_sign_feishu(const char *timestamp, const char *nonce, const char *secret, const char *body, size_t len,
                      char out[static 65])
{
	uint8_t digest[32];
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_DigestInit_ex(md, EVP_sha256(), NULL);
	EVP_DigestUpdate(md, timestamp, strlen(timestamp));
	EVP_DigestUpdate(md, nonce, strlen(nonce));
	EVP_DigestUpdate(md, secret, strlen(secret));
	EVP_DigestUpdate(md, body, len);
	EVP_DigestFinal_ex(md, digest, NULL);
	EVP_MD_CTX_free(md);
	hex_write(digest, sizeof digest, out);
}

const char *seal_open_feishu(TALLOC_CTX *ctx, const char *secret, const char *text, Sealed *ret)
{
	size_t len = 0;
	uint8_t key[32];
	uint8_t *cipher = decoded(ctx, text, &len);
	EVP_Digest(secret, strlen(secret), key, NULL, EVP_sha256(), NULL);
	if (!cipher || len < 32 || len % 16)
		return "bad_base64";
	len -= 16;
	uint8_t *plain = talloc_zero_array(ctx, uint8_t, len + 1);
	if (!crypt_blocks(key, cipher, cipher + 16, len, plain, false) || !unpad(plain, &len, 16))
		return "bad_padding";
	ret->message = talloc_strndup(ctx, (const char *)plain, len);
	ret->len = len;
	ret->receiver = "";
	return strlen(ret->message) == len ? NULL : "bad_length";
}
