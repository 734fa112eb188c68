/* What the SQLite files share: a connection and the writer's view of its write-ahead log. */
#pragma once

#include "store/store_int.h"
#include <sqlite3.h>
#include <stdatomic.h>

#define SQLITE_PAGE_BYTES 4096
/* From this many pages in the log on, the checkpoint thread copies them home beside the writer. */
#define WAL_PAGES_SOFT 1000
/* From here on (64 MB) the writer stands still between two batches until the log can start over. */
#define WAL_PAGES_HARD 16384

typedef struct SqliteConn {
	sqlite3 *db;
	Cache *cache;
	Store *store;
	/* The four words of every transaction, kept apart from the cache. */
	sqlite3_stmt *begin, *commit, *rollback, *save, *release, *back;
} SqliteConn;

typedef struct Checkpointer {
	SqliteConn *conn;
	pthread_mutex_t lock;    /* guards wanted and closing */
	pthread_cond_t wake;
	pthread_mutex_t running; /* held while a checkpoint runs, whoever runs it */
	bool wanted, closing;
	_Atomic int covered;     /* pages of the log that the last pass had copied home */
} Checkpointer;

typedef struct SqliteState {
	SqliteConn *writer;
	SqliteConn *readers[STORE_THREADS_MAX];
	int n_readers;
	Checkpointer checkpointer;
	pthread_t checkpoint_thread;
	int wal_pages;      /* writer thread only: pages in the log after the last COMMIT */
	int wal_owed;       /* writer thread only: pages not home yet when it last put the new start off */
	int wal_pages_next; /* writer thread only: a reader held the log back; try again from here on */
} SqliteState;

/* Runs one of the connection's own statements; the SQLite result code. */
int sqlite_word(sqlite3_stmt *statement);
/* Err of a SQLite result code. */
int sqlite_err(int code);
/* True when SQLite gave up the whole transaction by itself (full disk, I/O error). */
bool sqlite_lost_transaction(const SqliteConn *conn);

/* ---- sqlite_writer.c ---- */
void *sqlite_writer_main(void *arg);

/* ---- sqlite_wal.c ---- */
void wal_start(Store *store);
/* Ends the thread; called when the writer has ended. */
void wal_stop(Store *store);
/* For the writer, between batches: wakes the checkpoint thread, or makes the log start over when it is too long. */
void wal_bound(Store *store);
