/* HTML to what a reader sees, in one pass without a tree: tags go, blocks break lines, cells are divided by tabs, what
 * is script or style is left out, entities become characters. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <glib.h>

#include "base/utf8.h"
#include "mail/mail_int.h"

#define TAG_MAX 16    /* bytes of a name that are looked at */
#define ENTITY_MAX 12 /* "&#x10FFFF;" */

typedef struct {
	const char *at;
	Buf *out;
	int breaks;      /* line ends at the end of what was written */
	bool is_blank;   /* a blank waits to be written */
	bool is_cell;    /* a tab waits */
} Html;

/* ---- writing ---- */

static void put(Html *h, const char *bytes, size_t n)
{
	if (h->is_cell && h->out->len > 0 && h->breaks == 0)
		buf_putc(h->out, '\t');
	else if (h->is_blank && h->out->len > 0 && h->breaks == 0)
		buf_putc(h->out, ' ');
	h->is_blank = h->is_cell = false;
	h->breaks = 0;
	buf_append(h->out, bytes, n);
}

static void line_end(Html *h, int wanted)
{
	h->is_blank = h->is_cell = false;
	if (h->out->len == 0)
		return;
	for (; h->breaks < wanted; h->breaks++)
		buf_putc(h->out, '\n');
}

/* ---- tags ---- */

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

/* After "<" to after ">"; a ">" within quotes does not end the tag. */
static const char *tag_end(const char *at)
{
	char quote = '\0';
	for (; *at; at++) {
		if (quote)
			quote = *at == quote ? '\0' : quote;
		else if (*at == '"' || *at == '\'')
			quote = *at;
		else if (*at == '>')
			return at + 1;
	}
	return at;
}

/* To the closing tag of an element whose content nobody sees. */
static const char *skip_content(const char *at, const char *name)
{
	size_t n = strlen(name);
	while ((at = strstr(at, "</"))) {
		at += 2;
		if (strncasecmp(at, name, n) == 0)
			return tag_end(at);
	}
	return NULL; /* never closed: the rest is none of the text, as for a browser */
}

static void tag_take(Html *h)
{
	static const char *const hidden[] = {"script", "style", "title", NULL};
	static const char *const blocks[] = {"p", "div", "br", "tr", "table", "li", "ul", "ol", "h1", "h2", "h3", "h4",
	                                     "h5", "h6", "hr", "blockquote", "dt", "dd", "pre", "section", NULL};
	static const char *const cells[] = {"td", "th", NULL};
	char name[TAG_MAX];
	size_t n = 0;
	bool is_end = h->at[1] == '/';
	const char *at = h->at + 1 + is_end;
	while (isalnum((unsigned char)at[n]) && n < sizeof name - 1) {
		name[n] = (char)tolower((unsigned char)at[n]);
		n++;
	}
	name[n] = '\0';
	const char *after = tag_end(at);
	if (!is_end && is_one_of(name, hidden)) {
		const char *behind = skip_content(after, name);
		h->at = behind ? behind : after + strlen(after);
		return;
	}
	if (is_one_of(name, blocks))
		line_end(h, strcmp(name, "p") == 0 && is_end ? 2 : 1);
	else if (is_one_of(name, cells) && is_end)
		h->is_cell = true;
	h->at = after;
}

/* ---- entities ---- */

static const char *entity_name(const char *name, size_t n)
{
	static const char *const known[][2] = {
		{"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}, {"nbsp", " "}, {"ensp", " "},
		{"emsp", " "}, {"copy", "\u00a9"}, {"reg", "\u00ae"}, {"middot", "\u00b7"}, {"hellip", "\u2026"},
		{"ldquo", "\u201c"}, {"rdquo", "\u201d"}, {"lsquo", "\u2018"}, {"rsquo", "\u2019"}, {"mdash", "\u2014"},
		{"ndash", "\u2013"}, {"yen", "\u00a5"},
	};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strlen(known[i][0]) == n && strncmp(known[i][0], name, n) == 0)
			return known[i][1];
	return NULL;
}

static bool is_blank(const char *text)
{
	return strcmp(text, " ") == 0 || strcmp(text, "\u00a0") == 0 || strcmp(text, "\u3000") == 0;
}

static void entity_take(Html *h)
{
	char made[8] = "";
	size_t n = strcspn(h->at, "; \t\r\n<");
	const char *text = NULL;
	if (n < ENTITY_MAX && h->at[n] == ';' && h->at[1] == '#') {
		bool is_hex = h->at[2] == 'x' || h->at[2] == 'X';
		unsigned long code = strtoul(h->at + 2 + is_hex, NULL, is_hex ? 16 : 10);
		if (code >= 0x20 && code != 0x7f && code <= 0x10ffff && g_unichar_validate((gunichar)code)) {
			made[g_unichar_to_utf8((gunichar)code, made)] = '\0';
			text = made;
		}
	} else if (n < ENTITY_MAX && h->at[n] == ';')
		text = entity_name(h->at + 1, n - 1);
	if (!text) {
		put(h, "&", 1);
		h->at++;
		return;
	}
	h->at += n + 1;
	if (is_blank(text))
		h->is_blank = true;
	else
		put(h, text, strlen(text));
}

/* ---- the way ---- */

static void comment_skip(Html *h)
{
	const char *end = strstr(h->at + 4, "-->");
	h->at = end ? end + 3 : h->at + strlen(h->at);
}

static void text_take(Html *h)
{
	size_t n = strcspn(h->at, "<& \t\r\n\f");
	put(h, h->at, n);
	h->at += n;
}

char *html_text(TALLOC_CTX *ctx, const char *html, size_t max)
{
	Html h = {.at = html, .out = buf_new(ctx, strlen(html) + 16)}; /* what is written is never longer than its source */
	while (*h.at && !buf_failed(h.out)) {
		if (strncmp(h.at, "<!--", 4) == 0)
			comment_skip(&h);
		else if (*h.at == '<' && (isalpha((unsigned char)h.at[1]) || strchr("/!?", h.at[1])))
			tag_take(&h);
		else if (*h.at == '<') {
			put(&h, "<", 1);
			h.at++;
		} else if (*h.at == '&')
			entity_take(&h);
		else if (strchr(" \t\r\n\f", *h.at)) {
			h.is_blank = true;
			h.at++;
		} else
			text_take(&h);
	}
	return talloc_strndup(ctx, h.out->data, utf8_valid_len(h.out->data, h.out->len < max ? h.out->len : max));
}
