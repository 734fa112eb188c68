/* Messages of 微信客服 in words. */
#include "modules/lead/pull/kf_words.h"

#include <string.h>

#include "base/check.h"

static json_t *parsed(TALLOC_CTX *ctx, const char *text)
{
	JsonFault fault;
	return json_parse(ctx, text, strlen(text), &fault);
}

static const char *told(TALLOC_CTX *ctx, const char *message, const json_t *names)
{
	return kf_enquiry(ctx, parsed(ctx, message), names);
}

TEST(kf, tells_what_a_customer_sent)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	const json_t *names = parsed(ctx, "[{\"external_userid\":\"wm1\",\"nickname\":\"王芳\"}]");
	const json_t *body = parsed(ctx, told(ctx,
	                                      "{\"msgid\":\"m1\",\"open_kfid\":\"wk\","
	                                      "\"external_userid\":\"wm1\",\"origin\":3,"
	                                      "\"msgtype\":\"text\",\"text\":{\"content\":\"报价\"}}",
	                                      names));
	CHECK_TEXT(json_text(body, "name"), "王芳");
	CHECK_TEXT(json_text(body, "message"), "报价");
	CHECK_TEXT(json_text(body, "external_user"), "wm1");
	body = parsed(ctx, told(ctx, "{\"external_userid\":\"wm2\",\"origin\":3,\"msgtype\":\"image\"}", NULL));
	CHECK_TEXT(json_text(body, "message"), "[图片]");
	CHECK_TEXT(json_text(body, "name"), "微信客户");
	talloc_free(ctx);
}

TEST(kf, leaves_out_what_no_customer_said)
{
	static const char *const cases[] = {
		"{\"external_userid\":\"w\",\"origin\":5,\"msgtype\":\"text\",\"text\":{\"content\":\"x\"}}",
		"{\"external_userid\":\"w\",\"origin\":3,\"msgtype\":\"text\",\"text\":{\"content\":\"\"}}",
		"{\"external_userid\":\"w\",\"origin\":3,\"msgtype\":\"text\",\"text\":7}",
		"{\"external_userid\":\"w\",\"origin\":3,\"msgtype\":\"strange\"}",
		"{\"origin\":3,\"msgtype\":\"text\",\"text\":{\"content\":\"x\"}}",
		"{\"origin\":4,\"msgtype\":\"event\"}",
		"[]",
	};
	TALLOC_CTX *ctx = talloc_new(NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		CHECK(told(ctx, cases[i], NULL) == NULL);
	talloc_free(ctx);
}

TEST(kf, asks_for_each_customer_once)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Buf *out = buf_new(ctx, 1000);
	JsonOut o = json_out(out);
	CHECK_INT(kf_customers_write(&o, parsed(ctx, "[{\"origin\":3,\"external_userid\":\"a\"},{\"origin\":4},"
	                                             "{\"origin\":3,\"external_userid\":\"b\"},"
	                                             "{\"origin\":3,\"external_userid\":\"a\"}]")),
	          2);
	CHECK_TEXT(out->data, "[\"a\",\"b\"]");
	CHECK(kf_code(42001) == KF_OLD_TOKEN && kf_code(45009) == KF_LIMITED && kf_code(7) == KF_OTHER);
	talloc_free(ctx);
}
