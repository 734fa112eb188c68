/* What the files of base/ share among themselves and show to their own tests; no other folder includes this. */
#pragma once

#include "base/base.h"
#include "base/clock.h"

/* Business time in ms from two readings; real_ns must have been read before mono_ns. */
int64_t clock_combine(Clock *clock, int64_t real_ns, int64_t mono_ns);
