/* What the files of the hub share among themselves; no other folder includes this.
 *
 * The hub's thread owns every stream: what others want of it arrives as a message (hub.c). Reading jobs run on
 * threads of the store, on a Visit or Sweep that the hub's thread leaves alone until it comes back (hub_read.c). Only
 * the connection of a stream is shared, under the stream's lock (hub_stream.c). */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/limits.h"
#include "event/hub.h"
#include "http/http.h"
#include "record/access.h"

#define HUB_TICK_MS 1000            /* between looks at sessions and people_version */
#define HUB_PING_MS 15000
#define HUB_QUEUE_MAX 100000        /* news the thread has not got to; beyond it streams are told to reload */
#define HUB_PENDING_MAX HUB_RESUME_MAX
#define HUB_SWEEP_MAX 1000          /* streams of one look at sessions */
#define HUB_CAUGHT_MS 60000         /* how long what a resume brought is remembered against doubles */
#define HUB_RESUME_BYTES (LIMIT_LIVE_BACKLOG / 4 * 3)

typedef enum {
	MESSAGE_NEWS,    /* News: committed */
	MESSAGE_JOIN,    /* Stream: opened */
	MESSAGE_LEAVE,   /* Stream: its connection is gone */
	MESSAGE_VISITED, /* Stream: its Visit is back */
	MESSAGE_SWEPT,   /* Sweep: is back */
} MessageKind;

typedef struct Message {
	struct Message *next;
	MessageKind kind;
	void *subject;
} Message;

/* One event as listeners get it; texts are borrowed. */
typedef struct {
	int64_t seq, at_ms;
	const char *kind, *object, *data;
	Id record, owner, before, team, pool;
} EventView;

/* An event on its way: one block of memory of its own. Only the hub's thread touches refs and bytes. */
typedef struct News {
	Message message;
	EventView view;
	int refs;
	Buf *bytes;  /* as sent; made at the first use */
} News;

typedef struct Stream Stream;

/* A look into the database on behalf of one stream: who is it still, what may it see, what did it miss. */
typedef struct {
	Hub *hub;
	Stream *stream;
	Identity who;
	int64_t after;           /* resume point; -1: nothing to resume */
	TALLOC_CTX *mem;         /* holds all that follows; new in every run */
	Access *access;
	int64_t people_version;
	bool gone;               /* signed out, or disabled */
	bool reset;              /* too much was missed */
	int64_t last_seq;        /* newest in the table */
	int64_t *seqs;           /* sent with bytes, ascending */
	size_t n;
	Buf *bytes;
	int result;
} Visit;

struct Stream {
	Hub *hub;
	Message join, leave, visited;
	pthread_mutex_t lock;    /* guards http */
	HttpStream *http;        /* NULL once closed */

	/* of the hub's thread */
	size_t place;            /* in hub->streams */
	Identity who;            /* ids and role; no texts */
	int holds;               /* visits and sweeps under way */
	bool closing, left, waiting, visit_due, visiting;
	Visit visit;
	TALLOC_CTX *access_mem;
	Access *access;
	int64_t people_version;
	News **pending;          /* while waiting: what came meanwhile */
	size_t n_pending;
	bool pending_lost;
	int64_t *caught;         /* what the resume brought, in access_mem; ascending */
	size_t n_caught;
	int64_t caught_at_ms;
};

typedef struct {
	Stream *stream;
	Id user, session;
	Role role;
	Id team;
	bool gone, changed;
} SweepRow;

/* A look at many streams at once: are their sessions alive, did people change. */
typedef struct {
	Message message;
	Hub *hub;
	SweepRow *rows;
	size_t n;
	int64_t people_version;
	int result;
} Sweep;

struct Hub {
	House *house;
	pthread_t thread;
	pthread_mutex_t lock;    /* guards what follows, down to count */
	pthread_cond_t woken;
	Message *first, **last;
	int queued;
	bool lost;               /* news were dropped because the queue was full */
	bool stopping;
	atomic_int count;

	/* of the hub's thread */
	Stream **streams;
	size_t n_streams, cap_streams;
	size_t sweep_next;       /* place where the next sweep begins */
	bool sweeping;
	int64_t newest_seq, ping_at_ms, tick_at_ms;
};

/* hub.c */
void hub_post(Hub *hub, Message *message);
/* A copy of an event, in its own talloc root. */
News *news_new(const EventRow *row, int64_t seq, int64_t at_ms);
/* Hands committed news over to the hub's thread; they are gone for the caller. */
void news_post(Hub *hub, News *news);

/* hub_stream.c */
void event_write(Buf *out, const EventView *view);
/* Appends "event: reset" with that seq. */
void event_write_reset(Buf *out, int64_t seq);
bool event_visible(const Access *access, Id user, const EventView *view);
void news_release(News *news);
Stream *hub_stream_new(Hub *hub, const Identity *who, int64_t after);
/* Makes the connection and posts the join. */
void hub_stream_connect(Stream *s, HttpRequest *request);
void hub_stream_send(Stream *s, const void *bytes, size_t len);
void hub_stream_close(Stream *s);
/* Sends the news, or keeps it while the stream waits for its visit. */
void hub_stream_take(Stream *s, News *news);
/* The visit came back well: new rights, and if the stream waited, what it missed. */
void hub_stream_visited(Stream *s, int64_t now_ms);
void hub_stream_reset(Stream *s, int64_t seq);
void hub_stream_free(Stream *s);

/* hub_read.c: reading rows. EVENT_COLUMNS as the first columns of a row; texts are borrowed from it. */
#define EVENT_COLUMNS "seq, at, kind, object, record, owner, before_owner, team, pool, data"
EventView event_view_read(const Rows *rows);
/* jobs for the store's reading threads */
int visit_run(Tx *tx, void *visit);
void visit_done(void *visit, int result);
int sweep_run(Tx *tx, void *sweep);
void sweep_done(void *sweep, int result);
