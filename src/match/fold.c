/* Text as it is compared: NFKC and lower case. Nearly all text is ASCII, Han and full-width forms, which one pass folds
 * without a library; the rest goes through GLib. */
#include "match/match_int.h"

#include "base/utf8.h"

#include <glib.h>
#include <string.h>

#define BYTES_MAX 2048

static uint32_t char_at(const unsigned char *p, size_t len)
{
	switch (len) {
	case 1:
		return p[0];
	case 2:
		return (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
	case 3:
		return (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
	default:
		return (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3f) << 12 | (uint32_t)(p[2] & 0x3f) << 6 |
			   (p[3] & 0x3f);
	}
}

/* The folded form of a character that folds alone and into one; 0 for all others. */
static uint32_t fold_simple(uint32_t c)
{
	if (c >= 0xff01 && c <= 0xff5e)
		c -= 0xfee0;
	else if (c == 0x3000)
		c = ' ';
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 32 : c;
	return c >= 0x4e00 && c <= 0x9fff ? c : 0;
}

static size_t fold_hard(const char *text, size_t bytes, uint32_t *out, size_t max)
{
	char *normal = g_utf8_normalize(text, (gssize)bytes, G_NORMALIZE_NFKC);
	size_t count = 0;
	for (const char *p = normal; p != NULL && *p != '\0' && count < max; p = g_utf8_next_char(p))
		out[count++] = g_unichar_tolower(g_utf8_get_char(p));
	g_free(normal);
	return count;
}

/* Copies the well-formed characters of text. */
static size_t copy_valid(const char *text, char *out, size_t size)
{
	size_t len = strnlen(text, size), at = 0, count = 0;
	while (at < len) {
		size_t n = utf8_char_len(text + at, len - at);
		memcpy(out + count, text + at, n);
		count += n;
		at += n > 0 ? n : 1;
	}
	return count;
}

size_t fold_text(const char *text, uint32_t *out, size_t max)
{
	char valid[BYTES_MAX];
	size_t bytes = copy_valid(text, valid, sizeof(valid)), count = 0;
	for (size_t at = 0; at < bytes && count < max;) {
		size_t n = utf8_char_len(valid + at, bytes - at);
		uint32_t c = fold_simple(char_at((const unsigned char *)valid + at, n));
		if (c == 0)
			return fold_hard(valid, bytes, out, max);
		out[count++] = c;
		at += n;
	}
	return count;
}

size_t fold_write(const uint32_t *chars, size_t count, char *out, size_t size)
{
	size_t bytes = 0;
	for (size_t i = 0; i < count; i++) {
		char one[6];
		size_t n = (size_t)g_unichar_to_utf8(chars[i], one);
		if (bytes + n >= size)
			break;
		memcpy(out + bytes, one, n);
		bytes += n;
	}
	out[bytes] = '\0';
	return bytes;
}

size_t fold_bytes(const uint32_t *chars, size_t count)
{
	size_t bytes = 0;
	for (size_t i = 0; i < count; i++)
		bytes += chars[i] < 0x80 ? 1 : chars[i] < 0x800 ? 2 : chars[i] < 0x10000 ? 3 : 4;
	return bytes;
}

size_t fold_read(const char *text, size_t bytes, uint32_t *out)
{
	size_t count = 0;
	for (size_t at = 0; at < bytes; count++) {
		unsigned char lead = (unsigned char)text[at];
		size_t n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
		out[count] = char_at((const unsigned char *)text + at, n);
		at += n;
	}
	return count;
}
