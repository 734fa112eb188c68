/* Backups of a whole house. A backup is one folder: manifest.json, the record database, the log of receipts, files/ and
 * keys. It is written under a name that begins with a dot, synced, and renamed when it is whole: what has a manifest is
 * a whole backup.
 *
 * The records are copied first, the receipts after them, and then every receipt of the copy that was taken in between
 * the two moments is set back to pending: the restored house takes it in again, at its original time. So no receipt
 * that was acknowledged before the backup began is lost, and none is there twice.
 *
 * All of these read and write for a long time: call them from a thread of one's own, or the command line. On failure
 * they return an Err and leave a sentence in *said. */
#pragma once

#include "modules/care/said.h"
#include "store/copy.h"
#include "store/inspect.h"

#define BACKUP_SCHEMA "tenon"            /* of PostgreSQL */
#define BACKUP_PACE (32 * 1024 * 1024)   /* bytes a second beside a running house */
#define BACKUPS_MAX 1000                 /* in one folder */
#define CARE_SETTINGS_NAME "backup"      /* of the row that says when and where they are made by themselves */

/* Where a house lives. */
typedef struct {
	const char *data_dir;
	const char *database; /* PostgreSQL, or NULL */
} HousePlace;

typedef enum { BACKUP_MANUAL, BACKUP_SCHEDULED, BACKUP_UPGRADE } BackupKind;

typedef struct {
	const char *name, *path;
	const char *engine, *program; /* "sqlite" or "postgres"; version that wrote it */
	const char *origin;           /* which house it is of */
	BackupKind kind;
	int64_t made_ms, bytes, rows;
	int64_t reopened;             /* receipts set back to pending */
	bool without_key;             /* the key of the secrets was left out on purpose */
	int64_t checked_ms;           /* 0: never */
	bool check_good;
	const char *check_en, *check_zh; /* what the check found, or NULL */
} Backup;

/* What is to be made. */
typedef struct {
	const char *to;       /* the folder of backups, made if absent */
	BackupKind kind;
	bool without_key;     /* leave secret.key out: what is sealed with it has to be entered again after a restore */
	int64_t now_ms;       /* real time */
} BackupOrder;

/* Makes a backup as a new folder. Six parameters: where from, what, how fast, what came of it. */
NODISCARD int backup_make(TALLOC_CTX *ctx, const HousePlace *house, const BackupOrder *order, CopyWatch *watch,
			  Backup *ret, Said *said);
/* Reads the manifest. ERR_NOT_FOUND: no backup. */
NODISCARD int backup_read(TALLOC_CTX *ctx, const char *path, Backup *ret, Said *said);
/* Every step of the tables that the backup holds, as cells: part, number. */
NODISCARD int backup_steps(TALLOC_CTX *ctx, const char *path, InspectRow row, void *arg);
/* Compares every file with the manifest, no faster than the watch says (NULL: as fast as it goes). ERR_INVALID names
 * the one that is missing or damaged; ERR_BUSY: it was stopped. */
NODISCARD int backup_compare(TALLOC_CTX *ctx, const char *path, const CopyWatch *watch, Said *said);
/* The same, then looks into the databases as `tenon verify` does; keeps the result beside the manifest. */
NODISCARD int backup_check(TALLOC_CTX *ctx, const char *path, int64_t now_ms, const CopyWatch *watch, Said *said);
/* The whole backups in a folder, newest first. An absent folder has none. */
void backup_list(TALLOC_CTX *ctx, const char *folder, Backup **ret, size_t *ret_n);
/* Removes scheduled backups of this origin beyond the newest of each of `daily` days and each of `weekly` weeks; what
 * is manual, of another house or no backup stays. Never the newest one. Returns how many were removed. */
int backup_rotate(const char *folder, const char *origin, int daily, int weekly);

/* Furnishes a house from a backup; secret.key stays where it is when the backup has none. ERR_INVALID: damaged;
 * ERR_CONFLICT: the place holds data (then with `force` it is moved aside and kept), or a server runs there, or the
 * engine is another one. *ret_aside: where the old data went, or NULL. locked: the caller holds the lock of the
 * folder. */
NODISCARD int backup_restore(TALLOC_CTX *ctx, const char *path, const HousePlace *house, bool force, bool locked,
			     int64_t now_ms, char **ret_aside, Said *said);
/* True while a restore of this folder was begun and not finished: it must not be served. */
bool backup_restore_is_open(const char *data_dir);

/* The file of receipts is gone though the records name some: whoever made a new one would hide a loss. */
bool house_lacks_receipts(TALLOC_CTX *ctx, const HousePlace *house, Said *said);
/* A place in which no backup may lie: each would hold those before it. */
bool backup_place_is_bad(const HousePlace *house, const char *to);

/* What inspect_open wants for a house. */
InspectConfig house_inspection(TALLOC_CTX *ctx, const HousePlace *house);
