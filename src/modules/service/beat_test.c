/* Beats: what is told when, and how soon. */
#include "base/check.h"
#include "modules/service/beat.h"

TEST(beat, one_failure_is_no_outage)
{
	Beat b = {0};
	CHECK(beat_take(&b, true, false, 1000) && b.state == BEAT_UP && b.since_ms == 1000);
	CHECK(!beat_take(&b, false, false, 2000) && b.state == BEAT_UP);
	CHECK(!beat_take(&b, true, false, 3000) && b.state == BEAT_UP && b.since_ms == 1000);
	CHECK(!beat_take(&b, false, false, 4000));
	CHECK(beat_take(&b, false, false, 6000) && b.state == BEAT_DOWN);
	CHECK(b.since_ms == 4000);
	CHECK(!beat_take(&b, false, false, 8000));
}

TEST(beat, two_answers_end_an_outage)
{
	Beat b = {0};
	(void)beat_take(&b, false, false, 1000);
	CHECK(beat_take(&b, false, false, 2000) && b.state == BEAT_DOWN && b.since_ms == 1000);
	CHECK(!beat_take(&b, true, false, 3000) && b.state == BEAT_DOWN);
	CHECK(!beat_take(&b, false, false, 4000));
	CHECK(!beat_take(&b, true, false, 5000));
	CHECK(beat_take(&b, true, false, 6000) && b.state == BEAT_UP && b.since_ms == 6000);
}

TEST(beat, slow_twice_is_slow)
{
	Beat b = {0};
	(void)beat_take(&b, true, true, 1000);
	CHECK(b.state == BEAT_UP);
	CHECK(beat_take(&b, true, true, 2000) && b.state == BEAT_SLOW);
	CHECK(!beat_take(&b, true, false, 3000));
	CHECK(beat_take(&b, true, false, 4000) && b.state == BEAT_UP);
}

TEST(beat, looks_again_soon_after_a_surprise)
{
	Beat b = {0};
	(void)beat_take(&b, true, false, 1000);
	CHECK(beat_wait_ms(&b, 20000, 0) == 18000 && beat_wait_ms(&b, 20000, 20) == 22000);
	(void)beat_take(&b, false, false, 2000);
	CHECK(beat_wait_ms(&b, 20000, 7) == BEAT_AGAIN_MS);
	(void)beat_take(&b, false, false, 3000);
	CHECK(beat_wait_ms(&b, 20000, 10) == BEAT_DOWN_MS);
	(void)beat_take(&b, true, false, 3000);
	CHECK(beat_wait_ms(&b, 20000, 10) == BEAT_AGAIN_MS);
}

/* A service that goes silent at any moment, so that each probe takes its whole deadline of 4 s (I6). */
TEST(beat, notices_silence_within_23_seconds_on_average)
{
	uint64_t seed = 88172645463325252u;
	int64_t sum = 0, longest = 0, rounds = 20000;
	for (int64_t i = 0; i < rounds; i++) {
		Beat b = {0};
		int64_t now = 0, dies = 100000 + (int64_t)(seed % 60000), took = 50;
		while (b.state != BEAT_DOWN) {
			seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
			bool good = now < dies;
			took = good ? 50 : 4000;
			now += took;
			(void)beat_take(&b, good, false, now);
			if (b.state != BEAT_DOWN)
				now += beat_wait_ms(&b, 20000, seed >> 11);
		}
		sum += now - dies;
		longest = now - dies > longest ? now - dies : longest;
	}
	CHECK(sum / rounds < 23000);
	CHECK(sum / rounds > 15000);
	CHECK(longest < 33000);
}

TEST(beat, names_are_read_back)
{
	for (BeatState s = BEAT_UNKNOWN; s <= BEAT_DOWN; s++)
		CHECK(beat_state(beat_name(s)) == s);
	CHECK(beat_state(NULL) == BEAT_UNKNOWN && beat_state("x") == BEAT_UNKNOWN);
}
