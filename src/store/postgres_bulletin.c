/* LISTEN and NOTIFY on a connection of its own. One thread waits for words of others and for words to be spoken; it
 * makes the connection again when it is lost, and then says that words may have been missed. */
#include "store/bulletin.h"

#include <assert.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "store/postgres_int.h"

#define DIAL_PAUSE_MIN_MS 100
#define DIAL_PAUSE_MAX_MS 2000

struct Bulletin {
	Store *store;
	void (*heard)(void *arg);
	void *arg;
	pthread_t thread;
	int wake; /* eventfd: something is to be told, or the end */
	atomic_bool told, stopping;
	/* the thread's own */
	PGconn *pg; /* NULL: none */
	int64_t dial_at_ms, dial_pause_ms, tell_at_ms;
};

static void bulletin_wake(Bulletin *b)
{
	const uint64_t one = 1;
	ssize_t written = write(b->wake, &one, sizeof one);
	(void)written; /* a full counter wakes as well */
}

static void bulletin_hang_up(Bulletin *b)
{
	if (b->pg)
		PQfinish(b->pg);
	b->pg = NULL;
	b->dial_at_ms = clock_monotonic_ms() + b->dial_pause_ms;
	b->dial_pause_ms = b->dial_pause_ms * 2 < DIAL_PAUSE_MAX_MS ? b->dial_pause_ms * 2 : DIAL_PAUSE_MAX_MS;
}

/* The channel has the schema's name: other workspaces of the same database are not woken. */
static bool bulletin_command(Bulletin *b, const char *word)
{
	char sql[128];
	(void)snprintf(sql, sizeof sql, "%s \"%s\"", word, b->store->config.schema);
	PGresult *result = PQexec(b->pg, sql);
	bool fine = PQresultStatus(result) == PGRES_COMMAND_OK;
	PQclear(result);
	return fine;
}

static void bulletin_dial(Bulletin *b)
{
	b->pg = pg_dial(b->store);
	if (PQstatus(b->pg) != CONNECTION_OK || !bulletin_command(b, "LISTEN")) {
		bulletin_hang_up(b);
		return;
	}
	b->dial_pause_ms = DIAL_PAUSE_MIN_MS;
	b->heard(b->arg);
}

/* One's own words come back as well. */
static void bulletin_listen(Bulletin *b)
{
	bool others = false;
	if (!PQconsumeInput(b->pg) || PQstatus(b->pg) != CONNECTION_OK) {
		log_warn("store", "the connection that hears of other processes was lost");
		bulletin_hang_up(b);
		return;
	}
	for (PGnotify *word; (word = PQnotifies(b->pg)); PQfreemem(word))
		others |= word->be_pid != PQbackendPID(b->pg);
	if (others)
		b->heard(b->arg);
}

static void bulletin_speak(Bulletin *b)
{
	int64_t now = clock_monotonic_ms();
	if (!b->pg || now < b->tell_at_ms || !atomic_exchange(&b->told, false))
		return;
	b->tell_at_ms = now + BULLETIN_PAUSE_MS;
	if (!bulletin_command(b, "NOTIFY"))
		bulletin_hang_up(b);
}

/* Milliseconds until there is something to do by oneself; -1: only when woken. */
static int bulletin_pause(Bulletin *b)
{
	int64_t until = !b->pg ? b->dial_at_ms : atomic_load(&b->told) ? b->tell_at_ms : -1;
	int64_t now = clock_monotonic_ms();
	return until < 0 ? -1 : until <= now ? 0 : (int)(until - now);
}

static void bulletin_wait(Bulletin *b)
{
	struct pollfd fds[] = {{.fd = b->wake, .events = POLLIN}, {.fd = b->pg ? PQsocket(b->pg) : -1, .events = POLLIN}};
	uint64_t count;
	(void)poll(fds, ARRAY_LEN(fds), bulletin_pause(b));
	if (fds[0].revents) {
		ssize_t got = read(b->wake, &count, sizeof count);
		(void)got;
	}
}

static void *bulletin_main(void *arg)
{
	Bulletin *b = arg;
	while (!atomic_load(&b->stopping)) {
		if (!b->pg && clock_monotonic_ms() >= b->dial_at_ms)
			bulletin_dial(b);
		bulletin_wait(b);
		bulletin_speak(b);
		if (b->pg) /* behind speaking: words that came in meanwhile no longer wake the poll */
			bulletin_listen(b);
	}
	if (b->pg)
		PQfinish(b->pg);
	return NULL;
}

Bulletin *bulletin_start(TALLOC_CTX *ctx, Store *store, void (*heard)(void *arg), void *arg)
{
	if (!store_is_postgres(store))
		return NULL;
	Bulletin *b = talloc_zero(ctx, Bulletin);
	*b = (Bulletin){.store = store, .heard = heard, .arg = arg, .dial_pause_ms = DIAL_PAUSE_MIN_MS};
	b->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert(b->wake >= 0);
	b->thread = thread_start(bulletin_main, b);
	return b;
}

void bulletin_tell(Bulletin *b)
{
	if (b && !atomic_exchange(&b->told, true))
		bulletin_wake(b);
}

void bulletin_stop(Bulletin *b)
{
	if (!b)
		return;
	atomic_store(&b->stopping, true);
	bulletin_wake(b);
	pthread_join(b->thread, NULL);
	close(b->wake);
	talloc_free(b);
}
