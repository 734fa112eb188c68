/* The request parser. Lines are gathered in one buffer and cut into NUL-terminated texts in place; bodies are copied
 * behind each other. Must not be lenient about anything that two parsers could read differently: bare LF, folded
 * fields, blanks before a colon, two lengths. A faulty target alone leaves the framing clear, so the body is still read
 * and the refusal can be logged together with what the visitor meant to send. */
#include "http/parse.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#define HEAD_FIRST_CAP 1024
#define BODY_FIRST_CAP (64 * 1024)
#define METHOD_MAX 32
#define BLANK_LINES_MAX 2
#define CHUNK_LINE_MAX 256
#define CHUNK_DIGITS_MAX 8

enum { IS_TOKEN = 1, IS_TARGET = 2, IS_VALUE = 4, IS_HEX = 8 };

#define T (IS_TOKEN | IS_TARGET | IS_VALUE)
#define H (T | IS_HEX)
#define S (IS_TARGET | IS_VALUE)

/* What each byte may be part of. '#' begins a fragment, which no client sends. */
static const uint8_t byte_kind[256] = {
	['\t'] = IS_VALUE, [' '] = IS_VALUE, ['!'] = T, ['"'] = S, ['#'] = IS_TOKEN | IS_VALUE, ['$'] = T, ['%'] = T,
	['&'] = T, ['\''] = T, ['('] = S, [')'] = S, ['*'] = T, ['+'] = T, [','] = S, ['-'] = T, ['.'] = T, ['/'] = S,
	['0' ... '9'] = H, [':'] = S, [';'] = S, ['<'] = S, ['='] = S, ['>'] = S, ['?'] = S, ['@'] = S, ['A' ... 'F'] = H,
	['G' ... 'Z'] = T, ['['] = S, ['\\'] = S, [']'] = S, ['^'] = T, ['_'] = T, ['`'] = T, ['a' ... 'f'] = H,
	['g' ... 'z'] = T, ['{'] = S, ['|'] = T, ['}'] = S, ['~'] = T, [0x80 ... 0xff] = IS_VALUE,
};

#undef T
#undef H
#undef S

static bool all_of(const char *text, size_t len, uint8_t kind)
{
	for (size_t i = 0; i < len; i++)
		if ((byte_kind[(unsigned char)text[i]] & kind) == 0)
			return false;
	return true;
}

void http_parse_init(HttpParse *p, TALLOC_CTX *mem)
{
	memset(p, 0, offsetof(HttpParse, field));
	p->mem = mem;
	/* Offset 0 is an empty text: what is not known yet points there. */
	p->head = talloc_size(mem, HEAD_FIRST_CAP);
	assert(p->head != NULL);
	p->head_cap = HEAD_FIRST_CAP;
	p->head[0] = '\0';
	p->head_len = p->line_at = 1;
}

static HttpParseResult refuse(HttpParse *p, HttpRefusalKind kind)
{
	p->refusal = http_refusal(kind);
	p->phase = PHASE_END;
	return PARSE_REFUSED;
}

/* A fault that leaves the framing clear: told after the body was read. The first one counts. */
static void refuse_later(HttpParse *p, HttpRefusalKind kind)
{
	if (p->refusal == NULL)
		p->refusal = http_refusal(kind);
}

static void head_append(HttpParse *p, const char *bytes, size_t len)
{
	size_t need = p->head_len + len + 1;
	if (need > p->head_cap) {
		size_t cap = p->head_cap;
		while (cap < need)
			cap *= 2;
		p->head = talloc_realloc_size(p->mem, p->head, cap);
		assert(p->head != NULL);
		p->head_cap = (uint32_t)cap;
	}
	memcpy(p->head + p->head_len, bytes, len);
	p->head_len += (uint32_t)len;
	p->head[p->head_len] = '\0';
}

static void body_append(HttpParse *p, const char *bytes, size_t len)
{
	size_t need = p->body_len + len + 1;
	if (need > p->body_cap) {
		/* Memory follows what has come, not what was announced. */
		size_t first = p->body_left < BODY_FIRST_CAP ? p->body_left + 1 : BODY_FIRST_CAP;
		size_t cap = p->body_cap > 0 ? p->body_cap * 2 : first;
		if (cap < need)
			cap = need;
		p->body = talloc_realloc_size(p->mem, p->body, cap);
		assert(p->body != NULL);
		p->body_cap = cap;
	}
	memcpy(p->body + p->body_len, bytes, len);
	p->body_len += len;
	p->body[p->body_len] = '\0';
}

/* "http://host/path" is the same as "/path" with that host (RFC 9112, 3.2.2): target moves on to the path. */
static void target_strip_origin(HttpParse *p)
{
	char *target = p->head + p->target;
	size_t scheme = strncasecmp(target, "http://", 7) == 0 ? 7 : strncasecmp(target, "https://", 8) == 0 ? 8 : 0;
	if (scheme == 0)
		return;
	size_t host = strcspn(target + scheme, "/?");
	if (host == 0)
		return;
	p->target += (uint32_t)(scheme + host);
	if (target[scheme + host] != '/')
		p->head[--p->target] = '/'; /* an empty path: the slash takes the place of the host's last letter */
}

static void target_check(HttpParse *p, size_t len)
{
	const char *target = p->head + p->target;
	if (memchr(target, ' ', len) != NULL || memchr(target, '\t', len) != NULL)
		refuse_later(p, REFUSE_TARGET_SPACE);
	else if (!all_of(target, len, IS_TARGET))
		refuse_later(p, REFUSE_TARGET_BYTES);
	target_strip_origin(p);
	if (p->head[p->target] != '/')
		refuse_later(p, REFUSE_TARGET_FORM);
}

static HttpParseResult version_check(HttpParse *p, const char *version, size_t len)
{
	if (len == 8 && memcmp(version, "HTTP/1.1", 8) == 0)
		return PARSE_MORE;
	if (len == 8 && memcmp(version, "HTTP/1.0", 8) == 0) {
		p->is_1_0 = true;
		return PARSE_MORE;
	}
	bool is_version = len == 8 && memcmp(version, "HTTP/", 5) == 0 && version[6] == '.' &&
	                  strspn(version + 5, "0123456789.") == 3;
	return refuse(p, is_version ? REFUSE_VERSION : REFUSE_LINE);
}

/* Cuts the line at the first and the last blank: what stands between is the target, even if it has blanks in it. */
static HttpParseResult request_line(HttpParse *p, char *line, size_t len)
{
	char *method_end = memchr(line, ' ', len);
	size_t method_len = method_end == NULL ? len : (size_t)(method_end - line);
	if (method_len == 0 || method_len > METHOD_MAX || !all_of(line, method_len, IS_TOKEN))
		return refuse(p, REFUSE_METHOD);
	p->method = p->line_at;
	line[method_len] = '\0';
	if (method_end == NULL)
		return refuse(p, REFUSE_LINE);
	p->target = p->line_at + (uint32_t)method_len + 1;
	size_t rest_len = len - method_len - 1;
	char *last = memrchr(method_end + 1, ' ', rest_len);
	if (last == NULL || last == method_end + 1)
		return refuse(p, REFUSE_LINE);
	HttpParseResult r = version_check(p, last + 1, (size_t)(line + len - (last + 1)));
	*last = '\0';
	if (r == PARSE_REFUSED)
		return r;
	size_t target_len = (size_t)(last - (method_end + 1));
	if (strlen(method_end + 1) != target_len)
		return refuse(p, REFUSE_TARGET_BYTES);
	target_check(p, target_len);
	p->phase = PHASE_FIELDS;
	p->section_at = p->head_len;
	return PARSE_MORE;
}

static HttpParseResult field_length(HttpParse *p, const char *value)
{
	if (p->has_length)
		return refuse(p, REFUSE_LENGTH_TWICE);
	p->has_length = true;
	size_t digits = strspn(value, "0123456789");
	if (digits == 0 || value[digits] != '\0')
		return refuse(p, REFUSE_LENGTH);
	value += strspn(value, "0");
	if (strlen(value) > 18)
		return refuse(p, REFUSE_BODY_LARGE);
	p->body_left = 0;
	for (; *value != '\0'; value++)
		p->body_left = p->body_left * 10 + (uint64_t)(*value - '0');
	return PARSE_MORE;
}

/* Does a comma-separated list hold the token, in any case? */
static bool list_has(const char *list, const char *token)
{
	size_t len = strlen(token);
	while (*list != '\0') {
		list += strspn(list, ", \t");
		size_t item = strcspn(list, ", \t");
		if (item == len && strncasecmp(list, token, len) == 0)
			return true;
		list += item;
	}
	return false;
}

static HttpParseResult field_coding(HttpParse *p, const char *value)
{
	if (p->is_chunked || p->is_1_0)
		return refuse(p, REFUSE_CODING);
	if (strcasecmp(value, "chunked") == 0) {
		p->is_chunked = true;
		return PARSE_MORE;
	}
	return refuse(p, list_has(value, "chunked") ? REFUSE_CODING : REFUSE_CODING_UNKNOWN);
}

/* Fields that decide about the framing or the connection. */
static HttpParseResult field_act(HttpParse *p, const char *name, const char *value)
{
	if (strcasecmp(name, "content-length") == 0)
		return field_length(p, value);
	if (strcasecmp(name, "transfer-encoding") == 0)
		return field_coding(p, value);
	if (strcasecmp(name, "host") == 0) {
		if (p->has_host || strpbrk(value, " \t,/@?#\\") != NULL)
			return refuse(p, REFUSE_HOST);
		p->has_host = true;
	} else if (strcasecmp(name, "connection") == 0) {
		p->wants_close |= list_has(value, "close");
		p->wants_keep |= list_has(value, "keep-alive");
	} else if (strcasecmp(name, "expect") == 0 && !p->is_1_0) {
		if (strcasecmp(value, "100-continue") != 0)
			return refuse(p, REFUSE_EXPECT);
		p->expects_continue = true;
	}
	return PARSE_MORE;
}

/* Cuts "name: value" into two texts; refuses what is not one. */
static HttpParseResult field_cut(HttpParse *p, char *line, size_t len, HttpField *ret)
{
	if (line[0] == ' ' || line[0] == '\t')
		return refuse(p, REFUSE_FIELD_FOLD);
	char *colon = memchr(line, ':', len);
	if (colon == NULL || colon == line)
		return refuse(p, REFUSE_FIELD);
	if (colon[-1] == ' ' || colon[-1] == '\t')
		return refuse(p, REFUSE_FIELD_SPACE);
	if (!all_of(line, (size_t)(colon - line), IS_TOKEN))
		return refuse(p, REFUSE_FIELD);
	char *value = colon + 1, *end = line + len;
	while (*value == ' ' || *value == '\t')
		value++;
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if (!all_of(value, (size_t)(end - value), IS_VALUE))
		return refuse(p, REFUSE_FIELD_VALUE);
	*colon = *end = '\0';
	*ret = (HttpField){.name = (uint32_t)(line - p->head), .value = (uint32_t)(value - p->head)};
	return PARSE_MORE;
}

static HttpParseResult head_end(HttpParse *p)
{
	p->has_head = true;
	if (!p->has_host && !p->is_1_0)
		return refuse(p, REFUSE_HOST);
	if (p->is_chunked && p->has_length)
		return refuse(p, REFUSE_LENGTH_AND_CODING);
	if (p->body_left > LIMIT_HTTP_BODY)
		return refuse(p, REFUSE_BODY_LARGE);
	/* Nobody need send a body that is going to be refused. */
	if (p->refusal != NULL && p->expects_continue) {
		p->phase = PHASE_END;
		return PARSE_REFUSED;
	}
	p->phase = p->is_chunked ? PHASE_CHUNK_SIZE : p->body_left > 0 ? PHASE_BODY : PHASE_END;
	return PARSE_MORE;
}

static HttpParseResult field_line(HttpParse *p, char *line, size_t len)
{
	HttpField field;
	if (len == 0)
		return head_end(p);
	if (p->n_fields == LIMIT_HTTP_HEADER_COUNT)
		return refuse(p, REFUSE_FIELDS_MANY);
	HttpParseResult r = field_cut(p, line, len, &field);
	if (r == PARSE_REFUSED)
		return r;
	p->field[p->n_fields++] = field;
	return field_act(p, p->head + field.name, p->head + field.value);
}

static int hex_value(char c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* Size in hex, perhaps an extension, which is not used. */
static HttpParseResult chunk_size_line(HttpParse *p, const char *line, size_t len)
{
	uint64_t size = 0;
	size_t digits = 0;
	while (digits < len && digits <= CHUNK_DIGITS_MAX && all_of(line + digits, 1, IS_HEX))
		size = size << 4 | (uint64_t)hex_value(line[digits++]);
	bool is_cut = digits == len || (line[digits] == ';' && digits + 1 < len);
	if (digits == 0 || digits > CHUNK_DIGITS_MAX || !is_cut || !all_of(line, len, IS_VALUE))
		return refuse(p, REFUSE_CHUNK);
	if (size > LIMIT_HTTP_BODY - p->body_len)
		return refuse(p, REFUSE_BODY_LARGE);
	p->body_left = size;
	p->phase = size > 0 ? PHASE_CHUNK_DATA : PHASE_TRAILERS;
	p->head_len = p->line_at; /* chunk lines are not kept */
	p->section_at = p->head_len;
	return PARSE_MORE;
}

/* Trailers are checked like fields and dropped: nothing may arrive that way. */
static HttpParseResult trailer_line(HttpParse *p, char *line, size_t len)
{
	HttpField field;
	if (len == 0) {
		p->phase = PHASE_END;
		return PARSE_MORE;
	}
	return field_cut(p, line, len, &field);
}

static HttpParseResult take_line(HttpParse *p)
{
	char *line = p->head + p->line_at;
	size_t len = p->head_len - p->line_at - 2; /* without CR LF */
	line[len] = '\0';
	HttpParseResult r = PARSE_MORE;
	switch (p->phase) {
	case PHASE_REQUEST_LINE:
		if (len > 0)
			r = request_line(p, line, len);
		else if (++p->blank_lines > BLANK_LINES_MAX)
			r = refuse(p, REFUSE_LINE);
		break;
	case PHASE_FIELDS:
		r = field_line(p, line, len);
		break;
	case PHASE_CHUNK_SIZE:
		r = chunk_size_line(p, line, len);
		break;
	case PHASE_CHUNK_END:
		p->head_len = p->line_at;
		p->phase = PHASE_CHUNK_SIZE;
		if (len > 0)
			r = refuse(p, REFUSE_CHUNK);
		break;
	default:
		r = trailer_line(p, line, len);
	}
	p->line_at = p->head_len;
	return r;
}

/* How long the current line may be, its end included. */
static size_t line_max(const HttpParse *p)
{
	size_t used = p->line_at - p->section_at;
	switch (p->phase) {
	case PHASE_REQUEST_LINE:
		return LIMIT_HTTP_LINE;
	case PHASE_CHUNK_SIZE:
		return CHUNK_LINE_MAX;
	case PHASE_CHUNK_END:
		return 2;
	default:
		return used < LIMIT_HTTP_HEADERS ? LIMIT_HTTP_HEADERS - used : 0;
	}
}

static HttpParseResult refuse_long_line(HttpParse *p)
{
	char *line = p->head + p->line_at;
	switch (p->phase) {
	case PHASE_REQUEST_LINE: {
		/* Keep what can be told of the method and the target. */
		char *blank = strchr(line, ' ');
		if (blank != NULL && all_of(line, (size_t)(blank - line), IS_TOKEN)) {
			*blank = '\0';
			p->method = p->line_at;
			p->target = (uint32_t)(blank + 1 - p->head);
		}
		return refuse(p, REFUSE_TARGET_LONG);
	}
	case PHASE_CHUNK_SIZE:
	case PHASE_CHUNK_END:
		return refuse(p, REFUSE_CHUNK);
	default:
		return refuse(p, REFUSE_FIELDS_LONG);
	}
}

/* A line that ended in LF alone. In the request line the method and target before the break are kept for the log. */
static HttpParseResult refuse_bare_lf(HttpParse *p)
{
	char *line = p->head + p->line_at;
	char *blank = strchr(line, ' ');
	if (p->phase == PHASE_REQUEST_LINE && blank != NULL && all_of(line, (size_t)(blank - line), IS_TOKEN)) {
		*blank = '\0';
		p->method = p->line_at;
		p->target = (uint32_t)(blank + 1 - p->head);
		p->head[p->head_len - 1] = '\0';
	}
	return refuse(p, p->phase == PHASE_CHUNK_SIZE || p->phase == PHASE_CHUNK_END ? REFUSE_CHUNK : REFUSE_BARE_LF);
}

/* Appends up to the end of the line and, when it is there, takes the line. */
static HttpParseResult feed_line(HttpParse *p, const char *bytes, size_t len, size_t *ret_used)
{
	const char *lf = memchr(bytes, '\n', len);
	size_t piece = lf == NULL ? len : (size_t)(lf - bytes) + 1;
	size_t max = line_max(p), have = p->head_len - p->line_at;
	size_t room = have < max ? max - have : 0;
	bool is_long = piece > room;
	if (is_long)
		piece = room;
	head_append(p, bytes, piece);
	*ret_used = piece;
	const char *line = p->head + p->line_at;
	size_t line_len = p->head_len - p->line_at;
	/* CR stands before LF and nowhere else. */
	const char *cr = memchr(line + (have > 0 ? have - 1 : 0), '\r', line_len - (have > 0 ? have - 1 : 0));
	if (cr != NULL && cr + 1 < line + line_len && cr[1] != '\n')
		return refuse(p, REFUSE_BARE_CR);
	if (is_long)
		return refuse_long_line(p);
	if (lf == NULL)
		return PARSE_MORE;
	if (line_len < 2 || line[line_len - 2] != '\r')
		return refuse_bare_lf(p);
	return take_line(p);
}

static HttpParseResult feed_body(HttpParse *p, const char *bytes, size_t len, size_t *ret_used)
{
	size_t piece = len < p->body_left ? len : (size_t)p->body_left;
	body_append(p, bytes, piece);
	p->body_left -= piece;
	*ret_used = piece;
	if (p->body_left == 0)
		p->phase = p->phase == PHASE_CHUNK_DATA ? PHASE_CHUNK_END : PHASE_END;
	return PARSE_MORE;
}

HttpParseResult http_parse_feed(HttpParse *p, const char *bytes, size_t len, size_t *ret_used)
{
	size_t used = 0;
	HttpParseResult r = PARSE_MORE;
	while (r == PARSE_MORE && p->phase != PHASE_END && used < len) {
		size_t piece = 0;
		bool in_body = p->phase == PHASE_BODY || p->phase == PHASE_CHUNK_DATA;
		r = (in_body ? feed_body : feed_line)(p, bytes + used, len - used, &piece);
		used += piece;
	}
	*ret_used = used;
	if (p->phase != PHASE_END)
		return r;
	return p->refusal != NULL ? PARSE_REFUSED : PARSE_DONE;
}

bool http_parse_awaits_continue(const HttpParse *p)
{
	bool in_body = p->phase == PHASE_BODY || (p->phase == PHASE_CHUNK_SIZE && p->head_len == p->line_at);
	return p->expects_continue && in_body && p->body_len == 0;
}

bool http_parse_keeps_alive(const HttpParse *p)
{
	return !p->wants_close && (!p->is_1_0 || p->wants_keep);
}

const char *http_parse_method(const HttpParse *p)
{
	return p->head + p->method;
}

const char *http_parse_target(const HttpParse *p)
{
	return p->head + p->target;
}

const char *http_parse_field(const HttpParse *p, const char *name)
{
	for (int i = 0; i < p->n_fields; i++)
		if (strcasecmp(p->head + p->field[i].name, name) == 0)
			return p->head + p->field[i].value;
	return NULL;
}
