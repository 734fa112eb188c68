/* The guard's table, and which URLs are refused before anything is sent. */
#include "base/check.h"
#include "net/client.h"
#include "net/guard.h"

TEST(guard, refuses_what_is_not_public)
{
	static const char *const refused[][2] = {
		{"127.0.0.1", "loopback"}, {"127.255.255.254", "loopback"}, {"10.1.2.3", "private"}, {"172.16.0.1", "private"},
		{"172.31.255.255", "private"}, {"192.168.1.1", "private"}, {"100.64.0.1", "private"}, {"169.254.169.254",
			"link_local"},
		{"0.0.0.0", "reserved"}, {"224.0.0.1", "reserved"}, {"255.255.255.255", "reserved"}, {"198.18.0.1", "private"},
		{"::1", "loopback"}, {"::", "reserved"}, {"fe80::1", "link_local"}, {"fd00::1", "private"}, {"fc00::1",
			"private"},
		{"::ffff:127.0.0.1", "loopback"}, {"::ffff:10.0.0.1", "private"}, {"64:ff9b::7f00:1", "loopback"},
		{"2002:7f00:1::", "loopback"}, {"2001:db8::1", "reserved"}, {"ff02::1", "reserved"},
	};
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		CHECK_TEXT(guard_refuses_text(refused[i][0]), refused[i][1]);
}

TEST(guard, lets_public_addresses_pass)
{
	static const char *const fine[] = {"1.1.1.1", "172.32.0.1", "100.128.0.1", "169.253.0.1", "192.167.255.255",
		"223.5.5.5", "2400:3200::1", "64:ff9b::0101:0101", "example.com"};
	for (size_t i = 0; i < ARRAY_LEN(fine); i++)
		CHECK(guard_refuses_text(fine[i]) == NULL);
}

TEST(net, refuses_urls_before_anything_is_sent)
{
	static const char *const cases[][3] = {
		/* URL, allowed host, fault */
		{"https://hooks.example.com/x", NULL, NULL},
		{"http://hooks.example.com/x", NULL, "plain"},
		{"http://hooks.example.com/x", "hooks.example.com", NULL},
		{"http://127.0.0.1:9/x", NULL, "plain"},
		{"https://127.0.0.1:9/x", NULL, "loopback"},
		{"https://127.1/x", NULL, "loopback"},
		{"https://2130706433/x", NULL, "loopback"},
		{"https://0x7f000001/x", NULL, "loopback"},
		{"https://[::1]/x", NULL, "loopback"},
		{"https://LOCALHOST/x", NULL, "loopback"},
		{"https://a.localhost/x", NULL, "loopback"},
		{"https://10.0.0.5/x", "10.0.0.6", "private"},
		{"http://10.0.0.5/x", "10.0.0.5", NULL},
		{"https://user@example.com/x", NULL, "userinfo"},
		{"ftp://example.com/x", NULL, "scheme"},
		{"file:///etc/passwd", NULL, "malformed"},
		{"smtps://mail.example.com", NULL, NULL},
		{"smtp://192.168.0.9:25", NULL, "private"},
		{"no url", NULL, "malformed"},
		{"", NULL, "malformed"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *fault = net_url_fault(cases[i][0], cases[i][1]);
		if (g_strcmp0(fault, cases[i][2]) != 0)
			g_error("%s: %s", cases[i][0], fault ? fault : "no fault");
	}
}

TEST(net, escapes_what_is_no_part_of_a_url)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	CHECK_TEXT(net_percent(ctx, "a-._~Z9 +*/=&王"), "a-._~Z9%20%2B%2A%2F%3D%26%E7%8E%8B");
	CHECK_TEXT(net_percent(ctx, ""), "");
	talloc_free(ctx);
}
