/* What the files of this room share; no other folder includes this. How a message travels stands in README.md. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "call/module.h"
#include "event/alert.h"
#include "modules/channel/kind.h"
#include "modules/channel/pace.h"
#include "record/record.h"

#define CHANNELS_MAX 100           /* of one house */
#define ROUTES_MAX 10              /* channels of one person */
#define DEVICES_MAX 10             /* of one person, for notifications */
#define OUTBOX_BATCH 512           /* messages one transaction takes out */
#define OUTBOX_UNDER_WAY_MAX 1024  /* handed to the net and not yet answered */
#define OUTBOX_MERGE_MAX 1000      /* rows that one card speaks for */
#define OUTBOX_AGAIN_MS (20 * SECOND_MS) /* pause before a second card about the same alert */
#define OUTBOX_TRIES_FALL 3        /* failures after which a spare channel stands in */
#define OUTBOX_TRIES_MAX 8
#define OUTBOX_KEEP_MS (30 * DAY_MS)
#define OUTBOX_LOOK_MS 200         /* between looks while something waits */
#define REST_DIVERT_MS (30 * SECOND_MS)  /* a channel that rests longer is passed by */

/* States of a row of outbox. Those up to SENDING are open. */
typedef enum {
	OUT_WAITING,
	OUT_SENDING,  /* after a crash: WAITING again */
	OUT_SENT,
	OUT_FAILED,   /* no channel could deliver it */
	OUT_DROPPED,  /* not needed any more: read, moved on, receiver left */
	OUT_EXPIRED,
} OutState;
const char *out_state_name(int state);

/* ---- conf.c ---- */

extern const char *const channel_migrations[];

NODISCARD int conf_load(Call *c, Id id, Conf **ret);
/* All that are not deleted, as an array of *ret_n. */
NODISCARD int conf_load_all(Call *c, Conf ***ret, int *ret_n);
Conf *conf_ref(Conf *conf);
void conf_unref(Conf *conf);
/* Checks settings from outside against the kind and merges them with what was kept (secrets left out stay); faults are
 * added to the call. */
NODISCARD int conf_check(Call *c, const ChannelKind *kind, const json_t *given, const char *allowed_host,
	const json_t *kept_settings, const json_t *kept_secrets, json_t **ret_settings, json_t **ret_secrets);

/* ---- deliver.c ---- */

typedef struct Delivery Delivery;
typedef void (*DeliverDone)(void *arg, const Verdict *verdict, const NetAnswer *answer); /* answer may be NULL */

typedef struct TokenQueue {
	pthread_mutex_t lock;
	bool fetching;
	Delivery *waiting;       /* for the token that is being fetched */
} TokenQueue;

struct Delivery {
	Delivery *next;
	Conf *conf;              /* a reference of its own */
	const Card *card;
	const char *address;
	DeliverDone done;        /* net thread, or the caller's own */
	void *arg;
	bool refreshed;
	int device;              /* kinds with devices: which line of the address is being served */
	uint32_t gone;           /* one bit a device that wants no more */
	bool reached;            /* one of them at least */
	Verdict worst;           /* of those that were not; RETRY before RECEIVER */
	char *token;
	struct NetClient *net;
};

/* Carries one card out: token if the kind needs one (one fetch at a time for all), request, verdict. The caller owns
 * the Delivery and what it points to until done is called. */
void deliver(struct NetClient *net, Delivery *d);

/* ---- card.c ---- */

/* An alert as it lies in the database; texts are borrowed. */
typedef struct {
	Id id, receiver, record;
	const char *reason, *object, *data, *zone, *receiver_name;
	Lang lang;
	int64_t count, at_ms;
	bool urgent;
} AlertRow;

/* Makes the card in c's memory. *ret_stale: why nobody needs it any more, else FAILURE_NONE. */
NODISCARD int card_make(Call *c, const AlertRow *alert, bool masked, Card *ret, Failure *ret_stale);
void card_of_test(TALLOC_CTX *ctx, House *house, const char *channel, Lang lang, int64_t now_ms, Card *ret);
/* When an alert with this data is of no use any more: its expiry or the end of its countdown. */
int64_t card_valid_until(Call *c, const char *reason, const json_t *data, int64_t expires_ms);

/* words.c: what an alert says, by its reason */
const char *words_title(TALLOC_CTX *ctx, const char *reason, int64_t count, Lang lang);

/* ---- route.c: the channels of a person ---- */

#define LANES_MAX (ROUTES_MAX + 1) /* browser notifications come on top of a full list */

typedef struct {
	Id lane;                 /* the channel that begins it: its name in the outbox */
	Id channel;              /* the one that carries the alert now; nil: none is switched on */
	int place;
	bool rests, out;         /* the channel rests; it is out for longer */
} Lane;

/* Where one alert goes, with what the outbox keeps of it. */
typedef struct {
	Lane of[LANES_MAX];
	int n;
	int64_t expires_ms, count;
	char reason[64];
	bool urgent;
} Lanes;
NODISCARD int lanes_load(Call *c, Id alert, Id receiver, Lanes *ret);
/* The spare channel that stands in for the one at `place`; the nil id when there is none. */
NODISCARD int route_next(Call *c, Id receiver, int place, Id *ret_channel, int64_t *ret_place);
/* Before a channel goes away: the spare one behind it begins the lane. */
NODISCARD int routes_hand_on(Call *c, Id channel);
/* After a person's list changed: what waits knows its channel's new place. */
NODISCARD int routes_replace(Call *c, Id person);

/* ---- outbox.c: the rows ---- */

typedef struct Channel Channel;

/* A card on its way, with the rows it speaks for; one block of memory, owned by whoever has it. */
typedef struct Message {
	struct Message *next;
	struct Post *post;
	Channel *channel;
	Delivery delivery;
	Card card;
	const char *address;
	int64_t *seqs;
	int n;
	Id receiver;
	int place, tries;
	int reign;               /* in which it was handed to the net */
	Verdict verdict;
} Message;

/* The hook: an alert was written, in whose transaction a row is added for each lane of its receiver. */
NODISCARD int outbox_on_alert(Call *c, Id alert, Id receiver, const char *data);
/* Takes up to `max` heads of the queues of one channel, marks them as sending and appends them to *ret. */
NODISCARD int outbox_take(Call *c, Channel *channel, int max, Message ***tail, int *ret_n);
/* Moves what waits for a channel that rests to the spare one behind it, where there is one. tried: also what was
 * tried in vain and would be tried again later. */
NODISCARD int outbox_divert(Call *c, Id channel, const char *code, bool tried);
/* All that waits for a channel that will not come back: moved on, or dropped. */
NODISCARD int outbox_abandon(Call *c, Id channel);
NODISCARD int outbox_expire(Call *c);
/* Writes down what came of a message. */
NODISCARD int outbox_settle(Call *c, const Message *m);
NODISCARD int outbox_recover(Call *c);
NODISCARD int outbox_purge(Call *c);

/* ---- post.c: the thread ---- */

struct Channel {
	Channel *next;
	Id id;
	Conf *conf;              /* NULL: deleted */
	Window minute, second;
	Breaker breaker;
	int64_t paused_until_ms; /* the partner said: too much */
	int under_way;
	bool changed, opened, gone; /* to be written down in this round */
	bool fresh;              /* how it stands is to be read */
	char last_code[48], last_detail[240];
};

typedef struct Post Post;
Post *post_of(const House *house);
/* There may be a channel: alerts have to be looked at. */
bool post_is_used(const Post *post);
/* After the COMMIT: rows were added. */
void post_wake_on_commit(Call *c);
/* A channel was made, changed or removed: every process hears of it. */
NODISCARD int post_changed(Call *c, Id channel);

NODISCARD int post_start(House *house);
void post_run(House *house);
void post_stop(House *house);
extern const TimerKind channel_timers[];

/* ---- reach.c ---- */

extern const struct OutsideKind channel_outside;

/* ---- push.c ---- */

/* The devices of a person, a line each, in c's memory; "" when there are none. */
NODISCARD int devices_load(Call *c, Id person, const char **ret);
/* Those of the lines whose bit is set are forgotten. */
NODISCARD int devices_drop(Call *c, Id person, const char *address, uint32_t gone);
NODISCARD int push_get(Call *c);
NODISCARD int push_post(Call *c);
NODISCARD int push_delete(Call *c);

/* ---- api.c, mine.c ---- */

#define SETTINGS_ROOM (60 * 1024)  /* JSON of a channel's settings: SETTINGS_MAX values, each escaped */
NODISCARD int mine_get(Call *c);
NODISCARD int mine_put(Call *c);

extern const Endpoint channel_endpoints[];
