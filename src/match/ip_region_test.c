#include "match/ip_region.h"

#include "base/check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define VECTOR_AT 256
#define DATA_AT (256 + 65536 * 8)

static void put32(unsigned char *p, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(n >> (8 * i));
}

/* A file with two segments, 1.2.3.0-1.2.3.255 and 1.2.4.0-1.2.4.9. */
static size_t file_make(unsigned char *out)
{
	static const char first[] = "中国|0|上海|上海市|电信", second[] = "0|0|0|内网IP|内网IP";
	size_t a = DATA_AT, b = a + sizeof(first) - 1, index = b + sizeof(second) - 1, row = VECTOR_AT + (1 * 256 + 2) * 8;
	memset(out, 0, DATA_AT);
	out[0] = 2;
	memcpy(out + a, first, sizeof(first) - 1);
	memcpy(out + b, second, sizeof(second) - 1);
	put32(out + index, 0x01020300);
	put32(out + index + 4, 0x010203ff);
	put32(out + index + 8, (uint32_t)(sizeof(first) - 1)); /* 16 bits of length; the offset below overwrites the rest */
	put32(out + index + 10, (uint32_t)a);
	put32(out + index + 14, 0x01020400);
	put32(out + index + 18, 0x01020409);
	put32(out + index + 22, (uint32_t)(sizeof(second) - 1));
	put32(out + index + 24, (uint32_t)b);
	put32(out + row, (uint32_t)index);
	put32(out + row + 4, (uint32_t)index + 14);
	return index + 28;
}

static IpRegions *open_bytes(TALLOC_CTX *ctx, const unsigned char *bytes, size_t size)
{
	char path[] = "/tmp/match_xdb_XXXXXX";
	int fd = mkstemp(path);
	CHECK(fd >= 0);
	CHECK(write(fd, bytes, size) == (ssize_t)size);
	close(fd);
	IpRegions *regions = ip_regions_open(ctx, path);
	unlink(path);
	return regions;
}

TEST(ip_region, finds_segments)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	unsigned char *bytes = talloc_size(ctx, DATA_AT + 4096);
	IpRegions *regions = open_bytes(ctx, bytes, file_make(bytes));
	char out[128] = "kept";
	CHECK(regions != NULL);
	CHECK(ip_region_find(regions, "1.2.3.4", out));
	CHECK_TEXT(out, "中国|上海|上海市|电信");
	CHECK(ip_region_find(regions, "1.2.4.9", out));
	CHECK_TEXT(out, "||内网IP|内网IP");
	CHECK(!ip_region_find(regions, "1.2.4.10", out));
	CHECK(!ip_region_find(regions, "1.3.0.0", out));
	CHECK(!ip_region_find(regions, "::1", out) && !ip_region_find(regions, "x", out) &&
		  !ip_region_find(regions, NULL, out));
	CHECK(!ip_region_find(NULL, "1.2.3.4", out));
	talloc_free(ctx);
}

/* Broken offsets are refused, not followed: run under AddressSanitizer. */
TEST(ip_region, survives_a_broken_file)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	GRand *r = g_rand_new_with_seed(5);
	unsigned char *bytes = talloc_size(ctx, DATA_AT + 4096);
	size_t size = file_make(bytes), row = VECTOR_AT + (1 * 256 + 2) * 8;
	char out[128];
	for (int i = 0; i < 40; i++) {
		file_make(bytes);
		size_t at = i % 2 ? row + (size_t)g_rand_int_range(r, 0, 8)
						  : DATA_AT + (size_t)g_rand_int_range(r, 0, (int)(size - DATA_AT));
		bytes[at] = (unsigned char)g_rand_int_range(r, 0, 256);
		IpRegions *regions = open_bytes(ctx, bytes, size);
		CHECK(regions != NULL);
		(void)!ip_region_find(regions, "1.2.3.4", out);
		(void)!ip_region_find(regions, "1.2.4.4", out);
		talloc_free(regions);
	}
	CHECK(open_bytes(ctx, bytes, 100) == NULL);
	bytes[0] = 3;
	CHECK(open_bytes(ctx, bytes, size) == NULL);
	CHECK(ip_regions_open(ctx, "/nowhere/x.xdb") == NULL);
	g_rand_free(r);
	talloc_free(ctx);
}

/* The real file, where it is: IP_REGIONS=path. */
TEST(ip_region, known_addresses_of_the_real_file)
{
	static const char *const rows[][2] = {{"114.114.114.114", "中国|江苏省|南京市|"},
		{"202.96.209.133", "中国|上海|上海市|电信"}, {"180.76.76.76", "中国|北京|北京市|百度"},
		{"10.0.0.1", "||内网IP|内网IP"}};
	const char *path = getenv("IP_REGIONS");
	char out[128];
	if (path == NULL) {
		g_test_skip("IP_REGIONS is not set");
		return;
	}
	IpRegions *regions = ip_regions_open(NULL, path);
	CHECK(regions != NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CHECK(ip_region_find(regions, rows[i][0], out));
		CHECK_TEXT(out, rows[i][1]);
	}
	talloc_free(regions);
}
