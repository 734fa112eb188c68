/* Looks into the table `taken`, and claims in it, by one receipt and by a batch. */
#include "modules/lead/intake/taken.h"

#define LIST_BYTES_MAX (64 * 1024) /* ids of one batch, as JSON */

static void taken_read(const Rows *rows, Outcome *o)
{
	(void)!receipt_state_parse(rows_text(rows, 1), &o->state);
	o->reason = rows_text(rows, 2) ? "repeated_enquiry" : NULL;
	o->lead = rows_id(rows, 3);
	o->duplicate_of = rows_id(rows, 4);
}

int taken_find(Call *c, Outcome *o)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT receipt, state, reason, lead, duplicate_of FROM taken WHERE receipt = $1",
	                 value_id(o->receipt));
	if (r < 0)
		return r;
	if (rows_next(rows))
		taken_read(rows, o);
	return rows_error(rows);
}

static const char *id_list(TALLOC_CTX *ctx, const Outcome *outcome, size_t n)
{
	Buf *text = buf_new(ctx, LIST_BYTES_MAX);
	JsonOut out = json_out(text);
	json_array_begin(&out);
	for (size_t i = 0; i < n; i++)
		json_put_id(&out, outcome[i].receipt);
	json_array_end(&out);
	return buf_failed(text) ? NULL : text->data;
}

int taken_find_all(Call *c, Outcome *outcome, size_t n, bool *ret_taken)
{
	ROWS rows = NULL;
	const char *ids = id_list(c, outcome, n);
	if (!ids)
		return ERR_TOO_LARGE;
	int r = db_query(c->tx, &rows,
	                 "SELECT w.place, t.state, t.reason, t.lead, t.duplicate_of FROM jsonb_array_elements_text($1) "
	                 "WITH ORDINALITY AS w(id, place) JOIN taken t ON t.receipt = w.id::uuid",
	                 value_text(ids));
	if (r < 0)
		return r;
	while (rows_next(rows)) {
		size_t place = (size_t)rows_int(rows, 0) - 1;
		taken_read(rows, &outcome[place]);
		ret_taken[place] = true;
	}
	return rows_error(rows);
}

#define TAKEN_INSERT \
	"INSERT INTO taken (receipt, state, reason, lead, duplicate_of) VALUES ($1, $2, $3, $4, $5)"

int taken_claim(Call *c, Outcome *o, bool is_new, bool *ret_first)
{
	const Value args[] = {value_id(o->receipt), value_text(receipt_state_name(o->state)), value_text(o->reason),
		value_id(o->lead), value_id(o->duplicate_of)};
	*ret_first = true;
	if (is_new)
		return db_send_n(c->tx, TAKEN_INSERT, args, ARRAY_LEN(args));
	int r = db_exec_n(c->tx, TAKEN_INSERT " ON CONFLICT (receipt) DO NOTHING", args, ARRAY_LEN(args));
	if (r < 0)
		return r;
	*ret_first = db_changes(c->tx) == 1;
	return *ret_first ? 0 : taken_find(c, o);
}
