/* The hub on a real database and behind a real HTTP server: rights, resuming, revoking, slow readers, many streams. */
#include "event/hub.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "event/alert.h"
#include "event/event_int.h"
#include "event/event_test.h"
#include "http/http.h"
#include "record/record.h"

#define WAIT_MS 20000
#define MANY 500

/* The server: "/?who=N" listens as people[N] */

typedef struct {
	TestHouse *t;
	Hub *hub;
	HttpServer *http;
	Identity people[4];
	atomic_bool held_is_there, held_may_go;
} Live;

enum { ANN, BEN, ADMIN, HELD /* ann again, stopped just before the connection is made */ };

typedef struct {
	Live *live;
	HttpRequest *request;
	int who;
	int64_t after;
} Listener;

/* As hub_open does it, but waits in the middle. */
static int held_open(Live *live, HttpRequest *request)
{
	atomic_fetch_add(&live->hub->count, 1);
	atomic_store(&live->held_is_there, true);
	while (!atomic_load(&live->held_may_go))
		;
	hub_stream_connect(hub_stream_new(live->hub, &live->people[ANN], -1), request);
	return 0;
}

static int listener_open(Tx *tx, void *arg)
{
	const Listener *l = arg;
	if (l->who == HELD)
		return held_open(l->live, l->request);
	Call *c = call_new(tx_mem(tx), &l->live->t->house, tx);
	c->who = l->live->people[l->who];
	return hub_open(l->live->hub, c, l->request, l->after);
}

static void listener_done(void *arg, int result)
{
	Listener *l = arg;
	if (result < 0)
		http_respond(l->request, err_status(result), "text/plain", (HttpHeader[]){{0}}, "no", 2);
	talloc_free(l);
}

static void on_request(HttpRequest *request, void *arg)
{
	Listener *l = talloc_zero(NULL, Listener);
	const char *last = http_header(request, "Last-Event-ID");
	*l = (Listener){.live = arg, .request = request, .after = last == NULL ? -1 : strtoll(last, NULL, 10)};
	l->who = http_query(request)[strlen("who=")] - '0';
	if (store_read(l->live->t->house.store, listener_open, listener_done, l) < 0)
		listener_done(l, ERR_BUSY);
}

static Live *live_new(void)
{
	Live *live = talloc_zero(NULL, Live);
	live->t = test_house_new(NULL);
	live->people[ANN] = test_person(live->t, "ann", "salesperson");
	live->people[BEN] = test_person(live->t, "ben", "salesperson");
	live->people[ADMIN] = test_person(live->t, "admin", "administrator");
	live->hub = hub_start(live->t, &live->t->house);
	const HttpConfig config = {.listen = "127.0.0.1:0", .loops = 2, .on_request = on_request, .arg = live};
	char *error = NULL;
	live->http = http_start(live, &config, &error);
	if (live->http == NULL)
		g_error("%s", error);
	return live;
}

static void live_free(Live *live)
{
	http_stop(live->http, 1000);
	hub_stop(live->hub);
	CHECK_INT(hub_count(live->hub), 0);
	test_house_free(live->t);
	talloc_free(live);
}

/* Events */

static int event_write_one(Call *c, void *arg)
{
	return record_event(c, arg);
}

/* An event that concerns the owner; its data are {"mark":"..."}. */
static void tell(Live *live, int owner, const char *mark)
{
	char data[80];
	snprintf(data, sizeof(data), "{\"mark\":\"%s\"}", mark);
	EventRow row = {.kind = "lead.assigned", .object = "lead", .record = id_new(1), .data = data};
	row.owner = owner < 0 ? ID_NIL : live->people[owner].user;
	CHECK_INT(test_write(live->t, 0, event_write_one, &row), 0);
}

static int64_t newest_seq(Live *live)
{
	return test_count(live->t, "SELECT COALESCE(MAX(seq), 0) FROM event WHERE kind <> $1", value_text(""));
}

/* The listeners */

typedef struct {
	int fd;
	Buf *in;
	bool ended;
} Client;

static Client *client_open(Live *live, int who, int64_t after)
{
	Client *client = talloc_zero(live, Client);
	client->in = buf_new(client, 64 * 1024 * 1024);
	client->fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)http_port(live->http))};
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK_INT(connect(client->fd, (struct sockaddr *)&to, sizeof(to)), 0);
	char request[160], last[60] = "";
	if (after >= 0)
		snprintf(last, sizeof(last), "Last-Event-ID: %lld\r\n", (long long)after);
	int len = snprintf(request, sizeof(request), "GET /?who=%d HTTP/1.1\r\nHost: x\r\n%s\r\n", who, last);
	CHECK_INT(write(client->fd, request, (size_t)len), len);
	return client;
}

static void client_close(Client *client)
{
	close(client->fd);
	talloc_free(client);
}

/* Reads what comes within wait_ms; false when nothing did. */
static bool client_read(Client *client, int wait_ms)
{
	char bytes[16384];
	struct pollfd poller = {.fd = client->fd, .events = POLLIN};
	if (client->ended || poll(&poller, 1, wait_ms) <= 0)
		return false;
	ssize_t n = read(client->fd, bytes, sizeof(bytes));
	if (n <= 0)
		client->ended = true;
	else
		buf_append(client->in, bytes, (size_t)n);
	return true;
}

static bool client_has(const Client *client, const char *text)
{
	return client->in->len > 0 && strstr(client->in->data, text) != NULL;
}

static void client_expect(Client *client, const char *text)
{
	int64_t deadline = clock_monotonic_ms() + WAIT_MS;
	while (!client_has(client, text) && !client->ended && clock_monotonic_ms() < deadline)
		client_read(client, 100);
	if (!client_has(client, text))
		g_test_message("'%s' did not come; got: %s", text, client->in->len == 0 ? "" : client->in->data);
	CHECK(client_has(client, text));
}

static void client_expect_mark(Client *client, const char *mark)
{
	char text[80];
	snprintf(text, sizeof(text), "\"mark\":\"%s\"", mark);
	client_expect(client, text);
}

static void client_expect_end(Client *client)
{
	int64_t deadline = clock_monotonic_ms() + WAIT_MS;
	while (!client->ended && clock_monotonic_ms() < deadline)
		client_read(client, 100);
	CHECK(client->ended);
}

static int client_times(const Client *client, const char *text)
{
	int n = 0;
	for (const char *p = client->in->data; p != NULL && (p = strstr(p, text)) != NULL; p++)
		n++;
	return n;
}

/* Opens and waits until the stream's rights are known: from then on what it misses is a fault. */
static Client *client_join(Live *live, int who)
{
	Client *client = client_open(live, who, newest_seq(live));
	client_expect(client, ": connected");
	return client;
}

/* Whoever is greeted is among those who hear: while nobody can join, nobody is greeted. */
TEST(hub, misses_nothing_from_its_greeting_on)
{
	Live *live = live_new();
	Client *client = client_open(live, HELD, -1);
	while (!atomic_load(&live->held_is_there))
		;
	pthread_mutex_lock(&live->hub->lock);
	atomic_store(&live->held_may_go, true);
	bool greeted = client_read(client, 300);
	pthread_mutex_unlock(&live->hub->lock);
	CHECK(!greeted);
	client_expect(client, ": connected");
	tell(live, ANN, "first");
	client_expect_mark(client, "first");
	client_close(client);
	live_free(live);
}

/* Rights */

TEST(hub, brings_news_to_those_who_may_see_them)
{
	Live *live = live_new();
	Client *ann = client_join(live, ANN), *ben = client_join(live, BEN), *admin = client_join(live, ADMIN);
	tell(live, ANN, "for-ann");
	tell(live, BEN, "for-ben");
	tell(live, -1, "for-nobody");
	tell(live, ANN, "last-ann");
	tell(live, BEN, "last-ben");
	client_expect_mark(ann, "last-ann");
	client_expect_mark(ben, "last-ben");
	client_expect_mark(admin, "last-ben");
	CHECK(client_has(ann, "for-ann") && !client_has(ann, "for-ben") && !client_has(ann, "for-nobody"));
	CHECK(client_has(ben, "for-ben") && !client_has(ben, "for-ann") && !client_has(ben, "for-nobody"));
	CHECK(client_has(admin, "for-ann") && client_has(admin, "for-ben") && client_has(admin, "for-nobody"));
	CHECK(client_has(ann, "text/event-stream"));
	CHECK(client_has(ann, "\"kind\":\"lead.assigned\",\"object\":\"lead\",\"record\":\""));
	live_free(live);
}

static int alert_write_one(Call *c, void *arg)
{
	const Live *live = arg;
	const Alert alert = {.receiver = live->people[ANN].user, .reason = "secret.reason", .object = "lead"};
	return alert_send(c, &alert);
}

TEST(hub, brings_an_alert_to_its_receiver_alone)
{
	Live *live = live_new();
	Client *ann = client_join(live, ANN), *admin = client_join(live, ADMIN);
	CHECK_INT(test_write(live->t, 0, alert_write_one, live), 0);
	client_expect(ann, "\"reason\":\"secret.reason\"");
	CHECK(client_has(ann, "\"kind\":\"alert\""));
	tell(live, ANN, "after");
	client_expect_mark(admin, "after");
	CHECK(!client_has(admin, "secret.reason"));
	/* Nor by resuming. */
	Client *again = client_open(live, ADMIN, 0);
	client_expect_mark(again, "after");
	CHECK(!client_has(again, "secret.reason"));
	live_free(live);
}

static int event_then_fail(Call *c, void *arg)
{
	int r = record_event(c, arg);
	return r < 0 ? r : ERR_CONFLICT;
}

TEST(hub, keeps_quiet_about_what_was_rolled_back)
{
	Live *live = live_new();
	Client *admin = client_join(live, ADMIN);
	EventRow row = {.kind = "lead.assigned", .object = "lead", .data = "{\"mark\":\"undone\"}"};
	CHECK_INT(test_write(live->t, 0, event_then_fail, &row), ERR_CONFLICT);
	tell(live, ANN, "done");
	client_expect_mark(admin, "done");
	CHECK(!client_has(admin, "undone"));
	live_free(live);
}

/* Resuming */

TEST(hub, resumes_where_the_listener_left)
{
	Live *live = live_new();
	tell(live, ANN, "one");
	int64_t seq = newest_seq(live);
	tell(live, ANN, "two");
	tell(live, BEN, "not-hers");
	tell(live, ANN, "three");
	Client *ann = client_open(live, ANN, seq);
	client_expect_mark(ann, "three");
	tell(live, ANN, "four");
	client_expect_mark(ann, "four");
	CHECK_INT(client_times(ann, "\"two\""), 1);
	CHECK_INT(client_times(ann, "\"three\""), 1);
	CHECK_INT(client_times(ann, "\"four\""), 1);
	CHECK(!client_has(ann, "not-hers"));
	/* PostgreSQL sends the last seconds again. */
	CHECK(store_is_postgres(live->t->house.store) || !client_has(ann, "\"one\""));
	char id[40];
	long long newest = newest_seq(live);
	snprintf(id, sizeof(id), "\nid: %lld\ndata: {\"seq\":%lld,", newest, newest);
	CHECK(client_has(ann, id));
	live_free(live);
}

enum { STEADY = 400 };

static void *steady_writer(void *arg)
{
	for (int i = 0; i < STEADY; i++) {
		char mark[16];
		snprintf(mark, sizeof(mark), "m%d", i);
		tell(arg, ANN, mark);
	}
	return NULL;
}

/* Takes over the marks that came in whole messages; returns the last id. */
static int64_t steady_collect(const Client *client, int seen[static STEADY], int64_t last)
{
	const char *end, *p = client->in->len == 0 ? NULL : strstr(client->in->data, "\nid: ");
	for (; p != NULL && (end = strstr(p, "\n\n")) != NULL; p = strstr(end, "\nid: ")) {
		const char *mark = strstr(p, "\"mark\":\"m");
		last = strtoll(p + strlen("\nid: "), NULL, 10);
		if (mark != NULL && mark < end)
			seen[strtol(mark + strlen("\"mark\":\"m"), NULL, 10)]++;
	}
	return last;
}

TEST(hub, leaves_no_gap_and_no_doubles_for_one_who_comes_and_goes)
{
	Live *live = live_new();
	int seen[STEADY] = {0};
	int64_t last = newest_seq(live);
	pthread_t writer;
	CHECK_INT(pthread_create(&writer, NULL, steady_writer, live), 0);
	int64_t deadline = clock_monotonic_ms() + 2 * WAIT_MS;
	for (int round = 0; seen[STEADY - 1] == 0 && clock_monotonic_ms() < deadline; round++) {
		Client *ann = client_open(live, ANN, last);
		for (int i = 0; i < 3 + round % 10; i++)
			client_read(ann, 50);
		last = steady_collect(ann, seen, last);
		client_close(ann);
	}
	pthread_join(writer, NULL);
	bool postgres = store_is_postgres(live->t->house.store);
	for (int i = 0; i < STEADY; i++)
		CHECK(postgres ? seen[i] >= 1 : seen[i] == 1);
	live_free(live);
}

static int event_many(Call *c, void *arg)
{
	const EventRow row = {.kind = "record.updated", .object = "lead", .data = "{}"};
	int r = 0;
	for (int i = 0; r == 0 && i < *(int *)arg; i++)
		r = record_event(c, &row);
	return r;
}

TEST(hub, tells_who_missed_too_much_to_reload)
{
	Live *live = live_new();
	int many = HUB_RESUME_MAX + 1;
	CHECK_INT(test_write(live->t, 0, event_many, &many), 0);
	char reset[80];
	snprintf(reset, sizeof(reset), "id: %lld\nevent: reset\ndata: {\"seq\":%lld}\n\n", (long long)newest_seq(live),
	         (long long)newest_seq(live));
	Client *behind = client_open(live, ANN, newest_seq(live) - many), *unknown = client_open(live, ANN, 1 << 30);
	client_expect(behind, reset);
	client_expect(unknown, reset);
	tell(live, ANN, "goes-on");
	client_expect_mark(behind, "goes-on");
	client_expect_mark(unknown, "goes-on");
	Client *close = client_open(live, ANN, newest_seq(live) - 4000);
	client_expect_mark(close, "goes-on");
	CHECK(!client_has(close, "event: reset"));
	live_free(live);
}

/* Revoking */

static int session_delete(Call *c, void *arg)
{
	const Identity *who = arg;
	return db_exec(c->tx, "DELETE FROM session WHERE id = $1", value_id(who->session));
}

TEST(hub, closes_the_stream_of_an_ended_session)
{
	Live *live = live_new();
	Client *ann = client_join(live, ANN), *ben = client_join(live, BEN);
	CHECK_INT(test_write(live->t, 0, session_delete, &live->people[ANN]), 0);
	client_expect_end(ann);
	tell(live, BEN, "still");
	client_expect_mark(ben, "still");
	Client *again = client_open(live, ANN, 0);
	client_expect_end(again);
	CHECK(!client_has(again, "id: "));
	live_free(live);
}

static int person_change(Call *c, Id user, const char *field, Value value)
{
	Record *r;
	int err = record_load_any(c, "user", user, &r);
	if (err < 0)
		return err;
	record_set(r, field, value);
	return record_update(c, r, RECORD_AS_HOUSE);
}

static int person_disable(Call *c, void *arg)
{
	return person_change(c, ((const Identity *)arg)->user, "active", value_bool(false));
}

static int person_promote(Call *c, void *arg)
{
	return person_change(c, ((const Identity *)arg)->user, "role", value_text("administrator"));
}

TEST(hub, follows_changes_of_people)
{
	Live *live = live_new();
	Client *ann = client_join(live, ANN), *ben = client_join(live, BEN);
	CHECK_INT(test_write(live->t, 0, person_disable, &live->people[BEN]), 0);
	client_expect_end(ben);
	CHECK_INT(test_write(live->t, 0, person_promote, &live->people[ANN]), 0);
	int64_t deadline = clock_monotonic_ms() + WAIT_MS;
	while (!client_has(ann, "for-administrators") && clock_monotonic_ms() < deadline) {
		tell(live, -1, "for-administrators");
		client_read(ann, 50);
	}
	CHECK(client_has(ann, "for-administrators"));
	live_free(live);
}

/* Load */

static bool streams_gone(void *arg)
{
	return hub_count(((Live *)arg)->hub) == 0;
}

TEST(hub, cuts_a_reader_who_is_too_slow_and_lets_him_resume)
{
	Live *live = live_new();
	Client *slow = client_open(live, ANN, newest_seq(live));
	int small = 4096;
	CHECK_INT(setsockopt(slow->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	char *data = talloc_size(live, 60001);
	memset(data, 'x', 60000);
	memcpy(data, "{\"mark\":\"", 9);
	memcpy(data + 59998, "\"}", 3);
	EventRow row = {.kind = "record.updated", .object = "lead", .owner = live->people[ANN].user, .data = data};
	for (int i = 0; i < 400 && !(i > 10 && streams_gone(live)); i++)
		CHECK_INT(test_write(live->t, 0, event_write_one, &row), 0);
	CHECK(test_wait(streams_gone, live, WAIT_MS));
	Client *again = client_open(live, ANN, newest_seq(live) - 1);
	/* On PostgreSQL the last seconds are more than a stream may lag behind: it is told to reload. */
	client_expect(again, store_is_postgres(live->t->house.store) ? "event: reset" : "xxx\"}}\n\n");
	live_free(live);
}

static void files_allow(rlim_t n)
{
	struct rlimit limit;
	CHECK_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur < n) {
		limit.rlim_cur = n < limit.rlim_max ? n : limit.rlim_max;
		CHECK_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
	}
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

TEST(hub, serves_five_hundred_streams)
{
	enum { ROUNDS = 60 };
	files_allow(4 * MANY);
	Live *live = live_new();
	Client *clients[MANY];
	for (int i = 0; i < MANY; i++)
		clients[i] = client_open(live, i == 0 ? ANN : i % 2 == 0 ? ADMIN : BEN, newest_seq(live));
	for (int i = 0; i < MANY; i++)
		client_expect(clients[i], ": connected");
	CHECK_INT(hub_count(live->hub), MANY);
	int64_t took[ROUNDS];
	for (int i = 0; i < ROUNDS; i++) {
		char mark[16];
		snprintf(mark, sizeof(mark), "round%d", i);
		took[i] = clock_monotonic_us();
		tell(live, ANN, mark);
		client_expect_mark(clients[0], mark);
		took[i] = clock_monotonic_us() - took[i];
	}
	qsort(took, ROUNDS, sizeof(*took), by_time);
	g_test_message("write to event: p50 %lld us, worst %lld us", (long long)took[ROUNDS / 2],
	               (long long)took[ROUNDS - 1]);
	for (int i = 2; i < MANY; i += 2)
		client_expect_mark(clients[i], "round59");
	for (int i = 1; i < MANY; i += 2)
		CHECK(!client_has(clients[i], "round"));
	for (int i = 0; i < MANY; i++)
		client_close(clients[i]);
	CHECK(test_wait(streams_gone, live, WAIT_MS));
	live_free(live);
}

TEST(hub, stops_while_streams_are_open_and_refuses_new_ones)
{
	Live *live = live_new();
	Client *ann = client_join(live, ANN);
	hub_stop(live->hub);
	client_expect_end(ann);
	Client *late = client_open(live, ANN, -1);
	client_expect(late, "HTTP/1.1 503");
	tell(live, ANN, "unheard");
	http_stop(live->http, 1000);
	CHECK_INT(hub_count(live->hub), 0);
	test_house_free(live->t);
	talloc_free(live);
}
