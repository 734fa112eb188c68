/* The decision alone: each rule by itself, the policies for off hours, and the whole against a slow oracle that
 * asks person by person. */
#include <string.h>

#include "base/check.h"
#include "event/calendar.h"
#include "modules/lead/assign.h"

#define MONDAY_10 INT64_C(1795399200000) /* 2026-11-23 10:00 in Shanghai */
#define PEOPLE_MAX 200
#define OFFICE "{\"mon\":[[\"09:00\",\"18:00\"]],\"tue\":[[\"09:00\",\"18:00\"]],\"wed\":[[\"09:00\",\"18:00\"]]," \
	"\"thu\":[[\"09:00\",\"18:00\"]],\"fri\":[[\"09:00\",\"18:00\"]]}"
#define LATE "{\"mon\":[[\"18:00\",\"26:00\"]],\"tue\":[[\"18:00\",\"26:00\"]],\"wed\":[[\"18:00\",\"26:00\"]]," \
	"\"thu\":[[\"18:00\",\"26:00\"]],\"fri\":[[\"18:00\",\"26:00\"]]}"

static Id id_of(uint8_t kind, int n)
{
	return (Id){{kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (uint8_t)(n >> 8), (uint8_t)n}};
}

static const char *list_of(TALLOC_CTX *ctx, Id id)
{
	char text[ID_TEXT_SIZE];
	return talloc_asprintf(ctx, "[\"%s\"]", id_text(id, text));
}

enum { PERSON = 1, TEAM, POOL, TERRITORY, SKILL, CALENDAR };

/* A company to be changed before it is built. */
typedef struct {
	TALLOC_CTX *ctx;
	RosterRows rows;
	Roster *roster;
	Load *load;
	AssignQuery query;
	Decision d;
} Company;

static WorkTime *work(TALLOC_CTX *ctx, const char *week)
{
	CalendarFault fault;
	CalendarText text = {.week = week};
	return calendar_parse(ctx, &text, &fault);
}

/* n people in one team and one pool, all alike; territories 0: Shanghai (31), 1: Hangzhou (3301), 2: Pudong
 * (310115); skills 0: erp, 1: 云服务. */
static Company *company_new(int n)
{
	static const char *const codes[] = {"[31]", "[\"3301\"]", "[310115]"};
	static const char *const words[] = {"[\"ERP\",\"进销存\"]", "[\"云服务\"]"};
	TALLOC_CTX *ctx = talloc_new(NULL);
	Company *company = talloc_zero(ctx, Company);
	RosterRows *rows = &company->rows;
	company->ctx = ctx;
	rows->people = talloc_zero_array(ctx, PersonRow, PEOPLE_MAX);
	for (rows->n_people = 0; rows->n_people < n; rows->n_people++)
		rows->people[rows->n_people] = (PersonRow){.team = id_of(TEAM, 0), .person = {.id = id_of(PERSON,
		rows->n_people), .name = "p",
			.login = "p", .role = ROLE_SALESPERSON, .active = true, .weight = 10, .capacity = 3}};
	rows->teams = talloc_zero_array(ctx, TeamRow, 1);
	rows->teams[0] = (TeamRow){.id = id_of(TEAM, 0), .name = "team"};
	rows->n_teams = 1;
	rows->pools = talloc_zero_array(ctx, PoolRow, 3);
	rows->pools[0] = (PoolRow){.id = id_of(POOL, 0), .name = "pool"};
	rows->n_pools = 1;
	rows->territories = talloc_zero_array(ctx, TerritoryRow, 3);
	for (; rows->n_territories < 3; rows->n_territories++)
		rows->territories[rows->n_territories] = (TerritoryRow){id_of(TERRITORY, rows->n_territories),
		codes[rows->n_territories], NULL};
	rows->skills = talloc_zero_array(ctx, SkillRow, 2);
	for (; rows->n_skills < 2; rows->n_skills++)
		rows->skills[rows->n_skills] = (SkillRow){id_of(SKILL, rows->n_skills), "skill", words[rows->n_skills]};
	rows->calendars = talloc_zero_array(ctx, CalendarRow, 2);
	rows->calendars[0] = (CalendarRow){id_of(CALENDAR, 0), "office", "Asia/Shanghai", work(ctx, OFFICE)};
	rows->calendars[1] = (CalendarRow){id_of(CALENDAR, 1), "late", "Asia/Shanghai", work(ctx, LATE)};
	rows->n_calendars = 2;
	rows->policy = policy_default(id_of(POOL, 0));
	rows->has_policy = true;
	company->query = (AssignQuery){.lead = id_of(9, 1), .source_pool = -1, .now_ms = MONDAY_10};
	return company;
}

static const Decision *decide(Company *company)
{
	if (!company->roster) {
		company->roster = roster_build(&company->rows);
		company->load = load_new(company->ctx, company->roster);
	}
	assign_decide(company->roster, &company->roster->policy, company->load, &company->query, &company->d);
	return &company->d;
}

static void company_free(Company *company)
{
	roster_release(company->roster);
	talloc_free(company->ctx);
}

static int dropped_by(const Decision *d, int person)
{
	for (int i = 0; i < d->n_dropped; i++)
		if (d->dropped[i].person == person)
			return (int)d->dropped[i].rule;
	return -1;
}

/* One of two people is made unfit; the other must get the lead and the first be dropped by that rule. */
static void expect_dropped(Company *company, int person, Rule rule)
{
	const Decision *d = decide(company);
	CHECK_INT(d->outcome, ASSIGN_OWNER);
	CHECK_INT(d->owner, 1 - person);
	CHECK_INT(dropped_by(d, person), rule);
	CHECK_INT(d->dropped_by[rule], 1);
	company_free(company);
}

TEST(assign, skips_who_is_inactive)
{
	Company *company = company_new(2);
	company->rows.people[0].person.active = false;
	expect_dropped(company, 0, RULE_INACTIVE);
}

TEST(assign, skips_who_is_absent)
{
	Company *company = company_new(2);
	company->rows.people[1].person.absent = true;
	expect_dropped(company, 1, RULE_ABSENT);
}

TEST(assign, an_absence_that_is_over_does_not_count)
{
	Company *company = company_new(1);
	company->rows.people[0].person.absent = true;
	company->rows.people[0].person.absent_until = MONDAY_10;
	CHECK_INT(decide(company)->owner, 0);
	company->query.now_ms = MONDAY_10 - 1;
	CHECK_INT(decide(company)->outcome, ASSIGN_WAIT);
	CHECK_INT(company->d.rule, RULE_ABSENT);
	company_free(company);
}

TEST(assign, skips_who_is_frozen)
{
	Company *company = company_new(2);
	company->rows.people[0].person.frozen_until = MONDAY_10 + 1;
	expect_dropped(company, 0, RULE_FROZEN);
}

TEST(assign, skips_who_held_it)
{
	Company *company = company_new(2);
	Id holder = id_of(PERSON, 1);
	company->query.holders = &holder;
	company->query.n_holders = 1;
	expect_dropped(company, 1, RULE_HELD_BEFORE);
}

TEST(assign, skips_whose_hands_are_full)
{
	Company *company = company_new(2);
	(void)decide(company);
	load_set(company->load, 0, 3);
	expect_dropped(company, 0, RULE_LOAD);
}

TEST(assign, skips_who_reached_the_own_capacity)
{
	Company *company = company_new(2);
	company->rows.people[0].person.capacity = 1;
	(void)decide(company);
	load_set(company->load, 0, 1);
	expect_dropped(company, 0, RULE_CAPACITY);
}

TEST(assign, skips_who_is_off_hours_while_somebody_works)
{
	Company *company = company_new(2);
	company->rows.people[0].calendar = id_of(CALENDAR, 1);
	expect_dropped(company, 0, RULE_OFF_HOURS);
}

TEST(assign, asks_whose_territory_it_is)
{
	Company *company = company_new(2);
	company->rows.people[0].territories = list_of(company->ctx, id_of(TERRITORY, 0));
	company->rows.people[1].territories = list_of(company->ctx, id_of(TERRITORY, 1));
	company->query.region = 310115; /* a district of Shanghai */
	CHECK_INT(decide(company)->owner, 0);
	company->query.region = 3301;
	expect_dropped(company, 0, RULE_TERRITORY);
}

TEST(assign, a_finer_territory_does_not_hold_the_whole_city)
{
	Company *company = company_new(2);
	company->rows.people[0].territories = list_of(company->ctx, id_of(TERRITORY, 2));
	company->rows.people[1].territories = list_of(company->ctx, id_of(TERRITORY, 0));
	company->query.region = 3101;
	expect_dropped(company, 0, RULE_TERRITORY);
}

/* F4 */
TEST(assign, a_lead_without_the_demanded_level_fits_nobody)
{
	Company *company = company_new(2);
	for (int i = 0; i < 2; i++)
		company->rows.people[i].territories = list_of(company->ctx, id_of(TERRITORY, 0));
	company->rows.policy.territory_by = POLICY_PROVINCE | POLICY_DISTRICT;
	company->query.region = 3101;
	CHECK_INT(decide(company)->outcome, ASSIGN_WAIT);
	CHECK_INT(company->d.rule, RULE_TERRITORY);
	CHECK(id_equal(company->d.wait_pool, id_of(POOL, 0)));
	CHECK_INT(company->d.dropped_by[RULE_TERRITORY], 2);
	company->query.region = 310115;
	CHECK_INT(decide(company)->outcome, ASSIGN_OWNER);
	company_free(company);
}

TEST(assign, who_has_no_territory_takes_all_regions_if_the_policy_says_so)
{
	Company *company = company_new(2);
	company->rows.people[0].territories = list_of(company->ctx, id_of(TERRITORY, 1));
	company->query.region = 4403;
	CHECK_INT(decide(company)->owner, 1);
	company->roster->policy.everywhere = false;
	CHECK_INT(decide(company)->outcome, ASSIGN_WAIT);
	company_free(company);
}

TEST(assign, without_territories_nobody_is_asked_for_one)
{
	Company *company = company_new(1);
	CHECK_INT(decide(company)->owner, 0);
	company_free(company);
}

TEST(assign, a_fence_holds_the_point)
{
	Company *company = company_new(2);
	company->rows.territories[0] = (TerritoryRow){id_of(TERRITORY, 0), NULL,
		"[[121.0,31.0],[122.0,31.0],[122.0,32.0],[121.0,32.0]]"};
	company->rows.people[0].territories = list_of(company->ctx, id_of(TERRITORY, 0));
	company->rows.people[1].territories = list_of(company->ctx, id_of(TERRITORY, 1));
	company->query.has_point = true;
	company->query.lon = 121.47;
	company->query.lat = 31.23;
	CHECK_INT(decide(company)->owner, 0);
	company->query.lon = 120.1;
	CHECK_INT(decide(company)->outcome, ASSIGN_WAIT);
	company_free(company);
}

TEST(assign, asks_for_the_skill_the_words_name)
{
	Company *company = company_new(2);
	company->rows.people[0].skills = list_of(company->ctx, id_of(SKILL, 0));
	company->rows.people[1].skills = list_of(company->ctx, id_of(SKILL, 1));
	company->query.texts[0] = "我们想上一套erp系统";
	CHECK_INT(decide(company)->owner, 0);
	company->query.texts[0] = NULL;
	company->query.texts[2] = "{\"need\":\"云服务\"}";
	expect_dropped(company, 0, RULE_SKILL);
}

TEST(assign, a_skill_that_nobody_has_makes_it_wait)
{
	Company *company = company_new(1);
	company->query.texts[0] = "云服务";
	CHECK_INT(decide(company)->outcome, ASSIGN_WAIT);
	CHECK_INT(company->d.rule, RULE_SKILL);
	company->roster->policy.pools[0].skill = false;
	CHECK_INT(decide(company)->outcome, ASSIGN_OWNER);
	company_free(company);
}

TEST(assign, a_larger_weight_goes_first_then_less_load_then_the_longest_wait)
{
	Company *company = company_new(3);
	company->rows.people[2].person.weight = 11;
	CHECK_INT(decide(company)->owner, 2);
	CHECK_INT(company->d.candidates[0].person, 2);
	CHECK(assign_score(&company->roster->policy, &company->d.candidates[0]) >
		assign_score(&company->roster->policy, &company->d.candidates[1]));
	company->roster->people[2].weight = 10;
	load_set(company->load, 0, 1);
	load_set(company->load, 2, 1);
	CHECK_INT(decide(company)->owner, 1);
	load_set(company->load, 1, 1);
	company->load->last_at[0] = MONDAY_10 - 10 * MINUTE_MS;
	company->load->last_at[1] = MONDAY_10 - 30 * MINUTE_MS;
	company->load->last_at[2] = MONDAY_10 - 20 * MINUTE_MS;
	CHECK_INT(decide(company)->owner, 1);
	CHECK_INT(company->d.candidates[0].idle_min, 30);
	company->roster->policy.rank[0] = POLICY_RANK_IDLE;
	company->roster->policy.n_rank = 1;
	load_set(company->load, 1, 2);
	CHECK_INT(decide(company)->owner, 1);
	company_free(company);
}

TEST(assign, equals_take_turns)
{
	Company *company = company_new(4);
	int got[4] = {0};
	for (int i = 0; i < 8; i++) {
		company->query.lead = id_of(9, i);
		int owner = decide(company)->owner;
		got[owner]++;
		load_take(company->load, owner, MONDAY_10);
	}
	for (int i = 0; i < 4; i++)
		CHECK_INT(got[i], 2);
	company_free(company);
}

TEST(assign, pools_are_asked_in_order_and_the_source_names_the_first)
{
	Company *company = company_new(3);
	RosterRows *rows = &company->rows;
	for (int i = 0; i < 3; i++)
		rows->pools[i] = (PoolRow){.id = id_of(POOL, i), .name = "pool", .members = list_of(company->ctx, id_of(PERSON,
		i))};
	rows->n_pools = 3;
	rows->policy.pools[1] = (PolicyPool){id_of(POOL, 1), true, true};
	rows->policy.n_pools = 2;
	CHECK_INT(decide(company)->owner, 0);
	CHECK_INT(dropped_by(&company->d, 2), RULE_POOL);
	load_set(company->load, 0, 3);
	CHECK_INT(decide(company)->owner, 1);
	CHECK_INT(company->d.pool, 1);
	company->query.source_pool = 2;
	CHECK_INT(decide(company)->owner, 2);
	company_free(company);
}

TEST(assign, sub_teams_belong_to_the_pool_of_their_team)
{
	Company *company = company_new(2);
	RosterRows *rows = &company->rows;
	rows->teams = talloc_zero_array(company->ctx, TeamRow, 2);
	rows->teams[0] = (TeamRow){.id = id_of(TEAM, 0), .name = "below", .parent = id_of(TEAM, 1)};
	rows->teams[1] = (TeamRow){.id = id_of(TEAM, 1), .name = "above"};
	rows->n_teams = 2;
	rows->people[1].team = ID_NIL;
	rows->pools[0].teams = list_of(company->ctx, id_of(TEAM, 1));
	CHECK_INT(decide(company)->owner, 0);
	CHECK_INT(company->d.candidates_all, 1);
	company_free(company);
}

/* ---- off hours ---- */

static Company *night_company(void)
{
	Company *company = company_new(2);
	company->query.now_ms = MONDAY_10 + 12 * HOUR_MS; /* Monday 22:00, office hours only */
	return company;
}

TEST(assign, off_hours_holds_by_default)
{
	Company *company = night_company();
	CHECK_INT(decide(company)->outcome, ASSIGN_HELD);
	CHECK(company->d.owner >= 0);
	CHECK_INT(company->d.n_dropped, 0);
	company_free(company);
}

TEST(assign, off_hours_may_go_to_the_person_on_call)
{
	Company *company = night_company();
	company->rows.policy.out_of_hours = POLICY_ON_CALL;
	company->rows.policy.on_call = id_of(PERSON, 1);
	CHECK_INT(decide(company)->outcome, ASSIGN_ON_CALL);
	CHECK_INT(company->d.owner, 1);
	company->roster->people[1].active = false;
	CHECK_INT(decide(company)->outcome, ASSIGN_HELD); /* nobody is on call: it is held */
	company_free(company);
}

TEST(assign, off_hours_may_go_to_a_pool)
{
	Company *company = night_company();
	company->rows.policy.out_of_hours = POLICY_TO_POOL;
	company->rows.policy.out_of_hours_pool = id_of(POOL, 0);
	CHECK_INT(decide(company)->outcome, ASSIGN_WAIT);
	CHECK_INT(company->d.rule, RULE_OFF_HOURS);
	company_free(company);
}

TEST(assign, the_night_shift_works_past_midnight)
{
	Company *company = night_company();
	company->rows.people[1].calendar = id_of(CALENDAR, 1);
	company->query.now_ms = MONDAY_10 + 15 * HOUR_MS + 30 * MINUTE_MS; /* Tuesday 01:30 */
	CHECK_INT(decide(company)->outcome, ASSIGN_OWNER);
	CHECK_INT(company->d.owner, 1);
	company->query.now_ms += HOUR_MS;
	CHECK_INT(decide(company)->outcome, ASSIGN_HELD);
	company_free(company);
}

/* ---- supervisors ---- */

TEST(assign, the_supervisor_is_head_deputy_parent_head_administrator)
{
	Company *company = company_new(5);
	RosterRows *rows = &company->rows;
	rows->teams = talloc_zero_array(company->ctx, TeamRow, 2);
	rows->teams[0] = (TeamRow){.id = id_of(TEAM, 0), .name = "t", .head = id_of(PERSON, 1), .deputy = id_of(PERSON, 2),
		.parent = id_of(TEAM, 1)};
	rows->teams[1] = (TeamRow){.id = id_of(TEAM, 1), .name = "u", .head = id_of(PERSON, 3)};
	rows->n_teams = 2;
	rows->people[4].person.role = ROLE_ADMINISTRATOR;
	(void)decide(company);
	Roster *r = company->roster;
	CHECK_INT(roster_supervisor(r, 0, -1, MONDAY_10), 1);
	CHECK_INT(roster_supervisor(r, 1, -1, MONDAY_10), 2); /* nobody is his own supervisor */
	r->people[1].active = false;
	CHECK_INT(roster_supervisor(r, 0, -1, MONDAY_10), 2);
	r->people[2].absent = true;
	CHECK_INT(roster_supervisor(r, 0, -1, MONDAY_10), 3);
	r->people[3].absent = true;
	CHECK_INT(roster_supervisor(r, 0, -1, MONDAY_10), 4);
	company_free(company);
}

TEST(assign, the_working_day_of_a_night_shift_ends_with_the_shift)
{
	Company *company = company_new(2);
	company->rows.people[1].calendar = id_of(CALENDAR, 1);
	(void)decide(company);
	int64_t midnight = MONDAY_10 + 14 * HOUR_MS;
	CHECK_INT(roster_day_end(company->roster, 0, MONDAY_10), midnight);
	CHECK_INT(roster_day_end(company->roster, 1, midnight - HOUR_MS), midnight + 2 * HOUR_MS);
	company_free(company);
}

/* ---- against the oracle ---- */

static uint64_t dice_state = 88172645463325252u;

static int dice(int n)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 7;
	dice_state ^= dice_state << 17;
	return (int)(dice_state % (uint64_t)n);
}

static bool text_has(const AssignQuery *q, const char *word)
{
	return q->texts[0] && strstr(q->texts[0], word);
}

static bool held_by(const AssignQuery *q, Id person)
{
	for (int i = 0; i < q->n_holders; i++)
		if (id_equal(q->holders[i], person))
			return true;
	return false;
}

/* The first rule that takes this person out, RULE_COUNT if none; asked from the rows, not from the sets. */
static Rule oracle_rule(const Company *company, int person, bool any_hour, bool placed_pool)
{
	const PersonRow *row = &company->rows.people[person];
	const Policy *policy = &company->rows.policy;
	const AssignQuery *q = &company->query;
	int territory = -1;
	for (int t = 0; t < 3; t++)
		if (row->territories && strcmp(row->territories, list_of(company->ctx, id_of(TERRITORY, t))) == 0)
			territory = t;
	int64_t now = q->now_ms;
	if (!row->person.active)
		return RULE_INACTIVE;
	if (row->person.absent)
		return RULE_ABSENT;
	if (row->person.frozen_until > now)
		return RULE_FROZEN;
	if (held_by(q, row->person.id))
		return RULE_HELD_BEFORE;
	int need = policy->territory_by & POLICY_DISTRICT ? 3 : policy->territory_by & POLICY_CITY ? 2 : 1;
	int have = q->region > 9999 ? 3 : q->region > 99 ? 2 : q->region > 0 ? 1 : 0;
	bool in = have >= need && (territory < 0 ? policy->everywhere
	        : territory == 0 ? q->region == 31 || q->region / 100 == 31 || q->region / 10000 == 31
	        : territory == 1 ? q->region == 3301 || q->region / 100 == 3301 : q->region == 310115);
	if (policy->pools[0].territory && placed_pool && !in)
		return RULE_TERRITORY;
	bool wants_erp = text_has(q, "ERP") || text_has(q, "erp"), wants_cloud = text_has(q, "云服务");
	bool erp = row->skills && strcmp(row->skills, list_of(company->ctx, id_of(SKILL, 0))) == 0;
	bool cloud = row->skills && strcmp(row->skills, list_of(company->ctx, id_of(SKILL, 1))) == 0;
	if (policy->pools[0].skill && (wants_erp || wants_cloud) && !((wants_erp && erp) || (wants_cloud && cloud)))
		return RULE_SKILL;
	if (company->load->open[person] >= policy->load_max)
		return RULE_LOAD;
	if (company->load->open[person] >= row->person.capacity)
		return RULE_CAPACITY;
	bool late = id_equal(row->calendar, id_of(CALENDAR, 1));
	int hour = (int)((now - MONDAY_10) / HOUR_MS) + 10; /* of Monday */
	if (!any_hour && !(late ? hour >= 18 && hour < 26 : hour >= 9 && hour < 18))
		return RULE_OFF_HOURS;
	return RULE_COUNT;
}

/* Above 0: a is better. Not decided by what only a lot decides. */
static int oracle_compare(const Company *company, int a, int b)
{
	const Load *load = company->load;
	const Person *x = &company->rows.people[a].person, *y = &company->rows.people[b].person;
	int max = company->rows.policy.load_max;
	int fx = (x->capacity < max ? x->capacity : max) - load->open[a], fy = (y->capacity < max ? y->capacity
		: max) - load->open[b];
	if (x->weight != y->weight)
		return x->weight - y->weight;
	if (fx != fy)
		return fx - fy;
	if (load->last_at[a] != load->last_at[b])
		return load->last_at[a] < load->last_at[b] ? 1 : -1;
	return load->turn[a] == load->turn[b] ? 0 : load->turn[a] < load->turn[b] ? 1 : -1;
}

static Company *random_company(void)
{
	Company *company = company_new(1 + dice(dice(4) ? 40 : 180));
	for (int i = 0; i < company->rows.n_people; i++) {
		PersonRow *row = &company->rows.people[i];
		row->person.active = dice(10) > 0;
		row->person.absent = dice(10) == 0;
		row->person.frozen_until = dice(10) == 0 ? MONDAY_10 + dice(20) * HOUR_MS : 0;
		row->person.weight = 9 + dice(3);
		row->person.capacity = 1 + dice(4);
		if (dice(3))
			row->territories = list_of(company->ctx, id_of(TERRITORY, dice(3)));
		if (dice(2))
			row->skills = list_of(company->ctx, id_of(SKILL, dice(2)));
		row->calendar = dice(2) ? id_of(CALENDAR, dice(2)) : ID_NIL;
	}
	Policy *policy = &company->rows.policy;
	policy->territory_by = dice(4) == 0 ? POLICY_PROVINCE | POLICY_DISTRICT : dice(2) ? POLICY_PROVINCE | POLICY_CITY
		: POLICY_PROVINCE;
	policy->everywhere = dice(3) > 0;
	policy->pools[0].territory = dice(4) > 0;
	policy->pools[0].skill = dice(4) > 0;
	return company;
}

static void random_query(Company *company, Id *holders)
{
	static const int32_t regions[] = {0, 31, 3101, 310115, 310104, 33, 3301, 330106, 4403};
	static const char *const texts[] = {NULL, "询价", "需要ERP", "用erp和云服务", "云服务报价"};
	static const int hours[] = {0, 4, 9, 12, 15};
	AssignQuery *q = &company->query;
	q->lead = id_of(9, dice(60000));
	q->region = regions[dice(ARRAY_LEN(regions))];
	q->texts[0] = texts[dice(ARRAY_LEN(texts))];
	q->now_ms = MONDAY_10 + hours[dice(ARRAY_LEN(hours))] * HOUR_MS;
	q->holders = holders;
	q->n_holders = dice(3);
	for (int i = 0; i < q->n_holders; i++)
		holders[i] = id_of(PERSON, dice(company->rows.n_people));
}

static void expect_oracle(Company *company)
{
	const Decision *d = decide(company);
	int n = company->rows.n_people, best = -1, best_any = -1, counts[RULE_COUNT] = {0}, counts_any[RULE_COUNT] = {0};
	bool placed_pool = false;
	for (int i = 0; i < n; i++)
		placed_pool |= company->rows.people[i].territories != NULL;
	for (int i = 0; i < n; i++) {
		Rule rule = oracle_rule(company, i, false, placed_pool), any = oracle_rule(company, i, true, placed_pool);
		if (rule == RULE_COUNT && (best < 0 || oracle_compare(company, i, best) > 0))
			best = i;
		if (any == RULE_COUNT && (best_any < 0 || oracle_compare(company, i, best_any) > 0))
			best_any = i;
		if (rule < RULE_COUNT)
			counts[rule]++;
		if (any < RULE_COUNT)
			counts_any[any]++;
	}
	CHECK_INT(d->outcome, best >= 0 ? ASSIGN_OWNER : best_any >= 0 ? ASSIGN_HELD : ASSIGN_WAIT);
	int expected = best >= 0 ? best : best_any;
	if (expected >= 0)
		CHECK_INT(oracle_compare(company, expected, d->owner), 0);
	const int *want = d->outcome == ASSIGN_HELD ? counts_any : counts;
	for (int rule = 0; rule < RULE_COUNT; rule++)
		CHECK_INT(d->dropped_by[rule], want[rule]);
	if (d->owner >= 0)
		load_take(company->load, d->owner, company->query.now_ms);
}

TEST(assign, agrees_with_a_slow_oracle)
{
	for (int round = 0; round < 300; round++) {
		Company *company = random_company();
		Id holders[3];
		for (int i = 0; i < 20; i++) {
			random_query(company, holders);
			expect_oracle(company);
		}
		company_free(company);
	}
}

TEST(assign, the_same_question_gets_the_same_answer)
{
	for (int round = 0; round < 50; round++) {
		Company *company = random_company();
		Id holders[3];
		random_query(company, holders);
		Decision first = *decide(company);
		const Decision *again = decide(company);
		CHECK_INT(first.owner, again->owner);
		CHECK_INT(first.outcome, again->outcome);
		company_free(company);
	}
}
