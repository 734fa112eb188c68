/* One row of atomic counters an endpoint; statuses nobody expected share the last column. */
#include "api/meter.h"

#include "base/clock.h"

static const int statuses[] = {200, 201, 202, 204, 304, 400, 401, 403, 404, 409, 412, 413, 415, 429, 500, 503, 507};

#define STATUSES (sizeof statuses / sizeof statuses[0])
#define MODES (CALL_WORKER + 1)

typedef struct {
	_Atomic uint64_t answers[STATUSES + 1];
} MeterRow;

struct Meter {
	const Routes *routes;
	MeterRow *row;
	Histogram took[MODES];
};

Meter *meter_new(TALLOC_CTX *ctx, const Routes *routes)
{
	Meter *m = talloc_zero(ctx, Meter);
	m->routes = routes;
	m->row = talloc_zero_array(m, MeterRow, routes_count(routes));
	return m;
}

void meter_add(Meter *m, size_t route, int status, int64_t began_us)
{
	size_t at = 0;
	while (at < STATUSES && statuses[at] != status)
		at++;
	counter_add(&m->row[route].answers[at], 1);
	histogram_add(&m->took[route_at(m->routes, route)->mode], &histogram_latency, clock_monotonic_us() - began_us);
}

static void write_row(const Meter *m, Buf *out, size_t route)
{
	const Endpoint *e = route_at(m->routes, route);
	TALLOC_CTX *ctx = talloc_new(NULL);
	char *method = metrics_label(ctx, "method", e->method), *path = metrics_label(ctx, "route", e->path);
	for (size_t s = 0; s <= STATUSES; s++) {
		uint64_t n = atomic_load_explicit(&m->row[route].answers[s], memory_order_relaxed);
		char *status = s < STATUSES ? talloc_asprintf(ctx, "%d", statuses[s]) : "other";
		if (n > 0)
			metrics_sample(out, "tenon_http_requests_total",
			               talloc_asprintf(ctx, "%s,%s,status=\"%s\"", method, path, status), (double)n);
	}
	talloc_free(ctx);
}

void meter_write(const Meter *m, Buf *out)
{
	static const char *const modes[MODES] = {[CALL_READ] = "read", [CALL_WRITE] = "write",
	                                         [CALL_WORKER] = "worker"};
	metrics_head(out, "tenon_http_requests_total", "counter", "Answers of the API by route and status.");
	for (size_t i = 0; i < routes_count(m->routes); i++)
		write_row(m, out, i);
	metrics_head(out, "tenon_http_request_seconds", "histogram",
	             "From the understood request to its answer, by where it ran.");
	for (size_t i = 0; i < MODES; i++) {
		char *label = metrics_label(NULL, "mode", modes[i]);
		metrics_histogram(out, "tenon_http_request_seconds", label, &m->took[i], &histogram_latency);
		talloc_free(label);
	}
}
