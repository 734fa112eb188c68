/* Messages a second out of the outbox to a local sink over keep-alive: N alerts for as many people are written, each
 * with a signed webhook as channel, then the house begins to serve and the time runs until none is open.
 *
 * Usage: outbox DIR N URL     (DIR is a fresh folder; URL of something that answers 200, such as http_echo).
 * cpu_us_each is what one message costs this process, on whatever machine and beside whatever else runs. */
#include "base/clock.h"
#include "bench/house.h"
#include "call/secret.h"
#include "event/alert.h"
#include "modules/channel/kind.h"
#include "record/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define STEP 500

typedef struct {
	const char *url;
	Id channel;
	int from, n;
} Fill;

static int channel_make(Call *c, void *arg)
{
	Fill *f = arg;
	f->channel = id_new(c->now_ms);
	const char *secret = talloc_asprintf(c, "{\"url\":\"%s\",\"secret\":\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"}", f->url);
	int r = db_exec(c->tx,
	                "INSERT INTO channel (id, kind, name, settings, allowed_host, enabled, rate, created_at, breaker) "
	                "VALUES ($1, 'webhook', 'bench', '{}', $2, 1, 0, $3, 'closed')",
	                value_id(f->channel), value_text(net_url_host(c, f->url)), value_time(c->now_ms));
	return r < 0 ? r : secret_set(c, f->channel, secret);
}

static int person_make(Call *c, const Fill *f, int i)
{
	Record *user = record_new(c, meta_object_of(c, "user"));
	const char *login = talloc_asprintf(c, "bench%d", i);
	record_set_text(user, "name", login);
	record_set_text(user, "login", login);
	int r = record_create(c, user, RECORD_AS_HOUSE | RECORD_QUIET);
	if (r == 0)
		r = db_exec(c->tx, "INSERT INTO channel_route (person, channel, place, address) VALUES ($1, $2, 0, '')",
		            value_id(record_id(user)), value_id(f->channel));
	return r < 0 ? r : alert_send(c, &(Alert){.receiver = record_id(user), .reason = "lead.held", .data = "{\"count\":1}"});
}

static int people_make(Call *c, void *arg)
{
	const Fill *f = arg;
	int r = 0;
	for (int i = f->from; r == 0 && i < f->from + STEP && i < f->n; i++)
		r = person_make(c, f, i);
	return r;
}

static int open_count(Tx *tx, void *arg)
{
	return db_int_n(tx, arg, "SELECT COUNT(*) FROM outbox WHERE state <= 1", NULL, 0);
}

static int sent_count(Tx *tx, void *arg)
{
	return db_int_n(tx, arg, "SELECT COUNT(*) FROM outbox WHERE state = 2", NULL, 0);
}

static int64_t cpu_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static void measure(Workspace *w, int n)
{
	const struct timespec pause = {.tv_nsec = 20 * 1000000};
	int64_t open = n, sent = 0, began = clock_monotonic_us(), cpu = cpu_us();
	workspace_start(w);
	while (open > 0) {
		nanosleep(&pause, NULL);
		if (store_read_wait(w->house.store, open_count, &open) < 0)
			exit(1);
	}
	double seconds = (double)(clock_monotonic_us() - began) / 1e6;
	if (store_read_wait(w->house.store, sent_count, &sent) < 0)
		exit(1);
	double cpu_each = (double)(cpu_us() - cpu) / n;
	printf("{\"messages\":%d,\"sent\":%lld,\"seconds\":%.3f,\"per_second\":%.0f,\"cpu_us_each\":%.1f}\n", n, (long long)sent,
	       seconds, (double)sent / seconds, cpu_each);
}

int main(int argc, char **argv)
{
	Fill f = {.url = argc == 4 ? argv[3] : NULL, .n = argc == 4 ? atoi(argv[2]) : 0};
	if (f.n < 1) {
		fprintf(stderr, "usage: outbox DIR N URL\n");
		return 2;
	}
	Workspace *w = house_open(argv[1], NULL);
	if (!w)
		return 1;
	house_write(&w->house, channel_make, &f);
	workspace_close(w); /* opened anew, the house knows the channel */
	w = house_open(argv[1], NULL);
	for (f.from = 0; w && f.from < f.n; f.from += STEP)
		house_write(&w->house, people_make, &f);
	if (!w)
		return 1;
	measure(w, f.n);
	workspace_close(w);
	return 0;
}
