/* An object with a field of every type, one record of it, and a clock that stands: for the tests of expr/. */
#pragma once

#include "expr/expr.h"

typedef struct TestThing {
	const Catalogue *catalogue;
	const ObjectDef *object;
	Value *values;
	ExprEnv env;
} TestThing;

extern const EmbeddedFile thing_packs[];

TestThing *thing_new(void);
void thing_free(TestThing *t);
