/* Who somebody is in each channel, which get every alert and which stand in, and when they want to be left in peace. */
#include <stdio.h>
#include <string.h>

#include "modules/channel/channel_int.h"

#define ADDRESS_MAX 1000

/* The person of the path, else the caller. */
static Id person_of(const Call *c)
{
	Id id = call_id(c, "id");
	return id_is_nil(id) ? c->who.user : id;
}

/* ---- reading ---- */

static void write_minute(JsonOut *o, const char *key, int64_t minute)
{
	char text[8];
	snprintf(text, sizeof text, "%02d:%02d", (int)(minute / 60 % 24), (int)(minute % 60));
	json_member_text(o, key, text);
}

static int write_quiet(Call *c, Id person)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT from_minute, to_minute, urgent FROM channel_quiet WHERE person = $1",
	                 value_id(person));
	if (r < 0)
		return r;
	json_key(&c->json, "quiet");
	if (!rows_next(rows)) {
		json_put_null(&c->json);
		return rows_error(rows);
	}
	json_object_begin(&c->json);
	write_minute(&c->json, "from", rows_int(rows, 0));
	write_minute(&c->json, "to", rows_int(rows, 1));
	json_member_bool(&c->json, "urgent", rows_int(rows, 2) != 0);
	json_object_end(&c->json);
	return 0;
}

static int write_items(Call *c, Id person)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
	                 "SELECT r.channel, r.address, r.spare FROM channel_route r JOIN channel c ON c.id = r.channel "
	                 "AND c.deleted_at IS NULL WHERE r.person = $1 ORDER BY r.place",
	                 value_id(person));
	if (r < 0)
		return r;
	json_key(&c->json, "items");
	json_array_begin(&c->json);
	while (rows_next(rows)) {
		json_object_begin(&c->json);
		json_member_id(&c->json, "channel", rows_id(rows, 0));
		json_member_text(&c->json, "address", rows_text(rows, 1));
		json_member_bool(&c->json, "spare", rows_int(rows, 2) != 0);
		json_object_end(&c->json);
	}
	json_array_end(&c->json);
	return rows_error(rows);
}

/* What there is to choose from; nothing of its settings. */
static int write_available(Call *c)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
	                 "SELECT id, kind, name, enabled, breaker FROM channel WHERE deleted_at IS NULL "
	                 "ORDER BY created_at, id LIMIT $1",
	                 value_int(CHANNELS_MAX));
	if (r < 0)
		return r;
	json_key(&c->json, "available");
	json_array_begin(&c->json);
	while (rows_next(rows)) {
		const ChannelKind *kind = kind_find(rows_text(rows, 1));
		if (!kind)
			continue;
		json_object_begin(&c->json);
		json_member_id(&c->json, "id", rows_id(rows, 0));
		json_member_text(&c->json, "kind", kind->name);
		json_member_text(&c->json, "kind_zh", kind->zh);
		json_member_text(&c->json, "kind_en", kind->en);
		json_member_text(&c->json, "name", rows_text(rows, 2));
		json_member_bool(&c->json, "enabled", rows_int(rows, 3) != 0);
		json_member_bool(&c->json, "down", strcmp(rows_text(rows, 4), "open") == 0);
		json_member_text(&c->json, "address_zh", kind->address_zh);
		json_member_text(&c->json, "address_en", kind->address_en);
		json_member_bool(&c->json, "address_required", kind->address_required);
		json_object_end(&c->json);
	}
	json_array_end(&c->json);
	return rows_error(rows);
}

int mine_get(Call *c)
{
	Id person = person_of(c);
	json_object_begin(&c->json);
	int r = write_items(c, person);
	if (r == 0)
		r = write_quiet(c, person);
	if (r == 0)
		r = write_available(c);
	json_object_end(&c->json);
	return call_store_failed(c, r);
}

/* ---- writing ---- */

static int item_write(Call *c, Id person, const json_t *item, int place)
{
	ROWS rows = NULL;
	Id channel = json_id(item, "channel");
	const char *address = json_text(item, "address");
	address = address ? address : "";
	int r = db_query(c->tx, &rows, "SELECT kind FROM channel WHERE id = $1 AND deleted_at IS NULL", value_id(channel));
	if (r < 0)
		return call_store_failed(c, r);
	const ChannelKind *kind = rows_next(rows) ? kind_find(rows_text(rows, 0)) : NULL;
	if (!kind)
		return call_fault(c, "items", "unknown_channel", "There is no such channel.", "没有这个消息渠道。");
	if (strlen(address) > ADDRESS_MAX || strpbrk(address, "\r\n"))
		return call_fault(c, "items", "too_long", "An address is one short line.", "地址过长或包含换行。");
	if (kind->address_required && !address[0])
		return call_fault(c, "items", "address_required", "%s is needed for this channel.", "此渠道需要填写：%s。",
		                  c->lang == LANG_EN ? kind->address_en : kind->address_zh);
	bool spare = place > 0 && json_flag(item, "spare", false); /* the first has nothing to stand in for */
	r = db_exec(c->tx, "INSERT INTO channel_route (person, channel, place, address, spare) VALUES ($1, $2, $3, $4, $5)",
	            value_id(person), value_id(channel), value_int(place), value_text(address), value_bool(spare));
	if (r == ERR_CONFLICT)
		return call_fault(c, "items", "twice", "A channel is in the list twice.", "同一渠道重复出现。");
	return call_store_failed(c, r);
}

static bool minute_parse(const char *text, int *ret)
{
	int hour = 0, minute = 0, end = 0;
	if (!text || sscanf(text, "%2d:%2d%n", &hour, &minute, &end) != 2 || text[end] || hour < 0 || hour > 23 ||
	    minute < 0 || minute > 59)
		return false;
	*ret = hour * 60 + minute;
	return true;
}

static int quiet_write(Call *c, Id person)
{
	int from = 0, to = 0;
	const json_t *quiet = call_json(c, "quiet");
	if (quiet && (!minute_parse(json_text(quiet, "from"), &from) || !minute_parse(json_text(quiet, "to"), &to)))
		return call_fault(c, "quiet", "time", "Quiet hours are written like 22:00 to 08:00.",
			"免打扰时间格式为 22:00 至 08:00。");
	int r = db_exec(c->tx, "DELETE FROM channel_quiet WHERE person = $1", value_id(person));
	if (r == 0 && quiet && from != to)
		r = db_exec(c->tx, "INSERT INTO channel_quiet (person, from_minute, to_minute, urgent) VALUES ($1, $2, $3, $4)",
		            value_id(person), value_int(from), value_int(to), value_bool(json_flag(quiet, "urgent", false)));
	return call_store_failed(c, r);
}

int mine_put(Call *c)
{
	Record *user;
	Id person = person_of(c);
	const json_t *items = call_json(c, "items");
	if (!json_is_array(items) || json_array_size(items) > ROUTES_MAX)
		return call_fault(c, "items", "type", "A list of at most %d channels is expected.", "应为最多 %d 个渠道的列表。",
			ROUTES_MAX);
	char name[ID_TEXT_SIZE];
	int r = record_load_any(c, "user", person, &user);
	if (r == 0)
		r = call_store_failed(c, tx_lock(c->tx, talloc_asprintf(c, "channels of %s", id_text(person, name))));
	if (r == 0)
		r = call_store_failed(c, db_exec(c->tx, "DELETE FROM channel_route WHERE person = $1", value_id(person)));
	for (size_t i = 0; r == 0 && i < json_array_size(items); i++)
		r = item_write(c, person, json_array_get(items, i), (int)i);
	if (r == 0)
		r = quiet_write(c, person);
	if (r == 0)
		r = call_store_failed(c, routes_replace(c, person));
	if (r < 0)
		return r;
	/* What waits for the end of quiet hours is looked at anew. */
	r = db_exec(c->tx,
	            "UPDATE outbox SET next_at = $2 WHERE receiver = $1 AND state <= 1 AND state = 0 AND code = "
		"'quiet_hours'",
	            value_id(person), value_time(c->now_ms));
	if (r < 0)
		return call_store_failed(c, r);
	post_wake_on_commit(c);
	return mine_get(c);
}
