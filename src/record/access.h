/* Who sees which rows. salesperson: own records, and those waiting in pools they belong to; supervisor: those of the teams
 * they head or stand in for (with sub-teams), of their members, and unowned ones of these teams' pools; administrator: all. */
#pragma once

#include "record/record.h"

/* What a live listener or a query is narrowed to; loaded once per Call or stream. */
typedef struct Access {
	bool all;
	Id user;
	Id *teams;  int n_teams;
	Id *pools;  int n_pools;
} Access;

NODISCARD int access_load(Call *c, TALLOC_CTX *ctx, Access **ret);
/* Appends " AND (...)" for the object's scope; alias as in the query. */
NODISCARD int access_sql(Call *c, const ObjectDef *object, Sql *sql, const char *alias);
bool access_sees(const Access *access, Id owner, Id before, Id team, Id pool);
