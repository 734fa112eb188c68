/* The thread that looks after services. It alone owns their beats; of several processes one looks. What it learned is
 * written when a state changes, and once a minute besides. */
#include <assert.h>
#include <glib.h>
#include <string.h>

#include "base/cond.h"
#include "base/log.h"
#include "base/random.h"
#include "event/follow.h"
#include "event/timer.h"
#include "modules/service/service_int.h"
#include "record/phase.h"

#define LOOK_MS 1000             /* between looks at what is due: a clock may be set */
#define CATCH_UP_MS (PROBE_DEADLINE_MS + 2 * SECOND_MS) /* how long a moved test clock waits */
#define WRITE_MS MINUTE_MS       /* between two writes of counts */
#define TROUBLE_MS 1000
#define SPREAD_S 20              /* at start probes are spread over so long */
#define UNDER_WAY_MAX 32

/* One service under watch. */
typedef struct Probe {
	struct Probe *next;
	Service service;             /* texts hang on the probe */
	Beat beat;
	BeatState told;              /* as it is written down */
	Verdict last;
	Hour now, past;              /* past: of the hour before, not yet written; hour 0: none */
	int64_t due_ms, last_ms;     /* business time; last_ms 0: not yet looked at */
	bool busy, changed, counted; /* counted: there is something to be written */
	bool gone;
} Probe;

/* An answer on its way from the net's thread. */
typedef struct Result {
	struct Result *next;
	struct Watch *watch;
	Service service;
	Verdict verdict;
} Result;

struct Watch {
	House *house;
	pthread_t thread;
	bool runs;
	int reign;                   /* not 0: this process looks; the thread's alone */
	pthread_mutex_t lock;        /* guards what follows */
	pthread_cond_t woken;
	pthread_cond_t caught_up;
	Result *done;
	bool reload, stopping;
	uint64_t moved, settled;     /* how often the test clock was moved; up to which of it nothing is left to do */

	/* of the thread */
	Probe *probes;
	int under_way;
	int64_t write_at_ms;         /* monotonic */
};

/* ---- what others say ---- */

static void watch_reload(void *arg)
{
	struct Watch *w = arg;
	pthread_mutex_lock(&w->lock);
	w->reload = true;
	pthread_cond_signal(&w->woken);
	pthread_mutex_unlock(&w->lock);
}

int watch_changed(Call *c, Id service)
{
	tx_on_commit(c->tx, watch_reload, c->house->watch);
	return record_event(c, &(EventRow){.kind = "service.changed", .object = "service", .record = service});
}

void watch_catch_up(House *house)
{
	struct Watch *w = house->watch;
	if (!w || !w->runs)
		return;
	int64_t until_us = clock_monotonic_us() + CATCH_UP_MS * 1000;
	bool in_time = true;
	pthread_mutex_lock(&w->lock);
	uint64_t mine = ++w->moved;
	pthread_cond_signal(&w->woken);
	while (w->settled < mine && !w->stopping && in_time)
		in_time = cond_wait_until(&w->caught_up, &w->lock, until_us);
	pthread_mutex_unlock(&w->lock);
}

/* Net thread. */
static void on_answer(void *arg, const NetAnswer *answer)
{
	Result *result = arg;
	struct Watch *w = result->watch;
	probe_judge(&result->service, answer, &result->verdict);
	pthread_mutex_lock(&w->lock);
	result->next = w->done;
	w->done = result;
	pthread_cond_signal(&w->woken);
	pthread_mutex_unlock(&w->lock);
}

/* ---- which ones ---- */

static Probe *probe_find(struct Watch *w, Id id)
{
	for (Probe *p = w->probes; p; p = p->next)
		if (id_equal(p->service.id, id))
			return p;
	return NULL;
}

static const char *keep(TALLOC_CTX *ctx, const char *text)
{
	return text ? talloc_strdup(ctx, text) : NULL;
}

/* What a probe needs, out of the Call's memory. */
static Service service_keep(TALLOC_CTX *ctx, const Service *s)
{
	Service copy = *s;
	copy.name = keep(ctx, s->name);
	copy.address = keep(ctx, s->address);
	copy.method = keep(ctx, s->method);
	copy.expect_text = keep(ctx, s->expect_text);
	copy.allowed_host = keep(ctx, s->allowed_host);
	copy.kind = keep(ctx, s->kind);
	copy.item = (OutsideItem){.name = keep(ctx, s->item.name), .url = keep(ctx, s->item.url),
		.allowed_host = keep(ctx, s->item.allowed_host)};
	copy.affects = NULL;
	copy.contact = copy.cost = copy.note = copy.owner_name = copy.code = copy.detail = copy.state = NULL;
	return copy;
}

/* The hour that was begun, perhaps by another process. */
static int hour_begun(Call *c, Probe *p)
{
	Hour *hours;
	size_t n;
	int64_t hour = c->now_ms / HOUR_MS;
	int r = hours_load(c, p->service.id, hour, &hours, &n);
	if (r == 0)
		p->now = n > 0 && hours[n - 1].hour == hour ? hours[n - 1] : (Hour){.hour = hour};
	return r;
}

static int probe_add(Call *c, struct Watch *w, const Service *s)
{
	Probe *p = talloc_zero(w, Probe);
	p->service.id = s->id;
	p->told = beat_state(s->state);
	p->beat = (Beat){.state = p->told, .since_ms = s->since_ms};
	p->due_ms = c->now_ms + (s->checked_ms ? (int64_t)(random_u64() % (SPREAD_S * SECOND_MS)) : 0);
	p->next = w->probes;
	w->probes = p;
	return hour_begun(c, p);
}

static int probe_set(Call *c, struct Watch *w, const Service *s)
{
	Probe *p = probe_find(w, s->id);
	int r = p ? 0 : probe_add(c, w, s);
	if (r < 0)
		return r;
	p = p ? p : w->probes;
	p->gone = false;
	bool other = p->service.name && (g_strcmp0(p->service.address, s->address) != 0 ||
	                                 g_strcmp0(p->service.item.url, s->item.url) != 0);
	if (other)
		p->due_ms = c->now_ms;
	p->service = service_keep(p, s);
	return 0;
}

static void probes_sweep(struct Watch *w)
{
	for (Probe **at = &w->probes, *p; (p = *at);) {
		if (!p->gone) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		talloc_free(p);
	}
}

static int load_job(Tx *tx, void *arg)
{
	struct Watch *w = arg;
	Service *all = NULL;
	size_t n = 0;
	Call *c = call_new_system(tx_mem(tx), w->house, tx, "service");
	int r = services_load(c, &all, &n);
	if (r < 0)
		return r;
	for (Probe *p = w->probes; p; p = p->next)
		p->gone = true;
	for (size_t i = 0; r == 0 && i < n; i++)
		if (service_is_probed(&all[i]))
			r = probe_set(c, w, &all[i]);
	if (r == 0)
		probes_sweep(w);
	return r;
}

/* ---- answers ---- */

static void count(Probe *p, int64_t now_ms)
{
	int64_t hour = now_ms / HOUR_MS, most = 3 * p->service.every_s * SECOND_MS;
	if (p->now.hour != hour) {
		if (p->counted)
			p->past = p->now;
		p->now = (Hour){.hour = hour};
	}
	int64_t passed = p->last_ms ? now_ms - p->last_ms : 0;
	passed = passed < most ? passed : most;
	p->now.seen_ms += passed;
	if (p->beat.state == BEAT_DOWN)
		p->now.down_ms += passed;
	p->now.probes++;
	p->now.failed += !p->last.good;
	if (p->last.good)
		hour_took(&p->now, p->last.took_ms);
	p->last_ms = now_ms;
	p->counted = true;
}

static void probe_answered(Probe *p, const Verdict *v, int64_t now_ms)
{
	p->busy = false;
	if (!v->ours) {
		p->last = *v;
		count(p, now_ms);
		p->service.checked_ms = now_ms;
		p->service.took_ms = v->took_ms;
		if (beat_take(&p->beat, v->good, v->took_ms > p->service.slow_ms, now_ms)) {
			p->changed = p->beat.state != p->told;
			if (p->beat.state == BEAT_DOWN) /* what was taken for up since the first failure */
				p->now.down_ms += now_ms - p->beat.since_ms;
		}
	}
	p->due_ms = now_ms + beat_wait_ms(&p->beat, p->service.every_s * SECOND_MS, random_u64());
}

static void collect(struct Watch *w, int64_t now_ms)
{
	pthread_mutex_lock(&w->lock);
	Result *r = w->done;
	w->done = NULL;
	pthread_mutex_unlock(&w->lock);
	for (Result *next; r; r = next) {
		next = r->next;
		w->under_way--;
		Probe *p = probe_find(w, r->service.id);
		if (p && p->busy)
			probe_answered(p, &r->verdict, now_ms);
		talloc_free(r);
	}
}

/* ---- written down ---- */

static int probe_write(Call *c, const Probe *p)
{
	int r = p->past.hour ? hour_store(c, p->service.id, &p->past) : 0;
	if (r == 0 && p->counted)
		r = hour_store(c, p->service.id, &p->now);
	if (r < 0 || !p->last_ms)
		return r;
	Service s = p->service;
	if (p->changed && (r = service_load(c, p->service.id, &s)) < 0) { /* what hangs on it, as it is now */
		if (r != ERR_NOT_FOUND)
			return r;
		call_reset(c);
		return 0;
	}
	s.checked_ms = p->service.checked_ms;
	s.took_ms = p->service.took_ms;
	return outage_note(c, &s, &p->beat, p->told, p->last.code, p->last.detail);
}

static int write_job(Tx *tx, void *arg)
{
	struct Watch *w = arg;
	bool changed = false;
	int r = 0;
	Call *c = call_new_system(tx_mem(tx), w->house, tx, "service");
	for (Probe *p = w->probes; r == 0 && p; p = p->next) {
		changed = changed || p->changed;
		if (p->counted)
			r = probe_write(c, p);
	}
	return r == 0 && changed ? outage_apply(c) : r;
}

static void written(struct Watch *w)
{
	for (Probe *p = w->probes; p; p = p->next) {
		if (p->changed)
			log_warn("service", "\"%s\" is %s: %s %s", p->service.name, beat_name(p->beat.state), p->last.code,
			         p->last.detail);
		p->changed = p->counted = false;
		p->told = p->beat.state;
		p->past.hour = 0;
	}
}

static bool anything_changed(const struct Watch *w)
{
	for (const Probe *p = w->probes; p; p = p->next)
		if (p->changed)
			return true;
	return false;
}

/* ---- sending ---- */

static void probe_send(struct Watch *w, Probe *p, int64_t now_ms)
{
	NetRequest request;
	Result *result = talloc_zero(NULL, Result);
	result->watch = w;
	result->service = service_keep(result, &p->service);
	probe_request(result, &result->service, &request);
	p->busy = true;
	if (net_send(w->house->net, &request, on_answer, result) == 0) {
		w->under_way++;
		return;
	}
	p->busy = false; /* our own queue is full */
	p->due_ms = now_ms + BEAT_AGAIN_MS;
	talloc_free(result);
}

/* What is due goes out; how long until the next is, in ms. */
static int64_t send_due(struct Watch *w, int64_t now_ms)
{
	int64_t next = LOOK_MS;
	for (Probe *p = w->probes; p; p = p->next) {
		if (p->busy)
			continue;
		if (p->due_ms <= now_ms && w->under_way < UNDER_WAY_MAX)
			probe_send(w, p, now_ms);
		else if (p->due_ms > now_ms && p->due_ms - now_ms < next)
			next = p->due_ms - now_ms;
	}
	return next;
}

/* ---- the thread ---- */

static bool flags_wait(struct Watch *w, int64_t ms, uint64_t *seen, bool *ret_reload)
{
	int64_t until_us = clock_monotonic_us() + ms * 1000;
	bool in_time = true;
	pthread_mutex_lock(&w->lock);
	while (!w->done && !w->reload && !w->stopping && w->moved == *seen && in_time)
		in_time = cond_wait_until(&w->woken, &w->lock, until_us);
	*ret_reload = w->reload || *ret_reload;
	w->reload = false;
	*seen = w->moved;
	bool stopping = w->stopping;
	pthread_mutex_unlock(&w->lock);
	return !stopping;
}

static bool write_down(struct Watch *w)
{
	int r = store_write_wait(w->house->store, write_job, w);
	if (r < 0) {
		log_error("service", "what was learned of services cannot be written now, tried again: %s", err_code(r));
		return false;
	}
	written(w);
	w->write_at_ms = clock_monotonic_ms() + WRITE_MS;
	return true;
}

/* One round; how long to wait for the next. */
static int64_t watch_round(struct Watch *w, bool *reload)
{
	int64_t now_ms = clock_now_ms(w->house->clock);
	collect(w, now_ms);
	if ((anything_changed(w) || clock_monotonic_ms() >= w->write_at_ms) && !write_down(w))
		return TROUBLE_MS;
	if (*reload && store_read_wait(w->house->store, load_job, w) < 0)
		return TROUBLE_MS;
	*reload = false;
	return send_due(w, clock_now_ms(w->house->clock));
}

static void forget(struct Watch *w)
{
	for (Probe *p = w->probes, *next; p; p = next) {
		next = p->next;
		talloc_free(p);
	}
	w->probes = NULL;
}

/* Whoever takes over begins with what is written down. */
static bool watch_leads(struct Watch *w, bool *reload)
{
	int reign = follow_reign(w->house);
	if (reign == w->reign)
		return reign != 0;
	forget(w);
	w->reign = reign;
	*reload = true;
	return reign != 0;
}

static void moves_settled(struct Watch *w, uint64_t seen)
{
	pthread_mutex_lock(&w->lock);
	w->settled = seen;
	pthread_cond_broadcast(&w->caught_up);
	pthread_mutex_unlock(&w->lock);
}

static void *watch_thread(void *arg)
{
	struct Watch *w = arg;
	bool reload = true, going = true;
	uint64_t seen = 0;
	w->write_at_ms = clock_monotonic_ms() + WRITE_MS;
	while (going) {
		bool leads = watch_leads(w, &reload);
		int64_t pause = leads ? watch_round(w, &reload) : LOOK_MS;
		if (!leads || (!reload && w->under_way == 0 && !anything_changed(w)))
			moves_settled(w, seen);
		going = flags_wait(w, pause, &seen, &reload);
	}
	collect(w, clock_now_ms(w->house->clock));
	if (w->reign)
		(void)write_down(w);
	return NULL;
}

/* ---- start and stop ---- */

static int service_follow(Call *c, const Id *ids, size_t n, void *arg)
{
	(void)c, (void)ids, (void)n;
	watch_reload(arg);
	return 0;
}

/* A channel was made or changed here. */
static int on_event(Call *c, const PhaseInfo *info, void *arg)
{
	(void)info;
	tx_on_commit(c->tx, watch_reload, arg);
	return 0;
}

static int begin_job(Tx *tx, void *arg)
{
	struct Watch *w = arg;
	Call *c = call_new_system(tx_mem(tx), w->house, tx, "service");
	int r = timer_set_earliest(c, PURGE_KIND, ID_NIL, c->now_ms + DAY_MS, NULL);
	return r < 0 ? r : outage_apply(c);
}

static int watch_free(struct Watch *w)
{
	for (Result *r = w->done, *next; r; r = next) {
		next = r->next;
		talloc_free(r);
	}
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->woken);
	pthread_cond_destroy(&w->caught_up);
	return 0;
}

int watch_start(House *house)
{
	struct Watch *w = talloc_zero(house->phases, struct Watch);
	pthread_mutex_init(&w->lock, NULL);
	cond_init(&w->woken);
	cond_init(&w->caught_up);
	w->house = house;
	talloc_set_destructor(w, watch_free);
	house->watch = w;
	phase_add(house->phases, PHASE_EVENT, "channel", on_event, w);
	follow_on(house, "channel", service_follow, w);
	follow_on(house, "service", service_follow, w);
	return 0;
}

void watch_run(House *house)
{
	struct Watch *w = house->watch;
	int r = store_write_wait(house->store, begin_job, w);
	if (r < 0)
		log_error("service", "services could not be looked through: %s", err_code(r));
	int failed = pthread_create(&w->thread, NULL, watch_thread, w);
	assert(failed == 0);
	w->runs = !failed;
}

void watch_stop(House *house)
{
	struct Watch *w = house->watch;
	if (!w || !w->runs)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_signal(&w->woken);
	pthread_cond_broadcast(&w->caught_up);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
}
