/* One request as libcurl wants it, and what came of it. Addresses are checked twice: when a socket is made, and - for a
 * connection that is used again, perhaps by somebody with fewer allowances - before each request. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/x509_vfy.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "net/guard.h"
#include "net/net_int.h"

/* ---- URLs ---- */

static char *url_part(TALLOC_CTX *ctx, const char *url, CURLUPart part)
{
	CURLU *parsed = curl_url();
	char *text = NULL, *copy = NULL;
	if (curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK && curl_url_get(parsed, part, &text, 0) == CURLUE_OK)
		copy = talloc_strdup(ctx, text);
	curl_free(text);
	curl_url_cleanup(parsed);
	return copy;
}

char *net_url_host(TALLOC_CTX *ctx, const char *url)
{
	char *host = url_part(ctx, url, CURLUPART_HOST);
	size_t len = host ? strlen(host) : 0;
	if (len > 2 && host[0] == '[') { /* an IPv6 address without its brackets */
		memmove(host, host + 1, len - 2);
		host[len - 2] = '\0';
	}
	for (char *c = host; c && *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
	return host;
}

char *net_percent(TALLOC_CTX *ctx, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	char *out = talloc_size(ctx, strlen(text) * 3 + 1), *at = out;
	for (; *text; text++) {
		if (strchr(plain, *text))
			*at++ = *text;
		else
			at += snprintf(at, 4, "%%%02X", (unsigned char)*text);
	}
	*at = '\0';
	return out;
}

static const char *scheme_fault(const char *scheme, bool allowed)
{
	static const char *const tls[] = {"https", "smtps", "smtp", "imaps", "imap"};
	for (size_t i = 0; i < ARRAY_LEN(tls); i++) /* smtp://, imap://: STARTTLS is demanded unless the host is allowed */
		if (strcasecmp(scheme, tls[i]) == 0)
			return NULL;
	if (strcasecmp(scheme, "http") != 0)
		return "scheme";
	return allowed ? NULL : "plain";
}

static const char *url_fault(TALLOC_CTX *ctx, const char *url, const char *allowed_host, bool *ret_allowed)
{
	char *host = net_url_host(ctx, url), *scheme = url_part(ctx, url, CURLUPART_SCHEME);
	if (!host || !scheme || host[0] == '\0')
		return "malformed";
	if (url_part(ctx, url, CURLUPART_USER) || url_part(ctx, url, CURLUPART_PASSWORD))
		return "userinfo";
	*ret_allowed = allowed_host && strcasecmp(allowed_host, host) == 0;
	const char *fault = scheme_fault(scheme, *ret_allowed);
	if (fault || *ret_allowed)
		return fault;
	if (strcmp(host, "localhost") == 0 || (strlen(host) > 10 && strcmp(host + strlen(host) - 10, ".localhost") == 0))
		return "loopback";
	return guard_refuses_text(host);
}

const char *net_url_fault(const char *url, const char *allowed_host)
{
	bool allowed = false;
	TALLOC_CTX *ctx = talloc_new(NULL);
	const char *fault = url_fault(ctx, url, allowed_host, &allowed);
	talloc_free(ctx);
	return fault;
}

/* ---- a request copied ---- */

static char *copy_of(Transfer *t, const char *text)
{
	return text ? talloc_strdup(t, text) : NULL;
}

Transfer *transfer_new(TALLOC_CTX *ctx, const NetRequest *request)
{
	Transfer *t = talloc_zero(ctx, Transfer);
	t->method = talloc_strdup(t, request->method ? request->method : "POST");
	t->url = talloc_strdup(t, request->url);
	t->body = talloc_memdup(t, request->body ? request->body : "", request->len);
	t->len = request->len;
	for (int i = 0; i < NET_HEADERS_MAX && request->headers[i]; i++)
		t->headers[i] = talloc_strdup(t, request->headers[i]);
	t->connect_only = request->connect_only;
	t->wants_certificate = request->wants_certificate;
	t->is_mail = request->mail || (t->connect_only && strncasecmp(request->url, "smtp", 4) == 0);
	if (request->mail)
		t->mail = (NetMail){
			.from = talloc_strdup(t, request->mail->from),
			.to = talloc_strdup(t, request->mail->to),
			.user = copy_of(t, request->mail->user),
			.password = copy_of(t, request->mail->password),
		};
	t->is_box = request->box != NULL;
	if (request->box) {
		t->box = *request->box;
		t->box.user = copy_of(t, request->box->user);
		t->box.password = copy_of(t, request->box->password);
		t->box.command = copy_of(t, request->box->command);
	}
	t->deadline_ms = request->deadline_ms ? request->deadline_ms : NET_DEADLINE_MS;
	t->answer = buf_new(t, request->answer_max ? request->answer_max : NET_ANSWER_MAX);
	const char *fault = url_fault(t, t->url, request->allowed_host, &t->allowed);
	t->refused = fault;
	return t;
}

/* ---- what libcurl calls ---- */

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	Transfer *t = arg;
	size_t room = t->answer->max - t->answer->len, len = size * n;
	t->too_large = len > room;
	buf_append(t->answer, bytes, t->too_large && t->is_box ? room : len);
	return t->too_large ? 0 : len;
}

/* The lines of the server. Those of a message could be made to look like any; they are bytes of a body. */
static size_t on_line(char *bytes, size_t size, size_t n, void *arg)
{
	const Transfer *t = arg;
	return t->box.command ? on_body(bytes, size, n, arg) : size * n;
}

/* "A005 NO [UNAVAILABLE] come back later": kept without the tag. */
static size_t on_refusal(char *bytes, size_t size, size_t n, void *arg)
{
	Transfer *t = arg;
	const char *word = memchr(bytes, ' ', size * n);
	size_t len = word ? size * n - (size_t)(word + 1 - bytes) : 0;
	bool refuses = bytes[0] != '*' && ((len > 3 && memcmp(word + 1, "NO ", 3) == 0) ||
	                                   (len > 4 && memcmp(word + 1, "BAD ", 4) == 0));
	if (refuses) {
		len = utf8_valid_len(word + 1, len < sizeof t->said ? len : sizeof t->said - 1);
		memcpy(t->said, word + 1, len);
		t->said[len] = '\0';
		t->said[strcspn(t->said, "\r\n")] = '\0';
	}
	return size * n;
}

static size_t on_nothing(char *bytes, size_t size, size_t n, void *arg)
{
	(void)bytes;
	(void)arg;
	return size * n;
}

static size_t on_upload(char *out, size_t size, size_t n, void *arg)
{
	Transfer *t = arg;
	size_t rest = t->len - t->sent, take = rest < size * n ? rest : size * n;
	memcpy(out, t->body + t->sent, take);
	t->sent += take;
	return take;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	(void)purpose;
	Transfer *t = arg;
	const char *why = t->allowed ? NULL : guard_refuses(&address->addr);
	if (why) {
		t->refused = why;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Before each request, also on a connection that somebody else opened. */
static int on_request(void *arg, char *peer, char *local, int peer_port, int local_port)
{
	(void)local;
	(void)peer_port;
	(void)local_port;
	Transfer *t = arg;
	const char *why = t->allowed ? NULL : guard_refuses_text(peer);
	if (!why)
		return CURL_PREREQFUNC_OK;
	t->refused = why;
	return CURL_PREREQFUNC_ABORT;
}

/* ---- setting up ---- */

static void begin_mail(Transfer *t, CURL *easy)
{
	t->receivers = curl_slist_append(NULL, t->mail.to);
	curl_easy_setopt(easy, CURLOPT_MAIL_FROM, t->mail.from);
	curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, t->receivers);
	curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_upload);
	curl_easy_setopt(easy, CURLOPT_READDATA, t);
	curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->len);
	curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)(t->allowed ? CURLUSESSL_TRY : CURLUSESSL_ALL));
	if (t->mail.user) {
		curl_easy_setopt(easy, CURLOPT_USERNAME, t->mail.user);
		curl_easy_setopt(easy, CURLOPT_PASSWORD, t->mail.password ? t->mail.password : "");
	}
}

static void begin_box(Transfer *t, CURL *easy)
{
	bool plain = t->allowed && !t->box.tls;
	curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)(plain ? CURLUSESSL_NONE : CURLUSESSL_ALL));
	curl_easy_setopt(easy, CURLOPT_USERNAME, t->box.user);
	curl_easy_setopt(easy, CURLOPT_PASSWORD, t->box.password);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, (long)t->box.first);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, (long)t->box.last);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
	if (!t->box.command) {
		curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_refusal);
		return;
	}
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, t->box.command);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_line);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_nothing);
}

static void begin_http(Transfer *t, CURL *easy)
{
	for (int i = 0; t->headers[i]; i++)
		t->lines = curl_slist_append(t->lines, t->headers[i]);
	t->lines = curl_slist_append(t->lines, "Expect:"); /* one round trip instead of two */
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->lines);
	if (strcmp(t->method, "HEAD") == 0)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	if (strcmp(t->method, "GET") == 0 || strcmp(t->method, "HEAD") == 0)
		return;
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, t->body);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->len);
}

/* The connection is closed at the end: libcurl never hands one on that was opened for this. */
static void begin_connection(const Transfer *t, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	if (t->is_mail)
		curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)(t->allowed ? CURLUSESSL_TRY : CURLUSESSL_ALL));
}

bool transfer_begin(Transfer *t, CURL *easy)
{
	if (t->refused)
		return false;
	t->easy = easy;
	t->began_ms = clock_monotonic_ms();
	curl_easy_reset(easy);
	curl_easy_setopt(easy, CURLOPT_URL, t->url);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->error);
	curl_easy_setopt(easy, CURLOPT_CERTINFO, (long)t->wants_certificate);
	const char *authorities = getenv("SSL_CERT_FILE");
	if (authorities && authorities[0])
		curl_easy_setopt(easy, CURLOPT_CAINFO, authorities);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR,
		t->is_mail ? "smtp,smtps" : t->is_box ? "imap,imaps" : "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "Tenon/1");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)t->deadline_ms);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)NET_CONNECT_MS);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, t);
	if (t->connect_only)
		begin_connection(t, easy);
	else if (t->is_mail)
		begin_mail(t, easy);
	else if (t->is_box)
		begin_box(t, easy);
	else
		begin_http(t, easy);
	return true;
}

/* ---- the end ---- */

static void transfer_free(Transfer *t)
{
	curl_slist_free_all(t->lines);
	curl_slist_free_all(t->receivers);
	talloc_free(t);
}

static NetTlsFault certificate_fault(long verified)
{
	switch (verified) {
	case X509_V_OK:
	case X509_V_ERR_UNSPECIFIED: /* as libcurl has it when the chain holds: it was the name */
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH: return NET_TLS_HOST;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return NET_TLS_ISSUER;
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID: return NET_TLS_EXPIRED;
	default: return NET_TLS_UNFIT;
	}
}

static NetTlsFault tls_fault(const Transfer *t, CURLcode code)
{
	long verified = X509_V_OK;
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
		curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &verified);
		return certificate_fault(verified);
	case CURLE_SSL_CACERT_BADFILE: return NET_TLS_UNFIT;
	case CURLE_USE_SSL_FAILED: return NET_TLS_NOT_OFFERED;
	case CURLE_SSL_CONNECT_ERROR: return NET_TLS_BROKEN;
	default: return NET_TLS_FINE;
	}
}

static NetResult result_of_box(CURLcode code)
{
	switch (code) {
	case CURLE_LOGIN_DENIED: return NET_DENIED;
	case CURLE_REMOTE_FILE_NOT_FOUND:
	case CURLE_REMOTE_ACCESS_DENIED: return NET_MISSING;
	case CURLE_QUOTE_ERROR: return NET_MAIL;
	default: return NET_UNREACHABLE;
	}
}

static NetResult result_of(const Transfer *t, CURLcode code, int status)
{
	if (t->stopped)
		return NET_STOPPED;
	if (t->refused)
		return NET_REFUSED;
	if (code == CURLE_OK)
		return NET_OK;
	if (t->too_large)
		return NET_TOO_LARGE;
	if (code == CURLE_OPERATION_TIMEDOUT)
		return NET_TIMEOUT;
	if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_USE_SSL_FAILED || code == CURLE_SSL_CACERT_BADFILE)
		return NET_TLS;
	if (t->is_box)
		return result_of_box(code);
	return t->is_mail && (status >= 400 || code == CURLE_LOGIN_DENIED) ? NET_MAIL : NET_UNREACHABLE;
}

static const char *detail_of(const Transfer *t, NetResult result, CURLcode code)
{
	if (result == NET_OK)
		return "";
	if (result == NET_TLS && t->error[0])
		return t->error;
	if (result == NET_MISSING && t->said[0])
		return t->said;
	return t->refused ? t->refused : curl_easy_strerror(code);
}

/* The first of the chain is the partner's own. */
static int64_t certificate_end(const Transfer *t)
{
	static const char word[] = "Expire date:";
	struct curl_certinfo *chain = NULL;
	if (!t->wants_certificate || curl_easy_getinfo(t->easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || !chain ||
	    chain->num_of_certs < 1)
		return 0;
	for (const struct curl_slist *line = chain->certinfo[0]; line; line = line->next)
		if (strncmp(line->data, word, sizeof word - 1) == 0)
			return (int64_t)curl_getdate(line->data + sizeof word - 1, NULL) * SECOND_MS;
	return 0;
}

void transfer_end(Transfer *t, CURLcode code)
{
	long status = 0;
	curl_off_t wait_s = 0;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &wait_s);
	NetAnswer answer = {.result = result_of(t, code, (int)status), .tls = tls_fault(t, code), .status = (int)status,
		.body = t->answer->data,
		.len = t->answer->len, .refused_sender = t->is_mail && strncmp(t->error, "MAIL failed", 11) == 0,
		.retry_after_ms = (int64_t)wait_s * SECOND_MS,
		.took_ms = clock_monotonic_ms() - t->began_ms, .certificate_ends_ms = certificate_end(t)};
	answer.detail = detail_of(t, answer.result, code);
	if (!answer.body)
		answer.body = "";
	t->done(t->arg, &answer);
	transfer_free(t);
}

void transfer_drop(Transfer *t, NetResult result, const char *detail)
{
	const NetAnswer answer = {.result = result, .detail = detail, .body = ""};
	t->done(t->arg, &answer);
	transfer_free(t);
}
