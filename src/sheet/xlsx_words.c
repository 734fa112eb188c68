/* What the cells of a worksheet refer to: shared texts, styles that make a number a date, the name of the sheet's part.
 * Also how numbers and dates become text. */
#include "sheet/sheet_int.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/xml.h"

#define STYLES_MAX 65536
#define DATE_SERIAL_MAX 2958466.0 /* the year 10000 */

/* ---- numbers and dates ---- */

static bool is_builtin_date(int id)
{
	return (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) || (id >= 50 && id <= 58);
}

bool xlsx_format_is_date(int id, const char *code)
{
	if (!code)
		return is_builtin_date(id);
	for (const char *p = code; *p; p++) {
		if (*p == '"' || *p == '[') {
			const char *end = strchr(p + 1, *p == '"' ? '"' : ']');
			if (!end)
				return false;
			p = end;
		} else if (*p == '\\' || *p == '_' || *p == '*')
			p += p[1] != '\0';
		else if (strchr("ymdhsYMDHS", *p))
			return true;
	}
	return false;
}

/* Days since 1970 to a date of the Gregorian calendar. */
static void civil_of(int64_t days, int *y, int *m, int *d)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365, doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	*d = (int)(doy - (153 * mp + 2) / 5 + 1);
	*m = (int)(mp < 10 ? mp + 3 : mp - 9);
	*y = (int)(yoe + era * 400 + (*m <= 2));
}

const char *xlsx_date(TALLOC_CTX *ctx, double serial, bool from_1904)
{
	if (from_1904)
		serial += 1462;
	if (!(serial >= 1) || serial >= DATE_SERIAL_MAX)
		return NULL;
	int64_t seconds = (int64_t)floor(serial * 86400 + 0.5), day = seconds / 86400, rest = seconds % 86400;
	int y, m, d;
	civil_of(day - 25569 + (day < 60), &y, &m, &d); /* Excel has a 29 February 1900 */
	if (rest == 0)
		return talloc_asprintf(ctx, "%04d-%02d-%02d", y, m, d);
	return talloc_asprintf(ctx, "%04d-%02d-%02d %02d:%02d:%02d", y, m, d, (int)(rest / 3600), (int)(rest / 60 % 60),
	                       (int)(rest % 60));
}

const char *xlsx_number(TALLOC_CTX *ctx, const char *text)
{
	char *end;
	bool is_scientific = strpbrk(text, "eE") != NULL, has_point = strchr(text, '.') != NULL;
	double value = strtod(text, &end);
	if (*end || end == text || !(is_scientific || has_point) || !isfinite(value))
		return talloc_strdup(ctx, text);
	if (value == floor(value) && fabs(value) < 9007199254740992.0)
		return talloc_asprintf(ctx, "%.0f", value);
	return talloc_asprintf(ctx, "%.15g", value);
}

/* ---- parts ---- */

static void workbook_begin(XlsxGather *g, const char *name, const char *const *a)
{
	const char *state = xml_attribute(a, "state");
	bool hidden = state && strncmp(state, "visible", 7) != 0;
	if (strcmp(name, "workbookPr") == 0) {
		const char *date = xml_attribute(a, "date1904");
		g->words.from_1904 = date && (strcmp(date, "1") == 0 || strcmp(date, "true") == 0);
	} else if (strcmp(name, "sheet") == 0 && !hidden && !g->sheet_relation) {
		const char *id = NULL;
		for (; a[0]; a += 2) /* r:id, not the name of the sheet */
			if (strchr(a[0], ':') && strcmp(strchr(a[0], ':'), ":id") == 0)
				id = a[1];
		g->sheet_relation = talloc_strdup(g, id);
	}
}

static void relations_begin(XlsxGather *g, const char *name, const char *const *a)
{
	const char *id = xml_attribute(a, "Id"), *target = xml_attribute(a, "Target");
	if (strcmp(name, "Relationship") == 0 && id && target && g->sheet_relation && !g->sheet_target &&
	    strcmp(id, g->sheet_relation) == 0)
		g->sheet_target = talloc_strdup(g, target);
}

static const char *custom_code(const XlsxGather *g, int id)
{
	for (size_t i = 0; i < g->n_custom; i++)
		if (g->custom_id[i] == id)
			return g->custom_code[i];
	return NULL;
}

static void custom_add(XlsxGather *g, const char *const *a)
{
	const char *id = xml_attribute(a, "numFmtId"), *code = xml_attribute(a, "formatCode");
	if (!id || !code || g->n_custom >= STYLES_MAX)
		return;
	g->custom_id = talloc_realloc(g, g->custom_id, int, g->n_custom + 1);
	g->custom_code = talloc_realloc(g, g->custom_code, const char *, g->n_custom + 1);
	g->custom_id[g->n_custom] = (int)strtol(id, NULL, 10);
	g->custom_code[g->n_custom++] = talloc_strdup(g, code);
}

static void style_add(XlsxGather *g, const char *const *a)
{
	const char *text = xml_attribute(a, "numFmtId");
	int id = text ? (int)strtol(text, NULL, 10) : 0;
	if (g->words.n_styles >= STYLES_MAX)
		return;
	g->words.is_date = talloc_realloc(g, g->words.is_date, bool, g->words.n_styles + 1);
	g->words.is_date[g->words.n_styles++] = xlsx_format_is_date(id, custom_code(g, id));
}

static void styles_begin(XlsxGather *g, const char *name, const char *const *a)
{
	if (strcmp(name, "numFmts") == 0)
		g->in_formats = true;
	else if (strcmp(name, "cellXfs") == 0)
		g->in_cells = true;
	else if (g->in_formats && strcmp(name, "numFmt") == 0)
		custom_add(g, a);
	else if (g->in_cells && strcmp(name, "xf") == 0)
		style_add(g, a);
}

static void string_add(XlsxGather *g)
{
	XlsxWords *w = &g->words;
	g->too_large |= w->n == XLSX_STRINGS_MAX;
	if (g->too_large)
		return;
	if ((w->n & (w->n - 1)) == 0)
		w->at = talloc_realloc(g, w->at, size_t, w->n ? w->n * 2 : 1);
	w->at[w->n++] = w->len;
}

static void string_text(XlsxGather *g, const char *text, size_t len)
{
	XlsxWords *w = &g->words;
	if ((int64_t)(w->len + len + 1) > SHEET_STRINGS_MAX) {
		g->too_large = true;
		return;
	}
	if (w->len + len + 1 > w->cap) {
		w->cap = (w->len + len + 1) * 3 / 2 + 4096;
		w->text = talloc_realloc(g, w->text, char, w->cap);
	}
	memcpy(w->text + w->len, text, len);
	w->len += len;
}

static void strings_begin(XlsxGather *g, const char *name)
{
	if (strcmp(name, "si") == 0) {
		g->in_item = true;
		string_add(g);
	} else if (strcmp(name, "rPh") == 0)
		g->in_phonetic = true;
	else if (strcmp(name, "t") == 0)
		g->in_text = g->in_item && !g->in_phonetic;
}

static void part_begin(void *arg, const char *name, const char *const *attributes)
{
	XlsxGather *g = arg;
	switch (g->part) {
	case XLSX_WORKBOOK: workbook_begin(g, name, attributes); break;
	case XLSX_RELATIONS: relations_begin(g, name, attributes); break;
	case XLSX_STYLES: styles_begin(g, name, attributes); break;
	case XLSX_STRINGS: strings_begin(g, name); break;
	}
}

static void part_end(void *arg, const char *name)
{
	XlsxGather *g = arg;
	if (strcmp(name, "numFmts") == 0)
		g->in_formats = false;
	else if (strcmp(name, "cellXfs") == 0)
		g->in_cells = false;
	else if (strcmp(name, "rPh") == 0)
		g->in_phonetic = false;
	else if (strcmp(name, "t") == 0)
		g->in_text = false;
	else if (strcmp(name, "si") == 0 && g->part == XLSX_STRINGS) {
		g->in_item = false;
		string_text(g, "", 1);
	}
}

static void part_text(void *arg, const char *text, size_t len)
{
	XlsxGather *g = arg;
	if (g->part == XLSX_STRINGS && g->in_text)
		string_text(g, text, len);
}

Xml *xlsx_part_reader(TALLOC_CTX *ctx, XlsxGather *gather, XlsxPart part)
{
	static const XmlHooks hooks = {part_begin, part_end, part_text};
	gather->part = part;
	gather->in_item = gather->in_text = gather->in_phonetic = gather->in_formats = gather->in_cells = false;
	return xml_new(ctx, &hooks, gather, SHEET_DEPTH_MAX);
}
