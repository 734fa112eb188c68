/* The table of networks that are not public, and the addresses of this machine. */
#include "net/guard.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

typedef struct {
	uint8_t bytes[16];
	int bits;
	const char *why;
} Network;

static const Network networks4[] = {
	{{0}, 8, "reserved"},
	{{10}, 8, "private"},
	{{100, 64}, 10, "private"},
	{{127}, 8, "loopback"},
	{{169, 254}, 16, "link_local"},
	{{172, 16}, 12, "private"},
	{{192, 0, 0}, 24, "reserved"},
	{{192, 0, 2}, 24, "reserved"},
	{{192, 88, 99}, 24, "reserved"},
	{{192, 168}, 16, "private"},
	{{198, 18}, 15, "private"},
	{{198, 51, 100}, 24, "reserved"},
	{{203, 0, 113}, 24, "reserved"},
	{{224}, 4, "reserved"},
	{{240}, 4, "reserved"},
};

/* Only 2000::/3 is given out; what lies outside is refused as a whole. */
static const Network networks6[] = {
	{{0x20, 0x01, 0x00, 0x00}, 23, "reserved"}, /* Teredo, benchmarks, ORCHID */
	{{0x20, 0x01, 0x0d, 0xb8}, 32, "reserved"},
	{{0x3f, 0xff}, 20, "reserved"},
};

static bool inside(const uint8_t *address, const Network *network)
{
	int whole = network->bits / 8, rest = network->bits % 8;
	if (memcmp(address, network->bytes, (size_t)whole) != 0)
		return false;
	return rest == 0 || ((address[whole] ^ network->bytes[whole]) >> (8 - rest)) == 0;
}

static const char *refuses4(const uint8_t *address)
{
	for (size_t i = 0; i < ARRAY_LEN(networks4); i++)
		if (inside(address, &networks4[i]))
			return networks4[i].why;
	return NULL;
}

static const char *refuses_outside6(const uint8_t *a)
{
	static const uint8_t loopback[16] = {[15] = 1};
	if (memcmp(a, loopback, 16) == 0)
		return "loopback";
	if ((a[0] & 0xfe) == 0xfc)
		return "private";
	return a[0] == 0xfe && (a[1] & 0xc0) == 0x80 ? "link_local" : "reserved";
}

static const char *refuses6(const uint8_t *a)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const uint8_t translated[12] = {0x00, 0x64, 0xff, 0x9b};
	if (memcmp(a, mapped, 12) == 0 || memcmp(a, translated, 12) == 0)
		return refuses4(a + 12);
	if (a[0] == 0x20 && a[1] == 0x02) /* 6to4 carries the IPv4 address behind its prefix */
		return refuses4(a + 2);
	if ((a[0] & 0xe0) != 0x20)
		return refuses_outside6(a);
	for (size_t i = 0; i < ARRAY_LEN(networks6); i++)
		if (inside(a, &networks6[i]))
			return networks6[i].why;
	return NULL;
}

static bool same_host(const struct sockaddr *a, const struct sockaddr *b)
{
	if (!b || a->sa_family != b->sa_family)
		return false;
	if (a->sa_family == AF_INET)
		return ((const struct sockaddr_in *)a)->sin_addr.s_addr == ((const struct sockaddr_in *)b)->sin_addr.s_addr;
	return memcmp(&((const struct sockaddr_in6 *)a)->sin6_addr, &((const struct sockaddr_in6 *)b)->sin6_addr, 16) == 0;
}

/* One of this machine's own addresses, also a public one. */
static bool is_own(const struct sockaddr *address)
{
	struct ifaddrs *all = NULL;
	bool own = false;
	if (getifaddrs(&all) < 0)
		return false;
	for (const struct ifaddrs *i = all; i && !own; i = i->ifa_next)
		own = same_host(address, i->ifa_addr);
	freeifaddrs(all);
	return own;
}

const char *guard_refuses(const struct sockaddr *address)
{
	const char *why = "reserved";
	if (address->sa_family == AF_INET)
		why = refuses4((const uint8_t *)&((const struct sockaddr_in *)address)->sin_addr);
	else if (address->sa_family == AF_INET6)
		why = refuses6((const uint8_t *)&((const struct sockaddr_in6 *)address)->sin6_addr);
	if (why)
		return why;
	return is_own(address) ? "own" : NULL;
}

const char *guard_refuses_text(const char *text)
{
	struct sockaddr_in a4 = {.sin_family = AF_INET};
	struct sockaddr_in6 a6 = {.sin6_family = AF_INET6};
	if (inet_pton(AF_INET, text, &a4.sin_addr) == 1)
		return guard_refuses((const struct sockaddr *)&a4);
	if (inet_pton(AF_INET6, text, &a6.sin6_addr) == 1)
		return guard_refuses((const struct sockaddr *)&a6);
	return NULL;
}
