/* What came of a request, in the house's few words. Partners answer HTTP 200 with a code of their own inside; the codes
 * that matter stand in a table of each kind. */
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "modules/channel/kind.h"

static void copy_text(char *out, size_t size, const char *text)
{
	size_t len = utf8_valid_len(text, strnlen(text, size - 1));
	memcpy(out, text, len);
	out[len] = '\0';
	for (char *c = out; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
}

const char *verdict_name(VerdictKind kind)
{
	static const char *const names[] = {[VERDICT_DONE] = "done", [VERDICT_RETRY] = "retry",
		[VERDICT_LIMITED] = "limited", [VERDICT_REFRESH] = "refresh", [VERDICT_RECEIVER] = "receiver",
		[VERDICT_CONTENT] = "content", [VERDICT_CHANNEL] = "channel", [VERDICT_GONE] = "gone"};
	return names[kind];
}

void verdict_coded(Verdict *v, VerdictKind kind, const char *code, const char *detail)
{
	*v = (Verdict){.kind = kind};
	copy_text(v->code, sizeof v->code, code);
	copy_text(v->detail, sizeof v->detail, detail ? detail : "");
}

void verdict_set(Verdict *v, VerdictKind kind, Failure failure, const char *detail)
{
	verdict_coded(v, kind, failure_code(failure), detail);
}

static void judge_connection(const NetAnswer *a, Verdict *ret)
{
	static const Failure failures[] = {[NET_UNREACHABLE] = FAILURE_UNREACHABLE, [NET_TIMEOUT] = FAILURE_TIMEOUT,
		[NET_REFUSED] = FAILURE_ADDRESS_REFUSED, [NET_TOO_LARGE] = FAILURE_ANSWER_TOO_LARGE,
		[NET_MAIL] = FAILURE_MAIL, [NET_TLS] = FAILURE_CERTIFICATE, [NET_DENIED] = FAILURE_MAIL,
		[NET_MISSING] = FAILURE_MAIL, [NET_STOPPED] = FAILURE_STOPPED};
	bool settings = a->result == NET_REFUSED || a->result == NET_TLS;
	verdict_set(ret, settings ? VERDICT_CHANNEL : VERDICT_RETRY, failures[a->result], a->detail);
}

static void judge_status(const NetAnswer *a, Verdict *ret)
{
	char code[16];
	snprintf(code, sizeof code, "http_%d", a->status);
	VerdictKind kind = VERDICT_RETRY;
	if (a->status == 429 || (a->status == 503 && a->retry_after_ms))
		kind = VERDICT_LIMITED;
	else if (a->status < 500 && a->status != 408)
		kind = VERDICT_CHANNEL;
	verdict_coded(ret, kind, code, a->body);
	ret->wait_ms = a->retry_after_ms;
	if (kind == VERDICT_LIMITED && ret->wait_ms == 0)
		ret->wait_ms = MINUTE_MS;
}

bool judge_transport(const NetAnswer *a, Verdict *ret)
{
	if (a->result != NET_OK)
		judge_connection(a, ret);
	else if (a->status < 200 || a->status > 299)
		judge_status(a, ret);
	else
		return false;
	return true;
}

/* ---- codes of partners ---- */

const CodeRow *code_row(const CodeRow *rows, const char *code)
{
	for (; rows && rows->code; rows++) {
		size_t len = strlen(rows->code);
		bool begins = len > 0 && rows->code[len - 1] == '*';
		if (begins ? strncmp(rows->code, code, len - 1) == 0 : strcmp(rows->code, code) == 0)
			return rows;
	}
	return NULL;
}

void judge_row(const CodeRow *rows, const char *code, const char *detail, Verdict *ret)
{
	const CodeRow *row = code_row(rows, code);
	verdict_coded(ret, row ? row->kind : VERDICT_RETRY, code, detail);
	ret->wait_ms = row ? row->wait_ms : 0;
}

/* Some tell their codes beside the status of a refusal: a known one says more than the status. */
static bool judge_body(const NetAnswer *a, const json_t *body, const char *code_name, const char *text_name,
	const CodeRow *rows, Verdict *ret)
{
	char text[24];
	const json_t *code = json_object_get(body, code_name);
	bool fine = a->status >= 200 && a->status <= 299;
	if (!json_is_integer(code))
		return false;
	snprintf(text, sizeof text, "%lld", (long long)json_integer_value(code));
	if (!fine && !code_row(rows, text))
		return false;
	if (json_integer_value(code) == 0)
		verdict_coded(ret, VERDICT_DONE, text, json_text(body, text_name));
	else
		judge_row(rows, text, json_text(body, text_name), ret);
	return true;
}

void judge_codes(const NetAnswer *a, const char *code_name, const char *text_name, const CodeRow *rows, Verdict *ret)
{
	JsonFault fault;
	TALLOC_CTX *ctx = talloc_new(NULL);
	const json_t *body = a->result == NET_OK ? json_parse(ctx, a->body, a->len, &fault) : NULL;
	if (!judge_body(a, body, code_name, text_name, rows, ret) && !judge_transport(a, ret))
		verdict_set(ret, VERDICT_RETRY, FAILURE_STRANGE_ANSWER, a->body);
	talloc_free(ctx);
}

/* What becomes of it when the code has no advice of its own. */
static const FailureWords *advice_of(VerdictKind kind)
{
	static const FailureWords advice[] = {
		[VERDICT_RETRY] = {.do_zh = "稍后会自动重试。", .do_en = "It is tried again."},
		[VERDICT_LIMITED] = {.do_zh = "渠道休息片刻后自动继续。", .do_en = "The channel rests for a while and goes on."},
		[VERDICT_REFRESH] = {.do_zh = "会自动换取新的凭证；反复出现时请核对应用的标识和密钥。",
			.do_en = "A new token is fetched; if that goes on, check ID and secret of the app."},
		[VERDICT_RECEIVER] = {.do_zh = "请核对该人员在“渠道”里的地址；有备用渠道时改走备用渠道。",
			.do_en = "Check the address in the person's channels; it goes by the spare channel if there is one."},
		[VERDICT_CONTENT] = {.do_zh = "有备用渠道时改走备用渠道，渠道本身照常。",
			.do_en = "This one goes by a spare channel if there is one; the channel itself goes on."},
		[VERDICT_CHANNEL] = {.do_zh = "渠道已暂停，请修改设置。", .do_en = "The channel rests; please correct its settings."},
		[VERDICT_GONE] = {.do_zh = "渠道已停用。", .do_en = "The channel is switched off."},
		[VERDICT_DONE] = {.do_zh = "消息已送达对方。", .do_en = "The partner has the message."}};
	return &advice[kind];
}

const char *kind_said(TALLOC_CTX *ctx, const ChannelKind *kind, const char *code, Lang lang)
{
	const CodeRow *row = kind && code ? code_row(kind->codes, code) : NULL;
	if (!row)
		return failure_said(ctx, code, lang);
	FailureWords words = row->words;
	if (!words.do_zh) {
		words.do_zh = advice_of(row->kind)->do_zh;
		words.do_en = advice_of(row->kind)->do_en;
	}
	return failure_say(ctx, &words, code, lang);
}

const char *channel_said(TALLOC_CTX *ctx, const char *kind, const char *code, Lang lang)
{
	return kind_said(ctx, kind_find(kind), code, lang);
}

/* ---- tokens ---- */

char *token_of(TALLOC_CTX *ctx, const NetAnswer *a, const char *token_name, const char *life_name, int64_t *ret_life_ms,
	Verdict *ret)
{
	JsonFault fault;
	TALLOC_CTX *mem = talloc_new(NULL);
	const json_t *body = json_parse(mem, a->body, a->len, &fault);
	const char *token = json_text(body, token_name);
	char *copy = token ? talloc_strdup(ctx, token) : NULL;
	*ret_life_ms = json_int(body, life_name, 7200) * SECOND_MS;
	if (!copy)
		verdict_set(ret, VERDICT_RETRY, FAILURE_NO_TOKEN, a->body);
	talloc_free(mem);
	return copy;
}
