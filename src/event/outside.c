/* The list of who depends on whom outside; filled at start and never after. */
#include "event/outside.h"

#include <assert.h>
#include <string.h>

struct Outside {
	const OutsideKind *kinds[OUTSIDE_KINDS_MAX + 1];
	int n;
};

void outside_add(House *house, const OutsideKind *kind)
{
	if (!house->outside)
		house->outside = talloc_zero(house->phases, struct Outside);
	struct Outside *o = house->outside;
	assert(o->n < OUTSIDE_KINDS_MAX);
	o->kinds[o->n++] = kind;
}

const OutsideKind *const *outside_kinds(const House *house)
{
	static const OutsideKind *const none[] = {NULL};
	return house->outside ? house->outside->kinds : none;
}

const OutsideKind *outside_kind(const House *house, const char *name)
{
	for (const OutsideKind *const *k = outside_kinds(house); *k; k++)
		if (strcmp((*k)->kind, name) == 0)
			return *k;
	return NULL;
}

const char *outside_origin(TALLOC_CTX *ctx, const char *url)
{
	const char *host = url ? strstr(url, "://") : NULL;
	if (!host)
		return NULL;
	return talloc_strndup(ctx, url, (size_t)(host + 3 - url) + strcspn(host + 3, "/?#"));
}
