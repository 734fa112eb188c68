/* The end of a freeze before its time (L9), for the rooms beside: who is frozen, who may lift it, lifting it. */
#pragma once

#include "modules/lead/roster.h"
#include "record/record.h"

/* Loads a person whatever the caller may see: roster, place in it, record. ERR_NOT_FOUND with its sentence. */
NODISCARD int freeze_person(Call *c, Id id, const Roster **ret_roster, int *ret_person, Record **ret);
/* 0 for administrators and for heads and deputies of the person's team or one above it; else ERR_DENIED
 * "not_your_team". The right itself (lead.assign) is the endpoint's to ask for. */
NODISCARD int freeze_may_lift(Call *c, const Roster *roster, int person);
/* Lifts it: misses begin anew, waiting leads may come at once. ERR_CONFLICT "not_frozen". c->cause is kept with the
 * change and told with the event person.released. */
NODISCARD int freeze_lift(Call *c, Record *user);
