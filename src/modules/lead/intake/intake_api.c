/* The intake page: the log of receipts, quarantine, replay of one or many, a test lead (L3, F2, F12). */
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "base/limits.h"
#include "base/random.h"
#include "call/when.h"
#include "modules/lead/intake/intake_int.h"
#include "modules/lead/intake/reason.h"
#include "record/record.h"

#define PREVIEW_MAX 160
#define REPLAY_MAX 5000

/* One question to the log, carried into its reading job. */
typedef struct {
	Call *c;
	ReceiptQuery query;
	Receipt *found;
	size_t n;
	Receipt one;
	Id id;
	const char *body;
	size_t done;
} LogJob;

static int log_read(LogJob *job, StoreJob fn)
{
	return store_read_wait(receipt_log_store(job->c->house->intake->log), fn, job);
}

static int log_write(LogJob *job, StoreJob fn)
{
	return store_write_wait(receipt_log_store(job->c->house->intake->log), fn, job);
}

/* ---- writing receipts ---- */

static void write_time(JsonOut *o, const char *key, int64_t at)
{
	char text[WHEN_TEXT_SIZE];
	json_member_text(o, key, when_text(at, text));
}

static void write_source(Call *c, const Receipt *r)
{
	const Sources *sources = source_book_acquire(c->house->intake->sources);
	const Inlet *source = source_by_id(sources, r->source);
	JsonOut *o = &c->json;
	json_key(o, "source");
	json_object_begin(o);
	json_member_id(o, "id", r->source);
	json_member_text(o, "name", source ? source->name : r->source_key);
	json_member_text(o, "key", source ? source->key : r->source_key);
	json_object_end(o);
	source_release(sources);
}

/* Raw bytes shown as text: what is no UTF-8 becomes the replacement character. */
static const char *shown(Call *c, const char *bytes, size_t len, size_t max)
{
	char *valid = g_utf8_make_valid(bytes, (gssize)(len < max ? len : max));
	const char *copy = talloc_strdup(c, valid);
	g_free(valid);
	return copy;
}

static void write_receipt(Call *c, const Receipt *r)
{
	JsonOut *o = &c->json;
	json_member_id(o, "id", r->id);
	write_time(o, "at", r->at);
	write_source(c, r);
	json_member_text(o, "state", receipt_state_name(r->state));
	json_member_text(o, "reason", r->reason);
	json_member_text(o, "detail", reason_text(c, r->reason, r->detail, c->lang));
	json_member_id(o, "lead", r->lead);
	json_member_id(o, "duplicate_of", r->duplicate_of);
	json_member_text(o, "visitor", r->visitor);
}

/* ---- list ---- */

static int list_job(Tx *tx, void *arg)
{
	LogJob *job = arg;
	return receipt_query(tx, job->c, &job->query, &job->found, &job->n);
}

static void write_list(Call *c, const LogJob *job)
{
	JsonOut *o = &c->json;
	json_object_begin(o);
	json_key(o, "items");
	json_array_begin(o);
	for (size_t i = 0; i < job->n; i++) {
		json_object_begin(o);
		write_receipt(c, &job->found[i]);
		json_member_text(o, "preview", shown(c, job->found[i].body, job->found[i].body_len, PREVIEW_MAX));
		json_object_end(o);
	}
	json_array_end(o);
	json_member_id(o, "next", job->n == (size_t)job->query.limit && job->n > 0 ? job->found[job->n - 1].id : ID_NIL);
	json_object_end(o);
}

static int receipts_list(Call *c)
{
	ReceiptState state;
	LogJob job = {.c = c};
	job.query = (ReceiptQuery){
		.state = call_text(c, "state"),
		.reason = call_text(c, "reason"),
		.source = call_id(c, "source"),
		.search = call_text(c, "search"),
		.before = call_id(c, "after"),
		.limit = (int)call_int(c, "limit", LIMIT_PAGE_DEFAULT),
	};
	if (job.query.state && !receipt_state_parse(job.query.state, &state))
		return call_fault(c, "state", "unknown", "States are pending, taken, duplicate and quarantined.",
		                  "状态只能是 pending、taken、duplicate 或 quarantined。");
	int r = log_read(&job, list_job);
	if (r < 0)
		return call_store_failed(c, r);
	write_list(c, &job);
	return 0;
}

/* ---- one ---- */

static void write_acts(Call *c, Rows *rows)
{
	JsonOut *o = &c->json;
	json_key(o, "history");
	json_array_begin(o);
	while (rows_next(rows)) {
		json_object_begin(o);
		write_time(o, "at", rows_int(rows, 0));
		json_member_text(o, "who", rows_text(rows, 1));
		json_member_text(o, "act", rows_text(rows, 2));
		json_object_end(o);
	}
	json_array_end(o);
}

static int one_job(Tx *tx, void *arg)
{
	LogJob *job = arg;
	Call *c = job->c;
	int r = receipt_load(tx, c, job->id, &job->one);
	if (r < 0)
		return r;
	ROWS rows = NULL;
	r = db_query(tx, &rows, "SELECT at, who, act FROM receipt_act WHERE receipt = $1 ORDER BY seq", value_id(job->id));
	if (r < 0)
		return r;
	buf_clear(c->out);
	c->json = json_out(c->out);
	json_object_begin(&c->json);
	write_receipt(c, &job->one);
	json_member_text(&c->json, "content_type", job->one.content_type);
	json_key(&c->json, "headers");
	json_put_raw(&c->json, job->one.headers, strlen(job->one.headers));
	json_member_text(&c->json, "body", shown(c, job->one.body, job->one.body_len, job->one.body_len));
	outcome_write_files(&c->json, job->one.files, c->lang);
	write_acts(c, rows);
	json_object_end(&c->json);
	return rows_error(rows);
}

static int no_such_receipt(Call *c, int r)
{
	if (r != ERR_NOT_FOUND)
		return call_store_failed(c, r);
	return call_fail(c, ERR_NOT_FOUND, "no_such_receipt", "There is no such receipt.", "没有这个回执。");
}

static int receipt_show(Call *c)
{
	LogJob job = {.c = c, .id = call_id(c, "id")};
	int r = log_read(&job, one_job);
	return r < 0 ? no_such_receipt(c, r) : 0;
}

/* ---- replay ---- */

static int reopen_one(Tx *tx, void *arg)
{
	LogJob *job = arg;
	int r = receipt_load(tx, job->c, job->id, &job->one);
	if (r == 0 && job->one.state != RECEIPT_QUARANTINED)
		return ERR_CONFLICT;
	return r < 0 ? r : receipt_reopen(tx, &job->one, job->body, job->c->who.name, job->c->now_ms);
}

/* The list of sources is read afresh first: the source that was missing may have been made just now. A list that cannot
 * be read stays as it was. */
static void taker_look_again(Call *c)
{
	Intake *in = c->house->intake;
	(void)!store_read_wait(c->house->store, source_book_load, in->sources);
	taker_wake(in->taker);
}

static int receipt_replay(Call *c)
{
	JsonFault fault;
	LogJob job = {.c = c, .id = call_id(c, "id"), .body = call_text(c, "body")};
	if (job.body && !json_check(job.body, strlen(job.body), LIMIT_JSON_DEPTH, &fault))
		return call_fault(c, "body", "bad_json", "The corrected text is not acceptable JSON: %s.",
		                  "更正后的内容不是可接受的 JSON：%s。", fault.reason);
	int r = log_write(&job, reopen_one);
	if (r == ERR_CONFLICT)
		return call_fail(c, ERR_CONFLICT, "not_quarantined",
		                 "Only receipts in quarantine can be replayed; this one has its result.",
		                 "只有隔离区中的回执可以重放，这一条已有结果。");
	if (r < 0)
		return no_such_receipt(c, r);
	taker_look_again(c);
	Outcome outcome = {.receipt = job.id, .state = RECEIPT_PENDING};
	outcome_write(&c->json, &outcome, c->lang);
	return 0;
}

/* Somebody else was faster: it has its result, or will have. */
static int reopen_counted(Tx *tx, LogJob *job, const Receipt *receipt)
{
	int r = receipt_reopen(tx, receipt, NULL, job->c->who.name, job->c->now_ms);
	job->done += r == 0;
	return r == ERR_CONFLICT ? 0 : r;
}

static int reopen_many(Tx *tx, void *arg)
{
	LogJob *job = arg;
	Call *c = job->c;
	const json_t *ids = call_json(c, "ids");
	size_t i;
	json_t *item;
	int r = 0;
	job->done = 0;
	if (!ids && (r = receipt_query(tx, c, &job->query, &job->found, &job->n)) < 0)
		return r;
	for (i = 0; i < job->n && r == 0; i++)
		r = reopen_counted(tx, job, &job->found[i]);
	json_array_foreach ((json_t *)ids, i, item) {
		Id id;
		const char *text = json_string_value(item);
		if (!text || !id_parse(text, strlen(text), &id) || receipt_load(tx, c, id, &job->one) < 0 ||
		    job->one.state != RECEIPT_QUARANTINED)
			continue;
		if ((r = reopen_counted(tx, job, &job->one)) < 0)
			return r;
	}
	return r;
}

static int receipts_replay(Call *c)
{
	LogJob job = {.c = c};
	job.query = (ReceiptQuery){
		.state = "quarantined", .reason = call_text(c, "reason"), .source = call_id(c, "source"), .limit = REPLAY_MAX};
	const json_t *ids = call_json(c, "ids");
	if (!ids && !job.query.reason && id_is_nil(job.query.source))
		return call_fail(c, ERR_INVALID, "say_which", "Say which receipts: ids, a reason or a source.",
		                 "请说明要重放哪些回执：编号、原因或来源。");
	int r = log_write(&job, reopen_many);
	if (r < 0)
		return call_store_failed(c, r);
	taker_look_again(c);
	json_object_begin(&c->json);
	json_member_int(&c->json, "replayed", (int64_t)job.done);
	json_member_int(&c->json, "failed", ids ? (int64_t)(json_array_size(ids) - job.done) : 0);
	json_object_end(&c->json);
	return 0;
}

/* ---- a test lead ---- */

static int append_job(Tx *tx, void *arg)
{
	LogJob *job = arg;
	return receipt_write(tx, &job->one);
}

/* Comes in like any other through the first source that is switched on, so that the wizard shows the real way. */
static int test_lead_send(Call *c)
{
	const Sources *sources = source_book_acquire(c->house->intake->sources);
	const Inlet *source = source_first(sources);
	LogJob job = {.c = c};
	job.one = (Receipt){
		.id = id_new(c->now_ms),
		.at = c->now_ms,
		.source = source ? source->id : ID_NIL,
		.source_key = talloc_strdup(c, source ? source->key : ""),
		.visitor = c->ip,
		.content_type = "application/json",
		.headers = "{}",
		.state = RECEIPT_PENDING,
	};
	source_release(sources);
	job.one.body =
		talloc_asprintf(c,
	                    "{\"name\":\"测试访客\",\"company\":\"测试公司\",\"phone\":\"138%08u\",\"city\":\"上海\","
	                    "\"message\":\"这是一条测试线索，用来看看分配是否正常。\"}",
	                    (unsigned)(random_u64() % 100000000));
	job.one.body_len = strlen(job.one.body);
	int r = log_write(&job, append_job);
	if (r < 0)
		return call_store_failed(c, r);
	taker_give(c->house->intake->taker, &job.one);
	Outcome outcome = {.receipt = job.one.id, .state = RECEIPT_PENDING};
	outcome_write(&c->json, &outcome, c->lang);
	return 0;
}

/* ---- summary ---- */

typedef struct {
	Id source;
	int64_t last_at, today, quarantined;
} SourceCount;

typedef struct {
	Call *c;
	int64_t since;
	int64_t by_state[4];
	SourceCount *source;
	size_t n;
} Summary;

static SourceCount *source_count(Summary *s, Id source)
{
	for (size_t i = 0; i < s->n; i++)
		if (id_equal(s->source[i].source, source))
			return &s->source[i];
	s->source = talloc_realloc(s->c, s->source, SourceCount, s->n + 1);
	s->source[s->n] = (SourceCount){.source = source};
	return &s->source[s->n++];
}

static int summary_job(Tx *tx, void *arg)
{
	Summary *s = arg;
	ROWS rows = NULL;
	int r =
		db_query(tx, &rows, "SELECT source, state, count(*), max(at) FROM receipt WHERE id > $1 GROUP BY source, state",
	             value_id(id_new(s->since)));
	if (r < 0)
		return r;
	memset(s->by_state, 0, sizeof s->by_state);
	s->n = 0;
	while (rows_next(rows)) {
		ReceiptState state;
		SourceCount *count = source_count(s, rows_id(rows, 0));
		if (!receipt_state_parse(rows_text(rows, 1), &state))
			continue;
		s->by_state[state] += rows_int(rows, 2);
		count->today += rows_int(rows, 2);
		count->quarantined += state == RECEIPT_QUARANTINED ? rows_int(rows, 2) : 0;
		count->last_at = rows_int(rows, 3) > count->last_at ? rows_int(rows, 3) : count->last_at;
	}
	return rows_error(rows);
}

static void write_summary(Call *c, const Summary *s)
{
	JsonOut *o = &c->json;
	json_object_begin(o);
	json_key(o, "today");
	json_object_begin(o);
	for (int state = 0; state < 4; state++)
		json_member_int(o, receipt_state_name((ReceiptState)state), s->by_state[state]);
	json_object_end(o);
	json_key(o, "by_source");
	json_array_begin(o);
	for (size_t i = 0; i < s->n; i++) {
		Receipt r = {.source = s->source[i].source, .source_key = "?"};
		json_object_begin(o);
		write_source(c, &r);
		write_time(o, "last_at", s->source[i].last_at);
		json_member_int(o, "today", s->source[i].today);
		json_member_int(o, "quarantined", s->source[i].quarantined);
		json_object_end(o);
	}
	json_array_end(o);
	json_object_end(o);
}

static int intake_summary(Call *c)
{
	Summary s = {.c = c, .since = c->now_ms - DAY_MS};
	int r = store_read_wait(receipt_log_store(c->house->intake->log), summary_job, &s);
	if (r < 0)
		return call_store_failed(c, r);
	write_summary(c, &s);
	return 0;
}

static const Param id_params[] = {
	{"id", PARAM_ID, PARAM_IN_PATH, true, .help = "Receipt"},
	{0},
};
static const Param list_params[] = {
	{"state", PARAM_TEXT, PARAM_IN_QUERY, .max = 20, .help = "pending, taken, duplicate or quarantined"},
	{"reason", PARAM_TEXT, PARAM_IN_QUERY, .max = 60, .help = "Why it is in quarantine"},
	{"source", PARAM_ID, PARAM_IN_QUERY, .help = "Source"},
	{"search", PARAM_TEXT, PARAM_IN_QUERY, .max = 100, .help = "Part of the raw body"},
	{"after", PARAM_ID, PARAM_IN_QUERY, .help = "Last id of the page before"},
	{"limit", PARAM_INT, PARAM_IN_QUERY, .min = 1, .max = LIMIT_PAGE, .help = "Rows of a page"},
	{0},
};
static const Param replay_params[] = {
	{"id", PARAM_ID, PARAM_IN_PATH, true, .help = "Receipt"},
	{"body", PARAM_TEXT, .max = LIMIT_CAPTURE_BODY, .help = "Corrected JSON, or nothing to replay it as it is"},
	{0},
};
static const Param replay_many_params[] = {
	{"ids", PARAM_IDS, .help = "Receipts"},
	{"state", PARAM_TEXT, .max = 20, .help = "quarantined"},
	{"reason", PARAM_TEXT, .max = 60, .help = "All in quarantine for this reason"},
	{"source", PARAM_ID, .help = "All in quarantine of this source"},
	{0},
};

const Endpoint intake_endpoints[] = {
	{"GET", "/intake/receipts", "intake.read", CALL_WORKER, list_params, receipts_list,
     "The log of everything that came in"},
	{"GET", "/intake/receipts/:id", "intake.read", CALL_WORKER, id_params, receipt_show,
     "One receipt with its raw body"},
	{"POST", "/intake/receipts/:id/replay", "intake.replay", CALL_WORKER, replay_params, receipt_replay,
     "Correct and replay one receipt"},
	{"POST", "/intake/replay", "intake.replay", CALL_WORKER, replay_many_params, receipts_replay,
     "Replay many receipts from quarantine"},
	{"POST", "/setup/test-lead", "settings.manage", CALL_WORKER, NULL, test_lead_send,
     "Send a test lead through the first source"},
	{"GET", "/intake/summary", "intake.read", CALL_WORKER, NULL, intake_summary,
     "What came in within the last day, by source"},
	{0},
};
