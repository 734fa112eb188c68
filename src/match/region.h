/* The administrative regions of China: names, codes, centres (D4, L5). Embedded read-only tables. */
#pragma once

#include "base/base.h"

typedef struct {
	/* Administrative codes of 2, 4 and 6 digits: 31, 3101, 310115; 0 unknown. Counties directly under a province lie
	 * under its code ..90 (仙桃市: 42, 4290, 429004). Below Taiwan (71), Hong Kong (81) and Macau (82) the numbering is
	 * our own. */
	int32_t province, city, district;
	double lon, lat; /* centre of the city, else of the province; 0,0 unknown. Good for territories, not for maps */
} Region;

/* From whatever was given: names (long, short or with another suffix: 上海, 上海市, 浦东, 凉山州) or codes ("31",
 * "310115", "310000"); a member may hold more than its level ("广东省深圳市南山区"). Fills upward (district gives city
 * and province); a municipality gives its city too (上海 is 31 and 3101). A name that fits several places counts only
 * if what was found above it leaves one (朝阳区 needs 北京); a name that contradicts what lies above it is ignored.
 * False, leaving *ret alone, when nothing is understood. Any argument may be NULL. About 1 us. */
NODISCARD bool region_find(const char *province, const char *city, const char *district, Region *ret);
/* Name of a code ("上海市", "浦东新区"; 3101 is "上海市" too), NULL when unknown. Static. */
const char *region_name(int32_t code);
/* Centre of a province or city in degrees; false (leaving *ret_lon, *ret_lat alone) when none is known: of a district,
 * or of a city that the tables have no centre of. As rough as those of Region. */
NODISCARD bool region_centre(int32_t code, double *ret_lon, double *ret_lat);
/* Children of a code (0: the provinces) in ascending order; returns how many were written, at most max. */
int region_children(int32_t code, int32_t *out, int max);
