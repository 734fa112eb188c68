/* What a new house needs so that its first lead finds a person: working hours, a team, a pool, a source and the policy
 * of the ledger. */
#pragma once

#include "call/house.h"

/* Makes what is missing when there is no policy yet; 0 or an Err. */
NODISCARD int furnish(House *house);
