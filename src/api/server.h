/* The front door: every request that http/ understood comes in here and is sent on - to the API, to a module's plain
 * path, or to the browser application. */
#pragma once

#include "base/embed.h"
#include "call/house.h"
#include "http/http.h"

typedef struct ApiServer ApiServer;

typedef struct {
	House *house;
	const char *listen;
	const char *const *proxies;
	const EmbeddedFile *web; /* the browser application */
	const char *request_log; /* file for a line a request, "-" for standard error; NULL: none */
} ApiConfig;

/* NULL and a sentence in *ret_error on failure. */
ApiServer *api_start(TALLOC_CTX *ctx, const ApiConfig *config, char **ret_error);
int api_port(const ApiServer *server);
/* Stops listening and lets answers under way finish. */
void api_stop(ApiServer *server);
