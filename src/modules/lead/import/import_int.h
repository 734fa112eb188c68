/* What the files of this room share: one import as it is stored, its rows, and the thread that carries imports out. */
#pragma once

#include "modules/lead/import/import.h"
#include "modules/lead/intake/take.h"
#include "sheet/sheet.h"
#include <glib.h>
#include <pthread.h>

#define IMPORT_FOLDER "imports"            /* of the data folder: uploaded files */
#define IMPORT_BATCH 3000                  /* rows of one transaction */
#define IMPORT_BAD_SHOWN 200               /* bad rows a dry run lists; it counts all */
#define IMPORT_SAMPLE_ROWS 20              /* rows a look shows and guesses from */
#define IMPORT_CHUNK_MAX (4 * 1024 * 1024) /* bytes of one piece of an upload */
#define IMPORT_JSON_MAX (1024 * 1024)
#define IMPORT_TELL_MS 1000  /* news of progress */
#define IMPORT_CELL_SHOWN 60 /* characters of a cell in a report */

typedef enum { IMPORT_BY_RULES, IMPORT_TO_POOL, IMPORT_KEEP_OWNER } ImportWay;

/* What one column becomes. */
typedef struct {
	const char *header; /* "" when the file has none */
	const char *field;  /* of an enquiry, "at", "owner", "extra" (kept under its header) or "" (left out) */
} ImportColumn;

/* A row of the table import. */
typedef struct {
	ImportState state;
	const char *name, *path;
	bool own_file; /* uploaded: removed at the end */
	Id source, who, pool;
	int64_t at, size;
	const char *columns; /* JSON array of field names, or NULL */
	const char *way;
	bool by_time; /* rows go in in the order of their times, not of the file; read only */
} Import;

/* ---- job.c: imports in the database ---- */

extern const char *const import_migrations[];
NODISCARD int import_insert(Call *c, const Import *import);
/* ERR_NOT_FOUND when there is none. */
NODISCARD int import_load(Tx *tx, TALLOC_CTX *ctx, Id id, Import *ret);
/* The oldest one of that path that is not finished; ERR_NOT_FOUND. */
NODISCARD int import_find(Tx *tx, const char *path, Id *ret);
/* Those to be run or checked, in the order in which they are. */
NODISCARD int import_open(Tx *tx, Id *out, int max, int *ret_n);
/* Where an uploaded file lies is a matter of the process: in its own data folder, which may be shared. */
void import_place(TALLOC_CTX *ctx, const House *house, Import *import);
/* The same behind its row's lock: it stays as it is until the transaction ends. Before its state is judged. */
NODISCARD int import_hold(Tx *tx, TALLOC_CTX *ctx, Id id, Import *ret);
/* This process carries it out from now on; ERR_STALE: another one that is alive does, or it is not to be any more. */
NODISCARD int import_claim(Tx *tx, const House *house, Id id);
NODISCARD int import_state_set(Tx *tx, Id id, const char *state, const char *error);
/* What a run has done so far. */
NODISCARD int import_progress(Tx *tx, const ImportState *state);
NODISCARD int import_report(Tx *tx, const ImportState *state);
void import_write(JsonOut *o, const Import *import, bool with_report);
/* News for open screens: "import.progress". */
NODISCARD int import_tell(Call *c, const Import *import, const ImportState *state);

/* ---- columns.c: what a header means ---- */

/* The field for a header and what stands below it ("" cells are skipped); "extra" when it means nothing known. */
const char *column_guess(TALLOC_CTX *ctx, const char *header, const char *const *samples, size_t n);
/* Whether the row names columns rather than holding values. */
bool columns_are_header(TALLOC_CTX *ctx, const char *const *cell, int n);
bool column_field_known(TALLOC_CTX *ctx, const char *field);

/* ---- when.c ---- */

/* A time as tables have it, in the zone of the house when it names none. */
NODISCARD bool import_time(GTimeZone *zone, const char *text, int64_t *ret_ms);

/* ---- rows.c: from rows of a file to receipts ---- */

typedef struct {
	Receipt receipt;
	Reading reading;
	Id owner;
	int64_t number;
} ImportRow;

typedef struct ImportRows ImportRows;
typedef struct {
	Id id; /* of the person */
	const char *login, *name;
} ImportPerson;

/* Opens the file and reads its header. NULL with *ret_fault. people: who an owner can be. */
ImportRows *table_open(TALLOC_CTX *ctx, const Import *import, const char *source_key, const ImportPerson *people,
                      size_t n_people, GTimeZone *zone, int64_t now_ms, SheetFault *ret_fault);
const SheetInfo *table_info(const ImportRows *rows);
/* Before the first row of a run: from now on rows come by their own times, those without one last (L3). Copies them
 * into folder when they stand otherwise in the file. ERR_STALE when go_on says no; else as sheet_order. */
NODISCARD int table_sort(ImportRows *rows, const char *folder, bool (*go_on)(void *arg), void *arg,
                         SheetFault *ret_fault);
/* 1: a row, its memory in ctx. A row that cannot be taken is a receipt in quarantine with its reason. 0: the end. */
NODISCARD int table_next(ImportRows *rows, TALLOC_CTX *ctx, ImportRow *ret, SheetFault *ret_fault);
/* The columns, a guess for each, and the first rows as they are; writes members into the open object. */
NODISCARD bool table_look(TALLOC_CTX *ctx, const char *path, JsonOut *o, SheetFault *ret_fault);

/* ---- runner.c: the thread; dry.c, run.c: what it does ---- */

typedef struct Importer {
	House *house;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake, changed;
	bool woken;
	_Atomic bool stopping;
	Id current;             /* nil: none */
	_Atomic bool cancel;    /* the current one */
	_Atomic int64_t looked; /* rows of the current dry run */
} Importer;

Importer *importer_start(TALLOC_CTX *ctx, House *house);
void importer_stop(Importer *importer);
void importer_wake(Importer *importer);
/* After the import was cancelled for good: work on it ends soon. */
void importer_cancel(Importer *importer, Id id);

/* What both need: the import, who can own, the file. */
typedef struct {
	Importer *importer;
	Import import;
	ImportRows *rows;
	const Sources *sources;
	SheetFault fault;
} ImportWork;

/* 0, or an Err: ERR_INVALID with work->fault when the file cannot be read further. */
NODISCARD int import_dry(TALLOC_CTX *ctx, ImportWork *work);
NODISCARD int import_run(TALLOC_CTX *ctx, ImportWork *work);

/* ---- put.c ---- */

typedef struct {
	ImportWay way;
	Id pool;
	Id owner; /* of the row being placed */
} ImportPut;
/* A TakeWay: into the pool, or to the owner the file names. */
int import_put(Call *c, Record *lead, const PlaceInfo *info, void *put);

extern const Endpoint import_endpoints[];
