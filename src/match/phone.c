/* From what people type to E.164. First the text is reduced to groups of digits, then the groups are read as a number;
 * what a group after a complete number holds is an extension. */
#include "match/phone.h"

#include "match/match_int.h"
#include "match/region.h"

#include <stdio.h>
#include <string.h>

#define TEXT_MAX 256
#define DIGITS_MAX 40
#define GROUPS_MAX 16
#define SUBSCRIBER_MIN 7 /* digits of a subscriber number; a longer group ends a number */

typedef struct {
	char digit[DIGITS_MAX + 1];
	size_t count;
	size_t group_end[GROUPS_MAX];
	size_t groups;
	bool has_plus;
} Digits;

/* --- the table of prefixes: layout in tools/tables/pack_phones.py --- */

#define PREFIX_FIRST 1300
#define PREFIX_COUNT 700
#define PLACE_UNKNOWN 511

static const char *const carriers[] = {NULL, "中国移动", "中国联通", "中国电信", "中国广电"};

static uint32_t read_u16(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t read_u32(const unsigned char *p)
{
	return read_u16(p) | read_u16(p + 2) << 16;
}

typedef struct {
	uint32_t places, areas;
	const unsigned char *place, *carrier, *area, *directory, *run;
} PhoneTable;

static PhoneTable table_get(void)
{
	const unsigned char *bytes = match_tables[0].bytes;
	PhoneTable t = {.places = read_u32(bytes + 8), .areas = read_u32(bytes + 12), .place = bytes + 20};
	t.carrier = t.place + (size_t)t.places * 4;
	t.area = t.carrier + PREFIX_COUNT;
	t.directory = t.area + (size_t)t.areas * 4;
	t.run = t.directory + (PREFIX_COUNT + 1) * 4;
	return t;
}

static uint32_t number_at(const char *digit, size_t count)
{
	uint32_t n = 0;
	for (size_t i = 0; i < count; i++)
		n = n * 10 + (uint32_t)(digit[i] - '0');
	return n;
}

/* Place of a seven-digit mobile block: the runs of its four-digit prefix cover a thousand blocks. */
static uint32_t mobile_place(const PhoneTable *t, const char *national)
{
	uint32_t prefix = number_at(national, 4) - PREFIX_FIRST, block = number_at(national + 4, 3);
	uint32_t at = read_u32(t->directory + (size_t)prefix * 4), end = read_u32(t->directory + (size_t)(prefix + 1) * 4);
	for (; at < end; at++) {
		uint32_t run = read_u16(t->run + (size_t)at * 2), blocks = (run & 127) + 1;
		if (block < blocks)
			return run >> 7;
		block -= blocks;
	}
	return PLACE_UNKNOWN;
}

static uint32_t area_exact(const PhoneTable *t, uint32_t code)
{
	uint32_t low = 0, high = t->areas;
	while (low < high) {
		uint32_t middle = (low + high) / 2;
		if (read_u16(t->area + (size_t)middle * 4) < code)
			low = middle + 1;
		else
			high = middle;
	}
	const unsigned char *row = t->area + (size_t)low * 4;
	return low < t->areas && read_u16(row) == code ? read_u16(row + 2) : PLACE_UNKNOWN;
}

/* Area codes have two digits (10, 2x) or three; some three-digit ones are listed by their first two. */
static uint32_t area_place(const PhoneTable *t, const char *national, size_t *ret_len)
{
	bool is_two = (national[0] == '1' && national[1] == '0') || national[0] == '2';
	*ret_len = is_two ? 2 : 3;
	uint32_t place = area_exact(t, number_at(national, *ret_len));
	return place == PLACE_UNKNOWN && !is_two ? area_exact(t, number_at(national, 2)) : place;
}

static void set_place(const PhoneTable *t, uint32_t place, Phone *phone)
{
	if (place >= t->places)
		return;
	int32_t code = (int32_t)read_u32(t->place + (size_t)place * 4);
	phone->city = region_name(code);
	phone->province = region_name(code < 10000 ? code / 100 : code / 10000);
}

/* --- Chinese numbers --- */

static void set_number(Phone *phone, const char *country, const char *digit, size_t count)
{
	snprintf(phone->e164, sizeof(phone->e164), "+%s%.*s", country, (int)count, digit);
}

static bool is_mobile(const char *d, size_t n)
{
	return n == 11 && d[0] == '1' && d[1] >= '3';
}

/* Networks' own prefixes for cheap long distance: 17951 138..., 12593 138... */
static bool has_dialling_prefix(const char *d, size_t n)
{
	return n == 16 && (strncmp(d, "179", 3) == 0 || strncmp(d, "125", 3) == 0) && is_mobile(d + 5, 11);
}

static bool read_landline(const PhoneTable *t, const char *d, size_t n, Phone *phone)
{
	size_t area;
	if (n < 10 || n > 11 || d[0] == '0' || (d[0] == '1' && d[1] != '0'))
		return false;
	uint32_t place = area_place(t, d, &area);
	if (place == PLACE_UNKNOWN || d[area] == '0' || (n - area != 8 && (area == 2 || n - area != 7)))
		return false;
	set_number(phone, "86", d, n);
	set_place(t, place, phone);
	return true;
}

static bool read_national(const char *d, size_t n, Phone *phone)
{
	PhoneTable t = table_get();
	if (has_dialling_prefix(d, n))
		d += 5, n -= 5;
	if (n > 0 && d[0] == '0')
		d++, n--;
	if (is_mobile(d, n)) {
		set_number(phone, "86", d, n);
		phone->mobile = true;
		phone->carrier = carriers[t.carrier[number_at(d, 4) - PREFIX_FIRST]];
		set_place(&t, mobile_place(&t, d), phone);
		return true;
	}
	if (n == 10 && (strncmp(d, "400", 3) == 0 || strncmp(d, "800", 3) == 0)) {
		set_number(phone, "86", d, n);
		return true;
	}
	return read_landline(&t, d, n, phone);
}

/* --- foreign numbers --- */

typedef struct {
	const char *country;
	size_t min, max; /* digits after the country code */
} CountryLength;

static const CountryLength lengths[] = {
	{"1", 10, 10},
	{"7", 10, 10},
	{"852", 8, 8},
	{"853", 8, 8},
	{"886", 8, 9},
	{"81", 9, 10},
	{"82", 8, 10},
	{"65", 8, 10},
};

static bool fits_country(const char *d, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		size_t code = strlen(lengths[i].country);
		if (strncmp(d, lengths[i].country, code) != 0)
			continue;
		bool is_north_america = code == 1 && d[0] == '1';
		if (is_north_america && (d[1] < '2' || (n > 4 && d[4] < '2')))
			return false;
		return n >= code + lengths[i].min && n <= code + lengths[i].max;
	}
	/* Never assigned, or reserved. */
	return strncmp(d, "28", 2) != 0 && strncmp(d, "83", 2) != 0 && strncmp(d, "89", 2) != 0;
}

static bool read_foreign(const char *d, size_t n, Phone *phone)
{
	if (n < 8 || n > 15 || d[0] == '0' || !fits_country(d, n))
		return false;
	set_number(phone, "", d, n);
	return true;
}

static bool read_number(const char *d, size_t n, bool has_plus, Phone *phone)
{
	bool is_international = has_plus;
	if (!has_plus && n > 2 && d[0] == '0' && d[1] == '0') {
		d += 2, n -= 2;
		is_international = true;
	}
	bool is_china = n > 2 && d[0] == '8' && d[1] == '6';
	if (is_international)
		return is_china ? read_national(d + 2, n - 2, phone) : read_foreign(d, n, phone);
	return read_national(d, n, phone) || (is_china && read_national(d + 2, n - 2, phone));
}

/* --- the text --- */

static bool is_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_separator(uint32_t c)
{
	return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '_' || (c >= 0x2010 && c <= 0x2015) ||
		   c == 0x2212 || c == 0x00b7;
}

/* "+44 (0)20": the zero is for callers within the country. */
static bool is_trunk_zero(const uint32_t *chars, size_t left)
{
	return left >= 3 && chars[0] == '(' && chars[1] == '0' && chars[2] == ')';
}

static void end_group(Digits *d)
{
	size_t begin = d->groups > 0 ? d->group_end[d->groups - 1] : 0;
	if (d->count > begin && d->groups < GROUPS_MAX)
		d->group_end[d->groups++] = d->count;
}

static size_t skip_words(const uint32_t *chars, size_t count, bool *ret_plus)
{
	size_t at = 0;
	while (at < count && !is_digit(chars[at]))
		at++;
	size_t before = at;
	while (before > 0 && (chars[before - 1] == '(' || chars[before - 1] == ' '))
		before--;
	*ret_plus = before > 0 && chars[before - 1] == '+';
	return at;
}

static void read_digits(const char *text, Digits *d)
{
	uint32_t chars[TEXT_MAX];
	size_t count = fold_text(text, chars, TEXT_MAX);
	for (size_t i = skip_words(chars, count, &d->has_plus); i < count; i++) {
		if (is_digit(chars[i]) && d->count < DIGITS_MAX) {
			d->digit[d->count++] = (char)chars[i];
		} else if (d->has_plus && is_trunk_zero(chars + i, count - i)) {
			end_group(d);
			i += 2;
		} else if (is_separator(chars[i])) {
			end_group(d);
		} else {
			break;
		}
	}
	end_group(d);
}

/* Where a number written in one run of digits ends, so that an extension is not taken for its last digits. */
static size_t complete_end(const Digits *d)
{
	for (size_t i = 0, begin = 0; i < d->groups; begin = d->group_end[i++])
		if (d->group_end[i] - begin >= SUBSCRIBER_MIN)
			return d->group_end[i];
	return d->count;
}

bool phone_parse(const char *text, Phone *ret)
{
	Digits d = {0};
	Phone phone = {0};
	if (text == NULL)
		return false;
	read_digits(text, &d);
	bool is_foreign = d.has_plus ? strncmp(d.digit, "86", 2) != 0
								 : strncmp(d.digit, "00", 2) == 0 && strncmp(d.digit, "0086", 4) != 0;
	bool is_found = read_number(d.digit, is_foreign ? d.count : complete_end(&d), d.has_plus, &phone);
	for (size_t i = d.groups; !is_found && !is_foreign && i > 0; i--)
		is_found = read_number(d.digit, d.group_end[i - 1], d.has_plus, &phone);
	if (is_found)
		*ret = phone;
	return is_found;
}
