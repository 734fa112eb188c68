/* An XLSX: a zip of XML parts. Only the parts that are needed are unpacked, piece by piece, and none beyond its limits:
 * a small file must not become a large one. */
#include "sheet/sheet_int.h"

#include <string.h>
#include <zip.h>

#include "base/xml.h"

#define PIECE 32768

struct Xlsx {
	zip_t *zip;
	XlsxGather *gather;
	zip_file_t *part; /* the worksheet */
	int64_t packed, inflated;
	XlsxRows *rows;
	XlsxRow *row; /* the one given last */
	bool ended;
};

static const SheetFault bomb = {"zip_bomb", "The file unpacks to far more than a table of its size can hold.",
                                "文件解压后体积异常，已拒绝。"};
static const SheetFault damaged = {"bad_zip", "The file is damaged; save it again.", "文件已损坏，请重新保存后再试。"};
static const SheetFault no_sheet = {"no_sheet", "The file has no sheet that can be read.",
                                    "文件中没有可以读取的工作表。"};
static const SheetFault bad_xml = {"bad_xml", "A part of the file is not acceptable XML; save it again.",
                                   "文件内容不是可接受的 XML，请重新保存后再试。"};
static const SheetFault texts = {"too_many_texts",
                                 "The file holds more than 96 MB of text, or 12 million texts; save it as CSV.",
                                 "文件中的文本超过 96 MB 或 1200 万条，请另存为 CSV。"};

static bool is_too_much(int64_t inflated, int64_t packed)
{
	return inflated > SHEET_INFLATED_MAX ||
	       (inflated > SHEET_RATIO_FROM && inflated / SHEET_RATIO_MAX > (packed > 0 ? packed : 1));
}

/* NULL with *ret_fault set when it is there but may not be read; NULL without when it is absent. */
static zip_file_t *part_open(Xlsx *x, const char *name, int64_t *ret_packed, SheetFault *ret_fault)
{
	zip_stat_t is;
	zip_int64_t index = zip_name_locate(x->zip, name, ZIP_FL_NOCASE);
	if (index < 0)
		return NULL;
	if (zip_stat_index(x->zip, (zip_uint64_t)index, 0, &is) != 0 || !(is.valid & ZIP_STAT_COMP_SIZE) ||
	    is_too_much((int64_t)is.size, (int64_t)is.comp_size)) {
		*ret_fault = bomb;
		return NULL;
	}
	zip_file_t *part = zip_fopen_index(x->zip, (zip_uint64_t)index, 0);
	if (!part)
		*ret_fault = damaged;
	*ret_packed = (int64_t)is.comp_size;
	return part;
}

/* Reads a whole part; absent is fine. */
static bool part_gather(Xlsx *x, const char *name, XlsxPart which, SheetFault *ret_fault)
{
	char piece[PIECE];
	int64_t packed, inflated = 0;
	SheetFault fault = {0};
	zip_file_t *part = part_open(x, name, &packed, &fault);
	Xml *xml = part ? xlsx_part_reader(x, x->gather, which) : NULL;
	while (part && !fault.reason) {
		zip_int64_t n = zip_fread(part, piece, sizeof piece);
		inflated += n > 0 ? n : 0;
		if (n < 0)
			fault = damaged;
		else if (is_too_much(inflated, packed))
			fault = bomb;
		else if (!xml_feed(xml, piece, (size_t)n, n == 0))
			fault = bad_xml;
		else if (x->gather->too_large)
			fault = texts;
		else if (n == 0)
			break;
	}
	if (part)
		zip_fclose(part);
	talloc_free(xml);
	if (fault.reason)
		*ret_fault = fault;
	return !fault.reason;
}

/* "worksheets/sheet1.xml" or "/xl/worksheets/sheet1.xml" -> the name in the zip. */
static const char *sheet_name(Xlsx *x)
{
	const char *target = x->gather->sheet_target;
	if (!target)
		return "xl/worksheets/sheet1.xml";
	return target[0] == '/' ? target + 1 : talloc_asprintf(x, "xl/%s", target);
}

static int xlsx_free(Xlsx *x)
{
	if (x->part)
		zip_fclose(x->part);
	if (x->zip)
		zip_discard(x->zip);
	return 0;
}

static bool parts_read(Xlsx *x, SheetFault *ret_fault)
{
	if (zip_get_num_entries(x->zip, 0) > SHEET_PARTS_MAX) {
		*ret_fault = bomb;
		return false;
	}
	if (!part_gather(x, "xl/workbook.xml", XLSX_WORKBOOK, ret_fault) ||
	    !part_gather(x, "xl/_rels/workbook.xml.rels", XLSX_RELATIONS, ret_fault) ||
	    !part_gather(x, "xl/styles.xml", XLSX_STYLES, ret_fault) ||
	    !part_gather(x, "xl/sharedStrings.xml", XLSX_STRINGS, ret_fault))
		return false;
	*ret_fault = (SheetFault){0};
	x->part = part_open(x, sheet_name(x), &x->packed, ret_fault);
	if (!x->part && !ret_fault->reason)
		*ret_fault = no_sheet;
	return x->part != NULL;
}

Xlsx *xlsx_open(TALLOC_CTX *ctx, const char *path, SheetFault *ret_fault)
{
	int error;
	Xlsx *x = talloc_zero(ctx, Xlsx);
	talloc_set_destructor(x, xlsx_free);
	x->gather = talloc_zero(x, XlsxGather);
	x->zip = zip_open(path, ZIP_RDONLY, &error);
	if (!x->zip)
		*ret_fault = damaged;
	if (!x->zip || !parts_read(x, ret_fault)) {
		talloc_free(x);
		return NULL;
	}
	x->rows = xlsx_rows_new(x, &x->gather->words);
	return x;
}

static int rows_more(Xlsx *x, SheetFault *ret_fault)
{
	char piece[PIECE];
	const char *why;
	zip_int64_t n = zip_fread(x->part, piece, sizeof piece);
	x->inflated += n > 0 ? n : 0;
	x->ended = n == 0;
	if (n < 0)
		*ret_fault = damaged;
	else if (is_too_much(x->inflated, x->packed))
		*ret_fault = bomb;
	else if (xlsx_rows_feed(x->rows, piece, (size_t)n, n == 0, &why))
		return 0;
	else
		*ret_fault = bad_xml;
	return ERR_INVALID;
}

int xlsx_next(Xlsx *x, SheetRow *ret, SheetFault *ret_fault)
{
	talloc_free(x->row);
	x->row = xlsx_rows_take(x->rows);
	while (!x->row && !x->ended) {
		int r = rows_more(x, ret_fault);
		if (r < 0)
			return r;
		x->row = xlsx_rows_take(x->rows);
	}
	if (!x->row)
		return 0;
	*ret = (SheetRow){.cell = x->row->cell, .n = x->row->n, .number = x->row->number, .fault = x->row->fault};
	return 1;
}
