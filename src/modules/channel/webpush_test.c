/* The example of RFC 8291 (appendix A), the token of RFC 8292 (2.4), and what is refused. */
#include <string.h>

#include "base/check.h"
#include "modules/channel/kind.h"
#include "modules/channel/webpush.h"

#define AS_PRIVATE "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
#define AS_PUBLIC "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
#define UA_PUBLIC "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
#define SALT "DGv6ra1nlYgDCS1FRnbzlw"
#define AUTH "BTBZMqHH6r4Tts7J_aSIgg"
#define SEALED \
	"DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8w" \
	"EqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"

#define P8292 "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs"
#define T8292 \
	"eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM" \
	"3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojF" \
	"wDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA"

TEST(webpush, seals_as_the_example_of_rfc_8291)
{
	uint8_t secret[WEBPUSH_PRIVATE], point[WEBPUSH_KEY], auth[WEBPUSH_AUTH], salt[WEBPUSH_SALT];
	WebpushPair own;
	size_t len = 0;
	TALLOC_CTX *ctx = talloc_new(NULL);
	CHECK(webpush_read(AS_PRIVATE, secret, sizeof secret) && webpush_pair_of(secret, &own));
	CHECK_TEXT(sign_base64url(ctx, own.point, WEBPUSH_KEY), AS_PUBLIC);
	CHECK(webpush_read(UA_PUBLIC, point, sizeof point) && webpush_read(AUTH, auth, sizeof auth));
	CHECK(webpush_read(SALT, salt, sizeof salt));
	uint8_t *sealed = webpush_seal(ctx, point, auth, &own, salt, "When I grow up, I want to be a watermelon", &len);
	CHECK(sealed != NULL);
	CHECK_TEXT(sign_base64url(ctx, sealed, len), SEALED);
	talloc_free(ctx);
}

TEST(webpush, reads_the_token_of_rfc_8292_and_signs_its_own)
{
	uint8_t point[WEBPUSH_KEY];
	WebpushPair pair;
	TALLOC_CTX *ctx = talloc_new(NULL);
	CHECK(webpush_read(P8292, point, sizeof point));
	CHECK(webpush_token_holds(T8292, point));
	CHECK(webpush_pair_make(&pair));
	CHECK(!webpush_token_holds(T8292, pair.point));
	const char *header = webpush_vapid(ctx, &pair, "https://push.example.net", "mailto:push@example.com", 1453523768);
	CHECK(header && strncmp(header, "vapid t=", 8) == 0);
	char *token = talloc_strdup(ctx, header + 8), *comma = strchr(token, ',');
	CHECK_TEXT(comma + 3, sign_base64url(ctx, pair.point, WEBPUSH_KEY));
	*comma = '\0';
	CHECK(webpush_token_holds(token, pair.point));
	const char *known = T8292;
	CHECK(strncmp(token, known, (size_t)(strrchr(known, '.') - known)) == 0); /* the signature differs each time */
	token[40] = token[40] == 'A' ? 'B' : 'A';
	CHECK(!webpush_token_holds(token, pair.point));
	talloc_free(ctx);
}

TEST(webpush, refuses_strange_keys_and_long_texts)
{
	uint8_t point[WEBPUSH_KEY], auth[WEBPUSH_AUTH] = {0}, salt[WEBPUSH_SALT] = {0}, zero[WEBPUSH_PRIVATE] = {0};
	WebpushPair own;
	size_t len;
	TALLOC_CTX *ctx = talloc_new(NULL);
	CHECK(webpush_pair_make(&own) && webpush_read(UA_PUBLIC, point, sizeof point) && webpush_is_point(point));
	CHECK(!webpush_pair_of(zero, &own) && !webpush_read("abc", auth, sizeof auth) && !webpush_read("!", auth, 16));
	CHECK(webpush_pair_make(&own));
	char *text = talloc_zero_array(ctx, char, WEBPUSH_TEXT_MAX + 2);
	memset(text, 'x', WEBPUSH_TEXT_MAX);
	CHECK(webpush_seal(ctx, point, auth, &own, salt, text, &len) && len == 4096);
	text[WEBPUSH_TEXT_MAX] = 'x';
	CHECK(webpush_seal(ctx, point, auth, &own, salt, text, &len) == NULL);
	point[40] ^= 1;
	CHECK(!webpush_is_point(point) && webpush_seal(ctx, point, auth, &own, salt, "x", &len) == NULL);
	point[0] = 2;
	CHECK(!webpush_is_point(point));
	talloc_free(ctx);
}
