/* Mails as enquiries: forms, letters, forwarded ones, machines. */
#include "modules/lead/intake/letter.h"

#include "mail/mail.h"
#include "modules/lead/intake/enquiry_test.h"

static Enquiry read_letter(TALLOC_CTX *ctx, const char *head, const char *text)
{
	mail_start();
	return enquiry_of(ctx, LETTER_TYPE "; size=100", talloc_asprintf(ctx, "%s\n\n%s", head, text), NULL);
}

TEST(letter, reads_labelled_fields)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Enquiry e = read_letter(ctx, "From: site@form.example\nSubject: new form\nAuto-Submitted: auto-generated",
	                        "*您的姓名（必填）：王芳\n电话: 138 1234 5678\n公司名称 = 云帆科技\n预算：10万\n留言：\n第一行\n第二行\n来自: 官网\n");
	CHECK_TEXT(e.name, "王芳");
	CHECK_TEXT(e.phone, "138 1234 5678");
	CHECK_TEXT(e.company, "云帆科技");
	CHECK_TEXT(e.message, "第一行\n第二行");
	CHECK_TEXT(json_text(e.extra, "预算"), "10万");
	CHECK_TEXT(e.email, "site@form.example");
	CHECK(!e.noise);
	talloc_free(ctx);
}

TEST(letter, reads_a_table_of_html)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Enquiry e = read_letter(ctx, "From: a@b.cn\nContent-Type: text/html; charset=utf-8",
	                        "<table><tr><td>Name</td><td>Li Lei</td></tr><tr><th>Phone</th>"
	                        "<td>+86 139 0000 1111</td></tr></table>");
	CHECK_TEXT(e.name, "Li Lei");
	CHECK_TEXT(e.phone, "+86 139 0000 1111");
	talloc_free(ctx);
}

TEST(letter, takes_from_a_letter_what_it_says)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Enquiry e = read_letter(ctx, "From: Han Meimei <han@buyer.example>\nReply-To: han2@buyer.example\nSubject: Price",
	                        "Hello, we need 3 robots.\nOrder 20261128001234\nTel 021-62345678 / mobile 13900001111\n");
	CHECK_TEXT(e.name, "Han Meimei");
	CHECK_TEXT(e.email, "han2@buyer.example");
	CHECK(strstr(e.message, "Price\nHello, we need 3 robots.") == e.message);
	CHECK(e.phone && strstr(e.phone, "+86"));
	CHECK(!e.noise);
	e = read_letter(ctx, "From: li@x.cn\nSubject: x", "hi");
	CHECK_TEXT(e.name, "li");
	CHECK(!e.phone);
	talloc_free(ctx);
}

TEST(letter, asks_who_wrote_a_forwarded_mail)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Enquiry e = read_letter(ctx, "From: colleague@us.example\nSubject: Fwd: 询价",
	                        "---------- Forwarded message ---------\n发件人: 张三 <zhang@cust.example>\n主题: 询价\n\n请报价\n");
	CHECK_TEXT(e.name, "张三");
	CHECK_TEXT(e.email, "zhang@cust.example");
	talloc_free(ctx);
}

TEST(letter, tells_what_no_person_wrote)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	CHECK_TEXT(read_letter(ctx, "From: a@b.cn\nAuto-Submitted: auto-replied", "姓名：王\n电话：13900001111").noise,
	           "auto_reply");
	CHECK_TEXT(read_letter(ctx, "From: a@b.cn\nPrecedence: bulk", "Buy now").noise, "mailing_list");
	CHECK_TEXT(read_letter(ctx, "From: mailer-daemon@b.cn", "failed").noise, "bounce");
	talloc_free(ctx);
}

TEST(letter, lists_attachments)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Enquiry e = read_letter(ctx, "From: a@b.cn\nSubject: s\nContent-Type: multipart/mixed; boundary=m",
	                        "--m\n\nsee file\n--m\nContent-Type: application/pdf; name=a.pdf\n\n12345\n--m--\n");
	const json_t *one = json_array_get(json_object_get(e.extra, "attachments"), 0);
	CHECK_TEXT(json_text(one, "name"), "a.pdf");
	CHECK(json_int(one, "size", 0) >= 5);
	talloc_free(ctx);
}

TEST(letter, is_no_mail_when_a_person_corrected_it)
{
	CHECK(letter_is("message/rfc822; size=5", "From", 4) && !letter_is("message/rfc822", "{\"a\":1}", 7));
	CHECK(!letter_is("application/json", "From", 4) && !letter_is(NULL, "x", 1));
}

/* tests/fuzz/letter_fuzz.c */
int fuzz_letter(const uint8_t *data, size_t size);

static void replay(const CheckRow *row, void *arg)
{
	(void)arg;
	fuzz_letter((const uint8_t *)row->bytes, row->len);
}

TEST(letter, survives_the_fuzz_seeds)
{
	CHECK(check_files(TESTS_DIR "/fuzz/seeds/letter", replay, NULL) > 0);
}
