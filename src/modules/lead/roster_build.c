/* Turns rows into a snapshot: sorts, resolves references to indexes, and makes the sets of people that decisions
 * intersect. Pure: no database, no clock. What cannot be understood in a row is left out of the sets, never fatal. */
#include "modules/lead/roster.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "event/calendar.h"
#include "match/match.h"
#include "modules/lead/lead_int.h"

#define HOUSE_ZONE "Asia/Shanghai"
#define TEAM_DEPTH_MAX 32 /* a circle of parents ends here */

static PeopleSet *set_new(Roster *r)
{
	return talloc_zero_array(r, PeopleSet, (unsigned)r->words);
}

/* Everything is sorted by id, which every element begins with. */
static int by_id(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(Id));
}

static int id_find(const void *array, int n, size_t size, Id id)
{
	const char *found = n ? bsearch(&id, array, (size_t)n, size, by_id) : NULL;
	return found ? (int)((size_t)(found - (const char *)array) / size) : -1;
}

int roster_person(const Roster *r, Id id)
{
	return id_find(r->people, r->n_people, sizeof *r->people, id);
}

int roster_team(const Roster *r, Id id)
{
	return id_find(r->teams, r->n_teams, sizeof *r->teams, id);
}

int roster_pool(const Roster *r, Id id)
{
	return id_find(r->pools, r->n_pools, sizeof *r->pools, id);
}

int roster_source(const Roster *r, Id id)
{
	return id_find(r->sources, r->n_sources, sizeof *r->sources, id);
}

/* ---- calendars, teams, people ---- */

static void calendars_build(Roster *r, const RosterRows *rows)
{
	int n = rows->n_calendars;
	r->calendars = talloc_zero_array(r, Calendar, (unsigned)n + 1);
	for (int i = 0; i < n; i++)
		r->calendars[i] = (Calendar){.id = rows->calendars[i].id, .name = talloc_strdup(r, rows->calendars[i].name),
			.zone = talloc_strdup(r, rows->calendars[i].zone ? rows->calendars[i].zone : HOUSE_ZONE),
			.work = talloc_steal(r, rows->calendars[i].work)};
	qsort(r->calendars, (size_t)n, sizeof *r->calendars, by_id);
	/* Ids ascend in time: the house's calendar is the one that was there first. */
	Calendar *house = &r->calendars[n];
	*house = (Calendar){.name = "", .work = n && r->calendars[0].work ? r->calendars[0].work : calendar_default(r)};
	r->zone = n ? r->calendars[0].zone : HOUSE_ZONE;
	r->n_calendars = n + 1;
	for (int i = 0; i <= n; i++) {
		if (!r->calendars[i].work)
			r->calendars[i].work = house->work;
		r->calendars[i].people = set_new(r);
	}
}

static int calendar_find(const Roster *r, Id id)
{
	return id_is_nil(id) ? -1 : id_find(r->calendars, r->n_calendars - 1, sizeof *r->calendars, id);
}

static void teams_build(Roster *r, const RosterRows *rows)
{
	int n = rows->n_teams;
	TeamRow *sorted = talloc_memdup(r, rows->teams, (size_t)n * sizeof *rows->teams);
	if (n)
		qsort(sorted, (size_t)n, sizeof *sorted, by_id);
	r->teams = talloc_zero_array(r, Team, (unsigned)n);
	r->n_teams = n;
	for (int i = 0; i < n; i++)
		r->teams[i].id = sorted[i].id;
	for (int i = 0; i < n; i++) {
		Team *team = &r->teams[i];
		team->name = talloc_strdup(r, sorted[i].name);
		team->head = roster_person(r, sorted[i].head);
		team->deputy = roster_person(r, sorted[i].deputy);
		team->parent = roster_team(r, sorted[i].parent);
		team->calendar = calendar_find(r, sorted[i].calendar);
	}
	talloc_free(sorted);
}

static int person_calendar(const Roster *r, const PersonRow *row, int team)
{
	int calendar = calendar_find(r, row->calendar);
	for (int depth = 0; calendar < 0 && team >= 0 && depth < TEAM_DEPTH_MAX; depth++) {
		calendar = r->teams[team].calendar;
		team = r->teams[team].parent;
	}
	return calendar >= 0 ? calendar : r->n_calendars - 1;
}

static int person_by_id(const void *a, const void *b)
{
	return memcmp(&((const PersonRow *)a)->person.id, &((const PersonRow *)b)->person.id, sizeof(Id));
}

/* First the ids alone, since teams refer to people and people to teams. */
static void people_build(Roster *r, const PersonRow *sorted, int n)
{
	r->people = talloc_zero_array(r, Person, (unsigned)n);
	r->n_people = n;
	for (int i = 0; i < n; i++) {
		r->people[i] = sorted[i].person;
		r->people[i].name = talloc_strdup(r, sorted[i].person.name);
		r->people[i].login = talloc_strdup(r, sorted[i].person.login);
	}
}

static void people_link(Roster *r, const PersonRow *sorted)
{
	r->active = set_new(r);
	for (int i = 0; i < r->n_people; i++) {
		Person *person = &r->people[i];
		person->team = roster_team(r, sorted[i].team);
		person->calendar = person_calendar(r, &sorted[i], person->team);
		people_add(r->calendars[person->calendar].people, i);
		if (person->active)
			people_add(r->active, i);
	}
}

/* ---- pools ---- */

static bool team_is_within(const Roster *r, int team, Id wanted)
{
	for (int depth = 0; team >= 0 && depth < TEAM_DEPTH_MAX; depth++) {
		if (id_equal(r->teams[team].id, wanted))
			return true;
		team = r->teams[team].parent;
	}
	return false;
}

static void pool_team_join(Roster *r, Pool *pool, Id team)
{
	for (int i = 0; i < r->n_people; i++)
		if (team_is_within(r, r->people[i].team, team))
			people_add(pool->members, i);
}

static bool has_salesperson(const Roster *r)
{
	for (int i = 0; i < r->n_people; i++)
		if (r->people[i].role == ROLE_SALESPERSON)
			return true;
	return false;
}

/* A pool that names nobody is for every salesperson - and for whoever there is before the first one came - so that
 * a new house works before anybody set up pools. */
static void pool_join(Roster *r, Pool *pool, const PoolRow *row)
{
	Id id;
	bool named = false;
	for (const char *list = row->members; lead_ids_next(&list, &id); named = true) {
		int person = roster_person(r, id);
		if (person >= 0)
			people_add(pool->members, person);
	}
	for (const char *list = row->teams; lead_ids_next(&list, &id); named = true)
		pool_team_join(r, pool, id);
	bool anybody = !has_salesperson(r);
	for (int i = 0; !named && i < r->n_people; i++)
		if (anybody || r->people[i].role == ROLE_SALESPERSON)
			people_add(pool->members, i);
}

static void pools_build(Roster *r, const RosterRows *rows)
{
	r->n_pools = rows->n_pools;
	r->pools = talloc_zero_array(r, Pool, (unsigned)rows->n_pools);
	for (int i = 0; i < rows->n_pools; i++) {
		Pool *pool = &r->pools[i];
		*pool = (Pool){.id = rows->pools[i].id, .name = talloc_strdup(r, rows->pools[i].name), .members = set_new(r),
			.placed = set_new(r), .claim_limit = rows->pools[i].claim_limit};
		pool_join(r, pool, &rows->pools[i]);
		for (int w = 0; w < r->words; w++) {
			pool->n_members += __builtin_popcountll(pool->members[w]);
			pool->placed[w] = pool->members[w] & ~r->everywhere[w];
			pool->has_territories |= pool->placed[w] != 0;
		}
	}
	if (r->n_pools)
		qsort(r->pools, (size_t)r->n_pools, sizeof *r->pools, by_id);
}

/* ---- territories ---- */

static int region_by_code(const void *a, const void *b)
{
	int32_t x = ((const RegionHolders *)a)->code, y = ((const RegionHolders *)b)->code;
	return (x > y) - (x < y);
}

/* 310000 and 3101xx00 are written both ways: without the zeros a code is as long as its level. */
static int32_t code_trim(int64_t code)
{
	while (code > 99 && code % 100 == 0)
		code /= 100;
	return code > 0 && code <= 999999 ? (int32_t)code : 0;
}

static int32_t code_of_text(const char *text)
{
	char *end;
	long long code = strtoll(text, &end, 10);
	if (end != text && *end == '\0')
		return code_trim(code);
	Region region;
	if (region_find(text, NULL, NULL, &region))
		return region.province;
	if (region_find(NULL, text, NULL, &region))
		return region.city;
	return region_find(NULL, NULL, text, &region) ? region.district : 0;
}

static PeopleSet *region_holders(Roster *r, int32_t code)
{
	for (int i = 0; i < r->n_regions; i++)
		if (r->regions[i].code == code)
			return r->regions[i].people;
	r->regions = talloc_realloc(r, r->regions, RegionHolders, (unsigned)r->n_regions + 1);
	r->regions[r->n_regions] = (RegionHolders){code, set_new(r)};
	return r->regions[r->n_regions++].people;
}

static void set_join(PeopleSet *into, const PeopleSet *from, int words)
{
	for (int w = 0; w < words; w++)
		into[w] |= from[w];
}

static void codes_build(Roster *r, const json_t *codes, const PeopleSet *holders)
{
	size_t n = json_array_size(codes);
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(codes, i);
		int32_t code = json_is_integer(item) ? code_trim(json_integer_value(item))
		             : json_is_string(item)  ? code_of_text(json_string_value(item)) : 0;
		if (code)
			set_join(region_holders(r, code), holders, r->words);
	}
}

/* What is wrong in its form holds nobody: it was refused when it was saved, or is older than that check. */
static void fence_build(Roster *r, const json_t *polygon, PeopleSet *holders)
{
	PolygonFault fault;
	Polygon *shape = polygon ? polygon_parse(r, polygon, &fault) : NULL;
	if (!shape)
		return;
	r->fences = talloc_realloc(r, r->fences, Fence, (unsigned)r->n_fences + 1);
	r->fences[r->n_fences++] = (Fence){shape, holders};
}

static json_t *list_parse(TALLOC_CTX *ctx, const char *text)
{
	JsonFault fault;
	return text ? json_parse(ctx, text, strlen(text), &fault) : NULL;
}

/* An id of a list with the person who holds it: turns "who has what" around. */
typedef struct {
	Id id;
	int person;
} Holding;

static int holding_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(Id));
}

static Holding *holdings_of(Roster *r, const PersonRow *sorted, bool skills, int *ret_n)
{
	Holding *all = NULL;
	int n = 0, room = 0;
	for (int i = 0; i < r->n_people; i++) {
		Id id;
		for (const char *list = skills ? sorted[i].skills : sorted[i].territories; lead_ids_next(&list, &id);) {
			if (n == room)
				all = talloc_realloc(r, all, Holding, (unsigned)(room = room * 2 + 64));
			all[n++] = (Holding){id, i};
		}
	}
	if (n)
		qsort(all, (size_t)n, sizeof *all, holding_order);
	*ret_n = n;
	return all;
}

static PeopleSet *holders_of(Roster *r, const Holding *all, int n, Id id)
{
	PeopleSet *set = set_new(r);
	int low = 0, high = n;
	while (low < high) {
		int middle = (low + high) / 2;
		if (memcmp(&all[middle].id, &id, sizeof id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < n && id_equal(all[low].id, id); low++)
		people_add(set, all[low].person);
	return set;
}

static void territories_build(Roster *r, const RosterRows *rows, const PersonRow *sorted)
{
	int n;
	Holding *all = holdings_of(r, sorted, false, &n);
	PeopleSet *placed = set_new(r);
	for (int i = 0; i < n; i++) /* also by a territory that is in the bin: that must not make somebody fit everywhere */
		people_add(placed, all[i].person);
	for (int i = 0; i < rows->n_territories; i++) {
		PeopleSet *holders = holders_of(r, all, n, rows->territories[i].id);
		TALLOC_CTX *scratch = talloc_new(r);
		codes_build(r, list_parse(scratch, rows->territories[i].codes), holders);
		fence_build(r, list_parse(scratch, rows->territories[i].polygon), holders);
		talloc_free(scratch);
	}
	if (r->n_regions)
		qsort(r->regions, (size_t)r->n_regions, sizeof *r->regions, region_by_code);
	r->everywhere = set_new(r);
	for (int i = 0; i < r->n_people; i++)
		if (!people_has(placed, i))
			people_add(r->everywhere, i);
	talloc_free(all);
}

/* ---- skills ---- */

static int keyword_head(const char *text)
{
	return (unsigned char)text[0] << 8 | (unsigned char)text[1];
}

static int keyword_order(const void *a, const void *b)
{
	return keyword_head(((const Keyword *)a)->text) - keyword_head(((const Keyword *)b)->text);
}

/* A word of one byte would be found everywhere. */
static void keyword_add(Roster *r, const char *text, int skill)
{
	char *word = text ? g_strstrip(talloc_strdup(r, text)) : NULL;
	size_t len = word ? strlen(word) : 0;
	if (len < 2 || len > 200)
		return;
	for (size_t i = 0; i < len; i++)
		word[i] = g_ascii_tolower(word[i]);
	r->keywords = talloc_realloc(r, r->keywords, Keyword, (unsigned)r->n_keywords + 1);
	r->keywords[r->n_keywords++] = (Keyword){word, (int)len, skill};
	int head = keyword_head(word);
	r->keyword_heads[head >> 3] |= (uint8_t)(1 << (head & 7));
}

static void keywords_build(Roster *r, const SkillRow *row, int skill)
{
	TALLOC_CTX *scratch = talloc_new(r);
	const json_t *words = list_parse(scratch, row->keywords);
	size_t n = json_array_size(words);
	for (size_t i = 0; i < n; i++)
		keyword_add(r, json_string_value(json_array_get(words, i)), skill);
	if (n == 0)
		keyword_add(r, row->name, skill);
	talloc_free(scratch);
}

static void skills_build(Roster *r, const RosterRows *rows, const PersonRow *sorted)
{
	int n;
	Holding *all = holdings_of(r, sorted, true, &n);
	r->keyword_heads = talloc_zero_array(r, uint8_t, ROSTER_KEYWORD_HEADS / 8);
	r->skills = talloc_zero_array(r, Skill, (unsigned)rows->n_skills);
	r->n_skills = rows->n_skills;
	for (int i = 0; i < rows->n_skills; i++) {
		const SkillRow *row = &rows->skills[i];
		r->skills[i] = (Skill){row->id, talloc_strdup(r, row->name), holders_of(r, all, n, row->id)};
		keywords_build(r, row, i);
	}
	if (r->n_keywords)
		qsort(r->keywords, (size_t)r->n_keywords, sizeof *r->keywords, keyword_order);
	talloc_free(all);
}

static void sources_build(Roster *r, const RosterRows *rows)
{
	r->n_sources = rows->n_sources;
	r->sources = talloc_array(r, Source, (unsigned)rows->n_sources);
	for (int i = 0; i < rows->n_sources; i++) {
		r->sources[i] = rows->sources[i];
		r->sources[i].name = talloc_strdup(r, rows->sources[i].name);
		r->sources[i].key = talloc_strdup(r, rows->sources[i].key);
		r->sources[i].grade = talloc_strdup(r, rows->sources[i].grade);
	}
	if (r->n_sources)
		qsort(r->sources, (size_t)r->n_sources, sizeof *r->sources, by_id);
}

Roster *roster_build(const RosterRows *rows)
{
	Roster *r = talloc_zero(NULL, Roster);
	r->references = 1;
	r->version = rows->version;
	r->policy = rows->policy;
	r->has_policy = rows->has_policy;
	r->words = rows->n_people / 64 + 1;
	PersonRow *sorted = talloc_memdup(r, rows->people, (size_t)rows->n_people * sizeof *rows->people);
	if (rows->n_people)
		qsort(sorted, (size_t)rows->n_people, sizeof *sorted, person_by_id);
	calendars_build(r, rows);
	people_build(r, sorted, rows->n_people);
	teams_build(r, rows);
	people_link(r, sorted);
	territories_build(r, rows, sorted);
	skills_build(r, rows, sorted);
	pools_build(r, rows);
	sources_build(r, rows);
	talloc_free(sorted);
	return r;
}
