#include <string.h>

#include "call/module.h"

static const Action *action_find(const House *house, const char *name)
{
	for (const Module *const *m = house->modules; *m; m++)
		for (const Action *a = (*m)->actions; a && a->name; a++)
			if (strcmp(a->name, name) == 0)
				return a;
	return NULL;
}

int call_action(Call *c, const char *name, struct Record *subject)
{
	const Action *action = action_find(c->house, name);
	if (action)
		return action->fn(c, subject);
	return call_fail(c, ERR_INTERNAL, "no_such_action", "This server lacks the part that does \"%s\".",
	                 "服务器缺少处理“%s”的部分。", name);
}
