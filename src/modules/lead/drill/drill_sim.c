/* What time does to copies of leads (L6-L9), told in memory: arrivals, contacts, misses, hops, the supervisor, freezes,
 * waiting and draining. A heap of moments; each moment concerns one lead, one person, or those who wait. The decision
 * is assign.c's. */
#include "modules/lead/drill/drill_sim.h"

#include <string.h>

#define DRAIN_MAX 2000 /* waiting leads looked at when a hand becomes free */

typedef enum { MOMENT_ARRIVE, MOMENT_TOUCH, MOMENT_DUE, MOMENT_THAW, MOMENT_SHIFT } MomentKind;

typedef struct {
	int64_t at;
	MomentKind kind;
	int subject;   /* lead or person */
	int placement; /* of the lead; an older one is void */
} Moment;

/* A lead on its way. */
typedef struct {
	Id holders[SIM_HOLDERS_MAX];
	int n_holders, placement;
	int64_t respond_by, first_assigned, waiting_since;
} Way;

typedef struct {
	const SimInput *in;
	SimOutcome *out;
	Load *load;
	Way *ways;
	Moment *heap;
	int n_heap, heap_max;
	int *waiting, n_waiting; /* oldest first */
	int64_t *frozen_until;
	int *misses;
	int64_t shift_at;        /* when the pending shift moment is, 0: none */
} Sim;

/* ---- moments ---- */

static bool moment_before(const Moment *a, const Moment *b)
{
	return a->at != b->at ? a->at < b->at : a->kind != b->kind ? a->kind < b->kind : a->subject < b->subject;
}

static void moment_add(Sim *sim, Moment moment)
{
	if (sim->n_heap == sim->heap_max)
		sim->heap = talloc_realloc(sim, sim->heap, Moment, (unsigned)(sim->heap_max *= 2));
	int i = sim->n_heap++;
	for (; i > 0 && moment_before(&moment, &sim->heap[(i - 1) / 2]); i = (i - 1) / 2)
		sim->heap[i] = sim->heap[(i - 1) / 2];
	sim->heap[i] = moment;
}

static Moment moment_take(Sim *sim)
{
	Moment first = sim->heap[0], last = sim->heap[--sim->n_heap];
	int i = 0;
	for (int child; (child = 2 * i + 1) < sim->n_heap; i = child) {
		if (child + 1 < sim->n_heap && moment_before(&sim->heap[child + 1], &sim->heap[child]))
			child++;
		if (!moment_before(&sim->heap[child], &last))
			break;
		sim->heap[i] = sim->heap[child];
	}
	sim->heap[i] = last;
	return first;
}

/* ---- people ---- */

/* Absent is who is by the roster or by the drill; frozen only who froze in the drill: the roster knows how today ended,
 * not how it began. */
static void load_now(Sim *sim, int64_t now)
{
	load_at(sim->load, now);
	memset(sim->load->frozen, 0, (size_t)sim->in->roster->words * sizeof(PeopleSet));
	for (int i = 0; i < sim->in->roster->n_people; i++) {
		if (sim->in->offline[i])
			people_add(sim->load->absent, i);
		if (sim->frozen_until[i] > now)
			people_add(sim->load->frozen, i);
	}
}

static int64_t work_add(const Sim *sim, int person, int64_t from, int64_t duration)
{
	const Roster *roster = sim->in->roster;
	int64_t end = worktime_add(roster_worktime(roster, person), from, duration);
	if (end == INT64_MAX)
		end = worktime_add(roster_default_worktime(roster), from, duration);
	return end == INT64_MAX ? from + duration : end;
}

static bool anybody_free(const Sim *sim)
{
	const Load *load = sim->load;
	for (int w = 0; w < sim->in->roster->words; w++)
		if (sim->in->roster->active[w] & ~load->absent[w] & ~load->frozen[w] & ~load->at_limit[w] & ~load->full[w])
			return true;
	return false;
}

/* When this person touches this lead: as it really was, else after the usual time. */
static int64_t touch_at(const Sim *sim, int lead, int person, int64_t now)
{
	const SimLead *one = &sim->in->leads[lead];
	Id id = sim->in->roster->people[person].id;
	if (sim->in->offline[person])
		return SIM_NEVER;
	if (person == one->toucher && one->touched_ms >= now)
		return one->touched_ms;
	for (int i = 0; i < one->n_passed; i++)
		if (id_equal(one->passed[i], id))
			return SIM_NEVER;
	int64_t reaction = sim->in->reaction_ms[person];
	return reaction == SIM_NEVER ? SIM_NEVER : work_add(sim, person, now, reaction);
}

/* ---- placing ---- */

static int64_t escalates_at(const Sim *sim, int lead)
{
	const Way *way = &sim->ways[lead];
	if (way->first_assigned == 0)
		return SIM_NEVER;
	int holder = way->n_holders ? roster_person(sim->in->roster, way->holders[way->n_holders - 1]) : -1;
	return work_add(sim, holder, way->first_assigned, sim->in->policy->escalate_minutes * MINUTE_MS);
}

static void waiting_end(Sim *sim, int lead, int64_t now)
{
	Way *way = &sim->ways[lead];
	if (way->waiting_since)
		sim->out->results[lead].waited_ms += now - way->waiting_since;
	way->waiting_since = 0;
}

static void owner_put(Sim *sim, int lead, int person, SimState state, int64_t now)
{
	Way *way = &sim->ways[lead];
	SimResult *result = &sim->out->results[lead];
	SimPerson *p = &sim->out->people[person];
	waiting_end(sim, lead, now);
	result->state = state;
	result->owner = person;
	way->placement++;
	if (way->n_holders < SIM_HOLDERS_MAX)
		way->holders[way->n_holders++] = sim->in->roster->people[person].id;
	if (way->first_assigned == 0)
		way->first_assigned = now;
	load_take(sim->load, person, now);
	p->got++;
	p->peak = sim->load->open[person] > p->peak ? sim->load->open[person] : p->peak;
}

/* The next thing that happens to a lead in somebody's hands. */
static void moment_set(Sim *sim, int lead, int64_t now)
{
	const Way *way = &sim->ways[lead];
	const SimResult *result = &sim->out->results[lead];
	int64_t touch = touch_at(sim, lead, result->owner, now), due = SIM_NEVER;
	if (result->state == SIM_RUNNING) {
		due = escalates_at(sim, lead);
		due = way->respond_by < due ? way->respond_by : due;
	}
	if (touch < due)
		moment_add(sim, (Moment){touch, MOMENT_TOUCH, lead, way->placement});
	else if (due != SIM_NEVER)
		moment_add(sim, (Moment){due, MOMENT_DUE, lead, way->placement});
}

static void waiting_put(Sim *sim, int lead, Rule rule, int64_t now)
{
	Way *way = &sim->ways[lead];
	SimResult *result = &sim->out->results[lead];
	result->state = SIM_WAITING;
	result->owner = -1;
	result->rule = rule;
	way->placement++;
	if (way->waiting_since == 0) {
		way->waiting_since = now;
		sim->waiting[sim->n_waiting++] = lead;
	}
	int64_t due = escalates_at(sim, lead);
	if (due != SIM_NEVER)
		moment_add(sim, (Moment){due > now ? due : now, MOMENT_DUE, lead, way->placement});
	int64_t shift = sim->shift_at > now ? 0 : roster_next_opening(sim->in->roster, now);
	if (shift > now && shift != INT64_MAX) {
		sim->shift_at = shift;
		moment_add(sim, (Moment){shift, MOMENT_SHIFT, 0, 0});
	}
}

static void decide(Sim *sim, int lead, int64_t now, Decision *ret)
{
	const SimLead *one = &sim->in->leads[lead];
	AssignQuery query = one->query;
	query.holders = sim->ways[lead].holders;
	query.n_holders = sim->ways[lead].n_holders;
	query.now_ms = now;
	load_now(sim, now);
	if (one->known >= 0 && assign_may_have(sim->load, &query, one->known))
		*ret = (Decision){.outcome = ASSIGN_OWNER, .owner = one->known, .pool = -1};
	else
		assign_decide(sim->in->roster, sim->in->policy, sim->load, &query, ret);
}

static void lead_give(Sim *sim, int lead, const Decision *d, int64_t now)
{
	int64_t touch = sim->in->policy->touch_minutes * MINUTE_MS;
	owner_put(sim, lead, d->owner, SIM_RUNNING, now);
	sim->ways[lead].respond_by = d->outcome == ASSIGN_ON_CALL ? now + touch : work_add(sim, d->owner, now, touch);
	moment_set(sim, lead, now);
}

static void place(Sim *sim, int lead, int64_t now)
{
	Decision d;
	decide(sim, lead, now, &d);
	if (d.outcome == ASSIGN_WAIT)
		waiting_put(sim, lead, d.rule, now);
	else
		lead_give(sim, lead, &d, now);
}

static void escalate(Sim *sim, int lead, int64_t now)
{
	const Way *way = &sim->ways[lead];
	int holder = way->n_holders ? roster_person(sim->in->roster, way->holders[way->n_holders - 1]) : -1;
	int supervisor = roster_supervisor(sim->in->roster, holder, -1, now);
	sim->out->results[lead].was_escalated = true;
	if (supervisor < 0)
		return;
	owner_put(sim, lead, supervisor, SIM_ESCALATED, now);
	moment_set(sim, lead, now);
}

/* Oldest first, as long as there is a free hand. */
static void drain(Sim *sim, int64_t now)
{
	int kept = 0, seen = 0;
	Decision d;
	for (int i = 0; i < sim->n_waiting; i++) {
		int lead = sim->waiting[i];
		bool waits = sim->out->results[lead].state == SIM_WAITING;
		bool look = waits && seen < DRAIN_MAX && anybody_free(sim);
		seen += look;
		if (look) {
			decide(sim, lead, now, &d);
			waits = d.outcome == ASSIGN_WAIT;
			if (!waits)
				lead_give(sim, lead, &d, now);
		}
		if (waits)
			sim->waiting[kept++] = lead;
	}
	sim->n_waiting = kept;
}

/* ---- what happens ---- */

static void freeze(Sim *sim, int person, int64_t now)
{
	sim->out->people[person].freezes++;
	sim->frozen_until[person] = roster_day_end(sim->in->roster, person, now);
	moment_add(sim, (Moment){sim->frozen_until[person], MOMENT_THAW, person, 0});
	for (int lead = 0; lead < sim->in->n; lead++)
		if (sim->out->results[lead].owner == person && sim->out->results[lead].state == SIM_RUNNING) {
			load_give(sim->load, person);
			place(sim, lead, now);
		}
}

static void miss(Sim *sim, int lead, int64_t now)
{
	SimResult *result = &sim->out->results[lead];
	int person = result->owner;
	sim->out->people[person].missed++;
	sim->misses[person]++;
	result->hops++;
	load_give(sim->load, person);
	if (now >= escalates_at(sim, lead) || result->hops >= sim->in->policy->hops_max)
		escalate(sim, lead, now);
	else
		place(sim, lead, now);
	if (sim->misses[person] >= sim->in->policy->freeze_misses && sim->frozen_until[person] <= now)
		freeze(sim, person, now);
}

static void on_due(Sim *sim, int lead, int64_t now)
{
	const SimResult *result = &sim->out->results[lead];
	if (result->state == SIM_RUNNING && now >= sim->ways[lead].respond_by) {
		miss(sim, lead, now);
		return;
	}
	if (result->state == SIM_RUNNING)
		load_give(sim->load, result->owner);
	escalate(sim, lead, now);
}

static void on_touch(Sim *sim, int lead, int64_t now)
{
	SimResult *result = &sim->out->results[lead];
	load_give(sim->load, result->owner);
	sim->misses[result->owner] = 0;
	result->state = SIM_TOUCHED;
	result->touched_ms = now;
	load_now(sim, now);
	drain(sim, now);
}

static void on_free(Sim *sim, const Moment *moment)
{
	if (moment->kind == MOMENT_THAW) {
		sim->misses[moment->subject] = 0;
		sim->frozen_until[moment->subject] = 0;
	}
	sim->load->from_ms = sim->load->until_ms = 0; /* who is away has changed */
	load_now(sim, moment->at);
	drain(sim, moment->at);
}

static void step(Sim *sim, const Moment *moment)
{
	bool of_lead = moment->kind == MOMENT_TOUCH || moment->kind == MOMENT_DUE;
	if (of_lead && moment->placement != sim->ways[moment->subject].placement)
		return;
	sim->out->steps++;
	switch (moment->kind) {
	case MOMENT_ARRIVE:
		place(sim, moment->subject, moment->at);
		break;
	case MOMENT_TOUCH:
		on_touch(sim, moment->subject, moment->at);
		break;
	case MOMENT_DUE:
		on_due(sim, moment->subject, moment->at);
		break;
	case MOMENT_THAW:
	case MOMENT_SHIFT:
		on_free(sim, moment);
		break;
	}
}

static Sim *sim_new(TALLOC_CTX *ctx, const SimInput *in)
{
	unsigned n = (unsigned)in->n, people = (unsigned)in->roster->n_people;
	Sim *sim = talloc_zero(ctx, Sim);
	sim->in = in;
	sim->out = talloc_zero(ctx, SimOutcome);
	sim->out->results = talloc_zero_array(sim->out, SimResult, n + 1);
	sim->out->people = talloc_zero_array(sim->out, SimPerson, people + 1);
	sim->load = load_new(sim, in->roster);
	load_limit(sim->load, in->policy->load_max);
	memset(sim->load->last_at, 0, people * sizeof *sim->load->last_at);
	sim->ways = talloc_zero_array(sim, Way, n + 1);
	sim->waiting = talloc_array(sim, int, n + 1);
	sim->frozen_until = talloc_zero_array(sim, int64_t, people + 1);
	sim->misses = talloc_zero_array(sim, int, people + 1);
	sim->heap_max = in->n * 2 + 64;
	sim->heap = talloc_array(sim, Moment, (unsigned)sim->heap_max);
	for (int i = 0; i < in->n; i++)
		moment_add(sim, (Moment){in->leads[i].query.now_ms, MOMENT_ARRIVE, i, 0});
	return sim;
}

SimOutcome *sim_run(TALLOC_CTX *ctx, const SimInput *in)
{
	Sim *sim = sim_new(ctx, in);
	SimOutcome *out = sim->out;
	out->from_ms = in->n ? in->leads[0].query.now_ms : 0;
	out->until_ms = in->n ? in->leads[in->n - 1].query.now_ms + in->horizon_ms : 0;
	while (sim->n_heap && sim->heap[0].at <= out->until_ms) {
		Moment moment = moment_take(sim);
		step(sim, &moment);
	}
	for (int i = 0; i < in->n; i++)
		if (out->results[i].state == SIM_WAITING)
			waiting_end(sim, i, out->until_ms);
	talloc_free(sim);
	return out;
}
