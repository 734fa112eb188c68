/* What the files of the running house's care share: its settings, and the one backup that may run. */
#pragma once

#include "call/module.h"
#include "modules/care/backup.h"

#define CARE_HOUR_DEFAULT 3
#define CARE_DAILY_DEFAULT 7
#define CARE_DAILY_MAX 90
#define CARE_WEEKLY_DEFAULT 4
#define CARE_WEEKLY_MAX 104
#define CARE_FOLDER_MAX 500

typedef struct {
	bool on;
	int hour;          /* of the house's time zone */
	int daily, weekly; /* how many to keep */
	const char *folder; /* absolute, or "": DIR/backups */
	bool without_key;   /* secret.key is left out of them */
} CareSettings;

typedef enum { CARE_IDLE, CARE_COPYING, CARE_CHECKING } CarePhase;

/* What a screen may know of the backup under way and of the last one. */
typedef struct {
	CarePhase phase;
	int64_t done, total;  /* bytes */
	int64_t last_ms;      /* real time; 0: none since the start */
	bool last_good;
	Said last;
} CareState;

/* ---- schedule.c ---- */
NODISCARD int care_settings_load(Call *c, CareSettings *ret);
/* Keeps them and sets the timer. */
NODISCARD int care_settings_store(Call *c, const CareSettings *settings);
/* When the next one is due, business time; 0: none. */
NODISCARD int care_next(Call *c, const CareSettings *settings, int64_t *ret_ms);
/* The timer "care.backup". */
int care_due(Call *c);
/* Sets the timer of a house that has none yet. */
int care_schedule(Tx *tx, void *house);
const char *care_folder(TALLOC_CTX *ctx, const House *house, const CareSettings *settings);

/* ---- runner.c ---- */
struct Care *care_new(House *house);
/* Stops the backup under way and waits for its end. */
void care_free(struct Care *care);
/* Begins one in a thread of its own; false while one runs. */
NODISCARD bool care_begin(struct Care *care, BackupKind kind, const char *folder, const CareSettings *settings);
/* Texts hang on ctx. */
CareState care_state(struct Care *care, TALLOC_CTX *ctx);

/* How many of /reach/stream are open; NULL once the room is closed. */
_Atomic int *care_reaches(struct Care *care);

/* ---- care_api.c ---- */
extern const Endpoint care_endpoints[];
