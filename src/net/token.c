/* A short table under a lock; tokens live for hours and are asked for a few times a second. */
#include "net/token.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "base/clock.h"

#define MARGIN_MS (5 * MINUTE_MS) /* a token is given up so long before it ends */

typedef struct {
	NetTokenKey key;
	char *text;            /* NULL: a free place */
	int64_t good_until_ms; /* monotonic */
} Token;

struct NetTokens {
	pthread_mutex_t lock;
	Token token[NET_TOKENS_MAX];
};

static int tokens_drop(NetTokens *tokens)
{
	pthread_mutex_destroy(&tokens->lock);
	return 0;
}

NetTokens *net_tokens_new(TALLOC_CTX *ctx)
{
	NetTokens *tokens = talloc_zero(ctx, NetTokens);
	pthread_mutex_init(&tokens->lock, NULL);
	talloc_set_destructor(tokens, tokens_drop);
	return tokens;
}

NetTokenKey net_token_key(const NetRequest *fetch)
{
	NetTokenKey key;
	crypto_generichash_state state;
	crypto_generichash_init(&state, NULL, 0, sizeof key.byte);
	crypto_generichash_update(&state, (const uint8_t *)fetch->url, strlen(fetch->url) + 1);
	crypto_generichash_update(&state, fetch->body, fetch->len);
	crypto_generichash_final(&state, key.byte, sizeof key.byte);
	return key;
}

static Token *token_find(NetTokens *tokens, const NetTokenKey *key)
{
	for (int i = 0; i < NET_TOKENS_MAX; i++)
		if (tokens->token[i].text && memcmp(&tokens->token[i].key, key, sizeof *key) == 0)
			return &tokens->token[i];
	return NULL;
}

static Token *place_find(NetTokens *tokens)
{
	Token *first = &tokens->token[0];
	for (int i = 0; i < NET_TOKENS_MAX && first->text; i++)
		if (!tokens->token[i].text || tokens->token[i].good_until_ms < first->good_until_ms)
			first = &tokens->token[i];
	return first;
}

char *net_token_get(NetTokens *tokens, TALLOC_CTX *ctx, NetTokenKey key)
{
	pthread_mutex_lock(&tokens->lock);
	const Token *token = token_find(tokens, &key);
	char *copy = token && clock_monotonic_ms() < token->good_until_ms ? talloc_strdup(ctx, token->text) : NULL;
	pthread_mutex_unlock(&tokens->lock);
	return copy;
}

void net_token_keep(NetTokens *tokens, NetTokenKey key, const char *text, int64_t life_ms)
{
	if (life_ms <= 0 || strlen(text) > NET_TOKEN_BYTES_MAX)
		return;
	int64_t margin = life_ms > 2 * MARGIN_MS ? MARGIN_MS : life_ms / 2;
	pthread_mutex_lock(&tokens->lock);
	Token *token = token_find(tokens, &key);
	token = token ? token : place_find(tokens);
	talloc_free(token->text);
	*token = (Token){key, talloc_strdup(tokens, text), clock_monotonic_ms() + life_ms - margin};
	pthread_mutex_unlock(&tokens->lock);
}

void net_token_forget(NetTokens *tokens, NetTokenKey key, const char *text)
{
	pthread_mutex_lock(&tokens->lock);
	Token *token = token_find(tokens, &key);
	if (token && strcmp(token->text, text) == 0)
		TALLOC_FREE(token->text);
	pthread_mutex_unlock(&tokens->lock);
}
