/* What would this policy have done with the last leads (F4)? Runs the decision on copies, in the order and at the
 * times the leads really came, and sets it beside what was really done. Reads, computes, writes nothing. */
#include <stdlib.h>
#include <string.h>

#include "modules/lead/pooled.h"

#define REPLAY_LEADS 1000
#define SAMPLES_MAX 20
#define RETURNS_MAX 10000
#define WARN_SHARE 10 /* per cent points more without an owner than there were: worth a warning */

/* A copy of what a decision needs of a lead, and what was and would be done. */
typedef struct {
	AssignQuery query;
	const char *name, *city, *district;
	int64_t touched_at;
	int before, after;  /* people, -1: nobody */
	Rule rule;          /* after -1: why */
	bool lacks_region;
} Case;

typedef struct {
	const Roster *roster;
	Policy policy;
	Case *cases;
	int n;
	int64_t took_us;
	int dropped_by[RULE_COUNT], waits_by[RULE_COUNT];
	int64_t account_returns; /* customers that it would, likewise */
	int64_t returns; /* leads that the policy would send back to their pools at once, counted up to RETURNS_MAX */
} Replay;

/* ---- reading ---- */

static const char *copied(Call *c, const Rows *rows, int column)
{
	const char *text = rows_text(rows, column);
	return text ? talloc_strdup(c, text) : NULL;
}

/* Whom the policy chose at first; leads that came without a decision (imports) count with their owner. */
static int cases_read(Call *c, Replay *replay)
{
	ROWS rows = NULL;
	int r = db_query(c->tx, &rows,
		"SELECT l.id, l.created_at, l.region, l.message, l.company, l.extra, l.longitude, l.latitude, "
		"l.source, l.name, l.city, l.district, l.first_touch_at, "
		"COALESCE((SELECT a.owner FROM assignment a WHERE a.lead = l.id "
		"ORDER BY a.lead_version, a.id LIMIT 1), CASE WHEN l.waiting_since IS NULL THEN l.owner END) "
		"FROM lead l WHERE l.deleted_at IS NULL "
		"ORDER BY l.created_at DESC LIMIT $1", value_int(REPLAY_LEADS));
	if (r < 0)
		return r;
	replay->cases = talloc_zero_array(c, Case, REPLAY_LEADS);
	while (rows_next(rows) && replay->n < REPLAY_LEADS) {
		Case *one = &replay->cases[replay->n++];
		one->query = (AssignQuery){.lead = rows_id(rows, 0), .now_ms = rows_int(rows, 1),
			.region = (int32_t)rows_int(rows, 2),
			.texts = {copied(c, rows, 3), copied(c, rows, 4), copied(c, rows, 5)},
			.source_pool = place_source_pool(replay->roster, rows_id(rows, 8))};
		Value lon = rows_value(rows, 6, VALUE_DECIMAL, 6), lat = rows_value(rows, 7, VALUE_DECIMAL, 6);
		place_point(replay->roster, &one->query, &lon, &lat);
		one->name = copied(c, rows, 9);
		one->city = copied(c, rows, 10);
		one->district = copied(c, rows, 11);
		one->touched_at = rows_int(rows, 12);
		one->before = roster_person(replay->roster, rows_id(rows, 13));
	}
	return rows_error(rows);
}

static int replay_read(Call *c, void *arg)
{
	Replay *replay = arg;
	replay->n = 0;
	int r = roster_of(c, &replay->roster);
	if (r == 0)
		r = policy_check(c, &replay->policy, replay->roster);
	if (r == 0)
		r = cases_read(c, replay);
	if (r == 0)
		r = idle_count(c, &pooled_leads, &replay->policy, RETURNS_MAX, &replay->returns);
	if (r == 0)
		r = idle_count(c, &pooled_accounts, &replay->policy, RETURNS_MAX, &replay->account_returns);
	return call_store_failed(c, r);
}

/* ---- running ---- */

/* A person's hand is full until the lead was really touched, or until the clock would have taken it away. */
typedef struct {
	int64_t until_ms;
	int person;
} Busy;

typedef struct {
	Load *load;
	PeopleSet *absent, *frozen; /* as they are today: who is away now was not away for all the past */
	Busy *busy;
	int n_busy;
} Stage;

static void stage_at(Stage *stage, int64_t now_ms, int words)
{
	for (int i = 0; i < stage->n_busy;)
		if (stage->busy[i].until_ms <= now_ms) {
			load_give(stage->load, stage->busy[i].person);
			stage->busy[i] = stage->busy[--stage->n_busy];
		} else {
			i++;
		}
	load_at(stage->load, now_ms);
	memcpy(stage->load->absent, stage->absent, (size_t)words * sizeof(PeopleSet));
	memcpy(stage->load->frozen, stage->frozen, (size_t)words * sizeof(PeopleSet));
}

static Stage stage_new(Call *c, const Replay *replay)
{
	unsigned words = (unsigned)replay->roster->words;
	Stage stage = {.load = load_new(c, replay->roster), .busy = talloc_array(c, Busy, REPLAY_LEADS)};
	load_limit(stage.load, replay->policy.load_max);
	load_at(stage.load, c->now_ms);
	stage.absent = talloc_memdup(c, stage.load->absent, words * sizeof(PeopleSet));
	stage.frozen = talloc_memdup(c, stage.load->frozen, words * sizeof(PeopleSet));
	for (int i = 0; i < replay->roster->n_people; i++)
		stage.load->last_at[i] = 0;
	return stage;
}

static void case_run(Replay *replay, Stage *stage, Case *one)
{
	Decision d;
	int64_t now_ms = one->query.now_ms;
	stage_at(stage, now_ms, replay->roster->words);
	assign_decide(replay->roster, &replay->policy, stage->load, &one->query, &d);
	one->after = d.owner;
	one->rule = d.rule;
	for (int rule = 0; rule < RULE_COUNT; rule++)
		replay->dropped_by[rule] += d.dropped_by[rule];
	if (d.owner < 0) {
		replay->waits_by[d.rule]++;
		one->lacks_region = d.rule == RULE_TERRITORY && !assign_region_suffices(&replay->policy, one->query.region);
		return;
	}
	load_take(stage->load, d.owner, now_ms);
	int64_t clock_end = worktime_add(roster_worktime(replay->roster, d.owner), now_ms,
		replay->policy.touch_minutes * MINUTE_MS);
	int64_t until = one->touched_at > now_ms && one->touched_at < clock_end ? one->touched_at : clock_end;
	stage->busy[stage->n_busy++] = (Busy){until, d.owner};
}

static void replay_run(Call *c, Replay *replay)
{
	int64_t began = clock_monotonic_us();
	Stage stage = stage_new(c, replay);
	for (int i = replay->n - 1; i >= 0; i--) /* they were read newest first */
		case_run(replay, &stage, &replay->cases[i]);
	replay->took_us = clock_monotonic_us() - began;
}

/* ---- telling ---- */

typedef struct {
	int same, moved, unmatched_before, unmatched_after, lacking;
} Tally;

static Tally tally_of(const Replay *replay)
{
	Tally t = {0};
	for (int i = 0; i < replay->n; i++) {
		const Case *one = &replay->cases[i];
		t.unmatched_before += one->before < 0;
		t.unmatched_after += one->after < 0;
		t.same += one->before == one->after;
		t.moved += one->before >= 0 && one->after >= 0 && one->before != one->after;
		t.lacking += one->lacks_region;
	}
	return t;
}

static int percent_of(int n, int all)
{
	return all ? (n * 100 + all / 2) / all : 0;
}

/* NULL when nothing gets worse. */
static const char *warning_of(Call *c, const Replay *replay, const Tally *t)
{
	int before = percent_of(t->unmatched_before, replay->n), after = percent_of(t->unmatched_after, replay->n);
	if (after < before + WARN_SHARE)
		return NULL;
	bool en = c->lang == LANG_EN;
	char *text = talloc_asprintf(c, en
		? "With this policy %d of the last %d leads (%d%%) would fit nobody; it was %d%%."
		: "按此策略，最近 %2$d 条线索中有 %1$d 条（%3$d%%）无人匹配，此前为 %4$d%%。", t->unmatched_after, replay->n, after, before);
	if (t->lacking)
		text = talloc_asprintf_append(text, en ? " %d of them do not say the region the policy asks for."
			: "其中 %d 条缺少策略要求的地区信息。", t->lacking);
	return text;
}

static void people_write(Call *c, const Replay *replay)
{
	int n = replay->roster->n_people, *before = talloc_zero_array(c, int, (unsigned)n + 1),
		*after = talloc_zero_array(c, int, (unsigned)n + 1);
	for (int i = 0; i < replay->n; i++) {
		before[replay->cases[i].before + 1]++;
		after[replay->cases[i].after + 1]++;
	}
	json_key(&c->json, "by_person");
	json_array_begin(&c->json);
	for (int i = 0; i < n; i++) {
		if (before[i + 1] == 0 && after[i + 1] == 0)
			continue;
		json_object_begin(&c->json);
		json_member_id(&c->json, "user", replay->roster->people[i].id);
		json_member_text(&c->json, "name", replay->roster->people[i].name);
		json_member_int(&c->json, "before", before[i + 1]);
		json_member_int(&c->json, "after", after[i + 1]);
		json_object_end(&c->json);
	}
	json_array_end(&c->json);
}

static void rules_write(JsonOut *out, const Replay *replay)
{
	json_key(out, "by_rule");
	json_array_begin(out);
	for (int rule = 0; rule < RULE_COUNT; rule++) {
		if (replay->dropped_by[rule] == 0 && replay->waits_by[rule] == 0)
			continue;
		json_object_begin(out);
		json_member_text(out, "rule", assign_rule_name((Rule)rule));
		json_member_int(out, "dropped", replay->dropped_by[rule]);
		json_member_int(out, "leads", replay->waits_by[rule]);
		json_object_end(out);
	}
	json_array_end(out);
}

static void sample_write(JsonOut *out, const Roster *roster, const Case *one)
{
	json_object_begin(out);
	json_member_id(out, "lead", one->query.lead);
	json_member_text(out, "name", one->name);
	json_member_text(out, "city", one->city);
	json_member_text(out, "district", one->district);
	card_person(out, "before", roster, one->before < 0 ? ID_NIL : roster->people[one->before].id);
	card_person(out, "after", roster, one->after < 0 ? ID_NIL : roster->people[one->after].id);
	json_member_text(out, "why", one->after < 0 ? assign_rule_name(one->rule) : NULL);
	json_object_end(out);
}

/* What changed and matters most first: leads that would lose their owner, then those that would get another. */
static void samples_write(JsonOut *out, const Replay *replay)
{
	int n = 0;
	json_key(out, "samples");
	json_array_begin(out);
	for (int lost = 1; lost >= 0; lost--)
		for (int i = 0; i < replay->n && n < SAMPLES_MAX; i++) {
			const Case *one = &replay->cases[i];
			if (one->before == one->after || (one->after < 0) != lost)
				continue;
			sample_write(out, replay->roster, one);
			n++;
		}
	json_array_end(out);
}

static void share_write(JsonOut *out, int part, int whole)
{
	char text[16];
	int len = snprintf(text, sizeof text, "%.4f", whole ? (double)part / whole : 0.0);
	json_key(out, "unmatched_share");
	json_put_raw(out, text, (size_t)len);
}

static void replay_write(Call *c, const Replay *replay)
{
	JsonOut *out = &c->json;
	Tally t = tally_of(replay);
	json_object_begin(out);
	json_member_int(out, "leads", replay->n);
	json_member_int(out, "same", t.same);
	json_member_int(out, "moved", t.moved);
	json_member_int(out, "unmatched_before", t.unmatched_before);
	json_member_int(out, "unmatched_after", t.unmatched_after);
	share_write(out, t.unmatched_after, replay->n);
	json_member_int(out, "returns", replay->returns);
	json_member_int(out, "account_returns", replay->account_returns);
	people_write(c, replay);
	rules_write(out, replay);
	samples_write(out, replay);
	json_member_text(out, "warning", warning_of(c, replay, &t));
	json_member_int(out, "took_ms", (replay->took_us + 999) / 1000);
	json_object_end(out);
}

/* POST /policy/try */
int replay_try(Call *c)
{
	Replay *replay = talloc_zero(c, Replay);
	int r = policy_parse(c, call_json(c, "policy"), &replay->policy);
	if (r == 0)
		r = call_read_wait(c, replay_read, replay);
	if (r < 0)
		return r;
	replay_run(c, replay);
	replay_write(c, replay);
	return 0;
}
