/* What the files of this room share. */
#pragma once

#include "http/http.h"
#include "modules/lead/callback/seal.h"
#include "modules/lead/intake/reason.h"
#include "modules/lead/intake/take.h"
#include "record/phase.h"

#define CALLBACK_BODY_MAX (256 * 1024)
#define CALLBACK_SKEW_S 600      /* how old or early a timestamp may be */
#define SETTINGS_MAX 4096        /* bytes of a source's settings as JSON */
#define CALLBACK_DEPTH_MAX 8     /* nesting of XML */
#define CALLBACK_MEMBERS_MAX 200 /* elements of one message */

/* One request as it is being judged. Texts of query and body are decoded and live with it. */
typedef struct {
	Receipt receipt; /* comes first: the log hands it back */
	Intake *intake;
	HttpRequest *request;
	const Inlet *source;
	const json_t *settings; /* {"kind","receiver","token","key"} of the source, opened */
	HttpPairs *query;
	bool is_get;
	const char *fault;  /* stable word: refused; NULL: genuine */
	const char *detail; /* for whoever looks after it */
	Sealed sealed;      /* the message */
	int status;
	const char *type, *answer;
	bool is_quiet; /* answered without a receipt: a verification, or an event that is no enquiry */
	Digest replay;      /* of the message */
	bool in_window;     /* it was the first with that digest */
	const json_t *notice; /* of something to be fetched */
} Callback;

/* One kind of partner: a row of kinds.c. Adding one is a function and a row. */
typedef struct {
	const char *name; /* "wecom" ... as in the settings */
	bool needs_key;   /* a key of 43 characters */
	/* Verifies and opens: fault, or sealed and the answer. */
	void (*open)(Callback *b);
} CallbackKind;

extern const Endpoint callback_endpoints[];
const CallbackKind *callback_kind(const char *name);
const char *callback_setting(const Callback *b, const char *name); /* "" when it is not set */
void callback_refuse(Callback *b, const char *fault, const char *detail);

/* event.c: XML (one level, deeper names joined by a dot) or JSON as an object; NULL when it is neither. */
json_t *event_read(TALLOC_CTX *ctx, const char *text, size_t len);
/* The body of an enquiry for events that are known (somebody was added, wrote, followed, called in vain); NULL: it is
 * none. */
const char *event_enquiry(TALLOC_CTX *ctx, const char *kind, const json_t *event);

/* settings.c. What the record holds, {"kind","receiver","changes"}; NULL when nothing is set up. */
const json_t *settings_of(Call *c, const Record *source);
/* {"token","key"}, perhaps empty. ERR_INTERNAL "secret_unreadable" when the key file is gone. */
NODISCARD int settings_secrets(Call *c, Id source, json_t **ret);
/* Before the record is written, which is checked with it. */
NODISCARD int settings_secrets_keep(Call *c, Id source, const json_t *secrets);
/* Hooks: a set-up has to be complete, and what is deleted leaves no secret. */
int settings_check(Call *c, const PhaseInfo *info, void *arg);
int settings_follow(Call *c, const PhaseInfo *info, void *arg);
/* Takes token and key out of the body of the receipt: some partners send them along. */
void settings_forget(Callback *b);
