/* Counters and histograms that any thread adds to without a lock, and their text in the format of Prometheus. A reader
 * may see a histogram in the middle of an addition: the numbers it writes belong together all the same, for the count
 * is the sum of the buckets it read. */
#pragma once

#include "base/buf.h"
#include <stdatomic.h>

#define HISTOGRAM_BOUNDS_MAX 14

/* What is measured, in the unit of the bounds; the bounds ascend. */
typedef struct {
	double bound[HISTOGRAM_BOUNDS_MAX];
	int n;
	double scale; /* one unit of the bounds is so many of the values added: seconds of microseconds are 1e6 */
} HistogramShape;

extern const HistogramShape histogram_latency; /* seconds, added in microseconds: 0.5 ms to 10 s */
extern const HistogramShape histogram_sizes;   /* pieces: 1 to 5000 */

typedef struct {
	_Atomic uint64_t bucket[HISTOGRAM_BOUNDS_MAX + 1]; /* the last one: beyond all bounds */
	_Atomic uint64_t sum;                              /* as added */
} Histogram;

void histogram_add(Histogram *histogram, const HistogramShape *shape, int64_t value);

static inline void counter_add(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/* ---- text ---- */

/* The two lines above the samples of a family; type: "counter", "gauge", "histogram". help: one line. */
void metrics_head(Buf *out, const char *name, const char *type, const char *help);
/* One sample. labels: `a="b",c="d"` from metrics_label, or "". */
void metrics_sample(Buf *out, const char *name, const char *labels, double value);
/* Head and one sample without labels. */
void metrics_single(Buf *out, const char *name, const char *type, const char *help, double value);
/* The samples of one histogram of a family. */
void metrics_histogram(Buf *out, const char *name, const char *labels, const Histogram *h, const HistogramShape *shape);
/* name="value" with \, " and line ends escaped; talloc'd. */
char *metrics_label(TALLOC_CTX *ctx, const char *name, const char *value);
