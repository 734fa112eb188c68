/* Event rows: what happened, told to consumers and live streams after the commit. Written in the transaction of
 * what they tell. */
#include "record/record_int.h"

#include <assert.h>

static int event_insert(Call *c, const EventRow *e, int64_t *ret_seq)
{
	Value args[] = {
		value_time(c->now_ms), value_text(e->kind), value_text(e->object), value_id(e->record), value_id(c->change),
		value_id(e->owner), value_id(e->before), value_id(e->team), value_id(e->pool), value_text(e->data),
		value_null(), /* the number, where it was drawn ahead */
	};
#define EVENT_COLUMNS "at, kind, object, record, change, owner, before_owner, team, pool, data"
#define EVENT_INSERT                        \
	"INSERT INTO event (" EVENT_COLUMNS ") " \
	"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
	/* Only who listens needs the number now; without listeners PostgreSQL is spared a round trip. */
	if (c->house->phases->n[PHASE_EVENT] == 0)
		return db_send_n(c->tx, EVENT_INSERT, args, ARRAY_LEN(args) - 1);
	*ret_seq = db_serial_next(c->tx);
	if (*ret_seq == 0)
		return db_insert_n(c->tx, ret_seq, EVENT_INSERT, args, ARRAY_LEN(args) - 1);
	args[ARRAY_LEN(args) - 1] = value_int(*ret_seq);
	return db_send_n(c->tx,
	                 "INSERT INTO event (" EVENT_COLUMNS ", seq) "
	                 "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
	                 args, ARRAY_LEN(args));
}

int record_events_expect(Call *c, size_t n)
{
	int r = c->house->phases->n[PHASE_EVENT] > 0 ? db_serials_draw(c->tx, "event", n) : 0;
	return call_store_failed(c, r);
}

int record_event(Call *c, const EventRow *event)
{
	int64_t seq = 0;
	int r = event_insert(c, event, &seq);
	if (r < 0)
		return call_store_failed(c, r);
	if (c->house->phases->n[PHASE_EVENT] == 0)
		return 0;
	return phase_run(c, PHASE_EVENT, &(PhaseInfo){.event = event, .event_seq = seq});
}

/* {"fields":["phone",...],"version":n}: listeners decide by it whether they must look again. */
static const char *event_data(const Record *r, const Value *before, Buf *b)
{
	JsonOut out = json_out(b);
	json_object_begin(&out);
	json_key(&out, "fields");
	json_array_begin(&out);
	for (int i = FIELD_AT_OWN; i < r->object->n_fields; i++) {
		const FieldDef *field = &r->object->fields[i];
		bool differs = before == NULL ? !value_is_null(&r->values[i]) : !value_equal(&before[i], &r->values[i]);
		if (differs && !field->hidden)
			json_put_text(&out, field->name);
	}
	json_array_end(&out);
	json_member_int(&out, "version", r->values[FIELD_AT_VERSION].i);
	json_object_end(&out);
	return b->data;
}

int event_of_write(Call *c, const Plan *plan, const Record *r, const Value *before, const char *kind)
{
	Buf *b = buf_new(c, RECORD_DIFF_MAX);
	Id owner = record_ref_at(r, plan->owner);
	bool moved = before != NULL && plan->owner >= 0 && !value_equal(&before[plan->owner], &r->values[plan->owner]);
	EventRow event = {
		.kind = kind,
		.object = r->object->name,
		.record = record_id(r),
		.owner = owner,
		.before = moved && before[plan->owner].type == VALUE_ID ? before[plan->owner].id : ID_NIL,
		.team = record_ref_at(r, plan->team),
		.pool = record_ref_at(r, plan->pool),
		.data = event_data(r, before, b),
	};
	int err = record_event(c, &event);
	talloc_free(b);
	return err;
}
