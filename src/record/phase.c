/* The seams upward: who wants to hear of writes, in the order of registration. Filled at start, read without a lock
 * after. */
#include "record/phase.h"

#include "record/record_int.h"

#include <assert.h>
#include <string.h>

static int phases_free(Phases *phases)
{
	pthread_mutex_destroy(&phases->lock);
	return 0;
}

Phases *phases_new(TALLOC_CTX *ctx)
{
	Phases *phases = talloc_zero(ctx, Phases);
	assert(phases != NULL);
	pthread_mutex_init(&phases->lock, NULL);
	talloc_set_destructor(phases, phases_free);
	return phases;
}

void phase_add(Phases *phases, Phase phase, const char *object, PhaseHook hook, void *arg)
{
	Hook **hooks = &phases->hooks[phase];
	int n = phases->n[phase]++;
	*hooks = talloc_realloc(phases, *hooks, Hook, (unsigned)n + 1);
	assert(*hooks != NULL);
	(*hooks)[n] = (Hook){.object = object, .fn = hook, .arg = arg};
}

static const char *object_of(const PhaseInfo *info)
{
	const char *object = info->record != NULL ? info->record->object->name : info->event->object;
	return object != NULL ? object : "";
}

int phase_run(Call *c, Phase phase, const PhaseInfo *info)
{
	const Phases *phases = c->house->phases;
	for (int i = 0; i < phases->n[phase]; i++) {
		const Hook *hook = &phases->hooks[phase][i];
		if (hook->object != NULL && strcmp(hook->object, object_of(info)) != 0)
			continue;
		int r = hook->fn(c, info, hook->arg);
		if (r < 0)
			return call_store_failed(c, r);
	}
	return c->faults != NULL ? ERR_INVALID : 0;
}

bool phase_changed(const PhaseInfo *info, const char *field)
{
	const FieldDef *f = meta_field(info->record->object, field);
	assert(f != NULL);
	const Value *now = &info->record->values[f->index];
	return info->before == NULL ? !value_is_null(now) : !value_equal(&info->before->values[f->index], now);
}
