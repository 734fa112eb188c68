#include "net/token.h"

#include <string.h>

#include "base/check.h"
#include "base/clock.h"

static NetTokenKey key_of(const char *url, const char *body)
{
	return net_token_key(&(NetRequest){.url = url, .body = body, .len = body ? strlen(body) : 0});
}

TEST(token, is_kept_by_the_request_that_fetches_it)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	NetTokens *tokens = net_tokens_new(ctx);
	NetTokenKey one = key_of("https://a/token", "{\"secret\":1}"), other = key_of("https://a/token", "{\"secret\":2}");
	CHECK(!net_token_get(tokens, ctx, one));
	net_token_keep(tokens, one, "first", HOUR_MS);
	CHECK_TEXT(net_token_get(tokens, ctx, key_of("https://a/token", "{\"secret\":1}")), "first");
	CHECK(!net_token_get(tokens, ctx, other) && !net_token_get(tokens, ctx, key_of("https://a/token", NULL)));
	net_token_keep(tokens, one, "second", HOUR_MS);
	net_token_forget(tokens, one, "first"); /* refused meanwhile, to somebody who still had the old one */
	CHECK_TEXT(net_token_get(tokens, ctx, one), "second");
	net_token_forget(tokens, one, "second");
	CHECK(!net_token_get(tokens, ctx, one));
	net_token_forget(tokens, one, "second");
	talloc_free(ctx);
}

TEST(token, that_is_over_is_not_given)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	NetTokens *tokens = net_tokens_new(ctx);
	NetTokenKey key = key_of("https://a/token", NULL);
	net_token_keep(tokens, key, "old", 0);
	net_token_keep(tokens, key, "older", -HOUR_MS);
	CHECK(!net_token_get(tokens, ctx, key));
	talloc_free(ctx);
}

TEST(token, table_is_bounded)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	NetTokens *tokens = net_tokens_new(ctx);
	char *huge = talloc_zero_array(ctx, char, NET_TOKEN_BYTES_MAX + 2);
	memset(huge, 'x', NET_TOKEN_BYTES_MAX + 1);
	net_token_keep(tokens, key_of("https://huge", NULL), huge, HOUR_MS);
	CHECK(!net_token_get(tokens, ctx, key_of("https://huge", NULL)));
	for (int i = 0; i <= NET_TOKENS_MAX; i++)
		net_token_keep(tokens, key_of(talloc_asprintf(ctx, "https://a/%d", i), NULL), "t",
			(i == 7 ? 1 : 2 + i) * HOUR_MS);
	CHECK(!net_token_get(tokens, ctx, key_of("https://a/7", NULL))); /* the one that would end first */
	CHECK(net_token_get(tokens, ctx, key_of("https://a/0", NULL)));
	CHECK(net_token_get(tokens, ctx, key_of(talloc_asprintf(ctx, "https://a/%d", NET_TOKENS_MAX), NULL)));
	talloc_free(ctx);
}
