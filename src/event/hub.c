/* The hub's thread: takes messages in order, fans news out to the streams, sends pings and looks after rights. The
 * thread that commits only copies the row; formatting and sending happen here. */
#include "event/hub.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/limits.h"
#include "base/log.h"
#include "event/event_int.h"
#include "record/phase.h"

/* Messages */

/* Under the hub's lock. */
static void hub_append(Hub *hub, Message *message)
{
	message->next = NULL;
	*hub->last = message;
	hub->last = &message->next;
	hub->queued++;
	pthread_cond_signal(&hub->woken);
}

void hub_post(Hub *hub, Message *message)
{
	pthread_mutex_lock(&hub->lock);
	hub_append(hub, message);
	pthread_mutex_unlock(&hub->lock);
}

/* News */

/* After the commit, on any thread. A stream that is not counted yet will read the row from the table. */
void news_post(Hub *hub, News *news)
{
	pthread_mutex_lock(&hub->lock);
	bool heard = !hub->stopping && atomic_load(&hub->count) > 0;
	bool full = heard && hub->queued >= HUB_QUEUE_MAX;
	hub->lost |= full;
	if (heard && !full)
		hub_append(hub, &news->message);
	pthread_mutex_unlock(&hub->lock);
	if (!heard || full)
		talloc_free(news);
}

static void news_commit(void *arg)
{
	News *news = arg;
	news_post(news->message.subject, news);
}

static void news_rollback(void *arg)
{
	talloc_free(arg);
}

/* Appends text to the block; NULL stays NULL. */
static const char *block_text(char **place, const char *text)
{
	if (text == NULL)
		return NULL;
	char *start = *place;
	size_t size = strlen(text) + 1;
	memcpy(start, text, size);
	*place += size;
	return start;
}

static size_t text_size(const char *text)
{
	return text == NULL ? 0 : strlen(text) + 1;
}

News *news_new(const EventRow *row, int64_t seq, int64_t at_ms)
{
	size_t size = sizeof(News) + text_size(row->kind) + text_size(row->object) + text_size(row->data);
	News *news = talloc_size(NULL, size);
	talloc_set_name_const(news, "News");
	char *place = (char *)(news + 1);
	*news = (News){
		.message = {.kind = MESSAGE_NEWS},
		.refs = 1,
		.view = {.seq = seq, .at_ms = at_ms, .record = row->record, .owner = row->owner, .before = row->before,
			.team = row->team, .pool = row->pool},
	};
	news->view.kind = block_text(&place, row->kind);
	news->view.object = block_text(&place, row->object);
	news->view.data = block_text(&place, row->data);
	return news;
}

/* PHASE_EVENT, inside the transaction. */
static int hub_on_event(Call *c, const PhaseInfo *info, void *arg)
{
	Hub *hub = arg;
	News *news = news_new(info->event, info->event_seq, c->now_ms);
	news->message.subject = hub;
	tx_on_commit(c->tx, news_commit, news);
	tx_on_rollback(c->tx, news_rollback, news);
	return 0;
}

static void hub_fan_out(Hub *hub, News *news)
{
	if (news->view.seq > hub->newest_seq)
		hub->newest_seq = news->view.seq;
	for (size_t i = 0; i < hub->n_streams; i++)
		hub_stream_take(hub->streams[i], news);
	news_release(news);
}

/* Visits */

static void hub_visit(Hub *hub, Stream *s)
{
	s->visit_due = false;
	s->visit.who = s->who;
	s->visit.gone = false;
	if (store_read(hub->house->store, visit_run, visit_done, &s->visit) < 0) {
		s->visit_due = true; /* the store is busy: the next tick tries again */
		return;
	}
	s->visiting = true;
	s->holds++;
}

static void hub_want_visit(Hub *hub, Stream *s)
{
	if (s->visiting)
		s->visit_due = true;
	else
		hub_visit(hub, s);
}

/* Frees a stream that left once nothing under way refers to it. */
static bool hub_let_go(Hub *hub, Stream *s)
{
	if (!s->left || s->holds > 0)
		return false;
	hub_stream_free(s);
	atomic_fetch_sub(&hub->count, 1);
	return true;
}

static void hub_visited(Hub *hub, Stream *s)
{
	s->visiting = false;
	s->holds--;
	if (hub_let_go(hub, s) || s->left)
		return;
	if (s->visit.result < 0) {
		log_warn("live", "a stream's rights could not be read, tried again: %s", err_code(s->visit.result));
		s->visit_due = true;
	} else if (s->visit.gone) {
		hub_stream_close(s);
	} else {
		if (s->visit.last_seq > hub->newest_seq)
			hub->newest_seq = s->visit.last_seq;
		hub_stream_visited(s, clock_monotonic_ms());
	}
}

/* Sweeps */

static void hub_sweep(Hub *hub)
{
	if (hub->sweeping || hub->n_streams == 0)
		return;
	Sweep *sweep = talloc_zero(NULL, Sweep);
	assert(sweep != NULL);
	sweep->hub = hub;
	sweep->message = (Message){.kind = MESSAGE_SWEPT, .subject = sweep};
	sweep->n = hub->n_streams < HUB_SWEEP_MAX ? hub->n_streams : HUB_SWEEP_MAX;
	sweep->rows = talloc_zero_array(sweep, SweepRow, sweep->n);
	for (size_t i = 0; i < sweep->n; i++) {
		Stream *s = hub->streams[(hub->sweep_next + i) % hub->n_streams];
		sweep->rows[i] = (SweepRow){.stream = s, .user = s->who.user, .session = s->who.session, .role = s->who.role,
			.team = s->who.team};
		s->holds++;
	}
	hub->sweep_next = (hub->sweep_next + sweep->n) % hub->n_streams;
	hub->sweeping = true;
	if (store_read(hub->house->store, sweep_run, sweep_done, sweep) < 0)
		sweep_done(sweep, ERR_BUSY);
}

static void hub_swept(Hub *hub, Sweep *sweep)
{
	hub->sweeping = false;
	if (sweep->result < 0)
		log_warn("live", "sessions of live streams could not be read, tried again: %s", err_code(sweep->result));
	for (size_t i = 0; i < sweep->n; i++) {
		const SweepRow *row = &sweep->rows[i];
		Stream *s = row->stream;
		s->holds--;
		if (hub_let_go(hub, s) || s->left || sweep->result < 0)
			continue;
		if (row->gone)
			hub_stream_close(s);
		else if (row->changed || sweep->people_version != s->people_version)
			hub_want_visit(hub, s);
	}
	talloc_free(sweep);
}

/* Coming and going */

static void hub_join(Hub *hub, Stream *s)
{
	if (hub->n_streams == hub->cap_streams) {
		hub->cap_streams = hub->cap_streams * 2 + 64;
		hub->streams = talloc_realloc(hub, hub->streams, Stream *, hub->cap_streams);
	}
	s->place = hub->n_streams;
	hub->streams[hub->n_streams++] = s;
	hub_visit(hub, s);
}

static void hub_leave(Hub *hub, Stream *s)
{
	Stream *moved = hub->streams[--hub->n_streams];
	hub->streams[s->place] = moved;
	moved->place = s->place;
	s->left = true;
	hub_let_go(hub, s);
}

/* The thread */

static void hub_handle(Hub *hub, Message *message)
{
	switch (message->kind) {
	case MESSAGE_NEWS: hub_fan_out(hub, (News *)message); break;
	case MESSAGE_JOIN: hub_join(hub, message->subject); break;
	case MESSAGE_LEAVE: hub_leave(hub, message->subject); break;
	case MESSAGE_VISITED: hub_visited(hub, message->subject); break;
	case MESSAGE_SWEPT: hub_swept(hub, message->subject); break;
	}
}

static void hub_ping(Hub *hub, int64_t now_ms)
{
	static const char ping[] = ": ping\n\n";
	if (now_ms < hub->ping_at_ms)
		return;
	hub->ping_at_ms = now_ms + HUB_PING_MS;
	for (size_t i = 0; i < hub->n_streams; i++)
		hub_stream_send(hub->streams[i], ping, sizeof(ping) - 1);
}

static void hub_tick(Hub *hub)
{
	int64_t now_ms = clock_monotonic_ms();
	if (now_ms < hub->tick_at_ms)
		return;
	hub->tick_at_ms = now_ms + HUB_TICK_MS;
	for (size_t i = 0; i < hub->n_streams; i++) {
		Stream *s = hub->streams[i];
		if (s->visit_due && !s->visiting)
			hub_visit(hub, s);
		if (s->n_caught > 0 && now_ms - s->caught_at_ms > HUB_CAUGHT_MS)
			s->n_caught = 0;
	}
	hub_sweep(hub);
	hub_ping(hub, now_ms);
}

/* All messages that wait, or none when it is time for a tick. */
static Message *hub_receive(Hub *hub, bool *ret_lost, bool *ret_stopping)
{
	bool in_time = true;
	pthread_mutex_lock(&hub->lock);
	while (hub->first == NULL && !(hub->stopping && !*ret_stopping) && in_time)
		in_time = cond_wait_until(&hub->woken, &hub->lock, hub->tick_at_ms * 1000);
	Message *messages = hub->first;
	hub->first = NULL;
	hub->last = &hub->first;
	hub->queued = 0;
	*ret_lost = hub->lost;
	hub->lost = false;
	*ret_stopping = hub->stopping;
	pthread_mutex_unlock(&hub->lock);
	return messages;
}

static void hub_reset_all(Hub *hub)
{
	log_warn("live", "too many events at once: %zu live streams are told to reload", hub->n_streams);
	for (size_t i = 0; i < hub->n_streams; i++)
		hub_stream_reset(hub->streams[i], hub->newest_seq);
}

/* Ends when the hub stops and the last stream is gone. */
static void *hub_thread(void *arg)
{
	Hub *hub = arg;
	bool lost, stopping = false;
	while (!stopping || atomic_load(&hub->count) > 0 || hub->sweeping) {
		Message *message = hub_receive(hub, &lost, &stopping);
		while (message != NULL) {
			Message *next = message->next;
			hub_handle(hub, message);
			message = next;
		}
		if (lost)
			hub_reset_all(hub);
		for (size_t i = 0; stopping && i < hub->n_streams; i++)
			hub_stream_close(hub->streams[i]);
		hub_tick(hub);
	}
	return NULL;
}

/* Public */

Hub *hub_start(TALLOC_CTX *ctx, House *house)
{
	Hub *hub = talloc_zero(ctx, Hub);
	assert(hub != NULL);
	hub->house = house;
	hub->last = &hub->first;
	hub->tick_at_ms = clock_monotonic_ms();
	hub->ping_at_ms = hub->tick_at_ms + HUB_PING_MS;
	pthread_mutex_init(&hub->lock, NULL);
	cond_init(&hub->woken);
	phase_add(house->phases, PHASE_EVENT, NULL, hub_on_event, hub);
	int failed = pthread_create(&hub->thread, NULL, hub_thread, hub);
	assert(failed == 0);
	(void)failed;
	return hub;
}

void hub_stop(Hub *hub)
{
	pthread_mutex_lock(&hub->lock);
	hub->stopping = true;
	pthread_cond_signal(&hub->woken);
	pthread_mutex_unlock(&hub->lock);
	pthread_join(hub->thread, NULL);
}

/* Takes a place among the streams; the thread does not end while one is taken. */
static bool hub_admit(Hub *hub)
{
	pthread_mutex_lock(&hub->lock);
	bool room = !hub->stopping && atomic_load(&hub->count) < LIMIT_LIVE_CONNECTIONS;
	if (room)
		atomic_fetch_add(&hub->count, 1);
	pthread_mutex_unlock(&hub->lock);
	return room;
}

int hub_open(Hub *hub, Call *c, struct HttpRequest *request, int64_t last_seq)
{
	if (!hub_admit(hub)) {
		c->retry_after = "10";
		return call_fail(c, ERR_BUSY, "too_many_streams", "Too many live connections are open; try again in a moment.",
		                 "实时连接数已达上限，请稍后再试。");
	}
	hub_stream_connect(hub_stream_new(hub, &c->who, last_seq), request);
	return 0;
}

int hub_count(const Hub *hub)
{
	return atomic_load(&hub->count);
}
