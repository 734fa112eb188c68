/* What the files of the follower share. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "event/follow.h"
#include "event/gaps.h"
#include "store/bulletin.h"

typedef struct {
	const char *object;
	FollowFn fn;
	void *arg;
} Watcher;

struct Follow {
	House *house;
	Id id;                   /* of this process */
	Bulletin *bulletin;
	Watcher *watcher;
	size_t n_watchers;
	pthread_t thread;
	bool running;
	pthread_mutex_t reading; /* one look at a time; held while watchers are told */
	pthread_mutex_t lock;    /* guards what follows, down to stopping */
	pthread_cond_t woken;
	Gaps *gaps;
	bool told, stopping;
	atomic_int others;
	atomic_bool leads;
	atomic_int reign;        /* how often it began to lead */
	_Atomic int64_t shown_ms; /* monotonic: when it last showed that it is alive */
	int64_t beat_at_ms;      /* the thread's alone */
};

/* follow_process.c: the table of processes */
typedef struct {
	int64_t others;          /* other processes seen within FOLLOW_GONE_MS */
	int64_t newest;          /* seq of the newest event at that moment */
	bool leads;              /* no other one that is alive came earlier */
} Beat;
/* Writes this process into the table and looks around. */
NODISCARD int process_beat(Follow *f, Beat *ret);
/* Waits until those that are alive have looked around since, at most FOLLOW_ALIVE_MS. */
NODISCARD int process_await_others(Follow *f);
void process_leave(Follow *f);
