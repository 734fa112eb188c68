/* Forms with files: what browsers and curl send, and what nobody should. */
#include "http/multipart.h"

#include <string.h>

#include "base/check.h"
#include "base/limits.h"

#define TYPE "multipart/form-data; boundary=xYz"
#define HEAD(more) "Content-Disposition: form-data; " more "\r\n\r\n"

static HttpParts *parse_as(TALLOC_CTX *ctx, const char *type, const char *body, const char **ret_fault)
{
	return http_multipart_parse(ctx, type, body, strlen(body), ret_fault);
}

static const char *fault_of(const char *type, const char *body)
{
	const char *fault = NULL;
	TALLOC_CTX *ctx = talloc_new(NULL);
	HttpParts *parts = parse_as(ctx, type, body, &fault);
	CHECK(!parts || !fault);
	talloc_free(ctx);
	return fault;
}

static HttpParts *parse(TALLOC_CTX *ctx, const char *body)
{
	const char *fault = NULL;
	HttpParts *parts = parse_as(ctx, TYPE, body, &fault);
	CHECK_TEXT(fault, NULL);
	CHECK(parts != NULL);
	return parts;
}

static void check_text(const HttpPart *part, const char *name, const char *text)
{
	CHECK_TEXT(part->name, name);
	CHECK(part->len == strlen(text) && memcmp(part->bytes, text, part->len) == 0);
}

TEST(multipart, reads_fields_and_files)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	HttpParts *parts = parse(ctx, "--xYz\r\n" HEAD("name=\"name\"") "王芳\r\n--xYz\r\n"
		HEAD("name=\"photo\"; filename=\"合影.png\"") "\x89PNG\r\n\x1a\r\n--xYz\r\n"
		HEAD("name=empty") "\r\n--xYz--\r\n");
	CHECK_INT(parts->n, 3);
	check_text(&parts->part[0], "name", "王芳");
	CHECK_TEXT(parts->part[0].file_name, NULL);
	check_text(&parts->part[1], "photo", "\x89PNG\r\n\x1a");
	CHECK_TEXT(parts->part[1].file_name, "合影.png");
	check_text(&parts->part[2], "empty", "");
	talloc_free(ctx);
}

TEST(multipart, takes_names_of_files_as_programs_send_them)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	HttpParts *parts = parse(ctx,
		"--xYz\r\n" HEAD("name=a; filename*=UTF-8''%E5%90%8D%E5%8D%95.pdf; filename=\"old.pdf\"") "\r\n--xYz\r\n"
		HEAD("name=\"b%22c\"; filename=\"a\\\"b\\\\c.png\"") "\r\n--xYz\r\n"
		HEAD("name=c; filename=\"C:\\photos\\x.png\"") "\r\n--xYz\r\n" HEAD("name=d; filename=\"\"") "\r\n--xYz--");
	CHECK_INT(parts->n, 4);
	CHECK_TEXT(parts->part[0].file_name, "名单.pdf");
	CHECK_TEXT(parts->part[1].name, "b\"c");
	CHECK_TEXT(parts->part[1].file_name, "a\"b\\c.png");
	CHECK_TEXT(parts->part[2].file_name, "C:\\photos\\x.png");
	CHECK_TEXT(parts->part[3].file_name, "");
	talloc_free(ctx);
}

TEST(multipart, a_content_may_look_like_the_boundary)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	HttpParts *parts = parse(ctx, "--xYz\r\n" HEAD("name=a") "1\r\n--xYzz\r\n--xYz-\r\n2\r\n--xYz \t\r\n" HEAD("name=b")
		"3\r\n--xYz--\r\nbehind it");
	CHECK_INT(parts->n, 2);
	check_text(&parts->part[0], "a", "1\r\n--xYzz\r\n--xYz-\r\n2");
	check_text(&parts->part[1], "b", "3");
	talloc_free(ctx);
}

TEST(multipart, a_quoted_boundary_and_no_parts_at_all)
{
	CHECK_TEXT(fault_of("multipart/form-data; charset=utf-8; boundary=\"a b\"",
		"--a b\r\n" HEAD("name=a") "1\r\n--a b--"), NULL);
	CHECK_TEXT(fault_of(TYPE, "--xYz--"), NULL);
	CHECK(http_is_multipart("Multipart/Form-Data; boundary=x") && !http_is_multipart("multipart/form-database"));
	CHECK(!http_is_multipart("multipart/mixed; boundary=x") && !http_is_multipart(NULL));
}

TEST(multipart, says_what_is_wrong)
{
	static const struct {
		const char *fault, *type, *body;
	} cases[] = {
		{"no_boundary", "multipart/form-data", "--xYz--"},
		{"no_boundary", "multipart/form-data; boundary", "--xYz--"},
		{"bad_boundary", "multipart/form-data; boundary=\"\"", "----"},
		{"bad_boundary", "multipart/form-data; boundary=\"a\xc3\xa4\"", "--x--"},
		{"bad_boundary", "multipart/form-data; boundary="
			"12345678901234567890123456789012345678901234567890123456789012345678901", "--x--"},
		{"no_start", TYPE, ""},
		{"no_start", TYPE, "name=value"},
		{"unfinished", TYPE, "--xYz\r\n"},
		{"unfinished", TYPE, "--xYz\r\n" HEAD("name=a") "abc"},
		{"unfinished", TYPE, "--xYz\r\n" HEAD("name=a") "abc\r\n--xYz"},
		{"unfinished", TYPE, "--xYz\r\n" HEAD("name=a") "abc\n--xYz--"},
		{"bad_part_head", TYPE, "--xYz\r\nContent-Type: text/plain\r\n\r\n1\r\n--xYz--"},
		{"bad_part_head", TYPE, "--xYz\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--xYz--"},
		{"bad_part_head", TYPE, "--xYz\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--xYz--"},
		{"bad_part_head", TYPE, "--xYz\r\nContent-Disposition: form-data;\r\n name=a\r\n\r\n1\r\n--xYz--"},
		{"bad_part_head", TYPE, "--xYz\r\nContent-Disposition: form-data; name=a\r\n" HEAD("name=b") "1\r\n--xYz--"},
		{"bad_part_head", TYPE, "--xYz\r\n" HEAD("name=a; filename*=UTF-8''%e5%9") "1\r\n--xYz--"},
		{"bad_part_head", TYPE, "--xYz\r\n" HEAD("name=a; filename=\"a\nb\"") "1\r\n--xYz--"},
		{"no_name", TYPE, "--xYz\r\n" HEAD("filename=a") "1\r\n--xYz--"},
		{"no_name", TYPE, "--xYz\r\n" HEAD("name=\"\"") "1\r\n--xYz--"},
		{"nested", TYPE, "--xYz\r\nContent-Type: Multipart/mixed; boundary=q\r\n" HEAD("name=a") "1\r\n--xYz--"},
		{"encoded_part", TYPE, "--xYz\r\nContent-Transfer-Encoding: base64\r\n" HEAD("name=a") "1\r\n--xYz--"},
		{"bad_text", TYPE, "--xYz\r\n" HEAD("name=a") "\xff\xfe\r\n--xYz--"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CHECK_TEXT(fault_of(cases[i].type, cases[i].body), cases[i].fault);
		CHECK(http_multipart_fault(cases[i].fault, true) && http_multipart_fault(cases[i].fault, false));
	}
}

TEST(multipart, is_bounded)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	char *body = talloc_strdup(ctx, "");
	for (int i = 0; i <= LIMIT_MULTIPART_PARTS; i++)
		body = talloc_strdup_append(body, "--xYz\r\n" HEAD("name=a") "1\r\n");
	CHECK_TEXT(fault_of(TYPE, talloc_strdup_append(body, "--xYz--")), MULTIPART_TOO_MANY);
	char *head = talloc_zero_size(ctx, LIMIT_MULTIPART_HEAD + 1);
	memset(head, 'x', LIMIT_MULTIPART_HEAD);
	CHECK_TEXT(fault_of(TYPE, talloc_asprintf(ctx, "--xYz\r\nX-Y: %s\r\n" HEAD("name=a") "1\r\n--xYz--", head)),
		"part_head_too_long");
	talloc_free(ctx);
}

/* tests/fuzz/multipart_fuzz.c */
int fuzz_multipart(const uint8_t *data, size_t size);

static void replay(const CheckRow *row, void *arg)
{
	(void)arg;
	fuzz_multipart((const uint8_t *)row->bytes, row->len);
}

TEST(multipart, survives_the_fuzz_seeds)
{
	CHECK(check_files(TESTS_DIR "/fuzz/seeds/multipart", replay, NULL) > 0);
}
