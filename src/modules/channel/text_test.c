/* Cards within the partners' bytes, and without markup of visitors. */
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"
#include "modules/channel/kind.h"

TEST(card_text, is_cut_between_characters)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	for (size_t max = 0; max < 40; max++) {
		char *cut = text_cut(ctx, "榫卯 tenon 𠮷野家", max);
		CHECK(strlen(cut) <= max && utf8_valid(cut, strlen(cut)));
	}
	CHECK_TEXT(text_cut(ctx, "榫卯", 6), "榫卯");
	CHECK_TEXT(text_cut(ctx, "榫卯榫", 8), "榫…");
	talloc_free(ctx);
}

TEST(card_text, takes_markup_away)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	char *plain = text_plain(ctx, "<@all> [here](http://evil.example) @13800000000\n# **x** `y`", 400);
	CHECK(strpbrk(plain, "<>[]()@*`#\n") == NULL);
	talloc_free(ctx);
}

TEST(card_text, keeps_the_link_when_it_is_cut)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	char *value = talloc_size(ctx, 9001);
	memset(value, 'x', 9000);
	value[9000] = '\0';
	Card card = {.title = "新线索", .link = "https://crm.example.com/leads/1", .n_lines = 1, .lines = {{"留言", value}}};
	char *markdown = markdown_of_card(ctx, &card, NULL, 4096);
	CHECK(strlen(markdown) <= 4096 && utf8_valid(markdown, strlen(markdown)));
	CHECK(strstr(markdown, "](https://crm.example.com/leads/1)") != NULL);
	char *text = text_of_card(ctx, &card, 512);
	CHECK(strlen(text) <= 512 && strstr(text, card.link) != NULL);
	talloc_free(ctx);
}
