/* Quiet hours over midnight and over changes of the clocks. */
#include "modules/channel/quiet.h"

#include <stdio.h>

#include "base/check.h"

#define AT(day, hour, minute) ((((day) * INT64_C(24) + (hour)) * 60 + (minute)) * MINUTE_MS) /* UTC */
#define MARCH_28 INT64_C(20540)   /* of 2026; in Europe the clocks go forward in the night to the 29th */
#define OCTOBER_24 INT64_C(20750) /* and back in the night to the 25th */
#define OCTOBER_3 INT64_C(20729)  /* half an hour forward on Lord Howe Island */
#define APRIL_23 INT64_C(20566)   /* at the end of this day Cairo goes from 24:00 to 01:00 */

static void expect(const char *zone, const char *hours, int64_t now_ms, int64_t end_ms)
{
	QuietHours q = {0};
	int from, to;
	CHECK_INT(sscanf(hours, "%d-%d", &from, &to), 2);
	q = (QuietHours){from / 100 * 60 + from % 100, to / 100 * 60 + to % 100};
	CHECK_INT(quiet_end(zone, q, now_ms), end_ms);
}

TEST(quiet, ends_by_the_clock_on_the_wall)
{
	expect("Asia/Shanghai", "2200-0700", AT(MARCH_28, 14, 0), AT(MARCH_28, 23, 0));
	expect("Asia/Shanghai", "2200-0700", AT(MARCH_28, 14, 0) - 1, AT(MARCH_28, 14, 0) - 1);
	expect("Asia/Shanghai", "2200-0700", AT(MARCH_28, 16, 30) + 1234, AT(MARCH_28, 23, 0));
	expect("Asia/Shanghai", "2200-0700", AT(MARCH_28, 23, 0), AT(MARCH_28, 23, 0));
	expect("Asia/Shanghai", "1200-1330", AT(MARCH_28, 4, 59), AT(MARCH_28, 5, 30));
	expect("Asia/Shanghai", "0900-0900", AT(MARCH_28, 1, 0), AT(MARCH_28, 1, 0));
	expect(NULL, "2200-0700", AT(MARCH_28, 14, 0), AT(MARCH_28, 23, 0));
}

TEST(quiet, ends_in_time_where_the_clocks_change)
{
	/* forward: 02:00 is 03:00; seven in the morning is an hour sooner */
	expect("Europe/Berlin", "2200-0700", AT(MARCH_28, 22, 0), AT(MARCH_28 + 1, 5, 0));
	/* there is no half past two: the moment the clocks change */
	expect("Europe/Berlin", "2200-0230", AT(MARCH_28, 22, 0), AT(MARCH_28 + 1, 1, 0));
	expect("Europe/Berlin", "2200-0230", AT(MARCH_28 + 1, 0, 50), AT(MARCH_28 + 1, 1, 0));
	/* back: 03:00 is 02:00 */
	expect("Europe/Berlin", "2200-0700", AT(OCTOBER_24, 21, 0), AT(OCTOBER_24 + 1, 6, 0));
	/* a day without midnight */
	expect("Africa/Cairo", "2200-0000", AT(APRIL_23, 20, 30), AT(APRIL_23, 22, 0));
	/* half an hour */
	expect("Australia/Lord_Howe", "2200-0700", AT(OCTOBER_3, 11, 30), AT(OCTOBER_3, 20, 0));
}
