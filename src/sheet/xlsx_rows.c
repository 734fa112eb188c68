/* The XML of a worksheet, fed in pieces, to rows of texts. */
#include "sheet/sheet_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xml.h"

typedef enum { CELL_NUMBER, CELL_SHARED, CELL_TEXT, CELL_ERROR, CELL_BOOL } CellType;

struct XlsxRows {
	const XlsxWords *words;
	Xml *xml;
	XlsxRow *first, *last, *row; /* row: the one being read */
	int64_t number;
	size_t row_bytes;
	int column; /* of the cell being read, from 0 */
	CellType type;
	int style;
	bool in_cell, in_value, in_phonetic;
	Buf *value;
};

/* "BC12" -> 54, or the next column when the cell does not say. */
static int column_of(const char *reference, int fallback)
{
	int column = 0;
	for (; reference && *reference >= 'A' && *reference <= 'Z' && column < 100000; reference++)
		column = column * 26 + (*reference - 'A' + 1);
	return column ? column - 1 : fallback;
}

static CellType type_of(const char *t)
{
	static const struct {
		const char *name;
		CellType type;
	} types[] = {{"s", CELL_SHARED}, {"inlineStr", CELL_TEXT}, {"str", CELL_TEXT},
	             {"d", CELL_TEXT},   {"e", CELL_ERROR},        {"b", CELL_BOOL}};
	for (size_t i = 0; t && i < ARRAY_LEN(types); i++)
		if (strcmp(types[i].name, t) == 0)
			return types[i].type;
	return CELL_NUMBER;
}

static void row_begin(XlsxRows *rows, const char *const *a)
{
	const char *r = xml_attribute(a, "r");
	int64_t number = r ? strtoll(r, NULL, 10) : 0; /* believed only as far as a table goes */
	talloc_free(rows->row);
	rows->row = talloc_zero(rows, XlsxRow);
	rows->number = number > rows->number && number <= XLSX_ROW_MAX ? number : rows->number + 1;
	rows->row->number = rows->number;
	rows->row->cell = talloc_array(rows->row, const char *, 16);
	rows->column = -1;
	rows->row_bytes = 0;
}

static void cell_begin(XlsxRows *rows, const char *const *a)
{
	const char *style = xml_attribute(a, "s");
	rows->column = column_of(xml_attribute(a, "r"), rows->column + 1);
	rows->type = type_of(xml_attribute(a, "t"));
	rows->style = style ? (int)strtol(style, NULL, 10) : 0;
	rows->in_cell = true;
	buf_clear(rows->value);
}

static void on_begin(void *arg, const char *name, const char *const *a)
{
	XlsxRows *rows = arg;
	if (strcmp(name, "row") == 0)
		row_begin(rows, a);
	else if (strcmp(name, "c") == 0 && rows->row)
		cell_begin(rows, a);
	else if (strcmp(name, "rPh") == 0)
		rows->in_phonetic = true;
	else if ((strcmp(name, "v") == 0 || strcmp(name, "t") == 0) && rows->in_cell)
		rows->in_value = !rows->in_phonetic;
}

static const char *shared_text(const XlsxRows *rows)
{
	char *end;
	unsigned long i = strtoul(rows->value->data, &end, 10);
	return *end || i >= rows->words->n ? "" : rows->words->text + rows->words->at[i];
}

static const char *number_text(XlsxRows *rows)
{
	bool is_date = rows->style >= 0 && (size_t)rows->style < rows->words->n_styles && rows->words->is_date[rows->style];
	const char *date = is_date ? xlsx_date(rows->row, strtod(rows->value->data, NULL), rows->words->from_1904) : NULL;
	return date ? date : xlsx_number(rows->row, rows->value->data);
}

static const char *cell_text(XlsxRows *rows)
{
	switch (rows->type) {
	case CELL_SHARED: return shared_text(rows); /* lives as long as the file */
	case CELL_TEXT: return talloc_strdup(rows->row, rows->value->data);
	case CELL_BOOL: return rows->value->data[0] == '1' ? "true" : "false";
	case CELL_ERROR: return "";
	case CELL_NUMBER: return rows->value->len ? number_text(rows) : "";
	}
	return "";
}

static void cell_end(XlsxRows *rows)
{
	XlsxRow *row = rows->row;
	rows->in_cell = false;
	if (buf_failed(rows->value))
		row->fault = "too_long";
	else if (rows->column >= SHEET_CELLS_MAX)
		row->fault = rows->value->len ? "too_many_cells" : row->fault;
	else {
		const char *text = cell_text(rows);
		rows->row_bytes += strlen(text);
		if (rows->row_bytes > SHEET_ROW_MAX) {
			row->fault = "too_long";
			return;
		}
		if (rows->column >= (int)talloc_array_length(row->cell))
			row->cell = talloc_realloc(row, row->cell, const char *, SHEET_CELLS_MAX);
		for (; row->n <= rows->column; row->n++)
			row->cell[row->n] = "";
		row->cell[rows->column] = text;
	}
}

static bool row_is_blank(const XlsxRow *row)
{
	for (int i = 0; i < row->n; i++)
		if (row->cell[i][strspn(row->cell[i], " \t")])
			return false;
	return true;
}

static void row_end(XlsxRows *rows)
{
	XlsxRow *row = rows->row;
	rows->row = NULL;
	if (!row->fault && row_is_blank(row)) {
		talloc_free(row);
		return;
	}
	*(rows->last ? &rows->last->next : &rows->first) = row;
	rows->last = row;
}

static void on_end(void *arg, const char *name)
{
	XlsxRows *rows = arg;
	if (strcmp(name, "row") == 0 && rows->row)
		row_end(rows);
	else if (strcmp(name, "c") == 0 && rows->row && rows->in_cell)
		cell_end(rows);
	else if (strcmp(name, "rPh") == 0)
		rows->in_phonetic = false;
	else if (strcmp(name, "v") == 0 || strcmp(name, "t") == 0)
		rows->in_value = false;
}

static void on_text(void *arg, const char *text, size_t len)
{
	XlsxRows *rows = arg;
	if (rows->in_value)
		buf_append(rows->value, text, len);
}

XlsxRows *xlsx_rows_new(TALLOC_CTX *ctx, const XlsxWords *words)
{
	static const XmlHooks hooks = {on_begin, on_end, on_text};
	XlsxRows *rows = talloc_zero(ctx, XlsxRows);
	rows->words = words;
	rows->xml = xml_new(rows, &hooks, rows, SHEET_DEPTH_MAX);
	rows->value = buf_new(rows, SHEET_ROW_MAX);
	return rows;
}

bool xlsx_rows_feed(XlsxRows *rows, const char *bytes, size_t len, bool last, const char **ret_why)
{
	if (xml_feed(rows->xml, bytes, len, last))
		return true;
	*ret_why = xml_fault(rows->xml);
	return false;
}

XlsxRow *xlsx_rows_take(XlsxRows *rows)
{
	XlsxRow *row = rows->first;
	if (row)
		rows->first = row->next;
	if (!rows->first)
		rows->last = NULL;
	return row;
}
