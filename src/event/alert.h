/* Alerts to people: a row per receiver with merge key and expiry. Same receiver, same merge key within 60 s of the
 * first: one alert with a count, which shows the newest content and is unread again. An alert that expires unread is
 * dropped from the list by a timer and the drop is logged (table alert_drop). In-app delivery is an event ("alert",
 * owner = receiver, data = the alert as GET /alerts gives it) that the hub brings; modules/channel hears of it by
 * PHASE_EVENT and brings it to the receiver's other channels. */
#pragma once

#include "call/call.h"

/* From the first alert of a merge key, in which others are counted into it. */
#define ALERT_MERGE_MS (60 * SECOND_MS)
/* An alert without expires_ms lives so long; read ones are kept ALERT_KEEP_MS beyond their expiry. */
#define ALERT_LIFE_MS (24 * HOUR_MS)
#define ALERT_KEEP_MS (30 * DAY_MS)

extern const char *const alert_migrations[]; /* alert, alert_drop */

typedef struct {
	Id receiver;
	const char *reason;      /* "lead.assigned", "lead.missed", "person.frozen" ...: chooses words on the screen */
	const char *merge_key;   /* NULL: the reason */
	const char *object;
	Id record;               /* where a click leads */
	const char *data;        /* JSON object text with what the words need; NULL: none */
	int64_t expires_ms;      /* 0: in 24 h */
	bool urgent;             /* sound and browser notification */
} Alert;

NODISCARD int alert_send(Call *c, const Alert *alert);

/* Alerts of one transaction, sent together: what stands already is asked once for all of them, which spares PostgreSQL
 * a round trip each. In the memory of the transaction. */
typedef struct AlertPost AlertPost;
AlertPost *alert_post_new(Call *c);
/* Keeps a copy for alert_post_send; without a post the alert is sent at once. */
NODISCARD int alert_send_by(Call *c, AlertPost *post, const Alert *alert);
/* Sends them in the order they were put, at c's time, and empties the post. */
NODISCARD int alert_post_send(Call *c, AlertPost *post);
/* Unread alerts of the caller, for the screen's counter. */
NODISCARD int alert_unread(Call *c, int64_t *ret);
extern const struct Module alert_module; /* GET /alerts, POST /alerts/read; timer alert.expire */
