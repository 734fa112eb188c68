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

static bool build(TALLOC_CTX *ctx, const Errand *e, Parcel *ret, const char **ret_why)
{
	const char *from = conf_text(e->conf, "from");
	*ret_why = "bad_address";
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
	*ret_why = "too_large";
	return !buf_failed(out);
}

/* SMTP: 4xx later, 5xx never; which of both is at fault tells the code. */
static void judge(const NetAnswer *a, Verdict *ret)
{
	char code[16];
	snprintf(code, sizeof code, "smtp_%d", a->status);
	if (a->result == NET_OK)
		verdict_set(ret, VERDICT_DONE, "", "");
	else if (a->result != NET_MAIL)
		(void)judge_transport(a, ret);
	else if (a->status == 535 || a->status == 534 || a->status == 530)
		verdict_set(ret, VERDICT_CHANNEL, code, a->detail);
	else
		verdict_set(ret, a->status >= 500 ? VERDICT_RECEIVER : VERDICT_RETRY, code, a->detail);
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

const ChannelKind kind_mail = {.name = "mail", .zh = "邮件", .en = "Mail", .settings = settings, .address_zh = "邮箱地址",
	.address_en = "Mail address", .address_required = true, .build = build, .judge = judge};
