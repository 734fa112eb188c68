#include "match/region.h"

#include "base/check.h"
#include "match/match_int.h"

#include <stdio.h>
#include <string.h>

typedef struct {
	const char *province, *city, *district;
	int32_t code; /* the deepest that must come out; 0: nothing */
} Row;

static int32_t deepest(const Region *r)
{
	return r->district != 0 ? r->district : r->city != 0 ? r->city : r->province;
}

TEST(region, finds_long_short_and_odd_names)
{
	static const Row rows[] = {
		{"上海", NULL, NULL, 3101},
		{"上海市", "上海市", NULL, 3101},
		{"上海", "市辖区", NULL, 3101},
		{"上海市", "上海市", "浦东新区", 310115},
		{NULL, "上海", "浦东", 310115},
		{NULL, NULL, "浦东", 310115},
		{"北京", "朝阳区", NULL, 110105},
		{"北京市", "北京市", "朝阳", 110105},
		{NULL, NULL, "朝阳区", 0},
		{NULL, "朝阳", NULL, 2113},
		{"江苏", NULL, NULL, 32},
		{"江苏", "昆山", NULL, 320583},
		{"吉林", NULL, NULL, 22},
		{"吉林", "吉林", NULL, 2202},
		{NULL, "吉林市", NULL, 2202},
		{NULL, "海南", NULL, 46},
		{"青海", "海南", NULL, 6325},
		{"四川", "凉山", NULL, 5134},
		{"四川", "凉山州", NULL, 5134},
		{"四川省", "凉山彝族自治州", "西昌", 513401},
		{"内蒙", "呼市", NULL, 1501},
		{"广西", "南宁", NULL, 4501},
		{"湖北", "仙桃", NULL, 429004},
		{NULL, "广东省深圳市南山区", NULL, 440305},
		{"广东-深圳", NULL, NULL, 4403},
		{"31", NULL, NULL, 3101},
		{NULL, NULL, "310115", 310115},
		{"310000", "310100", NULL, 3101},
		{"沪", NULL, NULL, 3101},
		{"香港", NULL, NULL, 81},
		{"澳门", NULL, NULL, 82},
		{"台湾", "台北", NULL, 7101},
		{"江苏", "上海", NULL, 32},
		{"重庆", "重庆市", "万州区", 500101},
		{NULL, "深圳市", NULL, 4403},
		{"", "", "", 0},
		{NULL, NULL, NULL, 0},
		{"火星", "?", "x", 0},
		{"99", NULL, NULL, 0},
		{"北京", NULL, "朝阳门街道", 1101},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		Region region = {0};
		bool is_found = region_find(rows[i].province, rows[i].city, rows[i].district, &region);
		if (deepest(&region) != rows[i].code)
			g_test_message("%s/%s/%s gave %d, not %d", rows[i].province, rows[i].city, rows[i].district,
				deepest(&region), rows[i].code);
		CHECK_INT(deepest(&region), rows[i].code);
		CHECK(is_found == (rows[i].code != 0));
	}
}

TEST(region, fills_upward_and_gives_centres)
{
	Region region;
	CHECK(region_find(NULL, NULL, "浦东新区", &region));
	CHECK_INT(region.province, 31);
	CHECK_INT(region.city, 3101);
	CHECK(region.lon > 121 && region.lon < 122 && region.lat > 30.5 && region.lat < 32);
	CHECK(region_find(NULL, "三沙", NULL, &region)); /* no centre of its own: the province's */
	CHECK(region.lon > 108 && region.lon < 112);
	CHECK_TEXT(region_name(3101), "上海市");
	CHECK_TEXT(region_name(310115), "浦东新区");
	CHECK(region_name(77) == NULL && region_name(-1) == NULL);
}

TEST(region, lists_children)
{
	int32_t codes[64];
	CHECK_INT(region_children(0, codes, 64), 34);
	CHECK_INT(codes[0], 11);
	CHECK_INT(region_children(32, codes, 64), 13);
	CHECK_INT(region_children(32, codes, 5), 5);
	CHECK_INT(region_children(310115, codes, 64), 0);
}

/* Every alias of a public list, whose truth was written by other hands. */
TEST(region, agrees_with_a_public_list_of_short_names)
{
	char line[256], alias[100], full[150];
	FILE *file = fopen(TESTS_DIR "/data/match/region_aliases.tsv", "r");
	CHECK(file != NULL);
	int rows = 0, wrong = 0;
	while (fgets(line, sizeof(line), file) != NULL) {
		Region by_alias = {0}, by_name = {0};
		if (sscanf(line, "%99s %149s", alias, full) != 2)
			continue;
		rows++;
		bool ok = region_find(NULL, full, NULL, &by_name) && region_find(alias, NULL, NULL, &by_alias);
		if (!ok || deepest(&by_alias) != deepest(&by_name)) {
			wrong++;
			g_test_message("%s: %d, %s: %d", alias, deepest(&by_alias), full, deepest(&by_name));
		}
	}
	fclose(file);
	CHECK(rows > 350);
	CHECK(wrong * 50 <= rows);
}

/* The table is searched by bisection: every alias must be found as itself and as a beginning. */
TEST(region, every_alias_is_reachable)
{
	for (size_t i = 0; i < region_alias_count; i++) {
		const RegionAlias *alias = &region_aliases[i], *first;
		size_t count;
		char text[128];
		if (alias->len < 6)
			continue;
		int len = snprintf(text, sizeof(text), "%sxyz", region_text + alias->text);
		CHECK_INT(region_prefix(text, (size_t)len, &first, &count), alias->len);
		CHECK(alias >= first && alias < first + count);
	}
}

TEST(region, provinces_and_cities_have_a_centre)
{
	double lon = -1, lat = -1;
	CHECK(region_centre(31, &lon, &lat) && lon > 120.5 && lon < 122.5 && lat > 30.5 && lat < 32);
	CHECK(region_centre(4403, &lon, &lat) && lon > 113 && lon < 115 && lat > 22 && lat < 23);
	lon = lat = -1;
	CHECK(!region_centre(310115, &lon, &lat) && !region_centre(99, &lon, &lat) && lon == -1 && lat == -1);
}
