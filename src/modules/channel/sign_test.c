/* The partners' signatures against their own vectors. */
#include "base/check.h"
#include "modules/channel/kind.h"

/* Published test value of the Standard Webhooks libraries. */
TEST(sign, standard_webhooks_vector)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	CHECK_TEXT(sign_standard(ctx, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
	                         "{\"test\": 2432232314}"),
	           "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
	CHECK(sign_standard(ctx, "whsec_%%%", "m", 1, "") == NULL);
	talloc_free(ctx);
}

TEST(sign, feishu_vector)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	CHECK_TEXT(sign_feishu(ctx, "demo", 1599360473), "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=");
	talloc_free(ctx);
}

/* Time and secret are the text, the secret alone is the key: recomputed with openssl dgst. */
TEST(sign, dingtalk_is_the_reverse_of_feishu)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	CHECK_TEXT(sign_dingtalk(ctx, "this is secret", 1577262236757), "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM=");
	talloc_free(ctx);
}

/* The worked example of the documentation of SendSms. */
TEST(sign, aliyun_vector)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	const char *query = "AccessKeyId=testId&Action=SendSms&Format=XML&OutId=123&PhoneNumbers=15300000001"
		"&RegionId=cn-hangzhou"
		"&SignName=%E9%98%BF%E9%87%8C%E4%BA%91%E7%9F%AD%E4%BF%A1%E6%B5%8B%E8%AF%95%E4%B8%93%E7%94%A8"
		"&SignatureMethod=HMAC-SHA1&SignatureNonce=45e25e9b-0a6f-4070-8c85-2956eda1b466&SignatureVersion=1.0"
		"&TemplateCode=SMS_71390007&TemplateParam=%7B%22customer%22%3A%22test%22%7D&Timestamp=2017-07-12T02%3A42%3A19Z"
		"&Version=2017-05-25";
	CHECK_TEXT(sign_aliyun(ctx, "testSecret", "GET", query), "zJDF+Lrzhj/ThnlvIToysFRq6t4=");
	talloc_free(ctx);
}
