#include "event/failure.h"

#include <string.h>

#include "base/check.h"

static bool is_chinese(const char *text)
{
	return (unsigned char)text[0] >= 0xe3;
}

TEST(failure, each_code_has_words_in_both_languages)
{
	for (Failure f = 0; f < FAILURE_COUNT; f++) {
		const FailureWords *words = failure_words(f);
		CHECK(words->zh[0] && is_chinese(words->zh) && words->en[0] && !is_chinese(words->en));
		CHECK(!words->do_zh == !words->do_en);
		CHECK(!words->do_zh || (is_chinese(words->do_zh) && g_str_has_suffix(words->do_zh, "。")));
		CHECK(!words->do_en || g_str_has_suffix(words->do_en, "."));
		for (Failure g = 0; g < f; g++)
			CHECK(strcmp(failure_code(f), failure_code(g)) != 0);
	}
}

TEST(failure, a_sentence_tells_what_happened_the_code_and_what_to_do)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	CHECK_TEXT(failure_said(mem, "http_503", LANG_ZH),
	           "对方的服务暂时不可用（http_503）。稍后会自动重试；持续时请联系对方。");
	CHECK(strstr(failure_said(mem, "timeout", LANG_EN), "(timeout). ") != NULL);
	CHECK_TEXT(failure_said(mem, "touched", LANG_EN), "Contacted already");
	CHECK(failure_said(mem, NULL, LANG_ZH) == NULL && failure_said(mem, "", LANG_ZH) == NULL);
	for (int status = 300; status < 600; status++) {
		const char *code = talloc_asprintf(mem, "http_%d", status);
		const char *zh = failure_said(mem, code, LANG_ZH);
		CHECK(!strstr(zh, "不认识") && strstr(zh, code));
	}
	CHECK(strstr(failure_said(mem, "12345678", LANG_ZH), "（12345678）"));
	CHECK_TEXT(failure_or_code(mem, "12345678", LANG_ZH), "12345678");
	CHECK(strstr(failure_or_code(mem, "http_502", LANG_ZH), "（http_502）"));
	talloc_free(mem);
}
