/* The seams where record/ calls upward. Floors above register hooks at start; each runs inside the writing transaction, in the
 * order of registration. A hook that fails fails the write. */
#pragma once

#include "record/record.h"

typedef enum {
	PHASE_NORMALISE, /* after a field got its value from outside: may rewrite values (phones, mails) */
	PHASE_VALIDATE,  /* before the write: may add faults */
	PHASE_BEFORE,    /* last moment to change values */
	PHASE_AFTER,     /* the row is written; before is what it was (NULL on create) */
	PHASE_EVENT,     /* an event row was written */
	PHASE_COUNT,
} Phase;

typedef enum { WRITE_CREATE, WRITE_UPDATE, WRITE_DELETE, WRITE_RESTORE } WriteKind;

typedef struct {
	WriteKind kind;
	Record *record;
	const Record *before;   /* NULL on create */
	const EventRow *event;  /* PHASE_EVENT only */
	int64_t event_seq;
	const char *flags;
} PhaseInfo;

typedef int (*PhaseHook)(Call *c, const PhaseInfo *info, void *arg);

typedef struct Phases Phases;
Phases *phases_new(TALLOC_CTX *ctx);
/* object NULL: every object. */
void phase_add(Phases *phases, Phase phase, const char *object, PhaseHook hook, void *arg);
NODISCARD int phase_run(Call *c, Phase phase, const PhaseInfo *info);
