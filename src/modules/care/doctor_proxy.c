/* The house looked at from outside: its public address is called as a visitor would, and what arrives is compared with
 * what was sent. */
#include <sodium.h>
#include <string.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/json.h"
#include "base/random.h"
#include "modules/care/doctor.h"
#include "modules/care/reach.h"
#include "net/client.h"

#define ASK_MS 5000
#define STREAM_MS 2000
#define FORGED "192.0.2.77"             /* of a network that is never used */
#define CERTIFICATE_SOON_DAYS 14

typedef struct {
	TALLOC_CTX *ctx;
	const DoctorConfig *config;
	NetClient *net;
	DoctorSay say;
	void *arg;
} Outside;

typedef struct {
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool over;
	TALLOC_CTX *ctx;
	NetAnswer answer;
} Ask;

static void on_answer(void *arg, const NetAnswer *answer)
{
	Ask *ask = arg;
	pthread_mutex_lock(&ask->lock);
	ask->answer = *answer;
	ask->answer.body = talloc_strdup(ask->ctx, answer->body);
	ask->answer.detail = talloc_strdup(ask->ctx, answer->detail ? answer->detail : "");
	ask->over = true;
	pthread_cond_signal(&ask->done);
	pthread_mutex_unlock(&ask->lock);
}

/* The client always answers, at the latest when its deadline is over. */
static NetAnswer ask(Outside *o, const char *path, int64_t deadline_ms)
{
	Ask a = {.ctx = o->ctx};
	const char *url = talloc_asprintf(o->ctx, "%s%s", o->config->public_url, path);
	const NetRequest request = {.method = "GET", .url = url, .headers = {"X-Forwarded-For: " FORGED},
		.deadline_ms = deadline_ms, .allowed_host = net_url_host(o->ctx, url), .wants_certificate = true};
	pthread_mutex_init(&a.lock, NULL);
	cond_init(&a.done);
	if (net_send(o->net, &request, on_answer, &a) < 0) {
		a.over = true;
		a.answer = (NetAnswer){.result = NET_UNREACHABLE, .detail = "busy", .body = ""};
	}
	pthread_mutex_lock(&a.lock);
	while (!a.over)
		(void)cond_wait_until(&a.done, &a.lock, clock_monotonic_us() + 1000000);
	pthread_mutex_unlock(&a.lock);
	pthread_mutex_destroy(&a.lock);
	pthread_cond_destroy(&a.done);
	return a.answer;
}

typedef struct {
	uint8_t bytes[64];
	size_t len;
} Secret;

static bool secret_row(void *arg, const char *const *cells, int n)
{
	Secret *secret = arg;
	(void)n;
	if (!cells[0] || sodium_hex2bin(secret->bytes, sizeof secret->bytes, cells[0], strlen(cells[0]), NULL, &secret->len,
	                                NULL) != 0)
		secret->len = 0;
	return false;
}

/* What this house would answer; NULL when its tables cannot be read. */
static const char *proof_of(const Outside *o, const char *nonce)
{
	char *error = NULL, *proof = talloc_size(o->ctx, REACH_PROOF_TEXT);
	Secret secret = {.len = 0};
	InspectConfig config = house_inspection(o->ctx, &o->config->house);
	config.receipts = NULL;
	Inspection *look = inspect_open(o->ctx, &config, &error);
	const char *sql = o->config->house.database
	                      ? "SELECT encode(secret, 'hex') FROM record_secret ORDER BY secret LIMIT 1"
	                      : "SELECT hex(secret) FROM record_secret ORDER BY secret LIMIT 1";
	bool read = look && inspect_rows(look, sql, secret_row, &secret) == 0;
	inspect_close(look);
	if (!read || secret.len == 0)
		return NULL;
	reach_proof(secret.bytes, secret.len, nonce, proof);
	return proof;
}

/* ---- what is said ---- */

static void say_unreachable(Outside *o, const NetAnswer *a)
{
	const char *url = o->config->public_url, *why = a->result == NET_OK ? talloc_asprintf(o->ctx, "HTTP %d", a->status)
	                                                                     : a->detail;
	o->say(o->arg, "proxy", true,
	       talloc_asprintf(o->ctx, "The public address %s does not answer as this server does: %s. Look at the "
	                               "proxy, at its certificate and at the name's address.", url, why),
	       talloc_asprintf(o->ctx, "对外地址 %s 没有像本服务器那样应答：%s。请检查反向代理、证书和域名解析。", url, why));
}

static void say_address(Outside *o, const json_t *body)
{
	const char *address = json_text(body, "address");
	if (address && strcmp(address, FORGED) == 0)
		o->say(o->arg, "proxy_address", true,
		       "The proxy passes on the X-Forwarded-For that a visitor sends, so that anybody can forge his address. "
		       "Let the proxy set it itself (see the samples for Caddy and nginx).",
		       "反向代理原样转发访客自带的 X-Forwarded-For，任何人都能伪造地址。请由代理自行设置（见 Caddy 与 nginx 示例）。");
	else if (!json_flag(body, "forwarded", false))
		o->say(o->arg, "proxy_address", true,
		       "The proxy does not forward the visitor's address: limits and blocks then see one visitor only. Set "
		       "X-Forwarded-For in the proxy.",
		       "反向代理没有转发访客地址，限速和封禁会把所有人当成同一个。请在代理中设置 X-Forwarded-For。");
	else if (!json_flag(body, "believed", false))
		o->say(o->arg, "proxy_address", true,
		       "The visitor's address is forwarded and not believed. Start tenon with --proxy and the proxy's address.",
		       "已转发访客地址，但未被采信。请用 --proxy 指定代理的地址启动 tenon。");
	else
		o->say(o->arg, "proxy_address", false, "The proxy forwards the visitor's address", "反向代理转发了访客地址");
}

static void say_stream(Outside *o)
{
	NetAnswer a = ask(o, REACH_LIVE, STREAM_MS);
	if (strstr(a.body, "data: now"))
		o->say(o->arg, "proxy_stream", false, "Live streams come through at once", "实时消息流能即时通过");
	else
		o->say(o->arg, "proxy_stream", true,
		       "The proxy holds live streams back: leads appear late on the screens. Switch buffering off for streams "
		       "(see the samples for Caddy and nginx).",
		       "反向代理缓冲了实时消息流，线索会晚到屏幕。请对消息流关闭缓冲（见 Caddy 与 nginx 示例）。");
}

static void say_certificate(Outside *o, int64_t ends_ms)
{
	long long days = (long long)((ends_ms - clock_real_ms()) / DAY_MS);
	bool soon = days < CERTIFICATE_SOON_DAYS;
	o->say(o->arg, "certificate", soon,
	       talloc_asprintf(o->ctx, soon ? "The certificate ends in %lld days. See why it was not renewed."
	                                    : "The certificate is good for %lld more days", days),
	       talloc_asprintf(o->ctx, soon ? "证书还有 %lld 天到期，请检查为何没有自动续期。" : "证书还有 %lld 天有效", days));
}

static void look(Outside *o)
{
	char nonce[44];
	JsonFault fault;
	random_token(nonce);
	NetAnswer a = ask(o, talloc_asprintf(o->ctx, REACH_PATH "?nonce=%s", nonce), ASK_MS);
	const json_t *body = a.result == NET_OK ? json_parse(o->ctx, a.body, strlen(a.body), &fault) : NULL;
	const char *proof = json_text(body, "proof"), *wanted = proof_of(o, nonce);
	if (a.result != NET_OK || a.status != 200 || !proof) {
		say_unreachable(o, &a);
		return;
	}
	if (wanted && strcmp(proof, wanted) != 0) {
		o->say(o->arg, "proxy", true, "The public address leads to another house: look at the proxy's target.",
		       "对外地址指向的是另一套榫卯，请检查反向代理的目标。");
		return;
	}
	o->say(o->arg, "proxy", false, "The public address leads to this server", "对外地址通向本服务器");
	say_address(o, body);
	say_stream(o);
	if (a.certificate_ends_ms)
		say_certificate(o, a.certificate_ends_ms);
}

void doctor_proxy(TALLOC_CTX *ctx, const DoctorConfig *config, DoctorSay say, void *arg)
{
	Outside o = {.ctx = ctx, .config = config, .net = net_start(ctx), .say = say, .arg = arg};
	look(&o);
	net_stop(o.net);
}
