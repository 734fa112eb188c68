#include "match/phone.h"

#include "base/check.h"

#include <stdio.h>
#include <string.h>

static void check_number(const char *text, const char *expected)
{
	Phone phone;
	memset(&phone, 0, sizeof(phone));
	bool is_phone = phone_parse(text, &phone);
	if (is_phone != (expected != NULL) || (is_phone && expected && strcmp(phone.e164, expected) != 0))
		g_test_message("%s gave %s", text, is_phone ? phone.e164 : "nothing");
	CHECK(is_phone == (expected != NULL));
	if (expected != NULL)
		CHECK_TEXT(phone.e164, expected);
}

TEST(phone, reads_what_people_write)
{
	static const char *const rows[][2] = {
		{"13812341234", "+8613812341234"},
		{"138-1234-1234", "+8613812341234"},
		{"138 1234 1234", "+8613812341234"},
		{"+86 138-1234-1234", "+8613812341234"},
		{"0086 13812341234", "+8613812341234"},
		{"8613812341234", "+8613812341234"},
		{"(+86)13812341234", "+8613812341234"},
		{"１３８１２３４１２３４", "+8613812341234"},
		{"＋86　138 1234 1234", "+8613812341234"},
		{"013812341234", "+8613812341234"},
		{"17951 13812341234", "+8613812341234"},
		{"手机：13812341234（微信同号）", "+8613812341234"},
		{"13812341234/13912341234", "+8613812341234"},
		{"13812341234 13912341234", "+8613812341234"},
		{"tel:+8613812341234", "+8613812341234"},
		{"(021) 6888 8888-801", "+862168888888"},
		{"021-68888888", "+862168888888"},
		{"021-68888888转801", "+862168888888"},
		{"021-68888888 ext. 801", "+862168888888"},
		{"+86 21 6888 8888", "+862168888888"},
		{"86-021-68888888", "+862168888888"},
		{"0755-8888888-8", "+867558888888"},
		{"0755-26888888", "+8675526888888"},
		{"（０７５５）２６８８８８８８", "+8675526888888"},
		{"400-123-4567", "+864001234567"},
		{"4001234567", "+864001234567"},
		{"8001234567", "+868001234567"},
		{"1012345678", "+861012345678"},
		{"13123456789", "+8613123456789"},
		{"+1 (415) 555-2671", "+14155552671"},
		{"001 415 555 2671", "+14155552671"},
		{"+44 (0)20 7946 0958", "+442079460958"},
		{"+852 2345 6789", "+85223456789"},
		{"+49 30 1234567-89", "+4930123456789"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_number(rows[i][0], rows[i][1]);
}

TEST(phone, refuses_what_is_none)
{
	static const char *const rows[] = {"", " ", "abc", "95555", "110", "68888888", "1381234123", "138123412345",
		"12812341234", "+86 123", "021-0888888", "0000000000", "+1 055 555 2671", "+28 12345678", "+", "+86", "0086",
		"99999999999999999999999999999999999999999999", "无",
		"\377\3761381234"};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_number(rows[i], NULL);
	check_number(NULL, NULL);
}

TEST(phone, knows_place_and_carrier)
{
	Phone phone;
	CHECK(phone_parse("13000331234", &phone));
	CHECK_TEXT(phone.province, "江苏省");
	CHECK_TEXT(phone.city, "无锡市");
	CHECK_TEXT(phone.carrier, "中国联通");
	CHECK(phone.mobile);
	CHECK(phone_parse("021-68888888", &phone));
	CHECK_TEXT(phone.province, "上海市");
	CHECK_TEXT(phone.city, "上海市");
	CHECK(phone.carrier == NULL && !phone.mobile);
	CHECK(phone_parse("13401234567", &phone));
	CHECK_TEXT(phone.carrier, "中国移动");
	CHECK(phone_parse("19212345678", &phone));
	CHECK_TEXT(phone.carrier, "中国广电");
	CHECK(phone_parse("4001234567", &phone));
	CHECK(phone.province == NULL && phone.city == NULL);
}

/* The packed runs against a sample of the list they were made from. */
TEST(phone, packed_places_are_those_of_the_source)
{
	char line[256], prefix[16], place[200], number[40];
	FILE *file = fopen(TESTS_DIR "/data/match/phone_places.tsv", "r");
	CHECK(file != NULL);
	int rows = 0, moved = 0;
	while (fgets(line, sizeof(line), file) != NULL) {
		CHECK_INT(sscanf(line, "%15s %199s", prefix, place), 2);
		snprintf(number, sizeof(number), "%s0000", prefix);
		Phone phone;
		CHECK(phone_parse(number, &phone));
		CHECK(phone.city != NULL && phone.province != NULL);
		/* "江苏省南京市", "新疆喀什地区": the end is the city, unless it was renamed since. */
		bool is_same =
			strlen(place) >= 6 && strncmp(place, phone.province, 6) == 0 && strstr(place, phone.city) != NULL;
		moved += !is_same;
		rows++;
	}
	fclose(file);
	CHECK(rows > 200);
	if (moved * 50 > rows)
		g_test_message("%d of %d differ", moved, rows);
	CHECK(moved * 50 <= rows);
}
