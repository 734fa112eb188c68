/* Synthetic Chinese company names for the benchmarks. */
#pragma once

#include "base/base.h"

#define COMPANY_NAME_MAX 160
#define COMPANY_SEED 20261123

/* A small generator; the state must not be 0. */
typedef struct {
	uint64_t state;
} Dice;

uint64_t dice_throw(Dice *dice, uint64_t below);
void company_write(Dice *dice, char out[static COMPANY_NAME_MAX]);
/* Changes one Han character in the middle. */
void company_spoil(Dice *dice, char *name);
