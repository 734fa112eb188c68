#include "match/ident.h"

#include "base/check.h"
#include "match/email.h"

#include <string.h>

TEST(credit_code, both_check_digits)
{
	static const char *const good[] = {"914403001922038216", "91110108551385082Q", "91230184MA1BUFLT44",
		"91440300-19220382-16", "９１４４０３００１９２２０３８２１６", " 91110108551385082q "};
	static const char *const bad[] = {"91110108717809965C", "9133010057462616XH", "91110000800088421P",
		"914403001922038217", "", "91440300192203821", "9144030019220382161", "91440300192203821O", "一二三"};
	char out[19];
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		CHECK(credit_code_parse(good[i], out));
	CHECK_TEXT(out, "91110108551385082Q");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK(!credit_code_parse(bad[i], out));
	CHECK(!credit_code_parse(NULL, out));
}

/* The outer check digit can be made right while the organisation code inside is wrong. */
TEST(credit_code, inner_check_digit_counts)
{
	char text[19] = "914403001922038216", out[19];
	int accepted = 0;
	text[16] = '2'; /* the organisation code's check digit is 1 */
	for (const char *c = "0123456789ABCDEFGHJKLMNPQRTUWXY"; *c != '\0'; c++) {
		text[17] = *c;
		accepted += credit_code_parse(text, out);
	}
	CHECK_INT(accepted, 0);
}

TEST(id_card, area_date_and_check_digit)
{
	CHECK(id_card_valid("440882199102104195"));
	CHECK(id_card_valid("11010519491231002X"));
	CHECK(id_card_valid("11010519491231002x"));
	CHECK(!id_card_valid("440882199102104190"));
	CHECK(!id_card_valid("110105194912310021"));
	CHECK(id_card_valid("110105491231002")); /* the old form */
	CHECK(!id_card_valid("110105491331002"));
	CHECK(!id_card_valid("999999194912310020"));
	CHECK(!id_card_valid("11010519490230002X"));
	CHECK(!id_card_valid("") && !id_card_valid(NULL) && !id_card_valid("11010519491231002"));
}

TEST(email, normalises)
{
	char out[255];
	const char *domain;
	bool is_public;
	CHECK(email_parse(" Zhang.San@Example.COM ", out, &domain, &is_public));
	CHECK_TEXT(out, "zhang.san@example.com");
	CHECK_TEXT(domain, "example.com");
	CHECK(!is_public);
	CHECK(email_parse("１２３＠ｑｑ．com", out, &domain, &is_public));
	CHECK_TEXT(out, "123@qq.com");
	CHECK(is_public);
	CHECK(email_parse("mailto:a+b@163。com", out, NULL, NULL));
	CHECK_TEXT(out, "a+b@163.com");
	CHECK(email_parse("张三@例子.公司", out, &domain, &is_public));
	CHECK_TEXT(domain, "例子.公司");
}

TEST(email, refuses_what_is_none)
{
	static const char *const rows[] = {"", "a", "@", "a@", "@b.com", "a@b", "a b@c.com", "a@b@c.com", ".a@b.com",
		"a.@b.com", "a..b@c.com", "a@-b.com", "a@b-.com", "a@b..com", "a@b.c", "a@1.2.3.4", "a@b.com.", "<a@b.com>",
		"a\n@b.com", "\xff@b.com"};
	char out[255] = "kept", local[80], longest[400];
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (email_parse(rows[i], out, NULL, NULL))
			g_test_message("accepted %s", rows[i]);
		CHECK_TEXT(out, "kept");
	}
	memset(local, 'x', 65);
	memcpy(local + 65, "@b.com", 7);
	CHECK(!email_parse(local, out, NULL, NULL));
	memcpy(longest, "x@", 2);
	for (int i = 0; i < 90; i++)
		memcpy(longest + 2 + 3 * i, "ab.", 3);
	memcpy(longest + 272, "com", 4);
	CHECK(!email_parse(longest, out, NULL, NULL));
	CHECK(!email_parse(NULL, out, NULL, NULL));
}

/* Bisection needs the order. */
TEST(email, knows_public_domains)
{
	static const char *const rows[] = {"126.com", "qq.com", "163.com", "gmail.com", "outlook.com", "sina.com.cn",
		"foxmail.com", "zoho.com", "yeah.net", "139.com", "189.cn", "icloud.com", "sohu.com", "vip.qq.com",
		"hotmail.com", "yahoo.com.cn", "aliyun.com", "wo.cn"};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK(email_domain_public(rows[i]));
	CHECK(!email_domain_public("huawei.com") && !email_domain_public(""));
}
