/* Fuzzes the CSV reader: any bytes end, every cell is valid UTF-8, the numbers of rows ascend. */
#include "sheet/sheet_int.h"

#include "base/utf8.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SheetInfo info;
	SheetRow row;
	SheetFault fault;
	FILE *file = size ? fmemopen((void *)data, size, "rb") : NULL;
	if (!file)
		return 0;
	int64_t last = 0;
	Csv *csv = csv_open(NULL, file, &info);
	while (csv_next(csv, &row, &fault) == 1) {
		if (row.number <= last || row.n > SHEET_CELLS_MAX)
			abort();
		last = row.number;
		for (int i = 0; i < row.n; i++)
			if (!utf8_valid(row.cell[i], strlen(row.cell[i])))
				abort();
	}
	talloc_free(csv);
	return 0;
}
