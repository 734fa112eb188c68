/* Alerts: written, merged, read, dropped. What an alert says in words is the screen's; who gets one is the caller's. */
#include "event/alert.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/log.h"
#include "call/module.h"
#include "call/when.h"
#include "event/alert_int.h"
#include "event/timer.h"
#include "record/record.h"

#define ALERT_JSON_MAX (256 * 1024)
#define EXPIRE_KIND "alert.expire"

const char *const alert_migrations[] = {
	"CREATE TABLE alert (id {ID} PRIMARY KEY, receiver {ID} NOT NULL, reason {TEXT} NOT NULL, "
	"merge_key {TEXT} NOT NULL, object {TEXT}, record {ID}, data {TEXT}, urgent {BOOL} NOT NULL, "
	"count {INT} NOT NULL, at {TIME} NOT NULL, expires {TIME} NOT NULL, read_at {TIME});"
	"CREATE INDEX alert_receiver ON alert (receiver, at);"
	"CREATE TABLE alert_drop (seq {SERIAL}, dropped_at {TIME} NOT NULL, alert {ID} NOT NULL, receiver {ID} NOT NULL, "
	"reason {TEXT} NOT NULL, object {TEXT}, record {ID}, count {INT} NOT NULL, at {TIME} NOT NULL, "
	"expires {TIME} NOT NULL);"
	"CREATE TABLE outbox (seq {SERIAL}, receiver {ID} NOT NULL, channel {TEXT} NOT NULL, alert {ID} NOT NULL, "
	"state {TEXT} NOT NULL, attempts {INT} NOT NULL, next_at {TIME} NOT NULL, made_at {TIME} NOT NULL, sent_at {TIME}, "
	"error {TEXT});"
	"CREATE INDEX outbox_next ON outbox (state, next_at)",
	"DROP TABLE outbox", /* nothing was ever written to it: modules/channel has one of its own */
	NULL,
};

/* Writing out */

static void member_when(JsonOut *out, const char *key, int64_t ms)
{
	char text[WHEN_TEXT_SIZE];
	json_member_text(out, key, ms == 0 ? NULL : when_text(ms, text));
}

static void alert_write(JsonOut *out, const AlertView *view)
{
	json_object_begin(out);
	json_member_id(out, "id", view->id);
	json_member_text(out, "reason", view->reason);
	json_member_int(out, "count", view->count);
	member_when(out, "at", view->at_ms);
	json_member_text(out, "object", view->object);
	json_member_id(out, "record", view->record);
	json_key(out, "data");
	if (view->data == NULL)
		json_put_raw(out, "{}", 2);
	else
		json_put_raw(out, view->data, strlen(view->data));
	json_member_bool(out, "urgent", view->urgent);
	member_when(out, "read_at", view->read_ms);
	json_object_end(out);
}

/* Sending */

const char *alert_merge_key(const Alert *alert)
{
	return alert->merge_key == NULL ? alert->reason : alert->merge_key;
}

const char *alert_lock_name(TALLOC_CTX *ctx, const Alert *alert)
{
	char receiver[ID_TEXT_SIZE];
	return talloc_asprintf(ctx, "alert %s %s", id_text(alert->receiver, receiver), alert_merge_key(alert));
}

/* The standing alert this one is counted into; the nil id when there is none. Parallel transactions must not each start
 * an alert of their own. */
static int alert_standing(Call *c, const Alert *alert, AlertView *ret)
{
	ROWS rows = NULL;
	int r = tx_lock(c->tx, alert_lock_name(c, alert));
	if (r == 0)
		r = db_query(c->tx, &rows,
	                 "SELECT id, count, at, read_at FROM alert WHERE receiver = $1 AND at > $2 AND merge_key = $3 "
	                 "AND expires > $4 ORDER BY at DESC LIMIT 1",
	                 value_id(alert->receiver), value_time(c->now_ms - ALERT_MERGE_MS),
	                 value_text(alert_merge_key(alert)), value_time(c->now_ms));
	if (r < 0)
		return r;
	if (rows_next(rows)) {
		ret->id = rows_id(rows, 0);
		ret->count = rows_int(rows, 1);
		ret->at_ms = rows_int(rows, 2);
		ret->was_unread = rows_is_null(rows, 3);
	}
	return rows_error(rows);
}

static int alert_merge(Call *c, const Alert *alert, const AlertView *view, int64_t expires_ms)
{
	return db_send(c->tx,
	               "UPDATE alert SET count = $2, object = $3, record = $4, data = $5, urgent = $6, read_at = NULL, "
	               "expires = CASE WHEN expires > $7 THEN expires ELSE $7 END WHERE id = $1",
	               value_id(view->id), value_int(view->count), value_text(alert->object), value_id(alert->record),
	               value_text(alert->data), value_bool(alert->urgent), value_time(expires_ms));
}

static int alert_insert(Call *c, const Alert *alert, const AlertView *view, int64_t expires_ms)
{
	return db_send(c->tx,
	               "INSERT INTO alert (id, receiver, reason, merge_key, object, record, data, urgent, count, "
	               "at, expires) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10)",
	               value_id(view->id), value_id(alert->receiver), value_text(alert->reason),
	               value_text(alert_merge_key(alert)), value_text(alert->object), value_id(alert->record),
	               value_text(alert->data), value_bool(alert->urgent), value_time(c->now_ms), value_time(expires_ms));
}

static int alert_store(Call *c, const Alert *alert, AlertView *view, int64_t expires_ms)
{
	if (!id_is_nil(view->id)) {
		view->count++;
		return alert_merge(c, alert, view, expires_ms);
	}
	view->id = id_new(c->now_ms);
	view->count = 1;
	view->at_ms = c->now_ms;
	return alert_insert(c, alert, view, expires_ms);
}

static int alert_tell(Call *c, const Alert *alert, const AlertView *view)
{
	Buf *data = buf_new(c, ALERT_JSON_MAX);
	JsonOut out = json_out(data);
	alert_write(&out, view);
	if (buf_failed(data))
		return call_fail(c, ERR_TOO_LARGE, "alert_too_large", "The alert's data are too large.", "提醒内容过大。");
	const EventRow event = {.kind = "alert", .object = "alert", .record = view->id, .owner = alert->receiver,
		.data = data->data};
	int r = record_event(c, &event);
	talloc_free(data);
	return r;
}

AlertView alert_view(const Alert *alert)
{
	assert(alert->reason != NULL && !id_is_nil(alert->receiver));
	return (AlertView){.id = ID_NIL, .record = alert->record, .reason = alert->reason, .object = alert->object,
		.data = alert->data, .urgent = alert->urgent};
}

int alert_put(Call *c, const Alert *alert, AlertView *view)
{
	int64_t expires_ms = alert->expires_ms == 0 ? c->now_ms + ALERT_LIFE_MS : alert->expires_ms;
	int r = alert_store(c, alert, view, expires_ms);
	if (r < 0)
		return call_store_failed(c, r);
	if (!view->was_unread) /* else its timer stands, and it expires no earlier than it did */
		r = timer_set_earliest(c, EXPIRE_KIND, alert->receiver, expires_ms, NULL);
	return r < 0 ? r : alert_tell(c, alert, view);
}

int alert_send(Call *c, const Alert *alert)
{
	AlertView view = alert_view(alert);
	int r = alert_standing(c, alert, &view);
	return r < 0 ? call_store_failed(c, r) : alert_put(c, alert, &view);
}

/* Expiring: one timer a receiver, at the earliest expiry of an unread alert. */

static int expire_log(Call *c, Id receiver)
{
	return db_exec(c->tx,
	               "INSERT INTO alert_drop (dropped_at, alert, receiver, reason, object, record, count, at, expires) "
	               "SELECT $2, id, receiver, reason, object, record, count, at, expires FROM alert "
	               "WHERE receiver = $1 AND read_at IS NULL AND expires <= $2 ORDER BY at, id",
	               value_id(receiver), value_time(c->now_ms));
}

static int expire_delete(Call *c, Id receiver)
{
	return db_exec(c->tx,
	               "DELETE FROM alert WHERE receiver = $1 AND ((read_at IS NULL AND expires <= $2) OR "
	               "(read_at IS NOT NULL AND expires <= $3))",
	               value_id(receiver), value_time(c->now_ms), value_time(c->now_ms - ALERT_KEEP_MS));
}

static int expire_next(Call *c, Id receiver)
{
	int64_t next = 0;
	int r = db_int(c->tx, &next, "SELECT COALESCE(MIN(expires), 0) FROM alert WHERE receiver = $1 AND read_at IS NULL",
	               value_id(receiver));
	if (r < 0)
		return call_store_failed(c, r);
	return next == 0 ? 0 : timer_set_earliest(c, EXPIRE_KIND, receiver, next, NULL);
}

static int alert_expire(Call *c)
{
	char text[ID_TEXT_SIZE];
	Id receiver = call_id(c, "subject");
	int r = expire_log(c, receiver);
	int64_t dropped = r == 0 ? db_changes(c->tx) : 0;
	if (r == 0)
		r = expire_delete(c, receiver);
	if (r < 0)
		return call_store_failed(c, r);
	if (dropped > 0)
		log_info("alert", "%lld alerts of %s expired unread", (long long)dropped, id_text(receiver, text));
	return expire_next(c, receiver);
}

/* Reading */

int alert_unread(Call *c, int64_t *ret)
{
	int r = db_int(c->tx, ret, "SELECT COUNT(*) FROM alert WHERE receiver = $1 AND read_at IS NULL AND expires > $2",
	               value_id(c->who.user), value_time(c->now_ms));
	return call_store_failed(c, r);
}

static int alert_query(Call *c, Rows **ret)
{
	if (call_flag(c, "unread", false))
		return db_query(c->tx, ret,
		                "SELECT id, reason, count, at, object, record, data, urgent, read_at FROM alert "
		                "WHERE receiver = $1 AND read_at IS NULL AND expires > $2 ORDER BY at DESC, id DESC LIMIT $3",
		                value_id(c->who.user), value_time(c->now_ms), value_int(LIMIT_PAGE));
	return db_query(c->tx, ret,
	                "SELECT id, reason, count, at, object, record, data, urgent, read_at FROM alert "
	                "WHERE receiver = $1 AND (read_at IS NOT NULL OR expires > $2) ORDER BY at DESC, id DESC LIMIT $3",
	                value_id(c->who.user), value_time(c->now_ms), value_int(LIMIT_PAGE));
}

static AlertView alert_read_row(const Rows *rows)
{
	return (AlertView){
		.id = rows_id(rows, 0),
		.reason = rows_text(rows, 1),
		.count = rows_int(rows, 2),
		.at_ms = rows_int(rows, 3),
		.object = rows_text(rows, 4),
		.record = rows_id(rows, 5),
		.data = rows_text(rows, 6),
		.urgent = rows_int(rows, 7) != 0,
		.read_ms = rows_int(rows, 8),
	};
}

static int alert_list(Call *c)
{
	int64_t unread = 0;
	int r = alert_unread(c, &unread);
	if (r < 0)
		return r;
	ROWS rows = NULL;
	r = alert_query(c, &rows);
	if (r < 0)
		return call_store_failed(c, r);
	json_object_begin(&c->json);
	json_key(&c->json, "items");
	json_array_begin(&c->json);
	while (rows_next(rows)) {
		AlertView view = alert_read_row(rows);
		alert_write(&c->json, &view);
	}
	json_array_end(&c->json);
	json_member_int(&c->json, "unread", unread);
	json_object_end(&c->json);
	return call_store_failed(c, rows_error(rows));
}

static int alert_mark_all(Call *c)
{
	return db_exec(c->tx, "UPDATE alert SET read_at = $2 WHERE receiver = $1 AND read_at IS NULL",
	               value_id(c->who.user), value_time(c->now_ms));
}

static int alert_mark(Call *c, const json_t *ids)
{
	size_t i;
	json_t *item;
	json_array_foreach((json_t *)ids, i, item) {
		Id id;
		const char *text = json_string_value(item);
		if (text == NULL || !id_parse(text, strlen(text), &id))
			continue;
		int r = db_exec(c->tx, "UPDATE alert SET read_at = $3 WHERE id = $1 AND receiver = $2 AND read_at IS NULL",
		                value_id(id), value_id(c->who.user), value_time(c->now_ms));
		if (r < 0)
			return r;
	}
	return 0;
}

static int alert_read(Call *c)
{
	const json_t *ids = call_json(c, "ids");
	bool all = call_flag(c, "all", false);
	if (!all && ids == NULL)
		return call_fault(c, "ids", "required", "Give the ids of the alerts, or all.", "请提供提醒的 ids，或 all。");
	int64_t unread = 0;
	int r = all ? alert_mark_all(c) : alert_mark(c, ids);
	if (r == 0)
		r = alert_unread(c, &unread);
	if (r < 0)
		return call_store_failed(c, r);
	json_object_begin(&c->json);
	json_member_int(&c->json, "unread", unread);
	json_object_end(&c->json);
	return 0;
}

static const Param list_params[] = {
	{"unread", PARAM_BOOL, PARAM_IN_QUERY, .help = "Only those not read yet"},
	{0},
};

static const Param read_params[] = {
	{"ids", PARAM_IDS, .help = "The alerts that were read"},
	{"all", PARAM_BOOL, .help = "All of mine"},
	{0},
};

static const Endpoint endpoints[] = {
	{"GET", "/alerts", "signed_in", CALL_READ, list_params, alert_list, "My alerts, newest first"},
	{"POST", "/alerts/read", "signed_in", CALL_WRITE, read_params, alert_read, "Mark alerts as read"},
	{0},
};

static const TimerKind timers[] = {{EXPIRE_KIND, alert_expire}, {0}};

static int count_dropped(Tx *tx, void *arg)
{
	return db_int(tx, arg, "SELECT coalesce(max(seq), 0) FROM alert_drop");
}

static void alert_measure(House *house, Buf *out)
{
	int64_t dropped;
	if (store_read_wait(house->store, count_dropped, &dropped) == 0)
		metrics_single(out, "tenon_alerts_dropped_total", "counter", "Alerts that expired unread.", (double)dropped);
}

const Module alert_module = {
	.name = "alert",
	.endpoints = endpoints,
	.timers = timers,
	.migrations = alert_migrations,
	.measure = alert_measure,
};
