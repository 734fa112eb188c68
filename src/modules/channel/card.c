/* From an alert to a card: the lead as it is now, the countdown in the receiver's own time, the link. Whoever lost the
 * lead meanwhile, or has dealt with it, gets no card any more. */
#include <stdio.h>
#include <string.h>

#include <glib.h>

#include "call/when.h"
#include "modules/channel/channel_int.h"

#define ZONE_DEFAULT "Asia/Shanghai"
#define VALUE_MAX 240  /* bytes of one value */
#define PHONE_SHOWN 7

/* ---- time ---- */

static GDateTime *local_time(const char *zone, int64_t at_ms)
{
	GTimeZone *z = g_time_zone_new_identifier(zone ? zone : ZONE_DEFAULT);
	if (!z)
		z = g_time_zone_new_utc();
	GDateTime *utc = g_date_time_new_from_unix_utc(at_ms / SECOND_MS), *local = g_date_time_to_timezone(utc, z);
	g_date_time_unref(utc);
	g_time_zone_unref(z);
	return local;
}

/* Reasons that call their receiver to act within the countdown of the data. */
static bool counts_down(const char *reason)
{
	return strcmp(reason, "lead.assigned") == 0 || strcmp(reason, "lead.handed_over") == 0;
}

static int64_t time_of(const json_t *object, const char *key)
{
	int64_t ms = 0;
	const char *text = json_text(object, key);
	return text && when_parse(text, strlen(text), &ms) ? ms : 0;
}

/* Until when the receiver is to act; 0: nothing counts down, as for a lead that was contacted before. */
static int64_t due_of(const char *reason, const json_t *data)
{
	const json_t *countdown = json_object_get(data, "countdown");
	const char *state = json_text(countdown, "state");
	bool counts = state && (strcmp(state, "running") == 0 || strcmp(state, "held") == 0);
	return counts && counts_down(reason) ? time_of(countdown, "respond_by") : 0;
}

int64_t card_valid_until(Call *c, const char *reason, const json_t *data, int64_t expires_ms)
{
	(void)c;
	int64_t respond_by = due_of(reason, data);
	return respond_by && respond_by < expires_ms ? respond_by : expires_ms;
}

/* ---- lines ---- */

static void line(TALLOC_CTX *ctx, Card *card, const char *zh, const char *en, const char *value)
{
	if (!value || !value[0] || card->n_lines == CARD_LINES_MAX)
		return;
	card->lines[card->n_lines].label = card->lang == LANG_EN ? en : zh;
	card->lines[card->n_lines++].value = text_plain(ctx, value, VALUE_MAX);
}

/* +8613812345678 -> +86138****5678: a group must not read a customer's number. */
static const char *phone_shown(TALLOC_CTX *ctx, const char *phone, bool masked)
{
	size_t len = phone ? strlen(phone) : 0;
	if (!masked || len < PHONE_SHOWN)
		return phone;
	size_t head = len > 11 ? len - 8 : 1;
	return talloc_asprintf(ctx, "%.*s****%s", (int)head, phone, phone + len - 4);
}

static int ref_name(Call *c, const char *object, Id id, const char **ret)
{
	Record *r;
	*ret = NULL;
	if (id_is_nil(id))
		return 0;
	int err = record_load_any(c, object, id, &r);
	if (err == 0)
		*ret = record_text(r, "name");
	else if (err == ERR_NOT_FOUND)
		call_reset(c);
	return err == ERR_NOT_FOUND ? 0 : err;
}

static int lead_lines(Call *c, const Record *lead, bool masked, Card *card)
{
	const char *source = NULL, *account = NULL;
	int r = ref_name(c, "source", record_ref(lead, "source"), &source);
	if (r == 0)
		r = ref_name(c, "account", record_ref(lead, "known_account"), &account);
	if (r < 0)
		return r;
	const char *city = record_text(lead, "city"), *district = record_text(lead, "district");
	line(c, card, "公司", "Company", record_text(lead, "company"));
	line(c, card, "联系人", "Name", record_text(lead, "name"));
	line(c, card, "电话", "Phone", phone_shown(c, record_text(lead, "phone"), masked));
	line(c, card, "地区", "Place", city && district ? talloc_asprintf(c, "%s %s", city, district) : city);
	line(c, card, "来源", "Source", source);
	line(c, card, "热度", "Heat", talloc_asprintf(c, "%lld", (long long)record_int(lead, "score")));
	line(c, card, "已有客户", "Known customer", account);
	line(c, card, "留言", "Message", record_text(lead, "message"));
	return 0;
}

static void data_lines(Call *c, const json_t *data, Card *card)
{
	line(c, card, "公司", "Company", json_text(data, "company"));
	line(c, card, "名称", "Name", json_text(data, "name"));
	line(c, card, "负责人", "Owner", json_text(data, "owner_name"));
	line(c, card, "原负责人", "Before", json_text(data, "before_name"));
	line(c, card, "说明", "Detail", json_text(data, "detail"));
	line(c, card, "说明", "Detail", json_text(data, card->lang == LANG_EN ? "en" : "zh"));
}

static const char *countdown_words(Call *c, const AlertRow *alert, const json_t *data)
{
	int64_t by = due_of(alert->reason, data);
	if (!by)
		return NULL;
	bool en = alert->lang == LANG_EN;
	GDateTime *t = local_time(alert->zone, by);
	char *at = g_date_time_format(t, "%H:%M");
	const char *words = talloc_asprintf(c, en ? "Please get in touch before %s" : "请在 %s 前联系", at);
	g_free(at);
	g_date_time_unref(t);
	return words;
}

/* ---- the whole ---- */

static const char *link_of(Call *c, const AlertRow *alert)
{
	char id[ID_TEXT_SIZE];
	const char *base = c->house->public_url;
	if (!base)
		return NULL;
	if (alert->object && strcmp(alert->object, "lead") == 0 && !id_is_nil(alert->record) && alert->count == 1)
		return talloc_asprintf(c, "%s/leads/%s", base, id_text(alert->record, id));
	return talloc_asprintf(c, "%s/", base);
}

static int lead_look(Call *c, const AlertRow *alert, bool masked, Card *card, Failure *ret_stale)
{
	Record *lead;
	int r = record_load_any(c, "lead", alert->record, &lead);
	if (r == ERR_NOT_FOUND) {
		call_reset(c);
		*ret_stale = FAILURE_LEAD_GONE;
		return 0;
	}
	if (r < 0)
		return r;
	if (record_int(lead, "deleted_at"))
		*ret_stale = FAILURE_LEAD_GONE;
	else if (counts_down(alert->reason) && !id_equal(record_ref(lead, "owner"), alert->receiver))
		*ret_stale = FAILURE_MOVED_ON;
	else if (counts_down(alert->reason) && record_int(lead, "last_touch_at") >= alert->at_ms)
		*ret_stale = FAILURE_TOUCHED; /* since it was told; one that was contacted before may be handed over */
	return *ret_stale ? 0 : lead_lines(c, lead, masked, card);
}

/* One card for many leads: of use while one of them still waits for its receiver. Most are found among the untouched
 * ones, which have an index; the second look is for leads handed over after a contact. */
static int many_look(Call *c, const AlertRow *alert, Failure *ret_stale)
{
	ROWS rows = NULL;
	if (!counts_down(alert->reason))
		return 0;
	int r = db_query(c->tx, &rows,
	                 "SELECT 1 WHERE EXISTS (SELECT 1 FROM lead WHERE owner = $1 AND first_touch_at IS NULL "
	                 "AND owner IS NOT NULL AND status = 'new' AND deleted_at IS NULL AND assigned_at >= $2) "
	                 "OR EXISTS (SELECT 1 FROM lead WHERE owner = $1 AND deleted_at IS NULL AND assigned_at >= $2 "
	                 "AND (last_touch_at IS NULL OR last_touch_at < $2))",
	                 value_id(alert->receiver), value_time(alert->at_ms));
	if (r == 0 && !rows_next(rows))
		*ret_stale = FAILURE_TOUCHED;
	return r < 0 ? r : rows_error(rows);
}

int card_make(Call *c, const AlertRow *alert, bool masked, Card *ret, Failure *ret_stale)
{
	JsonFault fault;
	const json_t *data = alert->data ? json_parse(c, alert->data, strlen(alert->data), &fault) : NULL;
	*ret_stale = FAILURE_NONE;
	*ret = (Card){.lang = alert->lang, .title = words_title(c, alert->reason, alert->count, alert->lang),
		.reason = alert->reason, .object = alert->object, .record = alert->record, .data = alert->data,
		.receiver = alert->receiver_name, .count = alert->count, .at_ms = alert->at_ms, .urgent = alert->urgent};
	ret->link = link_of(c, alert);
	if (alert->count > 1) /* the list says more than the newest of them */
		return many_look(c, alert, ret_stale);
	ret->countdown = countdown_words(c, alert, data);
	if (alert->object && strcmp(alert->object, "lead") == 0 && !id_is_nil(alert->record))
		return lead_look(c, alert, masked, ret, ret_stale);
	data_lines(c, data, ret);
	return 0;
}

void card_of_test(TALLOC_CTX *ctx, House *house, const char *channel, Lang lang, int64_t now_ms, Card *ret)
{
	char id[ID_TEXT_SIZE];
	bool en = lang == LANG_EN;
	*ret = (Card){.lang = lang, .title = en ? "A test message from Tenon" : "来自榫卯的测试消息", .reason = "channel.test",
		.count = 1, .at_ms = now_ms, .id = talloc_asprintf(ctx, "msg_%s", id_text(id_new(now_ms), id))};
	line(ctx, ret, "渠道", "Channel", channel);
	ret->link = house->public_url ? talloc_asprintf(ctx, "%s/", house->public_url) : NULL;
}
