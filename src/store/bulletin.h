/* Processes that share one PostgreSQL tell each other "something was committed, look". Nothing is said but that: who
 * hears it reads the tables. A word may get lost (a process dies before it speaks, a connection breaks), so whoever
 * must not miss anything also looks by itself now and then.
 *
 * It has a thread and a connection of its own and speaks outside of every transaction: a NOTIFY inside of them would
 * let all commits wait for each other. On SQLite there is nobody to tell: bulletin_start gives NULL, and the other
 * functions take NULL. */
#pragma once

#include "store/store.h"

typedef struct Bulletin Bulletin;

/* heard(arg) runs on the bulletin's thread when another process spoke, and when words may have been missed: after each
 * connect. It must be quick. */
Bulletin *bulletin_start(TALLOC_CTX *ctx, Store *store, void (*heard)(void *arg), void *arg);
/* Any thread; returns at once. Many calls within BULLETIN_PAUSE_MS become one word. */
#define BULLETIN_PAUSE_MS 20
void bulletin_tell(Bulletin *bulletin);
/* Ends the thread; a word not yet spoken is dropped. Before store_close. */
void bulletin_stop(Bulletin *bulletin);
