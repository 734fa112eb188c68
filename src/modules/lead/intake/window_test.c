#include "modules/lead/intake/limiter.h"
#include "modules/lead/intake/window.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"

static Digest digest_number(int n)
{
	char text[16];
	snprintf(text, sizeof text, "%d", n);
	return digest_of((const char *[]){text}, (size_t[]){strlen(text)}, 1);
}

TEST(window, second_taker_hears_of_the_first)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Window *w = window_new(ctx, MINUTE_MS);
	Id first = id_new(1), second = id_new(2), other;
	bool durable;
	CHECK(window_take(w, digest_number(1), 1000, first, &other, &durable));
	CHECK(!window_take(w, digest_number(1), 1001, second, &other, &durable));
	CHECK(id_equal(other, first) && !durable);
	window_settle(w, digest_number(1), first, true);
	CHECK(!window_take(w, digest_number(1), 1002, second, &other, &durable));
	CHECK(durable);
	talloc_free(ctx);
}

TEST(window, gives_up_what_could_not_be_kept)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Window *w = window_new(ctx, MINUTE_MS);
	Id first = id_new(1), other;
	bool durable;
	CHECK(window_take(w, digest_number(1), 0, first, &other, &durable));
	window_settle(w, digest_number(1), first, false);
	CHECK(window_take(w, digest_number(1), 1, id_new(2), &other, &durable));
	talloc_free(ctx);
}

TEST(window, says_what_became_of_the_first)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Window *w = window_new(ctx, MINUTE_MS);
	Id first = id_new(1), elsewhere = id_new(2), second = id_new(3), other, now;
	bool durable;
	for (int i = 1; i <= 3; i++)
		CHECK(window_take(w, digest_number(i), 1000, first, &other, &durable));
	CHECK(window_is_open(w, digest_number(1), first, &now));
	window_settle(w, digest_number(1), first, true);
	CHECK(!window_is_open(w, digest_number(1), first, &now) && id_equal(now, first));

	window_point(w, digest_number(2), first, elsewhere);
	CHECK(!window_is_open(w, digest_number(2), first, &now) && id_equal(now, elsewhere));

	window_settle(w, digest_number(3), first, false);
	CHECK(!window_is_open(w, digest_number(3), first, &now) && id_is_nil(now));
	CHECK(window_take(w, digest_number(3), 1001, second, &other, &durable));
	CHECK(!window_is_open(w, digest_number(3), first, &now) && id_is_nil(now));
	talloc_free(ctx);
}

TEST(window, forgets_after_its_span_and_grows)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Window *w = window_new(ctx, 10000);
	Id mine = id_new(1), other;
	bool durable;
	for (int i = 0; i < 5000; i++)
		CHECK(window_take(w, digest_number(i), i, mine, &other, &durable));
	for (int i = 0; i < 5000; i++)
		CHECK(!window_take(w, digest_number(i), 5000, mine, &other, &durable));
	CHECK(window_take(w, digest_number(7), 20000, mine, &other, &durable));
	talloc_free(ctx);
}

TEST(limiter, lets_sixty_a_minute_in)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	Limiter *limiter = limiter_new(ctx);
	Id door = id_new(1);
	int64_t now = 100 * HOUR_MS + 59 * SECOND_MS;
	for (int i = 0; i < 60; i++)
		CHECK_INT(limiter_knock(limiter, door, "1.2.3.4", 60, 600, now + i * 40), 0);
	CHECK(limiter_knock(limiter, door, "1.2.3.4", 60, 600, now + 2500) > 0);
	CHECK_INT(limiter_knock(limiter, door, "1.2.3.5", 60, 600, now), 0);
	CHECK_INT(limiter_knock(limiter, door, "1.2.3.4", 60, 600, now + 2 * MINUTE_MS), 0);
	talloc_free(ctx);
}
