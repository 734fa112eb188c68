/* Tables in files as people have them: CSV in whatever encoding and with whatever separator, and XLSX. One row after
 * the other is pulled out, in bounded memory; what a row means is not known here. */
#pragma once

#include "base/base.h"
#include "base/err.h"

#define SHEET_FILE_MAX (INT64_C(512) * 1024 * 1024)
#define SHEET_ROWS_MAX 2000000
#define SHEET_CELLS_MAX 256
#define SHEET_ROW_MAX (256 * 1024)                       /* bytes of one row */
#define SHEET_STRINGS_MAX (INT64_C(96) * 1024 * 1024)    /* texts that an XLSX keeps beside its rows */
#define SHEET_INFLATED_MAX (INT64_C(2048) * 1024 * 1024) /* of one part of an XLSX */
#define SHEET_RATIO_MAX 300                              /* of a part to its packed size, once it is large */
#define SHEET_RATIO_FROM (INT64_C(16) * 1024 * 1024)
#define SHEET_PARTS_MAX 10000
#define SHEET_DEPTH_MAX 64

typedef struct Sheet Sheet;

typedef struct {
	const char *const *cell; /* valid UTF-8; "" where nothing stands; until the next row */
	int n;
	int64_t number; /* place in the file from 1; blank rows are counted but not given */
	/* NULL, or why the row cannot be trusted: "mixed_encoding", "bad_encoding", "nul_byte", "too_long",
	 * "too_many_cells", "unclosed_quote" */
	const char *fault;
} SheetRow;

/* What was found out about the file. */
typedef struct {
	const char *format;   /* "csv", "xlsx" */
	const char *encoding; /* "UTF-8", "GB18030", "UTF-16LE", "UTF-16BE" */
	char separator;       /* CSV only */
} SheetInfo;

/* Why a file cannot be read: a stable word ("not_a_table", "zip_bomb", "bad_xml", "old_xls", ...) and sentences. */
typedef struct {
	const char *reason;
	const char *en, *zh;
} SheetFault;

/* NULL and the reason when it is no table that can be read. */
Sheet *sheet_open(TALLOC_CTX *ctx, const char *path, SheetFault *ret_fault);
const SheetInfo *sheet_info(const Sheet *sheet);
/* 1: a row; 0: the end; ERR_INVALID: the rest cannot be read, *ret_fault says why. */
NODISCARD int sheet_next(Sheet *sheet, SheetRow *ret, SheetFault *ret_fault);
