/* Live streams: an outbox that any thread fills and the loop empties. A visitor who reads too slowly is cut, so that he
 * can come back and resume, instead of holding memory. */
#include "http/http_int.h"

#include <assert.h>
#include <string.h>

#define OUTBOX_FIRST_CAP 512

/* Both under the lock. */
static void stream_wake(HttpStream *s)
{
	if (!s->is_posted)
		s->is_posted = loop_post(s->loop, &s->post);
}

static void outbox_append(HttpStream *s, const void *bytes, size_t len)
{
	if (s->outbox_len + len > s->outbox_cap) {
		size_t cap = s->outbox_cap > 0 ? s->outbox_cap : OUTBOX_FIRST_CAP;
		while (cap < s->outbox_len + len)
			cap *= 2;
		/* Not a child of the stream: talloc contexts belong to one thread, this buffer passes from one to another. */
		s->outbox = talloc_realloc_size(NULL, s->outbox, cap);
		assert(s->outbox != NULL);
		s->outbox_cap = cap;
	}
	memcpy(s->outbox + s->outbox_len, bytes, len);
	s->outbox_len += len;
}

bool http_stream_send(HttpStream *s, const void *bytes, size_t len)
{
	(void)pthread_mutex_lock(&s->lock);
	bool is_open = !s->is_over;
	if (is_open && s->outbox_len + s->in_flight + len > LIMIT_LIVE_BACKLOG) {
		s->is_over = s->is_cut = true;
		is_open = false;
		stream_wake(s);
	} else if (is_open && len > 0) {
		outbox_append(s, bytes, len);
		stream_wake(s);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return is_open;
}

void http_stream_close(HttpStream *s)
{
	(void)pthread_mutex_lock(&s->lock);
	if (!s->is_over) {
		s->is_over = true;
		stream_wake(s);
	}
	(void)pthread_mutex_unlock(&s->lock);
}

bool stream_take(HttpStream *s, const char **ret, size_t *ret_len)
{
	TALLOC_FREE(s->sending);
	(void)pthread_mutex_lock(&s->lock);
	s->sending = s->outbox;
	s->in_flight = s->outbox_len;
	s->outbox = NULL;
	s->outbox_len = s->outbox_cap = 0;
	*ret = s->sending;
	*ret_len = s->in_flight;
	(void)pthread_mutex_unlock(&s->lock);
	return *ret_len > 0;
}

bool stream_is_over(HttpStream *s)
{
	(void)pthread_mutex_lock(&s->lock);
	bool is_over = s->is_over && s->outbox_len == 0;
	(void)pthread_mutex_unlock(&s->lock);
	return is_over;
}

bool stream_is_cut(HttpStream *s)
{
	(void)pthread_mutex_lock(&s->lock);
	bool is_cut = s->is_cut;
	(void)pthread_mutex_unlock(&s->lock);
	return is_cut;
}

static void stream_free(HttpStream *s)
{
	TALLOC_FREE(s->sending);
	TALLOC_FREE(s->outbox);
	(void)pthread_mutex_destroy(&s->lock);
	talloc_free(s);
}

void stream_end(HttpStream *s)
{
	/* From here on nobody posts it any more, but senders may still knock until on_close has returned. */
	(void)pthread_mutex_lock(&s->lock);
	s->is_over = true;
	bool is_posted = s->is_posted;
	(void)pthread_mutex_unlock(&s->lock);
	s->conn = NULL;
	s->on_close(s, s->arg);
	s->is_dead = true;
	if (!is_posted)
		stream_free(s);
}

void stream_posted(HttpStream *s)
{
	if (s->is_dead) {
		stream_free(s);
		return;
	}
	(void)pthread_mutex_lock(&s->lock);
	s->is_posted = false;
	(void)pthread_mutex_unlock(&s->lock);
	if (s->conn != NULL)
		conn_stream_flush(s->conn);
}
