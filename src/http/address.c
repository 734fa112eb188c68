/* Whose request is it? Forwarded addresses are claims; they are believed from the right, as long as who made the claim
 * is a proxy we know. */
#include "http/http_int.h"

#include <string.h>

void address_of_peer(const struct sockaddr_storage *peer, char out[static ADDRESS_SIZE])
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)peer;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)peer;
	const char *text = NULL;
	if (peer->ss_family == AF_INET)
		text = inet_ntop(AF_INET, &v4->sin_addr, out, ADDRESS_SIZE);
	else if (peer->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		text = inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], out, ADDRESS_SIZE);
	else if (peer->ss_family == AF_INET6)
		text = inet_ntop(AF_INET6, &v6->sin6_addr, out, ADDRESS_SIZE);
	if (text == NULL)
		memcpy(out, "unknown", sizeof("unknown"));
}

/* Rewrites an address in its one usual form, without port and brackets; false if it is none. */
static bool address_normalise(const char *text, size_t len, char out[static ADDRESS_SIZE])
{
	struct sockaddr_storage address = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;
	char copy[ADDRESS_SIZE + 8];
	if (len == 0 || len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	char *host = copy, *colon = strchr(copy, ':');
	if (copy[0] == '[') {
		host = copy + 1;
		char *end = strchr(host, ']');
		if (end == NULL)
			return false;
		*end = '\0';
	} else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
		*colon = '\0'; /* one colon: IPv4 and a port */
	}
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1)
		address.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1)
		address.ss_family = AF_INET6;
	else
		return false;
	address_of_peer(&address, out);
	return true;
}

bool address_is_loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

static bool is_believed(const char *address, const char *const *proxies)
{
	char proxy[ADDRESS_SIZE];
	if (address_is_loopback(address))
		return true;
	for (; proxies != NULL && *proxies != NULL; proxies++)
		if (address_normalise(*proxies, strlen(*proxies), proxy) && strcmp(proxy, address) == 0)
			return true;
	return false;
}

/* Walks one header value from its right end. True when the walk is over: an address that is no proxy of ours, or
 * something that is no address at all (then the last believed one stands). */
static bool walk_value(const char *value, const char *const *proxies, char visitor[static ADDRESS_SIZE])
{
	const char *end = value + strlen(value);
	while (end > value) {
		const char *begin = end;
		while (begin > value && begin[-1] != ',')
			begin--;
		const char *next = begin > value ? begin - 1 : begin;
		while (begin < end && (*begin == ' ' || *begin == '\t'))
			begin++;
		while (end > begin && (end[-1] == ' ' || end[-1] == '\t'))
			end--;
		char address[ADDRESS_SIZE];
		if (!address_normalise(begin, (size_t)(end - begin), address))
			return true;
		memcpy(visitor, address, sizeof(address));
		if (!is_believed(address, proxies))
			return true;
		end = next;
	}
	return false;
}

const char *address_of_visitor(TALLOC_CTX *ctx, const char *peer, const char *const *forwarded, size_t n,
                               const char *const *proxies)
{
	char visitor[ADDRESS_SIZE] = "";
	if (n == 0 || !is_believed(peer, proxies))
		return peer;
	while (n > 0)
		if (walk_value(forwarded[--n], proxies, visitor))
			break;
	const char *copy = visitor[0] != '\0' ? talloc_strdup(ctx, visitor) : NULL;
	return copy != NULL ? copy : peer;
}
