/* The hours of a day in which a person wants no cards, by the clock on that person's wall. */
#pragma once

#include "base/base.h"

typedef struct {
	int from, to; /* minutes since midnight; over midnight when from is the later; never on when they are the same */
} QuietHours;

/* The first moment from now on at which the hours are not on in that zone (NULL: China's), also on a day on which the
 * clocks change. */
int64_t quiet_end(const char *zone, QuietHours hours, int64_t now_ms);
