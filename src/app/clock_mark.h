/* How far time has come in this data folder, kept in DIR/clock: a server that is started by a wall clock set back goes
 * on from there instead of living the same hours again. */
#pragma once

#include "base/clock.h"

#define CLOCK_MARK_S 1 /* seconds between two marks */

/* A wall clock behind the mark is told in the log, and the clock starts a second after the mark: no time is given
 * twice, whenever the process before ended. Without a file, or an unreadable one, the
 * wall clock alone counts. */
void clock_mark_load(Clock *clock, const char *dir);
/* Writes the mark as it is now. A mark that cannot be written is done without. */
void clock_mark_keep(Clock *clock, const char *dir);
