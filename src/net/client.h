/* Requests to the outside: HTTP(S), mail out (SMTP) and mailboxes (IMAP) by libcurl, many at once in one thread.
 * Answers are bounded in size and time, redirects are not followed, proxies of the environment are ignored. Without
 * `allowed_host` only https, and smtps, imaps or STARTTLS to public addresses go out (net/guard.h); a host named there
 * may be private and plain. Certificates are checked against the authorities of the system, or those in the file of
 * SSL_CERT_FILE. */
#pragma once

#include "base/base.h"
#include "base/err.h"

#define NET_QUEUE_MAX 4096       /* requests that wait; beyond it ERR_BUSY */
#define NET_ACTIVE_MAX 128       /* under way at once */
#define NET_HOST_MAX 32          /* connections to one host */
#define NET_DEADLINE_MS 15000    /* unless the request says so */
#define NET_CONNECT_MS 5000
#define NET_ANSWER_MAX (64 * 1024)
#define NET_BODY_MAX (1024 * 1024)
#define NET_HEADERS_MAX 16

typedef struct {
	const char *from, *to;        /* bare addresses */
	const char *user, *password;  /* NULL: no AUTH */
} NetMail;

/* One step of a visit to a mailbox. The URL names a folder, "imaps://host/INBOX", or with ";UIDVALIDITY=1;UID=5" behind
 * a message, or with neither the server alone. */
typedef struct {
	const char *user, *password;
	const char *command; /* its untagged lines are the answer; NULL: the bytes of the message that the URL names */
	bool tls;            /* of imap://: STARTTLS is demanded, also of an allowed host */
	bool first, last;    /* on a new connection; which is closed behind */
} NetBox;

typedef struct {
	const char *method;           /* "GET", "HEAD", "POST"; ignored for mail and mailboxes */
	const char *url;              /* https://, http://, smtps://, smtp://, imaps://, imap:// */
	const char *headers[NET_HEADERS_MAX]; /* "Name: value", up to the first NULL */
	const void *body;             /* of mail: the whole message with CRLF */
	size_t len;
	const char *allowed_host;     /* host that may be private and plain, or NULL */
	const NetMail *mail;          /* for smtp, smtps */
	bool wants_certificate;       /* the answer tells when the certificate ends */
	bool connect_only;            /* connects, with TLS where the URL says so; of mail: greets. Nothing is sent */
	const NetBox *box;            /* for imap, imaps */
	size_t answer_max;            /* 0: NET_ANSWER_MAX */
	int64_t deadline_ms;          /* 0: NET_DEADLINE_MS */
} NetRequest;

typedef enum {
	NET_OK,          /* there is a status (HTTP), or the mail was taken */
	NET_UNREACHABLE, /* no name, no connection, connection lost */
	NET_TIMEOUT,
	NET_REFUSED,     /* by the guard: a private address, no TLS, a strange URL */
	NET_TOO_LARGE,   /* of a message in a mailbox, the body has its beginning */
	NET_MAIL,        /* the mail server said no; status has its code */
	NET_TLS,         /* its certificate is not to be trusted, is of another host, or it offers no TLS */
	NET_DENIED,      /* the mailbox does not take user and password */
	NET_MISSING,     /* there is no such folder or message, or the folder is another one than it was */
	NET_STOPPED,     /* the house closes */
} NetResult;

/* What was wrong with TLS; also beside NET_UNREACHABLE, when it did not come about. */
typedef enum {
	NET_TLS_FINE,
	NET_TLS_ISSUER,      /* no authority that is trusted vouches for the certificate */
	NET_TLS_HOST,        /* it is of another host */
	NET_TLS_EXPIRED,     /* or not valid yet */
	NET_TLS_UNFIT,       /* not to be trusted for another reason */
	NET_TLS_NOT_OFFERED, /* STARTTLS is demanded, and there is none */
	NET_TLS_BROKEN,      /* cut off, or no TLS behind this port */
} NetTlsFault;

/* Borrowed: valid until done returns. */
typedef struct {
	NetResult result;
	NetTlsFault tls;
	int status;               /* HTTP status or SMTP reply code; 0: none */
	const char *detail;       /* English, one line, never with a secret; "" when all is well. Of a message that a
	                           * mailbox does not hand out (NET_MISSING): its own words, if it said any */
	const char *body;         /* NUL-terminated */
	size_t len;
	bool refused_sender;      /* of mail: NET_MAIL is about the sender's address */
	int64_t retry_after_ms;   /* Retry-After; 0: none */
	int64_t took_ms;
	int64_t certificate_ends_ms; /* real time; 0: not asked, or none */
} NetAnswer;

typedef struct NetClient NetClient;
/* Runs on the client's thread, once for each request taken; must be quick and not wait. */
typedef void (*NetDone)(void *arg, const NetAnswer *answer);

NetClient *net_start(TALLOC_CTX *ctx);
/* Breaks off what is under way (NET_STOPPED) and ends the thread. */
void net_stop(NetClient *client);
/* Copies the request. ERR_BUSY, and done is not called, when too much waits; ERR_TOO_LARGE beyond NET_BODY_MAX. */
NODISCARD int net_send(NetClient *client, const NetRequest *request, NetDone done, void *arg);

/* net/token.h: the access tokens that those who send by this client share. */
typedef struct NetTokens NetTokens;
NetTokens *net_tokens(NetClient *client);

/* Why this URL may not be called, before anything is sent: "scheme", "plain" (no TLS), "userinfo", "private",
 * "loopback" ..., "malformed"; NULL if it may. Names are looked up only when they are called. */
const char *net_url_fault(const char *url, const char *allowed_host);
/* As part of a URL (RFC 3986): everything but letters, digits and -._~ is escaped. */
char *net_percent(TALLOC_CTX *ctx, const char *text);
/* The host of a URL, lower case; NULL when it has none. */
char *net_url_host(TALLOC_CTX *ctx, const char *url);
