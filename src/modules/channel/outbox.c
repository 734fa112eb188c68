/* The rows of the outbox: added with the alert, one a lane (route.c), taken head by head, passed on, settled. Order is
 * kept per receiver and lane: a row waits for those before it, only urgent ones overtake. */
#include <string.h>

#include "base/log.h"
#include "base/random.h"
#include "modules/channel/channel_int.h"
#include "modules/channel/quiet.h"

#define OUTBOX_EXPIRE 500 /* rows that one round lets expire; the rest in the next */

const char *out_state_name(int state)
{
	static const char *const names[] = {"waiting", "sending", "sent", "failed", "dropped", "expired"};
	return state >= 0 && state < (int)ARRAY_LEN(names) ? names[state] : "failed";
}

/* ---- added ---- */

/* One that still waits will tell the newest count by itself. */
static int lane_add(Call *c, Id alert, Id receiver, const Lanes *lanes, const Lane *lane, int64_t until)
{
	int r = db_exec(c->tx,
	                "UPDATE outbox SET valid_until = $3, urgent = $4 "
	                "WHERE receiver = $1 AND state <= 1 AND alert = $2 AND state = 0 AND lane = $5",
	                value_id(receiver), value_id(alert), value_time(until), value_bool(lanes->urgent),
	                value_id(lane->lane));
	if (r < 0 || db_changes(c->tx) > 0)
		return r;
	post_wake_on_commit(c);
	return db_send(c->tx,
	               "INSERT INTO outbox (receiver, channel, place, alert, reason, urgent, state, tries, made_at, "
		"next_at, "
	               "valid_until, lane) VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7, $8, $9, $10)",
	               value_id(receiver), value_id(lane->channel), value_int(lane->place), value_id(alert),
	               value_text(lanes->reason), value_bool(lanes->urgent), value_time(c->now_ms),
	               value_time(lanes->count > 1 ? c->now_ms + OUTBOX_AGAIN_MS : c->now_ms), value_time(until),
	               value_id(lane->lane));
}

int outbox_on_alert(Call *c, Id alert, Id receiver, const char *data)
{
	JsonFault fault;
	Lanes lanes = {0};
	int r = lanes_load(c, alert, receiver, &lanes);
	if (r < 0 || lanes.n == 0)
		return r;
	const json_t *event = data ? json_parse(c, data, strlen(data), &fault) : NULL;
	int64_t until = card_valid_until(c, lanes.reason, json_object_get(event, "data"), lanes.expires_ms);
	for (int i = 0; r == 0 && i < lanes.n; i++)
		r = lane_add(c, alert, receiver, &lanes, &lanes.of[i], until);
	return r;
}

/* ---- waiting rows are taken without waiting ---- */

/* A transaction that alerts many holds rows of many receivers and waits for others of them; a round that waited too
 * would make a circle. So a round leaves out what somebody else is writing; it comes in the next. SQLite has one
 * writer. */
#define ROWS_QUERY(c, ret, sql, ...)                                                      \
	(tx_is_postgres((c)->tx) ? db_query((c)->tx, ret, sql " FOR UPDATE OF o SKIP LOCKED", __VA_ARGS__) \
	                         : db_query((c)->tx, ret, sql, __VA_ARGS__))

/* ---- closed, put off, passed on ---- */

static int row_close(Call *c, int64_t seq, OutState state, const char *code, const char *detail)
{
	return db_exec(c->tx, "UPDATE outbox SET state = $2, done_at = $3, code = $4, detail = $5 WHERE seq = $1",
	               value_int(seq), value_int(state), value_time(c->now_ms), value_text(code), value_text(detail));
}

static int row_put_off(Call *c, int64_t seq, int tries, int64_t next_ms, const char *code, const char *detail)
{
	return db_exec(c->tx,
	               "UPDATE outbox SET state = 0, tries = $2, next_at = $3, code = $4, detail = $5 WHERE seq = $1",
	               value_int(seq), value_int(tries), value_time(next_ms), value_text(code), value_text(detail));
}

/* The row keeps its place in the lane's order; a copy of it stays in the log of the channel that failed. */
static int row_pass(Call *c, int64_t seq, Id channel, int64_t place, const char *code, const char *detail)
{
	int r = db_exec(c->tx,
	                "INSERT INTO outbox (receiver, channel, place, alert, reason, urgent, state, tries, made_at, "
	                "next_at, valid_until, done_at, code, detail, lane) SELECT receiver, channel, place, alert, "
		"reason, urgent, "
	                "3, tries, made_at, next_at, valid_until, $2, $3, $4, lane FROM outbox WHERE seq = $1",
	                value_int(seq), value_time(c->now_ms), value_text(code), value_text(detail));
	if (r < 0)
		return r;
	return db_exec(c->tx,
	               "UPDATE outbox SET channel = $2, place = $3, tries = 0, state = 0, next_at = $4, code = $5 "
	               "WHERE seq = $1",
	               value_int(seq), value_id(channel), value_int(place), value_time(c->now_ms), value_text(code));
}

/* To the next channel if there is one, else what `otherwise` says: FAILED, or WAITING for as it was. */
static int row_move_on(Call *c, int64_t seq, Id receiver, int place, OutState otherwise, const char *code,
	const char *detail)
{
	Id channel;
	int64_t next_place = 0;
	int r = route_next(c, receiver, place, &channel, &next_place);
	if (r < 0)
		return r;
	if (!id_is_nil(channel))
		return row_pass(c, seq, channel, next_place, code, detail);
	return otherwise == OUT_WAITING ? 0 : row_close(c, seq, otherwise, code, detail);
}

typedef struct {
	int64_t seq;
	Id receiver;
	int place;
} OpenRow;

static int rows_move_on(Call *c, Rows *rows, OutState otherwise, const char *code)
{
	OpenRow open[OUTBOX_BATCH];
	int n = 0;
	while (n < OUTBOX_BATCH && rows_next(rows))
		open[n++] = (OpenRow){rows_int(rows, 0), rows_id(rows, 1), (int)rows_int(rows, 2)};
	int r = rows_error(rows);
	for (int i = 0; r == 0 && i < n; i++)
		r = row_move_on(c, open[i].seq, open[i].receiver, open[i].place, otherwise, code, NULL);
	return r < 0 ? r : n;
}

int outbox_divert(Call *c, Id channel, const char *code, bool tried)
{
	ROWS rows = NULL;
	int r = ROWS_QUERY(c, &rows,
	                 "SELECT seq, receiver, place FROM outbox o WHERE channel = $1 AND state <= 1 AND state = 0 "
	                 "AND (next_at <= $2 OR (tries > 0 AND $4 = 1)) "
	                 "AND EXISTS (SELECT 1 FROM channel_route r JOIN channel c ON c.id = r.channel "
	                 "AND c.enabled = 1 AND c.deleted_at IS NULL AND c.breaker <> 'open' AND c.outage IS NULL "
	                 "WHERE r.person = o.receiver AND r.place > o.place AND r.spare = 1 AND NOT EXISTS (SELECT 1 "
	                 "FROM channel_route b WHERE b.person = o.receiver AND b.spare = 0 AND b.place > o.place "
	                 "AND b.place < r.place)) ORDER BY seq LIMIT $3",
	                 value_id(channel), value_time(c->now_ms), value_int(OUTBOX_BATCH), value_int(tried));
	return r < 0 ? r : rows_move_on(c, rows, OUT_WAITING, code);
}

int outbox_abandon(Call *c, Id channel)
{
	int n = OUTBOX_BATCH;
	while (n == OUTBOX_BATCH) {
		ROWS rows = NULL;
		int r = db_query(c->tx, &rows,
		                 "SELECT seq, receiver, place FROM outbox WHERE channel = $1 AND state <= 1 AND state = 0 "
		                 "ORDER BY seq LIMIT $2",
		                 value_id(channel), value_int(OUTBOX_BATCH));
		n = r < 0 ? r : rows_move_on(c, rows, OUT_DROPPED, "channel_removed");
	}
	return n < 0 ? n : 0;
}

int outbox_expire(Call *c)
{
	int64_t seqs[OUTBOX_EXPIRE];
	int n = 0, r;
	{
		ROWS rows = NULL;
		r = ROWS_QUERY(c, &rows, "SELECT o.seq FROM outbox o WHERE o.state <= 1 AND o.state = 0 "
			"AND o.valid_until <= $1 ORDER BY o.seq LIMIT $2", value_time(c->now_ms), value_int(OUTBOX_EXPIRE));
		while (r == 0 && n < OUTBOX_EXPIRE && rows_next(rows))
			seqs[n++] = rows_int(rows, 0);
		if (r < 0 || (r = rows_error(rows)) < 0)
			return r;
	}
	for (int i = 0; r == 0 && i < n; i++)
		r = row_close(c, seqs[i], OUT_EXPIRED, failure_code(FAILURE_EXPIRED), NULL);
	if (r == 0 && n > 0)
		log_info("channel", "%d cards expired before they could be sent", n);
	return r;
}

int outbox_recover(Call *c)
{
	return db_exec(c->tx, "UPDATE outbox SET state = 0, next_at = $1 WHERE state <= 1 AND state = 1",
	               value_time(c->now_ms));
}

int outbox_purge(Call *c)
{
	return db_exec(c->tx, "DELETE FROM outbox WHERE done_at IS NOT NULL AND done_at < $1",
	               value_time(c->now_ms - OUTBOX_KEEP_MS));
}

/* ---- taken ---- */

/* The head of one lane of a receiver, with all that decides about it. */
typedef struct {
	int64_t seq, valid_until_ms, read_ms;
	Id lane;
	int place, tries, quiet_from, quiet_to;
	bool active, quiet, quiet_lets_urgent, more, has_alert;
	const char *address;
	AlertRow alert;
} Head;

static Head head_read(Call *c, const Rows *rows)
{
	const char *address = rows_text(rows, 7), *language = rows_text(rows, 11);
	bool found = !rows_is_null(rows, 16);
	return (Head){
		.seq = rows_int(rows, 0),
		.place = (int)rows_int(rows, 3),
		.tries = (int)rows_int(rows, 4),
		.valid_until_ms = rows_int(rows, 6),
		.address = talloc_strdup(c, address ? address : ""),
		.active = rows_int(rows, 9) != 0 && rows_is_null(rows, 10),
		.quiet = !rows_is_null(rows, 13),
		.quiet_from = (int)rows_int(rows, 13),
		.quiet_to = (int)rows_int(rows, 14),
		.quiet_lets_urgent = rows_int(rows, 15) != 0,
		.has_alert = found,
		.read_ms = rows_int(rows, 22),
		.lane = rows_id(rows, 23),
		.more = rows_int(rows, 24) != 0,
		.alert = {
			.receiver = rows_id(rows, 1),
			.id = rows_id(rows, 2),
			.urgent = rows_int(rows, 5) != 0,
			.receiver_name = talloc_strdup(c, rows_text(rows, 8)),
			.lang = language && strcmp(language, "en") == 0 ? LANG_EN : LANG_ZH,
			.zone = rows_text(rows, 12) ? talloc_strdup(c, rows_text(rows, 12)) : NULL,
			.reason = found ? talloc_strdup(c, rows_text(rows, 16)) : NULL,
			.count = rows_int(rows, 17),
			.data = rows_text(rows, 18) ? talloc_strdup(c, rows_text(rows, 18)) : NULL,
			.object = rows_text(rows, 19) ? talloc_strdup(c, rows_text(rows, 19)) : NULL,
			.record = rows_id(rows, 20),
			.at_ms = rows_int(rows, 21),
		},
	};
}

/* The zone of the receiver: of the own calendar, of the team's, of the nearest team above that has one, else of the
 * house, whose calendar is the first there was. */
#define ZONE_SQL \
	"COALESCE(pk.zone, tk.zone, (WITH RECURSIVE above (id, depth) AS (SELECT t.parent, 1 UNION ALL " \
	"SELECT u.parent, depth + 1 FROM above JOIN team u ON u.id = above.id WHERE depth < 32) " \
	"SELECT k.zone FROM above JOIN team u ON u.id = above.id JOIN calendar k ON k.id = u.calendar " \
	"AND k.deleted_at IS NULL ORDER BY depth LIMIT 1), " \
	"(SELECT zone FROM calendar WHERE deleted_at IS NULL ORDER BY id LIMIT 1))"

static int heads_load(Call *c, Id channel, int max, Head *out, int *ret_n)
{
	ROWS rows = NULL;
	int n = 0, r = ROWS_QUERY(
		c, &rows,
		"SELECT o.seq, o.receiver, o.alert, o.place, o.tries, o.urgent, o.valid_until, r.address, p.name, p.active, "
		"p.deleted_at, p.language, " ZONE_SQL ", q.from_minute, q.to_minute, q.urgent, a.reason, "
			"a.count, "
		"a.data, a.object, a.record, a.at, a.read_at, o.lane, "
		"CASE WHEN EXISTS (SELECT 1 FROM outbox m WHERE m.receiver = o.receiver AND m.lane = o.lane AND m.state <= 1 "
		"AND m.seq > o.seq) "
		"THEN 1 ELSE 0 END "
		"FROM outbox o JOIN person p ON p.id = o.receiver "
		"LEFT JOIN channel_route r ON r.person = o.receiver AND r.channel = o.channel "
		"LEFT JOIN alert a ON a.id = o.alert LEFT JOIN channel_quiet q ON q.person = o.receiver "
		"LEFT JOIN team t ON t.id = p.team LEFT JOIN calendar pk ON pk.id = p.calendar "
		"AND pk.deleted_at IS NULL LEFT JOIN calendar tk ON tk.id = t.calendar AND tk.deleted_at IS NULL "
		"WHERE o.channel = $1 AND o.state <= 1 AND o.state = 0 AND o.next_at <= $2 AND NOT EXISTS "
		"(SELECT 1 FROM outbox e WHERE e.receiver = o.receiver AND e.lane = o.lane AND e.state <= 1 "
		"AND e.seq < o.seq "
		"AND e.urgent >= o.urgent) ORDER BY o.seq LIMIT $3",
		value_id(channel), value_time(c->now_ms), value_int(max));
	while (r == 0 && n < max && rows_next(rows))
		out[n++] = head_read(c, rows);
	*ret_n = n;
	return r < 0 ? r : rows_error(rows);
}

/* Milliseconds until the quiet hours of the receiver end; 0: they are not on. */
static int64_t quiet_left(const Head *head, int64_t now_ms)
{
	if (!head->quiet || (head->alert.urgent && head->quiet_lets_urgent))
		return 0;
	return quiet_end(head->alert.zone, (QuietHours){head->quiet_from, head->quiet_to}, now_ms) - now_ms;
}

/* Why this row is not to be sent at all, with the state it ends in; FAILURE_NONE if it is. */
static Failure head_ends(const Head *head, int64_t now_ms, OutState *ret_state)
{
	*ret_state = OUT_DROPPED;
	if (!head->active)
		return FAILURE_RECEIVER_LEFT;
	if (head->has_alert && head->read_ms)
		return FAILURE_READ;
	*ret_state = OUT_EXPIRED;
	if (!head->has_alert || head->valid_until_ms <= now_ms)
		return FAILURE_EXPIRED;
	return FAILURE_NONE;
}

/* What waits behind the head in its lane for the same reason goes with it, up to what another channel of the lane has
 * to carry first. */
static int merge(Call *c, Id channel, Head *head, Message *m)
{
	ROWS rows = NULL;
	m->seqs = talloc_array(m, int64_t, head->more ? OUTBOX_MERGE_MAX : 1);
	m->seqs[m->n++] = head->seq;
	if (!head->more)
		return 0;
	int r = ROWS_QUERY(c, &rows,
	                 "SELECT o.seq, a.count FROM outbox o JOIN alert a ON a.id = o.alert "
	                 "WHERE o.receiver = $1 AND o.lane = $7 AND o.state <= 1 AND o.state = 0 AND o.channel = $2 "
	                 "AND o.reason = $3 "
	                 "AND o.seq > $4 AND a.read_at IS NULL AND o.valid_until > $5 "
	                 "AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.receiver = o.receiver AND e.lane = o.lane "
	                 "AND e.state <= 1 AND e.reason = o.reason AND e.channel <> o.channel AND e.seq > $4 "
	                 "AND e.seq < o.seq) ORDER BY o.seq LIMIT $6",
	                 value_id(head->alert.receiver), value_id(channel), value_text(head->alert.reason),
	                 value_int(head->seq), value_time(c->now_ms), value_int(OUTBOX_MERGE_MAX - 1),
	                 value_id(head->lane));
	while (r == 0 && rows_next(rows)) {
		m->seqs[m->n++] = rows_int(rows, 0);
		head->alert.count += rows_int(rows, 1);
	}
	return r < 0 ? r : rows_error(rows);
}

/* Texts of the card live in c; the message has to live longer. */
static void card_keep(Message *m, const Card *card, const Head *head)
{
	char id[ID_TEXT_SIZE];
	m->card = *card;
	m->card.title = talloc_strdup(m, card->title);
	for (int i = 0; i < card->n_lines; i++)
		m->card.lines[i].value = talloc_strdup(m, card->lines[i].value);
	const char **const texts[] = {&m->card.countdown, &m->card.link, &m->card.reason, &m->card.object, &m->card.data,
		&m->card.receiver};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = *texts[i] ? talloc_strdup(m, *texts[i]) : NULL;
	m->card.id = talloc_asprintf(m, "msg_%s_%lld", id_text(head->alert.id, id), (long long)head->seq);
	m->address = talloc_strdup(m, head->address);
}

static int mark_sending(Call *c, const Message *m)
{
	int r = 0;
	for (int i = 0; r == 0 && i < m->n; i++)
		r = db_exec(c->tx, "UPDATE outbox SET state = 1 WHERE seq = $1", value_int(m->seqs[i]));
	return r;
}

static int head_card(Call *c, Channel *channel, Head *head, Message *m)
{
	Card card;
	Failure stale = FAILURE_NONE;
	if (channel->conf->kind->devices) {
		int r = devices_load(c, head->alert.receiver, &head->address);
		if (r < 0)
			return r;
		if (!head->address[0]) {
			m->n = 0;
			return row_move_on(c, head->seq, head->alert.receiver, head->place, OUT_FAILED,
			                   failure_code(FAILURE_NO_DEVICE), NULL);
		}
	}
	int r = merge(c, channel->id, head, m);
	if (r == 0)
		r = card_make(c, &head->alert, channel->conf->kind->group, &card, &stale);
	if (r < 0)
		return r;
	if (stale) {
		m->n = 0;
		return row_close(c, head->seq, OUT_DROPPED, failure_code(stale), NULL);
	}
	m->channel = channel;
	m->receiver = head->alert.receiver;
	m->place = head->place;
	m->tries = head->tries;
	card_keep(m, &card, head);
	return mark_sending(c, m);
}

/* One head: ended, put off, passed on, or a message. */
static int head_take(Call *c, Channel *channel, Head *head, Message **ret)
{
	OutState state;
	const ChannelKind *kind = channel->conf->kind;
	Failure ends = head_ends(head, c->now_ms, &state);
	if (ends)
		return row_close(c, head->seq, state, failure_code(ends), NULL);
	int64_t quiet = quiet_left(head, c->now_ms);
	if (quiet)
		return row_put_off(c, head->seq, head->tries, c->now_ms + quiet, failure_code(FAILURE_QUIET_HOURS), NULL);
	if (kind->address_required && !head->address[0])
		return row_move_on(c, head->seq, head->alert.receiver, head->place, OUT_FAILED,
		                   failure_code(FAILURE_NO_ADDRESS), NULL);
	Message *m = talloc_zero(NULL, Message);
	int r = head_card(c, channel, head, m);
	if (r < 0 || m->n == 0)
		talloc_free(m);
	else
		*ret = m;
	return r;
}

int outbox_take(Call *c, Channel *channel, int max, Message ***tail, int *ret_n)
{
	Head *heads = talloc_array(c, Head, (unsigned)max);
	int n = 0, r = heads_load(c, channel->id, max, heads, &n);
	*ret_n = 0;
	for (int i = 0; r == 0 && i < n; i++) {
		Message *m = NULL;
		r = head_take(c, channel, &heads[i], &m);
		if (m) {
			**tail = m;
			*tail = &m->next;
			++*ret_n;
		}
	}
	talloc_free(heads);
	return r;
}

/* ---- settled ---- */

static int settle_retry(Call *c, const Message *m, int64_t seq)
{
	const Verdict *v = &m->verdict;
	int tries = m->tries + 1;
	Id channel = ID_NIL;
	int64_t place = 0, wait = backoff_ms(tries, random_u64());
	int r = tries >= OUTBOX_TRIES_FALL ? route_next(c, m->receiver, m->place, &channel, &place) : 0;
	if (r < 0)
		return r;
	if (!id_is_nil(channel))
		return row_pass(c, seq, channel, place, v->code, v->detail);
	if (tries >= OUTBOX_TRIES_MAX)
		return row_close(c, seq, OUT_FAILED, v->code, v->detail);
	return row_put_off(c, seq, tries, c->now_ms + (wait > v->wait_ms ? wait : v->wait_ms), v->code, v->detail);
}

static int settle_row(Call *c, const Message *m, int64_t seq)
{
	const Verdict *v = &m->verdict;
	switch (v->kind) {
	case VERDICT_DONE:
		return db_exec(c->tx, "UPDATE outbox SET state = 2, done_at = $2, code = NULL, detail = NULL WHERE seq = $1",
		               value_int(seq), value_time(c->now_ms));
	case VERDICT_RECEIVER:
	case VERDICT_CONTENT:
		return row_move_on(c, seq, m->receiver, m->place, OUT_FAILED, v->code, v->detail);
	case VERDICT_RETRY:
		return settle_retry(c, m, seq);
	default: /* the channel rests; the row waits, and is passed on if there is somewhere to go */
		return row_put_off(c, seq, m->tries, c->now_ms, v->code, v->detail);
	}
}

int outbox_settle(Call *c, const Message *m)
{
	int r = m->delivery.gone ? devices_drop(c, m->receiver, m->address, m->delivery.gone) : 0;
	for (int i = 0; r == 0 && i < m->n; i++)
		r = settle_row(c, m, m->seqs[i]);
	return r;
}
