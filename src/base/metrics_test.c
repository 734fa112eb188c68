#include "base/metrics.h"

#include "base/check.h"
#include <string.h>

TEST(metrics, a_histogram_counts_each_value_once)
{
	Histogram h = {0};
	Buf *out = buf_new(NULL, 4096);
	const int64_t values[] = {0, 500, 501, 1000000, 10000000, 10000001};
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		histogram_add(&h, &histogram_latency, values[i]);
	metrics_histogram(out, "x", "a=\"b\"", &h, &histogram_latency);
	CHECK(strstr(out->data, "x_bucket{a=\"b\",le=\"0.0005\"} 2\n") != NULL);
	CHECK(strstr(out->data, "x_bucket{a=\"b\",le=\"0.001\"} 3\n") != NULL);
	CHECK(strstr(out->data, "x_bucket{a=\"b\",le=\"1\"} 4\n") != NULL);
	CHECK(strstr(out->data, "x_bucket{a=\"b\",le=\"10\"} 5\n") != NULL);
	CHECK(strstr(out->data, "x_bucket{a=\"b\",le=\"+Inf\"} 6\n") != NULL);
	CHECK(strstr(out->data, "x_count{a=\"b\"} 6\n") != NULL);
	CHECK(strstr(out->data, "x_sum{a=\"b\"} 21.001002\n") != NULL);
	talloc_free(out);
}

TEST(metrics, labels_are_escaped)
{
	char *label = metrics_label(NULL, "path", "a\"b\\c\nd");
	CHECK_TEXT(label, "path=\"a\\\"b\\\\c\\nd\"");
	talloc_free(label);
}
