/* Who sees which rows. salesperson: own records, and those waiting in pools they belong to; supervisor: those of
 * the teams they head or stand in for (with sub-teams), of their members, and unowned ones of these teams' pools;
 * administrator: all. */
#pragma once

#include "record/record.h"

/* What a live listener or a query is narrowed to. The lists are sorted. */
typedef struct Access {
	bool all;
	Id user;
	Id *teams;    int n_teams;    /* headed or stood in for, sub-teams included */
	Id *members;  int n_members;  /* people of these teams */
	Id *pools;    int n_pools;
} Access;

/* Loads afresh into ctx; for streams. */
NODISCARD int access_load(Call *c, TALLOC_CTX *ctx, Access **ret);
/* That of the call, loaded at first need and kept in it. */
NODISCARD int access_of(Call *c, const Access **ret);
/* Appends " AND (...)" for the object's scope; alias as in the query. */
NODISCARD int access_sql(Call *c, const ObjectDef *object, Sql *sql, const char *alias);
/* The same rule on one row: whose it is, who had it before (nil: nobody), team and pool. */
bool access_sees(const Access *access, Id owner, Id before, Id team, Id pool);
/* 0 if the caller may see the record, else ERR_NOT_FOUND (without failing the call). */
NODISCARD int access_check(Call *c, const Record *record);
