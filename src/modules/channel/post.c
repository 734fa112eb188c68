/* The thread that empties the outbox. It alone owns the channels' pace and breakers; each round it settles what came
 * back, takes out what may go, both in one transaction, and hands the cards to the net. */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/cond.h"
#include "base/log.h"
#include "base/random.h"
#include "event/follow.h"
#include "event/outside.h"
#include "event/timer.h"
#include "modules/channel/channel_int.h"
#include "record/phase.h"

#define DIVERT_MS (5 * SECOND_MS)   /* between looks at what waits for a channel that rests */
#define EXPIRE_MS 500               /* between looks at what is over; heads are looked at one by one anyway */
#define FAREWELL_MS 3000            /* how long a stop waits for answers that are under way */
#define TROUBLE_MS 1000             /* pause after a transaction that failed */
#define STANDBY_MS 1000             /* between looks whether this process is the one to send now */
#define ADMINS_MAX 20
#define PURGE_KIND "channel.purge"

struct Post {
	House *house;
	pthread_t thread;
	bool runs;
	int reign;                  /* not 0: this process is the one that sends; the thread's alone */
	atomic_bool used;           /* there is, or may soon be, a channel */

	pthread_mutex_t lock;       /* guards what follows */
	pthread_cond_t woken;
	Message *done, **done_last; /* came back from the net */
	bool wake, reload, stopping;

	/* of the thread */
	Channel *channels;
	Message *settled;           /* taken from done, not yet written down */
	Message *taken;
	int under_way;
	int64_t divert_at_ms, expire_at_ms; /* monotonic */
};

Post *post_of(const House *house)
{
	return house->post;
}

bool post_is_used(const Post *post)
{
	return post && atomic_load_explicit(&post->used, memory_order_relaxed);
}

/* ---- what others say ---- */

static void post_wake(void *arg)
{
	Post *post = arg;
	pthread_mutex_lock(&post->lock);
	post->wake = true;
	pthread_cond_signal(&post->woken);
	pthread_mutex_unlock(&post->lock);
}

static void post_reload(void *arg)
{
	Post *post = arg;
	pthread_mutex_lock(&post->lock);
	post->wake = post->reload = true;
	pthread_cond_signal(&post->woken);
	pthread_mutex_unlock(&post->lock);
}

void post_wake_on_commit(Call *c)
{
	tx_on_commit(c->tx, post_wake, c->house->post);
}

int post_changed(Call *c, Id channel)
{
	atomic_store(&c->house->post->used, true); /* before the COMMIT: what is written meanwhile shall see it */
	tx_on_commit(c->tx, post_reload, c->house->post);
	return record_event(c, &(EventRow){.kind = "channel.changed", .object = "channel", .record = channel});
}

/* Net thread. */
static void on_delivered(void *arg, const Verdict *verdict, const NetAnswer *answer)
{
	(void)answer;
	Message *m = arg;
	Post *post = m->post;
	m->verdict = *verdict;
	m->next = NULL;
	pthread_mutex_lock(&post->lock);
	*post->done_last = m;
	post->done_last = &m->next;
	pthread_cond_signal(&post->woken);
	pthread_mutex_unlock(&post->lock);
}

/* ---- channels ---- */

static Channel *channel_find(Post *post, Id id)
{
	for (Channel *ch = post->channels; ch; ch = ch->next)
		if (id_equal(ch->id, id))
			return ch;
	return NULL;
}

/* What is remembered of a channel is of a time since when another process may have sent. */
static void channel_forget(Channel *ch)
{
	TALLOC_FREE(ch->minute.times);
	TALLOC_FREE(ch->second.times);
	ch->breaker = (Breaker){0};
	ch->paused_until_ms = 0;
}

static void channel_set(Channel *ch, Conf *conf)
{
	int rate = conf->rate ? conf->rate : conf->kind->rate_minute;
	if (rate > PACE_MAX)
		rate = PACE_MAX;
	if (!ch->minute.times || ch->minute.max != rate) {
		talloc_free(ch->minute.times);
		window_init(ch, &ch->minute, rate, MINUTE_MS);
	}
	if (!ch->second.times)
		window_init(ch, &ch->second, conf->kind->rate_second, SECOND_MS);
	conf_unref(ch->conf);
	ch->conf = conf;
}

/* Sends of the last minute count after a restart too. */
static int channel_count_past(Call *c, Channel *ch)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
	                 "SELECT done_at FROM outbox WHERE channel = $1 AND done_at IS NOT NULL AND done_at > $2 "
		"AND state = 2 "
	                 "ORDER BY done_at LIMIT $3",
	                 value_id(ch->id), value_time(c->now_ms - MINUTE_MS), value_int(PACE_MAX));
	while (r == 0 && rows_next(rows))
		window_count(&ch->minute, rows_int(rows, 0));
	return r < 0 ? r : rows_error(rows);
}

static int channel_breaker_load(Call *c, Channel *ch, bool new)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT breaker, retry_at FROM channel WHERE id = $1", value_id(ch->id));
	if (r < 0 || !rows_next(rows))
		return r;
	bool open = strcmp(rows_text(rows, 0), "open") == 0;
	if (new && strcmp(rows_text(rows, 0), "limited") == 0)
		ch->paused_until_ms = rows_int(rows, 1);
	if (open && new)
		ch->breaker = (Breaker){.state = BREAKER_OPEN, .openings = 1, .retry_at_ms = rows_int(rows, 1)};
	else if (!open && ch->breaker.state != BREAKER_CLOSED)
		ch->breaker = (Breaker){0}; /* somebody mended it */
	return rows_error(rows);
}

static int channels_load(Call *c, Post *post)
{
	Conf **confs;
	int n = 0, r = conf_load_all(c, &confs, &n);
	if (r < 0)
		return r;
	for (Channel *ch = post->channels; ch; ch = ch->next) {
		conf_unref(ch->conf);
		ch->conf = NULL;
	}
	for (int i = 0; i < n; i++) {
		Channel *ch = channel_find(post, confs[i]->id);
		bool new = !ch || ch->fresh;
		if (ch && new)
			channel_forget(ch);
		if (!ch) {
			ch = talloc_zero(post, Channel);
			ch->id = confs[i]->id;
			ch->next = post->channels;
			post->channels = ch;
		}
		channel_set(ch, confs[i]);
		if (new)
			r = channel_count_past(c, ch);
		if (r == 0)
			r = channel_breaker_load(c, ch, new);
		ch->fresh = r < 0 && new;
	}
	atomic_store(&post->used, n > 0);
	return r;
}

static int load_job(Tx *tx, void *arg)
{
	Post *post = arg;
	return channels_load(call_new_system(tx_mem(tx), post->house, tx, "channel"), post);
}

static bool channel_rests(const Channel *ch, int64_t now_ms)
{
	return !ch->conf || !ch->conf->enabled || ch->conf->outage || ch->breaker.state == BREAKER_OPEN ||
	       ch->paused_until_ms >= now_ms + REST_DIVERT_MS;
}

/* How many messages may go now. */
static int channel_room(Channel *ch, int64_t now_ms, int wanted)
{
	if (!ch->conf || !ch->conf->enabled || ch->paused_until_ms > now_ms)
		return 0;
	int room = breaker_room(&ch->breaker, now_ms, wanted);
	if (ch->breaker.state == BREAKER_HALF && ch->under_way > 0)
		return 0;
	room = window_room(&ch->minute, now_ms, room);
	return window_room(&ch->second, now_ms, room);
}

/* ---- what a verdict means for its channel ---- */

static void channel_note(Channel *ch, const Verdict *v)
{
	memcpy(ch->last_code, v->code, sizeof ch->last_code);
	memcpy(ch->last_detail, v->detail, sizeof ch->last_detail);
	ch->changed = true;
}

static void channel_fails(Channel *ch, const Verdict *v, int64_t now_ms, bool hard)
{
	if (!breaker_failure(&ch->breaker, now_ms, hard, random_u64()))
		return;
	ch->opened = ch->breaker.openings == 1;
	channel_note(ch, v);
	log_warn("channel", "channel \"%s\" is down: %s %s", ch->conf ? ch->conf->name : "", v->code, v->detail);
}

static void channel_judge(Channel *ch, const Verdict *v, int64_t now_ms)
{
	bool ours = strcmp(v->code, failure_code(FAILURE_BUSY)) == 0 || strcmp(v->code, failure_code(FAILURE_STOPPED)) == 0;
	switch (v->kind) {
	case VERDICT_DONE:
	case VERDICT_RECEIVER:
	case VERDICT_CONTENT:
		if (breaker_success(&ch->breaker))
			ch->changed = true;
		break;
	case VERDICT_LIMITED:
		ch->paused_until_ms = now_ms + (v->wait_ms ? v->wait_ms : MINUTE_MS);
		channel_note(ch, v);
		break;
	case VERDICT_GONE:
		ch->gone = true;
		channel_fails(ch, v, now_ms, true);
		break;
	case VERDICT_CHANNEL:
	case VERDICT_REFRESH:
		channel_fails(ch, v, now_ms, true);
		break;
	case VERDICT_RETRY:
		if (!ours && !(ch->conf && ch->conf->kind->devices)) /* hosts that people name: none speaks for the others */
			channel_fails(ch, v, now_ms, false);
		break;
	}
}

/* Moves what came back into `settled`; how many. */
static int collect(Post *post, int64_t now_ms)
{
	int n = 0;
	pthread_mutex_lock(&post->lock);
	Message *m = post->done;
	post->done = NULL;
	post->done_last = &post->done;
	pthread_mutex_unlock(&post->lock);
	for (Message *next; m; m = next, n++) {
		next = m->next;
		m->channel->under_way--;
		post->under_way--;
		channel_judge(m->channel, &m->verdict, now_ms);
		m->next = post->settled;
		post->settled = m;
	}
	return n;
}

/* ---- one round's transaction ---- */

static int admins_tell(Call *c, const Channel *ch)
{
	Id admins[ADMINS_MAX];
	char id[ID_TEXT_SIZE];
	ROWS rows = NULL;
	int n = 0, r = db_query(c->tx, &rows,
	                        "SELECT id FROM person WHERE role = 'administrator' AND active = 1 AND deleted_at IS NULL "
	                        "ORDER BY id LIMIT $1",
	                        value_int(ADMINS_MAX));
	while (r == 0 && n < ADMINS_MAX && rows_next(rows))
		admins[n++] = rows_id(rows, 0);
	Buf *data = buf_new(c, 4096);
	JsonOut o = json_out(data);
	json_object_begin(&o);
	json_member_text(&o, "name", ch->conf->name);
	json_member_text(&o, "zh", kind_said(c, ch->conf->kind, ch->last_code, LANG_ZH));
	json_member_text(&o, "en", kind_said(c, ch->conf->kind, ch->last_code, LANG_EN));
	json_object_end(&o);
	for (int i = 0; r == 0 && i < n; i++)
		r = alert_send(c, &(Alert){.receiver = admins[i], .reason = "channel.down", .object = "channel",
			.record = ch->id,
			.data = data->data, .merge_key = talloc_asprintf(c, "channel.down %s", id_text(ch->id, id))});
	return r;
}

static int channel_save(Call *c, const Channel *ch)
{
	bool limited = ch->breaker.state == BREAKER_CLOSED && ch->paused_until_ms > c->now_ms;
	bool well = ch->breaker.state == BREAKER_CLOSED && !limited;
	int r = db_exec(c->tx,
	                "UPDATE channel SET breaker = $2, breaker_code = $3, breaker_detail = $4, breaker_at = $5, "
	                "retry_at = $6, enabled = CASE WHEN $7 = 1 THEN 0 ELSE enabled END WHERE id = $1",
	                value_id(ch->id), value_text(limited ? "limited" : breaker_name(&ch->breaker)),
	                value_text(well ? NULL : ch->last_code), value_text(well ? NULL : ch->last_detail),
	                value_time(c->now_ms), value_time(limited ? ch->paused_until_ms : ch->breaker.retry_at_ms),
	                value_bool(ch->gone));
	return r == 0 && ch->opened && ch->conf ? admins_tell(c, ch) : r;
}

static int round_settle(Call *c, Post *post)
{
	int r = 0;
	for (const Message *m = post->settled; r == 0 && m; m = m->next)
		if (m->reign == post->reign || m->verdict.kind == VERDICT_DONE) /* the rest is another's to send again */
			r = outbox_settle(c, m);
	for (const Channel *ch = post->channels; r == 0 && ch; ch = ch->next)
		if (ch->changed)
			r = channel_save(c, ch);
	return r;
}

static int round_settle_job(Tx *tx, void *arg)
{
	Post *post = arg;
	return round_settle(call_new_system(tx_mem(tx), post->house, tx, "channel"), post);
}

static const char *rest_code(const Channel *ch)
{
	if (ch->conf && ch->conf->outage)
		return failure_code(strcmp(ch->conf->outage, "expired") == 0 ? FAILURE_SERVICE_EXPIRED : FAILURE_SERVICE_DOWN);
	return ch->last_code[0] ? ch->last_code : failure_code(FAILURE_RESTING);
}

static int round_divert(Call *c, Post *post)
{
	int r = 0;
	for (const Channel *ch = post->channels; r >= 0 && ch; ch = ch->next)
		if (channel_rests(ch, c->now_ms))
			r = outbox_divert(c, ch->id, rest_code(ch), ch->conf && ch->conf->outage);
	return r < 0 ? r : 0;
}

static void messages_free(Message **list)
{
	for (Message *next, *m = *list; m; m = next) {
		next = m->next;
		talloc_free(m);
	}
	*list = NULL;
}

static int round_take(Call *c, Post *post)
{
	int r = 0, left = OUTBOX_UNDER_WAY_MAX - post->under_way;
	Message **tail = &post->taken;
	for (Channel *ch = post->channels; r == 0 && left > 0 && ch; ch = ch->next) {
		int n = 0, room = channel_room(ch, c->now_ms, left < OUTBOX_BATCH ? left : OUTBOX_BATCH);
		if (room > 0)
			r = outbox_take(c, ch, room, &tail, &n);
		left -= n;
	}
	return r;
}

/* May run again from its start: what an earlier run took is thrown away. */
static int round_job(Tx *tx, void *arg)
{
	Post *post = arg;
	messages_free(&post->taken);
	Call *c = call_new_system(tx_mem(tx), post->house, tx, "channel");
	int r = round_settle(c, post);
	if (r == 0 && clock_monotonic_ms() >= post->expire_at_ms)
		r = outbox_expire(c);
	if (r == 0 && clock_monotonic_ms() >= post->divert_at_ms)
		r = round_divert(c, post);
	return r < 0 ? r : round_take(c, post);
}

/* ---- after the COMMIT ---- */

static void round_done(Post *post)
{
	bool gone = false;
	messages_free(&post->settled);
	for (Channel *ch = post->channels; ch; ch = ch->next) {
		gone = gone || ch->gone;
		if (ch->changed && channel_rests(ch, clock_now_ms(post->house->clock)))
			post->divert_at_ms = 0; /* what waits for it is looked at in the next round */
		ch->changed = ch->opened = ch->gone = false;
	}
	if (gone)
		post_reload(post);
}

static int round_send(Post *post)
{
	int n = 0;
	int64_t now_ms = clock_now_ms(post->house->clock);
	for (Message *next, *m = post->taken; m; m = next, n++) {
		next = m->next;
		window_count(&m->channel->minute, now_ms);
		window_count(&m->channel->second, now_ms);
		m->channel->under_way++;
		post->under_way++;
		m->post = post;
		m->reign = post->reign;
		m->delivery = (Delivery){.conf = conf_ref(m->channel->conf), .card = &m->card, .address = m->address,
			.done = on_delivered, .arg = m};
		deliver(post->house->net, &m->delivery);
	}
	post->taken = NULL;
	return n;
}

/* ---- looking ---- */

typedef struct {
	Post *post;
	bool waits; /* something is open */
	bool due;   /* and something can be done about it */
} Look;

static int exists(Tx *tx, bool *ret, const char *sql, Value a, Value b)
{
	ROWS rows = NULL;
	const Value args[] = {a, b};
	int r = db_query_n(tx, &rows, sql, args, strstr(sql, "$2") ? 2 : strstr(sql, "$1") ? 1 : 0);
	if (r < 0)
		return r;
	*ret = rows_next(rows);
	return rows_error(rows);
}

static int look_job(Tx *tx, void *arg)
{
	Look *look = arg;
	int64_t now_ms = clock_now_ms(look->post->house->clock);
	look->waits = look->due = false;
	int r = exists(tx, &look->waits, "SELECT 1 FROM outbox WHERE state <= 1 LIMIT 1", value_null(), value_null());
	if (r < 0 || !look->waits)
		return r;
	r = exists(tx, &look->due, "SELECT 1 FROM outbox WHERE state <= 1 AND state = 0 AND valid_until <= $1 LIMIT 1",
	           value_time(now_ms), value_null());
	for (Channel *ch = look->post->channels; r == 0 && !look->due && ch; ch = ch->next)
		if (channel_room(ch, now_ms, 1) > 0)
			r = exists(tx, &look->due,
			           "SELECT 1 FROM outbox WHERE channel = $1 AND state <= 1 AND state = 0 AND next_at <= $2 LIMIT 1",
			           value_id(ch->id), value_time(now_ms));
	return r;
}

/* ---- the thread ---- */

static void wait_for(Post *post, int64_t ms)
{
	int64_t until_us = clock_monotonic_us() + ms * 1000;
	bool in_time = true;
	pthread_mutex_lock(&post->lock);
	while (!post->wake && !post->done && !post->stopping && in_time)
		in_time = cond_wait_until(&post->woken, &post->lock, until_us);
	pthread_mutex_unlock(&post->lock);
}

/* Takes the flags; a wake means: there are new rows. */
static void flags_take(Post *post, bool *ret_wake, bool *ret_reload, bool *ret_stopping)
{
	pthread_mutex_lock(&post->lock);
	*ret_wake = post->wake;
	*ret_reload = post->reload;
	*ret_stopping = post->stopping;
	post->wake = post->reload = false;
	pthread_mutex_unlock(&post->lock);
}

/* One round; how long to wait for the next, in ms. */
static int64_t post_round(Post *post, bool wake, bool reload)
{
	Look look = {.post = post};
	int r = reload ? store_read_wait(post->house->store, load_job, post) : 0;
	if (wake)
		post->divert_at_ms = 0;
	bool settles = collect(post, clock_now_ms(post->house->clock)) > 0 || post->settled;
	if (r == 0 && !settles)
		r = store_read_wait(post->house->store, look_job, &look);
	bool diverts = look.waits && clock_monotonic_ms() >= post->divert_at_ms;
	if (r == 0 && !settles && !look.due && !diverts)
		return look.waits ? OUTBOX_LOOK_MS : HOUR_MS;
	if (r == 0)
		r = store_write_wait(post->house->store, round_job, post);
	if (r < 0) {
		messages_free(&post->taken);
		if (reload)
			post_reload(post);
		log_error("channel", "the outbox cannot be worked on now, tried again in a second: %s", err_code(r));
		return TROUBLE_MS;
	}
	if (clock_monotonic_ms() >= post->divert_at_ms)
		post->divert_at_ms = clock_monotonic_ms() + DIVERT_MS;
	if (clock_monotonic_ms() >= post->expire_at_ms)
		post->expire_at_ms = clock_monotonic_ms() + EXPIRE_MS;
	round_done(post);
	return round_send(post) > 0 || settles ? 0 : OUTBOX_LOOK_MS;
}

/* Waits a little for answers that are under way, so that a restart does not send them twice. */
static void farewell(Post *post)
{
	int64_t until = clock_monotonic_ms() + FAREWELL_MS;
	while (post->under_way > 0 && clock_monotonic_ms() < until) {
		struct timespec pause = {.tv_nsec = 10 * 1000000};
		nanosleep(&pause, NULL);
		collect(post, clock_now_ms(post->house->clock));
	}
	if (post->settled) {
		int r = store_write_wait(post->house->store, round_settle_job, post);
		if (r < 0)
			log_warn("channel", "some cards that went out may go out again: %s", err_code(r));
	}
	messages_free(&post->settled);
}

static int recover_job(Tx *tx, void *arg)
{
	const Post *post = arg;
	return outbox_recover(call_new_system(tx_mem(tx), post->house, tx, "channel"));
}

/* Of several processes one sends: the pace of a robot and the order of a receiver are nobody else's business. Whoever
 * takes over sends again what may have been on its way, and begins with what is written down of each channel. */
static bool post_leads(Post *post, bool *reload)
{
	int reign = follow_reign(post->house);
	if (reign == post->reign)
		return reign != 0;
	bool led = post->reign != 0;
	post->reign = 0;
	if (led)
		farewell(post);
	if (reign == 0)
		return false;
	if (store_write_wait(post->house->store, recover_job, post) < 0)
		return false; /* tried again */
	for (Channel *ch = post->channels; ch; ch = ch->next)
		ch->fresh = true;
	post->reign = reign;
	*reload = true;
	return true;
}

static void *post_thread(void *arg)
{
	Post *post = arg;
	bool wake = true, reload = true, stopping = false;
	while (!stopping) {
		int64_t pause = post_leads(post, &reload) ? post_round(post, wake, reload) : STANDBY_MS;
		wait_for(post, pause);
		flags_take(post, &wake, &reload, &stopping);
	}
	farewell(post);
	return NULL;
}

/* ---- start and stop ---- */

static int begin_job(Tx *tx, void *arg)
{
	const Post *post = arg;
	Call *c = call_new_system(tx_mem(tx), post->house, tx, "channel");
	return timer_set_earliest(c, PURGE_KIND, ID_NIL, c->now_ms + DAY_MS, NULL);
}

/* What another process wrote: cards to be sent, or other channels. */
static int alerts_follow(Call *c, const Id *alerts, size_t n, void *arg)
{
	(void)c, (void)alerts, (void)n;
	post_wake(arg);
	return 0;
}

static int channels_follow(Call *c, const Id *channels, size_t n, void *arg)
{
	Post *post = arg;
	(void)c, (void)channels, (void)n;
	atomic_store(&post->used, true);
	post_reload(post);
	return 0;
}

static int on_alert_event(Call *c, const PhaseInfo *info, void *arg)
{
	const Post *post = arg;
	if (!post_is_used(post) || strcmp(info->event->kind, "alert") != 0)
		return 0;
	return outbox_on_alert(c, info->event->record, info->event->owner, info->event->data);
}

static int post_free(Post *post)
{
	messages_free(&post->done);
	for (Channel *ch = post->channels; ch; ch = ch->next)
		conf_unref(ch->conf);
	pthread_mutex_destroy(&post->lock);
	pthread_cond_destroy(&post->woken);
	return 0;
}

int post_start(House *house)
{
	Post *post = talloc_zero(house->phases, Post);
	pthread_mutex_init(&post->lock, NULL);
	cond_init(&post->woken);
	post->house = house;
	post->done_last = &post->done;
	talloc_set_destructor(post, post_free);
	house->post = post;
	phase_add(house->phases, PHASE_EVENT, "alert", on_alert_event, post);
	outside_add(house, &channel_outside);
	follow_on(house, "alert", alerts_follow, post);
	follow_on(house, "channel", channels_follow, post);
	return store_read_wait(house->store, load_job, post);
}

void post_run(House *house)
{
	Post *post = house->post;
	int r = store_write_wait(house->store, begin_job, post);
	if (r < 0)
		log_error("channel", "the outbox could not be looked through: %s", err_code(r));
	int failed = pthread_create(&post->thread, NULL, post_thread, post);
	assert(failed == 0);
	post->runs = !failed;
}

void post_stop(House *house)
{
	Post *post = house->post;
	if (!post || !post->runs)
		return;
	pthread_mutex_lock(&post->lock);
	post->stopping = true;
	pthread_cond_signal(&post->woken);
	pthread_mutex_unlock(&post->lock);
	pthread_join(post->thread, NULL);
}

static int on_purge(Call *c)
{
	int r = outbox_purge(c);
	return r < 0 ? call_store_failed(c, r) : timer_set(c, PURGE_KIND, ID_NIL, c->now_ms + DAY_MS, NULL);
}

const TimerKind channel_timers[] = {{PURGE_KIND, on_purge}, {0}};
