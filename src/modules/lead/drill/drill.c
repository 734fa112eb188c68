/* POST /drill (L13): the last leads as copies, the reactions of people from what they really did, the same run with and
 * without a change, side by side. Reads in one snapshot, computes on a worker thread, writes nothing. */
#include <stdlib.h>
#include <string.h>

#include "call/module.h"
#include "modules/lead/drill/drill_sim.h"
#include "modules/lead/place.h"
#include "record/record.h"

#define LEADS_MAX 1000
#define TIMES_MAX 20
#define COPIES_APART_MS (7 * SECOND_MS)
#define HORIZON_MS (3 * DAY_MS)
#define SAMPLES_MAX 20
#define SAID_MAX 100              /* people, teams, pools, sources that one drill names */
#define HOUSE_REACTION_MS (3 * MINUTE_MS) /* nobody has touched anything yet */

/* Upper bounds of the classes of time to the first contact. */
static const int64_t CLASSES[] = {5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, DAY_MS};
static const char *const CLASS_NAMES[] = {"5m", "30m", "2h", "1d", "later"};

typedef struct {
	const Roster *roster;
	Policy policy;         /* with the change */
	SimLead *leads;        /* as they came, oldest first */
	int n;
	int64_t *reaction_ms;
	bool *offline, *down;  /* people, sources */
	bool *emptied;         /* pools */
	int times;
	int64_t took_us;
} Drill;

/* ---- what the caller asks ---- */

static int each_said(Call *c, const char *field, bool *marks, int (*find)(const Roster *, Id), const Roster *roster)
{
	const json_t *ids = call_json(c, field);
	if (ids && !json_is_array(ids))
		return call_fault(c, field, "wrong_type", "This must be a list of ids.", "应为 id 的列表。");
	if (json_array_size(ids) > SAID_MAX)
		return call_fault(c, field, "too_many", "Name at most %d.", "最多 %d 个。", SAID_MAX);
	for (size_t i = 0; i < json_array_size(ids); i++) {
		Id id = ID_NIL;
		const char *text = json_string_value(json_array_get(ids, i));
		int at = text && id_parse(text, strlen(text), &id) ? find(roster, id) : -1;
		if (at < 0)
			return call_fault(c, field, "unknown", "There is no such one.", "不存在。");
		marks[at] = true;
	}
	return 0;
}

static void pools_drop(Drill *drill)
{
	Policy *policy = &drill->policy;
	int kept = 0;
	for (int i = 0; i < policy->n_pools; i++) {
		int pool = roster_pool(drill->roster, policy->pools[i].pool);
		if (pool < 0 || !drill->emptied[pool])
			policy->pools[kept++] = policy->pools[i];
	}
	policy->n_pools = kept;
}

static int change_read(Call *c, Drill *drill)
{
	const Roster *roster = drill->roster;
	bool *teams = talloc_zero_array(c, bool, (unsigned)roster->n_teams + 1);
	drill->offline = talloc_zero_array(c, bool, (unsigned)roster->n_people + 1);
	drill->down = talloc_zero_array(c, bool, (unsigned)roster->n_sources + 1);
	drill->emptied = talloc_zero_array(c, bool, (unsigned)roster->n_pools + 1);
	drill->times = (int)call_int(c, "times", 1);
	int r = each_said(c, "people", drill->offline, roster_person, roster);
	if (r == 0)
		r = each_said(c, "teams", teams, roster_team, roster);
	if (r == 0)
		r = each_said(c, "pools", drill->emptied, roster_pool, roster);
	if (r == 0)
		r = each_said(c, "sources", drill->down, roster_source, roster);
	for (int i = 0; i < roster->n_people; i++)
		drill->offline[i] |= roster->people[i].team >= 0 && teams[roster->people[i].team];
	pools_drop(drill);
	return r;
}

/* ---- what really happened ---- */

static const char *copied(Call *c, const Rows *rows, int column)
{
	const char *text = rows_text(rows, column);
	return text ? talloc_strdup(c, text) : NULL;
}

static int leads_read(Call *c, Drill *drill)
{
	ROWS rows = NULL;
	const Roster *roster = drill->roster;
	int r = db_query(c->tx, &rows, "SELECT l.id, l.created_at, l.region, l.message, l.company, l.extra, "
		"l.source, l.name, l.first_touch_at, (SELECT a.owner FROM activity a WHERE a.lead = l.id "
		"AND a.first_touch = $2 ORDER BY a.id LIMIT 1), k.owner, l.longitude, l.latitude FROM lead l "
		"LEFT JOIN account k ON k.id = l.known_account AND k.deleted_at IS NULL "
		"WHERE l.deleted_at IS NULL ORDER BY l.created_at DESC, l.id DESC LIMIT $1",
		value_int(call_int(c, "leads", LEADS_MAX)), value_bool(true));
	drill->leads = talloc_zero_array(c, SimLead, LEADS_MAX);
	drill->n = 0;
	while (r == 0 && drill->n < LEADS_MAX && rows_next(rows)) {
		SimLead *one = &drill->leads[drill->n++];
		Value lon = rows_value(rows, 11, VALUE_DECIMAL, 6), lat = rows_value(rows, 12, VALUE_DECIMAL, 6);
		one->query = (AssignQuery){.lead = rows_id(rows, 0), .now_ms = rows_int(rows, 1),
			.region = (int32_t)rows_int(rows, 2),
			.texts = {copied(c, rows, 3), copied(c, rows, 4), copied(c, rows, 5)},
			.source_pool = place_source_pool(roster, rows_id(rows, 6))};
		place_point(roster, &one->query, &lon, &lat);
		one->source = roster_source(roster, rows_id(rows, 6));
		one->name = copied(c, rows, 7);
		one->touched_ms = rows_int(rows, 8);
		one->toucher = roster_person(roster, rows_id(rows, 9));
		one->known = roster_person(roster, rows_id(rows, 10));
	}
	return r < 0 ? r : rows_error(rows);
}

/* Who let a lead pass, from the table of assignments. */
static int passed_read(Call *c, SimLead *lead)
{
	ROWS rows = NULL;
	Id *passed = talloc_array(c, Id, SIM_HOLDERS_MAX);
	int r = db_query(c->tx, &rows, "SELECT before_owner FROM assignment WHERE lead = $1 AND before_owner IS NOT NULL "
		"AND kind IN ('miss', 'escalated', 'freeze', 'absent', 'return') ORDER BY lead_version, id LIMIT $2",
		value_id(lead->query.lead), value_int(SIM_HOLDERS_MAX));
	while (r == 0 && lead->n_passed < SIM_HOLDERS_MAX && rows_next(rows))
		passed[lead->n_passed++] = rows_id(rows, 0);
	lead->passed = passed;
	return r < 0 ? r : rows_error(rows);
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static int64_t median(int64_t *times, int n, int64_t fallback)
{
	if (n == 0)
		return fallback;
	qsort(times, (size_t)n, sizeof *times, by_time);
	return times[n / 2];
}

/* The median working time each person really took, of the leads at hand; who touched none takes the house's. */
static void reactions_find(Call *c, Drill *drill)
{
	int people = drill->roster->n_people;
	int64_t *times = talloc_array(c, int64_t, (unsigned)drill->n + 1), set = call_int(c, "reaction_minutes", 0);
	drill->reaction_ms = talloc_array(c, int64_t, (unsigned)people + 1);
	int64_t house = HOUSE_REACTION_MS;
	for (int person = -1; person < people; person++) {
		int n = 0;
		for (int i = 0; i < drill->n; i++) {
			const SimLead *one = &drill->leads[i];
			if (one->toucher >= 0 && (person < 0 || one->toucher == person) && one->n_passed == 0)
				times[n++] = worktime_between(roster_worktime(drill->roster, one->toucher), one->query.now_ms,
					one->touched_ms);
		}
		if (person < 0)
			house = median(times, n, house);
		else
			drill->reaction_ms[person] = set ? set * MINUTE_MS : median(times, n, house);
	}
}

static int drill_read(Call *c, void *arg)
{
	Drill *drill = arg;
	int r = roster_of(c, &drill->roster);
	if (r < 0)
		return call_store_failed(c, r);
	if (!drill->roster->has_policy)
		return call_fail(c, ERR_CONFLICT, "no_policy", "There is no policy yet.", "还没有分配策略。");
	roster_keep(c, drill->roster);
	drill->policy = drill->roster->policy;
	r = change_read(c, drill);
	if (r == 0)
		r = leads_read(c, drill);
	for (int i = 0; r == 0 && i < drill->n; i++)
		r = passed_read(c, &drill->leads[i]);
	return call_store_failed(c, r);
}

/* ---- the two runs ---- */

static int by_arrival(const void *a, const void *b)
{
	int64_t x = ((const SimLead *)a)->query.now_ms, y = ((const SimLead *)b)->query.now_ms;
	return x != y ? (x > y) - (x < y) : memcmp(&((const SimLead *)a)->query.lead, &((const SimLead *)b)->query.lead,
		sizeof(Id));
}

/* The leads under the change: without those of channels that are down, the others many times, close after each
 * other. */
static SimLead *leads_changed(Call *c, const Drill *drill, int *ret_n)
{
	SimLead *out = talloc_array(c, SimLead, (unsigned)(drill->n * drill->times) + 1);
	int n = 0;
	for (int i = 0; i < drill->n; i++)
		for (int copy = 0; copy < drill->times; copy++) {
			const SimLead *one = &drill->leads[i];
			if (one->source >= 0 && drill->down[one->source])
				continue;
			out[n] = *one;
			out[n].query.now_ms += copy * COPIES_APART_MS;
			out[n].query.lead.byte[15] ^= (uint8_t)copy;
			if (one->query.source_pool >= 0 && drill->emptied[one->query.source_pool])
				out[n].query.source_pool = -1;
			if (copy) /* nobody ever touched a copy; who let the lead pass lets the copy pass too */
				out[n].toucher = -1;
			n++;
		}
	qsort(out, (size_t)n, sizeof *out, by_arrival);
	*ret_n = n;
	return out;
}

/* ---- telling ---- */

static void classes_write(JsonOut *out, const SimInput *in, const SimOutcome *o)
{
	int counts[ARRAY_LEN(CLASS_NAMES)] = {0}, never = 0;
	for (int i = 0; i < in->n; i++) {
		size_t k = 0;
		while (k < ARRAY_LEN(CLASSES) && o->results[i].touched_ms - in->leads[i].query.now_ms > CLASSES[k])
			k++;
		if (o->results[i].state == SIM_TOUCHED)
			counts[k]++;
		else
			never++;
	}
	json_key(out, "first_contact");
	json_object_begin(out);
	for (size_t k = 0; k < ARRAY_LEN(CLASS_NAMES); k++)
		json_member_int(out, CLASS_NAMES[k], counts[k]);
	json_member_int(out, "never", never);
	json_object_end(out);
}

typedef struct {
	int touched, waiting, escalated, waited_ever, missed, freezes, hops;
} Tally;

static Tally tally_of(const SimInput *in, const SimOutcome *o)
{
	Tally t = {0};
	for (int i = 0; i < in->n; i++) {
		t.touched += o->results[i].state == SIM_TOUCHED;
		t.waiting += o->results[i].state == SIM_WAITING;
		t.escalated += o->results[i].was_escalated;
		t.waited_ever += o->results[i].waited_ms > 0;
		t.hops += o->results[i].hops;
	}
	for (int i = 0; i < in->roster->n_people; i++) {
		t.missed += o->people[i].missed;
		t.freezes += o->people[i].freezes;
	}
	return t;
}

static void people_write(JsonOut *out, const SimInput *in, const SimOutcome *o)
{
	json_key(out, "people");
	json_array_begin(out);
	for (int i = 0; i < in->roster->n_people; i++) {
		const SimPerson *p = &o->people[i];
		if (p->got == 0)
			continue;
		json_object_begin(out);
		json_member_id(out, "id", in->roster->people[i].id);
		json_member_text(out, "name", in->roster->people[i].name);
		json_member_int(out, "got", p->got);
		json_member_int(out, "missed", p->missed);
		json_member_int(out, "peak", p->peak);
		json_member_int(out, "freezes", p->freezes);
		json_object_end(out);
	}
	json_array_end(out);
}

/* Leads that waited, by the rule that kept them. */
static void stuck_write(JsonOut *out, const SimInput *in, const SimOutcome *o)
{
	json_key(out, "stuck");
	json_array_begin(out);
	for (int rule = 0; rule < RULE_COUNT; rule++) {
		int64_t n = 0, longest = 0, sum = 0;
		for (int i = 0; i < in->n; i++) {
			const SimResult *result = &o->results[i];
			if (result->waited_ms <= 0 || (int)result->rule != rule)
				continue;
			n++;
			sum += result->waited_ms;
			longest = result->waited_ms > longest ? result->waited_ms : longest;
		}
		if (n == 0)
			continue;
		json_object_begin(out);
		json_member_text(out, "rule", assign_rule_name((Rule)rule));
		json_member_int(out, "leads", n);
		json_member_int(out, "mean_minutes", sum / n / MINUTE_MS);
		json_member_int(out, "longest_minutes", longest / MINUTE_MS);
		json_object_end(out);
	}
	json_array_end(out);
}

typedef struct {
	int lead;
	int64_t waited_ms;
} Longest;

static int by_waiting(const void *a, const void *b)
{
	int64_t x = ((const Longest *)a)->waited_ms, y = ((const Longest *)b)->waited_ms;
	return (x < y) - (x > y);
}

static void samples_write(Call *c, const SimInput *in, const SimOutcome *o)
{
	Longest *all = talloc_array(c, Longest, (unsigned)in->n + 1);
	for (int i = 0; i < in->n; i++)
		all[i] = (Longest){i, o->results[i].waited_ms};
	qsort(all, (size_t)in->n, sizeof *all, by_waiting);
	json_key(&c->json, "samples");
	json_array_begin(&c->json);
	for (int i = 0; i < in->n && i < SAMPLES_MAX && all[i].waited_ms > 0; i++) {
		const SimResult *result = &o->results[all[i].lead];
		json_object_begin(&c->json);
		json_member_id(&c->json, "lead", in->leads[all[i].lead].query.lead);
		json_member_text(&c->json, "name", in->leads[all[i].lead].name);
		json_member_text(&c->json, "rule", assign_rule_name(result->rule));
		json_member_int(&c->json, "waited_minutes", all[i].waited_ms / MINUTE_MS);
		json_member_bool(&c->json, "still", result->state == SIM_WAITING);
		json_object_end(&c->json);
	}
	json_array_end(&c->json);
}

static void run_write(Call *c, const char *key, const SimInput *in, const SimOutcome *o)
{
	Tally t = tally_of(in, o);
	json_key(&c->json, key);
	json_object_begin(&c->json);
	json_member_int(&c->json, "leads", in->n);
	json_member_int(&c->json, "touched", t.touched);
	json_member_int(&c->json, "waiting", t.waiting);
	json_member_int(&c->json, "waited", t.waited_ever);
	json_member_int(&c->json, "escalated", t.escalated);
	json_member_int(&c->json, "missed", t.missed);
	json_member_int(&c->json, "hops", t.hops);
	json_member_int(&c->json, "freezes", t.freezes);
	classes_write(&c->json, in, o);
	stuck_write(&c->json, in, o);
	people_write(&c->json, in, o);
	samples_write(c, in, o);
	json_object_end(&c->json);
}

/* Copies that became of the same owner as the real leads did, of those that were really touched. */
static void truth_write(Call *c, const SimInput *in, const SimOutcome *o)
{
	int known = 0, alike = 0;
	for (int i = 0; i < in->n; i++) {
		known += in->leads[i].toucher >= 0;
		alike += in->leads[i].toucher >= 0 && o->results[i].state == SIM_TOUCHED &&
		         o->results[i].owner == in->leads[i].toucher;
	}
	json_key(&c->json, "truth");
	json_object_begin(&c->json);
	json_member_int(&c->json, "touched", known);
	json_member_int(&c->json, "alike", alike);
	json_object_end(&c->json);
}

/* POST /drill */
static int drill_run(Call *c)
{
	Drill *drill = talloc_zero(c, Drill);
	int r = call_read_wait(c, drill_read, drill), n = 0;
	if (r < 0)
		return r;
	bool *nobody = talloc_zero_array(c, bool, (unsigned)drill->roster->n_people + 1);
	reactions_find(c, drill);
	qsort(drill->leads, (size_t)drill->n, sizeof *drill->leads, by_arrival);
	SimLead *changed = leads_changed(c, drill, &n);
	const SimInput plain = {drill->roster, &drill->roster->policy, drill->leads, drill->n, drill->reaction_ms, nobody,
		HORIZON_MS};
	const SimInput other = {drill->roster, &drill->policy, changed, n, drill->reaction_ms, drill->offline, HORIZON_MS};
	int64_t began = clock_monotonic_us();
	SimOutcome *base = sim_run(c, &plain), *change = sim_run(c, &other);
	int64_t took_us = clock_monotonic_us() - began + 1;
	int64_t simulated = base->until_ms - base->from_ms + change->until_ms - change->from_ms;
	json_object_begin(&c->json);
	run_write(c, "base", &plain, base);
	run_write(c, "change", &other, change);
	truth_write(c, &plain, base);
	json_member_int(&c->json, "took_ms", (took_us + 999) / 1000);
	json_member_int(&c->json, "simulated_minutes", simulated / MINUTE_MS);
	json_member_int(&c->json, "faster", simulated * 1000 / took_us);
	json_object_end(&c->json);
	return 0;
}

static const Param params[] = {
	{"people", PARAM_JSON, PARAM_IN_BODY, .help = "Ids of people who are off-line"},
	{"teams", PARAM_JSON, PARAM_IN_BODY, .help = "Ids of teams of which everybody is off-line"},
	{"pools", PARAM_JSON, PARAM_IN_BODY, .help = "Ids of pools in which nobody is"},
	{"sources", PARAM_JSON, PARAM_IN_BODY, .help = "Ids of channels that are down"},
	{"times", PARAM_INT, PARAM_IN_BODY, .min = 1, .max = TIMES_MAX, .help = "So many times the leads"},
	{"leads", PARAM_INT, PARAM_IN_BODY, .min = 1, .max = LEADS_MAX, .help = "How many of the last leads"},
	{"reaction_minutes", PARAM_INT, PARAM_IN_BODY, .min = 1, .max = 24 * 60,
		.help = "Working time until a first contact, for everybody; left out: from what people really did"},
	{0},
};

static const Endpoint endpoints[] = {
	{"POST", "/drill", "board.read", CALL_WORKER, params, drill_run,
		"What if: the last leads on copies, with and without a change"},
	{0},
};

const Module drill_module = {.name = "drill", .endpoints = endpoints};
