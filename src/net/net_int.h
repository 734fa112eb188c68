/* What client.c and transfer.c share; no other folder includes this. */
#pragma once

#include <curl/curl.h>

#include "base/buf.h"
#include "net/client.h"

/* One request on its way: copied, with the libcurl handle that carries it while it is active. */
typedef struct Transfer {
	struct Transfer *next;
	NetDone done;
	void *arg;
	char *method, *url, *body;
	size_t len, sent;
	const char *headers[NET_HEADERS_MAX + 1];
	NetMail mail;
	NetBox box;
	bool is_mail, is_box, allowed; /* allowed: private and plain is fine */
	bool connect_only, wants_certificate;
	char error[CURL_ERROR_SIZE]; /* libcurl's own words */
	char said[160];          /* by a mailbox that does not hand a message out */
	int64_t deadline_ms, began_ms;
	const char *refused;     /* by the guard */
	bool too_large, stopped;
	int place;               /* in the client's list of active ones */
	Buf *answer;
	CURL *easy;
	struct curl_slist *lines, *receivers;
} Transfer;

Transfer *transfer_new(TALLOC_CTX *ctx, const NetRequest *request);
/* Sets up the handle for this request; false: it may not go out, and t->refused says why. */
bool transfer_begin(Transfer *t, CURL *easy);
/* Tells done how it ended and frees the transfer; the handle stays with the client. */
void transfer_end(Transfer *t, CURLcode code);
/* The same for one that never began. */
void transfer_drop(Transfer *t, NetResult result, const char *detail);
