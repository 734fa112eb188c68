/* A row an hour and service: how long it was looked at, how long it was down, how long answers took by buckets. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "modules/service/service_int.h"

#define TIMES_TEXT 512

static const int64_t bounds_ms[TIME_BUCKETS] = {1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700,
	1000, 1500, 2000, 2500, 3000, 3500, 4000};

void hour_took(Hour *h, int64_t took_ms)
{
	int i = 0;
	while (i < TIME_BUCKETS && took_ms > bounds_ms[i])
		i++;
	h->times[i]++;
}

void hour_sum(Hour *into, const Hour *h)
{
	into->seen_ms += h->seen_ms;
	into->down_ms += h->down_ms;
	into->probes += h->probes;
	into->failed += h->failed;
	for (int i = 0; i <= TIME_BUCKETS; i++)
		into->times[i] += h->times[i];
}

int64_t hour_percentile(const Hour *h, int percent)
{
	int64_t total = 0, passed = 0;
	for (int i = 0; i <= TIME_BUCKETS; i++)
		total += h->times[i];
	for (int i = 0; total && i < TIME_BUCKETS; i++) {
		passed += h->times[i];
		if (passed * 100 >= total * percent)
			return bounds_ms[i];
	}
	return total ? bounds_ms[TIME_BUCKETS - 1] : 0;
}

int64_t hour_availability(const Hour *h)
{
	if (h->seen_ms <= 0)
		return -1;
	int64_t up = h->seen_ms > h->down_ms ? h->seen_ms - h->down_ms : 0;
	return up * 10000 / h->seen_ms;
}

static const char *times_write(const Hour *h, char out[static TIMES_TEXT])
{
	int at = 0;
	for (int i = 0; i <= TIME_BUCKETS; i++)
		at += snprintf(out + at, (size_t)(TIMES_TEXT - at), "%s%" PRId64, i ? " " : "", h->times[i]);
	return out;
}

static void times_read(const char *text, Hour *h)
{
	char *end;
	for (int i = 0; text && i <= TIME_BUCKETS; i++, text = end) {
		h->times[i] = strtoll(text, &end, 10);
		if (end == text)
			return;
	}
}

int hour_store(Call *c, Id service, const Hour *h)
{
	char times[TIMES_TEXT];
	return db_exec(c->tx,
	               "INSERT INTO service_hour (service, hour, seen_ms, down_ms, probes, failed, times) "
	               "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (service, hour) DO UPDATE SET "
	               "seen_ms = excluded.seen_ms, down_ms = excluded.down_ms, probes = excluded.probes, "
	               "failed = excluded.failed, times = excluded.times",
	               value_id(service), value_int(h->hour), value_int(h->seen_ms), value_int(h->down_ms),
	               value_int(h->probes), value_int(h->failed), value_text(times_write(h, times)));
}

static Hour hour_read(const Rows *rows, int from)
{
	Hour h = {.hour = rows_int(rows, from), .seen_ms = rows_int(rows, from + 1), .down_ms = rows_int(rows, from + 2),
		.probes = rows_int(rows, from + 3), .failed = rows_int(rows, from + 4)};
	times_read(rows_text(rows, from + 5), &h);
	return h;
}

int hours_load(Call *c, Id service, int64_t from_hour, Hour **ret, size_t *ret_n)
{
	ROWS rows = NULL;
	Hour *all = talloc_array(c, Hour, HOURS_KEPT + 1);
	size_t n = 0;
	int r = db_query(c->tx, &rows,
	                 "SELECT hour, seen_ms, down_ms, probes, failed, times FROM service_hour WHERE service = $1 "
	                 "AND hour >= $2 ORDER BY hour LIMIT $3",
	                 value_id(service), value_int(from_hour), value_int(HOURS_KEPT));
	while (r == 0 && n < HOURS_KEPT && rows_next(rows))
		all[n++] = hour_read(rows, 0);
	*ret = all;
	*ret_n = n;
	return r < 0 ? r : rows_error(rows);
}

static bool service_at(const Service *services, size_t n, Id id, size_t *at)
{
	for (size_t i = 0; i < n && !id_equal(services[*at].id, id); i++)
		*at = (*at + 1) % n;
	return n > 0 && id_equal(services[*at].id, id);
}

int hours_seen(Call *c, const Service *services, size_t n, int64_t from_hour, Hour *out)
{
	ROWS rows = NULL;
	size_t at = 0;
	int r = db_query(c->tx, &rows,
	                 "SELECT service, SUM(seen_ms), SUM(down_ms), SUM(probes), SUM(failed) FROM service_hour "
	                 "WHERE hour >= $1 GROUP BY service ORDER BY service",
	                 value_int(from_hour));
	while (r == 0 && rows_next(rows))
		if (service_at(services, n, rows_id(rows, 0), &at))
			out[at] = (Hour){.seen_ms = rows_int(rows, 1), .down_ms = rows_int(rows, 2), .probes = rows_int(rows, 3),
				.failed = rows_int(rows, 4)};
	return r < 0 ? r : rows_error(rows);
}

int hours_total(Call *c, const Service *services, size_t n, int64_t from_hour, Hour *out)
{
	ROWS rows = NULL;
	size_t at = 0;
	int r = db_query(c->tx, &rows,
	                 "SELECT service, hour, seen_ms, down_ms, probes, failed, times FROM service_hour WHERE hour >= $1 "
	                 "ORDER BY service",
	                 value_int(from_hour));
	while (r == 0 && rows_next(rows)) {
		if (!service_at(services, n, rows_id(rows, 0), &at))
			continue;
		Hour h = hour_read(rows, 1);
		hour_sum(&out[at], &h);
	}
	return r < 0 ? r : rows_error(rows);
}
