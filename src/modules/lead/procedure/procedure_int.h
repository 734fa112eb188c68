/* What the words and the chart of the procedure share. */
#pragma once

#include "call/module.h"
#include "modules/lead/roster.h"

/* flow.c: the member "flow" into the open object, the policy in force as a chart. */
void flow_write(Call *c, const Roster *roster, bool en);
