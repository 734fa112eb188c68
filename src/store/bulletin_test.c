/* Words between processes: two stores on one schema stand for two processes. */
#include "store/bulletin.h"

#include "store/opening.h"
#include "store/store_fixture.h"
#include <libpq-fe.h>
#include <stdatomic.h>
#include <time.h>

#define WAIT_MS 10000

static void count(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
}

static bool counted(atomic_int *words, int at_least)
{
	for (int i = 0; i < WAIT_MS; i++) {
		if (atomic_load(words) >= at_least)
			return true;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	return false;
}

TEST(bulletin, reaches_the_others_but_not_oneself)
{
	TestStore *t = test_store_open(NULL, true, NULL);
	if (t == NULL)
		return;
	atomic_int a = 0, b = 0;
	Bulletin *first = bulletin_start(t, t->store, count, &a), *second = bulletin_start(t, t->store, count, &b);
	CHECK(counted(&a, 1) && counted(&b, 1)); /* both are connected */
	bulletin_tell(first);
	CHECK(counted(&b, 2));
	bulletin_tell(second);
	CHECK(counted(&a, 2));
	CHECK_INT(atomic_load(&a), 2);
	CHECK_INT(atomic_load(&b), 2);
	bulletin_stop(first);
	bulletin_stop(second);
	test_store_close(t);
}

TEST(bulletin, many_words_become_few)
{
	TestStore *t = test_store_open(NULL, true, NULL);
	if (t == NULL)
		return;
	atomic_int a = 0, b = 0;
	Bulletin *first = bulletin_start(t, t->store, count, &a), *second = bulletin_start(t, t->store, count, &b);
	CHECK(counted(&a, 1) && counted(&b, 1));
	for (int i = 0; i < 1000; i++)
		bulletin_tell(first);
	CHECK(counted(&b, 2));
	bulletin_tell(first);
	CHECK(counted(&b, 3));
	CHECK(atomic_load(&b) < 20);
	bulletin_stop(first);
	bulletin_stop(second);
	test_store_close(t);
}

TEST(bulletin, says_so_when_words_may_have_been_missed)
{
	TestStore *t = test_store_open(NULL, true, NULL);
	if (t == NULL)
		return;
	atomic_int a = 0;
	Bulletin *b = bulletin_start(t, t->store, count, &a);
	CHECK(counted(&a, 1));
	PGconn *outside = PQconnectdb(t->config.database);
	PQclear(PQexec(outside, talloc_asprintf(t, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
						"WHERE query = 'LISTEN \"%s\"'", t->config.schema)));
	PQfinish(outside);
	CHECK(counted(&a, 2));
	bulletin_stop(b);
	test_store_close(t);
}

TEST(bulletin, is_nothing_on_sqlite)
{
	TestStore *t = test_store_open(NULL, false, NULL);
	Bulletin *b = bulletin_start(t, t->store, count, NULL);
	CHECK(b == NULL);
	bulletin_tell(b);
	bulletin_stop(b);
	opening_end(opening_begin(t, t->store));
	test_store_close(t);
}

typedef struct {
	TestStore *t;
	atomic_int entered;
} Second;

static void *second_opens(void *arg)
{
	Second *s = arg;
	Opening *opening = opening_begin(NULL, s->t->store);
	atomic_store(&s->entered, 1);
	opening_end(opening);
	return NULL;
}

TEST(opening, lets_one_in_at_a_time)
{
	TestStore *t = test_store_open(NULL, true, NULL);
	if (t == NULL)
		return;
	Second second = {.t = t};
	pthread_t thread;
	Opening *first = opening_begin(t, t->store);
	pthread_create(&thread, NULL, second_opens, &second);
	nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL); /* time enough to come in, if it could */
	CHECK_INT(atomic_load(&second.entered), 0);
	opening_end(first);
	pthread_join(thread, NULL);
	CHECK_INT(atomic_load(&second.entered), 1);
	test_store_close(t);
}
