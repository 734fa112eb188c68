/* The decision of assign.h: pools in order, in each one rule after the other takes people out of a set, whoever is
 * left is ranked. Sets are bits, so that a rule costs a few words however many people there are. Must not touch the
 * database. */
#include "modules/lead/assign.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* ---- what everybody carries ---- */

Load *load_new(TALLOC_CTX *ctx, const Roster *roster)
{
	Load *load = talloc_zero(ctx, Load);
	unsigned people = (unsigned)roster->n_people, words = (unsigned)roster->words;
	load->roster = roster;
	load->load_max = roster->policy.load_max;
	load->open = talloc_zero_array(load, int, people);
	load->last_at = talloc_array(load, int64_t, people);
	load->turn = talloc_zero_array(load, uint32_t, people);
	load->at_limit = talloc_zero_array(load, PeopleSet, words);
	load->full = talloc_zero_array(load, PeopleSet, words);
	load->absent = talloc_zero_array(load, PeopleSet, words);
	load->frozen = talloc_zero_array(load, PeopleSet, words);
	load->working = talloc_zero_array(load, PeopleSet, words);
	for (int i = 0; i < roster->n_people; i++) {
		load->last_at[i] = roster->people[i].last_assigned_at;
		load_set(load, i, 0);
	}
	return load;
}

static void set_put(PeopleSet *set, int person, bool in)
{
	if (in)
		people_add(set, person);
	else
		people_drop(set, person);
}

static void limit_put(Load *load, int person)
{
	set_put(load->at_limit, person, load->open[person] >= load->load_max);
	set_put(load->full, person, load->open[person] >= load->roster->people[person].capacity);
}

void load_limit(Load *load, int load_max)
{
	load->load_max = load_max;
	for (int i = 0; i < load->roster->n_people; i++)
		limit_put(load, i);
}

void load_set(Load *load, int person, int open)
{
	load->open[person] = open;
	limit_put(load, person);
}

void load_take(Load *load, int person, int64_t now_ms)
{
	load_set(load, person, load->open[person] + 1);
	load->last_at[person] = now_ms;
	load->turn[person] = ++load->turns;
}

void load_give(Load *load, int person)
{
	if (load->open[person] > 0)
		load_set(load, person, load->open[person] - 1);
}

/* The end of an absence or a freeze, if it lies ahead, is where the sets stop holding. */
static void until_sooner(Load *load, int64_t end_ms, int64_t now_ms)
{
	if (end_ms > now_ms && end_ms < load->until_ms)
		load->until_ms = end_ms;
}

void load_at(Load *load, int64_t now_ms)
{
	if (now_ms >= load->from_ms && now_ms < load->until_ms)
		return;
	const Roster *roster = load->roster;
	load->from_ms = now_ms;
	load->until_ms = now_ms - now_ms % MINUTE_MS + MINUTE_MS; /* calendars change on full minutes */
	for (int i = 0; i < roster->n_people; i++) {
		const Person *person = &roster->people[i];
		set_put(load->absent, i, roster_is_absent(person, now_ms));
		set_put(load->frozen, i, roster_is_frozen(person, now_ms));
		until_sooner(load, person->absent_until, now_ms);
		until_sooner(load, person->frozen_until, now_ms);
	}
	memset(load->working, 0, (size_t)roster->words * sizeof *load->working);
	for (int i = 0; i < roster->n_calendars; i++)
		if (worktime_is_open(roster->calendars[i].work, now_ms))
			for (int w = 0; w < roster->words; w++)
				load->working[w] |= roster->calendars[i].people[w];
}

Load *load_copy(TALLOC_CTX *ctx, const Load *from)
{
	Load *load = load_new(ctx, from->roster);
	unsigned people = (unsigned)from->roster->n_people, words = (unsigned)from->roster->words;
	memcpy(load->open, from->open, people * sizeof *load->open);
	memcpy(load->last_at, from->last_at, people * sizeof *load->last_at);
	memcpy(load->turn, from->turn, people * sizeof *load->turn);
	memcpy(load->at_limit, from->at_limit, words * sizeof *load->at_limit);
	memcpy(load->full, from->full, words * sizeof *load->full);
	load->turns = from->turns;
	load->load_max = from->load_max;
	return load;
}

/* ---- one decision ---- */

/* One decision at work. The sets live beside it in one block. */
typedef struct {
	const Roster *roster;
	const Policy *policy;
	const Load *load;
	const AssignQuery *query;
	Decision *d;
	bool any_hour;             /* off hours count as work */
	bool off_hours_only;       /* somebody would fit if it were not for the hour */
	uint64_t lot;              /* of the lead */
	int furthest;              /* Rule that emptied the pool that came furthest */
	bool has_region;           /* the lead brings every level that is demanded */
	bool wants_skill;
	PeopleSet *left, *held, *territory, *skill, *asked, *listed;
} Round;

#define ROUND_SETS 6

static const char *const RULE_NAMES[RULE_COUNT] = {"pool", "inactive", "absent", "frozen", "held_before", "territory",
	"skill",
	"load", "capacity", "off_hours"};

const char *assign_rule_name(Rule rule)
{
	return RULE_NAMES[rule];
}

/* ---- what the lead demands ---- */

static const PeopleSet *region_people(const Roster *roster, int32_t code)
{
	int low = 0, high = roster->n_regions;
	while (low < high) {
		int middle = (low + high) / 2;
		if (roster->regions[middle].code < code)
			low = middle + 1;
		else
			high = middle;
	}
	return low < roster->n_regions && roster->regions[low].code == code ? roster->regions[low].people : NULL;
}

bool assign_region_suffices(const Policy *policy, int32_t region)
{
	if (policy->territory_by & POLICY_DISTRICT)
		return region > 9999;
	return policy->territory_by & POLICY_CITY ? region > 99 : region > 0;
}

static void set_join(PeopleSet *into, const PeopleSet *from, int words)
{
	for (int w = 0; from && w < words; w++)
		into[w] |= from[w];
}

/* Who holds the lead's region or one around it (a city's people get its districts), or has fenced the point in. A
 * lead that lacks a level the policy demands belongs to nobody by its address (F4). */
static void territory_find(Round *round)
{
	const Roster *roster = round->roster;
	const AssignQuery *q = round->query;
	round->has_region = assign_region_suffices(round->policy, q->region);
	for (int32_t code = round->has_region ? q->region : 0; code > 0; code /= 100)
		set_join(round->territory, region_people(roster, code), roster->words);
	for (int i = 0; q->has_point && i < roster->n_fences; i++)
		if (polygon_holds(roster->fences[i].shape, q->lon, q->lat))
			set_join(round->territory, roster->fences[i].people, roster->words);
	if (round->has_region && round->policy->everywhere)
		set_join(round->territory, roster->everywhere, roster->words);
}

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool word_is_here(const Keyword *word, const char *text)
{
	for (int i = 0; i < word->len; i++)
		if (lower(text[i]) != (unsigned char)word->text[i])
			return false;
	return true;
}

static int keyword_first(const Roster *roster, int head)
{
	int low = 0, high = roster->n_keywords;
	while (low < high) {
		int middle = (low + high) / 2;
		const unsigned char *text = (const unsigned char *)roster->keywords[middle].text;
		if ((text[0] << 8 | text[1]) < head)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void keywords_match(Round *round, const char *text, int head)
{
	const Roster *roster = round->roster;
	for (int i = keyword_first(roster, head); i < roster->n_keywords; i++) {
		const Keyword *word = &roster->keywords[i];
		if (((unsigned char)word->text[0] << 8 | (unsigned char)word->text[1]) != head)
			return;
		if (!word_is_here(word, text))
			continue;
		round->wants_skill = true;
		set_join(round->skill, roster->skills[word->skill].people, roster->words);
	}
}

/* Every position of the text asks one bit; only where some keyword begins with these two bytes are words compared. */
static void skills_find(Round *round)
{
	const uint8_t *heads = round->roster->keyword_heads;
	for (int t = 0; t < ASSIGN_TEXTS && round->roster->n_keywords; t++) {
		const char *text = round->query->texts[t];
		for (; text && text[0] && text[1]; text++) {
			int head = lower(text[0]) << 8 | lower(text[1]);
			if (heads[head >> 3] & 1 << (head & 7))
				keywords_match(round, text, head);
		}
	}
}

static void holders_find(Round *round)
{
	for (int i = 0; i < round->query->n_holders; i++) {
		int person = roster_person(round->roster, round->query->holders[i]);
		if (person >= 0)
			people_add(round->held, person);
	}
}

/* ---- one rule after the other ---- */

static int64_t dropped_detail(const Round *round, int person, Rule rule)
{
	switch (rule) {
	case RULE_LOAD:
	case RULE_CAPACITY:
		return round->load->open[person];
	case RULE_ABSENT:
		return round->roster->people[person].absent_until;
	case RULE_FROZEN:
		return round->roster->people[person].frozen_until;
	default:
		return 0;
	}
}

/* People who fail in several pools are told of once, by the first rule. */
static void dropped_list(Round *round, PeopleSet gone, int word, Rule rule)
{
	Decision *d = round->d;
	gone &= ~round->listed[word];
	round->listed[word] |= gone;
	d->dropped_by[rule] += __builtin_popcountll(gone);
	int max = round->roster->n_people <= ASSIGN_ALL_LISTED ? ASSIGN_ALL_LISTED : ASSIGN_SOME_LISTED;
	for (; gone && d->n_dropped < max; gone &= gone - 1) {
		int person = word * 64 + __builtin_ctzll(gone);
		d->dropped[d->n_dropped++] = (Dropped){person, rule, dropped_detail(round, person, rule)};
	}
}

/* Keeps those in keep (or, inverted, those not in it). True while somebody is left. */
static bool rule_apply(Round *round, Rule rule, const PeopleSet *keep, bool inverted)
{
	PeopleSet rest = 0;
	for (int w = 0; w < round->roster->words; w++) {
		PeopleSet stay = inverted ? ~keep[w] : keep[w];
		PeopleSet gone = round->left[w] & ~stay;
		if (gone)
			dropped_list(round, gone, w, rule);
		round->left[w] &= stay;
		rest |= round->left[w];
	}
	if (!rest && (int)rule > round->furthest)
		round->furthest = rule;
	return rest != 0;
}

static bool pool_filter(Round *round, int pool, const PolicyPool *filters)
{
	const Roster *roster = round->roster;
	const Load *load = round->load;
	const Pool *p = &roster->pools[pool];
	memcpy(round->left, p->members, (size_t)roster->words * sizeof *round->left);
	set_join(round->asked, p->members, roster->words);
	if (!rule_apply(round, RULE_INACTIVE, roster->active, false) || !rule_apply(round, RULE_ABSENT, load->absent,
		true) ||
	    !rule_apply(round, RULE_FROZEN, load->frozen, true) || !rule_apply(round, RULE_HELD_BEFORE, round->held, true))
		return false;
	if (filters->territory && p->has_territories && !rule_apply(round, RULE_TERRITORY, round->territory, false))
		return false;
	if (filters->skill && round->wants_skill && !rule_apply(round, RULE_SKILL, round->skill, false))
		return false;
	if (!rule_apply(round, RULE_LOAD, load->at_limit, true) || !rule_apply(round, RULE_CAPACITY, load->full, true))
		return false;
	if (round->any_hour)
		return true;
	round->off_hours_only = true;
	return rule_apply(round, RULE_OFF_HOURS, load->working, false);
}

/* ---- ranking ---- */

static uint64_t lot_of(uint64_t lead, Id person)
{
	uint64_t half[2];
	memcpy(half, person.byte, sizeof half);
	uint64_t h = (lead ^ half[1] ^ half[0]) * UINT64_C(0xD6E8FEB86659FD93);
	return h ^ h >> 32;
}

static int free_of(const Round *round, int person)
{
	int capacity = round->roster->people[person].capacity, load_max = round->policy->load_max;
	return (capacity < load_max ? capacity : load_max) - round->load->open[person];
}

/* What counts which-th in the policy's order; the larger goes first. */
static int64_t rank_value(const Round *round, int person, int which)
{
	switch (round->policy->rank[which]) {
	case POLICY_RANK_WEIGHT:
		return round->roster->people[person].weight;
	case POLICY_RANK_LOAD:
		return free_of(round, person);
	case POLICY_RANK_IDLE:
		return -round->load->last_at[person];
	}
	return 0;
}

static Candidate candidate_of(const Round *round, int person)
{
	const Person *p = &round->roster->people[person];
	Candidate candidate = {.person = person, .weight = p->weight, .free = free_of(round, person),
		.last_at = round->load->last_at[person], .turn = round->load->turn[person], .lot = lot_of(round->lot, p->id)};
	for (int i = 0; i < round->policy->n_rank; i++)
		candidate.rank[i] = rank_value(round, person, i);
	return candidate;
}

static void idle_fill(Candidate *candidate, int64_t now_ms)
{
	int64_t idle = candidate->last_at ? (now_ms - candidate->last_at) / MINUTE_MS : ASSIGN_IDLE_MAX_MIN;
	candidate->idle_min = idle > ASSIGN_IDLE_MAX_MIN ? ASSIGN_IDLE_MAX_MIN : idle < 0 ? 0 : idle;
}

/* Above 0: a goes before b. Ties: whose turn in this state was longest ago, then the lot. */
static int candidate_compare(const Policy *policy, const Candidate *a, const Candidate *b)
{
	for (int i = 0; i < policy->n_rank; i++)
		if (a->rank[i] != b->rank[i])
			return a->rank[i] > b->rank[i] ? 1 : -1;
	if (a->turn != b->turn)
		return a->turn < b->turn ? 1 : -1;
	return a->lot > b->lot ? 1 : a->lot < b->lot ? -1 : 0;
}

/* Most people of a large pool are turned away here, before anything is put together. */
static bool ranks_behind(const Round *round, int person, const Candidate *last)
{
	for (int i = 0; i < round->policy->n_rank; i++) {
		int64_t value = rank_value(round, person, i);
		if (value != last->rank[i])
			return value < last->rank[i];
	}
	return round->load->turn[person] > last->turn;
}

static void candidate_insert(Decision *d, const Policy *policy, const Candidate *candidate, int max)
{
	int at = d->n_candidates;
	while (at > 0 && candidate_compare(policy, candidate, &d->candidates[at - 1]) > 0)
		at--;
	if (at == max)
		return;
	int moved = (d->n_candidates < max ? d->n_candidates : max - 1) - at;
	memmove(&d->candidates[at + 1], &d->candidates[at], (size_t)moved * sizeof *candidate);
	d->candidates[at] = *candidate;
	if (d->n_candidates < max)
		d->n_candidates++;
}

static void candidates_rank(Round *round)
{
	Decision *d = round->d;
	for (int w = 0; w < round->roster->words; w++)
		d->candidates_all += __builtin_popcountll(round->left[w]);
	int max = d->candidates_all <= ASSIGN_ALL_LISTED ? ASSIGN_ALL_LISTED : ASSIGN_SOME_LISTED;
	for (int w = 0; w < round->roster->words; w++)
		for (PeopleSet rest = round->left[w]; rest; rest &= rest - 1) {
			int person = w * 64 + __builtin_ctzll(rest);
			if (d->n_candidates == max && ranks_behind(round, person, &d->candidates[max - 1]))
				continue;
			Candidate candidate = candidate_of(round, person);
			candidate_insert(d, round->policy, &candidate, max);
		}
	for (int i = 0; i < d->n_candidates; i++)
		idle_fill(&d->candidates[i], round->query->now_ms);
}

/* ---- the pools in order ---- */

static bool pool_try(Round *round, int pool, const PolicyPool *filters)
{
	if (pool < 0 || !pool_filter(round, pool, filters))
		return false;
	candidates_rank(round);
	round->d->owner = round->d->candidates[0].person;
	round->d->pool = pool;
	return true;
}

static const PolicyPool *filters_of(const Round *round, Id pool)
{
	static const PolicyPool all = {.territory = true, .skill = true};
	for (int i = 0; i < round->policy->n_pools; i++)
		if (id_equal(round->policy->pools[i].pool, pool))
			return &round->policy->pools[i];
	return &all;
}

static bool pools_try(Round *round)
{
	const Roster *roster = round->roster;
	int first = round->query->source_pool;
	if (first >= 0 && pool_try(round, first, filters_of(round, roster->pools[first].id)))
		return true;
	for (int i = 0; i < round->policy->n_pools; i++) {
		int pool = roster_pool(roster, round->policy->pools[i].pool);
		if (pool != first && pool_try(round, pool, &round->policy->pools[i]))
			return true;
	}
	return false;
}

/* The people nobody asked because they are in none of these pools. */
static void outsiders_list(Round *round)
{
	for (int w = 0; w < round->roster->words; w++) {
		PeopleSet outside = round->roster->active[w] & ~round->asked[w];
		if (outside)
			dropped_list(round, outside, w, RULE_POOL);
	}
}

static void round_begin(Round *round, PeopleSet *sets, bool any_hour)
{
	size_t words = (size_t)round->roster->words;
	memset(sets, 0, ROUND_SETS * words * sizeof *sets);
	PeopleSet **const named[ROUND_SETS] = {&round->left, &round->held, &round->territory, &round->skill, &round->asked,
		&round->listed};
	for (size_t i = 0; i < ROUND_SETS; i++)
		*named[i] = sets + i * words;
	round->any_hour = any_hour;
	round->wants_skill = false;
	round->furthest = RULE_POOL;
	memcpy(&round->lot, round->query->lead.byte + 8, sizeof round->lot); /* the random half */
	Decision *d = round->d;
	d->owner = d->pool = -1;
	d->n_candidates = d->candidates_all = d->n_dropped = 0;
	memset(d->dropped_by, 0, sizeof d->dropped_by);
	holders_find(round);
	territory_find(round);
	skills_find(round);
}

/* The first pool in which the person wanted is among those who are left. Else all begins anew. */
static bool wanted_try(Round *round, PeopleSet *sets, bool any_hour)
{
	const Roster *roster = round->roster;
	int person = round->query->wanted - 1, first = round->query->source_pool;
	for (int i = first >= 0 ? -1 : 0; person >= 0 && i < round->policy->n_pools; i++) {
		int pool = i < 0 ? first : roster_pool(roster, round->policy->pools[i].pool);
		if (pool < 0 || !pool_filter(round, pool, filters_of(round, roster->pools[pool].id)) ||
		    !(round->left[person / 64] >> (person % 64) & 1))
			continue;
		candidates_rank(round);
		round->d->owner = person;
		round->d->pool = pool;
		return true;
	}
	if (person >= 0)
		round_begin(round, sets, any_hour);
	return false;
}

static void wait_in(Decision *d, Id pool, Rule rule)
{
	d->outcome = ASSIGN_WAIT;
	d->owner = d->pool = -1;
	d->n_candidates = d->candidates_all = 0;
	d->wait_pool = pool;
	d->rule = rule;
}

/* Everybody who fits is off hours: what the policy wants then. */
static void off_hours_decide(Round *round, PeopleSet *sets)
{
	const Policy *policy = round->policy;
	Decision *d = round->d;
	if (policy->out_of_hours == POLICY_TO_POOL) {
		wait_in(d, policy->out_of_hours_pool, RULE_OFF_HOURS);
		return;
	}
	int on_call = roster_person(round->roster, policy->on_call);
	if (policy->out_of_hours == POLICY_ON_CALL && on_call >= 0 && assign_may_have(round->load, round->query, on_call)) {
		d->outcome = ASSIGN_ON_CALL;
		d->owner = on_call;
		return;
	}
	round_begin(round, sets, true);
	if (wanted_try(round, sets, true) || pools_try(round))
		d->outcome = ASSIGN_HELD;
	else
		wait_in(d, policy->fallback_pool, RULE_OFF_HOURS);
}

void assign_decide(const Roster *roster, const Policy *policy, Load *load, const AssignQuery *query, Decision *ret)
{
	load_at(load, query->now_ms);
	Round round = {.roster = roster, .policy = policy, .load = load, .query = query, .d = ret};
	PeopleSet small[ROUND_SETS * 64];
	PeopleSet *sets = roster->words <= 64 ? small : talloc_array(load, PeopleSet, ROUND_SETS * (unsigned)roster->words);
	round_begin(&round, sets, false);
	ret->outcome = ASSIGN_OWNER;
	if (!wanted_try(&round, sets, false) && !pools_try(&round)) {
		if (round.off_hours_only)
			off_hours_decide(&round, sets);
		else
			wait_in(ret, policy->fallback_pool, (Rule)round.furthest);
	}
	outsiders_list(&round);
	if (sets != small)
		talloc_free(sets);
}

bool assign_may_have(const Load *load, const AssignQuery *query, int person)
{
	const Person *p = &load->roster->people[person];
	if (!p->active || roster_is_absent(p, query->now_ms) || roster_is_frozen(p, query->now_ms))
		return false;
	for (int i = 0; i < query->n_holders; i++)
		if (id_equal(query->holders[i], p->id))
			return false;
	return true;
}

/* Each part has its own digits, so that the figure orders as the ranking does. */
int64_t assign_score(const Policy *policy, const Candidate *candidate)
{
	int64_t score = 0;
	for (int i = 0; i < policy->n_rank; i++) {
		switch (policy->rank[i]) {
		case POLICY_RANK_WEIGHT:
			score = score * 1000 + (candidate->weight > 999 ? 999 : candidate->weight < 0 ? 0 : candidate->weight);
			break;
		case POLICY_RANK_LOAD:
			score = score * 1000 + (candidate->free > 999 ? 999 : candidate->free);
			break;
		case POLICY_RANK_IDLE:
			score = score * (ASSIGN_IDLE_MAX_MIN + 1) + candidate->idle_min;
			break;
		}
	}
	return score;
}
