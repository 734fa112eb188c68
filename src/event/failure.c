/* Codes of failure in words. */
#include "event/failure.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
	const char *code;
	FailureWords words;
} Row;

static const Row list[] = {
#define FAILURE_ROW(name, code, zh, en, do_zh, do_en) [FAILURE_##name] = {code, {zh, en, do_zh, do_en}},
	FAILURES(FAILURE_ROW)
#undef FAILURE_ROW
};

/* HTTP by its number; the first row that reaches it counts. */
static const struct {
	int from, to;
	FailureWords words;
} statuses[] = {
	{300, 399, {"对方要求转到另一个地址", "The server sends to another address",
	            "不会自动跟随，请把设置里的地址改为最终地址。", "That is not followed; enter the final address."}},
	{401, 401, {"对方要求身份验证", "The server wants to know who asks", "请核对密钥或令牌。", "Check secret or token."}},
	{403, 403, {"对方拒绝访问", "The server refuses access", "请核对密钥、权限和对方的 IP 白名单。",
	            "Check secret, rights and the list of allowed addresses."}},
	{404, 404, {"地址不存在", "There is nothing at this address", "请核对地址。", "Check the address."}},
	{405, 405, {"地址不接受这种请求", "The address takes no such request", "请核对地址。", "Check the address."}},
	{408, 408, {"对方等待超时", "The server waited too long", "稍后会自动重试。", "It is tried again."}},
	{410, 410, {"对方不再接收", "The server wants no more", "请在对方重新订阅后再启用。",
	            "Subscribe there again before it is switched on."}},
	{413, 413, {"对方认为内容过大", "The server finds it too large", "请在对方放宽限制。", "Let the server take larger ones."}},
	{429, 429, {"请求过于频繁", "Too many requests", "会自动放慢后继续。", "It goes on more slowly by itself."}},
	{400, 499, {"对方不接受这个请求", "The server does not accept the request", "请核对地址和设置。",
	            "Check address and settings."}},
	{502, 504, {"对方的服务暂时不可用", "The service is not available at the moment",
	            "稍后会自动重试；持续时请联系对方。", "It is tried again; if that goes on, ask the provider."}},
	{500, 599, {"对方的服务器出错", "The server has an error", "稍后会自动重试；持续时请联系对方。",
	            "It is tried again; if that goes on, ask the provider."}},
};

static const FailureWords unknown = {"对方给出了榫卯不认识的代码", "The partner gave a code that Tenon does not know",
	"稍后会自动重试；持续出现时请对照对方的错误码说明。", "It is tried again; if that goes on, look the code up at the partner's."};

const char *failure_code(Failure failure)
{
	return list[failure].code;
}

const FailureWords *failure_words(Failure failure)
{
	return &list[failure].words;
}

static const FailureWords *words_of(const char *code)
{
	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		if (strcmp(list[i].code, code) == 0)
			return &list[i].words;
	int status = strncmp(code, "http_", 5) == 0 ? (int)strtol(code + 5, NULL, 10) : 0;
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (status >= statuses[i].from && status <= statuses[i].to)
			return &statuses[i].words;
	return &unknown;
}

const char *failure_say(TALLOC_CTX *ctx, const FailureWords *words, const char *code, Lang lang)
{
	bool en = lang == LANG_EN;
	const char *next = en ? words->do_en : words->do_zh;
	if (!next)
		return talloc_strdup(ctx, en ? words->en : words->zh);
	return en ? talloc_asprintf(ctx, "%s (%s). %s", words->en, code, next)
	          : talloc_asprintf(ctx, "%s（%s）。%s", words->zh, code, next);
}

const char *failure_said(TALLOC_CTX *ctx, const char *code, Lang lang)
{
	return code && code[0] ? failure_say(ctx, words_of(code), code, lang) : NULL;
}

const char *failure_or_code(TALLOC_CTX *ctx, const char *code, Lang lang)
{
	if (!code || !code[0])
		return "";
	return words_of(code) == &unknown ? talloc_strdup(ctx, code) : failure_said(ctx, code, lang);
}
