/* The table behind the error codes. */
#include "base/err.h"

typedef struct {
	int err, status;
	const char *code;
} ErrRow;

static const ErrRow err_rows[] = {
#define X(symbol, value, status, code) {symbol, status, code},
	ERR_LIST(X)
#undef X
};

static const ErrRow *err_row(int err)
{
	for (size_t i = 0; i < ARRAY_LEN(err_rows); i++)
		if (err_rows[i].err == err)
			return &err_rows[i];
	return NULL;
}

int err_status(int err)
{
	const ErrRow *row = err_row(err);
	return row != NULL ? row->status : 500;
}

const char *err_code(int err)
{
	const ErrRow *row = err_row(err);
	return row != NULL ? row->code : "internal";
}

const char *err_title(int err)
{
	switch (err_status(err)) { /* tidy: table */
	case 400: return "Bad Request";
	case 401: return "Unauthorized";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 409: return "Conflict";
	case 412: return "Precondition Failed";
	case 413: return "Content Too Large";
	case 415: return "Unsupported Media Type";
	case 429: return "Too Many Requests";
	case 503: return "Service Unavailable";
	case 507: return "Insufficient Storage";
	default: return "Internal Server Error";
	}
}
