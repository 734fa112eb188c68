/* Channels as what the house depends on outside: told to whoever watches over them, and passed by while they are not to
 * be relied upon. */
#include <string.h>

#include "event/outside.h"
#include "modules/channel/channel_int.h"

static const char *url_of(TALLOC_CTX *ctx, const Conf *conf)
{
	for (const Setting *s = conf->kind->settings; s->name; s++)
		if (s->type == SETTING_URL)
			return outside_origin(ctx, conf_text(conf, s->name));
	return NULL;
}

static const char *state_of(const Conf *conf, const char *breaker)
{
	if (!conf->enabled)
		return "off";
	return conf->fault || strcmp(breaker, "open") == 0 || strcmp(breaker, "half_open") == 0 ? "down" : "up";
}

static OutsideItem *item_of(OutsideItem *items, int n, Id id)
{
	for (int i = 0; i < n; i++)
		if (id_equal(items[i].id, id))
			return &items[i];
	return NULL;
}

static int states_load(Call *c, Conf *const *confs, OutsideItem *items, int n)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
	                 "SELECT id, breaker, breaker_code, breaker_detail, outage FROM channel WHERE deleted_at IS NULL");
	while (r == 0 && rows_next(rows)) {
		OutsideItem *item = item_of(items, n, rows_id(rows, 0));
		if (!item)
			continue;
		const Conf *conf = confs[item - items];
		item->state = state_of(conf, rows_text(rows, 1));
		item->code = conf->fault ? failure_code(conf->fault) : talloc_strdup(c, rows_text(rows, 2));
		item->said_zh = kind_said(c, conf->kind, item->code, LANG_ZH);
		item->said_en = kind_said(c, conf->kind, item->code, LANG_EN);
		item->detail = talloc_strdup(c, rows_text(rows, 3));
		item->outage = talloc_strdup(c, rows_text(rows, 4));
	}
	return r < 0 ? r : rows_error(rows);
}

/* Who is reached by each, and who by nothing else that is switched on. */
static int people_load(Call *c, OutsideItem *items, int n)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
	                 "SELECT r.channel, COUNT(*), SUM(CASE WHEN EXISTS (SELECT 1 FROM channel_route o JOIN channel k "
	                 "ON k.id = o.channel AND k.enabled = 1 AND k.deleted_at IS NULL AND k.outage IS NULL "
	                 "WHERE o.person = r.person AND o.channel <> r.channel) THEN 0 ELSE 1 END) FROM channel_route r "
	                 "JOIN person p ON p.id = r.person AND p.active = 1 AND p.deleted_at IS NULL GROUP BY r.channel");
	while (r == 0 && rows_next(rows)) {
		OutsideItem *item = item_of(items, n, rows_id(rows, 0));
		if (!item)
			continue;
		item->people = rows_int(rows, 1);
		item->alone = rows_int(rows, 2);
	}
	return r < 0 ? r : rows_error(rows);
}

static int channels_tell_of(Call *c, OutsideItem **ret, size_t *ret_n)
{
	Conf **confs;
	int n = 0, r = conf_load_all(c, &confs, &n);
	if (r < 0)
		return r;
	OutsideItem *items = talloc_zero_array(c, OutsideItem, CHANNELS_MAX);
	for (int i = 0; i < n; i++)
		items[i] = (OutsideItem){.id = confs[i]->id, .name = talloc_strdup(c, confs[i]->name),
			.type = confs[i]->kind->name, .url = url_of(c, confs[i]), .state = "unknown",
			.allowed_host = confs[i]->allowed_host ? talloc_strdup(c, confs[i]->allowed_host) : NULL};
	r = states_load(c, confs, items, n);
	if (r == 0)
		r = people_load(c, items, n);
	for (int i = 0; i < n; i++)
		conf_unref(confs[i]);
	*ret = items;
	*ret_n = (size_t)n;
	return call_store_failed(c, r);
}

/* What waits for it is looked at anew: post.c passes it on at once. */
static int channel_told(Call *c, Id id, const char *why)
{
	int r = db_exec(c->tx, "UPDATE channel SET outage = $2 WHERE id = $1", value_id(id), value_text(why));
	return r < 0 ? call_store_failed(c, r) : post_changed(c, id);
}

const OutsideKind channel_outside = {.kind = "channel", .by_itself = true, .list = channels_tell_of,
	.tell = channel_told, .said = channel_said};
