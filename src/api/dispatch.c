#include "api/dispatch.h"

#include <string.h>
#include <strings.h>

#include "api/answer.h"
#include "api/idempotency.h"
#include "base/limits.h"
#include "base/log.h"
#include "call/gate.h"
#include "call/param.h"

#define COOKIE_NAME "tenon_session="

/* Everything one request needs, in one talloc tree that travels from the loop to a store thread and ends there. */
typedef struct {
	Dispatch *dispatch;
	HttpRequest *request;
	RouteMatch match;
	HttpPairs *query;
	const char *token;
	const char *path;
	const char *idempotency;
	json_t *body;
	Call *call;
	int64_t began_us;
} Job;

static const char *find_given(void *arg, ParamPlace place, const char *name)
{
	Job *job = arg;
	if (place == PARAM_IN_QUERY)
		return job->query ? http_pairs_get(job->query, name) : NULL;
	for (int i = 0; i < job->match.n; i++)
		if (strcmp(job->match.name[i], name) == 0)
			return job->match.value[i];
	return NULL;
}

static bool is_public(const Job *job)
{
	return strcmp(job->match.endpoint->right, "public") == 0;
}

/* ---- once for each Idempotency-Key ---- */

/* What a second request with the key must be like: the body, but for passwords, of which nothing may be kept. */
static const char *body_to_compare(Job *job, size_t *ret_len)
{
	json_t *rest = NULL;
	for (const Param *p = job->match.endpoint->params; p && p->type != PARAM_END; p++) {
		if (p->secret && job->body && !rest)
			rest = json_own(job, json_copy(job->body));
		if (p->secret && rest)
			json_object_del(rest, p->name);
	}
	if (!rest)
		return http_body(job->request, ret_len);
	Buf *text = buf_new(job, LIMIT_RESPONSE_BODY);
	JsonOut o = json_out(text);
	json_put_tree(&o, rest);
	*ret_len = text->len;
	return text->data;
}

/* POST goes without its name: keys kept by releases that knew no other method still hold. */
static void job_key(Job *job, IdempotencyKey *ret)
{
	size_t len;
	const char *body = body_to_compare(job, &len), *method = http_method(job->request);
	bool is_post = strcmp(method, "POST") == 0;
	const char *target = is_post ? job->path : talloc_asprintf(job, "%s %s", method, job->path);
	idempotency_key(job->call, target, job->idempotency, body, len, ret);
}

static int write_once(Job *job, Call *c)
{
	IdempotencyKey key;
	bool fresh = false;
	job_key(job, &key);
	int r = idempotency_take(c, &key, &fresh);
	if (r < 0 || !fresh)
		return r;
	r = job->match.endpoint->fn(c);
	return r < 0 ? r : idempotency_keep(c, &key);
}

typedef struct {
	Call *call;
	IdempotencyKey key;
	bool fresh;
	int result; /* of the work */
} Once;

static int once_begin(Call *c, void *arg)
{
	Once *once = arg;
	return idempotency_take(c, &once->key, &once->fresh);
}

static int once_end(Tx *tx, void *arg)
{
	Once *once = arg;
	once->call->tx = tx;
	return once->result < 0 ? idempotency_drop(once->call, &once->key) : idempotency_keep(once->call, &once->key);
}

/* Work on a worker has transactions of its own, so the key is taken in one before and the answer kept in one after. If
 * that is not possible any more, the key stays taken: better told "under way" than done twice. */
static int work_once(Job *job, Call *c)
{
	Once once = {.call = c};
	job_key(job, &once.key);
	int r = call_write_wait(c, once_begin, &once);
	if (r < 0 || !once.fresh)
		return r;
	once.result = job->match.endpoint->fn(c);
	if (store_write_wait(c->house->store, once_end, &once) < 0)
		log_warn("api", "the answer of %s could not be kept under its Idempotency-Key", job->path);
	c->tx = NULL;
	return once.result;
}

static int run_once(Job *job, Call *c)
{
	const Endpoint *e = job->match.endpoint;
	if (!job->idempotency || e->mode == CALL_READ || (e->mode == CALL_WORKER && is_public(job)))
		return e->fn(c);
	return e->mode == CALL_WRITE ? write_once(job, c) : work_once(job, c);
}

/* Who asks. What is open to everybody is open to somebody with an outworn token too: as nobody. */
static int job_identify(Job *job, Tx *tx)
{
	Call *c = job->call;
	call_reset(c);
	c->tx = tx;
	int r = gate_identify(c, job->token);
	if (r < 0 && is_public(job)) {
		call_reset(c);
		c->who = (Identity){0};
		r = 0;
	}
	return r;
}

/* The identified request's way through the gate; the same for every mode. */
static int job_run(Job *job)
{
	Call *c = job->call;
	const Endpoint *e = job->match.endpoint;
	int r = gate_check(c, e->right);
	if (r < 0 || (r = param_check(c, e->params, job->body, find_given, job)) < 0)
		return r;
	return run_once(job, c);
}

static int job_in_tx(Tx *tx, void *arg)
{
	Job *job = arg;
	int r = job_identify(job, tx);
	return r < 0 ? r : job_run(job);
}

static void job_done(void *arg, int result)
{
	Job *job = arg;
	if (result < 0 && !job->call->err)
		(void)call_store_failed(job->call, result);
	meter_add(job->dispatch->meter, job->match.index, answer_status(job->call, result), job->began_us);
	http_note_who(job->request, job->call->who.user);
	answer_call(job->request, job->call, result);
	talloc_free(job);
}

static int identify_in_tx(Tx *tx, void *arg)
{
	return job_identify(arg, tx);
}

/* Who asks is read in a transaction of its own when the cache does not know; the rest runs without one. */
static void job_on_worker(void *arg)
{
	Job *job = arg;
	Call *c = job->call;
	int r = 0;
	if (job->token && !gate_identify_cached(c, job->token))
		r = store_read_wait(job->dispatch->house->store, identify_in_tx, job);
	c->tx = NULL;
	job_done(job, r < 0 ? r : job_run(job));
}

static void job_refuse_busy(Job *job)
{
	meter_add(job->dispatch->meter, job->match.index, err_status(ERR_BUSY), job->began_us);
	answer_problem(job->request, ERR_BUSY, "busy", job->call->lang, "The server is busy. Please try again in a moment.",
	               "服务器正忙，请稍后重试。");
	talloc_free(job);
}

static void job_start(Job *job)
{
	Dispatch *d = job->dispatch;
	bool taken = true;
	switch (job->match.endpoint->mode) {
	case CALL_WORKER: taken = workers_run(d->workers, job_on_worker, job); break;
	case CALL_READ: taken = store_read(d->house->store, job_in_tx, job_done, job) == 0; break;
	case CALL_WRITE: taken = store_write(d->house->store, job_in_tx, job_done, job) == 0; break;
	}
	if (!taken)
		job_refuse_busy(job);
}

const char *dispatch_token(HttpRequest *request, bool *ret_is_cookie)
{
	const char *authorization = http_header(request, "Authorization");
	*ret_is_cookie = false;
	if (authorization && strncasecmp(authorization, "Bearer ", 7) == 0)
		return talloc_strdup(http_mem(request), authorization + 7 + strspn(authorization + 7, " "));
	const char *cookie = http_header(request, "Cookie");
	const char *at = cookie ? strstr(cookie, COOKIE_NAME) : NULL;
	if (!at || (at > cookie && at[-1] != ' ' && at[-1] != ';'))
		return NULL;
	at += strlen(COOKIE_NAME);
	*ret_is_cookie = true;
	return talloc_strndup(http_mem(request), at, strcspn(at, "; "));
}

static bool changes_something(const char *method)
{
	return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
}

static bool takes_bytes(const Endpoint *e)
{
	for (const Param *p = e->params; p && p->type != PARAM_END; p++)
		if (p->type == PARAM_BYTES)
			return true;
	return false;
}

/* Parses the body; false: the problem was answered. Bytes stay where they are: they live until the answer. */
static bool job_read_body(Job *job)
{
	size_t len;
	const char *body = http_body(job->request, &len);
	if (takes_bytes(job->match.endpoint)) {
		job->call->bytes = body;
		job->call->bytes_len = len;
		return true;
	}
	if (len == 0)
		return true;
	const char *type = http_header(job->request, "Content-Type");
	if (type && strncasecmp(type, "application/json", 16) != 0) {
		answer_problem(job->request, ERR_MEDIA_TYPE, NULL, job->call->lang,
		               "Send the body as JSON (Content-Type: application/json).",
		               "请用 JSON 发送内容（Content-Type: application/json）。");
		return false;
	}
	JsonFault fault;
	job->body = json_parse(job, body, len, &fault);
	if (job->body && json_is_object(job->body))
		return true;
	if (job->body)
		fault = (JsonFault){0, "the body must be a JSON object"};
	char *en = talloc_asprintf(job, "The body is not acceptable JSON: %s (byte %zu).", fault.reason, fault.offset);
	char *zh = talloc_asprintf(job, "内容不是可接受的 JSON：%s（第 %zu 字节）。", fault.reason, fault.offset);
	answer_problem(job->request, ERR_INVALID, "bad_json", job->call->lang, en, zh);
	return false;
}

/* A browser says it itself, also behind a proxy that speaks TLS. */
static const char *origin_of(Job *job)
{
	const char *origin = http_header(job->request, "Origin"), *host = http_header(job->request, "Host");
	if (origin && http_is_own_origin(job->request, job->dispatch->house->public_url))
		return talloc_strdup(job, origin);
	return host ? talloc_asprintf(job, "http://%s", host) : NULL;
}

/* Fills what the request says about itself; false: a problem was answered. */
static bool job_prepare(Job *job)
{
	HttpRequest *request = job->request;
	const char *query = http_query(request);
	bool is_cookie = false;
	job->token = talloc_strdup(job, dispatch_token(request, &is_cookie));
	if (is_cookie && changes_something(http_method(request)) &&
	    !http_is_own_origin(request, job->dispatch->house->public_url)) {
		answer_problem(request, ERR_DENIED, "foreign_origin", job->call->lang, "This request came from another site.",
		               "该请求来自其他网站，已拒绝。");
		return false;
	}
	if (*query && !(job->query = http_pairs_parse(job, query, strlen(query), 50))) {
		answer_problem(request, ERR_INVALID, "bad_query", job->call->lang, "The part after '?' is malformed.",
		               "网址中问号之后的部分格式不正确。");
		return false;
	}
	job->call->ip = talloc_strdup(job, http_visitor(request));
	job->call->device = talloc_strdup(job, http_header(request, "User-Agent"));
	job->call->origin = origin_of(job);
	job->call->if_match = talloc_strdup(job, http_header(request, "If-Match"));
	if (changes_something(http_method(request)))
		job->idempotency = talloc_strdup(job, http_header(request, "Idempotency-Key"));
	return job_read_body(job);
}

static void answer_no_route(HttpRequest *request, int err, const char *allow)
{
	Lang lang = answer_language(request);
	if (err != ERR_METHOD) {
		answer_problem(request, ERR_NOT_FOUND, "no_such_path", lang,
		               "There is nothing at this address. See /api/v1/openapi.json.",
		               "这个地址没有内容，接口说明见 /api/v1/openapi.json。");
		return;
	}
	char *en = talloc_asprintf(http_mem(request), "This address takes %s only.", allow);
	char *zh = talloc_asprintf(http_mem(request), "这个地址只接受 %s。", allow);
	answer_problem(request, ERR_METHOD, NULL, lang, en, zh);
}

void dispatch_request(Dispatch *dispatch, HttpRequest *request, const char *path)
{
	Job *job = talloc_zero(NULL, Job);
	const char *allow = NULL;
	int r = route_find(dispatch->routes, job, http_method(request), path, &job->match, &allow);
	if (r < 0) {
		answer_no_route(request, r, allow);
		talloc_free(job);
		return;
	}
	job->dispatch = dispatch;
	http_note_route(request, job->match.endpoint->path);
	job->began_us = clock_monotonic_us();
	job->request = request;
	job->path = talloc_strdup(job, path);
	job->call = call_new(job, dispatch->house, NULL);
	job->call->lang = answer_language(request);
	job->call->cause = "api";
	if (!job_prepare(job))
		talloc_free(job);
	else
		job_start(job);
}
