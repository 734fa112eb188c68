/* The health of sources as screens ask for it. */
#include "modules/lead/health/health_int.h"

#include <string.h>

#include "call/when.h"
#include "modules/lead/intake/reason.h"

static void time_write(JsonOut *o, const char *key, int64_t at)
{
	char text[WHEN_TEXT_SIZE];
	json_member_text(o, key, at ? when_text(at, text) : NULL);
}

/* Tenths are enough for people. */
static void tenths_write(JsonOut *o, double value)
{
	char text[32];
	int len = snprintf(text, sizeof text, "%.1f", value);
	json_put_raw(o, text, (size_t)len);
}

static const char *state_of(const SourceHealth *s, const Judgement *j)
{
	if (!s->enabled)
		return "off";
	if (s->silent_since)
		return "silent";
	if (s->jump_since)
		return "jump";
	return rate_is_known(&j->rate) ? "ok" : "learning";
}

static void fault_write(Call *c, const SourceHealth *s)
{
	JsonOut *o = &c->json;
	bool is_pull = s->pull_at != 0;
	json_key(o, "last_error");
	if (!s->bad_at && !is_pull) {
		json_put_null(o);
		return;
	}
	json_object_begin(o);
	time_write(o, "at", is_pull ? s->pull_at : s->bad_at);
	json_member_text(o, "reason", is_pull ? s->pull_reason : s->reason);
	json_member_text(o, "detail", is_pull ? reason_text(c, s->pull_reason, s->pull_detail, c->lang)
	                                      : reason_text(c, s->reason, s->detail, c->lang));
	json_object_end(o);
}

static void hours_write(JsonOut *o, const Rate *rate)
{
	json_key(o, "hours");
	json_array_begin(o);
	for (int i = 0; i < RATE_HOURS; i++)
		tenths_write(o, rate->per_hour[i]);
	json_array_end(o);
}

static void source_write(Call *c, const SourceHealth *s, HealthClock *clock)
{
	JsonOut *o = &c->json;
	Judgement j;
	health_judge(s, clock, c->now_ms, &j);
	json_object_begin(o);
	json_key(o, "source");
	json_object_begin(o);
	json_member_id(o, "id", s->id);
	json_member_text(o, "name", s->name);
	json_member_text(o, "key", s->key);
	json_object_end(o);
	json_member_text(o, "state", state_of(s, &j));
	time_write(o, "last_at", s->last_at);
	time_write(o, "silent_since", s->silent_since);
	time_write(o, "jump_since", s->jump_since);
	time_write(o, "silent_at", j.silent_at == INT64_MAX ? 0 : j.silent_at);
	json_key(o, "usual_now");
	tenths_write(o, j.rate.per_hour[health_slot(clock, c->now_ms / HOUR_MS)]);
	json_member_int(o, "arrived_day", j.arrived_day);
	json_member_int(o, "quarantined_day", j.bad_day);
	json_member_int(o, "usual_share", (int64_t)(j.usual_share * 100 + 0.5));
	fault_write(c, s);
	hours_write(o, &j.rate);
	json_object_end(o);
}

static int health_show(Call *c)
{
	SourceHealth *sources;
	size_t n;
	const Roster *roster;
	int r = roster_of(c, &roster);
	if (r < 0 || (r = health_load(c, true, &sources, &n)) < 0)
		return call_store_failed(c, r);
	HealthClock *clock = talloc_zero(c, HealthClock);
	clock->work = roster_default_worktime(roster);
	json_object_begin(&c->json);
	json_key(&c->json, "items");
	json_array_begin(&c->json);
	for (size_t i = 0; i < n; i++)
		source_write(c, &sources[i], clock);
	json_array_end(&c->json);
	json_object_end(&c->json);
	return 0;
}

const Endpoint health_endpoints[] = {
	{"GET", "/intake/health", "intake.read", CALL_READ, NULL, health_show,
     "How each source is: last arrival, what is usual at each hour of the week, share in quarantine, last fault"},
	{0},
};
