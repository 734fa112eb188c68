/* Mails as they come: well made, wrongly labelled, broken, hostile, cut. */
#include "mail/mail.h"

#include <string.h>

#include "base/buf.h"
#include "base/check.h"
#include "mail/mail_int.h"

static Mail read_text(TALLOC_CTX *ctx, const char *text)
{
	Mail mail;
	mail_start();
	mail_read(ctx, text, strlen(text), (int64_t)strlen(text), &mail);
	return mail;
}

TEST(mail, reads_who_wrote_what)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Mail m = read_text(ctx, "From: =?UTF-8?B?546L6Iqz?= <Wang@Example.com>\r\nReply-To: b@c.cn\r\n"
	                        "Subject: =?utf-8?Q?=E8=AF=A2=E4=BB=B7?= robot\r\nMessage-ID: <1@x>\r\n"
	                        "Date: Sat, 28 Nov 2026 08:00:00 +0800\r\n\r\nHello\r\nworld\r\n");
	CHECK_TEXT(m.from_name, "王芳");
	CHECK_TEXT(m.from_address, "Wang@Example.com");
	CHECK_TEXT(m.reply_address, "b@c.cn");
	CHECK_TEXT(m.subject, "询价 robot");
	CHECK_TEXT(m.message_id, "1@x");
	CHECK_TEXT(m.text, "Hello\r\nworld\r\n");
	CHECK_INT(m.date_ms, 1795824000000);
	CHECK(!m.is_broken && !m.noise && !m.is_cut);
	talloc_free(ctx);
}

/* What is said to be GB 2312 is GB 18030 in truth: 镕 is in the latter only. */
TEST(mail, reads_chinese_charsets)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Mail m = read_text(ctx, "From: a@b.cn\nSubject: =?gb2312?B?6Es=?=\nContent-Type: text/plain;"
	                        " charset=\"gb2312\"\n\n\xe9" "F\xd6\xd0");
	CHECK_TEXT(m.text, "镕中");
	CHECK_TEXT(m.subject, "鐺");
	m = read_text(ctx, "From: a@b.cn\nContent-Type: text/plain; charset=big5\n\n\xa4\xa4\xa4\xe5");
	CHECK_TEXT(m.text, "中文");
	m = read_text(ctx, "From: \xcd\xf5\xb7\xbc <a@b.cn>\nContent-Type: text/plain\n\n\xc4\xe3\xba\xc3\xc4\xe3\xba\xc3");
	CHECK_TEXT(m.text, "你好你好");
	CHECK_TEXT(m.from_name, "王芳");
	m = read_text(ctx, "From: a@b.cn\nContent-Type: text/plain; charset=martian\n\n你好");
	CHECK_TEXT(m.text, "你好");
	talloc_free(ctx);
}

TEST(mail, marks_bytes_that_stand_for_nothing)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Mail m = read_text(ctx, "From: a@b.cn\nContent-Type: text/plain; charset=utf-8\n\nok \xff\xfe\xff\xfe\xff fine");
	CHECK(m.is_broken && strstr(m.text, "ok ") && strstr(m.text, " fine"));
	talloc_free(ctx);
}

TEST(mail, turns_html_into_lines)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	CHECK_TEXT(html_text(ctx, "<style>p{}</style><p>a &lt;&nbsp;b<br>c</p><!-- x --><div>&#20013;&#x6587;</div>", 100),
	           "a < b\nc\n\n中文\n");
	CHECK_TEXT(html_text(ctx, "<table><tr><td>姓名</td><td>李雷</td></tr><tr><td>电话</td><td>1</td></tr></table>", 100),
	           "姓名\t李雷\n电话\t1\n");
	CHECK_TEXT(html_text(ctx, "1 < 2 & <a title='>'>x</a> &bogus; &#0;", 100), "1 < 2 & x &bogus; &#0;");
	CHECK_TEXT(html_text(ctx, "seen<script>hidden", 100), "seen");
	CHECK_TEXT(html_text(ctx, "中文", 4), "中");
	talloc_free(ctx);
}

TEST(mail, prefers_the_plain_part_and_lists_attachments)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Mail m = read_text(ctx,
	                   "From: a@b.cn\nContent-Type: multipart/mixed; boundary=m\n\n--m\n"
	                   "Content-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: text/plain\n\n"
	                   "the plain part is here\n--a\nContent-Type: text/html\n\n<b>rich</b>\n--a--\n--m\n"
	                   "Content-Type: application/pdf; name=\"=?utf-8?B?5oql5Lu3?=.pdf\"\n"
	                   "Content-Disposition: attachment\nContent-Transfer-Encoding: base64\n\nQUJDRA==\n--m--\n");
	CHECK_TEXT(m.text, "the plain part is here");
	CHECK_INT(m.n_attachments, 1);
	CHECK_TEXT(m.attachment[0].name, "报价.pdf");
	CHECK_TEXT(m.attachment[0].type, "application/pdf");
	CHECK(m.attachment[0].size >= 4 && m.attachment[0].size <= 8 && !m.attachment[0].is_cut);
	talloc_free(ctx);
}

/* Only the head of 50 MB was fetched. */
TEST(mail, reads_the_head_of_a_large_one)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Buf *b = buf_new(ctx, MAIL_BYTES_MAX * 2);
	buf_puts(b, "From: a@b.cn\nContent-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: text/plain\n\n"
	            "see attached drawing\n--m\nContent-Type: image/tiff\n"
	            "Content-Disposition: attachment; filename=big.tif\n"
	            "Content-Transfer-Encoding: base64\n\n");
	while (b->len < MAIL_BYTES_MAX + 1000)
		buf_puts(b, "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB\n");
	Mail m;
	mail_start();
	mail_read(ctx, b->data, b->len, 70 * 1024 * 1024, &m);
	CHECK_TEXT(m.text, "see attached drawing");
	CHECK(m.is_cut && m.n_attachments == 1 && m.attachment[0].is_cut);
	CHECK(m.attachment[0].size > 45000000 && m.attachment[0].size < 55000000);
	talloc_free(ctx);
}

TEST(mail, knows_what_machines_send)
{
	static const char *const cases[][2] = {
		{"Return-Path: <>\nFrom: a@b.cn", "bounce"},
		{"From: MAILER-DAEMON@b.cn", "bounce"},
		{"From: a@b.cn\nContent-Type: multipart/report; boundary=x", "bounce"},
		{"From: a@b.cn\nAuto-Submitted: auto-replied", "auto_reply"},
		{"From: a@b.cn\nPrecedence: auto_reply", "auto_reply"},
		{"From: a@b.cn\nAuto-Submitted: auto-generated", "auto_generated"},
		{"From: a@b.cn\nPrecedence: bulk", "mailing_list"},
		{"From: a@b.cn\nList-Unsubscribe: <mailto:x@y>", "mailing_list"},
	};
	TALLOC_CTX *ctx = talloc_new(NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		CHECK_TEXT(read_text(ctx, talloc_asprintf(ctx, "%s\n\nhi\n", cases[i][0])).noise, cases[i][1]);
	CHECK(read_text(ctx, "From: a@b.cn\nAuto-Submitted: no\n\nhi").noise == NULL);
	talloc_free(ctx);
}

TEST(mail, ends_at_its_limits)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Buf *b = buf_new(ctx, MAIL_BYTES_MAX);
	buf_puts(b, "From: a@b.cn\n");
	for (int i = 0; i < 3000; i++)
		buf_printf(b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
	Mail m = read_text(ctx, b->data);
	CHECK(m.is_broken);
	CHECK_TEXT(m.from_address, "a@b.cn");
	m = read_text(ctx, "");
	CHECK(m.is_broken && !m.from_address);
	CHECK_TEXT(m.text, "");
	talloc_free(ctx);
}

TEST(mail, finds_the_end_of_the_head)
{
	CHECK_INT(mail_head_len("A: b\r\n\r\nbody", 12), 6);
	CHECK_INT(mail_head_len("A: b\n\nbody", 10), 5);
	CHECK_INT(mail_head_len("A: b", 4), 4);
	CHECK_INT(mail_head_len("", 0), 0);
}

/* tests/fuzz/mail_fuzz.c */
int fuzz_mail(const uint8_t *data, size_t size);

static void replay(const CheckRow *row, void *arg)
{
	(void)arg;
	fuzz_mail((const uint8_t *)row->bytes, row->len);
}

TEST(mail, survives_the_fuzz_seeds)
{
	CHECK(check_files(TESTS_DIR "/fuzz/seeds/mail", replay, NULL) > 0);
}
