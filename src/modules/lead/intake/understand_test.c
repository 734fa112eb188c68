#include "modules/lead/intake/enquiry_test.h"

static Enquiry read_json(TALLOC_CTX *ctx, const char *body, const char *mapping)
{
	return enquiry_of(ctx, "application/json", body, mapping);
}

TEST(understand, knows_usual_names_in_both_languages)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Enquiry e = read_json(
		ctx, "{\"姓名\":\" 王芳 \",\"手机号\":13812341234,\"Company-Name\":\"恒远\",\"城市\":\"上海\",\"备注\":\"急\"}",
		NULL);
	CHECK_TEXT(e.name, "王芳");
	CHECK_TEXT(e.phone, "13812341234");
	CHECK_TEXT(e.company, "恒远");
	CHECK_TEXT(e.city, "上海");
	CHECK_TEXT(e.message, "急");
	CHECK(e.fault == NULL);
	talloc_free(ctx);
}

TEST(understand, unknown_keys_stay_in_extra)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Enquiry e = read_json(ctx, "{\"name\":\"a\",\"budget\":{\"max\":3},\"color\":\"red\"}", NULL);
	CHECK_TEXT(json_text(e.extra, "color"), "red");
	CHECK_INT(json_int(json_object_get(e.extra, "budget"), "max", 0), 3);
	talloc_free(ctx);
}

TEST(understand, a_list_in_a_known_field_is_a_fault)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Enquiry e = read_json(ctx, "{\"name\":[\"a\"],\"phone\":\"1\"}", NULL);
	CHECK_TEXT(e.fault, "name");
	talloc_free(ctx);
}

TEST(understand, a_mapping_takes_any_shape)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Enquiry e = read_json(ctx, "{\"data\":{\"contact\":{\"tel\":[\"x\",\"13900000000\"]},\"who\":\"李雷\"}}",
	                      "{\"phone\":\"$.data.contact.tel[1]\",\"name\":\"data.who\"}");
	CHECK_TEXT(e.phone, "13900000000");
	CHECK_TEXT(e.name, "李雷");
	CHECK(json_object_get(e.extra, "body") != NULL);
	talloc_free(ctx);
}

TEST(understand, form_pairs_are_read)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Enquiry e = enquiry_of(ctx, "application/x-www-form-urlencoded; charset=utf-8",
	                       "name=%E7%8E%8B&phone=138+1234&consent=0", NULL);
	CHECK_TEXT(e.name, "王");
	CHECK_TEXT(e.phone, "138 1234");
	CHECK(!enquiry_consents(&e));
	talloc_free(ctx);
}

TEST(understand, refuses_what_is_no_object)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Enquiry e;
	const char *reason, *detail;
	CHECK(!enquiry_read(ctx, NULL, "[1]", 3, NULL, &e, &reason, &detail));
	CHECK_TEXT(reason, "not_an_object");
	CHECK(!enquiry_read(ctx, NULL, "{", 1, NULL, &e, &reason, &detail));
	CHECK_TEXT(reason, "bad_json");
	talloc_free(ctx);
}

TEST(understand, empty_says_nothing)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Enquiry e = read_json(ctx, "{\"city\":\"上海\",\"name\":\"  \"}", NULL);
	CHECK(enquiry_is_empty(&e));
	talloc_free(ctx);
}
