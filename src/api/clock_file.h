/* The offset of the test clock, kept in DIR/test-clock so that a restarted test server goes on in its own time. */
#pragma once

#include "base/clock.h"

NODISCARD bool clock_file_open(TALLOC_CTX *ctx, Clock *clock, const char *dir, char **ret_error);
/* Writes the offset as it is now; called when the server stops and when the clock was moved. */
void clock_file_save(const Clock *clock, const char *dir);
