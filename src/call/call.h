/* Call: the single currency. Every entry - endpoint, timer, command line, test - is int fn(Call *). It carries who
 * asks, the transaction, checked parameters, and takes the result or the error. All memory hangs on the Call;
 * handlers never free. */
#pragma once

#include "base/err.h"
#include "base/json.h"
#include "call/house.h"
#include "store/store.h"

typedef enum { LANG_ZH, LANG_EN } Lang;

typedef enum { ROLE_NONE, ROLE_SALESPERSON, ROLE_SUPERVISOR, ROLE_ADMINISTRATOR } Role;

/* Who asks. The nil user with role administrator is the system itself (timers, intake, command line). */
typedef struct {
	Id user;
	Role role;
	Id team;
	Id session;          /* or the API key */
	const char *login;
	const char *name;
	const char *scopes;  /* API keys: space separated rights, NULL for all of the role */
	bool must_change_password;
} Identity;

typedef struct FieldFault {
	const char *field, *code, *detail;
	struct FieldFault *next;
} FieldFault;

/* An answer that is no JSON: a file. Parts of it are given when they are asked for. */
typedef struct {
	const char *type;        /* media type */
	const char *disposition; /* value of Content-Disposition */
	const char *bytes;
	size_t len;
} CallContent;

typedef struct Call {
	House *house;
	Tx *tx;
	Identity who;
	Lang lang;
	int64_t now_ms;        /* business time of this call */
	const char *ip, *device;
	const char *origin;    /* where the request says it reached this house: "http://host:port"; NULL without one */
	const char *cause;     /* "api", "timer", "intake", "import", ... goes into the change */
	const char *if_match;  /* version text, or NULL */
	json_t *params;        /* path, query and body parameters after checking, by name; never NULL */
	json_t *body;          /* the whole JSON body, for endpoints that declare PARAM_BODY; else NULL */
	const char *bytes;     /* the body as it came, for endpoints that declare PARAM_BYTES; else NULL */
	size_t bytes_len;

	Id change;             /* the unit of change; record/ makes it at the first write */

	int status;            /* of success: 200 unless set */
	Buf *out;              /* JSON answer */
	JsonOut json;          /* writer on out */
	const char *location, *link_next;
	const char *etag;       /* of the record that is answered, or with ERR_STALE of the one that is there */
	const char *retry_after;
	const char *set_cookie; /* value of a Set-Cookie header, or NULL */
	const CallContent *content; /* instead of JSON; NULL without one */
	bool shows_secret;      /* the answer holds what is shown once: it is kept nowhere */

	int err;
	const char *err_code;  /* stable, more exact than the Err: "protected", "summary_too_short" */
	const char *err_detail;
	FieldFault *faults;

	const struct Catalogue *catalogue; /* meta/: the snapshot this call began with; NULL until asked for */
	struct Access *access;             /* record/: whose rows the caller sees; NULL until asked for */
} Call;

typedef int (*CallFn)(Call *);

/* A Call of nobody yet (ROLE_NONE, Chinese, business time now); tx may be NULL. */
Call *call_new(TALLOC_CTX *ctx, House *house, Tx *tx);
/* A Call of the system itself on an open transaction. */
Call *call_new_system(TALLOC_CTX *ctx, House *house, Tx *tx, const char *cause);
/* Clears result, error and change so that the job can be run again. */
void call_reset(Call *c);

/* Fails the call: keeps err, code and the sentence in the caller's language; returns err. en and zh are printf formats
 * that take the same arguments in the same order. The sentence says what to do next. */
int call_fail(Call *c, Err err, const char *code, const char *en, const char *zh, ...);
/* Adds a fault on one field of a form; the first makes the call's error ERR_INVALID "invalid_fields". Returns
 * ERR_INVALID. */
int call_fault(Call *c, const char *field, const char *code, const char *en, const char *zh, ...);
/* Passes an Err from store/ on: gives it a sentence if it has none yet. Returns err. */
int call_store_failed(Call *c, int err);
/* Answers {"items": [...]}, each row as `write` puts it. Returns 0, or the Err of reading the rows. */
NODISCARD int call_items(Call *c, Rows *rows, void (*write)(Call *c, const Rows *rows));

/* For CALL_WORKER: runs fn with c->tx set to a reading / writing transaction of the store and waits. What fn fails
 * with is in the call; a failure of the store gets its sentence. fn may run again from its start: the call is reset
 * before each run, so result and error of what came before are gone. Never from a store thread. */
typedef int (*CallJob)(Call *c, void *arg);
NODISCARD int call_read_wait(Call *c, CallJob fn, void *arg);
NODISCARD int call_write_wait(Call *c, CallJob fn, void *arg);

/* Whether the caller, who may have said by If-Match which version was seen (3, "3" or W/"3"; * is any), saw this one.
 * True when nothing was said. call_refuse_stale says that it is another one, and leaves ERR_STALE. */
bool call_saw(const Call *c, int64_t version);
int call_refuse_stale(Call *c, int64_t version);

/* Parameters after checking. Absent: NULL, fallback, ID_NIL. */
const char *call_text(const Call *c, const char *name);
int64_t call_int(const Call *c, const char *name, int64_t fallback);
bool call_flag(const Call *c, const char *name, bool fallback);
Id call_id(const Call *c, const char *name);
const json_t *call_json(const Call *c, const char *name);
