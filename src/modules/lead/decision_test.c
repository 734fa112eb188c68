/* A decision comes back from its bytes as it went in, and no other bytes do harm. */
#include <string.h>

#include "base/check.h"
#include "base/random.h"
#include "modules/lead/decision.h"

#define PEOPLE 60

static Roster *roster_any(TALLOC_CTX *ctx)
{
	Roster *roster = talloc_zero(ctx, Roster);
	Person *people = talloc_zero_array(roster, Person, PEOPLE);
	for (int i = 0; i < PEOPLE; i++)
		random_bytes(people[i].id.byte, sizeof people[i].id.byte);
	roster->people = people;
	roster->n_people = PEOPLE;
	return roster;
}

static int64_t number_any(void)
{
	uint64_t r = random_u64();
	return ((int64_t)(r >> 8) >> r % 56) - (r & 1 ? 0 : 1000);
}

static void decision_any(Decision *d, int n)
{
	*d = (Decision){.n_candidates = n, .candidates_all = n * 40, .n_dropped = ASSIGN_ALL_LISTED - n};
	for (int i = 0; i < d->n_candidates; i++)
		d->candidates[i] = (Candidate){.person = i, .weight = (int)number_any() % 1000, .free = i - 5,
			.idle_min = i * 211 % ASSIGN_IDLE_MAX_MIN};
	for (int i = 0; i < d->n_dropped; i++)
		d->dropped[i] = (Dropped){PEOPLE - 1 - i, (Rule)(i % RULE_COUNT), i % 2 ? number_any() : i};
	for (int i = 0; i < RULE_COUNT; i++)
		d->dropped_by[i] = i * i * i * 1000;
}

static void kept_check(const Roster *roster, const Decision *d, const KeptDecision *kept)
{
	CHECK_INT(kept->n_candidates, d->n_candidates);
	CHECK_INT(kept->candidates_all, d->candidates_all);
	for (int i = 0; i < d->n_candidates; i++) {
		const Candidate *candidate = &d->candidates[i];
		CHECK(id_equal(kept->candidates[i].person, roster->people[candidate->person].id));
		CHECK_INT(kept->candidates[i].score, assign_score(&roster->policy, candidate));
		CHECK_INT(kept->candidates[i].weight, candidate->weight);
		CHECK_INT(kept->candidates[i].free, candidate->free);
		CHECK_INT(kept->candidates[i].idle_min, candidate->idle_min);
	}
	CHECK_INT(kept->n_dropped, d->n_dropped);
	for (int i = 0; i < d->n_dropped; i++) {
		CHECK(id_equal(kept->dropped[i].person, roster->people[d->dropped[i].person].id));
		CHECK_INT(kept->dropped[i].rule, d->dropped[i].rule);
		CHECK_INT(kept->dropped[i].detail, d->dropped[i].detail);
	}
	for (int i = 0; i < RULE_COUNT; i++)
		CHECK_INT(kept->dropped_by[i], d->dropped_by[i]);
}

TEST(decision, comes_back_as_it_was)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	const Roster *roster = roster_any(ctx);
	for (int n = 0; n <= ASSIGN_ALL_LISTED; n++) {
		uint8_t bytes[DECISION_BYTES_MAX];
		Decision d;
		KeptDecision kept;
		decision_any(&d, n);
		size_t len = decision_write(roster, &d, bytes);
		CHECK(len <= sizeof bytes);
		CHECK(decision_read(bytes, len, &kept));
		kept_check(roster, &d, &kept);
	}
	talloc_free(ctx);
}

TEST(decision, refuses_what_is_cut_longer_or_foreign)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	uint8_t bytes[DECISION_BYTES_MAX];
	Decision d;
	KeptDecision kept;
	decision_any(&d, 7);
	size_t len = decision_write(roster_any(ctx), &d, bytes);
	for (size_t cut = 0; cut < len; cut++)
		CHECK(!decision_read(bytes, cut, &kept));
	bytes[len] = 0;
	CHECK(!decision_read(bytes, len + 1, &kept));
	for (int round = 0; round < 20000; round++) {
		size_t size = random_u64() % sizeof bytes;
		random_bytes(bytes, size);
		if (size > 0)
			bytes[0] = 1;
		(void)!decision_read(bytes, size, &kept);
	}
	talloc_free(ctx);
}
