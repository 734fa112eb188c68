/* Levenshtein distance over characters: bit-parallel (Myers, in Hyyrö's form) for up to 64 characters on the prepared
 * side, a band around the diagonal above that. */
#include "match/match_int.h"

#include <assert.h>
#include <string.h>

#define SLOTS 128
#define WORD_BITS 64

static unsigned slot_of(uint32_t c)
{
	return (c * UINT32_C(0x9e3779b1)) >> 25;
}

void pattern_prepare(Pattern *p, const uint32_t *chars, size_t len)
{
	assert(len <= DISTANCE_MAX);
	p->len = len;
	memcpy(p->chars, chars, len * sizeof(*chars));
	if (len > WORD_BITS)
		return;
	memset(p->slot_bits, 0, sizeof(p->slot_bits));
	for (size_t i = 0; i < len; i++) {
		unsigned slot = slot_of(chars[i]);
		while (p->slot_bits[slot] != 0 && p->slot_char[slot] != chars[i])
			slot = (slot + 1) % SLOTS;
		p->slot_char[slot] = chars[i];
		p->slot_bits[slot] |= UINT64_C(1) << i;
	}
}

static uint64_t places_of(const Pattern *p, uint32_t c)
{
	unsigned slot = slot_of(c);
	while (p->slot_bits[slot] != 0 && p->slot_char[slot] != c)
		slot = (slot + 1) % SLOTS;
	return p->slot_bits[slot];
}

static size_t distance_bits(const Pattern *p, const uint32_t *text, size_t len, size_t limit)
{
	uint64_t up = ~UINT64_C(0), down = 0, last = UINT64_C(1) << (p->len - 1);
	size_t score = p->len;
	for (size_t i = 0; i < len; i++) {
		uint64_t equal = places_of(p, text[i]);
		uint64_t x = equal | down;
		uint64_t zero = (((x & up) + up) ^ up) | x;
		uint64_t right_up = down | ~(zero | up), right_down = up & zero;
		score += (right_up & last) != 0;
		score -= (right_down & last) != 0;
		/* Each character left can lower the score by one at most. */
		if (score > limit + (len - i - 1))
			return limit + 1;
		right_up = right_up << 1 | 1;
		up = right_down << 1 | ~(zero | right_up);
		down = right_up & zero;
	}
	return score;
}

static uint16_t least(uint16_t a, uint16_t b)
{
	return a < b ? a : b;
}

/* Cells further than limit from the diagonal cannot lie on a path of at most limit. */
static size_t distance_band(const Pattern *p, const uint32_t *text, size_t len, size_t limit)
{
	uint16_t row[DISTANCE_MAX + 1];
	const uint16_t far = 2 * DISTANCE_MAX;
	for (size_t j = 0; j <= len; j++)
		row[j] = j <= limit ? (uint16_t)j : far;
	for (size_t i = 1; i <= p->len; i++) {
		size_t from = i > limit ? i - limit : 1, to = i + limit < len ? i + limit : len;
		uint16_t corner = row[from - 1], best = far;
		row[from - 1] = from == 1 && i <= limit ? (uint16_t)i : far;
		for (size_t j = from; j <= to; j++) {
			uint16_t above = row[j];
			uint16_t change = corner + (p->chars[i - 1] != text[j - 1]);
			row[j] = least(change, least(above, row[j - 1]) + 1);
			best = least(best, row[j]);
			corner = above;
		}
		if (best > limit && row[from - 1] > limit)
			return limit + 1;
	}
	return row[len];
}

size_t pattern_distance(const Pattern *p, const uint32_t *text, size_t len, size_t limit)
{
	assert(len <= DISTANCE_MAX);
	size_t difference = p->len > len ? p->len - len : len - p->len;
	if (difference > limit)
		return limit + 1;
	if (p->len == 0 || len == 0)
		return difference;
	return p->len <= WORD_BITS ? distance_bits(p, text, len, limit) : distance_band(p, text, len, limit);
}
