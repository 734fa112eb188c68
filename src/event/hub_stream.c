/* One live stream: its connection, what it may see, what waits for it. All but the connection belongs to the hub's
 * thread. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "call/when.h"
#include "event/event_int.h"

#define EVENT_BYTES_MAX (1024 * 1024)

/* Events as bytes */

/* Copies JSON onto one line: line breaks in JSON are only blanks, in an event stream they end the field. */
static void data_write(JsonOut *json, const char *data)
{
	json_key(json, "data");
	if (data == NULL || data[0] == '\0') {
		json_put_raw(json, "{}", 2);
		return;
	}
	size_t len = strlen(data), start = json->buf->len;
	json_put_raw(json, data, len);
	if (buf_failed(json->buf))
		return;
	for (size_t i = start; i < json->buf->len; i++) {
		if (json->buf->data[i] == '\n' || json->buf->data[i] == '\r')
			json->buf->data[i] = ' ';
	}
}

void event_write(Buf *out, const EventView *view)
{
	char at[WHEN_TEXT_SIZE];
	buf_printf(out, "id: %lld\ndata: ", (long long)view->seq);
	JsonOut json = json_out(out);
	json_object_begin(&json);
	json_member_int(&json, "seq", view->seq);
	json_member_text(&json, "at", when_text(view->at_ms, at));
	json_member_text(&json, "kind", view->kind);
	json_member_text(&json, "object", view->object);
	json_member_id(&json, "record", view->record);
	json_member_id(&json, "owner", view->owner);
	json_member_id(&json, "before", view->before);
	json_member_id(&json, "team", view->team);
	json_member_id(&json, "pool", view->pool);
	data_write(&json, view->data);
	json_object_end(&json);
	buf_puts(out, "\n\n");
}

void event_write_reset(Buf *out, int64_t seq)
{
	buf_printf(out, "id: %lld\nevent: reset\ndata: {\"seq\":%lld}\n\n", (long long)seq, (long long)seq);
}

bool event_visible(const Access *access, Id user, const EventView *view)
{
	/* An alert is a letter: not even an administrator reads another's. */
	if (strcmp(view->kind, "alert") == 0)
		return !id_is_nil(view->owner) && id_equal(view->owner, user);
	/* Whoever is changed hears of it, sees he people or not: role and team decide what his screen offers. */
	if (view->object != NULL && strcmp(view->object, "user") == 0 && id_equal(view->record, user))
		return true;
	return access_sees(access, view->owner, view->before, view->team, view->pool);
}

static const Buf *news_bytes(News *news)
{
	if (news->bytes == NULL) {
		news->bytes = buf_new(news, EVENT_BYTES_MAX);
		event_write(news->bytes, &news->view);
	}
	return news->bytes;
}

void news_release(News *news)
{
	if (--news->refs == 0)
		talloc_free(news);
}

/* The connection */

/* On a loop thread of the server; the last touch of the stream from there is the message. */
static void hub_stream_on_close(HttpStream *http, void *arg)
{
	Stream *s = arg;
	(void)http;
	pthread_mutex_lock(&s->lock);
	s->http = NULL;
	pthread_mutex_unlock(&s->lock);
	hub_post(s->hub, &s->leave);
}

Stream *hub_stream_new(Hub *hub, const Identity *who, int64_t after)
{
	Stream *s = talloc_zero(NULL, Stream);
	assert(s != NULL);
	s->hub = hub;
	s->who = (Identity){.user = who->user, .role = who->role, .team = who->team, .session = who->session};
	s->join = (Message){.kind = MESSAGE_JOIN, .subject = s};
	s->leave = (Message){.kind = MESSAGE_LEAVE, .subject = s};
	s->visited = (Message){.kind = MESSAGE_VISITED, .subject = s};
	s->visit = (Visit){.hub = hub, .stream = s, .after = after};
	s->waiting = s->visit_due = true;
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

void hub_stream_connect(Stream *s, HttpRequest *request)
{
	static const char hello[] = "retry: 2000\n: connected\n\n";
	/* The join first: whoever sees the connection open misses nothing that happens from then on. The lock keeps what
	 * the hub sends behind the greeting, and the message that the stream left behind the join. */
	pthread_mutex_lock(&s->lock);
	hub_post(s->hub, &s->join);
	s->http = http_stream_open(request, hub_stream_on_close, s);
	(void)http_stream_send(s->http, hello, sizeof(hello) - 1);
	pthread_mutex_unlock(&s->lock);
}

void hub_stream_send(Stream *s, const void *bytes, size_t len)
{
	pthread_mutex_lock(&s->lock);
	/* Cut or closed: on_close follows, and the stream resumes elsewhere. */
	if (s->http != NULL)
		(void)http_stream_send(s->http, bytes, len);
	pthread_mutex_unlock(&s->lock);
}

void hub_stream_close(Stream *s)
{
	pthread_mutex_lock(&s->lock);
	if (s->http != NULL && !s->closing)
		http_stream_close(s->http);
	s->closing = true;
	pthread_mutex_unlock(&s->lock);
}

/* News */

static int seq_compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static bool hub_stream_caught(const Stream *s, int64_t seq)
{
	return s->n_caught > 0 && bsearch(&seq, s->caught, s->n_caught, sizeof(seq), seq_compare) != NULL;
}

static void hub_stream_deliver(Stream *s, News *news)
{
	if (!event_visible(s->access, s->who.user, &news->view) || hub_stream_caught(s, news->view.seq))
		return;
	const Buf *bytes = news_bytes(news);
	if (!buf_failed(bytes))
		hub_stream_send(s, bytes->data, bytes->len);
}

void hub_stream_take(Stream *s, News *news)
{
	if (!s->waiting) {
		hub_stream_deliver(s, news);
		return;
	}
	if (s->n_pending == HUB_PENDING_MAX) {
		s->pending_lost = true;
		return;
	}
	if (s->n_pending == talloc_array_length(s->pending))
		s->pending = talloc_realloc(s, s->pending, News *, s->n_pending * 2 + 8);
	s->pending[s->n_pending++] = news;
	news->refs++;
}

static void hub_stream_drop_pending(Stream *s)
{
	for (size_t i = 0; i < s->n_pending; i++)
		news_release(s->pending[i]);
	s->n_pending = 0;
	TALLOC_FREE(s->pending);
}

void hub_stream_reset(Stream *s, int64_t seq)
{
	Buf *text = buf_new(s, 200);
	event_write_reset(text, seq);
	hub_stream_send(s, text->data, text->len);
	talloc_free(text);
}

/* What was missed, then what came meanwhile, without what is in both. */
static void hub_stream_catch_up(Stream *s, int64_t now_ms)
{
	const Visit *visit = &s->visit;
	s->caught = visit->seqs;
	s->n_caught = visit->n;
	s->caught_at_ms = now_ms;
	if (visit->bytes != NULL && visit->bytes->len > 0)
		hub_stream_send(s, visit->bytes->data, visit->bytes->len);
	if (s->pending_lost)
		hub_stream_reset(s, s->hub->newest_seq);
	for (size_t i = 0; i < s->n_pending && !s->pending_lost; i++)
		hub_stream_deliver(s, s->pending[i]);
	hub_stream_drop_pending(s);
	s->waiting = s->pending_lost = false;
}

void hub_stream_visited(Stream *s, int64_t now_ms)
{
	Visit *visit = &s->visit;
	TALLOC_CTX *before = s->access_mem;
	s->access_mem = visit->mem;
	s->access = visit->access;
	s->people_version = visit->people_version;
	s->who.role = visit->who.role;
	s->who.team = visit->who.team;
	if (s->waiting) {
		hub_stream_catch_up(s, now_ms);
	} else {
		/* The list of what was caught lies in the memory that goes. */
		s->caught = talloc_steal(visit->mem, s->caught);
	}
	visit->after = -1;
	visit->mem = NULL;
	TALLOC_FREE(visit->bytes);
	talloc_free(before);
}

void hub_stream_free(Stream *s)
{
	hub_stream_drop_pending(s);
	talloc_free(s->access_mem);
	talloc_free(s->visit.mem);
	pthread_mutex_destroy(&s->lock);
	talloc_free(s);
}
