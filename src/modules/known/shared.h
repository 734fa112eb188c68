/* The duplicate index of a house that shares its database with other processes: what they write is read again, and
 * never replaces something newer that was written here. On SQLite only the index itself is touched. */
#pragma once

#include "call/call.h"
#include "match/match.h"

typedef struct Shared Shared;

Shared *shared_new(TALLOC_CTX *ctx, House *house);
/* Written here, at that version of the record; is_there false: it is taken out of the index. */
void shared_put(Shared *s, const MatchKeys *keys, bool is_there, int64_t version);
/* Begins to follow the other processes, if there can be any. */
void shared_follow(Shared *s);
/* "converted" and "invalid" leads are closed; NULL: a record without a status. */
bool status_is_open(const char *status);
