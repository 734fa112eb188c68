/* What files are taken for, what becomes of their names, and that they are kept. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/limits.h"
#include "file/content.h"
#include "file/type.h"

static const char *type_of(const void *bytes, size_t len, const char *name)
{
	const FileType *type = file_type_of(bytes, len, name);
	return type ? type->media_type : NULL;
}

#define TYPE_OF(bytes) type_of(bytes, sizeof(bytes) - 1, NULL)

TEST(type, knows_photos_and_voices)
{
	CHECK_TEXT(TYPE_OF("\xff\xd8\xff\xe0..JFIF"), "image/jpeg");
	CHECK_TEXT(TYPE_OF("\x89PNG\r\n\x1a\n...."), "image/png");
	CHECK_TEXT(TYPE_OF("RIFF....WEBPVP8 "), "image/webp");
	CHECK_TEXT(TYPE_OF("\0\0\0\x18" "ftypheic...."), "image/heic");
	CHECK_TEXT(TYPE_OF("\x1a\x45\xdf\xa3....webm....A_OPUS"), "audio/webm");
	CHECK_TEXT(TYPE_OF("OggS....OpusHead"), "audio/ogg");
	CHECK_TEXT(TYPE_OF("\0\0\0\x18" "ftypisom....hdlr....soun"), "audio/mp4");
	CHECK_TEXT(TYPE_OF("\xff\xfb\x90\x64"), "audio/mpeg");
	CHECK_TEXT(TYPE_OF("ID3\x04"), "audio/mpeg");
	CHECK_TEXT(TYPE_OF("RIFF....WAVEfmt "), "audio/wav");
}

TEST(type, knows_documents)
{
	static const char gbk[] = "\xd0\xd5\xc3\xfb,\xb5\xe7\xbb\xb0\r\n";
	CHECK_TEXT(TYPE_OF("%PDF-1.7"), "application/pdf");
	CHECK_TEXT(TYPE_OF("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....W\0o\0r\0k\0b\0o\0o\0k\0"), "application/vnd.ms-excel");
	CHECK_TEXT(TYPE_OF("王芳，138"), "text/plain");
	CHECK_TEXT(type_of(gbk, sizeof gbk - 1, "名单.CSV"), "text/csv");
	CHECK_TEXT(type_of(gbk, sizeof gbk - 1, NULL), "text/plain");
}

TEST(type, refuses_the_rest)
{
	CHECK_TEXT(TYPE_OF(""), NULL);
	CHECK_TEXT(TYPE_OF("   \r\n"), NULL);
	CHECK_TEXT(TYPE_OF("MZ\x90\0\x03"), NULL);
	CHECK_TEXT(TYPE_OF("\x7f" "ELF"), NULL);
	CHECK_TEXT(TYPE_OF("\xef\xbb\xbf <svg onload=alert(1)>"), NULL);
	CHECK_TEXT(TYPE_OF("<html>"), NULL);
	CHECK_TEXT(TYPE_OF("#!/bin/sh\n"), NULL);
	CHECK_TEXT(TYPE_OF("a\0b"), NULL);
	CHECK_TEXT(TYPE_OF("PK\x03\x04 not whole"), NULL);
	CHECK_TEXT(TYPE_OF("\x1a\x45\xdf\xa3....webm....V_VP8....A_OPUS"), NULL);
	CHECK_TEXT(TYPE_OF("\0\0\0\x18" "ftypisom....vide....soun"), NULL);
	CHECK_TEXT(TYPE_OF("RIFF....AVI "), NULL);
	CHECK_TEXT(TYPE_OF("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 an installer"), NULL);
	CHECK_TEXT(type_of("<script>", 8, "a.csv"), NULL);
	CHECK_TEXT(TYPE_OF("\xd0"), NULL);
}

static void check_name(const char *sent, const void *bytes, size_t len, const char *clean)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	CHECK_TEXT(file_name_clean(ctx, sent, file_type_of(bytes, len, sent)), clean);
	talloc_free(ctx);
}

#define JPEG "\xff\xd8\xff\xe0"
#define CHECK_JPEG(sent, clean) check_name(sent, JPEG, 4, clean)

TEST(type, cleans_names)
{
	CHECK_JPEG("合影.jpg", "合影.jpg");
	CHECK_JPEG("a.JPEG", "a.JPEG");
	CHECK_JPEG("../../etc/passwd", "passwd.jpg");
	CHECK_JPEG("C:\\photos\\x.jpg", "x.jpg");
	CHECK_JPEG("invoice.pdf.exe", "invoice.pdf.exe.jpg");
	CHECK_JPEG("a\xe2\x80\xaegpj.exe", "agpj.exe.jpg");
	CHECK_JPEG("a:b*c?.jpg", "a_b_c_.jpg");
	CHECK_JPEG("a\r\nSet-Cookie: x.jpg", "aSet-Cookie_ x.jpg");
	CHECK_JPEG("\xff\xfe", "photo.jpg");
	CHECK_JPEG("...", "photo.jpg");
	CHECK_JPEG("", "photo.jpg");
	CHECK_JPEG(NULL, "photo.jpg");
	CHECK_JPEG(".jpg", "jpg.jpg");
	check_name("virus.exe", "MZ\0", 3, "virus.exe");
}

TEST(type, keeps_names_short)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	char *sent = talloc_strdup(ctx, "");
	for (int i = 0; i < 500; i++)
		sent = talloc_strdup_append(sent, "名");
	const char *clean = file_name_clean(ctx, talloc_asprintf(ctx, "%s.jpg", sent), file_type_of(JPEG, 4, NULL));
	CHECK_INT(g_utf8_strlen(clean, -1), LIMIT_FILE_NAME);
	CHECK(g_str_has_suffix(clean, "名.jpg"));
	talloc_free(ctx);
}

static void folder_remove(TALLOC_CTX *ctx, const char *folder)
{
	CHECK_INT(rmdir(talloc_asprintf(ctx, "%s/files/ba", folder)), 0);
	CHECK_INT(unlink(talloc_asprintf(ctx, "%s/files/" CONTENT_LOCK, folder)), 0);
	CHECK_INT(rmdir(talloc_asprintf(ctx, "%s/files", folder)), 0);
	CHECK_INT(rmdir(folder), 0);
}

TEST(content, is_kept_once_and_read_back)
{
	char folder[] = "/tmp/tenon-file-XXXXXX", hash[CONTENT_HASH_TEXT], again[CONTENT_HASH_TEXT], *bytes;
	size_t len;
	TALLOC_CTX *ctx = talloc_new(NULL);
	CHECK(mkdtemp(folder) != NULL);
	CHECK_INT(content_begin(folder), 0);
	CHECK_INT(content_keep(folder, "abc", 3, hash), 0);
	CHECK_TEXT(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	CHECK_INT(content_read(ctx, folder, hash, &bytes, &len), 0);
	CHECK(len == 3 && memcmp(bytes, "abc", 3) == 0);

	char *path = talloc_asprintf(ctx, "%s/files/ba/%s", folder, hash);
	CHECK_INT(truncate(path, 1), 0); /* half of it is not as good as the whole */
	CHECK_INT(content_keep(folder, "abc", 3, again), 0);
	CHECK_INT(content_read(ctx, folder, again, &bytes, &len), 0);
	CHECK_INT(len, 3);

	CHECK_INT(content_read(ctx, folder, "../../../etc/passwd", &bytes, &len), ERR_NOT_FOUND);
	CHECK_INT(unlink(path), 0);
	CHECK_INT(content_read(ctx, folder, hash, &bytes, &len), ERR_NOT_FOUND);
	folder_remove(ctx, folder);
	talloc_free(ctx);
}

static void old_count(void *arg, const char *hash)
{
	CHECK(content_is_hash(hash));
	++*(int *)arg;
}

static int old_ones(const char *folder, int64_t before_ms)
{
	int n = 0;
	for (int i = 0; i < CONTENT_FOLDERS; i++)
		content_old(folder, i, before_ms, old_count, &n);
	return n;
}

TEST(content, is_dropped_only_when_old)
{
	char folder[] = "/tmp/tenon-file-XXXXXX", hash[CONTENT_HASH_TEXT];
	const struct timespec past[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	int64_t freed = -1, now_ms = clock_real_ms() - HOUR_MS;
	TALLOC_CTX *ctx = talloc_new(NULL);
	CHECK(mkdtemp(folder) != NULL);
	CHECK_INT(content_begin(folder), 0);
	CHECK_INT(content_keep(folder, "abc", 3, hash), 0);
	char *path = talloc_asprintf(ctx, "%s/files/ba/%s", folder, hash);
	CHECK_INT(old_ones(folder, now_ms), 0);
	content_drop(folder, hash, now_ms, &freed);
	CHECK_INT(freed, 0);

	CHECK_INT(utimensat(AT_FDCWD, path, past, 0), 0);
	CHECK_INT(old_ones(folder, now_ms), 1);
	CHECK_INT(content_keep(folder, "abc", 3, hash), 0); /* uploaded again before its row was written */
	content_drop(folder, hash, now_ms, &freed);
	CHECK_INT(freed, 0);
	CHECK_INT(utimensat(AT_FDCWD, path, past, 0), 0);
	CHECK_INT(content_hold(folder, hash), 0);
	content_drop(folder, hash, now_ms, &freed);
	CHECK_INT(freed, 0);

	CHECK_INT(utimensat(AT_FDCWD, path, past, 0), 0);
	int keeping = open(talloc_asprintf(ctx, "%s/files/" CONTENT_LOCK, folder), O_RDWR);
	CHECK_INT(flock(keeping, LOCK_SH), 0); /* somebody keeps something at this moment, perhaps this */
	content_drop(folder, hash, now_ms, &freed);
	CHECK_INT(freed, 0);
	close(keeping);
	content_drop(folder, hash, now_ms, &freed);
	CHECK_INT(freed, 3);
	CHECK_INT(content_hold(folder, hash), ERR_NOT_FOUND);
	content_drop(folder, hash, now_ms, &freed);
	CHECK_INT(freed, 0);
	folder_remove(ctx, folder);
	talloc_free(ctx);
}

TEST(content, says_when_it_cannot_be_kept)
{
	char hash[CONTENT_HASH_TEXT];
	CHECK_INT(content_keep("/nowhere/at/all", "abc", 3, hash), ERR_STORE);
	CHECK_INT(content_begin("/nowhere/at/all"), ERR_STORE);
}

/* tests/fuzz/file_type_fuzz.c */
int fuzz_file_type(const uint8_t *data, size_t size);

static void replay(const CheckRow *row, void *arg)
{
	(void)arg;
	fuzz_file_type((const uint8_t *)row->bytes, row->len);
}

TEST(type, survives_the_fuzz_seeds)
{
	CHECK(check_files(TESTS_DIR "/fuzz/seeds/file_type", replay, NULL) > 0);
}
