/* The rows of a sheet in another order than they stand in the file, in bounded memory. */
#pragma once

#include "sheet/sheet.h"

typedef struct SheetOrder SheetOrder;

/* Where a row belongs: by ascending key, and those of one key as they stand in the file. False: whoever asked has lost
 * interest. */
typedef bool (*SheetKey)(const SheetRow *row, void *arg, int64_t *ret);

/* 1 when all rows stand in the order of their keys, else 0. ERR_INVALID: the file cannot be read, *ret_fault says why;
 * ERR_STALE: lost interest. The sheet is read up to where that is known. */
NODISCARD int sheet_is_ordered(Sheet *sheet, SheetKey key, void *arg, SheetFault *ret_fault);
/* Reads all rows that are left. They lie in a file without a name in folder until the order is freed; 16 bytes a row
 * are held in memory. 0, or as above, or ERR_FULL, ERR_STORE when the folder could not take them. */
NODISCARD int sheet_order(TALLOC_CTX *ctx, Sheet *sheet, const char *folder, SheetKey key, void *arg,
                          SheetOrder **ret, SheetFault *ret_fault);
/* 1: a row, valid until the next; 0: the end; ERR_STORE: it cannot be read back. */
NODISCARD int sheet_order_next(SheetOrder *order, SheetRow *ret);
