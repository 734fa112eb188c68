/* What an outage leaves behind: state and history, alerts to those who care for the service, and word to the rooms
 * whose partners hang on it. */
#include <glib.h>
#include <string.h>

#include "event/failure.h"
#include "modules/service/service_int.h"

#define RECEIVERS_MAX 21
#define DOWN_LIFE_MS (2 * DAY_MS)

/* ---- alerts ---- */

static int receivers_load(Call *c, const Service *s, Id *out, int *ret_n)
{
	ROWS rows = NULL;
	int n = 0, r = db_query(c->tx, &rows,
	                        "SELECT id FROM person WHERE (role = 'administrator' OR id = $1) AND active = 1 "
	                        "AND deleted_at IS NULL ORDER BY CASE WHEN id = $1 THEN 0 ELSE 1 END, id LIMIT $2",
	                        value_id(id_is_nil(s->owner) ? s->id : s->owner), value_int(RECEIVERS_MAX));
	while (r == 0 && n < RECEIVERS_MAX && rows_next(rows))
		out[n++] = rows_id(rows, 0);
	*ret_n = n;
	return r < 0 ? r : rows_error(rows);
}

static const char *data_write(Call *c, const Service *s, const char *zh, const char *en)
{
	Buf *data = buf_new(c, 4 * SENTENCE_MAX);
	JsonOut o = json_out(data);
	json_object_begin(&o);
	json_member_text(&o, "name", s->name);
	json_member_text(&o, "zh", zh);
	json_member_text(&o, "en", en);
	json_object_end(&o);
	return data->data;
}

int outage_tell(Call *c, const Service *s, const char *reason, const char *zh, const char *en, int64_t life_ms)
{
	Id receivers[RECEIVERS_MAX];
	char id[ID_TEXT_SIZE];
	int n = 0, r = receivers_load(c, s, receivers, &n);
	Alert alert = {.reason = reason, .object = "service", .record = s->id, .data = data_write(c, s, zh, en),
		.expires_ms = c->now_ms + life_ms, .merge_key = talloc_asprintf(c, "%s %s", reason, id_text(s->id, id))};
	for (int i = 0; r == 0 && i < n; i++) {
		alert.receiver = receivers[i];
		r = alert_send(c, &alert);
	}
	return call_store_failed(c, r);
}

/* ---- who is affected ---- */

static void names_write(Call *c, Buf *out, const json_t *ids, const char *kind, const char *word, const char *comma)
{
	OutsideItem *items = NULL;
	size_t n = 0;
	const OutsideKind *k = outside_kind(c->house, kind);
	if (!k || json_array_size(ids) == 0 || k->list(c, &items, &n) < 0)
		return;
	for (size_t i = 0; i < json_array_size(ids); i++) {
		Id id;
		const char *text = json_string_value(json_array_get(ids, i));
		if (!text || !id_parse(text, strlen(text), &id))
			continue;
		for (size_t j = 0; j < n; j++)
			if (id_equal(items[j].id, id))
				buf_printf(out, "%s%s%s", out->len ? comma : "", word, items[j].name);
	}
}

/* Of the service itself if it is a channel, and of the channels that hang on it. */
static void people_count(Call *c, const Service *s, int64_t *ret_people, int64_t *ret_alone)
{
	OutsideItem *items = NULL;
	size_t n = 0;
	const OutsideKind *k = outside_kind(c->house, "channel");
	const json_t *ids = json_object_get(s->affects, "channels");
	*ret_people = s->item.people;
	*ret_alone = s->item.alone;
	if (!k || json_array_size(ids) == 0 || k->list(c, &items, &n) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		char text[ID_TEXT_SIZE];
		id_text(items[i].id, text);
		for (size_t j = 0; j < json_array_size(ids); j++)
			if (g_strcmp0(json_string_value(json_array_get(ids, j)), text) == 0) {
				*ret_people += items[i].people;
				*ret_alone += items[i].alone;
			}
	}
}

const char *affected_words(Call *c, const Service *s, Lang lang)
{
	bool en = lang == LANG_EN;
	int64_t people, alone;
	Buf *out = buf_new(c, SENTENCE_MAX);
	names_write(c, out, json_object_get(s->affects, "sources"), "source", en ? "source " : "来源 ", en ? ", " : "、");
	names_write(c, out, json_object_get(s->affects, "channels"), "channel", en ? "channel " : "渠道 ", en ? ", " : "、");
	people_count(c, s, &people, &alone);
	if (people > 0)
		buf_printf(out, en ? "%s%lld people get alerts by it, %lld of them by nothing else"
		                   : "%s%lld 人经此接收提醒，其中 %lld 人没有其他渠道",
		           out->len ? en ? "; " : "；" : "", (long long)people, (long long)alone);
	if (buf_failed(out) || out->len == 0)
		return "";
	return talloc_asprintf(c, en ? " Affected: %s." : "受影响：%s。", out->data);
}

/* ---- one change ---- */

static const char *span_words(Call *c, int64_t ms, Lang lang)
{
	long long minutes = (long long)(ms / MINUTE_MS), seconds = (long long)(ms / SECOND_MS % 60);
	if (minutes >= 120)
		return talloc_asprintf(c, lang == LANG_EN ? "%lld h %lld min" : "%lld 小时 %lld 分", minutes / 60, minutes % 60);
	return talloc_asprintf(c, lang == LANG_EN ? "%lld min %lld s" : "%lld 分 %lld 秒", minutes, seconds);
}

static int went_down(Call *c, const Service *s, const Beat *beat, const char *code, const char *detail)
{
	int r = db_exec(c->tx,
	                "INSERT INTO service_outage (service, began_at, told_at, code, detail) VALUES ($1, $2, $3, $4, $5)",
	                value_id(s->id), value_time(beat->since_ms), value_time(c->now_ms), value_text(code),
	                value_text(detail));
	if (r < 0)
		return r;
	const char *zh = talloc_asprintf(c, "“%s”没有应答：%s%s", s->name, failure_said(c, code, LANG_ZH),
	                                 affected_words(c, s, LANG_ZH));
	const char *en = talloc_asprintf(c, "\"%s\" does not answer: %s%s", s->name, failure_said(c, code, LANG_EN),
	                                 affected_words(c, s, LANG_EN));
	return outage_tell(c, s, "service.down", zh, en, DOWN_LIFE_MS);
}

static int came_back(Call *c, const Service *s)
{
	int64_t began = 0;
	int r = db_int(c->tx, &began, "SELECT COALESCE(MAX(began_at), 0) FROM service_outage WHERE service = $1 "
	               "AND ended_at IS NULL", value_id(s->id));
	if (r == 0)
		r = db_exec(c->tx, "UPDATE service_outage SET ended_at = $2 WHERE service = $1 AND ended_at IS NULL",
		            value_id(s->id), value_time(c->now_ms));
	if (r < 0 || began == 0)
		return r;
	int64_t took = c->now_ms - began;
	const char *zh = talloc_asprintf(c, "“%s”恢复了，中断 %s。", s->name, span_words(c, took, LANG_ZH));
	const char *en = talloc_asprintf(c, "\"%s\" is back after %s.", s->name, span_words(c, took, LANG_EN));
	return outage_tell(c, s, "service.up", zh, en, DOWN_LIFE_MS);
}

int outage_note(Call *c, const Service *s, const Beat *beat, BeatState before, const char *code, const char *detail)
{
	int r = db_exec(c->tx,
	                "INSERT INTO service_state (service, state, since, checked_at, took_ms, code, detail) "
	                "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (service) DO UPDATE SET state = excluded.state, "
	                "since = excluded.since, checked_at = excluded.checked_at, took_ms = excluded.took_ms, "
	                "code = excluded.code, detail = excluded.detail",
	                value_id(s->id), value_text(beat_name(beat->state)), value_time(beat->since_ms),
	                value_time(s->checked_ms), value_int(s->took_ms), value_text(code[0] ? code : NULL),
	                value_text(detail[0] ? detail : NULL));
	if (r < 0 || beat->state == before)
		return r;
	if (beat->state == BEAT_DOWN)
		r = went_down(c, s, beat, code, detail);
	else if (before == BEAT_DOWN)
		r = came_back(c, s);
	return r;
}

/* ---- other rooms ---- */

static bool hangs_on(const Service *s, Id id)
{
	char text[ID_TEXT_SIZE];
	const json_t *ids = json_object_get(s->affects, "channels");
	id_text(id, text);
	for (size_t i = 0; i < json_array_size(ids); i++)
		if (g_strcmp0(json_string_value(json_array_get(ids, i)), text) == 0)
			return true;
	return false;
}

static const char *why_not(const Call *c, const Service *all, size_t n, Id id)
{
	const char *why = NULL;
	for (size_t i = 0; i < n; i++) {
		const Service *s = &all[i];
		if (!s->enabled || (!id_equal(s->id, id) && !hangs_on(s, id)))
			continue;
		if (s->expires_ms && s->expires_ms <= c->now_ms)
			return "expired";
		if (service_is_probed(s) && beat_state(s->state) == BEAT_DOWN)
			why = "down";
	}
	return why;
}

static int kind_apply(Call *c, const OutsideKind *kind, const Service *all, size_t n)
{
	OutsideItem *items = NULL;
	size_t n_items = 0;
	int r = kind->list(c, &items, &n_items);
	for (size_t i = 0; r == 0 && i < n_items; i++) {
		const char *why = why_not(c, all, n, items[i].id);
		if (g_strcmp0(why, items[i].outage) != 0)
			r = kind->tell(c, items[i].id, why);
	}
	return r;
}

int outage_apply(Call *c)
{
	Service *all = NULL;
	size_t n = 0;
	int r = services_load(c, &all, &n);
	for (const OutsideKind *const *k = outside_kinds(c->house); r == 0 && *k; k++)
		if ((*k)->tell)
			r = kind_apply(c, *k, all, n);
	return r;
}
