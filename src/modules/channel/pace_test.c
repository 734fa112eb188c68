/* Windows, back-off and breaker in made-up time. */
#include "modules/channel/pace.h"

#include "base/check.h"

TEST(pace, a_window_never_holds_more_than_its_maximum)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Window w;
	int64_t sent[400];
	int n = 0;
	window_init(ctx, &w, 20, MINUTE_MS);
	for (int64_t now = 0; now < 10 * MINUTE_MS; now += 700) {
		int room = window_room(&w, now, 3);
		for (int i = 0; i < room && n < 400; i++) {
			window_count(&w, now);
			sent[n++] = now;
		}
	}
	CHECK_INT(n, 200);
	for (int i = 20; i < n; i++)
		CHECK(sent[i] - sent[i - 20] >= MINUTE_MS);
	window_init(ctx, &w, 0, MINUTE_MS);
	CHECK_INT(window_room(&w, 0, 500), 500);
	talloc_free(ctx);
}

TEST(pace, backs_off_with_jitter_within_bounds)
{
	for (int tries = 1; tries < 40; tries++) {
		int64_t whole = BACKOFF_FIRST_MS;
		for (int i = 1; i < tries && whole < BACKOFF_MAX_MS; i++)
			whole *= 2;
		whole = whole < BACKOFF_MAX_MS ? whole : BACKOFF_MAX_MS;
		for (uint64_t random = 0; random < 100000; random += 997) {
			int64_t ms = backoff_ms(tries, random);
			CHECK(ms >= whole * 3 / 4 && ms <= whole * 5 / 4);
		}
	}
	CHECK(backoff_ms(3, 1) != backoff_ms(3, 2));
}

TEST(pace, a_breaker_opens_probes_and_closes)
{
	Breaker b = {0};
	for (int i = 1; i < BREAKER_FAILURES; i++)
		CHECK(!breaker_failure(&b, 0, false, 0));
	CHECK_INT(breaker_room(&b, 0, 9), 9);
	CHECK(breaker_failure(&b, 0, false, 0));
	CHECK_TEXT(breaker_name(&b), "open");
	CHECK_INT(breaker_room(&b, 0, 9), 0);
	int64_t first = b.retry_at_ms;
	CHECK_INT(breaker_room(&b, first, 9), 1);
	CHECK_TEXT(breaker_name(&b), "half_open");
	CHECK(breaker_failure(&b, first, false, 0));
	CHECK(b.retry_at_ms - first > first); /* the second rest is longer */
	CHECK_INT(breaker_room(&b, b.retry_at_ms, 9), 1);
	CHECK(breaker_success(&b));
	CHECK_INT(breaker_room(&b, 0, 9), 9);
	CHECK(!breaker_success(&b));
	CHECK(breaker_failure(&b, 0, true, 0)); /* a wrong key: once is enough */
}
