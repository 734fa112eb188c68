/* The live hub: what was committed reaches every open stream that may see it, at once. Streams resume by Last-Event-ID from the
 * event table. One JSON object per SSE message: {"seq","at","kind","object","record","owner","before","team","data"}. */
#pragma once

#include "call/call.h"

typedef struct Hub Hub;
struct HttpRequest;

Hub *hub_start(TALLOC_CTX *ctx, House *house);
void hub_stop(Hub *hub);
/* Turns a request into a live stream for the identity of the call; sends what came after last_seq (-1: from now on). */
NODISCARD int hub_open(Hub *hub, Call *c, struct HttpRequest *request, int64_t last_seq);
int hub_count(const Hub *hub);
