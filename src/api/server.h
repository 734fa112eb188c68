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

/* Which part did not start, and why. */
typedef struct {
	enum { API_ROUTES, API_REQUEST_LOG, API_LISTEN } part;
	int os;       /* errno, of the last two; EINVAL: what to listen on is no address */
	char *detail; /* the part's own sentence, in English */
} ApiFault;

/* NULL and what is wrong in *ret on failure. */
ApiServer *api_start(TALLOC_CTX *ctx, const ApiConfig *config, ApiFault *ret);
int api_port(const ApiServer *server);
/* Stops listening and lets answers under way finish. */
void api_stop(ApiServer *server);
