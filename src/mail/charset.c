/* Bytes to UTF-8. What is said of a text is often wrong in one way that is known: GB 2312 is said where GB 18030 is
 * meant, nothing or US-ASCII where it is UTF-8 or GB 18030. */
#include <glib.h>
#include <iconv.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "mail/mail_int.h"

#define REPLACED "\xef\xbf\xbd"

/* The name iconv wants; NULL: it has to be guessed. */
static const char *name_of(const char *charset)
{
	static const char *const narrow[] = {"gb2312", "gb_2312-80", "gbk", "gb18030", "cp936", "x-gbk"};
	static const char *const silent[] = {"", "us-ascii", "ascii", "default", "unknown-8bit", "x-unknown", "binary"};
	for (size_t i = 0; charset && i < ARRAY_LEN(narrow); i++)
		if (strcasecmp(charset, narrow[i]) == 0)
			return "GB18030";
	for (size_t i = 0; charset && i < ARRAY_LEN(silent); i++)
		if (strcasecmp(charset, silent[i]) == 0)
			return NULL;
	if (charset && strcasecmp(charset, "big5") == 0)
		return "BIG5-HKSCS";
	return charset;
}

/* Bytes that stand for nothing become a sign each. False: no such charset. */
static bool convert(Buf *out, const char *bytes, size_t len, const char *charset, bool *ret_clean)
{
	iconv_t way = iconv_open("UTF-8", charset);
	if (way == (iconv_t)-1)
		return false;
	char *in = (char *)bytes, piece[4096];
	size_t rest = len;
	*ret_clean = true;
	while (rest > 0 && !buf_failed(out)) {
		char *to = piece;
		size_t room = sizeof piece, before = rest;
		bool failed = iconv(way, &in, &rest, &to, &room) == (size_t)-1 && room == sizeof piece && rest == before;
		buf_append(out, piece, sizeof piece - room);
		if (!failed)
			continue;
		buf_append(out, REPLACED, strlen(REPLACED));
		*ret_clean = false;
		in++;
		rest--;
	}
	iconv_close(way);
	return true;
}

/* UTF-8 if it is, GB 18030 if all of it is that, else UTF-8 with signs. */
static char *guess(TALLOC_CTX *ctx, const char *bytes, size_t len, bool *ret_clean)
{
	size_t valid = utf8_valid_len(bytes, len);
	*ret_clean = true;
	if (valid == len || len - valid < 4) { /* a character that was cut at the end */
		*ret_clean = valid == len;
		return talloc_strndup(ctx, bytes, valid);
	}
	Buf *out = buf_new(ctx, len * 4 + 16);
	if (convert(out, bytes, len, "GB18030", ret_clean) && *ret_clean && !buf_failed(out))
		return talloc_strdup(ctx, out->data ? out->data : "");
	char *made = g_utf8_make_valid(bytes, (gssize)len);
	char *copy = talloc_strdup(ctx, made);
	g_free(made);
	*ret_clean = false;
	return copy;
}

/* A NUL would end the text for whoever reads on. */
static const char *without_nul(TALLOC_CTX *ctx, const char *bytes, size_t len)
{
	if (!memchr(bytes, '\0', len))
		return bytes;
	char *copy = talloc_memdup(ctx, bytes, len);
	for (size_t i = 0; i < len; i++)
		if (!copy[i])
			copy[i] = ' ';
	return copy;
}

char *charset_read(TALLOC_CTX *ctx, const char *bytes, size_t len, const char *charset, bool *ret_clean)
{
	const char *name = name_of(charset);
	Buf *out = name ? buf_new(ctx, len * 4 + 16) : NULL;
	if (out && strcasecmp(name, "utf-8") != 0 && convert(out, bytes, len, name, ret_clean) && !buf_failed(out)) {
		const char *clean = without_nul(ctx, out->data ? out->data : "", out->len);
		return talloc_strndup(ctx, clean, utf8_valid_len(clean, out->len));
	}
	return guess(ctx, without_nul(ctx, bytes, len), len, ret_clean);
}
