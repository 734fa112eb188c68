/* Tells by the first bytes what kind of table a file is, and hands over to its reader. */
#include "sheet/sheet_int.h"

#include <string.h>
#include <sys/stat.h>

struct Sheet {
	SheetInfo info;
	Csv *csv;
	Xlsx *xlsx;
	int64_t rows;
};

static const SheetFault no_file = {"no_file", "The file cannot be opened.", "文件无法打开。"};
static const SheetFault empty_file = {"empty_file", "The file is empty.", "文件为空。"};
static const SheetFault too_large = {"file_too_large", "The file is larger than 512 MB; divide it.",
                                     "文件超过 512 MB，请拆分后再导入。"};
static const SheetFault old_xls = {"old_xls", "This is an Excel file of before 2007 (.xls); save it as .xlsx or CSV.",
                                   "这是旧版 Excel 文件（.xls），请另存为 .xlsx 或 CSV。"};
static const SheetFault not_a_table = {"not_a_table", "This is neither CSV nor XLSX.", "文件既不是 CSV 也不是 XLSX。"};
static const SheetFault too_many_rows = {"too_many_rows", "The file has more than 2,000,000 rows; divide it.",
                                         "文件超过 200 万行，请拆分后再导入。"};

/* Bytes by which files begin that are no text: PDF, PNG, GIF, JPEG, gzip, programs. */
static bool is_other_kind(const unsigned char *head, size_t len)
{
	static const char *const kinds[] = {"%PDF",
	                                    "\x89PNG",
	                                    "GIF8",
	                                    "\xFF\xD8\xFF",
	                                    "\x1F\x8B",
	                                    "\177ELF",
	                                    "Rar!"};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (len >= strlen(kinds[i]) && memcmp(head, kinds[i], strlen(kinds[i])) == 0)
			return true;
	return false;
}

static Sheet *open_by_head(Sheet *s, FILE *file, const char *path, SheetFault *ret_fault)
{
	unsigned char head[8];
	size_t n = fread(head, 1, sizeof head, file);
	rewind(file);
	if (n >= 4 && memcmp(head, "PK\3\4", 4) == 0) {
		fclose(file);
		s->info = (SheetInfo){.format = "xlsx", .encoding = "UTF-8"};
		s->xlsx = xlsx_open(s, path, ret_fault);
		return s->xlsx ? s : NULL;
	}
	bool is_ole = n >= 4 && memcmp(head, "\xD0\xCF\x11\xE0", 4) == 0;
	if (n == 0 || is_ole || is_other_kind(head, n)) {
		fclose(file);
		*ret_fault = n == 0 ? empty_file : is_ole ? old_xls : not_a_table;
		return NULL;
	}
	s->csv = csv_open(s, file, &s->info);
	return s;
}

Sheet *sheet_open(TALLOC_CTX *ctx, const char *path, SheetFault *ret_fault)
{
	struct stat is;
	FILE *file = fopen(path, "rbe");
	if (!file || fstat(fileno(file), &is) != 0 || is.st_size > SHEET_FILE_MAX) {
		*ret_fault = file ? too_large : no_file;
		if (file)
			fclose(file);
		return NULL;
	}
	Sheet *s = talloc_zero(ctx, Sheet);
	if (open_by_head(s, file, path, ret_fault))
		return s;
	talloc_free(s);
	return NULL;
}

const SheetInfo *sheet_info(const Sheet *s)
{
	return &s->info;
}

int sheet_next(Sheet *s, SheetRow *ret, SheetFault *ret_fault)
{
	int r = s->csv ? csv_next(s->csv, ret, ret_fault) : xlsx_next(s->xlsx, ret, ret_fault);
	if (r == 1 && ++s->rows > SHEET_ROWS_MAX) {
		*ret_fault = too_many_rows;
		return ERR_INVALID;
	}
	return r;
}
