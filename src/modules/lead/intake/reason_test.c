/* Every reason in both languages; what it is about is cut between characters. */
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"
#include "modules/lead/intake/reason.h"

TEST(reason, is_told_in_the_readers_language)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	CHECK_TEXT(reason_text(ctx, "bad_phone", "12", LANG_EN), "This is not a phone number: 12");
	CHECK_TEXT(reason_text(ctx, "bad_phone", "12", LANG_ZH), "电话无法识别：12");
	CHECK_TEXT(reason_text(ctx, "empty", NULL, LANG_ZH), "没有姓名、联系方式或留言。");
	CHECK_TEXT(reason_text(ctx, "bad_phone", "100% %s %n", LANG_EN), "This is not a phone number: 100% %s %n");
	CHECK(strstr(reason_text(ctx, "bad_request", "space_in_url", LANG_EN), "contains a space"));
	CHECK(strstr(reason_text(ctx, "bad_request", "space_in_url", LANG_ZH), "含有空格"));
	CHECK_TEXT(reason_text(ctx, "bad_request", "?", LANG_ZH), "请求无法理解：?");
	CHECK_TEXT(reason_text(ctx, "invalid_fields", "又一句话。", LANG_EN), "又一句话。");
	CHECK(!reason_text(ctx, "repeated_enquiry", NULL, LANG_EN) && !reason_text(ctx, NULL, NULL, LANG_EN));
	talloc_free(ctx);
}

TEST(reason, is_about_whole_characters)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	const char *cut = reason_argument(ctx, "x电话号码电话号码电话号码电话号码电话号码电话号码电话号码");
	CHECK_INT(strlen(cut), 58);
	CHECK(utf8_valid(cut, strlen(cut)));
	CHECK_TEXT(reason_argument(ctx, "12"), "12");
	CHECK(!reason_argument(ctx, NULL));
	talloc_free(ctx);
}
