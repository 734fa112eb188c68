/* Encoding and separator of a text, told by its content. Guesses only; the reader reports rows that do not fit. */
#include "sheet/sheet_int.h"

#include <iconv.h>
#include <string.h>

#include "base/utf8.h"

#define SAMPLE_MAX 65536
#define LINES_MAX 30

bool csv_looks_utf8(const char *text, size_t len)
{
	if (!utf8_valid(text, len))
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] >= 0xE0)
			return true;
	return false;
}

static bool has_high(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] >= 0x80)
			return true;
	return false;
}

/* Texts of two bytes a character show blanks, digits and line ends as a zero on one side. */
static const char *wide_of(const char *bytes, size_t len)
{
	size_t zero[2] = {0, 0};
	for (size_t i = 0; i < len; i++)
		if (!bytes[i])
			zero[i % 2]++;
	if (zero[0] + zero[1] < 2 + len / 40)
		return NULL;
	if (zero[1] > 4 * zero[0])
		return "UTF-16LE";
	return zero[0] > 4 * zero[1] ? "UTF-16BE" : NULL;
}

/* Most lines decide; the others are reported when they are read. */
static const char *narrow_of(const char *bytes, size_t len)
{
	int utf8 = 0, other = 0;
	for (size_t at = 0; at < len;) {
		const char *end = memchr(bytes + at, '\n', len - at);
		size_t n = end ? (size_t)(end - bytes) - at : len - at;
		bool is_whole = end || at == 0;
		if (is_whole && has_high(bytes + at, n))
			utf8_valid(bytes + at, n) ? utf8++ : other++;
		at += n + 1;
	}
	return other > utf8 ? "GB18030" : "UTF-8";
}

/* How often the mark stands outside of quotes in the line that begins here; *ret_end is where it ends. */
static int marks_of(const char *text, size_t len, char mark, size_t *ret_end)
{
	int n = 0;
	bool quoted = false;
	size_t i = 0;
	for (; i < len && (quoted || text[i] != '\n'); i++) {
		if (text[i] == '"')
			quoted = !quoted;
		n += !quoted && text[i] == mark;
	}
	*ret_end = i + 1;
	return n;
}

/* The separator divides every line, and the most evenly. */
static char separator_of(const char *text, size_t len)
{
	static const char marks[] = ",;\t";
	char best = ',';
	int best_least = 0, best_sum = 0;
	for (const char *mark = marks; *mark; mark++) {
		int least = -1, sum = 0, lines = 0;
		for (size_t at = 0, end; at < len && lines < LINES_MAX; at += end) {
			int n = marks_of(text + at, len - at, *mark, &end);
			bool is_blank = end <= 2, is_cut = at + end > len && lines > 0;
			if (is_blank || is_cut)
				continue;
			lines++;
			sum += n;
			least = least < 0 || n < least ? n : least;
		}
		if (least > best_least || (least == best_least && sum > best_sum)) {
			best = *mark;
			best_least = least;
			best_sum = sum;
		}
	}
	return best;
}

static char *narrowed(TALLOC_CTX *ctx, const char *encoding, const char *bytes, size_t *len)
{
	size_t left = *len & ~(size_t)1, room = left * 2 + 8;
	char *text = talloc_array(ctx, char, room), *out = text, *in = (char *)bytes;
	iconv_t to = iconv_open("UTF-8", encoding);
	iconv(to, &in, &left, &out, &room);
	iconv_close(to);
	*len = (size_t)(out - text);
	return text;
}

CsvGuess csv_guess(TALLOC_CTX *ctx, const char *bytes, size_t len)
{
	CsvGuess g = {.encoding = NULL, .separator = ','};
	len = len < SAMPLE_MAX ? len : SAMPLE_MAX;
	if (len >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
		g = (CsvGuess){.encoding = "UTF-8", .bom = 3};
	else if (len >= 2 && memcmp(bytes, "\xFF\xFE", 2) == 0)
		g = (CsvGuess){.encoding = "UTF-16LE", .bom = 2};
	else if (len >= 2 && memcmp(bytes, "\xFE\xFF", 2) == 0)
		g = (CsvGuess){.encoding = "UTF-16BE", .bom = 2};
	if (!g.encoding)
		g.encoding = wide_of(bytes, len);
	if (!g.encoding)
		g.encoding = narrow_of(bytes, len);
	const char *text = bytes + g.bom;
	size_t n = len - g.bom;
	if (strncmp(g.encoding, "UTF-16", 6) == 0)
		text = narrowed(ctx, g.encoding, text, &n);
	g.says_separator = n >= 6 && strncmp(text, "sep=", 4) == 0 && (text[5] == '\r' || text[5] == '\n');
	g.separator = g.says_separator ? text[4] : separator_of(text, n);
	return g;
}
