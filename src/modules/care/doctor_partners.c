/* Whom the house depends on outside: channels that fail, services that are down, subscriptions that end. */
#include "modules/care/doctor_int.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "event/failure.h"
#include "modules/care/tree.h"

#define BEAT_OLD_MS (10 * MINUTE_MS) /* beats are written down once a minute */
#define BEATS_OLD 3                  /* or so many of its own */
#define ENDS_SOON_MS (30 * DAY_MS)

#define CHANNELS                                                                                                    \
	"SELECT c.name, c.breaker, c.breaker_code, c.breaker_detail, "                                              \
	"(SELECT o.state FROM outbox o WHERE o.channel = c.id AND o.done_at IS NOT NULL AND o.state IN (2, 3) "     \
	"ORDER BY o.done_at DESC, o.seq DESC LIMIT 1), "                                                            \
	"(SELECT o.code FROM outbox o WHERE o.channel = c.id AND o.done_at IS NOT NULL AND o.state IN (2, 3) "      \
	"ORDER BY o.done_at DESC, o.seq DESC LIMIT 1), "                                                            \
	"(SELECT o.code FROM outbox o WHERE o.channel = c.id AND o.state <= 1 AND o.tries > 0 "                     \
	"AND o.code <> 'quiet_hours' ORDER BY o.seq LIMIT 1), c.kind "                                              \
	"FROM channel c WHERE c.deleted_at IS NULL AND c.enabled = 1 ORDER BY c.created_at, c.id LIMIT 100"

/* Those that were entered, and channels, which are watched by themselves. A source is heard of, not called. */
#define SERVICES                                                                                                    \
	"SELECT x.name, x.expires_at, x.every_s, b.state, b.code, b.detail, b.checked_at, b.since, x.type FROM ("   \
	"SELECT s.id, COALESCE(s.name, c.name, q.name) AS name, s.expires_at, s.every_s, c.kind AS type "           \
	"FROM service s "                                                                                           \
	"LEFT JOIN channel c ON c.id = s.id LEFT JOIN source q ON q.id = s.id "                                     \
	"WHERE s.deleted_at IS NULL AND s.enabled = 1 AND q.deleted_at IS NULL "                                    \
	"AND (s.kind <> 'channel' OR (c.enabled = 1 AND c.deleted_at IS NULL)) "                                    \
	"UNION ALL SELECT c.id, c.name, NULL, 20, c.kind FROM channel c WHERE c.deleted_at IS NULL AND c.enabled = 1 " \
	"AND NOT EXISTS (SELECT 1 FROM service s WHERE s.id = c.id AND s.deleted_at IS NULL)) x "                   \
	"LEFT JOIN service_state b ON b.service = x.id WHERE x.name IS NOT NULL ORDER BY x.name, x.id LIMIT 400"

/* What a code means: of a channel of that kind, or with NULL of the house. "" for none. */
static const char *words_of(Doctor *d, const char *kind, const char *code, Lang lang)
{
	const char *said = kind && d->config->channel_said ? d->config->channel_said(d->ctx, kind, code, lang)
							   : failure_or_code(d->ctx, code, lang);
	return said ? said : "";
}

typedef struct {
	const char *kind, *code; /* kind: of the channel, or NULL */
} Why;

/* What it is about, and behind it what the code means. */
static void failure_add(Doctor *d, const char *check, Why why, const char *en, const char *zh)
{
	Said *said = doctor_add(d, check, true);
	said->en = talloc_asprintf(d->ctx, "%s %s", en, words_of(d, why.kind, why.code, LANG_EN));
	said->zh = talloc_asprintf(d->ctx, "%s%s", zh, words_of(d, why.kind, why.code, LANG_ZH));
}

/* One that is switched on: it rests, its last message failed, or one that waits was tried in vain. */
static bool look_at_channel(void *arg, const char *const *cells, int n)
{
	Doctor *d = arg;
	assert(n == 8);
	const char *name = cells[0], *code = cells[2] ? cells[2] : "", *detail = cells[3] ? cells[3] : "";
	bool rests = strcmp(cells[1], "open") == 0 || strcmp(cells[1], "half_open") == 0;
	const char *failed = cells[6] ? cells[6] : cells[4] && strcmp(cells[4], "3") == 0 ? cells[5] : NULL;
	d->channels++;
	if (rests)
		failure_add(d, "channel", (Why){cells[7], code},
		    talloc_asprintf(d->ctx, "The channel \"%s\" rests after failures. Look at its settings and its log. %s",
		                    name, detail),
		    talloc_asprintf(d->ctx, "渠道“%s”多次失败，已暂停。请检查它的设置和发送记录。%s", name, detail));
	else if (failed)
		failure_add(d, "channel", (Why){cells[7], failed},
		    talloc_asprintf(d->ctx, "The last message of the channel \"%s\" could not be sent. Look at its log.",
		                    name),
		    talloc_asprintf(d->ctx, "渠道“%s”最近一条消息没有发出。请查看发送记录。", name));
	d->failing += rests || failed;
	return true;
}

/* ---- services ---- */

typedef struct {
	Doctor *d;
	int n, beats, bad;
} Services;

static int64_t number(const char *cell)
{
	return cell ? strtoll(cell, NULL, 10) : 0;
}

static const char *day_text(TALLOC_CTX *ctx, int64_t ms)
{
	char text[32];
	struct tm day;
	time_t at = (time_t)(ms / 1000);
	strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", gmtime_r(&at, &day));
	return talloc_strdup(ctx, text);
}

static void look_at_end(Services *s, const char *name, int64_t ends_ms)
{
	Doctor *d = s->d;
	int64_t left_ms = ends_ms - d->config->now_ms;
	if (!ends_ms || left_ms > ENDS_SOON_MS)
		return;
	const char *day = day_text(d->ctx, ends_ms);
	if (left_ms > 0) {
		said_set(d->ctx, doctor_note(d, "service_ends", true), 0,
		    "The subscription of the outside service \"%s\" ends in %lld days (%s)",
		    "外部服务“%s”的订阅还有 %lld 天到期（%s）", name, (long long)(left_ms / DAY_MS), day);
		return;
	}
	s->bad++;
	said_set(d->ctx, doctor_add(d, "service_ended", true), 0,
	    "The subscription of the outside service \"%s\" ended on %s. Renew it, and write the new date under Settings, "
	    "Outside services.",
	    "外部服务“%s”的订阅已于 %s 到期。请续订，并在“设置 → 外部服务”里填写新的日期。", name, day);
}

/* What it says now; and whether it is looked at at all, where a server runs. */
static void look_at_beat(Services *s, const char *const *cells)
{
	Doctor *d = s->d;
	int64_t every_ms = number(cells[2]) * SECOND_MS, age_ms = d->config->now_ms - number(cells[6]);
	int64_t old_ms = BEATS_OLD * every_ms > BEAT_OLD_MS ? BEATS_OLD * every_ms : BEAT_OLD_MS;
	s->beats++;
	if (strcmp(cells[3], "down") == 0) {
		s->bad++;
		const char *day = day_text(d->ctx, number(cells[7])), *detail = cells[5] ? cells[5] : "";
		failure_add(d, "service", (Why){cells[8], cells[4]},
		    talloc_asprintf(d->ctx, "The outside service \"%s\" is down since %s. Look at it under Settings, Outside "
		                    "services. %s", cells[0], day, detail),
		    talloc_asprintf(d->ctx, "外部服务“%s”自 %s 起中断。请查看“设置 → 外部服务”。%s", cells[0], day, detail));
	} else if (d->serves && age_ms > old_ms) {
		s->bad++;
		said_set(d->ctx, doctor_add(d, "service_beat", true), 0,
		    "The outside service \"%s\" was last looked at %lld minutes ago, though a tenon runs. Look at its log, and "
		    "restart it.",
		    "外部服务“%s”上一次探测是 %lld 分钟前，而 tenon 正在运行。请查看日志并重启。", cells[0],
		    (long long)(age_ms / MINUTE_MS));
	}
}

static bool look_at_service(void *arg, const char *const *cells, int n)
{
	Services *s = arg;
	assert(n == 9);
	s->n++;
	look_at_end(s, cells[0], number(cells[1]));
	if (cells[3] && cells[6])
		look_at_beat(s, cells);
	return true;
}

/* Of a version before there were any: nothing to say. */
static void look_at_services(Doctor *d, Inspection *look)
{
	Services s = {.d = d};
	if (inspect_rows(look, SERVICES, look_at_service, &s) == 0 && s.n > 0 && s.bad == 0)
		said_set(d->ctx, doctor_add(d, "service", false), 0,
		    "Outside services: %d, of which %d have heartbeats; none is down",
		    "外部服务：%d 个，其中 %d 个有探测，均未中断", s.n, s.beats);
}

void doctor_partners(Doctor *d)
{
	char *error = NULL;
	InspectConfig config = house_inspection(d->ctx, &d->config->house);
	config.receipts = NULL;
	if (!config.database && !file_exists(config.records))
		return;
	Inspection *look = inspect_open(d->ctx, &config, &error);
	if (!look) /* told before */
		return;
	bool read = inspect_rows(look, CHANNELS, look_at_channel, d) == 0;
	if (read && d->channels > 0 && d->failing == 0)
		said_set(d->ctx, doctor_add(d, "channel", false), 0, "Channels that are on: %d; none fails",
		    "已启用的渠道：%d 个，都正常", d->channels);
	if (read) /* one of an older version has neither */
		look_at_services(d, look);
	if (read)
		doctor_secrets(d, look);
	inspect_close(look);
}
