/* Where an imported lead goes when the policy is not asked. */
#include "modules/lead/import/import_int.h"

static void score_set(const Ground *ground, Record *lead)
{
	int source = roster_source(ground->roster, record_ref(lead, "source"));
	record_set_int(lead, "score", heat_of(source < 0 ? 0 : ground->roster->sources[source].weight, 0, 0, 0));
}

/* It waits for nobody: somebody may claim it or hand it over. */
static int to_pool(Call *c, const Ground *ground, Record *lead, Id pool)
{
	int source = roster_source(ground->roster, record_ref(lead, "source"));
	if (id_is_nil(pool) && source >= 0)
		pool = ground->roster->sources[source].pool;
	record_set_ref(lead, "pool", id_is_nil(pool) ? ground->roster->policy.fallback_pool : pool);
	return record_create(c, lead, RECORD_AS_HOUSE | RECORD_QUIET);
}

/* Whoever has it is at work on it already: no countdown, and it is none of the leads that wait for a first contact. */
static int to_owner(Call *c, Ground *ground, Record *lead, int owner)
{
	Placement p = {.kind = "import", .owner = owner, .clock = CLOCK_NONE, .fresh_start = true, .create = true};
	record_set_text(lead, "status", "contacting");
	return place_put(c, ground, lead, &p);
}

int import_put(Call *c, Record *lead, const PlaceInfo *info, void *arg)
{
	const ImportPut *put = arg;
	int owner = put->way == IMPORT_KEEP_OWNER ? roster_person(info->ground->roster, put->owner) : -1;
	score_set(info->ground, lead);
	return owner >= 0 ? to_owner(c, info->ground, lead, owner) : to_pool(c, info->ground, lead, put->pool);
}
