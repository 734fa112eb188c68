/* The card of the room: settings, schedule and the one backup of a running house. */
#include "modules/care/care_int.h"

#include "base/log.h"
#include "call/module.h"
#include "modules/care/reach.h"

static const char *const migrations[] = {
	"CREATE TABLE care_setting (name {TEXT} NOT NULL PRIMARY KEY, value {TEXT} NOT NULL)",
	NULL,
};

static int care_start(House *house)
{
	house->care = care_new(house);
	int r = store_write_wait(house->store, care_schedule, house);
	if (r < 0)
		log_error("care", "the timer of backups could not be set (%s)", err_code(r));
	return r;
}

static void care_stop(House *house)
{
	if (house->care)
		care_free(house->care);
	house->care = NULL;
}

static const TimerKind timers[] = {
	{"care.backup", care_due},
	{0},
};

const Module care_module = {.name = "care",
			    .endpoints = care_endpoints,
			    .timers = timers,
			    .migrations = migrations,
			    .raw = reach_routes,
			    .start = care_start,
			    .stop = care_stop};
