/* The error codes of the whole house. A function returns 0 or one of these (all negative). What exactly went wrong,
 * in the caller's language, rides in the Call (call/call.h); below call/ the last message is kept by the object
 * that failed. */
#pragma once

#include "base/base.h"

/* X(symbol, value, HTTP status, stable code on the wire) */
#define ERR_LIST(X)                                       \
	X(ERR_INVALID, -1, 400, "invalid")                \
	X(ERR_UNAUTHENTICATED, -2, 401, "unauthenticated") \
	X(ERR_DENIED, -3, 403, "denied")                  \
	X(ERR_NOT_FOUND, -4, 404, "not_found")            \
	X(ERR_METHOD, -5, 405, "method_not_allowed")      \
	X(ERR_CONFLICT, -6, 409, "conflict")              \
	X(ERR_STALE, -7, 412, "stale_version")            \
	X(ERR_TOO_LARGE, -8, 413, "too_large")            \
	X(ERR_MEDIA_TYPE, -9, 415, "unsupported_media_type") \
	X(ERR_LIMIT, -10, 429, "rate_limited")            \
	X(ERR_BUSY, -11, 503, "busy")                     \
	X(ERR_STORE, -12, 503, "storage_unavailable")     \
	X(ERR_FULL, -13, 507, "storage_full")             \
	X(ERR_INTERNAL, -14, 500, "internal")

typedef enum {
#define X(symbol, value, status, code) symbol = value,
	ERR_LIST(X)
#undef X
} Err;

/* HTTP status of an error, 500 for an unknown one. */
int err_status(int err);
/* The usual words of that HTTP status: "Not Found". */
const char *err_title(int err);
/* Stable wire code of an error, "internal" for an unknown one. */
const char *err_code(int err);
