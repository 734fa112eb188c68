/* Alerts to people: a row per receiver with merge key and expiry. Same receiver, same merge key within 60 s: one alert with a
 * count. An expired one is dropped and the drop is logged. In-app delivery is an event ("alert") to the receiver; the table
 * `outbox` is laid for other channels. */
#pragma once

#include "call/call.h"

extern const char *const alert_migrations[];

typedef struct {
	Id receiver;
	const char *reason;      /* "lead.assigned", "lead.missed", "person.frozen" ...: chooses words on the screen */
	const char *merge_key;   /* NULL: the reason */
	const char *object;
	Id record;               /* where a click leads */
	const char *data;        /* JSON object text with what the words need */
	int64_t expires_ms;      /* 0: in 24 h */
	bool urgent;             /* sound and browser notification */
} Alert;

NODISCARD int alert_send(Call *c, const Alert *alert);
extern const struct Module alert_module; /* GET /alerts, POST /alerts/read */
