/* What became of everything that came in: receipts by their state, and for each lead in play the one fate it has when
 * the report is made. The fates add up to the leads in play; a lead stands in the list of its fate. */
#include "modules/lead/report/report_int.h"

#include <string.h>

#include "modules/lead/intake/take.h"

#define REASONS_MAX 40

static const char *const NAMES[FATES] = {"contacted", "contacted_late", "in_time", "moved_on", "escalated", "waiting",
	"returned", "closed"};

const char *fates_name(Fate fate)
{
	return NAMES[fate];
}

/* ---- leads ---- */

int fates_collect(Call *c, const Slot *slot)
{
	/* FIGURE_FATE + fate; overdue are those of the slot, as in figure 1 */
	return db_exec(c->tx,
		"INSERT INTO report_lead (day, figure, person, lead) SELECT $1, CASE "
		"WHEN l.deleted_at IS NOT NULL OR l.status IN ('invalid', 'converted') THEN 15 "
		"WHEN l.owner IS NULL AND l.wait_reason IN ('returned', 'idle') THEN 14 "
		"WHEN l.owner IS NULL THEN 13 "
		"WHEN l.first_touch_at IS NULL AND l.status = 'new' AND l.clock = 'escalated' THEN 12 "
		"WHEN l.first_touch_at IS NULL AND l.status = 'new' THEN CASE WHEN o.lead IS NULL THEN 10 ELSE 11 END "
		"WHEN o.lead IS NULL THEN 8 ELSE 9 END, l.owner, l.id "
		"FROM (SELECT DISTINCT lead FROM report_lead WHERE day = $1 AND figure = 0) x JOIN lead l ON l.id = x.lead "
		"LEFT JOIN (SELECT DISTINCT lead FROM report_lead WHERE day = $1 AND figure = 1) o ON o.lead = x.lead",
		value_text(slot->day));
}

static int leads_write(Call *c, const Slot *slot, JsonOut *out)
{
	ROWS rows = NULL;
	int64_t n[FATES] = {0};
	int r = db_query(c->tx, &rows, "SELECT figure, COUNT(*) FROM report_lead WHERE day = $1 AND figure >= 8 "
		"GROUP BY figure", value_text(slot->day));
	while (r == 0 && rows_next(rows))
		n[rows_int(rows, 0) - FIGURE_FATE] = rows_int(rows, 1);
	json_key(out, "fates");
	json_object_begin(out);
	for (int f = 0; f < FATES; f++)
		json_member_int(out, NAMES[f], n[f]);
	json_object_end(out);
	return r < 0 ? r : rows_error(rows);
}

static int waiting_write(Call *c, const Slot *slot, JsonOut *out)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT COALESCE(l.wait_reason, ''), COUNT(*) FROM report_lead x "
		"JOIN lead l ON l.id = x.lead WHERE x.day = $1 AND x.figure = 13 GROUP BY COALESCE(l.wait_reason, '') "
		"ORDER BY COUNT(*) DESC, COALESCE(l.wait_reason, '') LIMIT $2", value_text(slot->day),
		value_int(REASONS_MAX));
	json_key(out, "waiting_for");
	json_object_begin(out);
	while (r == 0 && rows_next(rows))
		json_member_int(out, rows_text(rows, 0), rows_int(rows, 1));
	json_object_end(out);
	return r < 0 ? r : rows_error(rows);
}

/* ---- receipts ---- */

typedef struct {
	Call *c;
	Id from, until;                 /* ids of receipts begin with the moment of coming in */
	int64_t by_state[RECEIPT_QUARANTINED + 1];
	const char *reasons[REASONS_MAX];
	int64_t counts[REASONS_MAX];
	int n_reasons;
} Received;

static Id first_id(int64_t ms)
{
	Id id = ID_NIL;
	for (int i = 0; i < 6; i++)
		id.byte[i] = (unsigned char)(ms >> (8 * (5 - i)));
	return id;
}

static int received_count(Tx *tx, void *arg)
{
	Received *got = arg;
	ROWS rows = NULL;
	int r = db_query(tx, &rows, "SELECT state, COALESCE(reason, ''), COUNT(*) FROM receipt WHERE id >= $1 AND id < $2 "
		"GROUP BY state, COALESCE(reason, '') ORDER BY COUNT(*) DESC, COALESCE(reason, '')", value_id(got->from),
		value_id(got->until));
	memset(got->by_state, 0, sizeof got->by_state);
	got->n_reasons = 0;
	while (r == 0 && rows_next(rows)) {
		ReceiptState state;
		if (!receipt_state_parse(rows_text(rows, 0), &state))
			continue;
		got->by_state[state] += rows_int(rows, 2);
		if (state != RECEIPT_QUARANTINED || got->n_reasons == REASONS_MAX)
			continue;
		got->reasons[got->n_reasons] = talloc_strdup(got->c, rows_text(rows, 1));
		got->counts[got->n_reasons++] = rows_int(rows, 2);
	}
	return r < 0 ? r : rows_error(rows);
}

/* Leads without a receipt: entered by hand or by a program over the records. */
static int by_hand_count(Call *c, const Slot *slot, int64_t *ret)
{
	return db_int(c->tx, ret, "SELECT COUNT(*) FROM lead WHERE created_at >= $1 AND created_at < $2 "
		"AND receipt IS NULL", value_time(slot->from_ms), value_time(slot->until_ms));
}

static int received_write(Call *c, const Slot *slot, JsonOut *out)
{
	Received got = {.c = c, .from = first_id(slot->from_ms), .until = first_id(slot->until_ms)};
	int64_t by_hand = 0;
	int r = receipt_log_aside(c->house->intake->log, c->tx, received_count, &got);
	if (r == 0)
		r = by_hand_count(c, slot, &by_hand);
	json_key(out, "received");
	json_object_begin(out);
	for (int state = 0; state <= RECEIPT_QUARANTINED; state++)
		json_member_int(out, receipt_state_name((ReceiptState)state), got.by_state[state]);
	json_member_int(out, "by_hand", by_hand);
	json_key(out, "reasons");
	json_object_begin(out);
	for (int i = 0; i < got.n_reasons; i++)
		json_member_int(out, got.reasons[i], got.counts[i]);
	json_object_end(out);
	json_object_end(out);
	return r;
}

int fates_write(Call *c, const Slot *slot, JsonOut *out)
{
	int r = received_write(c, slot, out);
	if (r == 0)
		r = leads_write(c, slot, out);
	return r < 0 ? r : waiting_write(c, slot, out);
}
