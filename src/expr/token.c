/* From text to tokens. Full-width punctuation, as Chinese input methods write it, counts as its ASCII form. The text is
 * valid UTF-8: expr_parse checks that first. */
#include "expr/expr_int.h"

#include <stdarg.h>
#include <string.h>

#include "base/utf8.h"

#define DIGITS_MAX 18

/* Longer forms before their beginnings. */
static const struct {
	const char *written, *symbol;
} symbols[] = {
	{"<=", "<="}, {">=", ">="}, {"<>", "<>"}, {"!=", "<>"}, {"≤", "<="}, {"≥", ">="}, {"≠", "<>"}, {"=", "="},
	{"＝", "="},
	{"<", "<"}, {"＜", "<"}, {">", ">"}, {"＞", ">"}, {"+", "+"}, {"＋", "+"}, {"-", "-"}, {"－", "-"}, {"*", "*"},
	{"×", "*"}, {"/", "/"}, {"÷", "/"}, {"&", "&"}, {"＆", "&"}, {"(", "("}, {"（", "("}, {")", ")"}, {"）", ")"},
	{",", ","}, {"，", ","}, {".", "."}, {"、", ","},
};

static const struct {
	const char *open, *close;
} quotes[] = {{"\"", "\""}, {"'", "'"}, {"“", "”"}, {"‘", "’"}};

int token_characters(const char *text, size_t at)
{
	int n = 0;
	for (size_t i = 0; i < at && text[i]; i++)
		n += ((unsigned char)text[i] & 0xC0) != 0x80;
	return n;
}

void *parse_fail(Parse *p, size_t at, const char *code, const char *en, const char *zh, ...)
{
	if (p->failed)
		return NULL;
	p->failed = true;
	va_list args, again;
	va_start(args, zh);
	va_copy(again, args);
	*p->fault = (ExprFault){.offset = token_characters(p->text, at), .code = code,
		.en = talloc_vasprintf(p->ctx, en, args), .zh = talloc_vasprintf(p->ctx, zh, again)};
	va_end(again);
	va_end(args);
	return NULL;
}

static bool begins(const Parse *p, const char *word)
{
	size_t len = strlen(word);
	return p->len - p->pos >= len && memcmp(p->text + p->pos, word, len) == 0;
}

static void skip_blanks(Parse *p)
{
	for (;;) {
		if (p->pos < p->len && strchr(" \t\r\n", p->text[p->pos]))
			p->pos++;
		else if (begins(p, "\u3000"))
			p->pos += strlen("\u3000");
		else
			return;
	}
}

static bool is_digit(const Parse *p)
{
	return p->pos < p->len && p->text[p->pos] >= '0' && p->text[p->pos] <= '9';
}

/* 12, 1.5 or 3%: a whole number stays one, the rest are decimals. */
static bool read_number(Parse *p)
{
	int64_t scaled = 0;
	int digits = 0, scale = 0;
	bool point = false;
	for (;; p->pos++) {
		if (is_digit(p)) {
			digits += digits > 0 || p->text[p->pos] != '0';
			scale += point;
			if (digits > DIGITS_MAX || scale > EXPR_SCALE_MAX)
				return parse_fail(p, p->token.at, "number",
					"The number is too long: at most %d digits, %d after the point.",
					"数字太长：最多 %d 位，小数点后最多 %d 位。", DIGITS_MAX, EXPR_SCALE_MAX);
			scaled = scaled * 10 + (p->text[p->pos] - '0');
		} else if (!point && begins(p, ".")) {
			point = true;
		} else {
			break;
		}
	}
	bool percent = begins(p, "%");
	p->pos += percent;
	scale += percent ? 2 : 0;
	if (scale > EXPR_SCALE_MAX)
		return parse_fail(p, p->token.at, "number", "The number has more than %d digits after the point.",
			"小数点后超过 %d 位。", EXPR_SCALE_MAX);
	p->token.kind = TOKEN_NUMBER;
	p->token.value = point || percent ? value_decimal(scaled, (uint8_t)scale) : value_int(scaled);
	return true;
}

/* A quote inside is written twice. */
static bool read_text(Parse *p, const char *open, const char *close)
{
	size_t close_len = strlen(close);
	p->pos += strlen(open);
	Buf *text = buf_new(p->ctx, LIMIT_EXPR_TEXT);
	for (;;) {
		if (p->pos >= p->len)
			return parse_fail(p, p->token.at, "syntax", "The text that begins here is not closed: %s is missing.",
				"从这里开始的文本没有结束：缺少 %s。", close);
		if (begins(p, close)) {
			p->pos += close_len;
			if (!begins(p, close))
				break;
		}
		size_t len = utf8_char_len(p->text + p->pos, p->len - p->pos);
		buf_append(text, p->text + p->pos, len);
		p->pos += len;
	}
	p->token.kind = TOKEN_TEXT;
	p->token.value = value_text_n(text->data, text->len);
	return true;
}

static bool read_label(Parse *p)
{
	const char *end = memchr(p->text + p->pos, ']', p->len - p->pos);
	if (!end)
		return parse_fail(p, p->token.at, "syntax", "The field label that begins here is not closed: ] is missing.",
			"从这里开始的字段标签没有结束：缺少 ]。");
	p->token.kind = TOKEN_LABEL;
	p->token.at = p->pos + 1;
	p->token.len = (size_t)(end - (p->text + p->token.at));
	p->pos = p->token.at + p->token.len + 1;
	return true;
}

static bool read_symbol(Parse *p)
{
	for (size_t i = 0; i < ARRAY_LEN(symbols); i++)
		if (begins(p, symbols[i].written)) {
			p->pos += strlen(symbols[i].written);
			p->token.kind = TOKEN_SYMBOL;
			p->token.symbol = symbols[i].symbol;
			return true;
		}
	return false;
}

static bool is_name_char(char c)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Letters, digits, _ and everything beyond ASCII that is no punctuation of ours. */
static bool read_name(Parse *p)
{
	while (p->pos < p->len) {
		if (is_name_char(p->text[p->pos])) {
			p->pos++;
			continue;
		}
		Parse ahead = *p;
		if ((unsigned char)p->text[p->pos] < 0x80 || read_symbol(&ahead) || begins(p, "\u3000") || begins(p, "“") ||
			begins(p, "‘"))
			break;
		p->pos += utf8_char_len(p->text + p->pos, p->len - p->pos);
	}
	p->token.kind = TOKEN_NAME;
	p->token.len = p->pos - p->token.at;
	if (p->token.len > 0)
		return true;
	size_t len = utf8_char_len(p->text + p->pos, p->len - p->pos);
	return parse_fail(p, p->pos, "syntax", "The character %.*s has no meaning here.", "字符 %.*s 在这里没有意义。", (int)len,
		p->text + p->pos);
}

bool token_next(Parse *p)
{
	if (p->failed)
		return false;
	skip_blanks(p);
	p->token = (Token){.kind = TOKEN_END, .at = p->pos};
	if (p->pos >= p->len)
		return true;
	if (is_digit(p))
		return read_number(p);
	for (size_t i = 0; i < ARRAY_LEN(quotes); i++)
		if (begins(p, quotes[i].open))
			return read_text(p, quotes[i].open, quotes[i].close);
	if (begins(p, "["))
		return read_label(p);
	return read_symbol(p) || read_name(p);
}
