/* Percentiles and availability out of counts. */
#include "base/check.h"
#include "modules/service/service_int.h"

TEST(hours, percentiles_are_bounds_of_buckets)
{
	Hour h = {0};
	CHECK(hour_percentile(&h, 50) == 0);
	for (int i = 0; i < 94; i++)
		hour_took(&h, 18);
	for (int i = 0; i < 6; i++)
		hour_took(&h, 800);
	CHECK(hour_percentile(&h, 50) == 20);
	CHECK(hour_percentile(&h, 94) == 20);
	CHECK(hour_percentile(&h, 95) == 1000);
	hour_took(&h, 99999);
	CHECK(hour_percentile(&h, 100) == 4000);
}

TEST(hours, availability_is_of_time_not_of_probes)
{
	Hour h = {0}, other = {.seen_ms = 9 * HOUR_MS, .probes = 1620};
	CHECK(hour_availability(&h) == -1);
	h = (Hour){.seen_ms = HOUR_MS, .down_ms = HOUR_MS / 2, .probes = 270, .failed = 180};
	CHECK(hour_availability(&h) == 5000);
	hour_sum(&h, &other);
	CHECK(hour_availability(&h) == 9500 && h.probes == 1890 && h.failed == 180);
	h.down_ms = h.seen_ms + 1;
	CHECK(hour_availability(&h) == 0);
}

TEST(probe, knows_which_addresses_fit)
{
	CHECK(probe_fault("http", "https://api.example.com/health", NULL) == NULL);
	CHECK_TEXT(probe_fault("http", "ftp://api.example.com", NULL), "scheme");
	CHECK_TEXT(probe_fault("http", "http://api.example.com", NULL), "plain");
	CHECK_TEXT(probe_fault("http", "https://10.0.0.1/", NULL), "private");
	CHECK(probe_fault("tcp", "tls://db.example.com:5432", NULL) == NULL);
	CHECK(probe_fault("tcp", "tcp://10.0.0.9:5432", "10.0.0.9") == NULL);
	CHECK_TEXT(probe_fault("tcp", "tls://127.0.0.1:1", NULL), "loopback");
	CHECK_TEXT(probe_fault("tcp", "https://example.com", NULL), "scheme");
	CHECK(probe_fault("mail", "smtps://mail.example.com:465", NULL) == NULL);
	CHECK_TEXT(probe_fault("mail", "https://mail.example.com", NULL), "scheme");
}

TEST(probe, judges_status_and_text)
{
	Verdict v;
	Service s = {.kind = "http"};
	NetAnswer a = {.result = NET_OK, .status = 204, .body = "", .took_ms = 7, .detail = ""};
	probe_judge(&s, &a, &v);
	CHECK(v.good && v.took_ms == 7);
	a.status = 503;
	probe_judge(&s, &a, &v);
	CHECK(!v.good);
	CHECK_TEXT(v.code, "http_503");
	s.expect_status = 503;
	probe_judge(&s, &a, &v);
	CHECK(v.good);
	s = (Service){.kind = "http", .expect_text = "\"ok\""};
	a = (NetAnswer){.result = NET_OK, .status = 200, .body = "<html>quota exceeded\n</html>", .detail = ""};
	probe_judge(&s, &a, &v);
	CHECK(!v.good);
	CHECK_TEXT(v.code, "text_missing");
	CHECK_TEXT(v.detail, "<html>quota exceeded </html>");
	a = (NetAnswer){.result = NET_TIMEOUT, .body = "", .detail = "Timeout was reached"};
	probe_judge(&s, &a, &v);
	CHECK(!v.good && !v.ours);
	a.result = NET_STOPPED;
	probe_judge(&s, &a, &v);
	CHECK(v.ours);
}
