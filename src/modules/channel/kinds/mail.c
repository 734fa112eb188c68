/* Mail over SMTP: one message with a plain and an HTML part. Header texts are encoded words, bodies Base64, so that no
 * value can end a line or begin a header. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/utf8.h"
#include "modules/channel/kind.h"

#define MESSAGE_MAX (128 * 1024)
#define WORD_BYTES 45     /* of one encoded word: 60 characters of Base64 */
#define LINE_BYTES 57     /* of one line of Base64: 76 characters */
#define BOUNDARY "=_tenon_part"

/* RFC 2047: words of at most 75 characters, none of which splits a character. */
static void write_header(Buf *out, const char *name, const char *text)
{
	buf_printf(out, "%s:", name);
	for (size_t len = strlen(text), at = 0; at < len;) {
		size_t take = utf8_valid_len(text + at, len - at < WORD_BYTES ? len - at : WORD_BYTES);
		take = take ? take : 1;
		buf_printf(out, "%s =?UTF-8?B?%s?=", at ? "\r\n" : "", sign_base64(out, text + at, take));
		at += take;
	}
	buf_puts(out, "\r\n");
}

static void write_part(Buf *out, const char *type, const char *text)
{
	buf_printf(out, "--" BOUNDARY "\r\nContent-Type: %s; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
		type);
	for (size_t len = strlen(text), at = 0; at < len; at += LINE_BYTES)
		buf_printf(out, "%s\r\n", sign_base64(out, text + at, len - at < LINE_BYTES ? len - at : LINE_BYTES));
}

static void put_html(Buf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			buf_puts(out, "&amp;");
		else if (*text == '<')
			buf_puts(out, "&lt;");
		else if (*text == '>')
			buf_puts(out, "&gt;");
		else if (*text == '"')
			buf_puts(out, "&quot;");
		else
			buf_putc(out, *text);
	}
}

static const char *html_of(TALLOC_CTX *ctx, const Card *card)
{
	Buf *out = buf_new(ctx, MESSAGE_MAX / 2);
	buf_puts(out, "<!doctype html><html><body style=\"font-family:sans-serif;font-size:15px;line-height:1.6\"><h3>");
	put_html(out, card->title);
	buf_puts(out, "</h3>");
	if (card->countdown) {
		buf_puts(out, "<p><strong>");
		put_html(out, card->countdown);
		buf_puts(out, "</strong></p>");
	}
	for (int i = 0; i < card->n_lines; i++) {
		buf_puts(out, "<div>");
		put_html(out, card_line(ctx, card, i));
		buf_puts(out, "</div>");
	}
	if (card->link) {
		buf_puts(out, "<p><a href=\"");
		put_html(out, card->link);
		buf_printf(out, "\">%s</a></p>", card_link_words(card));
	}
	buf_puts(out, "</body></html>");
	return out->data;
}

/* A bare address: one @, no blanks, brackets or controls. */
static bool is_address(const char *text)
{
	const char *at = strchr(text, '@');
	return at && at != text && at[1] && !strchr(at + 1, '@') && strlen(text) <= 254 && !strpbrk(text,
		" \t\r\n<>,;\"()");
}

static const char *host_of(const char *address)
{
	return strchr(address, '@') + 1;
}

static void date_write(Buf *out, int64_t now_ms)
{
	char text[64];
	time_t s = (time_t)(now_ms / SECOND_MS);
	struct tm tm;
	gmtime_r(&s, &tm);
	strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S +0000", &tm);
	buf_printf(out, "Date: %s\r\n", text);
}

static bool build(TALLOC_CTX *ctx, const Errand *e, Parcel *ret, Failure *ret_why)
{
	const char *from = conf_text(e->conf, "from");
	*ret_why = FAILURE_BAD_ADDRESS;
	if (!is_address(e->address) || !is_address(from))
		return false;
	Buf *out = buf_new(ctx, MESSAGE_MAX);
	buf_printf(out, "From: <%s>\r\nTo: <%s>\r\n", from, e->address);
	write_header(out, "Subject", text_cut(ctx, e->card->title, 200));
	date_write(out, e->now_ms);
	buf_printf(out, "Message-ID: <%s@%s>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n", e->card->id,
		host_of(from));
	buf_puts(out, "Content-Type: multipart/alternative; boundary=\"" BOUNDARY "\"\r\n\r\n");
	write_part(out, "text/plain", text_of_card(ctx, e->card, MESSAGE_MAX / 4));
	write_part(out, "text/html", html_of(ctx, e->card));
	buf_puts(out, "--" BOUNDARY "--\r\n");
	ret->mail = (NetMail){from, e->address, conf_text(e->conf, "user"), conf_text(e->conf, "password")};
	ret->request = (NetRequest){.url = conf_text(e->conf, "server"), .body = out->data, .len = out->len,
		.allowed_host = e->conf->allowed_host, .mail = &ret->mail};
	*ret_why = FAILURE_TOO_LARGE;
	return !buf_failed(out);
}

static const CodeRow codes[] = {
	{"sender_4*", VERDICT_RETRY, 0, {"邮件服务器暂时不接受发件地址", "The sender's address is refused at the moment"}},
	{"sender_*", VERDICT_CHANNEL, 0, {"邮件服务器不接受发件地址", "The sender's address is refused",
	  "请让发件地址与登录账号一致。", "Let the sender's address be that of the user who signs in."}},
	{"smtp_421", VERDICT_RETRY, 0, {"邮件服务器暂时不可用", "The mail server is not available at the moment"}},
	{"smtp_454", VERDICT_RETRY, 0, {"邮件服务器暂时不能验证", "The mail server cannot authenticate at the moment"}},
	{"smtp_4*", VERDICT_RETRY, 0, {"邮件服务器要求稍后再试", "The mail server asks to come back later"}},
	{"smtp_530", VERDICT_CHANNEL, 0, {"邮件服务器要求登录或加密", "The mail server wants a login or encryption",
	  "请填写用户名和密码，并使用 smtps 或 587 端口。", "Enter user and password, and use smtps or port 587."}},
	{"smtp_534", VERDICT_CHANNEL, 0, {"邮件服务器不接受这种登录方式", "The mail server does not accept this way to sign in",
	  "请使用客户端授权码或应用专用密码。", "Use a code for mail programs instead of the password."}},
	{"smtp_535", VERDICT_CHANNEL, 0, {"用户名或密码不正确", "User or password is wrong",
	  "请核对用户名；多数邮箱要使用客户端授权码，而不是登录密码。", "Check the user; most providers want a code for mail programs."}},
	{"smtp_538", VERDICT_CHANNEL, 0, {"邮件服务器要求加密后登录", "The mail server wants encryption",
	  "请使用 smtps 或 587 端口。", "Use smtps or port 587."}},
	{"smtp_501", VERDICT_RECEIVER, 0, {"收件地址的格式不被接受", "The form of the receiver's address is refused"}},
	{"smtp_50*", VERDICT_CHANNEL, 0,
	 {"邮件服务器不接受命令",
	  "The mail server refuses a command",
	  "请核对服务器地址和端口。", "Check address and port of the server."}},
	{"smtp_552", VERDICT_RECEIVER, 0, {"收件人的邮箱已满，或邮件过大", "The mailbox is full, or the mail is too large"}},
	{"smtp_554", VERDICT_CONTENT, 0, {"邮件被拒收，可能被认作垃圾邮件", "The mail was rejected, perhaps as spam",
	  "请在邮件服务器放行；有备用渠道时改走备用渠道。", "Let the mail server accept it; it goes by a spare channel if there is one."}},
	{"smtp_5*", VERDICT_RECEIVER, 0, {"收件地址被拒绝", "The receiver's address was refused"}},
	{0},
};

/* SMTP: 4xx later, 5xx never; which of both is at fault tells the code. */
static void judge(const NetAnswer *a, Verdict *ret)
{
	char code[24];
	snprintf(code, sizeof code, "%s_%d", a->refused_sender ? "sender" : "smtp", a->status);
	if (a->result == NET_OK)
		verdict_set(ret, VERDICT_DONE, FAILURE_NONE, "");
	else if (a->result != NET_MAIL || a->status == 0)
		(void)judge_transport(a, ret);
	else
		judge_row(codes, code, a->detail, ret);
}

static const Setting settings[] = {
	{"server", SETTING_URL, .required = true, .zh = "服务器", .en = "Server",
		.help_zh = "smtps://smtp.example.com:465 或 smtp://smtp.example.com:587",
     .help_en = "smtps://smtp.example.com:465 or smtp://smtp.example.com:587"},
	{"from", SETTING_TEXT, .required = true, .zh = "发件地址", .en = "Sender's address"},
	{"user", SETTING_TEXT, .zh = "用户名", .en = "User name"},
	{"password", SETTING_TEXT, .secret = true, .zh = "密码（授权码）", .en = "Password"},
	{0},
};

const ChannelKind kind_mail = {.name = "mail", .zh = "邮件", .en = "Mail", .settings = settings,
	.codes = codes, .address_zh = "邮箱地址",
	.address_en = "Mail address", .address_required = true, .build = build, .judge = judge};
