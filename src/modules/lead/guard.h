/* Whose a lead is while it is protected: asked before anybody writes to it or to what belongs to it. In a writing
 * transaction: who is refused is counted when it rolls back. */
#pragma once

#include "record/record.h"

/* 0, or 409 "protected" with who holds it and until when; the attempt is counted. act: "touch", "edit", "claim",
 * "delete". */
NODISCARD int guard_lead(Call *c, const Record *lead, const char *act);
/* That lead, not in the bin, unprotected or the caller's own, and one the caller may see. */
NODISCARD int guard_load(Call *c, Id id, const char *act, Record **ret);
