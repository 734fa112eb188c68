/* The seams where record/ calls upward. Floors above register hooks at start; each runs inside the writing
 * transaction, in the order of registration. A hook that fails fails the write. */
#pragma once

#include "record/record.h"

typedef enum {
	PHASE_NORMALISE, /* after a field got its value from outside: may rewrite values (phones, mails) */
	PHASE_VALIDATE,  /* before the write: may add faults */
	PHASE_BEFORE,    /* last moment to change values */
	PHASE_AFTER,     /* the row is written; before is what it was (NULL on create) */
	PHASE_EVENT,     /* an event row was written: event and event_seq tell which */
	PHASE_COUNT,
} Phase;

typedef enum { WRITE_CREATE, WRITE_UPDATE, WRITE_DELETE, WRITE_RESTORE } WriteKind;

typedef struct {
	WriteKind kind;
	Record *record;
	const Record *before;   /* NULL on create */
	const EventRow *event;  /* PHASE_EVENT only; record is NULL then */
	int64_t event_seq;      /* PHASE_EVENT only */
	int flags;              /* of the writing function: RECORD_AS_HOUSE ... */
} PhaseInfo;

/* The field differs between before and record (on create: it is not NULL). */
bool phase_changed(const PhaseInfo *info, const char *field);

/* Returns 0 or an Err; a fault (call_fault) fails the write too. */
typedef int (*PhaseHook)(Call *c, const PhaseInfo *info, void *arg);

typedef struct Phases Phases;
/* Made at start, before the first Call; hooks are added before serving and never after. */
Phases *phases_new(TALLOC_CTX *ctx);
/* object NULL: every object (and events of none). */
void phase_add(Phases *phases, Phase phase, const char *object, PhaseHook hook, void *arg);
NODISCARD int phase_run(Call *c, Phase phase, const PhaseInfo *info);
