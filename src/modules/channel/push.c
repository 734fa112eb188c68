/* The devices of a person that want notifications: entered by their browsers, dropped when a push service says that
 * they are gone. */
#include <string.h>

#include "call/when.h"
#include "modules/channel/channel_int.h"
#include "modules/channel/webpush.h"

#define ENDPOINT_MAX 1000

/* ---- for sending ---- */

int devices_load(Call *c, Id person, const char **ret)
{
	ROWS rows = NULL;
	Buf *out = buf_new(c, DEVICES_MAX * (ENDPOINT_MAX + 200));
	int r = db_query(c->tx, &rows,
	                 "SELECT endpoint, point, auth FROM push_device WHERE person = $1 "
	                 "ORDER BY created_at DESC, id LIMIT $2",
	                 value_id(person), value_int(DEVICES_MAX));
	while (r == 0 && rows_next(rows))
		buf_printf(out, "%s%s %s %s", out->len ? "\n" : "", rows_text(rows, 0), rows_text(rows, 1), rows_text(rows, 2));
	*ret = out->len ? out->data : "";
	return r < 0 ? r : rows_error(rows);
}

int devices_drop(Call *c, Id person, const char *address, uint32_t gone)
{
	int r = 0;
	for (uint32_t at = 0; r == 0 && *address; at++) {
		size_t len = strcspn(address, "\n");
		if (gone & (UINT32_C(1) << at)) {
			const char *endpoint = talloc_strndup(c, address, strcspn(address, " \n"));
			r = db_exec(c->tx, "DELETE FROM push_device WHERE person = $1 AND endpoint = $2", value_id(person),
			            value_text(endpoint));
		}
		address += len + (address[len] == '\n');
	}
	return r;
}

/* ---- the channel ---- */

static int push_conf(Call *c, Conf **ret)
{
	Id id = ID_NIL;
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
	                 "SELECT id FROM channel WHERE kind = 'web_push' AND enabled = 1 AND deleted_at IS NULL "
	                 "ORDER BY created_at, id LIMIT $1", value_int(1));
	*ret = NULL;
	if (r < 0)
		return call_store_failed(c, r);
	if (rows_next(rows))
		id = rows_id(rows, 0);
	return id_is_nil(id) ? 0 : conf_load(c, id, ret);
}

static const char *public_key(Call *c, const Conf *conf)
{
	uint8_t secret[WEBPUSH_PRIVATE];
	WebpushPair pair;
	const char *kept = conf ? conf_text(conf, "key") : NULL;
	if (!kept || !webpush_read(kept, secret, sizeof secret) || !webpush_pair_of(secret, &pair))
		return NULL;
	return sign_base64url(c, pair.point, WEBPUSH_KEY);
}

/* ---- mine ---- */

static int devices_write(Call *c)
{
	JsonOut *o = &c->json;
	char text[WHEN_TEXT_SIZE];
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
	                 "SELECT id, endpoint, device, created_at FROM push_device WHERE person = $1 "
	                 "ORDER BY created_at DESC, id",
	                 value_id(c->who.user));
	json_key(o, "devices");
	json_array_begin(o);
	while (r == 0 && rows_next(rows)) {
		json_object_begin(o);
		json_member_id(o, "id", rows_id(rows, 0));
		json_member_text(o, "endpoint", rows_text(rows, 1));
		json_member_text(o, "device", rows_text(rows, 2));
		json_member_text(o, "created_at", when_text(rows_int(rows, 3), text));
		json_object_end(o);
	}
	json_array_end(o);
	return r < 0 ? r : rows_error(rows);
}

int push_get(Call *c)
{
	Conf *conf = NULL;
	int r = push_conf(c, &conf);
	if (r < 0)
		return r;
	json_object_begin(&c->json);
	json_member_text(&c->json, "key", public_key(c, conf));
	r = devices_write(c);
	json_object_end(&c->json);
	conf_unref(conf);
	return call_store_failed(c, r);
}

static bool is_word(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f)
			return false;
	return true;
}

static int device_check(Call *c, const Conf *conf)
{
	uint8_t point[WEBPUSH_KEY], auth[WEBPUSH_AUTH];
	const char *endpoint = call_text(c, "endpoint"), *fault = net_url_fault(endpoint, conf->allowed_host);
	int r = 0;
	if (strncmp(endpoint, "http", 4) != 0 || !is_word(endpoint) || fault)
		r = call_fault(c, "endpoint", fault ? fault : "url",
		               "The push service of this browser cannot be reached from here.", "无法使用该浏览器的推送服务地址。");
	if (!webpush_read(call_text(c, "p256dh"), point, sizeof point) || !webpush_is_point(point))
		r = call_fault(c, "p256dh", "key", "This is no key of a browser.", "浏览器密钥无效。");
	if (!webpush_read(call_text(c, "auth"), auth, sizeof auth))
		r = call_fault(c, "auth", "key", "This is no secret of a browser.", "浏览器密钥无效。");
	return r;
}

/* A device belongs to whoever used it last; the oldest of too many is forgotten. */
static int device_store(Call *c)
{
	int r = db_exec(c->tx,
	                "INSERT INTO push_device (id, person, endpoint, point, auth, device, created_at) "
	                "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (endpoint) DO UPDATE SET id = $1, person = $2, "
	                "point = $4, auth = $5, device = $6, created_at = $7",
	                value_id(id_new(c->now_ms)), value_id(c->who.user), value_text(call_text(c, "endpoint")),
	                value_text(call_text(c, "p256dh")), value_text(call_text(c, "auth")),
	                value_text(call_text(c, "device")), value_time(c->now_ms));
	if (r == 0)
		r = db_exec(c->tx,
		            "DELETE FROM push_device WHERE person = $1 AND id NOT IN (SELECT id FROM push_device "
		            "WHERE person = $1 ORDER BY created_at DESC, id DESC LIMIT $2)",
		            value_id(c->who.user), value_int(DEVICES_MAX));
	return r;
}

/* Who asks for notifications wants them first; the order can be changed under My channels. */
static int route_add(Call *c, Id channel)
{
	return db_exec(c->tx,
	               "INSERT INTO channel_route (person, channel, place, address) VALUES ($1, $2, "
	               "(SELECT COALESCE(MIN(place), 1) - 1 FROM channel_route WHERE person = $1), '') "
	               "ON CONFLICT (person, channel) DO NOTHING",
	               value_id(c->who.user), value_id(channel));
}

int push_post(Call *c)
{
	Conf *conf = NULL;
	int r = push_conf(c, &conf);
	if (r < 0)
		return r;
	if (!conf)
		return call_fail(c, ERR_CONFLICT, "no_channel",
		                 "No channel for browser notifications is set up. Ask an administrator to add one.",
		                 "尚未设置“浏览器通知”渠道，请联系管理员添加。");
	Id channel = conf->id;
	r = device_check(c, conf);
	conf_unref(conf);
	if (r < 0)
		return r;
	if ((r = device_store(c)) < 0 || (r = route_add(c, channel)) < 0)
		return call_store_failed(c, r);
	c->status = 201;
	return push_get(c);
}

/* By its endpoint; the last one takes the channel out of the person's order. */
int push_delete(Call *c)
{
	int r = db_exec(c->tx, "DELETE FROM push_device WHERE person = $1 AND endpoint = $2", value_id(c->who.user),
	                value_text(call_text(c, "endpoint")));
	if (r == 0)
		r = db_exec(c->tx,
		            "DELETE FROM channel_route WHERE person = $1 AND channel IN (SELECT id FROM channel "
		            "WHERE kind = 'web_push') AND NOT EXISTS (SELECT 1 FROM push_device WHERE person = $1)",
		            value_id(c->who.user));
	return r < 0 ? call_store_failed(c, r) : push_get(c);
}
