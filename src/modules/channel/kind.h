/* What a kind of channel is: one row of the table kinds[] (kinds.c). A kind declares its settings, which drive form and
 * check, builds a request out of a card, and judges what the partner answered. Everything else - order, pace, retries,
 * breaker, tokens - is the same for all and not a kind's business. Adding a kind is one file in kinds/ and one row. */
#pragma once

#include "base/json.h"
#include "call/call.h"
#include "event/failure.h"
#include "net/client.h"

#define CARD_LINES_MAX 10
#define SETTINGS_MAX 10

/* ---- the card ---- */

/* What is to be said, in the receiver's language and free of markup: values from outside can neither mention
 * somebody nor bend a link (text_plain). */
typedef struct {
	Lang lang;
	const char *title;                 /* "新线索分配给您，请尽快联系" */
	struct {
		const char *label, *value;
	} lines[CARD_LINES_MAX];
	int n_lines;
	const char *countdown;             /* "请在 14:35 前联系", or NULL */
	const char *link;                  /* https://crm.example.com/leads/ID, or NULL without --public-url */
	const char *id;                    /* idempotency key: the same when it is tried again */
	const char *reason, *object;       /* as in the alert */
	Id record;
	const char *data;                  /* the alert's data, JSON object text; NULL: none */
	const char *receiver;              /* name of the person */
	int64_t count, at_ms;
	bool urgent;
} Card;

/* ---- the settings of one channel ---- */

/* A channel as it was configured; immutable, shared by counting references. */
typedef struct Conf {
	Id id;
	const struct ChannelKind *kind;
	const char *name, *allowed_host;   /* allowed_host may be NULL */
	bool enabled;
	int rate;                          /* messages a minute; 0: the kind's */
	json_t *settings, *secrets;        /* objects by name of the setting; never NULL */
	struct TokenQueue *queue;          /* deliver.c: who waits for a token */
	Failure fault;                     /* why it cannot be used at all; FAILURE_NONE: it can */
	const char *outage;                /* why it is not to be relied upon ("down", "expired"), or NULL */
	_Atomic int refs;
} Conf;

/* Setting or secret of that name; NULL if blank. */
const char *conf_text(const Conf *conf, const char *name);
int64_t conf_int(const Conf *conf, const char *name, int64_t fallback);

typedef enum { SETTING_END, SETTING_TEXT, SETTING_URL, SETTING_INT, SETTING_CHOICE } SettingType;

typedef struct {
	const char *name;
	SettingType type;
	bool required, secret;             /* secret: sealed, never shown again */
	const char *zh, *en;
	const char *help_zh, *help_en;     /* may be NULL */
	const char *choices;               /* SETTING_CHOICE: "a|b" */
	const char *fallback;              /* used when blank, and shown */
} Setting;

/* ---- requests and verdicts ---- */

typedef struct {
	const Conf *conf;
	const Card *card;
	const char *address;               /* who the receiver is at this partner; "" if not said */
	const char *token;                 /* kinds with a token */
	int64_t now_ms;                    /* real time, for signatures */
} Errand;

/* A request with room for what it points to. */
typedef struct {
	NetRequest request;
	NetMail mail;
} Parcel;

typedef enum {
	VERDICT_DONE,
	VERDICT_RETRY,      /* may go well later */
	VERDICT_LIMITED,    /* too much at once: the whole channel rests for wait_ms */
	VERDICT_REFRESH,    /* the token is worn out: a new one, once, at once */
	VERDICT_RECEIVER,   /* this receiver cannot be reached here */
	VERDICT_CONTENT,    /* this message is not taken here, others are: it goes by the next channel */
	VERDICT_CHANNEL,    /* nobody can: wrong key, signature, address; it opens the breaker */
	VERDICT_GONE,       /* the partner wants no more: the channel is switched off */
} VerdictKind;

typedef struct {
	VerdictKind kind;
	int64_t wait_ms;    /* RETRY, LIMITED: not before; 0: as usual */
	char code[48];      /* of the partner or of event/failure.h: "93000", "timeout" */
	char detail[240];   /* what the partner said */
} Verdict;

/* One code of a partner: what it means for the channel, and for people. A code that ends in '*' stands for all that
 * begin so; the earlier row counts. Without words of its own for what to do next, those of its verdict are told. */
typedef struct {
	const char *code;                  /* NULL ends the table */
	VerdictKind kind;
	int64_t wait_ms;
	FailureWords words;
} CodeRow;

typedef struct ChannelKind {
	const char *name, *zh, *en;
	const Setting *settings;           /* ends with SETTING_END */
	const CodeRow *codes;              /* NULL: this kind has none of its own */
	const char *address_zh, *address_en; /* what the address of a person is here; NULL: none is needed */
	bool address_required;
	bool group;                        /* many see it: phones are masked */
	bool devices;                      /* the address is a line a device; each gets the card */
	int rate_minute, rate_second;      /* 0: no limit known */
	/* False when the address or the settings make no request; then *ret_why says which. */
	bool (*build)(TALLOC_CTX *ctx, const Errand *errand, Parcel *ret, Failure *ret_why);
	void (*judge)(const NetAnswer *answer, Verdict *ret);
	/* Kinds with a token: how to get one. */
	void (*token_build)(TALLOC_CTX *ctx, const Conf *conf, Parcel *ret);
	/* NULL when there is none, else the text and how long it is good. */
	char *(*token_read)(TALLOC_CTX *ctx, const NetAnswer *answer, int64_t *ret_life_ms, Verdict *ret);
	/* Fills in secrets that the house makes itself; NULL: none. */
	bool (*prepare)(TALLOC_CTX *ctx, json_t *secrets);
} ChannelKind;

extern const ChannelKind *const kinds[]; /* NULL-terminated */
const ChannelKind *kind_find(const char *name);

/* ---- what kinds share ---- */

/* judge.c */
/* What needs no look into the body: no connection, no TLS, 3xx, 4xx, 5xx. True when that decides it. */
bool judge_transport(const NetAnswer *answer, Verdict *ret);
/* The usual partner: a JSON object with an integer code, beside HTTP 200 or the status of a refusal; 0 is done, others
 * as the table says, RETRY if it does not. */
void judge_codes(const NetAnswer *answer, const char *code_name, const char *text_name, const CodeRow *rows,
	Verdict *ret);
/* The row of a code, or NULL. */
const CodeRow *code_row(const CodeRow *rows, const char *code);
/* As the row of this code says; RETRY without one. */
void judge_row(const CodeRow *rows, const char *code, const char *detail, Verdict *ret);
void verdict_set(Verdict *v, VerdictKind kind, Failure failure, const char *detail);
/* "done", "retry", "limited", "refresh", "receiver", "content", "channel", "gone". */
const char *verdict_name(VerdictKind kind);
/* With a code that is made: http_N. */
void verdict_coded(Verdict *v, VerdictKind kind, const char *code, const char *detail);
/* The sentence for a code that a channel of this kind kept; kind may be NULL. NULL for none. */
const char *kind_said(TALLOC_CTX *ctx, const ChannelKind *kind, const char *code, Lang lang);
/* The same for a channel whose kind is known by its name. */
const char *channel_said(TALLOC_CTX *ctx, const char *kind, const char *code, Lang lang);
/* token_read of the usual partner: {"errcode":0,"NAME":"...","LIFE":7200}. */
char *token_of(TALLOC_CTX *ctx, const NetAnswer *answer, const char *token_name, const char *life_name,
	int64_t *ret_life_ms, Verdict *ret);

/* text.c */
/* At most max bytes, cut at a character's border and ended by "…" if something was cut. */
char *text_cut(TALLOC_CTX *ctx, const char *text, size_t max);
/* One line without markup: what could be read as mention, link or style becomes its full-width twin. */
char *text_plain(TALLOC_CTX *ctx, const char *text, size_t max);
/* A partner's name for somebody: what cannot be part of one is left out. */
char *text_address(TALLOC_CTX *ctx, const char *text);
/* Title, lines, countdown and link as plain text / Markdown, at most max bytes; the link is never cut off. mention is
 * put behind the title; NULL: none. */
char *text_of_card(TALLOC_CTX *ctx, const Card *card, size_t max);
char *markdown_of_card(TALLOC_CTX *ctx, const Card *card, const char *mention, size_t max);
/* label：value */
char *card_line(TALLOC_CTX *ctx, const Card *card, int i);
const char *card_link_words(const Card *card);

/* sign.c */
char *sign_base64(TALLOC_CTX *ctx, const void *bytes, size_t len);
char *sign_base64url(TALLOC_CTX *ctx, const void *bytes, size_t len);
/* Standard or URL alphabet, padded or not; NULL if it is neither. */
uint8_t *sign_unbase64(TALLOC_CTX *ctx, const char *text, size_t *ret_len);
char *sign_hmac_sha256(TALLOC_CTX *ctx, const void *key, size_t key_len, const char *text); /* base64 */
char *sign_hmac_sha1(TALLOC_CTX *ctx, const char *key, const char *text);                    /* base64 */
/* The partners' rules, so that their vectors can be checked. */
char *sign_dingtalk(TALLOC_CTX *ctx, const char *secret, int64_t now_ms);   /* base64, not yet percent-encoded */
char *sign_feishu(TALLOC_CTX *ctx, const char *secret, int64_t now_s);
/* "v1,..."; NULL when the secret is not Base64. */
char *sign_standard(TALLOC_CTX *ctx, const char *secret, const char *id, int64_t now_s, const char *body);
char *sign_aliyun(TALLOC_CTX *ctx, const char *secret, const char *method, const char *sorted_query);

/* A POST of JSON. body must live as long as ctx. */
void parcel_json(TALLOC_CTX *ctx, Parcel *p, const Conf *conf, char *url, const Buf *body);
/* The interactive card of 飞书, for robot and app alike. */
void feishu_card_write(TALLOC_CTX *ctx, JsonOut *o, const Card *card, const char *mention);
