/* The channels of one person, in their order: a lane is a channel that always gets the alert, with the spare ones
 * behind it, of which the next stands in when the one before fails. Whatever stands first begins a lane. */
#include <string.h>

#include "modules/channel/channel_int.h"

/* ---- the lanes an alert goes out on ---- */

/* Of each lane the first channel that is to be relied upon; where there is none, the first one all the same. */
static void lane_choose(Lanes *lanes, const Rows *rows)
{
	Id channel = rows_id(rows, 0);
	bool spare = rows_int(rows, 2) != 0, usable = rows_int(rows, 3) != 0, out = !rows_is_null(rows, 4);
	bool rests = out || rows_int(rows, 5) != 0;
	if (lanes->n == 0 || !spare)
		lanes->of[lanes->n++] = (Lane){.lane = channel};
	Lane *lane = &lanes->of[lanes->n - 1];
	if (usable && (id_is_nil(lane->channel) || (lane->rests && !rests)))
		*lane = (Lane){.lane = lane->lane, .channel = channel, .place = (int)rows_int(rows, 1), .rests = rests,
			.out = out};
}

/* Drops what leads nowhere: lanes without a channel that is switched on, and those that are known to be out where
 * another will do. Nobody is left out. */
static void lanes_narrow(Lanes *lanes)
{
	bool reached = false;
	int n = 0;
	for (int i = 0; i < lanes->n; i++)
		reached = reached || (!id_is_nil(lanes->of[i].channel) && !lanes->of[i].rests);
	for (int i = 0; i < lanes->n; i++)
		if (!id_is_nil(lanes->of[i].channel) && !(reached && lanes->of[i].out))
			lanes->of[n++] = lanes->of[i];
	lanes->n = n;
}

int lanes_load(Call *c, Id alert, Id receiver, Lanes *ret)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
	                 "SELECT r.channel, r.place, r.spare, "
	                 "CASE WHEN c.enabled = 1 AND c.deleted_at IS NULL THEN 1 ELSE 0 END, c.outage, "
	                 "CASE WHEN c.breaker = 'open' AND c.retry_at > $3 THEN 1 ELSE 0 END, a.expires, "
	                 "a.count, a.reason, a.urgent FROM channel_route r JOIN channel c ON c.id = r.channel "
	                 "JOIN alert a ON a.id = $2 WHERE r.person = $1 ORDER BY r.place LIMIT $4",
	                 value_id(receiver), value_id(alert), value_time(c->now_ms), value_int(LANES_MAX));
	ret->n = 0;
	while (r == 0 && ret->n < LANES_MAX && rows_next(rows)) {
		lane_choose(ret, rows);
		ret->expires_ms = rows_int(rows, 6);
		ret->count = rows_int(rows, 7);
		strncpy(ret->reason, rows_text(rows, 8), sizeof ret->reason - 1);
		ret->urgent = rows_int(rows, 9) != 0;
	}
	lanes_narrow(ret);
	return r < 0 ? r : rows_error(rows);
}

/* ---- one stands in for another ---- */

int route_next(Call *c, Id receiver, int place, Id *ret_channel, int64_t *ret_place)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
	                 "SELECT r.channel, r.place FROM channel_route r JOIN channel c ON c.id = r.channel "
	                 "AND c.enabled = 1 AND c.deleted_at IS NULL AND c.breaker <> 'open' AND c.outage IS NULL "
	                 "WHERE r.person = $1 AND r.place > $2 AND r.spare = 1 "
	                 "AND NOT EXISTS (SELECT 1 FROM channel_route b WHERE b.person = r.person AND b.spare = 0 "
	                 "AND b.place > $2 AND b.place < r.place) ORDER BY r.place LIMIT 1",
	                 value_id(receiver), value_int(place));
	*ret_channel = ID_NIL;
	if (r < 0)
		return r;
	if (rows_next(rows)) {
		*ret_channel = rows_id(rows, 0);
		*ret_place = rows_int(rows, 1);
	}
	return rows_error(rows);
}

/* Without this the spare one would fall to the lane before, and stand in for somebody else. */
int routes_hand_on(Call *c, Id channel)
{
	return db_exec(c->tx,
	               "UPDATE channel_route SET spare = 0 WHERE spare = 1 AND EXISTS (SELECT 1 FROM channel_route g "
	               "WHERE g.person = channel_route.person AND g.channel = $1 AND g.spare = 0 "
	               "AND g.place < channel_route.place AND NOT EXISTS (SELECT 1 FROM channel_route b "
	               "WHERE b.person = g.person AND b.place > g.place AND b.place < channel_route.place))",
	               value_id(channel));
}

int routes_replace(Call *c, Id person)
{
	return db_exec(c->tx,
	               "UPDATE outbox SET place = (SELECT r.place FROM channel_route r WHERE r.person = outbox.receiver "
	               "AND r.channel = outbox.channel) WHERE receiver = $1 AND state <= 1 AND EXISTS (SELECT 1 "
	               "FROM channel_route r WHERE r.person = outbox.receiver AND r.channel = outbox.channel)",
	               value_id(person));
}
