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
