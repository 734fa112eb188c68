/* Office documents of today are ZIP archives: their directory of names tells which kind, and whether they hold
 * programs. */
#include "file/file_int.h"

#include <string.h>

#define END_SIZE 22          /* of the record at the end, without its comment */
#define COMMENT_MAX 65535
#define ENTRY_SIZE 46        /* of the directory, without its texts */
#define ENTRIES_MAX 10000

typedef struct {
	bool types, word, sheet, slides, macros;
} Inside;

static const FileType docx = {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", FILE_DOCUMENT,
                              ".docx", ""};
static const FileType xlsx = {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", FILE_DOCUMENT,
                              ".xlsx", ""};
static const FileType pptx = {"application/vnd.openxmlformats-officedocument.presentationml.presentation",
                              FILE_DOCUMENT, ".pptx", ""};

static uint32_t number(const uint8_t *b, int n)
{
	uint32_t value = 0;
	while (n-- > 0)
		value = value << 8 | b[n];
	return value;
}

/* Where the directory ends: the last record of that mark. NULL: this is no whole archive. */
static const uint8_t *end_find(const uint8_t *bytes, size_t len)
{
	for (size_t back = END_SIZE; back <= len && back <= END_SIZE + COMMENT_MAX; back++)
		if (memcmp(bytes + len - back, "PK\5\6", 4) == 0)
			return bytes + len - back;
	return NULL;
}

static bool is_below(const uint8_t *name, size_t len, const char *folder)
{
	size_t n = strlen(folder);
	return len > n && memcmp(name, folder, n) == 0;
}

static void name_note(Inside *in, const uint8_t *name, size_t len)
{
	static const char types[] = "[Content_Types].xml";
	in->types |= len == sizeof types - 1 && memcmp(name, types, len) == 0;
	in->word |= is_below(name, len, "word/");
	in->sheet |= is_below(name, len, "xl/");
	in->slides |= is_below(name, len, "ppt/");
	in->macros |= memmem(name, len, "vbaProject", 10) != NULL;
}

/* False when the directory is not what it says it is. */
static bool directory_read(const uint8_t *bytes, size_t len, Inside *in)
{
	const uint8_t *end = end_find(bytes, len);
	if (!end)
		return false;
	uint32_t n = number(end + 10, 2);
	size_t at = number(end + 16, 4), stop = (size_t)(end - bytes);
	if (n == 0 || n > ENTRIES_MAX)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		if (at > stop || stop - at < ENTRY_SIZE || memcmp(bytes + at, "PK\1\2", 4) != 0)
			return false;
		size_t name = number(bytes + at + 28, 2);
		size_t rest = name + number(bytes + at + 30, 2) + number(bytes + at + 32, 2);
		if (rest > stop - at - ENTRY_SIZE)
			return false;
		name_note(in, bytes + at + ENTRY_SIZE, name);
		at += ENTRY_SIZE + rest;
	}
	return true;
}

const FileType *zip_type_of(const uint8_t *bytes, size_t len)
{
	Inside in = {0};
	if (!directory_read(bytes, len, &in) || !in.types || in.macros)
		return NULL;
	return in.word ? &docx : in.sheet ? &xlsx : in.slides ? &pptx : NULL;
}
