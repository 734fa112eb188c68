/* Signatures, and a look behind them where one signature serves several kinds. */
#include "file/file_int.h"

#include <string.h>
#include <strings.h>

#include "base/utf8.h"

#define HEAD_LOOK (64 * 1024) /* bytes in which a container says what is in it */

static const FileType jpeg = {"image/jpeg", FILE_PHOTO, ".jpg", ".jpeg .jfif"};
static const FileType png = {"image/png", FILE_PHOTO, ".png", ""};
static const FileType webp = {"image/webp", FILE_PHOTO, ".webp", ""};
static const FileType heic = {"image/heic", FILE_PHOTO, ".heic", ".heif .hif"};
static const FileType webm = {"audio/webm", FILE_VOICE, ".webm", ".weba"};
static const FileType ogg = {"audio/ogg", FILE_VOICE, ".ogg", ".oga .opus"};
static const FileType mp4 = {"audio/mp4", FILE_VOICE, ".m4a", ".mp4"};
static const FileType mpeg = {"audio/mpeg", FILE_VOICE, ".mp3", ".mpga"};
static const FileType wav = {"audio/wav", FILE_VOICE, ".wav", ""};
static const FileType pdf = {"application/pdf", FILE_DOCUMENT, ".pdf", ""};
static const FileType doc = {"application/msword", FILE_DOCUMENT, ".doc", ".wps"};
static const FileType xls = {"application/vnd.ms-excel", FILE_DOCUMENT, ".xls", ".et"};
static const FileType ppt = {"application/vnd.ms-powerpoint", FILE_DOCUMENT, ".ppt", ".dps"};
static const FileType csv = {"text/csv", FILE_DOCUMENT, ".csv", ""};
static const FileType text = {"text/plain", FILE_DOCUMENT, ".txt", ".md .log"};

const char *file_kind_name(FileKind kind)
{
	static const char *const names[] = {"photo", "voice", "file"};
	return names[kind];
}

static bool begins(const uint8_t *b, size_t len, size_t at, const char *mark, size_t n)
{
	return len >= at + n && memcmp(b + at, mark, n) == 0;
}

#define BEGINS(at, mark) begins(b, len, at, mark, sizeof(mark) - 1)

static bool holds(const uint8_t *b, size_t len, const char *mark, size_t n)
{
	return b && len >= n && memmem(b, len, mark, n) != NULL;
}

#define HOLDS(mark) holds(b, len, mark, sizeof(mark) - 1)

static size_t shorter(size_t len)
{
	return len < HEAD_LOOK ? len : HEAD_LOOK;
}

/* Matroska's little brother; sound only. */
static const FileType *webm_of(const uint8_t *b, size_t len)
{
	len = shorter(len);
	return HOLDS("webm") && HOLDS("A_") && !HOLDS("V_VP") && !HOLDS("V_AV1") ? &webm : NULL;
}

static const FileType *ogg_of(const uint8_t *b, size_t len)
{
	len = shorter(len);
	bool sound = HOLDS("OpusHead") || HOLDS("\x01vorbis") || HOLDS("fLaC") || HOLDS("Speex   ");
	return sound && !HOLDS("theora") ? &ogg : NULL;
}

/* A photo by its brand, else sound without pictures: the handlers of the tracks tell. */
static const FileType *mp4_of(const uint8_t *b, size_t len)
{
	static const char *const brands[] = {"heic", "heix", "mif1", "msf1", "heim", "heis"};
	for (size_t i = 0; len >= 12 && i < ARRAY_LEN(brands); i++)
		if (memcmp(b + 8, brands[i], 4) == 0)
			return &heic;
	return HOLDS("soun") && !HOLDS("vide") ? &mp4 : NULL;
}

static bool is_mpeg_frame(const uint8_t *b, size_t len)
{
	if (len < 4 || b[0] != 0xff || (b[1] & 0xe0) != 0xe0)
		return false;
	int version = b[1] >> 3 & 3, layer = b[1] >> 1 & 3, rate = b[2] >> 4, frequency = b[2] >> 2 & 3;
	return version != 1 && layer != 0 && rate != 0 && rate != 15 && frequency != 3;
}

/* The old office formats share one container; the names of its streams are UTF-16. */
static const FileType *office_of(const uint8_t *b, size_t len)
{
	if (HOLDS("V\0B\0A\0") || HOLDS("M\0a\0c\0r\0o\0s\0"))
		return NULL;
	if (HOLDS("W\0o\0r\0d\0D\0o\0c\0u\0m\0e\0n\0t\0"))
		return &doc;
	if (HOLDS("W\0o\0r\0k\0b\0o\0o\0k\0"))
		return &xls;
	return HOLDS("P\0o\0w\0e\0r\0P\0o\0i\0n\0t\0") ? &ppt : NULL;
}

static bool has_controls(const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((b[i] < 0x20 && b[i] != '\t' && b[i] != '\r' && b[i] != '\n' && b[i] != '\f') || b[i] == 0x7f)
			return true;
	return false;
}

/* As Chinese spreadsheets write their CSV: two bytes, or four with digits between. */
static bool is_gb18030(const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len;) {
		if (b[i] < 0x80) {
			i++;
			continue;
		}
		if (b[i] == 0x80 || b[i] == 0xff || i + 1 >= len)
			return false;
		bool four = b[i + 1] >= 0x30 && b[i + 1] <= 0x39;
		if (four && (i + 3 >= len || b[i + 2] < 0x81 || b[i + 2] == 0xff || b[i + 3] < 0x30 || b[i + 3] > 0x39))
			return false;
		if (!four && (b[i + 1] < 0x40 || b[i + 1] == 0x7f || b[i + 1] == 0xff))
			return false;
		i += four ? 4 : 2;
	}
	return true;
}

static bool ends_with(const char *name, const char *ending)
{
	size_t n = strlen(name), m = strlen(ending);
	return n > m && strcasecmp(name + n - m, ending) == 0;
}

/* What begins like markup or a script is for a machine, not for a person. */
static const FileType *text_of(const uint8_t *b, size_t len, const char *name)
{
	size_t at = BEGINS(0, "\xef\xbb\xbf") ? 3 : 0;
	while (at < len && strchr(" \t\r\n", b[at]) && b[at] != '\0')
		at++;
	if (at == len || b[at] == '<' || BEGINS(at, "#!") || BEGINS(at, "@echo"))
		return NULL;
	if (has_controls(b, len) || !(utf8_valid((const char *)b, len) || is_gb18030(b, len)))
		return NULL;
	return name && ends_with(name, ".csv") ? &csv : &text;
}

const FileType *file_type_of(const void *bytes, size_t len, const char *name)
{
	const uint8_t *b = bytes;
	if (BEGINS(0, "\xff\xd8\xff"))
		return &jpeg;
	if (BEGINS(0, "\x89PNG\r\n\x1a\n"))
		return &png;
	if (BEGINS(0, "RIFF"))
		return BEGINS(8, "WEBP") ? &webp : BEGINS(8, "WAVE") ? &wav : NULL;
	if (BEGINS(0, "\x1a\x45\xdf\xa3"))
		return webm_of(b, len);
	if (BEGINS(0, "OggS"))
		return ogg_of(b, len);
	if (BEGINS(4, "ftyp"))
		return mp4_of(b, len);
	if (BEGINS(0, "ID3") || is_mpeg_frame(b, len))
		return &mpeg;
	if (BEGINS(0, "%PDF-"))
		return &pdf;
	if (BEGINS(0, "PK\x03\x04"))
		return zip_type_of(b, len);
	if (BEGINS(0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))
		return office_of(b, len);
	return text_of(b, len, name);
}
