/* The page behind a code: a heading, the widget, a way to reach the company. No script but the widget's. */
#include "modules/lead/qr/qr_int.h"

#include <string.h>

static void put(Buf *out, const char *text)
{
	for (; text && *text; text++) {
		switch (*text) {
		case '<': buf_puts(out, "&lt;"); break;
		case '>': buf_puts(out, "&gt;"); break;
		case '&': buf_puts(out, "&amp;"); break;
		case '"': buf_puts(out, "&quot;"); break;
		default: buf_putc(out, *text);
		}
	}
}

static const char *why_closed(const QrCode *code, bool zh)
{
	if (!code->found)
		return zh ? "没有这个二维码，可能已被删除或地址不完整。" : "There is no such code: it was removed, or the address is not whole.";
	if (code->expired)
		return zh ? "这个二维码已过有效期。" : "This code is not valid any more.";
	return zh ? "这个二维码已停用。" : "This code is switched off.";
}

static void form_put(Buf *out, const QrCode *code, bool zh)
{
	buf_puts(out, "<script src=\"/widget.js\" data-source=\"");
	put(out, code->source_key);
	buf_puts(out, "\" data-code=\"");
	put(out, code->code);
	buf_printf(out, "\" data-lang=\"%s\"></script>", zh ? "zh" : "en");
}

const char *qr_page(TALLOC_CTX *ctx, const QrCode *code, bool zh)
{
	bool is_open = code->found && code->enabled && !code->expired;
	Buf *out = buf_new(ctx, 16 * 1024);
	const char *title = code->found && code->expo ? code->expo : code->found ? code->name : zh ? "二维码" : "QR code";
	buf_printf(out,
	           "<!doctype html><html lang=\"%s\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
	           "content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\"><title>",
	           zh ? "zh-CN" : "en");
	put(out, title);
	buf_puts(out, "</title><link rel=\"stylesheet\" href=\"/q.css\"></head><body><main><h1>");
	put(out, title);
	buf_puts(out, "</h1>");
	if (is_open)
		form_put(out, code, zh);
	else
		buf_printf(out, "<p class=\"closed\" role=\"alert\">%s</p>", why_closed(code, zh));
	if (code->contact) {
		buf_printf(out, "<p class=\"contact\">%s", zh ? "也可以直接联系我们：" : "Or reach us at: ");
		put(out, code->contact);
		buf_puts(out, "</p>");
	} else if (!is_open)
		buf_printf(out, "<p class=\"contact\">%s</p>",
		           zh ? "请向给您二维码的人员索取新的联系方式。" : "Please ask whoever gave you the code for another way.");
	buf_printf(out, "<p class=\"lang\"><a href=\"?lang=%s\">%s</a></p></main></body></html>", zh ? "en" : "zh",
	           zh ? "English" : "中文");
	return buf_failed(out) ? "" : out->data;
}
