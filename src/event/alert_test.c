/* Alerts: merging, expiry, the list, and the event that brings them. */
#include "event/alert.h"

#include <string.h>

#include "base/check.h"
#include "event/event_test.h"
#include "event/timer.h"

#define NOON INT64_C(1795406400000)

typedef struct {
	Id receiver;
	const char *reason, *key, *data;
	int64_t expires_ms;
} Send;

static int send_run(Call *c, void *arg)
{
	const Send *s = arg;
	const Alert alert = {.receiver = s->receiver, .reason = s->reason, .merge_key = s->key, .object = "lead",
		.record = s->receiver, .data = s->data, .expires_ms = s->expires_ms, .urgent = true};
	return alert_send(c, &alert);
}

static void send(TestHouse *t, int64_t at_ms, Send s)
{
	CHECK_INT(test_write(t, at_ms, send_run, &s), 0);
}

/* Calls one of the endpoints as somebody and gives the answer. */
typedef struct {
	const char *path, *params;
	Id user;
	json_t *answer;
} Ask;

static int ask_run(Call *c, void *arg)
{
	Ask *ask = arg;
	JsonFault fault;
	const Endpoint *e = alert_module.endpoints;
	while (strcmp(e->path, ask->path) != 0)
		e++;
	c->who = (Identity){.user = ask->user, .role = ROLE_SALESPERSON};
	c->params = json_parse(c, ask->params, strlen(ask->params), &fault);
	int r = e->fn(c);
	ask->answer = r < 0 ? NULL : json_loadb(c->out->data, c->out->len, 0, NULL);
	return r;
}

static json_t *ask(TestHouse *t, int64_t at_ms, const char *path, Id user, const char *params)
{
	Ask a = {.path = path, .params = params, .user = user};
	CHECK_INT(test_write(t, at_ms, ask_run, &a), 0);
	CHECK(a.answer != NULL);
	return a.answer;
}

static const json_t *item(const json_t *answer, size_t i)
{
	return json_array_get(json_object_get(answer, "items"), i);
}

static void check_list(TestHouse *t, int64_t at_ms, Id user, size_t items, int64_t unread)
{
	json_t *answer = ask(t, at_ms, "/alerts", user, "{}");
	CHECK_INT(json_array_size(json_object_get(answer, "items")), items);
	CHECK_INT(json_int(answer, "unread", -1), unread);
	json_decref(answer);
}

TEST(alert, merges_within_a_minute)
{
	TestHouse *t = test_house_new(NULL);
	Id ann = id_new(NOON), ben = id_new(NOON);
	send(t, NOON, (Send){ann, "lead.assigned", NULL, "{\"name\":\"first\"}", 0});
	send(t, NOON + 59 * SECOND_MS, (Send){ann, "lead.assigned", NULL, "{\"name\":\"second\"}", 0});
	send(t, NOON + 59 * SECOND_MS, (Send){ann, "lead.missed", NULL, NULL, 0});
	send(t, NOON + 59 * SECOND_MS, (Send){ben, "lead.assigned", NULL, NULL, 0});
	json_t *answer = ask(t, NOON + MINUTE_MS, "/alerts", ann, "{\"unread\":true}");
	CHECK_INT(json_array_size(json_object_get(answer, "items")), 2);
	CHECK_TEXT(json_text(item(answer, 0), "reason"), "lead.missed");
	CHECK_INT(json_int(item(answer, 0), "count", 0), 1);
	CHECK_INT(json_int(item(answer, 1), "count", 0), 2);
	CHECK_TEXT(json_text(json_object_get(item(answer, 1), "data"), "name"), "second");
	CHECK(json_is_true(json_object_get(item(answer, 1), "urgent")));
	CHECK(json_is_null(json_object_get(item(answer, 1), "read_at")));
	json_decref(answer);
	check_list(t, NOON + MINUTE_MS, ben, 1, 1);
	test_house_free(t);
}

typedef struct {
	Id ann, ben;
} Pair;

static int post_run(Call *c, void *arg)
{
	const Pair *p = arg;
	AlertPost *post = alert_post_new(c);
	const Alert alerts[] = {
		{.receiver = p->ann, .reason = "lead.assigned", .data = "{\"name\":\"one\"}"},
		{.receiver = p->ben, .reason = "lead.assigned", .data = "{\"name\":\"two\"}"},
		{.receiver = p->ben, .reason = "lead.missed", .data = "{\"name\":\"three\"}"},
		{.receiver = p->ben, .reason = "lead.assigned", .data = "{\"name\":\"four\"}"},
	};
	for (size_t i = 0; i < ARRAY_LEN(alerts); i++)
		CHECK_INT(alert_send_by(c, post, &alerts[i]), 0);
	CHECK_INT(alert_post_send(c, post), 0);
	return alert_post_send(c, post); /* empty: nothing is said twice */
}

TEST(alert, many_sent_together_are_counted_as_if_sent_alone)
{
	TestHouse *t = test_house_new(NULL);
	Pair p = {id_new(NOON), id_new(NOON)};
	send(t, NOON, (Send){p.ann, "lead.assigned", NULL, "{\"name\":\"zero\"}", 0});
	CHECK_INT(test_write(t, NOON + SECOND_MS, post_run, &p), 0);
	json_t *answer = ask(t, NOON + MINUTE_MS, "/alerts", p.ann, "{}");
	CHECK_INT(json_array_size(json_object_get(answer, "items")), 1);
	CHECK_INT(json_int(item(answer, 0), "count", 0), 2);
	CHECK_TEXT(json_text(json_object_get(item(answer, 0), "data"), "name"), "one");
	json_decref(answer);
	answer = ask(t, NOON + MINUTE_MS, "/alerts", p.ben, "{}");
	CHECK_INT(json_array_size(json_object_get(answer, "items")), 2);
	for (size_t i = 0; i < 2; i++) {
		bool assigned = strcmp(json_text(item(answer, i), "reason"), "lead.assigned") == 0;
		CHECK_INT(json_int(item(answer, i), "count", 0), assigned ? 2 : 1);
		CHECK_TEXT(json_text(json_object_get(item(answer, i), "data"), "name"), assigned ? "four" : "three");
	}
	json_decref(answer);
	CHECK_INT(test_count(t, "SELECT COUNT(*) FROM event WHERE kind = 'alert' AND at >= $1", value_time(NOON)), 5);
	test_house_free(t);
}

TEST(alert, starts_a_new_one_after_a_minute_or_for_another_key)
{
	TestHouse *t = test_house_new(NULL);
	Id ann = id_new(NOON);
	send(t, NOON, (Send){ann, "lead.assigned", NULL, NULL, 0});
	send(t, NOON + 61 * SECOND_MS, (Send){ann, "lead.assigned", NULL, NULL, 0});
	check_list(t, NOON + 62 * SECOND_MS, ann, 2, 2);
	send(t, NOON + 62 * SECOND_MS, (Send){ann, "lead.assigned", "lead.assigned 7", NULL, 0});
	check_list(t, NOON + 62 * SECOND_MS, ann, 3, 3);
	test_house_free(t);
}

TEST(alert, counts_a_new_one_into_a_read_one_and_shows_it_again)
{
	TestHouse *t = test_house_new(NULL);
	Id ann = id_new(NOON), ben = id_new(NOON);
	send(t, NOON, (Send){ann, "lead.assigned", NULL, NULL, 0});
	json_decref(ask(t, NOON + 1, "/alerts/read", ben, "{\"all\":true}"));
	check_list(t, NOON + 1, ann, 1, 1); /* nobody reads another's alerts */
	json_t *answer = ask(t, NOON + 1, "/alerts", ann, "{}");
	char *params = talloc_asprintf(NULL, "{\"ids\":[\"%s\"]}", json_text(item(answer, 0), "id"));
	json_decref(answer);
	json_decref(ask(t, NOON + 2, "/alerts/read", ben, params));
	check_list(t, NOON + 2, ann, 1, 1);
	json_decref(ask(t, NOON + 2, "/alerts/read", ann, params));
	check_list(t, NOON + 3, ann, 1, 0);
	send(t, NOON + 30 * SECOND_MS, (Send){ann, "lead.assigned", NULL, NULL, 0});
	check_list(t, NOON + 31 * SECOND_MS, ann, 1, 1);
	talloc_free(params);
	test_house_free(t);
}

TEST(alert, drops_what_expired_unread_and_logs_it)
{
	TestHouse *t = test_house_new(NULL);
	Timers *timers = timers_start(t, &t->house);
	int64_t now = clock_now_ms(&t->clock);
	Id ann = id_new(now);
	send(t, now, (Send){ann, "lead.read", NULL, NULL, now + HOUR_MS});
	json_decref(ask(t, now, "/alerts/read", ann, "{\"all\":true}"));
	send(t, now, (Send){ann, "lead.late", NULL, NULL, now + 2 * HOUR_MS});
	send(t, now, (Send){ann, "lead.soon", NULL, NULL, now + HOUR_MS});
	check_list(t, now, ann, 3, 2);
	CHECK_INT(timers_advance(timers, now + HOUR_MS), 0);
	check_list(t, now + HOUR_MS, ann, 2, 1);
	CHECK_INT(test_count(t, "SELECT COUNT(*) FROM alert_drop WHERE reason = $1", value_text("lead.soon")), 1);
	CHECK_INT(test_count(t, "SELECT COUNT(*) FROM alert_drop WHERE receiver = $1", value_id(ann)), 1);
	CHECK_INT(timers_advance(timers, now + 2 * HOUR_MS), 0);
	check_list(t, now + 2 * HOUR_MS, ann, 1, 0);
	CHECK_INT(test_count(t, "SELECT dropped_at FROM alert_drop WHERE reason = $1", value_text("lead.late")),
	          now + 2 * HOUR_MS);
	CHECK_INT(test_count(t, "SELECT COUNT(*) FROM timer WHERE subject = $1", value_id(ann)), 0);
	timers_stop(timers);
	test_house_free(t);
}

TEST(alert, leaves_an_event_for_its_receiver)
{
	TestHouse *t = test_house_new(NULL);
	Id ann = id_new(NOON);
	send(t, NOON, (Send){ann, "lead.assigned", NULL, "{\"name\":\"x\"}", 0});
	CHECK_INT(test_count(t, "SELECT COUNT(*) FROM event WHERE kind = 'alert' AND owner = $1", value_id(ann)), 1);
	CHECK_INT(test_count(t, "SELECT COUNT(*) FROM event WHERE data LIKE $1",
	                     value_text("%\"reason\":\"lead.assigned\"%")), 1);
	test_house_free(t);
}
