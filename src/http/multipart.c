/* Strict where readers could differ (line ends, the final boundary, one disposition a part, no nesting), and as lenient
 * with names as browsers need. The body is walked once. */
#include "http/multipart.h"

#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "http/http.h"

#define BOUNDARY_MAX 70 /* RFC 2046 */

typedef struct {
	const char *word, *en, *zh;
} Fault;

static const Fault faults[] = {
	{"no_boundary", "the Content-Type names no boundary", "Content-Type 没有给出 boundary"},
	{"bad_boundary", "the boundary must have 1 to 70 letters, digits and signs", "boundary 应为 1 至 70 个字母、数字或符号"},
	{"no_start", "it does not begin with its boundary", "内容没有以 boundary 开头"},
	{"unfinished", "its final boundary is missing: it was cut off", "缺少结束的 boundary，内容不完整"},
	{"bad_part_head", "the header lines of a part are malformed", "某个部分的头部格式不正确"},
	{"part_head_too_long", "the header lines of a part are longer than 4 kB", "某个部分的头部超过 4 kB"},
	{"no_name", "a part has no name", "某个部分没有名称"},
	{"nested", "a part holds further parts", "某个部分包含嵌套的部分"},
	{"encoded_part", "a part is encoded; send it as it is", "某个部分经过编码，请直接发送原内容"},
	{"bad_text", "a field is not valid UTF-8 text", "某个字段不是有效的 UTF-8 文本"},
	{MULTIPART_TOO_MANY, "it has more than 210 parts", "内容超过 210 个部分"},
};

const char *http_multipart_fault(const char *word, bool in_chinese)
{
	for (size_t i = 0; i < ARRAY_LEN(faults); i++)
		if (strcmp(faults[i].word, word) == 0)
			return in_chinese ? faults[i].zh : faults[i].en;
	return NULL;
}

typedef struct {
	TALLOC_CTX *ctx;
	const char *at, *end;
	char delimiter[BOUNDARY_MAX + 5]; /* CR LF, two dashes, the boundary */
	size_t delimiter_len;
	HttpParts *parts;
	const char *fault;
} Reader;

static bool fail(Reader *r, const char *word)
{
	r->fault = word;
	return false;
}

/* ---- parameters: ; key=value; key="value" ---- */

typedef struct {
	const char *key;
	size_t key_len;
	char *value;
	size_t value_len;
} Parameter;

static const char *blanks_skip(const char *p)
{
	return p + strspn(p, " \t");
}

/* A backslash is an escape only before a quote or a backslash: old browsers send paths. NULL: it has no end. */
static const char *quoted_read(TALLOC_CTX *ctx, const char *p, Parameter *ret)
{
	char *out = ret->value = talloc_size(ctx, strlen(p) + 1);
	for (p++; *p && *p != '"'; p++) {
		if (*p == '\\' && (p[1] == '"' || p[1] == '\\'))
			p++;
		*out++ = *p;
	}
	*out = '\0';
	ret->value_len = (size_t)(out - ret->value);
	return *p == '"' ? p + 1 : NULL;
}

static const char *token_read(TALLOC_CTX *ctx, const char *p, Parameter *ret)
{
	ret->value_len = strcspn(p, "; \t\"");
	ret->value = talloc_strndup(ctx, p, ret->value_len);
	return p + ret->value_len;
}

/* The next parameter behind text; text itself at the end, NULL when malformed. */
static const char *parameter_next(TALLOC_CTX *ctx, const char *text, Parameter *ret)
{
	*ret = (Parameter){0};
	text = blanks_skip(text);
	if (*text == '\0')
		return text;
	if (*text != ';')
		return NULL;
	text = blanks_skip(text + 1);
	if (*text == '\0')
		return text; /* a semicolon at the end does no harm */
	ret->key = text;
	ret->key_len = strcspn(text, "=; \t\"");
	text = blanks_skip(text + ret->key_len);
	if (ret->key_len == 0 || *text != '=')
		return NULL;
	text = blanks_skip(text + 1);
	return *text == '"' ? quoted_read(ctx, text, ret) : token_read(ctx, text, ret);
}

static bool key_is(const Parameter *p, const char *key)
{
	return p->key_len == strlen(key) && strncasecmp(p->key, key, p->key_len) == 0;
}

/* ---- the boundary ---- */

static bool is_boundary(const char *text, size_t len)
{
	static const char signs[] = "'()+_,-./:=? ";
	if (len < 1 || len > BOUNDARY_MAX || text[len - 1] == ' ')
		return false;
	for (size_t i = 0; i < len; i++) {
		bool letter = (text[i] >= '0' && text[i] <= '9') || ((text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'z');
		if (!letter && !strchr(signs, text[i]))
			return false;
	}
	return true;
}

static bool boundary_read(Reader *r, const char *content_type)
{
	const char *p = content_type + strcspn(content_type, ";");
	Parameter parameter = {0};
	do {
		p = parameter_next(r->ctx, p, &parameter);
	} while (p && parameter.key && !key_is(&parameter, "boundary"));
	if (!p || !parameter.key)
		return fail(r, "no_boundary");
	if (strlen(parameter.value) != parameter.value_len || !is_boundary(parameter.value, parameter.value_len))
		return fail(r, "bad_boundary");
	r->delimiter_len = parameter.value_len + 4;
	memcpy(r->delimiter, "\r\n--", 4);
	memcpy(r->delimiter + 4, parameter.value, parameter.value_len + 1);
	return true;
}

bool http_is_multipart(const char *content_type)
{
	static const char type[] = "multipart/form-data";
	size_t n = sizeof type - 1;
	return content_type && strncasecmp(content_type, type, n) == 0 && strchr("; \t", content_type[n]) != NULL;
}

typedef enum { LINE_NONE, LINE_NEXT, LINE_LAST } BoundaryLine;

/* What follows a boundary: another part, or the end; anything else means that it was none. */
static BoundaryLine boundary_line(const Reader *r, const char *p, const char **ret_behind)
{
	if (r->end - p >= 2 && p[0] == '-' && p[1] == '-') {
		*ret_behind = p + 2;
		return LINE_LAST;
	}
	while (p < r->end && (*p == ' ' || *p == '\t'))
		p++;
	if (r->end - p < 2 || p[0] != '\r' || p[1] != '\n')
		return LINE_NONE;
	*ret_behind = p + 2;
	return LINE_NEXT;
}

/* ---- the head of a part ---- */

typedef struct {
	const char *name, *file_name;
	bool has_disposition;
} PartHead;

/* As browsers send them: a quote and the ends of lines come as %22, %0D and %0A. */
static void browser_unescape(char *text)
{
	char *out = text;
	for (const char *p = text; *p; p++) {
		bool is_escape = p[0] == '%' && (strncmp(p, "%22", 3) == 0 || strncasecmp(p, "%0d", 3) == 0 ||
		                                 strncasecmp(p, "%0a", 3) == 0);
		*out++ = is_escape ? (p[1] == '2' ? '"' : ' ') : *p;
		p += is_escape ? 2 : 0;
	}
	*out = '\0';
}

/* UTF-8'language'percent-encoded (RFC 5987); NULL when it is another charset or malformed. */
static const char *extended_read(TALLOC_CTX *ctx, const char *value)
{
	const char *language = strncasecmp(value, "UTF-8'", 6) == 0 ? strchr(value + 6, '\'') : NULL;
	return language ? http_path_decode(ctx, language + 1, strlen(language + 1)) : NULL;
}

static bool disposition_read(Reader *r, const char *value, PartHead *head)
{
	size_t n = strcspn(value, "; \t");
	const char *extended = NULL;
	Parameter p;
	if (head->has_disposition || n != 9 || strncasecmp(value, "form-data", 9) != 0)
		return fail(r, "bad_part_head");
	head->has_disposition = true;
	for (const char *at = value + n; (at = parameter_next(r->ctx, at, &p)) && p.key;) {
		if (key_is(&p, "filename*") && !(extended = extended_read(r->ctx, p.value)))
			return fail(r, "bad_part_head");
		browser_unescape(p.value);
		if (key_is(&p, "name") && !head->name)
			head->name = p.value;
		else if (key_is(&p, "filename") && !head->file_name)
			head->file_name = p.value;
	}
	if (p.key)
		return fail(r, "bad_part_head"); /* stopped before the end */
	if (extended)
		head->file_name = extended;
	return true;
}

static bool head_field(Reader *r, const char *line, PartHead *head)
{
	size_t n = strcspn(line, ":");
	if (n == 0 || line[n] != ':' || strcspn(line, " \t") < n)
		return fail(r, "bad_part_head");
	const char *value = blanks_skip(line + n + 1);
	if (n == 19 && strncasecmp(line, "Content-Disposition", n) == 0)
		return disposition_read(r, value, head);
	if (n == 12 && strncasecmp(line, "Content-Type", n) == 0 && strncasecmp(value, "multipart/", 10) == 0)
		return fail(r, "nested");
	bool is_encoding = n == 25 && strncasecmp(line, "Content-Transfer-Encoding", n) == 0;
	if (is_encoding && strcasecmp(value, "binary") != 0 && strcasecmp(value, "8bit") != 0 &&
	    strcasecmp(value, "7bit") != 0)
		return fail(r, "encoded_part");
	return true;
}

static bool has_controls(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f)
			return true;
	return false;
}

/* The lines up to the empty one. */
static bool head_read(Reader *r, PartHead *head)
{
	size_t left = (size_t)(r->end - r->at), look = left < LIMIT_MULTIPART_HEAD ? left : LIMIT_MULTIPART_HEAD;
	const char *stop = r->at + look;
	for (;;) {
		const char *line = r->at, *eol = memmem(line, (size_t)(stop - line), "\r\n", 2);
		if (!eol)
			return fail(r, look < left ? "part_head_too_long" : "unfinished");
		r->at = eol + 2;
		if (eol == line)
			break;
		if (has_controls(line, (size_t)(eol - line)))
			return fail(r, "bad_part_head");
		if (!head_field(r, talloc_strndup(r->ctx, line, (size_t)(eol - line)), head))
			return false;
	}
	if (!head->has_disposition)
		return fail(r, "bad_part_head");
	bool is_named = head->name && *head->name && utf8_valid(head->name, strlen(head->name));
	return is_named || fail(r, "no_name");
}

/* ---- parts ---- */

/* From the first byte of the content to the boundary behind it, which begins with a line end of its own. */
static bool content_read(Reader *r, const char **ret_content, size_t *ret_len, BoundaryLine *ret_line)
{
	const char *content = r->at, *from = content, *behind;
	for (;;) {
		const char *found = memmem(from, (size_t)(r->end - from), r->delimiter, r->delimiter_len);
		if (!found)
			return fail(r, "unfinished");
		*ret_line = boundary_line(r, found + r->delimiter_len, &behind);
		if (*ret_line != LINE_NONE) {
			*ret_content = content;
			*ret_len = (size_t)(found - content);
			r->at = behind;
			return true;
		}
		from = found + 2;
	}
}

static bool part_read(Reader *r, BoundaryLine *ret_line)
{
	PartHead head = {0};
	HttpPart part = {0};
	if (r->parts->n == LIMIT_MULTIPART_PARTS)
		return fail(r, MULTIPART_TOO_MANY);
	if (!head_read(r, &head) || !content_read(r, &part.bytes, &part.len, ret_line))
		return false;
	part.name = head.name;
	part.file_name = head.file_name;
	bool is_text = !part.file_name;
	if (is_text && (memchr(part.bytes, '\0', part.len) || !utf8_valid(part.bytes, part.len)))
		return fail(r, "bad_text");
	r->parts->part[r->parts->n++] = part;
	return true;
}

static bool parts_read(Reader *r)
{
	BoundaryLine line = LINE_NONE;
	while (r->end - r->at >= 2 && r->at[0] == '\r' && r->at[1] == '\n')
		r->at += 2;
	/* the first boundary has no line before it */
	size_t first = r->delimiter_len - 2;
	if ((size_t)(r->end - r->at) >= first && memcmp(r->at, r->delimiter + 2, first) == 0)
		line = boundary_line(r, r->at + first, &r->at);
	if (line == LINE_NONE)
		return fail(r, "no_start");
	while (line == LINE_NEXT)
		if (!part_read(r, &line))
			return false;
	return true;
}

HttpParts *http_multipart_parse(TALLOC_CTX *ctx, const char *content_type, const char *body, size_t len,
                                const char **ret_fault)
{
	HttpParts *parts = talloc_zero(ctx, HttpParts);
	Reader r = {.ctx = parts, .at = body, .end = body + len, .parts = parts};
	parts->part = talloc_array(parts, HttpPart, LIMIT_MULTIPART_PARTS);
	if (boundary_read(&r, content_type) && parts_read(&r))
		return parts;
	*ret_fault = r.fault;
	talloc_free(parts);
	return NULL;
}
