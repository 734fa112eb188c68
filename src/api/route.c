/* The route table: segments compared one by one, exact ones first. A hundred rows need no cleverer search. */
#include "api/route.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "http/http.h"

#define SEGMENTS_MAX 8

typedef struct {
	const char *text;
	size_t len;
} Segment;

typedef struct {
	const Endpoint *endpoint;
	Segment segment[SEGMENTS_MAX];
	int n;
	int literals; /* how many leading decisions are exact: the order of trying */
} Route;

struct Routes {
	Route *route;
	size_t n;
};

/* Cuts "/a/b" into segments; -1 when there are too many or one is empty. */
static int segments_of(const char *path, Segment *out)
{
	int n = 0;
	while (*path == '/') {
		const char *start = ++path;
		path += strcspn(path, "/");
		if (path == start || n == SEGMENTS_MAX)
			return -1;
		out[n++] = (Segment){start, (size_t)(path - start)};
	}
	return *path ? -1 : n;
}

static bool is_param(Segment s)
{
	return s.text[0] == ':';
}

static bool same_text(Segment a, Segment b)
{
	return a.len == b.len && memcmp(a.text, b.text, a.len) == 0;
}

static bool same_shape(const Route *a, const Route *b)
{
	if (a->n != b->n || strcmp(a->endpoint->method, b->endpoint->method) != 0)
		return false;
	for (int i = 0; i < a->n; i++)
		if (is_param(a->segment[i]) != is_param(b->segment[i]) ||
		    (!is_param(a->segment[i]) && !same_text(a->segment[i], b->segment[i])))
			return false;
	return true;
}

/* Exact paths first, so that /records/lead is tried before /records/:object. */
static int by_literals(const void *a, const void *b)
{
	return ((const Route *)b)->literals - ((const Route *)a)->literals;
}

static const char *row_fault(const Routes *routes, const Route *route)
{
	const Endpoint *e = route->endpoint;
	if (route->n <= 0)
		return "has a path that cannot be understood";
	if (!e->fn || !e->right || !e->summary)
		return "lacks a function, a right or a summary";
	for (size_t i = 0; i < routes->n; i++)
		if (same_shape(&routes->route[i], route))
			return "is there twice";
	return NULL;
}

static bool routes_add(Routes *routes, const Endpoint *e, char **ret_error)
{
	Route route = {.endpoint = e};
	route.n = segments_of(e->path, route.segment);
	for (int i = 0; i < route.n; i++)
		route.literals += is_param(route.segment[i]) ? 0 : 1 << (SEGMENTS_MAX - i);
	const char *fault = row_fault(routes, &route);
	if (fault) {
		*ret_error = talloc_asprintf(routes, "endpoint %s %s %s", e->method, e->path, fault);
		return false;
	}
	routes->route = talloc_realloc(routes, routes->route, Route, routes->n + 1);
	routes->route[routes->n++] = route;
	return true;
}

Routes *routes_new(TALLOC_CTX *ctx, const House *house, char **ret_error)
{
	Routes *routes = talloc_zero(ctx, Routes);
	for (const Module *const *m = house->modules; *m; m++)
		for (const Endpoint *e = (*m)->endpoints; e && e->method; e++)
			if (!routes_add(routes, e, ret_error))
				return NULL;
	qsort(routes->route, routes->n, sizeof(Route), by_literals);
	return routes;
}

static bool matches(const Route *route, const Segment *segment, int n)
{
	if (route->n != n)
		return false;
	for (int i = 0; i < n; i++)
		if (!is_param(route->segment[i]) && !same_text(route->segment[i], segment[i]))
			return false;
	return true;
}

static int match_fill(TALLOC_CTX *ctx, const Route *route, const Segment *segment, RouteMatch *ret)
{
	*ret = (RouteMatch){.endpoint = route->endpoint};
	for (int i = 0; i < route->n; i++) {
		if (!is_param(route->segment[i]))
			continue;
		assert(ret->n < ROUTE_PARAMS_MAX);
		Segment s = route->segment[i];
		ret->name[ret->n] = talloc_strndup(ctx, s.text + 1, s.len - 1);
		ret->value[ret->n] = http_path_decode(ctx, segment[i].text, segment[i].len);
		if (!ret->value[ret->n++])
			return ERR_NOT_FOUND;
	}
	return 0;
}

int route_find(const Routes *routes, TALLOC_CTX *ctx, const char *method, const char *path, RouteMatch *ret,
               const char **ret_allow)
{
	Segment segment[SEGMENTS_MAX];
	int n = segments_of(path, segment);
	char *allow = NULL;
	for (size_t i = 0; n > 0 && i < routes->n; i++) {
		const Route *route = &routes->route[i];
		if (!matches(route, segment, n))
			continue;
		if (strcmp(route->endpoint->method, method) == 0) {
			int r = match_fill(ctx, route, segment, ret);
			ret->index = i;
			return r;
		}
		allow = allow ? talloc_asprintf_append(allow, ", %s", route->endpoint->method)
		              : talloc_strdup(ctx, route->endpoint->method);
	}
	*ret_allow = allow;
	return allow ? ERR_METHOD : ERR_NOT_FOUND;
}

size_t routes_count(const Routes *routes)
{
	return routes->n;
}

const Endpoint *route_at(const Routes *routes, size_t i)
{
	return i < routes->n ? routes->route[i].endpoint : NULL;
}
