/* One line of JSON a message on standard error: {"at","level","msg", ...}. Safe from any thread. */
#pragma once

#include "base/base.h"

typedef enum { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR } LogLevel;

/* part: the floor or room that speaks ("store", "http", "lead"). Never log secrets or bodies of leads. */
void log_write(LogLevel level, const char *part, const char *format, ...) PRINTF_LIKE(3, 4);
#define log_info(part, ...) log_write(LOG_INFO, part, __VA_ARGS__)
#define log_warn(part, ...) log_write(LOG_WARN, part, __VA_ARGS__)
#define log_error(part, ...) log_write(LOG_ERROR, part, __VA_ARGS__)
