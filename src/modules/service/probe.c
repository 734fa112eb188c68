/* What a probe sends, and what its answer means. Channels are only connected to: a partner's interface is not called to
 * no purpose. */
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "event/failure.h"
#include "modules/service/service_int.h"

/* libcurl connects to what it takes for HTTP, and sends nothing. */
static const char *url_of(TALLOC_CTX *ctx, const char *kind, const char *address)
{
	if (strcmp(kind, "tcp") != 0)
		return address;
	if (strncmp(address, "tls://", 6) == 0)
		return talloc_asprintf(ctx, "https://%s", address + 6);
	return strncmp(address, "tcp://", 6) == 0 ? talloc_asprintf(ctx, "http://%s", address + 6) : "";
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

const char *probe_fault(const char *kind, const char *address, const char *allowed_host)
{
	bool fits = strcmp(kind, "http") == 0 ? begins(address, "https://") || begins(address, "http://")
	            : strcmp(kind, "tcp") == 0 ? begins(address, "tls://") || begins(address, "tcp://")
	                                       : begins(address, "smtp://") || begins(address, "smtps://");
	if (!fits)
		return "scheme";
	TALLOC_CTX *ctx = talloc_new(NULL);
	const char *fault = net_url_fault(url_of(ctx, kind, address), allowed_host);
	talloc_free(ctx);
	return fault;
}

void probe_request(TALLOC_CTX *ctx, const Service *s, NetRequest *ret)
{
	const char *address = s->item.name ? s->item.url : s->address;
	*ret = (NetRequest){.url = url_of(ctx, s->kind, address), .method = s->method,
		.allowed_host = s->item.name ? s->item.allowed_host : s->allowed_host, .deadline_ms = PROBE_DEADLINE_MS,
		.connect_only = strcmp(s->kind, "http") != 0};
}

static void say(Verdict *v, const char *code, const char *detail)
{
	v->good = !code[0];
	snprintf(v->code, sizeof v->code, "%s", code);
	size_t len = utf8_valid_len(detail, strnlen(detail, sizeof v->detail - 1));
	memcpy(v->detail, detail, len);
	v->detail[len] = '\0';
	for (char *p = v->detail; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
}

static void judge_http(const Service *s, const NetAnswer *a, Verdict *ret)
{
	char code[16];
	bool whole = a->result == NET_OK;
	bool fine = s->expect_status ? a->status == s->expect_status : a->status < 400;
	snprintf(code, sizeof code, "http_%d", a->status);
	if (!fine)
		say(ret, code, a->body);
	else if (s->expect_text && !(whole && strstr(a->body, s->expect_text)))
		say(ret, failure_code(FAILURE_TEXT_MISSING), a->body);
	else
		say(ret, "", "");
}

void probe_late(Verdict *ret, int64_t took_ms)
{
	*ret = (Verdict){.took_ms = took_ms};
	say(ret, failure_code(FAILURE_TIMEOUT), "");
}

void probe_judge(const Service *s, const NetAnswer *a, Verdict *ret)
{
	static const Failure failures[] = {[NET_UNREACHABLE] = FAILURE_UNREACHABLE, [NET_TIMEOUT] = FAILURE_TIMEOUT,
		[NET_REFUSED] = FAILURE_ADDRESS_REFUSED, [NET_TOO_LARGE] = FAILURE_ANSWER_TOO_LARGE,
		[NET_MAIL] = FAILURE_MAIL, [NET_TLS] = FAILURE_CERTIFICATE, [NET_DENIED] = FAILURE_MAIL,
		[NET_MISSING] = FAILURE_MAIL, [NET_STOPPED] = FAILURE_STOPPED};
	*ret = (Verdict){.took_ms = a->took_ms, .status = a->status, .ours = a->result == NET_STOPPED};
	bool talks = a->result == NET_OK || (a->result == NET_TOO_LARGE && a->status > 0);
	if (talks && strcmp(s->kind, "http") == 0)
		judge_http(s, a, ret);
	else if (talks)
		say(ret, "", "");
	else
		say(ret, failure_code(failures[a->result]), a->detail);
}
