/* Fuzzes the reader of a worksheet's XML: whole or in two pieces it gives the same rows. */
#include "sheet/sheet_int.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t cells_of(TALLOC_CTX *ctx, XlsxRows *rows, uint64_t sum)
{
	for (XlsxRow *row = xlsx_rows_take(rows); row; row = xlsx_rows_take(rows)) {
		for (int i = 0; i < row->n; i++)
			sum = sum * 31 + strlen(row->cell[i]);
		sum = sum * 31 + (uint64_t)row->number;
		talloc_free(row);
	}
	(void)ctx;
	return sum;
}

static bool read_in(const char *text, size_t cut, size_t size, uint64_t *ret)
{
	static char shared[] = "a\0bc\0";
	static size_t at[] = {0, 2};
	bool is_date[] = {false, true};
	const XlsxWords words = {.text = shared, .at = at, .n = 2, .is_date = is_date, .n_styles = 2};
	const char *why;
	TALLOC_CTX *ctx = talloc_new(NULL);
	XlsxRows *rows = xlsx_rows_new(ctx, &words);
	bool fine = xlsx_rows_feed(rows, text, cut, false, &why);
	*ret = cells_of(ctx, rows, 0);
	fine = fine && xlsx_rows_feed(rows, text + cut, size - cut, true, &why);
	*ret = cells_of(ctx, rows, *ret);
	talloc_free(ctx);
	return fine;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t whole, pieces;
	bool a = read_in((const char *)data, 0, size, &whole), b = read_in((const char *)data, size / 2, size, &pieces);
	if (a != b || (a && whole != pieces))
		abort();
	return 0;
}
