/* The dry run: every row goes through the checks of the real one, and nothing is written but the report. */
#include "modules/lead/import/import_int.h"

#include <string.h>

#include "base/limits.h"
#include "match/match.h"

#define ROW_POOL (64 * 1024)
#define SEEN_FIRST 4096
#define REASONS_MAX 32

/* Phones and mails of the rows before, as hashes; open addressing, 0 is a free place. */
typedef struct {
	uint64_t *slot;
	size_t cap, n;
} Seen;

typedef struct {
	ImportWork *work;
	Call *c;
	TakeGround ground;
	Seen seen;
	ImportState state;
	const char *reason[REASONS_MAX];
	int64_t count[REASONS_MAX];
	int n_reasons, shown;
	JsonOut bad; /* the rows that cannot be taken */
} Dry;

/* ---- the same person twice in the file ---- */

static uint64_t hash_of(const char *text)
{
	uint64_t h = UINT64_C(14695981039346656037);
	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
	h ^= h >> 32;
	return h ? h : 1;
}

static bool slot_take(uint64_t *slot, size_t cap, uint64_t h)
{
	size_t at = h & (cap - 1);
	for (; slot[at]; at = (at + 1) & (cap - 1))
		if (slot[at] == h)
			return false;
	slot[at] = h;
	return true;
}

static void seen_grow(TALLOC_CTX *ctx, Seen *s)
{
	size_t cap = s->cap ? s->cap * 2 : SEEN_FIRST;
	uint64_t *slot = talloc_zero_array(ctx, uint64_t, cap);
	for (size_t i = 0; i < s->cap; i++)
		if (s->slot[i])
			(void)slot_take(slot, cap, s->slot[i]);
	talloc_free(s->slot);
	s->slot = slot;
	s->cap = cap;
}

/* True when it was there before. */
static bool seen_before(TALLOC_CTX *ctx, Seen *s, const char *text)
{
	if (s->n * 2 >= s->cap)
		seen_grow(ctx, s);
	bool fresh = slot_take(s->slot, s->cap, hash_of(text));
	s->n += fresh;
	return !fresh;
}

static bool is_again(Dry *d, const Enquiry *e)
{
	Phone phone;
	char email[255];
	bool again = e->phone && phone_parse(e->phone, &phone) && seen_before(d->work, &d->seen, phone.e164);
	if (e->email && email_parse(e->email, email, NULL, NULL))
		again |= seen_before(d->work, &d->seen, email);
	return again;
}

/* ---- the report ---- */

static void reason_count(Dry *d, const char *reason)
{
	for (int i = 0; i < d->n_reasons; i++)
		if (strcmp(d->reason[i], reason) == 0) {
			d->count[i]++;
			return;
		}
	if (d->n_reasons == REASONS_MAX)
		return;
	d->reason[d->n_reasons] = talloc_strdup(d->work, reason);
	d->count[d->n_reasons++] = 1;
}

static void bad_show(Dry *d, const ImportRow *row, const Outcome *o)
{
	if (d->shown++ >= IMPORT_BAD_SHOWN)
		return;
	json_object_begin(&d->bad);
	json_member_int(&d->bad, "row", row->number);
	json_member_text(&d->bad, "reason", o->reason);
	json_member_text(&d->bad, "detail", o->detail);
	json_key(&d->bad, "body");
	json_put_raw(&d->bad, row->receipt.body, row->receipt.body_len < 4096 ? row->receipt.body_len : 0);
	if (row->receipt.body_len >= 4096)
		json_put_null(&d->bad);
	json_object_end(&d->bad);
}

static void row_judge(Dry *d, const ImportRow *row)
{
	Outcome o = {.state = row->receipt.state, .reason = row->receipt.reason, .detail = row->receipt.detail};
	if (o.state == RECEIPT_PENDING)
		take_try(d->c, &d->ground, &row->receipt, &row->reading, &o);
	d->state.rows++;
	if (o.state == RECEIPT_QUARANTINED) {
		d->state.bad++;
		reason_count(d, o.reason);
		bad_show(d, row, &o);
	} else if (is_again(d, &row->reading.enquiry))
		d->state.in_file++;
	else if (o.state == RECEIPT_DUPLICATE)
		d->state.repeated++;
	else
		d->state.taken++;
}

static const char *report_write(Dry *d)
{
	Buf *text = buf_new(d->work, IMPORT_JSON_MAX * 2);
	JsonOut o = json_out(text);
	json_object_begin(&o);
	json_member_text(&o, "encoding", table_info(d->work->rows)->encoding);
	json_key(&o, "reasons");
	json_object_begin(&o);
	for (int i = 0; i < d->n_reasons; i++)
		json_member_int(&o, d->reason[i], d->count[i]);
	json_object_end(&o);
	json_array_end(&d->bad);
	json_key(&o, "bad_rows");
	if (buf_failed(d->bad.buf))
		json_put_null(&o);
	else
		json_put_raw(&o, d->bad.buf->data, d->bad.buf->len);
	json_object_end(&o);
	return text->data;
}

static int report_job(Tx *tx, void *arg)
{
	Dry *d = arg;
	Call *c = call_new_system(tx_mem(tx), d->work->importer->house, tx, "import");
	int r = import_report(tx, &d->state);
	return r < 0 ? r : import_tell(c, &d->work->import, &d->state);
}

int import_dry(TALLOC_CTX *ctx, ImportWork *work)
{
	Importer *importer = work->importer;
	const ImportState *begun = &work->import.state;
	Dry d = {.work = work, .state = {.id = begun->id, .state = "checked", .holder = begun->holder}};
	Buf *bad = buf_new(ctx, IMPORT_JSON_MAX);
	int r = 1;
	d.bad = json_out(bad);
	d.ground.sources = work->sources;
	json_array_begin(&d.bad);
	TALLOC_CTX *pool = talloc_pool(ctx, ROW_POOL);
	for (;;) {
		ImportRow row;
		TALLOC_CTX *mem = talloc_new(pool);
		d.c = call_new_system(mem, importer->house, NULL, "import");
		r = table_next(work->rows, mem, &row, &work->fault);
		if (r == 1)
			row_judge(&d, &row);
		talloc_free(mem);
		importer->looked = d.state.rows;
		if (r <= 0 || importer->cancel || importer->stopping)
			break;
	}
	if (r < 0 || importer->cancel || importer->stopping)
		return r < 0 ? r : ERR_STALE;
	d.state.report = report_write(&d);
	return store_write_wait(importer->house->store, report_job, &d);
}
