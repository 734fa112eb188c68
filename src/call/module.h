/* The card of a module: one const struct at the end of a module's file registers all it offers. Adding an endpoint
 * is one function and one row; its Params drive validation, OpenAPI and forms alike. app/modules.def is the only
 * list of cards. */
#pragma once

#include "call/call.h"

typedef enum {
	PARAM_END,
	PARAM_TEXT,
	PARAM_INT,
	PARAM_BOOL,
	PARAM_ID,
	PARAM_TIME,   /* RFC 3339 text or integer ms; kept as integer ms */
	PARAM_JSON,   /* any JSON value */
	PARAM_IDS,    /* array of ids, at most LIMIT_BATCH */
	PARAM_BODY,   /* the whole JSON object body, members not declared are allowed */
	PARAM_BYTES,  /* the body is no JSON: it is in the call as it came, whatever media type it claims */
} ParamType;

typedef enum {
	PARAM_IN_BODY,
	PARAM_IN_PATH,
	PARAM_IN_QUERY,
	PARAM_IN_HEADER, /* of a PlainPath only: told, not checked */
} ParamPlace;

typedef struct Param {
	const char *name;
	ParamType type;
	ParamPlace place;
	bool required;
	int64_t min, max;    /* TEXT: characters (max 0: LIMIT_TEXT_FIELD); INT: value (both 0: any) */
	const char *choices; /* TEXT: "a|b|c", or NULL */
	const char *help;    /* English, for OpenAPI */
	bool secret;         /* a password: nothing made of it is kept */
} Param;

typedef enum {
	CALL_READ,   /* runs in a read snapshot */
	CALL_WRITE,  /* runs in a transaction; the answer goes out after the COMMIT */
	CALL_WORKER, /* runs on a worker thread without a transaction: slow computing (passwords, replays); opens its own
	              * by store_read_wait / store_write_wait */
} CallMode;

typedef struct Endpoint {
	const char *method;  /* "GET" ... ; NULL ends the table */
	const char *path;    /* below /api/v1: "/leads/:id/touch" */
	const char *right;   /* "public", "signed_in", or a right of call/gate.h */
	CallMode mode;
	const Param *params; /* NULL: none */
	CallFn fn;
	const char *summary; /* English, one line, for OpenAPI */
	const char *gives;   /* media type of the answer, for OpenAPI; NULL: JSON */
} Endpoint;

/* What runs when a timer of that kind is due: a writing Call; subject and payload are params "subject" and
 * "payload". */
typedef struct TimerKind {
	const char *kind;    /* NULL ends the table */
	CallFn fn;
} TimerKind;

/* What a path that is answered without the gate offers, told for OpenAPI only. */
typedef struct PlainPath {
	Endpoint call;        /* path: whole; fn: NULL. method NULL ends the table */
	int status;           /* of success */
	const char *takes;    /* media types of the body: "a|b"; NULL: none */
	const char *gives;    /* media type of the answer */
	const Param *answer;  /* members of a JSON answer; NULL: see the summary */
} PlainPath;

struct HttpRequest;

/* A path outside /api/v1 that speaks plain HTTP: capture, widget, demo page. The function answers the request (or
 * hands it on); it runs on a loop thread. Such paths are public: they must check for themselves what they let in. */
typedef struct RawRoute {
	/* "/capture/" matches what begins with it; without a final slash the whole path; NULL ends the table */
	const char *prefix;
	void (*fn)(House *house, struct HttpRequest *request);
	/* What could not be understood as a request but was aimed here, as far as it is known; may be NULL. */
	void (*refused)(House *house, const char *peer, const char *target, const char *body, size_t len,
		const char *reason);
	const PlainPath *told; /* NULL: nothing to tell */
} RawRoute;

typedef struct Module {
	const char *name;
	const Endpoint *endpoints;      /* NULL: none */
	const TimerKind *timers;        /* NULL: none */
	/* PostgreSQL: the lock that handlers of these timers take, taken before rows of due timers are claimed: who has the
	 * lock sets timers, and would wait for a claimed one whose handler waits for the lock. NULL: none. */
	int (*timers_lock)(Call *c);
	const char *const *migrations;  /* steps, NULL-terminated; NULL: none */
	const RawRoute *raw;            /* NULL: none */
	int (*start)(House *house);     /* after migrations, before serving; 0 or an Err; NULL: none */
	void (*run)(House *house);      /* when the house begins to serve: own threads that act by themselves; NULL: none */
	void (*stop)(House *house);     /* NULL: none */
	/* The test clock was moved and its timers have run: returns when a thread that goes by business time has done what
	 * is due by now; waits for a few seconds at most. On a worker thread. NULL: nothing. */
	void (*clock_moved)(House *house);
	/* Appends what this module tells at /metrics (base/metrics.h), names beginning with tenon_; on a thread that may
	 * wait for the database; NULL: nothing. */
	void (*measure)(House *house, struct Buf *out);
} Module;
