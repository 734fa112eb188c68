/* The tables of all kinds: each row has its words, is reached, and fits its kind. */
#include <string.h>

#include "base/check.h"
#include "modules/channel/kind.h"

static bool is_chinese(const char *text)
{
	return (unsigned char)text[0] >= 0x80 || strstr(text, "Webhook") == text || strncmp(text, "App", 3) == 0 ||
	       strncmp(text, "user", 4) == 0 || strncmp(text, "open", 4) == 0 || strncmp(text, "Access", 6) == 0 ||
	       strncmp(text, "Secret", 6) == 0;
}

/* A code that the row stands for. */
static const char *sample(TALLOC_CTX *mem, const CodeRow *row)
{
	size_t len = strlen(row->code);
	return row->code[len - 1] == '*' ? talloc_asprintf(mem, "%.*s@", (int)len - 1, row->code) : row->code;
}

static void row_check(TALLOC_CTX *mem, const ChannelKind *kind, const CodeRow *row)
{
	const char *code = sample(mem, row);
	CHECK(code_row(kind->codes, code) == row);
	CHECK(is_chinese(row->words.zh) && row->words.en[0]);
	CHECK(!row->words.do_zh == !row->words.do_en);
	CHECK(row->kind != VERDICT_REFRESH || kind->token_build);
	CHECK(row->kind != VERDICT_LIMITED || row->wait_ms > 0);
	CHECK(row->kind != VERDICT_CHANNEL || row->words.do_zh); /* whoever has to mend it is told how */
	for (int lang = 0; lang < 2; lang++) {
		const char *said = kind_said(mem, kind, code, lang ? LANG_EN : LANG_ZH);
		CHECK(strstr(said, code) && strlen(said) > strlen(code) + 10);
	}
}

TEST(kinds, each_code_of_a_partner_has_words_and_is_reached)
{
	TALLOC_CTX *mem = talloc_new(NULL);
	int n = 0;
	for (const ChannelKind *const *kind = kinds; *kind; kind++)
		for (const CodeRow *row = (*kind)->codes; row && row->code; row++, n++)
			row_check(mem, *kind, row);
	CHECK(n > 100);
	talloc_free(mem);
}

TEST(kinds, one_push_service_speaks_for_no_other)
{
	Verdict v;
	const ChannelKind *kind = kind_find("web_push");
	for (int status = 300; status < 600; status++) {
		kind->judge(&(NetAnswer){.result = NET_OK, .status = status, .detail = "", .body = ""}, &v);
		CHECK(v.kind == VERDICT_RECEIVER || v.kind == VERDICT_RETRY || v.kind == VERDICT_CONTENT);
	}
	kind->judge(&(NetAnswer){.result = NET_OK, .status = 413, .detail = "", .body = ""}, &v);
	CHECK_INT(v.kind, VERDICT_CONTENT);
	kind->judge(&(NetAnswer){.result = NET_OK, .status = 410, .detail = "", .body = ""}, &v);
	CHECK(v.kind == VERDICT_RECEIVER && strcmp(v.code, failure_code(FAILURE_DEVICE_GONE)) == 0);
}

TEST(kinds, a_webhook_speaks_by_its_status)
{
	static const struct {
		int status;
		VerdictKind kind;
	} rows[] = {{200, VERDICT_DONE}, {204, VERDICT_DONE}, {302, VERDICT_CHANNEL}, {401, VERDICT_CHANNEL},
		{404, VERDICT_CHANNEL}, {408, VERDICT_RETRY}, {410, VERDICT_GONE}, {413, VERDICT_CONTENT},
		{429, VERDICT_LIMITED}, {500, VERDICT_RETRY}, {502, VERDICT_LIMITED}, {503, VERDICT_RETRY},
		{504, VERDICT_LIMITED}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		Verdict v;
		const NetAnswer answer = {.result = NET_OK, .status = rows[i].status, .detail = "", .body = ""};
		kind_find("webhook")->judge(&answer, &v);
		CHECK_INT(v.kind, rows[i].kind);
	}
}
