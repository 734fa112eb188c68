/* House: the services of one open workspace, made at start, handed to every Call. Each service is opaque here and
 * belongs to the floor named beside it; only that floor and those above may look inside. */
#pragma once

#include "base/base.h"
#include "base/clock.h"

typedef struct House {
	struct Store *store;       /* store/: the records */
	Clock *clock;              /* base/ */
	struct Keyring *keyring;   /* base/: opens and seals secrets */
	struct NetClient *net;     /* net/: requests to the outside */
	struct Gate *gate;         /* call/: sessions, API keys, roles and rights */
	struct Meta *meta;         /* meta/: holder of the catalogue snapshot in force */
	struct Phases *phases;     /* record/: hooks on writes */
	struct MatchIndex *match;  /* match/ */
	struct Timers *timers;     /* event/ */
	struct Hub *hub;           /* event/: live streams */
	struct Follow *follow;     /* event/: what other processes write; NULL on SQLite */
	struct Outside *outside;   /* event/: what of the outside rooms depend on; NULL: nothing */
	struct Desk *lead;         /* modules/lead */
	struct Intake *intake;     /* modules/lead/intake */
	struct Pull *pull;         /* modules/lead/pull */
	struct Sweep *sweep;       /* modules/lead/sweep: content of files that nobody names any more */
	struct Importer *importer; /* modules/lead/import */
	struct Post *post;         /* modules/channel */
	struct Watch *watch;       /* modules/service: heartbeats */
	struct Care *care;         /* modules/care: the backup under way */
	const struct Module *const *modules; /* NULL-terminated, app/modules.def */
	const char *data_dir;
	const char *database;      /* postgres://..., or NULL for SQLite */
	const char *public_url;    /* without trailing slash */
	bool test_clock;
} House;
