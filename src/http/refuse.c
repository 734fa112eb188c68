/* Every refusal the server itself makes, with its words: what is wrong and, where one can say it, what to do. */
#include "http/http_int.h"

#include "base/json.h"
#include <string.h>
#include <strings.h>

#define PROBLEM_MAX 4096

/* Two findings of the parser, one word: a code has one sentence. */
#define BAD_URL                                                                                                       \
	400, "bad_url", "Bad Request",                                                                                    \
		"The URL contains a character that must be percent-encoded (%XX), such as a letter beyond ASCII, a "          \
		"control character or '#', or its path does not begin with '/'.",                                             \
		"网址中含有必须用百分号编码（%XX）的字符（例如汉字、控制字符或“#”），或者路径没有以“/”开头。"

static const HttpRefusal refusals[] = {
	[REFUSE_LINE] = {400, "bad_request_line", "Bad Request",
		"The first line is not of the form \"METHOD /path HTTP/1.1\".",
		"请求的第一行不是“方法 /路径 HTTP/1.1”的形式。"},
	[REFUSE_METHOD] = {400, "bad_method", "Bad Request",
		"The request does not begin with a method such as GET or POST.",
		"请求没有以 GET、POST 这样的方法开头。"},
	[REFUSE_TARGET_SPACE] = {400, "space_in_url", "Bad Request",
		"The URL contains a space or a tab. Remove it, also at the end of the URL, or write it as %20 if it "
		"belongs there.",
		"网址中含有空格或制表符。请将其删除（包括网址末尾的空格）；如确需空格，请写成 %20。"},
	[REFUSE_TARGET_BYTES] = {BAD_URL},
	[REFUSE_TARGET_FORM] = {BAD_URL},
	[REFUSE_TARGET_LONG] = {414, "url_too_long", "URI Too Long",
		"The request line is longer than 8192 bytes.",
		"请求行超过 8192 字节。"},
	[REFUSE_VERSION] = {505, "http_version", "HTTP Version Not Supported",
		"Only HTTP/1.1 and HTTP/1.0 are spoken here.",
		"仅支持 HTTP/1.1 和 HTTP/1.0。"},
	[REFUSE_BARE_LF] = {400, "bare_line_feed", "Bad Request",
		"A line ends in a line feed without a carriage return; perhaps the URL or a header contains a line "
		"break.",
		"有一行只以换行符结尾而没有回车符；网址或请求头中可能混入了换行。"},
	[REFUSE_BARE_CR] = {400, "bare_carriage_return", "Bad Request",
		"A carriage return stands inside a line.",
		"行内出现了单独的回车符。"},
	[REFUSE_FIELD] = {400, "bad_header", "Bad Request",
		"A header line is not of the form \"Name: value\".",
		"有一行请求头不是“名称: 值”的形式。"},
	[REFUSE_FIELD_SPACE] = {400, "space_before_colon", "Bad Request",
		"A header has a blank between its name and the colon.",
		"请求头的名称与冒号之间有空白。"},
	[REFUSE_FIELD_FOLD] = {400, "folded_header", "Bad Request",
		"A header is folded over several lines.",
		"请求头被折成了多行。"},
	[REFUSE_FIELD_VALUE] = {400, "bad_header_value", "Bad Request",
		"A header value contains a control character.",
		"请求头的值中含有控制字符。"},
	[REFUSE_FIELDS_LONG] = {431, "headers_too_large", "Request Header Fields Too Large",
		"The headers are longer than 32768 bytes together.",
		"请求头总长度超过 32768 字节。"},
	[REFUSE_FIELDS_MANY] = {431, "too_many_headers", "Request Header Fields Too Large",
		"There are more than 100 headers.",
		"请求头超过 100 个。"},
	[REFUSE_HOST] = {400, "bad_host", "Bad Request",
		"The Host header is missing, repeated or malformed.",
		"Host 请求头缺失、重复或格式错误。"},
	[REFUSE_LENGTH] = {400, "bad_content_length", "Bad Request",
		"Content-Length is not a plain decimal number.",
		"Content-Length 不是十进制数字。"},
	[REFUSE_LENGTH_TWICE] = {400, "content_length_twice", "Bad Request",
		"Content-Length is given more than once.",
		"Content-Length 出现了多次。"},
	[REFUSE_LENGTH_AND_CODING] = {400, "length_and_coding", "Bad Request",
		"Content-Length and Transfer-Encoding must not be given together.",
		"Content-Length 与 Transfer-Encoding 不能同时出现。"},
	[REFUSE_CODING] = {400, "bad_transfer_encoding", "Bad Request",
		"Transfer-Encoding must be given once and be exactly \"chunked\".",
		"Transfer-Encoding 只能出现一次，且必须为 chunked。"},
	[REFUSE_CODING_UNKNOWN] = {501, "unknown_transfer_encoding", "Not Implemented",
		"Only the transfer encoding \"chunked\" is understood.",
		"仅支持 chunked 传输编码。"},
	[REFUSE_EXPECT] = {417, "unknown_expectation", "Expectation Failed",
		"Only \"Expect: 100-continue\" is understood.",
		"仅支持“Expect: 100-continue”。"},
	[REFUSE_CHUNK] = {400, "bad_chunk", "Bad Request",
		"The chunked body is malformed.",
		"分块传输的请求体格式错误。"},
	[REFUSE_BODY_LARGE] = {413, "too_large", "Content Too Large",
		"The body is larger than 10 MiB.",
		"请求体超过 10 MiB。"},
	[REFUSE_TIMEOUT] = {408, "request_timeout", "Request Timeout",
		"The request did not arrive completely within 10 seconds.",
		"请求未能在 10 秒内完整到达。"},
	[REFUSE_CUT] = {400, "incomplete_request", "Bad Request",
		"The connection ended before the request was complete.",
		"请求尚未发送完整，连接就已结束。"},
	[REFUSE_BUSY] = {503, "busy", "Service Unavailable",
		"Too many connections; please try again.",
		"连接数过多，请稍后重试。"},
};

const HttpRefusal *http_refusal(HttpRefusalKind kind)
{
	return &refusals[kind];
}

const char *http_refusal_text(const char *code, bool in_chinese)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
		if (refusals[i].code != NULL && strcmp(refusals[i].code, code) == 0)
			return in_chinese ? refusals[i].detail_zh : refusals[i].detail_en;
	return NULL;
}

/* Chinese first unless another language is asked for; English always, for who reads logs. */
Buf *http_problem(TALLOC_CTX *ctx, const HttpRefusal *refusal, const char *accept_language)
{
	Buf *b = buf_new(ctx, PROBLEM_MAX);
	JsonOut o = json_out(b);
	bool in_chinese = accept_language == NULL || strncasecmp(accept_language, "zh", 2) == 0;
	char *detail = in_chinese ? talloc_asprintf(b, "%s (%s)", refusal->detail_zh, refusal->detail_en) : NULL;
	json_object_begin(&o);
	json_member_text(&o, "type", "about:blank");
	json_member_text(&o, "title", refusal->title);
	json_member_int(&o, "status", refusal->status);
	json_member_text(&o, "code", refusal->code);
	json_member_text(&o, "detail", detail != NULL ? detail : refusal->detail_en);
	json_object_end(&o);
	return b;
}
