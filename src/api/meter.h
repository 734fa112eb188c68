/* How often each endpoint was asked, with which status, and how long the answers took. Any thread adds, none waits. */
#pragma once

#include "api/route.h"
#include "base/metrics.h"

typedef struct Meter Meter;

Meter *meter_new(TALLOC_CTX *ctx, const Routes *routes);
/* One answer of the route with that index; began_us: clock_monotonic_us when the request was understood. */
void meter_add(Meter *meter, size_t route, int status, int64_t began_us);
void meter_write(const Meter *meter, Buf *out);
