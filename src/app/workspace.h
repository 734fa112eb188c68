/* One open workspace: its data folder locked, its database migrated, its services made in order of the floors. */
#pragma once

#include "app/options.h"
#include "app/upgrade.h"
#include "call/house.h"

typedef struct Workspace {
	House house;
	Clock clock;
	int lock; /* descriptor of DIR/tenon.lock */
} Workspace;

/* All tables that this program makes. */
UpgradePlan workspace_plan(const Options *options);
/* Opens (and on first use furnishes) the workspace. NULL and a sentence in *ret_error on failure. */
Workspace *workspace_open(TALLOC_CTX *ctx, const Options *options, char **ret_error);
/* Starts what runs by itself: timers, the live hub, the threads of the modules. */
void workspace_start(Workspace *workspace);
void workspace_close(Workspace *workspace);
