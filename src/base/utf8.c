/* Checking UTF-8. Runs of ASCII are skipped eight bytes at a time. */
#include "base/utf8.h"

#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)

static bool is_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

size_t utf8_char_len(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	if (len == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || len < 2 || !is_tail(p[1]))
		return 0;
	if (p[0] < 0xe0)
		return 2;
	if (len < 3 || !is_tail(p[2]))
		return 0;
	if (p[0] < 0xf0) {
		bool is_overlong = p[0] == 0xe0 && p[1] < 0xa0;
		bool is_surrogate = p[0] == 0xed && p[1] >= 0xa0;
		return is_overlong || is_surrogate ? 0 : 3;
	}
	if (p[0] > 0xf4 || len < 4 || !is_tail(p[3]))
		return 0;
	bool is_overlong = p[0] == 0xf0 && p[1] < 0x90;
	bool is_beyond = p[0] == 0xf4 && p[1] >= 0x90;
	return is_overlong || is_beyond ? 0 : 4;
}

size_t utf8_valid_len(const char *text, size_t len)
{
	size_t at = 0;
	while (at < len) {
		uint64_t word;
		if (len - at >= sizeof(word)) {
			memcpy(&word, text + at, sizeof(word));
			if ((word & HIGH_BITS) == 0) {
				at += sizeof(word);
				continue;
			}
		}
		size_t step = utf8_char_len(text + at, len - at);
		if (step == 0)
			break;
		at += step;
	}
	return at;
}

bool utf8_valid(const char *text, size_t len)
{
	return utf8_valid_len(text, len) == len;
}
