/* tenon import: leads out of a file, without a server. */
#pragma once

#include "app/options.h"

/* The exit code: 0 done (also when rows went to quarantine: it tells how many), 1 it could not be done. */
int import_file(const Options *options);
