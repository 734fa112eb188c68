/* What sending one alert and sending many share. */
#pragma once

#include "event/alert.h"

/* A row of alert, texts borrowed. */
typedef struct {
	Id id, record;
	const char *reason, *object, *data;
	bool urgent, was_unread; /* was_unread: another one was counted into it */
	int64_t count, at_ms, read_ms; /* read_ms 0: unread */
} AlertView;

const char *alert_merge_key(const Alert *alert);
/* PostgreSQL: under the lock of this name one transaction at a time looks for the standing alert. */
const char *alert_lock_name(TALLOC_CTX *ctx, const Alert *alert);
/* What the alert says, not yet counted into anything. */
AlertView alert_view(const Alert *alert);
/* Writes it - into the standing alert view->id if there is one - sets its timer and tells of it. view then is what
 * stands. */
NODISCARD int alert_put(Call *c, const Alert *alert, AlertView *view);
