/* What the files of this room share: the intake of one house. */
#pragma once

#include "modules/lead/intake/limiter.h"
#include "modules/lead/intake/pulse.h"
#include "modules/lead/intake/receipt.h"
#include "modules/lead/intake/source.h"
#include "modules/lead/intake/waits.h"
#include "modules/lead/intake/window.h"
#include "call/module.h"

#define TIMER_HEALTH "source.health" /* subject: nil; modules/lead/health looks at all sources */

typedef struct Taker Taker;

typedef struct Intake {
	House *house;
	ReceiptLog *log;
	SourceBook *sources;
	Window *by_key, *by_body;
	Limiter *arrivals, *lookups;
	Waits *durable; /* who waits for another delivery of the same thing to be durable */
	Waits *settled; /* who waits for what became of a receipt (Prefer: wait) */
	struct Filer *filer; /* keeps what comes with forms */
	Taker *taker;
	_Atomic uint64_t kept;       /* receipts made durable since the start */
	_Atomic uint64_t settled_as[RECEIPT_QUARANTINED + 1]; /* what became of receipts since the start, by state */
	Pulse *pulse; /* what arrived lately, for the health of sources */
	_Atomic bool closing;
	_Atomic int polls; /* what still reads for the intake: it closes when they ended */
	_Atomic int64_t told_at; /* when the house was last told of quarantine, monotonic */
} Intake;

/* Answers /capture/... (capture.c). */
struct HttpRequest;
void capture_request(House *house, struct HttpRequest *request);
/* Puts on the log what http/ could not understand (F2). */
void capture_refused(House *house, const char *peer, const char *target, const char *body, size_t len,
                     const char *reason);

/* The taker: takes durable receipts in, in batches, in the background (take.c). */
Taker *taker_start(Intake *intake);
void taker_stop(Taker *taker);
/* A durable receipt is handed over (its memory stays the caller's). */
void taker_give(Taker *taker, const Receipt *receipt);
/* Looks into the log for pending ones: at start, and after receipts were reopened. */
void taker_wake(Taker *taker);
/* Receipts not taken in yet, as far as this process knows. */
int taker_backlog(Taker *taker);

/* A receipt went to quarantine: its source's health hears of it, and open screens, at most once a second
 * (quarantine.c). */
void quarantine_tell(Intake *intake, const Receipt *receipt, const char *reason, const char *detail);

/* Receipts for /metrics (measure.c). */
void intake_measure(House *house, Buf *out);

/* Writes {"receipt","state","lead","duplicate_of","reason","detail"}. */
void outcome_write(JsonOut *o, const Outcome *outcome, Lang lang);
/* The member "files": what a form brought, and what of it was left out and why; nothing without files. */
void outcome_write_files(JsonOut *o, const char *notes, Lang lang);

extern const Endpoint intake_endpoints[];
