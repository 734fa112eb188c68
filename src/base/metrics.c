/* Numbers for whoever watches the house. */
#include "base/metrics.h"

#include <math.h>

#define LABEL_MAX 4096

const HistogramShape histogram_latency = {
	{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}, 14, 1e6};
const HistogramShape histogram_sizes = {{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000}, 12, 1};

void histogram_add(Histogram *h, const HistogramShape *shape, int64_t value)
{
	int at = 0;
	while (at < shape->n && (double)value > shape->bound[at] * shape->scale)
		at++;
	counter_add(&h->bucket[at], 1);
	counter_add(&h->sum, value > 0 ? (uint64_t)value : 0);
}

void metrics_head(Buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metrics_sample(Buf *out, const char *name, const char *labels, double value)
{
	buf_printf(out, *labels ? "%s{%s}" : "%s%s", name, labels);
	if (value == floor(value) && fabs(value) < 1e15)
		buf_printf(out, " %.0f\n", value);
	else
		buf_printf(out, " %.9g\n", value);
}

void metrics_single(Buf *out, const char *name, const char *type, const char *help, double value)
{
	metrics_head(out, name, type, help);
	metrics_sample(out, name, "", value);
}

void metrics_histogram(Buf *out, const char *name, const char *labels, const Histogram *h, const HistogramShape *shape)
{
	const char *comma = *labels ? "," : "";
	uint64_t count = 0;
	for (int i = 0; i < shape->n; i++) {
		count += atomic_load_explicit(&h->bucket[i], memory_order_relaxed);
		buf_printf(out, "%s_bucket{%s%sle=\"%g\"} %llu\n", name, labels, comma, shape->bound[i],
			   (unsigned long long)count);
	}
	count += atomic_load_explicit(&h->bucket[shape->n], memory_order_relaxed);
	double sum = (double)atomic_load_explicit(&h->sum, memory_order_relaxed) / shape->scale;
	buf_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, labels, comma, (unsigned long long)count);
	buf_printf(out, *labels ? "%s_sum{%s} %.9g\n" : "%s_sum%s %.9g\n", name, labels, sum);
	buf_printf(out, *labels ? "%s_count{%s} %llu\n" : "%s_count%s %llu\n", name, labels, (unsigned long long)count);
}

char *metrics_label(TALLOC_CTX *ctx, const char *name, const char *value)
{
	Buf *out = buf_new(NULL, LABEL_MAX);
	buf_printf(out, "%s=\"", name);
	for (const char *p = value; *p; p++) {
		if (*p == '\n')
			buf_puts(out, "\\n");
		else if (*p == '\\' || *p == '"')
			buf_printf(out, "\\%c", *p);
		else
			buf_putc(out, *p);
	}
	buf_putc(out, '"');
	char *label = talloc_steal(ctx, out->data);
	talloc_free(out);
	return label;
}
