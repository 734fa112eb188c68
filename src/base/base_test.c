/* Tests of buffers, clock, ids, values, UTF-8, errors, random and log. */
#include "base/base_int.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/err.h"
#include "base/id.h"
#include "base/log.h"
#include "base/os_fault.h"
#include "base/random.h"
#include "base/utf8.h"
#include "base/value.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define NS INT64_C(1000000)

TEST(buf, grows_and_stays_terminated)
{
	Buf *b = buf_new(NULL, 100000);
	for (int i = 0; i < 10000; i++)
		buf_puts(b, "abc");
	buf_printf(b, "%d-%s", 42, "end");
	CHECK_INT(b->len, 30006);
	CHECK_TEXT(b->data + 30000, "42-end");
	CHECK(!buf_failed(b));
	talloc_free(b);
}

TEST(buf, refuses_beyond_its_maximum_and_stays_refused)
{
	Buf *b = buf_new(NULL, 10);
	buf_puts(b, "0123456789");
	CHECK(!buf_failed(b));
	buf_putc(b, 'x');
	CHECK(buf_failed(b));
	CHECK_TEXT(b->data, "0123456789");
	buf_clear(b);
	CHECK(!buf_failed(b));
	buf_puts(b, "12345");
	buf_printf(b, "%s", "678901");
	buf_puts(b, "6");
	CHECK(buf_failed(b));
	CHECK_TEXT(b->data, "12345");
	talloc_free(b);
}

TEST(clock, goes_on_when_the_system_clock_is_set_back)
{
	Clock clock = {0};
	int64_t day = DAY_MS * NS;
	CHECK_INT(clock_combine(&clock, 100 * day, 7 * NS), 100 * DAY_MS);
	CHECK_INT(clock_combine(&clock, 100 * day + 5 * NS, 12 * NS), 100 * DAY_MS + 5);
	/* an hour back: business time walks on */
	CHECK_INT(clock_combine(&clock, 100 * day - HOUR_MS * NS, 22 * NS), 100 * DAY_MS + 15);
	/* a day forward is followed */
	CHECK_INT(clock_combine(&clock, 101 * day, 32 * NS), 101 * DAY_MS);
}

TEST(clock, goes_on_from_where_the_process_before_left_it)
{
	Clock clock = {.offset_ms = DAY_MS};
	int64_t left = clock_real_ms() + 2 * HOUR_MS;
	clock_start_at(&clock, left);
	int64_t now = clock_steady_ms(&clock);
	CHECK(now >= left && now < left + 1000);
	CHECK(clock_now_ms(&clock) >= now + DAY_MS);
	clock_start_at(&clock, left - HOUR_MS);
	CHECK(clock_steady_ms(&clock) >= now);
}

TEST(clock, moves_forward_only)
{
	Clock clock = {0};
	int64_t start = clock_now_ms(&clock);
	CHECK(start - clock_real_ms() < 1000 && clock_real_ms() - start < 1000);
	clock_move_to(&clock, start + 2 * HOUR_MS);
	int64_t later = clock_now_ms(&clock);
	CHECK(later >= start + 2 * HOUR_MS && later < start + 2 * HOUR_MS + 1000);
	clock_move_to(&clock, start);
	CHECK(clock_now_ms(&clock) >= later);
	CHECK(clock_monotonic_us() / 1000 <= clock_monotonic_ms() + 1);
}

TEST(id, ascends_within_a_millisecond)
{
	Id last = id_new(1700000000000);
	for (int i = 0; i < 100000; i++) {
		Id next = id_new(1700000000000);
		CHECK(id_compare(last, next) < 0);
		last = next;
	}
	CHECK_INT(id_time_ms(last), 1700000000000);
	CHECK(id_compare(last, id_new(1700000000001)) < 0);
	CHECK_INT(last.byte[6] >> 4, 7);
	CHECK_INT(last.byte[8] >> 6, 2);
}

TEST(id, reads_what_it_writes)
{
	char text[ID_TEXT_SIZE];
	Id id = id_new(1700000000000), back = ID_NIL;
	CHECK(id_parse(id_text(id, text), 36, &back));
	CHECK(id_equal(id, back));
	CHECK(id_parse("018BCFE5-6800-7ABC-8DEF-0123456789ab", 36, &back));
	CHECK_TEXT(id_text(back, text), "018bcfe5-6800-7abc-8def-0123456789ab");
	CHECK_INT(id_time_ms(back), 1700000000000);
	Id kept = back;
	CHECK(!id_parse("018bcfe5-6800-7abc-8def-0123456789a", 35, &back));
	CHECK(!id_parse("018bcfe5-6800-7abc-8def-0123456789ag", 36, &back));
	CHECK(!id_parse("018bcfe5x6800-7abc-8def-0123456789ab", 36, &back));
	CHECK(id_equal(kept, back));
	CHECK(id_is_nil(ID_NIL) && !id_is_nil(id));
	CHECK(id_is_v7(id) && id_is_v7(back) && !id_is_v7(ID_NIL));
	CHECK(id_parse("018bcfe5-6800-4abc-8def-0123456789ab", 36, &back) && !id_is_v7(back));
	CHECK(id_parse("018bcfe5-6800-7abc-cdef-0123456789ab", 36, &back) && !id_is_v7(back));
}

TEST(value, compares_by_type_and_content)
{
	Value a = value_text("abc"), b = value_text_n("abcd", 3), c = value_bytes("abc", 3);
	CHECK(value_equal(&a, &b));
	CHECK(!value_equal(&a, &c));
	Value one = value_int(1), yes = value_bool(true), dec = value_decimal(10, 1), dec2 = value_decimal(10, 2);
	CHECK(!value_equal(&one, &yes));
	CHECK(!value_equal(&dec, &dec2));
	Value none = value_text(NULL), nil = value_id(ID_NIL);
	CHECK(value_is_null(&none) && value_equal(&none, &nil));
}

TEST(value, copies_its_bytes)
{
	char text[] = "hello";
	TALLOC_CTX *ctx = talloc_new(NULL);
	Value borrowed = value_text(text), copy = value_copy(ctx, &borrowed);
	text[0] = 'j';
	CHECK_TEXT(copy.text, "hello");
	CHECK_TEXT(borrowed.text, "jello");
	talloc_free(ctx);
}

TEST(utf8, accepts_only_what_the_standard_has)
{
	static const char *const good[] = {
		"", "a", "榫卯", "\xf0\xa0\xae\xb7", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xc2\x80", "0123456789榫卯0123456789",
	};
	static const char *const bad[] = {
		"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80", "\xe6\xa6", "\xe6", "\xff", ("\xe6" "aa"),
	};
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		CHECK(utf8_valid(good[i], strlen(good[i])));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK(!utf8_valid(bad[i], strlen(bad[i])));
	CHECK_INT(utf8_valid_len("0123456789\xe6\xa6", 12), 10);
}

TEST(err, has_a_status_and_a_code_for_each)
{
	CHECK_INT(err_status(ERR_CONFLICT), 409);
	CHECK_TEXT(err_code(ERR_STALE), "stale_version");
	CHECK_INT(err_status(-12345), 500);
	CHECK_TEXT(err_code(-12345), "internal");
}

TEST(random, makes_tokens_that_differ)
{
	char a[44], b[44];
	random_token(a);
	random_token(b);
	CHECK_INT(strlen(a), 43);
	CHECK(strcmp(a, b) != 0);
	CHECK(strspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == 43);
	CHECK(random_u64() != random_u64());
}

TEST(log, writes_one_line_of_json)
{
	int ends[2], kept = dup(STDERR_FILENO);
	CHECK(pipe(ends) == 0 && dup2(ends[1], STDERR_FILENO) >= 0);
	log_warn("base", "a \"quote\"\nand %s", "\xff");
	CHECK(dup2(kept, STDERR_FILENO) >= 0);
	char line[512] = "";
	ssize_t n = read(ends[0], line, sizeof(line) - 1);
	CHECK(n > 0 && line[n - 1] == '\n');
	CHECK(strstr(line, "\"level\":\"warn\",\"part\":\"base\",\"msg\":\"a \\\"quote\\\"\\nand \xef\xbf\xbd\"}") != NULL);
	close(kept);
	close(ends[0]);
	close(ends[1]);
}

TEST(os_fault, is_told_in_both_languages)
{
	CHECK_TEXT(os_fault(ENOSPC, false), "No space left on device");
	CHECK_TEXT(os_fault(ENOSPC, true), "磁盘已满");
	CHECK(is_disk_full(ENOSPC) && is_disk_full(EDQUOT) && is_disk_full(EFBIG) && !is_disk_full(EIO));
	CHECK_TEXT(os_fault(ENOTTY, true), os_fault(ENOTTY, false)); /* rare: the system's own words */
	CHECK_TEXT(os_fault(-1, true), "?");
}
