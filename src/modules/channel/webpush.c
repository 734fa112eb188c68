/* The arithmetic of web push on libcrypto and libsodium. */
#include "modules/channel/webpush.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>
#include <sodium.h>

#include "modules/channel/kind.h"

#define SHARED 32
#define HASH crypto_auth_hmacsha256_BYTES
#define CEK 16
#define NONCE 12
#define TAG 16
#define HALF 32                  /* of a signature */
#define HEAD (WEBPUSH_SALT + 4 + 1 + WEBPUSH_KEY)
#define RECORD 4096
#define DER_MAX 80

/* ---- keys ---- */

bool webpush_read(const char *text, uint8_t *out, size_t len)
{
	size_t got = 0;
	static const int variants[] = {sodium_base64_VARIANT_URLSAFE_NO_PADDING, sodium_base64_VARIANT_URLSAFE};
	for (size_t i = 0; i < ARRAY_LEN(variants); i++)
		if (sodium_base642bin(out, len, text, strlen(text), NULL, &got, NULL, variants[i]) == 0 && got == len)
			return true;
	return false;
}

static EVP_PKEY *key_of(const uint8_t point[WEBPUSH_KEY], const uint8_t *secret)
{
	EVP_PKEY *key = NULL;
	BIGNUM *number = secret ? BN_bin2bn(secret, WEBPUSH_PRIVATE, NULL) : NULL;
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
	OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, WEBPUSH_KEY);
	if (number)
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, number);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	bool made = params && ctx && EVP_PKEY_fromdata_init(ctx) > 0 &&
	            EVP_PKEY_fromdata(ctx, &key, secret ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) > 0;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_clear_free(number);
	return made ? key : NULL;
}

bool webpush_is_point(const uint8_t point[WEBPUSH_KEY])
{
	EVP_PKEY *key = point[0] == 4 ? key_of(point, NULL) : NULL;
	EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
	bool good = ctx && EVP_PKEY_public_check(ctx) > 0;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return good;
}

bool webpush_pair_of(const uint8_t secret[WEBPUSH_PRIVATE], WebpushPair *ret)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *point = group ? EC_POINT_new(group) : NULL;
	BIGNUM *number = BN_bin2bn(secret, WEBPUSH_PRIVATE, NULL);
	bool good = point && !BN_is_zero(number) && BN_cmp(number, EC_GROUP_get0_order(group)) < 0 &&
	            EC_POINT_mul(group, point, number, NULL, NULL, NULL) > 0 &&
	            EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, ret->point, WEBPUSH_KEY, NULL) ==
	                WEBPUSH_KEY;
	if (good)
		memcpy(ret->secret, secret, WEBPUSH_PRIVATE);
	BN_clear_free(number);
	EC_POINT_free(point);
	EC_GROUP_free(group);
	return good;
}

bool webpush_pair_make(WebpushPair *ret)
{
	uint8_t secret[WEBPUSH_PRIVATE];
	bool made = false;
	for (int i = 0; i < 4 && !made; i++) { /* one in 2^32 is no secret */
		randombytes_buf(secret, sizeof secret);
		made = webpush_pair_of(secret, ret);
	}
	sodium_memzero(secret, sizeof secret);
	return made;
}

/* ---- encryption ---- */

static bool share(const uint8_t point[WEBPUSH_KEY], const WebpushPair *own, uint8_t out[SHARED])
{
	size_t len = SHARED;
	EVP_PKEY *theirs = key_of(point, NULL), *ours = key_of(own->point, own->secret);
	EVP_PKEY_CTX *ctx = ours ? EVP_PKEY_CTX_new(ours, NULL) : NULL;
	bool good = theirs && ctx && EVP_PKEY_derive_init(ctx) > 0 && EVP_PKEY_derive_set_peer(ctx, theirs) > 0 &&
	            EVP_PKEY_derive(ctx, out, &len) > 0 && len == SHARED;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(ours);
	EVP_PKEY_free(theirs);
	return good;
}

static void hmac(const uint8_t *key, size_t key_len, const uint8_t *text, size_t len, uint8_t out[HASH])
{
	crypto_auth_hmacsha256_state state;
	crypto_auth_hmacsha256_init(&state, key, key_len);
	crypto_auth_hmacsha256_update(&state, text, len);
	crypto_auth_hmacsha256_final(&state, out);
}

/* HKDF by hand: nothing is longer than one block, so each info ends with the byte that counts the first. */
static void keys_derive(const uint8_t shared[SHARED], const uint8_t point[WEBPUSH_KEY],
	const uint8_t auth[WEBPUSH_AUTH], const WebpushPair *own, const uint8_t salt[WEBPUSH_SALT], uint8_t cek[HASH],
	uint8_t nonce[HASH])
{
	static const char head[] = "WebPush: info";
	static const char cek_info[] = {"Content-Encoding: aes128gcm\0\x01"};
	static const char nonce_info[] = {"Content-Encoding: nonce\0\x01"};
	uint8_t info[sizeof head + 2 * WEBPUSH_KEY + 1], prk[HASH], ikm[HASH];
	memcpy(info, head, sizeof head);
	memcpy(info + sizeof head, point, WEBPUSH_KEY);
	memcpy(info + sizeof head + WEBPUSH_KEY, own->point, WEBPUSH_KEY);
	info[sizeof info - 1] = 1;
	hmac(auth, WEBPUSH_AUTH, shared, SHARED, prk);
	hmac(prk, HASH, info, sizeof info, ikm);
	hmac(salt, WEBPUSH_SALT, ikm, HASH, prk);
	hmac(prk, HASH, (const uint8_t *)cek_info, sizeof cek_info - 1, cek);
	hmac(prk, HASH, (const uint8_t *)nonce_info, sizeof nonce_info - 1, nonce);
}

/* Text, the mark of the last record, tag. */
static bool gcm(const uint8_t *cek, const uint8_t *nonce, const char *text, size_t len, uint8_t *out)
{
	static const uint8_t mark = 2;
	int n = 0, m = 0, end = 0;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	bool good = ctx && EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, cek, nonce) > 0 &&
	            EVP_EncryptUpdate(ctx, out, &n, (const uint8_t *)text, (int)len) > 0 &&
	            EVP_EncryptUpdate(ctx, out + n, &m, &mark, 1) > 0 &&
	            EVP_EncryptFinal_ex(ctx, out + n + m, &end) > 0 && n + m + end == (int)len + 1 &&
	            EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG, out + len + 1) > 0;
	EVP_CIPHER_CTX_free(ctx);
	return good;
}

uint8_t *webpush_seal(TALLOC_CTX *ctx, const uint8_t point[WEBPUSH_KEY], const uint8_t auth[WEBPUSH_AUTH],
	const WebpushPair *own, const uint8_t salt[WEBPUSH_SALT], const char *text, size_t *ret_len)
{
	uint8_t shared[SHARED], cek[HASH], nonce[HASH];
	size_t len = strlen(text);
	if (len > WEBPUSH_TEXT_MAX || !share(point, own, shared))
		return NULL;
	keys_derive(shared, point, auth, own, salt, cek, nonce);
	uint8_t *out = talloc_size(ctx, HEAD + len + 1 + TAG);
	memcpy(out, salt, WEBPUSH_SALT);
	const uint8_t head[] = {RECORD >> 24, RECORD >> 16 & 0xff, RECORD >> 8 & 0xff, RECORD & 0xff, WEBPUSH_KEY};
	memcpy(out + WEBPUSH_SALT, head, sizeof head);
	memcpy(out + WEBPUSH_SALT + sizeof head, own->point, WEBPUSH_KEY);
	bool good = gcm(cek, nonce, text, len, out + HEAD);
	sodium_memzero(shared, sizeof shared);
	sodium_memzero(cek, sizeof cek);
	*ret_len = HEAD + len + 1 + TAG;
	return good ? out : NULL;
}

/* ---- VAPID ---- */

static bool der_to_raw(const uint8_t *der, size_t len, uint8_t out[2 * HALF])
{
	const uint8_t *at = der;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
	bool good = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, HALF) == HALF &&
	            BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + HALF, HALF) == HALF;
	ECDSA_SIG_free(sig);
	return good;
}

static char *signed_token(TALLOC_CTX *ctx, const WebpushPair *pair, const char *text)
{
	uint8_t der[DER_MAX], raw[2 * HALF];
	size_t len = sizeof der;
	EVP_PKEY *key = key_of(pair->point, pair->secret);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool good = key && md && EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) > 0 &&
	            EVP_DigestSign(md, der, &len, (const uint8_t *)text, strlen(text)) > 0 && der_to_raw(der, len, raw);
	EVP_MD_CTX_free(md);
	EVP_PKEY_free(key);
	return good ? talloc_asprintf(ctx, "%s.%s", text, sign_base64url(ctx, raw, sizeof raw)) : NULL;
}

char *webpush_vapid(TALLOC_CTX *ctx, const WebpushPair *pair, const char *origin, const char *subject,
	int64_t expires_s)
{
	static const char head[] = "{\"typ\":\"JWT\",\"alg\":\"ES256\"}";
	Buf *claims = buf_new(ctx, 4096);
	JsonOut o = json_out(claims);
	json_object_begin(&o);
	json_member_text(&o, "aud", origin);
	json_member_int(&o, "exp", expires_s);
	json_member_text(&o, "sub", subject);
	json_object_end(&o);
	if (buf_failed(claims))
		return NULL;
	const char *text = talloc_asprintf(ctx, "%s.%s", sign_base64url(ctx, head, sizeof head - 1),
	                                   sign_base64url(ctx, claims->data, claims->len));
	const char *token = signed_token(ctx, pair, text);
	if (!token)
		return NULL;
	return talloc_asprintf(ctx, "vapid t=%s,k=%s", token, sign_base64url(ctx, pair->point, WEBPUSH_KEY));
}

bool webpush_token_holds(const char *token, const uint8_t point[WEBPUSH_KEY])
{
	uint8_t raw[2 * HALF], *der = NULL;
	const char *dot = strrchr(token, '.');
	if (!dot || !webpush_read(dot + 1, raw, sizeof raw))
		return false;
	ECDSA_SIG *sig = ECDSA_SIG_new();
	ECDSA_SIG_set0(sig, BN_bin2bn(raw, HALF, NULL), BN_bin2bn(raw + HALF, HALF, NULL));
	int len = i2d_ECDSA_SIG(sig, &der);
	EVP_PKEY *key = key_of(point, NULL);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool good = key && len > 0 && EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key) > 0 &&
	            EVP_DigestVerify(md, der, (size_t)len, (const uint8_t *)token, (size_t)(dot - token)) > 0;
	EVP_MD_CTX_free(md);
	EVP_PKEY_free(key);
	OPENSSL_free(der);
	ECDSA_SIG_free(sig);
	return good;
}
