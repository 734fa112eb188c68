/* The front door. What is neither API nor a module's plain path nor a probe is the browser application. */
#include "api/server.h"

#include <errno.h>
#include <string.h>

#include "api/answer.h"
#include "api/dispatch.h"
#include "api/live.h"
#include "api/metrics.h"
#include "api/request_log.h"
#include "api/static.h"
#include "store/store.h"

#define WORKER_THREADS 4
#define DRAIN_MS 3000

struct ApiServer {
	Dispatch dispatch;
	const EmbeddedFile *web;
	HttpServer *http;
	RequestLog *log;
};

/* Slashes too many at the beginning, as pasted addresses have them, do not matter (F2). */
static const RawRoute *raw_find(const House *house, const char *path)
{
	while (path[0] == '/' && path[1] == '/')
		path++;
	for (const Module *const *m = house->modules; *m; m++)
		for (const RawRoute *raw = (*m)->raw; raw && raw->prefix; raw++) {
			size_t n = strlen(raw->prefix);
			bool below = raw->prefix[n - 1] == '/';
			if (below ? strncmp(path, raw->prefix, n) == 0 : strcmp(path, raw->prefix) == 0)
				return raw;
		}
	return NULL;
}

static int probe_store(Tx *tx, void *arg)
{
	int64_t one;
	(void)arg;
	return db_int(tx, &one, "SELECT 1");
}

static void ready_done(void *arg, int result)
{
	if (result == 0)
		http_respond(arg, 200, "text/plain", (HttpHeader[]){{0}}, "ready\n", 6);
	else
		http_respond(arg, 503, "text/plain", (HttpHeader[]){{"Retry-After", "2"}, {0}}, "database not reachable\n", 23);
}

/* /healthz, /readyz, /metrics; false: none of them. */
static bool answer_probe(ApiServer *s, HttpRequest *r, const char *path)
{
	http_note_route(r, "probe");
	if (strcmp(path, "/healthz") == 0)
		http_respond(r, 200, "text/plain", (HttpHeader[]){{0}}, "ok\n", 3);
	else if (strcmp(path, "/readyz") == 0) {
		if (store_read(s->dispatch.house->store, probe_store, ready_done, r) < 0)
			ready_done(r, ERR_BUSY);
	} else if (strcmp(path, "/metrics") == 0)
		metrics_request(&s->dispatch, r);
	else
		return false;
	return true;
}

static void answer_page(ApiServer *s, HttpRequest *r)
{
	http_note_route(r, "page");
	bool reads = strcmp(http_method(r), "GET") == 0 || strcmp(http_method(r), "HEAD") == 0;
	if (reads && static_answer(r, s->web))
		return;
	answer_problem(r, reads ? ERR_NOT_FOUND : ERR_METHOD, NULL, answer_language(r), "There is no page at this address.",
	               "这个地址没有页面。");
}

/* "?reach" asks for a stream without news, by which a doctor sees whether streams come through. */
static void on_live(ApiServer *s, HttpRequest *r)
{
	const RawRoute *reach = strcmp(http_query(r), "reach") == 0 ? raw_find(s->dispatch.house, "/reach/stream") : NULL;
	if (reach)
		reach->fn(s->dispatch.house, r);
	else
		live_request(&s->dispatch, r);
}

static void on_request(HttpRequest *r, void *arg)
{
	ApiServer *s = arg;
	const char *path = http_path(r);
	size_t root = strlen(API_ROOT);
	const RawRoute *raw = raw_find(s->dispatch.house, path);
	http_note_route(r, raw ? raw->prefix : NULL);
	if (raw)
		raw->fn(s->dispatch.house, r);
	else if (strncmp(path, API_ROOT "/", root + 1) != 0) {
		if (!answer_probe(s, r, path))
			answer_page(s, r);
	} else if (strcmp(path + root, "/live") == 0 && strcmp(http_method(r), "GET") == 0)
		on_live(s, r);
	else
		dispatch_request(&s->dispatch, r, path + root);
}

/* A request that could not be understood but was aimed at a module's path is told to that module (F2). */
static void on_refused(const char *peer, const char *method, const char *target, const char *body, size_t body_len,
                       const char *reason, void *arg)
{
	ApiServer *s = arg;
	(void)method;
	for (const Module *const *m = s->dispatch.house->modules; target && *m; m++)
		for (const RawRoute *raw = (*m)->raw; raw && raw->prefix; raw++)
			if (raw->refused && strstr(target, raw->prefix))
				raw->refused(s->dispatch.house, peer, target, body, body_len, reason);
}

static void on_served(const HttpServed *served, void *arg)
{
	request_log_add(((ApiServer *)arg)->log, served);
}

static ApiServer *not_started(ApiFault *ret, int part, int os)
{
	ret->part = part;
	ret->os = os;
	return NULL;
}

ApiServer *api_start(TALLOC_CTX *ctx, const ApiConfig *config, ApiFault *ret)
{
	ApiServer *s = talloc_zero(ctx, ApiServer);
	s->web = config->web;
	s->dispatch.house = config->house;
	s->dispatch.routes = routes_new(s, config->house, &ret->detail);
	if (!s->dispatch.routes)
		return not_started(ret, API_ROUTES, 0);
	s->dispatch.meter = meter_new(s, s->dispatch.routes);
	s->dispatch.workers = workers_start(s, WORKER_THREADS);
	if (config->request_log && !(s->log = request_log_open(s, config->request_log)))
		return not_started(ret, API_REQUEST_LOG, errno);
	HttpConfig http = {.listen = config->listen,
	                   .proxies = config->proxies,
	                   .on_request = on_request,
	                   .on_refused = on_refused,
	                   .on_served = s->log ? on_served : NULL,
	                   .arg = s};
	s->http = http_start(s, &http, &ret->detail);
	return s->http ? s : not_started(ret, API_LISTEN, errno);
}

int api_port(const ApiServer *s)
{
	return http_port(s->http);
}

void api_stop(ApiServer *s)
{
	http_stop(s->http, DRAIN_MS);
	workers_stop(s->dispatch.workers);
	if (s->log)
		request_log_stop(s->log);
}
