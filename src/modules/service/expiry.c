/* The end of a subscription: announced in time with all that hangs on it, and acted upon when it comes. */
#include "event/timer.h"
#include "modules/service/service_int.h"

#define TOLD_LIFE_MS (7 * DAY_MS)

static const int days_before[] = {30, 14, 7, 1, 0};

int expiry_schedule(Call *c, Id service, int64_t expires_ms)
{
	for (size_t i = 0; expires_ms && i < ARRAY_LEN(days_before); i++) {
		int64_t at = expires_ms - days_before[i] * DAY_MS;
		if (at > c->now_ms)
			return timer_set(c, EXPIRY_KIND, service, at, NULL);
	}
	return timer_cancel(c, EXPIRY_KIND, service);
}

static int announce(Call *c, const Service *s)
{
	long long days = (long long)((s->expires_ms - c->now_ms + DAY_MS / 2) / DAY_MS);
	const char *zh_call = s->contact ? talloc_asprintf(c, "联系：%s。", s->contact) : "";
	const char *en_call = s->contact ? talloc_asprintf(c, " Contact: %s.", s->contact) : "";
	const char *zh = talloc_asprintf(c, "“%s”的订阅将在 %lld 天后到期。%s%s", s->name, days,
	                                 affected_words(c, s, LANG_ZH), zh_call);
	const char *en = talloc_asprintf(c, "The subscription of \"%s\" ends in %lld days.%s%s", s->name, days,
	                                 affected_words(c, s, LANG_EN), en_call);
	return outage_tell(c, s, "service.expires", zh, en, days * DAY_MS < TOLD_LIFE_MS ? days * DAY_MS : TOLD_LIFE_MS);
}

static int take_effect(Call *c, const Service *s)
{
	const char *zh = talloc_asprintf(c, "“%s”的订阅已到期，提醒改走接收人的下一个渠道；分配名单不变。%s", s->name,
	                                 affected_words(c, s, LANG_ZH));
	const char *en = talloc_asprintf(c, "The subscription of \"%s\" has ended. Alerts go to the next channel of their "
	                                 "receivers; nobody left the assignment.%s", s->name,
	                                 affected_words(c, s, LANG_EN));
	int r = outage_tell(c, s, "service.expired", zh, en, TOLD_LIFE_MS);
	return r < 0 ? r : outage_apply(c);
}

static int on_expiry(Call *c)
{
	Service s;
	int r = service_load(c, call_id(c, "subject"), &s);
	if (r == ERR_NOT_FOUND) {
		call_reset(c);
		return 0;
	}
	if (r < 0 || !s.expires_ms || !s.enabled)
		return r;
	r = s.expires_ms <= c->now_ms ? take_effect(c, &s) : announce(c, &s);
	return r < 0 ? r : expiry_schedule(c, s.id, s.expires_ms);
}

static int on_purge(Call *c)
{
	int r = db_exec(c->tx, "DELETE FROM service_hour WHERE hour < $1", value_int(c->now_ms / HOUR_MS - HOURS_KEPT));
	if (r == 0)
		r = db_exec(c->tx, "DELETE FROM service_outage WHERE ended_at IS NOT NULL AND ended_at < $1",
		            value_time(c->now_ms - OUTAGE_KEEP_MS));
	return r < 0 ? call_store_failed(c, r) : timer_set(c, PURGE_KIND, ID_NIL, c->now_ms + DAY_MS, NULL);
}

const TimerKind service_timers[] = {{EXPIRY_KIND, on_expiry}, {PURGE_KIND, on_purge}, {0}};
