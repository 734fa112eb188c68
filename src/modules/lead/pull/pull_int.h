/* What the files of this room share. */
#pragma once

#include <stdatomic.h>

#include "modules/lead/intake/reason.h"
#include "modules/lead/intake/take.h"
#include "modules/lead/pull/pull.h"
#include "net/client.h"
#include "record/phase.h"

#define PULL_TIMER "source.pull"            /* subject: the source */
#define PULL_EVERY_MIN 2                    /* unless the source says otherwise */
#define PULL_EVERY_MAX_MIN 15
#define PULL_GUARD_MS (15 * MINUTE_MS)      /* a visit that a crash ended is made again after that */
#define PULL_REST_MAX_MS PULL_GUARD_MS      /* the longest pause */
#define PULL_VISIT_MS (60 * SECOND_MS)      /* a visit that lasts longer goes on with the next one */
#define PULL_SEEN_MS (400 * (int64_t)DAY_MS) /* for so long it is known what was fetched */
#define PULL_SETTINGS_MAX 8192
#define PULL_LEFT_MAX 20                    /* mails passed by; with more of them a visit ends at the next one */

/* How far fetching has come; durable. */
typedef struct {
	int64_t started_at;    /* when the source was set up as it is */
	int64_t validity, uid; /* of the folder; 0: never looked */
	int64_t since_ms;      /* the folder became another one: older mails are none of ours; 0: it did not */
	int64_t stuck_uid;     /* a mail that was not handed out: how often it was refused, how often the line broke */
	int stuck, broke;
	int64_t left[PULL_LEFT_MAX]; /* mails at which the line broke again and again: tried in every visit */
	int n_left;
	int fails;             /* visits in a row that ended with a fault */
} PullMark;

typedef struct {
	const char *reason, *detail; /* reason NULL: all is well */
	int64_t wait_ms;             /* at least so long until the next visit; 0: as set up */
	bool more;                   /* there is more to fetch: go on at once */
} PullResult;

/* One visit to one source's server, and the memory of it. */
typedef struct {
	struct Pull *pull;
	House *house;
	Id source;
	const char *source_key;
	const json_t *settings; /* of the record */
	const char *secret;     /* NULL: none, or it cannot be read */
	bool enabled, secret_lost;
	PullMark mark;
	int64_t until_ms;       /* monotonic: when to come to an end */
	TALLOC_CTX *mem;        /* of the present step */
	PullResult result;
} Visit;

/* One kind of server: a row of kinds in pull.c. */
typedef struct {
	const char *name; /* "imap" ... as in the settings */
	void (*visit)(Visit *v);
	/* Tries the settings and fetches nothing; *ret_n: how much lies there. */
	void (*test)(Visit *v, int64_t *ret_n);
} PullKind;

const PullKind *pull_kind(const char *name);
extern const PullKind kind_imap, kind_kf;

/* pull.c: makes a visit now or as soon as one is free for it. */
void pull_give(struct Pull *pull, Id source);
bool pull_is_closing(struct Pull *pull);

/* ask.c: sends a request and waits for what comes of it. Texts hang on the memory of the step. */
typedef struct {
	NetResult result;
	NetTlsFault tls;
	int status;
	const char *detail, *body;
	size_t len;
} Asked;
void ask(Visit *v, const NetRequest *request, Asked *ret);
/* The visit ends with what is wrong; the first fault counts. */
void visit_fault(Visit *v, const char *reason, const char *detail);
/* The same for a request that found nobody, or not what it wanted. */
void visit_unanswered(Visit *v, const Asked *asked);

/* keep.c: what was fetched becomes a receipt, once for each key of the source. False: the store could not, and the
 * visit has its fault. */
NODISCARD bool keep(Visit *v, Digest key, Receipt *receipt);
/* In a transaction: the settings, secret and mark of a source; ERR_NOT_FOUND when it is not set up. */
NODISCARD int visit_load(Call *c, Visit *v, Id source);
/* Writes the mark, the health and when the next visit is. */
NODISCARD int visit_end(Tx *tx, void *visit);

/* settings.c */
extern const Endpoint pull_endpoints[];
int pull_follow(Call *c, const PhaseInfo *info, void *arg);
const char *visit_text(const Visit *v, const char *name); /* a setting; "" when it is not set */
