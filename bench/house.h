/* A house opened by a benchmark, without its server. */
#pragma once

#include "app/workspace.h"
#include "call/call.h"
#include "store/store.h"

/* NULL after telling on standard error why not. */
Workspace *house_open(const char *data_dir, const char *database);

typedef int (*HouseJob)(Call *c, void *arg);
/* One transaction; ends the program if it fails. */
void house_write(House *house, HouseJob fn, void *arg);
