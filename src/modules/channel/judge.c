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

void verdict_set(Verdict *v, VerdictKind kind, const char *code, const char *detail)
{
	*v = (Verdict){.kind = kind};
	copy_text(v->code, sizeof v->code, code);
	copy_text(v->detail, sizeof v->detail, detail ? detail : "");
}

static void judge_connection(const NetAnswer *a, Verdict *ret)
{
	static const char *const codes[] = {[NET_UNREACHABLE] = "unreachable", [NET_TIMEOUT] = "timeout",
		[NET_TOO_LARGE] = "answer_too_large", [NET_STOPPED] = "stopped", [NET_MAIL] = "mail"};
	if (a->result == NET_REFUSED)
		verdict_set(ret, VERDICT_CHANNEL, "address_refused", a->detail);
	else if (a->result == NET_TLS)
		verdict_set(ret, VERDICT_CHANNEL, "certificate", a->detail);
	else
		verdict_set(ret, VERDICT_RETRY, codes[a->result], a->detail);
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
	verdict_set(ret, kind, code, a->body);
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

void judge_codes(const NetAnswer *a, const char *code_name, const char *text_name, const CodeRow *rows, Verdict *ret)
{
	if (judge_transport(a, ret))
		return;
	JsonFault fault;
	TALLOC_CTX *ctx = talloc_new(NULL);
	const json_t *body = json_parse(ctx, a->body, a->len, &fault);
	const json_t *code = json_object_get(body, code_name);
	if (!json_is_integer(code))
		verdict_set(ret, VERDICT_RETRY, "strange_answer", a->body);
	else {
		int64_t number = json_integer_value(code);
		const CodeRow *row = rows;
		while (row->code && row->code != number)
			row++;
		char text[24];
		snprintf(text, sizeof text, "%lld", (long long)number);
		verdict_set(ret, number == 0 ? VERDICT_DONE : row->code ? row->kind : VERDICT_RETRY, text,
		            json_text(body, text_name));
		ret->wait_ms = row->wait_ms;
	}
	talloc_free(ctx);
}

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
		verdict_set(ret, VERDICT_RETRY, "no_token", a->body);
	talloc_free(mem);
	return copy;
}
