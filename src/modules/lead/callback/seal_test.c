/* The vectors that the makers of these protocols publish, and what attackers change in them. tests/data/callback/NOTICE
 * names where each stands. */
#include "base/check.h"
#include "modules/lead/callback/seal.h"

#include <string.h>

static const char *opened(TALLOC_CTX *ctx, const char *key_text, const char *text, Sealed *sealed)
{
	SealKey key;
	CHECK(seal_key_parse(key_text, &key));
	return seal_open(ctx, &key, text, sealed);
}

TEST(seal, opens_what_wecom_sends)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	const char *text = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==";
	Sealed sealed;
	char sign[41];
	CHECK(!opened(ctx, "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", text, &sealed));
	CHECK_TEXT(sealed.message, "1616140317555161061");
	CHECK_TEXT(sealed.receiver, "wx5823bf96d3bd56c7");
	seal_sign((const char *[]){"QDG6eK", "1409659589", "263014780", text}, 4, sign);
	CHECK_TEXT(sign, "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3");
	talloc_free(ctx);
}

TEST(seal, signs_and_opens_what_wechat_sends)
{
	static const char text[] = "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/"
							   "ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8"
							   "XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+"
							   "l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32I"
							   "Ijdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04=";
	TALLOC_CTX *ctx = talloc_new(NULL);
	Sealed sealed;
	char sign[41];
	seal_sign((const char *[]){"AAAAA", "1714036504", "1514711492"}, 3, sign);
	CHECK_TEXT(sign, "f464b24fc39322e44b38aa78f5edd27bd1441696");
	seal_sign((const char *[]){"AAAAA", "1714112445", "415670741", text}, 4, sign);
	CHECK_TEXT(sign, "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3");
	CHECK(!opened(ctx, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", text, &sealed));
	CHECK(strstr(sealed.message, "\"debug_str\":\"hello world\"") != NULL);
	CHECK_TEXT(sealed.receiver, "wxba5fad812f8e6fb9");
	talloc_free(ctx);
}

TEST(seal, closes_as_the_samples_do)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	SealKey key;
	CHECK(seal_key_parse("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", &key));
	CHECK_TEXT(seal_close(ctx, &key, "aaaabbbbccccdddd", "我是中文abcd123", "wxb11529c136998cb6"),
	           "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg==");
	CHECK(seal_key_parse("o1w0aum42yaptlz8alnhwikjd3jenzt9cb9wmzptgus", &key));
	CHECK_TEXT(seal_close(ctx, &key, "WelUQl6bCqcBa2fM", "success", "dingxxxxxx"),
	           "X1VSe9cTJUMZu60d3kyLYTrBq5578ZRJtteU94wG0Q4Uk6E/wQYeJRIC0/UFW5Wkya1Ihz9oXAdLlyC9TRaqsQ==");
	talloc_free(ctx);
}

TEST(seal, opens_what_dingtalk_sends_with_any_padding)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Sealed sealed;
	CHECK(!opened(
		ctx, "Yue0EfdN5900c1ce5cf6A152c63DDe1808a60c5ecd7",
		"0vJiX6vliEpwG3U45CtXqi+m8PXbQRARJ8p8BbDuD1EMTDf0jKpQ79QS93qEk7XHpP6u+oTTrd15NRPvNvmBKyDCYxxOK+HZeKju4yhELOF"
		"chzNukR+t8SB/qk4ROMu3",
		&sealed));
	CHECK_TEXT(sealed.message, "{\"EventType\":\"check_url\"}"); /* padding of 31 */
	CHECK_TEXT(sealed.receiver, "ding6ccabc44d2c8d38b");
	SealKey key;
	CHECK(seal_key_parse("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", &key));
	char message[70] = "";
	for (size_t n = 0; n < 64; n++) {
		char *text = seal_close(ctx, &key, "aaaabbbbccccdddd", message, "corp");
		CHECK(!seal_open(ctx, &key, text, &sealed));
		CHECK(strcmp(sealed.message, message) == 0 && strcmp(sealed.receiver, "corp") == 0);
		message[n] = 'x';
	}
	talloc_free(ctx);
}

TEST(seal, opens_what_feishu_sends)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Sealed sealed;
	CHECK(!seal_open_feishu(ctx, "test key", "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=", &sealed));
	CHECK_TEXT(sealed.message, "hello world");
	CHECK_TEXT(seal_open_feishu(ctx, "other key", "P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=", &sealed),
	           "bad_padding");
	talloc_free(ctx);
}

TEST(seal, refuses_what_was_changed)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	SealKey key;
	Sealed sealed;
	CHECK(!seal_key_parse("tooshort", &key));
	CHECK(!seal_key_parse("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH", &key));
	CHECK(!seal_key_parse("abcdefghijklmnopqrstuvwxyz0123456789ABCDE*G", &key));
	const char *key_text = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
	CHECK_TEXT(opened(ctx, key_text, "", &sealed), "bad_base64");
	CHECK_TEXT(opened(ctx, key_text, "!!!!", &sealed), "bad_base64");
	CHECK_TEXT(opened(ctx, key_text, "AAAAAAAAAAAAAAAAAAAAAA==", &sealed), "bad_padding");
	CHECK(seal_equal("abc", "abc") && !seal_equal("abc", "abd") && !seal_equal("abc", "abcd"));
	talloc_free(ctx);
}
