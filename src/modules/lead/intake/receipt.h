/* The log of everything that came in from outside (L3). A receipt is durable before anybody is told of it, and ends in
 * one final state. With SQLite the log has its own file and writer, so that a burst of visitors waits for nothing else;
 * with PostgreSQL it is a table beside the others. */
#pragma once

#include "base/id.h"
#include "call/call.h"
#include "store/store.h"

#define RECEIPT_KEY_WINDOW_MS (24 * HOUR_MS)    /* Idempotency-Key */
#define RECEIPT_BODY_WINDOW_MS (10 * MINUTE_MS) /* same body of the same visitor */

typedef enum { RECEIPT_PENDING, RECEIPT_TAKEN, RECEIPT_DUPLICATE, RECEIPT_QUARANTINED } ReceiptState;

typedef struct Receipt {
	Id id;
	int64_t at; /* when it arrived, business time */
	Id source;  /* nil when the key named none */
	const char *source_key;
	const char *visitor; /* address */
	const char *content_type;
	const char *headers; /* JSON object text: the few headers that tell something */
	const char *body;    /* raw */
	size_t body_len;
	const char *files;       /* what a form brought: notes of modules/lead/file/attach.h, or NULL */
	const char *dedupe_key;  /* text of the Idempotency-Key hash, or NULL */
	const char *dedupe_body; /* text of the hash of visitor and body, or NULL */
	ReceiptState state;
	const char *reason; /* stable word: "bad_json", "suspected_bot", ... or NULL */
	const char *detail; /* what the reason is about (reason.h), or NULL */
	Id lead, duplicate_of;
	bool released; /* a person looked at it and let it pass: no more suspicion */
	Id original;   /* receipt_append_shared: nil, or the same delivery that was kept before; then this one was not */
} Receipt;

/* What became of a receipt. */
typedef struct {
	Id receipt;
	ReceiptState state;
	const char *reason, *detail;
	Id lead, duplicate_of;
} Outcome;

typedef struct ReceiptLog ReceiptLog;

/* The log's own tables, made when it is opened. */
#define RECEIPT_PART "receipt"
extern const char *const receipt_migrations[];
/* Those of a log that lies in the database of all, which several processes use. */
#define RECEIPT_SHARED_PART "receipt_shared"
extern const char *const receipt_shared_migrations[];

const char *receipt_state_name(ReceiptState state);
/* False when the word is none of them. */
NODISCARD bool receipt_state_parse(const char *text, ReceiptState *ret);

/* Opens DIR/receipts.db, or uses the tables of the store on PostgreSQL. NULL on failure (logged). */
ReceiptLog *receipt_log_open(TALLOC_CTX *ctx, House *house);
void receipt_log_close(ReceiptLog *log);
/* Where the log is kept: for reading jobs. */
Store *receipt_log_store(ReceiptLog *log);
/* Reads the log from inside a transaction of the records: on PostgreSQL in that one, on SQLite by a reader of the log's
 * own file, which waits for no writer. */
NODISCARD int receipt_log_aside(ReceiptLog *log, Tx *tx, StoreJob job, void *arg);

/* Queues one receipt; done(receipt, result) runs after it is durable (0) or could not be kept. It must live until then.
 */
NODISCARD int receipt_append(ReceiptLog *log, Receipt *receipt, StoreDone done);
/* The same where several processes keep one log: the digest of one delivery is written once within its window, whoever
 * gets it. Costs a round trip more. */
NODISCARD int receipt_append_shared(ReceiptLog *log, Receipt *receipt, StoreDone done);
/* Writes one receipt inside a transaction of the log. */
NODISCARD int receipt_write(Tx *tx, void *receipt);
/* The same, but one that is there already stays as it is; db_changes then tells which. */
NODISCARD int receipt_write_once(Tx *tx, const Receipt *receipt);
/* Writes what became of many, in one transaction. May be told twice. */
NODISCARD int receipt_settle(Tx *tx, const Outcome *outcomes, size_t n);
/* Loads one; ERR_NOT_FOUND. */
NODISCARD int receipt_load(Tx *tx, TALLOC_CTX *ctx, Id id, Receipt *ret);
/* The oldest pending ones after `after`, at most max. */
NODISCARD int receipt_pending(Tx *tx, TALLOC_CTX *ctx, Id after, size_t max, Receipt **ret, size_t *ret_n);
/* The notes (lead/file/attach.h) of receipts that brought files, a page in the order of coming in. *ret_last: where the
 * next page goes on, nil when this was the last. */
typedef void (*ReceiptNotes)(void *arg, const char *notes);
NODISCARD int receipt_notes(Tx *tx, Id after, int max, ReceiptNotes tell, void *arg, Id *ret_last);
/* The oldest pending ones that came before that moment of business time, at most max. */
NODISCARD int receipt_pending_before(Tx *tx, TALLOC_CTX *ctx, int64_t before_ms, size_t max, Receipt **ret,
                                     size_t *ret_n);
/* Back to pending, with another body if one is given; the act is remembered. ERR_CONFLICT: it is not in quarantine (any
 * more). */
NODISCARD int receipt_reopen(Tx *tx, const Receipt *receipt, const char *body, const char *who, int64_t now_ms);

typedef struct {
	const char *state;  /* or NULL: all */
	const char *reason; /* or NULL */
	Id source;          /* or nil */
	const char *search; /* substring of the body, or NULL */
	Id before;          /* page: only older than this one; nil: from the newest */
	int limit;
} ReceiptQuery;
/* Newest first. */
NODISCARD int receipt_query(Tx *tx, TALLOC_CTX *ctx, const ReceiptQuery *query, Receipt **ret, size_t *ret_n);
