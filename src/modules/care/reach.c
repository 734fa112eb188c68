/* Both paths are public: they tell a visitor what he knows of himself, and prove what they do not show. */
#include "modules/care/reach.h"

#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

#include "base/json.h"
#include "http/http.h"
#include "modules/care/care_int.h"

typedef struct {
	HttpRequest *request;
	const char *nonce;
	char proof[REACH_PROOF_TEXT];
} Reach;

void reach_proof(const void *secret, size_t len, const char *nonce, char ret[static REACH_PROOF_TEXT])
{
	unsigned char key[crypto_generichash_KEYBYTES], hash[crypto_generichash_BYTES];
	crypto_generichash(key, sizeof key, secret, len, NULL, 0);
	crypto_generichash(hash, sizeof hash, (const unsigned char *)nonce, strlen(nonce), key, sizeof key);
	sodium_bin2hex(ret, REACH_PROOF_TEXT, hash, sizeof hash);
}

static int prove(Tx *tx, void *arg)
{
	Reach *reach = arg;
	ROWS rows = NULL;
	size_t len = 0;
	int r = db_query(tx, &rows, "SELECT secret FROM record_secret ORDER BY secret LIMIT $1", value_int(1));
	if (r == 0 && rows_next(rows)) {
		const void *secret = rows_bytes(rows, 0, &len);
		reach_proof(secret, len, reach->nonce, reach->proof);
	}
	return r < 0 ? r : rows_error(rows);
}

static void proved(void *arg, int result)
{
	Reach *reach = arg;
	HttpRequest *request = reach->request;
	const char *forwarded = http_header(request, "X-Forwarded-For");
	Buf *out = buf_new(reach, 4096);
	JsonOut o = json_out(out);
	json_object_begin(&o);
	json_member_text(&o, "proof", result == 0 && reach->proof[0] ? reach->proof : NULL);
	json_member_text(&o, "address", http_visitor(request));
	json_member_bool(&o, "forwarded", forwarded != NULL);
	json_member_bool(&o, "believed", forwarded && strstr(forwarded, http_visitor(request)));
	json_object_end(&o);
	http_respond(request, 200, "application/json", (HttpHeader[]){{"Cache-Control", "no-store"}, {0}}, out->data,
	             out->len);
	talloc_free(reach);
}

static void reach_request(House *house, HttpRequest *request)
{
	Reach *reach = talloc_zero(NULL, Reach);
	const char *query = http_query(request);
	HttpPairs *pairs = *query ? http_pairs_parse(reach, query, strlen(query), 2) : NULL;
	const char *nonce = pairs ? http_pairs_get(pairs, "nonce") : NULL;
	reach->request = request;
	reach->nonce = nonce && strlen(nonce) <= REACH_NONCE_MAX ? nonce : "";
	if (store_read(house->store, prove, proved, reach) < 0)
		proved(reach, ERR_BUSY);
}

/* ---- the stream ---- */

static void on_close(HttpStream *stream, void *arg)
{
	_Atomic int *open = arg;
	(void)stream;
	atomic_fetch_sub(open, 1);
}

static void stream_request(House *house, HttpRequest *request)
{
	static const char word[] = "data: now\n\n";
	_Atomic int *open = care_reaches(house->care);
	if (!open || atomic_fetch_add(open, 1) >= REACH_STREAMS_MAX) {
		if (open)
			atomic_fetch_sub(open, 1);
		http_respond(request, 503, "text/plain", (HttpHeader[]){{"Retry-After", "5"}, {0}}, "busy\n", 5);
		return;
	}
	HttpStream *stream = http_stream_open(request, on_close, open);
	if (stream)
		(void)http_stream_send(stream, word, sizeof word - 1);
	else
		atomic_fetch_sub(open, 1);
}

const RawRoute reach_routes[] = {
	{REACH_PATH, reach_request, NULL, NULL},
	{REACH_STREAM_PATH, stream_request, NULL, NULL},
	{0},
};
