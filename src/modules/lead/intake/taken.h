/* The table `taken`: what each receipt became, written in the transaction that makes it so. Whoever takes a receipt in
 * first leaves a row, and a second run gives the first result. */
#pragma once

#include "modules/lead/intake/intake_int.h"

/* What became of receipt o->receipt when it was taken in before; otherwise *o stays as it is. */
NODISCARD int taken_find(Call *c, Outcome *o);
/* The same for many: those that were taken in before are marked in ret_taken. PostgreSQL only, where each look would be
 * a round trip. */
NODISCARD int taken_find_all(Call *c, Outcome *outcome, size_t n, bool *ret_taken);
/* Writes the outcome down before it comes about: whoever took this receipt in first left a row, and then *ret_first is
 * false and *o is that one's. is_new: there was none a moment ago; if one came since, the transaction fails
 * (ERR_CONFLICT), now or later. */
NODISCARD int taken_claim(Call *c, Outcome *o, bool is_new, bool *ret_first);
