/* Enquiries as a web form sends them, for the benchmarks. */
#pragma once

#include "bench/company.h"

#define BODY_BYTES 500
#define BODY_PHONES 100000000

/* JSON of exactly BODY_BYTES: no two n below BODY_PHONES have the same phone, so that neither the windows for repeats
 * nor the duplicate index take two for one. */
void body_write(Dice *dice, uint64_t n, char out[static BODY_BYTES + 1]);
