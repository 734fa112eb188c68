/* One message, one line, one write(2): lines of different threads never mix. Bytes from outside that are not UTF-8 are
 * made harmless by the JSON writer. */
#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/whole.h"
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_MAX 2048
#define LINE_MAX_BYTES (8 * MESSAGE_MAX)

static const char *const level_names[] = {"debug", "info", "warn", "error"};

static const char *stamp(char *out, size_t size)
{
	int64_t ms = clock_real_ms();
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	char date[32];
	(void)gmtime_r(&seconds, &tm);
	(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(out, size, "%s.%03dZ", date, (int)(ms % 1000));
	return out;
}

void log_write(LogLevel level, const char *part, const char *format, ...)
{
	char message[MESSAGE_MAX], at[48];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);

	Buf *line = buf_new(NULL, LINE_MAX_BYTES);
	if (line == NULL)
		return;
	JsonOut o = json_out(line);
	json_object_begin(&o);
	json_member_text(&o, "at", stamp(at, sizeof(at)));
	json_member_text(&o, "level", level_names[level]);
	json_member_text(&o, "part", part);
	json_member_text(&o, "msg", message);
	json_object_end(&o);
	buf_putc(line, '\n');
	(void)write_whole(STDERR_FILENO, line->data, line->len); /* or there is nobody left to tell */
	talloc_free(line);
}
