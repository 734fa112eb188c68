/* Tests of the readers: what Excel and others write, and what attackers do. */
#include "base/check.h"
#include "base/xml.h"
#include "sheet/order.h"
#include "sheet/sheet_int.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include <zip.h>

/* All rows as text: cells joined by '|', rows by a line end, faults in brackets. */
static char *rows_of(const char *path, SheetInfo *info, SheetFault *fault)
{
	SheetRow row;
	GString *all = g_string_new("");
	TALLOC_CTX *ctx = talloc_new(NULL);
	*fault = (SheetFault){0};
	Sheet *sheet = sheet_open(ctx, path, fault);
	if (sheet && info)
		*info = *sheet_info(sheet);
	while (sheet && sheet_next(sheet, &row, fault) == 1) {
		g_string_append_printf(all, "%lld:", (long long)row.number);
		for (int i = 0; i < row.n; i++)
			g_string_append_printf(all, "%s%s", i ? "|" : "", row.cell[i]);
		g_string_append_printf(all, row.fault ? "[%s]\n" : "\n", row.fault);
	}
	talloc_free(ctx);
	return g_string_free(all, FALSE);
}

static char *file_with(const void *bytes, size_t len)
{
	char *path = NULL;
	int fd = g_file_open_tmp("tenon-sheet-XXXXXX", &path, NULL);
	CHECK(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
	close(fd);
	return path;
}

static void expect_bytes(const void *bytes, size_t len, const char *encoding, const char *rows)
{
	SheetInfo info = {0};
	SheetFault fault;
	char *path = file_with(bytes, len), *got = rows_of(path, &info, &fault);
	CHECK_TEXT(got, rows);
	CHECK_TEXT(info.encoding, encoding);
	g_free(got);
	g_unlink(path);
	g_free(path);
}

static void expect(const char *text, const char *rows)
{
	expect_bytes(text, strlen(text), "UTF-8", rows);
}

static void expect_in(const char *encoding, const char *bom, const char *text, const char *rows)
{
	gsize len;
	char *bytes = g_convert(text, -1, encoding, "UTF-8", NULL, &len, NULL);
	GByteArray *all = g_byte_array_new();
	g_byte_array_append(all, (const guint8 *)bom, (guint)strlen(bom));
	g_byte_array_append(all, (const guint8 *)bytes, (guint)len);
	expect_bytes(all->data, all->len, encoding, rows);
	g_byte_array_free(all, TRUE);
	g_free(bytes);
}

TEST(csv, reads_quotes_and_line_ends_within_them)
{
	expect("a,b\r\n\"1,\"\"x\"\"\",\"two\r\nlines\"\r\n\r\n,\r\nlast,row",
	       "1:a|b\n2:1,\"x\"|two\r\nlines\n5:last|row\n");
	expect("a\rb\rc", "1:a\n2:b\n3:c\n");
	expect("a,b\n1,say \"hi\" now\n", "1:a|b\n2:1|say \"hi\" now\n");
	expect("\xEF\xBB\xBF"
	       "a,b\n",
	       "1:a|b\n");
}

TEST(csv, guesses_the_separator)
{
	expect("a;b\n1,5;2\n", "1:a|b\n2:1,5|2\n");
	expect("a\tb\n\"x;y\"\t2\n", "1:a|b\n2:x;y|2\n");
	expect("sep=;\na;b\n", "2:a|b\n");
	expect("one column\nonly\n", "1:one column\n2:only\n");
}

TEST(csv, tells_encodings_by_content)
{
	expect_in("GB18030", "", "姓名,手机\n王芳,138\n𠀀,1\n", "1:姓名|手机\n2:王芳|138\n3:𠀀|1\n");
	expect_in("UTF-16LE", "\xFF\xFE", "姓名\t手机\n王芳\t138\n", "1:姓名|手机\n2:王芳|138\n");
	expect_in("UTF-16BE", "\xFE\xFF", "姓名\t手机\n王芳\t138\n", "1:姓名|手机\n2:王芳|138\n");
	expect_in("UTF-16LE", "", "姓名\t手机\n王芳\t138\n", "1:姓名|手机\n2:王芳|138\n");
}

TEST(csv, reports_rows_in_another_encoding)
{
	expect("姓名,城\n王芳,上海\n\xCD\xF5\xB7\xBC,x\n李明,北京\n",
	       "1:姓名|城\n2:王芳|上海\n3:王芳|x[mixed_encoding]\n4:李明|北京\n");
	expect_bytes("\xD0\xD5\xC3\xFB\n\xCD\xF5\xB7\xBC\n\xE7\x8E\x8B\xE8\x8A\xB3\n", 17, "GB18030",
	             "1:姓名\n2:王芳\n3:王芳[mixed_encoding]\n");
}

TEST(csv, keeps_digits_that_excel_protects)
{
	expect("phone\n\"=\"\"02161234567\"\"\"\n", "1:phone\n2:02161234567\n");
}

TEST(csv, refuses_zero_bytes_and_rows_without_end)
{
	expect_bytes("a,b\n1,x\0y\n2,z\n", 14, "UTF-8", "1:a|b\n2:1|xy[nul_byte]\n3:2|z\n");
	expect("a,b\n\"never closed,1\n2,z\n", "1:a|b\n2:never closed,1\n2,z\n[unclosed_quote]\n3:2|z\n");
	GString *wide = g_string_new("a\n");
	for (int i = 0; i < SHEET_CELLS_MAX + 5; i++)
		g_string_append(wide, i ? ",x" : "x");
	SheetFault fault;
	char *path = file_with(wide->str, wide->len), *got = rows_of(path, NULL, &fault);
	CHECK(g_str_has_suffix(got, "[too_many_cells]\n"));
	g_free(got);
	g_unlink(path);
	g_free(path);
	g_string_free(wide, TRUE);
}

/* ---- XLSX ---- */

typedef struct {
	const char *name, *xml;
	size_t len; /* 0: strlen */
} Part;

static char *xlsx_with(const Part *parts)
{
	char *path = g_strdup_printf("%s/tenon-sheet-%d-%u.xlsx", g_get_tmp_dir(), getpid(), g_random_int());
	zip_t *zip = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
	for (; parts->name; parts++)
		zip_file_add(zip, parts->name,
		             zip_source_buffer(zip, parts->xml, parts->len ? parts->len : strlen(parts->xml), 0), 0);
	CHECK_INT(zip_close(zip), 0);
	return path;
}

static void expect_xlsx(const Part *parts, const char *rows, const char *reason)
{
	SheetFault fault;
	char *path = xlsx_with(parts), *got = rows_of(path, NULL, &fault);
	CHECK_TEXT(got, rows);
	CHECK_TEXT(fault.reason, reason);
	g_free(got);
	g_unlink(path);
	g_free(path);
}

#define SHEET(rows) "<worksheet><sheetData>" rows "</sheetData></worksheet>"

TEST(xlsx, reads_texts_numbers_and_dates)
{
	const Part parts[] = {
		{"xl/workbook.xml",
	     "<workbook><sheets><sheet name=\"h\" state=\"hidden\" r:id=\"r1\"/>"
	     "<sheet name=\"s\" r:id=\"r2\"/></sheets></workbook>",
	     0},
		{"xl/_rels/workbook.xml.rels",
	     "<Relationships><Relationship Id=\"r1\" Target=\"worksheets/a.xml\"/>"
	     "<Relationship Id=\"r2\" Target=\"worksheets/b.xml\"/></Relationships>",
	     0},
		{"xl/styles.xml",
	     "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"yyyy&quot;年&quot;m\"/></numFmts>"
	     "<cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"164\"/></cellXfs></styleSheet>",
	     0},
		{"xl/sharedStrings.xml",
	     "<sst><si><t>姓</t><rPh><t>xing</t></rPh></si><si><r><t>王</t></r><r><t>芳</t></r></si></sst>", 0},
		{"xl/worksheets/a.xml", SHEET("<row><c><v>9</v></c></row>"), 0},
		{"xl/worksheets/b.xml",
	     SHEET("<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"C1\" t=\"s\"><v>1</v></c></row><row r=\"2\"/>"
	           "<row r=\"4\"><c r=\"A4\"><v>13812345678</v></c><c r=\"B4\"><v>1.3812345678E10</v></c>"
	           "<c r=\"C4\" s=\"1\"><v>45000</v></c><c r=\"D4\" s=\"2\"><v>45000.75</v></c>"
	           "<c r=\"E4\" t=\"inlineStr\"><is><t>a&amp;b</t></is></c><c r=\"F4\" t=\"b\"><v>1</v></c>"
	           "<c r=\"G4\" t=\"e\"><v>#N/A</v></c></row>"),
	     0},
		{NULL, NULL, 0}};
	expect_xlsx(parts, "1:姓||王芳\n4:13812345678|13812345678|2023-03-15|2023-03-15 18:00:00|a&b|true|\n", NULL);
}

TEST(xlsx, counts_days_in_both_systems)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	CHECK_TEXT(xlsx_date(ctx, 1, false), "1900-01-01");
	CHECK_TEXT(xlsx_date(ctx, 61, false), "1900-03-01");
	CHECK_TEXT(xlsx_date(ctx, 43538, true), "2023-03-15");
	CHECK_TEXT(xlsx_date(ctx, 0.5, false), NULL);
	CHECK(xlsx_format_is_date(164, "[$-804]yyyy/m/d") && !xlsx_format_is_date(165, "\"day\"0.00_);[Red]#"));
	talloc_free(ctx);
}

TEST(xlsx, refuses_entities_bombs_and_damage)
{
	const char *own = "<!DOCTYPE a [<!ENTITY b \"c\">]>" SHEET("<row><c><v>&b;</v></c></row>");
	const Part entity[] = {{"xl/worksheets/sheet1.xml", own, 0}, {NULL, NULL, 0}};
	expect_xlsx(entity, "", "bad_xml");
	size_t len = (size_t)SHEET_RATIO_FROM * 2;
	char *blanks = g_malloc(len);
	memset(blanks, ' ', len);
	const Part bomb[] = {{"xl/worksheets/sheet1.xml", blanks, len}, {NULL, NULL, 0}};
	expect_xlsx(bomb, "", "zip_bomb");
	const Part strings[] = {
		{"xl/sharedStrings.xml", blanks, len}, {"xl/worksheets/sheet1.xml", SHEET(""), 0}, {NULL, NULL, 0}};
	expect_xlsx(strings, "", "zip_bomb");
	g_free(blanks);
	SheetFault fault;
	char *path = file_with("PK\3\4 but no more", 16), *got = rows_of(path, NULL, &fault);
	CHECK_TEXT(fault.reason, "bad_zip");
	g_free(got);
	g_unlink(path);
	g_free(path);
}

/* Each byte that is no character becomes three: more than the room for a row holds, with cells behind it. */
TEST(csv, a_row_of_nothing_but_broken_bytes_stays_in_its_room)
{
	SheetFault fault;
	GString *text = g_string_new("a,b\n\"");
	for (int i = 0; i < SHEET_ROW_MAX - 1000; i++)
		g_string_append_c(text, (char)0xff);
	g_string_append_c(text, '"');
	for (int i = 0; i < 60; i++)
		g_string_append(text, ",\xff\xff\xff\xff\xff\xff");
	g_string_append(text, "\nlast,row\n");
	char *path = file_with(text->str, text->len), *got = rows_of(path, NULL, &fault);
	CHECK(fault.reason == NULL);
	CHECK(strstr(got, "[bad_encoding]\n3:last|row\n") != NULL);
	g_free(got);
	g_unlink(path);
	g_free(path);
	g_string_free(text, TRUE);
}

/* Empty texts weigh nothing as text, but each has its place. */
TEST(xlsx, refuses_more_texts_than_there_are_places_for)
{
	GString *strings = g_string_new("<sst>");
	for (int i = 0; i <= XLSX_STRINGS_MAX; i++)
		g_string_append(strings, i % 100 ? "<si/>" : "<si><t>a text that packs less well</t></si>");
	g_string_append(strings, "</sst>");
	XlsxGather *g = talloc_zero(NULL, XlsxGather);
	Xml *xml = xlsx_part_reader(g, g, XLSX_STRINGS);
	CHECK(xml_feed(xml, strings->str, strings->len, true));
	CHECK(g->too_large);
	CHECK(g->words.n <= XLSX_STRINGS_MAX);
	g_string_free(strings, TRUE);
	talloc_free(g);
}

/* Two rows that say they are the same place are two rows; a place beyond all tables is none. */
TEST(xlsx, counts_rows_whose_place_cannot_be)
{
	const Part parts[] = {{"xl/worksheets/sheet1.xml", SHEET(
		"<row r=\"9223372036854775807\"><c t=\"str\"><v>a</v></c></row>"
		"<row><c t=\"str\"><v>b</v></c></row><row r=\"2\"><c t=\"str\"><v>c</v></c></row>"
		"<row r=\"268435459\"><c t=\"str\"><v>d</v></c></row>"), 0}, {NULL, NULL, 0}};
	expect_xlsx(parts, "1:a\n2:b\n3:c\n4:d\n", NULL);
}

TEST(sheet, says_what_it_cannot_read)
{
	static const struct {
		const char *head, *reason;
	} files[] = {{"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "old_xls"}, {"%PDF-1.7", "not_a_table"}, {"", "empty_file"}};
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		SheetFault fault;
		char *path = file_with(files[i].head, strlen(files[i].head)), *got = rows_of(path, NULL, &fault);
		CHECK_TEXT(fault.reason, files[i].reason);
		g_free(got);
		g_unlink(path);
		g_free(path);
	}
}

/* ---- another order ---- */

/* The number in the first cell; what is none comes last. Loses interest after so many rows. */
static bool number_key(const SheetRow *row, void *left, int64_t *ret)
{
	char *end;
	*ret = strtoll(row->cell[0], &end, 10);
	if (*end || end == row->cell[0])
		*ret = INT64_MAX;
	return (*(int *)left)-- > 0;
}

static Sheet *sheet_of(TALLOC_CTX *ctx, const char *text)
{
	SheetFault fault;
	char *path = file_with(text, strlen(text));
	Sheet *sheet = sheet_open(ctx, path, &fault);
	g_unlink(path);
	g_free(path);
	CHECK(sheet != NULL);
	return sheet;
}

static char *ordered(TALLOC_CTX *ctx, SheetOrder *order)
{
	SheetRow row;
	char *all = talloc_strdup(ctx, "");
	while (sheet_order_next(order, &row) == 1) {
		all = talloc_asprintf_append(all, "%lld:", (long long)row.number);
		for (int i = 0; i < row.n; i++)
			all = talloc_asprintf_append(all, "%s%s", i ? "|" : "", row.cell[i]);
		all = talloc_asprintf_append(all, row.fault ? "[%s]\n" : "\n", row.fault);
	}
	return all;
}

TEST(order, gives_rows_by_key_and_equal_ones_as_they_stood)
{
	SheetFault fault;
	SheetOrder *order = NULL;
	int left = 100;
	TALLOC_CTX *ctx = talloc_new(NULL);
	Sheet *sheet = sheet_of(ctx, "3,a\n1,b\n\nx,\xff\n3,\"c\nd\"\n-5,\n1,e\n");
	CHECK_INT(sheet_order(ctx, sheet, g_get_tmp_dir(), number_key, &left, &order, &fault), 0);
	CHECK_TEXT(ordered(ctx, order), "6:-5|\n2:1|b\n7:1|e\n1:3|a\n5:3|c\nd\n4:x|\xef\xbf\xbd[bad_encoding]\n");
	talloc_free(ctx);
}

TEST(order, holds_rows_of_every_length)
{
	SheetFault fault;
	SheetOrder *order = NULL;
	SheetRow row;
	int left = 1000000;
	TALLOC_CTX *ctx = talloc_new(NULL);
	GString *text = g_string_new("");
	for (int i = 9999; i >= 0; i--)
		g_string_append_printf(text, "%d,%0*d\n", i, i % 7 == 0 ? 3000 : 5, i);
	Sheet *sheet = sheet_of(ctx, text->str);
	CHECK_INT(sheet_order(ctx, sheet, g_get_tmp_dir(), number_key, &left, &order, &fault), 0);
	for (int i = 0; i < 10000; i++) {
		CHECK_INT(sheet_order_next(order, &row), 1);
		CHECK_INT(strtoll(row.cell[0], NULL, 10), i);
		CHECK_INT(strtoll(row.cell[1], NULL, 10), i);
		CHECK_INT(strlen(row.cell[1]), i % 7 == 0 ? 3000 : 5);
	}
	CHECK_INT(sheet_order_next(order, &row), 0);
	g_string_free(text, TRUE);
	talloc_free(ctx);
}

TEST(order, knows_what_is_in_order_and_when_nobody_waits_any_more)
{
	SheetFault fault;
	SheetOrder *order = NULL;
	int left = 100;
	TALLOC_CTX *ctx = talloc_new(NULL);
	CHECK_INT(sheet_is_ordered(sheet_of(ctx, "1\n1\n2\nx\n"), number_key, &left, &fault), 1);
	CHECK_INT(sheet_is_ordered(sheet_of(ctx, "1\n3\n2\n"), number_key, &left, &fault), 0);
	left = 1;
	CHECK_INT(sheet_is_ordered(sheet_of(ctx, "1\n2\n3\n"), number_key, &left, &fault), ERR_STALE);
	left = 1;
	Sheet *sheet = sheet_of(ctx, "1\n2\n3\n");
	CHECK_INT(sheet_order(ctx, sheet, g_get_tmp_dir(), number_key, &left, &order, &fault), ERR_STALE);
	left = 100;
	CHECK_INT(sheet_order(ctx, sheet_of(ctx, "1\n"), "/nowhere", number_key, &left, &order, &fault), ERR_STORE);
	CHECK(order == NULL);
	talloc_free(ctx);
}

/* tests/fuzz/csv_fuzz.c and xlsx_fuzz.c */
int fuzz_csv(const uint8_t *data, size_t size);
int fuzz_xlsx(const uint8_t *data, size_t size);

static void replay_csv(const CheckRow *row, void *arg)
{
	(void)arg;
	fuzz_csv((const uint8_t *)row->bytes, row->len);
}

static void replay_xlsx(const CheckRow *row, void *arg)
{
	(void)arg;
	fuzz_xlsx((const uint8_t *)row->bytes, row->len);
}

TEST(sheet, survives_the_fuzz_seeds)
{
	CHECK(check_files(TESTS_DIR "/fuzz/seeds/csv", replay_csv, NULL) > 0);
	CHECK(check_files(TESTS_DIR "/fuzz/seeds/xlsx", replay_xlsx, NULL) > 0);
}
