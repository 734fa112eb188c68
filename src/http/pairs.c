/* Query strings, form bodies and path segments: percent-decoding with checks. */
#include "http/http.h"

#include "base/utf8.h"
#include <string.h>

#define FIRST_PAIRS 8

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes text into a new NUL-terminated one; NULL if an escape is broken, a NUL comes out, or it is no UTF-8. */
static char *decode(TALLOC_CTX *ctx, const char *text, size_t len, bool plus_is_blank, size_t *ret_len)
{
	char *out = talloc_size(ctx, len + 1), *p = out;
	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (c == '+' && plus_is_blank) {
			c = ' ';
		} else if (c == '%') {
			int high = i + 2 < len ? hex_value(text[i + 1]) : -1;
			int low = i + 2 < len ? hex_value(text[i + 2]) : -1;
			if (high < 0 || low < 0)
				goto malformed;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (c == '\0')
			goto malformed;
		*p++ = c;
	}
	*p = '\0';
	if (utf8_valid(out, (size_t)(p - out))) {
		*ret_len = (size_t)(p - out);
		return out;
	}
malformed:
	talloc_free(out);
	return NULL;
}

static bool pair_add(HttpPairs *pairs, const char *text, size_t len)
{
	const char *equals = memchr(text, '=', len);
	size_t key_len = equals == NULL ? len : (size_t)(equals - text);
	HttpPair *pair = &pairs->pair[pairs->n];
	size_t decoded;
	pair->key = decode(pairs, text, key_len, true, &decoded);
	pair->value = "";
	pair->value_len = 0;
	if (equals != NULL)
		pair->value = decode(pairs, equals + 1, len - key_len - 1, true, &pair->value_len);
	if (pair->key == NULL || pair->value == NULL)
		return false;
	pairs->n++;
	return true;
}

HttpPairs *http_pairs_parse(TALLOC_CTX *ctx, const char *text, size_t len, size_t pairs_max)
{
	HttpPairs *pairs = talloc_zero(ctx, HttpPairs);
	size_t cap = 0;
	if (pairs == NULL)
		return NULL;
	const char *end = text + len;
	while (text < end) {
		const char *mark = memchr(text, '&', (size_t)(end - text));
		size_t piece = mark == NULL ? (size_t)(end - text) : (size_t)(mark - text);
		if (piece > 0) {
			if (pairs->n == pairs_max)
				goto malformed;
			if (pairs->n == cap) {
				cap = cap == 0 ? FIRST_PAIRS : 2 * cap;
				pairs->pair = talloc_realloc(pairs, pairs->pair, HttpPair, (unsigned)cap);
				if (pairs->pair == NULL)
					goto malformed;
			}
			if (!pair_add(pairs, text, piece))
				goto malformed;
		}
		text = mark == NULL ? end : mark + 1;
	}
	return pairs;
malformed:
	talloc_free(pairs);
	return NULL;
}

const char *http_pairs_get(const HttpPairs *pairs, const char *key)
{
	for (size_t i = 0; i < pairs->n; i++)
		if (strcmp(pairs->pair[i].key, key) == 0)
			return pairs->pair[i].value;
	return NULL;
}

char *http_path_decode(TALLOC_CTX *ctx, const char *segment, size_t len)
{
	size_t decoded;
	return decode(ctx, segment, len, false, &decoded);
}
