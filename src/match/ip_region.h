/* Region of an IPv4 address, by a file in the xdb format (version 2) of ip2region. */
#pragma once

#include "base/base.h"

typedef struct IpRegions IpRegions;

/* Maps the file; closed with ctx. NULL when it is not there or no such file (the log says which). Safe from any thread.
 */
IpRegions *ip_regions_open(TALLOC_CTX *ctx, const char *path);
/* Country, province, city and provider: "中国|上海|上海市|电信"; an unknown part is empty ("中国|江苏省|南京市|").
 * False when nothing is known, ip is no IPv4 address or regions is NULL. The member province goes to region_find as it
 * is. */
NODISCARD bool ip_region_find(const IpRegions *regions, const char *ip, char out[static 128]);
