/* JSON in. json_check is a flat scanner: one pass, no recursion, one bit of memory a level, so hostile nesting costs
 * nothing. Only what it accepted is given to jansson, whose parser recurses. */
#include "base/json.h"

#include "base/limits.h"
#include "base/utf8.h"
#include <assert.h>
#include <ctype.h>
#include <string.h>

#define DEPTH_WORDS 16
#define DEPTH_MOST (DEPTH_WORDS * 64)
#define BYTES_OF(c) (UINT64_C(0x0101010101010101) * (c))
#define HIGH_BITS BYTES_OF(0x80)

typedef enum {
	WANT_VALUE,
	WANT_VALUE_OR_END, /* after '[' */
	WANT_KEY,          /* after ',' in an object */
	WANT_KEY_OR_END,   /* after '{' */
	WANT_COLON,
	WANT_COMMA_OR_END,
} Want;

typedef struct {
	const char *start, *p, *end;
	const char *reason; /* NULL while all is well */
	int depth, depth_max;
	uint64_t is_object[DEPTH_WORDS]; /* one bit a level */
} Scan;

static void fault(Scan *s, const char *reason)
{
	if (s->reason == NULL)
		s->reason = reason;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Eight bytes that need no look: no control character, quote, backslash, nor anything beyond ASCII. */
static bool is_plain_word(const char *p)
{
	uint64_t w;
	memcpy(&w, p, sizeof(w));
	uint64_t quote = w ^ BYTES_OF('"'), slash = w ^ BYTES_OF('\\');
	uint64_t special = (w - BYTES_OF(0x20)) | (quote - BYTES_OF(1)) | (slash - BYTES_OF(1)) | w;
	return (special & HIGH_BITS) == 0;
}

/* Four hex digits at s->p, or -1. */
static int scan_hex4(Scan *s)
{
	int code = 0;
	if (s->end - s->p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = s->p[i];
		if (!isxdigit((unsigned char)c))
			return -1;
		code = code << 4 | (is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	s->p += 4;
	return code;
}

/* After "\u". A high surrogate must be followed by an escaped low one: anything else is no character. */
static void scan_unicode(Scan *s)
{
	int code = scan_hex4(s);
	if (code < 0) {
		fault(s, "invalid \\u escape");
		return;
	}
	if (code < 0xd800 || code > 0xdfff)
		return;
	if (code > 0xdbff || s->end - s->p < 2 || s->p[0] != '\\' || s->p[1] != 'u') {
		fault(s, "lone surrogate");
		return;
	}
	s->p += 2;
	code = scan_hex4(s);
	if (code < 0xdc00 || code > 0xdfff)
		fault(s, "lone surrogate");
}

static void scan_escape(Scan *s)
{
	s->p++;
	if (s->p == s->end) {
		fault(s, "text ends inside a string");
		return;
	}
	char c = *s->p++;
	if (c == 'u')
		scan_unicode(s);
	else if (c == '\0' || strchr("\"\\/bfnrt", c) == NULL)
		fault(s, "invalid escape");
}

/* At the opening quote; stops behind the closing one. */
static void scan_string(Scan *s)
{
	s->p++;
	while (s->reason == NULL) {
		while (s->end - s->p >= 8 && is_plain_word(s->p))
			s->p += 8;
		if (s->p == s->end) {
			fault(s, "text ends inside a string");
			return;
		}
		unsigned char c = (unsigned char)*s->p;
		if (c == '"') {
			s->p++;
			return;
		}
		if (c == '\\') {
			scan_escape(s);
		} else if (c < 0x20) {
			fault(s, "control character in a string");
		} else {
			size_t step = utf8_char_len(s->p, (size_t)(s->end - s->p));
			if (step == 0)
				fault(s, "invalid UTF-8");
			s->p += step;
		}
	}
}

/* One digit at least. */
static void scan_digits(Scan *s)
{
	if (s->p == s->end || !is_digit(*s->p)) {
		fault(s, "invalid number");
		return;
	}
	while (s->p < s->end && is_digit(*s->p))
		s->p++;
}

static void scan_number(Scan *s)
{
	if (*s->p == '-')
		s->p++;
	if (s->p < s->end && *s->p == '0')
		s->p++;
	else
		scan_digits(s);
	if (s->p < s->end && *s->p == '.') {
		s->p++;
		scan_digits(s);
	}
	if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
		s->p++;
		if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
			s->p++;
		scan_digits(s);
	}
}

static void scan_word(Scan *s, const char *word)
{
	size_t len = strlen(word);
	if ((size_t)(s->end - s->p) < len || memcmp(s->p, word, len) != 0)
		fault(s, "not a JSON value");
	else
		s->p += len;
}

static bool in_object(const Scan *s)
{
	int level = s->depth - 1;
	return (s->is_object[level / 64] >> (level % 64) & 1) != 0;
}

static Want level_open(Scan *s, bool is_object)
{
	if (s->depth >= s->depth_max) {
		fault(s, "nested too deeply");
		return WANT_VALUE;
	}
	uint64_t bit = UINT64_C(1) << (s->depth % 64);
	uint64_t *word = &s->is_object[s->depth / 64];
	*word = is_object ? *word | bit : *word & ~bit;
	s->depth++;
	s->p++;
	return is_object ? WANT_KEY_OR_END : WANT_VALUE_OR_END;
}

static Want level_close(Scan *s, char bracket)
{
	if (in_object(s) != (bracket == '}'))
		fault(s, "brackets do not match");
	s->depth--;
	s->p++;
	return WANT_COMMA_OR_END;
}

static Want scan_value(Scan *s)
{
	switch (*s->p) {
	case '{':
		return level_open(s, true);
	case '[':
		return level_open(s, false);
	case '"':
		scan_string(s);
		break;
	case 't':
		scan_word(s, "true");
		break;
	case 'f':
		scan_word(s, "false");
		break;
	case 'n':
		scan_word(s, "null");
		break;
	default:
		if (*s->p == '-' || is_digit(*s->p))
			scan_number(s);
		else
			fault(s, "not a JSON value");
	}
	return WANT_COMMA_OR_END;
}

static Want scan_after_value(Scan *s)
{
	char c = *s->p;
	if (s->depth == 0) {
		fault(s, "something follows the value");
		return WANT_COMMA_OR_END;
	}
	if (c == '}' || c == ']')
		return level_close(s, c);
	if (c != ',') {
		fault(s, "comma or closing bracket expected");
		return WANT_COMMA_OR_END;
	}
	s->p++;
	return in_object(s) ? WANT_KEY : WANT_VALUE;
}

/* Takes the token at s->p, which is no white space, and says what must come next. */
static Want scan_token(Scan *s, Want want)
{
	char c = *s->p;
	switch (want) {
	case WANT_KEY_OR_END:
		if (c == '}')
			return level_close(s, c);
		/* fall through */
	case WANT_KEY:
		if (c != '"')
			fault(s, "key in quotes expected");
		else
			scan_string(s);
		return WANT_COLON;
	case WANT_COLON:
		if (c != ':')
			fault(s, "colon expected");
		else
			s->p++;
		return WANT_VALUE;
	case WANT_VALUE_OR_END:
		if (c == ']')
			return level_close(s, c);
		/* fall through */
	case WANT_VALUE:
		return scan_value(s);
	case WANT_COMMA_OR_END:
		return scan_after_value(s);
	}
	return want;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

bool json_check(const char *text, size_t len, int depth_max, JsonFault *ret_fault)
{
	text = len == 0 ? "" : text; /* of nothing there may be no address */
	Scan s = {.start = text, .p = text, .end = text + len};
	s.depth_max = depth_max < DEPTH_MOST ? depth_max : DEPTH_MOST;
	Want want = WANT_VALUE;
	while (s.reason == NULL) {
		while (s.p < s.end && is_space(*s.p))
			s.p++;
		if (s.p == s.end)
			break;
		want = scan_token(&s, want);
	}
	if (s.depth > 0 || want != WANT_COMMA_OR_END)
		fault(&s, "text ends too early");
	if (s.reason == NULL)
		return true;
	*ret_fault = (JsonFault){.offset = (size_t)(s.p - s.start), .reason = s.reason};
	return false;
}

/* jansson's words are made at run time; ours are literals. */
static const char *parser_reason(const json_error_t *error)
{
	switch (json_error_code(error)) {
	case json_error_duplicate_key:
		return "duplicate key";
	case json_error_null_byte_in_key:
	case json_error_null_character:
		return "\\u0000 is not accepted";
	case json_error_numeric_overflow:
		return "number too large";
	default:
		return "not acceptable JSON";
	}
}

json_t *json_parse(TALLOC_CTX *ctx, const char *text, size_t len, JsonFault *ret_fault)
{
	json_error_t error;
	if (!json_check(text, len, LIMIT_JSON_DEPTH, ret_fault))
		return NULL;
	json_t *tree = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (tree == NULL) {
		size_t offset = error.position > 0 ? (size_t)error.position : 0;
		*ret_fault = (JsonFault){.offset = offset < len ? offset : len, .reason = parser_reason(&error)};
		return NULL;
	}
	return json_own(ctx, tree);
}

static int release_tree(json_t **slot)
{
	json_decref(*slot);
	return 0;
}

json_t *json_own(TALLOC_CTX *ctx, json_t *value)
{
	if (value == NULL)
		return NULL;
	json_t **slot = talloc(ctx, json_t *);
	assert(slot != NULL);
	*slot = value;
	talloc_set_destructor(slot, release_tree);
	return value;
}

const char *json_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

int64_t json_int(const json_t *object, const char *key, int64_t fallback)
{
	const json_t *member = json_object_get(object, key);
	return json_is_integer(member) ? (int64_t)json_integer_value(member) : fallback;
}

bool json_flag(const json_t *object, const char *key, bool fallback)
{
	const json_t *member = json_object_get(object, key);
	return json_is_boolean(member) ? json_is_true(member) : fallback;
}

Id json_id(const json_t *object, const char *key)
{
	const json_t *member = json_object_get(object, key);
	Id id = ID_NIL;
	if (json_is_string(member) && !id_parse(json_string_value(member), json_string_length(member), &id))
		return ID_NIL;
	return id;
}
