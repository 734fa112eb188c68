/* Regions by name and by code. The tables are sorted at build time, so everything here is a binary search over
 * read-only pages. */
#include "match/region.h"

#include "match/match_int.h"

#include <string.h>

#define TEXT_MAX 256
#define TOKENS_MAX 4
#define RANKS 6
#define CHAR_BYTES 3 /* of a Han character in UTF-8 */

static int level_of(int32_t code)
{
	return code < 100 ? 1 : code < 10000 ? 2 : 3;
}

/* Whether code lies strictly below above; everything lies below 0. */
static bool lies_below(int32_t code, int32_t above)
{
	if (code <= above)
		return false;
	while (code > above)
		code /= 100;
	return code == above;
}

static size_t row_from(int32_t code)
{
	size_t low = 0, high = region_row_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (region_rows[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const RegionRow *region_row(int32_t code)
{
	size_t at = row_from(code);
	return at < region_row_count && region_rows[at].code == code ? &region_rows[at] : NULL;
}

const char *region_name(int32_t code)
{
	const RegionRow *row = region_row(code);
	return row == NULL ? NULL : region_text + row->name;
}

bool region_centre(int32_t code, double *ret_lon, double *ret_lat)
{
	const RegionRow *row = region_row(code);
	if (row == NULL || (row->lon == 0 && row->lat == 0))
		return false;
	*ret_lon = row->lon;
	*ret_lat = row->lat;
	return true;
}

int region_children(int32_t code, int32_t *out, int max)
{
	int count = 0;
	if (code < 0 || code > 9999)
		return 0;
	for (size_t i = row_from(code * 100 + 1); i < region_row_count && region_rows[i].code / 100 == code && count < max;
		 i++)
		out[count++] = region_rows[i].code;
	return count;
}

/* --- aliases --- */

static int compare_alias(const RegionAlias *alias, const char *text, size_t len)
{
	size_t shorter = alias->len < len ? alias->len : len;
	int order = memcmp(region_text + alias->text, text, shorter);
	return order != 0 ? order : (alias->len > len) - (alias->len < len);
}

/* How many aliases sort before text, or before and with it. */
static size_t aliases_before(const char *text, size_t len, bool with_equal)
{
	size_t low = 0, high = region_alias_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (compare_alias(&region_aliases[middle], text, len) < (with_equal ? 1 : 0))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t shared_bytes(const RegionAlias *alias, const char *text, size_t len)
{
	const char *name = region_text + alias->text;
	size_t n = 0;
	while (n < len && n < alias->len && name[n] == text[n])
		n++;
	return n;
}

size_t region_prefix(const char *text, size_t len, const RegionAlias **ret_first, size_t *ret_count)
{
	/* The last alias not after text either is a prefix of it, or shares with it all that the longest prefix can have.
	 */
	while (len >= 2 * CHAR_BYTES) {
		size_t end = aliases_before(text, len, true);
		if (end == 0)
			return 0;
		size_t shared = shared_bytes(&region_aliases[end - 1], text, len);
		if (shared == region_aliases[end - 1].len) {
			size_t first = shared < 2 * CHAR_BYTES ? end : aliases_before(text, shared, false);
			*ret_first = &region_aliases[first];
			*ret_count = end - first;
			return end > first ? shared : 0;
		}
		len = shared;
	}
	return 0;
}

/* --- choosing --- */

/* Lower is better; several of the same rank leave it open which is meant. */
static int rank_of(const RegionAlias *alias, int level)
{
	if (alias->full && level_of(alias->code) == level)
		return 0;
	if (level_of(alias->code) == 1)
		return 1;
	if (level_of(alias->code) == level)
		return 2;
	return alias->full ? 3 : 2 + level_of(alias->code);
}

/* The one region below above that is meant by a name in a field of that level; above itself when none or several could
 * be. */
static int32_t choose(const RegionAlias *first, size_t count, int level, int32_t above)
{
	int best = RANKS;
	int32_t chosen = above;
	for (size_t i = 0; i < count; i++) {
		int rank = rank_of(&first[i], level);
		if (rank > best || !lies_below(first[i].code, above))
			continue;
		chosen = rank < best || chosen == first[i].code ? first[i].code : above;
		best = rank;
	}
	return chosen;
}

static bool is_suffix(const char *rest, size_t len)
{
	static const char *const suffixes[] = {"省", "市", "区", "县", "州", "旗", "盟", "地区", "新区"};
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (strlen(suffixes[i]) == len && memcmp(rest, suffixes[i], len) == 0)
			return true;
	return false;
}

/* A short name of a county followed by more is often a street: 朝阳门 is not 朝阳. */
static bool is_street_like(int32_t code, const RegionAlias *rows, size_t count, const char *rest, size_t len)
{
	if (level_of(code) < 3 || len == 0 || is_suffix(rest, len))
		return false;
	for (size_t i = 0; i < count; i++)
		if (rows[i].code == code && rows[i].full)
			return false;
	return true;
}

/* The whole field, or one name after the other from its beginning. */
static int32_t from_names(const char *text, size_t len, int level, int32_t above)
{
	size_t first = aliases_before(text, len, false), count = aliases_before(text, len, true) - first;
	if (count > 0)
		return choose(&region_aliases[first], count, level, above);
	for (int i = 0; i < TOKENS_MAX && len > 0; i++) {
		const RegionAlias *rows;
		size_t bytes = region_prefix(text, len, &rows, &count);
		int32_t code = bytes > 0 ? choose(rows, count, level, above) : above;
		text += bytes;
		len -= bytes;
		if (bytes == 0 || (code != above && is_street_like(code, rows, count, text, len)))
			break;
		above = code;
	}
	return above;
}

static int32_t from_digits(const char *text, size_t len, int32_t above)
{
	int32_t code = 0;
	for (size_t i = 0; i < len && i < 6; i++)
		code = code * 10 + (text[i] - '0');
	while (code > 0 && code % 100 == 0)
		code /= 100;
	return region_row(code) != NULL && lies_below(code, above) ? code : above;
}

/* Folds a field and leaves only what a name or code can consist of. Returns the bytes. */
static size_t clean(const char *text, char out[static TEXT_MAX], bool *ret_digits)
{
	uint32_t chars[TEXT_MAX / 4];
	size_t count = fold_text(text, chars, ARRAY_LEN(chars)), kept = 0, digits = 0;
	for (size_t i = 0; i < count; i++) {
		bool is_digit = chars[i] >= '0' && chars[i] <= '9';
		if (is_digit || chars[i] >= 0x3400)
			chars[kept++] = chars[i];
		digits += is_digit;
	}
	*ret_digits = kept > 0 && digits == kept;
	return fold_write(chars, kept, out, TEXT_MAX);
}

static int32_t narrow(const char *text, int level, int32_t above)
{
	char cleaned[TEXT_MAX];
	bool is_code;
	if (text == NULL || *text == '\0')
		return above;
	size_t len = clean(text, cleaned, &is_code);
	return is_code ? from_digits(cleaned, len, above) : from_names(cleaned, len, level, above);
}

/* The four municipalities are a province and a city of the same name. */
static int32_t city_of(int32_t code)
{
	if (code >= 10000)
		return code / 100;
	if (code >= 100)
		return code;
	const RegionRow *province = region_row(code), *city = region_row(code * 100 + 1);
	return province != NULL && city != NULL && province->name == city->name ? city->code : 0;
}

static void fill(int32_t code, Region *ret)
{
	*ret = (Region){.province = code < 100 ? code : code < 10000 ? code / 100 : code / 10000, .city = city_of(code)};
	ret->district = code >= 10000 ? code : 0;
	const RegionRow *row = region_row(ret->city);
	if (row == NULL || row->lon == 0)
		row = region_row(ret->province);
	if (row != NULL) {
		ret->lon = (double)row->lon;
		ret->lat = (double)row->lat;
	}
}

bool region_find(const char *province, const char *city, const char *district, Region *ret)
{
	int32_t code = narrow(district, 3, narrow(city, 2, narrow(province, 1, 0)));
	if (code == 0)
		return false;
	fill(code, ret);
	return true;
}
