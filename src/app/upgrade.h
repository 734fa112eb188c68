/* Upgrade of a data folder: before the first migration of a newer program runs, a backup is made; when it fails, the
 * folder and the database are put back as they were, and the message says so. */
#pragma once

#include "app/options.h"
#include "modules/care/verify.h"
#include "store/store.h"

#define UPGRADE_PARTS_MAX 64

typedef struct {
	Migration part[UPGRADE_PARTS_MAX]; /* all that the program knows */
	size_t n;
} UpgradePlan;

/* Looks at the folder, which the caller has locked, before its database is opened. Puts back what an upgrade that died
 * had begun; makes a backup when migrations are pending on data. False and a sentence in *ret_error: do not go on. */
NODISCARD bool upgrade_begin(TALLOC_CTX *ctx, const Options *options, const UpgradePlan *plan, char **ret_error);
/* For the doctor: what the next start will find. False: nothing worth telling. */
bool upgrade_outlook(TALLOC_CTX *ctx, const Options *options, const UpgradePlan *plan, Finding *ret);
/* True, and why, when the data of a backup is of a newer program: restored, it could not be served. */
bool upgrade_refuses(TALLOC_CTX *ctx, const char *backup, const UpgradePlan *plan, Said *said);
/* All has been migrated and the house stands. */
void upgrade_done(const Options *options);
/* It failed for the reason in *ret_error, and the database is closed again: puts back what there was and adds to the
 * sentence what was done. Does nothing when no upgrade was begun. */
void upgrade_failed(TALLOC_CTX *ctx, const Options *options, char **ret_error);
