/* When backups run by themselves: the settings, and a timer that sets itself again. */
#include "modules/care/care_int.h"

#include <glib.h>
#include <string.h>

#include "base/log.h"
#include "event/timer.h"

#define TIMER "care.backup"
#define ZONE_DEFAULT "Asia/Shanghai"

int care_settings_load(Call *c, CareSettings *ret)
{
	ROWS rows = NULL;
	JsonFault fault;
	CareSettings s = {.on = true, .hour = CARE_HOUR_DEFAULT, .daily = CARE_DAILY_DEFAULT,
			  .weekly = CARE_WEEKLY_DEFAULT, .folder = ""};
	int r = db_query(c->tx, &rows, "SELECT value FROM care_setting WHERE name = $1", value_text(CARE_SETTINGS_NAME));
	if (r < 0)
		return r;
	const char *text = rows_next(rows) ? talloc_strdup(c, rows_text(rows, 0)) : NULL;
	json_t *kept = text ? json_parse(c, text, strlen(text), &fault) : NULL;
	if (kept) {
		s.on = json_flag(kept, "on", s.on);
		s.hour = (int)json_int(kept, "hour", s.hour);
		s.daily = (int)json_int(kept, "daily", s.daily);
		s.weekly = (int)json_int(kept, "weekly", s.weekly);
		s.without_key = json_flag(kept, "without_key", false);
		s.folder = json_text(kept, "folder") ? json_text(kept, "folder") : "";
	}
	*ret = s;
	return rows_error(rows);
}

static int zone_load(Call *c, const char **ret)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows, "SELECT zone FROM calendar WHERE deleted_at IS NULL ORDER BY created_at, id"
			 " LIMIT 1");
	if (r < 0)
		return r;
	*ret = rows_next(rows) && rows_text(rows, 0) ? talloc_strdup(c, rows_text(rows, 0)) : ZONE_DEFAULT;
	return rows_error(rows);
}

/* The first moment after now at which the clocks of the zone show that hour; an hour that a change of the clocks leaves
 * out comes an hour later. */
static int64_t next_at_hour(const char *zone, int hour, int64_t now_ms)
{
	GTimeZone *tz = g_time_zone_new_identifier(zone);
	GDateTime *utc = g_date_time_new_from_unix_utc(now_ms / 1000);
	GDateTime *now = tz ? g_date_time_to_timezone(utc, tz) : g_date_time_ref(utc);
	int64_t due_ms = 0;
	for (int day = 0; due_ms <= now_ms && day < 3; day++) {
		GDateTime *that_day = g_date_time_add_days(now, day);
		GDateTime *due = g_date_time_new(tz ? tz : g_date_time_get_timezone(utc), g_date_time_get_year(that_day),
						 g_date_time_get_month(that_day), g_date_time_get_day_of_month(that_day),
						 hour, 0, 0);
		due_ms = due ? g_date_time_to_unix(due) * 1000 : now_ms + DAY_MS;
		g_clear_pointer(&due, g_date_time_unref);
		g_date_time_unref(that_day);
	}
	g_date_time_unref(now);
	g_date_time_unref(utc);
	g_clear_pointer(&tz, g_time_zone_unref);
	return due_ms;
}

int care_next(Call *c, const CareSettings *s, int64_t *ret_ms)
{
	const char *zone;
	int r = zone_load(c, &zone);
	if (r == 0)
		*ret_ms = s->on ? next_at_hour(zone, s->hour, c->now_ms) : 0;
	return r;
}

static int timer_place(Call *c, const CareSettings *s, int (*set)(Call *, const char *, Id, int64_t, const char *))
{
	int64_t next_ms = 0;
	int r = care_next(c, s, &next_ms);
	if (r < 0)
		return r;
	return s->on ? set(c, TIMER, ID_NIL, next_ms, NULL) : timer_cancel(c, TIMER, ID_NIL);
}

int care_settings_store(Call *c, const CareSettings *s)
{
	Buf *text = buf_new(c, CARE_FOLDER_MAX * 4 + 200);
	JsonOut o = json_out(text);
	json_object_begin(&o);
	json_member_bool(&o, "on", s->on);
	json_member_int(&o, "hour", s->hour);
	json_member_int(&o, "daily", s->daily);
	json_member_int(&o, "weekly", s->weekly);
	json_member_text(&o, "folder", s->folder);
	json_member_bool(&o, "without_key", s->without_key);
	json_object_end(&o);
	int r = db_exec(c->tx,
	                "INSERT INTO care_setting (name, value) VALUES ($1, $2) "
	                "ON CONFLICT (name) DO UPDATE SET value = $2",
	                value_text(CARE_SETTINGS_NAME), value_text(text->data));
	return r < 0 ? r : timer_place(c, s, timer_set);
}

int care_schedule(Tx *tx, void *arg)
{
	Call *c = call_new_system(tx_mem(tx), arg, tx, "care");
	CareSettings settings;
	int r = care_settings_load(c, &settings);
	return r < 0 ? r : timer_place(c, &settings, timer_set_earliest);
}

const char *care_folder(TALLOC_CTX *ctx, const House *house, const CareSettings *s)
{
	return *s->folder ? talloc_strdup(ctx, s->folder) : talloc_asprintf(ctx, "%s/backups", house->data_dir);
}

/* ---- due ---- */

typedef struct {
	House *house;
	CareSettings settings;
	const char *folder;
} Due;

static void due_begin(void *arg)
{
	const Due *due = arg;
	if (!care_begin(due->house->care, BACKUP_SCHEDULED, due->folder, &due->settings))
		log_warn("care", "the scheduled backup is left out: another one is running");
}

/* Copying takes longer than a transaction may: it begins when this one is durable. */
int care_due(Call *c)
{
	Due *due = talloc_zero(tx_mem(c->tx), Due);
	due->house = c->house;
	int r = care_settings_load(c, &due->settings);
	if (r < 0)
		return r;
	due->folder = care_folder(due, c->house, &due->settings);
	if (due->settings.on && c->house->care)
		tx_on_commit(c->tx, due_begin, due);
	return timer_place(c, &due->settings, timer_set);
}
