/* The house of event_test.h. */
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "call/gate.h"
#include "event/alert.h"
#include "event/event_test.h"
#include "event/follow.h"
#include "event/timer.h"
#include "record/phase.h"

static void house_migrate(TestHouse *t)
{
	const Migration parts[] = {{"gate", gate_migrations}, {"record", record_migrations}, {"timer", timer_migrations},
		{"alert", alert_migrations}, {"follow", follow_migrations}};
	char *error = NULL;
	if (store_migrate(t->house.store, parts, ARRAY_LEN(parts), &error) < 0)
		g_error("%s", error);
	t->house.meta = meta_open(t, t->house.store, &error);
	if (t->house.meta == NULL)
		g_error("%s", error);
}

static void house_open(TestHouse *t)
{
	t->house = (House){.clock = &t->clock, .modules = t->modules, .data_dir = t->place->folder, .test_clock = true,
		.store = t->place->store};
	house_migrate(t);
	t->house.gate = gate_new(t, &t->house);
	t->house.phases = phases_new(t);
}

TestHouse *test_house_new(const Module *extra)
{
	TestHouse *t = talloc_zero(NULL, TestHouse);
	t->place = test_store_open(t, test_store_has_postgres(), NULL);
	t->modules[0] = &alert_module;
	t->modules[1] = extra;
	house_open(t);
	return t;
}

void test_house_reopen(TestHouse *t, int64_t offset_ms)
{
	test_store_reopen(t->place);
	atomic_store(&t->clock.offset_ms, offset_ms);
	atomic_store(&t->clock.guard_ns, 0);
	house_open(t);
}

void test_house_free(TestHouse *t)
{
	test_store_close(t->place);
	talloc_free(t);
}

typedef struct {
	TestHouse *t;
	int64_t now_ms;
	int (*fn)(Call *c, void *arg);
	void *arg;
} Write;

static int write_run(Tx *tx, void *arg)
{
	const Write *w = arg;
	Call *c = call_new_system(tx_mem(tx), &w->t->house, tx, "test");
	if (w->now_ms != 0)
		c->now_ms = w->now_ms;
	int r = w->fn(c, w->arg);
	if (r < 0)
		g_test_message("%s: %s", c->err_code == NULL ? err_code(r) : c->err_code,
		               c->err_detail == NULL ? tx_error(tx) : c->err_detail);
	return r;
}

int test_write(TestHouse *t, int64_t now_ms, int (*fn)(Call *c, void *arg), void *arg)
{
	Write w = {t, now_ms, fn, arg};
	return store_write_wait(t->house.store, write_run, &w);
}

typedef struct {
	const char *login, *role;
	Id user, session;
} Person;

static int person_make(Call *c, void *arg)
{
	Person *p = arg;
	Record *r = record_new(c, meta_object_of(c, "user"));
	record_set_text(r, "name", p->login);
	record_set_text(r, "login", p->login);
	record_set_text(r, "role", p->role);
	int err = record_create(c, r, RECORD_AS_HOUSE);
	if (err < 0)
		return err;
	p->user = record_id(r);
	p->session = id_new(c->now_ms);
	return db_exec(c->tx,
	               "INSERT INTO session (id, hash, person, created_at, last_seen_at) VALUES ($1, $2, $3, $4, $4)",
	               value_id(p->session), value_bytes(p->session.byte, 16), value_id(p->user), value_time(c->now_ms));
}

Identity test_person(TestHouse *t, const char *login, const char *role)
{
	Person p = {.login = login, .role = role};
	CHECK_INT(test_write(t, 0, person_make, &p), 0);
	Identity who = {.user = p.user, .session = p.session, .role = ROLE_SALESPERSON};
	if (strcmp(role, "administrator") == 0)
		who.role = ROLE_ADMINISTRATOR;
	else if (strcmp(role, "supervisor") == 0)
		who.role = ROLE_SUPERVISOR;
	return who;
}

typedef struct {
	const char *sql;
	const Value *args;
	size_t n;
	int64_t count;
} Count;

static int count_run(Tx *tx, void *arg)
{
	Count *count = arg;
	return db_int_n(tx, &count->count, count->sql, count->args, count->n);
}

int64_t test_count_n(TestHouse *t, const char *sql, const Value *args, size_t n)
{
	Count count = {.sql = sql, .args = args, .n = n};
	CHECK_INT(store_read_wait(t->house.store, count_run, &count), 0);
	return count.count;
}

bool test_wait(bool (*check)(void *arg), void *arg, int64_t wait_ms)
{
	int64_t deadline = clock_monotonic_ms() + wait_ms;
	const struct timespec pause = {.tv_nsec = 2000000};
	while (!check(arg)) {
		if (clock_monotonic_ms() > deadline)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}
