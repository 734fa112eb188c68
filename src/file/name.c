/* Names of files as people and programs send them. They are shown and offered for saving, never used as a path here;
 * still they must not become one elsewhere. */
#include "file/type.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/utf8.h"

/* The part behind the last separator, of either kind. */
static const char *last_part(const char *name)
{
	for (const char *p = name; *p; p++)
		if (*p == '/' || *p == '\\')
			name = p + 1;
	return name;
}

/* Characters that turn a text around or hide in it: they can make an ending look like another one. */
static bool is_hidden(const char *at, size_t n)
{
	if (n == 1)
		return (unsigned char)*at < 0x20 || *at == 0x7f;
	if (n == 2)
		return (unsigned char)at[0] == 0xc2 && (unsigned char)at[1] < 0xa0;
	unsigned char last = (unsigned char)at[2];
	if (n == 3 && memcmp(at, "\xe2\x80", 2) == 0)
		return (last >= 0x8b && last <= 0x8f) || (last >= 0xa8 && last <= 0xae);
	if (n == 3 && memcmp(at, "\xe2\x81", 2) == 0)
		return last >= 0xa0 && last <= 0xaf;
	return n == 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0;
}

static bool is_refused(const char *at, size_t n)
{
	return n == 1 && strchr("\"*/:<>?\\|", *at) != NULL;
}

static bool ending_fits(const char *name, const FileType *type)
{
	const char *dot = strrchr(name, '.');
	if (!dot || dot == name || !type)
		return false;
	if (strcasecmp(dot, type->ending) == 0)
		return true;
	size_t len = strlen(dot);
	for (const char *e = type->endings; *e; e += strspn(e, " ")) {
		size_t n = strcspn(e, " ");
		if (n == len && strncasecmp(e, dot, n) == 0)
			return true;
		e += n;
	}
	return false;
}

/* Cut to what leaves room for the ending; what is dropped counts, so that a hostile name costs no more than another. */
static void characters_copy(Buf *out, const char *name, size_t max)
{
	size_t len = strlen(name), taken = 0;
	for (size_t at = 0; at < len && taken < max;) {
		size_t n = utf8_char_len(name + at, len - at);
		if (n == 0) {
			at++; /* no character: dropped */
			continue;
		}
		bool leads = out->len == 0 && (name[at] == ' ' || name[at] == '.'); /* a name does not begin with these */
		if (is_refused(name + at, n))
			buf_putc(out, '_');
		else if (!is_hidden(name + at, n) && !leads)
			buf_append(out, name + at, n);
		at += n;
		taken++;
	}
}

char *file_name_clean(TALLOC_CTX *ctx, const char *name, const FileType *type)
{
	static const char *const plain[] = {"photo", "voice", "file"};
	Buf *out = buf_new(ctx, LIMIT_FILE_NAME * 4 + 16);
	const char *last = last_part(name ? name : "");
	const char *dot = ending_fits(last, type) ? strrchr(last, '.') : NULL;
	const char *ending = dot ? dot : type ? type->ending : "";
	const char *stem = dot ? talloc_strndup(out, last, (size_t)(dot - last)) : last;
	characters_copy(out, stem, LIMIT_FILE_NAME - strlen(ending));
	while (out->len > 0 && strchr(" .", out->data[out->len - 1]))
		out->data[--out->len] = '\0';
	if (out->len == 0)
		buf_puts(out, plain[type ? type->kind : FILE_DOCUMENT]);
	buf_puts(out, ending);
	return out->data;
}
