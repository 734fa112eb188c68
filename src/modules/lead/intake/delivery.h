/* One delivery on its way from the visitor to the log and back: who waits for it, and its one answer. Several threads
 * may hold it (the log, a waiter, a reader); the first to answer wins, the last to let go frees it. */
#pragma once

#include "http/http.h"
#include "modules/lead/intake/intake_int.h"

#define OVERSIZE_KEPT (64 * 1024) /* bytes kept of a body that is too large or no form */

typedef struct Delivery {
	Receipt receipt; /* comes first: the log hands it back as the argument of done */
	Intake *intake;
	HttpRequest *request;
	Lang lang;
	int err;            /* not 0: the answer is this problem, though the receipt is on the log */
	const char *origin; /* allowed origin of a browser, or NULL */
	int64_t wait_ms;    /* Prefer: wait=N */
	int64_t poll_until_ms; /* monotonic: looked for in the log again and again until then; 0: not */
	bool is_look;       /* a look-up: answered with 200 or 404, not 202 */
	bool is_form;       /* with files: read by form.h, the body is not in the receipt yet */
	Window *window; /* in which this delivery holds its digest, or NULL */
	Digest digest;
	_Atomic int holders;
	_Atomic bool answered;
} Delivery;

/* Reads what the request says about itself; one holder. */
Delivery *delivery_new(Intake *intake, HttpRequest *request, const char *source_key);
/* The first bytes of the body, at most max, become what the receipt keeps of it. */
void delivery_keep_body(Delivery *d, size_t max);
void delivery_hold(Delivery *d);
void delivery_release(Delivery *d);
/* The receipt will go on the log as quarantined, and the sender gets err (0: a 202 like any other). reason and argument
 * as in reason.h; the argument may be NULL and lives as long as d. */
void delivery_quarantine(Delivery *d, int err, const char *reason, const char *argument);
/* Answers with what became of the receipt, unless it was answered already. */
void delivery_answer(Delivery *d, const Outcome *outcome);
/* Answers with a problem: nothing was kept. */
void delivery_fail(Delivery *d, int err);
/* Answers with 429. */
void delivery_slow_down(Delivery *d, int after_s);
Outcome delivery_outcome(const Delivery *d);
/* A WaitFn: answers, with the state as it is known when the time is up, and lets go. */
void delivery_settled(void *arg, const Outcome *outcome);
