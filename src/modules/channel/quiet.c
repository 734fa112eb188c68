/* Quiet hours. Pure: no database, no clock. */
#include "modules/channel/quiet.h"

#include <glib.h>

#define DAY_SECONDS (DAY_MS / SECOND_MS)
#define ZONE_DEFAULT "Asia/Shanghai"

static GTimeZone *zone_open(const char *zone)
{
	GTimeZone *z = g_time_zone_new_identifier(zone ? zone : ZONE_DEFAULT);
	return z ? z : g_time_zone_new_utc();
}

/* Seconds since local midnight, and how far the zone is from UTC, in seconds. */
static int64_t local_second(GTimeZone *zone, int64_t at_ms, int64_t *ret_offset)
{
	int64_t at = at_ms / SECOND_MS;
	*ret_offset = g_time_zone_get_offset(zone, g_time_zone_find_interval(zone, G_TIME_TYPE_UNIVERSAL, at));
	return (at + *ret_offset) % DAY_SECONDS;
}

static int local_minute(GTimeZone *zone, int64_t at_ms)
{
	int64_t offset;
	return (int)(local_second(zone, at_ms, &offset) / 60);
}

static bool is_on(QuietHours hours, int minute)
{
	if (hours.from <= hours.to)
		return minute >= hours.from && minute < hours.to;
	return minute >= hours.from || minute < hours.to;
}

/* When the clocks go forward the end comes sooner, when they go back later; an end in the hour that is left out is the
 * moment they change. The loop is over at once on all other days. */
static int64_t end_of(GTimeZone *zone, QuietHours hours, int64_t now_ms)
{
	int64_t before, after, end = now_ms;
	int64_t left = (hours.to * INT64_C(60) - local_second(zone, now_ms, &before) + DAY_SECONDS) % DAY_SECONDS;
	end += left * SECOND_MS - now_ms % SECOND_MS;
	(void)local_second(zone, end, &after);
	if (after > before)
		end -= (after - before) * SECOND_MS;
	while (end <= now_ms || is_on(hours, local_minute(zone, end)))
		end += MINUTE_MS;
	return end;
}

int64_t quiet_end(const char *zone, QuietHours hours, int64_t now_ms)
{
	GTimeZone *z = zone_open(zone);
	int64_t end = is_on(hours, local_minute(z, now_ms)) ? end_of(z, hours, now_ms) : now_ms;
	g_time_zone_unref(z);
	return end;
}
