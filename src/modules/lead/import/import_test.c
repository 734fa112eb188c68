/* Tests of what needs no house: guesses of columns and times. */
#include "base/check.h"
#include "modules/lead/import/import_int.h"

TEST(import, guesses_columns_by_header_and_content)
{
	static const struct {
		const char *header, *sample, *field;
	} cases[] = {
		{"姓名", "", "name"},
		{"* 手机号（必填）", "", "phone"},
		{"联系人电话", "", "phone"},
		{"E-mail", "", "email"},
		{"客户名称", "", "company"},
		{"提交时间：", "", "at"},
		{"Phone Number", "", "phone"},
		{"负责人", "", "owner"},
		{"需求描述", "", "message"},
		{"资料", "138 1234 5678", "phone"},
		{"x", "a@example.com", "email"},
		{"颜色", "红", "extra"},
		{"", "021-61234567", "phone"},
		{"created_at", "", "at"},
	};
	TALLOC_CTX *ctx = talloc_new(NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		CHECK_TEXT(column_guess(ctx, cases[i].header, &cases[i].sample, 1), cases[i].field);
	talloc_free(ctx);
}

TEST(import, tells_a_header_from_values)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	CHECK(columns_are_header(ctx, (const char *const[]){"姓名", "电话"}, 2));
	CHECK(!columns_are_header(ctx, (const char *const[]){"王芳", "13812345678"}, 2));
	talloc_free(ctx);
}

TEST(import, reads_times_of_tables)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{"2026-01-31 09:30:00", 1769823000000},
		{"2026/1/31 9:30", 1769823000000},
		{"2026年1月31日", 1769788800000},
		{"2026-01-31T01:30:00Z", 1769823000000},
		{"20260131", 1769788800000},
		{"20260131093000", 1769823000000},
		{"1769823000", 1769823000000},
		{"1769823000000", 1769823000000},
		{"2026/1/31 下午 1:30", 1769837400000},
		{"2026/1/31 12:30 PM", 1769833800000},
		{"2026/1/31 上午 12:30:00", 1769790600000},
		{"2026/1/31 12:30 AM", 1769790600000},
		{"31/1/2026", -1},
		{"2026-13-01", -1},
		{"soon", -1},
		{"", -1},
		{"2026-01", -1},
		{"99999999999999999999-1-1", -1},
	};
	GTimeZone *zone = g_time_zone_new_identifier("Asia/Shanghai");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t ms = -1;
		bool read = import_time(zone, cases[i].text, &ms);
		CHECK_INT(read ? ms : -1, cases[i].ms);
	}
	g_time_zone_unref(zone);
}
