/* Only one process at a time opens a workspace: two that start at once would both make tables, the first administrator
 * and what else a new house begins with. On SQLite the lock on the data folder does it, and nothing is held here. */
#pragma once

#include "store/store.h"

typedef struct Opening Opening;

/* Waits until no other process is opening this schema, at most OPENING_WAIT_S; after that, or when the database does
 * not answer, it goes on with a warning. Given back by opening_end, or by the end of the process. */
#define OPENING_WAIT_S 120
Opening *opening_begin(TALLOC_CTX *ctx, Store *store);
void opening_end(Opening *opening);
