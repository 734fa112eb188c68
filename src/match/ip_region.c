/* Reader of xdb version 2: a header, an index by the first two bytes of the address, and segments sorted by their first
 * address. The file comes from outside, so every offset is checked before it is followed. */
#include "match/ip_region.h"

#include "base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_BYTES 256
#define VECTOR_ROWS 65536
#define VECTOR_ROW_BYTES 8
#define SEGMENT_BYTES 14
#define VERSION 2
#define PARTS 5 /* country, area (always 0), province, city, provider */
#define AREA_PART 1
#define OUT_BYTES 128

struct IpRegions {
	unsigned char *bytes;
	size_t size;
};

static int regions_unmap(IpRegions *regions)
{
	munmap(regions->bytes, regions->size);
	return 0;
}

static uint32_t read_u16(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t read_u32(const unsigned char *p)
{
	return read_u16(p) | read_u16(p + 2) << 16;
}

static bool file_map(const char *path, IpRegions *ret)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	void *bytes = MAP_FAILED;
	if (fstat(fd, &st) == 0 && st.st_size >= HEADER_BYTES + VECTOR_ROWS * VECTOR_ROW_BYTES)
		bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	else
		errno = EINVAL;
	close(fd);
	if (bytes == MAP_FAILED)
		return false;
	*ret = (IpRegions){bytes, (size_t)st.st_size};
	return true;
}

IpRegions *ip_regions_open(TALLOC_CTX *ctx, const char *path)
{
	IpRegions mapped, *regions;
	if (!file_map(path, &mapped)) {
		log_warn("match", "no regions of addresses: %s: %s", path, strerror(errno));
		return NULL;
	}
	if (read_u16(mapped.bytes) != VERSION || (regions = talloc(ctx, IpRegions)) == NULL) {
		log_warn("match", "no regions of addresses: %s is no xdb file of version %d", path, VERSION);
		munmap(mapped.bytes, mapped.size);
		return NULL;
	}
	*regions = mapped;
	talloc_set_destructor(regions, regions_unmap);
	return regions;
}

/* The segment that holds ip, NULL when there is none or the file contradicts itself. */
static const unsigned char *segment_find(const IpRegions *regions, uint32_t ip)
{
	const unsigned char *row = regions->bytes + HEADER_BYTES + (size_t)(ip >> 16) * VECTOR_ROW_BYTES;
	size_t first = read_u32(row), last = read_u32(row + 4);
	if (first == 0 || last < first || last > regions->size - SEGMENT_BYTES)
		return NULL;
	size_t low = 0, high = (last - first) / SEGMENT_BYTES + 1;
	while (low < high) {
		size_t middle = (low + high) / 2;
		const unsigned char *segment = regions->bytes + first + middle * SEGMENT_BYTES;
		if (ip < read_u32(segment))
			high = middle;
		else if (ip > read_u32(segment + 4))
			low = middle + 1;
		else
			return segment;
	}
	return NULL;
}

/* "中国|0|上海|上海市|电信" to "中国|上海|上海市|电信": without the area, "0" becomes empty. False when all is unknown
 * or too long. */
static bool rewrite(const char *text, size_t len, char out[static OUT_BYTES])
{
	char written[OUT_BYTES];
	size_t bytes = 0;
	bool is_known = false;
	const char *end = text + len;
	for (int part = 0; part < PARTS; part++) {
		const char *bar = memchr(text, '|', (size_t)(end - text));
		size_t n = (size_t)((bar != NULL ? bar : end) - text);
		if (part != AREA_PART) {
			bool is_unknown = n == 0 || (n == 1 && text[0] == '0');
			if (bytes + n + 2 > sizeof(written))
				return false;
			if (part > 0)
				written[bytes++] = '|';
			memcpy(written + bytes, text, is_unknown ? 0 : n);
			bytes += is_unknown ? 0 : n;
			is_known |= !is_unknown;
		}
		text += n + (bar != NULL);
	}
	if (!is_known)
		return false;
	memcpy(out, written, bytes);
	out[bytes] = '\0';
	return true;
}

bool ip_region_find(const IpRegions *regions, const char *ip, char out[static 128])
{
	struct in_addr address;
	if (regions == NULL || ip == NULL || inet_pton(AF_INET, ip, &address) != 1)
		return false;
	const unsigned char *segment = segment_find(regions, ntohl(address.s_addr));
	if (segment == NULL)
		return false;
	size_t len = read_u16(segment + 8), at = read_u32(segment + 10);
	if (at > regions->size || len > regions->size - at)
		return false;
	return rewrite((const char *)regions->bytes + at, len, out);
}
