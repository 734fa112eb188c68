/* Codes: made with the record, shown as squares, scanned and counted. */
#include "modules/lead/qr/qr_int.h"

#include <string.h>

#include "base/log.h"
#include "base/random.h"
#include "call/when.h"
#include "modules/lead/release/square.h"
#include "record/phase.h"

#define PREFIX "/q/"
#define AGAIN_MS (10 * MINUTE_MS) /* one visitor who reloads the page scanned once */

static const char *const migrations[] = {
	"CREATE TABLE qr_count (qr {ID} NOT NULL PRIMARY KEY, scans {INT} NOT NULL, last_at {TIME} NOT NULL) {COMPACT}",
	NULL,
};

static const char policy[] =
	"default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
	"img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/* ---- made ---- */

static int code_give(Call *c, const PhaseInfo *info, void *arg)
{
	static const char signs[] = "23456789abcdefghjkmnpqrstuvwxyz";
	char code[QR_CODE_CHARS + 1] = "";
	(void)c;
	(void)arg;
	if (info->kind != WRITE_CREATE || record_text(info->record, "code"))
		return 0;
	for (size_t i = 0; i < QR_CODE_CHARS; i++)
		code[i] = signs[random_u64() % (sizeof signs - 1)];
	record_set_text(info->record, "code", code);
	return 0;
}

/* ---- scanned ---- */

typedef struct {
	House *house;
	HttpRequest *request;
	char *key, *visitor;
	bool in_chinese, counts;
	int64_t now_ms;
	QrCode code;
} Scan;

static int code_load(Tx *tx, void *arg)
{
	Scan *s = arg;
	ROWS rows = NULL;
	int r = db_query(tx, &rows,
	                 "SELECT q.id, q.name, q.expo, q.contact, q.enabled, q.valid_until, s.key, s.enabled "
	                 "FROM qr_code q JOIN source s ON s.id = q.source AND s.deleted_at IS NULL "
	                 "WHERE q.code = $1 AND q.deleted_at IS NULL",
	                 value_text(s->key));
	s->code = (QrCode){.code = s->key};
	if (r < 0 || !rows_next(rows))
		return r < 0 ? r : rows_error(rows);
	int64_t until = rows_int(rows, 5);
	s->code = (QrCode){
		.id = rows_id(rows, 0),
		.code = s->key,
		.name = talloc_strdup(s, rows_text(rows, 1)),
		.expo = talloc_strdup(s, rows_text(rows, 2)),
		.contact = talloc_strdup(s, rows_text(rows, 3)),
		.source_key = talloc_strdup(s, rows_text(rows, 6)),
		.found = true,
		.enabled = rows_int(rows, 4) != 0 && rows_int(rows, 7) != 0,
		.expired = until != 0 && until <= s->now_ms,
	};
	return rows_error(rows);
}

static int scan_count(Tx *tx, void *arg)
{
	const Scan *s = arg;
	return db_exec(tx,
	               "INSERT INTO qr_count (qr, scans, last_at) VALUES ($1, 1, $2) "
	               "ON CONFLICT (qr) DO UPDATE SET scans = qr_count.scans + 1, last_at = excluded.last_at",
	               value_id(s->code.id), value_time(s->now_ms));
}

static void scan_counted(void *arg, int result)
{
	if (result < 0)
		log_warn("qr", "a scan was not counted (%s)", err_code(result));
	talloc_free(arg);
}

/* The same visitor within ten minutes is one scan. */
static bool is_first(const Scan *s)
{
	Id other;
	bool durable;
	const char *parts[] = {"scan", s->key, s->visitor};
	const size_t lens[] = {4, strlen(s->key), strlen(s->visitor)};
	return window_take(s->house->intake->by_body, digest_of(parts, lens, ARRAY_LEN(parts)), s->now_ms,
	                   id_new(s->now_ms), &other, &durable);
}

static void code_loaded(void *arg, int result)
{
	Scan *s = arg;
	HttpHeader headers[] = {{"Cache-Control", "no-store"}, {"Content-Security-Policy", policy},
	                        {"X-Content-Type-Options", "nosniff"}, {"Referrer-Policy", "same-origin"}, {NULL, NULL}};
	const char *page = result == 0 ? qr_page(s, &s->code, s->in_chinese) : "busy";
	bool is_open = s->code.found && s->code.enabled && !s->code.expired;
	int status = result < 0 ? 503 : is_open ? 200 : s->code.found ? 410 : 404;
	http_respond(s->request, status, "text/html; charset=utf-8", headers, page, strlen(page));
	if (result == 0 && s->counts && s->code.found && is_first(s) &&
	    store_write(s->house->store, scan_count, scan_counted, s) == 0)
		return;
	talloc_free(s);
}

static bool wants_chinese(HttpRequest *request)
{
	const char *query = http_query(request), *accepts = http_header(request, "Accept-Language");
	if (strstr(query, "lang=en"))
		return false;
	return strstr(query, "lang=zh") || !accepts || strncmp(accepts, "en", 2) != 0;
}

static void qr_request(House *house, HttpRequest *request)
{
	const char *method = http_method(request), *path = strstr(http_path(request), PREFIX) + strlen(PREFIX);
	bool is_get = strcmp(method, "GET") == 0;
	if (!is_get && strcmp(method, "HEAD") != 0) {
		http_respond(request, 405, NULL, (HttpHeader[]){{"Allow", "GET, HEAD"}, {0}}, "", 0);
		return;
	}
	Scan *s = talloc_zero(NULL, Scan);
	char *key = http_path_decode(s, path, strnlen(path, 100));
	*s = (Scan){.house = house, .request = request, .in_chinese = wants_chinese(request), .counts = is_get};
	s->key = key ? key : talloc_strdup(s, "");
	s->visitor = talloc_strdup(s, http_visitor(request));
	s->now_ms = clock_now_ms(house->clock);
	if (store_read(house->store, code_load, code_loaded, s) < 0)
		code_loaded(s, ERR_BUSY);
}

/* ---- shown ---- */

static int counts_write(Call *c, Id id)
{
	ROWS rows = NULL;
	char when[WHEN_TEXT_SIZE];
	int64_t leads = 0;
	int r = db_int(c->tx, &leads, "SELECT count(*) FROM lead WHERE qr = $1 AND deleted_at IS NULL", value_id(id));
	if (r == 0)
		r = db_query(c->tx, &rows, "SELECT scans, last_at FROM qr_count WHERE qr = $1", value_id(id));
	if (r < 0)
		return call_store_failed(c, r);
	bool has = rows_next(rows);
	json_member_int(&c->json, "leads", leads);
	json_member_int(&c->json, "scans", has ? rows_int(rows, 0) : 0);
	json_member_text(&c->json, "last_scan_at", has ? when_text(rows_int(rows, 1), when) : NULL);
	return rows_error(rows);
}

/* GET /qr-codes/:id */
static int code_show(Call *c)
{
	Record *qr;
	int size;
	char *bits;
	int r = record_load(c, "qr", call_id(c, "id"), &qr);
	if (r < 0)
		return r;
	const char *house = c->house->public_url ? c->house->public_url : c->origin;
	const char *url = talloc_asprintf(c, "%s" PREFIX "%s", house ? house : "", record_text(qr, "code"));
	if (!square_make(c, url, &size, &bits))
		return call_fail(c, ERR_INVALID, "address_too_long",
		                 "The address of this house is too long for a QR code; set --public-url.",
		                 "服务器地址过长，无法生成二维码，请设置 --public-url。");
	json_object_begin(&c->json);
	json_member_text(&c->json, "url", url);
	json_member_int(&c->json, "size", size);
	json_member_text(&c->json, "bits", bits);
	r = counts_write(c, record_id(qr));
	json_object_end(&c->json);
	return r;
}

static int qr_start(House *house)
{
	phase_add(house->phases, PHASE_BEFORE, "qr", code_give, NULL);
	return 0;
}

static const Param id_params[] = {{"id", PARAM_ID, PARAM_IN_PATH, true, .help = "QR code"}, {0}};

static const Endpoint endpoints[] = {
	{"GET", "/qr-codes/:id", "record.read", CALL_READ, id_params, code_show,
     "The address and the squares of a QR code, and how often it was scanned and became a lead"},
	{0},
};

static const RawRoute raw[] = {
	{PREFIX, qr_request, NULL},
	{0},
};

const Module qr_module = {
	.name = "qr", .endpoints = endpoints, .migrations = migrations, .raw = raw, .start = qr_start};
