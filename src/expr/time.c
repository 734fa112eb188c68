/* Days and moments: RFC 3339 texts, the proleptic Gregorian calendar, floor division. Knows no zones but an offset. */
#include "expr/expr_int.h"

#include <stdio.h>

/* Days since 1970-01-01; months counted from March, so that leap days come last. */
static int64_t day_of(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = time_floor_div(y, 400), in_era = y - era * 400;
	int64_t in_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

int64_t time_floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

void time_day_text(int64_t day, char out[static 16])
{
	int64_t z = day + 719468, era = time_floor_div(z, 146097), in_era = z - era * 146097;
	int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	int64_t in_year = in_era - (365 * year + year / 4 - year / 100), m = (5 * in_year + 2) / 153;
	int d = (int)(in_year - (153 * m + 2) / 5 + 1), month = (int)(m < 10 ? m + 3 : m - 9);
	snprintf(out, 16, "%04d-%02d-%02d", (int)((year + era * 400 + (month <= 2)) % 10000), month % 100, d % 100);
}

/* n digits at *at, which moves on; -1 if they are none. */
static int digits(const char *text, size_t len, size_t *at, int n)
{
	int value = 0;
	for (int i = 0; i < n; i++, (*at)++) {
		if (*at >= len || text[*at] < '0' || text[*at] > '9')
			return -1;
		value = value * 10 + (text[*at] - '0');
	}
	return value;
}

static bool letter(const char *text, size_t len, size_t *at, const char *any)
{
	for (; *any; any++)
		if (*at < len && text[*at] == *any) {
			(*at)++;
			return true;
		}
	return false;
}

static bool read_day(const char *text, size_t len, size_t *at, int64_t *ret)
{
	int year = digits(text, len, at, 4);
	bool dash = letter(text, len, at, "-");
	int month = digits(text, len, at, 2);
	dash = letter(text, len, at, "-") && dash;
	int day = digits(text, len, at, 2);
	if (!dash || year < 1 || month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	*ret = day_of(year, month, day);
	/* 30 February is another day than it says. */
	return month == 12 ? day <= 31 : *ret < day_of(year, month + 1, 1);
}

bool time_parse_date(const char *text, size_t len, int64_t *ret_day)
{
	size_t at = 0;
	int64_t day;
	if (!read_day(text, len, &at, &day) || at != len)
		return false;
	*ret_day = day;
	return true;
}

/* "Z" or "+08:00", in minutes. */
static bool read_offset(const char *text, size_t len, size_t *at, int *ret)
{
	*ret = 0;
	if (letter(text, len, at, "Zz"))
		return true;
	bool west = *at < len && text[*at] == '-';
	if (!letter(text, len, at, "+-"))
		return false;
	int hours = digits(text, len, at, 2);
	bool colon = letter(text, len, at, ":");
	int minutes = digits(text, len, at, 2);
	if (!colon || hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
		return false;
	*ret = (hours * 60 + minutes) * (west ? -1 : 1);
	return true;
}

/* ".5", ".123456": milliseconds, the rest is dropped. */
static int read_fraction(const char *text, size_t len, size_t *at)
{
	int ms = 0, unit = 100;
	if (!letter(text, len, at, "."))
		return 0;
	for (; *at < len && text[*at] >= '0' && text[*at] <= '9'; (*at)++, unit /= 10)
		ms += (text[*at] - '0') * unit;
	return ms;
}

bool time_parse(const char *text, size_t len, int64_t *ret_ms)
{
	size_t at = 0;
	int64_t day;
	int offset;
	if (!read_day(text, len, &at, &day) || !letter(text, len, &at, "Tt "))
		return false;
	int hour = digits(text, len, &at, 2);
	bool colon = letter(text, len, &at, ":");
	int minute = digits(text, len, &at, 2);
	int second = letter(text, len, &at, ":") ? digits(text, len, &at, 2) : 0;
	int ms = read_fraction(text, len, &at);
	if (!colon || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 ||
		!read_offset(text, len, &at, &offset) || at != len)
		return false;
	*ret_ms = day * DAY_MS + hour * HOUR_MS + (minute - offset) * MINUTE_MS + second * SECOND_MS + ms;
	return true;
}
