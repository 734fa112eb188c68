/* A visit to 微信客服: for each account of which a push said that something came, the messages behind the cursor, page by
 * page. A page's receipts are durable before its cursor is. Faults come with HTTP 200 and a code inside. */
#include "modules/lead/pull/pull_int.h"

#include <glib.h>
#include <string.h>

#include "modules/lead/pull/imap.h"
#include "modules/lead/pull/kf_words.h"
#include "net/token.h"

#define ACCOUNTS_MAX 20
#define PAGE_ROWS 1000
#define PAGES_MAX 50           /* of one account a visit */
#define ANSWER_MAX (1024 * 1024)
#define LIMITED_MS (5 * MINUTE_MS)

typedef struct {
	const char *id, *token, *cursor;
} Account;

typedef struct {
	Visit *v;
	Account account[ACCOUNTS_MAX];
	int n, at;
	const char *cursor; /* behind the page that was kept */
	bool is_done, push_is_old;
} Accounts;

/* ---- talking ---- */

/* One call; its answer, or NULL and the visit has its fault. *ret_code: the partner's. */
static json_t *call(Visit *v, const char *method, const char *url, const Buf *body, int64_t *ret_code)
{
	Asked asked;
	JsonFault fault;
	const NetRequest request = {.method = method,
	                            .url = url,
	                            .headers = {"Content-Type: application/json"},
	                            .body = body ? body->data : NULL,
	                            .len = body ? body->len : 0,
	                            .answer_max = ANSWER_MAX,
	                            .allowed_host = json_text(v->settings, "allowed_host")};
	ask(v, &request, &asked);
	json_t *answer = asked.result == NET_OK ? json_parse(v->mem, asked.body, asked.len, &fault) : NULL;
	if (!json_is_object(answer)) {
		visit_unanswered(v, &asked);
		return NULL;
	}
	*ret_code = json_int(answer, "errcode", 0);
	return answer;
}

static void code_fault(Visit *v, int64_t code, const json_t *answer)
{
	const char *what = talloc_asprintf(v->mem, "%lld %s", (long long)code, json_text(answer, "errmsg"));
	const char *reason = kf_reason(kf_code(code));
	visit_fault(v, reason, what);
	v->result.wait_ms = strcmp(reason, "pull_limited") == 0 ? LIMITED_MS : 0;
}

static const char *token_url(Visit *v)
{
	return talloc_asprintf(v->mem, "%s/cgi-bin/gettoken?corpid=%s&corpsecret=%s", visit_text(v, "server"),
	                       net_percent(v->mem, visit_text(v, "corpid")), net_percent(v->mem, v->secret));
}

static const char *token_fetch(Visit *v, const char *url)
{
	int64_t code;
	const json_t *answer = call(v, "GET", url, NULL, &code);
	const char *token = answer && code == 0 ? json_text(answer, "access_token") : NULL;
	if (answer && !token)
		code_fault(v, code, answer);
	if (token)
		net_token_keep(net_tokens(v->house->net), net_token_key(&(NetRequest){.url = url}), token,
		               json_int(answer, "expires_in", 0) * SECOND_MS);
	return token;
}

/* A call with the token; one that is refused as too old is made once more with a new one. *ret_code: what the partner
 * said of it, when that is a fault. */
static json_t *call_with_token(Visit *v, const char *path, const Buf *body, int64_t *ret_code)
{
	NetTokens *tokens = net_tokens(v->house->net);
	const char *url = token_url(v);
	const NetTokenKey key = net_token_key(&(NetRequest){.url = url});
	for (int tries = 0; tries < 2; tries++) {
		int64_t code;
		const char *token = net_token_get(tokens, v->mem, key);
		token = token ? token : token_fetch(v, url);
		if (!token)
			return NULL;
		json_t *answer = call(v, "POST",
		                      talloc_asprintf(v->mem, "%s%s?access_token=%s", visit_text(v, "server"), path,
		                                      net_percent(v->mem, token)),
		                      body, &code);
		if (!answer || code == 0)
			return answer;
		*ret_code = code;
		if (kf_code(code) == KF_OLD_TOKEN)
			net_token_forget(tokens, key, token);
		if (kf_code(code) == KF_OLD_TOKEN && tries == 0)
			continue;
		code_fault(v, code, answer);
		return NULL;
	}
	return NULL;
}

/* ---- names ---- */

/* Who wrote, by id; without names the messages still count. */
static const json_t *names_fetch(Visit *v, const json_t *messages)
{
	Buf *body = buf_new(v->mem, 16 * 1024);
	JsonOut o = json_out(body);
	json_object_begin(&o);
	json_key(&o, "external_userid_list");
	int n = kf_customers_write(&o, messages);
	json_member_int(&o, "need_enter_session_context", 0);
	json_object_end(&o);
	int64_t code;
	PullResult before = v->result;
	const json_t *answer =
		n > 0 && !buf_failed(body) ? call_with_token(v, "/cgi-bin/kf/customer/batchget", body, &code) : NULL;
	v->result = before;
	return json_object_get(answer, "customer_list");
}

/* ---- one account ---- */

static bool message_keep(Visit *v, const json_t *message, const json_t *customers)
{
	const char *id = json_text(message, "msgid"), *body = kf_enquiry(v->mem, message, customers);
	if (!id || !body)
		return true;
	Receipt r = {.body = body, .body_len = strlen(body), .content_type = "application/json",
	             .visitor = json_text(message, "external_userid")};
	const char *parts[] = {v->source_key, "kf", id};
	const size_t lens[] = {strlen(parts[0]), 2, strlen(id)};
	return keep(v, digest_of(parts, lens, ARRAY_LEN(parts)), &r);
}

static int account_write(Tx *tx, void *arg)
{
	const Accounts *a = arg;
	const Account *account = &a->account[a->at];
	int r = db_exec(tx, "UPDATE pull_account SET cursor = $3 WHERE source = $1 AND account = $2",
	                value_id(a->v->source), value_text(account->id), value_text(a->cursor));
	if (r == 0 && a->is_done) /* not if another push came meanwhile */
		r = db_exec(tx, "UPDATE pull_account SET due = 0 WHERE source = $1 AND account = $2 AND token = $3",
		            value_id(a->v->source), value_text(account->id), value_text(account->token));
	return r;
}

static json_t *page_ask(Accounts *a, const char *push, int64_t *ret_code)
{
	const Account *account = &a->account[a->at];
	Buf *body = buf_new(a->v->mem, 8192);
	JsonOut o = json_out(body);
	json_object_begin(&o);
	if (a->cursor && *a->cursor)
		json_member_text(&o, "cursor", a->cursor);
	if (push)
		json_member_text(&o, "token", push);
	json_member_int(&o, "limit", PAGE_ROWS);
	json_member_text(&o, "open_kfid", account->id);
	json_object_end(&o);
	return call_with_token(a->v, "/cgi-bin/kf/sync_msg", body, ret_code);
}

/* A push is good for ten minutes. One that came while the house was closed is too old by now: what it told of is
 * fetched without it, which the partner allows less often. */
static json_t *page_fetch(Accounts *a)
{
	Visit *v = a->v;
	int64_t code = 0;
	PullResult before = v->result;
	json_t *page = page_ask(a, a->push_is_old ? NULL : a->account[a->at].token, &code);
	if (page || a->push_is_old || kf_code(code) != KF_OLD_PUSH)
		return page;
	v->result = before;
	a->push_is_old = true;
	return page_ask(a, NULL, &code);
}

/* An account that is not there any more is told of once and stops nobody: the next push would ask for it again. */
static int account_drop(Tx *tx, void *arg)
{
	const Accounts *a = arg;
	return db_exec(tx, "UPDATE pull_account SET due = 0 WHERE source = $1 AND account = $2", value_id(a->v->source),
	               value_text(a->account[a->at].id));
}

/* False: the account's pages end here, for the last one was read or a fault came. */
static bool page_take(Accounts *a)
{
	Visit *v = a->v;
	size_t i;
	json_t *message;
	json_t *page = page_fetch(a), *messages = json_object_get(page, "msg_list");
	if (!page)
		return false;
	const json_t *customers = names_fetch(v, messages);
	json_array_foreach(messages, i, message)
		if (!message_keep(v, message, customers))
			return false;
	const char *next = json_text(page, "next_cursor");
	bool moves = next && *next && g_strcmp0(next, a->cursor) != 0;
	a->is_done = json_int(page, "has_more", 0) == 0;
	a->cursor = moves ? talloc_strdup(v, next) : a->cursor;
	if (store_write_wait(v->house->store, account_write, a) < 0)
		visit_fault(v, "pull_store", NULL);
	else if (!a->is_done && !moves) /* the same page for ever */
		visit_fault(v, "pull_strange",
		            talloc_asprintf(v->mem, "has_more, next_cursor (%s)", a->account[a->at].id));
	return !a->is_done && !v->result.reason;
}

static void account_visit(Accounts *a)
{
	Visit *v = a->v;
	TALLOC_CTX *outer = v->mem;
	bool goes_on = true;
	a->cursor = a->account[a->at].cursor;
	a->is_done = a->push_is_old = false;
	for (int i = 0; goes_on && i < PAGES_MAX && !pull_is_closing(v->pull) && clock_monotonic_ms() < v->until_ms; i++) {
		v->mem = talloc_new(outer);
		goes_on = page_take(a);
		talloc_free(v->mem);
	}
	v->mem = outer;
	v->result.more = v->result.more || goes_on;
}

static int accounts_load(Tx *tx, void *arg)
{
	Accounts *a = arg;
	ROWS rows = NULL;
	a->n = 0;
	int r = db_query(tx, &rows, "SELECT account, token, cursor FROM pull_account WHERE source = $1 AND due = 1",
	                 value_id(a->v->source));
	while (r == 0 && rows_next(rows) && a->n < ACCOUNTS_MAX)
		a->account[a->n++] = (Account){talloc_strdup(a->v, rows_text(rows, 0)), talloc_strdup(a->v, rows_text(rows, 1)),
		                               talloc_strdup(a->v, rows_text(rows, 2))};
	return r < 0 ? r : rows_error(rows);
}

static bool has_secret(Visit *v)
{
	if (v->secret_lost || !v->secret)
		visit_fault(v, v->secret_lost ? "secret_unreadable" : "no_secret", NULL);
	return v->secret != NULL && !v->secret_lost;
}

/* What is wrong with one account alone stops no other. */
static bool is_of_one(const Accounts *a)
{
	Visit *v = a->v;
	if (v->result.reason && strcmp(v->result.reason, "pull_strange") == 0)
		return true;
	return v->result.reason && strcmp(v->result.reason, kf_reason(KF_NO_ACCOUNT)) == 0 &&
	       store_write_wait(v->house->store, account_drop, (void *)a) == 0;
}

static void accounts_visit(Accounts *a)
{
	Visit *v = a->v;
	const char *reason = NULL, *detail = NULL;
	for (a->at = 0; a->at < a->n && !v->result.reason; a->at++) {
		account_visit(a);
		if (!is_of_one(a))
			continue;
		reason = v->result.reason;
		detail = strcmp(reason, "pull_strange") == 0
			? v->result.detail : talloc_asprintf(v, "%s (%s)", v->result.detail, a->account[a->at].id);
		v->result.reason = v->result.detail = NULL;
	}
	if (reason)
		visit_fault(v, reason, detail);
}

static void kf_visit(Visit *v)
{
	Accounts a = {.v = v};
	if (!has_secret(v))
		return;
	if (store_read_wait(v->house->store, accounts_load, &a) < 0)
		visit_fault(v, "pull_store", NULL);
	accounts_visit(&a);
}

static void kf_test(Visit *v, int64_t *ret_n)
{
	*ret_n = 0;
	if (has_secret(v))
		(void)token_fetch(v, token_url(v));
}

const PullKind kind_kf = {.name = "wecom_kf", .visit = kf_visit, .test = kf_test};
