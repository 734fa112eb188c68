/* The life of a Call: made, failed, cleared for another try, asked for its parameters. What a failure says is
 * written here in the caller's language and kept in the Call; nothing here knows HTTP. */
#include "call/call.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

Call *call_new(TALLOC_CTX *ctx, House *house, Tx *tx)
{
	Call *c = talloc_zero(ctx, Call);
	assert(c != NULL);
	c->house = house;
	c->tx = tx;
	c->now_ms = clock_now_ms(house->clock);
	c->params = json_own(c, json_object());
	c->out = buf_new(c, LIMIT_RESPONSE_BODY);
	c->json = json_out(c->out);
	return c;
}

Call *call_new_system(TALLOC_CTX *ctx, House *house, Tx *tx, const char *cause)
{
	Call *c = call_new(ctx, house, tx);
	c->who.role = ROLE_ADMINISTRATOR;
	c->cause = cause;
	return c;
}

void call_reset(Call *c)
{
	c->change = ID_NIL;
	c->status = 0;
	buf_clear(c->out);
	c->json = json_out(c->out);
	c->location = c->etag = c->link_next = NULL;
	c->retry_after = c->set_cookie = NULL;
	c->content = NULL;
	c->shows_secret = false;
	c->err = 0;
	c->err_code = c->err_detail = NULL;
	c->faults = NULL;
	c->access = NULL;
}

PRINTF_LIKE(2, 0) static char *sentence(Call *c, const char *format, va_list args)
{
	char *text = talloc_vasprintf(c, format, args);
	assert(text != NULL);
	return text;
}

int call_fail(Call *c, Err err, const char *code, const char *en, const char *zh, ...)
{
	va_list args;
	va_start(args, zh);
	c->err = err;
	c->err_code = code;
	c->err_detail = sentence(c, c->lang == LANG_EN ? en : zh, args);
	va_end(args);
	return err;
}

static void fault_append(Call *c, FieldFault *fault)
{
	FieldFault **end = &c->faults;
	while (*end != NULL)
		end = &(*end)->next;
	*end = fault;
}

int call_fault(Call *c, const char *field, const char *code, const char *en, const char *zh, ...)
{
	va_list args;
	va_start(args, zh);
	FieldFault *fault = talloc_zero(c, FieldFault);
	assert(fault != NULL);
	*fault = (FieldFault){
		.field = talloc_strdup(fault, field),
		.code = code,
		.detail = sentence(c, c->lang == LANG_EN ? en : zh, args),
	};
	va_end(args);
	if (c->faults == NULL)
		(void)call_fail(c, ERR_INVALID, "invalid_fields", "Some fields are not right; correct them and send again.",
		                "有字段填写不正确，请修改后重新提交。");
	fault_append(c, fault);
	return ERR_INVALID;
}

typedef struct {
	int err;
	const char *code, *en, *zh;
} StoreSentence;

static const StoreSentence store_sentences[] = {
	{ERR_CONFLICT, "conflict", "Another change came first; load again and repeat.", "数据刚被其他操作修改，请刷新后重试。"},
	{ERR_BUSY, "busy", "The server is busy; try again in a moment.", "服务器繁忙，请稍后重试。"},
	{ERR_STORE, "storage_unavailable", "The database cannot be reached; try again in a moment.",
	 "数据库暂时无法访问，请稍后重试。"},
	{ERR_FULL, "storage_full", "The disk is full; nothing was saved. Tell the administrator.",
	 "磁盘空间已满，未能保存，请联系管理员。"},
	{ERR_NOT_FOUND, "not_found", "This does not exist, or you may not see it.", "数据不存在，或您无权查看。"},
};

int call_store_failed(Call *c, int err)
{
	if (err >= 0 || c->err != 0)
		return err;
	for (size_t i = 0; i < ARRAY_LEN(store_sentences); i++) {
		const StoreSentence *s = &store_sentences[i];
		if (s->err == err)
			return call_fail(c, (Err)err, s->code, s->en, s->zh);
	}
	return call_fail(c, (Err)err, err_code(err), "Something went wrong inside the server; it was logged.",
	                 "服务器内部出错，问题已记录。");
}

bool call_saw(const Call *c, int64_t version)
{
	if (!c->if_match || strcmp(c->if_match, "*") == 0)
		return true;
	const char *at = c->if_match + (strncmp(c->if_match, "W/", 2) == 0 ? 2 : 0);
	at += *at == '"';
	char *end;
	long long seen = strtoll(at, &end, 10);
	return end != at && (*end == '\0' || strcmp(end, "\"") == 0) && seen == version;
}

int call_refuse_stale(Call *c, int64_t version)
{
	c->etag = talloc_asprintf(c, "\"%lld\"", (long long)version);
	return call_fail(c, ERR_STALE, "stale_version",
	                 "Somebody changed this meanwhile: it is at version %lld, yours is %s. Load it again.",
	                 "数据已被他人修改：当前版本 %lld，您的版本 %s，请刷新后重试。", (long long)version, c->if_match);
}

int call_items(Call *c, Rows *rows, void (*write)(Call *c, const Rows *rows))
{
	json_object_begin(&c->json);
	json_key(&c->json, "items");
	json_array_begin(&c->json);
	while (rows_next(rows))
		write(c, rows);
	json_array_end(&c->json);
	json_object_end(&c->json);
	return call_store_failed(c, rows_error(rows));
}

typedef struct {
	Call *c;
	CallJob fn;
	void *arg;
} WaitJob;

/* The store may run a job again from its start, so whatever the last try left in the call is cleared first. */
static int run_on_store(Tx *tx, void *arg)
{
	WaitJob *job = arg;
	call_reset(job->c);
	job->c->tx = tx;
	return job->fn(job->c, job->arg);
}

int call_read_wait(Call *c, CallJob fn, void *arg)
{
	assert(c->tx == NULL);
	WaitJob job = {.c = c, .fn = fn, .arg = arg};
	int r = store_read_wait(c->house->store, run_on_store, &job);
	c->tx = NULL;
	return call_store_failed(c, r);
}

int call_write_wait(Call *c, CallJob fn, void *arg)
{
	assert(c->tx == NULL);
	WaitJob job = {.c = c, .fn = fn, .arg = arg};
	int r = store_write_wait(c->house->store, run_on_store, &job);
	c->tx = NULL;
	return call_store_failed(c, r);
}

const char *call_text(const Call *c, const char *name)
{
	return json_text(c->params, name);
}

int64_t call_int(const Call *c, const char *name, int64_t fallback)
{
	return json_int(c->params, name, fallback);
}

bool call_flag(const Call *c, const char *name, bool fallback)
{
	return json_flag(c->params, name, fallback);
}

Id call_id(const Call *c, const char *name)
{
	return json_id(c->params, name);
}

const json_t *call_json(const Call *c, const char *name)
{
	const json_t *value = json_object_get(c->params, name);
	return json_is_null(value) ? NULL : value;
}
