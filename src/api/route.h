/* Which endpoint answers a path: the rows of all module cards in one table. */
#pragma once

#include "call/module.h"

#define API_ROOT "/api/v1"
#define ROUTE_PARAMS_MAX 4

typedef struct Routes Routes;

typedef struct {
	const Endpoint *endpoint;
	size_t index; /* of the row: route_at(index) */
	const char *name[ROUTE_PARAMS_MAX]; /* parameter names of the path, without ':' */
	char *value[ROUTE_PARAMS_MAX];      /* percent-decoded */
	int n;
} RouteMatch;

/* Collects and checks the rows: two that answer the same path, or a row without function, right or summary, refuse the
 * start with a sentence in *ret_error. A literal segment wins over a parameter. */
Routes *routes_new(TALLOC_CTX *ctx, const House *house, char **ret_error);
/* path is what follows /api/v1. ERR_NOT_FOUND, or ERR_METHOD with the methods that would do in *ret_allow. */
NODISCARD int route_find(const Routes *routes, TALLOC_CTX *ctx, const char *method, const char *path, RouteMatch *ret,
                         const char **ret_allow);
/* The rows in order, for OpenAPI: NULL after the last. */
size_t routes_count(const Routes *routes);
const Endpoint *route_at(const Routes *routes, size_t i);
