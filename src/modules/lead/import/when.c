/* Times as they stand in tables: the year first, any marks between the numbers, or a count since 1970. */
#include "modules/lead/import/import_int.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "call/when.h"

typedef struct {
	int part[6];
	int n;
} Numbers;

/* A run of digits without marks: 20260131, 20260131093000, or seconds or milliseconds since 1970. */
static bool digits_read(const char *text, size_t len, Numbers *ret, int64_t *ret_ms)
{
	static const int width[] = {4, 2, 2, 2, 2, 2};
	if (len == 10 || len == 13) {
		*ret_ms = strtoll(text, NULL, 10) * (len == 10 ? 1000 : 1);
		return true;
	}
	if (len != 8 && len != 14)
		return false;
	for (size_t at = 0; at < len; at += (size_t)width[ret->n++]) {
		char part[5] = {0};
		memcpy(part, text + at, (size_t)width[ret->n]);
		ret->part[ret->n] = (int)strtol(part, NULL, 10);
	}
	return true;
}

/* False when there are too many numbers, or one that is far too long. */
static bool numbers_read(const char *text, Numbers *ret)
{
	while (*text) {
		if (!isdigit((unsigned char)*text)) {
			text++;
			continue;
		}
		char *end;
		long part = strtol(text, &end, 10);
		if (end - text > 4 || ret->n == 6)
			return false;
		ret->part[ret->n++] = (int)part;
		if (*end == '.' && ret->n == 6) /* a fraction of a second */
			return true;
		text = end;
	}
	return ret->n == 3 || ret->n == 5 || ret->n == 6;
}

static bool local_time(GTimeZone *zone, const Numbers *n, int64_t *ret_ms)
{
	const int *p = n->part;
	if (p[0] < 1970 || p[0] > 9998)
		return false;
	GDateTime *at = g_date_time_new(zone, p[0], p[1], p[2], p[3], p[4], p[5]);
	if (!at)
		return false;
	*ret_ms = g_date_time_to_unix(at) * SECOND_MS;
	g_date_time_unref(at);
	return true;
}

bool import_time(GTimeZone *zone, const char *text, int64_t *ret_ms)
{
	Numbers n = {0};
	int64_t ms = 0;
	size_t len = strlen(text);
	if (when_parse(text, len, ret_ms))
		return true;
	if (strspn(text, "0123456789") == len) {
		if (!digits_read(text, len, &n, &ms))
			return false;
		if (n.n == 0)
			*ret_ms = ms;
		return n.n == 0 || local_time(zone, &n, ret_ms);
	}
	if (!numbers_read(text, &n))
		return false;
	bool before_noon = strstr(text, "上午") || strstr(text, "AM") || strstr(text, "am");
	bool after_noon = strstr(text, "下午") || strstr(text, "PM") || strstr(text, "pm");
	if (n.n > 3 && n.part[3] == 12 && before_noon) /* such clocks call midnight twelve */
		n.part[3] = 0;
	if (n.n > 3 && n.part[3] < 12 && after_noon)
		n.part[3] += 12;
	return local_time(zone, &n, ret_ms);
}
