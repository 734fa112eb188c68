/* CSV after RFC 4180 and what Excel makes of it. Separator and quotes are ASCII and never part of a character in UTF-8
 * or GB18030, so rows are cut on the raw bytes and only their cells are converted. A quote that is never closed must
 * not swallow the file: its row is reported and reading goes on behind its first line. */
#include "sheet/sheet_int.h"

#include <iconv.h>
#include <string.h>

#include "base/utf8.h"

#define IN_SIZE 65536
#define WIDE_SIZE 16384
#define BACK_MAX 100 /* rows with an unclosed quote before the file is given up */
#define REPLACEMENT "\xEF\xBF\xBD"

struct Csv {
	FILE *file;
	char in[IN_SIZE];
	size_t at, len;
	int64_t before; /* bytes of the file before in[0] */
	char wide[WIDE_SIZE];
	size_t wide_len;
	iconv_t from_wide, from_gb; /* (iconv_t)-1: not needed */
	bool is_gb;
	char separator;
	char row[SHEET_ROW_MAX + 1];
	size_t row_len;
	size_t start[SHEET_CELLS_MAX + 1];
	int n;
	char text[SHEET_ROW_MAX * 3 + SHEET_CELLS_MAX + 8]; /* a byte that is no character becomes three */
	size_t text_len;
	const char *cell[SHEET_CELLS_MAX];
	const char *fault;
	int64_t number;
	int back;
};

/* ---- bytes ---- */

/* Two bytes a character become UTF-8 here, so that the rest knows only one kind of text. */
static void refill_wide(Csv *csv)
{
	csv->wide_len += fread(csv->wide + csv->wide_len, 1, WIDE_SIZE - csv->wide_len, csv->file);
	char *in = csv->wide, *out = csv->in;
	size_t left = csv->wide_len, room = IN_SIZE;
	while (iconv(csv->from_wide, &in, &left, &out, &room) == (size_t)-1 && left >= 2 && room > 8) {
		memcpy(out, REPLACEMENT, 3);
		out += 3, room -= 3;
		in += 2, left -= 2;
	}
	memmove(csv->wide, in, left);
	csv->wide_len = feof(csv->file) ? 0 : left;
	csv->len = (size_t)(out - csv->in);
}

static bool refill(Csv *csv)
{
	csv->before += (int64_t)csv->len;
	csv->at = 0;
	if (csv->from_wide != (iconv_t)-1)
		refill_wide(csv);
	else
		csv->len = fread(csv->in, 1, IN_SIZE, csv->file);
	return csv->len > 0;
}

static int peek(Csv *csv)
{
	return csv->at < csv->len || refill(csv) ? (unsigned char)csv->in[csv->at] : -1;
}

static int next(Csv *csv)
{
	int c = peek(csv);
	csv->at += c >= 0;
	return c;
}

/* ---- one row ---- */

static void put(Csv *csv, int c)
{
	if (c == 0)
		csv->fault = "nul_byte";
	else if (csv->row_len < SHEET_ROW_MAX)
		csv->row[csv->row_len++] = (char)c;
	else
		csv->fault = "too_long";
}

static void cell_begin(Csv *csv)
{
	if (csv->n < SHEET_CELLS_MAX)
		csv->start[csv->n++] = csv->row_len;
	else
		csv->fault = "too_many_cells";
}

static void cell_end(Csv *csv)
{
	if (csv->row_len < SHEET_ROW_MAX)
		csv->row[csv->row_len++] = '\0';
	else
		csv->row[SHEET_ROW_MAX] = '\0';
}

/* Behind the opening quote; false when the file or the room for a row ended before the closing one. */
static bool quoted_read(Csv *csv)
{
	for (int c = next(csv); c >= 0 && csv->row_len < SHEET_ROW_MAX; c = next(csv)) {
		if (c != '"')
			put(csv, c);
		else if (peek(csv) == '"')
			put(csv, next(csv));
		else
			return true;
	}
	return false;
}

/* False: an unclosed quote. */
static bool cells_read(Csv *csv)
{
	bool is_start = true;
	cell_begin(csv);
	for (int c = next(csv); c >= 0 && c != '\n'; c = next(csv)) {
		if (c == '\r' && (peek(csv) == '\n' || peek(csv) < 0))
			continue;
		if (c == '\r')
			break;
		if (c == '"' && is_start) {
			if (!quoted_read(csv))
				return false;
		} else if (c == csv->separator) {
			cell_end(csv);
			cell_begin(csv);
			is_start = true;
			continue;
		} else
			put(csv, c);
		is_start = false;
	}
	cell_end(csv);
	return true;
}

/* Goes on behind the first line of the row that began at `begin`. */
static bool go_back(Csv *csv, int64_t begin)
{
	if (csv->from_wide != (iconv_t)-1 || ++csv->back > BACK_MAX || fseeko(csv->file, begin, SEEK_SET) != 0)
		return false;
	csv->before = begin;
	csv->at = csv->len = 0;
	for (int c = next(csv); c >= 0 && c != '\n';)
		c = next(csv);
	return true;
}

/* ---- its text ---- */

/* The cell in GB18030 as UTF-8 at the end of csv->text, which has room for all cells of a row. */
static const char *cell_convert(Csv *csv, const char *cell, size_t len)
{
	char *begin = csv->text + csv->text_len, *out = begin, *in = (char *)cell;
	size_t room = sizeof csv->text - csv->text_len - 1;
	while (len > 0 && iconv(csv->from_gb, &in, &len, &out, &room) == (size_t)-1 && room > 4) {
		csv->fault = "bad_encoding";
		memcpy(out, REPLACEMENT, 3);
		out += 3, room -= 3;
		in++, len--;
	}
	iconv(csv->from_gb, NULL, NULL, NULL, NULL);
	*out = '\0';
	csv->text_len = (size_t)(out + 1 - csv->text);
	return begin;
}

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

/* Excel writes ="0021" so that digits stay as they are. */
static char *unwrapped(char *cell)
{
	size_t len = strlen(cell);
	if (len < 3 || cell[0] != '=' || cell[1] != '"' || cell[len - 1] != '"')
		return cell;
	cell[len - 1] = '\0';
	return cell + 2;
}

static const char *cell_text(Csv *csv, char *raw)
{
	char *cell = unwrapped(raw);
	size_t len = strlen(cell);
	if (is_plain(cell))
		return cell;
	bool is_utf8 = csv->is_gb ? csv_looks_utf8(cell, len) : utf8_valid(cell, len);
	if (is_utf8 == csv->is_gb && !csv->fault)
		csv->fault = "mixed_encoding";
	return is_utf8 ? cell : cell_convert(csv, cell, len);
}

static bool row_is_blank(const Csv *csv)
{
	for (int i = 0; i < csv->n; i++)
		if (csv->cell[i][strspn(csv->cell[i], " \t")])
			return false;
	return true;
}

static void row_convert(Csv *csv)
{
	csv->text_len = 0;
	for (int i = 0; i < csv->n; i++)
		csv->cell[i] = cell_text(csv, csv->row + csv->start[i]);
}

int csv_next(Csv *csv, SheetRow *ret, SheetFault *ret_fault)
{
	while (peek(csv) >= 0) {
		int64_t begin = csv->before + (int64_t)csv->at;
		csv->row_len = 0;
		csv->n = 0;
		csv->fault = NULL;
		csv->number++;
		bool closed = cells_read(csv);
		if (!closed && !go_back(csv, begin)) {
			*ret_fault = (SheetFault){"unclosed_quote", "A quotation mark is never closed.", "有引号没有闭合。"};
			return ERR_INVALID;
		}
		if (!closed) {
			cell_end(csv);
			csv->fault = "unclosed_quote";
		}
		row_convert(csv);
		if (!csv->fault && row_is_blank(csv))
			continue;
		*ret = (SheetRow){.cell = csv->cell, .n = csv->n, .number = csv->number, .fault = csv->fault};
		return 1;
	}
	return 0;
}

/* ---- opening ---- */

static int csv_free(Csv *csv)
{
	if (csv->from_wide != (iconv_t)-1)
		iconv_close(csv->from_wide);
	iconv_close(csv->from_gb);
	fclose(csv->file);
	return 0;
}

Csv *csv_open(TALLOC_CTX *ctx, FILE *file, SheetInfo *ret_info)
{
	Csv *csv = talloc_zero(ctx, Csv);
	size_t n = fread(csv->in, 1, IN_SIZE, file);
	CsvGuess guess = csv_guess(csv, csv->in, n);
	bool is_wide = strncmp(guess.encoding, "UTF-16", 6) == 0;
	csv->file = file;
	csv->separator = guess.separator;
	csv->is_gb = strcmp(guess.encoding, "GB18030") == 0;
	csv->from_wide = is_wide ? iconv_open("UTF-8", guess.encoding) : (iconv_t)-1;
	csv->from_gb = iconv_open("UTF-8", "GB18030");
	talloc_set_destructor(csv, csv_free);
	(void)fseeko(file, (off_t)guess.bom, SEEK_SET);
	csv->before = (int64_t)guess.bom;
	if (guess.says_separator)
		for (int c = next(csv); c >= 0 && c != '\n';)
			c = next(csv);
	csv->number = guess.says_separator;
	*ret_info = (SheetInfo){.format = "csv", .encoding = guess.encoding, .separator = guess.separator};
	return csv;
}
