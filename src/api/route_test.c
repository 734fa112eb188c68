#include "api/route.h"

#include "base/check.h"

static int nothing(Call *c)
{
	(void)c;
	return 0;
}

static const Endpoint rows[] = {
	{"GET", "/records/:object", "signed_in", CALL_READ, NULL, nothing, "generic"},
	{"POST", "/records/:object", "signed_in", CALL_WRITE, NULL, nothing, "generic"},
	{"POST", "/records/lead", "signed_in", CALL_WRITE, NULL, nothing, "special"},
	{"GET", "/leads/:id/touch", "signed_in", CALL_READ, NULL, nothing, "touch"},
	{0},
};
static const Module card = {.name = "test", .endpoints = rows};

static Routes *routes_of(TALLOC_CTX *ctx, const Module *const *modules)
{
	House house = {.modules = modules};
	char *error = NULL;
	return routes_new(ctx, &house, &error);
}

TEST(route, literal_wins_over_parameter)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Routes *routes = routes_of(ctx, (const Module *const[]){&card, NULL});
	RouteMatch match;
	const char *allow = NULL;
	CHECK_INT(route_find(routes, ctx, "POST", "/records/lead", &match, &allow), 0);
	CHECK_TEXT(match.endpoint->summary, "special");
	CHECK_INT(route_find(routes, ctx, "POST", "/records/account", &match, &allow), 0);
	CHECK_TEXT(match.endpoint->summary, "generic");
	CHECK_TEXT(match.value[0], "account");
	talloc_free(ctx);
}

TEST(route, decodes_and_refuses)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Routes *routes = routes_of(ctx, (const Module *const[]){&card, NULL});
	RouteMatch match;
	const char *allow = NULL;
	CHECK_INT(route_find(routes, ctx, "GET", "/leads/a%20b/touch", &match, &allow), 0);
	CHECK_TEXT(match.value[0], "a b");
	CHECK_INT(route_find(routes, ctx, "DELETE", "/records/lead", &match, &allow), ERR_METHOD);
	CHECK(allow != NULL);
	CHECK_INT(route_find(routes, ctx, "GET", "/records//lead", &match, &allow), ERR_NOT_FOUND);
	CHECK_INT(route_find(routes, ctx, "GET", "/nothing", &match, &allow), ERR_NOT_FOUND);
	talloc_free(ctx);
}

TEST(route, same_path_twice_refuses_the_start)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	CHECK(routes_of(ctx, (const Module *const[]){&card, &card, NULL}) == NULL);
	talloc_free(ctx);
}
