/* Access tokens of partners, kept until shortly before they end by the request that fetches them: whoever asks the same
 * partner with the same secret uses the same one, and another secret has another. In memory only. Thread-safe. */
#pragma once

#include "net/client.h"

#define NET_TOKENS_MAX 256       /* the one that ends first makes room */
#define NET_TOKEN_BYTES_MAX 4096 /* a longer one is not kept */

typedef struct {
	uint8_t byte[32];
} NetTokenKey;

/* Of the request that fetches it: its URL and body. */
NetTokenKey net_token_key(const NetRequest *fetch);

/* Those of a client live as long as it does: net_tokens in client.h. */
NetTokens *net_tokens_new(TALLOC_CTX *ctx);
/* A copy, or NULL: there is none, fetch one. */
char *net_token_get(NetTokens *tokens, TALLOC_CTX *ctx, NetTokenKey key);
/* life_ms: as long as the partner said that it is good. */
void net_token_keep(NetTokens *tokens, NetTokenKey key, const char *token, int64_t life_ms);
/* The partner does not take this one any more. A newer one stays. */
void net_token_forget(NetTokens *tokens, NetTokenKey key, const char *token);
