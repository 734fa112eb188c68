/* What the readers of this floor share. */
#pragma once

#include "sheet/sheet.h"
#include <stdio.h>

/* ---- csv_guess.c: what kind of text is this ---- */

typedef struct {
	const char *encoding;
	size_t bom; /* bytes to skip at the beginning */
	char separator;
	bool says_separator; /* the first line is "sep=;" */
} CsvGuess;

/* From the first bytes of a file. */
CsvGuess csv_guess(TALLOC_CTX *ctx, const char *bytes, size_t len);
/* Valid UTF-8 with a character of three bytes or more: hardly ever so by accident in another encoding. */
bool csv_looks_utf8(const char *text, size_t len);

/* ---- csv.c ---- */

typedef struct Csv Csv;
/* The file becomes the reader's and is closed with it. */
Csv *csv_open(TALLOC_CTX *ctx, FILE *file, SheetInfo *ret_info);
NODISCARD int csv_next(Csv *csv, SheetRow *ret, SheetFault *ret_fault);

/* ---- xlsx.c ---- */

typedef struct Xlsx Xlsx;
Xlsx *xlsx_open(TALLOC_CTX *ctx, const char *path, SheetFault *ret_fault);
NODISCARD int xlsx_next(Xlsx *xlsx, SheetRow *ret, SheetFault *ret_fault);

/* ---- xlsx_rows.c: the XML of one worksheet to rows ---- */

#define XLSX_STRINGS_MAX 12000000 /* shared texts: also an empty one takes a place in memory */
#define XLSX_ROW_MAX (1 << 24)    /* beyond the last row a worksheet can have */

/* What the cells refer to. */
typedef struct {
	char *text; /* all shared strings, each with its terminator */
	size_t len, cap;
	size_t *at; /* where each begins */
	size_t n;
	bool *is_date; /* by style */
	size_t n_styles;
	bool from_1904;
} XlsxWords;

typedef struct XlsxRow {
	struct XlsxRow *next;
	int64_t number;
	int n;
	const char **cell;
	const char *fault;
} XlsxRow;

typedef struct XlsxRows XlsxRows;
XlsxRows *xlsx_rows_new(TALLOC_CTX *ctx, const XlsxWords *words);
/* False: the XML is not acceptable; why stands in *ret_why (English literal). */
NODISCARD bool xlsx_rows_feed(XlsxRows *rows, const char *bytes, size_t len, bool last, const char **ret_why);
/* The next finished row, the caller's to free; NULL: feed more. */
XlsxRow *xlsx_rows_take(XlsxRows *rows);

/* ---- xlsx_words.c ---- */

bool xlsx_format_is_date(int id, const char *code);
/* A serial day as "2026-01-31" or "2026-01-31 09:30:00"; NULL when it is no date. */
const char *xlsx_date(TALLOC_CTX *ctx, double serial, bool from_1904);
/* A number as people wrote it: a phone number keeps its digits. */
const char *xlsx_number(TALLOC_CTX *ctx, const char *text);

typedef enum { XLSX_WORKBOOK, XLSX_RELATIONS, XLSX_STYLES, XLSX_STRINGS } XlsxPart;
/* What is gathered from the parts beside the worksheet. */
typedef struct {
	XlsxWords words;
	char *sheet_relation; /* r:id of the first visible sheet */
	char *sheet_target;   /* where that leads */
	/* while a part is being read */
	XlsxPart part;
	bool in_item, in_text, in_phonetic, in_formats, in_cells, too_large;
	int *custom_id;
	const char **custom_code;
	size_t n_custom;
} XlsxGather;
struct Xml;
struct Xml *xlsx_part_reader(TALLOC_CTX *ctx, XlsxGather *gather, XlsxPart part);
