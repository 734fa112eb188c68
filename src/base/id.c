/* UUIDv7. Each thread keeps the last id it made and a small store of random bytes, so that an id costs no system call
 * and ids of one millisecond ascend. */
#include "base/id.h"

#include "base/random.h"
#include <string.h>

#define RANDOM_STORE 1024

typedef struct {
	int64_t ms;
	uint16_t high;  /* 12 bits after the version */
	uint64_t low;   /* 62 bits after the variant */
	size_t left;
	uint8_t store[RANDOM_STORE];
} Maker;

const Id ID_NIL = {{0}};

static uint64_t take_random(Maker *m)
{
	uint64_t word;
	if (m->left < sizeof(word)) {
		random_bytes(m->store, sizeof(m->store));
		m->left = sizeof(m->store);
	}
	m->left -= sizeof(word);
	memcpy(&word, m->store + m->left, sizeof(word));
	return word;
}

/* The next id of the same millisecond: a random step up, so that neighbours cannot be guessed. */
static void step_up(Maker *m)
{
	m->low += 1 + (take_random(m) & 0xffffffff);
	if (m->low >> 62 == 0)
		return;
	m->low &= (UINT64_C(1) << 62) - 1;
	if (++m->high >> 12 == 0)
		return;
	m->high = 0;
	m->ms++;
}

static Id assemble(const Maker *m)
{
	Id id;
	for (int i = 0; i < 6; i++)
		id.byte[i] = (uint8_t)(m->ms >> (40 - 8 * i));
	id.byte[6] = (uint8_t)(0x70 | m->high >> 8);
	id.byte[7] = (uint8_t)m->high;
	for (int i = 0; i < 8; i++)
		id.byte[8 + i] = (uint8_t)(m->low >> (56 - 8 * i));
	id.byte[8] = (uint8_t)(0x80 | (id.byte[8] & 0x3f));
	return id;
}

Id id_new(int64_t now_ms)
{
	static _Thread_local Maker maker;
	if (now_ms == maker.ms) {
		step_up(&maker);
	} else {
		maker.ms = now_ms;
		/* The top bit stays clear: room to step up in. */
		maker.high = (uint16_t)(take_random(&maker) & 0x7ff);
		maker.low = take_random(&maker) >> 2;
	}
	return assemble(&maker);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool id_parse(const char *text, size_t len, Id *ret)
{
	Id id;
	if (len != ID_TEXT_SIZE - 1)
		return false;
	for (size_t i = 0, at = 0; i < sizeof(id.byte); i++, at += 2) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			if (text[at++] != '-')
				return false;
		int high = hex_digit(text[at]), low = hex_digit(text[at + 1]);
		if (high < 0 || low < 0)
			return false;
		id.byte[i] = (uint8_t)(high << 4 | low);
	}
	*ret = id;
	return true;
}

const char *id_text(Id id, char out[static ID_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	static const uint8_t place[sizeof(id.byte)] = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};
	for (size_t i = 0; i < sizeof(id.byte); i++) {
		out[place[i]] = digits[id.byte[i] >> 4];
		out[place[i] + 1] = digits[id.byte[i] & 15];
	}
	out[8] = out[13] = out[18] = out[23] = '-';
	out[ID_TEXT_SIZE - 1] = '\0';
	return out;
}

bool id_is_nil(Id id)
{
	return id_equal(id, ID_NIL);
}

bool id_is_v7(Id id)
{
	return id.byte[6] >> 4 == 7 && id.byte[8] >> 6 == 2;
}

bool id_equal(Id a, Id b)
{
	return memcmp(a.byte, b.byte, sizeof(a.byte)) == 0;
}

int id_compare(Id a, Id b)
{
	return memcmp(a.byte, b.byte, sizeof(a.byte));
}

int64_t id_time_ms(Id id)
{
	int64_t ms = 0;
	for (int i = 0; i < 6; i++)
		ms = ms << 8 | id.byte[i];
	return ms;
}
