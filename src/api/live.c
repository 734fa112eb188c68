#include "api/live.h"

#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "call/gate.h"
#include "event/hub.h"

typedef struct {
	Dispatch *dispatch;
	HttpRequest *request;
	Call *call;
	const char *token;
	int64_t after;
} Listener;

/* Where to resume: Last-Event-ID of a reconnect, else ?after=, else -1 (from now on). */
static int64_t resume_point(HttpRequest *request, const HttpPairs *query)
{
	const char *text = http_header(request, "Last-Event-ID");
	if (!text && query)
		text = http_pairs_get(query, "after");
	if (!text || !*text)
		return -1;
	char *end;
	long long seq = strtoll(text, &end, 10);
	return *end || seq < 0 ? -1 : (int64_t)seq;
}

static int listener_open(Tx *tx, void *arg)
{
	Listener *l = arg;
	call_reset(l->call);
	l->call->tx = tx;
	int r = gate_identify(l->call, l->token);
	if (r == 0)
		r = gate_check(l->call, "signed_in");
	return r < 0 ? r : hub_open(l->dispatch->house->hub, l->call, l->request, l->after);
}

/* Once the hub has taken the request it answers for it; only a refusal is answered here. */
static void listener_done(void *arg, int result)
{
	Listener *l = arg;
	if (result < 0)
		answer_call(l->request, l->call, result);
	talloc_free(l);
}

void live_request(Dispatch *dispatch, HttpRequest *request)
{
	Listener *l = talloc_zero(NULL, Listener);
	const char *text = http_query(request);
	HttpPairs *query = *text ? http_pairs_parse(l, text, strlen(text), 10) : NULL;
	bool is_cookie;
	const char *token = dispatch_token(request, &is_cookie);
	if (!token && query)
		token = http_pairs_get(query, "token");
	l->dispatch = dispatch;
	l->request = request;
	http_note_route(request, "/live");
	l->token = talloc_strdup(l, token);
	l->after = resume_point(request, query);
	l->call = call_new(l, dispatch->house, NULL);
	l->call->lang = answer_language(request);
	l->call->ip = talloc_strdup(l, http_visitor(request));
	if (store_read(dispatch->house->store, listener_open, listener_done, l) < 0) {
		answer_problem(request, ERR_BUSY, NULL, l->call->lang, "The server is busy. Please try again in a moment.",
		               "服务器正忙，请稍后重试。");
		talloc_free(l);
	}
}

static const Param live_params[] = {
	{"after", PARAM_INT, PARAM_IN_QUERY, .help = "Resume after this seq, unless Last-Event-ID is there"},
	{"token", PARAM_TEXT, PARAM_IN_QUERY, .help = "Token of who can send neither cookie nor Authorization"},
	{"Last-Event-ID", PARAM_INT, PARAM_IN_HEADER, .help = "The seq seen last; browsers send it"},
	{0},
};

const PlainPath live_paths[] = {
	{{"GET", "/live", "signed_in", CALL_READ, live_params, NULL,
      "News as server-sent events: id is the seq, data is JSON with seq, at, kind, object, record, owner, before, "
      "team, pool and data"},
     200,
     NULL,
     "text/event-stream",
     NULL},
	{{0}},
};
