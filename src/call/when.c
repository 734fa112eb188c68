/* Times as text. Days are counted by the civil calendar (Gregorian, proleptic); no time zone data and no libc
 * calendar is used, so the result never depends on the machine. */
#include "call/when.h"

#include <string.h>

#define YEAR_MIN_MS INT64_C(-62135596800000) /* 0001-01-01T00:00:00.000Z */
#define YEAR_MAX_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

typedef struct {
	const char *at, *end;
	bool ok;
} Scan;

static int scan_digits(Scan *s, int n)
{
	int value = 0;
	if (s->end - s->at < n)
		s->ok = false;
	for (int i = 0; s->ok && i < n; i++) {
		char c = *s->at++;
		s->ok = c >= '0' && c <= '9';
		value = value * 10 + (c - '0');
	}
	return value;
}

static bool scan_any(Scan *s, const char *set)
{
	if (s->at >= s->end || *s->at == '\0' || strchr(set, *s->at) == NULL)
		return false;
	s->at++;
	return true;
}

static void scan_char(Scan *s, const char *set)
{
	s->ok = s->ok && scan_any(s, set);
}

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days since 1970-01-01 of a civil date; the year begins in March so that the leap day is its last. */
static int64_t days_from_civil(int64_t y, int m, int d)
{
	y -= m <= 2;
	int64_t era = y / 400, yoe = y % 400;
	int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int64_t scan_day(Scan *s)
{
	int y = scan_digits(s, 4);
	scan_char(s, "-");
	int m = scan_digits(s, 2);
	scan_char(s, "-");
	int d = scan_digits(s, 2);
	s->ok = s->ok && y >= 1 && m >= 1 && m <= 12 && d >= 1 && d <= days_in_month(y, m);
	return s->ok ? days_from_civil(y, m, d) : 0;
}

static int scan_fraction_ms(Scan *s)
{
	if (!scan_any(s, "."))
		return 0;
	int ms = 0, scale = 100, n = 0;
	for (; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++, n++) {
		ms += (*s->at - '0') * scale;
		scale /= 10;
	}
	s->ok = s->ok && n > 0;
	return ms;
}

static int64_t scan_offset_min(Scan *s)
{
	if (scan_any(s, "Zz"))
		return 0;
	bool west = s->at < s->end && *s->at == '-';
	scan_char(s, "+-");
	int h = scan_digits(s, 2);
	scan_char(s, ":");
	int m = scan_digits(s, 2);
	s->ok = s->ok && h <= 23 && m <= 59;
	return west ? -(h * 60 + m) : h * 60 + m;
}

bool when_parse(const char *text, size_t len, int64_t *ret_ms)
{
	Scan s = {.at = text, .end = text + len, .ok = true};
	int64_t day = scan_day(&s);
	scan_char(&s, "Tt ");
	int h = scan_digits(&s, 2);
	scan_char(&s, ":");
	int m = scan_digits(&s, 2);
	scan_char(&s, ":");
	int sec = scan_digits(&s, 2);
	int ms = scan_fraction_ms(&s);
	int64_t offset = scan_offset_min(&s);
	if (!s.ok || s.at != s.end || h > 23 || m > 59 || sec > 60)
		return false;
	int64_t at = day * DAY_MS + h * HOUR_MS + (m - offset) * MINUTE_MS + sec * SECOND_MS + ms;
	if (at < YEAR_MIN_MS || at > YEAR_MAX_MS)
		return false;
	*ret_ms = at;
	return true;
}

bool when_day_valid(const char *text, size_t len)
{
	Scan s = {.at = text, .end = text + len, .ok = true};
	(void)scan_day(&s);
	return s.ok && s.at == s.end;
}

static void put_digits(char *out, int64_t value, int n)
{
	for (int i = n - 1; i >= 0; i--) {
		out[i] = (char)('0' + value % 10);
		value /= 10;
	}
}

const char *when_text(int64_t ms, char out[static WHEN_TEXT_SIZE])
{
	ms = ms < YEAR_MIN_MS ? YEAR_MIN_MS : ms > YEAR_MAX_MS ? YEAR_MAX_MS : ms;
	/* Counted from 0000-03-01, so that nothing below is negative. */
	int64_t from_era = ms + INT64_C(719468) * DAY_MS;
	int64_t z = from_era / DAY_MS, rest = from_era % DAY_MS;
	int64_t era = z / 146097, doe = z % 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	int64_t month = mp < 10 ? mp + 3 : mp - 9;
	memcpy(out, "0000-00-00T00:00:00.000Z", WHEN_TEXT_SIZE);
	put_digits(out, yoe + era * 400 + (month <= 2), 4);
	put_digits(out + 5, month, 2);
	put_digits(out + 8, doy - (153 * mp + 2) / 5 + 1, 2);
	put_digits(out + 11, rest / HOUR_MS, 2);
	put_digits(out + 14, rest / MINUTE_MS % 60, 2);
	put_digits(out + 17, rest / SECOND_MS % 60, 2);
	put_digits(out + 20, rest % SECOND_MS, 3);
	return out;
}
