/* A mail (RFC 5322 and MIME) to what a person can read of it. Any bytes are taken: what is broken is read as far as it
 * goes and marked. Texts are UTF-8 without NUL, on the caller's context. Thread-safe after mail_start. */
#pragma once

#include "base/base.h"

#define MAIL_BYTES_MAX (256 * 1024) /* of a mail's head that are read; attachments behind are only counted */
#define MAIL_DEPTH_MAX 20           /* nesting of parts */
#define MAIL_PARTS_MAX 100
#define MAIL_TEXT_MAX (64 * 1024)   /* bytes of text */
#define MAIL_LINE_MAX 500           /* bytes of a name, a subject, a file's name */
#define MAIL_ATTACHMENTS_MAX 30

typedef struct {
	const char *name, *type; /* name: "" when it has none; type: "application/pdf" */
	int64_t size;            /* bytes when opened; of one that was cut an estimate */
	bool is_cut;             /* its end was not fetched */
} MailAttachment;

typedef struct {
	const char *message_id;              /* without brackets; NULL: none */
	const char *subject;                 /* "" when there is none */
	const char *from_name, *from_address; /* NULL where nothing can be read */
	const char *reply_name, *reply_address; /* of Reply-To */
	const char *text;                    /* plain; made from HTML when there is no other; "" when there is none */
	int64_t date_ms;                     /* of the header Date; 0: none */
	const char *noise; /* "bounce", "auto_reply", "auto_generated", "mailing_list"; NULL: a person's */
	bool is_broken;                      /* something could not be read as it should be */
	bool is_cut;                         /* there is more of it than was given */
	MailAttachment *attachment;
	size_t n_attachments, attachments_all; /* listed, in truth */
} Mail;

/* Once, before the first mail is read. */
void mail_start(void);
/* whole: how long the mail is in truth, at least len. Reads at most MAIL_BYTES_MAX. */
void mail_read(TALLOC_CTX *ctx, const char *bytes, size_t len, int64_t whole, Mail *ret);
/* The part of the mail before its text, as bytes: what tells one mail from another that has no Message-ID. */
size_t mail_head_len(const char *bytes, size_t len);
