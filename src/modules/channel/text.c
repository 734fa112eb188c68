/* Cards as text and Markdown, bounded in bytes as the partners count, cut only between characters. */
#include <string.h>

#include "base/utf8.h"
#include "modules/channel/kind.h"

#define ELLIPSIS "…"
#define CARD_TEXT_MAX (32 * 1024)

char *text_cut(TALLOC_CTX *ctx, const char *text, size_t max)
{
	size_t len = strlen(text), tail = strlen(ELLIPSIS);
	if (len <= max)
		return talloc_strdup(ctx, text);
	size_t keep = max > tail ? utf8_valid_len(text, max - tail) : 0;
	return talloc_asprintf(ctx, "%.*s%s", (int)keep, text, max > tail ? ELLIPSIS : "");
}

static const char *twin_of(char c)
{
	static const char from[] = "<>[]()*`~_#@|\\";
	static const char *const to[] = {"＜", "＞", "［", "］", "（", "）", "＊", "＇", "～", "＿", "＃", "＠", "｜", "＼"};
	const char *at = c ? strchr(from, c) : NULL;
	return at ? to[at - from] : NULL;
}

char *text_plain(TALLOC_CTX *ctx, const char *text, size_t max)
{
	Buf *out = buf_new(ctx, strlen(text) * 3 + 1);
	for (; *text; text++) {
		const char *twin = twin_of(*text);
		if (twin)
			buf_puts(out, twin);
		else
			buf_putc(out, (unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text);
	}
	return text_cut(ctx, out->data ? out->data : "", max);
}

char *text_address(TALLOC_CTX *ctx, const char *text)
{
	char *out = talloc_strdup(ctx, text), *at = out;
	for (; *text; text++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.+@", *text))
			*at++ = *text;
	*at = '\0';
	return out;
}

char *card_line(TALLOC_CTX *ctx, const Card *card, int i)
{
	const char *colon = card->lang == LANG_EN ? ": " : "：";
	return talloc_asprintf(ctx, "%s%s%s", card->lines[i].label, colon, card->lines[i].value);
}

const char *card_link_words(const Card *card)
{
	return card->lang == LANG_EN ? "Open" : "查看详情";
}

char *text_of_card(TALLOC_CTX *ctx, const Card *card, size_t max)
{
	Buf *out = buf_new(ctx, CARD_TEXT_MAX);
	for (int i = 0; i < card->n_lines; i++)
		buf_printf(out, "\n%s", card_line(ctx, card, i));
	const char *head = card->countdown ? talloc_asprintf(ctx, "%s\n%s", card->title, card->countdown) : card->title;
	const char *link = card->link ? talloc_asprintf(ctx, "\n%s", card->link) : "";
	const char *body = talloc_asprintf(ctx, "%s%s", head, out->data ? out->data : "");
	return talloc_asprintf(ctx, "%s%s", text_cut(ctx, body, max - strlen(link)), link);
}

char *markdown_of_card(TALLOC_CTX *ctx, const Card *card, const char *mention, size_t max)
{
	Buf *out = buf_new(ctx, CARD_TEXT_MAX);
	buf_printf(out, "**%s**%s%s", card->title, mention ? " " : "", mention ? mention : "");
	if (card->countdown)
		buf_printf(out, "\n\n**%s**", card->countdown);
	for (int i = 0; i < card->n_lines; i++)
		buf_printf(out, "\n\n%s", card_line(ctx, card, i));
	const char *link = card->link ? talloc_asprintf(ctx, "\n\n[%s](%s)", card_link_words(card), card->link) : "";
	return talloc_asprintf(ctx, "%s%s", text_cut(ctx, out->data, max - strlen(link)), link);
}

void parcel_json(TALLOC_CTX *ctx, Parcel *p, const Conf *conf, char *url, const Buf *body)
{
	(void)ctx;
	p->request = (NetRequest){.method = "POST", .url = url,
		.headers = {"Content-Type: application/json; charset=utf-8"},
		.body = body->data, .len = body->len, .allowed_host = conf->allowed_host};
}
