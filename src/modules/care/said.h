/* A sentence for a person, in both languages, made where the reason is known. */
#pragma once

#include "call/call.h"

typedef struct {
	char *en, *zh; /* talloc'd; NULL: nothing was said */
} Said;

/* Both formats take the same arguments in the same order. Returns err. */
int said_set(TALLOC_CTX *ctx, Said *said, int err, const char *en, const char *zh, ...);
/* The same with a cause of the operating system: both formats take `what` and the cause. */
int said_fault(TALLOC_CTX *ctx, Said *said, int err, int cause, const char *en, const char *zh, const char *what);
const char *said_in(const Said *said, Lang lang);
