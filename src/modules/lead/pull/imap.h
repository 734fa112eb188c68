/* What is said to a mailbox and what it answers, as texts. Pure. */
#pragma once

#include "base/base.h"

/* UIDs asked for at once. The answer is one line, and libcurl shortens lines beyond some kB without a word: what is cut
 * off would count as looked at. */
#define IMAP_WINDOW 500
#define IMAP_UID_MAX 4294967295

typedef struct {
	int64_t validity, next, messages; /* 0: not said */
} ImapStatus;

/* A folder's name as IMAP writes it (modified UTF-7); NULL when it cannot be written. */
char *imap_folder(TALLOC_CTX *ctx, const char *name);
/* "imaps://host:993/" and the folder behind it; folder NULL: the server alone. */
char *imap_url(TALLOC_CTX *ctx, bool tls, const char *host, int64_t port, const char *folder);
/* The first max bytes of one message, in a folder that is still the same. */
char *imap_message_url(TALLOC_CTX *ctx, const char *folder_url, int64_t validity, int64_t uid, size_t max);
char *imap_status_command(TALLOC_CTX *ctx, const char *folder);
/* The UID of the newest mail, read as a search. */
#define IMAP_NEWEST_COMMAND "UID SEARCH UID *"
/* since_ms 0: any age. */
char *imap_search_command(TALLOC_CTX *ctx, int64_t from, int64_t to, int64_t since_ms);
/* False: the lines say nothing of the folder. */
NODISCARD bool imap_status_read(const char *lines, ImapStatus *ret);
/* UIDs from..to of the answer, ascending, each once; at most IMAP_WINDOW. */
size_t imap_search_read(TALLOC_CTX *ctx, const char *lines, int64_t from, int64_t to, int64_t **ret);
/* RFC822.SIZE; 0: not said. */
int64_t imap_size_read(const char *lines);
