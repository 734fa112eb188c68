/* A log of requests: one line of JSON each, without addresses, query strings, tokens or names - method, the pattern of
 * the route, status, time, size, the id of who asked, the id that the answer carries as X-Request-Id. Lines wait in
 * memory and are written by a thread of its own: a slow disk holds nobody up, and what does not fit is counted. */
#pragma once

#include "http/http.h"

#define REQUEST_LOG_ROOM (1024 * 1024) /* bytes that wait to be written */
#define REQUEST_LOG_EVERY_MS 200

typedef struct RequestLog RequestLog;

/* "-": standard error. The file is appended to. NULL and the cause in errno on failure. */
RequestLog *request_log_open(TALLOC_CTX *ctx, const char *path);
/* Any thread; does not wait for the disk. */
void request_log_add(RequestLog *log, const HttpServed *served);
/* Writes what is left and ends the thread; later lines are lost. */
void request_log_stop(RequestLog *log);
