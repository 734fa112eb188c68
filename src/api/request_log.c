/* Two buffers: one is filled while the other is being written. */
#include "api/request_log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/json.h"
#include "base/whole.h"
#include "call/when.h"

#define LINE_MAX 512
#define METHOD_MAX 16

struct RequestLog {
	int fd;
	pthread_t thread;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t woken;
	Buf *filling, *writing;
	uint64_t lost;
	bool stopping;
};

/* Swaps the buffers; what was lost is said behind what was not. False when the end has come. */
static bool swap(RequestLog *log)
{
	pthread_mutex_lock(&log->lock);
	int64_t until_us = clock_monotonic_us() + REQUEST_LOG_EVERY_MS * 1000;
	while (!log->stopping && cond_wait_until(&log->woken, &log->lock, until_us))
		;
	Buf *full = log->filling;
	log->filling = log->writing;
	log->writing = full;
	if (log->lost > 0)
		buf_printf(full, "{\"lost\":%llu}\n", (unsigned long long)log->lost);
	log->lost = 0;
	bool going = !log->stopping;
	pthread_mutex_unlock(&log->lock);
	return going;
}

static void *log_thread(void *arg)
{
	RequestLog *log = arg;
	bool going = true;
	while (going) {
		going = swap(log);
		(void)write_whole(log->fd, log->writing->data, log->writing->len); /* a full disk is no reason to stop */
		buf_clear(log->writing);
	}
	return NULL;
}

static int log_free(RequestLog *log)
{
	if (log->fd > STDERR_FILENO)
		close(log->fd);
	pthread_mutex_destroy(&log->lock);
	pthread_cond_destroy(&log->woken);
	return 0;
}

RequestLog *request_log_open(TALLOC_CTX *ctx, const char *path)
{
	int fd = strcmp(path, "-") == 0 ? STDERR_FILENO : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (fd < 0)
		return NULL;
	RequestLog *log = talloc_zero(ctx, RequestLog);
	log->fd = fd;
	log->filling = buf_new(log, REQUEST_LOG_ROOM + LINE_MAX);
	log->writing = buf_new(log, REQUEST_LOG_ROOM + LINE_MAX);
	pthread_mutex_init(&log->lock, NULL);
	cond_init(&log->woken);
	int failed = pthread_create(&log->thread, NULL, log_thread, log);
	assert(failed == 0);
	(void)failed;
	talloc_set_destructor(log, log_free);
	return log;
}

static size_t line_write(const HttpServed *s, char out[static LINE_MAX])
{
	char at[WHEN_TEXT_SIZE], method[METHOD_MAX + 1], ms[32];
	TALLOC_CTX *mem = talloc_new(NULL);
	Buf *line = buf_new(mem, LINE_MAX - 1);
	JsonOut o = json_out(line);
	snprintf(method, sizeof method, "%s", s->method);
	int len = snprintf(ms, sizeof ms, "%.3f", (double)s->took_us / 1000);
	json_object_begin(&o);
	json_member_text(&o, "at", when_text(clock_real_ms(), at));
	json_member_id(&o, "id", s->id);
	json_member_text(&o, "method", method);
	json_member_text(&o, "route", s->route);
	json_member_int(&o, "status", s->status);
	json_key(&o, "ms");
	json_put_raw(&o, ms, (size_t)len);
	json_member_int(&o, "bytes", (int64_t)s->bytes);
	json_member_id(&o, "user", s->who);
	json_object_end(&o);
	buf_putc(line, '\n');
	size_t size = buf_failed(line) ? 0 : line->len;
	memcpy(out, line->data, size);
	talloc_free(mem);
	return size;
}

void request_log_add(RequestLog *log, const HttpServed *served)
{
	char line[LINE_MAX];
	size_t len = line_write(served, line);
	pthread_mutex_lock(&log->lock);
	if (log->stopping || log->filling->len + len > REQUEST_LOG_ROOM)
		log->lost++;
	else
		buf_append(log->filling, line, len);
	pthread_mutex_unlock(&log->lock);
}

void request_log_stop(RequestLog *log)
{
	pthread_mutex_lock(&log->lock);
	log->stopping = true;
	pthread_cond_signal(&log->woken);
	pthread_mutex_unlock(&log->lock);
	pthread_join(log->thread, NULL);
}
