/* Which addresses the house may speak to by itself: public ones that are not its own. Loopback, private, link-local,
 * carrier-grade, multicast, reserved and documentation networks are refused, for IPv4, IPv6 and IPv4 inside IPv6. */
#pragma once

#include "base/base.h"

struct sockaddr;

/* NULL if the address is public, else why not: "loopback", "private", "link_local", "own", "reserved". */
const char *guard_refuses(const struct sockaddr *address);
/* The same for the text of an address ("10.0.0.1", "::1"); NULL also when the text is no address but a name. */
const char *guard_refuses_text(const char *text);
