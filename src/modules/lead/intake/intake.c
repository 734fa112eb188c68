/* The card of the intake: what opens with the house, the plain paths, the migrations. */
#include "modules/lead/intake/intake_int.h"

#include <time.h>

#include "base/log.h"
#include "call/module.h"
#include "event/follow.h"
#include "event/timer.h"
#include "mail/mail.h"
#include "modules/lead/intake/form.h"
#include "modules/lead/intake/furnish.h"
#include "record/phase.h"

static const char *const migrations[] = {
	/* what became of a receipt, written in the transaction of the lead: a second run finds the first result */
	"CREATE TABLE taken (receipt {ID} NOT NULL PRIMARY KEY, state {TEXT} NOT NULL, reason {TEXT}, lead {ID}, "
	"duplicate_of {ID}) {COMPACT};"
	"CREATE TABLE enquiry (id {ID} NOT NULL PRIMARY KEY, lead {ID} NOT NULL, receipt {ID}, source {ID}, at {TIME} NOT "
	"NULL,"
	" message {TEXT});"
	"CREATE INDEX enquiry_lead ON enquiry (lead, at)",
	NULL,
};

static int sources_load(Tx *tx, void *arg)
{
	const Intake *in = arg;
	return source_book_load(tx, in->sources);
}

static void sources_loaded(void *arg, int result)
{
	Intake *in = arg;
	atomic_fetch_sub(&in->polls, 1);
	if (result < 0)
		log_warn("intake", "the list of sources could not be read again");
}

static void sources_stale(void *arg)
{
	Intake *in = arg;
	atomic_fetch_add(&in->polls, 1);
	if (store_read(in->house->store, sources_load, sources_loaded, in) < 0)
		sources_loaded(in, ERR_BUSY);
}

static int source_written(Call *c, const PhaseInfo *info, void *arg)
{
	(void)info;
	tx_on_commit(c->tx, sources_stale, arg);
	return 0;
}

/* Another process wrote a source. */
static int sources_follow(Call *c, const Id *sources, size_t n, void *arg)
{
	(void)sources;
	(void)n;
	return source_book_load(c->tx, arg);
}

/* ---- what came in lately is remembered across a restart ---- */

static void window_fill(Window *window, const Rows *rows, int column)
{
	Digest digest;
	Id other;
	bool durable;
	if (!rows_text(rows, column) || !digest_parse(rows_text(rows, column), &digest))
		return;
	if (window_take(window, digest, rows_int(rows, 1), rows_id(rows, 0), &other, &durable))
		window_settle(window, digest, rows_id(rows, 0), true);
}

static int windows_read(Tx *tx, void *arg)
{
	Intake *in = arg;
	int64_t now = clock_now_ms(in->house->clock);
	ROWS rows = NULL;
	int r = db_query(tx, &rows, "SELECT id, at, dedupe_key, dedupe_body FROM receipt WHERE id > $1 ORDER BY id",
	                 value_id(id_new(now - RECEIPT_KEY_WINDOW_MS)));
	if (r < 0)
		return r;
	while (rows_next(rows)) {
		window_fill(in->by_key, rows, 2);
		if (rows_int(rows, 1) > now - RECEIPT_BODY_WINDOW_MS)
			window_fill(in->by_body, rows, 3);
	}
	return rows_error(rows);
}

/* ---- the health of sources is looked at soon when something changed ---- */

#define BAD_SOON_MS (10 * SECOND_MS) /* bad ones come in numbers: one look at all of them */

typedef struct {
	House *house;
	bool is_bad;
} Stir;

static int stir_write(Tx *tx, void *arg)
{
	const Stir *stir = arg;
	Call *c = call_new_system(tx_mem(tx), stir->house, tx, "intake");
	return timer_set_earliest(c, TIMER_HEALTH, ID_NIL, c->now_ms + (stir->is_bad ? BAD_SOON_MS : 0), NULL);
}

static void stir_written(void *arg, int result)
{
	if (result < 0)
		log_warn("intake", "the health of sources is looked at later (%s)", err_code(result));
	talloc_free(arg);
}

static void pulse_stirs(void *arg, bool is_bad)
{
	Stir *stir = talloc(NULL, Stir);
	*stir = (Stir){arg, is_bad};
	if (store_write(stir->house->store, stir_write, stir_written, stir) < 0)
		stir_written(stir, ERR_BUSY);
}

static int intake_start(House *house)
{
	Intake *in = talloc_zero(NULL, Intake);
	house->intake = in;
	in->house = house;
	mail_start();
	in->log = receipt_log_open(in, house);
	if (!in->log)
		return ERR_STORE;
	in->sources = source_book_new(in, house);
	in->by_key = window_new(in, RECEIPT_KEY_WINDOW_MS);
	in->by_body = window_new(in, RECEIPT_BODY_WINDOW_MS);
	in->pulse = pulse_new(in, pulse_stirs, house);
	in->arrivals = limiter_new(in);
	in->lookups = limiter_new(in);
	in->filer = filer_start(in);
	in->durable = waits_start(in);
	in->settled = waits_start(in);
	phase_add(house->phases, PHASE_AFTER, "source", source_written, in);
	follow_on(house, "source", sources_follow, in->sources);
	int r = furnish(house);
	if (r == 0)
		r = store_read_wait(house->store, source_book_load, in->sources);
	return r < 0 ? r : store_read_wait(receipt_log_store(in->log), windows_read, in);
}

/* Leads are made only when every other room has its hooks in place: else what waits since the last stop would be told
 * to nobody. */
static void intake_run(House *house)
{
	house->intake->taker = taker_start(house->intake);
}

static void polls_end(const Intake *in)
{
	while (in->polls > 0)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

static void intake_stop(House *house)
{
	Intake *in = house->intake;
	in->closing = true;
	filer_stop(in->filer);
	if (in->taker)
		taker_stop(in->taker);
	waits_stop(in->settled);
	polls_end(in);
	waits_stop(in->durable);
	receipt_log_close(in->log);
	talloc_free(in);
	house->intake = NULL;
}

#define SOURCE_KEY {"source_key", PARAM_TEXT, PARAM_IN_PATH, .help = "Key of the source that sends"}

/* The usual names; understand.c knows more of them, and a mapping of the source takes any shape. */
static const Param capture_params[] = {
	SOURCE_KEY,
	{"Idempotency-Key", PARAM_TEXT, PARAM_IN_HEADER, .help = "Within 24 h the same key gives the first receipt"},
	{"Prefer", PARAM_TEXT, PARAM_IN_HEADER, .help = "wait=N: answer when it was taken in, after N s at most"},
	{"body", PARAM_BODY},
	{"name", PARAM_TEXT, .help = "Who asks"},
	{"phone", PARAM_TEXT},
	{"email", PARAM_TEXT},
	{"company", PARAM_TEXT},
	{"province", PARAM_TEXT},
	{"city", PARAM_TEXT},
	{"district", PARAM_TEXT},
	{"message", PARAM_TEXT, .help = "What is wanted"},
	{"consent", PARAM_BOOL, .help = "False: only what was typed is kept"},
	{0},
};

static const Param look_params[] = {
	SOURCE_KEY,
	{"id", PARAM_ID, PARAM_IN_PATH, .help = "Of the receipt"},
	{0},
};

static const Param capture_answer[] = {
	{"receipt", PARAM_ID, .required = true},
	{"state", PARAM_TEXT, .required = true, .choices = "pending|taken|duplicate|quarantined"},
	{"lead", PARAM_ID, .help = "The lead that was made or that the enquiry belongs to"},
	{"duplicate_of", PARAM_ID, .help = "The open lead that the enquiry was attached to"},
	{"reason", PARAM_TEXT, .help = "Why it was not taken as a new lead: a stable word"},
	{"detail", PARAM_TEXT, .help = "The same as a sentence in the language of Accept-Language"},
	{"files", PARAM_JSON, .help = "Of a form with files: [{name, bytes, kept, reason, detail}]"},
	{0},
};

static const PlainPath told[] = {
	{{"POST", "/capture/:source_key", "public", CALL_WRITE, capture_params, NULL, "Send a lead, kept before the 202"},
     202,
     "application/json|application/x-www-form-urlencoded|multipart/form-data",
     "application/json",
     capture_answer},
	{{"GET", "/capture/:source_key/receipts/:id", "public", CALL_READ, look_params, NULL, "What became of a delivery"},
     200,
     NULL,
     "application/json",
     capture_answer},
	{{0}},
};

static const RawRoute raw[] = {
	{"/capture/", capture_request, capture_refused, told},
	{0},
};

const Module intake_module = {.name = "intake",
                              .endpoints = intake_endpoints,
                              .migrations = migrations,
                              .raw = raw,
                              .start = intake_start,
                              .run = intake_run,
                              .stop = intake_stop,
                              .measure = intake_measure};
